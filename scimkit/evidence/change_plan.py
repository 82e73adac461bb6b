"""The change plan: what a notebook will write, and whether it may.

One plan per notebook, shown before its one confirmation. The fingerprint covers
tenant, job and changes, never times: what was read is what will be done. A plan
that was confirmed and then interrupted is completed on resume, because its
remaining changes are a part of what was confirmed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from scimkit.errors import Waiting
from scimkit.evidence.counting import count
from scimkit.evidence.records import read_utc, record, utc_text
from scimkit.evidence.runs import RunStore

VALID = timedelta(minutes=60)
CLOCKS_DIFFER = timedelta(minutes=5)  # a run folder may be moved between machines
IN_THE_SANDBOX = "sandbox"  # the default of every `confirm`: good there only


class PlannedIn(Protocol):
    """What a plan needs to know about its tenant; `tenant.Tenant` is one.

    writes  never | ask
    """

    @property
    def name(self) -> str: ...
    @property
    def tenant_id(self) -> str: ...
    @property
    def environment(self) -> str: ...
    @property
    def writes(self) -> str: ...
    @property
    def is_sandbox(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One change: `action` (create, assign, set, provision, start), on which object,
    from what to what. Secrets appear as a word, never as a value.

    idle  carrying it out writes nothing: the state is already as wanted
    """

    action: str
    object: str
    before: str = ""
    after: str = ""
    idle: bool = False


@record("ChangePlan")
@dataclass(frozen=True)
class ChangePlan:
    """What `step` will write to `tenant` (and to job `job_id`, if there is one).

    fingerprint    12 hexadecimal digits over tenant, job and changes
    confirmed_utc  when a person confirmed exactly this; "" before
    completed_utc  when it was completely carried out: from then on it allows nothing
    made_utc       when it was first shown; the confirmation is valid for 60 minutes from then
    """

    step: str
    tenant: str
    environment: str
    job_id: str
    summary: str
    changes: tuple[PlannedChange, ...]
    fingerprint: str
    confirmed_utc: str = ""
    completed_utc: str = ""
    made_utc: str = ""
    tenant_id: str = ""


def make_plan(
    step: str, tenant: PlannedIn, *, summary: str, changes: tuple[PlannedChange, ...], job_id: str = ""
) -> ChangePlan:
    """A plan with its fingerprint. Pure: the same changes always give the same plan."""
    told = [{"action": c.action, "object": c.object, "before": c.before, "after": c.after} for c in changes]
    said = json.dumps([tenant.name, tenant.tenant_id, job_id, step, told], sort_keys=True, ensure_ascii=False)
    mark = hashlib.sha256(said.encode("utf-8")).hexdigest()[:12]
    return ChangePlan(step, tenant.name, tenant.environment, job_id, summary, changes, mark, tenant_id=tenant.tenant_id)


def confirm_plan(plan: ChangePlan, confirm: str, *, tenant: PlannedIn, run: RunStore, now: datetime) -> ChangePlan:
    """The plan with its confirmation, kept in the run before anything is written.

    confirm  the fingerprint that was shown; or "sandbox", which is valid only there

    Raises Waiting, with the setting that lets the run continue, if no one has
    confirmed this plan in the 60 minutes since this run showed it, or if the tenant
    may not be written to at all (`writes = "never"`), even if it was confirmed before.
    """
    if not plan.changes:
        return plan
    earlier: ChangePlan | None = run.get(plan.step, "ChangePlan") if run.has(plan.step, "ChangePlan") else None
    may_write = tenant.is_sandbox or tenant.writes == "ask"
    if may_write and earlier and _is_rest_of(plan, earlier):
        return earlier
    shown = earlier is not None and earlier.fingerprint == plan.fingerprint
    if earlier and shown:
        shown_utc = earlier.made_utc
    else:
        shown_utc = utc_text(now)
    fresh = _is_fresh(shown_utc, now)
    if tenant.is_sandbox:
        allowed = confirm in (IN_THE_SANDBOX, plan.fingerprint)
    else:
        allowed = may_write and confirm == plan.fingerprint and shown and fresh
    if allowed:
        confirmed = replace(plan, confirmed_utc=utc_text(now), made_utc=shown_utc)
        run.keep(plan.step, confirmed, now=now)
        return confirmed
    run.keep(plan.step, replace(plan, made_utc=shown_utc if fresh else utc_text(now)), now=now)
    if run.choices(plan.step).get("confirm"):  # used up: a mere repetition must not make it good
        run.save_choices(plan.step, {"confirm": ""})
    raise _waiting(plan, _doubt(plan, confirm, shown=shown, fresh=fresh), tenant)


def _doubt(plan: ChangePlan, confirm: str, *, shown: bool, fresh: bool) -> str:
    """The reason why `confirm` does not confirm `plan`."""
    if confirm in ("", IN_THE_SANDBOX):
        return "it has not been confirmed yet"
    if confirm != plan.fingerprint:
        return "another plan was confirmed: something has changed since"
    if not shown:
        return "it was confirmed before this run showed it"
    if not fresh:
        return "the confirmation is older than 60 minutes"
    return "it has not been confirmed yet"


def _is_rest_of(plan: ChangePlan, earlier: ChangePlan) -> bool:
    """Whether `plan` is the rest of a confirmed plan that was interrupted: the same tenant
    and job, and nothing new. Changes already carried out may be marked as idle."""
    interrupted = bool(earlier.confirmed_utc) and not earlier.completed_utc
    if not interrupted or (earlier.tenant, earlier.tenant_id, earlier.job_id) != (
        plan.tenant,
        plan.tenant_id,
        plan.job_id,
    ):
        return False
    begun = {(change.action, change.object) for change in earlier.changes}
    return all(
        change in earlier.changes or (change.idle and (change.action, change.object) in begun)
        for change in plan.changes
    )


def _is_fresh(shown_utc: str, now: datetime) -> bool:
    """Whether a plan was shown at most 60 minutes ago; a future time, or none, proves nothing."""
    try:
        return -CLOCKS_DIFFER <= now - read_utc(shown_utc) <= VALID
    except ValueError:
        return False


def complete_plan(step: str, *, run: RunStore, now: datetime) -> None:
    """Note that the confirmed plan of `step` was carried out: the same changes need a new confirmation next time."""
    if not run.has(step, "ChangePlan"):
        return
    plan: ChangePlan = run.get(step, "ChangePlan")
    if plan.confirmed_utc and not plan.completed_utc:
        run.keep(step, replace(plan, completed_utc=utc_text(now)), now=now)


def _waiting(plan: ChangePlan, doubt: str, tenant: PlannedIn) -> Waiting:
    changes = count(len(plan.changes), "change")
    settings = {plan.step: {"confirm": plan.fingerprint}}
    if not tenant.is_sandbox and tenant.writes != "ask":
        return Waiting(
            f'the plan makes {changes} in {tenant.name}, but the tenant says writes = "{tenant.writes}": nothing was'
            " written",
            'Read the plan. To let scimkit write after a confirmation, set writes = "ask" under'
            f" [tenants.{tenant.name}] in scimkit.toml. Then continue with the command below.",
            settings=settings,
        )
    return Waiting(
        f"the plan makes {changes} in {tenant.name} ({tenant.environment}), and {doubt}: nothing was written",
        f"Read the plan, then confirm it: confirm = {plan.fingerprint}",
        settings=settings,
    )
