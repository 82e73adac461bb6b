"""Loopback servers that answer exactly what a test tells them, over HTTP or TLS."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
import stamina
import trustme

from scimkit.journal import Journal
from scimkit.records import read_utc
from scimkit.runs import RunStore


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    raw_query: str
    headers: dict[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.raw_query, keep_blank_values=True).items()}

    @property
    def decoded(self) -> str:
        return unquote_plus(self.raw_query)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What to answer. drop: close the connection with a reset instead."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    drop: bool = False


RESET = Reply(drop=True)


class Stub(ThreadingHTTPServer):
    """A server of one test. `replies` are given in order, then `answer` decides; `seen` keeps the requests."""

    daemon_threads = True

    def __init__(self, tls: Any = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[Seen] = []
        self.replies: list[Reply] = []
        self.answer: Callable[[Seen], Reply] = lambda seen: Reply(404, {"detail": "nothing there"})
        self.scheme, self.host = "http", "127.0.0.1"
        if tls is not None:
            self.scheme = "https"
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.server_port}"

    def reply(self, seen: Seen) -> Reply:
        self.seen.append(seen)
        return self.replies.pop(0) if self.replies else self.answer(seen)

    def handle_error(self, request, client_address):
        """Broken connections are part of the tests."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        seen = Seen(self.command, parts.path, parts.query, {k.lower(): v for k, v in self.headers.items()}, body)
        reply = self.server.reply(seen)
        if reply.drop:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        data = (
            reply.body
            if isinstance(reply.body, bytes)
            else b""
            if reply.body is None
            else json.dumps(reply.body).encode()
        )
        self.send_response(reply.status)
        if data:
            self.send_header("Content-Type", reply.media_type)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(data)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

    def log_message(self, *arguments: Any) -> None:
        """Nothing on stderr."""


@pytest.fixture
def serve():
    """Starts stub servers; they end with the test."""
    started: list[Stub] = []

    def start(tls: Any = None) -> Stub:
        started.append(Stub(tls))
        return started[-1]

    yield start
    for stub in started:
        stub.stop()


@pytest.fixture
def stub(serve) -> Stub:
    return serve()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that no system knows."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("ca") / "root.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def tls(authority):
    """Makes a server context for the names of a certificate."""
    import ssl

    def make(*names: str, **options: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*(names or ("127.0.0.1", "localhost")), **options).configure_cert(context)
        return context

    return make


@pytest.fixture(autouse=True)
def no_waiting():
    """Retries do not wait; the number of attempts stays as it is in earnest."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture
def journal(tmp_path) -> Journal:
    now = read_utc("2026-03-02T09:00:00Z")
    run = RunStore.create(tmp_path, app="oreilly", tenant="sandbox", runbook="onboard", steps=("3_app",), now=now)
    return Journal(run, step="3_app", now=lambda: now)


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
