"""The provisioning service's report on one object, in one shape.

Provisioning on demand answers in three documented shapes, the provisioning log
in a fourth with other member names and capitalization (Graph reference:
provisionOnDemand, provisioningObjectSummary). `Reported` is what they have in common; actions and results are read
without regard to case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

STATUS_INFO = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo"  # the literal key of shape B
_RESULTS = {"success": "Success", "skipped": "Skipped", "failure": "Failure", "failed": "Failure", "warning": "Warning"}


@dataclass(frozen=True, slots=True)
class ReportedStep:
    """One provisioning step. type: Import, Scoping, Matching, Export …; details are strings, also "True"."""

    type: str
    name: str
    status: str
    description: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Modified:
    """One attribute that was, or would have been, written. None: not given."""

    name: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class OnDemand:
    """The result for one object.

    result      Success | Skipped | Failure | Warning, or "" if the answer does not say
    error_code  such as RedundantExport; "" for none
    message     the service's own words; "" for none
    action      Create, Update, Disable, Other …, first letter in upper case; "" if missing
    target_id   the object's id in the app; "" if missing
    raw         the answer, with the JSON strings inside it parsed
    """

    result: str
    error_code: str
    message: str
    action: str
    steps: tuple[ReportedStep, ...]
    modified: tuple[Modified, ...]
    target_id: str
    raw: Any


def read_on_demand(answer: Mapping[str, Any]) -> OnDemand:
    """The answer of provisionOnDemand, in any of its shapes (A object, B array, C empty)."""
    key, value = _unpacked(answer.get("key")), _unpacked(answer.get("value"))
    objects = [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, Mapping) and item]
    if isinstance(key, Mapping):
        head = key
    else:
        head = {}
    inner = _worst(objects)
    read = _read(inner, type_member="type", name_member="name", raw={"key": key, "value": value})
    details = _mapping(head.get("details"))
    return OnDemand(
        result=_RESULTS.get(str(head.get("result", "")).lower(), "") or read.result,
        error_code=str(details.get("errorCode") or "") or read.error_code,
        message=str(details.get("errorMessage") or "") or read.message,
        action=read.action,
        steps=read.steps,
        modified=read.modified,
        target_id=read.target_id,
        raw=read.raw,
    )


def read_log_entry(entry: Mapping[str, Any]) -> OnDemand:
    """The same for one line of the provisioning log (provisioningObjectSummary)."""
    return _read(entry, type_member="provisioningStepType", name_member="name", raw=dict(entry))


def _read(item: Mapping[str, Any], *, type_member: str, name_member: str, raw: Any) -> OnDemand:
    status = _mapping(item.get("provisioningStatusInfo") or item.get("statusInfo"))
    error = _mapping(status.get("errorInformation") or status.get("errorInfo") or status)
    steps = tuple(
        ReportedStep(
            type=_capital(step.get(type_member) or step.get("type") or step.get("provisioningStepType")),
            name=str(step.get(name_member) or step.get("displayName") or ""),
            status=_RESULTS.get(str(step.get("status", "")).lower(), _capital(step.get("status"))),
            description=str(step.get("description") or ""),
            details=dict(_mapping(_unpacked(step.get("details")))),
        )
        for step in item.get("provisioningSteps") or ()
        if isinstance(step, Mapping)
    )
    modified = tuple(
        Modified(str(change.get("displayName") or ""), _text(change.get("oldValue")), _text(change.get("newValue")))
        for change in item.get("modifiedProperties") or ()
        if isinstance(change, Mapping)
    )
    return OnDemand(
        result=_RESULTS.get(str(status.get("status", "")).lower(), ""),
        error_code=str(error.get("errorCode") or ""),
        message=str(error.get("reason") or error.get("additionalDetails") or ""),
        action=_capital(item.get("provisioningAction") or item.get("action")),
        steps=steps,
        modified=modified,
        target_id=str(_mapping(item.get("targetIdentity")).get("id") or ""),
        raw=raw,
    )


def _worst(objects: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Of several objects in one answer the failed one, otherwise the last: the export follows the import."""
    for item in objects:
        if str(_mapping(item.get("statusInfo")).get("status", "")).lower() in ("failure", "failed"):
            return item
    if objects:
        return objects[-1]
    return {}


def _unpacked(value: Any) -> Any:
    """JSON inside a string, parsed; any other value unchanged."""
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    return {}


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value)


def _capital(value: Any) -> str:
    text = str(value or "")
    return text[:1].upper() + text[1:]
