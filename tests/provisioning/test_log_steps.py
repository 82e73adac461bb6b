"""Recorded steps and changed properties against the documented log entries.

tests/data/provisioning-logs.json follows Microsoft Graph's reference of provisioningObjectSummary (values invented).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scimkit.mapping.rows import MappingRow, ObjectMapping
from scimkit.provisioning import Link, Outcome, ScopeFacts, judge_scope
from tests.provisioning.jobs import provision

ENTRIES = json.loads((Path(__file__).parents[1] / "data" / "provisioning-logs.json").read_text(encoding="utf-8"))[
    "value"
]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MAPPING = ObjectMapping(
    "Users",
    "User",
    ENTERPRISE,
    True,
    frozenset({"Add", "Update", "Delete"}),
    (),
    (
        MappingRow("userName", "[userPrincipalName]", "Direct", matching=1),
        MappingRow("active", 'Switch([IsSoftDeleted], , "False", "True", "True", "False")', "Expression"),
        MappingRow("displayName", "[displayName]", "Direct"),
        MappingRow("externalId", "[mailNickname]", "Direct"),
        MappingRow(f"{ENTERPRISE}:manager", "[manager]", "Direct"),
    ),
)


def told(entry: dict[str, Any]) -> dict[str, Any]:
    """The person of a documented entry as source attributes."""
    details = entry["sourceIdentity"]["details"]
    return {
        "objectId": details["id"],
        "displayName": details["DisplayName"],
        "userPrincipalName": details["UserPrincipalName"],
    }


def run(
    source: dict[str, Any], endpoint: Any, *, assigned: bool = True, link: Link | None = None, **settings: Any
) -> Outcome:
    scope = judge_scope(ScopeFacts(active=True, assigned=assigned, entitled=assigned))
    return provision(source, scope, settings.pop("mapping", MAPPING), link, endpoint, now=NOW, **settings)


def steps_of(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    return [(step.name, step.type, step.status, step.description) for step in outcome.steps]


@pytest.mark.parametrize(("number", "fault", "assigned"), [(0, {}, True), (1, {"create": 400}, True), (2, {}, False)])
def test_the_documented_entries(memory_endpoint: Any, number: int, fault: dict[str, Any], assigned: bool) -> None:
    """A create that worked, one that failed and a skip: every step's name, type, status, words and details."""
    entry = ENTRIES[number]
    source = told(entry) | ({"mailNickname": "priya.nair"} if number == 0 else {})

    outcome = run(source, memory_endpoint(faults=fault), assigned=assigned)

    assert steps_of(outcome) == [
        (step["name"], step["provisioningStepType"], step["status"], step["description"])
        for step in entry["provisioningSteps"]
    ]
    for mine, theirs in list(zip(outcome.steps, entry["provisioningSteps"], strict=True))[1:]:
        assert mine.details == theirs["details"]
    assert outcome.modified == entry["modifiedProperties"]
    assert (outcome.action, outcome.result.lower()) == (
        entry["provisioningAction"],
        entry["provisioningStatusInfo"]["status"],
    )

    error = entry["provisioningStatusInfo"]["errorInformation"]
    if error:
        assert outcome.error_code == error["errorCode"]


def test_import_details_are_the_source_as_text(memory_endpoint: Any) -> None:
    """Booleans capitalised, lists joined, absent ones left out."""
    source = told(ENTRIES[0]) | {"accountEnabled": True, "appRoleAssignments": ["User"], "mail": None}
    details = run(source, memory_endpoint()).steps[0].details
    assert details == ENTRIES[0]["provisioningSteps"][0]["details"]


def test_on_demand_words(memory_endpoint: Any) -> None:
    """On demand the first step retrieves, and scoping uses the other field names; a match retrieves from the target."""
    endpoint = memory_endpoint(
        [{"id": "1", "userName": "priya.nair@contoso.example", "active": True, "displayName": "Priya Nair"}]
    )
    outcome = run(told(ENTRIES[0]), endpoint, on_demand=True, target_system="Contoso")

    assert [(step.type, step.name) for step in outcome.steps] == [
        ("import", "EntryImport"),
        ("scoping", "EntrySynchronizationScoping"),
        ("matching", "EntryImport"),
        ("export", "EntrySynchronizationSkip"),
    ]
    assert "IsActive" in outcome.steps[1].details
    assert outcome.steps[2].description == "Retrieved User 'priya.nair@contoso.example' from Contoso"
    assert outcome.steps[3].details == {"SkipReason": "RedundantExport"}


def test_a_reference_left_out_is_a_warning(memory_endpoint: Any) -> None:
    """The person is created; the missing manager is a step of its own."""
    outcome = run(told(ENTRIES[0]) | {"manager": "boss"}, memory_endpoint())

    assert outcome.result == "Success"
    assert (outcome.steps[-1].type, outcome.steps[-1].status) == ("referenceResolution", "warning")
    assert outcome.steps[-1].details == {"ErrorCode": "UnableToResolveReferenceAttributeValue"}


def test_a_written_reference_is_a_step(memory_endpoint: Any) -> None:
    """After the export, and among the changed properties."""
    outcome = run(told(ENTRIES[0]) | {"manager": "boss"}, memory_endpoint(), references={"boss": "m1"})
    assert [step.type for step in outcome.steps][-2:] == ["export", "referenceResolution"]
    assert outcome.modified[-1] == {"displayName": f"{ENTERPRISE}:manager", "oldValue": None, "newValue": "m1"}


def test_a_match_that_failed_ends_the_steps(memory_endpoint: Any) -> None:
    """No export step follows a target that could not be read; the job may have to be quarantined."""
    outcome = run(told(ENTRIES[0]), memory_endpoint(faults={"find": 401}))

    assert [step.type for step in outcome.steps] == ["import", "scoping", "matching"]
    assert outcome.steps[-1].status == "failure"
    assert outcome.quarantine


def test_redacted_values_do_not_show(memory_endpoint: Any) -> None:
    """A value that went through Redact is sent, and shown as [Redact]."""
    rows = (*MAPPING.rows[:3], MappingRow("nickName", "Redact([employeeId])", "Expression"))
    mapping = ObjectMapping("Users", "User", ENTERPRISE, True, MAPPING.actions, (), rows)
    endpoint = memory_endpoint()

    outcome = run(told(ENTRIES[0]) | {"employeeId": "s3cret-17"}, endpoint, mapping=mapping)

    assert endpoint.bodies[0]["nickName"] == "s3cret-17"
    assert {"displayName": "nickName", "oldValue": None, "newValue": "[Redact]"} in outcome.modified

    later = [step.details for step in outcome.steps[1:]]
    assert "s3cret-17" not in json.dumps([outcome.modified, later])

    again = run(told(ENTRIES[0]) | {"employeeId": "s3cret-17"}, endpoint, mapping=mapping, link=outcome.link)
    assert "s3cret-17" not in json.dumps([step.details for step in again.steps[1:]])


def test_skip_reasons(memory_endpoint: Any) -> None:
    """Not entitled out of scope; the code itself when the mapping's actions are the reason."""
    out = run(told(ENTRIES[0]), memory_endpoint(), assigned=False)
    assert out.steps[-1].details == {"SkipReason": "NotEffectivelyEntitled"}

    not_created = run(told(ENTRIES[0]), memory_endpoint(), actions={"Update"})
    assert not_created.steps[-1].details == {"SkipReason": "EntrySynchronizationSkipped"}
