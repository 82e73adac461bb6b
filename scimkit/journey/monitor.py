"""Step 6: wait for the first cycle, summarise its log, and compare the outcome with the prediction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from scimkit.clients.graph import GraphClient
from scimkit.errors import Waiting
from scimkit.evidence.checks import Check, failed, not_observed, passed, warning
from scimkit.evidence.records import read_utc, record, utc_text
from scimkit.journey.enablement import Enablement
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.journey.forecast import Forecast
from scimkit.monitoring.job_status import JobStatus, read_status
from scimkit.monitoring.log_lines import LogLine, read_line
from scimkit.provisioning.log_codes import REDUNDANT_EXPORT

JOB_SOURCE = "Graph: synchronizationTaskExecution"
POLLS = 50  # readings of the job before giving up; at one a minute less than the hour a headless cell may take


@record("LogSummary")
@dataclass(frozen=True)
class LogSummary:
    """What the service reports between two times.

    counts                    "create success", or just "skipped" if there was nothing to do -> how many
    forecast_against_outcome  person -> "forecast; outcome", only where the two differ
    """

    job_id: str
    from_utc: str
    to_utc: str
    job_status: str
    quarantine: str
    counts: Mapping[str, int]
    lines: tuple[LogLine, ...]
    forecast_against_outcome: Mapping[str, str]
    checks: tuple[Check, ...]


def wait_for_cycle(
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    enablement: Enablement,
    *,
    polls: int = POLLS,
    pause: Callable[[], None] | None = None,
) -> JobStatus:
    """Read the job until a cycle has ended since it was enabled, or it is in quarantine.

    pause  called between two readings; live it waits a minute, in the sandbox time
           passes automatically

    Raises Waiting after `polls` readings: a first cycle may take hours.
    """
    since = read_utc(enablement.started_utc)
    for _ in range(polls):
        status = read_status(graph.job(enterprise_app.service_principal_id, enterprise_app.job_id) or {})
        if status.quarantine or (status.last_cycle_utc and read_utc(status.last_cycle_utc) >= since):
            return status
        if pause is not None:
            pause()
    raise Waiting(
        "the first cycle has not ended yet",
        "A first cycle takes from 20 minutes to hours. Continue later with the command below.",
        settings={"6_monitor": {}},
    )


def summarize_logs(
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    status: JobStatus,
    forecast: Forecast,
    enablement: Enablement,
    *,
    now: datetime,
) -> LogSummary:
    """The log of the job since it was enabled, explained and compared with the forecast."""
    since = read_utc(enablement.started_utc)
    events = sorted(
        graph.provisioning_logs(enterprise_app.job_id, since=since), key=lambda event: event["activityDateTime"]
    )
    lines = tuple(read_line(event) for event in events)
    differences = compare_outcome(forecast, lines)
    checks = (*_check_job(status), *_check_lines(lines), _check_forecast(forecast, differences, lines))
    counts = Counter(line.status if line.action == "other" else f"{line.action} {line.status}" for line in lines)
    return LogSummary(
        enterprise_app.job_id,
        utc_text(since),
        utc_text(now),
        str(status),
        status.quarantine,
        dict(sorted(counts.items())),
        lines,
        differences,
        checks,
    )


def compare_outcome(forecast: Forecast, lines: Iterable[LogLine]) -> dict[str, str]:
    """Where the report for a person or a group differs from the prediction, by name. Matched by object id,
    because names change and two groups may have the same name."""
    reported: dict[tuple[str, str], list[LogLine]] = {}
    for each in lines:
        reported.setdefault((each.kind, each.source_id or each.person), []).append(each)
    predicted = [("User", row.person.id, row.person.user_principal_name, row.action) for row in forecast.rows]
    predicted += [("Group", group.id, group.name, group.action) for group in forecast.groups]
    found = {}
    for kind, object_id, name, action in predicted:
        line = _telling(reported.get((kind, object_id)) or reported.get((kind, name), []))
        outcome = "nothing reported"
        if line is not None:
            outcome = _outcome(line)
        if action == "unknown" or (action == "failure" and line is not None and line.status == "failure"):
            continue  # nothing was predicted; or it failed as predicted, with any code
        if outcome != action and not (
            action in ("nothing", "skip") and outcome in ("nothing", "skip", "nothing reported")
        ):
            if kind == "User":
                shown = name
            else:
                shown = f"the group {name}"
            found[f"{shown} ({object_id})" if shown in found else shown] = f"predicted {action}; reported {outcome}"
    return found


def _telling(lines: list[LogLine]) -> LogLine | None:
    """Of the events of one object, the first write that succeeded, because managers and members follow in
    events of their own; without one, the last event."""
    written = (
        line for line in lines if line.status == "success" and line.action in ("create", "update", "disable", "delete")
    )
    return next(written, lines[-1] if lines else None)


def _outcome(line: LogLine) -> str:
    if line.status == "failure":
        return f"failure {line.code}".strip()
    if line.status == "skipped":
        if line.code == REDUNDANT_EXPORT:
            return "nothing"
        return "skip"
    return line.action


def _check_job(status: JobStatus) -> tuple[Check, ...]:
    if status.quarantine:
        remedy = (
            "Fix what the message names, then restart provisioning. Until then it runs once a day, and it ends after"
            " four weeks."
        )
        return (
            failed(
                "monitor.quarantine",
                f"the job is in quarantine: {status.quarantine}",
                remedy,
                "Application provisioning in quarantine status",
            ),
        )
    if status.pruned:
        remedy = (
            "Fix the most common failure below, then restart provisioning. Failed people are not tried again"
            " automatically."
        )
        return (
            failed(
                "monitor.pruned",
                f"too many failed in the first cycle, and the service dropped them: {status}",
                remedy,
                JOB_SOURCE,
            ),
        )
    if status.last_result == "Failed":
        return (
            failed(
                "monitor.job",
                f"the last cycle failed: {status}",
                "Read the failures below. If there are none, the job's page in the portal gives the reason.",
                JOB_SOURCE,
            ),
        )
    if status.last_result == "EntryLevelErrors":
        return (
            warning(
                "monitor.job",
                f"the last cycle ended with errors for individual people: {status}",
                "Read the failures below.",
                JOB_SOURCE,
            ),
        )
    return (passed("monitor.job", f"the job is {status}"),)


def _check_lines(lines: tuple[LogLine, ...]) -> tuple[Check, ...]:
    if not lines:
        return (
            not_observed(
                "monitor.log",
                "the log has no event yet; events appear with a delay",
                "Run this step again in a few minutes.",
            ),
        )
    failures = [line for line in lines if line.status == "failure"]
    disabled = [line for line in lines if line.action in ("disable", "delete") and line.status == "success"]
    found = [
        warning(
            "monitor.failures",
            f"{line.person}: {line.meaning or line.code}",
            line.remedy or "Read the reason in the log.",
            line.code,
        )
        for line in failures
    ] or [passed("monitor.log", f"{len(lines)} events, none failed")]
    if disabled:
        found.append(
            warning(
                "monitor.switched_off",
                f"disabled: {', '.join(line.person for line in disabled)}",
                "Make sure that each of them has really left.",
            )
        )
    return tuple(found)


def _check_forecast(forecast: Forecast, differences: Mapping[str, str], lines: tuple[LogLine, ...]) -> Check:
    if not lines:
        return not_observed(
            "monitor.forecast", "nothing has been reported yet that could be compared with the forecast"
        )
    if differences:
        text = "; ".join(f"{person}: {what}" for person, what in differences.items())
        return warning(
            "monitor.forecast",
            f"{len(differences)} of {_looked_at(forecast)} did not turn out as predicted: {text}",
            "Check each of them before you widen the scope.",
        )
    return passed("monitor.forecast", f"the outcome is as predicted for each of {_looked_at(forecast)}")


def _looked_at(forecast: Forecast) -> str:
    return f"{len(forecast.rows)} people" + (
        f" and {len(forecast.groups)} group{'s' * (len(forecast.groups) > 1)}" if forecast.groups else ""
    )
