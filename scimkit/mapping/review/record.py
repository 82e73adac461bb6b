"""The record of step 5b: the rows as a table, and the findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scimkit.evidence.checks import Check
from scimkit.evidence.records import record

MISSING = "(no such row)"
NO_VALUE = "(no value)"
EMPTY = "(empty text)"


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One target attribute.

    expected  the suggested source, "" if the profile has no such row
    live      the expression in the job's schema, or MISSING
    apply     Always | ObjectAddOnly …
    matching  precedence, 0: not used for matching
    values    what each pilot person would get, by user principal name
    kind      Direct | Constant | Expression | None; "" if there is no row
    default   the value used at creation if the source returns nothing; "" for none
    """

    target: str
    expected: str
    live: str
    apply: str
    matching: int
    values: Mapping[str, str]
    kind: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Overruled:
    """scimkit's results for one target before Microsoft said otherwise, by user principal name."""

    target: str
    values: Mapping[str, str]


@record("MappingReview")
@dataclass(frozen=True)
class MappingReview:
    """The live mapping next to the expected one, evaluated for the pilot people.

    overruled  our values that Microsoft's answer has replaced in `rows`
    """

    rows: tuple[ReviewRow, ...]
    pilot: tuple[str, ...]
    checks: tuple[Check, ...]
    overruled: tuple[Overruled, ...] = ()
