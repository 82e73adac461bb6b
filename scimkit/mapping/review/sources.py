"""Rows whose source differs from the expected one. Sources with the same meaning are not different."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product
from typing import Any

from scimkit.errors import MappingError
from scimkit.evidence.checks import Check, first_failed, warning
from scimkit.mapping.language.compiled import evaluate
from scimkit.mapping.language.parser import print_expression
from scimkit.mapping.language.syntax import Attribute, Call, Expression, attribute_names
from scimkit.mapping.language.values import IGNORE_ATTRIBUTE
from scimkit.mapping.review.certainty import CUSTOMIZE, TUTORIAL, documented
from scimkit.mapping.review.leavers import check_leavers
from scimkit.mapping.review.opinion import UNSTABLE, uses
from scimkit.mapping.review.subject import Subject, try_parse
from scimkit.mapping.review.texts import listed, value_text
from scimkit.mapping.schema import meaning

ALWAYS_THERE = frozenset({"IsSoftDeleted", "accountEnabled"})  # booleans that are never null
BLOCKED_AND_THERE = {
    "IsSoftDeleted": False,
    "accountEnabled": False,
}  # a blocked person counts as soft-deleted (CUSTOMIZE)
FAILED = object()
GENERAL = "Microsoft's general default"


def check_sources(subject: Subject) -> Iterator[Check]:
    for target, row in subject.expected.items():
        live = subject.live.get(target)
        if live is None or not row.suggested_source or (target == "active" and first_failed(check_leavers(subject))):
            continue  # what is wrong with active is said by itself
        wanted, found = try_parse(row.suggested_source), subject.parsed.get(target)
        boolean = subject.type_of(target) == "Boolean" or target == "active"
        if (
            wanted is None
            or (found is None and live.expression is not None)
            or (found is not None and is_same(wanted, found, boolean=boolean))
        ):
            continue
        generic = getattr(row, "generic", False)
        expected = f"{row.suggested_source} is {GENERAL if generic else 'expected'}"
        text = (
            f"{target} comes from {live.expression or 'nothing'}, where {expected};"
            f" {_compared(subject, row.suggested_source, live.expression, boolean=boolean)}"
        )
        if generic:
            where = CUSTOMIZE
        else:
            where = TUTORIAL
        remedy = (
            f"Choose {row.suggested_source} as the source under Attribute Mapping, or keep your source if it was agreed"
            " with the vendor."
        )
        yield warning("mapping.row_different", text, remedy, documented(where))


def is_same(one: Expression, other: Expression, *, boolean: bool = False) -> bool:
    """Whether two expressions always return the same value.

    They do if they read the same, with quoted numbers and numbers treated alike, or if
    they depend on booleans that are never null and agree for all values of these.

    boolean  the target is a boolean, so that true and True are the same
    """
    one, other = _bare(one), _bare(other)
    if meaning(print_expression(one)) == meaning(print_expression(other)):
        return True
    names = {*attribute_names(one), *attribute_names(other)}
    if not names or not names <= ALWAYS_THERE or uses(one, UNSTABLE) or uses(other, UNSTABLE):
        return False
    cases = [dict(zip(sorted(names), values, strict=True)) for values in product((False, True), repeat=len(names))]
    cases = [case for case in cases if case != BLOCKED_AND_THERE]
    return all(
        _given(print_expression(one), case, boolean=boolean)
        == _given(print_expression(other), case, boolean=boolean)
        != FAILED
        for case in cases
    )


def _bare(node: Expression) -> Expression:
    """A single attribute inside IgnoreFlowIfNullOrEmpty: with or without it, an empty attribute does not flow."""
    inner = None
    if isinstance(node, Call) and node.name == "IgnoreFlowIfNullOrEmpty":
        inner = node.arguments[0]
    if isinstance(inner, Attribute):
        return inner
    return node


def _given(expression: str | None, source: Mapping[str, Any], *, boolean: bool, now: datetime | None = None) -> object:
    """The value that flows; None for nothing."""
    try:
        value = None
        if expression is not None:
            value = evaluate(expression, source, now=now)
    except MappingError:
        return FAILED
    if value in (None, "", []) or value is IGNORE_ATTRIBUTE:
        return None
    if boolean:
        return value_text(value).casefold()
    return value_text(value)


def _compared(subject: Subject, expected: str, live: str | None, *, boolean: bool) -> str:
    """Whether this makes a difference for the pilot people."""
    if not subject.people:
        return "there was no one to compare the values for"
    sides = {}
    for name, source in subject.people.items():
        sides[name] = [_given(each, source, boolean=boolean, now=subject.now) for each in (expected, live)]
    differing = [name for name, (one, other) in sides.items() if one != other]
    if not differing:
        return f"the values are the same for {listed(subject.people)}"
    return f"the values differ for {listed(differing)}"
