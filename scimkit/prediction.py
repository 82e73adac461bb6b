"""What the service would do with one object of a job, by the rules it decides by, over what is read now.

The pilot and the forecast both ask here. Nothing is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from scimkit.clients.graph import GraphClient
from scimkit.clients.scim import ScimClient
from scimkit.enterprise_app import EnterpriseApp
from scimkit.errors import Unreachable
from scimkit.mapping import judge
from scimkit.mapping.rows import ObjectMapping, read_schema, user_mapping
from scimkit.provisioning.action import Outcome
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
from scimkit.provisioning.targets import TargetFacts, is_reference, read_target, read_target_facts

NEW_ACCOUNT = "(the account that is made for them)"
"""Stands for the id of an account that does not exist yet, where a manager's would be written."""

# How a decision reads to an administrator. `link` writes nothing, but takes an account over.
WORDS = {"create": "create", "update": "update", "link": "nothing", "nothing": "nothing", "disable": "disable", "delete": "delete", "refuse": "failure"}


Links: TypeAlias = Mapping[str, Link]
NO_LINKS: Links = MappingProxyType({})
_EXTENSION = re.compile(r"\[\s*(extension_\w+)\s*\]")


@dataclass(frozen=True, slots=True)
class AssignedGroup:
    """One group that is assigned to the app: as Graph tells it, and the ids of its direct members, in order."""

    graph: Mapping[str, Any]
    members: tuple[str, ...]

    @property
    def facts(self) -> GroupFacts:
        """What the scope of its members depends on; a group that Graph does not show counts as secure."""
        return GroupFacts(self.graph.get("securityEnabled") is not False, frozenset(self.members))


@dataclass(frozen=True, slots=True)
class GroupRules:
    """The mapping of groups that is switched on, and what the schema says of its targets."""

    mapping: ObjectMapping
    targets: TargetFacts


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What the job's configuration says, read once for many people.

    assigned_groups  by object id
    roles            the service principal's app roles
    group_rules      None: groups are not provisioned, only their members are
    """

    mapping: ObjectMapping
    targets: TargetFacts
    assignments: tuple[dict[str, Any], ...]
    assigned_groups: Mapping[str, AssignedGroup]
    roles: tuple[dict[str, Any], ...]
    group_rules: GroupRules | None = None

    @property
    def groups(self) -> dict[str, GroupFacts]:
        return {key: group.facts for key, group in self.assigned_groups.items()}

    @property
    def wants_managers(self) -> bool:
        """Whether a row writes a reference, so that people's managers have to be read."""
        return any(is_reference(row.target, self.targets) for row in self.mapping.rows)

    @property
    def extensions(self) -> tuple[str, ...]:
        """Directory extensions that rows and filters read: Graph gives them only when they are asked for by name."""
        read = [name for row in self.mapping.rows for name in _EXTENSION.findall(row.expression or "")]
        read += [clause.attribute for each in self.mapping.filters for clause in each.clauses]
        return tuple(dict.fromkeys(name for name in read if name.startswith("extension_")))

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
    groups = {a["principalId"]: _assigned_group(graph, a["principalId"]) for a in assignments if a["principalType"] == "Group"}
    principal = graph.service_principal(enterprise_app.service_principal_id) or {}
    targets = read_target_facts(schema, mapping.target_object)
    return JobFacts(mapping, targets, assignments, groups, tuple(principal.get("appRoles", ())), read_group_rules(schema))


def _assigned_group(graph: GraphClient, group_id: str) -> AssignedGroup:
    found = graph.group(group_id) or {"id": group_id}
    return AssignedGroup(found, tuple(member["id"] for member in graph.members(group_id)))


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
        found: list[dict[str, Any]] = self._answer(("find", resource_type, attribute, value), lambda: self._scim.find(resource_type, attribute, value))
        return found

    def read(self, resource_type: str, id: str, /) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._answer(("read", resource_type, id), lambda: self._scim.read(resource_type, id))
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


def source_of(user: Mapping[str, Any], job: JobFacts, *, soft_deleted: bool = False) -> dict[str, Any]:
    """The source attributes of a Graph user, the manager and the names of the roles held among them."""
    held = roles_held(user["id"], job.assignments, job.groups)
    names = [role["displayName"] for role in job.roles if role["id"] in held]
    return source_attributes(user, soft_deleted=soft_deleted, manager_id=manager_of(user), app_roles=names)


def manager_of(user: Mapping[str, Any]) -> str | None:
    """Object id of the manager; None without one, or where Graph was not asked for it."""
    return (user.get("manager") or {}).get("id")


def scope_of(user: Mapping[str, Any], job: JobFacts) -> ScopeDecision:
    """Whether one person is in scope under assigned-only, and why."""
    held = roles_held(user["id"], job.assignments, job.groups)
    verdict = judge(job.mapping.filters, source_of(user, job)) if job.mapping.filters else None
    return judge_scope(ScopeFacts(active=is_active(user), assigned=bool(held), entitled=is_entitled(held, job.roles), filters=verdict))


def predict_person(
    user: Mapping[str, Any],
    job: JobFacts,
    sight: Sight,
    *,
    now: datetime,
    link: Link | None = None,
    peers: frozenset[str] = frozenset(),
    references: Mapping[str, str] | None = None,
) -> Outcome:
    """What the service would do with one person.

    link        the service's link, where the pilot has shown that there is one
    peers       matching values that other people have already
    references  object id in Entra to account id, of people who are or will be linked;
                a manager who is not among them is left out

    The service's own links cannot be read in v1.0: whoever is linked without our
    knowing is found again by the matching attribute, as in a first cycle.
    """
    scope = scope_of(user, job)
    source = source_of(user, job, soft_deleted=not scope.in_scope)
    return forecast(source, scope, job.mapping, link, sight, now=now, facts=job.targets, peers=peers, references=references)


@dataclass(slots=True)
class _Seen:
    user: Mapping[str, Any]
    link: Link | None
    peers: frozenset[str]
    outcome: Outcome = field(init=False)


def predict_people(
    users: Iterable[Mapping[str, Any]], job: JobFacts, sight: Sight, *, now: datetime, links: Links = NO_LINKS
) -> list[tuple[Mapping[str, Any], Outcome]]:
    """What the service would do with each person in the next cycle, managers included.

    links  those that are known, by object id in Entra

    As in a cycle, people come first and references after them: who has, or gets, an
    account is known only then. No question is asked twice for it.
    """
    taken: set[str] = set()
    seen: list[_Seen] = []
    matching = {row.target for row in job.mapping.rows if row.matching}
    for user in users:
        one = _Seen(user, links.get(user["id"]), frozenset(taken))
        one.outcome = predict_person(user, job, sight, now=now, link=one.link, peers=one.peers)
        taken |= _claimed(one.outcome, matching)
        seen.append(one)
    accounts = {one.user["id"]: account for one in seen if (account := account_of(one.outcome))}
    for one in seen:
        if manager_of(one.user) in accounts and one.outcome.error is None:
            one.outcome = predict_person(one.user, job, sight, now=now, link=one.link, peers=one.peers, references=accounts)
    return [(one.user, one.outcome) for one in seen]


def predict_group(
    group: AssignedGroup,
    job: JobFacts,
    sight: Sight,
    *,
    now: datetime,
    accounts: Mapping[str, str],
    link: Link | None = None,
    peers: frozenset[str] = frozenset(),
    only_members: frozenset[str] | None = None,
) -> Outcome | None:
    """What the service would do with one assigned group; None where groups are not provisioned.

    accounts      object id in Entra to account id, of people (and groups) who are or will be linked
    link          the service's link, where it is known
    peers         matching values that other groups have already
    only_members  provisioning on demand: nobody but these is added
    """
    if job.group_rules is None:
        return None
    rules = job.group_rules
    plain = group_attributes(group.graph, members=group.members, in_scope=True)
    verdict = judge(rules.mapping.filters, plain) if rules.mapping.filters else None
    scope = judge_scope(group_scope_facts(group.graph, job.assignments, job.roles, filters=verdict))
    source = group_attributes(group.graph, members=group.members, in_scope=scope.in_scope)
    return forecast(
        source, scope, rules.mapping, link, sight, now=now, facts=rules.targets, peers=peers, references=accounts, only_members=only_members
    )


def predict_groups(
    job: JobFacts, sight: Sight, *, now: datetime, accounts: Mapping[str, str], links: Links = NO_LINKS
) -> list[tuple[AssignedGroup, Outcome]]:
    """What the service would do with each assigned group in the next cycle, members included.

    accounts  object id in Entra to account id, of people who are or will be linked
    """
    rules = job.group_rules
    if rules is None:
        return []
    known = dict(accounts)
    matching = {row.target for row in rules.mapping.rows if row.matching}

    def look() -> list[tuple[AssignedGroup, Outcome]]:
        taken: set[str] = set()
        seen = []
        for group in job.assigned_groups.values():
            link = links.get(str(group.graph["id"]))
            outcome = predict_group(group, job, sight, now=now, accounts=known, link=link, peers=frozenset(taken))
            if outcome is not None:
                taken |= _claimed(outcome, matching)
                seen.append((group, outcome))
        return seen

    first = look()
    inner = {group.graph["id"]: account for group, outcome in first if (account := account_of(outcome))}
    if not (NESTED_GROUPS_ARE_MEMBERS and any(inner.keys() & set(group.members) for group, _ in first)):
        return first
    known |= inner  # memberships come last: a group inside another has its account by then
    return look()


def _claimed(outcome: Outcome, matching: set[str]) -> set[str]:
    """The matching values that belong to this person from now on: of the account found, and those written."""
    found = {str(read_target(outcome.resource, target) or "") for target in matching} if outcome.resource else set()
    return (found | {str(change.new) for change in outcome.decision.changes if change.target in matching}) - {""}


def account_of(outcome: Outcome) -> str:
    """Id of the account a person has or will have; "" for none."""
    if outcome.result == "Failure" or outcome_word(outcome) not in ("create", "update", "nothing"):
        return ""
    return outcome.target_id or NEW_ACCOUNT


def outcome_word(outcome: Outcome) -> str:
    """create | update | nothing | disable | delete | skip | failure, or unknown where the app does not answer from here."""
    decision = outcome.decision
    if isinstance(outcome.error, Unreachable):
        return "unknown"
    if decision.code in ("EntrySynchronizationSkipped", "ImportSkipped"):
        return "skip"
    return WORDS[decision.action]
