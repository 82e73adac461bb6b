"""Provision one person or group of one job as the service does: directory, `scimkit.provisioning`, log entry."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from scimkit.clients.scim import ScimClient
from scimkit.credentials import Secret
from scimkit.errors import MappingError, ScimkitError
from scimkit.mapping import judge
from scimkit.mapping.rows import ObjectMapping, mapping_of, user_mapping
from scimkit.provisioning import (
    GROUP,
    NESTED_GROUPS_ARE_MEMBERS,
    USER,
    CompiledJob,
    Entitlements,
    GroupFacts,
    JobSettings,
    Kind,
    Link,
    Outcome,
    ScopeDecision,
    ScopeFacts,
    TakenValues,
    compile_job,
    group_attributes,
    group_scope_facts,
    is_active,
    judge_scope,
    read_target_facts,
    source_attributes,
)
from scimkit.provisioning.dialect import FLAG, dialect_of
from scimkit.provisioning.log_steps import CUSTOM_TARGET_SYSTEM, SOURCE_SYSTEM
from scimkit.sandbox.groups import Group
from scimkit.sandbox.in_process import InProcessTransport
from scimkit.sandbox.jobs import Job
from scimkit.sandbox.logs import LogEntry
from scimkit.sandbox.people import Person
from scimkit.sandbox.service_principals import ServicePrincipal
from scimkit.sandbox.world import World

SYSTEM = {"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"}


def setting(app: ServicePrincipal, key: str) -> bool:
    """A yes-or-no secret such as SyncAll; a missing one means no."""
    return app.secrets.get(key, "").strip().lower() == "true"


@dataclass
class Flow:
    """One object mapping of a job, and what is kept for its kind of object.

    job     the compiled mapping, with the settings of a cycle
    links   the job's own links, by object id
    taken_values  which object has a matching value, so that a second object with it is refused
    """

    kind: Kind
    job: CompiledJob
    links: dict[str, Link]
    taken_values: TakenValues

    @property
    def mapping(self) -> ObjectMapping:
        return self.job.mapping

    def run(self, *, on_demand: bool, memberships: bool, only_members: Collection[str] | None) -> CompiledJob:
        """The job as one run of it processes its objects."""
        if not (on_demand or only_members is not None) and memberships:
            return self.job
        settings = replace(self.job.settings, on_demand=on_demand, memberships=memberships, only_members=only_members)
        return self.job.under(settings)


def group_mapping(schema: dict[str, Any]) -> ObjectMapping | None:
    """The mapping of groups, switched on or off; None: this app has none."""
    try:
        return mapping_of(schema, GROUP.name)
    except MappingError:
        return None


class Provisioner:
    """The view of a job in one cycle or one on-demand run.

    Read at the start: mappings, filters, assignments, settings; the directory does
    not change meanwhile. `groups` is None where the app has no mapping for them.
    """

    def __init__(self, world: World, app: ServicePrincipal, job: Job) -> None:
        self.world, self.app, self.job = world, app, job
        self.sync_all = setting(app, "SyncAll")
        settings = JobSettings(
            skip_out_of_scope=setting(app, "SkipOutOfScopeDeletions"),
            dialect=dialect_of(FLAG.lower() in app.secrets.get("BaseAddress", "").lower()),
            target_system=next(
                (rule["targetDirectoryName"] for rule in job.schema.get("synchronizationRules", ())),
                CUSTOM_TARGET_SYSTEM,
            ),
            records_steps=True,
        )
        self.people = self._flow(user_mapping(job.schema), USER, job.links, settings)
        mapped = group_mapping(job.schema)
        self.groups = self._flow(mapped, GROUP, job.group_links, settings) if mapped else None
        delay = world.faults.at("graph", "slow_assignments")
        seen = app.assigned_ids(world.clock.now, timedelta(seconds=delay.value if delay else 0))
        self.assignments = [assignment.graph(app) for assignment in seen]
        self.assigned = {
            a["principalId"]: GroupFacts(group.security_enabled, frozenset(group.members))
            for a in self.assignments
            if (group := world.directory.groups.get(a["principalId"])) is not None
        }
        self._direct: dict[str, list[dict[str, Any]]] = {}
        for a in self.assignments:
            self._direct.setdefault(a["principalId"], []).append(a)
        self.entitlements = Entitlements(self.assignments, self.assigned, app.roles)
        self._in_scope: dict[str, bool] = {}

    def _flow(self, mapping: ObjectMapping, kind: Kind, links: dict[str, Link], settings: JobSettings) -> Flow:
        facts = read_target_facts(self.job.schema, mapping.target_object)
        return Flow(kind, compile_job(mapping, facts, settings), links, TakenValues(mapping))

    # -- who ---------------------------------------------------------------

    @property
    def with_groups(self) -> bool:
        """Whether groups are provisioned: they have a mapping, and the mapping is switched on."""
        return self.groups is not None and self.groups.mapping.enabled

    def assigned_people(self) -> list[str]:
        """Ids of everyone assigned, directly or as a direct member of a security group, in the directory's order."""
        assigned = {key for key in self._direct if key in self.world.directory.people}
        for group in self.assigned.values():
            if group.security_enabled:
                assigned |= group.members
            else:
                assigned |= set()
        return [key for key in self.world.directory.people if key in assigned]

    def assigned_groups(self) -> list[str]:
        """Ids of the groups that are themselves assigned, in the order of the assignments."""
        return [key for key in self._direct if key in self.world.directory.groups]

    def source(self, person: Person) -> tuple[dict[str, Any], ScopeDecision]:
        """The source attributes of a person and the evaluation of their scope."""
        user = person.graph()
        deleted = person.deleted_utc is not None
        attributes = source_attributes(
            user,
            soft_deleted=deleted,
            manager_id=person.manager or None,
            app_roles=self.entitlements.names_of(person.id),
        )
        filters = self.people.mapping.filters
        scope = self.entitlements.scope_of(
            person.id,
            active=is_active(user, soft_deleted=deleted),
            filters=judge(filters, attributes) if filters else None,
            sync_all=self.sync_all,
        )
        self._in_scope[person.id] = scope.in_scope
        return attributes | {"IsSoftDeleted": not scope.in_scope}, scope

    def group_source(self, group: Group) -> tuple[dict[str, Any], ScopeDecision]:
        """The source attributes of a group, including its direct members, and the evaluation of its scope."""
        described, filters = group.graph(), self.groups.mapping.filters if self.groups else ()
        verdict = None
        if filters:
            verdict = judge(filters, group_attributes(described, members=(), in_scope=True))
        facts = group_scope_facts(
            described, self._direct.get(group.id, ()), self.app.roles, filters=verdict, sync_all=self.sync_all
        )
        scope = judge_scope(facts)
        self._in_scope[group.id] = scope.in_scope
        return group_attributes(described, members=group.members, in_scope=scope.in_scope), scope

    def in_scope(self, object_id: str) -> bool:
        """Whether a person or group is in scope now; evaluated once."""
        if object_id not in self._in_scope:
            directory = self.world.directory
            person, group = directory.people.get(object_id), directory.groups.get(object_id)
            if person is not None:
                self.source(person)
            elif group is not None:
                self.group_source(group)
            self._in_scope.setdefault(object_id, False)  # gone for good
        return self._in_scope[object_id]

    def linked(self, object_ids: Collection[str]) -> dict[str, str]:
        """Target ids of the given people and groups that may be referenced: those linked and in scope."""
        if NESTED_GROUPS_ARE_MEMBERS:
            inner = self.job.group_links
        else:
            inner = {}
        found = {key: link for key in object_ids if (link := self.job.links.get(key) or inner.get(key)) is not None}
        return {key: link.target_id for key, link in found.items() if self.in_scope(key)}

    def claim(self) -> None:
        """Record who has each matching value, for everyone linked."""
        directory, now = self.world.directory, self.world.clock.now
        for key in self.people.links:
            if (person := directory.people.get(key)) is not None:
                self.people.taken_values.others(self.source(person)[0], now=now)
        for key in self.groups.links if self.groups else ():
            if self.groups and (group := directory.groups.get(key)) is not None:
                self.groups.taken_values.others(self.group_source(group)[0], now=now)

    # -- doing it ----------------------------------------------------------

    def run(
        self, person_id: str, endpoint: ScimClient, *, on_demand: bool = False, writing: bool = True
    ) -> tuple[Outcome, dict[str, Any]]:
        """Provision one person and keep the link. Returns the outcome, and the source attributes for the log."""
        person = self.world.directory.people.get(person_id)
        going = self.people.run(on_demand=on_demand, memberships=True, only_members=None)
        if person is None:
            return self._run(self.people, going, {"objectId": person_id}, None, endpoint, writing=writing)
        source, scope = self.source(person)
        return self._run(self.people, going, source, scope, endpoint, refers_to=(person.manager,), writing=writing)

    def run_group(
        self,
        group_id: str,
        endpoint: ScimClient,
        *,
        on_demand: bool = False,
        writing: bool = True,
        memberships: bool = True,
        only_members: Collection[str] | None = None,
    ) -> tuple[Outcome, dict[str, Any]]:
        """Provision one group; keep the link and the members written. Otherwise like `run`.

        memberships, only_members  as in `provisioning.JobSettings`

        Raises MappingError where the app has no mapping for groups.
        """
        if self.groups is None:
            raise MappingError("this app has no mapping for groups", "Restore the default mappings.")
        going = self.groups.run(on_demand=on_demand, memberships=memberships, only_members=only_members)
        group = self.world.directory.groups.get(group_id)
        if group is None:
            return self._run(self.groups, going, {"objectId": group_id}, None, endpoint, writing=writing)
        source, scope = self.group_source(group)
        return self._run(self.groups, going, source, scope, endpoint, refers_to=group.members, writing=writing)

    def _run(
        self,
        flow: Flow,
        going: CompiledJob,
        source: dict[str, Any],
        scope: ScopeDecision | None,
        endpoint: ScimClient,
        *,
        refers_to: Collection[str] = (),
        writing: bool,
    ) -> tuple[Outcome, dict[str, Any]]:
        """Provision one object; an object without a scope is permanently gone from Entra."""
        key, now = source["objectId"], self.world.clock.now
        link = flow.links.get(key)
        if scope is None:
            scope = judge_scope(ScopeFacts(active=False, assigned=False, kind=flow.kind, gone=True))
        if scope.in_scope and link is None:
            peers = flow.taken_values.others(source, now=now)
        else:
            peers = frozenset()
        if writing:
            act = going.provision
        else:
            act = going.predict
        outcome = act(source, scope, link, endpoint, now=now, peers=peers, references=self.linked(refers_to))
        if writing:
            self._keep_link(flow, key, outcome.link)
        return outcome, source

    def _keep_link(self, flow: Flow, key: str, link: Link | None) -> None:
        if link is None:
            if flow.links.pop(key, None) is not None:
                self._forget_member(key)
            return
        if key not in flow.links:
            self.job.count_link(flow.kind)
        flow.links[key] = link

    def _forget_member(self, key: str) -> None:
        """An object gone from the target is no longer a member of anything there: there is nothing left to remove."""
        for group_id, link in self.job.group_links.items():
            if key in link.members:
                kept = {member: target for member, target in link.members.items() if member != key}
                self.job.group_links[group_id] = replace(link, members=kept)

    def members_differ(self, group_id: str) -> bool:
        """Whether a linked group has members to add, to remove or to report; sends no request for this."""
        link, group = self.job.group_links.get(group_id), self.world.directory.groups.get(group_id)
        if link is None or group is None or not self.in_scope(group_id):
            return False
        linked = self.linked(group.members)
        return any(
            linked.get(m) != link.members.get(m) for m in group.members if m in linked or m not in link.members
        ) or bool(link.members.keys() - set(group.members))

    def may_resolve(self, outcome: Outcome) -> bool:
        """Whether to retry members of this group: refused ones, and people in scope whose account failed.

        A person out of scope is not retried: a later entry into scope is not noticed
        ("Known issues for provisioning").
        """
        return any(write.code for write in outcome.members) or any(self.in_scope(m) for m in outcome.decision.left_out)

    def log(
        self,
        outcome: Outcome,
        source: dict[str, Any],
        *,
        cycle_id: str,
        initiated_by: dict[str, str] = SYSTEM,
        staged: bool = False,
        kind: Kind = USER,
    ) -> dict[str, Any]:
        """Write the log entry of an outcome and return it."""
        world, app = self.world, self.app
        status = {"Success": "success", "Skipped": "skipped"}.get(outcome.result, "failure")
        error = None
        if outcome.error_code and status != "success":
            skipped = status == "skipped"
            error = {
                "errorCode": outcome.error_code,
                "reason": outcome.error_text,
                "additionalDetails": None,
                "errorCategory": "success" if skipped else "nonServiceFailure",
                "recommendedAction": None,
            }
        person = world.directory.people.get(str(source.get("objectId")))
        name = str(source.get("displayName") or "")
        details = {"id": str(source.get("objectId") or ""), "odatatype": kind.name, "DisplayName": name}
        if kind is USER:
            details["UserPrincipalName"] = person.user_principal_name if person else ""
        if kind is GROUP and self.groups:
            mapping = self.groups.mapping
        else:
            mapping = self.people.mapping
        action, modified = outcome.action, []
        if staged:
            action = "stagedDelete"
        if outcome.error is None:
            modified = list(outcome.modified)
        logged = LogEntry(
            ids={
                "id": world.ids.next("log entry"),
                "job": self.job.id,
                "cycle": cycle_id,
                "change": world.ids.next("change"),
            },
            time=world.clock.text,
            tenant_id=world.tenant_id,
            action=action,
            status=status,
            error=error,
            steps=outcome.steps,
            modified=modified,
            source={
                "id": str(source.get("objectId") or ""),
                "displayName": name,
                "identityType": kind.name,
                "details": details,
            },
            target={"id": outcome.target_id, "displayName": "", "identityType": mapping.target_object, "details": {}},
            service_principal={"id": app.id, "displayName": app.display_name},
            target_system={
                "id": world.ids.named("system", app.id),
                "displayName": self.people.job.settings.target_system,
                "details": {
                    "ApplicationId": app.app_id,
                    "ServicePrincipalId": app.id,
                    "ServicePrincipalDisplayName": app.display_name,
                },
            },
            source_system={"id": world.ids.named("system", "source"), "displayName": SOURCE_SYSTEM, "details": {}},
            initiated_by=initiated_by,
        )
        entry = logged.graph()
        if outcome.error is not None or outcome.reference_code:
            entry = json.loads(world.plain(json.dumps(entry)))
        world.logs.add(entry)
        return entry


@contextlib.contextmanager
def endpoint_of(
    world: World,
    app: ServicePrincipal,
    secrets: dict[str, str] | None = None,
    *,
    matching: str = "userName",
    in_process: bool = False,
) -> Iterator[ScimClient]:
    """The vendor as reached with the credentials of `app` (or the given ones), over HTTP, each request sent once.

    in_process  a vendor of this sandbox is reached without a socket, where no fault is on
                (`InProcessTransport`)

    Raises a ScimkitError when the credentials do not give an address and a token.
    """
    if secrets is None:
        values = app.secrets
    else:
        values = secrets
    token = values.get("SecretToken", "")
    address = world.internal_address(values.get("BaseAddress", ""))
    at_home = address.startswith(world.internal_address(world.origin))
    answer = None
    if in_process and at_home and not world.faults.active:
        answer = world.answer_in_process
    secret, transport = None, None
    if token:
        secret = Secret(token, label="sandbox")
    if answer:
        transport = InProcessTransport(answer)
    with ScimClient(address, secret, matching=matching, retry=False, transport=transport) as client:
        yield client


def plain_problem(world: World, error: ScimkitError) -> str:
    """What went wrong, without the emulator's own path to the vendor."""
    return world.plain(str(error))
