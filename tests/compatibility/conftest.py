"""The crooked server in its own process, and worlds of it."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from scimkit.clients.scim import ScimClient
from scimkit.credentials import Secret

CROOKED = Path(__file__).with_name("crooked")


class Crooked:
    """One world of the crooked server: right, or with the defects that it is named by."""

    def __init__(self, server, name, token):
        self.name, self.token, self.root = name, token, f"{server}/{name}"
        self.url = f"{self.root}/scim/v2"

    def scim(self, flag="", **options):
        return ScimClient(self.url + flag, Secret(self.token), **options)

    def tell(self, word, **body):
        answer = httpx.post(f"{self.root}/-/{word}", json=body, timeout=60)
        assert answer.status_code == 204, answer.text

    def state(self):
        return httpx.get(f"{self.root}/-/state", timeout=60).json()

    def held(self):
        return httpx.get(f"{self.root}/-/held", timeout=60).json()["held"]

    def residue(self):
        """What stands there: (resource type, userName or displayName)."""
        state = self.state()
        people = [("Users", item.get("userName") or item["displayName"]) for item in state["Users"]]
        groups = [("Groups", item.get("userName") or item["displayName"]) for item in state["Groups"]]
        return sorted(people + groups)

    def make(self, kind="Users", **values):
        """Something that was there before any probe; its id."""
        schema = f"urn:ietf:params:scim:schemas:core:2.0:{kind[:-1]}"
        answer = httpx.post(
            f"{self.url}/{kind}",
            json={"schemas": [schema], **values},
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """What a crooked server has not shown after half a second it never shows; others get two seconds (the world `lag`
    takes 0.04)."""
    monkeypatch.setattr("scimkit.compatibility.read_back.LAG_WAITS_SECONDS", (0.06, 0.2, 0.3))


@pytest.fixture(scope="session")
def crooked_server():
    with subprocess.Popen(
        [sys.executable, str(CROOKED)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield json.loads(process.stdout.readline())
        process.stdin.close()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def world(crooked_server):
    """A new world: `world("op_exact")`, `world()` for one that is right."""
    numbers = itertools.count(1)

    def make(*defects):
        return Crooked(
            crooked_server["url"], f"{'+'.join(defects) or 'plain'}~{next(numbers)}", crooked_server["token"]
        )

    return make
