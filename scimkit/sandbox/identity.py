"""Ids and tokens that are the same in every run with the same seed."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID, uuid5

DEFAULT_SEED = 7
DEFAULT_PEOPLE = 40
START_UTC = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)  # a Monday morning; where the virtual clock begins

_NAMESPACE = UUID("8f2d1f0e-5d5b-4c6e-9f0a-7c1d0a5b9e11")  # drawn once; only has to stay as it is


def sandbox_token(seed: int, audience: str) -> str:
    """The bearer token that the sandbox accepts for `audience`: "graph" or the name of an app.

    Generated from the seed, so that a restarted sandbox accepts the tokens
    that the first one issued. It is valid only for a sandbox on this machine.
    """
    digest = hashlib.sha256(f"scimkit sandbox {seed} {audience}".encode()).hexdigest()
    return f"sandbox-{audience}-{digest[:40]}"


class Ids:
    """uuid5 of the seed: `named` uses a key, `next` uses a counter for each kind.

    The counters advance only with accepted changes, so that a replay of the
    changes produces the same numbers.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.counters: Counter[str] = Counter()

    def named(self, kind: str, key: str) -> str:
        return str(uuid5(_NAMESPACE, f"{self.seed}:{kind}:{key}"))

    def next(self, kind: str) -> str:
        self.counters[kind] += 1
        return self.named(kind, str(self.counters[kind]))

    def take_back(self, kind: str) -> None:
        """Note that the last `next` of `kind` was not used."""
        self.counters[kind] -= 1
