"""Graph: people, groups, and who is signed in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scimkit.sandbox.applications import world_of
from scimkit.sandbox.envelope import bad_request, not_found
from scimkit.sandbox.groups import Group
from scimkit.sandbox.odata import options, page, read_filter, select
from scimkit.sandbox.people import Person
from scimkit.sandbox.world import World

DEFAULT = (
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
)  # fmt: skip
TEXT = ("eq", "startswith")
PEOPLE_FILTERS: dict[str, tuple[str, ...]] = {
    **{
        name: TEXT
        for name in (
            "userPrincipalName",
            "displayName",
            "givenName",
            "surname",
            "mail",
            "mailNickname",
            "department",
            "jobTitle",
        )
    },
    "id": ("eq",),
    "employeeId": TEXT,
    "userType": ("eq",),
    "accountEnabled": ("eq",),
    "country": TEXT,
}
GROUP_FILTERS: dict[str, tuple[str, ...]] = {
    "displayName": TEXT,
    "mailNickname": TEXT,
    "mail": TEXT,
    "id": ("eq",),
    "securityEnabled": ("eq",),
    "mailEnabled": ("eq",),
}
LIST_OPTIONS = ("$select", "$filter", "$top", "$skiptoken", "$count", "$orderby", "$expand")
ADMINISTRATOR_ROLE = {
    "displayName": "Cloud Application Administrator",
    "roleTemplateId": "158c047a-c907-4556-b7ef-446551a6b5f7",
}


def _advanced(request: Request, query: dict[str, str]) -> None:
    """$count needs the header that requests eventual consistency."""
    if query.get("$count", "").lower() == "true" and request.headers.get("ConsistencyLevel", "").lower() != "eventual":
        raise bad_request("$count is not currently supported.", "Request_UnsupportedQuery")


def _ordered(items: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    order = query.get("$orderby")
    if not order:
        return items
    found = re.fullmatch(r"(displayName|userPrincipalName)(?: (asc|desc))?", order)
    if not found:
        raise bad_request(f"Sorting not supported for property '{order}'.", "Request_UnsupportedQuery")
    return sorted(items, key=lambda item: str(item[found[1]]).lower(), reverse=found[2] == "desc")


def _expand_manager(world: World, person: Person, item: dict[str, Any], text: str) -> dict[str, Any]:
    found = re.fullmatch(r"manager(?:\(\$select=([\w,]+)\))?", text)
    if not found:
        raise bad_request(
            f"The query specified in the URI is not valid. $expand of '{text}' is not supported.", "BadRequest"
        )
    manager = world.directory.people.get(person.manager)
    if manager is not None and manager.deleted_utc is None:
        item = item | {
            "manager": {"@odata.type": "#microsoft.graph.user", **select(manager.graph(), found[1], DEFAULT)}
        }
    return item


def _people_page(request: Request, world: World, people: list[Person], context: str) -> Response:
    query = options(request, LIST_OPTIONS)
    _advanced(request, query)
    everybody = {person.id: person for person in people}
    items = [person.graph() for person in people]
    if "$filter" in query:
        test = read_filter(query["$filter"], PEOPLE_FILTERS)
        items = [item for item in items if test(item)]
    answer = page(request, world.origin, context, _ordered(items, query), query)
    shown = []
    for item in answer["value"]:
        chosen = select(item, query.get("$select"), DEFAULT)
        if "$expand" in query:
            chosen = _expand_manager(world, everybody[item["id"]], chosen, query["$expand"])
        shown.append(chosen)
    return JSONResponse(answer | {"value": shown})


def _person(world: World, key: str) -> Person:
    person = world.directory.person(key)
    if person is None or person.deleted_utc is not None:
        raise not_found("User", key)
    return person


# -- people ---------------------------------------------------------------------


async def me(request: Request) -> Response:
    world = world_of(request)
    query = options(request, ("$select",))
    return JSONResponse(select(world.directory.administrator().graph(), query.get("$select"), DEFAULT))


async def my_roles(request: Request) -> Response:
    world = world_of(request)
    role = {
        "id": world.ids.named("directory role", "cloud application administrator"),
        "description": None,
        **ADMINISTRATOR_ROLE,
    }
    context = f"{world.origin}/v1.0/$metadata#directoryRoles"
    return JSONResponse({"@odata.context": context, "value": [role]})


async def list_users(request: Request) -> Response:
    world = world_of(request)
    return _people_page(request, world, list(world.directory.users()), "users")


async def deleted_users(request: Request) -> Response:
    world = world_of(request)
    return _people_page(request, world, list(world.directory.deleted()), "directory/deletedItems/microsoft.graph.user")


async def read_user(request: Request) -> Response:
    world = world_of(request)
    person = _person(world, request.path_params["id"])
    query = options(request, ("$select", "$expand"))
    item = select(person.graph(), query.get("$select"), DEFAULT)
    if "$expand" in query:
        item = _expand_manager(world, person, item, query["$expand"])
    return JSONResponse(item)


async def read_manager(request: Request) -> Response:
    world = world_of(request)
    person = _person(world, request.path_params["id"])
    manager = world.directory.people.get(person.manager)
    if manager is None or manager.deleted_utc is not None:
        raise not_found("manager", "manager")
    query = options(request, ("$select",))
    return JSONResponse(
        {"@odata.type": "#microsoft.graph.user", **select(manager.graph(), query.get("$select"), DEFAULT)}
    )


# -- groups ---------------------------------------------------------------------


def _group(world: World, key: str) -> Group:
    group = world.directory.groups.get(key)
    if group is None:
        raise not_found("Group", key)
    return group


async def list_groups(request: Request) -> Response:
    world = world_of(request)
    query = options(request, LIST_OPTIONS)
    _advanced(request, query)
    items = [group.graph() for group in world.directory.groups.values()]
    if "$filter" in query:
        test = read_filter(query["$filter"], GROUP_FILTERS)
        items = [item for item in items if test(item)]
    items = [select(item, query.get("$select")) for item in _ordered(items, query)]
    return JSONResponse(page(request, world.origin, "groups", items, query))


async def read_group(request: Request) -> Response:
    group = _group(world_of(request), request.path_params["id"])
    return JSONResponse(select(group.graph(), options(request, ("$select",)).get("$select")))


async def members(request: Request) -> Response:
    """Direct members: people and groups, or only people when the address contains the cast."""
    world = world_of(request)
    group = _group(world, request.path_params["id"])
    people = world.directory.direct_people(group)
    inner = [world.directory.groups[m] for m in group.members if m in world.directory.groups]
    return _members_page(request, world, people, inner)


async def transitive_members(request: Request) -> Response:
    world = world_of(request)
    people, inner = world.directory.nested_members(_group(world, request.path_params["id"]))
    return _members_page(request, world, people, inner)


def _members_page(request: Request, world: World, people: list[Person], inner: list[Group]) -> Response:
    if request.url.path.endswith("/microsoft.graph.user"):
        return _people_page(request, world, people, "users")
    query = options(request, LIST_OPTIONS)
    _advanced(request, query)
    if request.url.path.endswith("/microsoft.graph.group"):
        people = []
    items = [{"@odata.type": "#microsoft.graph.user", **select(p.graph(), None, DEFAULT)} for p in people]
    items += [{"@odata.type": "#microsoft.graph.group", **g.graph()} for g in inner]
    if "$select" in query:
        names = [name.strip() for name in query["$select"].split(",")]
        full = {p.id: p.graph() for p in people} | {g.id: g.graph() for g in inner}
        items = [_selected(item, full[item["id"]], names) for item in items]
    return JSONResponse(page(request, world.origin, "directoryObjects", items, query))


def _selected(item: dict[str, Any], full: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """`item` of a list of members, with the properties `names` of the whole object."""
    wanted = {name: full[name] for name in names if name in full}
    return {"@odata.type": item["@odata.type"], "id": item["id"], **wanted}


def routes() -> list[Route]:
    below = [("members", members), ("transitiveMembers", transitive_members)]
    casts = ("", "/microsoft.graph.user", "/microsoft.graph.group")
    return [
        Route("/me", me),
        Route("/me/memberOf/microsoft.graph.directoryRole", my_roles),
        Route("/users", list_users),
        Route("/users/{id}", read_user),
        Route("/users/{id}/manager", read_manager),
        Route("/directory/deletedItems/microsoft.graph.user", deleted_users),
        Route("/groups", list_groups),
        Route("/groups/{id}", read_group),
        *(Route(f"/groups/{{id}}/{name}{cast}", call) for (name, call), cast in product(below, casts)),
    ]
