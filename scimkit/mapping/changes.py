"""The differences between two mappings: live and file, file and profile, today and last month.

The meaning of a mapping is compared: expressions by their canonical text, an omitted
member by Graph's default for it. The order of rows means nothing to the service,
so it is reported separately from their content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol

from scimkit.evidence.checks import Check, not_observed, passed, warning
from scimkit.evidence.counting import count
from scimkit.evidence.records import record
from scimkit.mapping.rows import ALL_ACTIONS, MappingRow, ObjectMapping
from scimkit.mapping.schema import ACTIONS, APPLY, BEHAVIOUR, canonical, keyed, keyed_rows, meaning, same_filters
from scimkit.mapping.scoping.filters import ScopingFilter

MEMBERS = ("source", "default", "matching", "apply", "behaviour")  # of a row
OBJECT_MEMBERS = ("enabled", "actions", "filters")
EVERYTHING = frozenset((*MEMBERS, *OBJECT_MEMBERS, "objects"))
PROFILE_SAYS = frozenset(("source", "matching"))
NOTHING = "(nothing)"
OPEN = "(a source of your choice)"
EVERYBODY = "everybody assigned"


class DescribedRow(Protocol):
    """What an app's profile says about one target attribute; "" if it suggests no source."""

    @property
    def target(self) -> str: ...
    @property
    def suggested_source(self) -> str: ...


@dataclass(frozen=True, slots=True)
class MappingSide:
    """One side of a comparison.

    title     its name: "live", "mapping.toml"
    objects   its object mappings
    says      what it covers at all: members of MEMBERS and OBJECT_MEMBERS, and "objects"
              if an object it does not name is one it does not have
    left_open  (source object, target, member) of what it nevertheless leaves open
    """

    title: str
    objects: tuple[ObjectMapping, ...]
    says: frozenset[str] = EVERYTHING
    left_open: frozenset[tuple[str, str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class MappingChange:
    """One difference.

    object  User | Group
    target  the row, "" if the object as a whole differs
    kind    row added | row removed | changed | object added | object removed | order
    member  of a changed row or object: source, default, matching, apply, behaviour; enabled, actions, filters
    before, after  as text
    """

    object: str
    target: str
    kind: str
    member: str
    before: str
    after: str


@record("MappingComparison")
@dataclass(frozen=True)
class MappingComparison:
    """The differences between two mappings.

    before, after  what was compared
    same     the content does not differ; false, too, if one side says nothing at all
    changes  the changes that turn `before` into `after`
    order    where only the order of rows differs, which changes nothing for anyone
    """

    before: str
    after: str
    same: bool
    changes: tuple[MappingChange, ...]
    order: tuple[MappingChange, ...]
    checks: tuple[Check, ...]


def expected_side(
    rows: Iterable[DescribedRow], matching: Sequence[str], group_rows: Iterable[DescribedRow] = (), *, title: str
) -> MappingSide:
    """What an app's profile says about the mapping: rows, their usual sources, the matching attributes.

    rows, group_rows  of people and of groups; none if the app has published no table
    matching          targets in order of precedence; it says nothing about groups
    """
    rank = {target.casefold(): number for number, target in enumerate(matching, start=1)}
    users, groups = tuple(rows), tuple(group_rows)
    if users:
        objects = [_expected("User", users, rank)]
    else:
        objects = []
    if groups:
        objects += [_expected("Group", groups, {})]
    left_open: set[tuple[str, str, str]] = set()
    for kind, found in (("User", users), ("Group", groups)):
        left_open.update((kind, row.target, "source") for row in found if not row.suggested_source)
    left_open |= {("Group", row.target, "matching") for row in groups}
    return MappingSide(title, tuple(objects), PROFILE_SAYS, frozenset(left_open))


def _expected(source: str, rows: Iterable[DescribedRow], rank: dict[str, int]) -> ObjectMapping:
    made = tuple(
        MappingRow(
            row.target,
            row.suggested_source or None,
            "Expression" if row.suggested_source else "None",
            matching=rank.get(row.target.casefold(), 0),
        )
        for row in rows
    )
    return ObjectMapping("", source, "", True, ALL_ACTIONS, (), made)


def compare_mapping(before: MappingSide, after: MappingSide) -> MappingComparison:
    """The differences from `before` to `after`, in the parts both sides cover.

    >>> row = MappingRow("userName", "[mail]", "Direct", matching=1)
    >>> users = ObjectMapping("", "User", "", True, ALL_ACTIONS, (), (row,))
    >>> compare_mapping(MappingSide("live", (users,)), MappingSide("file", (users,))).same
    True
    """
    says = before.says & after.says
    changes: list[MappingChange] = []
    order: list[MappingChange] = []
    for one, other in _pairs(before, after):
        if one is None or other is None:
            if "objects" in says:
                changes.append(_whole_object(one, other))
            continue
        changes += _object_changes(one, other, says)
        changes += _row_changes(one, other, says, before.left_open | after.left_open)
        order += _order_changes(one, other)
    same = not changes and bool(before.objects) and bool(after.objects)
    return MappingComparison(
        before.title, after.title, same, tuple(changes), tuple(order), _checks(before, after, changes, order)
    )


def _pairs(before: MappingSide, after: MappingSide) -> Iterator[tuple[ObjectMapping | None, ObjectMapping | None]]:
    """The objects of both sides in pairs; those of a profile, which names no target object, by the source alone."""
    if "objects" in before.says & after.says:
        one, other = keyed(before.objects), keyed(after.objects)
        yield from ((one.get(key), other.get(key)) for key in dict.fromkeys((*one, *other)))
        return
    for source in dict.fromkeys(each.source_object for each in (*before.objects, *after.objects)):
        yield _of(before, source), _of(after, source)


def _of(side: MappingSide, source: str) -> ObjectMapping | None:
    """The mapping of a source object, an enabled one first."""
    found = [each for each in side.objects if each.source_object == source]
    return next((each for each in found if each.enabled), found[0] if found else None)


def _whole_object(one: ObjectMapping | None, other: ObjectMapping | None) -> MappingChange:
    there = one or other
    assert there is not None
    told = f"{there.target_object}, {len(there.rows)} rows"
    if other is None:
        return MappingChange(there.source_object, "", "object removed", "", told, NOTHING)
    return MappingChange(there.source_object, "", "object added", "", NOTHING, told)


def _object_changes(one: ObjectMapping, other: ObjectMapping, says: frozenset[str]) -> Iterator[MappingChange]:
    told = {
        "enabled": (one.enabled, other.enabled, _switch(one.enabled), _switch(other.enabled)),
        "actions": (one.actions, other.actions, _actions(one.actions), _actions(other.actions)),
        "filters": (
            same_filters(one.filters),
            same_filters(other.filters),
            filters_text(one.filters),
            filters_text(other.filters),
        ),
    }
    for member, (a, b, before, after) in told.items():
        if member in says and a != b:
            yield MappingChange(one.source_object, "", "changed", member, before, after)


def _switch(on: bool) -> str:
    if on:
        return "on"
    return "off"


def _actions(actions: frozenset[str]) -> str:
    return ", ".join(name for name in ACTIONS if name in actions) or "none"


def filters_text(filters: Sequence[ScopingFilter]) -> str:
    """Scoping filters as one line."""
    return " OR ".join(f"{each.name}: {' AND '.join(map(str, each.clauses))}" for each in filters) or EVERYBODY


def _row_changes(
    one: ObjectMapping, other: ObjectMapping, says: frozenset[str], left_open: frozenset[tuple[str, str, str]]
) -> Iterator[MappingChange]:
    there, wanted = keyed_rows(one.rows), keyed_rows(other.rows)
    for key in dict.fromkeys((*there, *wanted)):
        target = key[0]
        if key not in wanted or key not in there:
            row = there.get(key) or wanted[key]
            if row.expression is None and (one.source_object, target, "source") in left_open:
                told = OPEN
            else:
                told = row_text(row)
            if key in there:
                kind, before, after = ("row removed", told, NOTHING)
            else:
                kind, before, after = ("row added", NOTHING, told)
            yield MappingChange(one.source_object, target, kind, "", before, after)
        else:
            for member, before, after in _members(there[key], wanted[key]):
                if member in says and (one.source_object, target, member) not in left_open:
                    yield MappingChange(one.source_object, target, "changed", member, before, after)


def _members(one: MappingRow, other: MappingRow) -> Iterator[tuple[str, str, str]]:
    """The members in which two rows differ, with both texts."""
    if meaning(one.expression) != meaning(other.expression):
        yield "source", _source(one), _source(other)
    if one.default != other.default:
        yield "default", _default(one.default), _default(other.default)
    if one.matching != other.matching:
        yield "matching", str(one.matching), str(other.matching)
    if spelled(one.apply, APPLY) != spelled(other.apply, APPLY):
        yield "apply", one.apply, other.apply
    if spelled(one.behaviour, BEHAVIOUR) != spelled(other.behaviour, BEHAVIOUR):
        yield "behaviour", one.behaviour, other.behaviour


def spelled(value: str, names: Sequence[str]) -> str:
    """A name in its documented spelling: Graph's enumerations vary in case.

    >>> spelled("always", APPLY)
    'Always'
    """
    return next((name for name in names if name.lower() == value.lower()), value)


def _source(row: MappingRow) -> str:
    if row.expression is None:
        return NOTHING
    return canonical(row.expression)


def _default(value: str | None) -> str:
    if value is None:
        return NOTHING
    return f'"{value}"'


def row_text(row: MappingRow) -> str:
    """A row as one line: its source, and everything that is not the default.

    >>> row_text(MappingRow("userName", "[mail]", "Direct", matching=1))
    '[mail], matching 1'
    """
    parts = [_source(row)]
    if row.default is not None:
        parts += [f"default {_default(row.default)}"]
    if row.matching:
        parts += [f"matching {row.matching}"]
    if spelled(row.apply, APPLY) != APPLY[0]:
        parts += [row.apply]
    if spelled(row.behaviour, BEHAVIOUR) != BEHAVIOUR[0]:
        parts += [row.behaviour]
    return ", ".join(parts)


def _order_changes(one: ObjectMapping, other: ObjectMapping) -> Iterator[MappingChange]:
    """Rows that both have, in another order."""
    there, wanted = keyed_rows(one.rows), keyed_rows(other.rows)
    before, after = [key for key in there if key in wanted], [key for key in wanted if key in there]
    if before == after:
        return
    stay: set[tuple[str, int]] = set()
    for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        stay.update(before[block.a : block.a + block.size])
    for key in after:
        if key not in stay:
            yield MappingChange(
                one.source_object,
                key[0],
                "order",
                "",
                f"place {before.index(key) + 1}",
                f"place {after.index(key) + 1}",
            )


def _checks(
    before: MappingSide, after: MappingSide, changes: Sequence[MappingChange], order: Sequence[MappingChange]
) -> tuple[Check, ...]:
    silent = next((side for side in (before, after) if not side.objects), None)
    if silent is not None:
        text = f"{silent.title} contains no rows, so the two sides cannot be compared"
        return (not_observed("mapping_backup.compared", text, "Compare with a saved mapping instead."),)
    names = f"{before.title} and {after.title}"
    if changes:
        text = f"{names}: {count(len(changes), 'difference')}"
        return (warning("mapping_backup.compared", text, "Decide for each which side is right."),)
    return (passed("mapping_backup.compared", f"{names} have the same content{', in another order' if order else ''}"),)
