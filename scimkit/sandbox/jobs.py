"""A synchronization job: its settings, how its last cycles went, and how Graph represents it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scimkit.evidence.records import utc_text
from scimkit.provisioning import GROUP, USER, Kind, Link
from scimkit.provisioning.targets import CORE_GROUP, ENTERPRISE_USER
from scimkit.sandbox.clock import NEVER

NO_INTERVAL = "P10675199DT2H48M5.4775807S"  # the largest .NET TimeSpan: "no interval"
INTERVAL = timedelta(minutes=40)
INTERVAL_TEXT = "PT40M"
FIRST_RETRY = timedelta(hours=6)
QUARANTINE_ENDS = timedelta(days=28)
COUNTERS = (
    "countEntitled",
    "countEntitledForProvisioning",
    "countEscrowed",
    "countEscrowedRaw",
    "countExported",
    "countExports",
    "countImported",
    "countImportedDeltas",
    "countImportedReferenceDeltas",
)


@dataclass(frozen=True)
class Execution:
    """One cycle, represented as synchronizationTaskExecution."""

    activity_id: str
    state: str
    began: datetime
    ended: datetime
    counts: dict[str, int]
    error_code: str = "None"
    error_message: str = ""

    def graph(self) -> dict[str, Any]:
        return {
            "activityIdentifier": self.activity_id,
            "state": self.state,
            "timeBegan": utc_text(self.began),
            "timeEnded": utc_text(self.ended),
            "error": {
                "code": self.error_code,
                "message": self.error_message,
                "tenantActionable": self.error_code != "None",
            },
            **{name: self.counts.get(name, 0) for name in COUNTERS},
        }


def _never_executed() -> dict[str, Any]:
    """What a job shows when it has not run: it looks like a failure but is not one."""
    return {
        "activityIdentifier": "",
        "state": "Failed",
        "timeBegan": NEVER,
        "timeEnded": NEVER,
        "error": {"code": "None", "message": "", "tenantActionable": False},
        **dict.fromkeys(COUNTERS, 0),
    }


@dataclass
class Quarantine:
    reason: str
    error_code: str
    error_message: str
    series_began: datetime
    current_began: datetime
    next_attempt: datetime
    count: int = 1

    def graph(self) -> dict[str, Any]:
        return {
            "reason": self.reason,
            "currentBegan": utc_text(self.current_began),
            "seriesBegan": utc_text(self.series_began),
            "nextAttempt": utc_text(self.next_attempt),
            "seriesCount": self.count,
            "error": {"code": self.error_code, "message": self.error_message, "tenantActionable": True},
        }


@dataclass
class Job:
    """The job of one service principal.

    state      of the schedule: Disabled (never started) | Active | Paused
    links      source id -> Link, for people this job has processed; group_links the same for groups
    seen       how many of the directory's changes the last cycle read; None: an initial cycle is due
    escrows    people and groups whose provisioning failed, or groups with failed members; retried
    pruned     the first cycle had too many escrows and has dropped them
    linked     how many of a kind were ever linked; never decreases when objects are removed
    due        when the next cycle begins; None: not scheduled
    """

    id: str
    template_id: str
    service_principal_id: str
    app: str
    schema: dict[str, Any]
    default_schema: dict[str, Any]
    created: datetime
    state: str = "Disabled"
    links: dict[str, Link] = field(default_factory=dict)
    group_links: dict[str, Link] = field(default_factory=dict)
    seen: int | None = None
    escrows: set[str] = field(default_factory=set)
    pruned: bool = False
    due: datetime | None = None
    settings: list[dict[str, str]] = field(default_factory=list)
    linked: dict[str, int] = field(default_factory=dict)
    force_deletes: bool = False
    last: Execution | None = None
    last_success: Execution | None = None
    last_exports: Execution | None = None
    quarantine: Quarantine | None = None
    failures: int = 0
    steady_first: datetime | None = None
    steady_last: datetime | None = None
    progress: tuple[int, int, str] | None = None  # done, total, seen at

    @property
    def code(self) -> str:
        if self.quarantine:
            return "Quarantine"
        if self.state == "Paused":
            return "Paused"
        if self.state == "Disabled":
            return "NotConfigured"
        if self.steady_first:
            return "Active"
        return "NotRun"

    def graph(self) -> dict[str, Any]:
        progress = []
        if self.progress:
            done, total, at = self.progress
            progress = [
                {"completedUnits": done, "totalUnits": total, "units": "pages", "progressObservationDateTime": at}
            ]
        return {
            "id": self.id,
            "templateId": self.template_id,
            "schedule": {
                "expiration": None,
                "interval": NO_INTERVAL if self.state == "Disabled" else INTERVAL_TEXT,
                "state": self.state,
            },
            "status": {
                "code": self.code,
                "countSuccessiveCompleteFailures": self.failures,
                "escrowsPruned": self.pruned,
                "lastExecution": _graph_of(self.last) or _never_executed(),
                "lastSuccessfulExecution": _graph_of(self.last_success),
                "lastSuccessfulExecutionWithExports": _graph_of(self.last_exports),
                "progress": progress,
                "quarantine": _graph_of(self.quarantine),
                "steadyStateFirstAchievedTime": _time_or_never(self.steady_first),
                "steadyStateLastAchievedTime": _time_or_never(self.steady_last),
                "synchronizedEntryCountByType": self._counts(),
                "troubleshootingUrl": "",
            },
            "synchronizationJobSettings": self.settings,
        }

    def _counts(self) -> list[dict[str, Any]]:
        targets = {USER.name: ENTERPRISE_USER, GROUP.name: CORE_GROUP}
        return [
            {"key": f"{name} to {target}", "value": self.linked[name]}
            for name, target in targets.items()
            if self.linked.get(name)
        ]

    def count_link(self, kind: Kind) -> None:
        self.linked[kind.name] = self.linked.get(kind.name, 0) + 1

    def forget_links(self) -> None:
        """Reset the connector data store: who this job has processed, and how many."""
        self.links.clear()
        self.group_links.clear()
        self.linked.clear()

    def enter_quarantine(self, reason: str, code: str, message: str, now: datetime) -> None:
        """In quarantine: retried 6, 12 and 24 hours after the first failure, then daily; switched off after 28 days."""
        if self.quarantine:
            began = self.quarantine.series_began
        else:
            began = now
        count = 1
        if self.quarantine:
            count = self.quarantine.count + 1
        if self.quarantine and self.quarantine.reason == reason:
            current = self.quarantine.current_began
        else:
            current = now
        after = {1: FIRST_RETRY, 2: FIRST_RETRY * 2}.get(count, FIRST_RETRY * 4 * (count - 2))
        self.quarantine = Quarantine(reason, code, message, began, current, began + after, count)
        if now - began >= QUARANTINE_ENDS:
            self.state, self.due = "Disabled", None
        else:
            self.due = self.quarantine.next_attempt


def _graph_of(part: Execution | Quarantine | None) -> dict[str, Any] | None:
    if part is None:
        return None
    return part.graph()


def _time_or_never(time: datetime | None) -> str:
    if time is None:
        return NEVER
    return utc_text(time)
