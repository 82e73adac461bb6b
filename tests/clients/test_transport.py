"""The transport against real servers: where the token goes, what is repeated, what is said when nothing answers."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import traceback

import httpx
import pytest
from clients.loopback import RESET, free_port, reply

from scimkit.clients import transport
from scimkit.clients.transport import open_client, retry_after, wished_wait
from scimkit.clients.unreachable import explain
from scimkit.credentials import REDACTOR, Secret
from scimkit.errors import ConfigError, CredentialError, Unreachable

TOKEN = Secret("transport-token-4711")


# -- addresses -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://api.contoso.example/scim", "not https"),
        ("http://127.0.0.1.evil.example/", "not https"),
        ("http://10.0.0.1/", "not https"),
        ("ftp://api.contoso.example", "starts with https"),
        ("api.contoso.example/scim", "starts with https"),
        ("https://", "starts with https"),
        ("https://user:hunter22@api.contoso.example", "carries a user name"),
        ("https://[not-an-address/", "not a usable web address"),
        ("", "starts with https"),
    ],
)
def test_addresses_that_must_not_get_a_token(address, words):
    """Plain http outside the loopback interface, credentials in the address, and nonsense."""
    with pytest.raises(ConfigError, match=words) as caught:
        open_client(address, token=TOKEN)
    assert "hunter22" not in str(caught.value) + caught.value.remedy


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/v1.0", "http://[::1]:1", "http://localhost:1", "https://api.contoso.example/scim"]
)
def test_addresses_that_may(address):
    """https anywhere, http on this machine."""
    open_client(address, token=TOKEN).close()


def test_ca_file_that_is_none(tmp_path):
    """Missing or not PEM: a sentence naming the file."""
    with pytest.raises(ConfigError, match="contains no readable certificate"):
        open_client("https://api.contoso.example", ca_file=str(tmp_path / "missing.pem"))
    (tmp_path / "x.pem").write_text("no readable certificate", encoding="utf-8")
    with pytest.raises(ConfigError, match="contains no readable certificate"):
        open_client("https://api.contoso.example", ca_file=str(tmp_path / "x.pem"))


# -- the token -------------------------------------------------------------------


def test_the_token_is_sent_home(stub):
    """As a bearer token, under the base path; the client's own headers do not show it."""
    stub.answer = lambda seen: reply(200, {})
    with open_client(stub.url + "/scim", token=TOKEN) as client:
        assert client.get("Users").status_code == 200
        assert TOKEN.reveal() not in repr(client.headers) + str(dict(client.headers)) + repr(client.__dict__)

    assert stub.seen[0].path == "/scim/Users"
    assert stub.seen[0].headers["authorization"] == f"Bearer {TOKEN.reveal()}"


def test_a_function_is_asked_at_each_request(stub):
    """So that a renewed token is used at once."""
    stub.answer = lambda seen: reply(200, {})
    tokens = iter([Secret("first-token-1"), Secret("second-token-2")])

    with open_client(stub.url, token=lambda: next(tokens)) as client:
        client.get("/a"), client.get("/b")

    assert [seen.headers["authorization"] for seen in stub.seen] == ["Bearer first-token-1", "Bearer second-token-2"]
    assert "second-token-2" not in REDACTOR.text("second-token-2")


def test_another_origin_gets_no_token(serve):
    """Another port is another origin, even when the full address is given by hand."""
    home, other = serve(), serve()
    other.answer = lambda seen: reply(200, {})

    with open_client(home.url, token=TOKEN) as client:
        client.get(other.url + "/Users")

    assert "authorization" not in other.seen[0].headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_come_back_and_are_never_followed(serve, status):
    """Neither by default nor when asked to: nobody at the other place hears of us."""
    home, other = serve(), serve()
    home.answer = lambda seen: reply(status, headers={"Location": other.url + "/steal"})

    with open_client(home.url, token=TOKEN) as client:
        assert client.get("/Users").status_code == status
        assert client.get("/Users", follow_redirects=True).status_code == status

    assert other.seen == []


def test_plain_http_elsewhere_is_refused_at_each_request(stub):
    """Also for a full address handed to a client of a good one."""
    with open_client(stub.url, token=TOKEN) as client, pytest.raises(ConfigError, match="not https"):
        client.get("http://api.contoso.example/")


@pytest.mark.parametrize("value", ["abc\ndef-4711", "abc def-4711", "abc\u201ddef-4711"])
def test_a_token_that_cannot_be_sent_is_not_repeated(stub, value):
    """httpx would print it: "Illegal header value b'Bearer …'"."""
    with open_client(stub.url, token=Secret(value)) as client, pytest.raises(CredentialError) as caught:
        client.get("/")
    assert "4711" not in "".join(traceback.format_exception(caught.value)).replace(__file__, "").split("\n")[-2]
    assert stub.seen == []


def test_the_log_has_no_query_and_no_token(stub):
    """A line per attempt: method, path, status, seconds."""
    lines = []
    stub.replies = [reply(503)]
    stub.answer = lambda seen: reply(200, {}, {"request-id": "r-1"})

    with open_client(stub.url, token=TOKEN, log=lines.append) as client:
        client.get("/Users/transport-token-4711", params={"filter": 'userName eq "a@contoso.example"'})

    assert [(line["status"], line["attempt"]) for line in lines] == [(503, 1), (200, 2)]
    assert lines[1]["request_id"] == "r-1"
    assert lines[1]["path"] == "/Users/[secret]"
    assert "contoso" not in str(lines)
    assert TOKEN.reveal() not in str(lines)


# -- repeating ---------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503, 504])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_what_ends_in_the_same_state_is_repeated(stub, method, status):
    """Reading, replacing, deleting."""
    stub.replies = [reply(status), reply(status)]
    stub.answer = lambda seen: reply(200)

    with open_client(stub.url) as client:
        assert client.request(method, "/x").status_code == 200

    assert len(stub.seen) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_must_not_happen_twice_is_sent_once(stub, method):
    """A server's failure may come after it has acted."""
    for status in (503, 504, 500, 429):
        stub.seen.clear()
        stub.replies = [reply(status)]
        with open_client(stub.url) as client:
            assert client.request(method, "/x").status_code == status
        assert len(stub.seen) == 1


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_polite_429_is_repeated_for_all(stub, method):
    """429 with the time to come back means that nothing was done."""
    stub.replies = [reply(429, headers={"Retry-After": "2.128"})]
    stub.answer = lambda seen: reply(201, {})

    with open_client(stub.url) as client:
        assert client.request(method, "/x", json={}).status_code == 201

    assert len(stub.seen) == 2
    assert stub.seen[1].body == stub.seen[0].body


def test_a_post_that_changes_nothing_can_say_so(stub):
    """By a request extension; the opposite repeats nothing at all."""
    stub.replies = [reply(503)]
    stub.answer = lambda seen: reply(204)
    with open_client(stub.url) as client:
        assert client.post("/validate", extensions={transport.RETRY: True}).status_code == 204
        stub.replies = [reply(503)]
        assert client.get("/probe", extensions={transport.RETRY: False}).status_code == 503


def test_no_retries_when_switched_off(stub):
    """`retry=False` is for tests of a server, not of our patience."""
    stub.replies = [reply(503)]
    with open_client(stub.url, retry=False) as client:
        assert client.get("/x").status_code == 503
    assert len(stub.seen) == 1


def test_patience_ends_with_the_servers_answer(stub):
    """The last answer is given, not an error of the retry library."""
    stub.answer = lambda seen: reply(503, {"detail": "still down"})
    with open_client(stub.url) as client:
        assert client.get("/x").json() == {"detail": "still down"}
    assert len(stub.seen) == transport.ATTEMPTS


def test_waits_are_the_servers_wish(stub):
    """Seconds, a fraction, a date; without a wish the pause grows. An injected wait gets exactly these."""
    waits = []
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60)
    stub.replies = [
        reply(429, headers={"Retry-After": "7"}),
        reply(503, headers={"Retry-After": "2.128"}),
        reply(503, headers={"Retry-After": soon.strftime("%a, %d %b %Y %H:%M:%S GMT")}),
        reply(503),
    ]
    stub.answer = lambda seen: reply(200)

    with open_client(stub.url, wait=waits.append) as client:
        assert client.get("/x").status_code == 200

    assert waits[:2] == [7.0, 2.128]
    assert 50 < waits[2] <= 60
    assert waits[3] == 4.0


def test_a_date_is_read_by_the_servers_clock():
    """A server an hour off means the same half minute."""
    headers = {"Date": "Mon, 02 Mar 2026 09:00:00 GMT", "Retry-After": "Mon, 02 Mar 2026 09:00:30 GMT"}

    assert wished_wait(httpx.Response(503, headers=headers)) == 30.0
    assert wished_wait(httpx.Response(503, headers={"Date": "yesterday", "Retry-After": "5"})) == 5.0
    assert wished_wait(httpx.Response(503)) is None


def test_no_wait_after_the_last_attempt(stub):
    """There is nothing to wait for."""
    waits = []
    stub.answer = lambda seen: reply(503)

    with open_client(stub.url, wait=waits.append) as client:
        client.get("/x")

    assert len(waits) == transport.ATTEMPTS - 1


def test_an_hours_wish_is_passed_on(stub):
    """Nobody sits in front of a notebook for that long."""
    stub.answer = lambda seen: reply(429, headers={"Retry-After": "3600"})
    with open_client(stub.url) as client:
        assert client.get("/x").status_code == 429
    assert len(stub.seen) == 1


NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        (" 2.128 ", 2.128),
        ("Mon, 02 Mar 2026 09:01:30 GMT", 90.0),
        ("Mon, 02 Mar 2026 08:00:00 GMT", 0.0),
        ("Mon, 02 Mar 2026 10:00:30 +0100", 30.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("Mon, 99 Mar 2026 99:00:00 GMT", None),
    ],
)
def test_retry_after_is_read(text, seconds):
    """RFC 9110's two forms and Graph's fraction; nonsense is as good as nothing."""
    assert retry_after(text, now=NOW) == seconds


# -- no answer -----------------------------------------------------------------------


def lost(address: str, method: str = "GET", **options) -> Unreachable:
    with open_client(address, token=TOKEN, **options) as client, pytest.raises(Unreachable) as caught:
        client.request(method, "/Users", params={"filter": "x"})
    error = caught.value
    assert error.remedy
    assert error.method == method
    assert error.path.endswith("/Users")
    assert error.status is None
    assert error.__cause__ is None, "httpx's error may hold headers"
    assert error.__context__ is None, "httpx's error may hold headers"
    assert TOKEN.reveal() not in "".join(traceback.format_exception(error))
    return error


def test_refused():
    """Nothing listens there."""
    assert lost(f"http://127.0.0.1:{free_port()}").cause == "refused"


def test_refused_is_repeated_also_for_writes():
    """A server that is being restarted: nothing can have happened."""
    port = free_port()
    lines = []

    with open_client(f"http://127.0.0.1:{port}", log=lines.append) as client, pytest.raises(Unreachable):
        client.post("/Users")

    assert len(lines) == transport.ATTEMPTS
    assert {line["error"] for line in lines} == {"refused"}


def test_reset_is_repeated_for_reading(stub):
    """An idle connection that the server has closed looks like this."""
    stub.replies = [RESET, RESET]
    stub.answer = lambda seen: reply(200)

    with open_client(stub.url) as client:
        assert client.get("/x").status_code == 200

    assert len(stub.seen) == 3


def test_reset_is_final_for_writing(stub):
    """The server may have acted: once, then Unreachable."""
    stub.answer = lambda seen: RESET
    assert lost(stub.url, "POST").cause == "reset"
    assert len(stub.seen) == 1


def test_reset_for_ever(stub):
    """The same cause after the last attempt."""
    stub.answer = lambda seen: RESET
    assert lost(stub.url).cause == "reset"


def test_unknown_name(unknown_names):
    """A misspelt host, or a placeholder left in the address."""
    assert lost("https://nobody.invalid").cause == "dns"


def raw_server(data: bytes, *, then_wait: threading.Event | None = None) -> int:
    """Answers one connection with raw bytes; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listener:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(data)
                if then_wait:
                    then_wait.wait(10)

    threading.Thread(target=run, daemon=True).start()
    return int(listener.getsockname()[1])


def test_silence_is_a_timeout():
    """A server that takes the request and says nothing."""
    over = threading.Event()
    port = raw_server(b"", then_wait=over)
    error = lost(f"http://127.0.0.1:{port}", timeout_seconds=0.2)

    over.set()

    assert error.cause == "timeout"


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "other"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain", "other"),
        (b"", "reset"),
    ],
)
def test_half_answers(data, cause):
    """Not HTTP, cut short, wrongly encoded, closed at once."""
    port = raw_server(data)
    assert lost(f"http://127.0.0.1:{port}", retry=False).cause == cause


# -- TLS -------------------------------------------------------------------------------


def test_a_private_root_needs_ca_file(serve, tls, ca_file):
    """With it the request works, without it the remedy names the setting."""
    stub = serve(tls())
    stub.answer = lambda seen: reply(200, {})
    with open_client(stub.url, token=TOKEN, ca_file=ca_file) as client:
        assert client.get("/Users").status_code == 200

    error = lost(stub.url)

    assert error.cause == "tls"
    assert "ca_file" in error.remedy
    assert len(stub.seen) == 1, "no token was sent to a server that could not prove who it is"


def test_expired_certificate(serve, tls, ca_file):
    """Named as such."""
    stub = serve(tls("127.0.0.1", not_before=dt.datetime(2020, 1, 1), not_after=dt.datetime(2021, 1, 1)))
    error = lost(stub.url, ca_file=ca_file)

    assert error.cause == "tls"
    assert "expired" in str(error)


def test_certificate_for_another_name(serve, tls, ca_file):
    """Named as such."""
    stub = serve(tls("api.contoso.example"))
    error = lost(stub.url, ca_file=ca_file)

    assert error.cause == "tls"
    assert "not valid for" in str(error)


def test_https_asked_of_a_plain_server(stub, ca_file):
    """The port is right, the scheme is not."""
    assert lost(stub.url.replace("http:", "https:"), ca_file=ca_file, timeout_seconds=5).cause == "tls"


def test_plain_http_asked_of_a_tls_server(serve, tls):
    """The reverse ends without an answer, too."""
    assert lost(serve(tls()).url.replace("https:", "http:"), retry=False).cause in ("reset", "other")


def test_a_secure_connection_that_breaks_later_is_lost_not_refused(serve, tls, ca_file):
    """The request may have arrived: a write has to be looked up."""
    stub = serve(tls())
    stub.answer = lambda seen: RESET

    error = lost(stub.url, "POST", ca_file=ca_file)

    assert error.cause == "reset"
    assert len(stub.seen) == 1


@pytest.mark.parametrize("broken", [ssl.SSLEOFError(8, "EOF occurred"), ssl.SSLZeroReturnError(6, "closed")])
def test_a_tls_end_while_reading_is_a_lost_connection(broken):
    """OpenSSL's words for it must not pass for a bad certificate."""
    outer = httpx.ReadError("x")
    outer.__cause__ = broken
    assert explain(outer, httpx.Request("POST", "https://h.example/Users")).cause == "reset"


def test_tls_errors_are_not_repeated(serve, tls):
    """A wrong certificate stays wrong."""
    lines = []
    with open_client(serve(tls()).url, log=lines.append) as client, pytest.raises(Unreachable):
        client.get("/x")
    assert len(lines) == 1


# -- proxies, connections -----------------------------------------------------------------


def test_the_environments_proxy_is_used_for_others_and_not_for_this_machine(serve, monkeypatch):
    """The sandbox works behind a company proxy, and a proxy that refuses is named."""
    proxy, home = serve(), serve()
    home.answer = lambda seen: reply(200)
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    with open_client(home.url) as client:
        assert client.get("/x").status_code == 200

    assert proxy.seen == []
    assert lost("https://api.contoso.example", retry=False).cause == "proxy"


def test_at_most_eight_connections(serve):
    """Twenty threads, never more than eight requests at a time."""
    stub = serve()
    now, most, lock = 0, 0, threading.Lock()

    def answer(seen):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.05)
        with lock:
            now -= 1
        return reply(200)

    stub.answer = answer
    with open_client(stub.url) as client:
        threads = [threading.Thread(target=client.get, args=("/x",)) for _ in range(20)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert 1 < most <= 8
    assert len(stub.seen) == 20


def test_an_httpx_client_is_what_comes_out(stub):
    """Code that knows httpx knows this."""
    with open_client(stub.url) as client:
        assert isinstance(client, httpx.Client)
