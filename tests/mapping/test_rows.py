"""Rows of a mapping: reading a Graph schema, and the values of a person."""

from __future__ import annotations

import copy
import json
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scimkit.errors import MappingError
from scimkit.mapping import (
    MappingRow,
    ObjectMapping,
    compile_mapping,
    evaluate_rows,
    mapping_of,
    print_expression,
    read_schema,
    redacts,
    rule_id,
    user_mapping,
)
from scimkit.mapping.language.trees import read_tree
from scimkit.mapping.rows import ALL_ACTIONS, read_actions, read_row

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "synchronization-schema.json").read_text(encoding="utf-8"))
ADA = {
    "userPrincipalName": "ada@contoso.example",
    "mail": "ada@contoso.example",
    "givenName": "Ada",
    "surname": "Lovelace",
    "displayName": "Ada Lovelace",
    "IsSoftDeleted": "False",
    "mailNickname": "ada",
    "department": None,
    "telephoneNumber": "",
}


def mapping(*rows: MappingRow) -> ObjectMapping:
    return ObjectMapping("users", "User", "urn:x", True, ALL_ACTIONS, (), rows)


def test_the_default_schema_is_read() -> None:
    """Users and groups are found by name, with their rows, actions and matching attribute."""
    before = copy.deepcopy(SCHEMA)
    groups, users = read_schema(SCHEMA)

    assert (groups.source_object, users.source_object) == ("Group", "User")
    assert user_mapping(SCHEMA) == users
    assert mapping_of(SCHEMA, "group") == groups
    assert users.actions == {"Add", "Update", "Delete"}
    assert users.enabled
    assert users.filters == ()
    assert [row.target for row in users.matching_rows] == ["userName"]

    active = next(row for row in users.rows if row.target == "active")
    assert (active.kind, active.expression) == (
        "Expression",
        'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
    )
    assert rule_id(SCHEMA) == "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8"
    assert SCHEMA == before


def test_a_person_through_the_default_mapping() -> None:
    """Values by target; nulls are left out and listed."""
    values = evaluate_rows(user_mapping(SCHEMA), ADA, creating=True)

    assert values.errors == {}
    assert not values.object_ignored
    assert values.values == {
        "userName": "ada@contoso.example",
        "active": "True",
        "displayName": "Ada Lovelace",
        'emails[type eq "work"].value': "ada@contoso.example",
        "name.givenName": "Ada",
        "name.familyName": "Lovelace",
        "name.formatted": "Ada Lovelace",
        "externalId": "ada",
    }
    assert 'phoneNumbers[type eq "work"].value' in values.empty
    assert "title" in values.empty


def test_booleans_and_their_texts_give_the_same() -> None:
    """IsSoftDeleted may come as text or boolean."""
    for given in (True, "True"):
        assert (
            evaluate_rows(user_mapping(SCHEMA), {**ADA, "IsSoftDeleted": given}, creating=True).values["active"]
            == "False"
        )


def test_defaults_and_create_only_rows() -> None:
    """Default values and ObjectAddOnly rows are for creating only."""
    users = mapping(
        MappingRow("a", "[department]", "Direct", default="none"),
        MappingRow("b", None, "None", default="fixed"),
        MappingRow("c", '"first"', "Constant", apply="ObjectAddOnly"),
        MappingRow("d", "IgnoreFlowIfNullOrEmpty([department])", "Expression", default="unused"),
        MappingRow("e", "Coalesce([department])", "Expression"),
    )
    assert evaluate_rows(users, ADA, creating=True).values == {"a": "none", "b": "fixed", "c": "first"}

    later = evaluate_rows(users, ADA, creating=False)
    assert later.values == {}
    assert later.empty == ("a", "b", "e")


def test_errors_are_collected_per_row() -> None:
    """A broken expression and a failing one are errors of their target; the other rows flow."""
    users = mapping(
        MappingRow("bad", "Jion([mail])", "Expression"),
        MappingRow("bad", "[mail]", "Direct"),
        MappingRow("date", "CDate([mail])", "Expression"),
        MappingRow("ok", "[mail]", "Direct"),
        MappingRow("year", "[born]", "Direct"),
        MappingRow("gone", "IgnoreObjectFlow", "Expression"),
    )
    values = evaluate_rows(users, {**ADA, "born": datetime(2020, 1, 2, tzinfo=UTC)}, creating=False)

    assert values.values == {"bad": "ada@contoso.example", "ok": "ada@contoso.example", "year": "1/2/2020 12:00:00 AM"}
    assert set(values.errors) == {"bad", "date"}
    assert all(isinstance(e, MappingError) for e in values.errors.values())
    assert values.object_ignored


def test_direct_rows_keep_lists_and_booleans() -> None:
    """A Direct row hands the value on as it is, but not an empty list."""
    users = mapping(*(MappingRow(name, f"[{name}]", "Direct") for name in ("l", "t", "b", "n", "none")))
    values = evaluate_rows(users, {"l": ["x"], "t": ("y",), "b": False, "n": 0, "none": []}, creating=True)

    assert values.values == {"l": ["x"], "t": ["y"], "b": False, "n": 0}
    assert values.empty == ("none",)


def test_a_tree_with_an_unknown_parameter_is_not_half_read() -> None:
    """An argument that has no place would be missing without a word."""
    mail = {"type": "Attribute", "name": "mail"}
    with pytest.raises(MappingError, match="Left has an unknown parameter width"):
        read_tree(
            {
                "type": "Function",
                "name": "Left",
                "parameters": [{"key": "string", "value": mail}, {"key": "width", "value": mail}],
            }
        )


def test_trees_give_the_expression_back() -> None:
    """A source without its text is read from its tree, by keys."""
    for each in read_schema(SCHEMA):
        for row in each.rows:
            assert print_expression(read_tree(row.raw["source"])) == row.expression

    raw = copy.deepcopy(SCHEMA)
    for rule in raw["synchronizationRules"]:
        for each in rule["objectMappings"]:
            for row in each["attributeMappings"]:
                del row["source"]["expression"]

    assert [row.expression for row in user_mapping(raw).rows] == [row.expression for row in user_mapping(SCHEMA).rows]


@pytest.mark.parametrize(
    "source", [{"type": "Function"}, {"type": "Function", "name": "Frob"}, {"type": "Strange", "name": "x"}]
)
def test_a_source_that_cannot_be_read_names_its_row(source: Any) -> None:
    with pytest.raises(MappingError, match=r"^title: a source "):
        read_row({"targetAttributeName": "title", "source": source})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Add,Update,Delete", ALL_ACTIONS),
        ("Add, Update", {"Add", "Update"}),
        ("None", set()),
        (None, ALL_ACTIONS),
        (5, {"Add", "Delete"}),
    ],
)
def test_flow_types(text: Any, expected: set[str]) -> None:
    """flowTypes with and without blanks, None, missing and as flags."""
    assert read_actions(text) == expected


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        {"synchronizationRules": {}},
        {"synchronizationRules": [1]},
        {"synchronizationRules": [{"objectMappings": None}]},
        {"synchronizationRules": [{"objectMappings": [{"name": "x"}]}]},
        {"synchronizationRules": [{"objectMappings": [[1]]}]},
        {"synchronizationRules": [{"objectMappings": 5}]},
        {"synchronizationRules": []},
    ],
)
def test_what_is_no_schema_is_refused(broken: Any) -> None:
    """Anything else than a schema raises MappingError with words."""
    with pytest.raises(MappingError) as caught:
        user_mapping(broken)
    assert caught.value.remedy
    with pytest.raises(MappingError):
        rule_id(broken)


def test_redaction_is_known_per_row() -> None:
    """A row that uses Redact is marked, also when it cannot be read."""
    assert redacts(MappingRow("x", 'Join("", redact([ssn]))', "Expression"))
    assert redacts(MappingRow("x", "Redact([ssn]", "Expression"))
    assert not redacts(MappingRow("x", "[redacted]", "Direct"))


def test_streaming_keeps_memory_flat() -> None:
    """Ten times as many people need no more memory."""
    compiled = compile_mapping(user_mapping(SCHEMA))

    def peak(count: int) -> int:
        tracemalloc.start()
        people = ({**ADA, "displayName": f"Person {n}"} for n in range(count))
        assert sum(1 for _, values in compiled.stream(people) if values.values) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(50)
    assert peak(5_000) < peak(500) + 50_000
