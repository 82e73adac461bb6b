"""One provisioning job, compiled: deciding what happens to a person or a group, and doing it.

    compile_job(mapping, facts, settings)      once
    job.predict(source, scope, link, ...)     for each object: import, scope, match, decide
    job.provision(source, scope, link, ...)    the same, and act

The same for people and groups: the mapping says which, by its source object. For a group

    source      is created by `group_attributes`, members included
    scope       `judge_scope(group_scope_facts(...))`
    link        contains the members written so far; None for a group processed for the first time
    references  has the target id of every member in scope and linked; of inner groups too,
                if `NESTED_GROUPS_ARE_MEMBERS`
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from scimkit.errors import ApiError
from scimkit.mapping.rows import ObjectMapping
from scimkit.provisioning import log_steps as recorded
from scimkit.provisioning.action import Outcome, Writing, act
from scimkit.provisioning.decision import NEVER_LOOKED_AT, Decision, Link, Observed, Policy, decide, nothing
from scimkit.provisioning.desired import CompiledDesires, Desired
from scimkit.provisioning.dialect import DEFAULT, MEMBERS_PER_REQUEST, Dialect
from scimkit.provisioning.endpoint import Endpoint
from scimkit.provisioning.kinds import kind_of
from scimkit.provisioning.log_codes import ENTRY_SKIPPED
from scimkit.provisioning.matching import NOT_ASKED, look
from scimkit.provisioning.refusals import puts_in_quarantine
from scimkit.provisioning.scope import ScopeDecision
from scimkit.provisioning.source import name_of
from scimkit.provisioning.targets import NOTHING_KNOWN, TargetFacts


@dataclass(frozen=True, slots=True)
class JobSettings:
    """How a job provisions, the same for every object.

    actions            of Add, Update, Delete; None: the mapping's own
    skip_out_of_scope  the secret SkipOutOfScopeDeletions
    soft_deletes       False: the app cannot disable accounts
    dialect            the form of its changes, from the Tenant URL's flag; nothing depends on it before writing
    on_demand          an on-demand run: different log texts, always the default dialect, and people
                       blocked or deleted in Entra are not found
    target_system      the name of the target in the log
    memberships        False: groups without their members, which a cycle writes last
    only_members       Entra ids: only these are added to or removed from a group (on demand); None: all
    members_per_request  how many members of a group one PATCH adds or removes
    records_steps      `Outcome.steps` is filled: the steps of the log, which cost more than the decision
    """

    actions: Collection[str] | None = None
    skip_out_of_scope: bool = False
    soft_deletes: bool = True
    dialect: Dialect = DEFAULT
    on_demand: bool = False
    target_system: str = recorded.CUSTOM_TARGET_SYSTEM
    memberships: bool = True
    only_members: Collection[str] | None = None
    members_per_request: int = MEMBERS_PER_REQUEST
    records_steps: bool = False


USUAL = JobSettings()


def compile_job(
    mapping: ObjectMapping, facts: TargetFacts = NOTHING_KNOWN, settings: JobSettings = USUAL
) -> CompiledJob:
    """Everything about a job that does not depend on the single person or group, computed once.

    mapping  of users or of groups: its source object says which
    facts    what the schema says about the target's attributes
    """
    return CompiledJob(mapping, CompiledDesires(mapping, facts), settings)


class CompiledJob:
    """A job that is ready for its objects; created by `compile_job`."""

    def __init__(self, mapping: ObjectMapping, desires: CompiledDesires, settings: JobSettings) -> None:
        self.mapping, self.settings, self.facts = mapping, settings, desires.facts
        self.kind = kind_of(mapping.source_object)
        self._desires, self.differences = desires, desires.differences
        self._is_unusual = settings.on_demand or not mapping.enabled
        actions = mapping.actions if settings.actions is None else settings.actions
        self._policy = Policy(frozenset(actions), settings.skip_out_of_scope, settings.soft_deletes)
        dialect = settings.dialect
        if settings.on_demand:
            dialect = DEFAULT
        self._writing = Writing(dialect, desires.facts, self.kind, settings.members_per_request)

    def under(self, settings: JobSettings) -> CompiledJob:
        """The same job under other settings; nothing is compiled again."""
        return CompiledJob(self.mapping, self._desires, settings)

    def desired(
        self, source: Mapping[str, Any], *, now: datetime | None = None, references: Mapping[str, str] | None = None
    ) -> Desired:
        """The mapping evaluated for one person or one group; parameters as in `predict`."""
        desired = self._desires.of(source, now, references, self.settings.only_members)
        if not self.settings.memberships:
            desired.membership = None
        return desired

    def predict(
        self,
        source: Mapping[str, Any],
        scope: ScopeDecision,
        link: Link | None,
        endpoint: Endpoint,
        *,
        now: datetime | None = None,
        peers: Collection[str] = frozenset(),
        references: Mapping[str, str] | None = None,
    ) -> Outcome:
        """What `provision` would do with the same arguments: import, scope, match and decide, with reads only.

        source      attributes of a person or a group by schema name; `IsSoftDeleted` is
                    set from `scope` here, so that the two cannot disagree
        now         clock of date functions; None reads the machine's
        peers       matching values that others of their kind already have
        references  object id in Entra to target id of everyone linked and in scope: for managers and members

        The outcome's `link` is the given one, as nothing was stored. Never raises for
        an answer of the endpoint: that is an Outcome with `error`.
        """
        person = source
        if source.get("IsSoftDeleted") is not (not scope.in_scope):
            person = {**source, "IsSoftDeleted": not scope.in_scope}
        if link is None and not scope.in_scope and not self.settings.records_steps:
            desired = self._desires.of_stranger(person, now)
        else:
            desired = self.desired(person, now=now, references=references)
        unheard = ""
        if desired.ignored or self._is_unusual:
            unheard = self._never_looked_at(scope, desired)
        if unheard:
            observed = NOT_ASKED
            decision = nothing(ENTRY_SKIPPED, unheard, link.target_id if link else "")
            decision.rule = NEVER_LOOKED_AT
        else:
            if scope.facts.gone:
                observed = NOT_ASKED
            else:
                observed = look(desired, scope, link, endpoint, peers=peers)
            decision = decide(desired, scope, link, observed, policy=self._policy, differences=self.differences)
        outcome = _foreseen(decision, desired, link, observed)
        if not self.settings.records_steps:
            return outcome
        before = self._steps_before(person, scope, link, outcome, looked=not unheard and bool(desired.keys))
        return replace(outcome, steps=before)

    def provision(
        self,
        source: Mapping[str, Any],
        scope: ScopeDecision,
        link: Link | None,
        endpoint: Endpoint,
        *,
        now: datetime | None = None,
        peers: Collection[str] = frozenset(),
        references: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Import, scope, match, decide and act for one person or one group; parameters as in `predict`.

        A group is created without members; they follow one request each. A member that
        the target refuses does not fail the group: `Outcome.members` reports each, and
        `reference_code` has the first refusal, otherwise the code of those left out. The
        outcome's `link` is the one to store. Never raises for an answer of the endpoint:
        that is an Outcome with `error`.
        """
        foreseen = self.predict(source, scope, link, endpoint, now=now, peers=peers, references=references)
        if foreseen.error is not None:
            return foreseen
        outcome = act(
            foreseen.decision,
            endpoint,
            source_id=str(source.get("objectId") or ""),
            link=link,
            resource=foreseen.resource,
            managed=stays_managed(scope, link),
            writing=self._writing,
        )
        steps = foreseen.steps
        if self.settings.records_steps:
            steps += self._steps_after(name_of(source), scope, outcome)
        return replace(outcome, steps=steps, requests=foreseen.requests + outcome.requests, redacted=foreseen.redacted)

    def _never_looked_at(self, scope: ScopeDecision, desired: Desired) -> str:
        """Why this object ends before the target is read; "" if it does not."""
        if not self.mapping.enabled:
            return "this object mapping is off"
        if desired.ignored:
            return "an expression returns IgnoreObjectFlow"
        if self.settings.on_demand and (scope.facts.gone or not scope.facts.active):
            found = "deleted groups"
            if self.kind.can_disable:
                found = "blocked or deleted people"
            return f"on-demand provisioning does not find {found} in Entra"
        return ""

    def _steps_before(
        self, source: Mapping[str, Any], scope: ScopeDecision, link: Link | None, outcome: Outcome, *, looked: bool
    ) -> tuple[recorded.ProvisioningStep, ...]:
        """The recorded steps up to matching; looked: there was a value to match by."""
        name, on_demand = name_of(source), self.settings.on_demand
        steps = (
            recorded.import_step(name, source, link, in_scope=scope.in_scope, on_demand=on_demand, kind=self.kind),
            recorded.scoping_step(scope, on_demand, self.kind),
        )
        if scope.facts.gone or not looked or not (scope.in_scope or link is not None):
            return steps
        resource = None
        if outcome.error is None:
            resource = outcome.resource
        return (
            *steps,
            recorded.matching_step(
                name,
                outcome.decision,
                resource,
                target_system=self.settings.target_system,
                redacted=outcome.redacted,
                kind=self.kind,
            ),
        )

    def _steps_after(self, name: str, scope: ScopeDecision, outcome: Outcome) -> tuple[recorded.ProvisioningStep, ...]:
        """The recorded steps of the export, and of the steps after it."""
        decision = outcome.decision
        failed = ""
        if outcome.error is not None:
            failed = outcome.error_code
        target_system = self.settings.target_system
        exported = recorded.export_step(
            name, decision, scope, error_code=failed, target_system=target_system, kind=self.kind
        )
        steps = [exported]
        if not failed:
            steps.append(recorded.reference_step(name, decision, outcome.reference_code, self.kind))
            steps += recorded.member_steps(name, decision, outcome.members)
        return tuple(step for step in steps if step is not None)


def _foreseen(decision: Decision, desired: Desired, link: Link | None, observed: Observed) -> Outcome:
    """A decision before anything was written; a target that could not be read is an Outcome with `error`."""
    if observed.error is not None:
        return _unreadable(decision, desired, link, observed, observed.error)
    target_id, code, reason = decision.target_id, decision.code, decision.reason
    return Outcome(
        decision, target_id, link, observed.resource, code, reason, "", False, observed.requests, (), desired.redacted
    )


def _unreadable(
    decision: Decision, desired: Desired, link: Link | None, observed: Observed, error: ApiError
) -> Outcome:
    return Outcome(
        decision,
        decision.target_id,
        link,
        observed.resource,
        error_code=decision.code,
        error_text=str(error),
        quarantine=puts_in_quarantine(error, asking=link is None),
        requests=observed.requests,
        redacted=desired.redacted,
        error=error,
    )


def stays_managed(scope: ScopeDecision, link: Link | None) -> bool:
    """Whether the service continues to manage the account. After an unassignment it does not until
    the person is in scope again ("How application provisioning works", known limitation)."""
    if scope.facts.gone:
        return link is not None and link.managed
    if scope.in_scope:
        return True
    return link is not None and link.managed and (scope.facts.assigned or scope.facts.sync_all)
