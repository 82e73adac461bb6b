"""The provisioning log in plain words: one line per event, with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimkit.evidence.records import read_utc, utc_text
from scimkit.monitoring.explanations import explain


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of the log.

    person  user principal name if the log has it, else the display name; for a group its name
    kind    User | Group, as the log calls it
    source_id  object id in Entra; "" in a record from before it was stored
    action  create | update | disable | delete | stageddelete | other
    status  success | failure | skipped | warning
    """

    person: str
    action: str
    status: str
    code: str
    meaning: str
    remedy: str
    time_utc: str
    kind: str = "User"
    source_id: str = ""


def read_line(event: Mapping[str, Any]) -> LogLine:
    """One provisioningObjectSummary as a line. Values are compared without regard to case, because
    the log and the documentation spell them differently."""
    source = event.get("sourceIdentity") or {}
    status = event.get("provisioningStatusInfo") or {}
    error = status.get("errorInformation") or {}
    code = str(error.get("errorCode") or _skip_reason(event))
    told = explain(code)
    person = (
        (source.get("details") or {}).get("UserPrincipalName") or source.get("displayName") or source.get("id") or ""
    )
    return LogLine(
        str(person),
        str(event.get("provisioningAction") or "other").lower(),
        str(status.get("status") or "").lower(),
        code,
        told.meaning,
        told.remedy,
        utc_text(read_utc(event["activityDateTime"])),
        "Group" if str(source.get("identityType") or "").casefold() == "group" else "User",
        str(source.get("id") or ""),
    )


def _skip_reason(event: Mapping[str, Any]) -> str:
    for step in event.get("provisioningSteps") or ():
        reason = (step.get("details") or {}).get("SkipReason")
        if reason:
            return str(reason)
    return ""
