"""A view as text: at most 100 columns, the same every time.

This is the form strict nbval compares, a terminal shows, and a reader sees in a
notebook whose HTML is not trusted.
"""

from __future__ import annotations

import textwrap
import unicodedata
from itertools import chain

from scimkit.credentials import REDACTOR
from scimkit.errors import lines_of
from scimkit.views.document import (
    STATUS_SYMBOLS,
    Cell,
    CheckList,
    CheckRow,
    Pairs,
    Table,
    View,
    count_statuses,
    first_checks,
    status_words,
)
from scimkit.views.values import visible

WIDTH = 100
_GAP = 2
_LONGEST_WORD = 30  # a longer id or address may be broken to keep a table a table


def render_text(view: View) -> str:
    """The whole view; no trailing spaces, no final line feed."""
    head = list(chain.from_iterable(_wrap(visible(text), WIDTH) for text in (view.title, view.sentence) if text))
    parts = ["\n".join(head), *("\n".join(_block(block)) for block in view.blocks)]
    return "\n\n".join(part for part in parts if part)


def _block(block: Pairs | Table | CheckList) -> list[str]:
    if isinstance(block, Pairs):
        return _pairs(block)
    if isinstance(block, Table):
        return _table(block)
    return _checks(block)


def _pairs(pairs: Pairs) -> list[str]:
    left = min(max((width_of(visible(name)) for name, _ in pairs.rows), default=0), 40)
    lines: list[str] = []
    for name, value in pairs.rows:
        labels, texts = _wrap(visible(name), left), _cell_lines(value, WIDTH - left - 2 * _GAP)
        lines += _side_by_side([labels, texts], [left, WIDTH - left - 2 * _GAP])
    return lines


def _table(table: Table) -> list[str]:
    if not table.rows:
        text = table.empty
        if table.title:
            text = f"{visible(table.title)}: {table.empty}"
        return _wrap(text, WIDTH)
    title = f"{visible(table.title)} ({len(table.rows) + table.left_out})"
    widths = _column_widths(table)
    if table.title:
        lines = _wrap(title, WIDTH)
    else:
        lines = []
    if widths:
        lines += _grid(table, widths)
    else:
        lines += _stack(table)
    if table.left_out:
        lines.append(f"  … and {table.left_out} more")
    return lines


def _grid(table: Table, widths: list[int]) -> list[str]:
    lines = _side_by_side(
        [_wrap(visible(name), width) for name, width in zip(table.columns, widths, strict=True)], widths
    )
    lines.append("  " + "  ".join("-" * width for width in widths))
    for row in table.rows:
        lines += _side_by_side([_cell_lines(value, width) for value, width in zip(row, widths, strict=True)], widths)
    return lines


def _stack(table: Table) -> list[str]:
    """A table too wide for its columns: the rows one below the other, each numbered."""
    left = max(width_of(visible(name)) for name in table.columns)
    widths = [len(str(len(table.rows))) + 1, left, 0]
    widths[2] = WIDTH - sum(widths) - _GAP * 3
    lines = []
    for number, row in enumerate(table.rows, 1):
        for index, (name, value) in enumerate(zip(table.columns, row, strict=True)):
            first = []
            if index == 0:
                first = [f"{number}."]
            columns = [first, [visible(name)], _cell_lines(value, widths[2])]
            lines += _side_by_side(columns, widths)
    return lines


def _column_widths(table: Table) -> list[int]:
    """The width of each column: its longest line if all fit; otherwise the widest columns
    shrink, but none below its longest word. Empty when even that is too wide."""
    natural, least = [], []
    for index, name in enumerate(table.columns):
        texts = [visible(name), *chain.from_iterable(_marked(row[index]).split("\n") for row in table.rows)]
        natural.append(max(width_of(text) for text in texts))
        words = list(chain.from_iterable(text.split(" ") for text in texts))
        least.append(min(max(width_of(word) for word in words), _LONGEST_WORD))
    room = WIDTH - _GAP * len(natural)
    while sum(natural) > room:
        slack = [width - floor for width, floor in zip(natural, least, strict=True)]
        if max(slack) <= 0:
            return []
        widest = max((width, index) for index, width in enumerate(natural) if slack[index] > 0)[1]
        natural[widest] -= 1
    return natural


def _checks(checks: CheckList) -> list[str]:
    lines = _wrap(f"{visible(checks.title)}: {count_statuses(checks.rows) or 'none'}", WIDTH)
    rows, left_out = first_checks(checks.rows)
    for row in rows:
        lines += _check(row)
    if left_out:
        return [*lines, f"  … and {left_out} more"]
    return lines


def _check(row: CheckRow) -> list[str]:
    mark = f"{STATUS_SYMBOLS.get(row.status, '?')} {status_words(row.status)}"
    where = f"{row.step} {row.code}".strip()
    room = WIDTH - 18
    texts = lines_of(f"{visible(where)}: {visible(row.message)}", visible(row.remedy))
    if row.source:
        texts.append(f"Source: {visible(row.source)}")
    wrapped = list(chain.from_iterable(_wrap(text, room) for text in texts))
    return _side_by_side([[mark], wrapped], [14, room])


def _marked(value: Cell) -> str:
    if value.unconfirmed:
        return f"{value.text} (unconfirmed)"
    return value.text


def _cell_lines(value: Cell, width: int) -> list[str]:
    return list(chain.from_iterable(_wrap(visible(text), width) for text in _marked(value).split("\n")))


def _side_by_side(columns: list[list[str]], widths: list[int]) -> list[str]:
    height = max((len(lines) for lines in columns), default=0)
    rows = []
    for number in range(height):
        texts = [lines[number] if number < len(lines) else "" for lines in columns]
        row = "  ".join(text + " " * (width - width_of(text)) for text, width in zip(texts, widths, strict=True))
        rows.append(f"  {row}".rstrip())
    return rows


def width_of(text: str) -> int:
    """The columns that `text` occupies: two for East Asian wide letters, none for combining marks."""
    if text.isascii():
        return len(text)
    return sum(_letter_width(letter) for letter in text)


def _letter_width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return 2
    return 1


def _wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` columns; long ids and addresses are broken where necessary."""
    if width_of(text) <= width:
        return [text]
    text = REDACTOR.text(text)  # before it is broken: a secret in pieces cannot be found
    if text.isascii():
        return textwrap.wrap(text, width, break_on_hyphens=False) or [""]
    lines, line = [], ""
    for word in text.split(" "):
        for piece in _pieces(word, width):
            if line:
                joined = f"{line} {piece}"
            else:
                joined = piece
            if width_of(joined) > width:
                lines.append(line)
                joined = piece
            line = joined
    return [*lines, line]


def _pieces(word: str, width: int) -> list[str]:
    pieces, piece = [], ""
    for letter in word:
        if width_of(piece + letter) > width:
            pieces.append(piece)
            piece = ""
        piece += letter
    return [*pieces, piece]
