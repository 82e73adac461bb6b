"""Cycles ask the sandbox's own vendors without a socket; nobody can tell, but for the time it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from scimkit.apps import load, names
from scimkit.errors import Denied, Unreachable
from scimkit.sandbox.process import wait
from scimkit.sandbox.provisioner import endpoint_of
from scimkit.sandbox.server import make_sandbox
from scimkit.sandbox.service_principals import ServicePrincipal

FAR_AWAY = "graph:token_expires=999999999"  # a fault that never strikes; while it is on, the socket stays
NEXT_CYCLE = 41 * 60


def add_app(desk: Any) -> str:
    """The id of a new enterprise app: from the gallery, or by signing up at the vendor."""
    profile = load(desk.app)
    if profile.gallery.added_by == "sign_up":
        return str(desk.tell("sign_up", app=desk.app)["id"])
    shown = (profile.sandbox.gallery_name or profile.gallery_names[0]).replace("'", "''")
    template = desk.get("applicationTemplates", filter=f"displayName eq '{shown}'")["value"][0]["id"]
    made = desk.graph.post(f"applicationTemplates/{template}/instantiate", json={"displayName": "Learning"}).json()
    return str(made["servicePrincipal"]["id"])


def set_up(desk: Any) -> None:
    """Everybody in scope of a new app, and its job made."""
    desk.sp = add_app(desk)
    wait(desk.address, 10)
    kind = desk.get(f"{desk.base}/templates")["value"][0]["id"]
    desk.job = desk.graph.post(f"{desk.base}/jobs", json={"templateId": kind}).json()["id"]
    desk.save(SyncAll="true")


def live(desk: Any) -> None:
    """A first cycle, then one after a new name, a blocked person and one who is gone."""
    set_up(desk)
    desk.start()
    wait(desk.address, 60)
    for key, change in (("zoe.young-smith", {"display_name": "Zoe Y."}), ("jose.garcia", {"enabled": False})):
        desk.tell("people", person=desk.person(key)["id"], do="change", values=change)
    desk.tell("people", person=desk.person("maria.dlt")["id"], do="soft_delete")
    wait(desk.address, NEXT_CYCLE)


def left_by(desk: Any) -> dict[str, Any]:
    """Everything that can be seen afterwards, without the port."""
    port = f":{desk.address.port}"

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items()}
        if isinstance(value, list):
            return [plain(one) for one in value]
        if isinstance(value, str):
            return value.replace(port, "")
        return value

    at_vendor = {kind: desk.scim.get(kind, params={"count": "1000"}).json() for kind in ("Users", "Groups")}
    return {
        "logs": plain(desk.logs(top="1000")),
        "vendor": plain(at_vendor),
        "status": plain(desk.get(f"{desk.base}/jobs/{desk.job}")["status"]),
    }


@pytest.mark.parametrize("app", names())
def test_a_cycle_ends_as_it_does_over_a_socket(open_desk: Callable[..., Any], app: str) -> None:
    """The same log line by line, the same accounts and groups, the same status."""
    without, over_socket = open_desk(app=app), open_desk(app=app, faults=[FAR_AWAY])
    for desk in (without, over_socket):
        live(desk)

    found, expected = left_by(without), left_by(over_socket)

    assert len(found["logs"]) > 20
    assert found == expected


def test_others_are_served_while_a_cycle_runs(open_desk: Callable[..., Any]) -> None:
    """Whoever reads at the vendor meanwhile gets whole answers, and the cycle loses nobody."""
    desk, alone = open_desk(people=400), open_desk(people=400)
    for each in (desk, alone):
        set_up(each)
        each.start()
    answers: list[tuple[int, int]] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            answer = desk.scim.get("Users", params={"filter": 'userName eq "jose.garcia@contoso.example"'})
            answers.append((answer.status_code, answer.json()["totalResults"]))

    reader = threading.Thread(target=read)
    reader.start()
    wait(desk.address, 60)
    over.set()
    reader.join(timeout=60)
    wait(alone.address, 60)
    assert len(answers) > 5
    assert set(answers) <= {(200, 0), (200, 1)}
    assert [one["userName"] for one in accounts(desk)] == [one["userName"] for one in accounts(alone)]
    assert len(accounts(desk)) > 300


def accounts(desk: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.scim.get("Users", params={"count": "1000"}).json()["Resources"]
    return found


def test_a_socket_is_left_out_in_a_cycle_without_faults_only() -> None:
    """Where nothing listens at the port, requests of a cycle are answered all the same; any other finds nobody."""
    world = make_sandbox([load("oreilly")], seed=7, people=20).world
    world.origin = "http://127.0.0.1:9"
    vendor = world.vendors["oreilly"]
    home = {"BaseAddress": world.origin + vendor.address, "SecretToken": vendor.token}
    away = home | {"BaseAddress": "http://127.0.0.1:7/apps/oreilly/scim"}

    app = ServicePrincipal("id", "app-id", "", "Learning", "", "oreilly", world.clock.now, [])

    def finds(secrets: dict[str, str], *, in_process: bool) -> bool:
        with endpoint_of(world, app, secrets, in_process=in_process) as client:
            try:
                return client.find("Users", "userName", "nobody") == []
            except Unreachable:
                return False

    assert finds(home, in_process=True)
    assert not finds(home, in_process=False)
    assert not finds(away, in_process=True)
    with endpoint_of(world, app, home | {"SecretToken": "not-the-token-of-this-vendor"}, in_process=True) as client:
        with pytest.raises(Denied):
            client.find("Users", "userName", "nobody")
    world.faults.add(FAR_AWAY)
    assert not finds(home, in_process=True)
