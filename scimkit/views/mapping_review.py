"""How the mapping review reads: rows, what each pilot person would get, findings grouped by what they require."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from scimkit.evidence.counting import count
from scimkit.views.document import Block, Cell, CheckList, Table, check_row
from scimkit.views.tables import Data, field, table
from scimkit.views.values import NOTHING, cell, visible

APPLIES = {
    "Always": "always",
    "ObjectAddOnly": "at creation only",
    "MultiValueAddOnly": "adds values only",
    "ValueAddOnly": "adds values only",
    "AttributeAddOnly": "only where empty",
    "": NOTHING,
}
# What the administrator has to do about a check, by its status.
GROUPS = {
    "Must be fixed": ("failed", "not_reached"),
    "Should be known": ("warning", "not_observed"),
    "Fine": ("passed",),
}


def describe_mapping_review(data: Data) -> tuple[str, str, tuple[Block, ...]]:
    """The rows, the values by person, what Microsoft has overruled, and the findings in three groups."""
    rows = data.get("rows") or []
    people = list(dict.fromkeys(chain.from_iterable(row.get("values") or {} for row in rows)))
    blocks: list[Block] = [_rows(rows), *(_person(upn, rows) for upn in people)]
    if overruled := data.get("overruled"):
        blocks.append(_overruled(overruled))
    blocks += _findings(data.get("checks") or [])
    return (
        "Attribute mapping",
        f"{count(len(rows), 'row')}, evaluated for {count(len(people), 'person', 'people')}.",
        tuple(blocks),
    )


def _rows(rows: Sequence[Data]) -> Table:
    columns: dict[str, Callable[[Data], Cell]] = {
        "target": field("target", code=True),
        "expected": field("expected", code=True),
        "live": lambda row: cell("as expected") if is_as_expected(row) else cell(row.get("live"), code=True),
    }
    if any(row.get("kind") for row in rows):
        columns["type"] = field("kind")
    if any(row.get("default") for row in rows):
        columns["default"] = field("default")
    columns["applies"] = lambda row: cell(APPLIES.get(str(row.get("apply") or ""), row.get("apply")))
    columns["matching"] = lambda row: cell(row.get("matching") or None)
    return table("Rows", columns, rows)


def is_as_expected(row: Data) -> bool:
    """Whether the live source reads as the expected one; `mail` and `[mail]` are the same."""
    expected, live = (
        str(row.get(name) or "").strip().removeprefix("[").removesuffix("]") for name in ("expected", "live")
    )
    return bool(expected) and expected == live


def _person(upn: str, rows: Sequence[Data]) -> Table:
    values = [
        {"target": row.get("target"), "value": row["values"][upn]} for row in rows if upn in (row.get("values") or {})
    ]
    columns = {"target": field("target", code=True), "value": field("value")}
    return table(f"What {upn} would get", columns, values)


def _overruled(overruled: Sequence[Data]) -> Table:
    items = []
    for each in overruled:
        for upn, value in (each.get("values") or {}).items():
            items.append({"target": each.get("target"), "person": upn, "value": value})
    columns = {
        "target": field("target", code=True),
        "person": field("person"),
        "what scimkit had worked out": field("value"),
    }
    return table("Where Microsoft's result replaces ours", columns, items)


def _findings(checks: Sequence[Any]) -> Iterator[CheckList]:
    rows = [check_row(check) for check in checks]
    for title, statuses in GROUPS.items():
        if found := tuple(row for row in rows if row.status in statuses):
            yield CheckList(found, title=title)


def describe_opinion(data: Data) -> tuple[str, str, tuple[Block, ...]]:
    """What Microsoft returns for each expression and person, or group, and where it was not asked, why."""
    answers = data.get("answers") or []
    who = "person"
    if any(answer.get("object") == "Group" for answer in answers):
        who = "person or group"
    columns = {
        "target": field("target", code=True),
        who: field("person"),
        "Microsoft returns": lambda row: cell(
            (row.get("error") and f"an error: {row['error']}") or ", ".join(row.get("values") or []) or "(no value)"
        ),
    }
    sentence = ". ".join(part.rstrip(".") for part in (data.get("unasked"), data.get("remedy")) if part)
    return (
        "Microsoft's results for the expressions",
        visible(sentence),
        (table("What parseExpression gives", columns, answers),),
    )


# -- one expression for one person ---------------------------------------------------------


def describe_explanation(data: Data) -> tuple[str, str, tuple[Block, ...]]:
    """How one expression gets its value: the tree as a table, inner parts indented."""
    steps = list(_steps(data.get("root") or {}, 0))
    columns = {
        "part": lambda row: row["part"],
        "is": field("text", code=True),
        "gives": field("gives"),
        "why": field("note"),
    }
    empty = ", ".join(data.get("empty") or [])
    sentence = ""
    if empty:
        sentence = f"Empty for this person: {visible(empty)}."
    return "How it gets its value", sentence, (table("Step by step", columns, steps),)


def _steps(step: Data, depth: int) -> Iterator[Data]:
    """The steps from the outside to the inside. The indent is not a space, which a page would drop."""
    role = f"{'· ' * depth}{step.get('role') or 'all of it'}"
    yield {
        "part": Cell(role),
        "text": step.get("text"),
        "gives": step.get("value") or str(step.get("state") or "").replace("_", " "),
        "note": step.get("note"),
    }
    for part in step.get("parts") or ():
        yield from _steps(part, depth + 1)
