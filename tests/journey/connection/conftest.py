"""Misbehaving servers on loopback: those of the clients' tests, and a few that do not even speak HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from clients.conftest import authority, ca_file, no_proxy, serve, tls  # noqa: F401
from journey.connection.failures import World


@pytest.fixture
def raw() -> Iterator[Callable[..., int]]:
    """Starts servers that answer every connection with raw bytes, or with silence; their port."""
    over = threading.Event()
    listeners: list[socket.socket] = []

    def start(data: bytes, *, silent: bool = False) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=answer, args=(listener, data, silent), daemon=True).start()
        return int(listener.getsockname()[1])

    def answer(listener: socket.socket, data: bytes, silent: bool) -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(data)
                if silent:
                    over.wait(10)

    yield start
    over.set()
    for listener in listeners:
        listener.close()


@pytest.fixture
def world(serve: Any, tls: Any, ca_file: str, raw: Any) -> World:  # noqa: F811
    return World(serve, tls, ca_file, raw)
