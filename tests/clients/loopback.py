"""A loopback server that answers exactly what a test tells it, over HTTP or TLS."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit


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


def reply(
    status: int = 200, body: Any = None, headers: dict[str, str] | None = None, media_type: str = "application/json"
) -> Reply:
    """A Reply in few words."""
    return Reply(status, body, headers or {}, media_type)


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
        if self.replies:
            return self.replies.pop(0)
        return self.answer(seen)

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
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
            )
            self.close_connection = True
            self.connection.close()
            return
        if isinstance(reply.body, bytes):
            data = reply.body
        elif reply.body is None:
            data = b""
        else:
            data = json.dumps(reply.body).encode()
        self.send_response_only(reply.status)
        if "Date" not in reply.headers:
            self.send_header("Date", self.date_time_string())
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


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
