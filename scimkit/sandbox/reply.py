"""A response of the sandbox, complete before it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass
class Reply:
    """Status, headers (names in lower case) and body."""

    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


Answer: TypeAlias = Callable[[dict[str, Any], bytes], Coroutine[Any, Any, Reply]]
"""Responds to a request (its ASGI scope, its body)."""


def json_reply(status: int, body: Any, media_type: str = "application/json", **headers: str) -> Reply:
    """A JSON response; the underscores in a header's Python name become hyphens."""
    pairs = [
        (b"content-type", media_type.encode()),
        *((k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()),
    ]
    return Reply(status, pairs, json.dumps(body, ensure_ascii=False).encode())
