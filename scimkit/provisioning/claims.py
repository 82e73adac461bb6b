"""Whose a matching value is: the second object of a kind with the same one is refused (`DuplicateSourceEntries`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from scimkit.mapping.rows import ObjectMapping, evaluate_rows


class Claims:
    """The matching values of the people, or of the groups, of one job, by who had them first; compared without case."""

    def __init__(self, mapping: ObjectMapping) -> None:
        self._matching = replace(mapping, rows=tuple(row for row in mapping.rows if row.matching))
        self._owners: dict[str, str] = {}

    @property
    def matching(self) -> str:
        """The target attribute that is asked for first; "" where no row matches."""
        rows = sorted(self._matching.rows, key=lambda row: row.matching)
        return rows[0].target if rows else ""

    def others(self, source: Mapping[str, Any], *, now: datetime | None) -> frozenset[str]:
        """Which of this object's matching values another one has already; the rest are its own from now on.

        source  attributes by schema name, `objectId` among them
        """
        owner = str(source.get("objectId") or "")
        values = evaluate_rows(self._matching, source, now=now, creating=True).values
        mine = [str(value) for value in values.values() if value not in (None, "", [])]
        return frozenset(value for value in mine if self._owners.setdefault(value.casefold(), owner) != owner)
