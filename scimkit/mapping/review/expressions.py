"""Errors in an expression, found before it is evaluated for anyone: length, spelling, functions, patterns."""

from __future__ import annotations

from collections.abc import Iterator

from scimkit.evidence.checks import Check, failed, warning
from scimkit.mapping.findings import Finding, lint
from scimkit.mapping.language.parser import MAX_LENGTH
from scimkit.mapping.review.certainty import KNOWN, REFERENCE, documented, marked
from scimkit.mapping.review.subject import Subject, read_definitions
from scimkit.mapping.rows import MappingRow, ObjectMapping

TESTED_ELSEWHERE = frozenset(
    {"expression.random_always", "expression.random_matching"}
)  # of people: `flow` evaluates twice and sees


def check_expressions(subject: Subject) -> Iterator[Check]:
    for mapping in subject.mappings:
        if mapping is subject.users:
            yield from _of_rows(mapping, "")
        elif mapping.source_object == "Group" and mapping.enabled and subject.decided.groups:
            yield from _of_rows(mapping, " of groups")


def _of_rows(mapping: ObjectMapping, whose: str) -> Iterator[Check]:
    attributes = tuple(read_definitions(mapping.source_definition)) or None
    for row in mapping.rows:
        if row.expression is None:
            continue
        if len(row.expression) > MAX_LENGTH:
            text = (
                f"the expression of {row.target}{whose} has {len(row.expression):,} characters, but only {MAX_LENGTH:,}"
                " are allowed"
            )
            yield failed(
                "mapping.expression_too_long",
                text,
                "Shorten it in the Expression field of the row, for example by using an Entra attribute that has the"
                " result.",
                documented(KNOWN),
            )
            continue
        for finding in lint(row.expression, apply=row.apply, matching=row.matching > 0, attributes=attributes):
            if whose or finding.code not in TESTED_ELSEWHERE:
                yield _check(row, whose, finding)


def _check(row: MappingRow, whose: str, finding: Finding) -> Check:
    """A finding about an expression as a check of the review; an (unconfirmed) finding does not block anyone."""
    code = f"mapping.{finding.code.partition('.')[2]}"
    text = f"{row.target}{whose}: {finding.message}"
    remedy = (
        f"{finding.remedy or 'Correct the expression.'} In the portal: Attribute Mapping, the row of"
        f" {row.target}{whose}, Expression."
    )
    source = marked(finding.mark, REFERENCE)
    if finding.severity == "error" and finding.mark != "unconfirmed":
        return failed(code, text, remedy, source)
    return warning(code, text, remedy, source)
