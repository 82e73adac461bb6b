"""A sandbox in a process of its own, and an administrator's desk in front of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from scimkit.apps import load
from scimkit.apps.profile import AppProfile
from scimkit.sandbox import sandbox_token
from scimkit.sandbox.process import SandboxAddress, control, ensure_sandbox, stop, wait


class Desk:
    """Raw calls to Graph and to the vendor of one sandbox, over loopback."""

    def __init__(self, address: SandboxAddress, app: str = "oreilly") -> None:
        self.address, self.app = address, app
        self.graph = self._client(address.graph_url, sandbox_token(address.seed, "graph"))
        self.scim = self._client(address.scim_urls[app], sandbox_token(address.seed, app))
        self.sp = self.job = ""
        self.role = ""

    @staticmethod
    def _client(url: str, token: str) -> httpx.Client:
        return httpx.Client(
            base_url=url.rstrip("/") + "/", headers={"Authorization": f"Bearer {token}"}, timeout=120, trust_env=False
        )

    def close(self) -> None:
        self.graph.close()
        self.scim.close()

    def get(self, path: str, **query: str) -> Any:
        answer = self.graph.get(path, params={f"${k}": v for k, v in query.items()})
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def base(self) -> str:
        return f"servicePrincipals/{self.sp}/synchronization"

    def make_app(self, *, start: bool = False, **secrets: str) -> Desk:
        """Instantiate the app, make its job, save credentials."""
        if self.app == "oreilly":
            name = load(self.app).gallery_names[0]
        else:
            name = self.app
        template = self.get("applicationTemplates", filter="displayName eq '{}'".format(name.replace("'", "''")))[
            "value"
        ][0]
        made = self.graph.post(
            f"applicationTemplates/{template['id']}/instantiate", json={"displayName": "Learning"}
        ).json()
        self.sp, self.role = made["servicePrincipal"]["id"], made["servicePrincipal"]["appRoles"][0]["id"]
        wait(self.address, 10)
        kind = self.get(f"{self.base}/templates")["value"][0]["id"]
        self.job = self.graph.post(f"{self.base}/jobs", json={"templateId": kind}).json()["id"]
        self.save(**secrets)
        if start:
            self.start()
        return self

    def save(self, **secrets: str) -> None:
        values = {
            "BaseAddress": self.address.scim_urls[self.app],
            "SecretToken": sandbox_token(self.address.seed, self.app),
            "SyncAll": "false",
            **secrets,
        }
        answer = self.graph.put(
            f"{self.base}/secrets", json={"value": [{"key": k, "value": v} for k, v in values.items()]}
        )
        assert answer.status_code == 204, answer.text

    def start(self) -> None:
        assert self.graph.post(f"{self.base}/jobs/{self.job}/start").status_code == 204

    def status(self) -> dict[str, Any]:
        """Look at the job, as somebody who polls it: a minute passes."""
        answer: dict[str, Any] = self.get(f"{self.base}/jobs/{self.job}")["status"]
        return answer

    def person(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"users/{key}@contoso.example")
        return found

    def assign(self, principal_id: str) -> dict[str, Any]:
        body = {"principalId": principal_id, "resourceId": self.sp, "appRoleId": self.role}
        answer = self.graph.post(f"servicePrincipals/{self.sp}/appRoleAssignedTo", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def on_demand(self, person_id: str) -> httpx.Response:
        rule = self.get(f"{self.base}/jobs/{self.job}/schema")["synchronizationRules"][0]["id"]
        subject = {"objectId": person_id, "objectTypeName": "User"}
        return self.graph.post(
            f"{self.base}/jobs/{self.job}/provisionOnDemand",
            json={"parameters": [{"ruleId": rule, "subjects": [subject]}]},
        )

    def result(self, person_id: str) -> tuple[str, dict[str, Any]]:
        answer = self.on_demand(person_id)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.json()["key"])["result"], json.loads(answer.json()["value"])

    def accounts(self) -> dict[str, Any]:
        listed = self.scim.get("Users").json()
        return {account["userName"]: account for account in listed["Resources"]}

    def logs(self, **query: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.get("auditLogs/provisioning", **query)["value"]
        return entries

    def tell(self, call: str, **body: Any) -> dict[str, Any]:
        return control(self.address, call, body)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that opens a sandbox of its own is a slow one."""
    for item in items:
        if "open_desk" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


def oreilly(existing_people: int) -> AppProfile:
    """O'Reilly with so many accounts from before."""
    profile = load("oreilly")
    return profile.model_copy(
        update={"sandbox": profile.sandbox.model_copy(update={"existing_people": existing_people})}
    )


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Opens desks before new sandboxes; all end with the test."""
    desks: list[Desk] = []

    def open_one(folder: str | None = None, *, app: Any = None, **settings: Any) -> Desk:
        app = app or oreilly(existing_people=0)
        address = ensure_sandbox(tmp_path / folder if folder else None, app=app, **settings)
        desk = Desk(address, app if isinstance(app, str) else app.name)
        desks.append(desk)
        return desk

    yield open_one
    for desk in desks:
        desk.close()
        stop(desk.address)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """One sandbox for a module's tests that only look."""
    address = ensure_sandbox(None, app=oreilly(existing_people=0))
    desk = Desk(address)
    yield desk
    desk.close()
    stop(address)


@pytest.fixture
def old_accounts() -> AppProfile:
    """O'Reilly with three accounts from before."""
    return oreilly(existing_people=3)
