"""How conditions compare two values, and when a value counts as true."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from scimkit.mapping.language.date_text import parse_date
from scimkit.mapping.language.evaluation import Evaluation
from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.values import Instant, as_integer, show_value

ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
LOOKS_ISO_OR_US = re.compile(r"\s*[0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]")


def compare(evaluation: Evaluation, operator: str, left: Any, right: Any) -> bool:
    """`left operator right`, as conditions compare.

    Strings with strings ordinal and case-sensitive; as integers if either side is a
    number or both look like one; dates as dates; null equals only null and an empty
    string, and is neither before nor after anything (all unconfirmed).
    """
    if left is None or right is None:
        if operator in ("=", "<>"):
            same = (left is None or left == "") and (right is None or right == "")
            if operator == "=":
                return same
            return not same
        return False
    order = ORDERINGS[operator]
    if isinstance(left, Instant) or isinstance(right, Instant):
        dates = [_date_side(evaluation, side) for side in (left, right)]
        if None not in dates:
            return order(*dates)
        return order(evaluation.text(left), evaluation.text(right))
    numbers = as_integer(left), as_integer(right)
    if numbers[0] is not None and numbers[1] is not None:
        return order(*numbers)
    if operator not in ("=", "<>") and any(type(side) is int for side in (left, right)):
        if type(right) is int:
            other = left
        else:
            other = right
        raise EvaluationFault(f"{show_value(other)} cannot be compared with a number", "Compare whole numbers.", other)
    return order(evaluation.text(left), evaluation.text(right))


def _date_side(evaluation: Evaluation, value: Any) -> Instant | None:
    if isinstance(value, Instant):
        return value
    if isinstance(value, str) and LOOKS_ISO_OR_US.match(value):
        return parse_date(value)
    return None


def is_true(value: Any) -> bool:
    """A condition that is not a comparison: a boolean, or the string True or False in any case."""
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise EvaluationFault(
        f"the condition is {show_value(value)}, which is neither True nor False", "Compare it with a value.", value
    )
