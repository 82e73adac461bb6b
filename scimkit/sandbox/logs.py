"""The provisioning log: what each cycle and each on-demand run did with each object.

Entries are kept compressed: 5,000 people leave as many entries with all their
steps, and the sandbox has to stay small.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry; what queries filter by lies open."""

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


def log_entry(
    *,
    ids: Mapping[str, str],
    time: str,
    tenant_id: str,
    action: str,
    status: str,
    error: dict[str, Any] | None,
    steps: Iterable[Any],
    modified: list[dict[str, Any]],
    source: dict[str, Any],
    target: dict[str, Any],
    service_principal: dict[str, str],
    target_system: dict[str, Any],
    source_system: dict[str, Any],
    initiated_by: dict[str, str],
) -> dict[str, Any]:
    """One provisioningObjectSummary. `ids` has id, job, cycle and change."""
    return {
        "id": ids["id"],
        "activityDateTime": time,
        "tenantId": tenant_id,
        "jobId": ids["job"],
        "cycleId": ids["cycle"],
        "changeId": ids["change"],
        "provisioningAction": action,
        "durationInMilliseconds": 1000,
        "servicePrincipal": service_principal,
        "sourceSystem": source_system,
        "targetSystem": target_system,
        "initiatedBy": initiated_by,
        "sourceIdentity": source,
        "targetIdentity": target,
        "provisioningStatusInfo": {"status": status, "errorInformation": error},
        "provisioningSteps": log_steps(steps),
        "modifiedProperties": modified,
    }
