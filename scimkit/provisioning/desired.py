"""What the mapping wants for one person or one group, with its rows compiled once for a job.

Null never flows. Defaults count on create only, except for a row without a source (None), whose
default fills the target whenever it is empty. Create-only rows are not part of an update
(attribute-mapping tutorial). So one evaluation serves both: without defaults it is the
update, with them the creation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from scimkit.errors import MappingError
from scimkit.mapping.language.parser import parse, print_expression
from scimkit.mapping.language.syntax import Attribute, Call, Text, walk
from scimkit.mapping.rows import (
    ALL_ACTIONS,
    ON_CREATE_ONLY,
    CompiledMapping,
    MappingRow,
    ObjectMapping,
    Values,
    redacts,
)
from scimkit.provisioning.differences import ADD_VALUES, WHEN_EMPTY, Differences
from scimkit.provisioning.kinds import GROUP, USER, Kind, kind_of
from scimkit.provisioning.members import Member, Membership
from scimkit.provisioning.targets import MEMBERS, NOTHING_KNOWN, TargetFacts, is_reference, parse_target

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.

REMOVED_MANAGER_IS_SENT = False
"""Whether a manager who was removed in Entra is removed in the target, by a `Replace` with an empty string.
Null never flows, and a report saw nothing sent; the test overview of Microsoft's SCIM validation
expects the replacement: (unconfirmed)."""

CHOICES = frozenset({"IIF", "Switch", "Not", "Coalesce"})
"""Functions that use neither clock nor random source: for one source they always return the same."""

_IGNORES_OBJECT = re.compile("IgnoreObjectFlow", re.IGNORECASE)
_USES_SOFT_DELETED = re.compile(r"\[\s*IsSoftDeleted\s*\]", re.IGNORECASE)
_NOT_A_VALUE: tuple[Any, ...] = (None, "", [])
_NOT_A_TEXT: tuple[Any, ...] = (None, "")
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(slots=True)
class MatchKey:
    """One matching attribute of the target and this object's value for it."""

    target: str
    value: str


@dataclass(slots=True)
class Desired:
    """What the mapping wants for one person or one group.

    Not frozen, nor are `Observed` and `Case`, because a forecast creates one of each per
    person and freezing costs a tenth of its time; nothing changes them.

    keys        matching values in order of precedence; attributes without a value are left out
    create      values of a creation: defaults included, references left out
    update      values of an update: no defaults, no create-only rows, references left out
    leaving     values of the rows that use `IsSoftDeleted`: everything that is exported to disable
    leaving_rows  targets of those rows
    references  target attribute to the linked target id, for a later request
    unresolved  reference attributes whose object has no link
    missing     required targets without a value on create
    overfull    single-valued targets that received several values
    errors      target attribute to what is wrong with its expression
    ignored     an expression returned IgnoreObjectFlow: leave the object alone
    redacted    targets whose values logs must not show
    kind        people or groups
    membership  of a group: its members; None: no row maps them, or they come in a later call
    """

    keys: tuple[MatchKey, ...] = ()
    create: Mapping[str, Any] = field(default_factory=dict)
    update: Mapping[str, Any] = field(default_factory=dict)
    leaving: Mapping[str, Any] = field(default_factory=dict)
    leaving_rows: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    unresolved: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    overfull: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    ignored: bool = False
    redacted: frozenset[str] = frozenset()
    kind: Kind = USER
    membership: Membership | None = None


class CompiledDesires:
    """What one job's mapping wants, compiled: `of` returns the `Desired` of one person or one group.

    mapping  of users or of groups: its source object says which
    facts    which targets are required, single-valued, references

    The function called for each object is a method: calling an object itself creates a tuple and a
    dictionary of the arguments, which is a twentieth of a whole forecast.
    """

    def __init__(self, mapping: ObjectMapping, facts: TargetFacts = NOTHING_KNOWN) -> None:
        self.facts, self._kind = facts, kind_of(mapping.source_object)
        rows = {row.target: row for row in mapping.rows}  # of two rows for one target the later one counts
        self._rows = rows
        self._unreadable = _unreadable(rows)
        self._members = next((t for t in rows if self._kind is GROUP and t.casefold() == MEMBERS), "")
        self._pointing = tuple(t for t in rows if is_reference(t, facts) and t != self._members)
        self._left_out = (*self._pointing, *self._unreadable, *([self._members] if self._members else ()))
        self._compile_evaluation(mapping)
        self._compile_writing(mapping)

    def _compile_evaluation(self, mapping: ObjectMapping) -> None:
        """Each row once, without defaults; twice only if two rows write one target and one of them on create."""
        plain = [replace(row, default=None, apply="Always") for row in mapping.rows]
        self._evaluate = CompiledMapping(replace(mapping, rows=tuple(plain))).__call__
        self._evaluate_leaver = _compiled_for(mapping, plain, leaving=True)
        self._evaluate_member = _compiled_for(mapping, plain, leaving=False)
        doubled = len(self._rows) < len(mapping.rows)
        self._as_written = CompiledMapping(mapping) if doubled else None
        self._defaults = tuple((t, row.default) for t, row in self._rows.items() if row.default is not None)
        self._create_only = tuple(t for t, row in self._rows.items() if row.apply == ON_CREATE_ONLY)
        matching = sorted((row for row in mapping.rows if row.matching), key=lambda row: row.matching)
        self._matching = tuple(row.target for row in matching)
        simple = not doubled and not any(row.default for row in matching)
        ignoring = any(_IGNORES_OBJECT.search(row.expression or "") for row in mapping.rows)
        alone = replace(mapping, rows=tuple(row for row in plain if row.matching))
        self._matches_alone = CompiledMapping(alone).__call__ if simple and not ignoring else None

    def _compile_writing(self, mapping: ObjectMapping) -> None:
        rows, writable = self._rows, set(self._rows) - set(self._left_out)
        filling = {t: row.default for t, row in rows.items() if _fills(row)}
        self._filling = {t: value for t, value in filling.items() if t in writable}
        self._required = tuple(sorted(t for t in self.facts.required if t in rows and t != self._members))
        flow_types = {t: WHEN_EMPTY if t in filling else row.apply for t, row in rows.items()}
        self.differences = Differences(flow_types, self.facts)
        self._leaving_rows = tuple(t for t, row in rows.items() if _USES_SOFT_DELETED.search(row.expression or ""))
        self._redacted = frozenset(row.target for row in mapping.rows if redacts(row))

    def of(
        self,
        source: Mapping[str, Any],
        now: datetime | None = None,
        references: Mapping[str, str] | None = None,
        only_members: Collection[str] | None = None,
    ) -> Desired:
        """The mapping evaluated for one object.

        source        attributes by schema name (`source_attributes`, `group_attributes`)
        now           clock of date functions; None reads the machine's
        references    object id in Entra to id in the target, for people in scope and
                      linked; a manager or member who is not among them is left out
        only_members  as in `JobSettings`
        """
        if references is None:
            links = NOTHING
        else:
            links = references
        creating, updating = self._evaluated(source, now)
        create, update = creating.values, updating.values
        keys = self._keys(update, create)  # before lists of one are unpacked
        linked, unresolved = self._resolved(create, links)
        membership = None
        if self._members:
            membership = self._membership(creating, links, only_members)
        overfull = self._fit(creating)
        if update is not create:
            overfull = tuple(dict.fromkeys((*overfull, *self._fit(updating))))
        if self._filling:
            update = self._filling | update
        errors = NOTHING
        if creating.errors or updating.errors or self._unreadable:
            errors = self._errors(creating, updating)
        leaving = NOTHING
        if source.get("IsSoftDeleted") is not False:
            leaving = self._leaving(update)
        return Desired(
            keys,
            create,
            update,
            leaving,
            self._leaving_rows,
            linked,
            unresolved,
            self._missing(create),
            overfull,
            errors,
            creating.object_ignored or updating.object_ignored,
            self._redacted,
            self._kind,
            membership,
        )

    def of_stranger(self, source: Mapping[str, Any], now: datetime | None = None) -> Desired:
        """What counts for an object that is out of scope and was never linked: whether it has a matching value."""
        if self._matches_alone is None:
            return self.of(source, now)
        values = self._matches_alone(source, now=now, creating=True).values
        return Desired(self._keys(values, values), redacted=self._redacted, kind=self._kind)

    def _evaluated(self, source: Mapping[str, Any], now: datetime | None) -> tuple[Values, Values]:
        """The values of a creation and of an update; the same object if the two agree."""
        if self._as_written is not None:
            creating = self._as_written(source, now=now, creating=True)
            return creating, self._as_written(source, now=now, creating=False)
        leaving = source.get("IsSoftDeleted")
        evaluate = self._evaluate
        if leaving is False:
            evaluate = self._evaluate_member
        elif leaving is True:
            evaluate = self._evaluate_leaver
        values = evaluate(source, now=now, creating=True)
        if not (self._defaults or self._create_only):
            return values, values
        creating = updating = values
        empty = values.empty
        if self._defaults and empty and any(target in empty for target, _ in self._defaults):
            creating = replace(values, values=self._with_defaults(values))
        if any(target in values.values or target in values.errors for target in self._create_only):
            updating = replace(
                values,
                values={t: value for t, value in values.values.items() if t not in self._create_only},
                errors={t: error for t, error in values.errors.items() if t not in self._create_only},
            )
        return creating, updating

    def _with_defaults(self, values: Values) -> dict[str, Any]:
        """The values with the defaults of empty targets, in the order of the rows."""
        found, empty = values.values, set(values.empty)
        default = {target: value for target, value in self._defaults if target in empty}
        return {t: found[t] if t in found else default[t] for t in self._rows if t in found or t in default}

    def _keys(self, updating: Mapping[str, Any], creating: Mapping[str, Any]) -> tuple[MatchKey, ...]:
        """Matching values by precedence, lowest number first; a create-only row matches too."""
        keys: tuple[MatchKey, ...] = ()
        for target in self._matching:
            if target in updating:
                value = updating[target]
            else:
                value = creating.get(target)
            if value.__class__ is str and value:
                keys += (MatchKey(target, value),)
            elif value not in _NOT_A_VALUE:
                keys += (MatchKey(target, str(value)),)
        return keys

    def _missing(self, creating: Mapping[str, Any]) -> tuple[str, ...]:
        missing: tuple[str, ...] = ()
        for target in self._required:
            if creating.get(target) in _NOT_A_TEXT:
                missing += (target,)
        return missing

    def _resolved(
        self, values: Mapping[str, Any], links: Mapping[str, str]
    ) -> tuple[Mapping[str, str], tuple[str, ...]]:
        """Reference targets to target ids, and those whose object has no link."""
        found: dict[str, str] = {}
        unresolved: tuple[str, ...] = ()
        for target in self._pointing:
            value = values.get(target)
            if value is None or value == "":
                if REMOVED_MANAGER_IS_SENT:
                    found[target] = ""
            elif (linked := links.get(str(value))) is not None:
                found[target] = linked
            else:
                unresolved += (target,)
        return found, unresolved

    def _fit(self, made: Values) -> tuple[str, ...]:
        """Keep in the values what is written with the object: lists of one are unpacked for a single
        value, anything sent in separate requests is removed. Returns the targets with too many values."""
        values = made.values
        for target in self._left_out:
            values.pop(target, None)
        overfull: tuple[str, ...] = ()
        for target in made.lists:
            value = values.get(target)
            if value.__class__ is not list or self.facts.rule(target).several:
                continue
            if len(value) > 1:
                overfull += (target,)
            if value:
                values[target] = value[0]
            else:
                del values[target]
        return overfull

    def _leaving(self, update: Mapping[str, Any]) -> Mapping[str, Any]:
        """The values that disable; not computed for anyone in scope."""
        return {target: update[target] for target in self._leaving_rows if target in update}

    def _errors(self, creating: Values, updating: Values) -> Mapping[str, str]:
        errors = creating.errors | updating.errors | self._unreadable
        return {target: str(error) for target, error in errors.items()}

    def _membership(self, values: Values, links: Mapping[str, str], only: Collection[str] | None) -> Membership | None:
        """The members the mapping gives; None if their row cannot be evaluated."""
        if self._members in values.errors:
            return None
        value = values.values.get(self._members) or ()
        wanted = dict.fromkeys(str(one) for one in (value if isinstance(value, (list, tuple)) else [value]))
        apply = self._rows[self._members].apply
        named = None
        if only is not None:
            named = frozenset(only)
        return Membership(
            linked=tuple(Member(one, links[one]) for one in wanted if one in links),
            left_out=tuple(one for one in wanted if one not in links),
            only=named,
            only_adds=apply in ADD_VALUES,
            on_create=apply == ON_CREATE_ONLY,
        )


def _fills(row: MappingRow) -> bool:
    """Whether the row has no source, and a default that fills the target whenever it is empty."""
    return row.expression is None and bool(row.default) and row.apply != ON_CREATE_ONLY


def _compiled_for(mapping: ObjectMapping, plain: Iterable[MappingRow], *, leaving: bool) -> Callable[..., Values]:
    """The evaluation of the `plain` rows of `mapping` for people who leave, or for those who stay.

    A bound method: in Python 3.11 calling an object, by its `__call__`, with keywords is slower.
    """
    rows = tuple([_settled(row, leaving) for row in plain])
    return CompiledMapping(replace(mapping, rows=rows)).__call__


def _settled(row: MappingRow, leaving: bool) -> MappingRow:
    """The row with its value in place of the expression, if that depends only on `IsSoftDeleted`."""
    if not _depends_on_leaving_alone(row):
        return row
    mapping = ObjectMapping("row", "User", "", True, ALL_ACTIONS, (), (row,))
    value = CompiledMapping(mapping)({"IsSoftDeleted": leaving}, creating=True).values.get(row.target)
    if isinstance(value, str):
        return replace(row, expression=print_expression(Text(value)))
    return row


def _depends_on_leaving_alone(row: MappingRow) -> bool:
    try:
        nodes = tuple(walk(parse(row.expression or "")))
    except MappingError:
        return False
    attributes = {node.name for node in nodes if isinstance(node, Attribute)}
    functions = {node.name for node in nodes if isinstance(node, Call)}
    return attributes == {"IsSoftDeleted"} and bool(functions) and functions <= CHOICES


def _unreadable(targets: Collection[str]) -> dict[str, MappingError]:
    """The targets whose names a SCIM connector cannot read, and why; such a row fails the person, not the run."""
    wrong: dict[str, MappingError] = {}
    for target in targets:
        try:
            parse_target(target)
        except MappingError as error:
            wrong[target] = error
    return wrong
