"""Graph: the synchronization calls of an enterprise app. Errors are wrapped as the service wraps them."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from itertools import chain
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scimkit.errors import Denied, MappingError, Rejected, ScimkitError, Unreachable
from scimkit.mapping import parse
from scimkit.mapping.rows import read_schema as read_mappings
from scimkit.mapping.rows import user_mapping
from scimkit.sandbox.applications import world_of
from scimkit.sandbox.envelope import GraphError, bad_request, created, no_content, no_resource, read_json, service_error
from scimkit.sandbox.gallery import NON_GALLERY_JOB_TEMPLATE
from scimkit.sandbox.jobs import Job
from scimkit.sandbox.provisioner import endpoint_of, plain_problem
from scimkit.sandbox.schema import make_schema
from scimkit.sandbox.service_principals import ServicePrincipal
from scimkit.sandbox.world import World

PREFIX = "SystemForCrossDomainIdentityManagement"
SECRET_KEYS = frozenset(
    re.findall(
        r"\w+",
        """
    UserName Password SecretToken AppKey BaseAddress ClientIdentifier ClientSecret SingleSignOnType Sandbox Url
    Domain ConsumerKey ConsumerSecret TokenKey TokenExpiration Oauth2AccessToken Oauth2AccessTokenCreationTime
    Oauth2RefreshToken SyncAll InstanceName Oauth2ClientId Oauth2ClientSecret CompanyId UpdateKeyOnSoftDelete
    SynchronizationSchedule SystemOfRecord SandboxName EnforceDomain SyncNotificationSettings
    SkipOutOfScopeDeletions Oauth2AuthorizationCode Oauth2RedirectUri ApplicationTemplateIdentifier
    Oauth2TokenExchangeUri Oauth2AuthorizationUri AuthenticationType Server PerformInboundEntitlementGrants
    HardDeletesEnabled SyncAgentCompatibilityKey SyncAgentADContainer ValidateDomain TestReferences
    ConnectionString
""",
    )
)
RESET_FLAGS = ("None", "ConnectorDataStore", "Escrows", "Watermark", "QuarantineState", "Full", "ForceDeletes")
FIRST_CYCLE_AFTER_SECONDS = 30  # from start to the first cycle, so that the first look at the job finds it run
OPERATORS = (
    ("EQUALS", "Binary", ("Integer", "String")),
    ("NOT EQUALS", "Binary", ("Integer", "String")),
    ("REGEX MATCH", "Binary", ("Integer", "String")),
    ("NOT REGEX MATCH", "Binary", ("Integer", "String")),
    ("IS NULL", "Unary", ("Integer", "String", "Binary", "Boolean")),
    ("IS NOT NULL", "Unary", ("Integer", "String", "Binary", "Boolean")),
    ("IS TRUE", "Unary", ("Boolean",)),
    ("IS FALSE", "Unary", ("Boolean",)),
)


def find_app(request: Request) -> tuple[World, ServicePrincipal]:
    """The app in the address; the synchronization service lags behind the directory (templates come last)."""
    world = world_of(request)
    return world, world.service_principal(request.path_params["sp"])


def find_job(request: Request) -> tuple[World, ServicePrincipal, Job]:
    world, app = find_app(request)
    key = request.path_params["job"]
    job = app.jobs.get(key)
    if job is None:
        raise service_error(404, "JobNotFound", f"The synchronization job '{key}' was not found.")
    return world, app, job


def _context(world: World, app: ServicePrincipal, rest: str) -> str:
    return f"{world.origin}/v1.0/$metadata#servicePrincipals('{app.id}')/synchronization/{rest}"


# -- templates and jobs ------------------------------------------------------------


def _template_id(world: World, app: ServicePrincipal) -> str:
    template = world.gallery.get(app.template_id)
    if template is None and app.app:  # added by a sign-up
        return world.apps[app.app].sandbox.template_id
    if template:
        return template.job_template
    return NON_GALLERY_JOB_TEMPLATE


def _template(world: World, app: ServicePrincipal) -> dict[str, Any]:
    key = _template_id(world, app)
    fields = json.dumps([{"name": "baseaddress"}, {"name": "secrettoken", "secret": True}], separators=(",", ":"))
    return {
        "id": key,
        "applicationId": app.template_id,
        "default": True,
        "description": None,
        "discoverable": True,
        "factoryTag": key,
        "metadata": [
            {"key": "galleryApplicationIdentifier", "value": app.template_id},
            {"key": "galleryApplicationKey", "value": key.lower()},
            {"key": "configurationFields", "value": fields},
        ],
    }


async def templates(request: Request) -> Response:
    world, app = find_app(request)
    ready = app.has_templates(world.clock) and _template_id(world, app)
    if ready:
        value = [_template(world, app)]
    else:
        value = []
    return JSONResponse({"@odata.context": _context(world, app, "templates"), "value": value})


async def read_template(request: Request) -> Response:
    world, app = find_app(request)
    if request.path_params["t"] != _template_id(world, app) or not app.has_templates(world.clock):
        raise service_error(
            404, "TemplateNotFound", f"The synchronization template '{request.path_params['t']}' was not found."
        )
    if request.url.path.endswith("/schema"):
        return JSONResponse(make_schema(world.ids, request.path_params["t"], world.apps.get(app.app)))
    return JSONResponse(_template(world, app))


async def list_jobs(request: Request) -> Response:
    world, app = find_app(request)
    return JSONResponse(
        {"@odata.context": _context(world, app, "jobs"), "value": [job.graph() for job in app.jobs.values()]}
    )


async def create_job(request: Request) -> Response:
    world, app = find_app(request)
    template = (await read_json(request)).get("templateId")
    if template != _template_id(world, app) or not app.has_templates(world.clock):
        raise service_error(
            400,
            "TemplateNotFound",
            f"The synchronization template '{template}' was not found on this service principal.",
        )
    if app.jobs:
        raise service_error(409, "JobAlreadyExists", "A synchronization job of this template exists already.")
    key = f"{template}.{world.tenant_id.replace('-', '')}.{app.app_id}"
    default = make_schema(world.ids, key, world.apps.get(app.app))
    job = Job(key, str(template), app.id, app.app, copy.deepcopy(default), default, world.clock.now)
    app.jobs[key] = job
    return created({"@odata.context": _context(world, app, "jobs/$entity"), **job.graph()})


async def read_job(request: Request) -> Response:
    world, app, job = find_job(request)
    return JSONResponse({"@odata.context": _context(world, app, "jobs/$entity"), **job.graph()})


async def patch_job(request: Request) -> Response:
    _, _, job = find_job(request)
    settings = (await read_json(request)).get("synchronizationJobSettings")
    if not isinstance(settings, list):
        raise bad_request("Only synchronizationJobSettings can be changed.")
    new = {item["name"]: str(item["value"]) for item in settings}
    settings = {setting["name"]: setting["value"] for setting in job.settings} | new
    job.settings = [{"name": name, "value": value} for name, value in settings.items()]
    return no_content()


async def delete_job(request: Request) -> Response:
    """Delete the job; accounts at the vendor and the stored credentials remain."""
    _, app, job = find_job(request)
    del app.jobs[job.id]
    return no_content()


# -- start, pause, restart ----------------------------------------------------------


def need_credentials(app: ServicePrincipal) -> None:
    if not app.secrets.get("BaseAddress"):
        raise service_error(
            400, f"{PREFIX}InvalidCredentials", "The provisioning credentials are missing: save a tenant URL first."
        )


def schedule(world: World, job: Job) -> None:
    job.state, job.due = "Active", world.clock.after(FIRST_CYCLE_AFTER_SECONDS)


async def start(request: Request) -> Response:
    world, app, job = find_job(request)
    need_credentials(app)
    if job.state != "Active" or job.quarantine:
        job.quarantine = None
        schedule(world, job)
    return no_content()


async def pause(request: Request) -> Response:
    _, _, job = find_job(request)
    job.state, job.due = "Paused", None
    return no_content()


async def restart(request: Request) -> Response:
    world, app, job = find_job(request)
    criteria = (await read_json(request)).get("criteria") or {}
    text = str(criteria.get("resetScope") or "")
    flags = {flag.strip() for flag in text.split(",") if flag.strip()} or {"QuarantineState", "Watermark", "Escrows"}
    if flags - set(RESET_FLAGS):
        raise bad_request(f"Invalid value '{text}' for resetScope.", "BadRequest")
    need_credentials(app)
    if "Full" in flags:
        flags |= {"ConnectorDataStore", "Escrows", "Watermark", "QuarantineState"}
    if "ConnectorDataStore" in flags:
        job.forget_links()
    if "Escrows" in flags:
        job.escrows.clear()
    if "Watermark" in flags:
        job.seen = None
    if "QuarantineState" in flags or "ForceDeletes" in flags:
        job.quarantine = None
    job.force_deletes = "ForceDeletes" in flags
    schedule(world, job)
    return no_content()


# -- credentials --------------------------------------------------------------------


def _pairs(items: Any) -> dict[str, str]:
    """Key and value pairs of a body; values are strings, keys must be known ones."""
    if not isinstance(items, list):
        raise bad_request("Empty Payload. JSON content expected.", "BadRequest")
    pairs: dict[str, str] = {}
    for item in items:
        if isinstance(item, dict):
            key, value = (item.get("key"), item.get("value"))
        else:
            key, value = (None, None)
        if not isinstance(key, str) or key not in SECRET_KEYS:
            raise bad_request(f"Requested value '{key}' was not found.", "BadRequest")
        if value is not None and not isinstance(value, str):
            raise bad_request(f"Cannot convert the value of '{key}' to the expected type 'Edm.String'.", "BadRequest")
        pairs[key] = value or ""
    return pairs


async def read_secrets(request: Request) -> Response:
    world, app = find_app(request)
    value = [{"key": item["key"], "value": world.shown(item["value"])} for item in app.masked_secrets()]
    return JSONResponse({"@odata.context": _context(world, app, "secrets"), "value": value})


async def put_secrets(request: Request) -> Response:
    """Replace the whole set; a key with an empty value is removed."""
    world, app = find_app(request)
    body = await read_json(request)
    pairs = _pairs(body.get("value"))
    notification = pairs.get("SyncNotificationSettings")
    if notification is not None:
        try:
            known = isinstance(json.loads(notification), dict)
        except ValueError:
            known = False
        if not known:
            raise service_error(400, "InvalidNotificationSettings", None)
    app.secrets = {key: world.kept(value) for key, value in pairs.items() if value}
    return no_content()


async def validate_credentials(request: Request) -> Response:
    """Test Connection: searches for a user who cannot exist; where groups are mapped, for a group too."""
    world, app = find_app(request)
    body = await read_json(request)
    job = None
    if "job" in request.path_params:
        job = find_job(request)[2]
    if job is None and body.get("templateId") != _template_id(world, app):
        raise service_error(
            400, "TemplateNotFound", f"The synchronization template '{body.get('templateId')}' was not found."
        )
    if body.get("useSavedCredentials"):
        values = app.secrets
    else:
        values = _pairs(body.get("credentials"))
    profile = world.apps.get(app.app)
    matching = "userName"
    if profile and profile.matching:
        matching = profile.matching[0]
    if job:
        schema = job.schema
    else:
        schema = make_schema(world.ids, "template", profile)
    mappings = chain.from_iterable(rule["objectMappings"] for rule in schema["synchronizationRules"])
    groups = any(mapping["sourceObjectName"] == "Group" and mapping["enabled"] for mapping in mappings)
    await run_sync(probe_vendor, world, app, dict(values), _matching_of(schema) or matching, groups)
    return no_content()


def _matching_of(schema: dict[str, Any]) -> str:
    """The first matching attribute of the user mapping as it is now: the probe uses it."""
    mappings = chain.from_iterable(rule.get("objectMappings", ()) for rule in schema.get("synchronizationRules", ()))
    users = (mapping for mapping in mappings if mapping.get("sourceObjectName") == "User")
    every = chain.from_iterable(mapping.get("attributeMappings", ()) for mapping in users)
    rows = [row for row in every if row.get("matchingPriority")]
    return min(rows, key=lambda row: row["matchingPriority"])["targetAttributeName"] if rows else ""


def probe_vendor(
    world: World, app: ServicePrincipal, values: dict[str, str], matching: str, groups: bool = False
) -> None:
    """R1 (and R2) at the vendor. Raises GraphError with the service's code when the response is not an empty list."""
    if not re.match(r"https?://[^/\s]+", values.get("BaseAddress", "")):
        raise service_error(400, f"{PREFIX}InvalidCredentials", "Please provide a valid tenant URL.")
    try:
        with endpoint_of(world, app, values, matching=matching) as client:
            _judge(world, client.probe(matching), values["BaseAddress"])
            if groups:
                _judge(world, client.probe("displayName", resource_type="Groups"), values["BaseAddress"])
    except Unreachable as error:
        message = (
            f"We received this unexpected response from your application: no connection to {values['BaseAddress']}"
            f" ({plain_problem(world, error)})"
        )
        raise service_error(400, f"{PREFIX}CredentialValidationUnavailable", message) from None
    except GraphError:
        raise
    except (Denied, Rejected, ScimkitError) as error:
        raise service_error(400, f"{PREFIX}InvalidCredentials", plain_problem(world, error)) from None


def _judge(world: World, answer: Any, address: str) -> None:
    body = answer.json
    is_list = isinstance(body, dict) and "totalResults" in body
    if answer.status == 200 and is_list and body["totalResults"] == 0:
        return
    told = (
        f"Resource: {address}, Operation: GET, Response Status Code: {answer.status}, Response Content:"
        f" {answer.text[:300]}"
    )
    told = world.plain(told)
    if answer.status in (400, 401):
        code = "CredentialValidationFailure"
    elif answer.status != 200:
        code = "CredentialValidationUnavailable"
    else:
        code = "ServiceIncompatible"
        if is_list:
            code = "MultipleEntriesInResponse"
    raise service_error(400, f"{PREFIX}{code}", f"We received this unexpected response from your application: {told}")


# -- schema -------------------------------------------------------------------------


async def read_schema(request: Request) -> Response:
    world, app, job = find_job(request)
    return JSONResponse({"@odata.context": _context(world, app, f"jobs('{job.id}')/schema/$entity"), **job.schema})


async def read_directories(request: Request) -> Response:
    world, app, job = find_job(request)
    context = _context(world, app, f"jobs('{job.id}')/schema/directories")
    return JSONResponse({"@odata.context": context, "value": job.schema["directories"]})


def _attributes_of(directory: Mapping[str, Any]) -> dict[str, set[str]]:
    """The names of the attributes of each object of `directory`."""
    found = {}
    for each in directory["objects"]:
        found[each["name"]] = {attribute["name"] for attribute in each["attributes"]}
    return found


async def put_schema(request: Request) -> Response:
    """Replaces everything; the next cycle is an initial one. A mapping needs a matching attribute and known
    attributes."""
    _, _, job = find_job(request)
    body = {key: value for key, value in (await read_json(request)).items() if not key.startswith("@odata")}
    for name in ("synchronizationRules", "directories"):
        if not isinstance(body.get(name), list) or not body[name]:
            raise service_error(400, "InvalidSchema", f"The schema has no {name}.")
    try:
        known = {directory["name"]: _attributes_of(directory) for directory in body["directories"]}
        for rule in body["synchronizationRules"]:
            for mapping in rule["objectMappings"]:
                _check_mapping(rule, mapping, known)
        user_mapping(body)
        for each in read_mappings(body):
            for row in each.rows:
                if row.expression is not None:
                    parse(row.expression)
    except (KeyError, TypeError, AttributeError) as error:
        raise service_error(400, "InvalidSchema", f"The schema is not whole: {error}") from None
    except MappingError as error:
        raise service_error(400, "InvalidSchema", str(error)) from None
    before = int(re.sub(r"\D", "", str(job.schema.get("version"))) or 0)
    job.schema = copy.deepcopy(body) | {"id": job.id, "version": f"v1.{before + 1 if before < 10 else before - 9}"}
    job.seen = None
    return no_content()


def _check_mapping(rule: dict[str, Any], mapping: dict[str, Any], known: dict[str, dict[str, set[str]]]) -> None:
    rows = mapping.get("attributeMappings", [])
    if not any((row.get("matchingPriority") or 0) > 0 for row in rows):
        raise service_error(400, "InvalidSchema", f"The mapping '{mapping.get('name')}' has no attribute for matching.")
    targets = known.get(rule["targetDirectoryName"], {}).get(mapping["targetObjectName"], set())
    for row in rows:
        if row["targetAttributeName"] not in targets:
            message = (
                f"The attribute '{row['targetAttributeName']}' does not exist in the directory"
                f" '{rule['targetDirectoryName']}'."
            )
            raise service_error(400, "SchemaAttributeNotFound", message)


async def delete_schema(request: Request) -> Response:
    _, _, job = find_job(request)
    job.schema, job.seen = copy.deepcopy(job.default_schema), None
    return no_content()


async def patch_schema(request: Request) -> Response:
    raise no_resource(request)


async def filter_operators(request: Request) -> Response:
    world, app, job = find_job(request)
    value = [
        {
            "id": name,
            "name": name,
            "arity": arity,
            "multivaluedComparisonType": "All",
            "supportedAttributeTypes": list(types),
        }
        for name, arity, types in OPERATORS
    ]
    return JSONResponse(
        {"@odata.context": _context(world, app, f"jobs('{job.id}')/schema/filterOperators"), "value": value}
    )


def routes() -> list[Route]:
    base = "/servicePrincipals/{sp}/synchronization"
    job = base + "/jobs/{job}"
    return [
        Route(f"{base}/templates", templates),
        Route(f"{base}/templates/{{t}}", read_template),
        Route(f"{base}/templates/{{t}}/schema", read_template),
        Route(f"{base}/secrets", read_secrets, methods=["GET"]),
        Route(f"{base}/secrets", put_secrets, methods=["PUT"]),
        Route(f"{base}/jobs", list_jobs, methods=["GET"]),
        Route(f"{base}/jobs", create_job, methods=["POST"]),
        Route(f"{base}/jobs/validateCredentials", validate_credentials, methods=["POST"]),
        Route(job, read_job, methods=["GET"]),
        Route(job, patch_job, methods=["PATCH"]),
        Route(job, delete_job, methods=["DELETE"]),
        Route(f"{job}/validateCredentials", validate_credentials, methods=["POST"]),
        Route(f"{job}/start", start, methods=["POST"]),
        Route(f"{job}/pause", pause, methods=["POST"]),
        Route(f"{job}/restart", restart, methods=["POST"]),
        Route(f"{job}/schema", read_schema, methods=["GET"]),
        Route(f"{job}/schema", put_schema, methods=["PUT"]),
        Route(f"{job}/schema", delete_schema, methods=["DELETE"]),
        Route(f"{job}/schema", patch_schema, methods=["PATCH"]),
        Route(f"{job}/schema/directories", read_directories),
        Route(f"{job}/schema/filterOperators", filter_operators),
    ]
