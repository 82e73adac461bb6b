"""Tables made from plain data: how each column is read from an item, and how many rows are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from scimkit.views.document import Cell, Table
from scimkit.views.values import NOTHING, cell

Data = Mapping[str, Any]
Columns = Mapping[str, Callable[[Data], Any]]
MOST_ROWS = 200  # of one table; a forecast may name thousands, and the record on disk has them all


def table(title: str, columns: Columns, items: Sequence[Data], *, most: int = MOST_ROWS, empty: str = "none") -> Table:
    """`columns` are headings and how each is read from an item; rows beyond `most` are counted, not shown."""
    shown = items[:most]
    rows = tuple(_row(columns.values(), item) for item in shown)
    return Table(title, tuple(columns), rows, empty=empty, left_out=len(items) - len(shown))


def _row(readers: Iterable[Callable[[Data], Any]], item: Data) -> tuple[Cell, ...]:
    return tuple(cell(read(item)) for read in readers)


def field(name: str, *, code: bool = False, nothing: str = NOTHING) -> Callable[[Data], Cell]:
    """Read the member `name`; `nothing` is what is shown for an empty one."""
    return lambda item: cell(item.get(name), code=code, nothing=nothing)
