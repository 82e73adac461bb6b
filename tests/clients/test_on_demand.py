"""What the provisioning service reports, in all its documented shapes, in one."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path

import pytest

from scimkit.clients.on_demand import STATUS_INFO, Modified, read_log_entry, read_on_demand

DATA = Path(__file__).parent.parent / "data" / "clients"

INNER = {
    "action": "Create",
    "changeId": "c-1",
    "modifiedProperties": [
        {"displayName": "userName", "newValue": "a@contoso.example"},
        {"displayName": "active", "oldValue": None, "newValue": "True"},
    ],
    "provisioningSteps": [
        {
            "name": "EntryImportAdd",
            "type": "Import",
            "status": "Success",
            "description": "read",
            "details": {"objectId": "1"},
        },
        {
            "name": "EntrySynchronizationScoping",
            "type": "Scoping",
            "status": "Success",
            "description": "",
            "details": {"IsActive": "True"},
        },
        {"name": "EntryImport", "type": "Matching", "status": "Success", "description": "", "details": {}},
    ],
    "statusInfo": {"status": "Success", "errorCode": "", "reason": ""},
    "targetIdentity": {"id": "t-1", "type": "User", "displayName": "", "details": {}},
}


def test_shape_a_of_the_reference():
    """Key and value are JSON texts of objects; the key says the result."""
    key = {"result": "Skipped", "details": {"errorCode": "RedundantExport", "errorMessage": "nothing to do"}}
    read = read_on_demand({"key": json.dumps(key), "value": json.dumps(INNER)})

    assert (read.result, read.error_code, read.message, read.action, read.target_id) == (
        "Skipped",
        "RedundantExport",
        "nothing to do",
        "Create",
        "t-1",
    )
    assert [step.type for step in read.steps] == ["Import", "Scoping", "Matching"]
    assert read.steps[1].details == {"IsActive": "True"}
    assert read.modified == (Modified("userName", None, "a@contoso.example"), Modified("active", None, "True"))


def test_shape_b_of_the_walk_through():
    """The key is a type's name, the value an array; the result stands inside."""
    read = read_on_demand({"key": STATUS_INFO, "value": json.dumps([INNER])})
    assert (read.result, read.error_code, read.action, len(read.steps)) == ("Success", "", "Create", 3)


def test_shape_b_with_a_failure_among_several():
    """The failed one is what the administrator has to see."""
    bad = {**INNER, "statusInfo": {"status": "failure", "errorCode": "Conflict", "reason": "taken"}}
    read = read_on_demand({"key": STATUS_INFO, "value": json.dumps([INNER, bad, INNER])})
    assert (read.result, read.error_code, read.message) == ("Failure", "Conflict", "taken")


def test_shape_c_of_groups():
    """A result and nothing else."""
    read = read_on_demand({"key": json.dumps({"result": "Success", "details": {}}), "value": "{}"})
    assert (read.result, read.steps, read.modified, read.target_id) == ("Success", (), (), "")


def test_values_that_are_no_longer_texts():
    """Should the service send objects one day, they are read the same way."""
    assert read_on_demand({"key": {"result": "success"}, "value": INNER}).result == "Success"


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"key": None, "value": None},
        {"key": "{", "value": "[["},
        {"key": "[]", "value": "[1]"},
        {"key": "x", "value": '"text"'},
    ],
)
def test_nonsense_gives_an_empty_report_not_an_exception(answer):
    """An unknown result is "", never Success."""
    assert read_on_demand(answer).result == ""


def test_log_entries_read_the_same():
    """The log has other names and small letters. (Data: the documented samples of provisioningObjectSummary.)"""
    entries = json.loads((DATA / "provisioning-logs.json").read_text(encoding="utf-8"))["value"]
    read = [read_log_entry(entry) for entry in entries]

    assert [item.result for item in read] == ["Success", "Failure", "Skipped"]
    assert [item.action for item in read] == ["Create", "Create", "Other"]
    assert read[0].target_id == "9c1f"
    assert read[1].error_code == "SystemForCrossDomainIdentityManagementBadRequest"
    assert "400 Bad Request" in read[1].message

    steps = list(chain.from_iterable(item.steps for item in read))
    assert {step.type for step in steps} <= {
        "Import",
        "Scoping",
        "Matching",
        "Processing",
        "ReferenceResolution",
        "Export",
    }
    assert {step.status for step in steps} <= {"Success", "Failure", "Skipped"}
