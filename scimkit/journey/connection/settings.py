"""The settings stored for the provisioning service beside the token, all in one write."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimkit.clients.graph import GraphClient
from scimkit.credentials import Secret
from scimkit.errors import ConfigError, PlanRefused
from scimkit.evidence.change_plan import PlannedChange
from scimkit.journey.enterprise_app import EnterpriseApp

MASK = "set (not shown)"


@dataclass(frozen=True, slots=True)
class ProvisioningSettings:
    """The settings stored beside the token, all in one write.

    base_address  the real Tenant URL; shown_url as a record may contain it
    """

    base_address: str
    shown_url: str
    notification_email: str
    deletion_threshold: int

    def __post_init__(self) -> None:
        if self.deletion_threshold < 1:
            raise ConfigError(
                f"deletion_threshold is {self.deletion_threshold}",
                "Give the number of people at which a cycle stops instead of disabling them; at least 1.",
            )
        if self.notification_email and not re.fullmatch(r"[^@\s]+@[^@\s]+", self.notification_email):
            raise ConfigError(
                f"notification_email is {self.notification_email!r}, which is not an e-mail address",
                "Give one address.",
            )


def notification_settings(email: str, threshold: int) -> str:
    """The JSON text of SyncNotificationSettings; all members, because the value is one opaque string."""
    return json.dumps(
        {"Enabled": bool(email), "Recipients": email, "DeleteThresholdEnabled": True, "DeleteThresholdValue": threshold}
    )


def plan_credentials(
    graph: GraphClient, enterprise_app: EnterpriseApp, settings: ProvisioningSettings
) -> tuple[PlannedChange, ...]:
    """The one write of all provisioning settings. Existing values are shown, secrets are not.

    Raises PlanRefused while the job runs: scope and credentials are not changed during a cycle.
    """
    job = graph.job(enterprise_app.service_principal_id, enterprise_app.job_id) or {}
    if (job.get("schedule") or {}).get("state") == "Active":
        raise PlanRefused(
            f"provisioning of {enterprise_app.display_name} is running; its settings are not changed while it runs",
            "Stop it in the portal, wait until the running cycle has ended, then run this step again.",
        )
    there = graph.secrets(enterprise_app.service_principal_id)
    notice = (
        f"e-mail to {settings.notification_email or 'no one'}, stop before {settings.deletion_threshold} people are"
        " disabled in one cycle"
    )
    wanted = {
        "BaseAddress": settings.shown_url,
        "SecretToken": MASK,
        "SyncAll": "false (assigned people only)",
        "SyncNotificationSettings": notice,
    }
    return tuple(PlannedChange("set", key, _before(key, there), value) for key, value in wanted.items())


def _before(key: str, there: Mapping[str, str]) -> str:
    if key not in there:
        return "not set"
    if key in ("BaseAddress", "SyncAll"):
        return there[key]
    return MASK


def save_credentials(
    graph: GraphClient, enterprise_app: EnterpriseApp, settings: ProvisioningSettings, *, token: Secret
) -> tuple[str, ...]:
    """Write all provisioning settings at once, keeping other stored values; returns the names of the keys written.

    All keys are sent together because the meaning of a missing one is undefined
    (Graph: PUT secrets). A masked value is never sent back.
    """
    there = {k: v for k, v in graph.secrets(enterprise_app.service_principal_id).items() if "*" not in v}
    values: dict[str, Any] = {
        **there,
        "BaseAddress": settings.base_address,
        "SecretToken": token,
        "SyncAll": "false",
        "SyncNotificationSettings": notification_settings(settings.notification_email, settings.deletion_threshold),
    }
    graph.put_secrets(enterprise_app.service_principal_id, values)
    return tuple(values)
