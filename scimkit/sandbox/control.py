"""The control calls below `/sandbox`: changes a test or a runbook makes to the outside world.

GET  /sandbox            {seed, people, apps, scim_urls, clock_utc, run, faults, ready}
POST /sandbox/wait       {"seconds": 3600}: virtual time passes, due cycles run
POST /sandbox/faults     {"set": "throttle=3"} | {"clear": true}
POST /sandbox/people     {"person": id or sign-in name, "do": "change|soft_delete|restore|hard_delete", "values": {…}}
POST /sandbox/groups     {"group": id or name, "add": […], "remove": […]}
                         {"group": id or name, "do": "change|delete", "values": {…}}
POST /sandbox/sign_up    {"app": name}: a person signs up at a vendor whose sign-up adds the enterprise app
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from scimkit.errors import ScimkitError
from scimkit.sandbox.applications import add_signed_up
from scimkit.sandbox.groups import Group
from scimkit.sandbox.people import Person
from scimkit.sandbox.world import World

CHANGEABLE = {field.name for field in fields(Person)} - {"id", "key", "deleted_utc"}
CHANGEABLE_OF_GROUPS = {field.name for field in fields(Group)} - {"id", "members", "group_types"}


class Refused(Exception):
    """A control call that makes no sense; the message gives the reason."""


def state(world: World, run: str) -> dict[str, Any]:
    return {
        "sandbox": 1,
        "seed": world.seed,
        "people": world.people,
        "apps": sorted(world.apps),
        "scim_urls": {name: world.origin + vendor.address for name, vendor in world.vendors.items()},
        "clock_utc": world.clock.text,
        "run": run,
        "faults": world.faults.dump(),
    }


def change(world: World, what: str, body: dict[str, Any]) -> dict[str, Any]:
    """Carry out one control call other than `wait`. Raises Refused."""
    if what == "faults":
        return _faults(world, body)
    if what == "people":
        return _people(world, body)
    if what == "groups":
        return _groups(world, body)
    if what == "sign_up":
        return _sign_up(world, body)
    raise Refused(f"there is no control call {what!r}")


def _faults(world: World, body: dict[str, Any]) -> dict[str, Any]:
    if body.get("clear"):
        world.faults.clear()
    if body.get("set"):
        try:
            world.faults.add(str(body["set"]))
        except ScimkitError as error:
            raise Refused(f"{error} {error.remedy}") from None
    return {"faults": world.faults.dump()}


def _people(world: World, body: dict[str, Any]) -> dict[str, Any]:
    person = world.directory.person(str(body.get("person")))
    if person is None:
        raise Refused(f"there is no person {body.get('person')!r}")
    match body.get("do"):
        case "change":
            person = world.directory.change(person.id, **_values(body, CHANGEABLE))
        case "soft_delete":
            person = world.directory.soft_delete(person.id, world.clock.now)
        case "restore":
            person = world.directory.restore(person.id)
        case "hard_delete":
            world.directory.hard_delete(person.id)
            _unassign(world, person.id)
            return {"person": person.id, "gone": True}
        case other:
            raise Refused(f"{other!r} is not an action for a person: use change, soft_delete, restore or hard_delete")
    return person.graph()


def _values(body: dict[str, Any], known: set[str]) -> dict[str, Any]:
    values = dict(body.get("values") or {})
    unknown = sorted(set(values) - known)
    if unknown or not values:
        raise Refused(f"cannot change {', '.join(unknown) or 'nothing'}; known: {', '.join(sorted(known))}")
    return values


def _unassign(world: World, principal_id: str) -> None:
    """A person who is gone from the directory has no assignments."""
    for app in world.service_principals.values():
        app.assignments = [a for a in app.assignments if a.principal_id != principal_id]


def _sign_up(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """The enterprise app of an app that is added by its own sign-up; the existing one, if there is one."""
    profile = world.apps.get(str(body.get("app")))
    if profile is None or profile.gallery.added_by != "sign_up":
        raise Refused(f"{body.get('app')!r} is not an app here that is added by signing up")
    there = next((app for app in world.service_principals.values() if app.app == profile.name), None)
    return (there or add_signed_up(world, profile)).graph()


def _groups(world: World, body: dict[str, Any]) -> dict[str, Any]:
    wanted = str(body.get("group"))
    group = next((g for g in world.directory.groups.values() if wanted in (g.id, g.display_name)), None)
    if group is None:
        raise Refused(f"there is no group {wanted!r}")
    match body.get("do"):
        case None:
            return _members(world, group, body)
        case "change":
            return world.directory.change_group(group.id, **_values(body, CHANGEABLE_OF_GROUPS)).graph()
        case "delete":
            world.directory.delete_group(group.id)
            _unassign(world, group.id)
            return {"group": group.id, "gone": True}
        case other:
            raise Refused(f"{other!r} is not an action for a group: use change or delete, or add and remove members")


def _members(world: World, group: Group, body: dict[str, Any]) -> dict[str, Any]:
    def ids(names: Any) -> list[str]:
        found = []
        for name in names or ():
            person = world.directory.person(str(name))
            if person is None and name not in world.directory.groups:
                raise Refused(f"there is no person called {name!r}")
            found.append(person.id if person else str(name))
        return found

    leaving = set(ids(body.get("remove")))
    members = [m for m in group.members if m not in leaving]
    members += [m for m in ids(body.get("add")) if m not in members]
    return world.directory.set_members(group.id, tuple(members)).graph() | {"members": members}
