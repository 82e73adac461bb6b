"""The probe: one notebook with a cell for each channel, and the secrets planted for it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import nbformat
from leaks.channels import Channel

PLACES = "LEAK_PLACES"  # the variable of the environment that says where the secrets are planted

SETUP = '''
import base64, dataclasses, html, http.server, json, logging, os
import subprocess, sys, threading, time, urllib.parse, warnings
from pathlib import Path

import httpx, ipywidgets, pandas
from IPython.display import HTML, JSON, Markdown, display

from scimkit.clients.sign_in import SignIn, sign_in_by
from scimkit.credentials import Secret, resolve

GUID = "11111111-2222-3333-4444-555555555555"
SAY = [sys.executable, "-c", "import os; print(os.environ['SCIM_PW'])"]


def place(name):
    return Path(os.environ["LEAK_PLACES"], name)


def quietly(name):
    return place(name).read_text(encoding="utf-8")


def planted(name):
    return resolve(f"file:{place(name)}").reveal()


def in_pieces(text, between=lambda: None):
    print(text[:9], end="", flush=True)
    time.sleep(0.3)  # longer than the kernel collects what is printed
    between()
    print(text[9:])


class Echo(http.server.BaseHTTPRequestHandler):
    """Refuses everything, with the header that it was sent."""

    def do_GET(self):
        said = self.headers.get("Authorization", "")
        body = f"refused: {said}".encode() if self.path != "/silent" else b""
        self.send_response(401)
        if self.path == "/header":
            self.send_header("X-Sent", said)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Entra:
    """Answers as Entra does, with one access token."""

    def __init__(self, token):
        self.token = token

    def get(self, url, **_):
        base = f"https://login.microsoftonline.com/{GUID}"
        return httpx.Response(200, json={
            "issuer": f"{base}/v2.0", "authorization_endpoint": f"{base}/a",
            "token_endpoint": f"{base}/t", "tenant_discovery_endpoint": f"{base}/d",
        })

    def post(self, url, **_):
        return httpx.Response(200, json={"token_type": "Bearer", "access_token": self.token, "expires_in": 3600})

    def close(self):
        pass


def signed_in(token):
    """sign_in's own way with an application's credential, up to the wire."""
    secret = Secret("of-the-application")
    return sign_in_by(
        SignIn("client_secret", tenant_id=GUID, client_id=GUID, credential=secret, http_client=Entra(token))
    )


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
threading.Thread(target=server.serve_forever, daemon=True).start()
SERVER = f"http://127.0.0.1:{server.server_port}"
logging.basicConfig(level=logging.DEBUG)
'''
PROTECT = "from scimkit.ui.kernel import install_redactor\n\ninstall_redactor(get_ipython())"  # as `begin` does it


def secret_of(where: str, channel: Channel) -> str:
    """The secret planted for `channel` in one run: like no other, with signs that JSON, repr, URLs and HTML spell in
    their own ways."""
    digest = hashlib.sha256(f"{where}/{channel.name}".encode()).digest()
    letters = base64.b64encode(digest).decode().translate({ord(sign): None for sign in "+/="})
    token = (
        f'{letters[:6]}/{letters[6:11]}"{letters[11:14]}+{letters[14:18]}'
        f"'x={letters[18:23]}&{letters[23:28]}<{letters[28:36]}"
    )
    if channel.long:
        return token + hashlib.sha256(digest).hexdigest()
    return token


def plant(folder: Path, where: str, channels: Iterable[Channel]) -> dict[Channel, str]:
    """Write a file for each secret; the secrets."""
    folder.mkdir(mode=0o700, parents=True)
    secrets = {channel: secret_of(where, channel) for channel in channels}
    for channel, secret in secrets.items():
        path = folder / channel.slug
        path.touch(mode=0o600)
        path.write_text(secret, encoding="utf-8")
    return secrets


def write_probe(path: Path, channels: Sequence[Channel], *, start: str = "") -> None:
    """The notebook. start  what the first cell does besides"""
    cells = [
        nbformat.v4.new_code_cell(
            'token_ref = ""  # where a secret is', id="parameters", metadata={"tags": ["parameters"]}
        ),
        nbformat.v4.new_code_cell(f"{start}\n{SETUP}".strip(), id="set-up"),
    ]
    for number, channel in enumerate(channels):
        head = f"HERE = {channel.slug!r}  # {channel.name}\n" + ("token = planted(HERE)\n" if channel.planted else "")
        if channel.fails:
            tags = ["raises-exception"]
        else:
            tags = []
        cells.append(
            nbformat.v4.new_code_cell(
                head + channel.code, id=f"channel-{number}", metadata={"tags": tags, "channel": channel.slug}
            )
        )
    if channels[-1].fails:
        cells[-1].metadata["tags"] = []  # the last error is not to be survived
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(
        nbformat.writes(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})), encoding="utf-8"
    )
