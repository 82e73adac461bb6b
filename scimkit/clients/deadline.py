"""A limit for a whole answer: httpx limits the wait between two pieces, and a header may arrive letter by letter."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from scimkit.errors import Unreachable

LOOKS_SECONDS = 0.25  # between two looks at the time: an answer may be so much later than its limit
OPENED = (".connect_tcp.complete", ".start_tls.complete")  # of httpcore's trace: a connection stands


class Deadline:
    """Closes the connections of one client when the time for an answer is up. For one request at a time."""

    def __init__(self) -> None:
        self._ends, self._passed = math.inf, False
        self._sockets: list[socket.socket] = []
        self._lock, self._watched = threading.Lock(), False

    @contextmanager
    def within(self, seconds: float | None, request: httpx.Request) -> Iterator[None]:
        """Everything sent and read inside ends in time. None is no limit. Raises Unreachable, cause timeout."""
        if seconds is None:
            yield
            return
        request.extensions["trace"] = self._note
        self._begin(seconds)
        try:
            yield
        except (Unreachable, httpx.HTTPError):
            if not self._passed:
                raise
            raise overdue(request) from None
        finally:
            with self._lock:
                self._ends = math.inf
        if self._passed:  # an answer without a length seems whole when its connection is shut
            raise overdue(request)

    def _begin(self, seconds: float) -> None:
        with self._lock:
            self._ends, self._passed = time.monotonic() + seconds, False
            if not self._watched:
                self._watched = True
                threading.Thread(target=self._watch, name="scimkit-deadline", daemon=True).start()

    def _note(self, event: str, info: dict[str, Any]) -> None:
        """httpcore's trace (https://www.encode.io/httpcore/extensions/#trace): records the connections."""
        if event.endswith(OPENED):
            opened = info["return_value"].get_extra_info("socket")
            with self._lock:
                self._sockets = [*(one for one in self._sockets if one.fileno() >= 0), opened]

    def _watch(self) -> None:
        """Runs until it finds no request under way, so that a client that is never closed leaves nothing behind."""
        while True:
            time.sleep(LOOKS_SECONDS)
            with self._lock:
                if self._ends == math.inf:
                    self._watched = False
                    return
                if time.monotonic() < self._ends:
                    continue
                self._ends, self._passed = math.inf, True
                for one in self._sockets:
                    with suppress(OSError):
                        socket.socket.shutdown(
                            one, socket.SHUT_RDWR
                        )  # not that of TLS, which may not be called from here


def overdue(request: httpx.Request) -> Unreachable:
    """The error for an answer that does not end."""
    return Unreachable(
        f"{request.method} {request.url.path}: the answer does not end in time",
        "The endpoint is too slow for Entra, or ignores the parameters of the request.",
        cause="timeout",
        method=request.method,
        path=request.url.path,
    )
