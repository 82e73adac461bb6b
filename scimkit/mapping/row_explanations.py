"""One row of a mapping for one person: every intermediate value of its expression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from scimkit.errors import MappingError
from scimkit.mapping.language.explanations import Explanation, explain
from scimkit.mapping.language.problems import suggest
from scimkit.mapping.rows import MappingRow, ObjectMapping, choose_mapping


def explain_row(
    live: Iterable[ObjectMapping],
    people: Mapping[str, Mapping[str, Any]],
    target: str = "",
    person: str = "",
    *,
    now: datetime | None = None,
) -> Explanation:
    """How `person` gets their value for `target`.

    target  as the mapping writes it; "": the first row with an expression, else the first with a source
    person  user principal name; "": the first of `people`

    Raises MappingError for a row or a person that does not exist, naming those that do,
    and for an expression that cannot be read.
    """
    users = choose_mapping(live)
    rows = [row for row in (users.rows if users else ()) if row.expression is not None]
    name = person or next(iter(people), "")
    if name not in people:
        raise MappingError(
            f"{name or 'no name'} is not among the people of this step",
            f"Give one of {', '.join(people) or 'the pilot people (4_scope)'}.",
        )
    return explain(_find(rows, target).expression or "", people[name], now=now)


def _find(rows: list[MappingRow], target: str) -> MappingRow:
    if target:
        found = [row for row in rows if row.target == target]
    else:
        found = sorted(rows, key=lambda row: row.kind != "Expression")
    if not found:
        near = suggest(target, [row.target for row in rows])
        if near:
            remedy = f"Did you mean {near}?"
        else:
            remedy = f"Give one of {', '.join(row.target for row in rows)}."
        raise MappingError(f"no row with a source maps {target or 'anything'}", remedy)
    return found[0]
