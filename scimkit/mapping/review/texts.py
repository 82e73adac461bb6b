"""Values and lists of names, formatted for a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scimkit.mapping.language.explanations import REDACTED
from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.values import plain_text
from scimkit.mapping.rows import MappingRow, redacts

MANY = 5  # people named in one sentence


def value_text(value: Any) -> str:
    """A value as a string; several values separated by commas."""
    if isinstance(value, list):
        return ", ".join(value_text(each) for each in value)
    try:
        return plain_text(value)
    except EvaluationFault:
        return str(value)


def example(row: MappingRow, value: Any) -> str:
    """A value of a row in words, masked if it must not be seen."""
    if redacts(row):
        return REDACTED
    return value_text(value)


def is_blank(value: Any) -> bool:
    """Whether a value gives an app nothing: null, an empty list, a string of spaces."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def listed(names: Iterable[str], most: int = MANY) -> str:
    """Names formatted for a sentence; if there are many, only the first few.

    >>> listed(["ann", "bo", "cy"]), listed("abcdefg")
    ('ann, bo and cy', 'a, b, c, d, e and 2 more')
    """
    known = list(dict.fromkeys(names))
    if len(known) > most + 1:
        return f"{', '.join(known[:most])} and {len(known) - most} more"
    if known:
        return " and ".join(part for part in (", ".join(known[:-1]), known[-1]) if part)
    return "no one"
