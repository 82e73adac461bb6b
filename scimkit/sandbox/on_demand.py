"""Graph: provisionOnDemand. One person, now, as the next cycle would do it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scimkit.errors import ScimkitError
from scimkit.provisioning import Outcome
from scimkit.sandbox.envelope import GraphError, bad_request, read_json, service_error
from scimkit.sandbox.jobs import Job
from scimkit.sandbox.provisioner import Provisioner, endpoint_of, plain_problem
from scimkit.sandbox.service_principals import ServicePrincipal
from scimkit.sandbox.synchronization import find_job, need_credentials
from scimkit.sandbox.world import World

MOST_CALLS, IN_SECONDS = 5, 10


def _throttle(world: World) -> None:
    """5 calls in 10 virtual seconds. Who has to wait is assumed to do so: the clock goes on to the end of the window."""
    now = world.clock.now.timestamp()
    world.on_demand_calls = [moment for moment in world.on_demand_calls if moment > now - IN_SECONDS]
    if len(world.on_demand_calls) >= MOST_CALLS:
        world.clock.set(world.clock.now + timedelta(seconds=IN_SECONDS))
        raise GraphError(429, "TooManyRequests", "Too many requests. Please retry after the time given.", headers={"Retry-After": "0.5"})
    world.on_demand_calls.append(now)


def _subject(body: dict[str, Any], job: Job) -> tuple[str, str]:
    """Object id and type of the one subject. Several are refused, as the documentation allows one user at a time."""
    parameters = body.get("parameters")
    subjects = [s for p in parameters or () if isinstance(p, dict) for s in p.get("subjects") or ()] if isinstance(parameters, list) else []
    if len(subjects) != 1:
        raise bad_request(f"Exactly one subject can be provisioned on demand; {len(subjects)} were given.", "BadRequest")
    rules = {rule["id"] for rule in job.schema["synchronizationRules"]}
    if parameters and parameters[0].get("ruleId") not in rules:
        raise service_error(400, "RuleNotFound", f"The synchronization rule '{parameters[0].get('ruleId')}' was not found.")
    return str(subjects[0].get("objectId")), str(subjects[0].get("objectTypeName"))


async def provision_on_demand(request: Request) -> Response:
    world, app, job = find_job(request)
    body = await read_json(request)
    object_id, kind = _subject(body, job)
    need_credentials(app)
    _throttle(world)
    if kind != "User":
        raise service_error(400, "ObjectTypeNotSupported", f"Objects of the type '{kind}' cannot be provisioned on demand here.")
    person = world.directory.people.get(object_id)
    if person is None or person.deleted_utc is not None or not person.enabled:
        raise service_error(404, "ObjectNotFound", f"The user '{object_id}' was not found in the source directory.")
    context = f"{world.origin}/v1.0/$metadata#microsoft.graph.stringKeyStringValuePair"
    return JSONResponse({"@odata.context": context, **await run_sync(_run, world, app, job, object_id)})


def _run(world: World, app: ServicePrincipal, job: Job, person_id: str) -> dict[str, str]:
    administrator = world.directory.administrator()
    by = {"id": administrator.id, "displayName": administrator.display_name, "initiatorType": "user"}
    try:
        provisioner = Provisioner(world, app, job)
        with endpoint_of(world, app) as endpoint:
            for other in job.links:
                provisioner.claim(other)
            outcome, source = provisioner.run(person_id, endpoint, on_demand=True)
    except ScimkitError as error:
        raise service_error(400, "SystemForCrossDomainIdentityManagementInvalidCredentials", plain_problem(world, error)) from None
    entry = provisioner.log(outcome, source, cycle_id=world.ids.next("cycle"), initiated_by=by)
    return _pair(outcome, entry, world.plain(outcome.error_text))


def _pair(outcome: Outcome, entry: dict[str, Any], text: str) -> dict[str, str]:
    """The documented shape for a user: two JSON texts."""
    details = {} if outcome.result == "Success" else {"errorCode": outcome.error_code, "errorMessage": text}
    key = {"result": outcome.result, "details": details}
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
    return {"id": identity["id"], "type": identity["identityType"], "displayName": identity["displayName"], "details": identity["details"]}


def routes() -> list[Route]:
    return [Route("/servicePrincipals/{sp}/synchronization/jobs/{job}/provisionOnDemand", provision_on_demand, methods=["POST"])]

