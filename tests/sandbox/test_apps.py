"""The vendors whose ways differ from O'Reilly's: LinkedIn Learning and TheOrgWiki."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from scimkit.apps import load
from scimkit.errors import ConfigError, Rejected
from scimkit.mapping.rows import mapping_of, user_mapping
from scimkit.sandbox.process import control, ensure_sandbox, stop, wait
from tests.sandbox.conftest import Desk

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Desk, Desk]]:
    """Desks at LinkedIn Learning and at TheOrgWiki, in one sandbox; the tests only look."""
    address = ensure_sandbox(None, app=["linkedin-learning", "theorgwiki"])
    desks = Desk(address, "linkedin-learning"), Desk(address, "theorgwiki")
    yield desks
    for desk in desks:
        desk.close()
    stop(address)


def test_linkedin_is_searched_by_external_id_only(both: tuple[Desk, Desk]) -> None:
    """externalId finds the accounts from before; userName cannot be filtered."""
    linkedin, _ = both
    assert linkedin.scim.get("Users", params={"filter": 'externalId eq "jose.garcia"'}).json()["totalResults"] == 1

    answer = linkedin.scim.get("Users", params={"filter": 'userName eq "x"'})
    assert answer.status_code == 400
    assert answer.json()["scimType"] == "invalidFilter"


def test_linkedins_older_address_is_not_found(both: tuple[Desk, Desk]) -> None:
    """The Tenant URL without /scim answers 404, as the hint says."""
    linkedin, _ = both
    url = linkedin.address.scim_urls["linkedin-learning"]

    assert url.endswith("/apps/linkedin-learning/scim")
    assert linkedin.scim.get(url.removesuffix("/scim") + "/Users").status_code == 404


def test_linkedin_has_groups(both: tuple[Desk, Desk]) -> None:
    """They are served, can be found by displayName, and the job's schema maps the three documented attributes."""
    linkedin, _ = both
    assert linkedin.scim.get("Groups", params={"filter": 'displayName eq "x"'}).json()["totalResults"] == 0
    assert {"User", "Group"} <= {schema["name"] for schema in linkedin.scim.get("Schemas").json()["Resources"]}


def test_linkedins_job_maps_people_and_groups(open_desk: Callable[..., Any]) -> None:
    """People by externalId without active, groups by displayName."""
    desk = open_desk(app="linkedin-learning")
    template = desk.get("applicationTemplates", filter="displayName eq 'LinkedIn Learning'")["value"][0]

    sp = desk.graph.post(f"applicationTemplates/{template['id']}/instantiate", json={"displayName": "LinkedIn"}).json()[
        "servicePrincipal"
    ]

    assert [role["displayName"] for role in sp["appRoles"]] == ["User", "msiam_access"]

    wait(desk.address, 10)
    schema = desk.get(f"servicePrincipals/{sp['id']}/synchronization/templates/linkedin-learning/schema")

    people, groups = user_mapping(schema), mapping_of(schema, "Group")

    assert [row.target for row in people.matching_rows] == ["externalId"]
    assert "active" not in {row.target for row in people.rows}
    assert {row.target for row in groups.rows} == {"displayName", "members", "externalId"}
    assert groups.enabled


def test_linkedin_deletes_nobody(open_desk: Callable[..., Any]) -> None:
    """A delete is refused, and the record stays as it was; a group goes."""
    desk = open_desk(app="linkedin-learning")
    made = desk.scim.post("Users", json={"schemas": [CORE], "userName": "a@contoso.example", "externalId": "a"}).json()

    assert desk.scim.delete(f"Users/{made['id']}").status_code == 403
    assert desk.scim.get(f"Users/{made['id']}").status_code == 200

    group = desk.scim.post(
        "Groups", json={"schemas": [GROUP], "displayName": "Learners", "members": [{"value": made["id"]}]}
    )
    assert group.status_code == 201
    assert group.json()["members"][0]["value"] == made["id"]
    assert desk.scim.delete(f"Groups/{group.json()['id']}").status_code == 204


def test_who_leaves_linkedin_keeps_the_account(open_desk: Callable[..., Any]) -> None:
    """With nothing derived from IsSoftDeleted an unassigned person is not told to the vendor at all."""
    desk = open_desk(app="linkedin-learning")
    template = desk.get("applicationTemplates", filter="displayName eq 'LinkedIn Learning'")["value"][0]
    sp = desk.graph.post(f"applicationTemplates/{template['id']}/instantiate", json={"displayName": "LinkedIn"}).json()[
        "servicePrincipal"
    ]
    desk.sp, desk.role = sp["id"], sp["appRoles"][0]["id"]
    wait(desk.address, 10)
    desk.job = desk.graph.post(f"{desk.base}/jobs", json={"templateId": "linkedin-learning"}).json()["id"]
    desk.save()
    grace = desk.person("grace.oneill")

    assignment = desk.assign(grace["id"])

    assert desk.result(grace["id"])[1]["action"] == "Create"

    before = desk.accounts()["grace.oneill@contoso.example"]
    assert desk.graph.delete(f"servicePrincipals/{desk.sp}/appRoleAssignedTo/{assignment['id']}").status_code == 204

    result, details = desk.result(grace["id"])
    assert (result, details["statusInfo"]["errorCode"]) == ("Skipped", "RedundantExport")
    assert desk.accounts()["grace.oneill@contoso.example"] == before


def test_theorgwikis_address_has_its_slash(both: tuple[Desk, Desk]) -> None:
    """As documented; requests below it go through."""
    _, wiki = both
    assert wiki.address.scim_urls["theorgwiki"].endswith("/api/v2/scim/v2/")
    assert (
        httpx.get(
            wiki.address.scim_urls["theorgwiki"] + "Users", headers=dict(wiki.scim.headers), trust_env=False
        ).status_code
        == 200
    )


def test_theorgwiki_has_a_small_invented_table(both: tuple[Desk, Desk]) -> None:
    """/Schemas names the targets of [sandbox] and no others; only userName can be searched by."""
    _, wiki = both
    schemas = {
        schema["id"]: schema
        for schema in wiki.scim.get("Schemas", params={"startIndex": 1, "count": 100}).json()["Resources"]
    }

    names = {attribute["name"] for attribute in schemas[CORE]["attributes"]}

    assert names == {"userName", "active", "displayName", "title", "emails", "name"}
    assert {attribute["name"] for attribute in schemas[ENTERPRISE]["attributes"]} == {"department", "manager"}
    assert wiki.scim.get("Users", params={"filter": 'userName eq "x"'}).json()["totalResults"] == 0
    assert wiki.scim.get("Users", params={"filter": 'title eq "x"'}).status_code == 400


def test_a_sign_up_adds_the_app(open_desk: Callable[..., Any]) -> None:
    """Nothing is there before and the template makes nothing; after the sign-up the app is, once, with templates."""
    desk = open_desk(app="theorgwiki")
    here = {"filter": "displayName eq 'TheOrgWiki'"}

    assert desk.get("servicePrincipals", **here)["value"] == []

    template = desk.get("applicationTemplates", **here)["value"][0]
    refused = desk.graph.post(f"applicationTemplates/{template['id']}/instantiate", json={"displayName": "TheOrgWiki"})

    assert refused.status_code == 400
    assert "sign up" in refused.json()["error"]["message"]

    added = desk.tell("sign_up", app="theorgwiki")
    assert desk.tell("sign_up", app="theorgwiki")["id"] == added["id"]

    (principal,) = desk.get("servicePrincipals", **here)["value"]
    assert principal["id"] == added["id"]
    assert principal["applicationTemplateId"] is None
    assert [role["displayName"] for role in principal["appRoles"]] == ["Member"]
    assert desk.get("applications", filter=f"appId eq '{principal['appId']}'")["value"] == [], (
        "the registration is the vendor's"
    )

    (kind,) = desk.get(f"servicePrincipals/{principal['id']}/synchronization/templates")["value"]
    schema = desk.get(f"servicePrincipals/{principal['id']}/synchronization/templates/{kind['id']}/schema")

    assert {row.target for row in user_mapping(schema).rows} == set(load("theorgwiki").sandbox.targets)


def test_the_sign_up_survives_a_restart(open_desk: Callable[..., Any]) -> None:
    """It is in the change log of the run, and the app is the same one again."""
    first = open_desk("run", app="theorgwiki")
    added = first.tell("sign_up", app="theorgwiki")
    stop(first.address)

    again = open_desk("run", app="theorgwiki")

    assert [sp["id"] for sp in again.get("servicePrincipals", filter="displayName eq 'TheOrgWiki'")["value"]] == [
        added["id"]
    ]


@pytest.mark.parametrize("app", ["linkedin-learning", "nothing", None])
def test_there_is_no_sign_up_elsewhere(both: tuple[Desk, Desk], app: str | None) -> None:
    """An app from the gallery, or an unknown one, is refused with words."""
    with pytest.raises(ConfigError, match="not an app here that is added by signing up"):
        control(both[0].address, "sign_up", {"app": app})


def test_the_client_says_so_too(both: tuple[Desk, Desk]) -> None:
    """Through the Graph client the refused template is a Rejected."""
    from scimkit.clients.graph import GraphClient
    from scimkit.credentials import Secret
    from scimkit.sandbox import sandbox_token

    address = both[0].address
    with GraphClient(
        address.graph_url, Secret(sandbox_token(address.seed, "graph"), label="test"), retry=False
    ) as graph:
        (template,) = graph.find_templates("TheOrgWiki")
        with pytest.raises(Rejected, match="sign up"):
            graph.instantiate(template["id"], "TheOrgWiki")
