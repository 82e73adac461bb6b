"""`ScimClient.send`: a request as it stands, an answer as it comes, within its time."""

from __future__ import annotations

import gzip
import http.server
import threading
import time

import pytest
from clients.loopback import RESET, Reply

from scimkit.clients.scim import ScimClient
from scimkit.credentials import Secret
from scimkit.errors import Unreachable

TOKEN = Secret("scim-send-token-4711")


@pytest.fixture
def scim(stub, journal):
    with ScimClient(stub.url + "/scim", TOKEN, journal=journal) as client:
        yield client


def test_a_get_is_plain(stub, scim):
    """Accept: */*, no Content-Type, the query as it was written, the token."""
    scim.send("GET", "Users", query="filter=userName+eq+%22a%20b%22")
    seen = stub.seen[0]

    assert (seen.method, seen.path, seen.raw_query) == ("GET", "/scim/Users", "filter=userName+eq+%22a%20b%22")
    assert seen.headers["accept"] == "*/*"
    assert "content-type" not in seen.headers
    assert seen.headers["authorization"] == f"Bearer {TOKEN.reveal()}"


def test_a_write_carries_json_and_its_media_type(stub, scim):
    """Letters stay letters; the media type is the caller's."""
    scim.send(
        "POST", "Users", body={"displayName": "Zoë"}, headers={"Content-Type": "application/scim+json; charset=utf-8"}
    )
    seen = stub.seen[0]

    assert seen.body == '{"displayName": "Zoë"}'.encode()
    assert seen.headers["content-type"] == "application/scim+json; charset=utf-8"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer another"}])
def test_anonymous_leaves_the_token_at_home(stub, scim, headers):
    """None, or the one that the caller brings."""
    scim.send("GET", "Users", headers=headers, anonymous=True)
    assert stub.seen[0].headers.get("authorization") == headers.get("Authorization")


@pytest.mark.parametrize("status", [200, 204, 301, 401, 404, 429, 503])
def test_every_status_is_an_answer_and_asked_for_once(stub, scim, status):
    """Nothing raises, nothing is repeated, no redirect is followed."""
    stub.answer = lambda seen: Reply(
        status, None if status == 204 else {"id": "7"}, {"Retry-After": "0", "Location": "/elsewhere"}
    )
    answer = scim.send("PATCH", "Users/7", body={})

    assert answer.status == status
    assert len(stub.seen) == 1


@pytest.mark.parametrize(("status", "state"), [(201, "done"), (400, "refused")])
def test_writes_are_noted(stub, scim, journal, status, state):
    """As those of create, patch and delete are."""
    stub.answer = lambda seen: Reply(status, {"id": "7"})
    scim.send("POST", "Users", body={"userName": "ada"})

    (entry,) = journal.entries()

    assert (entry.state, entry.method, entry.path, entry.after) == (state, "POST", "/scim/Users", {"userName": "ada"})


def test_a_lost_write_is_unknown(stub, scim, journal):
    """The server may have acted."""
    stub.answer = lambda seen: RESET
    with pytest.raises(Unreachable):
        scim.send("DELETE", "Users/7")

    assert [entry.state for entry in journal.entries()] == ["unknown"]
    assert len(stub.seen) == 1


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers that take long, are large, or packed."""

    def do_GET(self):
        kind = self.path.rpartition("/")[2]
        if kind == "packed":
            body = gzip.compress(b'{"id": "7"}')
        elif kind == "briefly":
            body = b" " * 900 + b"{}"
        else:
            body = b" " * 9_000_000
        self.send_response(200)
        self.send_header("Content-Type", "application/scim+json")
        if kind == "letterwise":
            self.flush_headers()
            body = b"X-Slow: " + b"x" * 9_000
        if kind in ("packed", "badly"):
            self.send_header("Content-Encoding", "gzip")
        if kind != "letterwise":
            self.end_headers()
        step, pause = {"slowly": (100, 0.05), "briefly": (100, 0.1), "letterwise": (1, 0.05)}.get(kind, (1_000_000, 0))
        try:
            for start in range(0, len(body), step):
                self.wfile.write(body[start : start + step])
                time.sleep(pause)
        except OSError:
            pass

    def log_message(self, *_):
        pass


@pytest.mark.slow
def test_without_a_limit_for_the_whole_only_a_pause_is_too_long(odd):
    """An answer that keeps coming is read to its end, however long that takes; `seconds` is the limit of the whole."""
    with ScimClient(odd.base_url, TOKEN, timeout_seconds=0.4) as patient:
        answer = patient.send("GET", "briefly")

    assert answer.status == 200
    assert answer.seconds > 0.5


@pytest.fixture(scope="module")
def odd():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with ScimClient(f"http://127.0.0.1:{server.server_port}", TOKEN) as client:
            yield client
        server.shutdown()


@pytest.mark.parametrize(
    ("kind", "words"), [("slowly", "in time"), ("letterwise", "in time"), ("large", "larger than 8 MB")]
)
def test_what_does_not_end_is_given_up(odd, kind, words):
    """A trickle keeps no one waiting, and a flood fills no memory."""
    started = time.monotonic()
    with pytest.raises(Unreachable, match=words):
        odd.send("GET", kind, seconds=0.5)

    assert time.monotonic() - started < 3
    assert odd.send("GET", "packed", seconds=5).json == {"id": "7"}, "the next one is asked on a new connection"


def test_packed_answers_are_unpacked(odd):
    """gzip, as a proxy may use."""
    assert odd.send("GET", "packed").json == {"id": "7"}


def test_badly_packed_answers_are_no_answer(odd):
    """What cannot be unpacked is told as that."""
    with pytest.raises(Unreachable):
        odd.send("GET", "badly", seconds=5)
