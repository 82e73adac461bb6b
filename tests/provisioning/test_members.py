"""The members of a group: who is written, how many at once, and what is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimkit.errors import Rejected
from scimkit.mapping.rows import MappingRow, ObjectMapping
from scimkit.provisioning import (
    Link,
    Outcome,
    ScopeFacts,
    TargetFacts,
    group_attributes,
    judge_scope,
    kinds,
    members,
)
from scimkit.provisioning import decision as deciding
from scimkit.provisioning import desired as wanted
from tests.provisioning.jobs import predict, provision

CORE = "urn:ietf:params:scim:schemas:core:2.0:Group"
ALL = frozenset({"Add", "Update", "Delete"})
ROWS = (
    MappingRow("displayName", "[displayName]", "Direct", matching=1),
    MappingRow("externalId", "[objectId]", "Direct"),
    MappingRow("members", "[members]", "Direct"),
)
GROUPS = ObjectMapping("Groups", "Group", CORE, True, ALL, (), ROWS)
IN = judge_scope(ScopeFacts(active=True, assigned=True, kind=kinds.GROUP))
OUT = judge_scope(ScopeFacts(active=True, assigned=False, kind=kinds.GROUP))
PEOPLE = {name: name[0] + "1" for name in ("ann", "bob", "cem", "dan")}


def run(
    endpoint: Any, wanted: list[str], link: Link | None, *, references: Mapping[str, str] = PEOPLE, **more: Any
) -> Outcome:
    scope = more.pop("scope", IN)
    group = {"id": "sales", "displayName": "Sales"}
    source = group_attributes(group, members=wanted, in_scope=scope.in_scope)
    return more.pop("verb", provision)(
        source, scope, more.pop("mapping", GROUPS), link, endpoint, references=references, **more
    )


def sales(*ids: str) -> dict[str, Any]:
    return {"id": "g1", "displayName": "Sales", "externalId": "sales", "members": [{"value": one} for one in ids]}


def picky(endpoint: Any, *refused: str) -> Any:
    """The endpoint refuses every request that names one of these ids."""
    plain = endpoint.patch

    def patch(resource_type: str, id: str, body: Mapping[str, Any]) -> Any:
        if any(one in str(body) for one in refused):
            raise Rejected("no such user", status=400)
        return plain(resource_type, id, body)

    endpoint.patch = patch
    return endpoint


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_one_refused_member_does_not_lose_the_others(memory_endpoint: Any, at_once: int) -> None:
    """However many travel together, only the refused one is missing, and it is tried again the next time."""
    endpoint = picky(memory_endpoint(groups=[sales()]), "b1")
    outcome = run(endpoint, list(PEOPLE), Link("sales", "g1"), members_per_request=at_once)

    assert endpoint.members("g1") == ["a1", "c1", "d1"]
    assert (outcome.result, outcome.error_code) == ("Success", "")
    assert outcome.reference_code == "SystemForCrossDomainIdentityManagementBadRequest"
    assert [write.member.source_id for write in outcome.members if write.code] == ["bob"]
    assert outcome.link
    assert set(outcome.link.members) == {"ann", "cem", "dan"}

    again = run(endpoint, list(PEOPLE), outcome.link)
    assert [member.source_id for member in again.decision.add] == ["bob"]


def test_steps_and_properties_show_members(memory_endpoint: Any) -> None:
    """Steps speak of a Group; every member written is a changed property, refused ones are not."""
    endpoint = picky(memory_endpoint(groups=[sales("d1")]), "b1")
    outcome = run(endpoint, ["ann", "bob", "zoe"], Link("sales", "g1", True, {"dan": "d1"}))

    assert outcome.modified == [
        {"displayName": "members", "oldValue": None, "newValue": "a1"},
        {"displayName": "members", "oldValue": "d1", "newValue": None},
    ]

    told = [(step.type, step.status) for step in outcome.steps]
    assert told[-3:] == [("referenceResolution", status) for status in ("success", "failure", "warning")]

    left_out = outcome.steps[-1]
    assert left_out.details == {"ErrorCode": "UnableToResolveReferenceAttributeValue", "Member": "zoe"}
    assert left_out.description == "We were unable to assign zoe as the members of Sales."
    assert all("Group" in step.description for step in outcome.steps[:-1])
    assert all("User" not in step.description for step in outcome.steps[:-1])


def test_a_forecast_shows_the_members_to_come(memory_endpoint: Any) -> None:
    """Before acting the properties are those that would change."""
    outcome = run(memory_endpoint(groups=[sales()]), ["ann"], None, verb=predict)
    assert outcome.decision.action == "update"
    assert outcome.modified == [{"displayName": "members", "oldValue": None, "newValue": "a1"}]


def test_a_refused_creation_writes_no_members(memory_endpoint: Any) -> None:
    """Without a group there is nobody to add, and nothing is said to have changed among the members."""
    outcome = run(memory_endpoint(faults={"create": 409}), ["ann"], None)
    assert (outcome.error_code, outcome.link, outcome.members) == ("EntryConflict", None, ())
    assert not any(change["displayName"] == "members" for change in outcome.modified)


def test_memberships_can_wait(memory_endpoint: Any) -> None:
    """A cycle first makes all groups, then writes who is in them."""
    endpoint = memory_endpoint()
    first = run(endpoint, ["ann", "zoe"], None, memberships=False)

    assert (endpoint.log, first.reference_code) == (["find", "create"], "")

    second = run(endpoint, ["ann", "zoe"], first.link)
    assert endpoint.members(second.target_id) == ["a1"]
    assert (second.decision.action, second.decision.changes) == ("update", ())


def test_members_required_by_the_schema_do_not_hinder_the_creation(memory_endpoint: Any) -> None:
    """They follow the creation, so they cannot be missing from it."""
    facts = TargetFacts(types={"members": "Reference"}, required=frozenset({"members", "displayName"}))
    assert run(memory_endpoint(), ["ann"], None, facts=facts).result == "Success"


def test_a_deleted_group_is_forgotten(memory_endpoint: Any) -> None:
    """After the unassignment it is matched or made anew, and its members are written anew."""
    endpoint = memory_endpoint(groups=[sales("a1")])
    gone = run(endpoint, ["ann"], Link("sales", "g1", True, {"ann": "a1"}), scope=OUT)

    assert (gone.action, gone.link, endpoint.groups) == ("delete", None, {})

    back = run(endpoint, ["ann"], gone.link)
    assert back.action == "create"
    assert endpoint.members(back.target_id) == ["a1"]


def test_the_unconfirmed_rules_can_be_turned(memory_endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is one constant, and its other value is what the name says."""
    monkeypatch.setattr(deciding, "UNASSIGNED_GROUP_IS_DELETED", False)
    stays = run(memory_endpoint(groups=[sales()]), [], Link("sales", "g1"), scope=OUT)

    assert (stays.decision.action, stays.link) == ("nothing", Link("sales", "g1", managed=False))

    monkeypatch.undo()
    monkeypatch.setattr(deciding, "SKIP_SETTING_COVERS_GROUPS", False)

    assert (
        run(memory_endpoint(groups=[sales()]), [], Link("sales", "g1"), scope=OUT, skip_out_of_scope=True).action
        == "delete"
    )

    monkeypatch.setattr(members, "TAKEN_OVER_MEMBERS_STAY", False)
    endpoint = memory_endpoint(groups=[sales("a1", "x9")])
    endpoint.find = lambda *_: [sales("a1", "x9")]  # a target that shows members although they are excluded

    outcome = run(endpoint, ["ann", "bob"], None)

    assert endpoint.members("g1") == ["a1", "b1"]
    assert outcome.link
    assert outcome.link.members == {"ann": "a1", "bob": "b1"}


def test_a_removed_manager_is_sent_only_by_the_constant(memory_endpoint: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent as things stand; else one Replace with empty text, and not at a creation."""
    manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
    rows = (
        MappingRow("userName", "[userPrincipalName]", "Direct", matching=1),
        MappingRow(manager, "[manager]", "Direct"),
    )
    mapping = ObjectMapping("Users", "User", manager.removesuffix(":manager"), True, ALL, (), rows)
    account = {"id": "a1", "userName": "ann", manager.removesuffix(":manager"): {"manager": {"value": "m1"}}}

    person, scope = {"objectId": "ann", "userPrincipalName": "ann"}, judge_scope(ScopeFacts(True, True))

    assert provision(person, scope, mapping, Link("ann", "a1"), memory_endpoint([account])).decision.action == "nothing"

    monkeypatch.setattr(wanted, "REMOVED_MANAGER_IS_SENT", True)
    endpoint = memory_endpoint([account])

    provision(person, scope, mapping, Link("ann", "a1"), endpoint)

    assert endpoint.bodies[0]["Operations"] == [{"op": "Replace", "path": manager, "value": ""}]

    fresh = memory_endpoint()
    provision(person, scope, mapping, None, fresh)

    assert fresh.log == ["find", "create"]


ids = st.lists(st.sampled_from(["ann", "bob", "cem", "dan", "eve", "inner"]), unique=True, max_size=6)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=ids,
    linked=ids,
    written=ids,
    strangers=st.lists(st.sampled_from(["x8", "x9"]), unique=True),
    exists=st.booleans(),
    has_link=st.booleans(),
    name=st.sampled_from(["Sales", "SALES", "Vendors"]),
    external=st.sampled_from(["sales", "Sales", "old", "", None]),
    in_scope=st.booleans(),
    flag=st.booleans(),
    at_once=st.integers(1, 4),
    apply=st.sampled_from(["Always", "Always", "MultiValueAddOnly", "ObjectAddOnly"]),
    only=st.one_of(st.none(), st.frozensets(st.sampled_from(["ann", "bob", "eve"]))),
    actions=st.sampled_from([("Add", "Update", "Delete"), ("Add", "Update"), ("Update", "Delete")]),
)
def test_the_second_time_there_is_nothing_to_do(memory_endpoint: Any, **drawn: Any) -> None:
    """Random groups, members and target states, in both dialects: a second run sends no write, strangers among
    the members stay, nobody is doubled, and the forecast named just what the first run did."""
    has_link = drawn["exists"] and drawn["has_link"]
    if has_link:
        written = {one: f"t-{one}" for one in drawn["written"]}
    else:
        written = {}
    there = [*written.values(), *drawn["strangers"]]
    if drawn["exists"]:
        found = [sales(*there) | {"displayName": drawn["name"], "externalId": drawn["external"]}]
    else:
        found = []
    endpoint = memory_endpoint(groups=found)
    mapping = ObjectMapping(
        "Groups",
        "Group",
        CORE,
        True,
        frozenset(drawn["actions"]),
        (),
        (*ROWS[:2], MappingRow("members", "[members]", "Direct", apply=drawn["apply"])),
    )
    common: dict[str, Any] = {
        "references": {one: f"t-{one}" for one in drawn["linked"]},
        "scope": IN if drawn["in_scope"] else OUT,
        "mapping": mapping,
        "flag": drawn["flag"],
        "only_members": drawn["only"],
    }
    link = None
    if has_link:
        link = Link("sales", "g1", True, written)

    foretold = run(endpoint, drawn["wanted"], link, verb=predict, **common)

    assert set(endpoint.log) <= {"find", "read"}

    first = run(endpoint, drawn["wanted"], link, members_per_request=drawn["at_once"], **common)
    assert first.decision == foretold.decision
    assert first.result != "Failure"

    sent = len(endpoint.log)
    second = run(endpoint, drawn["wanted"], first.link, **common)

    assert second.decision.result == "Skipped", (first.decision, second.decision)
    assert not set(endpoint.log[sent:]) & {"create", "patch", "delete"}

    if first.link is None or not drawn["in_scope"]:
        return
    now = endpoint.members(first.target_id)

    assert len(now) == len(set(now))

    if drawn["exists"] and first.decision.action != "create":
        assert set(drawn["strangers"]) <= set(now)
    assert set(first.link.members.values()) <= set(now)

    writable = first.decision.action == "create" or "Update" in drawn["actions"]
    if writable and drawn["apply"] == "Always" and drawn["only"] is None:
        resolvable = {f"t-{one}" for one in drawn["wanted"] if one in drawn["linked"]}
        kept = {written[one] for one in written if one in drawn["wanted"]}
        assert set(first.link.members.values()) == resolvable | kept
