"""The enterprise apps of the tenant: templates, instances, roles, assignments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from scimkit.evidence.records import utc_text
from scimkit.sandbox.clock import Clock
from scimkit.sandbox.identity import Ids
from scimkit.sandbox.jobs import Job

READABLE_AFTER = timedelta(seconds=2)  # a fresh app cannot be read at once …
TEMPLATES_AFTER = timedelta(seconds=4)  # … and its templates come later still
SENSITIVE = (
    "SecretToken",
    "Password",
    "ClientSecret",
    "AppKey",
    "ConsumerSecret",
    "Oauth2AccessToken",
    "Oauth2RefreshToken",
    "Oauth2ClientSecret",
)


@dataclass
class Assignment:
    id: str
    principal_id: str
    principal_name: str
    principal_type: str
    role_id: str
    created: datetime

    def graph(self, app: ServicePrincipal) -> dict[str, Any]:
        return {
            "id": self.id,
            "deletedDateTime": None,
            "appRoleId": self.role_id,
            "createdDateTime": utc_text(self.created),
            "principalDisplayName": self.principal_name,
            "principalId": self.principal_id,
            "principalType": self.principal_type,
            "resourceDisplayName": app.display_name,
            "resourceId": app.id,
        }


@dataclass
class ServicePrincipal:
    """One enterprise app with its registration.

    app      name of the profile it was created from, "" for the non-gallery template
    application_id, template_id
             "" where a sign-up at the vendor has added the app: the registration is the vendor's
    secrets  the provisioning credentials, as they were saved
    """

    id: str
    app_id: str
    application_id: str
    display_name: str
    template_id: str
    app: str
    created: datetime
    roles: list[dict[str, Any]]
    assignment_required: bool = True
    enabled: bool = True
    assignments: list[Assignment] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)

    def readable(self, clock: Clock) -> bool:
        return clock.now >= self.created + READABLE_AFTER

    def has_templates(self, clock: Clock) -> bool:
        return clock.now >= self.created + TEMPLATES_AFTER

    def graph(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "deletedDateTime": None,
            "accountEnabled": self.enabled,
            "appId": self.app_id,
            "appDisplayName": self.display_name,
            "applicationTemplateId": self.template_id or None,
            "appRoleAssignmentRequired": self.assignment_required,
            "appRoles": self.roles,
            "createdDateTime": utc_text(self.created),
            "displayName": self.display_name,
            "homepage": None,
            "notificationEmailAddresses": [],
            "preferredSingleSignOnMode": None,
            "servicePrincipalNames": [self.app_id],
            "servicePrincipalType": "Application",
            "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        }

    def application(self) -> dict[str, Any]:
        return {
            "id": self.application_id,
            "appId": self.app_id,
            "applicationTemplateId": self.template_id,
            "appRoles": self.roles,
            "createdDateTime": utc_text(self.created),
            "displayName": self.display_name,
            "identifierUris": [],
        }

    def masked_secrets(self) -> list[dict[str, str]]:
        return [{"key": key, "value": "*" if key in SENSITIVE else value} for key, value in self.secrets.items()]

    def assigned_ids(self, now: datetime, delay: timedelta) -> list[Assignment]:
        """The assignments that provisioning sees at `now`."""
        return [assignment for assignment in self.assignments if assignment.created + delay <= now]


def make_roles(ids: Ids, key: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """App roles of a gallery app. `msiam_access` comes with every one of them."""
    return [
        {
            "allowedMemberTypes": ["User"],
            "description": name,
            "displayName": name,
            "id": ids.named("role", f"{key}:{name}"),
            "isEnabled": True,
            "origin": "Application",
            "value": None,
        }
        for name in names
    ]
