"""What the service would do with one object of a job, by its own rules, from current data.

Shared by the pilot and the forecast. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeAlias

from scimkit.clients.graph import GraphClient
from scimkit.errors import Unreachable
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.mapping import judge
from scimkit.mapping.definitions import used_extensions, used_sources
from scimkit.mapping.rows import ObjectMapping, direct_source, read_schema, user_mapping
from scimkit.provisioning.action import Outcome
from scimkit.provisioning.decision import Link
from scimkit.provisioning.endpoint import Endpoint
from scimkit.provisioning.job import CompiledJob, JobSettings, compile_job
from scimkit.provisioning.kinds import NESTED_GROUPS_ARE_MEMBERS
from scimkit.provisioning.log_codes import SKIP_CODES
from scimkit.provisioning.matching import TakenValues
from scimkit.provisioning.scope import (
    Entitlements,
    GroupFacts,
    ScopeDecision,
    group_scope_facts,
    is_active,
    judge_scope,
)
from scimkit.provisioning.source import (
    NAMES,
    SourceReader,
    graph_name,
    group_attributes,
    plain_principal_name,
    source_attributes,
)
from scimkit.provisioning.targets import TargetFacts, is_reference, read_target_facts

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.

NEW_ACCOUNT = "(the account created for them)"
"""Used for the id of an account that does not exist yet, where a manager's id would be written."""

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


GraphUser: TypeAlias = Mapping[str, Any]
Links: TypeAlias = Mapping[str, Link]
NO_LINKS: Links = MappingProxyType({})
NO_PEERS: frozenset[str] = frozenset()
NOTHING_READ: Mapping[str, Any] = MappingProxyType({})
NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class GroupRead:
    """One group that is or was assigned to the app: Graph's object, and the ids of its direct members in order.

    gone  deleted in Entra; then only its id is known
    """

    graph: Mapping[str, Any]
    members: tuple[str, ...]
    gone: bool = False

    @cached_property
    def facts(self) -> GroupFacts:
        """What the scope of its members depends on; a group that Graph does not show counts as secure."""
        return GroupFacts(self.graph.get("securityEnabled") is not False, frozenset(self.members))


@dataclass(frozen=True)
class GroupRules:
    """The group mapping that is on, and what the schema says about its targets.

    only_members  provisioning on demand: only these are added; None: everyone
    """

    mapping: ObjectMapping
    targets: TargetFacts
    only_members: frozenset[str] | None = None


@dataclass(frozen=True)
class JobFacts:
    """The job's configuration, read once for many people.

    assigned_groups  by object id
    roles            the service principal's app roles
    group_rules      None: groups are not provisioned, only their members are
    keeps_leavers    the setting SkipOutOfScopeDeletions
    """

    mapping: ObjectMapping
    targets: TargetFacts
    assignments: tuple[dict[str, Any], ...]
    assigned_groups: Mapping[str, GroupRead]
    roles: tuple[dict[str, Any], ...]
    group_rules: GroupRules | None = None
    keeps_leavers: bool = False

    @cached_property
    def people(self) -> CompiledJob:
        """The job as it decides about people."""
        return compile_job(self.mapping, self.targets, JobSettings(skip_out_of_scope=self.keeps_leavers))

    @cached_property
    def groups(self) -> CompiledJob | None:
        """The job as it decides about groups; None if they are not provisioned."""
        rules = self.group_rules
        if rules is None:
            return None
        settings = JobSettings(skip_out_of_scope=self.keeps_leavers, only_members=rules.only_members)
        return compile_job(rules.mapping, rules.targets, settings)

    @cached_property
    def entitlements(self) -> Entitlements:
        """Who is assigned, with which roles."""
        groups = {key: group.facts for key, group in self.assigned_groups.items()}
        return Entitlements(self.assignments, groups, self.roles)

    @cached_property
    def source_reader(self) -> SourceReader:
        """Reads the attributes of a person that the mapping and its filters name."""
        return SourceReader(used_sources(self.mapping) | NAMES)

    @cached_property
    def _matching_reader(self) -> SourceReader:
        rows = tuple(row for row in self.mapping.rows if row.matching)
        return SourceReader({*used_sources(replace(self.mapping, rows=rows, filters=())), "objectId"})

    def read_matching(self, user: Mapping[str, Any]) -> dict[str, Any]:
        """Reads the attributes of a person in scope that the matching rows name."""
        if self.reads_roles:
            roles = role_names(user["id"], self)
        else:
            roles = ()
        return self._matching_reader.read(user, soft_deleted=False, manager_id=manager_of(user), app_roles=roles)

    @cached_property
    def matching_properties(self) -> tuple[str, ...] | None:
        """The properties of a Graph user that flow unchanged into matching attributes; None if any is computed."""
        sources = [direct_source(row) for row in self.mapping.rows if row.matching]
        names = tuple(graph_name(source) for source in sources)
        if all(names):
            return names
        return None

    @cached_property
    def reads_roles(self) -> bool:
        return "appRoleAssignments" in used_sources(self.mapping)

    @property
    def wants_managers(self) -> bool:
        """Whether a row writes a reference, so that people's managers must be read."""
        return any(is_reference(row.target, self.targets) for row in self.mapping.rows)

    @cached_property
    def refers_to_managers_only(self) -> bool:
        """Whether every reference is the manager, so that no one must be known before anyone else."""
        pointing = (row for row in self.mapping.rows if is_reference(row.target, self.targets))
        return all((row.expression or "").strip() == "[manager]" for row in pointing)

    @property
    def extensions(self) -> tuple[str, ...]:
        return used_extensions(self.mapping)

    @property
    def assigned(self) -> frozenset[str]:
        """Object ids of everyone assigned directly, or as a direct member of an assigned group of any kind."""
        people = {a["principalId"] for a in self.assignments if a["principalType"] == "User"}
        return frozenset(people.union(*(group.members for group in self.assigned_groups.values())))


def read_job(graph: GraphClient, enterprise_app: EnterpriseApp, *, schema: Mapping[str, Any] | None = None) -> JobFacts:
    """The current schema, assignments and roles of the job.

    schema  judge by this one instead of the job's own: the result if it were written
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
    """A group that the service has linked, whether or not it is still assigned, and still exists."""
    found = graph.group(group_id)
    if found is None:
        return GroupRead({"id": group_id}, (), gone=True)
    return GroupRead(found, _members(graph, group_id))


def read_group_rules(schema: Mapping[str, Any]) -> GroupRules | None:
    """The rules of a schema for groups; None if their mapping is missing or off."""
    on = (mapping for mapping in read_schema(schema) if mapping.source_object == "Group" and mapping.enabled)
    mapping = next(on, None)
    if mapping:
        return GroupRules(mapping, read_target_facts(schema, mapping.target_object))
    return None


class Sight:
    """Access to the app while predicting; no further requests are sent to an app that does not answer.

    Answers are not stored, because those for a whole directory would not fit. If a request
    could be repeated, `remembering` stores them.
    """

    def __init__(self, scim: Endpoint) -> None:
        self._scim = scim
        self.lost: Unreachable | None = None

    def find(self, resource_type: str, attribute: str, value: str, /) -> list[dict[str, Any]]:
        if self.lost is not None:
            raise self.lost
        try:
            return self._scim.find(resource_type, attribute, value)
        except Unreachable as error:
            self.lost = error
            raise

    def read(self, resource_type: str, id: str, /) -> dict[str, Any] | None:
        if self.lost is not None:
            raise self.lost
        try:
            return self._scim.read(resource_type, id)
        except Unreachable as error:
            self.lost = error
            raise

    def remembering(self) -> Remembering:
        """The same sight, with each request sent once."""
        return Remembering(self)

    def create(self, resource_type: str, body: Mapping[str, Any], /) -> dict[str, Any]:
        raise AssertionError("a prediction writes nothing")

    def patch(self, resource_type: str, id: str, body: Mapping[str, Any], /) -> dict[str, Any] | None:
        raise AssertionError("a prediction writes nothing")

    def delete(self, resource_type: str, id: str, /) -> bool:
        raise AssertionError("a prediction writes nothing")


class Remembering(Sight):
    """A sight that stores its answers: for the few objects that are processed twice."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight)
        self._answers: dict[tuple[str, ...], Any] = {}

    def find(self, resource_type: str, attribute: str, value: str, /) -> list[dict[str, Any]]:
        question = ("find", resource_type, attribute, value)
        if question not in self._answers:
            self._answers[question] = super().find(resource_type, attribute, value)
        found: list[dict[str, Any]] = self._answers[question]
        return found

    def read(self, resource_type: str, id: str, /) -> dict[str, Any] | None:
        question = ("read", resource_type, id)
        if question not in self._answers:
            self._answers[question] = super().read(resource_type, id)
        found: dict[str, Any] | None = self._answers[question]
        return found


@dataclass(slots=True)
class Foreseen:
    """The prediction for one person or one group.

    raw      the person or group as returned by Graph
    account  see `account_of`
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
    """The source attributes of a Graph user, including the manager and the names of the roles held."""
    return source_attributes(
        user, soft_deleted=soft_deleted, manager_id=manager_of(user), app_roles=role_names(user["id"], job)
    )


def role_names(person_id: str, job: JobFacts) -> tuple[str, ...]:
    """Names of the app roles a person has, directly or through a group."""
    return job.entitlements.names_of(person_id)


def manager_of(user: Mapping[str, Any]) -> str | None:
    """Object id of the manager; None if there is none, or if Graph was not asked for it."""
    manager = user.get("manager")
    return manager.get("id") if manager else None


def scope_of(user: Mapping[str, Any], job: JobFacts) -> ScopeDecision:
    """Whether one person is in scope under assigned-only, and why."""
    return _judged(user, _used_source(user, job) if job.mapping.filters else NOTHING_READ, job)


def _used_source(user: Mapping[str, Any], job: JobFacts) -> dict[str, Any]:
    """`source_of` for the attributes the job uses, as if the person were in scope."""
    if job.reads_roles:
        roles = role_names(user["id"], job)
    else:
        roles = ()
    return job.source_reader.read(user, soft_deleted=False, manager_id=manager_of(user), app_roles=roles)


def _judged(user: Mapping[str, Any], source: Mapping[str, Any], job: JobFacts) -> ScopeDecision:
    filters = job.mapping.filters
    verdict = None
    if filters:
        verdict = judge(filters, source)
    return job.entitlements.scope_of(user["id"], active=is_active(user), filters=verdict)


def predict_person(
    user: Mapping[str, Any],
    job: JobFacts,
    sight: Sight,
    *,
    now: datetime,
    link: Link | None = None,
    peers: frozenset[str] = frozenset(),
    references: Mapping[str, str] | None = None,
) -> Foreseen:
    """What the service would do with one person.

    link           the service's link, if the pilot has shown that there is one
    peers          matching values that other people already have
    references     object id in Entra to account id, of people who are or will be linked;
                   a manager who is not among them is left out

    The service's own links cannot be read in v1.0: a person who is linked without our
    knowledge is found again by the matching attribute, as in a first cycle.
    """
    source = _used_source(user, job)
    scope = _judged(user, source, job)
    source["IsSoftDeleted"] = not scope.in_scope
    outcome = job.people.predict(source, scope, link, sight, now=now, peers=peers, references=references)
    return Foreseen(user, outcome, account_of(outcome, scope))


def predict_people(
    users: Iterable[Mapping[str, Any]], job: JobFacts, sight: Sight, *, now: datetime, links: Links = NO_LINKS
) -> Iterator[Foreseen]:
    """What the service would do with each person in the next cycle, one at a time; managers before their people.

    links  known links, by object id in Entra

    In a cycle people come first and references after them: only then is it known who has, or gets, an
    account. Here each manager goes first instead, with the same result. Only people
    who manage each other in a circle are processed twice, and no request is sent twice for it.
    """
    people, doubtful = _by_id(users, job.matching_properties)
    taken = _taken_values(doubtful, job, now=now, links=links)
    accounts: dict[str, str] = {}

    def predict(user: Mapping[str, Any], seen: Sight, references: Mapping[str, str]) -> Foreseen:
        id = user["id"]
        peers = taken.get(id, NO_PEERS)
        found = predict_person(user, job, seen, now=now, link=links.get(id), peers=peers, references=references)
        if found.account:
            accounts[id] = found.account
        return found

    for turn in _managers_first(people, together=not job.refers_to_managers_only):
        if not isinstance(turn, list):
            yield predict(turn, sight, accounts)
            continue
        remembering = sight.remembering()
        for one in [predict(user, remembering, NOBODY) for user in turn]:
            refers = manager_of(one.raw) in accounts and one.outcome.error is None
            yield predict(one.raw, remembering, accounts) if refers else one
        sight.lost = sight.lost or remembering.lost


def _by_id(
    users: Iterable[Mapping[str, Any]], matching: Collection[str] | None
) -> tuple[dict[str, Mapping[str, Any]], dict[str, Mapping[str, Any]]]:
    """Everyone by object id; and the people who may have another person's matching value, judged by
    Graph's data, without evaluating anything.

    matching  the properties that flow into matching attributes; None: they are computed, so everyone may
    """
    people = {user["id"]: user for user in users}
    if matching is None:
        return people, people
    values = {name: _folded_values(people, name) for name in matching}
    count = Counter(chain.from_iterable(values.values()))
    repeated = {value for value, times in count.items() if value and times > 1}
    doubtful: set[str] = set()
    for each in values.values():
        doubtful.update(id for id, value in zip(people, each, strict=True) if value in repeated)
    return people, {id: people[id] for id in people if id in doubtful}


def _folded_values(people: Mapping[str, Mapping[str, Any]], name: str) -> list[str]:
    """The property `name` of each of `people`, in their order, in the form used for comparison."""
    return [_folded(user.get(name)) for user in people.values()]


def _taken_values(
    people: Mapping[str, Mapping[str, Any]], job: JobFacts, *, now: datetime, links: Links
) -> dict[str, frozenset[str]]:
    """The matching values of each of these people that another person already has, by object id."""
    taken_values = TakenValues(job.mapping)
    taken: dict[str, frozenset[str]] = {}
    for id, user in people.items():
        if id in links:  # theirs before anybody is looked for
            taken_values.others(job.read_matching(user), now=now)
    for id, user in people.items():
        if id not in links and scope_of(user, job).in_scope:
            taken[id] = taken_values.others(job.read_matching(user), now=now)
    return taken


def _folded(value: Any) -> str:
    """A matching value in the form used for comparison; a guest's principal name is read as the outside address."""
    if value.__class__ is not str:
        return ""
    if "#" in value:
        return plain_principal_name(value).casefold()
    return value.casefold()


def _managers_first(waiting: dict[str, GraphUser], *, together: bool) -> Iterator[GraphUser | list[GraphUser]]:
    """Everyone once, each manager before their people. People who manage each other in a circle (or one
    who manages themselves) come as a list, because they are processed twice.

    waiting   everyone by object id; people are removed from it as they come
    together  everyone comes in one list, because references are not only managers
    """
    if together:
        yield list(waiting.values())
        return
    for id in list(waiting):
        user = waiting.get(id)
        if user is None:
            continue
        above = manager_of(user)
        if above is None or above not in waiting:
            del waiting[id]
            yield user
            continue
        climbed = {id: user}
        while above in waiting and above not in climbed:
            climbed[above] = waiting[above]
            above = manager_of(climbed[above])
        ids = list(climbed)
        for one in ids:
            del waiting[one]
        if above in climbed:
            start = ids.index(above)
        else:
            start = len(ids)
        if start < len(ids):
            yield [climbed[one] for one in ids[start:]]
        yield from [climbed[one] for one in reversed(ids[:start])]


def predict_group(
    group: GroupRead,
    job: JobFacts,
    sight: Sight,
    *,
    now: datetime,
    accounts: Mapping[str, str],
    link: Link | None = None,
    taken_values: TakenValues | None = None,
) -> Foreseen | None:
    """What the service would do with one group; None where groups are not provisioned.

    accounts  object id in Entra to account id, of people (and groups) who are or will be linked
    link      the service's link, where it is known
    taken_values  the owner of each matching value; None: only this group is considered
    """
    if job.groups is None:
        return None
    filters = job.groups.mapping.filters
    plain = group_attributes(group.graph, members=group.members, in_scope=True)
    verdict = None
    if filters:
        verdict = judge(filters, plain)
    facts = group_scope_facts(group.graph, job.assignments, job.roles, filters=verdict, soft_deleted=group.gone)
    scope = judge_scope(replace(facts, gone=group.gone))
    source = plain | {"IsSoftDeleted": not scope.in_scope}
    if taken_values and scope.in_scope and link is None:
        peers = taken_values.others(source, now=now)
    else:
        peers = NO_PEERS
    outcome = job.groups.predict(source, scope, link, sight, now=now, peers=peers, references=accounts)
    return Foreseen(group.graph, outcome, account_of(outcome, scope))


def predict_groups(
    groups: Iterable[GroupRead],
    job: JobFacts,
    sight: Sight,
    *,
    now: datetime,
    accounts: Mapping[str, str],
    links: Links = NO_LINKS,
    gone: Collection[str] = frozenset(),
) -> list[Foreseen]:
    """What the service would do with each group and its members next; nothing if groups are not provisioned.

    groups    assigned groups, and linked groups that are no longer assigned
    accounts  object id in Entra to account id, of people who are or will be linked
    gone      object ids that Graph no longer lists: it does not report their memberships, and the
              service removes no one from a group because of a deletion ("How application provisioning works")
    """
    groups = [_with_deleted_members(group, links, gone) for group in groups]
    remembering = sight.remembering()

    def look(known: Mapping[str, str]) -> list[Foreseen]:
        taken_values = None
        if job.group_rules:
            taken_values = TakenValues(job.group_rules.mapping)
        for group in groups:
            if taken_values and group.graph["id"] in links and not group.gone:
                taken_values.others(group_attributes(group.graph, members=(), in_scope=True), now=now)
        each = (
            predict_group(
                group,
                job,
                remembering,
                now=now,
                accounts=known,
                link=links.get(group.graph["id"]),
                taken_values=taken_values,
            )
            for group in groups
        )
        return [one for one in each if one is not None]

    found = look(accounts)
    inner = {one.id: one.account for one in found if one.account}
    if NESTED_GROUPS_ARE_MEMBERS and any(inner.keys() & set(group.members) for group in groups):
        found = look({**accounts, **inner})  # memberships come last: an inner group has its account by then
    sight.lost = sight.lost or remembering.lost
    return found


def _with_deleted_members(group: GroupRead, links: Links, gone: Collection[str]) -> GroupRead:
    """The group including those of its written members who are deleted in Entra."""
    link = links.get(group.graph["id"])
    deleted = tuple(key for key in (link.members if link else ()) if key in gone)
    if deleted:
        return replace(group, members=(*group.members, *deleted))
    return group


def account_of(outcome: Outcome, scope: ScopeDecision) -> str:
    """Id of the account (or group) in the target that may be referred to, for objects in scope that are linked
    or about to be; "" for none. A linked object stays linked when a write fails."""
    if not scope.in_scope:
        return ""
    if outcome.link is not None:
        return outcome.link.target_id
    if outcome.decision.action in ("create", "link", "update"):
        return outcome.decision.target_id or NEW_ACCOUNT
    return ""


def outcome_word(outcome: Outcome) -> str:
    """create | update | nothing | disable | delete | skip | failure; unknown if the app cannot be reached here."""
    decision = outcome.decision
    if outcome.error is not None and isinstance(outcome.error, Unreachable):
        return "unknown"
    if decision.code in SKIP_CODES:
        return "skip"
    return WORDS[decision.action]
