"""Functions about lists, the multi-valued attributes."""

from __future__ import annotations

from typing import Any

from scimkit.mapping.language.evaluation import Evaluation
from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.signatures import function
from scimkit.mapping.language.values import integer_of


@function("Item", "attribute", "index")
def _item(evaluation: Evaluation, value: Any, index: Any) -> Any:
    """One element, from 1. Null gives null (unconfirmed); beyond the end: `Settings.item_out_of_range`."""
    number = integer_of(index, "index")
    if number < 1:
        raise EvaluationFault(f"index is {number}", "Elements are counted from 1.", index)
    if value is None:
        return None
    if isinstance(value, list):
        items = value
    else:
        items = [value]
    if number > len(items):
        if evaluation.settings.item_out_of_range == "null":
            return None
        raise EvaluationFault(
            f"there is no element {number}; the list has {len(items)}",
            f"Guard it: IIF(Count(list) >= {number}, Item(list, {number}), ...).",
            index,
        )
    return items[number - 1]


@function("RemoveDuplicates", "attribute")
def _remove_duplicates(evaluation: Evaluation, value: Any) -> list[Any]:
    """The list without duplicates, the first occurrence kept, compared exactly (unconfirmed)."""
    if value is None:
        return []
    kept: list[Any] = []
    seen: set[str] = set()
    for item in value if isinstance(value, list) else [value]:
        mark = f"{type(item).__name__}:{item!r}"
        if mark not in seen:
            seen.add(mark)
            kept.append(item)
    return kept


FUNCTIONS = (
    _item,
    _remove_duplicates,
)
