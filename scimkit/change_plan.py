"""The change plan: what a notebook is about to write, and whether it may.

One plan a notebook, shown before its one confirmation. The fingerprint covers
tenant, job and changes, never times: what was read is what will be done. A plan
that was confirmed and then interrupted is completed on resume, because what is
left of it is a part of what was confirmed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scimkit.errors import Waiting
from scimkit.records import read_utc, record, to_plain, utc_text
from scimkit.runs import RunStore
from scimkit.tenant import Tenant

VALID = timedelta(minutes=60)
IN_THE_SANDBOX = "sandbox"  # the default of every `confirm`: good there only


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One change: `action` (create, assign, set, provision, start), on which object,
    from what to what. Secrets stand as a word, never as a value."""

    action: str
    object: str
    before: str = ""
    after: str = ""


@record("ChangePlan")
@dataclass(frozen=True)
class ChangePlan:
    """What `step` will write to `tenant` (and to job `job_id`, where there is one).

    fingerprint    12 hexadecimal digits over tenant, job and changes
    confirmed_utc  when somebody said yes to exactly this; "" before
    completed_utc  when it was carried out to the end: it allows nothing from then on
    made_utc       when it was first shown; the confirmation is good for 60 minutes from then
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


def make_plan(step: str, tenant: Tenant, *, summary: str, changes: tuple[PlannedChange, ...], job_id: str = "") -> ChangePlan:
    """A plan with its fingerprint. Pure: the same changes always give the same plan."""
    said = json.dumps([tenant.name, tenant.tenant_id, job_id, step, to_plain(changes)], sort_keys=True, ensure_ascii=False)
    mark = hashlib.sha256(said.encode("utf-8")).hexdigest()[:12]
    return ChangePlan(step, tenant.name, tenant.environment, job_id, summary, changes, mark)


def confirm_plan(plan: ChangePlan, confirm: str, *, tenant: Tenant, run: RunStore, now: datetime) -> ChangePlan:
    """The plan with its confirmation, kept in the run before anything is written.

    confirm  the fingerprint that was shown; or "sandbox", which is good there only

    Raises Waiting, with the setting that lets the run go on, when nobody has
    confirmed this plan in the last 60 minutes, or when the tenant may not be
    written to at all (`writes = "never"`).
    """
    if not plan.changes:
        return plan
    earlier: ChangePlan | None = run.get(plan.step, "ChangePlan") if run.has(plan.step, "ChangePlan") else None
    if earlier and _is_rest_of(plan, earlier):
        return earlier
    shown_utc = earlier.made_utc if earlier and earlier.fingerprint == plan.fingerprint else utc_text(now)
    fresh = now - read_utc(shown_utc) <= VALID
    if tenant.is_sandbox:
        allowed = confirm in (IN_THE_SANDBOX, plan.fingerprint)
    else:
        allowed = tenant.writes == "ask" and confirm == plan.fingerprint and fresh
    if allowed:
        confirmed = replace(plan, confirmed_utc=utc_text(now), made_utc=shown_utc)
        run.keep(plan.step, confirmed, now=now)
        return confirmed
    run.keep(plan.step, replace(plan, made_utc=shown_utc if fresh else utc_text(now)), now=now)
    raise _waiting(plan, confirm, tenant, fresh=fresh)


def _is_rest_of(plan: ChangePlan, earlier: ChangePlan) -> bool:
    """Whether `plan` is what is left of a confirmed plan that was interrupted."""
    interrupted = bool(earlier.confirmed_utc) and not earlier.completed_utc
    return interrupted and set(plan.changes) <= set(earlier.changes) and (earlier.tenant, earlier.job_id) == (plan.tenant, plan.job_id)


def complete_plan(step: str, *, run: RunStore, now: datetime) -> None:
    """Note that the confirmed plan of `step` was carried out: the same changes need a new confirmation next time."""
    if not run.has(step, "ChangePlan"):
        return
    plan: ChangePlan = run.get(step, "ChangePlan")
    if plan.confirmed_utc and not plan.completed_utc:
        run.keep(step, replace(plan, completed_utc=utc_text(now)), now=now)


def _waiting(plan: ChangePlan, confirm: str, tenant: Tenant, *, fresh: bool) -> Waiting:
    count = f"{len(plan.changes)} change{'s' if len(plan.changes) != 1 else ''}"
    settings = {plan.step: {"confirm": plan.fingerprint}}
    if not tenant.is_sandbox and tenant.writes != "ask":
        return Waiting(
            f'{plan.step} would make {count} in {tenant.name}, but the tenant says writes = "{tenant.writes}": nothing was written',
            f'Read the plan. To let scimkit write after a confirmation, set writes = "ask" under [tenants.{tenant.name}] in scimkit.toml, then go on with the command below.',
            settings=settings,
        )
    why = "the confirmation is older than 60 minutes" if confirm == plan.fingerprint and not fresh else "nobody has confirmed it yet"
    if confirm not in ("", IN_THE_SANDBOX, plan.fingerprint):
        why = "what was confirmed is another plan: something has changed since"
    return Waiting(
        f"{plan.step} would make {count} in {tenant.name} ({tenant.environment}), and {why}: nothing was written",
        f"Read the plan, then confirm it: confirm = {plan.fingerprint}",
        settings=settings,
    )
