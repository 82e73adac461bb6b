"""Creating and removing the test people and groups of a probe, with values from the mapping."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.record import NOBODY
from scimkit.compatibility.test_people import full_source, sparse_source, values_of
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import COMPLIANT, DEFAULT, create_body
from scimkit.provisioning.targets import CORE_GROUP, parse_target

DIALECTS = (DEFAULT, COMPLIANT)


# -- people ---------------------------------------------------------------------


def matching_value(trial: Trial, values: Mapping[str, Any]) -> str:
    return str(values.get(trial.mapped.matching[0], ""))


def post(trial: Trial, values: Mapping[str, Any], *, more: Mapping[str, Any] | None = None, **how: Any) -> Reply:
    """Create a person with these values; `more` replaces parts of the body."""
    body = create_body(values, enterprise=trial.learned.extended) | dict(more or {})
    name = str(values.get("userName") or matching_value(trial, values))
    return trial.endpoint.create("Users", body, name=name, key=matching_value(trial, values), **how)


def basic_values(trial: Trial, number: str) -> dict[str, Any]:
    """The minimum for a person: matching attributes, userName, active, and what the endpoint requires."""
    full = values_of(trial.mapped, full_source(trial.names, number), now=trial.now)
    keep = {"username", "active", *(name.casefold() for name in (*trial.mapped.matching, *trial.learned.required))}
    return {target: value for target, value in full.items() if target.casefold() in keep}


def good_values(
    trial: Trial, number: str, source: Mapping[str, Any] | None = None, *, invent: bool = True
) -> dict[str, Any]:
    """What the mapping gives for a person, without the attributes that the endpoint refuses."""
    made = values_of(
        trial.mapped,
        source or full_source(trial.names, number),
        now=trial.now,
        invent=None if invent else set(trial.learned.required),
    )
    return {target: value for target, value in made.items() if target not in trial.learned.refused}


def root_of(target: str) -> str:
    """The attribute that contains a target: what a creation can include or omit as a whole."""
    parsed = parse_target(target)
    if parsed.urn:
        return f"{parsed.urn}:{parsed.attribute}"
    return parsed.attribute


def sparse_values(trial: Trial, number: str) -> dict[str, Any]:
    """What the mapping gives for a person without optional values, and what the endpoint insists on."""
    there = good_values(trial, number, sparse_source(trial.names, number), invent=False)
    full = good_values(trial, number)
    return there | {
        target: full[target] for target in (*trial.learned.required, *trial.mapped.matching) if target in full
    }


def forget(trial: Trial, reply: Reply) -> None:
    """Remove a person who was created for one check only; the final removal tries again if this fails."""
    if reply.done and reply.id:
        trial.endpoint.delete("Users", reply.id)


# -- groups ---------------------------------------------------------------------


def group_values(trial: Trial, number: str) -> dict[str, Any]:
    """What the group mapping gives for a test group; members follow by PATCH."""
    name = trial.names.group_name(number)
    made = {"displayname": name, "externalid": str(uuid.uuid5(uuid.NAMESPACE_DNS, name))}
    targets = [target for target in trial.mapped.group_targets if target.casefold() != "members"] or ["displayName"]
    values = {
        target: made.get(target.casefold(), f"scimkit-probe-{number}")
        for target in targets
        if target not in trial.learned.group_not_stored
    }
    return {"displayName": name} | values


def post_group(trial: Trial, values: Mapping[str, Any], *, more: Mapping[str, Any] | None = None) -> Reply:
    """Create a group with these values; `more` replaces parts of the body. A refused Microsoft URN is left out."""
    body = create_body(values, "Groups") | dict(more or {})
    row = trial.results.found("group.schema", None, NOBODY)
    if row is not None and row.outcome == Status.FAILED:
        body["schemas"] = [CORE_GROUP]
    return trial.endpoint.create("Groups", body, name=str(values["displayName"]))


def forget_group(trial: Trial, reply: Reply) -> None:
    """Remove a group that was created for one check only."""
    if reply.done and reply.id:
        trial.endpoint.delete("Groups", reply.id)
