"""What a probe has learned about its endpoint; later checks depend on it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Learned:
    """What is known about the endpoint so far.

    changed_on_arrival  targets whose values the endpoint normalises: a known difference is not reported again
    not_stored          targets that are accepted and dropped; group_not_stored those of groups
    refused             targets with which a creation is refused
    extended            a new person's `schemas` always lists the enterprise URN
    required            targets a person must have; documented: those the app's profile names
    members_shown       a group's members can be read; members_on_request: only when requested by name
    lag_seconds         how long it takes until a write is read, found, changed, gone
    """

    changed_on_arrival: set[str] = field(default_factory=set)
    not_stored: set[str] = field(default_factory=set)
    group_not_stored: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    extended: bool = True
    required: tuple[str, ...] = ()
    documented: tuple[str, ...] = ()
    members_shown: bool = False
    members_on_request: bool = False
    lag_seconds: dict[str, float] = field(default_factory=dict)
