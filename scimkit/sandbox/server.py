"""The sandbox on its port: which part receives a request, the time, deliberate faults, and what is stored."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from anyio.to_thread import run_sync

from scimkit.apps.profile import AppProfile
from scimkit.evidence.records import read_utc
from scimkit.sandbox import control
from scimkit.sandbox.clock import JOB_STATUS_SECONDS, REQUEST_SECONDS
from scimkit.sandbox.cycles import run_cycle
from scimkit.sandbox.emulator import make_emulator
from scimkit.sandbox.identity import sandbox_token
from scimkit.sandbox.jobs import Job
from scimkit.sandbox.replay import ChangeLog, Veil
from scimkit.sandbox.reply import Reply, json_reply
from scimkit.sandbox.service_principals import ServicePrincipal
from scimkit.sandbox.world import INTERNAL, World

JOB = re.compile(r"/v1\.0/servicePrincipals/[^/]+/synchronization/jobs/[^/]+/?")
READING = re.compile(r".*/(validateCredentials|parseExpression|getByIds|\.search)/?")  # POSTs that change nothing
PATIENCE_SECONDS = 20.0  # how long a request waits for a cycle before it is answered meanwhile
HTML_PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>"


def scim_error(status: int, detail: str, **headers: str) -> Reply:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
    return json_reply(status, body, "application/scim+json", **headers)


class Sandbox:
    """The ASGI application of one sandbox."""

    def __init__(self, world: World, *, folder: Path | None = None, run: str = "", faults: Sequence[str] = ()) -> None:
        self.world, self.run = world, run
        self.graph = make_emulator(world)
        audiences = ("graph", *world.apps)
        self.veil = Veil({audience: sandbox_token(world.seed, audience) for audience in audiences})
        self.changes = ChangeLog(
            folder,
            {"sandbox": 1, "seed": world.seed, "people": world.people, "apps": sorted(world.apps)},
            switched_on=list(faults),
        )
        self.writing = asyncio.Lock()  # one change at a time, so that the log's order is what happened
        self.ticking = asyncio.Lock()
        self.running: asyncio.Task[None] | None = None  # the cycle of now, or the last one
        self.ready = False
        world.answer_in_process = self.answer_in_process

    # -- ASGI ----------------------------------------------------------------

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        body = await _read_body(receive)
        reply = await self._reply(scope, body, send)
        if reply is not None:
            await _send(reply, send)

    async def _reply(self, scope: dict[str, Any], body: bytes, send: Any) -> Reply | None:
        """The response; None when the connection was cut deliberately."""
        path = scope["path"]
        if path.startswith(INTERNAL):
            key, _, rest = path[len(INTERNAL) :].partition("/")
            if key != self.world.internal_key:
                return json_reply(404, {"error": "not found"})
            return await self._outside(scope | {"path": "/" + rest, "raw_path": None}, body, send, internal=True)
        if path == "/sandbox" or path.startswith("/sandbox/"):
            return await self._control(scope, body)
        if not self.ready:
            return json_reply(503, {"error": {"code": "serviceNotAvailable", "message": "starting"}}, retry_after="1")
        return await self._outside(scope, body, send, internal=False)

    # -- the world outside: Graph and vendors -----------------------------------

    def _place(self, path: str) -> str:
        """ "graph", the name of an app, or "" for an address where there is nothing."""
        if path.startswith("/v1.0/") or path == "/v1.0":
            return "graph"
        name = ""
        if path.startswith("/apps/"):
            name = path[len("/apps/") :].partition("/")[0]
        if name in self.world.vendors:
            return name
        return ""

    async def _outside(self, scope: dict[str, Any], body: bytes, send: Any, *, internal: bool) -> Reply | None:
        path, place = scope["path"], self._place(scope["path"])
        if not place:
            return json_reply(
                404, {"error": {"code": "NotFound", "message": "There is nothing at this address of the sandbox."}}
            )
        if not internal:
            polls = scope["method"] == "GET" and JOB.fullmatch(path)
            await self.advance(JOB_STATUS_SECONDS if polls else REQUEST_SECONDS)
        latency = self.world.faults.at(place, "latency")
        if latency is not None:
            await asyncio.sleep(latency.value)
        changes = scope["method"] not in ("GET", "HEAD", "OPTIONS") and not READING.fullmatch(path)
        if self.world.faults.strikes(place, "reset_before"):
            await _cut(send)
            return None
        reply = self._fault(place, scope) or await self._served(scope, body, place, changes=changes, internal=internal)
        if changes and self.world.faults.strikes(place, "reset_after"):
            await _cut(send)
            return None
        return self._dressed(reply, place, scope)

    def _fault(self, place: str, scope: dict[str, Any]) -> Reply | None:
        """The response of a fault that hits before anything is done; None: no fault does."""
        faults = self.world.faults
        graph = place == "graph"
        if faults.strikes(place, "throttle"):
            if graph:
                return json_reply(
                    429, _envelope(self.world, "TooManyRequests", "Too many requests."), retry_after="0.25"
                )
            return scim_error(429, "Too many requests", retry_after="0.25")
        if faults.strikes(place, "errors"):
            if graph:
                return json_reply(
                    503, _envelope(self.world, "serviceNotAvailable", "Service unavailable."), retry_after="0.1"
                )
            return scim_error(503, "Service unavailable", retry_after="0.1")
        page = None
        if not graph:
            page = faults.at(place, "html")
        if page is not None:
            return Reply(int(page.value), [(b"content-type", b"text/html; charset=utf-8")], HTML_PAGE.encode())
        return None

    async def answer_in_process(self, scope: dict[str, Any], body: bytes) -> Reply:
        """The response to one of the emulator's own requests to a vendor, which arrives without a socket."""
        reply = await self._reply(scope, body, None)
        assert reply is not None, "only faults cut connections, and they need a socket"
        return reply

    async def _served(self, scope: dict[str, Any], body: bytes, place: str, *, changes: bool, internal: bool) -> Reply:
        if internal:
            return await self.answer(scope, body, place)
        if not changes:
            reply = await self.answer(scope, body, place)
            self.changes.add({"clock": self.world.clock.text})
            return reply
        try:
            await asyncio.wait_for(self.writing.acquire(), PATIENCE_SECONDS)
        except TimeoutError:
            return json_reply(503, _envelope(self.world, "serviceNotAvailable", "A cycle is running."), retry_after="5")
        try:
            entry = self._entry(scope, body, place)
            reply = await self.answer(scope, body, place)
            self.changes.add(entry if reply.status < 400 else {"clock": self.world.clock.text})
            return reply
        finally:
            self.writing.release()

    async def answer(self, scope: dict[str, Any], body: bytes, place: str) -> Reply:
        """Graph's or the vendor's response, with nothing added."""
        if place == "graph":
            return await self._graph_answer(scope, body)
        vendor = self.world.vendors[place]
        path = scope["path"]
        if path != vendor.path and not path.startswith(vendor.path + "/"):
            return Reply(
                404,
                [(b"content-type", b"text/html; charset=utf-8")],
                b"<html><body><h1>404 Not Found</h1></body></html>",
            )
        return await _call(vendor.application, scope | {"root_path": vendor.path}, body)

    async def _graph_answer(self, scope: dict[str, Any], body: bytes) -> Reply:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request_id = str(uuid.uuid4())
        inner = scope | {
            "path": scope["path"][len("/v1.0") :] or "/",
            "scimkit_request_id": request_id,
            "root_path": "",
        }
        refused = self.graph.state.check(headers.get("authorization"))
        if refused is not None:
            reply = json_reply(refused.status, _envelope(self.world, refused.code, refused.message, request_id))
            reply.headers.append(
                (
                    b"www-authenticate",
                    b'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"',
                )
            )
        else:
            # Graph's own links carry the version
            reply = await _call(self.graph, inner | {"root_path": "/v1.0", "path": scope["path"]}, body)
        client_id = headers.get("client-request-id", request_id)
        reply.headers += [(b"request-id", request_id.encode()), (b"client-request-id", client_id.encode("latin-1"))]
        return reply

    def _dressed(self, reply: Reply, place: str, scope: dict[str, Any]) -> Reply:
        """The date in virtual time, shifted by the clock skew of the place, and a length."""
        skew = self.world.faults.at(place, "clock_skew")
        moment = self.world.clock.now + timedelta(seconds=skew.value if skew else 0)
        names = {name for name, _ in reply.headers}
        reply.headers.append((b"date", format_datetime(moment, usegmt=True).encode()))
        if b"content-length" not in names and reply.status != 204:
            reply.headers.append((b"content-length", str(len(reply.body)).encode()))
        return reply

    # -- time ----------------------------------------------------------------

    async def advance(self, seconds: float, *, patience: float | None = PATIENCE_SECONDS) -> None:
        """Let virtual time advance, running the cycles that fall due, each at its own time.

        While a cycle runs, the clock stands still. After `patience` seconds of waiting
        for a cycle, the rest of the time is given up. A caller who reads the job's status
        waits each time; otherwise a few quick polls would be over before a long cycle is.
        """
        clock = self.world.clock
        if clock.still:
            if self.running is None or (patience is not None and seconds < JOB_STATUS_SECONDS):
                return
            await asyncio.wait({self.running}, timeout=patience)
            if patience is not None:
                return
        async with self.ticking:
            end = clock.after(seconds)
            while (due := self._next_due(end)) is not None:
                clock.set(due[1].due or clock.now)
                await self._cycle(*due, patience=patience)
                if clock.still:
                    return
            clock.set(end)

    def _next_due(self, until: Any) -> tuple[ServicePrincipal, Job] | None:
        due = [(app, job) for app, job in self.world.jobs() if job.due is not None and job.due <= until]
        if due:
            return min(due, key=lambda pair: (pair[1].due, pair[1].id))
        return None

    async def _cycle(self, app: ServicePrincipal, job: Job, *, patience: float | None) -> None:
        clock = self.world.clock
        clock.still = True

        async def run() -> None:
            try:
                async with self.writing:
                    self.changes.add({"clock": clock.text, "cycle": job.id, **self._faults_now()})
                    await run_sync(run_cycle, self.world, app, job)
            finally:
                clock.still = False

        self.running = asyncio.create_task(run())
        done, _ = await asyncio.wait({self.running}, timeout=patience)
        for finished in done:
            finished.result()

    # -- control ---------------------------------------------------------------

    async def _control(self, scope: dict[str, Any], body: bytes) -> Reply:
        what = scope["path"][len("/sandbox") :].strip("/")
        if scope["method"] == "GET" and not what:
            return json_reply(200, control.state(self.world, self.run) | {"ready": self.ready})
        if scope["method"] != "POST":
            return json_reply(405, {"error": "GET /sandbox, or POST to one of the calls below it"})
        try:
            values = json.loads(body or b"{}")
            if not isinstance(values, dict):
                raise ValueError
        except ValueError:
            return json_reply(400, {"error": "the body is not a JSON object"})
        try:
            return json_reply(200, await self._control_call(what, values))
        except (control.Refused, TypeError) as error:
            return json_reply(400, {"error": str(error)})

    async def _control_call(self, what: str, values: dict[str, Any]) -> dict[str, Any]:
        if what == "wait":
            seconds = values.get("seconds")
            if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds <= 400 * 86400:
                raise control.Refused("seconds must be a number from 0 to 34560000")
            await self.advance(seconds, patience=None)
            self.changes.add({"clock": self.world.clock.text})
            return control.state(self.world, self.run)
        async with self.writing:
            result = control.change(self.world, what, values)
            self.changes.add({"clock": self.world.clock.text, "control": what, "body": values})
            return result

    # -- keeping and replaying ----------------------------------------------------

    def _faults_now(self) -> dict[str, Any]:
        if self.world.faults.active:
            return {"faults": self.world.faults.dump()}
        return {}

    def _entry(self, scope: dict[str, Any], body: bytes, place: str) -> dict[str, Any]:
        """The change-log entry of a request that may change something."""
        query = scope["query_string"].decode("latin-1")
        path = self.world.kept(scope["path"]) + (f"?{query}" if query else "")
        return {
            "clock": self.world.clock.text,
            "at": place,
            "method": scope["method"],
            "path": self.veil.hide(path),
            "body": self.veil.hide(_kept_body(self.world, body)),
            **self._faults_now(),
        }

    async def replay(self) -> None:
        """Replay the change log, each entry at its own time; then serve."""
        entries = list(self.changes.read())
        self.changes.quiet = True
        switched_on = self.world.faults.dump()
        for entry in entries:
            self.world.clock.set(read_utc(entry["clock"]))
            self.world.faults.restore(entry.get("faults", ()))
            if "control" in entry:
                self.world.faults.restore(switched_on)
                with contextlib.suppress(control.Refused):
                    control.change(self.world, entry["control"], entry["body"])
                switched_on = self.world.faults.dump()
            elif "cycle" in entry:
                pair = next(((a, j) for a, j in self.world.jobs() if j.id == entry["cycle"]), None)
                if pair is not None:
                    await run_sync(run_cycle, self.world, *pair)
            elif "method" in entry:
                scope, body = self._request(entry)
                await self.answer(scope, body, entry["at"])
                self.world.faults.strikes(
                    entry["at"], "reset_after"
                )  # it struck after the answer, and has to be counted again
            if entry.get("faults"):
                seen = {(f["where"], f["name"]): f for f in self.world.faults.dump()}
                switched_on = [seen.get((f["where"], f["name"]), f) for f in switched_on]
        self.world.faults.restore(switched_on)
        self.changes.quiet = False
        self.changes.open(entries)
        self.ready = True

    def _request(self, entry: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        body = self.veil.show(entry["body"])
        if body is None:
            raw = b""
        elif isinstance(body, str):
            raw = body.encode()
        else:
            raw = json.dumps(body, ensure_ascii=False).encode()
        path, _, query = self.veil.show(entry["path"]).partition("?")
        host = self.world.origin.partition("://")[2]
        media_type = "application/scim+json"
        if entry["at"] == "graph":
            media_type = "application/json"
        headers = {
            "host": host,
            "authorization": f"Bearer {sandbox_token(self.world.seed, entry['at'])}",
            "content-type": media_type,
        }
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": entry["method"],
            "scheme": "http",
            "path": unquote(path),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "server": None,
            "client": None,
        }
        return scope, raw


# -- ASGI by hand ------------------------------------------------------------------


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _read_body(receive: Any) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _call(app: Any, scope: dict[str, Any], body: bytes) -> Reply:
    """The complete response of an ASGI application."""
    reply = Reply(500)
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        return {"type": "http.disconnect"}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            reply.status, reply.headers = (
                message["status"],
                [(bytes(n).lower(), bytes(v)) for n, v in message["headers"]],
            )
        else:
            reply.body += message.get("body", b"")

    try:
        await app(scope, receive, send)
    except Exception:  # a defect of ours; the process stays, and says so
        logging.getLogger("scimkit.sandbox").exception("%s %s", scope["method"], scope["path"])
        return json_reply(500, {"error": {"code": "generalException", "message": "This emulator has a defect."}})
    return reply


async def _send(reply: Reply, send: Any) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": reply.body})


async def _cut(send: Any) -> None:
    """Drop the connection without a response. ASGI has no message for this, so uvicorn's own transport is used.

    Written against uvicorn 0.54.0, whose `send` is a method of the cycle that holds the transport.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
    for _ in range(3):  # until the server has noticed
        await asyncio.sleep(0)


def _envelope(world: World, code: str, message: str, request_id: str = "") -> dict[str, Any]:
    request_id = request_id or str(uuid.uuid4())
    inner = {"date": world.clock.text.removesuffix("Z"), "request-id": request_id, "client-request-id": request_id}
    return {"error": {"code": code, "message": message, "innerError": inner}}


def _kept_body(world: World, body: bytes) -> Any:
    if not body:
        return None
    try:
        return json.loads(world.kept(body.decode()))
    except ValueError:
        return body.decode("utf-8", "replace")


def make_sandbox(
    apps: Sequence[AppProfile], *, seed: int, people: int, faults: Iterable[str] = (), folder: Path | None = None
) -> Sandbox:
    """A sandbox that is not yet on a port."""
    texts = tuple(faults)
    world = World(seed, people, apps, texts)
    return Sandbox(world, folder=folder, run=Path(folder).name if folder else "", faults=texts)
