"""Functions about numbers."""

from __future__ import annotations

from typing import Any

from scimkit.mapping.language.evaluation import Evaluation
from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.signatures import function
from scimkit.mapping.language.values import MAX_INTEGER, integer_of


@function("BitAnd", "value1", "value2")
def _bit_and(evaluation: Evaluation, value1: Any, value2: Any) -> int:
    """Bitwise AND of two 64-bit numbers; `&H` literals are numbers."""
    one, other = integer_of(value1, "value1"), integer_of(value2, "value2")
    if max(abs(one), abs(other)) > MAX_INTEGER + 1:
        raise EvaluationFault("the number does not fit in 64 bits", "Use a smaller one.")
    return one & other


@function("CStr", "value")
def _cstr(evaluation: Evaluation, value: Any) -> str | None:
    """A number, a reference or a boolean as a string; null stays null (unconfirmed)."""
    return evaluation.text(value)


@function("Count", "attribute")
def _count(evaluation: Evaluation, value: Any) -> int:
    """Number of elements; null gives 0, a single value 1 (unconfirmed)."""
    if isinstance(value, list):
        return len(value)
    if value is None:
        return 0
    return 1


FUNCTIONS = (
    _bit_and,
    _cstr,
    _count,
)
