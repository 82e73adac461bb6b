"""The messages against the published ones.

tests/data/scim-exchanges.json holds requests and answers printed on Microsoft's pages ("Tutorial: Develop and plan
provisioning for a SCIM endpoint", "Known issues ... SCIM 2.0 protocol compliance", "Customize attribute mappings") and
seen in traffic; each entry's note names its page.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from scimkit.errors import MappingError
from scimkit.provisioning import (
    Change,
    TargetFacts,
    create_body,
    dialect,
    match_filter,
    patch_body,
    read_target,
    reference_query,
)
from scimkit.provisioning.dialect import (
    COMPLIANT,
    DEFAULT,
    add_members,
    dialect_of,
    manager_body,
    patch_value,
    plain_value,
    remove_members,
)
from scimkit.provisioning.targets import parse_target, read_target_facts, takes_several

DATA = Path(__file__).parents[1] / "data"
SAMPLES = {sample["id"]: sample for sample in json.loads((DATA / "scim-exchanges.json").read_text(encoding="utf-8"))}
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
WORK_MAIL = 'emails[type eq "work"].value'
MAILS = ["a@x.example", "b@x.example"]
WITHOUT_A_MESSAGE_OF_OURS = {
    "scim-p02": "a plain GET of one user: what counts is the answer, which is read below",
    "scim-p16": "discovery, which the provisioning service does not ask of a custom app; compatibility checks read it",
}


def body_of(sample: str) -> Any:
    return SAMPLES[sample]["request"]["body"]


def without_nulls(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def test_create_as_in_the_tutorial() -> None:
    """A new user, with the empty roles of the sample."""
    values = {
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Test_User_00aa00aa-bb11-cc22-dd33-44ee44ee44ee",
        "active": "True",
        WORK_MAIL: "Test_User_11bb11bb-cc22-dd33-ee44-55ff55ff55ff@testuser.com",
        "name.formatted": "givenName familyName",
        "name.familyName": "familyName",
        "name.givenName": "givenName",
    }
    assert create_body(values, empty_roles=True) == body_of("scim-p01")


def test_create_leaves_nulls_out() -> None:
    """The old sample with explicit nulls, but for the nulls: null never flows."""
    values = {
        "externalId": "jyoung",
        "userName": "jyoung@testuser.com",
        "active": True,
        "displayName": "Joy Young",
        WORK_MAIL: "jyoung@Contoso.com",
        "name.familyName": "Young",
        "name.givenName": "Joy",
        "title": None,
    }
    assert create_body(values) == without_nulls(body_of("scim-p07"))


def test_create_with_a_primary_role() -> None:
    """A path with a boolean filter makes one element whose `primary` is a JSON boolean."""
    values = {
        "externalId": "alias",
        "userName": "alias@contoso.OnMicrosoft.com",
        "active": True,
        "displayName": "First Name Last Name",
        'roles[primary eq "True"].value': "Admin",
        'roles[primary eq "True"].type': "WindowsAzureActiveDirectoryRole",
    }
    assert create_body(values, enterprise=False) == body_of("scim-p12")


@pytest.mark.parametrize(
    ("sample", "changes"),
    [
        (
            "scim-p06",
            [(WORK_MAIL, "old", "updatedEmail@microsoft.com"), ("name.familyName", "old", "updatedFamilyName")],
        ),
        ("scim-p08", [("nickName", None, "Babs")]),
        ("scim-p08", [("nickName", "", "Babs")]),
        ("scim-p09", [("nickName", None, "Babs")]),
        (
            "scim-p10",
            [
                ("displayName", "old", "Pvlo"),
                (WORK_MAIL, "old", "TestBcwqnm@test.microsoft.com"),
                ("name.givenName", "old", "Gtfd"),
                ("name.familyName", "old", "Pkqf"),
                ("externalId", "old", "Eqpj"),
                (f"{ENTERPRISE}:employeeNumber", "old", "Eqpj"),
            ],
        ),
        (
            "scim-p11",
            [
                ("displayName", "old", "Bjfe"),
                (WORK_MAIL, "old", "TestMhvaes@test.microsoft.com"),
                ("name.givenName", "old", "Kkom"),
                ("name.familyName", "old", "Unua"),
                (f"{ENTERPRISE}:employeeNumber", "old", "Aklq"),
            ],
        ),
        (
            "scim-p13",
            [
                (
                    "roles",
                    None,
                    [{"id": "06b07648-ecfe-589f-9d2f-6325724a46ee", "value": "25", "displayName": "Role1234"}],
                )
            ],
        ),
        (
            "scim-p14",
            [
                ('addresses[type eq "work"].streetAddress', None, "Street"),
                ('addresses[type eq "work"].locality', None, "Locality"),
                ('addresses[type eq "work"].country', None, "Country"),
            ],
        ),
        ("scim-p15", [(f"{ENTERPRISE}:manager", None, "2c2f6fb8-254f-492e-b7fe-c09c5a61c8a2")]),
    ],
)
def test_patch_as_published(sample: str, changes: list[tuple[str, Any, Any]]) -> None:
    """The dialect the sample is in, word for word."""
    flag = SAMPLES[sample]["flag"] is not None
    assert patch_body([Change(*change) for change in changes], dialect_of(flag)) == body_of(sample)


@pytest.mark.parametrize("sample", ["scim-p03", "scim-p04", "scim-p05"])
def test_filter_as_published(sample: str) -> None:
    """The matching query's filter before encoding."""
    text = SAMPLES[sample]["request"]["filter"]
    assert match_filter("userName", text.removeprefix('userName eq "').removesuffix('"')) == text


def test_a_user_as_answered_is_read() -> None:
    """The plain answer to a GET, not wrapped in a list: every mapped value is found in it."""
    answer = SAMPLES["scim-p02"]["response"]["body"]

    assert read_target(answer, WORK_MAIL) == answer["emails"][0]["value"]
    assert read_target(answer, "name.familyName") == "familyName"
    assert read_target(answer, "active") is True


def test_typed_additions_end_as_one_element(memory_endpoint: Any) -> None:
    """Several typed additions make one address at an endpoint that follows the RFC."""
    endpoint = memory_endpoint([{"id": "1"}])
    endpoint.patch("Users", "1", body_of("scim-p14"))
    assert endpoint.accounts["1"] == {"id": "1"} | SAMPLES["scim-p14"]["after"]


@pytest.mark.parametrize(
    ("flag", "operation"),
    [
        (False, {"op": "Replace", "path": "active", "value": "False"}),
        (True, {"op": "replace", "path": "active", "value": False}),
    ],
)
def test_disable_in_both_dialects(flag: bool, operation: dict[str, Any]) -> None:
    """A boolean as text by default, a JSON boolean with the flag; both with the path."""
    assert patch_body([Change("active", True, "False")], dialect_of(flag))["Operations"] == [operation]


def test_manager_is_a_bare_id_in_both_dialects() -> None:
    """Never an object, whatever the flag."""
    for flag in (False, True):
        (operation,) = manager_body("m1", dialect_of(flag), present=True)["Operations"]
        assert (operation["op"].lower(), operation["value"]) == ("replace", "m1")


def test_role_list_with_the_flag_has_the_form_of_post() -> None:
    """No JSON inside text; the assertive function replaces, in lower case, in both dialects."""
    complex_roles = [Change("roles", None, [{"displayName": "A", "value": "a", "primary": False}])]
    assert patch_body(complex_roles, COMPLIANT)["Operations"][0]["value"] == complex_roles[0].new

    assertive = patch_body([Change("roles", [{"value": "b"}], [{"display": "A", "value": "a", "primary": False}])])
    assert assertive["Operations"][0]["op"] == "replace"
    assert assertive["Operations"][0]["value"] == [{"display": "A", "value": "a", "primary": False}]


def test_roles_inside_text_hold_what_the_samples_show() -> None:
    """`id`, `value`, `displayName` in this order; a row that may only add never replaces the list."""
    role = {"primary": False, "displayName": "A", "value": "a", "id": "1"}
    (added,) = patch_body([Change("roles", None, [role])])["Operations"]

    assert added["value"] == [{"value": '{"id":"1","value":"a","displayName":"A"}'}]

    assertive = [{"primary": False, "display": "A", "value": "a"}]
    for flag, value in ((False, [{"value": '{"value":"a","display":"A"}'}]), (True, assertive)):
        (one,) = patch_body([Change("roles", [{"value": "b"}], assertive, adds=True)], dialect_of(flag))["Operations"]
        assert (one["op"].lower(), one["value"]) == ("add", value)


def test_what_becomes_of_external_id_with_the_flag_is_one_constant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Merged as the rest, or an operation of its own."""
    changes = [Change(target, "old", "new") for target in ("displayName", "externalId", "title")]
    assert len(patch_body(changes, COMPLIANT)["Operations"]) == 1

    monkeypatch.setattr(dialect, "FLAG_MERGES_EXTERNAL_ID", False)
    alone, merged = patch_body(changes, COMPLIANT)["Operations"]

    assert alone == {"op": "replace", "path": "externalId", "value": "new"}
    assert merged["value"].keys() == {
        "displayName",
        "title",
    }


@pytest.mark.parametrize(
    ("flag", "operations"),
    [
        (
            False,
            [
                {"op": "Replace", "path": "displayName", "value": "New"},
                {"op": "Replace", "path": "externalId", "value": "g2"},
            ],
        ),
        (True, [{"op": "replace", "value": {"displayName": "New", "externalId": "g2"}}]),
    ],
)
def test_changing_a_group_in_both_dialects(flag: bool, operations: list[dict[str, Any]]) -> None:
    """As for people: an operation each, or one without a path; a single change keeps its path."""
    changes = [Change("displayName", "Old", "New"), Change("externalId", "g1", "g2")]
    assert patch_body(changes, dialect_of(flag))["Operations"] == operations
    assert patch_body(changes[:1], dialect_of(flag))["Operations"] == [
        {"op": operations[0]["op"], "path": "displayName", "value": "New"}
    ]


def test_several_members_travel_in_one_operation_or_one_each() -> None:
    """Added in one list in both dialects; removed in one list, or with the flag by one path each, quotes escaped."""
    for flag in (False, True):
        (added,) = add_members(["u1", "u2"], dialect_of(flag))["Operations"]
        assert (added["op"].lower(), [one["value"] for one in added["value"]]) == ("add", ["u1", "u2"])
    (removed,) = remove_members(["u1", "u2"])["Operations"]

    assert [one["value"] for one in removed["value"]] == ["u1", "u2"]
    assert [one["path"] for one in remove_members(["u1", 'u"2'], COMPLIANT)["Operations"]] == [
        'members[value eq "u1"]',
        'members[value eq "u\\"2"]',
    ]


@pytest.mark.parametrize("attribute", ["members", "manager"])
def test_a_reference_is_asked_for_with_and_and_eq(attribute: str) -> None:
    """Only the id comes back; values are quoted and escaped."""
    query = reference_query("g1", attribute, 'u"1')
    assert query == {"filter": f'id eq "g1" and {attribute} eq "u\\"1"', "attributes": "id"}


def test_group_members_in_both_dialects() -> None:
    """Only the named member is removed: by a value list, or by a path with the flag."""
    assert add_members(["u1"])["Operations"] == [
        {"op": "Add", "path": "members", "value": [{"$ref": None, "value": "u1"}]}
    ]
    assert remove_members(["u1"])["Operations"] == [
        {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "u1"}]}
    ]
    assert remove_members(["u1"], COMPLIANT)["Operations"] == [{"op": "remove", "path": 'members[value eq "u1"]'}]


def test_a_group_is_created_without_members() -> None:
    """Members always follow by PATCH; Microsoft's second schema is listed."""
    assert create_body({"displayName": "Sales", "externalId": "g", "members": ["u1"]}, "Groups") == {
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:Group",
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "displayName": "Sales",
        "externalId": "g",
        "meta": {"resourceType": "Group"},
    }


def test_extension_values_stand_under_their_urn() -> None:
    """Enterprise and custom attributes go into an object per URN; only the enterprise URN is listed."""
    custom = "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User"
    body = create_body({"userName": "a", f"{ENTERPRISE}:department": "Sales", f"{custom}:costCenter": 7})

    assert body[ENTERPRISE] == {"department": "Sales"}
    assert body[custom] == {"costCenter": "7"}
    assert custom not in body["schemas"]


def test_types_of_the_schema_decide() -> None:
    """Integers stay numbers and booleans become booleans where the schema says so."""
    path = "urn:ietf:params:scim:schemas:extension:Contoso:2.0:User:level"

    assert create_body({path: "7"}, facts=TargetFacts({path: "Integer"}))[path.rpartition(":")[0]] == {"level": 7}
    assert patch_value(path, "True", COMPLIANT, TargetFacts({path: "Boolean"})) is True
    assert patch_value(path, True, DEFAULT, TargetFacts({path: "Boolean"})) == "True"


@pytest.mark.parametrize("manager", ["m1", {"value": "m1", "displayName": "Boss"}, [{"value": "m1", "$ref": None}]])
def test_a_manager_is_read_in_each_shape(manager: Any) -> None:
    """Bare, object or list: the id is what counts."""
    assert read_target({ENTERPRISE: {"manager": manager}}, f"{ENTERPRISE}:manager") == "m1"


@pytest.mark.parametrize(
    ("resource", "path", "value"),
    [
        ({"USERNAME": "a"}, "userName", "a"),
        ({"emails": [{"type": "Work", "value": "a"}]}, WORK_MAIL, "a"),
        ({"emails": [{"type": "home", "value": "a"}]}, WORK_MAIL, None),
        ({"emails": None}, WORK_MAIL, None),
        ({"emails": "odd"}, WORK_MAIL, None),
        ({"name": "odd"}, "name.givenName", None),
        ({"roles": [{"primary": True, "value": "x"}]}, 'roles[primary eq "True"].value', "x"),
        ({"emails": []}, "emails", None),
        ({"userName": "a"}, "urn:ietf:params:scim:schemas:core:2.0:User:userName", "a"),
        ({ENTERPRISE.lower(): {"department": "d"}}, f"{ENTERPRISE}:department", "d"),
    ],
)
def test_reading_is_patient(resource: dict[str, Any], path: str, value: Any) -> None:
    """Names in any case, missing or odd parts: a value or None, never an error."""
    assert read_target(resource, path) == value


@pytest.mark.parametrize(
    "path", ["", "a b", "emails[type].value", 'emails[type eq "work" and primary eq "True"].value', "a.b.c"]
)
def test_other_paths_are_refused_with_words(path: str) -> None:
    """A path no connector writes is a mapping error naming it."""
    with pytest.raises(MappingError, match="not a target attribute") as caught:
        parse_target(path)
    assert caught.value.remedy


def test_target_facts_come_from_the_schema() -> None:
    """Types, exactness, need and multiplicity by attribute name; nothing for an unknown object."""
    attributes = [
        {"name": "userName", "type": "String", "required": True, "caseExact": True},
        {"name": "tags", "type": "String", "multivalued": True},
    ]
    facts = read_target_facts({"directories": [{"objects": [{"name": "U", "attributes": attributes}]}]}, "U")

    assert (facts.exact, facts.required) == (frozenset({"userName"}), frozenset({"userName"}))
    assert takes_several("tags", facts)
    assert not takes_several("userName", facts)
    assert read_target_facts({}, "U").types == {}


def test_every_sample_is_compared_or_excused() -> None:
    """No sample lies unused: a test above names it, or it is said why no message of ours can be compared with it."""
    tests = Path(__file__).read_text(encoding="utf-8").partition("def body_of")[2]
    named = set(re.findall(r'"(scim-p\d+)"', tests))
    assert SAMPLES.keys() == named | WITHOUT_A_MESSAGE_OF_OURS.keys()


@pytest.mark.parametrize(
    ("values", "attribute", "made"),
    [
        ({"emails": MAILS, 'emails[type eq "other"].value': "o"}, "emails", [*MAILS, {"type": "other", "value": "o"}]),
        ({"emails": "a", 'emails[type eq "other"].value': "o"}, "emails", [{"type": "other", "value": "o"}]),
        (
            {"name": "Ann Lee", "name.givenName": "Ann", "name.familyName": "Lee"},
            "name",
            {"givenName": "Ann", "familyName": "Lee"},
        ),
    ],
)
def test_a_row_for_the_whole_and_one_for_a_part(values: dict[str, Any], attribute: str, made: Any) -> None:
    """Such a mapping is odd, but no reason to break off; the person's own list is left alone."""
    assert create_body(values)[attribute] == made
    assert MAILS == ["a@x.example", "b@x.example"]


@pytest.mark.parametrize(
    ("value", "sent"), [("7", 7), ("-7", -7), ("--7", "--7"), ("9" * 30, "9" * 30), ("x", "x"), (7, 7)]
)
def test_an_integer_is_sent_as_one_where_it_is_one(value: Any, sent: Any) -> None:
    assert plain_value("level", value, TargetFacts(types={"level": "Integer"})) == sent


@pytest.mark.parametrize("flag", [False, True])
def test_roles_that_are_texts_are_sent_as_they_are(flag: bool) -> None:
    """Only role objects have a form of their own; a text may hold the name of one of their members."""
    body = patch_body([Change("roles", None, ["Provider id", "Learner"], adds=True)], dialect_of(flag))
    assert body["Operations"] == [
        {"op": "add" if flag else "Add", "path": "roles", "value": ["Provider id", "Learner"]}
    ]


@pytest.mark.parametrize(
    "directories",
    [
        None,
        5,
        [True],
        [{"objects": "x"}],
        [{"objects": ["x"]}],
        [{"objects": [{"name": "U", "attributes": [[1], {"type": "Boolean"}, {"name": 5}]}]}],
    ],
)
def test_target_facts_of_an_odd_schema_are_none(directories: Any) -> None:
    assert read_target_facts({"directories": directories}, "U") == TargetFacts()
