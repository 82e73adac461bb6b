"""Loopback servers, a certificate authority of our own, a journal, and no waiting."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import stamina
import trustme
from clients.loopback import Stub

from scimkit.evidence.journal import Journal
from scimkit.evidence.records import read_utc
from scimkit.evidence.runs import RunStore


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


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    """The machine's own proxy has no part in the tests."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def unknown_names(monkeypatch):
    """No name is known: what a resolver says of a misspelt host, without asking one."""

    def fail(*arguments: Any, **named: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)


@pytest.fixture
def journal(tmp_path) -> Journal:
    now = read_utc("2026-03-02T09:00:00Z")
    run = RunStore.create(tmp_path, app="oreilly", tenant="sandbox", runbook="onboard", steps=("3_app",), now=now)
    return Journal(run, step="3_app", now=lambda: now)
