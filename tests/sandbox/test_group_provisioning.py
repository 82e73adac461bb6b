"""Groups in cycles and on demand, as Graph and the vendors that serve groups show them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from itertools import chain
from typing import Any

import httpx
import pytest

from scimkit.apps import load
from scimkit.apps.profile import AppProfile
from scimkit.sandbox.process import stop, wait

FLAG = "aadOptscim062020"
PILOT = "Learning pilot"
GRACE, JOSE = "grace.oneill@contoso.example", "jose.garcia@contoso.example"
NEXT_CYCLE = 41 * 60
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def without_accounts(name: str) -> AppProfile:
    """An app as it is before anybody has an account."""
    profile = load(name)
    return profile.model_copy(update={"sandbox": profile.sandbox.model_copy(update={"existing_people": 0})})


@pytest.fixture
def open_app(open_desk: Callable[..., Any]) -> Callable[..., Any]:
    """A desk before an app that has groups, its job made and its credentials saved."""

    def opened(name: str = "thrive-lxp", folder: str | None = None, **secrets: str) -> Any:
        profile = without_accounts(name)
        desk = open_desk(folder, app=profile)
        shown = profile.sandbox.gallery_name or profile.gallery_names[0]
        template = desk.get("applicationTemplates", filter=f"displayName eq '{shown}'")["value"][0]
        made = desk.graph.post(
            f"applicationTemplates/{template['id']}/instantiate", json={"displayName": "Learning"}
        ).json()
        desk.sp, desk.role = made["servicePrincipal"]["id"], made["servicePrincipal"]["appRoles"][0]["id"]
        wait(desk.address, 10)
        kind = desk.get(f"{desk.base}/templates")["value"][0]["id"]
        desk.job = desk.graph.post(f"{desk.base}/jobs", json={"templateId": kind}).json()["id"]
        desk.save(**secrets)
        return desk

    return opened


def group_id(desk: Any, name: str = PILOT) -> str:
    found: str = desk.get("groups", filter="displayName eq '{}'".format(name.replace("'", "''")))["value"][0]["id"]
    return found


def groups_at(desk: Any) -> dict[str, set[str]]:
    """The vendor's groups: display name to the names of the members."""
    people = {account["id"]: account["userName"] for account in desk.accounts().values()}
    listed = desk.scim.get("Groups").json()["Resources"]
    names = people | {group["id"]: group["displayName"] for group in listed}
    found = {}
    for group in listed:
        found[group["displayName"]] = {names.get(m["value"], m["value"]) for m in group.get("members") or ()}
    return found


def cycle(desk: Any) -> None:
    desk.tell("wait", seconds=NEXT_CYCLE)


def run_first(desk: Any) -> dict[str, Any]:
    desk.start()
    status: dict[str, Any] = desk.status()
    return status


def group_logs(desk: Any, **query: str) -> list[dict[str, Any]]:
    return [entry for entry in desk.logs(**query) if entry["sourceIdentity"]["identityType"] == "Group"]


# -- cycles -----------------------------------------------------------------------------


@pytest.mark.parametrize("app", ["thrive-lxp", "linkedin-learning"])
def test_the_first_cycle_makes_people_then_groups_then_members(open_app: Callable[..., Any], app: str) -> None:
    """In this order, with the log and the counts of the job speaking of both kinds."""
    desk = open_app(app)
    desk.assign(group_id(desk))

    status = run_first(desk)

    assert groups_at(desk) == {PILOT: {GRACE, JOSE}}

    told = [(e["sourceIdentity"]["identityType"], e["provisioningAction"]) for e in desk.logs()]
    assert [kind for kind, _ in told] == sorted((kind for kind, _ in told), reverse=True)
    assert [action for kind, action in told if kind == "Group"] == ["create", "update"]

    made, filled = group_logs(desk)
    assert made["sourceIdentity"]["details"]["odatatype"] == "Group"
    assert made["targetIdentity"]["identityType"] == CORE_GROUP
    assert {change["displayName"] for change in made["modifiedProperties"]} == {"displayName", "externalId"}
    assert [change["displayName"] for change in filled["modifiedProperties"]] == ["members", "members"]
    assert filled["provisioningSteps"][-1]["provisioningStepType"] == "referenceResolution"

    counts = {item["key"].split(" ")[0]: item["value"] for item in status["synchronizedEntryCountByType"]}
    assert counts == {"User": 2, "Group": 1}
    assert status["lastExecution"]["countExported"] == 4
    assert status["lastExecution"]["state"] == "Succeeded"


@pytest.mark.parametrize("flag", ["", f"?{FLAG}"])
def test_members_come_and_go(open_app: Callable[..., Any], flag: str) -> None:
    """One leaves and only that one goes; back in, the same account is a member again; in both dialects."""
    desk = open_app()
    desk.save(BaseAddress=desk.address.scim_urls[desk.app] + flag)
    desk.assign(group_id(desk))
    run_first(desk)
    desk.tell("groups", group=PILOT, remove=[GRACE])

    cycle(desk)

    assert groups_at(desk) == {PILOT: {JOSE}}
    assert desk.accounts()[GRACE]["active"] is False

    desk.tell("groups", group=PILOT, add=[GRACE])
    cycle(desk)

    assert groups_at(desk) == {PILOT: {GRACE, JOSE}}
    assert desk.accounts()[GRACE]["active"] is True


def test_only_differences_are_sent(open_app: Callable[..., Any]) -> None:
    """A group that did not change is not looked at; a changed one is read, and written where it differs."""
    desk = open_app()
    desk.assign(group_id(desk))
    run_first(desk)
    before = len(group_logs(desk))

    cycle(desk)

    assert len(group_logs(desk)) == before

    desk.tell("groups", group=PILOT, do="change", values={"description": "not mapped"})
    cycle(desk)

    assert [entry["provisioningAction"] for entry in group_logs(desk)[before:]] == ["other"]

    desk.tell("groups", group=PILOT, do="change", values={"display_name": "First ring"})
    cycle(desk)

    assert groups_at(desk) == {"First ring": {GRACE, JOSE}}
    assert group_logs(desk)[-1]["modifiedProperties"] == [
        {"displayName": "displayName", "oldValue": PILOT, "newValue": "First ring"}
    ]


def test_a_group_that_leaves_scope_is_deleted_and_made_anew(open_app: Callable[..., Any]) -> None:
    """Unassigned: DELETE. Assigned again: a new group with the same members. Deleted in Entra: DELETE."""
    desk = open_app()
    for person in (GRACE, JOSE):
        desk.assign(desk.get(f"users/{person}")["id"])
    assignment = desk.assign(group_id(desk))
    run_first(desk)
    desk.graph.delete(f"servicePrincipals/{desk.sp}/appRoleAssignedTo/{assignment['id']}")

    cycle(desk)

    assert groups_at(desk) == {}
    assert all(account["active"] for account in desk.accounts().values())

    desk.assign(group_id(desk))
    cycle(desk)

    assert groups_at(desk) == {PILOT: {GRACE, JOSE}}

    desk.tell("groups", group=PILOT, do="delete")
    cycle(desk)

    assert groups_at(desk) == {}
    assert [e["provisioningAction"] for e in group_logs(desk)] == [
        "create",
        "update",
        "delete",
        "create",
        "update",
        "delete",
    ]


def test_a_restored_person_is_still_a_member(open_app: Callable[..., Any]) -> None:
    """Soft-deleted: disabled, and the group is left alone. Restored: enabled, and nothing is written to the group."""
    desk = open_app()
    desk.assign(group_id(desk))
    run_first(desk)
    written = len(group_logs(desk))
    desk.tell("people", person=GRACE, do="soft_delete")

    cycle(desk)

    assert desk.accounts()[GRACE]["active"] is False
    assert groups_at(desk) == {PILOT: {GRACE, JOSE}}

    desk.tell("people", person=GRACE, do="restore")
    cycle(desk)

    assert desk.accounts()[GRACE]["active"] is True
    assert len(group_logs(desk)) == written


def test_a_member_deleted_for_good_needs_no_further_request(open_app: Callable[..., Any]) -> None:
    """The account is deleted; as nothing is linked any more, no request about the membership follows."""
    desk = open_app()
    desk.assign(group_id(desk))
    run_first(desk)
    written = len(group_logs(desk))
    desk.tell("people", person=GRACE, do="hard_delete")

    cycle(desk)

    assert desk.logs()[-2]["provisioningAction"] == "delete"
    assert desk.logs()[-2]["sourceIdentity"]["identityType"] == "User"
    assert [entry["provisioningAction"] for entry in group_logs(desk)[written:]] == ["other"]

    desk.tell("groups", group=PILOT, remove=[JOSE])
    cycle(desk)

    assert JOSE not in groups_at(desk)[PILOT]


def test_who_comes_into_scope_later_waits_for_a_restart(open_app: Callable[..., Any]) -> None:
    """A member who is blocked is left out with the documented code; unblocked, there is an account, but no membership
    until the job is restarted."""
    desk = open_app()
    desk.tell("people", person=GRACE, do="change", values={"enabled": False})
    desk.assign(group_id(desk))

    status = run_first(desk)

    assert groups_at(desk) == {PILOT: {JOSE}}
    assert status["lastExecution"]["state"] == "Succeeded"
    assert status["lastExecution"]["countEscrowed"] == 0

    step = group_logs(desk)[-1]["provisioningSteps"][-1]
    assert (step["status"], step["details"]["ErrorCode"]) == ("warning", "UnableToResolveReferenceAttributeValue")

    desk.tell("people", person=GRACE, do="change", values={"enabled": True})
    cycle(desk)

    assert GRACE in desk.accounts()
    assert groups_at(desk) == {PILOT: {JOSE}}
    assert desk.graph.post(f"{desk.base}/jobs/{desk.job}/restart", json={"criteria": {}}).status_code == 204

    desk.status()
    assert groups_at(desk) == {PILOT: {GRACE, JOSE}}


@pytest.mark.parametrize("reset", ["Watermark", "Full"])
def test_a_manager_who_comes_later_is_written_at_a_restart(open_app: Callable[..., Any], reset: str) -> None:
    """Although nothing else is to be done for the person, and the manager's turn is later in that cycle."""
    desk = open_app()
    desk.tell("people", person=GRACE, do="change", values={"manager": desk.get(f"users/{JOSE}")["id"]})
    desk.tell("people", person=JOSE, do="change", values={"enabled": False})
    desk.assign(group_id(desk))
    run_first(desk)

    def manager() -> Any:
        return (desk.accounts()[GRACE].get(ENTERPRISE) or {}).get("manager")

    assert manager() is None
    desk.tell("people", person=JOSE, do="change", values={"enabled": True})
    cycle(desk)
    assert JOSE in desk.accounts()
    assert manager() is None
    assert (
        desk.graph.post(f"{desk.base}/jobs/{desk.job}/restart", json={"criteria": {"resetScope": reset}}).status_code
        == 204
    )
    desk.status()
    assert manager()["value"] == desk.accounts()[JOSE]["id"]


def test_inner_groups_are_members_when_they_are_assigned_themselves(open_app: Callable[..., Any]) -> None:
    """Assigned alone the outer group goes without; with the inner one assigned too, that is a member by its own id."""
    desk = open_app()
    desk.assign(group_id(desk, "Learners"))
    run_first(desk)

    learners = groups_at(desk)["Learners"]

    assert learners
    assert "Contractors" not in learners

    desk.assign(group_id(desk, "Contractors"))
    desk.tell("groups", group="Learners", do="change", values={"description": "touched"})
    cycle(desk)

    after = groups_at(desk)

    assert after["Learners"] == learners | {"Contractors"}
    assert after["Contractors"]


def test_groups_that_cannot_be_provisioned(open_app: Callable[..., Any]) -> None:
    """Not security enabled: skipped. Empty, with a name full of quotes: made, and found again by that name."""
    desk = open_app(SyncAll="true")
    run_first(desk)
    there = groups_at(desk)

    awkward = "R&D / \"Skunk works\" – O'Brien's"

    assert there[awkward] == set()
    assert "Newsletter" not in there
    assert len(there) == 6

    (skipped,) = [e for e in group_logs(desk) if e["sourceIdentity"]["displayName"] == "Newsletter"]
    assert skipped["provisioningStatusInfo"]["status"] == "skipped"

    full = {"criteria": {"resetScope": "Full"}}
    assert desk.graph.post(f"{desk.base}/jobs/{desk.job}/restart", json=full).status_code == 204

    desk.status()
    assert groups_at(desk) == there
    assert desk.status()["synchronizedEntryCountByType"][1]["value"] == 6


def test_a_group_of_the_same_name_is_taken_over(open_app: Callable[..., Any]) -> None:
    """Matched by its name, whoever was in it before stays, and two of them are an error."""
    desk = open_app()
    stranger = desk.scim.post(
        "Users", json={"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "old"}
    ).json()
    body = {"schemas": [CORE_GROUP], "displayName": PILOT.upper(), "members": [{"value": stranger["id"]}]}
    old = desk.scim.post("Groups", json=body).json()["id"]
    desk.assign(group_id(desk))

    run_first(desk)

    assert groups_at(desk) == {PILOT.upper(): {"old", GRACE, JOSE}}
    assert group_logs(desk)[0]["targetIdentity"]["id"] == old


def test_a_failed_person_is_a_member_as_soon_as_the_account_is_there(open_app: Callable[..., Any]) -> None:
    """In scope, but refused by the vendor: the group is tried again with that person, and is no failure itself."""
    desk = open_app()
    desk.assign(group_id(desk))
    desk.tell("people", person=GRACE, do="change", values={"user_principal_name": JOSE.upper()})  # a name that is taken
    status = run_first(desk)

    members = groups_at(desk)[PILOT]

    assert len(members) == 1
    assert status["lastExecution"]["countEscrowed"] == 1
    assert status["lastExecution"]["countEscrowedRaw"] == 2

    desk.tell("people", person=JOSE.upper(), do="change", values={"user_principal_name": GRACE})
    cycle(desk)

    assert groups_at(desk) == {PILOT: {GRACE, JOSE}}


@pytest.mark.parametrize("fault", ["reset_before=10", "reset_after=4", "throttle=10"])
def test_a_vendor_that_fails_among_the_members_loses_one_and_gets_it_in_the_next_cycle(
    open_app: Callable[..., Any], fault: str
) -> None:
    """The group is no failure, its log entry says what went wrong without the emulator's own address, and nobody is
    doubled."""
    desk = open_app()
    desk.assign(group_id(desk))
    desk.tell("faults", set=fault)

    last = run_first(desk)["lastExecution"]

    assert (last["state"], last["countEscrowed"], last["countEscrowedRaw"]) == ("Succeeded", 0, 1)

    steps = group_logs(desk)[-1]["provisioningSteps"]
    assert [step["status"] for step in steps if step["provisioningStepType"] == "referenceResolution"] == [
        "success",
        "failure",
    ]
    assert "internal" not in steps[-1]["description"]
    assert "/apps/" in steps[-1]["description"]

    desk.tell("faults", clear=True)
    cycle(desk)

    assert groups_at(desk) == {PILOT: {GRACE, JOSE}}
    assert desk.status()["lastExecution"]["countEscrowedRaw"] == 0

    [group] = desk.scim.get("Groups").json()["Resources"]
    assert len(group["members"]) == 2


def test_groups_count_for_the_deletion_threshold(open_app: Callable[..., Any]) -> None:
    """Two people and their group would go: held back at three, all staged in the log, let through by ForceDeletes."""
    settings = {
        "Enabled": True,
        "Recipients": "it@contoso.example",
        "DeleteThresholdEnabled": True,
        "DeleteThresholdValue": 3,
    }
    desk = open_app(SyncNotificationSettings=json.dumps(settings))
    assignment = desk.assign(group_id(desk))
    run_first(desk)
    desk.graph.delete(f"servicePrincipals/{desk.sp}/appRoleAssignedTo/{assignment['id']}")

    cycle(desk)

    assert desk.status()["quarantine"]["reason"] == "TooManyDeletes"
    assert groups_at(desk) == {PILOT: {GRACE, JOSE}}
    assert all(account["active"] for account in desk.accounts().values())

    staged = desk.logs(filter="provisioningAction eq 'stagedDelete'")
    assert [entry["sourceIdentity"]["identityType"] for entry in staged] == ["User", "User", "Group"]

    restart = {"criteria": {"resetScope": "ForceDeletes"}}
    assert desk.graph.post(f"{desk.base}/jobs/{desk.job}/restart", json=restart).status_code == 204

    desk.status()
    assert groups_at(desk) == {}
    assert not any(account["active"] for account in desk.accounts().values())


def switch_groups(desk: Any, enabled: bool) -> None:
    """Save the job's schema with the group mapping on or off."""
    path = f"{desk.base}/jobs/{desk.job}/schema"
    schema = copy.deepcopy(desk.get(path))
    for each in schema["synchronizationRules"][0]["objectMappings"]:
        if each["sourceObjectName"] == "Group":
            each["enabled"] = enabled
    answer = desk.graph.put(path, json=schema)
    assert answer.status_code == 204, answer.text


def test_a_mapping_that_is_switched_off_leaves_groups_alone(open_app: Callable[..., Any]) -> None:
    """The people of the group come all the same."""
    desk = open_app()
    switch_groups(desk, enabled=False)
    desk.assign(group_id(desk))

    run_first(desk)

    assert set(desk.accounts()) == {GRACE, JOSE}
    assert groups_at(desk) == {}
    assert group_logs(desk) == []


def test_the_probe_asks_for_a_group_only_where_groups_are_mapped(
    open_desk: Callable[..., Any], open_app: Callable[..., Any]
) -> None:
    """A vendor without /Groups puts a job with a group mapping into quarantine at its start, and no other job."""
    other = open_app()
    whole = other.get(f"{other.base}/jobs/{other.job}/schema")
    mapping = next(m for m in whole["synchronizationRules"][0]["objectMappings"] if m["sourceObjectName"] == "Group")
    desk = open_desk().make_app()
    path = f"{desk.base}/jobs/{desk.job}/schema"
    schema = desk.get(path)
    objects = chain.from_iterable(directory["objects"] for directory in whole["directories"])
    described = [item for item in objects if item["name"] == CORE_GROUP]
    schema["directories"][1]["objects"] += described

    schema["synchronizationRules"][0]["objectMappings"].append(mapping)

    assert desk.graph.put(path, json=schema).status_code == 204

    desk.assign(group_id(desk))
    status = run_first(desk)

    assert status["quarantine"]["reason"] == "EncounteredQuarantineException"
    assert desk.accounts() == {}
    assert "Response Status Code: 404" in status["quarantine"]["error"]["message"]

    switch_groups(desk, enabled=False)
    desk.start()

    assert desk.status()["quarantine"] is None
    assert set(desk.accounts()) == {GRACE, JOSE}


def test_a_restarted_sandbox_knows_its_groups(open_app: Callable[..., Any], open_desk: Callable[..., Any]) -> None:
    """Replayed, changes of groups and what was written to them are the same as before."""
    desk = open_app(folder="run")
    desk.assign(group_id(desk))
    run_first(desk)
    desk.tell("groups", group=PILOT, do="change", values={"display_name": "First ring"})
    desk.tell("groups", group="First ring", remove=[GRACE])
    cycle(desk)
    before, sp, job = groups_at(desk), desk.sp, desk.job
    stop(desk.address)
    again = open_desk("run", app=without_accounts("thrive-lxp"))

    again.sp, again.job = sp, job

    assert groups_at(again) == before == {"First ring": {JOSE}}

    again.tell("groups", group="First ring", add=[GRACE])
    cycle(again)

    assert groups_at(again) == {"First ring": {GRACE, JOSE}}


# -- on demand ------------------------------------------------------------------------------


def on_demand(desk: Any, group: str, members: list[str] | None = None) -> httpx.Response:
    rule = desk.get(f"{desk.base}/jobs/{desk.job}/schema")["synchronizationRules"][0]["id"]
    subject: dict[str, Any] = {"objectId": group, "objectTypeName": "Group"}
    if members is not None:
        subject["links"] = {"members": [{"objectId": member, "objectTypeName": "User"} for member in members]}
    answer: httpx.Response = desk.graph.post(
        f"{desk.base}/jobs/{desk.job}/provisionOnDemand", json={"parameters": [{"ruleId": rule, "subjects": [subject]}]}
    )
    return answer


def test_a_group_with_chosen_members_on_demand(open_app: Callable[..., Any]) -> None:
    """The documented answer of a group; only who is named, linked and in scope becomes a member, the flag or not."""
    desk = open_app()
    desk.save(BaseAddress=f"{desk.address.scim_urls[desk.app]}?{FLAG}")
    pilot, grace, jose = group_id(desk), desk.get(f"users/{GRACE}")["id"], desk.get(f"users/{JOSE}")["id"]

    desk.assign(pilot)

    assert desk.result(grace)[0] == desk.result(jose)[0] == "Success"

    answer = on_demand(desk, pilot, [grace])
    assert answer.status_code == 200
    assert json.loads(answer.json()["key"]) == {"result": "Success", "details": {}}
    assert json.loads(answer.json()["value"]) == {}
    assert groups_at(desk) == {PILOT: {GRACE}}

    (entry,) = group_logs(desk)
    assert entry["provisioningAction"] == "create"
    assert entry["initiatedBy"]["initiatorType"] == "user"
    assert on_demand(desk, pilot, [grace, jose]).status_code == 200
    assert groups_at(desk) == {PILOT: {GRACE, JOSE}}

    again = json.loads(on_demand(desk, pilot, [jose]).json()["key"])
    assert (again["result"], again["details"]["errorCode"]) == ("Skipped", "RedundantExport")


def test_who_has_no_account_is_left_out_on_demand(open_app: Callable[..., Any]) -> None:
    """The group is made; the member without a linked account is named in the log, and nobody else is looked at."""
    desk = open_app()
    pilot, grace = group_id(desk), desk.get(f"users/{GRACE}")["id"]

    desk.assign(pilot)

    assert json.loads(on_demand(desk, pilot, [grace]).json()["key"])["result"] == "Success"
    assert groups_at(desk) == {PILOT: set()}
    assert desk.accounts() == {}

    step = group_logs(desk)[-1]["provisioningSteps"][-1]
    assert step["details"] == {"ErrorCode": "UnableToResolveReferenceAttributeValue", "Member": grace}


def test_an_unassigned_group_is_skipped_on_demand(open_app: Callable[..., Any]) -> None:
    """Scope is obeyed as in a cycle."""
    desk = open_app()
    answer = json.loads(on_demand(desk, group_id(desk), []).json()["key"])

    assert (answer["result"], answer["details"]["errorCode"]) == ("Skipped", "EntrySynchronizationSkipped")
    assert groups_at(desk) == {}


def test_what_on_demand_refuses_about_groups(open_app: Callable[..., Any], open_desk: Callable[..., Any]) -> None:
    """More than five members, an unknown group, members of no known shape, an app without groups."""
    desk = open_app()
    pilot = group_id(desk)

    assert on_demand(desk, pilot, ["p"] * 6).status_code == 400
    assert "5" in on_demand(desk, pilot, ["p"] * 6).json()["error"]["message"]
    assert on_demand(desk, "nobody", []).status_code == 404

    rule = desk.get(f"{desk.base}/jobs/{desk.job}/schema")["synchronizationRules"][0]["id"]
    odd = {"objectId": pilot, "objectTypeName": "Group", "links": {"members": [{"id": "x"}]}}

    path = f"{desk.base}/jobs/{desk.job}/provisionOnDemand"

    assert desk.graph.post(path, json={"parameters": [{"ruleId": rule, "subjects": [odd]}]}).status_code == 400

    plain = open_desk().make_app()
    assert on_demand(plain, group_id(plain), []).status_code == 400
