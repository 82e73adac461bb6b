"""Every row of tests/data/decisions.csv, written from Microsoft's pages before the code, through the real functions.

A row is a state and what the service does in it: `line` cites the fact, `source` the public page.
The default person is Ann, assigned by an ordinary role; `accounts` "same" is an account that has all her values.
"""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scimkit.mapping import judge
from scimkit.mapping.rows import MappingRow, ObjectMapping
from scimkit.provisioning import (
    DEFAULT_ACCESS,
    GroupFacts,
    Link,
    Outcome,
    ScopeDecision,
    ScopeFacts,
    TargetFacts,
    is_active,
    is_entitled,
    judge_scope,
    roles_held,
    source_attributes,
)
from tests.provisioning.jobs import predict, provision

TABLE = Path(__file__).parents[1] / "data" / "decisions.csv"
CASES = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

ANN = {
    "id": "ann",
    "userPrincipalName": "ann@contoso.example",
    "mail": "ann@contoso.example",
    "givenName": "Ann",
    "surname": "Lee",
    "displayName": "Ann Lee",
    "jobTitle": "Analyst",
    "department": "Sales",
    "accountEnabled": True,
}
ACCOUNT = {
    "id": "a1",
    "userName": "ann@contoso.example",
    "active": True,
    "displayName": "Ann Lee",
    "title": "Analyst",
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "emails": [{"type": "work", "value": "ann@contoso.example"}],
    ENTERPRISE: {"department": "Sales"},
}
ROWS: dict[str, dict[str, Any]] = {
    "userName": {"expression": "[userPrincipalName]", "matching": 1},
    "active": {"expression": 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'},
    "displayName": {"expression": "[displayName]"},
    "title": {"expression": "[jobTitle]"},
    'emails[type eq "work"].value': {"expression": "[mail]"},
    "name.givenName": {"expression": "[givenName]"},
    "name.familyName": {"expression": "[surname]"},
    f"{ENTERPRISE}:department": {"expression": "[department]"},
    f"{ENTERPRISE}:manager": {"expression": "[manager]"},
}
ROLES = [{"id": "r-user", "isEnabled": True}, {"id": "r-off", "isEnabled": False}]
ROLE_IDS = {"user": "r-user", "default": DEFAULT_ACCESS, "switched-off": "r-off", "unknown": "r-lost"}


def settings_of(case: dict[str, str]) -> dict[str, Any]:
    return read(case, "settings") or {}


def read(case: dict[str, str], column: str) -> Any:
    if case[column]:
        return json.loads(case[column])
    return None


def mapping_of(case: dict[str, str]) -> ObjectMapping:
    """The default rows, some replaced, added or removed by the case."""
    rows: dict[str, dict[str, Any]] = {target: dict(row) for target, row in ROWS.items()}
    for change in read(case, "rows") or []:
        target = change.pop("target")
        if change.pop("remove", False):
            del rows[target]
        else:
            rows[target] = rows.get(target, {}) | change
    made = tuple(
        MappingRow(
            target,
            row.get("expression"),
            row.get("kind", kind_of(row.get("expression"))),
            row.get("matching", 0),
            row.get("default"),
            row.get("apply", "Always"),
        )
        for target, row in rows.items()
    )
    actions = frozenset({"Add", "Update", "Delete"})
    enabled = settings_of(case).get("enabled", True)
    return ObjectMapping("Provision Users", "User", ENTERPRISE, enabled, actions, (), made)


def kind_of(expression: str | None) -> Any:
    if expression is None:
        return "None"
    if expression.startswith("["):
        return "Direct"
    return "Expression"


def scope_of(case: dict[str, str], person: dict[str, Any]) -> ScopeDecision:
    """Assignments, groups and filters of the case, judged by the real functions."""
    words = case["scope"].split()
    role = ROLE_IDS[case["role"]]
    principals = [
        {"direct": "ann", "sync-all": ""}.get(word, word) for word in words if word not in ("none", "sync-all")
    ]
    groups = {
        "group": GroupFacts(True, frozenset({"ann"})),
        "nested": GroupFacts(True, frozenset({"inner"})),  # Ann is in the inner group only
        "empty-group": GroupFacts(True, frozenset()),
        "insecure-group": GroupFacts(False, frozenset({"ann"})),
    }
    assignments = [{"principalId": principal, "appRoleId": role} for principal in principals]
    held = roles_held("ann", assignments, groups)
    filters = read(case, "filter")
    facts = ScopeFacts(
        active=is_active(person, soft_deleted=bool(case["event"])),
        assigned=bool(held),
        entitled=is_entitled(held, ROLES),
        filters=judge(filters, source_attributes(person, soft_deleted=False)) if filters else None,
        sync_all="sync-all" in words,
    )
    return judge_scope(facts)


def accounts_of(case: dict[str, str]) -> list[dict[str, Any]]:
    if case["accounts"] == "none":
        return []
    if case["accounts"] in ("same", "two"):
        if case["accounts"] == "same":
            return [ACCOUNT]
        return [ACCOUNT, ACCOUNT | {"id": "a2"}]
    account = ACCOUNT | read(case, "accounts")
    return [{name: value for name, value in account.items() if value is not None}]


def person_of(case: dict[str, str]) -> dict[str, Any]:
    return ANN | (read(case, "person") or {})


def run(case: dict[str, str], endpoint: Any, verb: Any = provision) -> tuple[Outcome, Link | None]:
    """The case through `provision` (or `predict`); also the link it started with."""
    settings = settings_of(case)
    person = person_of(case)
    scope = scope_of(case, person)
    source = source_attributes(person, soft_deleted=not scope.in_scope, manager_id=person.get("manager"))
    link = {
        "none": None,
        "yes": Link("ann", "a1"),
        "unmanaged": Link("ann", "a1", managed=False),
        "stale": Link("ann", "gone"),
    }[case["link"]]
    outcome = verb(
        source,
        scope,
        mapping_of(case),
        link,
        endpoint,
        now=NOW,
        actions=settings.get("actions"),
        skip_out_of_scope=settings.get("skip", False),
        peers=settings.get("peers", ()),
        references=settings.get("references"),
        hard_deleted=case["event"] == "hard-deleted",
        soft_deletes=settings.get("soft_deletes", True),
        flag=settings.get("flag", False),
        on_demand=settings.get("on_demand", False),
        facts=TargetFacts(exact=frozenset(settings.get("exact", ())), required=frozenset(settings.get("required", ()))),
    )
    return outcome, link


def written(outcome: Outcome) -> dict[str, Any]:
    return {change.target: change.new for change in (*outcome.decision.changes, *outcome.decision.references)}


def plain(value: Any) -> Any:
    if isinstance(value, str):
        return {"True": True, "False": False}.get(value, value)
    return value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_decides_and_acts_as_documented(case: dict[str, str], memory_endpoint: Any) -> None:
    """The action, the log's words, the requests sent, what they change and the link left are those of the row."""
    settings = settings_of(case)
    endpoint = memory_endpoint(accounts_of(case), settings.get("fault"))
    outcome, _ = run(case, endpoint)

    assert outcome.decision.rule == case["rule"]
    assert outcome.decision.action == case["action"], outcome.decision.reason
    assert f"{outcome.action}/{outcome.result}" == case["log"]
    assert outcome.error_code == case["code"]
    assert " ".join(endpoint.log) == case["requests"]
    assert outcome.requests == len(endpoint.log)
    assert outcome.quarantine is settings.get("quarantine", outcome.quarantine)
    assert outcome.reference_code == settings.get("reference_code", "")
    changes = read(case, "changes") or {}
    seen = {target: plain(value) for target, value in written(outcome).items()}
    if case["action"] == "create":
        assert {target: seen.get(target) for target in changes} == changes
    else:
        assert seen == changes
    if "op" in settings:
        assert endpoint.bodies[-1]["Operations"][0]["op"] == settings["op"]
    if outcome.link is None:
        link_after = "none"
    elif outcome.link.managed:
        link_after = "managed"
    else:
        link_after = "unmanaged"
    assert link_after == (case["link_after"] or link_after)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_forecast_says_the_same_and_writes_nothing(case: dict[str, str], memory_endpoint: Any) -> None:
    """The forecast's decision is that of the row, and only reads were sent."""
    endpoint = memory_endpoint(accounts_of(case), settings_of(case).get("fault"))
    outcome, link = run(case, endpoint, predict)

    assert outcome.decision.action == case["action"]
    assert set(endpoint.log) <= {"find", "read"}
    assert outcome.link == link


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_afterwards_the_target_has_it(case: dict[str, str], memory_endpoint: Any) -> None:
    """What a successful row changes can be read back, and doing it again sends no write."""
    endpoint = memory_endpoint(accounts_of(case), settings_of(case).get("fault"))
    outcome, _ = run(case, endpoint)
    if outcome.result != "Success" or outcome.action == "delete" or outcome.reference_code:
        return
    before = len(endpoint.log)
    account = endpoint.accounts[outcome.target_id]
    for target, value in written(outcome).items():
        stored = endpoint.value_at(account, target)
        if isinstance(value, list):
            assert set(value) <= set(stored)
            continue
        assert plain(stored.get("value") if isinstance(stored, dict) else stored) == plain(value)
    scope = scope_of(case, person_of(case))
    source = source_attributes(person_of(case), soft_deleted=False, manager_id=person_of(case).get("manager"))
    settings = settings_of(case)

    again = provision(
        source,
        scope,
        mapping_of(case),
        outcome.link,
        endpoint,
        now=NOW,
        references=settings.get("references"),
        facts=TargetFacts(exact=frozenset(settings.get("exact", ()))),
    )

    assert again.decision.result == "Skipped", again.decision.reason
    assert set(endpoint.log[before:]) <= {"read"}


def test_every_row_cites_its_fact() -> None:
    """At least sixty rows, each with its own name, line and public page."""
    assert len(CASES) >= 60
    assert len({case["case"] for case in CASES}) == len(CASES)
    assert all(case["line"] for case in CASES)
    assert all(case["fact"] for case in CASES)
    assert all(case["source"] for case in CASES)
