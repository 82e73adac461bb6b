"""Rows that come from something else than expected. What means the same is not different."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from scimkit.checks import Check, first_failed, warning
from scimkit.errors import MappingError
from scimkit.mapping.evaluation import evaluate
from scimkit.mapping.expressions import print_expression
from scimkit.mapping.review.evidence import CUSTOMIZE, TUTORIAL, documented
from scimkit.mapping.review.leavers import check_leavers
from scimkit.mapping.review.opinion import UNSTABLE, uses
from scimkit.mapping.review.subject import Subject, try_parse
from scimkit.mapping.review.texts import listed, value_text
from scimkit.mapping.schema import meaning
from scimkit.mapping.syntax import Expression, attribute_names

ALWAYS_THERE = frozenset({"IsSoftDeleted", "accountEnabled"})  # booleans that are never null
FAILED = object()


def check_sources(subject: Subject) -> Iterator[Check]:
    for target, row in subject.expected.items():
        live = subject.live.get(target)
        if live is None or not row.suggested_source or (target == "active" and first_failed(check_leavers(subject))):
            continue  # what is wrong with active is said by itself
        wanted, found = try_parse(row.suggested_source), subject.parsed.get(target)
        if wanted is None or (found is None and live.expression is not None) or (found is not None and is_same(wanted, found)):
            continue
        text = f"{target} comes from {live.expression or 'nothing'}, where {row.suggested_source} is expected; {_compared(subject, row.suggested_source, live.expression)}"
        where = CUSTOMIZE if getattr(row, "generic", False) else TUTORIAL
        remedy = f"Choose {row.suggested_source} as the source under Attribute Mapping, or keep yours if that is what was agreed with the vendor."
        yield warning("mapping.row_different", text, remedy, documented(where))


def is_same(one: Expression, other: Expression) -> bool:
    """Whether two expressions always give the same.

    They do when they read the same, quoted numbers and numbers alike, or when
    they depend on booleans that are never null and agree for all of these.
    """
    if meaning(print_expression(one)) == meaning(print_expression(other)):
        return True
    names = {*attribute_names(one), *attribute_names(other)}
    if not names or not names <= ALWAYS_THERE or uses(one, UNSTABLE) or uses(other, UNSTABLE):
        return False
    cases = (dict(zip(sorted(names), values, strict=True)) for values in product((False, True), repeat=len(names)))
    return all(_given(one, case) == _given(other, case) != FAILED for case in cases)


def _given(node: Expression, source: dict[str, Any]) -> object:
    try:
        value = evaluate(print_expression(node), source)
    except MappingError:
        return FAILED
    return None if value is None else value_text(value)


def _compared(subject: Subject, expected: str, live: str | None) -> str:
    """Whether that makes a difference to the pilot people."""
    if not subject.people:
        return "nobody was there to compare the values for"
    differing = [name for name, source in subject.people.items() if _value(subject, expected, source) != _value(subject, live, source)]
    if not differing:
        return f"the values are the same for {listed(subject.people)}"
    return f"the values differ for {listed(differing)}"


def _value(subject: Subject, expression: str | None, source: Any) -> object:
    try:
        value = None if expression is None else evaluate(expression, source, now=subject.now)
    except MappingError:
        return FAILED
    return None if value in (None, "", []) else value_text(value)
