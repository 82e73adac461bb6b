"""Which account belongs to this object: the linked one by its id, otherwise a match; and who owns a matching value.

The second object of a kind with the same matching value is refused (`DuplicateSourceEntries`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from scimkit.errors import ApiError
from scimkit.mapping.rows import CompiledMapping, ObjectMapping, direct_source
from scimkit.provisioning.decision import Link, Observed
from scimkit.provisioning.desired import Desired
from scimkit.provisioning.endpoint import Endpoint
from scimkit.provisioning.scope import ScopeDecision

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.

NOT_ASKED = Observed()


class TakenValues:
    """The matching values of the people, or of the groups, of one job, by their first owner; compared without case."""

    def __init__(self, mapping: ObjectMapping) -> None:
        rows = tuple(row for row in mapping.rows if row.matching)
        self._evaluate = CompiledMapping(replace(mapping, rows=rows))
        self._direct = tuple(direct_source(row) for row in rows)
        self._owners: dict[str, str] = {}

    @property
    def matching(self) -> str:
        """The target attribute that is searched first; "" if no row matches."""
        rows = sorted(self._evaluate.mapping.rows, key=lambda row: row.matching)
        if rows:
            return rows[0].target
        return ""

    def others(self, source: Mapping[str, Any], *, now: datetime | None) -> frozenset[str]:
        """Which of this object's matching values another one already has; the rest are its own from now on.

        source  attributes by schema name, including `objectId`
        """
        owner = str(source.get("objectId") or "")
        claim = self._owners.setdefault
        return frozenset([value for value in self._mine(source, now) if claim(value.casefold(), owner) != owner])

    def _mine(self, source: Mapping[str, Any], now: datetime | None) -> list[str]:
        """The matching values of one object; most are strings that flow unchanged."""
        plain = [source.get(name) for name in self._direct]
        if all(value.__class__ is str and value for value in plain):
            return plain  # type: ignore[return-value]
        values = self._evaluate(source, now=now, creating=True).values.values()
        return [str(value) for value in values if value not in (None, "", [])]


def look(
    desired: Desired,
    scope: ScopeDecision,
    link: Link | None,
    endpoint: Endpoint,
    *,
    peers: Collection[str] = frozenset(),
) -> Observed:
    """The account in the target for this person or group: the linked one by id, otherwise a match by precedence.

    peers  matching values that others of their kind already have; compared without case

    The first attribute that finds an account ends the search. Objects that are out
    of scope and not linked are never searched. If the endpoint refuses or does not
    answer, that is `Observed.error`.
    """
    if not desired.keys:
        return NOT_ASKED
    if link is None:
        if scope.in_scope:
            return _search(desired, endpoint, peers)
        return NOT_ASKED
    if not (link.managed or scope.in_scope):
        return NOT_ASKED
    try:
        return Observed(endpoint.read(desired.kind.resource_type, link.target_id), requests=1)
    except ApiError as error:
        return Observed(requests=1, error=error)


def _search(desired: Desired, endpoint: Endpoint, peers: Collection[str]) -> Observed:
    """The only account that a matching attribute finds, the first attribute first."""
    taken = {value.casefold() for value in peers} if peers else ()
    asked = 0
    for key in desired.keys:
        if taken and key.value.casefold() in taken:
            return Observed(taken=key, requests=asked)
        asked += 1
        try:
            found = endpoint.find(desired.kind.resource_type, key.target, key.value)
        except ApiError as error:
            return Observed(requests=asked, error=error)
        if found:
            return Observed(found[0] if len(found) == 1 else None, len(found), key, None, asked)
    return Observed(None, 0, None, None, asked)
