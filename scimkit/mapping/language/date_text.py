"""Dates as Entra's sources write them, read as date-times in UTC."""

from __future__ import annotations

import re
from datetime import datetime

from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.values import TICKS_PER_SECOND, Instant

TIME = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
HALF = r"(?:\s*(?P<half>[AaPp])[Mm])?"
OFFSET = r"(?:\s*(?P<offset>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?))?"
ISO = re.compile(
    rf"\s*(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{1,2}})-(?P<day>[0-9]{{1,2}})(?:(?:[Tt]|\s+){TIME}{HALF})?{OFFSET}\s*\Z"
)
US = re.compile(
    rf"\s*(?P<month>[0-9]{{1,2}})/(?P<day>[0-9]{{1,2}})/(?P<year>[0-9]{{4}})(?:(?:[Tt]|\s+){TIME}{HALF})?{OFFSET}\s*\Z"
)


def parse_date(text: str) -> Instant | None:
    """A date as Entra's sources write it, in UTC; None if it is not a date.

    ISO date, with an offset (2020-03-16-07:00), ISO date-time with Z, offset or
    neither and with a space instead of T, and the form M/d/yyyy h:mm:ss tt.
    """
    match = ISO.match(text) or US.match(text)
    if match is None:
        return None
    try:
        hour = int(match["hour"] or 0)
        if match["half"]:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if match["half"] in "pP" else 0)
        wall = datetime(
            int(match["year"]),
            int(match["month"]),
            int(match["day"]),
            hour,
            int(match["minute"] or 0),
            int(match["second"] or 0),
        )
    except ValueError:
        return None
    fraction = int((match["fraction"] or "").ljust(7, "0")[:7])
    return Instant(Instant.of(wall).ticks + fraction - offset_ticks(match["offset"]))


def offset_ticks(text: str | None) -> int:
    """Ticks by which local time is ahead of UTC for an offset such as -07:00."""
    if not text or text in "Zz":
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    if minutes > 14 * 60:
        raise EvaluationFault(f"the offset {text} is larger than 14 hours", "Correct it.")
    return (-1 if text[0] == "-" else 1) * minutes * 60 * TICKS_PER_SECOND
