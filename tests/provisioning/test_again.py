"""After acting, deciding again gives "nothing to do": random people, mappings and target states."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimkit.mapping.rows import MappingRow, ObjectMapping
from scimkit.provisioning import (
    Link,
    ScopeFacts,
    TargetFacts,
    differences,
    judge_scope,
    read_target,
    source_attributes,
)
from tests.provisioning.jobs import predict, provision

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User"
SOFT_DELETED = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
FACTS = TargetFacts(
    types={f"{CUSTOM}:level": "Integer", f"{CUSTOM}:lead": "Boolean"},
    exact=frozenset({"title", f"{ENTERPRISE}:department"}),
    required=frozenset({"displayName"}),
)

texts = st.one_of(
    st.none(),
    st.sampled_from(["", " ", "a", "A", "true", "False", "İ", "ß", "SS", "山", "O'Neil", 'q"\\', "0", "{}"]),
    st.text(max_size=6),
)
names = st.sampled_from(["ann@x.example", "ANN@x.example", "bob@x.example", "c_y.example#EXT#@x.example"])
people = st.fixed_dictionaries(
    {"id": st.just("p"), "userPrincipalName": names, "accountEnabled": st.booleans()},
    optional={
        "displayName": texts,
        "givenName": texts,
        "surname": texts,
        "mail": texts,
        "jobTitle": texts,
        "department": texts,
        "employeeId": texts,
        "mailNickname": texts,
        "businessPhones": st.lists(st.text(max_size=4), max_size=3),
        "otherMails": st.lists(st.text(min_size=1, max_size=4), max_size=3),
    },
)
sources = st.sampled_from(
    [
        "[displayName]",
        "[givenName]",
        "[mail]",
        "[jobTitle]",
        "[department]",
        "[employeeId]",
        "[telephoneNumber]",
        "[otherMails]",
        'Join(" ", [givenName], [surname])',
        "ToUpper([department])",
        '"constant"',
        "IgnoreFlowIfNullOrEmpty([jobTitle])",
        'Switch([department], , "a", "A-team")',
        "Not([accountEnabled])",
        '"7"',
        "SingleAppRoleAssignment([appRoleAssignments])",
        SOFT_DELETED,
    ]
)
role_lists = st.sampled_from(["AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"])
targets = st.sampled_from(
    [
        "displayName",
        "title",
        "nickName",
        "name.givenName",
        "name.familyName",
        "name.formatted",
        "externalId",
        'emails[type eq "work"].value',
        'emails[type eq "home"].value',
        'addresses[type eq "work"].locality',
        'addresses[type eq "work"].country',
        'phoneNumbers[type eq "mobile"].value',
        'addresses[primary eq "True"].country',
        'roles[primary eq "True"].value',
        'roles[primary eq "True"].display',
        f"{ENTERPRISE}:department",
        f"{ENTERPRISE}:employeeNumber",
        f"{CUSTOM}:colour",
        f"{CUSTOM}:level",
        f"{CUSTOM}:lead",
        f"{CORE}:profileUrl",
        "LOCALE",
        "photos",
    ]
)
flow_types = st.sampled_from(["Always", "Always", "ObjectAddOnly", "AttributeAddOnly", "MultiValueAddOnly"])
second_keys = st.sampled_from([None, "externalId", 'emails[type eq "work"].value', f"{ENTERPRISE}:employeeNumber"])


@st.composite
def mappings(draw: Any) -> ObjectMapping:
    """A mapping with userName to match by, perhaps another matching row, `active`, a manager and a list of roles, and
    some rows of any kind."""
    chosen = draw(st.lists(targets, max_size=8, unique=True))
    also = draw(second_keys)
    made = [MappingRow("userName", "[userPrincipalName]", "Direct", matching=2)]
    if draw(st.booleans()):
        made.append(MappingRow("active", SOFT_DELETED, "Expression"))
    if draw(st.booleans()):
        made.append(MappingRow(f"{ENTERPRISE}:manager", "[manager]", "Direct"))
    if not any(target.startswith("roles") for target in chosen) and draw(st.booleans()):
        made.append(
            MappingRow("roles", f"{draw(role_lists)}([appRoleAssignments])", "Expression", apply=draw(flow_types))
        )
    for target in dict.fromkeys((*chosen, *([also] if also else ()))):
        default, matching = draw(st.sampled_from([None, "default"])), int(target == also)
        if not matching and draw(st.integers(0, 5)) == 0:
            made.append(MappingRow(target, None, "None", default=default, apply=draw(flow_types)))
            continue
        made.append(MappingRow(target, draw(sources), "Expression", matching, default, draw(flow_types)))
    actions = draw(st.sampled_from([("Add", "Update", "Delete"), ("Add", "Update"), ("Add", "Delete"), ("Update",)]))
    return ObjectMapping("Users", "User", ENTERPRISE, True, frozenset(actions), (), tuple(made))


def elements(types: list[str], *subs: str) -> Any:
    """Elements of a list, no two of one type, in any order and with whatever they have beside."""
    element = st.fixed_dictionaries({"type": st.sampled_from(types)}, optional=dict.fromkeys(subs, texts))
    return st.lists(element, max_size=3, unique_by=lambda one: str(one["type"]).lower())


@st.composite
def accounts(draw: Any) -> list[dict[str, Any]]:
    """Nobody, somebody else, or an account that may be Ann's, more or less filled in."""
    filled = st.fixed_dictionaries(
        {"userName": names},
        optional={
            "active": st.sampled_from([True, False, "True", "False"]),
            "displayName": texts,
            "title": texts,
            "externalId": texts,
            "locale": texts,
            "name": st.dictionaries(st.sampled_from(["givenName", "familyName", "formatted"]), texts, max_size=3),
            "emails": elements(["work", "Work", "home", "other"], "value", "display"),
            "addresses": elements(["work", "WORK", "home"], "locality", "country", "region"),
            "phoneNumbers": elements(["mobile", "fax"], "value"),
            "roles": st.lists(
                st.fixed_dictionaries(
                    {"value": st.sampled_from(["User", "admin", "Guest"])}, optional={"primary": st.booleans()}
                ),
                max_size=2,
            ),
            "photos": st.lists(st.text(min_size=1, max_size=2), max_size=2),
            ENTERPRISE: st.fixed_dictionaries(
                {}, optional={"department": texts, "employeeNumber": texts, "manager": st.just({"value": "m0"})}
            ),
            CUSTOM: st.fixed_dictionaries(
                {}, optional={"colour": texts, "level": st.integers(6, 8), "lead": st.booleans()}
            ),
        },
    )
    chosen = draw(st.lists(filled, max_size=2, unique_by=lambda one: str(one["userName"]).lower()))
    return [account | {"id": f"a{number}"} for number, account in enumerate(chosen)]


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    person=people,
    mapping=mappings(),
    existing=accounts(),
    drawn=st.fixed_dictionaries(
        {
            "roles": st.lists(st.sampled_from(["User", "Admin", "Reader"]), unique=True),
            "assigned": st.booleans(),
            "sync_all": st.booleans(),
            "hard_deleted": st.sampled_from([False, False, False, True]),
            "linked": st.sampled_from(["", "managed", "managed", "unmanaged", "stale"]),
            "taken": st.sampled_from([False, False, False, True]),
            "flag": st.booleans(),
            "on_demand": st.booleans(),
            "manager": st.sampled_from([None, "boss", "stranger"]),
            "skip": st.booleans(),
            "soft_deletes": st.booleans(),
        }
    ),
)
def test_the_second_time_there_is_nothing_to_do(
    memory_endpoint: Any,
    person: dict[str, Any],
    mapping: ObjectMapping,
    *,
    existing: list[dict[str, Any]],
    drawn: dict[str, Any],
) -> None:
    """A second run sends no write, and the forecast before the first one named just what the first one did."""
    endpoint = memory_endpoint(existing)
    scope = judge_scope(
        ScopeFacts(active=person["accountEnabled"], assigned=drawn["assigned"], sync_all=drawn["sync_all"])
    )
    source = source_attributes(
        person, soft_deleted=not scope.in_scope, manager_id=drawn["manager"], app_roles=drawn["roles"]
    )
    linked, target_id = drawn["linked"], "gone"
    if not (linked == "stale" or not existing):
        target_id = existing[0]["id"]
    link = None
    if linked:
        link = Link("p", target_id, linked != "unmanaged")
    common: dict[str, Any] = {
        "now": NOW,
        "references": {"boss": "m1"},
        "flag": drawn["flag"],
        "on_demand": drawn["on_demand"],
        "hard_deleted": drawn["hard_deleted"],
        "peers": [person["userPrincipalName"].upper()] if drawn["taken"] else [],
        "facts": FACTS,
        "skip_out_of_scope": drawn["skip"],
        "soft_deletes": drawn["soft_deletes"],
    }

    foretold = predict(source, scope, mapping, link, endpoint, **common)

    assert set(endpoint.log) <= {"find", "read"}

    first = provision(source, scope, mapping, link, endpoint, **common)
    assert first.decision == foretold.decision

    sent = len(endpoint.log)
    second = provision(source, scope, mapping, first.link, endpoint, **common)

    if first.result == "Failure":
        assert second.decision == first.decision or first.error is not None
        return

    assert second.decision.result == "Skipped", (first.decision, second.decision)
    assert not set(endpoint.log[sent:]) & {"create", "patch", "delete"}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.dictionaries(targets.filter(lambda target: target != "photos"), st.text(max_size=5), max_size=6),
    flag=st.booleans(),
)
def test_what_is_written_is_read_back(memory_endpoint: Any, values: dict[str, str], flag: bool) -> None:
    """Values created, and values patched onto an empty account, are the values read."""
    from scimkit.provisioning import create_body, patch_body
    from scimkit.provisioning.dialect import dialect_of

    facts = replace(FACTS, types={}, exact=frozenset(values))
    created = memory_endpoint()
    account = created.create("Users", create_body(values))
    assert {target: read_target(account, target) for target in values} == values
    patched = memory_endpoint([{"id": "a"}])
    patched.patch("Users", "a", patch_body(differences(values, {"id": "a"}, facts=facts), dialect_of(flag)))
    assert {target: read_target(patched.accounts["a"], target) or "" for target in values} == values
