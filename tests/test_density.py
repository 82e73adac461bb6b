"""The counting of `tests/density.py` finds what it says it finds, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import density

FOUND = [
    ("x = a if c else b", [density.CONDITIONAL]),
    ("x = a if c else b if d else e", [density.CONDITIONAL, density.NESTED_CONDITIONAL, density.CONDITIONAL,
                                      density.SECOND_CONDITIONAL]),
    ("f(a if c else b, d if c else e)", [density.CONDITIONAL, density.CONDITIONAL, density.SECOND_CONDITIONAL]),
    ("(f if c else g)(x)", [density.CONDITIONAL, density.CHOSEN_CALL]),
    ("x = [[b for b in a] for a in c]", [density.NESTED_COMPREHENSION]),
    ("x = {b for a in c for b in a}", [density.NESTED_COMPREHENSION]),
    ("x = {a: [b for b in a] for a in c}", [density.NESTED_COMPREHENSION]),
    ("assert a and b", [density.JOINED_CLAIM]),
    ("assert not (a and b)", [density.JOINED_CLAIM]),
    ("assert all(a and b for a in c)", [density.JOINED_CLAIM]),
    (f"x = '{'a' * 120}'", [density.LONG_LINE]),
    ('def f():\n    """Twice.\n    Twice."""', [density.REPEATED_LINE]),
    ("def test_a():\n    a = 1\n    b = 2\n    c = f(a, b)\n    assert c", [density.CROWDED_TEST]),
    ('def test_a():\n    """It is."""\n    a = 1\n    b = a\n    assert b\n    assert a', [density.CROWDED_TEST]),
]  # fmt: skip

CALM = [
    "if c:\n    x = a if d else b\n    y = a if d else b",
    "x = [a for a in [b]]",
    'def f():\n    """Once.\n\n    Once."""',
    "assert a or b",
    "def test_a():\n    a = 1\n    b = 2\n\n    c = f(a, b)\n\n    assert c",
    'def test_a():\n    """It is."""\n    a = 1\n    b = f(a)\n    assert b',
    "def test_a():\n    assert a\n    assert b\n    assert c\n    assert d",
    "def prepare():\n    a = 1\n    b = 2\n    c = 3\n    assert c",
    "assert [a for a in b if a and c] == []",
    "with a if c else b:\n    x = a if c else b",
    f"x = '{'a' * 114}'",
]


@pytest.mark.parametrize(("source", "expected"), FOUND)
def test_what_is_dense_is_found(source: str, expected: list[str]) -> None:
    """Each construct that has a limit is counted, as often as it stands there."""
    found = [place.what for place in density.find_dense(source)]

    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("source", CALM)
def test_what_is_calm_is_not_a_fault(source: str) -> None:
    """What may stand in a file is never named as a fault."""
    found = {place.what for place in density.find_dense(source)}

    assert found.isdisjoint(density.NEVER)


def test_a_room_over_its_limit_is_named(tmp_path: Path) -> None:
    """A tree with more conditional expressions than its lines allow is reported with the figure."""
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "dense.py").write_text("x = 1\nx = a if c else b\n", encoding="utf-8")

    rooms, faults = density.measure(tmp_path)

    assert faults == []
    assert list(density.find_excess("scimkit", rooms["room"])) == [
        "scimkit: 500.0 conditional expressions per 1,000 lines; at most 10"
    ]


def test_a_fault_is_named_by_file_and_line(tmp_path: Path) -> None:
    """What no file may have is reported with the line to go to."""
    (tmp_path / "dense.py").write_text("x = 1\nassert a and b\n", encoding="utf-8")

    _, faults = density.measure(tmp_path)

    assert [fault.rsplit("/", 1)[-1] for fault in faults] == ["dense.py:2: assertions with an 'and'"]
