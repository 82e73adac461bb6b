"""What the service would do with one object of a job, by the rules it decides by, over what is read now.

The pilot and the forecast both ask here. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

from scimkit.clients.graph import GraphClient
from scimkit.clients.scim import ScimClient
from scimkit.errors import Unreachable
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.mapping import judge
from scimkit.mapping.definitions import used_extensions
from scimkit.mapping.rows import ObjectMapping, read_schema, user_mapping
from scimkit.provisioning.action import Outcome
from scimkit.provisioning.claims import Claims
from scimkit.provisioning.decision import Link
from scimkit.provisioning.kinds import NESTED_GROUPS_ARE_MEMBERS
from scimkit.provisioning.scope import (
    GroupFacts,
    ScopeDecision,
    ScopeFacts,
    group_scope_facts,
    is_active,
    is_entitled,
    judge_scope,
    roles_held,
)
from scimkit.provisioning.service import forecast
from scimkit.provisioning.source import group_attributes, source_attributes
from scimkit.provisioning.targets import TargetFacts, is_reference, read_target_facts

NEW_ACCOUNT = "(the account that is made for them)"
"""Stands for the id of an account that does not exist yet, where a manager's would be written."""

# How a decision reads to an administrator. `link` writes nothing, but takes an account over.
WORDS = {
    "create": "create",
    "update": "update",
    "link": "nothing",
    "nothing": "nothing",
    "disable": "disable",
    "delete": "delete",
    "refuse": "failure",
}


Links: TypeAlias = Mapping[str, Link]
NO_LINKS: Links = MappingProxyType({})


@dataclass(frozen=True)
class GroupRead:
    """One group that is assigned to the app, or was: as Graph tells it, and the ids of its direct members, in order.

    gone  deleted in Entra; then nothing but its id is known
    """

    graph: Mapping[str, Any]
    members: tuple[str, ...]
    gone: bool = False

    @cached_property
    def facts(self) -> GroupFacts:
        """What the scope of its members depends on; a group that Graph does not show counts as secure."""
        return GroupFacts(self.graph.get("securityEnabled") is not False, frozenset(self.members))


@dataclass(frozen=True, slots=True)
class GroupRules:
    """The mapping of groups that is switched on, and what the schema says of its targets."""

    mapping: ObjectMapping
    targets: TargetFacts


@dataclass(frozen=True)
class JobFacts:
    """What the job's configuration says, read once for many people.

    assigned_groups  by object id
    roles            the service principal's app roles
    group_rules      None: groups are not provisioned, only their members are
    """

    mapping: ObjectMapping
    targets: TargetFacts
    assignments: tuple[dict[str, Any], ...]
    assigned_groups: Mapping[str, GroupRead]
    roles: tuple[dict[str, Any], ...]
    group_rules: GroupRules | None = None

    @cached_property
    def groups(self) -> dict[str, GroupFacts]:
        return {key: group.facts for key, group in self.assigned_groups.items()}

    @cached_property
    def _assignments_of(self) -> dict[str, list[dict[str, Any]]]:
        """The assignments that concern each principal: its own, and those of the groups it is in."""
        found: dict[str, list[dict[str, Any]]] = {}
        for assignment in self.assignments:
            group = self.assigned_groups.get(assignment["principalId"])
            for principal in (assignment["principalId"], *(group.members if group else ())):
                found.setdefault(principal, []).append(assignment)
        return found

    def roles_of(self, person_id: str) -> tuple[str, ...]:
        """The role ids by which a person is assigned; empty: not assigned."""
        return roles_held(person_id, self._assignments_of.get(person_id, ()), self.groups)

    @property
    def wants_managers(self) -> bool:
        """Whether a row writes a reference, so that people's managers have to be read."""
        return any(is_reference(row.target, self.targets) for row in self.mapping.rows)

    @property
    def extensions(self) -> tuple[str, ...]:
        return used_extensions(self.mapping)

    @property
    def assigned(self) -> frozenset[str]:
        """Object ids of everybody assigned directly, or as a direct member of an assigned group of any kind."""
        people = {a["principalId"] for a in self.assignments if a["principalType"] == "User"}
        return frozenset(people.union(*(group.members for group in self.assigned_groups.values())))


def read_job(graph: GraphClient, enterprise_app: EnterpriseApp, *, schema: Mapping[str, Any] | None = None) -> JobFacts:
    """Schema, assignments and roles of the job as they stand now.

    schema  judge by this one instead of the job's own: what would be if it were written
    """
    schema = schema or graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)
    mapping = user_mapping(schema)
    assignments = tuple(graph.assignments(enterprise_app.service_principal_id))
    groups = {
        a["principalId"]: _assigned_group(graph, a["principalId"]) for a in assignments if a["principalType"] == "Group"
    }
    principal = graph.service_principal(enterprise_app.service_principal_id) or {}
    targets = read_target_facts(schema, mapping.target_object)
    return JobFacts(
        mapping, targets, assignments, groups, tuple(principal.get("appRoles", ())), read_group_rules(schema)
    )


def _assigned_group(graph: GraphClient, group_id: str) -> GroupRead:
    return GroupRead(graph.group(group_id) or {"id": group_id}, _members(graph, group_id))


def _members(graph: GraphClient, group_id: str) -> tuple[str, ...]:
    return tuple(member["id"] for member in graph.members(group_id))


def read_group(graph: GraphClient, group_id: str) -> GroupRead:
    """A group that the service has linked, whether it is assigned, and there, or not any more."""
    found = graph.group(group_id)
    return GroupRead({"id": group_id}, (), gone=True) if found is None else GroupRead(found, _members(graph, group_id))


def read_group_rules(schema: Mapping[str, Any]) -> GroupRules | None:
    """The rules of a schema for groups; None where their mapping is missing or switched off."""
    on = (mapping for mapping in read_schema(schema) if mapping.source_object == "Group" and mapping.enabled)
    mapping = next(on, None)
    return GroupRules(mapping, read_target_facts(schema, mapping.target_object)) if mapping else None


class Sight:
    """The app as it is seen while predicting: each question is asked once, and an app that
    does not answer is not asked again."""

    def __init__(self, scim: ScimClient) -> None:
        self._scim = scim
        self._answers: dict[tuple[str, ...], Any] = {}
        self.lost: Unreachable | None = None

    def find(self, resource_type: str, attribute: str, value: str, /) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._answer(
            ("find", resource_type, attribute, value), lambda: self._scim.find(resource_type, attribute, value)
        )
        return found

    def read(self, resource_type: str, id: str, /) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._answer(
            ("read", resource_type, id), lambda: self._scim.read(resource_type, id)
        )
        return found

    def _answer(self, question: tuple[str, ...], ask: Callable[[], Any]) -> Any:
        if self.lost is not None:
            raise self.lost
        if question not in self._answers:
            try:
                self._answers[question] = ask()
            except Unreachable as error:
                self.lost = error
                raise
        return self._answers[question]

    def create(self, resource_type: str, body: Mapping[str, Any], /) -> dict[str, Any]:
        raise AssertionError("a prediction writes nothing")

    def patch(self, resource_type: str, id: str, body: Mapping[str, Any], /) -> dict[str, Any] | None:
        raise AssertionError("a prediction writes nothing")

    def delete(self, resource_type: str, id: str, /) -> bool:
        raise AssertionError("a prediction writes nothing")


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is predicted for one person or one group.

    raw      the person or group as Graph tells it
    account  as `account_of` says
    """

    raw: Mapping[str, Any]
    outcome: Outcome
    account: str

    @property
    def id(self) -> str:
        return str(self.raw["id"])

    @property
    def word(self) -> str:
        return outcome_word(self.outcome)


def source_of(user: Mapping[str, Any], job: JobFacts, *, soft_deleted: bool = False) -> dict[str, Any]:
    """The source attributes of a Graph user, the manager and the names of the roles held among them."""
    return source_attributes(
        user, soft_deleted=soft_deleted, manager_id=manager_of(user), app_roles=role_names(user["id"], job)
    )


def role_names(person_id: str, job: JobFacts) -> tuple[str, ...]:
    """Names of the app roles a person holds, directly or by a group."""
    held = job.roles_of(person_id)
    return tuple(role["displayName"] for role in job.roles if role["id"] in held)


def manager_of(user: Mapping[str, Any]) -> str | None:
    """Object id of the manager; None without one, or where Graph was not asked for it."""
    return (user.get("manager") or {}).get("id")


def scope_of(user: Mapping[str, Any], job: JobFacts) -> ScopeDecision:
    """Whether one person is in scope under assigned-only, and why."""
    held = job.roles_of(user["id"])
    verdict = judge(job.mapping.filters, source_of(user, job)) if job.mapping.filters else None
    return judge_scope(
        ScopeFacts(active=is_active(user), assigned=bool(held), entitled=is_entitled(held, job.roles), filters=verdict)
    )


def predict_person(
    user: Mapping[str, Any],
    job: JobFacts,
    sight: Sight,
    *,
    now: datetime,
    link: Link | None = None,
    peers: frozenset[str] = frozenset(),
    references: Mapping[str, str] | None = None,
    keeps_leavers: bool = False,
) -> Foreseen:
    """What the service would do with one person.

    link           the service's link, where the pilot has shown that there is one
    peers          matching values that other people have already
    references     object id in Entra to account id, of people who are or will be linked;
                   a manager who is not among them is left out
    keeps_leavers  the setting SkipOutOfScopeDeletions

    The service's own links cannot be read in v1.0: whoever is linked without our
    knowing is found again by the matching attribute, as in a first cycle.
    """
    scope = scope_of(user, job)
    source = source_of(user, job, soft_deleted=not scope.in_scope)
    outcome = forecast(
        source,
        scope,
        job.mapping,
        link,
        sight,
        now=now,
        facts=job.targets,
        peers=peers,
        references=references,
        skip_out_of_scope=keeps_leavers,
    )
    return Foreseen(user, outcome, account_of(outcome, scope))


def predict_people(
    users: Iterable[Mapping[str, Any]],
    job: JobFacts,
    sight: Sight,
    *,
    now: datetime,
    links: Links = NO_LINKS,
    keeps_leavers: bool = False,
) -> list[Foreseen]:
    """What the service would do with each person in the next cycle, managers included.

    links  those that are known, by object id in Entra

    As in a cycle, people come first and references after them: who has, or gets, an
    account is known only then. No question is asked twice for it.
    """
    users, claims = list(users), Claims(job.mapping)
    for user in users:
        if user["id"] in links:  # theirs before anybody is looked for
            claims.others(source_of(user, job), now=now)

    def peers_of(user: Mapping[str, Any]) -> frozenset[str]:
        if user["id"] in links or not scope_of(user, job).in_scope:
            return frozenset()
        return claims.others(source_of(user, job), now=now)

    def predict(user: Mapping[str, Any], peers: frozenset[str], accounts: Mapping[str, str] | None) -> Foreseen:
        link = links.get(user["id"])
        return predict_person(
            user, job, sight, now=now, link=link, peers=peers, references=accounts, keeps_leavers=keeps_leavers
        )

    peers = {user["id"]: peers_of(user) for user in users}
    found = [predict(user, peers[user["id"]], None) for user in users]
    accounts = {one.id: one.account for one in found if one.account}
    return [
        predict(one.raw, peers[one.id], accounts)
        if manager_of(one.raw) in accounts and one.outcome.error is None
        else one
        for one in found
    ]


def predict_group(
    group: GroupRead,
    job: JobFacts,
    sight: Sight,
    *,
    now: datetime,
    accounts: Mapping[str, str],
    link: Link | None = None,
    claims: Claims | None = None,
    only_members: frozenset[str] | None = None,
    keeps_leavers: bool = False,
    gone: Collection[str] = frozenset(),
) -> Foreseen | None:
    """What the service would do with one group; None where groups are not provisioned.

    accounts      object id in Entra to account id, of people (and groups) who are or will be linked
    link          the service's link, where it is known
    claims        whose a matching value is; None: this group alone is looked at
    only_members  provisioning on demand: nobody but these is added
    gone          object ids that Graph lists no longer: it does not tell whose members they are, and the
                  service takes nobody out of a group because of a deletion ("How application provisioning works")
    """
    if job.group_rules is None:
        return None
    rules = job.group_rules
    members = (*group.members, *(key for key in (link.members if link else ()) if key in gone))
    plain = group_attributes(group.graph, members=group.members, in_scope=True)
    verdict = judge(rules.mapping.filters, plain) if rules.mapping.filters else None
    scope = judge_scope(
        group_scope_facts(group.graph, job.assignments, job.roles, filters=verdict, soft_deleted=group.gone)
    )
    source = group_attributes(group.graph, members=members, in_scope=scope.in_scope)
    peers = claims.others(source, now=now) if claims and scope.in_scope and link is None else frozenset()
    outcome = forecast(
        source, scope, rules.mapping, link, sight, now=now, facts=rules.targets, peers=peers, references=accounts,
        only_members=only_members, hard_deleted=group.gone, skip_out_of_scope=keeps_leavers,
    )  # fmt: skip
    return Foreseen(group.graph, outcome, account_of(outcome, scope))


def predict_groups(
    groups: Iterable[GroupRead],
    job: JobFacts,
    sight: Sight,
    *,
    now: datetime,
    accounts: Mapping[str, str],
    links: Links = NO_LINKS,
    keeps_leavers: bool = False,
    gone: Collection[str] = frozenset(),
) -> list[Foreseen]:
    """What the service would do with each group in the next cycle, members included; nothing where groups are not provisioned.

    groups    those assigned, and those linked that are not any more
    accounts  object id in Entra to account id, of people who are or will be linked
    gone      as for `predict_group`
    """
    groups = list(groups)

    def look(known: Mapping[str, str]) -> list[Foreseen]:
        claims = Claims(job.group_rules.mapping) if job.group_rules else None
        for group in groups:
            if claims and group.graph["id"] in links and not group.gone:
                claims.others(group_attributes(group.graph, members=(), in_scope=True), now=now)
        each = (
            predict_group(
                group,
                job,
                sight,
                now=now,
                accounts=known,
                link=links.get(group.graph["id"]),
                claims=claims,
                keeps_leavers=keeps_leavers,
                gone=gone,
            )
            for group in groups
        )
        return [one for one in each if one is not None]

    first = look(accounts)
    inner = {one.id: one.account for one in first if one.account}
    if not (NESTED_GROUPS_ARE_MEMBERS and any(inner.keys() & set(group.members) for group in groups)):
        return first
    return look({**accounts, **inner})  # memberships come last: a group inside another has its account by then


def account_of(outcome: Outcome, scope: ScopeDecision) -> str:
    """Id of the account (or group) in the target that may be referred to: of who is in scope, and linked
    or about to be; "" for none. Whoever is linked stays so when a write fails."""
    if not scope.in_scope:
        return ""
    if outcome.link is not None:
        return outcome.link.target_id
    if outcome.decision.action in ("create", "link", "update"):
        return outcome.decision.target_id or NEW_ACCOUNT
    return ""


def outcome_word(outcome: Outcome) -> str:
    """create | update | nothing | disable | delete | skip | failure, or unknown where the app does not answer from here."""
    decision = outcome.decision
    if isinstance(outcome.error, Unreachable):
        return "unknown"
    if decision.code in ("EntrySynchronizationSkipped", "ImportSkipped"):
        return "skip"
    return WORDS[decision.action]
