"""The state of the provisioning job, read without being misled by its sentinel values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scimkit.evidence.counting import count
from scimkit.evidence.records import read_utc, utc_text

NEVER = "0001-01-01"  # year 1 stands for "never" in any time of a job
UNEXPLAINED = "Graph gives no reason"
NO_INTERVAL = "P10675199D"  # the largest .NET TimeSpan stands for "no interval"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One reading of a job.

    state           not started | waiting for its first cycle | running | stopped | quarantine
    last_cycle_utc  end of the last finished cycle, "" before the first
    last_result     Succeeded | Failed | EntryLevelErrors | "" before the first
    interval        ISO 8601, "" if there is none
    quarantine      reason and message, "" outside quarantine
    accounts        counts by type of the synchronized entries
    pruned          so many failed in the first cycle that the service has dropped them and paused
    """

    state: str
    last_cycle_utc: str
    last_result: str
    interval: str
    quarantine: str
    accounts: Mapping[str, int]
    pruned: bool = False

    def __str__(self) -> str:
        parts = [self.state]
        if self.last_cycle_utc:
            parts.append(f"last cycle {self.last_cycle_utc}: {self.last_result}")
        if self.quarantine:
            parts.append(self.quarantine)
        return "; ".join(parts)


def read_status(job: Mapping[str, Any]) -> JobStatus:
    """The status of a Graph synchronizationJob (Graph reference: synchronizationStatus).

    `code` alone misleads: it is combined with the schedule, the quarantine and the
    last execution.
    """
    status = job.get("status") or {}
    schedule = job.get("schedule") or {}
    last = status.get("lastExecution") or {}
    quarantine = _quarantine(status.get("quarantine")) or (UNEXPLAINED if status.get("code") == "Quarantine" else "")
    ended = _moment(last.get("timeEnded"))
    ended_utc, last_state = "", ""
    if ended:
        ended_utc, last_state = utc_text(ended), str(last.get("state") or "")
    interval = str(schedule.get("interval") or "")
    if interval.startswith(NO_INTERVAL):
        interval = ""
    return JobStatus(
        _state(schedule, bool(quarantine), ended is not None),
        ended_utc,
        last_state,
        interval,
        quarantine,
        {str(item["key"]): int(item["value"]) for item in status.get("synchronizedEntryCountByType") or ()},
        status.get("escrowsPruned") is True,
    )


def last_began(job: Mapping[str, Any]) -> datetime | None:
    """When the last finished cycle of a Graph synchronizationJob began; None before the first."""
    return _moment(((job.get("status") or {}).get("lastExecution") or {}).get("timeBegan"))


def last_ended(job: Mapping[str, Any]) -> datetime | None:
    """When the last finished cycle of a Graph synchronizationJob ended; None before the first."""
    return _moment(((job.get("status") or {}).get("lastExecution") or {}).get("timeEnded"))


def interval_words(interval: str) -> str:
    """An ISO 8601 duration in readable form; anything that is not a simple duration stays as it is.

    >>> interval_words("PT40M"), interval_words("PT1H30M")
    ('40 minutes', '1 hour 30 minutes')
    """
    found = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?", interval)
    if found is None or not any(found.groups()):
        return interval or "as the service decides"
    parts = [(int(number), unit) for number, unit in zip(found.groups(), ("hour", "minute"), strict=True) if number]
    return " ".join(count(number, unit) for number, unit in parts)


def _state(schedule: Mapping[str, Any], quarantined: bool, ran: bool) -> str:
    if quarantined:
        return "quarantine"
    if schedule.get("state") == "Active":
        if ran:
            return "running"
        return "waiting for its first cycle"
    if ran:
        return "stopped"
    return "not started"


def _quarantine(raw: Mapping[str, Any] | None) -> str:
    if not raw or not raw.get("reason") or not _moment(raw.get("currentBegan")):
        return ""
    error = raw.get("error") or {}
    said = ""
    if error.get("message"):
        said = f": {error['message']}"
    return f"{raw['reason']} since {utc_text(_moment(raw['currentBegan']) or read_utc(raw['currentBegan']))}{said}"


def _moment(text: str | None) -> datetime | None:
    if not text or text.startswith(NEVER):
        return None
    return read_utc(text)
