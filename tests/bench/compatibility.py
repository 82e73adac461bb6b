"""The compatibility probe against a bare httpx loop that sends the same requests to the same server, emptied before
each.

Both run in this process, one after the other, over one connection each; the server runs in a process of its own. The
figure with a limit is against scim2-server with its leniences on; the crooked server without a defect, which answers in
a fraction of a millisecond and so shows the probe's own work, is a note.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from tests.bench.measure import Measure

TIMES = 7
LIMIT = 1.2
QUICK = Path(__file__).parents[1] / "compatibility" / "crooked"
TAG = "be9c4000"  # in the names of the test people: the same each time, so that the requests are
RESET, STATE = "/plain/-/reset", "/plain/-/state"

SCIM2 = """
import itertools, json, sys, threading
import uvicorn
from typing import Union
from scim2_models import ListResponse, ResponseParameters, ScimPolicy, ScimProvider, SearchRequest
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage, InMemoryStorage
from scim2_server.utils import load_default_resource_types, load_default_schemas, load_default_service_provider_config

policy = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore, remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create
)
provider = ScimProvider.from_discovery(
    load_default_schemas().values(), load_default_resource_types().values(),
        config=load_default_service_provider_config(), policy=policy
)


class Storage(InMemoryStorage):
    def __init__(self):
        super().__init__()
        self.numbers = itertools.count(1)

    def generate_id(self, resource_type, resource):
        return f"{resource_type.name}-{next(self.numbers)}"


class World:
    def reset(self):
        self.log, self.application = [], ASGIApplication(AsyncInMemoryStorage(Storage()), provider)
        # kept: else these classes are made again after each garbage collection
        models = self.application.service.get_models()
        generics = (SearchRequest, ListResponse, ResponseParameters)
        self.keep = [g[m] for m in (Union[tuple(models)], *models) for g in generics]

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        path = scope["path"]
        if "/-/" in path:
            body = b"{}" if path.endswith("reset") else json.dumps({"log": self.log}).encode()
            if path.endswith("reset"):
                self.reset()
            headers = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        pieces = []

        async def heard():
            message = await receive()
            pieces.append(message.get("body", b""))
            return message

        query = scope["query_string"].decode()
        wanted = (b"authorization", b"accept", b"content-type")
        headers = {n.decode(): v.decode() for n, v in scope["headers"] if n in wanted}
        await self.application({**scope, "path": path.replace("/plain/scim", "", 1)}, heard, send)
        self.log.append({"method": scope["method"], "path": path + ("?" + query if query else ""),
            "headers": headers, "body": b"".join(pieces).decode()})


world = World()
world.reset()
server = uvicorn.Server(uvicorn.Config(world, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
threading.Thread(target=server.run, daemon=True).start()
while not server.started:
    pass
print(json.dumps({"url": "http://127.0.0.1:%d" % server.servers[0].sockets[0].getsockname()[1],
    "token": "any-token-0123456789"}), flush=True)
sys.stdin.read()
"""


def measure_probe() -> Measure:
    """`probe_compatibility` with writing, in times of the bare loop."""
    with _server("-c", SCIM2) as (root, token):
        pairs, requests = _pairs(root, token)
    with _server(str(QUICK)) as (root, token):
        quick, _ = _pairs(root, token)
    notes = {
        "requests": float(requests),
        "ours_seconds": median(ours for ours, _ in pairs),
        "other_seconds": median(bare for _, bare in pairs),
        "quick_server_ratio": median(ours / bare for ours, bare in quick),
    }
    return Measure(
        "probe",
        tuple(round(ours / bare, 3) for ours, bare in pairs),
        LIMIT,
        notes={key: round(value, 3) for key, value in notes.items()},
    )


@contextmanager
def _server(*command: str) -> Iterator[tuple[str, str]]:
    with subprocess.Popen(
        [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        try:
            yield ready["url"], ready["token"]
        finally:
            server.stdin.close()


def _pairs(url: str, token: str) -> tuple[list[tuple[float, float]], int]:
    """Seconds of ours and of the bare loop, neighbours in time, and how many requests both send."""
    _probe(url, token)  # modules are loaded and the requests known
    recorded = httpx.get(url + STATE).json()["log"]
    return [(_probe(url, token), _replay(url, recorded)) for _ in range(TIMES)], len(recorded)


def _probe(url: str, token: str) -> float:
    from scimkit.clients.scim import ScimClient
    from scimkit.compatibility import Terms, probe_compatibility
    from scimkit.credentials import Secret

    httpx.post(url + RESET).raise_for_status()
    started = time.perf_counter()
    with ScimClient(f"{url}/plain/scim/v2", Secret(token)) as scim:
        found = probe_compatibility(scim, write=True, now=datetime(2026, 3, 2, 9, 15, tzinfo=UTC), terms=Terms(tag=TAG))
    seconds = time.perf_counter() - started
    assert found.verdict in ("works", "works_if"), found.sentence
    assert not found.left_behind, found.sentence
    return seconds


def _replay(url: str, recorded: list[dict[str, Any]]) -> float:
    """The same requests, and their answers read as JSON."""
    httpx.post(url + RESET).raise_for_status()
    started = time.perf_counter()
    with httpx.Client() as client:
        for sent in recorded:
            answer = client.request(
                sent["method"], url + sent["path"], headers=sent["headers"], content=sent["body"] or None
            )
            if answer.content:
                answer.json()
    return time.perf_counter() - started
