"""On-demand runs and cycles, as Graph and the vendor show them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from scimkit.apps.profile import AppProfile

GROUP = "Learning pilot"


def group_id(desk: Any, name: str = GROUP) -> str:
    found: str = desk.get("groups", filter=f"displayName eq '{name}'")["value"][0]["id"]
    return found


# -- on demand --------------------------------------------------------------------


def test_one_person_is_created_on_demand(open_desk: Callable[..., Any]) -> None:
    """The documented shape: two JSON texts, steps with `type`, capitalised words; the account is there, the log has
    the change."""
    desk = open_desk().make_app()
    grace = desk.person("grace.oneill")["id"]
    desk.assign(grace)

    result, value = desk.result(grace)

    assert (result, value["action"], value["statusInfo"]["status"]) == ("Success", "Create", "Success")
    assert [s["type"] for s in value["provisioningSteps"]] == ["Import", "Scoping", "Matching", "Export"]
    assert {"displayName": "name.familyName", "oldValue": None, "newValue": "O'Neill"} in value["modifiedProperties"]

    account = desk.accounts()["grace.oneill@contoso.example"]
    assert account["id"] == value["targetIdentity"]["id"]
    assert account["active"] is True

    (entry,) = desk.logs(filter=f"jobId eq '{desk.job}' and activityDateTime gt 2026-03-01T00:00:00Z")
    assert entry["changeId"] == value["changeId"]
    assert entry["provisioningAction"] == "create"
    assert entry["initiatedBy"]["initiatorType"] == "user"
    assert "durationInMilliseconds" in entry


def test_the_same_person_again_is_redundant(open_desk: Callable[..., Any]) -> None:
    """Nothing differs, so the second run is skipped."""
    desk = open_desk().make_app()
    grace = desk.person("grace.oneill")["id"]
    desk.assign(grace)
    desk.result(grace)

    answer = desk.on_demand(grace).json()

    assert json.loads(answer["key"])["details"]["errorCode"] == "RedundantExport"


def test_who_is_not_assigned_is_skipped(open_desk: Callable[..., Any]) -> None:
    """Out of scope, with the scoping step saying why; no account appears."""
    desk = open_desk().make_app()
    result, value = desk.result(desk.person("zoe.young-smith")["id"])

    scoping = next(s for s in value["provisioningSteps"] if s["type"] == "Scoping")

    assert result == "Skipped"
    assert scoping["details"]["Assigned"] == "False"
    assert desk.accounts() == {}


@pytest.mark.parametrize(
    ("key", "code"), [("madhuri", "MandatoryFieldsMissing"), ("no.mail", "MandatoryFieldsMissing")]
)
def test_a_missing_required_value_fails(open_desk: Callable[..., Any], key: str, code: str) -> None:
    """No surname, or no mail: the app insists on both."""
    desk = open_desk().make_app()
    person = desk.person(key)["id"]
    desk.assign(person)

    answer = desk.on_demand(person).json()

    assert json.loads(answer["key"])["result"] == "Failure"
    assert json.loads(answer["key"])["details"]["errorCode"] == code


def test_the_sixth_call_in_ten_seconds_is_throttled(open_desk: Callable[..., Any]) -> None:
    """5 calls per 10 virtual seconds, then 429 with a fractional Retry-After, then it works again."""
    desk = open_desk().make_app()
    person = desk.person("zoe.young-smith")["id"]
    rule = desk.get(f"{desk.base}/jobs/{desk.job}/schema")["synchronizationRules"][0]["id"]
    body = {"parameters": [{"ruleId": rule, "subjects": [{"objectId": person, "objectTypeName": "User"}]}]}

    answers = [desk.graph.post(f"{desk.base}/jobs/{desk.job}/provisionOnDemand", json=body) for _ in range(7)]

    assert [a.status_code for a in answers] == [200] * 5 + [429, 200]
    assert answers[5].headers["Retry-After"] == "0.5"


def test_blocked_and_deleted_people_are_not_found(open_desk: Callable[..., Any]) -> None:
    """On demand cannot disable who is blocked or deleted in Entra."""
    desk = open_desk().make_app()
    assert desk.on_demand(desk.person("diego.blocked")["id"]).status_code == 404


def test_several_subjects_or_an_unknown_rule_are_refused(open_desk: Callable[..., Any]) -> None:
    """One subject a call, and the rule of the schema."""
    desk = open_desk().make_app()
    path = f"{desk.base}/jobs/{desk.job}/provisionOnDemand"

    subject = {"objectId": "x", "objectTypeName": "User"}

    assert (
        desk.graph.post(path, json={"parameters": [{"ruleId": "r", "subjects": [subject, subject]}]}).status_code == 400
    )
    assert desk.graph.post(path, json={"parameters": [{"ruleId": "r", "subjects": [subject]}]}).status_code == 400


# -- cycles ---------------------------------------------------------------------------


def test_a_job_tells_its_life(open_desk: Callable[..., Any]) -> None:
    """Not configured with the sentinels, then run, then paused."""
    desk = open_desk().make_app()
    fresh = desk.get(f"{desk.base}/jobs/{desk.job}")

    assert fresh["schedule"]["interval"] == "P10675199DT2H48M5.4775807S"
    assert fresh["status"]["code"] == "NotConfigured"

    last = fresh["status"]["lastExecution"]
    assert (last["state"], last["timeBegan"], last["error"]["code"]) == ("Failed", "0001-01-01T00:00:00Z", "None")

    desk.assign(group_id(desk))
    desk.start()

    run = desk.get(f"{desk.base}/jobs/{desk.job}")

    assert run["status"]["code"] == "Active"
    assert run["schedule"] == {
        "expiration": None,
        "interval": "PT40M",
        "state": "Active",
    }
    assert run["status"]["lastExecution"]["state"] == "Succeeded"
    assert run["status"]["lastExecution"]["countExported"] == 2
    assert run["status"]["synchronizedEntryCountByType"][0]["value"] == 2
    assert run["status"]["progress"][0]["completedUnits"] == run["status"]["progress"][0]["totalUnits"]
    assert desk.graph.post(f"{desk.base}/jobs/{desk.job}/pause").status_code == 204
    assert desk.get(f"{desk.base}/jobs/{desk.job}")["status"]["code"] == "Paused"


def test_an_assigned_group_brings_its_direct_members(open_desk: Callable[..., Any]) -> None:
    """Members of the group inside are not provisioned, nor a list that is not security enabled."""
    desk = open_desk().make_app()
    desk.assign(group_id(desk, "Learners"))
    desk.assign(group_id(desk, "Newsletter"))
    desk.start()
    desk.status()

    names = set(desk.accounts())

    assert "grace.oneill@contoso.example" in names
    assert not any("fabrikam" in name for name in names)


def test_leaving_and_coming_back(open_desk: Callable[..., Any]) -> None:
    """Out of the group: disabled at the next cycle. Back in: the same account is enabled. Hard-deleted: removed."""
    desk = open_desk().make_app()
    desk.assign(group_id(desk))
    desk.start()
    desk.status()
    name = "grace.oneill@contoso.example"
    first = desk.accounts()[name]
    desk.tell("groups", group=GROUP, remove=[name])

    desk.tell("wait", seconds=41 * 60)

    assert desk.accounts()[name]["active"] is False

    desk.tell("groups", group=GROUP, add=[name])
    desk.tell("wait", seconds=41 * 60)

    again = desk.accounts()[name]

    assert again["active"] is True
    assert again["id"] == first["id"]

    desk.tell("people", person=name, do="hard_delete")
    desk.tell("wait", seconds=41 * 60)

    assert name not in desk.accounts()

    actions = [
        e["provisioningAction"]
        for e in desk.logs(filter=f"contains(sourceIdentity/id,'{desk_id(desk, name, first)}')") or ()
    ]
    assert actions == ["create", "disable", "update", "delete"]


def desk_id(desk: Any, name: str, account: dict[str, Any]) -> str:
    """The source id behind an account, out of the log."""
    found: str = next(e for e in desk.logs() if e["targetIdentity"]["id"] == account["id"])["sourceIdentity"]["id"]
    return found


def test_a_change_travels_at_the_next_cycle(open_desk: Callable[..., Any]) -> None:
    """A new surname is one PATCH, forty minutes later; who did not change is not looked at."""
    desk = open_desk().make_app()
    desk.assign(group_id(desk))
    desk.start()
    desk.status()
    desk.tell("people", person="grace.oneill@contoso.example", do="change", values={"surname": "O'Brien"})

    desk.tell("wait", seconds=41 * 60)

    assert desk.accounts()["grace.oneill@contoso.example"]["name"]["familyName"] == "O'Brien"
    assert desk.status()["lastExecution"]["countImported"] == 1


def test_old_accounts_are_taken_over(open_desk: Callable[..., Any], old_accounts: AppProfile) -> None:
    """One matches, one differs only in case, one belongs to nobody and stays untouched."""
    desk = open_desk(app=old_accounts).make_app(SyncAll="true")
    before = desk.accounts()

    assert set(before) == {
        "jose.garcia@contoso.example",
        "former.colleague1@contoso.example",
        "ZOE.YOUNG-SMITH@CONTOSO.EXAMPLE",
    }

    desk.start()
    desk.status()

    after = desk.accounts()

    assert after["jose.garcia@contoso.example"]["id"] == before["jose.garcia@contoso.example"]["id"]
    assert after["former.colleague1@contoso.example"] == before["former.colleague1@contoso.example"]
    assert after["ZOE.YOUNG-SMITH@CONTOSO.EXAMPLE"]["id"] == before["ZOE.YOUNG-SMITH@CONTOSO.EXAMPLE"]["id"]
    assert "zoe.young-smith@contoso.example" not in after


def test_scoping_filters_hold(open_desk: Callable[..., Any]) -> None:
    """With a filter on the department only those people come."""
    desk = open_desk().make_app(SyncAll="true")
    path = f"{desk.base}/jobs/{desk.job}/schema"
    schema = copy.deepcopy(desk.get(path))
    clause = {"operatorName": "EQUALS", "sourceOperandName": "department", "targetOperand": {"values": ["Sales"]}}
    groups = [{"name": "Sales", "clauses": [clause]}]

    schema["synchronizationRules"][0]["objectMappings"][0]["scope"] = {
        "categoryFilterGroups": [],
        "inputFilterGroups": [],
        "groups": groups,
    }

    assert desk.graph.put(path, json=schema).status_code == 204

    desk.start()
    desk.status()

    sales = {
        u["userPrincipalName"]
        for u in desk.get("users", filter="department eq 'Sales' and accountEnabled eq true", top="999")["value"]
    }

    assert set(desk.accounts()) == sales


# -- quarantine ---------------------------------------------------------------------------


def test_a_wrong_token_quarantines(open_desk: Callable[..., Any]) -> None:
    """At the probe, before anybody is touched; retried after 6 hours; the right token and a start end it."""
    desk = open_desk().make_app(SecretToken="not-the-token")
    desk.assign(group_id(desk))
    desk.start()

    status = desk.status()

    assert status["code"] == "Quarantine"
    assert status["quarantine"]["reason"] == "EncounteredQuarantineException"
    assert status["quarantine"]["error"]["code"].endswith("CredentialValidationFailure")
    assert status["quarantine"]["nextAttempt"] == "2026-03-02T15" + status["quarantine"]["currentBegan"][13:]
    assert status["lastExecution"]["state"] == "Failed"
    assert desk.accounts() == {}

    desk.tell("wait", seconds=24 * 3600 + 60)
    assert desk.status()["quarantine"]["seriesCount"] == 4

    desk.save()
    desk.start()

    assert desk.status()["code"] == "Active"


def test_four_weeks_of_quarantine_end_the_job(open_desk: Callable[..., Any]) -> None:
    """After 28 days the schedule is disabled."""
    desk = open_desk().make_app(SecretToken="not-the-token", start=True)
    desk.tell("wait", seconds=30 * 86400)

    job = desk.get(f"{desk.base}/jobs/{desk.job}")

    assert job["schedule"]["state"] == "Disabled"


def test_many_leavers_are_held_back(open_desk: Callable[..., Any]) -> None:
    """At the deletion threshold nothing is disabled and the job is in quarantine; ForceDeletes lets them through."""
    settings = json.dumps(
        {"Enabled": True, "Recipients": "it@contoso.example", "DeleteThresholdEnabled": True, "DeleteThresholdValue": 2}
    )
    desk = open_desk().make_app(SyncNotificationSettings=settings)
    assignment = desk.assign(group_id(desk))
    desk.start()
    desk.status()
    desk.graph.delete(f"servicePrincipals/{desk.sp}/appRoleAssignedTo/{assignment['id']}")

    desk.tell("wait", seconds=41 * 60)

    assert desk.status()["quarantine"]["reason"] == "TooManyDeletes"
    assert all(account["active"] for account in desk.accounts().values())
    assert [e["provisioningAction"] for e in desk.logs(filter="provisioningAction eq 'stagedDelete'")] == [
        "stagedDelete"
    ] * 2

    restart = {"criteria": {"resetScope": "ForceDeletes"}}
    assert desk.graph.post(f"{desk.base}/jobs/{desk.job}/restart", json=restart).status_code == 204
    assert desk.status()["quarantine"] is None
    assert not any(account["active"] for account in desk.accounts().values())


def test_logs_come_in_pages_newest_first_when_asked(open_desk: Callable[..., Any]) -> None:
    """Order, page size and following nextLink; an unknown property is refused."""
    desk = open_desk().make_app(SyncAll="true", start=True)
    desk.status()
    url: str = f"auditLogs/provisioning?$filter=jobId eq '{desk.job}'&$orderby=activityDateTime desc&$top=15"
    ids: list[str] = []
    while url:
        answer = desk.graph.get(url).json()
        ids += [e["id"] for e in answer["value"]]
        url = answer.get("@odata.nextLink", "")

    everything = [e["id"] for e in desk.logs(top="1000")]

    assert ids == everything[::-1]
    assert len(ids) == 40
    assert (
        desk.graph.get("auditLogs/provisioning?$filter=provisioningStatusInfo/status eq 'failure'").status_code == 400
    )
    assert desk.logs(filter="sourceIdentity/displayName eq 'grace o''neill'") == []


@pytest.mark.parametrize(("initial", "state", "code"), [(True, "Paused", "Paused"), (False, "Active", "Quarantine")])
def test_too_many_failures_end_a_job(initial, state, code):
    """The first cycle forgets them and the job pauses; a later one ends in quarantine."""
    from datetime import UTC, datetime

    from scimkit.sandbox.cycles import Tally, _judge_failures
    from scimkit.sandbox.jobs import Job

    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    failed = {str(number) for number in range(6_000)}
    job = Job("job", "template", "sp", "oreilly", {}, {}, now, state="Active", escrows=set(failed), due=now)
    _judge_failures(job, Tally(imported=6_000, failed=failed), initial, now)
    assert (job.state, job.code, job.pruned, job.graph()["status"]["escrowsPruned"]) == (state, code, initial, initial)
    assert job.escrows == (set() if initial else failed)
    assert (job.due is None) is initial
