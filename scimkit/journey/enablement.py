"""Step 5d, second half: turn provisioning on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from scimkit.clients.graph import GraphClient
from scimkit.evidence.change_plan import PlannedChange
from scimkit.evidence.checks import Check, failed, passed, require_passed
from scimkit.evidence.counting import count
from scimkit.evidence.records import record, utc_text
from scimkit.journey.enterprise_app import EnterpriseApp, is_running
from scimkit.journey.forecast import Forecast, GroupForecast
from scimkit.journey.scope import Limits
from scimkit.monitoring.job_status import interval_words, last_began, read_status


@record("Enablement")
@dataclass(frozen=True)
class Enablement:
    """The job was turned on.

    started_utc  when, by the tenant's clock; for a job that was already running, the start of its last cycle
    interval     the job's own, ISO 8601; never the tutorial's
    """

    job_id: str
    started_utc: str
    interval: str
    mode: str
    deletion_threshold: int
    checks: tuple[Check, ...]


def plan_start(graph: GraphClient, enterprise_app: EnterpriseApp, forecast: Forecast) -> tuple[PlannedChange, ...]:
    """The start of the job, with the prediction for the first cycle; nothing if it is already running.

    Raises NotReady if the forecast has a failed check.
    """
    require_passed(forecast.checks)
    job = graph.job(enterprise_app.service_principal_id, enterprise_app.job_id) or {}
    if is_running(job):
        return ()
    told = (
        ", ".join(
            f"{count} {'no change' if action == 'nothing' else action}" for action, count in forecast.counts.items()
        )
        or "no one"
    )
    told += "".join(f"; the group {group.name}: {_group_words(group)}" for group in forecast.groups)
    return (
        PlannedChange(
            "start",
            f"provisioning of {enterprise_app.display_name}",
            "off",
            f"on; predicted for the first cycle: {told}",
        ),
    )


def start_provisioning(
    graph: GraphClient, enterprise_app: EnterpriseApp, *, now: datetime, limits: Limits
) -> Enablement:
    """Start the job and read it back. A job that is already running is left unchanged: then the cycle
    that started last counts as the first one, so that its events are not overlooked."""
    sp, job_id = enterprise_app.service_principal_id, enterprise_app.job_id
    job = graph.job(sp, job_id) or {}
    if is_running(job):
        began = last_began(job)
        # the log is read from after this time
        if began:
            now = min(now, began - timedelta(seconds=1))
    else:
        graph.start_job(sp, job_id)
        job = graph.job(sp, job_id) or {}
    status = read_status(job)
    active = is_running(job)
    if active:
        check = passed(
            "enable.started", f"provisioning is on; a cycle runs about every {interval_words(status.interval)}"
        )
    else:
        check = failed(
            "enable.started",
            "the job does not report that it is on",
            "Check the job's page in the portal, then run this step again.",
        )
    return Enablement(
        job_id,
        utc_text(now),
        status.interval,
        "assigned",
        limits.deletion_threshold,
        (check, *_not_quarantined(status.quarantine)),
    )


def _group_words(group: GroupForecast) -> str:
    """For example "update, 3 members added"."""
    members = [
        f"{count(number, 'member')} {what}"
        for number, what in ((group.members, "added"), (group.removed, "removed"))
        if number
    ]
    return ", ".join(["no change" if group.action == "nothing" else group.action, *members])


def _not_quarantined(quarantine: str) -> tuple[Check, ...]:
    if not quarantine:
        return ()
    return (
        failed(
            "enable.quarantine",
            f"the job is in quarantine: {quarantine}",
            "Fix the reason it names before anything else.",
        ),
    )
