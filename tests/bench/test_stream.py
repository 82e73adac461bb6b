"""What the bench of streaming compares gives the same values, and it notices what grows."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.bench.stream import by_hand, default_mapping, measure_flat, people


def test_both_sides_give_the_same() -> None:
    """The mapping and the function by hand agree on awkward people too: nobody's time is saved by doing less."""
    compiled = default_mapping()
    assert len(compiled.mapping.rows) >= 20
    for source in islice(people(400), 400):
        assert compiled(source).values == by_hand(source)


@pytest.mark.slow
def test_memory_stays_flat() -> None:
    """Ten times as many people hold no more at a time."""
    assert not measure_flat().over
