"""The vendors of Cloud Academy and of Thrive LXP, and of an app that is only a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scimkit.apps import load
from scimkit.mapping.rows import mapping_of, user_mapping
from scimkit.sandbox.process import ensure_sandbox, stop, wait
from tests.sandbox.conftest import Desk

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
EXAMPLE = Path(__file__).parents[1] / "data" / "example-app.toml"


@pytest.fixture(scope="module")
def three() -> Iterator[dict[str, Desk]]:
    """Desks at the three vendors, in one sandbox; the tests only look, or make what is theirs alone."""
    apps = [load("cloud-academy"), load("thrive-lxp"), load(EXAMPLE)]
    address = ensure_sandbox(None, app=apps)
    desks = {app.name: Desk(address, app.name) for app in apps}
    yield desks
    for desk in desks.values():
        desk.close()
    stop(address)


def found_in_gallery(desk: Desk, name: str) -> list[str]:
    return [
        template["displayName"]
        for template in desk.get("applicationTemplates", filter=f"displayName eq '{name}'")["value"]
    ]


def test_cloud_academy_is_in_the_gallery_under_its_new_name(three: dict[str, Desk]) -> None:
    """Of its three names only QA leads anywhere here."""
    desk = three["cloud-academy"]
    assert [found_in_gallery(desk, name) for name in load("cloud-academy").gallery_names] == [[], ["QA"], []]


def test_cloud_academy_has_users_without_addresses(three: dict[str, Desk]) -> None:
    """No groups, no e-mail attribute: one that is sent is not kept. userName alone can be filtered."""
    scim = three["cloud-academy"].scim
    assert scim.get("Groups").status_code == 404

    body = {
        "schemas": [CORE],
        "userName": "new@contoso.example",
        "emails": [{"type": "work", "value": "new@contoso.example"}],
    }
    made = scim.post("Users", json=body)

    assert made.status_code == 201
    assert "emails" not in scim.get(f"Users/{made.json()['id']}").json()
    assert scim.get("Users", params={"filter": 'userName eq "NEW@contoso.example"'}).json()["totalResults"] == 1
    assert scim.get("Users", params={"filter": 'externalId eq "x"'}).json()["scimType"] == "invalidFilter"
    assert scim.post("Users", json={"schemas": [CORE], "externalId": "nobody"}).status_code == 400


def test_thrive_serves_groups_and_managers(three: dict[str, Desk]) -> None:
    """A group with its members, found by its name; a time zone and a manager are kept."""
    scim = three["thrive-lxp"].scim
    boss = scim.post("Users", json={"schemas": [CORE], "userName": "boss@contoso.example"}).json()["id"]
    body = {
        "schemas": [CORE, ENTERPRISE],
        "userName": "report@contoso.example",
        "timezone": "Europe/Berlin",
        ENTERPRISE: {"manager": {"value": boss}},
    }
    made = scim.post("Users", json=body).json()

    seen = scim.get(f"Users/{made['id']}").json()

    assert (seen["timezone"], seen[ENTERPRISE]["manager"]["value"]) == ("Europe/Berlin", boss)

    group = scim.post(
        "Groups", json={"schemas": [GROUP], "displayName": "Learners", "members": [{"value": made["id"]}]}
    )
    assert group.status_code == 201

    listed = scim.get("Groups", params={"filter": 'displayName eq "Learners"'}).json()["Resources"]
    assert [member["value"] for member in listed[0]["members"]] == [made["id"]]


def test_thrive_suspends_instead_of_deleting(three: dict[str, Desk]) -> None:
    scim = three["thrive-lxp"].scim
    made = scim.post("Users", json={"schemas": [CORE], "userName": "leaver@contoso.example", "active": True}).json()

    assert scim.delete(f"Users/{made['id']}").status_code == 204
    assert scim.get(f"Users/{made['id']}").json()["active"] is False


def test_thrives_job_maps_people_and_groups(open_desk: Callable[..., Any]) -> None:
    """Eight of nine rows, as timezone has no source; groups by displayName. A manager who comes later is written
    then."""
    desk = open_desk(app=load("thrive-lxp"))
    template = desk.get("applicationTemplates", filter="displayName eq 'Thrive LXP'")["value"][0]
    sp = desk.graph.post(f"applicationTemplates/{template['id']}/instantiate", json={"displayName": "Thrive"}).json()[
        "servicePrincipal"
    ]
    desk.sp, desk.role = sp["id"], sp["appRoles"][0]["id"]
    wait(desk.address, 10)
    schema = desk.get(f"{desk.base}/templates/thrive-lxp/schema")

    people, groups = user_mapping(schema), mapping_of(schema, "Group")

    assert {row.target for row in people.rows} == {row.target for row in load("thrive-lxp").attributes} - {"timezone"}
    assert {row.target for row in groups.rows} == {"displayName", "externalId", "members"}
    assert groups.enabled
    assert [row.target for row in groups.matching_rows] == ["displayName"]

    desk.job = desk.graph.post(f"{desk.base}/jobs", json={"templateId": "thrive-lxp"}).json()["id"]
    desk.save()
    grace, soren = desk.person("grace.oneill"), desk.person("soren.oester")
    for person in (grace, soren):
        desk.assign(person["id"])
        assert desk.result(person["id"])[1]["action"] == "Create"
    desk.start()
    wait(desk.address, 3600)
    accounts = desk.accounts()

    manager = accounts["grace.oneill@contoso.example"][ENTERPRISE]["manager"]["value"]

    assert manager == accounts["soren.oester@contoso.example"]["id"]


def test_a_file_makes_a_vendor(three: dict[str, Desk]) -> None:
    """Path, attributes and required values of the example file."""
    desk = three["northwind-campus"]
    assert desk.address.scim_urls["northwind-campus"].endswith("/apps/northwind-campus/campus/scim/v2")
    assert found_in_gallery(desk, "Northwind Campus") == ["Northwind Campus"]

    refused = desk.scim.post("Users", json={"schemas": [CORE], "userName": "a@contoso.example"})
    assert refused.status_code == 400
    assert "displayName" in refused.json()["detail"]
    assert desk.scim.get("Users").json()["totalResults"] == 3
