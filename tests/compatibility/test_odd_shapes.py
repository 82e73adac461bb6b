"""An endpoint that answers JSON of any shape: the probe ends with a verdict and never breaks off."""

from __future__ import annotations

import copy
import threading
from datetime import UTC, datetime
from itertools import chain
from random import Random

import pytest

from scimkit.clients.scim import ScimClient
from scimkit.compatibility import Terms, probe_compatibility
from scimkit.compatibility.record import FAILS, UNKNOWN, WORKS, WORKS_IF
from scimkit.credentials import Secret
from scimkit.evidence.checks import Status
from tests.compatibility.crooked.defects import TOKEN
from tests.compatibility.crooked.server import Handler, Server

pytestmark = pytest.mark.slow  # a whole probe for each shape

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
SHAPES = (
    None,
    True,
    5,
    1.5,
    "",
    "x",
    [],
    {},
    [1],
    [None],
    [[1]],
    ["x"],
    [{}],
    {"value": None},
    [{"type": 5, "value": [1]}],
    [{"id": None}],
)
MEMBERS = (
    "Resources",
    "totalResults",
    "schemas",
    "id",
    "userName",
    "active",
    "emails",
    "name",
    "members",
    "attributes",
    "subAttributes",
    "status",
)


def damaged(body, random):
    """`body` with one member somewhere in it, or all of it, of another shape."""
    made = copy.deepcopy(body)
    if random.random() < 0.1:
        return random.choice(SHAPES)
    holders, found = [made], []
    while holders:
        one = holders.pop()
        if isinstance(one, dict):
            found.append(one)
            holders += one.values()
        elif isinstance(one, list):
            holders += one
    holder = random.choice(found)
    holder[random.choice([*holder, *MEMBERS])] = random.choice(SHAPES)
    return made


class Odd(Handler):
    """The right server, of whose answers some are damaged on their way."""

    def send(self, status, body):
        random = self.server.random
        if isinstance(body, dict) and status != 401 and random.random() < self.server.share:
            body = damaged(body, random)
            # without a Location, which stands in the body
            if status == 201:
                status = 200
        super().send(status, body)


@pytest.mark.parametrize("seed", range(6))
def test_no_shape_breaks_the_probe_off(seed, monkeypatch):
    monkeypatch.setattr("scimkit.compatibility.read_back.LAG_WAITS_SECONDS", (0.0,))
    with Server() as server:
        server.RequestHandlerClass, server.random, server.share = Odd, Random(seed), (0.03, 0.15, 0.5)[seed % 3]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            with ScimClient(f"{server.url}/plain~{seed}/scim/v2", Secret(TOKEN)) as scim:
                found = probe_compatibility(scim, write=True, now=NOW, terms=Terms(tag=f"{seed:08x}"))
        finally:
            server.shutdown()

    assert found.verdict in (WORKS, WORKS_IF, FAILS, UNKNOWN)
    assert found.sentence
    assert len(found.rows) > 60
    assert all(row.outcome for row in found.rows)
    assert {row.code for row in found.rows if row.outcome == Status.FAILED} <= set(
        chain.from_iterable(each.explains for each in found.findings)
    )
