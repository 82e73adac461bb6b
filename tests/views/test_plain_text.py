"""The text form: at most 100 columns, the same every time."""

from __future__ import annotations

from typing import Any

import pytest

from scimkit.views import describe_kind, render_text
from scimkit.views.document import Cell, Pairs, Table, View
from scimkit.views.plain_text import WIDTH, width_of


def test_no_line_is_wider_than_the_page(kind_and_data: tuple[str, dict[str, Any]]) -> None:
    """Every kind fits, whatever its values, and leaves no blanks at line ends."""
    for line in render_text(describe_kind(*kind_and_data)).split("\n"):
        assert width_of(line) <= WIDTH
        assert line == line.rstrip()


@pytest.mark.parametrize("text", ["x" * 500, "王" * 300, "many short words " * 40, "e\u0301" * 300, "👩" * 120])
def test_long_values_are_broken(text: str) -> None:
    """Ids, scripts without blanks and long sentences all find their line breaks, and nothing is lost."""
    view = View(text, text, (Pairs(((text, Cell(text)),)), Table(text, ("a", "b"), ((Cell(text), Cell("b")),))))
    lines = render_text(view).split("\n")

    assert max(width_of(line) for line in lines) <= WIDTH
    assert "".join(lines).replace(" ", "").count(text.replace(" ", "")) >= 2


def test_a_table_too_wide_for_columns_is_stacked() -> None:
    """Where columns would tear words apart, each row becomes a list."""
    row = tuple(Cell("w" * 28) for _ in range(6))
    text = render_text(View("T", "", (Table("Wide", tuple("abcdef"), (row,)),)))

    assert "  1.  a  wwww" in text
    assert "      f  wwww" in text


def test_wide_letters_keep_columns_aligned() -> None:
    """East Asian letters take two columns each."""
    table = Table("", ("name", "x"), ((Cell("王小明"), Cell("1")), (Cell("Ada"), Cell("2"))))
    assert render_text(View("T", "", (table,))) == "T\n\n  name    x\n  ------  -\n  王小明  1\n  Ada     2"


def test_text_is_deterministic(kind_and_data: tuple[str, dict[str, Any]]) -> None:
    """Two drawings of one record are equal, and hold no address in memory."""
    texts = {render_text(describe_kind(*kind_and_data)) for _ in range(2)}
    assert len(texts) == 1
    assert "0x" not in texts.pop()
