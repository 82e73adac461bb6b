from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from scimkit.apps import load
from scimkit.sandbox import sandbox_token
from scimkit.sandbox.clock import JOB_STATUS_SECONDS, REQUEST_SECONDS
from scimkit.sandbox.server import make_sandbox


def inner(answer: httpx.Response) -> dict[str, Any]:
    """The synchronization service's own error inside Graph's."""
    error = answer.json()["error"]
    assert error["code"] == "UnknownError"
    found: dict[str, Any] = json.loads(error["message"])["error"]
    return found


# -- who asks ------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "Bearer wrong-token", "Basic abc", "Bearer"])
def test_graph_wants_its_token(desk: Any, header: str | None) -> None:
    """No, a wrong or an empty bearer token is a 401 in Graph's envelope."""
    answer = httpx.get(
        desk.address.graph_url + "/me", headers={"Authorization": header} if header else {}, trust_env=False
    )
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


def test_the_vendor_s_token_does_not_open_graph(desk: Any) -> None:
    """Each audience has a token of its own."""
    token = sandbox_token(desk.address.seed, "oreilly")
    assert (
        httpx.get(
            desk.address.graph_url + "/me", headers={"Authorization": f"Bearer {token}"}, trust_env=False
        ).status_code
        == 401
    )


def test_the_administrator_is_signed_in(desk: Any) -> None:
    """`/me` and the directory role that provisioning needs."""
    assert desk.get("me")["userPrincipalName"] == "admin@contoso.example"
    assert [r["displayName"] for r in desk.get("me/memberOf/microsoft.graph.directoryRole")["value"]] == [
        "Cloud Application Administrator"
    ]


def test_request_ids_come_back(desk: Any) -> None:
    """The client's id is echoed in the header and in the error, next to the server's own."""
    answer = desk.graph.get("users/nobody", headers={"client-request-id": "my-id"})
    told = answer.json()["error"]["innerError"]

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "Request_ResourceNotFound"
    assert answer.headers["client-request-id"] == told["client-request-id"] == "my-id"
    assert answer.headers["request-id"] == told["request-id"]
    assert answer.headers["date"].startswith("Mon, 02 Mar 2026")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "nonsense"), ("GET", "users/x/y/z"), ("GET", "applicationTemplates?$search=x")]
)
def test_unknown_paths_and_options_are_400(desk: Any, method: str, path: str) -> None:
    """Graph names the segment or the option that it does not know."""
    assert desk.graph.request(method, path).status_code == 400


def test_a_method_that_is_not_there_is_405(desk: Any) -> None:
    """Nobody can create users here."""
    assert desk.graph.post("users", json={}).status_code == 405


# -- people and groups --------------------------------------------------------------


def test_users_come_in_pages(desk: Any) -> None:
    """Following nextLink to its end gives everybody once, without the recycle bin."""
    seen: list[str] = []
    url = "users?$top=7&$select=userPrincipalName"

    while url:
        answer = desk.graph.get(url)
        seen += [u["userPrincipalName"] for u in answer.json()["value"]]
        url = answer.json().get("@odata.nextLink", "")

    assert len(seen) == len(set(seen)) == 39
    assert "paula.left@contoso.example" not in seen

    deleted = desk.get("directory/deletedItems/microsoft.graph.user", select="userPrincipalName,deletedDateTime")[
        "value"
    ]
    assert [u["userPrincipalName"] for u in deleted] == ["paula.left@contoso.example"]


def test_only_selected_properties_come(desk: Any) -> None:
    """`department` comes only when selected; an unknown property is refused."""
    assert "department" not in desk.person("grace.oneill")
    assert desk.get("users/grace.oneill@contoso.example", select="department")["department"] == "Engineering"
    assert desk.graph.get("users", params={"$select": "shoeSize"}).status_code == 400


def test_users_are_found_by_filter(desk: Any) -> None:
    """By exact mail, which two people share, and by type."""
    assert len(desk.get("users", filter="mail eq 'a.schmidt@contoso.example'")["value"]) == 2
    assert len(desk.get("users", filter="userType eq 'Guest'")["value"]) == 1
    assert desk.graph.get("users", params={"$filter": "city eq 'Berlin'"}).status_code == 400


def test_a_manager_is_read_alone_and_expanded(desk: Any) -> None:
    """Both ways give the same person; who has none is a 404."""
    alone = desk.get("users/anna.schmidt@contoso.example/manager", select="id")
    expanded = desk.get("users/anna.schmidt@contoso.example", expand="manager($select=id)")

    assert alone["id"] == expanded["manager"]["id"]
    assert desk.graph.get("users/admin@contoso.example/manager").status_code == 404


def test_members_direct_and_nested(desk: Any) -> None:
    """The cast gives people only; transitive members include those of the inner group; $count wants its header."""
    group = desk.get("groups", filter="displayName eq 'Learners'")["value"][0]["id"]
    direct = desk.get(f"groups/{group}/members/microsoft.graph.user")["value"]

    everybody = desk.get(f"groups/{group}/transitiveMembers/microsoft.graph.user")["value"]

    assert len(everybody) > len(direct)

    path = f"groups/{group}/members/microsoft.graph.user?$count=true"
    assert desk.graph.get(path).status_code == 400
    assert desk.graph.get(path, headers={"ConsistencyLevel": "eventual"}).json()["@odata.count"] == len(direct)

    kinds = {m["@odata.type"] for m in desk.get(f"groups/{group}/members")["value"]}
    assert kinds == {"#microsoft.graph.user", "#microsoft.graph.group"}


# -- the app ----------------------------------------------------------------------


def test_the_gallery_has_the_app_and_the_custom_one(desk: Any) -> None:
    """Found by exact name with a doubled quote, and by part of it; the public non-gallery id exists."""
    assert desk.get("applicationTemplates", filter="displayName eq 'O''Reilly learning platform'")["value"]
    assert desk.get("applicationTemplates", filter="contains(displayName,'Reilly')")["value"]
    assert desk.get("applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621")["supportedProvisioningTypes"] == [
        "sync"
    ]


def test_a_fresh_app_takes_a_moment(open_desk: Callable[..., Any]) -> None:
    """First 404, then readable, then its templates come; each look takes a virtual second."""
    desk = open_desk()
    template = desk.get("applicationTemplates", filter="contains(displayName,'Reilly')")["value"][0]

    made = desk.graph.post(f"applicationTemplates/{template['id']}/instantiate", json={"displayName": "x"})

    assert made.status_code == 201

    sp = made.json()["servicePrincipal"]["id"]
    assert [desk.graph.get(f"servicePrincipals/{sp}").status_code for _ in range(2)] == [404, 200]

    looks = [len(desk.get(f"servicePrincipals/{sp}/synchronization/templates")["value"]) for _ in range(2)]
    assert looks == [0, 1]
    assert desk.get("servicePrincipals", filter=f"applicationTemplateId eq '{template['id']}'")["value"][0]["id"] == sp
    assert desk.get(f"servicePrincipals(appId='{made.json()['application']['appId']}')")["id"] == sp


def test_the_custom_app_has_the_default_mapping(open_desk: Callable[..., Any]) -> None:
    """The non-gallery template gives a job `scim…` that maps users and groups."""
    desk = open_desk()
    made = desk.graph.post(
        "applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate", json={"displayName": "Own"}
    ).json()
    sp = made["servicePrincipal"]["id"]
    desk.tell("wait", seconds=10)

    job = desk.graph.post(f"servicePrincipals/{sp}/synchronization/jobs", json={"templateId": "scim"}).json()

    assert job["id"].startswith("scim.")
    assert job["schedule"]["state"] == "Disabled"

    schema = desk.get(f"servicePrincipals/{sp}/synchronization/jobs/{job['id']}/schema")
    mappings = schema["synchronizationRules"][0]["objectMappings"]

    assert {m["sourceObjectName"] for m in mappings} == {"User", "Group"}


def test_the_job_s_schema_is_the_profile_s(open_desk: Callable[..., Any]) -> None:
    """Rule, matching, source trees and both directories; PATCH is 404 in the service's words; PUT replaces, DELETE
    restores."""
    desk = open_desk().make_app()
    path = f"{desk.base}/jobs/{desk.job}/schema"
    schema = desk.get(path)
    rule = schema["synchronizationRules"][0]

    rows = {row["targetAttributeName"]: row for row in rule["objectMappings"][0]["attributeMappings"]}

    assert rule["id"] == "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8"
    assert {"key": "supportsProvisionOnDemand", "value": "true"} in rule["metadata"]
    assert [name for name, row in rows.items() if row["matchingPriority"]] == ["userName"]

    switch = rows["active"]["source"]
    assert switch["type"] == "Function"
    assert [p["key"] for p in switch["parameters"]] == ["source", *["switchValue"] * 4]
    assert [d["name"] for d in schema["directories"]] == ["Azure Active Directory", "O'Reilly learning platform"]

    refused = desk.graph.patch(path, json={})
    assert refused.status_code == 404
    assert "No HTTP resource was found" in refused.json()["error"]["message"]

    rows["externalId"]["source"] = {
        "expression": "[objectId]",
        "name": "objectId",
        "type": "Attribute",
        "parameters": [],
    }
    assert desk.graph.put(path, json=schema).status_code == 204

    changed = desk.get(path)
    assert changed["version"] != schema["version"]

    rows["userName"]["matchingPriority"] = 0
    assert inner(desk.graph.put(path, json=schema))["code"] == "InvalidSchema"
    assert desk.graph.delete(path).status_code == 204
    assert desk.get(path)["version"] == "v1.0"


def test_secrets_are_replaced_and_masked(open_desk: Callable[..., Any]) -> None:
    """The token reads as `*`, a key left out is gone, an empty notification text is refused."""
    desk = open_desk().make_app(SkipOutOfScopeDeletions="True")
    value = {item["key"]: item["value"] for item in desk.get(f"{desk.base}/secrets")["value"]}

    assert value["SecretToken"] == "*"
    assert value["SkipOutOfScopeDeletions"] == "True"
    assert value["BaseAddress"] == desk.address.scim_urls["oreilly"]

    desk.save()
    assert "SkipOutOfScopeDeletions" not in {item["key"] for item in desk.get(f"{desk.base}/secrets")["value"]}

    answer = desk.graph.put(f"{desk.base}/secrets", json={"value": [{"key": "SyncNotificationSettings", "value": ""}]})
    assert inner(answer)["code"] == "InvalidNotificationSettings"
    assert "\r\n" in answer.json()["error"]["message"]


def test_credentials_are_tested_at_the_vendor(open_desk: Callable[..., Any]) -> None:
    """Right ones pass; each wrong one has the service's code inside Graph's UnknownError."""
    desk = open_desk().make_app()
    path = f"{desk.base}/jobs/{desk.job}/validateCredentials"
    prefix = "SystemForCrossDomainIdentityManagement"

    def test(**values: str) -> str:
        given = {"BaseAddress": desk.address.scim_urls["oreilly"], "SecretToken": sandbox_token(7, "oreilly"), **values}
        answer = desk.graph.post(path, json={"credentials": [{"key": k, "value": v} for k, v in given.items()]})
        if answer.status_code == 204:
            return ""
        return inner(answer)["code"].removeprefix(prefix)

    assert test() == ""
    assert test(SecretToken="not-the-token") == "CredentialValidationFailure"
    assert test(BaseAddress=desk.address.origin + "/apps/oreilly/wrong") == "CredentialValidationUnavailable"
    assert test(BaseAddress="http://127.0.0.1:9/scim") == "CredentialValidationUnavailable"
    assert test(BaseAddress="oreilly") == "InvalidCredentials"
    assert desk.graph.post(path, json={"useSavedCredentials": True}).status_code == 204
    desk.tell("faults", set="html")
    assert test() == "ServiceIncompatible"
    answer = desk.graph.post(path, json={"useSavedCredentials": True})
    assert "/internal/" not in answer.text


def test_assignments(open_desk: Callable[..., Any]) -> None:
    """Made, listed, refused twice and for unknown roles, removed."""
    desk = open_desk().make_app()
    grace = desk.person("grace.oneill")["id"]
    made = desk.assign(grace)
    path = f"servicePrincipals/{desk.sp}/appRoleAssignedTo"

    again = desk.graph.post(path, json={"principalId": grace, "resourceId": desk.sp, "appRoleId": desk.role})

    assert again.status_code == 400
    assert "already exists" in again.json()["error"]["message"]

    other = desk.graph.post(
        path, json={"principalId": grace, "resourceId": desk.sp, "appRoleId": "11111111-1111-4111-8111-111111111111"}
    )
    assert other.status_code == 400
    assert "not found on application" in other.json()["error"]["message"]
    assert [a["id"] for a in desk.get(path)["value"]] == [made["id"]]
    assert desk.graph.delete(f"{path}/{made['id']}").status_code == 204
    assert desk.get(path)["value"] == []


def test_who_polls_a_job_waits_for_its_long_cycle() -> None:
    """The clock stands; an ordinary request is not held up, and a reading of the status is, for as long as it is
    patient."""
    sandbox = make_sandbox([load("oreilly")], seed=7, people=40)

    async def story() -> None:
        clock = sandbox.world.clock
        before, clock.still = clock.now, True
        sandbox.running = asyncio.create_task(asyncio.sleep(0.3))
        await sandbox.advance(REQUEST_SECONDS)
        await sandbox.advance(JOB_STATUS_SECONDS, patience=0.01)
        assert not sandbox.running.done()
        await sandbox.advance(JOB_STATUS_SECONDS)
        assert sandbox.running.done()
        assert clock.now == before

    asyncio.run(story())
