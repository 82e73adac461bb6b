"""Scope: the record a run writes, in both vocabularies."""

from __future__ import annotations

import itertools
import json

import pytest

from scimkit.mapping import judge
from scimkit.provisioning import ScopeFacts, group_scope_facts, judge_scope

MARKETING = [
    {
        "name": "Marketing department filter",
        "clauses": [
            {"operatorName": "EQUALS", "sourceOperandName": "department", "targetOperand": {"values": ["Marketing"]}},
            {"operatorName": "IS NOT NULL", "sourceOperandName": "mail", "targetOperand": {"values": []}},
        ],
    }
]


def test_details_use_the_words_of_the_log() -> None:
    """Field names and texts of the provisioning log's sample."""
    assert judge_scope(ScopeFacts(active=True, assigned=False, entitled=False)).details == {
        "Active in the source system": "True",
        "Assigned to the application": "False",
        "User has the required role": "False",
        "Scoping filter evaluation passed": "True",
        "ScopeEvaluationResult": "{}",
    }


def test_named_details_use_the_words_of_on_demand_answers() -> None:
    """The other documented vocabulary, and each clause's result as title.attribute operator 'value'."""
    verdict = judge(MARKETING, {"department": "Marketing"})
    details = judge_scope(ScopeFacts(active=True, assigned=True, filters=verdict)).named_details

    assert list(details) == [
        "IsActive",
        "Assigned",
        "IsEffectivelyEntitledForProvisioning",
        "IsInProvisioningScopeDisplayName",
        "ScopeEvaluationResult",
    ]
    assert json.loads(details["ScopeEvaluationResult"]) == {
        "Marketing department filter.department EQUALS 'Marketing'": True,
        "Marketing department filter.mail IS NOT NULL": False,
    }


@pytest.mark.parametrize(
    ("active", "assigned", "entitled", "sync_all"), list(itertools.product([True, False], repeat=4))
)
def test_the_formula(active: bool, assigned: bool, entitled: bool, sync_all: bool) -> None:
    """In scope is active, and either everybody is or the person is assigned by a role that counts."""
    facts = ScopeFacts(active, assigned, entitled, None, sync_all)
    decision = judge_scope(facts)

    expected = active and (sync_all or (assigned and entitled))

    assert decision.in_scope == expected
    assert decision.reasons


def test_every_reason_is_told() -> None:
    """Blocked, unassigned and filtered: three sentences."""
    verdict = judge(MARKETING, {"department": "Sales"})
    assert len(judge_scope(ScopeFacts(active=False, assigned=False, filters=verdict)).reasons) == 3


@pytest.mark.parametrize(
    ("group", "principal", "settings", "reasons"),
    [
        ({}, "g", {}, ("in scope: assigned to the application",)),
        ({}, "outer", {}, ("not assigned to the application",)),
        ({}, "", {"sync_all": True}, ("in scope: every group is",)),
        ({"securityEnabled": False}, "g", {}, ("not security enabled, so it cannot be provisioned",)),
        ({}, "g", {"soft_deleted": True}, ("not active in Entra: deleted",)),
    ],
)
def test_scope_of_a_group(
    group: dict[str, object], principal: str, settings: dict[str, bool], reasons: tuple[str, ...]
) -> None:
    """Assigned itself and security enabled; the reasons speak of groups, not of signing in."""
    described = {"id": "g", "securityEnabled": True} | group
    assignments = [{"principalId": principal, "appRoleId": "r"}]

    facts = group_scope_facts(described, assignments, [{"id": "r", "isEnabled": True}], **settings)

    assert judge_scope(facts).reasons == reasons
