"""One cycle of a job: initial or incremental; people first, then groups, memberships last.

Initial: everyone assigned (or everyone, with SyncAll) and everyone linked.
Incremental: everyone who changed since the last cycle, and everyone who failed in it.
References to managers who had no account yet follow after the people. Groups
are provisioned if their mapping is on. A person who comes into scope later
than the group is not noticed until the group itself changes ("Known issues for
provisioning"). A refused
probe puts the job into quarantine. So do more disables than the deletion
threshold allows, of which none is then carried out, and too many failures.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from scimkit.errors import MappingError, ScimkitError
from scimkit.provisioning import GROUP, USER, Kind, Outcome, judge_failures
from scimkit.provisioning.log_codes import INTERNAL_ERROR, REDUNDANT_EXPORT
from scimkit.sandbox.envelope import GraphError
from scimkit.sandbox.jobs import INTERVAL, Execution, Job
from scimkit.sandbox.provisioner import Provisioner, endpoint_of, plain_problem
from scimkit.sandbox.service_principals import ServicePrincipal
from scimkit.sandbox.synchronization import PREFIX, probe_vendor
from scimkit.sandbox.world import World

PAGE = 50  # people and groups a unit of progress stands for
LEAVING = ("disable", "delete")
Held = list[tuple[Outcome, dict[str, Any], Kind]]


@dataclass
class Tally:
    """The counts of one cycle. `unresolved` are groups with members worth another try: not failures of the groups."""

    imported: int = 0
    entitled: int = 0
    exports: int = 0
    exported: int = 0
    failed: set[str] = field(default_factory=set)
    unresolved: set[str] = field(default_factory=set)
    actions: Counter[str] = field(default_factory=Counter)
    quarantine: Outcome | None = None

    def add(self, object_id: str, outcome: Outcome) -> None:
        self.imported += 1
        self.actions[outcome.action] += 1
        if outcome.decision.action not in ("nothing",) or outcome.decision.code == REDUNDANT_EXPORT:
            self.entitled += 1
        if outcome.decision.writes or outcome.result == "Failure":
            self.exports += 1
            self.exported += outcome.result == "Success"
        if outcome.result == "Failure":
            self.failed.add(object_id)
        if outcome.quarantine:
            self.quarantine = outcome

    def add_members(self, outcome: Outcome) -> None:
        """A group that was already counted received its members: one more export."""
        self.exports += 1
        self.exported += 1
        self.actions[outcome.action] += 1

    def counts(self, deltas: int) -> dict[str, int]:
        return {
            "countEntitled": self.entitled,
            "countEntitledForProvisioning": self.entitled,
            "countEscrowed": len(self.failed),
            "countEscrowedRaw": len(self.failed | self.unresolved),
            "countExported": self.exported,
            "countExports": self.exports,
            "countImported": self.imported,
            "countImportedDeltas": deltas,
        }


def run_cycle(world: World, app: ServicePrincipal, job: Job) -> None:
    """Run the cycle that is due now. Never raises for an action of a vendor; the job reports it."""
    job.due = None
    began, initial, read_to = world.clock.now, job.seen is None, len(world.directory.changes)
    try:
        provisioner = Provisioner(world, app, job)
        probe_vendor(world, app, app.secrets, _matching(provisioner), provisioner.with_groups)
        cycle = Cycle(
            provisioner,
            _whom(world, provisioner, job, initial),
            _which_groups(world, provisioner, job, initial),
            world.ids.next("cycle"),
        )
        with endpoint_of(world, app, in_process=True) as endpoint:
            end = cycle.run(endpoint)
    except (GraphError, ScimkitError) as error:
        code, message = _explain(world, error)
        end = Quarantine("EncounteredQuarantineException", code, message)
    if end is not None:
        job.last = Execution(world.ids.next("activity"), "Failed", began, world.clock.now, {}, end.code, end.message)
        job.failures += 1
        job.enter_quarantine(end.reason, end.code, end.message, world.clock.now)
        return
    _finish(world, job, cycle.tally, began=began, initial=initial)
    job.seen = read_to


def _matching(provisioner: Provisioner) -> str:
    return provisioner.people.taken_values.matching or "userName"


def _explain(world: World, error: Exception) -> tuple[str, str]:
    """Code and text of the service's wrapped error, or of scimkit's own."""
    if isinstance(error, GraphError):
        try:
            inner = json.loads(error.message)["error"]
            return str(inner["code"]), str(inner["message"])
        except (ValueError, KeyError, TypeError):
            return error.code, error.message
    code = INTERNAL_ERROR
    if not isinstance(error, MappingError):
        code = f"{PREFIX}InvalidCredentials"
    return code, plain_problem(world, error) if isinstance(error, ScimkitError) else str(error)


def _whom(world: World, provisioner: Provisioner, job: Job, initial: bool) -> list[str]:
    """Ids of the people in this cycle, in the directory's order; permanently deleted ones last."""
    everybody = list(world.directory.people)
    if initial:
        looked_at = set(everybody if provisioner.sync_all else provisioner.assigned_people())
        looked_at |= set(job.links) | job.escrows
    else:
        looked_at = set(world.directory.changes[job.seen or 0 :]) | job.escrows
        if not provisioner.sync_all:
            looked_at &= set(provisioner.assigned_people()) | set(job.links)
    gone = [key for key in job.links if key in looked_at and key not in world.directory.people]
    return [key for key in everybody if key in looked_at] + gone


def _which_groups(world: World, provisioner: Provisioner, job: Job, initial: bool) -> list[str]:
    """Ids of the groups in this cycle: assigned ones in the order of the assignments, the rest
    in the directory's; permanently deleted ones last."""
    if not provisioner.with_groups:
        return []
    everything = list(dict.fromkeys((*provisioner.assigned_groups(), *world.directory.groups)))
    concerned = set(provisioner.assigned_groups()) | job.group_links.keys()
    if initial:
        looked_at = (set(everything) if provisioner.sync_all else concerned) | job.escrows
    else:
        looked_at = set(world.directory.changes[job.seen or 0 :]) | job.escrows
        if not provisioner.sync_all:
            looked_at &= concerned
    gone = [key for key in job.group_links if key in looked_at and key not in world.directory.groups]
    return [key for key in everything if key in looked_at] + gone


def _pages(objects: int) -> int:
    return max(1, -(-objects // PAGE))


def threshold(app: ServicePrincipal) -> int | None:
    """The deletion threshold in `SyncNotificationSettings`, None if it is off."""
    try:
        settings = json.loads(app.secrets.get("SyncNotificationSettings", "{}"))
        if settings.get("DeleteThresholdEnabled"):
            return int(settings["DeleteThresholdValue"])
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class Quarantine(NamedTuple):
    """Why a cycle ends early."""

    reason: str
    code: str
    message: str


class Cycle:
    """One cycle in progress: the objects it processes, and its counts."""

    def __init__(self, provisioner: Provisioner, people: list[str], groups: list[str], cycle_id: str) -> None:
        self.provisioner, self.people, self.groups, self.cycle_id = provisioner, people, groups, cycle_id
        self.world, self.app, self.job = provisioner.world, provisioner.app, provisioner.job
        self.tally = Tally()

    def run(self, endpoint: Any) -> Quarantine | None:
        """People, then groups, then memberships; None if nothing ended it early."""
        held = self._held_back(endpoint)
        if held is not None:
            return self._stage(held)
        self._provision(endpoint)
        if self.tally.quarantine is None and self.provisioner.with_groups:
            self._provision_groups(endpoint)
        refused = self.tally.quarantine
        if refused is not None:
            code = refused.error_code or refused.reference_code
            return Quarantine("EncounteredQuarantineException", code, self.world.plain(refused.error_text))
        total = _pages(len(self.people) + len(self.groups))
        self.job.progress = (total, total, self.world.clock.text)
        return None

    def _stage(self, held: Held) -> Quarantine:
        for outcome, source, kind in held:
            self.provisioner.log(outcome, source, cycle_id=self.cycle_id, staged=True, kind=kind)
        message = (
            f"{len(held)} deletions and disables reach the threshold of accidental deletions prevention; none was done."
        )
        return Quarantine("TooManyDeletes", "TooManyDeletes", message)

    def _held_back(self, endpoint: Any) -> Held | None:
        """Everyone leaving, groups included, if they are as many as the threshold or more; None: continue.

        Only linked objects that are not in scope can be disabled or deleted, so only those are checked.
        """
        limit = threshold(self.app)
        if limit is None or self.job.force_deletes:
            return None
        leavers: Held = []
        for key in self.people:
            if key in self.job.links and not self.provisioner.in_scope(key):
                leavers.append((*self.provisioner.run(key, endpoint, writing=False), USER))
        for key in self.groups:
            if key in self.job.group_links and not self.provisioner.in_scope(key):
                leavers.append((*self.provisioner.run_group(key, endpoint, writing=False), GROUP))
        leavers = [held for held in leavers if held[0].decision.action in LEAVING]
        if len(leavers) >= limit and leavers:
            return leavers
        return None

    def _provision(self, endpoint: Any) -> None:
        """The people; the groups are still to come."""
        waiting = []
        self.provisioner.claim()
        total = _pages(len(self.people) + len(self.groups))
        for number, key in enumerate(self.people):
            if number % PAGE == 0:
                self.job.progress = (number // PAGE, total, self.world.clock.text)
            outcome, source = self.provisioner.run(key, endpoint)
            self.provisioner.log(outcome, source, cycle_id=self.cycle_id)
            self.tally.add(key, outcome)
            if outcome.reference_code:
                waiting.append(key)
            if self.tally.quarantine is not None:
                return
        for key in waiting:  # a manager may have come after the people who report to them
            person = self.world.directory.people.get(key)
            if person is not None and self.provisioner.linked((person.manager,)):
                outcome, source = self.provisioner.run(key, endpoint)
                self.provisioner.log(outcome, source, cycle_id=self.cycle_id)

    def _provision_groups(self, endpoint: Any) -> None:
        """The groups without their members, then the members of each: one group may be in another."""
        for memberships in (False, True):
            for key in self.groups:
                if memberships and (key in self.tally.failed or not self.provisioner.members_differ(key)):
                    continue
                outcome, source = self.provisioner.run_group(key, endpoint, memberships=memberships)
                self.provisioner.log(outcome, source, cycle_id=self.cycle_id, kind=GROUP)
                if not memberships or outcome.result == "Failure":
                    self.tally.add(key, outcome)
                elif outcome.decision.writes:
                    self.tally.add_members(outcome)
                if self.provisioner.may_resolve(outcome):
                    self.tally.unresolved.add(key)
                if outcome.quarantine:
                    self.tally.quarantine = outcome
                    return


def _finish(world: World, job: Job, tally: Tally, *, began: datetime, initial: bool) -> None:
    now = world.clock.now
    state = "Succeeded"
    if tally.failed:
        state = "EntryLevelErrors"
    deltas = tally.imported
    if initial:
        deltas = 0
    job.last = Execution(world.ids.next("activity"), state, began, now, tally.counts(deltas))
    job.last_success = job.last
    if tally.exported:
        job.last_exports = job.last
    job.escrows = tally.failed | tally.unresolved
    job.quarantine, job.failures, job.force_deletes = None, 0, False
    job.steady_first = job.steady_first or now
    job.steady_last = now
    job.due = now + INTERVAL
    _judge_failures(job, tally, initial, now)


def _judge_failures(job: Job, tally: Tally, initial: bool, now: Any) -> None:
    """Too many failures: the first cycle drops them and the job pauses, a later one ends in quarantine."""
    reason = judge_failures(len(tally.failed), of=tally.imported, references=len(tally.unresolved - tally.failed))
    job.pruned = bool(reason) and initial
    if job.pruned:
        job.escrows, job.state, job.due = set(), "Paused", None
    elif reason:
        job.failures += 1
        job.enter_quarantine(
            reason, reason, f"{len(tally.failed)} of {tally.imported} people and groups could not be provisioned.", now
        )
