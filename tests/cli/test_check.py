"""`scimkit check` against a SCIM server that nobody here wrote, and against what stands in for it when things are
wrong."""

import http.server
import json
import socket
import subprocess
import sys
import threading
import time

import pytest

pytestmark = pytest.mark.slow
TOKEN = "plain-server-token-0123456789"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def plain_server():
    """scim2-server as its own command starts it, in its own process; its base address."""
    port = free_port()
    server = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from scim2_server.testserver.cli import main; sys.exit(main())",
            "--port",
            str(port),
            "--bearer-token",
            TOKEN,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert server.poll() is None, "the server ended"
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}/v2"
    server.terminate()
    server.wait(timeout=10)


@pytest.fixture
def page_server():
    """Answers everything with a web page."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = b"<!doctype html><title>Sign in</title><p>Please sign in.</p>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/scim"
        server.shutdown()


def check(scimkit, url, token=TOKEN):
    done = scimkit("check", url, "--token", "env:APP_TOKEN", "--json", env={"APP_TOKEN": token})
    assert "Traceback" not in done.stdout + done.stderr
    assert token not in done.stdout + done.stderr
    return done.returncode, json.loads(done.stdout)["checks"]


def test_a_plain_server_passes(scimkit, plain_server):
    """A right address and token pass, and nothing failed is claimed."""
    code, checks = check(scimkit, plain_server)

    assert code == 0
    assert {c["status"] for c in checks} <= {"passed", "warning"}
    assert {"connection.token", "connection.list_response"} <= {c["code"] for c in checks}


@pytest.mark.parametrize(
    ("defect", "finding"),
    [
        ("token", "connection.token_refused"),
        ("path", "connection.not_found"),
        ("stopped", "connection.refused"),
        ("page", "connection.html"),
    ],
)
def test_each_defect_is_one_finding(scimkit, plain_server, page_server, defect, finding):
    """Token wrong, path wrong, server stopped, a web page instead: one failed check each, with a remedy, and exit 1."""
    url = {"path": plain_server + "x", "stopped": f"http://127.0.0.1:{free_port()}/v2", "page": page_server}.get(
        defect, plain_server
    )
    code, checks = check(scimkit, url, token="another-token-0123456789" if defect == "token" else TOKEN)

    assert code == 1
    assert [c["code"] for c in checks if c["status"] == "failed"] == [finding]
    assert all(c["remedy"] for c in checks if c["status"] == "failed")


def test_an_app_of_the_sandbox_passes(scimkit):
    """An app's name is enough in the sandbox."""
    assert scimkit("check", "oreilly").returncode == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://scim.example.com/v2", "not https"), ("https://user:secret@scim.example.com", "user name")],
)
def test_a_wrong_address_is_said_before_asking(scimkit, url, words):
    """What cannot be right is refused with exit 2 before a token travels."""
    done = scimkit("check", url, "--token", "env:APP_TOKEN", env={"APP_TOKEN": TOKEN})

    assert done.returncode == 2
    assert words in done.stderr
    assert TOKEN not in done.stderr + done.stdout
