"""The pure decision and the differences, where a table row would say less."""

from __future__ import annotations

from typing import Any

import pytest

from scimkit.mapping.rows import MappingRow, ObjectMapping
from scimkit.provisioning import (
    Change,
    Desired,
    Link,
    MatchKey,
    Observed,
    Policy,
    ScopeFacts,
    TargetFacts,
    act,
    decide,
    differences,
    judge_scope,
)
from scimkit.provisioning.differences import Differences
from tests.provisioning.jobs import provision

IN = judge_scope(ScopeFacts(active=True, assigned=True))
OUT = judge_scope(ScopeFacts(active=True, assigned=False))
KEYS = (MatchKey("userName", "ann"),)
LINK = Link("ann", "a1")


def users(*rows: MappingRow, actions: tuple[str, ...] = ("Add", "Update", "Delete")) -> ObjectMapping:
    made = (MappingRow("userName", "[userPrincipalName]", "Direct", matching=1), *rows)
    return ObjectMapping("Users", "User", "", True, frozenset(actions), (), made)


@pytest.mark.parametrize(
    ("value", "old", "flow_type", "change"),
    [
        ("new", "old", "Always", Change("title", "old", "new")),
        ("new", "old", "ObjectAddOnly", None),
        ("new", None, "ObjectAddOnly", None),
        ("new", "old", "AttributeAddOnly", None),
        ("new", None, "AttributeAddOnly", Change("title", None, "new")),
        ("", None, "Always", None),
        ("", "old", "Always", Change("title", "old", "")),
        (None, "old", "Always", None),
    ],
)
def test_differences_of_one_value(value: Any, old: Any, flow_type: str, change: Change | None) -> None:
    """Flow types, null and empty text: what is exported of one row."""
    found = differences({"title": value}, {"title": old}, flow_types={"title": flow_type})
    assert found == ((change,) if change else ())


def test_lists_are_compared_without_order() -> None:
    """The same elements in another order are no difference; adding sends only the new ones."""
    account = {"photos": ["a", "b"]}
    assert differences({"photos": ["b", "a"]}, account) == ()
    assert differences({"photos": ["c"]}, account) == (Change("photos", ["a", "b"], ["c"]),)

    adding = differences({"photos": ["b", "c"]}, account, flow_types={"photos": "MultiValueAddOnly"})
    assert adding == (Change("photos", ["a", "b"], ["c"], adds=True),)


@pytest.mark.parametrize(
    ("there", "changes"), [("a", 0), ({"value": "a"}, 0), (["A"], 0), (True, 1), (5, 1), ("", 1), (None, 1)]
)
def test_a_list_is_compared_with_whatever_the_target_shows(there: object, changes: int) -> None:
    """Some answer one value where a list belongs; none of it ends the run."""
    assert len(differences({"photos": ["a"]}, {"photos": there})) == changes


def test_roles_sent_as_text_are_recognised() -> None:
    """A role kept as JSON inside text is the role it names; others are added, the assertive list replaces."""
    account = {"roles": [{"value": '{"id":"1","value":"25","displayName":"Role"}'}]}
    assert differences({"roles": [{"displayName": "Role", "value": "25"}]}, account) == ()

    (added,) = differences({"roles": [{"displayName": "Other", "value": "26"}]}, account)
    assert added.adds
    assert added.new == [{"displayName": "Other", "value": "26"}]

    (replaced,) = differences({"roles": [{"display": "Other", "value": "26"}]}, account)
    assert not replaced.adds


def test_a_broken_expression_fails_the_person() -> None:
    """With the target and the fault in words; a create-only row matters on create only."""
    desired = Desired(KEYS, errors={"title": "no such function"})
    created = decide(desired, IN, None, Observed())

    assert (created.action, created.result, created.log_action) == ("refuse", "Failure", "create")
    assert "title" in created.reason
    assert "no such function" in created.reason

    on_create_only = Differences({"title": "ObjectAddOnly"})
    assert decide(desired, IN, LINK, Observed({"id": "a1"}), differences=on_create_only).result == "Skipped"


def test_a_broken_expression_elsewhere_does_not_keep_an_account_alive() -> None:
    """Disabling needs only the rows that use IsSoftDeleted."""
    broken = {"title": "no such function"}
    desired = Desired(KEYS, leaving={"active": False}, leaving_rows=("active",), errors=broken)

    account = {"id": "a1", "active": True}

    assert decide(desired, OUT, LINK, Observed(account)).action == "disable"

    itself = Desired(KEYS, leaving_rows=("active",), errors={"active": "odd"})
    assert decide(itself, OUT, LINK, Observed(account)).result == "Failure"


def test_a_match_without_an_id_is_refused() -> None:
    """No link could be stored."""
    decision = decide(Desired(KEYS), IN, None, Observed({"userName": "ann"}, 1))
    assert decision.code == "SystemForCrossDomainIdentityManagementServiceIncompatible"


def test_deleting_instead_of_disabling_needs_the_delete_action() -> None:
    """For an app that knows no disabled accounts."""
    policy = Policy(frozenset({"Add", "Update"}), soft_deletes=False)
    assert decide(Desired(KEYS), OUT, LINK, Observed({"id": "a1"}), policy=policy).action == "nothing"


def test_a_linked_account_gone_when_leaving() -> None:
    """The stale link is reported as a failed disable."""
    decision = decide(Desired(KEYS), OUT, LINK, Observed())
    assert (decision.code, decision.log_action) == ("InvalidAnchor", "disable")


def test_the_reason_names_what_differs() -> None:
    """A reader of the forecast sees which attributes will change."""
    desired = Desired(KEYS, update={"title": "b", "nickName": "c"})
    decision = decide(desired, IN, LINK, Observed({"id": "a1", "title": "a", "nickName": "c"}))
    assert decision.reason.endswith("different: title")


@pytest.mark.parametrize("resource", [None, {"id": "a1", "title": "x"}, {"id": "a1", "title": "Boss"}])
def test_the_reason_names_who_is_left_out(resource: dict[str, Any] | None) -> None:
    """A manager without a linked account, whatever else is done."""
    manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
    desired = Desired(KEYS, create={"title": "Boss"}, update={"title": "Boss"}, unresolved=(manager,))

    told = decide(desired, IN, LINK if resource else None, Observed(resource))

    assert told.reason.endswith("; left out: manager, who has no linked account in scope")


def test_ignore_object_flow_leaves_the_person_alone(memory_endpoint: Any) -> None:
    """The word IgnoreObjectFlow stops processing before the target is asked."""
    endpoint = memory_endpoint()
    row = MappingRow("nickName", 'IIF([department]="x", IgnoreObjectFlow, "y")', "Expression")

    outcome = provision({"userPrincipalName": "ann", "department": "x"}, IN, users(row), None, endpoint)

    assert (outcome.decision.action, endpoint.log) == ("nothing", [])


def test_a_failed_first_update_leaves_the_link(memory_endpoint: Any) -> None:
    """The match was found, so the next cycle goes on from it."""
    endpoint = memory_endpoint([{"id": "a1", "userName": "ann", "title": "a"}], {"patch": 500})
    source = {"objectId": "p", "userPrincipalName": "ann", "jobTitle": "b"}

    outcome = provision(source, IN, users(MappingRow("title", "[jobTitle]", "Direct")), None, endpoint)

    assert (outcome.result, outcome.error_code) == ("Failure", "InternalServerError")
    assert outcome.link == Link("p", "a1")


def test_what_is_no_api_error_goes_through(memory_endpoint: Any) -> None:
    """A defect must not be recorded as an answer of the target."""
    endpoint = memory_endpoint()
    endpoint.create = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        provision({"userPrincipalName": "ann"}, IN, users(), None, endpoint)


def test_a_target_the_connector_cannot_name_fails_the_person(memory_endpoint: Any) -> None:
    """A mapping row whose target has no known form is told in words, and does not stop the others' run."""
    mapping = users(MappingRow("a b", "[mail]", "Direct"))
    outcome = provision({"userPrincipalName": "ann", "mail": "x"}, IN, mapping, None, memory_endpoint())

    assert outcome.result == "Failure"
    assert "'a b' is not a target attribute" in outcome.error_text


def test_acting_on_nothing_sends_nothing(memory_endpoint: Any) -> None:
    """Nothing and refusals send no request and keep the link."""
    endpoint = memory_endpoint()
    for decision in (
        decide(Desired(), IN, LINK, Observed()),
        decide(Desired(KEYS), IN, LINK, Observed()),
    ):
        assert act(decision, endpoint, source_id="ann", link=LINK).link == LINK
    assert endpoint.log == []


def test_required_values_of_the_schema(memory_endpoint: Any) -> None:
    """Only mapped targets can be asked for; empty text counts as missing."""
    facts = TargetFacts(required=frozenset({"title", "unmapped"}))
    mapping = users(MappingRow("title", 'Join("", [jobTitle])', "Expression"))

    outcome = provision({"userPrincipalName": "ann"}, IN, mapping, None, memory_endpoint(), facts=facts)

    assert outcome.error_code == "MandatoryFieldsMissing"
    assert "unmapped" not in outcome.error_text
