"""What an expression can return: string, null, boolean, number, date-time, list, ignore mark.

In Python these are str, None, bool, int, `Instant`, list and `IgnoreMark`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Any, Final

from scimkit.mapping.language.problems import EvaluationFault

MAX_TEXT = 100_000  # characters; no directory attribute is longer, and nested Replace calls could grow without end
TICKS_PER_SECOND = 10_000_000  # of 100 nanoseconds, as in .NET
TICKS_PER_DAY = 86_400 * TICKS_PER_SECOND
MAX_TICKS = 3_652_059 * TICKS_PER_DAY - 1  # the end of year 9999
FILETIME_EPOCH_TICKS = 504_911_232_000_000_000  # 1601-01-01 counted from 0001-01-01
MAX_INTEGER = 2**63 - 1
YEAR_ONE = datetime(1, 1, 1)
INTEGER_TEXT = re.compile(r"-?[0-9]{1,19}\Z")


class IgnoreMark(Enum):
    """Not a value but an instruction: drop the attribute from the request, or do not process the object."""

    ATTRIBUTE = "attribute"
    OBJECT = "object"


IGNORE_ATTRIBUTE: Final = IgnoreMark.ATTRIBUTE
IGNORE_OBJECT: Final = IgnoreMark.OBJECT


class Omitted(Enum):
    """An omitted argument, which is not the same as null or an empty string."""

    OMITTED = "omitted"

    def __repr__(self) -> str:
        return "OMITTED"


OMITTED: Final = Omitted.OMITTED


def out_of_range() -> EvaluationFault:
    return EvaluationFault("the date is outside the years 1 to 9999", "Correct the date.")


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A date-time in UTC. ticks: 100 nanoseconds since 0001-01-01, as in .NET."""

    ticks: int

    def __post_init__(self) -> None:
        if not 0 <= self.ticks <= MAX_TICKS:
            raise out_of_range()

    @classmethod
    def of(cls, moment: datetime) -> Instant:
        """A Python date-time; one without a time zone is read as UTC."""
        if moment.tzinfo is not None:
            try:
                moment = moment.astimezone(UTC).replace(tzinfo=None)
            except OverflowError:
                raise out_of_range() from None
        since = moment - YEAR_ONE
        return cls(since.days * TICKS_PER_DAY + since.seconds * TICKS_PER_SECOND + since.microseconds * 10)

    @property
    def wall(self) -> datetime:
        """Year to second as a Python date-time without time zone; for fractions of a second see `fraction`."""
        return YEAR_ONE + timedelta(seconds=self.ticks // TICKS_PER_SECOND)

    @property
    def fraction(self) -> int:
        """Ticks within the second, 0 to 9999999."""
        return self.ticks % TICKS_PER_SECOND

    def __str__(self) -> str:
        """`M/d/yyyy h:mm:ss tt`, the text form of a date-time in the language.

        >>> str(Instant.of(datetime(2020, 3, 16, 7)))
        '3/16/2020 7:00:00 AM'
        """
        wall = self.wall
        half = "PM"
        if wall.hour < 12:
            half = "AM"
        return (
            f"{wall.month}/{wall.day}/{wall.year:04d} {wall.hour % 12 or 12}:{wall.minute:02d}:{wall.second:02d} {half}"
        )


def read_value(value: Any) -> Any:
    """A source attribute as a value of the language: sets and tuples become lists, dates become instants.

    Graph returns a multi-valued property without values as an empty list, never as
    null, so an empty list is treated as an absent attribute.
    """
    if value is None or value.__class__ in (str, bool, int):
        return value
    if isinstance(value, list):
        return value or None
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, (tuple, set, frozenset)):
        return list(value) or None
    if isinstance(value, datetime):
        return Instant.of(value)
    if isinstance(value, date):
        return Instant.of(datetime(value.year, value.month, value.day))
    if isinstance(value, Mapping):
        return value
    return str(value)


def show_value(value: Any) -> str:
    """A value in readable form: null, "text", 7, True, ["a", "b"].

    >>> show_value(None), show_value("a")
    ('null', '"a"')
    """
    if value is None:
        return "null"
    if isinstance(value, IgnoreMark):
        return f"ignore this {value.value}"
    if isinstance(value, str):
        if len(value) <= 200:
            return f'"{value}"'
        return f'"{value[:200]}…"'
    if isinstance(value, list):
        return "[" + ", ".join(show_value(item) for item in value[:50]) + (", …" if len(value) > 50 else "") + "]"
    return str(value)


def plain_text(value: Any) -> str:
    """The string form of a value that is neither null nor a list. Booleans are True and False."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, Instant)):
        return str(value)
    if isinstance(value, list):
        if len(value) == 1:
            remedy = "Use Item to get the element, or use Join."
        else:
            remedy = "Use Join to combine the values into one string, or Item to get one element."
        raise EvaluationFault(f"one string is expected here, but this is a list of {len(value)} values", remedy, value)
    raise EvaluationFault("this value has no string form", "Map the attribute directly.", value)


def check_length(length: int) -> None:
    """Rejects a result that is longer than any attribute can be."""
    if length > MAX_TEXT:
        raise EvaluationFault(f"the result would be longer than {MAX_TEXT:,} characters", "Shorten the expression.")


def as_integer(value: Any) -> int | None:
    """The whole number that a value is or represents, else None. A boolean is not a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and INTEGER_TEXT.match(value):
        return int(value)
    return None


def integer_of(value: Any, what: str) -> int:
    """A number argument; numbers and quoted numbers are interchangeable. `what` names it in the error."""
    number = as_integer(value)
    if number is None:
        raise EvaluationFault(
            f"{what} must be a whole number, but is {show_value(value)}", "Write a number such as 1.", value
        )
    return number
