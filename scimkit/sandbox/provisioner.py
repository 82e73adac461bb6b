"""Provision one person of one job as the service does: facts from the directory, `scimkit.provisioning`, a log entry."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from scimkit.clients.scim import ScimClient
from scimkit.credentials import Secret
from scimkit.errors import ScimkitError
from scimkit.mapping import judge
from scimkit.mapping.rows import ObjectMapping, evaluate_rows, user_mapping
from scimkit.provisioning import (
    GroupFacts,
    Link,
    Outcome,
    ScopeDecision,
    ScopeFacts,
    forecast,
    is_active,
    is_entitled,
    judge_scope,
    provision,
    read_target_facts,
    roles_held,
    source_attributes,
)
from scimkit.provisioning.steps import CUSTOM_TARGET_SYSTEM, SOURCE_SYSTEM
from scimkit.sandbox.jobs import Job
from scimkit.sandbox.logs import log_entry
from scimkit.sandbox.people import Person
from scimkit.sandbox.service_principals import ServicePrincipal
from scimkit.sandbox.world import World

SYSTEM = {"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"}


def setting(app: ServicePrincipal, key: str) -> bool:
    """A yes-or-no secret such as SyncAll; missing is no."""
    return app.secrets.get(key, "").strip().lower() == "true"


class Provisioner:
    """One cycle's or one on-demand run's view of a job.

    Read at the start: mapping, filters, assignments, settings. `taken` holds
    whose a matching value is, so that a second person with it is refused.
    """

    def __init__(self, world: World, app: ServicePrincipal, job: Job) -> None:
        self.world, self.app, self.job = world, app, job
        self.mapping: ObjectMapping = user_mapping(job.schema)
        self.facts = read_target_facts(job.schema, self.mapping.target_object)
        self.matching = replace(self.mapping, rows=tuple(row for row in self.mapping.rows if row.matching))
        self.sync_all = setting(app, "SyncAll")
        self.skip_out_of_scope = setting(app, "SkipOutOfScopeDeletions")
        self.flag = "aadoptscim062020" in app.secrets.get("BaseAddress", "").lower()
        self.target_system = next(
            (rule["targetDirectoryName"] for rule in job.schema.get("synchronizationRules", ())), CUSTOM_TARGET_SYSTEM
        )
        delay = world.faults.at("graph", "slow_assignments")
        seen = app.assigned_ids(world.clock.now, timedelta(seconds=delay.value if delay else 0))
        self.assignments = [assignment.graph(app) for assignment in seen]
        self.groups = {
            a["principalId"]: GroupFacts(group.security_enabled, frozenset(group.members))
            for a in self.assignments
            if (group := world.directory.groups.get(a["principalId"])) is not None
        }
        self._direct: dict[str, list[dict[str, Any]]] = {}
        for a in self.assignments:
            self._direct.setdefault(a["principalId"], []).append(a)
        self.references = {source: link.target_id for source, link in job.links.items() if link.managed}
        self.taken: dict[str, str] = {}

    # -- whom --------------------------------------------------------------

    def assigned_people(self) -> list[str]:
        """Ids of everybody assigned, directly or as a direct member of a security group, in the directory's order."""
        assigned = {key for key in self._direct if key in self.world.directory.people}
        for group in self.groups.values():
            assigned |= group.members if group.security_enabled else set()
        return [key for key in self.world.directory.people if key in assigned]

    def roles_of(self, person_id: str) -> tuple[str, ...]:
        groups = [key for key, group in self.groups.items() if person_id in group.members]
        related = [a for key in (person_id, *groups) for a in self._direct.get(key, ())]
        return roles_held(person_id, related, self.groups)

    def source(self, person: Person) -> tuple[dict[str, Any], ScopeDecision]:
        """The source attributes of a person and the judgement of their scope."""
        user = person.graph()
        deleted = person.deleted_utc is not None
        roles = self.roles_of(person.id)
        names = [role["displayName"] for role in self.app.roles if role["id"] in roles]
        attributes = source_attributes(user, soft_deleted=deleted, manager_id=person.manager or None, app_roles=names)
        verdict = judge(self.mapping.filters, attributes) if self.mapping.filters else None
        scope = judge_scope(
            ScopeFacts(
                active=is_active(user, soft_deleted=deleted),
                assigned=bool(roles),
                entitled=is_entitled(roles, self.app.roles),
                filters=verdict,
                sync_all=self.sync_all,
            )
        )
        return attributes | {"IsSoftDeleted": not scope.in_scope}, scope

    def claim(self, person_id: str) -> None:
        """Note whose this linked person's matching values are."""
        person = self.world.directory.people.get(person_id)
        if person is not None:
            self._others(person_id, self.source(person)[0])

    def _others(self, person_id: str, source: dict[str, Any]) -> frozenset[str]:
        """Which of this person's matching values belong to somebody else of this job already."""
        values = evaluate_rows(self.matching, source, now=self.world.clock.now, creating=True).values
        mine = [str(value) for value in values.values() if value not in (None, "", [])]
        return frozenset(v for v in mine if self.taken.setdefault(v.casefold(), person_id) != person_id)

    # -- doing it ----------------------------------------------------------

    def run(self, person_id: str, endpoint: ScimClient, *, on_demand: bool = False, writing: bool = True) -> tuple[Outcome, dict[str, Any]]:
        """Provision one person, keep the link; the outcome, and the source attributes for the log."""
        person = self.world.directory.people.get(person_id)
        link = self.job.links.get(person_id)
        common: dict[str, Any] = {
            "now": self.world.clock.now,
            "skip_out_of_scope": self.skip_out_of_scope,
            "references": self.references,
            "facts": self.facts,
            "flag": self.flag,
            "on_demand": on_demand,
            "target_system": self.target_system,
        }
        if person is None:
            source: dict[str, Any] = {"objectId": person_id}
            scope = judge_scope(ScopeFacts(active=False, assigned=False))
            common["hard_deleted"] = True
        else:
            source, scope = self.source(person)
            common["peers"] = self._others(person_id, source) if scope.in_scope and link is None else frozenset()
        outcome = (provision if writing else forecast)(source, scope, self.mapping, link, endpoint, **common)
        if writing:
            self._keep_link(person_id, outcome.link)
        return outcome, source

    def _keep_link(self, person_id: str, link: Link | None) -> None:
        if link is None:
            self.job.links.pop(person_id, None)
            self.references.pop(person_id, None)
            return
        if person_id not in self.job.links:
            self.job.ever_linked += 1
        self.job.links[person_id] = link
        self.references[person_id] = link.target_id

    def log(self, outcome: Outcome, source: dict[str, Any], *, cycle_id: str, initiated_by: dict[str, str] = SYSTEM, staged: bool = False) -> dict[str, Any]:
        """Write the log entry of an outcome; returns it."""
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
        entry = log_entry(
            ids={
                "id": world.ids.next("log entry"),
                "job": self.job.id,
                "cycle": cycle_id,
                "change": world.ids.next("change"),
            },
            time=world.clock.text,
            tenant_id=world.tenant_id,
            action="stagedDelete" if staged else outcome.action,
            status=status,
            error=error,
            steps=outcome.steps,
            modified=list(outcome.modified) if outcome.error is None else [],
            source={
                "id": str(source.get("objectId") or ""),
                "displayName": name,
                "identityType": "User",
                "details": {
                    "id": str(source.get("objectId") or ""),
                    "odatatype": "User",
                    "DisplayName": name,
                    "UserPrincipalName": person.user_principal_name if person else "",
                },
            },
            target={"id": outcome.target_id, "displayName": "", "identityType": self.mapping.target_object, "details": {}},
            service_principal={"id": app.id, "displayName": app.display_name},
            target_system={
                "id": world.ids.named("system", app.id),
                "displayName": self.target_system,
                "details": {
                    "ApplicationId": app.app_id,
                    "ServicePrincipalId": app.id,
                    "ServicePrincipalDisplayName": app.display_name,
                },
            },
            source_system={"id": world.ids.named("system", "source"), "displayName": SOURCE_SYSTEM, "details": {}},
            initiated_by=initiated_by,
        )
        if outcome.error is not None:
            entry = json.loads(world.plain(json.dumps(entry)))
        world.logs.add(entry)
        return entry


@contextlib.contextmanager
def endpoint_of(world: World, app: ServicePrincipal, secrets: dict[str, str] | None = None, *, matching: str = "userName") -> Iterator[ScimClient]:
    """The vendor as the credentials of `app` (or the ones given) reach it, over HTTP, each request sent once.

    Raises a ScimkitError when the credentials do not make an address and a token.
    """
    values = app.secrets if secrets is None else secrets
    token = values.get("SecretToken", "")
    address = world.internal_address(values.get("BaseAddress", ""))
    with ScimClient(address, Secret(token, label="sandbox") if token else None, matching=matching, retry=False) as client:
        yield client


def plain_problem(world: World, error: ScimkitError) -> str:
    """What went wrong, without the emulator's own way to the vendor."""
    return world.plain(str(error))
