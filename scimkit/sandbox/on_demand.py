"""Graph: provisionOnDemand. Provisions one person, or one group with up to five of its members, now,
as the next cycle would."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scimkit.errors import ScimkitError
from scimkit.provisioning import GROUP, USER, Kind, Outcome
from scimkit.sandbox.envelope import GraphError, bad_request, read_json, service_error
from scimkit.sandbox.jobs import Job
from scimkit.sandbox.provisioner import Provisioner, endpoint_of, group_mapping, plain_problem
from scimkit.sandbox.service_principals import ServicePrincipal
from scimkit.sandbox.synchronization import find_job, need_credentials
from scimkit.sandbox.world import World

MOST_CALLS, IN_SECONDS = 5, 10
MOST_MEMBERS = 5
KINDS = {kind.name: kind for kind in (USER, GROUP)}


def _throttle(world: World) -> None:
    """The limit of 5 calls in 10 virtual seconds.

    A caller who has to wait is assumed to do so: the clock advances to the end of the window.
    """
    now = world.clock.now.timestamp()
    world.on_demand_calls = [moment for moment in world.on_demand_calls if moment > now - IN_SECONDS]
    if len(world.on_demand_calls) >= MOST_CALLS:
        world.clock.set(world.clock.now + timedelta(seconds=IN_SECONDS))
        raise GraphError(
            429,
            "TooManyRequests",
            "Too many requests. Please retry after the time given.",
            headers={"Retry-After": "0.5"},
        )
    world.on_demand_calls.append(now)


def _subject(body: dict[str, Any], job: Job) -> dict[str, Any]:
    """The one subject. More than one is refused, as the documentation allows one user or group at a time."""
    parameters = body.get("parameters")
    if isinstance(parameters, list):
        subjects = list(chain.from_iterable(p.get("subjects") or () for p in parameters or () if isinstance(p, dict)))
    else:
        subjects = []
    if len(subjects) != 1:
        raise bad_request(
            f"Exactly one subject can be provisioned on demand; {len(subjects)} were given.", "BadRequest"
        )
    rules = {rule["id"] for rule in job.schema["synchronizationRules"]}
    if parameters and parameters[0].get("ruleId") not in rules:
        raise service_error(
            400, "RuleNotFound", f"The synchronization rule '{parameters[0].get('ruleId')}' was not found."
        )
    return dict(subjects[0])


def _members(subject: dict[str, Any]) -> list[str]:
    """Object ids of the members to provision with a group: at most five; no others are considered."""
    links = subject.get("links")
    listed = None
    if isinstance(links, dict):
        listed = links.get("members")
    if listed is None:
        return []
    if not isinstance(listed, list) or not all(isinstance(one, dict) and one.get("objectId") for one in listed):
        raise bad_request("links.members is a list of objects with objectId and objectTypeName.", "BadRequest")
    if len(listed) > MOST_MEMBERS:
        raise bad_request(
            f"At most {MOST_MEMBERS} members of a group can be provisioned on demand; {len(listed)} were given.",
            "BadRequest",
        )
    return [str(one["objectId"]) for one in listed]


async def provision_on_demand(request: Request) -> Response:
    world, app, job = find_job(request)
    body = await read_json(request)
    subject = _subject(body, job)
    object_id, name = str(subject.get("objectId")), str(subject.get("objectTypeName"))
    kind, members = KINDS.get(name), _members(subject)
    need_credentials(app)
    _throttle(world)
    if kind is None or (kind is GROUP and group_mapping(job.schema) is None):
        raise service_error(
            400, "ObjectTypeNotSupported", f"Objects of the type '{name}' cannot be provisioned on demand here."
        )
    if not _is_there(world, object_id, kind):
        raise service_error(
            404, "ObjectNotFound", f"The {name.lower()} '{object_id}' was not found in the source directory."
        )
    context = f"{world.origin}/v1.0/$metadata#microsoft.graph.stringKeyStringValuePair"
    run = partial(_run, world, app, job, object_id, kind=kind, members=members)
    return JSONResponse({"@odata.context": context, **await run_sync(run)})


def _is_there(world: World, object_id: str, kind: Kind) -> bool:
    """Whether on-demand provisioning finds the object. It does not find people blocked or deleted in Entra."""
    if kind is GROUP:
        return object_id in world.directory.groups
    person = world.directory.people.get(object_id)
    return person is not None and person.deleted_utc is None and person.enabled


def _run(
    world: World, app: ServicePrincipal, job: Job, object_id: str, *, kind: Kind, members: list[str]
) -> dict[str, str]:
    administrator = world.directory.administrator()
    by = {"id": administrator.id, "displayName": administrator.display_name, "initiatorType": "user"}
    try:
        provisioner = Provisioner(world, app, job)
        with endpoint_of(world, app) as endpoint:
            provisioner.claim()
            if kind is GROUP:
                outcome, source = provisioner.run_group(object_id, endpoint, on_demand=True, only_members=members)
            else:
                outcome, source = provisioner.run(object_id, endpoint, on_demand=True)
    except ScimkitError as error:
        raise service_error(
            400, "SystemForCrossDomainIdentityManagementInvalidCredentials", plain_problem(world, error)
        ) from None
    entry = provisioner.log(outcome, source, cycle_id=world.ids.next("cycle"), initiated_by=by, kind=kind)
    return _pair(outcome, entry, world.plain(outcome.error_text), kind)


def _pair(outcome: Outcome, entry: dict[str, Any], text: str, kind: Kind) -> dict[str, str]:
    """The documented shapes: two JSON strings for a user; only the result for a group, the rest is in the log."""
    if outcome.result == "Success":
        details = {}
    else:
        details = {"errorCode": outcome.error_code, "errorMessage": text}
    key = {"result": outcome.result, "details": details}
    if kind is GROUP:
        return {"key": json.dumps(key, ensure_ascii=False), "value": "{}"}
    value = {
        "action": entry["provisioningAction"].capitalize(),
        "changeId": entry["changeId"],
        "startTime": entry["activityDateTime"],
        "endTime": entry["activityDateTime"],
        "reportableIdentifier": entry["sourceIdentity"]["details"]["UserPrincipalName"],
        "modifiedProperties": entry["modifiedProperties"],
        "provisioningSteps": [
            {
                "name": step["name"],
                "type": step["provisioningStepType"][:1].upper() + step["provisioningStepType"][1:],
                "status": step["status"].capitalize(),
                "description": step["description"],
                "timestamp": entry["activityDateTime"],
                "details": step["details"],
            }
            for step in entry["provisioningSteps"]
        ],
        "statusInfo": {
            "status": outcome.result,
            "errorCode": details.get("errorCode"),
            "reason": details.get("errorMessage"),
            "additionalDetails": None,
            "errorCategory": None,
            "recommendedAction": None,
        },
        "sourceIdentity": _identity(entry["sourceIdentity"]),
        "targetIdentity": _identity(entry["targetIdentity"]),
        "sourceSystem": entry["sourceSystem"],
        "targetSystem": entry["targetSystem"],
    }
    return {"key": json.dumps(key, ensure_ascii=False), "value": json.dumps(value, ensure_ascii=False)}


def _identity(identity: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": identity["id"],
        "type": identity["identityType"],
        "displayName": identity["displayName"],
        "details": identity["details"],
    }


def routes() -> list[Route]:
    return [
        Route(
            "/servicePrincipals/{sp}/synchronization/jobs/{job}/provisionOnDemand",
            provision_on_demand,
            methods=["POST"],
        )
    ]
