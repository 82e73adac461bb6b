"""The review's table: every row with its type, and the value each pilot person would get."""

from __future__ import annotations

from scimkit.mapping.review.record import EMPTY, MISSING, NO_VALUE, ReviewRow
from scimkit.mapping.review.subject import Subject
from scimkit.mapping.review.texts import example
from scimkit.mapping.rows import MappingRow, Values


def make_rows(subject: Subject) -> tuple[ReviewRow, ...]:
    """The live rows in schema order, then the expected rows that are missing."""
    live = tuple(_live(subject, row) for row in subject.users.rows)
    missing = (row for target, row in subject.expected.items() if target not in subject.live)
    return (*live, *(ReviewRow(row.target, row.suggested_source, MISSING, "", 0, {}) for row in missing))


def _live(subject: Subject, row: MappingRow) -> ReviewRow:
    expected = subject.expected.get(row.target)
    return ReviewRow(
        target=row.target,
        expected=expected.suggested_source if expected else "",
        live=row.expression or "",
        apply=row.apply,
        matching=row.matching,
        values={name: shown(row, result) for name, result in subject.results.items()},
        kind=row.kind,
        default=row.default or "",
    )


def shown(row: MappingRow, result: Values) -> str:
    """What one person gets, in readable form; a value that must not be seen is masked."""
    if row.target in result.errors:
        return f"error: {result.errors[row.target]}"
    value = result.values.get(row.target)
    if value is None:
        return NO_VALUE
    if value == "":
        return EMPTY
    return example(row, value)
