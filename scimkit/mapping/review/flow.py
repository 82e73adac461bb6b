"""What changes too often, or never: random values, Switch, empty sources, defaults, rows for creation only."""

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
    """Two cycles with the same person: what is another value then is written in every cycle."""
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
            f"{row.target} is used for matching and gets another value in every cycle from {row.expression}: nobody is"
            " ever found again"
        )
        remedy = (
            "Match by an attribute that stays: set its matching precedence to 1 under Attribute Mapping and take"
            f" {row.target} out of matching."
        )
        yield failed("mapping.random_matching", text, remedy, documented(HOW))
    else:
        text = (
            f"{row.target} gets another value in every cycle from {row.expression}: everybody's account is written each"
            " time"
        )
        remedy = (
            f'Open the row of {row.target} under Attribute Mapping and set "Apply this mapping" to Only during object'
            " creation, or use a source that stays."
        )
        yield warning("mapping.unstable", text, remedy, documented(REFERENCE))


def _given(expression: str, person: Any, now: datetime, seed: int) -> object:
    try:
        return evaluate(expression, person, now=now, random=Random(seed))  # noqa: S311  # compared, never kept
    except MappingError:
        return None


def _clearing(subject: Subject, row: MappingRow, node: Expression | None) -> Iterator[Check]:
    """An empty text: as the result of a branch it is meant to clear the attribute, else it comes from empty sources."""
    where = ""
    if _has_empty_branch(node):
        where = f"in one branch of {row.expression}"
    elif not subject.is_required(row.target) and (
        names := [name for name, result in subject.results.items() if result.values.get(row.target) == ""]
    ):
        where = f"for {listed(names)} from {row.expression}"
    if where:
        text = (
            f"{row.target} is an empty text {where}: whether that clears it in the app, is left out or is refused is"
            " not settled"
        )
        remedy = (
            f"Put IgnoreFlowIfNullOrEmpty(...) around the expression of {row.target} under Attribute Mapping if nothing"
            " is to be sent; a value that has to go is cleared in the app."
        )
        yield warning("mapping.empty_text", text, remedy, unconfirmed("whether an empty text is sent to a SCIM app"))


def _has_empty_branch(node: Expression | None) -> bool:
    if isinstance(node, Call) and node.name == "IgnoreFlowIfNullOrEmpty":
        return False
    return any(isinstance(each, Text) and not each.value for each in results_of(node))


def _applying(row: MappingRow) -> Iterator[Check]:
    place = f"Open the row of {row.target} under Attribute Mapping"
    if row.default is not None:
        text = (
            f'{row.target} has the default "{row.default}", which is used at creation only: it neither fills an'
            " existing account nor comes back later"
        )
        yield warning(
            "mapping.default_on_create",
            text,
            f"{place}; where it must hold always, choose the type Constant or an expression with Coalesce.",
            documented(CUSTOMIZE),
        )
    if row.apply == ON_CREATE_ONLY and row.target != "active":
        text = (
            f"{row.target} is set at creation only: a later change in Entra never reaches the app, nor does it an"
            " account that was there before"
        )
        yield warning(
            "mapping.create_only",
            text,
            f'{place} and set "Apply this mapping" to Always, unless that is what you want.',
            documented(CUSTOMIZE),
        )
    if row.apply in ADD_ONLY:
        text = f"{row.target} only adds ({row.apply}): what is taken away in Entra stays in the app"
        yield warning(
            "mapping.add_only",
            text,
            f'{place} and set "Apply this mapping" to Always, unless that is what you want.',
            documented(GRAPH_MAPPING),
        )


def _staying(subject: Subject) -> Iterator[Check]:
    """Null never flows, so an empty source leaves in the app whatever it has."""
    empty = {}
    for target, row in subject.live.items():
        meant = row.expression is None  # a row without a source is meant to send nothing
        reference = subject.type_of(target) == "Reference"  # how those are taken away is (unconfirmed)
        if not meant and not reference and not subject.is_required(target):
            empty[target] = [name for name, result in subject.results.items() if target in result.empty]
    told = [f"{target} ({listed(names, most=2)})" for target, names in empty.items() if names]
    if told:
        text = (
            f"no value, so nothing is sent: {', '.join(told)}. What the app has there stays, and clearing it in Entra"
            " will not clear it either"
        )
        remedy = (
            "Where a value has to go, clear it in the app; a plain text such as title can instead get a word for"
            ' nothing: Coalesce([jobTitle], "none").'
        )
        yield warning("mapping.null_stays", text, remedy, documented(KNOWN))
