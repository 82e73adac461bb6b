"""The provisioning log: what each cycle and each on-demand run did with each object.

Entries are kept compressed: 5,000 people produce as many entries with all their
steps, and the sandbox must stay small.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry; the fields that queries filter by are not compressed."""

    id: str
    job_id: str
    time: str
    packed: bytes

    def outline(self) -> dict[str, Any]:
        return {"id": self.id, "jobId": self.job_id, "activityDateTime": self.time}

    def graph(self) -> dict[str, Any]:
        entry: dict[str, Any] = json.loads(zlib.decompress(self.packed))
        return entry


class LogBook:
    """All entries, oldest first."""

    def __init__(self) -> None:
        self.entries: list[Kept] = []

    def add(self, entry: dict[str, Any]) -> None:
        packed = zlib.compress(json.dumps(entry, ensure_ascii=False).encode(), 1)
        self.entries.append(Kept(entry["id"], entry["jobId"], entry["activityDateTime"], packed))


def log_steps(steps: Iterable[Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": s.name,
            "provisioningStepType": s.type,
            "status": s.status,
            "description": s.description,
            "details": dict(s.details),
        }
        for s in steps
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of the log. `ids` has id, job, cycle and change."""

    ids: Mapping[str, str]
    time: str
    tenant_id: str
    action: str
    status: str
    error: dict[str, Any] | None
    steps: Iterable[Any]
    modified: list[dict[str, Any]]
    source: dict[str, Any]
    target: dict[str, Any]
    service_principal: dict[str, str]
    target_system: dict[str, Any]
    source_system: dict[str, Any]
    initiated_by: dict[str, str]

    def graph(self) -> dict[str, Any]:
        """As returned by Graph: a provisioningObjectSummary."""
        return {
            "id": self.ids["id"],
            "activityDateTime": self.time,
            "tenantId": self.tenant_id,
            "jobId": self.ids["job"],
            "cycleId": self.ids["cycle"],
            "changeId": self.ids["change"],
            "provisioningAction": self.action,
            "durationInMilliseconds": 1000,
            "servicePrincipal": self.service_principal,
            "sourceSystem": self.source_system,
            "targetSystem": self.target_system,
            "initiatedBy": self.initiated_by,
            "sourceIdentity": self.source,
            "targetIdentity": self.target,
            "provisioningStatusInfo": {"status": self.status, "errorInformation": self.error},
            "provisioningSteps": log_steps(self.steps),
            "modifiedProperties": self.modified,
        }
