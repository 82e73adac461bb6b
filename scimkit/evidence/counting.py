"""Counts in a sentence."""

from __future__ import annotations

from typing import Any


def count(number: Any, one: str, many: str = "") -> str:
    """A number and its noun. many: the plural, if it is not the singular plus an s.

    >>> count(1, "change"), count(2, "change"), count(0, "person", "people")
    ('1 change', '2 changes', '0 people')
    """
    noun = many or f"{one}s"
    if number == 1:
        noun = one
    return f"{number} {noun}"
