"""The data that every check of the review reads, prepared once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from scimkit.errors import MappingError
from scimkit.mapping.language.parser import parse
from scimkit.mapping.language.syntax import Call, Expression, attribute_names
from scimkit.mapping.review.expected import Expectations, ExpectedRow
from scimkit.mapping.review.opinion import GROUP, Dispute, Opinion, find_disputes, group_mapping, heed, row_name
from scimkit.mapping.review.texts import listed
from scimkit.mapping.rows import MappingRow, ObjectMapping, Values, choose_mapping, evaluate_rows, objects_in

Person = Mapping[str, Any]
# The arguments of which a function gives one as it is.
RESULTS = {
    "IIF": slice(1, None),
    "Switch": slice(1, None, 2),
    "Coalesce": slice(None),
    "Redact": slice(None),
    "IgnoreFlowIfNullOrEmpty": slice(None),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """What a directory of the schema says about one attribute (Graph reference, attributeDefinition).

    type  String | Integer | Reference | Binary | Boolean | DateTime
    """

    name: str
    type: str = "String"
    multivalued: bool = False
    required: bool = False
    case_exact: bool = False
    anchor: bool = False


@dataclass(frozen=True)
class Subject:
    """The job's mappings, what is expected of them, and the people they are tested with.

    expected  by target; {} if the app has published no table
    users     the user mapping among `mappings`
    people    source attributes by user principal name
    now       the time that Now() returns; None: the system clock
    opinion   Microsoft's answers; None: not asked
    """

    expected: Mapping[str, ExpectedRow]
    mappings: tuple[ObjectMapping, ...]
    users: ObjectMapping
    people: Mapping[str, Person]
    decided: Expectations
    now: datetime | None = None
    opinion: Opinion | None = None

    @cached_property
    def live(self) -> dict[str, MappingRow]:
        """The live rows by target; if a target occurs twice, its last row."""
        return {row.target: row for row in self.users.rows}

    @cached_property
    def results(self) -> dict[str, Values]:
        """What each person gets when their account is created; where Microsoft says otherwise, its answer."""
        return heed(self.ours, self.disputes, self.live)

    @cached_property
    def disputes(self) -> tuple[Dispute, ...]:
        """Where Microsoft's result for people differs from ours; () if it was not asked."""
        answers = (answer for answer in (self.opinion.answers if self.opinion else ()) if answer.object != GROUP)
        return find_disputes(answers, self.parsed, self.ours, self.live)

    @cached_property
    def group_disputes(self) -> tuple[Dispute, ...]:
        """The same for groups."""
        mapping = group_mapping(self.mappings)
        if mapping is None or self.opinion is None:
            return ()
        answers = (answer for answer in self.opinion.answers if answer.object == GROUP)
        ours = {
            name: evaluate_rows(mapping, source, now=self.now, creating=True)
            for name, source in self.opinion.groups.items()
        }
        return find_disputes(answers, _parse_rows(mapping), ours, {row.target: row for row in mapping.rows})

    @cached_property
    def parsed_by_name(self) -> dict[str, Expression]:
        """The expressions of people and groups by `row_name`."""
        mapping = group_mapping(self.mappings)
        return self.parsed | {
            row_name(target, GROUP): node for target, node in (_parse_rows(mapping) if mapping else {}).items()
        }

    @cached_property
    def ours(self) -> dict[str, Values]:
        """Our own results."""
        return {
            name: evaluate_rows(self.users, source, now=self.now, creating=True) for name, source in self.people.items()
        }

    @cached_property
    def targets(self) -> dict[str, Definition]:
        return read_definitions(self.users.target_definition)

    @cached_property
    def sources(self) -> dict[str, Definition]:
        return read_definitions(self.users.source_definition)

    @cached_property
    def parsed(self) -> dict[str, Expression]:
        """The live expressions by target, without those that cannot be read."""
        return _parse_rows(self.users)

    def type_of(self, target: str) -> str:
        """The target's type from the app's table, else from the job's schema; String if neither says."""
        row = self.expected.get(target)
        stated = None
        if row is not None:
            stated = getattr(row, "type", None)
        return str(stated or (self.targets[target].type if target in self.targets else "String"))

    def is_required(self, target: str) -> bool:
        """From the app's table; if that does not say, from the job's schema."""
        row = self.expected.get(target)
        if row is not None and row.required is not None:
            return row.required
        return target in self.targets and self.targets[target].required


def make_subject(
    expected: Iterable[ExpectedRow],
    live: Iterable[ObjectMapping],
    people: Mapping[str, Person],
    decided: Expectations,
    *,
    now: datetime | None,
    opinion: Opinion | None = None,
) -> Subject:
    """Raises MappingError if there is no user mapping."""
    mappings = tuple(live)
    users = choose_mapping(mappings)
    if users is None:
        raise MappingError("the schema has no mapping for User", "Restore the default mappings.")
    return Subject({row.target: row for row in expected}, mappings, users, people, decided, now, opinion)


def _parse_rows(mapping: ObjectMapping) -> dict[str, Expression]:
    found = {row.target: try_parse(row.expression) for row in mapping.rows}
    return {target: node for target, node in found.items() if node is not None}


def read_definitions(raw: Mapping[str, Any]) -> dict[str, Definition]:
    """The attributes of an objectDefinition by name; anything that is not an attribute is skipped."""
    found = {}
    for each in objects_in(raw.get("attributes")):
        if isinstance(each.get("name"), str):
            flags = (each.get(name) is True for name in ("multivalued", "required", "caseExact", "anchor"))
            found[each["name"]] = Definition(each["name"], str(each.get("type") or "String"), *flags)
    return found


def origins(node: Expression | None) -> str:
    """The source attributes in an expression, in the form shown to an administrator to check; "" for none.

    >>> origins(try_parse('Join(" ", [givenName], [surname])'))
    '[givenName] and [surname]'
    """
    if node is not None and attribute_names(node):
        return listed((f"[{name}]" for name in attribute_names(node)), most=9)
    return ""


def results_of(node: Expression | None) -> Iterator[Expression]:
    """The parts that can be an expression's value: branches, values, defaults, at any depth; else the whole.

    >>> [each.name for each in results_of(parse('IIF([a] = "x", Coalesce([b], [c]), ToLower([d]))'))]
    ['b', 'c', 'ToLower']
    """
    if isinstance(node, Call) and node.name in RESULTS:
        for each in node.arguments[RESULTS[node.name]]:
            yield from results_of(each)
    elif node is not None:
        yield node


def try_parse(expression: str | None) -> Expression | None:
    """The parsed expression; None if there is none or if it cannot be read."""
    try:
        if expression is not None:
            return parse(expression)
        return None
    except MappingError:
        return None


def attribute_of(target: str) -> str:
    """The attribute that a target belongs to, without schema, filter and sub-attribute, in lower case.

    >>> enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    >>> attribute_of('emails[type eq "work"].value'), attribute_of(f"{enterprise}:manager")
    ('emails', 'manager')
    """
    plain = target.partition("[")[0]
    return plain.rpartition(":")[2].partition(".")[0].casefold()
