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
    forecast,
    judge_scope,
    provision,
    read_target,
    source_attributes,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User"
SOFT_DELETED = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
FACTS = TargetFacts(exact=frozenset({"title", f"{ENTERPRISE}:department"}))

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
        SOFT_DELETED,
    ]
)
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
        'roles[primary eq "True"].value',
        'roles[primary eq "True"].display',
        f"{ENTERPRISE}:department",
        f"{ENTERPRISE}:employeeNumber",
        f"{CUSTOM}:colour",
        "photos",
    ]
)
flow_types = st.sampled_from(["Always", "Always", "ObjectAddOnly", "AttributeAddOnly", "MultiValueAddOnly"])


@st.composite
def mappings(draw: Any) -> ObjectMapping:
    """A mapping with userName to match by, perhaps `active` and a manager, and some rows of any kind."""
    chosen = draw(st.lists(targets, max_size=8, unique=True))
    made = [MappingRow("userName", "[userPrincipalName]", "Direct", matching=1)]
    if draw(st.booleans()):
        made.append(MappingRow("active", SOFT_DELETED, "Expression"))
    if draw(st.booleans()):
        made.append(MappingRow(f"{ENTERPRISE}:manager", "[manager]", "Direct"))
    for target in chosen:
        default = draw(st.sampled_from([None, "default"]))
        made.append(MappingRow(target, draw(sources), "Expression", default=default, apply=draw(flow_types)))
    actions = draw(st.sampled_from([("Add", "Update", "Delete"), ("Add", "Update"), ("Add", "Delete"), ("Update",)]))
    return ObjectMapping("Users", "User", ENTERPRISE, True, frozenset(actions), (), tuple(made))


@st.composite
def accounts(draw: Any) -> list[dict[str, Any]]:
    """Nobody, somebody else, or an account that may be Ann's, more or less filled in."""
    filled = st.fixed_dictionaries(
        {"userName": names},
        optional={
            "active": st.sampled_from([True, False, "True", "False"]),
            "displayName": texts,
            "title": texts,
            "name": st.dictionaries(st.sampled_from(["givenName", "familyName", "formatted"]), texts, max_size=3),
            "emails": st.lists(
                st.fixed_dictionaries({"type": st.sampled_from(["work", "home"]), "value": st.text(max_size=3)}),
                max_size=2,
                unique_by=lambda one: one["type"],
            ),
            "photos": st.lists(st.text(min_size=1, max_size=2), max_size=2),
            ENTERPRISE: st.fixed_dictionaries({}, optional={"department": texts, "manager": st.just({"value": "m0"})}),
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
    assigned=st.booleans(),
    linked=st.booleans(),
    flag=st.booleans(),
    manager=st.sampled_from([None, "boss", "stranger"]),
    skip=st.booleans(),
    soft_deletes=st.booleans(),
)
def test_the_second_time_there_is_nothing_to_do(
    memory_endpoint: Any,
    person: dict[str, Any],
    mapping: ObjectMapping,
    existing: list[dict[str, Any]],
    assigned: bool,
    linked: bool,
    flag: bool,
    manager: str | None,
    skip: bool,
    soft_deletes: bool,
) -> None:
    """A second run sends no write, and the forecast before the first one named just what the first one did."""
    endpoint = memory_endpoint(existing)
    scope = judge_scope(ScopeFacts(active=person["accountEnabled"], assigned=assigned))
    source = source_attributes(person, soft_deleted=not scope.in_scope, manager_id=manager)
    link = Link("p", existing[0]["id"]) if existing and linked else None
    common: dict[str, Any] = {
        "now": NOW,
        "references": {"boss": "m1"},
        "flag": flag,
        "facts": FACTS,
        "skip_out_of_scope": skip,
        "soft_deletes": soft_deletes,
    }
    foretold = forecast(source, scope, mapping, link, endpoint, **common)
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

    facts = replace(FACTS, exact=frozenset(values))
    created = memory_endpoint()
    account = created.create("Users", create_body(values))
    assert {target: read_target(account, target) for target in values} == values
    patched = memory_endpoint([{"id": "a"}])
    patched.patch("Users", "a", patch_body(differences(values, {"id": "a"}, facts=facts), flag))
    assert {target: read_target(patched.accounts["a"], target) or "" for target in values} == values
