"""The emulator's connection to its own vendors in a cycle: the same requests and responses, without a socket.

A first cycle sends a vendor some thousands of requests, and both ends are this process. Passing
each request over a socket to ourselves costs as much as sending and handling it. Client, requests,
application and responses are the same as for every other request, including headers. A fault can
only be seen where there is a network, so the socket is used while a fault is on, and for any other
address.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from scimkit.sandbox.reply import Answer


class InProcessTransport(httpx.BaseTransport):
    """Passes each request to `answer`, an application of this process. For use by one thread."""

    def __init__(self, answer: Answer) -> None:
        self._answer, self._loop = answer, asyncio.Runner()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        reply = self._loop.run(self._answer(_scope(request), request.read()))
        return httpx.Response(reply.status, headers=reply.headers, content=reply.body)

    def close(self) -> None:
        self._loop.close()


def _scope(request: httpx.Request) -> dict[str, Any]:
    """The request as a server passes it to an application (ASGI 3)."""
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (url.host, url.port),
        "client": (url.host, 0),
    }
