"""Step 4: who is in scope, and who goes first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.clients.graph import GraphClient
from scimkit.errors import ConfigError, MappingError, NotReady, PlanRefused
from scimkit.evidence.change_plan import PlannedChange
from scimkit.evidence.checks import Check, failed, passed, warning
from scimkit.evidence.journal import Journal
from scimkit.evidence.records import record
from scimkit.journey.enterprise_app import EnterpriseApp, is_running, made_here
from scimkit.journey.filter_review import (
    FilterReview,
    FilterTrial,
    assigned_groups,
    check_filters_of,
    extension_attributes,
    review_filters,
    source_names,
    try_filters,
    user_sources,
)
from scimkit.journey.pilot_group import PilotGroup, check_pilot_group
from scimkit.journey.prediction import read_job, role_names
from scimkit.mapping import in_scope
from scimkit.mapping.definitions import used_extensions, used_sources
from scimkit.mapping.language.problems import NotReproduced
from scimkit.mapping.rows import ObjectMapping, choose_mapping, evaluate_rows, mapping_of, user_mapping
from scimkit.mapping.scoping.filter_text import read_filter_text
from scimkit.provisioning.scope import DEFAULT_ACCESS
from scimkit.provisioning.source import source_attributes
from scimkit.provisioning.targets import MANAGER

PILOT_LIMIT = 2  # "one or two users": the tutorials' own advice for the first test
_SIGN_IN_NAME = re.compile(r"[^\s/\\?]*[^\s/\\?.]")  # or an object id; anything else names another place in Graph
# Everything a default mapping or a filter may read; Graph names (Graph reference, user).
SELECT = tuple(
    [
        "id",
        "accountEnabled",
        "userPrincipalName",
        "displayName",
        "givenName",
        "surname",
        "mail",
        "mailNickname",
        "otherMails",
        "proxyAddresses",
        "jobTitle",
        "department",
        "companyName",
        "employeeId",
        "employeeType",
        "userType",
        "preferredLanguage",
        "usageLocation",
        "streetAddress",
        "city",
        "state",
        "postalCode",
        "country",
        "businessPhones",
        "mobilePhone",
        "faxNumber",
        "officeLocation",
        "onPremisesExtensionAttributes",
        "onPremisesSyncEnabled",
    ]
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the organisation: seats (0: not given), and how many people may
    be disabled in one cycle before it stops."""

    seats: int = 0
    deletion_threshold: int = 20


@dataclass(slots=True, unsafe_hash=True)
class Person:
    """One person of the directory, with the data a record may contain.

    Not frozen, because a forecast creates one for everyone; nothing changes it.
    """

    id: str
    user_principal_name: str
    display_name: str
    mail: str
    enabled: bool
    kind: str
    synced: bool


@dataclass(frozen=True, slots=True)
class Assignment:
    """One assignment to the app.

    kind            User | Group
    direct_members, nested_members  of a group: only direct members are provisioned
    made_here       by this run; it never removes any other
    """

    principal_id: str
    name: str
    kind: str
    role: str
    direct_members: int = 0
    nested_members: int = 0
    made_here: bool = False


@record("Scope")
@dataclass(frozen=True)
class Scope:
    """Who would be provisioned, and the one or two people it is proved with.

    mode    assigned | all, as the job will be set
    people  persons in scope by assignment today, each counted once
    filter_reviews  the effect of the user mapping's filters on them, and of the group mapping's on the
                    assigned groups; none for a mapping without filters
    """

    mode: str
    assignments: tuple[Assignment, ...]
    filters: tuple[str, ...]
    people: int
    pilot: tuple[Person, ...]
    checks: tuple[Check, ...]
    filter_reviews: tuple[FilterReview, ...] = ()
    pilot_group: PilotGroup | None = None


def person_of(user: Mapping[str, Any]) -> Person:
    """A Graph user as a Person."""
    return Person(
        user["id"],
        user.get("userPrincipalName") or "",
        user.get("displayName") or "",
        user.get("mail") or "",
        bool(user.get("accountEnabled", True)),
        user.get("userType") or "Member",
        bool(user.get("onPremisesSyncEnabled")),
    )


def choose_pilot(
    app: AppProfile,
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    *,
    pilot: str,
    may_suggest: bool,
    group: PilotGroup | None = None,
) -> tuple[Person, ...]:
    """The one or two people to try provisioning with.

    pilot        user principal names separated by commas; "" asks for a suggestion
    group        the pilot group: people in it are suggested first
    may_suggest  in the sandbox the first suitable people are suggested; a live tenant
                 must name them, because they will get an account

    Raises ConfigError for an unknown or a third person, NotReady if no one is named, or
    one of them could not get an account: disabled, a required value missing, filtered out.
    """
    names = [name.strip() for name in pilot.split(",") if name.strip()]
    if len({name.casefold() for name in names}) > PILOT_LIMIT:
        raise ConfigError(
            f"pilot names {len(names)} people", "Name one or two. More follow when those have been proved."
        )
    if names:
        schema = graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)
        mapping = user_mapping(schema)
        select = (*SELECT, *used_extensions(mapping))
        found = [_find_user(graph, name, select) for name in dict.fromkeys(names)]
        people = {user["id"]: user for user in found}
        for user in people.values():  # before anybody is assigned: an assignment of the wrong person would stay
            if (check := _unfit(app, mapping, user)) is not None:
                raise NotReady(f"{check.code}: {check.message}", check.remedy, check=check)
        return tuple(person_of(user) for user in people.values())
    if not may_suggest:
        check = failed(
            "scope.pilot_missing",
            "no pilot person is named",
            "Set pilot to one or two user principal names, such as your own.",
        )
        raise NotReady(check.message, check.remedy, check=check)
    return _suggest(app, graph, enterprise_app, group.member_ids if group else ())


def _find_user(graph: GraphClient, name: str, select: tuple[str, ...]) -> dict[str, Any]:
    user = None
    if _SIGN_IN_NAME.fullmatch(name):
        user = graph.user(name, select=select)
    if user is None:
        raise ConfigError(
            f"there is no user {name} in this tenant", "Give the user principal name as the portal shows it."
        )
    return user


def _suggest(
    app: AppProfile, graph: GraphClient, enterprise_app: EnterpriseApp, first: tuple[str, ...]
) -> tuple[Person, ...]:
    schema = graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)
    mapping = user_mapping(schema)
    everybody = (
        user
        for user in graph.users(select=(*SELECT, *used_extensions(mapping)))
        if user.get("accountEnabled") and user.get("userType") == "Member"
    )
    fit = (
        user
        for user in everybody
        if not missing_values(app, mapping, user) and _passes_filters(mapping, user) is not False
    )
    ordered = sorted(fit, key=lambda user: user["id"] not in first) if first else fit
    found = tuple(person_of(user) for user, _ in zip(ordered, range(PILOT_LIMIT), strict=False))
    if not found:
        check = failed(
            "scope.pilot_missing",
            "no one in the directory has every value the app requires",
            "Fill the required attributes of one person first.",
        )
        raise NotReady(check.message, check.remedy, check=check)
    return found


def read_sources(
    graph: GraphClient, people: Iterable[Person], enterprise_app: EnterpriseApp, live: Iterable[ObjectMapping]
) -> dict[str, dict[str, Any]]:
    """The source attributes of each person as the mapping sees them, by user principal name.

    live  the object mappings of the job's schema: extension attributes are read if the
          user mapping names them, app roles if it uses them
    """
    users = choose_mapping(live)
    select = (*SELECT, *(used_extensions(users) if users else ()))
    job = None
    if users and "appRoleAssignments" in used_sources(users):
        job = read_job(graph, enterprise_app)
    found = {}
    for person in people:
        user = graph.user(person.id, select=select)
        if user is None:
            raise NotReady(
                f"{person.user_principal_name} is no longer in the directory",
                "Choose the pilot people again (4_scope).",
            )
        manager = graph.manager(person.id)
        blocked = user.get("accountEnabled") is False  # which IsSoftDeleted includes ("Customize attribute mappings")
        if job:
            roles = role_names(person.id, job)
        else:
            roles = ()
        found[person.user_principal_name] = source_attributes(
            user, soft_deleted=blocked, manager_id=manager["id"] if manager else None, app_roles=roles
        )
    return found


def missing_values(app: AppProfile, mapping: ObjectMapping, user: Mapping[str, Any]) -> tuple[str, ...]:
    """Targets the app requires for which this person would have no value."""
    values = evaluate_rows(mapping, source_attributes(dict(user), soft_deleted=False), creating=True)
    required = [row.target for row in app.attributes if row.required]
    return tuple(target for target in required if values.values.get(target) in (None, ""))


def plan_assignments(
    graph: GraphClient, enterprise_app: EnterpriseApp, pilot: Iterable[Person], group: PilotGroup | None = None
) -> tuple[PlannedChange, ...]:
    """Which pilot people must be assigned to the app; not those who are assigned already, directly or through a
    group. And the pilot group, with the number of people it brings into scope.

    Raises PlanRefused if an assignment is needed, but the job is already running.
    """
    role = pick_role(enterprise_app)
    new_group, people = _unassigned(graph, enterprise_app, pilot, group)
    changes = tuple(
        PlannedChange(
            "assign",
            f"{person.user_principal_name} to {enterprise_app.display_name}",
            "not assigned",
            f"role {role[1]}",
        )
        for person in people
    )
    if new_group:
        effect = f"role {role[1]}; {len(new_group.member_ids)} people come into scope"
        changes = (
            PlannedChange(
                "assign", f"the group {new_group.name} to {enterprise_app.display_name}", "not assigned", effect
            ),
            *changes,
        )
    if changes and is_running(graph.job(enterprise_app.service_principal_id, enterprise_app.job_id) or {}):
        raise PlanRefused(
            f"the job of {enterprise_app.display_name} is running, and processes every new assignment automatically",
            "Stop it in the portal, wait until the running cycle has ended, then run this step again.",
        )
    return changes


def pick_role(enterprise_app: EnterpriseApp) -> tuple[str, str]:
    """Id and name of the app role to assign: a named one if there is one.

    Default Access is only for apps that declare no roles. `msiam_access`
    is created by single sign-on and means nothing to the app.
    """
    named = [role for role in enterprise_app.roles if role.enabled and role.name != "msiam_access"]
    chosen = next((role for role in named if role.name == "User"), named[0] if named else None)
    if chosen is None and enterprise_app.roles:
        chosen = enterprise_app.roles[0]
    if chosen:
        return (chosen.id, chosen.name)
    return (DEFAULT_ACCESS, "Default Access")


def is_person(member: Mapping[str, Any]) -> bool:
    """Whether a member of a group is a person; groups, devices and apps are members, too."""
    return str(member.get("@odata.type") or "#microsoft.graph.user").lower().endswith(".user")


def assigned_people(graph: GraphClient, enterprise_app: EnterpriseApp) -> tuple[tuple[str, dict[str, Any]], ...]:
    """(user id, assignment) of everyone in scope by assignment: directly, or as a
    direct member of an assigned group. Nested groups do not count (How application provisioning works)."""
    found: dict[str, dict[str, Any]] = {}
    for assignment in graph.assignments(enterprise_app.service_principal_id):
        if assignment["principalType"] == "User":
            found.setdefault(assignment["principalId"], assignment)
        elif assignment["principalType"] == "Group":
            for member in graph.members(assignment["principalId"]):
                if is_person(member):
                    found.setdefault(member["id"], assignment)
    return tuple(found.items())


def _unassigned(
    graph: GraphClient, enterprise_app: EnterpriseApp, pilot: Iterable[Person], group: PilotGroup | None
) -> tuple[PilotGroup | None, tuple[Person, ...]]:
    """What must still be assigned: the group, and people included neither by it nor by an earlier assignment."""
    assigned = {person for person, _ in assigned_people(graph, enterprise_app)}
    if group:
        principals = {raw["principalId"] for raw in graph.assignments(enterprise_app.service_principal_id)}
    else:
        principals = set()
    if group:
        assigned |= set(group.member_ids)
    else:
        assigned |= set()
    return None if not group or group.id in principals else group, tuple(
        person for person in pilot if person.id not in assigned
    )


def assign_pilot(
    graph: GraphClient, enterprise_app: EnterpriseApp, pilot: Iterable[Person], group: PilotGroup | None = None
) -> tuple[str, ...]:
    """Assign the pilot group, then the pilot people not assigned yet; returns the ids of the new assignments."""
    role_id, _ = pick_role(enterprise_app)
    new_group, people = _unassigned(graph, enterprise_app, pilot, group)
    ids = [*([new_group.id] if new_group else []), *(person.id for person in people)]
    return tuple(graph.assign(enterprise_app.service_principal_id, principal, role_id)["id"] for principal in ids)


def read_scope(
    app: AppProfile,
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    *,
    pilot: tuple[Person, ...],
    limits: Limits,
    pilot_group: PilotGroup | None = None,
    journal: Journal | None = None,
) -> Scope:
    """The current scope, with everything a careful administrator should check."""
    schema = graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)
    mapping, groups = user_mapping(schema), group_mapping(schema)
    roles = {role.id: role.name for role in enterprise_app.roles} | {DEFAULT_ACCESS: "Default Access"}
    assignments = tuple(
        _assignment(graph, raw, roles, journal) for raw in graph.assignments(enterprise_app.service_principal_id)
    )
    assigned = {person for person, _ in assigned_people(graph, enterprise_app)}
    users = {
        user["id"]: user for user in graph.users(select=(*SELECT, *used_extensions(mapping))) if user["id"] in assigned
    }
    people = review_filters("User", mapping.filters, user_sources(users.values()), known=source_names(schema, "User"))
    filtered_groups = assigned_groups(graph, groups, (a.principal_id for a in assignments if a.kind == "Group"))
    reviews = [people]
    if groups is not None and groups.enabled and groups.filters:
        reviews.append(review_filters("Group", groups.filters, filtered_groups, known=source_names(schema, "Group")))
    checks = (
        *_check_pilot(app, mapping, users, pilot, assigned),
        *check_pilot_group(pilot_group, (person.id for person in pilot), (a.principal_id for a in assignments)),
        *_check_managers(graph, mapping, pilot, assigned),
        *_check_groups(graph, assignments),
        *_check_roles(app, assignments),
        _check_disabled(users),
        *_check_seats(len(assigned), limits.seats),
        *chain.from_iterable(check_filters_of(review) for review in reviews),
    )
    return Scope(
        "assigned",
        assignments,
        people.filters,
        len(assigned),
        pilot,
        checks,
        tuple(review for review in reviews if review.filters),
        pilot_group or None,
    )


def group_mapping(schema: Mapping[str, Any]) -> ObjectMapping | None:
    """The schema's group mapping, if it has one."""
    try:
        return mapping_of(schema, "Group")
    except MappingError:
        return None


def review_filter(graph: GraphClient, enterprise_app: EnterpriseApp, text: str) -> FilterTrial:
    """Which of the people assigned would stay in scope, leave it or enter it if `text` were the users' scoping filter.

    text  such as `department EQUALS Engineering AND jobTitle IS NOT NULL`; "" tries none. It is
          evaluated only: scimkit writes no filter ("Scoping users or groups with scoping filters").

    Raises MappingError saying where `text` cannot be read, or what the service does not support.
    """
    tried = read_filter_text(text)
    if not tried:
        return try_filters("User", (), (), {}, known=frozenset())
    schema = graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)
    today = user_mapping(schema).filters
    assigned = {person for person, _ in assigned_people(graph, enterprise_app)}
    users = (
        user
        for user in graph.users(select=(*SELECT, *extension_attributes((*tried, *today), source_names(schema, "User"))))
        if user["id"] in assigned
    )
    return try_filters("User", tried, today, user_sources(users), known=source_names(schema, "User"))


def _assignment(
    graph: GraphClient, raw: Mapping[str, Any], roles: Mapping[str, str], journal: Journal | None
) -> Assignment:
    direct = nested = 0
    if raw["principalType"] == "Group":
        members = {m["id"] for m in graph.members(raw["principalId"]) if is_person(m)}
        direct, nested = (
            len(members),
            len({m["id"] for m in graph.transitive_members(raw["principalId"]) if is_person(m)} - members),
        )
    return Assignment(
        raw["principalId"],
        raw["principalDisplayName"],
        raw["principalType"],
        roles.get(raw["appRoleId"], "a role of another app"),
        direct,
        nested,
        journal is not None and made_here(journal, raw["id"]),
    )


def _check_pilot(
    app: AppProfile, mapping: ObjectMapping, users: Mapping[str, Any], pilot: tuple[Person, ...], assigned: set[str]
) -> tuple[Check, ...]:
    found = []
    for person in pilot:
        name = person.user_principal_name
        if person.id not in assigned:
            found.append(
                failed(
                    "scope.pilot_assigned",
                    f"{name} is not assigned to the app",
                    "Run this step again. It may take minutes until an assignment is visible.",
                )
            )
            continue
        user = users.get(person.id)
        if user is None:
            found.append(
                failed(
                    "scope.pilot_gone",
                    f"{name} is no longer in the directory",
                    "Choose another person for the pilot.",
                )
            )
            continue
        found.append(
            _unfit(app, mapping, user)
            or passed("scope.pilot", f"{name} is assigned, enabled and has every required value")
        )
    return tuple(found)


def _unfit(app: AppProfile, mapping: ObjectMapping, user: Mapping[str, Any]) -> Check | None:
    """Why this person would get no account once assigned; None: no reason is known."""
    name = user.get("userPrincipalName") or user["id"]
    if not user.get("accountEnabled", True):
        return failed(
            "scope.pilot_enabled",
            f"{name} is blocked from signing in, so no account is created",
            "Choose a person who is enabled.",
            "How application provisioning works",
        )
    if missing := missing_values(app, mapping, user):
        remedy = "Fill the source in Entra, or choose another person for the pilot."
        return failed(
            "scope.pilot_values",
            f"{name} has no value for {', '.join(missing)}, which {app.title} requires",
            remedy,
            "tutorial step 5",
        )
    if _passes_filters(mapping, user) is False:
        return failed(
            "scope.pilot_filters",
            f"{name} does not pass the scoping filters",
            "Choose a person who passes them, or fix the filter.",
        )
    return None


def _check_managers(
    graph: GraphClient, mapping: ObjectMapping, pilot: tuple[Person, ...], assigned: set[str]
) -> tuple[Check, ...]:
    """A manager is a reference: it cannot refer to a person who is not in scope."""
    if not any(row.target == MANAGER for row in mapping.rows):
        return ()
    found = []
    for person in pilot:
        manager = graph.manager(person.id)
        if manager is None or manager["id"] in assigned:
            continue
        text = (
            f"the manager of {person.user_principal_name}, {manager.get('userPrincipalName') or manager['id']}, is not"
            " in scope and is left out"
        )
        found.append(
            warning(
                "scope.manager",
                text,
                "Bring managers into scope with their people. A manager who comes later is filled in when provisioning"
                " is restarted.",
                "field reports",
            )
        )
    return tuple(found) or (
        passed("scope.manager", "the managers of the pilot people are in scope, or they have none"),
    )


def _passes_filters(mapping: ObjectMapping, user: Mapping[str, Any]) -> bool | None:
    """None: a pattern cannot be run here, so nothing is known; `check_filters_of` reports it."""
    try:
        return in_scope(mapping.filters, source_attributes(dict(user), soft_deleted=False))
    except NotReproduced:
        return None
    except MappingError:
        return False


def _check_groups(graph: GraphClient, assignments: Iterable[Assignment]) -> tuple[Check, ...]:
    found = []
    for assignment in assignments:
        if assignment.kind != "Group":
            continue
        if assignment.nested_members:
            text = (
                f"{assignment.name}: {assignment.nested_members} people belong only to groups inside it and are"
                " left out"
            )
            found.append(
                warning(
                    "scope.nested_group",
                    text,
                    "Assign the inner groups directly, or use a dynamic group.",
                    "field reports",
                )
            )
        if not (graph.group(assignment.principal_id) or {}).get("securityEnabled", True):
            text = f"{assignment.name} is not a security group: no one is provisioned through it"
            found.append(
                failed(
                    "scope.group_not_security",
                    text,
                    "Assign a security group instead.",
                    "How application provisioning works",
                )
            )
    return tuple(found)


def _check_roles(app: AppProfile, assignments: Iterable[Assignment]) -> tuple[Check, ...]:
    assignments = tuple(assignments)
    bare = [a.name for a in assignments if a.role == "Default Access"]
    if app.roles.rule.value == "named" and assignments and not bare:
        other = [a.name for a in assignments if a.role not in app.roles.names]
        named, source = " or ".join(app.roles.names), app.roles.rule.source
        if other:
            return (
                warning(
                    "scope.role",
                    f"assigned with another role than {named}: {', '.join(other)}",
                    f"Assign the role {named}, and check the result in the pilot's scoping step.",
                    source,
                ),
            )
        return (passed("scope.role", f"everyone is assigned with the role {named}", source),)
    if not bare:
        return ()
    text = f"assigned with Default Access only: {', '.join(bare)}"
    if app.roles.rule.value in ("named", "not_default"):
        text += f"; the tutorial of {app.title} says that this excludes them"
        named = " or ".join(app.roles.names) or "a role of the app's own"
        remedy = (
            f"Entra has treated it like any other role since 2020. Assign {named} if the app has it, otherwise check"
            " the result in the pilot's scoping step."
        )
        return (warning("scope.default_access", text, remedy, app.roles.rule.source),)
    return (
        warning(
            "scope.default_access",
            text,
            "Entra has treated it like any other role since 2020. Assign a named role if the app has one.",
            "field reports",
        ),
    )


def _check_disabled(users: Mapping[str, Any]) -> Check:
    blocked = [u["userPrincipalName"] for u in users.values() if not u.get("accountEnabled", True)]
    if not blocked:
        return passed("scope.enabled", "everyone assigned is allowed to sign in")
    text = f"{len(blocked)} of the assigned are blocked from signing in and are left out: {', '.join(blocked[:5])}"
    return warning(
        "scope.disabled",
        text,
        "Nothing, if they have left. Otherwise enable them in Entra.",
        "How application provisioning works",
    )


def _check_seats(people: int, seats: int) -> tuple[Check, ...]:
    if not seats:
        return ()
    if people > seats:
        return (
            failed(
                "scope.seats",
                f"{people} people in scope for {seats} seats",
                "Narrow the assignment, or buy more seats, before you continue.",
                "field reports",
            ),
        )
    return (passed("scope.seats", f"{people} people in scope for {seats} seats"),)
