"""Date-times by .NET format letters, invariant culture: what FormatDateTime reads and prints.

Behaves like a .NET machine whose own zone is UTC. Default style: RoundtripKind,
leading and trailing whitespace allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from scimkit.mapping.language.evaluation import Evaluation
from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.values import TICKS_PER_SECOND, Instant, show_value

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LETTERS = "yMdHhmsfFtzKg"
LONGEST_RUN = {"f": 7, "F": 7, "K": 1}
STANDARD = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}  # one letter alone names a whole format
STYLES = {
    "none",
    "allowleadingwhite",
    "allowtrailingwhite",
    "allowinnerwhite",
    "allowwhitespaces",
    "nocurrentdatedefault",
    "adjusttouniversal",
    "assumelocal",
    "assumeuniversal",
    "roundtripkind",
}
LAST_TWO_DIGIT_YEAR = 2029  # .NET's invariant calendar: 30 is 1930
FORMAT_REMEDY = "Use .NET letters, such as yyyy-MM-dd or M/d/yyyy h:mm:ss tt."


@dataclass(frozen=True, slots=True)
class Moment:
    """A parsed date-time. kind: Unspecified, Utc or Local, which only K and z can tell apart."""

    instant: Instant
    kind: str = "Unspecified"

    def to_utc(self) -> Moment:
        return replace(self, kind="Utc")


class Piece(NamedTuple):
    """A run of one format letter, or literal text (letter is empty)."""

    letter: str
    length: int
    text: str


def check_styles(names: str) -> bool:
    """Whether the styles request UTC (AdjustToUniversal). Raises EvaluationFault for an unknown style."""
    given = {name.strip().split(".")[-1].lower() for name in re.split(r"[,|]", names) if name.strip()}
    unknown = given - STYLES
    if unknown:
        raise EvaluationFault(
            f"the date-time style {min(unknown)!r} is unknown", "Leave the style out, or write AssumeUniversal."
        )
    return "adjusttouniversal" in given


# the format of a row is the same for everybody
@lru_cache(maxsize=256)
def read_format(text: str) -> tuple[Piece, ...]:
    """A format as pieces. Raises EvaluationFault for one that .NET refuses."""
    if len(text) == 1:
        if text not in STANDARD:
            raise EvaluationFault(f"{text!r} alone is not a format", f"Write %{text} for the letter. {FORMAT_REMEDY}")
        text = STANDARD[text]
    pieces, index = [], 0
    while index < len(text):
        letter = text[index]
        if letter in LETTERS:
            count = 1
            while text[index + count : index + count + 1] == letter and count < LONGEST_RUN.get(letter, 99):
                count += 1
            pieces.append(Piece(letter, count, ""))
            index += count
        elif letter in "'\"":
            end = text.find(letter, index + 1)
            if end < 0:
                raise EvaluationFault(f"a quotation mark in the format {text!r} is not closed", "Close it.")
            pieces.append(Piece("", 0, text[index + 1 : end]))
            index = end + 1
        elif letter == "\\":
            if index + 1 == len(text):
                raise EvaluationFault("the format ends with a backslash", "Remove it.")
            pieces.append(Piece("", 0, text[index + 1]))
            index += 2
        elif letter == "%":
            index += 1
        else:
            pieces.append(Piece("", 0, letter))
            index += 1
    return tuple(pieces)


def print_moment(moment: Moment, form: str, blame: Any = None) -> str:
    """A date-time in a .NET format. blame: the argument to name in an error."""
    try:
        pieces = read_format(form or "G")
    except EvaluationFault as fault:
        raise EvaluationFault(fault.message, fault.remedy, blame) from None
    wall, fraction = moment.instant.wall, moment.instant.fraction
    made: list[str] = []
    for piece in pieces:
        if not piece.letter:
            text = piece.text
        else:
            text = _print_piece(piece, wall, fraction, moment.kind)
        if piece.letter == "F" and not text and made and made[-1].endswith("."):
            made[-1] = made[-1][:-1]
        made.append(text)
    return "".join(made)


def _print_piece(piece: Piece, wall: datetime, fraction: int, kind: str) -> str:
    letter, count = piece.letter, piece.length
    if letter == "y":
        return _print_year(wall.year, count)
    if letter == "M" and count > 2:
        return _print_name(MONTHS[wall.month - 1], count)
    if letter == "d" and count > 2:
        return _print_name(DAYS[wall.weekday()], count)
    if letter in "MdHhms":
        numbers = {"M": wall.month, "d": wall.day, "H": wall.hour, "m": wall.minute, "s": wall.second}
        number = numbers.get(letter, wall.hour % 12 or 12)
        return f"{number:0{min(count, 2)}d}"
    if letter == "f":
        return f"{fraction:07d}"[:count]
    if letter == "F":
        return f"{fraction:07d}"[:count].rstrip("0")
    if letter == "t":
        return ("AM", "PM")[wall.hour // 12][: min(count, 2)]
    if letter == "z":
        return ("+0", "+00", "+00:00")[min(count, 3) - 1]
    if letter == "K":
        return {"Utc": "Z", "Local": "+00:00"}.get(kind, "")
    return "A.D."


def _print_year(year: int, count: int) -> str:
    if count <= 2:
        year %= 100
    return f"{year:0{count}d}"


def _print_name(name: str, count: int) -> str:
    """Three letters of it, or with more than three letters of the format the whole."""
    if count > 3:
        return name
    return name[:3]


class Reader:
    """One exact parse of one string."""

    def __init__(self, text: str) -> None:
        self.text, self.index = text, 0
        self.parts: dict[str, int] = {}
        self.half = ""
        self.offset: int | None = None
        self.kind = "Unspecified"
        self.twelve = False

    def digits(self, fewest: int, most: int) -> int:
        match = re.compile(f"[0-9]{{{fewest},{most}}}").match(self.text, self.index)
        if match is None:
            raise ValueError
        self.index = match.end()
        return int(match[0])

    def put(self, part: str, value: int) -> None:
        if self.parts.setdefault(part, value) != value:
            raise ValueError

    def name(self, names: tuple[str, ...], short: bool) -> int:
        for number, name in enumerate(names):
            if short:
                wanted = name[:3]
            else:
                wanted = name
            if self.text[self.index : self.index + len(wanted)].lower() == wanted.lower():
                self.index += len(wanted)
                return number
        raise ValueError

    def read(self, piece: Piece) -> None:
        letter, count = piece.letter, piece.length
        if not letter:
            if not self.text.startswith(piece.text, self.index):
                raise ValueError
            self.index += len(piece.text)
        elif letter == "y":
            self.read_year(count)
        elif letter == "M" and count > 2:
            self.put("month", self.name(MONTHS, count == 3) + 1)
        elif letter == "d" and count > 2:
            self.put("weekday", self.name(DAYS, count == 3))
        elif letter in "MdHhms":
            part = {"M": "month", "d": "day", "H": "hour", "h": "hour", "m": "minute", "s": "second"}[letter]
            self.put(part, self.digits(1 if count == 1 else 2, 2))
            self.twelve = self.twelve or letter == "h"
        elif letter == "f":
            start = self.index
            value = self.digits(count, count)
            self.put("fraction", value * 10 ** (7 - (self.index - start)))
        elif letter == "F":
            match = re.compile(f"[0-9]{{0,{count}}}").match(self.text, self.index)
            digits = match[0] if match else ""
            self.index += len(digits)
            self.put("fraction", int(digits.ljust(7, "0")))
        elif letter == "t":
            self.read_half(count)
        elif letter in "zK":
            self.read_offset(letter, count)
        else:
            if self.text.startswith("A.D.", self.index):
                self.index += len("A.D.")

    def read_year(self, count: int) -> None:
        if count <= 2:
            year = self.digits(1 if count == 1 else 2, 2)
            century = LAST_TWO_DIGIT_YEAR // 100 * 100
            if year > LAST_TWO_DIGIT_YEAR % 100:
                century -= 100
            self.put("year", year + century)
        else:
            self.put("year", self.digits(count, max(4, count)))

    def read_half(self, count: int) -> None:
        mark = self.text[self.index : self.index + min(count, 2)].upper()
        if mark not in ("AM", "PM", "A", "P"):
            raise ValueError
        self.half = mark[0]
        self.index += len(mark)

    def read_offset(self, letter: str, count: int) -> None:
        if letter == "K":
            if self.text[self.index : self.index + 1] in ("Z", "z"):
                self.index += 1
                self.offset, self.kind = 0, "Utc"
                return
            if self.text[self.index : self.index + 1] not in ("+", "-"):
                return
            count = 3
        form = r"([+-])([0-9]{2})"
        if count == 1:
            form = r"([+-])([0-9]{1,2})"
        match = re.compile(form + (r":?([0-9]{2})" if count > 2 else r"()")).match(self.text, self.index)
        if match is None:
            raise ValueError
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        if minutes > 14 * 60:
            raise ValueError
        self.index = match.end()
        if match[1] == "-":
            minutes = -minutes
        self.offset, self.kind = minutes, "Local"

    def result(self, today: datetime) -> Moment:
        if self.text[self.index :].strip():
            raise ValueError
        parts = self.parts
        hour = parts.get("hour", 0)
        if self.twelve:
            if hour > 12:
                raise ValueError
            hour = hour % 12
            if self.half == "P":
                hour += 12
        elif self.half and (self.half == "A") != (hour < 12):
            raise ValueError
        no_date = not {"year", "month", "day"} & parts.keys()
        month, day = 1, 1
        if no_date:
            month, day = today.month, today.day
        wall = datetime(
            parts.get("year", today.year),
            parts.get("month", month),
            parts.get("day", day),
            hour,
            parts.get("minute", 0),
            parts.get("second", 0),
        )
        if parts.get("weekday", wall.weekday()) != wall.weekday():
            raise ValueError
        ticks = Instant.of(wall).ticks + parts.get("fraction", 0)
        return Moment(Instant(ticks - (self.offset or 0) * 60 * TICKS_PER_SECOND), self.kind)


def parse_exact(text: str, form: str, evaluation: Evaluation, blame: Any, blame_form: Any) -> Moment:
    """A string read exactly by a .NET format; spaces around it are allowed.

    An offset in the string converts the value to UTC (unconfirmed). A format without a
    date means today.
    """
    try:
        if not form:
            raise EvaluationFault("the input format is empty", FORMAT_REMEDY)
        pieces = read_format(form)
    except EvaluationFault as fault:
        raise EvaluationFault(fault.message, fault.remedy, blame_form) from None
    reader = Reader(text.lstrip())
    try:
        for piece in pieces:
            reader.read(piece)
        dated = bool({"year", "month", "day"} <= reader.parts.keys())
        if dated:
            today = datetime(1, 1, 1)
        else:
            today = evaluation.instant().wall
        return reader.result(today)
    except (ValueError, EvaluationFault):
        raise EvaluationFault(
            f"{show_value(text)} is not a date of the form {show_value(form)}", "Give the format of the source.", blame
        ) from None
