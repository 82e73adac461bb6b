"""Graph: application templates, applications, service principals, assignments."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scimkit.apps.profile import AppProfile
from scimkit.provisioning.scope import DEFAULT_ACCESS
from scimkit.sandbox.envelope import GraphError, bad_request, created, no_content, not_found, read_json
from scimkit.sandbox.odata import options, page, read_filter, select
from scimkit.sandbox.service_principals import Assignment, ServicePrincipal, make_roles
from scimkit.sandbox.world import World

TEXT = ("eq", "startswith")
SIGNED_UP_AGO = timedelta(minutes=5)  # who comes back from the vendor's sign-up finds the app in the tenant


def world_of(request: Request) -> World:
    world: World = request.app.state.world
    return world


# -- templates -----------------------------------------------------------------


async def list_templates(request: Request) -> Response:
    world = world_of(request)
    query = options(request, ("$filter", "$top", "$skip", "$select", "$orderby"))
    items = [template.graph() for template in world.gallery.values()]
    if "$filter" in query:
        test = read_filter(query["$filter"], {"displayName": ("eq", "contains", "startswith"), "id": ("eq",)})
        items = [item for item in items if test(item)]
    items = [select(item, query.get("$select")) for item in items[int(query.get("$skip", 0) or 0) :]]
    return JSONResponse(page(request, world.origin, "applicationTemplates", items, query))


async def read_template(request: Request) -> Response:
    template = world_of(request).gallery.get(request.path_params["id"])
    if template is None:
        raise not_found("ApplicationTemplate", request.path_params["id"])
    return JSONResponse(template.graph())


async def instantiate(request: Request) -> Response:
    world = world_of(request)
    template = world.gallery.get(request.path_params["id"])
    if template is None:
        raise not_found("ApplicationTemplate", request.path_params["id"])
    profile = world.apps.get(template.app)
    if profile and profile.gallery.added_by == "sign_up":
        raise bad_request(
            f"The application template '{template.display_name}' cannot be instantiated: sign up at"
            f" {template.publisher}."
        )
    name = (await read_json(request)).get("displayName")
    if not isinstance(name, str) or not name.strip():
        raise bad_request("One or more property values specified are invalid: displayName.")
    key = world.ids.next("service principal")
    app = ServicePrincipal(
        id=key,
        app_id=world.ids.named("app", key),
        application_id=world.ids.named("application", key),
        display_name=name,
        template_id=template.id,
        app=template.app,
        created=world.clock.now,
        roles=make_roles(world.ids, key, profile.sandbox.roles if profile else ("User", "msiam_access")),
    )
    world.service_principals[key] = app
    body = {
        "@odata.context": f"{world.origin}/v1.0/$metadata#microsoft.graph.applicationServicePrincipal",
        "application": app.application(),
        "servicePrincipal": app.graph(),
    }
    return created(body)


def add_signed_up(world: World, profile: AppProfile) -> ServicePrincipal:
    """What a sign-in at the vendor leaves in the tenant: the enterprise app of a registration
    in the vendor's own tenant, not created from a gallery template."""
    key = world.ids.named("signed up", profile.name)
    app = ServicePrincipal(
        id=key,
        app_id=world.ids.named("app", key),
        application_id="",
        display_name=profile.gallery_names[0],
        template_id="",
        app=profile.name,
        created=world.clock.now - SIGNED_UP_AGO,
        roles=make_roles(world.ids, key, profile.sandbox.roles),
        assignment_required=False,
    )
    world.service_principals[key] = app
    return app


# -- applications ----------------------------------------------------------------


def _application(world: World, key: str) -> ServicePrincipal:
    found = next(
        (app for app in world.service_principals.values() if app.application_id == key and app.readable(world.clock)),
        None,
    )
    if found is None:
        raise not_found("Application", key)
    return found


async def list_applications(request: Request) -> Response:
    world = world_of(request)
    query = options(request, ("$filter", "$top", "$select", "$count", "$skiptoken"))
    items = [
        app.application()
        for app in world.service_principals.values()
        if app.application_id and app.readable(world.clock)
    ]
    if "$filter" in query:
        test = read_filter(query["$filter"], {"appId": ("eq",), "displayName": TEXT, "id": ("eq",)})
        items = [item for item in items if test(item)]
    items = [select(item, query.get("$select")) for item in items]
    return JSONResponse(page(request, world.origin, "applications", items, query))


async def read_application(request: Request) -> Response:
    return JSONResponse(_application(world_of(request), request.path_params["id"]).application())


async def patch_application(request: Request) -> Response:
    """Only `appRoles`, replaced as a whole; a role can be removed only after it was disabled."""
    app, body = _application(world_of(request), request.path_params["id"]), await read_json(request)
    unknown = sorted(set(body) - {"appRoles", "displayName"})
    if unknown:
        raise bad_request(f"This emulator does not change the property '{unknown[0]}' of an application.")
    if "appRoles" in body:
        kept = {role.get("id") for role in body["appRoles"]}
        for role in app.roles:
            if role["id"] not in kept and role["isEnabled"]:
                raise bad_request(
                    "Property value cannot be deleted unless it is disabled first.",
                    "CannotDeleteOrUpdateEnabledEntitlement",
                )
        app.roles = [{"origin": "Application", "value": None, "isEnabled": True, **role} for role in body["appRoles"]]
    if "displayName" in body:
        app.display_name = body["displayName"]
    return no_content()


async def delete_application(request: Request) -> Response:
    """The registration is removed, with the enterprise app and its job; accounts at the vendor stay."""
    world = world_of(request)
    app = _application(world, request.path_params["id"])
    del world.service_principals[app.id]
    return no_content()


# -- service principals ------------------------------------------------------------


async def list_service_principals(request: Request) -> Response:
    world = world_of(request)
    query = options(request, ("$filter", "$top", "$select", "$count", "$skiptoken", "$orderby"))
    items = [app.graph() for app in world.service_principals.values() if app.readable(world.clock)]
    if "$filter" in query:
        allowed = {
            "displayName": TEXT,
            "applicationTemplateId": ("eq", "ne", "startswith"),
            "appId": ("eq",),
            "id": ("eq",),
        }
        test = read_filter(query["$filter"], allowed)
        items = [item for item in items if test(item)]
    items = [select(item, query.get("$select")) for item in items]
    return JSONResponse(page(request, world.origin, "servicePrincipals", items, query))


async def read_service_principal(request: Request) -> Response:
    app = world_of(request).service_principal(request.path_params["sp"])
    return JSONResponse(select(app.graph(), options(request, ("$select",)).get("$select")))


async def read_by_app_id(request: Request) -> Response:
    world = world_of(request)
    key = request.path_params["app_id"]
    found = next(
        (app for app in world.service_principals.values() if app.app_id == key and app.readable(world.clock)), None
    )
    if found is None:
        raise not_found("ServicePrincipal", key)
    return JSONResponse(found.graph())


async def patch_service_principal(request: Request) -> Response:
    app, body = world_of(request).service_principal(request.path_params["sp"]), await read_json(request)
    for name, value in body.items():
        if name not in ("appRoleAssignmentRequired", "accountEnabled") or not isinstance(value, bool):
            raise bad_request(f"This emulator does not change the property '{name}' of a service principal.")
    app.assignment_required = body.get("appRoleAssignmentRequired", app.assignment_required)
    app.enabled = body.get("accountEnabled", app.enabled)
    return no_content()


async def delete_service_principal(request: Request) -> Response:
    world = world_of(request)
    del world.service_principals[world.service_principal(request.path_params["sp"]).id]
    return no_content()


# -- assignments -------------------------------------------------------------------


async def list_assignments(request: Request) -> Response:
    world = world_of(request)
    app = world.service_principal(request.path_params["sp"])
    query = options(request, ("$filter", "$top", "$skiptoken", "$count", "$select"))
    items = [assignment.graph(app) for assignment in app.assignments]
    if "$filter" in query:
        test = read_filter(query["$filter"], {"principalDisplayName": TEXT, "resourceId": ("eq",)})
        items = [item for item in items if test(item)]
    context = f"servicePrincipals('{app.id}')/appRoleAssignedTo"
    return JSONResponse(page(request, world.origin, context, items, query))


def _role_of(app: ServicePrincipal, role_id: str) -> None:
    """Default Access only if the app declares no role for users; otherwise one of its enabled roles."""
    known = {role["id"] for role in app.roles if role["isEnabled"]}
    if role_id not in known and role_id != DEFAULT_ACCESS:
        raise bad_request(f"Permission entry with id '{role_id}' not found on application '{app.app_id}'.")


async def assign(request: Request) -> Response:
    world = world_of(request)
    app, body = world.service_principal(request.path_params["sp"]), await read_json(request)
    principal, role = str(body.get("principalId")), str(body.get("appRoleId"))
    if body.get("resourceId") != app.id:
        raise bad_request("Resource id in the body does not match the one in the address.")
    person, group = world.directory.people.get(principal), world.directory.groups.get(principal)
    if (person is None or person.deleted_utc is not None) and group is None:
        raise not_found("principal", principal)
    _role_of(app, role)
    if any(a.principal_id == principal and a.role_id == role for a in app.assignments):
        raise bad_request("Permission being assigned already exists on the object")
    name, kind = "", "Group"
    if person:
        name, kind = person.display_name, "User"
    elif group:
        name = group.display_name
    assignment = Assignment(
        id=world.ids.next("assignment").replace("-", "")[:27],
        principal_id=principal,
        principal_name=name,
        principal_type=kind,
        role_id=role,
        created=world.clock.now,
    )
    app.assignments.append(assignment)
    mark_assigned(world, principal)
    context = f"{world.origin}/v1.0/$metadata#servicePrincipals('{app.id}')/appRoleAssignedTo/$entity"
    return created({"@odata.context": context, **assignment.graph(app)})


async def unassign(request: Request) -> Response:
    world = world_of(request)
    app, key = world.service_principal(request.path_params["sp"]), request.path_params["id"]
    found = next((assignment for assignment in app.assignments if assignment.id == key), None)
    if found is None:
        raise not_found("appRoleAssignment", key)
    app.assignments.remove(found)
    mark_assigned(world, found.principal_id)
    return no_content()


def mark_assigned(world: World, principal: str) -> None:
    """Everyone behind an assignment counts as changed for the next cycle."""
    group = world.directory.groups.get(principal)
    if group:
        members = [m for m in group.members if m in world.directory.people]
    else:
        members = []
    world.directory.mark(*members, principal)


async def directory_object(request: Request) -> Response:
    """`getByIds`: the types of the ids."""
    world, body = world_of(request), await read_json(request)
    found: list[dict[str, Any]] = []
    for key in body.get("ids") or ():
        if key in world.directory.people:
            found.append({"@odata.type": "#microsoft.graph.user", **world.directory.people[key].graph()})
        elif key in world.directory.groups:
            found.append({"@odata.type": "#microsoft.graph.group", **world.directory.groups[key].graph()})
    return JSONResponse({"@odata.context": f"{world.origin}/v1.0/$metadata#directoryObjects", "value": found})


def routes() -> list[Route]:
    return [
        Route("/applicationTemplates", list_templates),
        Route("/applicationTemplates/{id}", read_template),
        Route("/applicationTemplates/{id}/instantiate", instantiate, methods=["POST"]),
        Route("/applications", list_applications),
        Route("/applications/{id}", read_application, methods=["GET"]),
        Route("/applications/{id}", patch_application, methods=["PATCH"]),
        Route("/applications/{id}", delete_application, methods=["DELETE"]),
        Route("/servicePrincipals", list_service_principals),
        Route("/servicePrincipals(appId='{app_id}')", read_by_app_id),
        Route("/servicePrincipals/{sp}", read_service_principal, methods=["GET"]),
        Route("/servicePrincipals/{sp}", patch_service_principal, methods=["PATCH"]),
        Route("/servicePrincipals/{sp}", delete_service_principal, methods=["DELETE"]),
        Route("/servicePrincipals/{sp}/appRoleAssignedTo", list_assignments, methods=["GET"]),
        Route("/servicePrincipals/{sp}/appRoleAssignedTo", assign, methods=["POST"]),
        Route("/servicePrincipals/{sp}/appRoleAssignedTo/{id}", unassign, methods=["DELETE"]),
        Route("/directoryObjects/getByIds", directory_object, methods=["POST"]),
    ]


__all__ = ["GraphError", "mark_assigned", "routes", "world_of"]
