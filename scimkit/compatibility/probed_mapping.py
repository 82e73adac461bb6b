"""The mapping for which the endpoint is probed: only what it uses counts for the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.mapping import MappingRow, read_schema
from scimkit.provisioning.default_mapping import DEFAULT_GROUP_MAPPING, DEFAULT_MAPPING
from scimkit.provisioning.targets import is_reference, parse_target

SIMPLE, NESTED, TYPED, EXTENSION, MANAGER_KIND, ROLES = "simple", "nested", "typed", "extension", "manager", "roles"


@dataclass(frozen=True, slots=True)
class Mapped:
    """The current rows.

    users   rows of people that have a source
    groups  rows of groups; () if the group mapping is off
    """

    users: tuple[MappingRow, ...]
    groups: tuple[MappingRow, ...] = ()

    @property
    def matching(self) -> tuple[str, ...]:
        """Matching attributes of people, in order of precedence; userName if none is marked."""
        rows = sorted((row for row in self.users if row.matching > 0), key=lambda row: row.matching)
        return tuple(row.target for row in rows) or ("userName",)

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(row.target for row in self.users)

    @property
    def group_targets(self) -> tuple[str, ...]:
        return tuple(row.target for row in self.groups)

    def of_kind(self, *kinds: str) -> tuple[str, ...]:
        """Targets of people of these kinds, in the mapping's order."""
        return tuple(target for target in self.targets if kind_of(target) in kinds)

    def matched_by(self, target: str) -> Mapped:
        """The same mapping with people matched by `target` alone; unchanged if that is not mapped."""
        if not self.uses(target):
            return self
        ours = target.casefold()
        return replace(
            self, users=tuple(replace(row, matching=int(row.target.casefold() == ours)) for row in self.users)
        )

    def uses(self, target: str) -> bool:
        return target.casefold() in {each.casefold() for each in self.targets}


def kind_of(target: str) -> str:
    """The form of a target attribute's path.

    >>> kind_of("title"), kind_of("name.givenName"), kind_of('emails[type eq "work"].value')
    ('simple', 'nested', 'typed')
    """
    parsed = parse_target(target)
    if is_reference(target):
        return MANAGER_KIND
    if parsed.attribute.casefold() in ("roles", "entitlements"):
        return ROLES
    if parsed.urn:
        return EXTENSION
    if parsed.typed:
        return TYPED
    if parsed.sub:
        return NESTED
    return SIMPLE


def default_mapped() -> Mapped:
    """The initial mapping of a non-gallery app."""
    return Mapped(_rows(DEFAULT_MAPPING, ("userName",)), _rows(DEFAULT_GROUP_MAPPING, ("displayName",)))


def mapped_for(profile: AppProfile) -> Mapped:
    """The mapping of an app's profile; the default one if its attributes are not published."""
    if not profile.attributes:
        default = default_mapped()
        if profile.capabilities.groups.value is True:
            groups = default.groups
        else:
            groups = ()
        matching = profile.matching or ("userName",)
        return Mapped(_rows(DEFAULT_MAPPING, matching), groups)
    sources = dict(DEFAULT_MAPPING)
    pairs = [(row.target, row.suggested_source or sources.get(row.target, "")) for row in profile.attributes]
    groups = ()
    if profile.capabilities.groups.value is True:
        own = dict(DEFAULT_GROUP_MAPPING)
        table = [(row.target, row.suggested_source or own.get(row.target, "")) for row in profile.group_attributes]
        groups = _rows(table or DEFAULT_GROUP_MAPPING, ("displayName",))
    return Mapped(_rows(pairs, profile.matching or ("userName",)), groups)


def mapped_of(schema: Mapping[str, Any]) -> Mapped:
    """The mapping of a job, from its synchronization schema (Graph). Raises MappingError."""
    found = {each.source_object.casefold(): each for each in reversed(read_schema(schema)) if each.enabled}
    users, groups = found.get("user"), found.get("group")
    if users:
        with_source = tuple(row for row in users.rows if row.expression is not None)
    else:
        with_source = ()
    return Mapped(with_source, tuple(row for row in groups.rows if row.expression is not None) if groups else ())


def _rows(pairs: Sequence[tuple[str, str]], matching: Sequence[str]) -> tuple[MappingRow, ...]:
    ranks = {target: number for number, target in enumerate(matching, start=1)}
    return tuple(
        MappingRow(
            target, source or None, "Direct" if source.startswith("[") else "Expression", matching=ranks.get(target, 0)
        )
        for target, source in pairs
    )
