"""Every row of tests/data/decisions_groups.csv, through the real functions.

A row is a state of one group and what the service does in it; `line` cites the fact, `source` the public page.
The group is Sales, assigned by an ordinary role, with Ann and Bob in it. In `groups`, "same" is a group of the
target with Sales' values and no members; `written` are the members that provisioning wrote before. "-" as
`members_after` means that there is no such group.
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
    Link,
    Outcome,
    ScopeDecision,
    group_attributes,
    group_scope_facts,
    judge_scope,
)
from scimkit.provisioning.decision import IN_SCOPE, NEVER_LOOKED_AT, OUT_OF_SCOPE
from tests.provisioning.jobs import predict, provision
from tests.provisioning.test_decisions import CASES as PEOPLE

TABLE = Path(__file__).parents[1] / "data" / "decisions_groups.csv"
CASES = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SALES = {
    "id": "sales",
    "displayName": "Sales",
    "description": "Who sells",
    "mailNickname": "sales-alias",
    "securityEnabled": True,
}
FOUND = {"id": "g1", "displayName": "Sales", "externalId": "sales"}
ROWS: dict[str, dict[str, Any]] = {
    "displayName": {"expression": "[displayName]", "matching": 1},
    "externalId": {"expression": "[objectId]"},
    "members": {"expression": "[members]"},
}
ROLES = [{"id": "r-user", "isEnabled": True}]


def read(case: dict[str, str], column: str) -> Any:
    if case[column]:
        return json.loads(case[column])
    return {}


def mapping_of(case: dict[str, str]) -> ObjectMapping:
    """The default rows of a group, some replaced or removed by the case."""
    rows = {target: dict(row) for target, row in ROWS.items()}
    for change in read(case, "rows") or []:
        target = change.pop("target")
        if change.pop("remove", False):
            del rows[target]
        else:
            rows[target] |= change
    made = tuple(
        MappingRow(target, row["expression"], "Direct", row.get("matching", 0), apply=row.get("apply", "Always"))
        for target, row in rows.items()
    )
    enabled = read(case, "settings").get("enabled", True)
    core = "urn:ietf:params:scim:schemas:core:2.0:Group"
    return ObjectMapping("Groups", "Group", core, enabled, frozenset({"Add", "Update", "Delete"}), (), made)


def scope_of(case: dict[str, str]) -> ScopeDecision:
    group = SALES | read(case, "group")
    role = {"unknown": "r-lost"}.get(read(case, "settings").get("role", ""), "r-user")
    principal = {"direct": "sales", "nested": "outer-group-with-sales"}.get(case["scope"])
    if principal:
        assignments = [{"principalId": principal, "appRoleId": role}]
    else:
        assignments = []
    filters = read(case, "filter")
    verdict = None
    if filters:
        verdict = judge(filters, group_attributes(group, members=(), in_scope=True))
    sync_all = case["scope"] == "sync-all"
    return judge_scope(group_scope_facts(group, assignments, ROLES, filters=verdict, sync_all=sync_all))


def groups_of(case: dict[str, str]) -> list[dict[str, Any]]:
    if case["groups"] == "none":
        return []
    if case["groups"] in ("same", "two"):
        if case["groups"] == "same":
            return [FOUND]
        return [FOUND, FOUND | {"id": "g2"}]
    group = FOUND | read(case, "groups")
    return [group | {"members": [{"value": one} for one in group.get("members", [])]}]


def endpoint_of(case: dict[str, str], memory_endpoint: Any) -> Any:
    return memory_endpoint(faults=read(case, "settings").get("fault"), groups=groups_of(case))


def run(case: dict[str, str], endpoint: Any, verb: Any = provision, **more: Any) -> tuple[Outcome, Link | None]:
    """The case through `provision` (or `predict`); also the link it started with."""
    settings = read(case, "settings")
    scope = scope_of(case)
    source = group_attributes(SALES | read(case, "group"), members=case["members"].split(), in_scope=scope.in_scope)
    written = read(case, "written")
    link = {
        "none": None,
        "yes": Link("sales", "g1", True, written),
        "unmanaged": Link("sales", "g1", False, written),
        "stale": Link("sales", "gone", True, written),
    }[case["link"]]
    outcome = verb(
        source,
        scope,
        mapping_of(case),
        more.pop("link", link),
        endpoint,
        now=NOW,
        actions=settings.get("actions"),
        skip_out_of_scope=settings.get("skip", False),
        peers=settings.get("peers", ()),
        references=read(case, "references"),
        hard_deleted=case["event"] == "hard-deleted",
        flag=settings.get("flag", False),
        on_demand=settings.get("on_demand", False),
        only_members=settings.get("only"),
        **more,
    )
    return outcome, link


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_decides_and_acts_as_documented(case: dict[str, str], memory_endpoint: Any) -> None:
    """The action, the log's words, the requests, the members added and removed and the link left are those of the
    row."""
    settings = read(case, "settings")
    endpoint = endpoint_of(case, memory_endpoint)
    outcome, _ = run(case, endpoint, members_per_request=settings.get("at_once", 1))
    decision = outcome.decision

    assert decision.rule == case["rule"]
    assert decision.action == case["action"], decision.reason
    assert f"{outcome.action}/{outcome.result}" == case["log"]
    assert outcome.error_code == case["code"]
    assert " ".join(endpoint.log) == case["requests"]
    assert outcome.requests == len(endpoint.log)
    assert outcome.quarantine is settings.get("quarantine", False)
    assert outcome.reference_code == settings.get("reference_code", "")
    assert " ".join(member.target_id for member in decision.add) == case["added"]
    assert " ".join(member.target_id for member in decision.remove) == case["removed"]
    assert " ".join(decision.left_out) == case["left_out"]
    if case["action"] == "update":
        assert {change.target: change.new for change in decision.changes} == read(case, "changes")
    if "op" in settings:
        operation = endpoint.bodies[-1]["Operations"][-1]
        assert (operation["op"], operation["path"]) == (settings["op"], settings["path"])
    assert "person" not in decision.reason
    assert "account" not in decision.reason
    if outcome.link is None:
        link_after = "none"
    elif outcome.link.managed:
        link_after = "managed"
    else:
        link_after = "unmanaged"
    assert link_after == (case["link_after"] or link_after)
    group = next(iter(endpoint.groups), "")
    assert (" ".join(endpoint.members(group)) if group else "-") == case["members_after"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_forecast_says_the_same_and_writes_nothing(case: dict[str, str], memory_endpoint: Any) -> None:
    """The forecast's decision is that of the row, and only reads were sent."""
    endpoint = endpoint_of(case, memory_endpoint)
    outcome, link = run(case, endpoint, predict)

    assert outcome.decision.action == case["action"]
    assert " ".join(member.target_id for member in outcome.decision.add) == case["added"]
    assert set(endpoint.log) <= {"find", "read"}
    assert outcome.link == link


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_doing_it_again_sends_no_write(case: dict[str, str], memory_endpoint: Any) -> None:
    """After a row that went well there is nothing left to do, members included."""
    endpoint = endpoint_of(case, memory_endpoint)
    outcome, _ = run(case, endpoint)
    if outcome.result != "Success" or outcome.action == "delete" or any(write.code for write in outcome.members):
        return
    before = len(endpoint.log)

    again, _ = run(case, endpoint, link=outcome.link)

    assert again.decision.result == "Skipped", again.decision.reason
    assert set(endpoint.log[before:]) <= {"read"}


def test_every_row_cites_its_fact() -> None:
    """At least forty rows, each with its own name, line and public page."""
    assert len(CASES) >= 40
    assert len({case["case"] for case in CASES}) == len(CASES)
    assert all(case["line"] for case in CASES)
    assert all(case["fact"] for case in CASES)
    assert all(case["source"] for case in CASES)


def test_every_rule_decides_a_row() -> None:
    """Each rule of the service is the one that decides at least one documented case, of a person or of a group."""
    deciding = {case["rule"] for case in (*PEOPLE, *CASES)}

    assert deciding == {rule.name for rule in (*IN_SCOPE, *OUT_OF_SCOPE)} | {NEVER_LOOKED_AT}


def test_every_rule_names_its_source() -> None:
    """Each rule is called as its function is, and names the page that says so."""
    for rule in (*IN_SCOPE, *OUT_OF_SCOPE):
        assert rule.name == rule.decide.__name__
        assert rule.source
