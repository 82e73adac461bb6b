"""What changes too often, or never: random values, Switch, empty sources, defaults, creation-only rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from scimkit.errors import MappingError
from scimkit.evidence.checks import Check, failed, warning
from scimkit.mapping.language.compiled import evaluate
from scimkit.mapping.language.syntax import Call, Expression, Text
from scimkit.mapping.review.certainty import CUSTOMIZE, GRAPH_MAPPING, HOW, KNOWN, REFERENCE, documented, unconfirmed
from scimkit.mapping.review.opinion import UNSTABLE, uses
from scimkit.mapping.review.subject import Subject, results_of
from scimkit.mapping.review.texts import listed
from scimkit.mapping.rows import ON_CREATE_ONLY, MappingRow

CYCLE = timedelta(minutes=40)
FIRST = datetime(2026, 3, 2, 8, 0, 30, tzinfo=UTC)  # any moment will do to compare two cycles
ADD_ONLY = ("MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly")


def check_flow(subject: Subject) -> Iterator[Check]:
    for target, row in subject.live.items():
        yield from _changing(subject, row)
        yield from _clearing(subject, row, subject.parsed.get(target))
        yield from _applying(row)
    yield from _staying(subject)


def _changing(subject: Subject, row: MappingRow) -> Iterator[Check]:
    """Two cycles for the same person: a value that differs between them is written in every cycle."""
    node = subject.parsed.get(row.target)
    if (
        node is None
        or row.expression is None
        or (row.apply == ON_CREATE_ONLY and not row.matching)
        or not uses(node, UNSTABLE)
    ):
        return
    people = list(subject.people.values()) or [{}]
    if all(
        _given(row.expression, person, FIRST, 1) == _given(row.expression, person, FIRST + CYCLE, 2)
        for person in people
    ):
        return
    if row.matching:
        text = (
            f"{row.target} is used for matching and gets a different value in every cycle from {row.expression}: no one"
            " is ever found again"
        )
        remedy = (
            "Match by a stable attribute: set its matching precedence to 1 under Attribute Mapping and remove"
            f" {row.target} from matching."
        )
        yield failed("mapping.random_matching", text, remedy, documented(HOW))
    else:
        text = (
            f"{row.target} gets a different value in every cycle from {row.expression}: everyone's account is written"
            " each time"
        )
        remedy = (
            f'Open the row of {row.target} under Attribute Mapping and set "Apply this mapping" to Only during object'
            " creation, or use a stable source."
        )
        yield warning("mapping.unstable", text, remedy, documented(REFERENCE))


def _given(expression: str, person: Any, now: datetime, seed: int) -> object:
    try:
        return evaluate(expression, person, now=now, random=Random(seed))  # noqa: S311  # compared, never kept
    except MappingError:
        return None


def _clearing(subject: Subject, row: MappingRow, node: Expression | None) -> Iterator[Check]:
    """An empty string: as a branch result it is meant to clear the attribute, else it comes from empty sources."""
    where = ""
    if _has_empty_branch(node):
        where = f"in one branch of {row.expression}"
    elif not subject.is_required(row.target) and (
        names := [name for name, result in subject.results.items() if result.values.get(row.target) == ""]
    ):
        where = f"for {listed(names)} from {row.expression}"
    if where:
        text = (
            f"{row.target} is an empty string {where}: it is not settled whether this clears the attribute in the app,"
            " is left out, or is refused"
        )
        remedy = (
            f"Put IgnoreFlowIfNullOrEmpty(...) around the expression of {row.target} under Attribute Mapping if nothing"
            " should be sent. If a value has to be removed, clear it in the app."
        )
        yield warning("mapping.empty_text", text, remedy, unconfirmed("whether an empty string is sent to a SCIM app"))


def _has_empty_branch(node: Expression | None) -> bool:
    if isinstance(node, Call) and node.name == "IgnoreFlowIfNullOrEmpty":
        return False
    return any(isinstance(each, Text) and not each.value for each in results_of(node))


def _applying(row: MappingRow) -> Iterator[Check]:
    place = f"Open the row of {row.target} under Attribute Mapping"
    if row.default is not None:
        text = (
            f'{row.target} has the default "{row.default}", which is used at creation only: it does not fill an'
            " existing account and does not come back later"
        )
        yield warning(
            "mapping.default_on_create",
            text,
            f"{place}. If the value must always apply, choose the type Constant or an expression with Coalesce.",
            documented(CUSTOMIZE),
        )
    if row.apply == ON_CREATE_ONLY and row.target != "active":
        text = (
            f"{row.target} is set at creation only: a later change in Entra never reaches the app, and an account that"
            " already existed never gets the value"
        )
        yield warning(
            "mapping.create_only",
            text,
            f'{place} and set "Apply this mapping" to Always, unless creation only is what you want.',
            documented(CUSTOMIZE),
        )
    if row.apply in ADD_ONLY:
        text = f"{row.target} only adds values ({row.apply}): a value that is removed in Entra stays in the app"
        yield warning(
            "mapping.add_only",
            text,
            f'{place} and set "Apply this mapping" to Always, unless creation only is what you want.',
            documented(GRAPH_MAPPING),
        )


def _staying(subject: Subject) -> Iterator[Check]:
    """Null never flows, so an empty source leaves the app's current value as it is."""
    empty = {}
    for target, row in subject.live.items():
        meant = row.expression is None  # a row without a source is meant to send nothing
        reference = subject.type_of(target) == "Reference"  # how those are taken away is (unconfirmed)
        if not meant and not reference and not subject.is_required(target):
            empty[target] = [name for name, result in subject.results.items() if target in result.empty]
    told = [f"{target} ({listed(names, most=2)})" for target, names in empty.items() if names]
    if told:
        text = (
            f"no value, so nothing is sent: {', '.join(told)}. Any value in the app stays, and clearing it in Entra"
            " does not clear it there either"
        )
        remedy = (
            "If a value has to be removed, clear it in the app. A plain text attribute such as title can instead get a"
            ' placeholder value: Coalesce([jobTitle], "none").'
        )
        yield warning("mapping.null_stays", text, remedy, documented(KNOWN))
