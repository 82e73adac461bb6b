"""What differs between two mappings, told by what it means."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimkit.evidence.checks import Status
from scimkit.evidence.records import dump_record, load_record, read_utc
from scimkit.mapping import Clause, MappingRow, ObjectMapping, ScopingFilter, read_schema
from scimkit.mapping.changes import NOTHING, OPEN, MappingComparison, MappingSide, compare_mapping, expected_side
from scimkit.mapping.rows import ALL_ACTIONS

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "synchronization-schema.json").read_text(encoding="utf-8")
)
NAME = MappingRow("userName", "[userPrincipalName]", "Direct", matching=1)
ACTIVE = MappingRow("active", 'Switch([IsSoftDeleted], , "False", "True", "True", "False")', "Expression")
TITLE = MappingRow("title", "[jobTitle]", "Direct")
SALES = ScopingFilter("Sales", (Clause("department", "EQUALS", "Sales"),))


@dataclass(frozen=True)
class Described:
    target: str
    suggested_source: str


def users(*rows: MappingRow, **more: Any) -> ObjectMapping:
    return replace(
        ObjectMapping("Users", "User", "urn:x", True, ALL_ACTIONS, (), rows or (NAME, ACTIVE, TITLE)), **more
    )


def compare(before: ObjectMapping, after: ObjectMapping) -> MappingComparison:
    return compare_mapping(MappingSide("live", (before,)), MappingSide("file", (after,)))


def told(comparison: MappingComparison) -> list[tuple[str, str, str, str, str]]:
    return [(c.target, c.kind, c.member, c.before, c.after) for c in comparison.changes]


def test_a_schema_and_itself() -> None:
    """Nothing differs, and that is a passed check."""
    objects = read_schema(SCHEMA)
    found = compare_mapping(MappingSide("live", objects), MappingSide("file", objects))

    assert found.same
    assert found.changes == found.order == ()
    assert found.checks[0].status is Status.PASSED
    assert load_record(dump_record(found, made_utc=read_utc("2026-03-02T09:00:00Z"), scimkit_version="0")) == found


@pytest.mark.parametrize(
    "other",
    [
        replace(ACTIVE, expression='switch( [IsSoftDeleted],,"False","True","True","False" )'),
        replace(ACTIVE, apply="always", behaviour="flowWhenChanged"),
        replace(ACTIVE, raw={"anything": 1}, kind="None"),
    ],
)
def test_what_means_the_same_is_the_same(other: MappingRow) -> None:
    """Blanks, the case of Graph's names and members scimkit does not read are no difference."""
    assert compare(users(), users(NAME, other, TITLE)).same


@pytest.mark.parametrize(
    ("members", "change"),
    [
        ({"expression": "[mail]"}, ("title", "changed", "source", "[jobTitle]", "[mail]")),
        ({"expression": None}, ("title", "changed", "source", "[jobTitle]", NOTHING)),
        ({"expression": '"jobTitle"'}, ("title", "changed", "source", "[jobTitle]", '"jobTitle"')),
        ({"default": ""}, ("title", "changed", "default", NOTHING, '""')),
        ({"matching": 2}, ("title", "changed", "matching", "0", "2")),
        ({"apply": "ObjectAddOnly"}, ("title", "changed", "apply", "Always", "ObjectAddOnly")),
        ({"behaviour": "FlowAlways"}, ("title", "changed", "behaviour", "FlowWhenChanged", "FlowAlways")),
    ],
)
def test_each_member_of_a_row(members: dict[str, Any], change: tuple[str, ...]) -> None:
    """The member that differs is named, from what to what; the way back is the reverse."""
    changed = users(NAME, ACTIVE, replace(TITLE, **members))
    assert told(compare(users(), changed)) == [change]
    assert told(compare(changed, users())) == [(*change[:3], change[4], change[3])]


def test_rows_and_objects_come_and_go() -> None:
    """An added row, a removed row and a missing object are told as such."""
    found = compare(
        users(), users(NAME, TITLE, MappingRow("nickName", None, "None", default="x", apply="ObjectAddOnly"))
    )
    assert told(found) == [
        ("active", "row removed", "", ACTIVE.expression, NOTHING),
        ("nickName", "row added", "", NOTHING, f'{NOTHING}, default "x", ObjectAddOnly'),
    ]

    groups = replace(users(), source_object="Group")
    less = compare_mapping(MappingSide("live", (users(), groups)), MappingSide("file", (users(),)))

    assert [(c.object, c.kind, c.before) for c in less.changes] == [("Group", "object removed", "urn:x, 3 rows")]

    more = compare_mapping(MappingSide("live", (users(),)), MappingSide("file", (users(), groups)))
    assert [(c.object, c.kind, c.after) for c in more.changes] == [("Group", "object added", "urn:x, 3 rows")]


def test_switches_actions_and_filters() -> None:
    """What differs of the object as a whole has no target."""
    found = compare(users(), users(enabled=False, actions=frozenset({"Update", "Add"}), filters=(SALES,)))
    assert told(found) == [
        ("", "changed", "enabled", "on", "off"),
        ("", "changed", "actions", "Add, Update, Delete", "Add, Update"),
        ("", "changed", "filters", "everybody assigned", "Sales: department EQUALS Sales"),
    ]
    assert compare(
        users(filters=(SALES,)), users(filters=(replace(SALES, clauses=(Clause("department", "equals", "Sales"),)),))
    ).same


@given(st.permutations([NAME, ACTIVE, TITLE, replace(TITLE, apply="ObjectAddOnly"), MappingRow("x", None, "None")]))
def test_order_is_told_apart(rows: list[MappingRow]) -> None:
    """Rows in another order say the same; only those that have moved are named. A second row of a target is its own."""
    before = [NAME, ACTIVE, TITLE, replace(TITLE, apply="ObjectAddOnly"), MappingRow("x", None, "None")]
    found = compare(users(*before), users(*rows))
    first_title = [row for row in rows if row.target == "title"]
    if first_title == [TITLE, replace(TITLE, apply="ObjectAddOnly")]:
        assert found.same
        assert found.changes == ()
        assert bool(found.order) == (rows != before)
        assert len(found.order) < len(rows)


def test_a_profile_says_less() -> None:
    """Of defaults, switches and filters a profile says nothing, nor of a source it leaves open, nor of matching for
    groups."""
    side = expected_side(
        [Described("userName", "[userPrincipalName]"), Described("title", ""), Described("city", "")],
        ["UserName"],
        [Described("displayName", "")],
        title="profile",
    )
    groups = ObjectMapping(
        "Groups",
        "Group",
        "urn:g",
        True,
        ALL_ACTIONS,
        (),
        (MappingRow("displayName", "[displayName]", "Direct", matching=1),),
    )

    live = MappingSide("live", (users(NAME, replace(TITLE, default="x"), enabled=False, filters=(SALES,)), groups))

    assert told(compare_mapping(side, live)) == [("city", "row removed", "", OPEN, NOTHING)]
    assert told(compare_mapping(live, side)) == [("city", "row added", "", NOTHING, OPEN)]
    assert told(
        compare_mapping(
            side,
            MappingSide(
                "live", (users(replace(NAME, matching=0), TITLE, MappingRow("city", "[city]", "Direct")), groups)
            ),
        )
    ) == [("userName", "changed", "matching", "1", "0")]


def test_a_profile_that_says_nothing() -> None:
    """Where an app has published no table nothing is claimed."""
    found = compare_mapping(expected_side([], [], title="profile"), MappingSide("live", (users(),)))

    assert not found.same
    assert found.changes == ()
    assert found.checks[0].status is Status.NOT_OBSERVED
