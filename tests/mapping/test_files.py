"""A mapping as a TOML file: readable, stable, and read with errors that name their place."""

from __future__ import annotations

import copy
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimkit.errors import MappingError
from scimkit.mapping import Clause, ExpressionError, MappingRow, ObjectMapping, ScopingFilter, parse, read_schema
from scimkit.mapping.files import WIDTH, print_mapping, read_mapping_text, wrapped
from scimkit.mapping.rows import ALL_ACTIONS
from scimkit.mapping.schema import APPLY, BEHAVIOUR, canonical

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "synchronization-schema.json").read_text(encoding="utf-8")
)
ABOUT = {"tenant": "contoso", "job": "scim.1", "schema": "v1.0, read 2026-03-02T09:00:00Z"}
LONG = (
    'IIF(IsNullOrEmpty([department]), "none of the departments", Join(", ", ToLower([department]), [companyName],'
    ' "Bob\'s and others", [city]))'
)
SMALL = """app = "oreilly"
format = 1

[[object]]
source_object = "User"
target_object = "urn:x"

[[object.row]]
target = "userName"
type = "Direct"
source = "[mail]"
matching = 1

[[object.row]]
target = "active"
source = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
"""


def export(*objects: ObjectMapping) -> str:
    return print_mapping(objects, app="oreilly", title="O'Reilly", about=ABOUT)


def users(*rows: MappingRow, filters: tuple[ScopingFilter, ...] = (), **more: Any) -> ObjectMapping:
    return replace(ObjectMapping("Users", "User", "urn:x", True, ALL_ACTIONS, filters, rows), **more)


def test_the_sample_goes_through_the_file() -> None:
    """Every object, row and filter of the sample comes back, and a second export is the same text."""
    objects = read_schema(SCHEMA)
    text = export(*objects)

    read = read_mapping_text(text)

    assert read.app == "oreilly"
    assert read.objects == objects
    assert export(*read.objects) == export(*objects) == text
    for fact in ABOUT.values():
        assert f"# {''.ljust(2)}" in text
        assert fact in text
    assert "ObjectAddOnly" in text.split("[[object]]")[1] or "ObjectAddOnly" in text, "apply is explained"


def test_the_kinds_are_told_apart() -> None:
    """Direct, Constant, Expression and None are written as such; what is as usual is left out."""
    rows = (
        MappingRow("a", "[mail]", "Direct", matching=1),
        MappingRow("b", '"Learner"', "Constant", apply="ObjectAddOnly"),
        MappingRow("c", 'Join("", [a], "x")', "Expression", default="", behaviour="FlowAlways"),
        MappingRow("d", None, "None", default="fixed"),
    )
    tables = tomllib.loads(export(users(*rows, enabled=False, actions=frozenset({"Delete", "Add"}))))["object"][0]

    assert tables["actions"] == ["Add", "Delete"]
    assert tables["enabled"] is False
    assert tables["row"] == [
        {"target": "a", "type": "Direct", "source": "[mail]", "matching": 1},
        {"target": "b", "type": "Constant", "source": '"Learner"', "apply": "ObjectAddOnly"},
        {"target": "c", "type": "Expression", "source": 'Join("", [a], "x")', "default": "", "behaviour": "FlowAlways"},
        {"target": "d", "type": "None", "default": "fixed"},
    ]


def test_quotes_stand_without_backslashes_and_long_ones_in_lines() -> None:
    """What people review is not escaped; a long expression is broken at its arguments and means the same."""
    text = export(
        users(
            MappingRow('emails[type eq "work"].value', 'Append([mail], "x")', "Expression"),
            MappingRow("b", LONG, "Expression"),
        )
    )

    assert """target = 'emails[type eq "work"].value'\ntype = "Expression"\nsource = 'Append([mail], "x")'""" in text
    assert '"""' not in text
    assert "\\" not in text
    assert max(len(line) for line in text.splitlines()) <= WIDTH + 20
    assert read_mapping_text(text).objects[0].rows[1].expression == canonical(LONG)


def test_filters_are_readable_and_exact() -> None:
    """One clause a line, with attribute, operator and value; several values, blanks and none come back."""
    filters = (
        ScopingFilter("Pilot: sales", (Clause("department", "EQUALS", "Sales"), Clause("employeeId", "IS NOT NULL"))),
        ScopingFilter(
            "",
            (
                Clause("city", "EQUALS", " Bonn "),
                Clause("city", "EQUALS", ""),
                Clause("x", "Includes", "a", ("b", "c")),
            ),
        ),
    )
    text = export(users(filters=filters))

    assert (
        '    {attribute = "department", operator = "EQUALS", value = "Sales"},\n    {attribute = "employeeId", operator'
        ' = "IS NOT NULL"},' in text
    )
    assert read_mapping_text(text).objects[0].filters == filters


TEXTS = st.text(max_size=30) | st.sampled_from(
    ["'''", "a'b\"c", "x\ny", "\\", "tab\t", '"', "a'", "\r\n", "\x00\x7f\u202e"]
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.builds(
            MappingRow,
            target=TEXTS.filter(lambda text: bool(text.strip())),
            expression=st.none() | st.sampled_from(["[mail]", '"x"', LONG, "Word", "Mid([a], 1, 8)"]),
            kind=st.just("None"),
            matching=st.integers(0, 3),
            default=st.none() | TEXTS,
            apply=st.sampled_from(APPLY),
            behaviour=st.sampled_from(BEHAVIOUR),
        ),
        max_size=4,
    ),
    st.lists(
        st.builds(
            ScopingFilter,
            name=TEXTS,
            clauses=st.tuples(st.builds(Clause, attribute=TEXTS, operator=st.just("EQUALS"), value=TEXTS)),
        ),
        max_size=2,
    ),
    TEXTS,
)
def test_whatever_a_tenant_has_goes_through_the_file(
    rows: list[MappingRow], filters: list[ScopingFilter], name: str
) -> None:
    """Names, defaults and values of any characters come back, and nothing breaks out of a comment."""
    kinds = {"[mail]": "Direct", '"x"': "Constant", None: "None"}
    told = [row for row in rows if row.expression != "Word"]
    made = tuple(replace(row, kind=kinds.get(row.expression, "Expression")) for row in told)
    mapping = users(
        *(replace(row, expression=canonical(row.expression)) if row.expression else row for row in made),
        filters=tuple(filters),
        name=name,
    )

    text = print_mapping([mapping], app="oreilly", title=name, about={"tenant": name})

    assert read_mapping_text(text).objects == (mapping,)
    assert print_mapping([mapping], app="oreilly", title=name, about={"tenant": name}) == text


@pytest.mark.parametrize(
    "expression",
    [
        LONG,
        LONG.replace("none of the departments", "x" * 200),
        "Switch([a], , " + ", ".join(f'"{n:020}", "v"' for n in range(30)) + ")",
        "[mail]",
        "Jion([a]",
    ],
)
def test_wrapped_expressions_mean_the_same(expression: str) -> None:
    """Line breaks are for the eye only; what cannot be read is not broken."""
    if expression.startswith("Jion"):
        assert wrapped(expression) == expression
    else:
        assert parse(wrapped(expression)) == parse(expression)


def test_what_scimkit_does_not_know_is_kept_from_the_saved_schema() -> None:
    """A backup must be restorable: a strange expression, apply or operator is taken where the saved schema has the
    same."""
    schema = copy.deepcopy(SCHEMA)
    raw = schema["synchronizationRules"][0]["objectMappings"][1]
    raw["attributeMappings"][3]["source"] = {
        "type": "Function",
        "name": "Newest",
        "expression": "Newest( [a] )",
        "parameters": [],
    }
    raw["attributeMappings"][3]["flowType"] = "Sometimes"
    raw["scope"] = {
        "groups": [
            {
                "name": "f",
                "clauses": [
                    {"operatorName": "SOUNDS LIKE", "sourceOperandName": "city", "targetOperand": {"values": ["x"]}}
                ],
            }
        ]
    }
    objects = read_schema(schema)

    text = export(*objects)

    assert read_mapping_text(text, saved=objects).objects == objects

    with pytest.raises(MappingError):
        read_mapping_text(text)
    with pytest.raises(ExpressionError, match="no function Newest"):
        read_mapping_text(text.replace("Newest( [a] )", "Newest([b])"), saved=objects)


@pytest.mark.parametrize(
    ("old", "new", "words", "remedy"),
    [
        ("format = 1", "format = 2", "format is 2", "newer"),
        ("format = 1", "", "format is 'missing'", "format = 1"),
        ("app =", "apps =", "the key apps is unknown", "Did you mean app?"),
        ("[[object.row]]", "[object.row]", "this is not TOML", "Fix"),
        ("format = 1", "format = 1\nx = " + "[" * 9000, "too deep", "Export"),
        ('source_object = "User"\n', "", "object 1: source_object is missing", "text in quotes"),
        (
            'target_object = "urn:x"',
            "target_object = 5",
            r"object 1 \(User\), target_object: 5 is not text",
            "text in quotes",
        ),
        (
            'target_object = "urn:x"',
            'target_object = "urn:x"\nactions = ["Create"]',
            r"object 1 \(User\), actions: 'Create' is no action",
            "Add, Update, Delete",
        ),
        (
            'target_object = "urn:x"',
            'target_object = "urn:x"\nenabled = "yes"',
            "enabled: 'yes' is not true or false",
            "true or false",
        ),
        ('target = "active"', 'targets = "active"', "row 2: the key targets is unknown", "Did you mean target?"),
        ('target = "active"', 'target = " "', "the target is empty", "Name"),
        ("matching = 1", "matching = -1", r"row 1 \(userName\), matching: -1 is no precedence", "Give 1"),
        ("matching = 1", "matching = true", "matching: True is not a whole number", "whole number"),
        ("matching = 1", 'apply = "Alway"', "apply: 'Alway' is not an allowed value", "Did you mean Always?"),
        (
            "matching = 1",
            'behaviour = "Never"',
            "behaviour: 'Never' is not an allowed value",
            "FlowWhenChanged, FlowAlways",
        ),
        ('type = "Direct"', 'type = "Derect"', "type: 'Derect' is no type", "Did you mean Direct?"),
        ('type = "Direct"', 'type = "Constant"', r"the type is Constant, but \[mail\] is not that", 'type = "Direct"'),
        ('type = "Direct"', 'type = "None"', "the type is None, but there is a source", "Remove the source"),
        ('source = "[mail]"\n', "", "the type is Direct, but there is no source", "None"),
        ("matching = 1", "matching = 1\ndefault = 5", "default: 5 is not text", "text in quotes"),
        (SMALL, "format = 1", r"there is no \[\[object\]\]", "one for each kind"),
        (SMALL, 'format = 1\nobject = "x"', "object: object is not a list of tables", r"[[object]]"),
        (
            'target_object = "urn:x"',
            'target_object = "urn:x"\n[[object.filter]]\nname = "f"',
            r"filter 1 \(f\): clauses is missing",
            "list",
        ),
        (
            'target_object = "urn:x"',
            'target_object = "urn:x"\n[[object.filter]]\nname = "f"\nclauses = []',
            "has no clauses",
            "Add a clause",
        ),
        (
            'target_object = "urn:x"',
            (
                'target_object = "urn:x"\n[[object.filter]]\nclauses = [{attribute = "city", operator = "EQUAL", value'
                ' = "x"}]'
            ),
            "filter 1, clause 1, operator: there is no operator 'EQUAL'",
            "Did you mean EQUALS?",
        ),
        (
            'target_object = "urn:x"',
            'target_object = "urn:x"\n[[object.filter]]\nclauses = [{attribute = "city", operator = "EQUALS"}]',
            "EQUALS has no value",
            "Give the value",
        ),
        (
            'target_object = "urn:x"',
            (
                'target_object = "urn:x"\n[[object.filter]]\nclauses = [{attribute = "city", operator = "IS NULL",'
                ' value = "x"}]'
            ),
            "IS NULL takes no value",
            "Take it out",
        ),
        (
            'target_object = "urn:x"',
            'target_object = "urn:x"\n[[object.filter]]\nclauses = ["city EQUALS x"]',
            "'city EQUALS x' is not a table in braces",
            "table in braces",
        ),
    ],
)
def test_slips_are_named(old: str, new: str, words: str, remedy: str) -> None:
    """File, table, row and key at fault are in the sentence, what is allowed in the remedy."""
    assert old in SMALL

    with pytest.raises(MappingError, match=words) as caught:
        read_mapping_text(SMALL.replace(old, new), file="mine.toml")
    assert str(caught.value).startswith("mine.toml: ")
    assert remedy in caught.value.remedy


def test_a_broken_expression_is_shown_with_its_place() -> None:
    """The caret stands under the character, in the text as it stands in the file."""
    with pytest.raises(
        ExpressionError, match=r"object 1 \(User\), row 2 \(active\), source: there is no function Swich"
    ) as caught:
        read_mapping_text(
            SMALL.replace("Switch(", "\n  Swich(")
            .replace("source = '\n", "source = '''\n")
            .replace('"False")\'', "\"False\")'''")
        )

    assert caught.value.position == 2
    assert "Did you mean Switch" in caught.value.remedy
    assert caught.value.pointer().splitlines()[1] == "  ^"


def test_two_objects_of_one_kind_are_refused_unless_they_are_there() -> None:
    """A copy by accident would be restored into nothing."""
    twice = SMALL + SMALL.partition("format = 1\n")[2]
    with pytest.raises(MappingError, match=r"two \[\[object\]\] of User to urn:x"):
        read_mapping_text(twice)

    there = read_mapping_text(SMALL).objects

    assert len(read_mapping_text(twice, saved=(*there, *there)).objects) == 2
