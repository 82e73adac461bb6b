"""What a view is made of, before it becomes HTML or text.

A record is described once, as a title, a sentence and blocks; `markup` and
`plain_text` render the same description, so the two forms cannot contradict
each other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from scimkit.credentials import REDACTOR


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, ready to be read.

    text         lines divided by a line feed; control characters of the value are already spelled out
    unconfirmed  the fact behind it has not been confirmed: every form shows a mark
    code         an id, a path, an expression: a fixed-width font where there is one
    link         lines that are only an https address, and come from a profile, may be followed;
                 never one that a server has sent
    """

    text: str
    unconfirmed: bool = False
    code: bool = False
    link: bool = False

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Labels and their values, one below the other."""

    rows: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table under a heading. `left_out` rows are not shown; `empty` is the text shown when there are none."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "none"
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check. `status` is the value of an `evidence.checks.Status`."""

    code: str
    status: str
    message: str
    remedy: str = ""
    source: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class CheckList:
    """The checks of a record."""

    rows: tuple[CheckRow, ...]
    title: str = "Checks"


Block = Pairs | Table | CheckList


@dataclass(frozen=True, slots=True)
class View:
    """A record, described: title and sentence ("" for none), blocks in reading order."""

    title: str
    sentence: str
    blocks: tuple[Block, ...]


# A symbol and a word: neither form relies on colour alone.
STATUS_SYMBOLS = {"passed": "✓", "warning": "!", "failed": "✗", "not_reached": "·", "not_observed": "?"}
MOST_CHECKS, MOST_LETTERS = (
    200,
    1000,
)  # of one list, and of one message: a forecast of thousands may have something to say of each
STATUS_ORDER = ("failed", "warning", "not_observed", "not_reached", "passed")


def status_words(status: str) -> str:
    """`not_observed` as people read it: `not observed`."""
    return status.replace("_", " ")


def count_statuses(rows: tuple[CheckRow, ...]) -> str:
    """The number of checks for each status, worst first.

    >>> hm = CheckRow("a.c", "warning", "hm")
    >>> count_statuses((CheckRow("a.b", "passed", "fine"), hm, hm))
    '2 warnings, 1 passed'
    """
    found = Counter(row.status for row in rows)
    counts = {status: found[status] for status in STATUS_ORDER}
    return ", ".join(
        f"{count} {status_words(status)}{_plural(status, count)}" for status, count in counts.items() if count
    )


def _plural(status: str, count: int) -> str:
    """`warning` is the only status that is a noun."""
    if status == "warning" and count > 1:
        return "s"
    return ""


def first_checks(rows: tuple[CheckRow, ...]) -> tuple[tuple[CheckRow, ...], int]:
    """The rows that are shown, and how many are not: all in their order, or the worst if there are very many.

    >>> drawn, left = first_checks((CheckRow("a.b", "passed", ""),) * MOST_CHECKS + (CheckRow("a.c", "failed", ""),))
    >>> drawn[0].status, len(drawn), left
    ('failed', 200, 1)
    """
    if len(rows) <= MOST_CHECKS:
        return rows, 0
    worst = sorted(rows, key=lambda row: STATUS_ORDER.index(row.status) if row.status in STATUS_ORDER else 0)
    return tuple(worst[:MOST_CHECKS]), len(rows) - MOST_CHECKS


def _within_sight(text: str) -> str:
    """`text`, or its beginning where it names hundreds: the record in the run folder has the full text."""
    if len(text) <= MOST_LETTERS:
        return text
    text = REDACTOR.text(text)  # before it is cut: a secret in pieces cannot be found
    kept = text[:MOST_LETTERS].rpartition(", ")[0] or text[:MOST_LETTERS]
    return f"{kept} … ({len(text) - len(kept)} more characters are in the record)"


def check_row(check: Any, step: str = "") -> CheckRow:
    """A Check, or the dict it is stored as, as a row."""
    take = check.get if isinstance(check, dict) else lambda name, default="": getattr(check, name, default)
    status = str(getattr(take("status"), "value", take("status")) or "not_observed")
    texts = {name: _within_sight(str(take(name) or "")) for name in ("code", "message", "remedy", "source")}
    return CheckRow(status=status, step=step, **texts)
