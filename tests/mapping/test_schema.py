"""Writing a schema back: member for member what it was, but for what was meant to change."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimkit.errors import MappingError
from scimkit.mapping import Clause, MappingRow, ScopingFilter, mapping_of, read_schema
from scimkit.mapping.definitions import undefined_names, used_extensions
from scimkit.mapping.schema import (
    canonical,
    keyed_rows,
    meaning,
    merge_mapping,
    saved_sources,
    write_actions,
    write_schema,
    write_scope,
)

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "synchronization-schema.json").read_text(encoding="utf-8")
)
PILOT = {
    "categoryFilterGroups": [],
    "inputFilterGroups": [],
    "groups": [
        {
            "name": "Pilot: sales in US",
            "note": "unknown to us",
            "clauses": [
                {
                    "operatorName": "equals",
                    "sourceOperandName": "department",
                    "targetOperand": {"values": ["Sales"]},
                    "weight": 1.5,
                },
                {"operatorName": "IS NOT NULL", "sourceOperandName": "employeeId", "targetOperand": {"values": []}},
            ],
        }
    ],
}
TREE = {
    "expression": "ToLower([mail])",
    "name": "ToLower",
    "type": "Function",
    "parameters": [
        {"key": "source", "value": {"expression": "[mail]", "name": "mail", "type": "Attribute", "parameters": []}}
    ],
}


def text(value: Any) -> str:
    """JSON with its order: equal texts have equal members in the same order."""
    return json.dumps(value, ensure_ascii=False)


def tables(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object of a schema, at every level."""
    items: Iterable[Any] = ()
    if isinstance(value, dict):
        yield value
        items = value.values()
    elif isinstance(value, list):
        items = value
    for item in items:
        yield from tables(item)


def with_filters() -> dict[str, Any]:
    schema = copy.deepcopy(SCHEMA)
    user_raw(schema)["scope"] = copy.deepcopy(PILOT)
    return schema


def user_raw(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["synchronizationRules"][0]["objectMappings"][1]
    return found


def change_row(schema: dict[str, Any], target: str, **members: Any) -> tuple[Any, ...]:
    """The objects of a schema with one user row changed."""

    def changed(row: MappingRow) -> MappingRow:
        if row.target == target:
            return replace(row, **members)
        return row

    groups, users = read_schema(schema)
    return groups, replace(users, rows=tuple(changed(row) for row in users.rows))


def test_the_documented_sample_comes_back() -> None:
    """Read into rows and written again the sample is the same text, and was not touched."""
    before = text(SCHEMA)
    assert text(write_schema(SCHEMA, read_schema(SCHEMA))) == before == text(SCHEMA)


def test_unknown_members_at_every_level_come_back() -> None:
    """A member nobody knows, planted into every object of the schema, is kept in its place."""
    schema = with_filters()
    for number, table in enumerate(list(tables(schema))):
        items = [*table.items()]
        items.insert(number % (len(items) + 1), (f"unknown{number}", {"n": number, "null": None, "list": [1.0, True]}))
        table.clear()
        table.update(items)
    assert text(write_schema(schema, read_schema(schema))) == text(schema)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32),
    st.dictionaries(st.text(min_size=1, max_size=6).map(lambda name: f"x-{name}"), JSON, max_size=4),
)
def test_any_order_and_any_members_come_back(seed: int, extra: dict[str, Any]) -> None:
    """Whatever else Graph puts into a schema, in whatever order, with null or nothing: it is written back as it was."""
    schema, dice = with_filters(), Random(seed)
    for table in list(tables(schema)):
        if dice.random() < 0.1:
            items = [*table.items(), *dice.sample([*extra.items()], min(len(extra), 2))]
            dice.shuffle(items)
            table.clear()
            table.update(items)
        for optional in ("defaultValue", "flowBehavior", "flowType", "matchingPriority"):
            if optional in table and "targetAttributeName" in table and dice.random() < 0.05:
                del table[optional]

    made = write_schema(schema, read_schema(schema))

    assert text(made) == text(schema)
    assert read_schema(made) == read_schema(schema)


@pytest.mark.parametrize(
    ("members", "written"),
    [
        ({"default": "nobody"}, {"defaultValue": "nobody"}),
        ({"default": ""}, {"defaultValue": ""}),
        ({"matching": 2}, {"matchingPriority": 2}),
        ({"apply": "ObjectAddOnly"}, {"flowType": "ObjectAddOnly"}),
        ({"behaviour": "FlowAlways"}, {"flowBehavior": "FlowAlways"}),
        ({"expression": "ToLower([mail])", "kind": "Expression"}, {"source": TREE}),
        ({"expression": None, "kind": "None"}, {"source": None}),
        ({"expression": "  [jobTitle] "}, {}),
    ],
)
def test_changing_a_row_changes_its_members_alone(members: dict[str, Any], written: dict[str, Any]) -> None:
    """One member of one row is written; the rest of the schema keeps its text."""
    made = write_schema(SCHEMA, change_row(SCHEMA, "title", **members), sources={"ToLower([mail])": TREE})
    wanted = copy.deepcopy(SCHEMA)

    for row in user_raw(wanted)["attributeMappings"]:
        if row["targetAttributeName"] == "title":
            row.update(written)

    assert text(made) == text(wanted)


def test_objects_are_written_as_they_are_switched() -> None:
    """On and off, actions and filters; metadata and names stay."""
    schema = with_filters()
    groups, users = read_schema(schema)
    made = write_schema(
        schema, (replace(groups, enabled=False), replace(users, actions=frozenset({"Add", "Update"}), filters=()))
    )
    wanted = copy.deepcopy(schema)
    wanted["synchronizationRules"][0]["objectMappings"][0]["enabled"] = False

    user_raw(wanted).update(flowTypes="Add,Update", scope=None)

    assert text(made) == text(wanted)


@pytest.mark.parametrize(
    ("actions", "like", "words"),
    [
        ({"Add", "Delete"}, "Add,Update,Delete", "Add,Delete"),
        ({"Add", "Delete"}, "Add, Update", "Add, Delete"),
        (set(), None, "None"),
    ],
)
def test_actions_as_text(actions: set[str], like: Any, words: str) -> None:
    """flowTypes in Graph's order, with the blanks it had before."""
    assert write_actions(frozenset(actions), like=like) == words


def test_filters_keep_what_was_not_changed() -> None:
    """A clause that is there keeps its members, a new one is made as documented; experimental groups stay."""
    [pilot] = mapping_of(with_filters(), "User").filters
    made = write_scope(
        {**PILOT, "inputFilterGroups": [{"x": 1}]},
        (
            replace(pilot, clauses=(*pilot.clauses, Clause("city", "IS NULL"))),
            ScopingFilter("More", (Clause("city", "EQUALS", "Bonn", ("Köln",)),)),
        ),
    )
    assert made is not None

    first, second = made["groups"]

    assert text(first["clauses"][:2]) == text(PILOT["groups"][0]["clauses"])
    assert first["note"] == "unknown to us"
    assert first["clauses"][2] == {
        "operatorName": "IS NULL",
        "sourceOperandName": "city",
        "targetOperand": {"values": []},
    }
    assert second == {
        "name": "More",
        "clauses": [
            {"operatorName": "EQUALS", "sourceOperandName": "city", "targetOperand": {"values": ["Bonn", "Köln"]}}
        ],
    }
    assert made["inputFilterGroups"] == [{"x": 1}]
    assert write_scope(PILOT, ()) is None
    assert write_scope(None, ()) is None
    assert (write_scope({"inputFilterGroups": [{"x": 1}]}, ()) or {})["inputFilterGroups"] == [{"x": 1}]


def test_rows_are_added_and_removed_by_their_target() -> None:
    """A new row has Graph's own members; one from an earlier schema has the ones it had there."""
    groups, users = read_schema(SCHEMA)
    fresh = MappingRow("nickName", "ToLower([mail])", "Expression", default="x")
    title = replace(keyed_rows(users.rows)["title", 0], raw={})
    without = copy.deepcopy(SCHEMA)
    user_raw(without)["attributeMappings"] = [
        row for row in user_raw(without)["attributeMappings"] if row["targetAttributeName"] != "title"
    ]
    saved = copy.deepcopy(SCHEMA)
    next(row for row in user_raw(saved)["attributeMappings"] if row["targetAttributeName"] == "title")["unknown"] = [1]
    wanted = replace(users, rows=(*(row for row in users.rows if row.target not in ("title", "active")), title, fresh))
    merged = merge_mapping(without, (groups, wanted), saved=saved)
    with pytest.raises(MappingError, match="no source tree for title"):
        write_schema(
            without, merged, sources={"ToLower([mail])": TREE}
        )  # what a file beside brings along is not taken unseen
    made = write_schema(without, merged, sources=saved_sources(saved) | {"ToLower([mail])": TREE})

    rows = {row["targetAttributeName"]: row for row in user_raw(made)["attributeMappings"]}

    assert "active" not in rows
    assert rows["title"]["unknown"] == [1]
    assert rows["nickName"] == {
        "defaultValue": "x",
        "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged",
        "flowType": "Always",
        "matchingPriority": 0,
        "targetAttributeName": "nickName",
        "source": TREE,
    }
    assert read_schema(made)[0] == groups


def test_a_target_twice_is_two_rows() -> None:
    """Nobody removes a second row of a target, so it is kept and told apart."""
    schema = copy.deepcopy(SCHEMA)
    rows = user_raw(schema)["attributeMappings"]
    rows.append(copy.deepcopy(rows[2]) | {"flowType": "ObjectAddOnly"})

    objects = merge_mapping(schema, read_schema(schema))

    assert text(write_schema(schema, objects)) == text(schema)
    assert len(keyed_rows(objects[1].rows)) == len(rows)


def test_a_tree_must_say_what_its_text_says() -> None:
    """A saved tree stands in for an expression only where it says the same: a review has seen the text alone."""
    schema = copy.deepcopy(SCHEMA)
    active = next(row for row in user_raw(schema)["attributeMappings"] if row["targetAttributeName"] == "active")

    key = meaning(active["source"]["expression"])

    assert saved_sources(schema)[key] == active["source"]

    active["source"]["parameters"][0]["value"]["name"] = "accountEnabled"
    assert key not in saved_sources(schema)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('switch([a],,"x","y")', 'Switch([a], , "x", "y")', True),
        ("Mid([a], 1, 8)", 'Mid([a], "1", "8")', True),
        ("Jion([a]) ", " Jion([a])", True),
        ("[a]", '"a"', False),
        ("[a]", "[A]", False),
        (None, '""', False),
        ('IIF([a]=1,"x","y")', 'IIF([a] = "1", "x", "y")', True),
    ],
)
def test_expressions_that_mean_the_same(one: str | None, other: str, same: bool) -> None:
    """Blanks, spelling of functions and quotes around numbers make no difference; names and kinds do."""
    assert (meaning(one) == meaning(other)) is same


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda s: s.pop("synchronizationRules"), "synchronizationRules is missing"),
        (lambda s: s["synchronizationRules"].append(5), r"synchronizationRules\[1\] is a number"),
        (lambda s: s["synchronizationRules"][0].update(objectMappings=None), r"objectMappings is missing"),
        (
            lambda s: user_raw(s).pop("attributeMappings"),
            "attributeMappings of 'Provision Azure Active Directory Users' is missing",
        ),
        (
            lambda s: user_raw(s)["attributeMappings"][0].update(targetAttributeName=5),
            "targetAttributeName is a number",
        ),
        (lambda s: user_raw(s)["attributeMappings"][0].update(source="x"), "the source of userName is a text"),
        (
            lambda s: user_raw(s)["attributeMappings"][0]["source"].update(type=5),
            "the type of the source of userName is a number",
        ),
        (lambda s: s.update(directories=5), "directories is a number"),
        (lambda s: s["directories"][0].update(objects="x"), "objects of .* is a text"),
        (lambda s: s["directories"][0]["objects"][0].update(attributes=True), "attributes of .* is true or false"),
        (lambda s: user_raw(s).update(flowTypes="Ad"), "flowTypes contains ad"),
    ],
)
def test_what_is_no_schema_is_named(damage: Any, words: str) -> None:
    """The member at fault is in the sentence, and nothing was changed."""
    schema = copy.deepcopy(SCHEMA)
    damage(schema)
    before = text(schema)

    with pytest.raises(MappingError, match=words) as caught:
        write_schema(schema, read_schema(SCHEMA))
        read_schema(schema)

    assert caught.value.remedy
    assert text(schema) == before


def test_what_does_not_belong_together_is_refused() -> None:
    """Objects of another schema, an object the schema does not have, an expression without a tree."""
    groups, users = read_schema(SCHEMA)
    with pytest.raises(MappingError, match="do not belong to this schema"):
        write_schema(SCHEMA, (users, groups))
    with pytest.raises(MappingError, match="no mapping of Device to urn:x; it has Group"):
        merge_mapping(SCHEMA, (replace(users, source_object="Device", target_object="urn:x"),))

    with pytest.raises(MappingError, match="no source tree for title") as caught:
        write_schema(SCHEMA, change_row(SCHEMA, "title", expression="ToUpper([mail])"))

    assert caught.value.position == 0


def test_names_the_directories_do_not_have() -> None:
    """New targets and new source attributes must be defined; what is in use today is not asked about."""
    there = read_schema(SCHEMA)
    groups, users = there
    wanted = replace(
        users,
        rows=(
            *users.rows,
            MappingRow("titel", "ToLower([department])", "Expression"),
            MappingRow("x", "[departmnt]", "Direct"),
        ),
        filters=(ScopingFilter("f", (Clause("Department", "IS NULL"),)),),
    )

    found = list(undefined_names(SCHEMA, there, (groups, wanted)))

    assert [message for message, _ in found] == [
        "the app has no attribute titel in this tenant",
        "the app has no attribute x in this tenant",
        "User has no source attribute Department in this tenant",
        "User has no source attribute departmnt in this tenant",
    ]
    assert "Did you mean title?" in found[0][1]
    assert "Did you mean department?" in found[3][1]
    assert list(undefined_names(SCHEMA, there, there)) == []

    with pytest.raises(MappingError, match="does not describe"):
        list(undefined_names({**SCHEMA, "directories": []}, there, (groups, wanted)))


def test_extensions_that_graph_must_be_asked_for() -> None:
    """Those of rows and filters alike, once each; not one that the schema does not define, where it defines any."""
    users = mapping_of(SCHEMA, "User")
    wanted = replace(
        users,
        rows=(MappingRow("title", 'Coalesce([extension_1_a], [extension_1_b], "x")', "Expression"),),
        filters=(ScopingFilter("f", (Clause("extension_1_b", "IS NULL"),)),),
    )

    assert used_extensions(wanted) == () == used_extensions(users)
    assert used_extensions(replace(wanted, source_definition={"attributes": [{"name": "extension_1_b"}]})) == (
        "extension_1_b",
    )
    assert used_extensions(replace(wanted, source_definition={})) == ("extension_1_a", "extension_1_b")


def test_canonical_text_of_what_cannot_be_read() -> None:
    """A broken expression stays as it stands, so that it can be kept and shown."""
    assert canonical(" Jion([a] ") == "Jion([a]"
