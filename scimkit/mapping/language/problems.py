"""What can be wrong with an expression or a filter, and where.

`EvaluationFault` is raised inside a function that does not know its place in the
text; the evaluation turns it into an `ExpressionError` with a position.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from scimkit.errors import MappingError

CARET_WIDTH = 100  # columns of the line shown under an error
NO_CHARACTER = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
)  # what breaks a line, moves the cursor or cannot be printed


class ExpressionError(MappingError):
    """An expression cannot be read or evaluated; `pointer` shows the place.

    >>> print(ExpressionError("no such function", text="Trim([mail])", position=0).pointer())
    Trim([mail])
    ^
    """

    def __init__(self, message: str, remedy: str = "", *, text: str = "", position: int | None = None) -> None:
        super().__init__(message, remedy, text=text, position=position)
        if self.text and position is not None:
            self.add_note(self.pointer())

    @property
    def line(self) -> int:
        """The line of `position`, from 1."""
        return self.text.count("\n", 0, self.position or 0) + 1

    @property
    def column(self) -> int:
        """The column of `position` in its line, from 1."""
        position = self.position or 0
        return position - (self.text.rfind("\n", 0, position) + 1) + 1

    def pointer(self) -> str:
        """The wrong line with a caret under it; empty if no place is known."""
        if self.position is None or not self.text:
            return ""
        start = self.text.rfind("\n", 0, self.position) + 1
        end = self.text.find("\n", self.position)
        line = NO_CHARACTER.sub(" ", self.text[start : end if end >= 0 else len(self.text)])
        column = self.position - start
        cut = max(0, column - CARET_WIDTH // 2)
        shown = line[cut : cut + CARET_WIDTH]
        lead, tail = "", ""
        if cut:
            lead = "…"
        if cut + CARET_WIDTH < len(line):
            tail = "…"
        blanks = sum(_columns(character) for character in lead + shown[: column - cut])
        return f"{lead}{shown}{tail}\n{' ' * blanks}^"

    def _render_traceback_(self) -> list[str]:
        lines = super()._render_traceback_()
        pointer = self.pointer()
        if pointer:
            return [lines[0], *pointer.splitlines(), *lines[1:]]
        return lines


class NotReproduced(ExpressionError):
    """Microsoft may be able to evaluate it. It cannot be evaluated here, so the value is unknown."""


def _columns(character: str) -> int:
    """How many terminal columns a character takes: two for CJK and emoji, none for a combining mark."""
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 1


class UnknownOperator(MappingError):
    """A scoping filter names an operator that does not exist."""


class UnfilterableAttribute(MappingError):
    """A scoping filter uses an attribute that does not support filters ("Scoping users or groups ...")."""


class EvaluationFault(Exception):
    """An error a function reports, without a place.

    value  the argument at fault, compared by identity to find its position
    """

    def __init__(self, message: str, remedy: str = "", value: object = None) -> None:
        super().__init__(message)
        self.message, self.remedy, self.value = message, remedy, value


class OurLimit(EvaluationFault):
    """Not an error in the expression: something .NET or the directory can do and scimkit cannot."""


def suggest(name: str, known: Iterable[str]) -> str:
    """The known name closest to `name`, compared without regard to case, or an empty string.

    >>> suggest("Jion", ["Join", "Switch"])
    'Join'
    """
    by_lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower()[:60], by_lower, n=1, cutoff=0.6)
    if close:
        return by_lower[close[0]]
    return ""
