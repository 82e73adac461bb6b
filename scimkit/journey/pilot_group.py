"""Steps 4 and 5c: one small group that goes first, beside the pilot people.

A group proves what people cannot: that the app creates it, and accepts members one by
one. Assigning it brings all its direct members into scope, so it must be small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scimkit.clients.graph import GraphClient, quote_text
from scimkit.errors import ConfigError, NotReady
from scimkit.evidence.checks import Check, failed, passed, warning
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.journey.prediction import read_group_rules

MOST_MEMBERS = 5
"""Provisioning on demand accepts a group with at most five of its members ("On-demand provisioning")."""

DOUBTFUL = frozenset("\"'\\&+#%/?*()[]{}<>|;,=")
"""Characters in a matching value that may make the query fail; "Known issues for provisioning" has no list, so
this one is (unconfirmed)."""

GROUPS = "On-demand provisioning"


@dataclass(frozen=True, slots=True)
class PilotGroup:
    """The group of the pilot; one without an id is false and means there is none.

    member_ids  object ids of its direct members who are people
    why         why there is none; "" for a group
    """

    id: str
    name: str
    member_ids: tuple[str, ...]
    why: str = ""

    def __bool__(self) -> bool:
        return bool(self.id)


def choose_pilot_group(
    graph: GraphClient, enterprise_app: EnterpriseApp, *, pilot_group: str, may_suggest: bool
) -> PilotGroup:
    """The group to try provisioning with, or none, and why.

    pilot_group  its display name or object id; "" asks for a suggestion if the job provisions groups
    may_suggest  in the sandbox the first suitable group is suggested; a live tenant must name it, because
                 its people come into scope

    Raises ConfigError for a group that does not exist, or if groups are not provisioned;
    NotReady for one that is too large or cannot be assigned.
    """
    provisioned = read_group_rules(graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)) is not None
    name = pilot_group.strip()
    if name and not provisioned:
        raise ConfigError(
            f"pilot_group names {name}, but this job provisions no groups",
            "Leave pilot_group empty, or turn the group mapping on in the portal first. People in an assigned group are"
            " provisioned in both cases.",
        )
    if name:
        return _fitting(graph, _find(graph, name))
    if not provisioned:
        return _none("this job provisions no groups")
    if not may_suggest:
        return _none("no group is named")
    fitting = (group for raw in graph.groups() if (group := _suggestible(graph, raw)))
    return next(fitting, _none(f"no group of the directory has at most {MOST_MEMBERS} people"))


def _none(why: str) -> PilotGroup:
    return PilotGroup("", "", (), why)


def _find(graph: GraphClient, name: str) -> dict[str, Any]:
    found = [group for group in graph.groups(filter=f"displayName eq {quote_text(name)}")]
    if not found and _is_id(name) and (group := graph.group(name)):
        found = [group]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(
            f"{len(found)} groups are called {name}",
            f"Give the object id of the right one: {', '.join(group['id'] for group in found)}.",
        )
    raise ConfigError(
        f"there is no group {name} in this tenant", "Give its display name as shown in the portal, or its object id."
    )


def _is_id(text: str) -> bool:
    return len(text) == 36 and text.replace("-", "").isalnum()


def _people(graph: GraphClient, group_id: str) -> tuple[str, ...]:
    return tuple(
        m["id"]
        for m in graph.members(group_id)
        if str(m.get("@odata.type") or "#microsoft.graph.user").lower().endswith(".user")
    )


def _fitting(graph: GraphClient, raw: Mapping[str, Any]) -> PilotGroup:
    group = PilotGroup(raw["id"], str(raw.get("displayName") or raw["id"]), _people(graph, raw["id"]))
    if raw.get("securityEnabled") is False:
        check = failed(
            "scope.pilot_group_security",
            f"{group.name} is not a security group: it cannot be provisioned",
            "Choose a security group.",
            "How application provisioning works",
        )
    elif len(group.member_ids) > MOST_MEMBERS:
        text = f"{group.name} has {len(group.member_ids)} people, and its assignment would bring all of them into scope"
        check = failed(
            "scope.pilot_group_large",
            text,
            f"Choose a group of at most {MOST_MEMBERS} people, or leave pilot_group empty.",
            GROUPS,
        )
    else:
        return group
    raise NotReady(f"{check.code}: {check.message}", check.remedy, check=check)


def _suggestible(graph: GraphClient, raw: Mapping[str, Any]) -> PilotGroup | None:
    if raw.get("securityEnabled") is False or raw.get("groupTypes"):
        return None
    members = _people(graph, raw["id"])
    if 0 < len(members) <= MOST_MEMBERS:
        return PilotGroup(raw["id"], str(raw.get("displayName") or ""), members)
    return None


def check_pilot_group(
    group: PilotGroup | None, pilot_ids: Iterable[str], assigned_ids: Iterable[str]
) -> tuple[Check, ...]:
    """Whether the pilot can prove the group: assigned, with a pilot person in it, and with a searchable name."""
    if not group:
        return ()
    if group.id not in set(assigned_ids):
        return (
            failed(
                "scope.pilot_group_assigned",
                f"the group {group.name} is not assigned to the app",
                "Run this step again. It may take minutes until an assignment is visible.",
            ),
        )
    found = []
    if not set(group.member_ids) & set(pilot_ids):
        text = f"none of the pilot people is a direct member of {group.name}: it would be created without members"
        found.append(
            warning(
                "scope.pilot_group_empty",
                text,
                "Choose pilot people from the group, or a group that contains them.",
                GROUPS,
            )
        )
    odd = sorted(DOUBTFUL & set(group.name))
    if odd:
        text = f"the name {group.name} contains {' '.join(odd)}, which may make the search for it fail (unconfirmed)"
        found.append(
            warning(
                "scope.pilot_group_name",
                text,
                "Check it in the pilot, or match groups by another attribute.",
                "Known issues for provisioning",
            )
        )
    return tuple(found) or (
        passed("scope.pilot_group", f"the group {group.name} is assigned, with pilot people in it"),
    )
