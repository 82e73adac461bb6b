"""Records as plain data, one of every kind, with what a hostile directory could put into them."""

from __future__ import annotations

from typing import Any

import pytest

ADA = {
    "id": "6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0",
    "user_principal_name": "ada.o'hara@contoso.example",
    "display_name": "Ada O'Hara",
    "mail": "ada@contoso.example",
    "enabled": True,
    "kind": "Member",
    "synced": False,
}
WEI = {
    "id": "0b4b3bbe-94aa-4a5c-9f5d-0bd0a2c0a001",
    "user_principal_name": "wei.wang@contoso.example",
    "display_name": "王小明",
    "mail": "",
    "enabled": True,
    "kind": "Guest",
    "synced": True,
}
CHECKS = [
    {"code": "a.good", "status": "passed", "message": "all is well", "remedy": "", "source": "RFC 7644 3.4"},
    {"code": "a.doubt", "status": "warning", "message": "hm", "remedy": "look again", "source": ""},
    {"code": "a.bad", "status": "failed", "message": "it is broken", "remedy": "mend it", "source": "tutorial step 5"},
    {"code": "a.later", "status": "not_reached", "message": "never asked", "remedy": "", "source": ""},
    {"code": "a.blind", "status": "not_observed", "message": "could not be read", "remedy": "", "source": ""},
]

RECORDS: dict[str, dict[str, Any]] = {
    "Readiness": {
        "app": "oreilly",
        "title": "O'Reilly learning platform",
        "tenant": "sandbox",
        "environment": "sandbox",
        "administrator": "admin@contoso.example",
        "decisions": {"single sign-on today": "same_app", "deletes wanted": "no"},
        "facts": [
            {
                "label": "tenant URL",
                "value": "https://api.example/scim/v2",
                "source": "tutorial step 2",
                "confirmed": True,
            },
            {"label": "seats", "value": "per user", "source": "vendor", "confirmed": False},
        ],
        "contradictions": [
            {"where": "tutorial step 5", "fault": "externalId is named twice", "kit": "takes the first"}
        ],
        "checks": CHECKS,
    },
    "TokenNote": {
        "app": "oreilly",
        "label": "SCIM token",
        "reference": "env:SCIM_TOKEN",
        "made_by": "admin",
        "expires": "",
        "overlap_hours": None,
        "remind_on": "",
        "checks": CHECKS[:1],
    },
    "EnterpriseApp": {
        "display_name": "O'Reilly",
        "service_principal_id": "60443998-8cf7-4e61-b05c-a53b658cb5e1",
        "application_id": "a",
        "app_id": "b",
        "gallery_template_id": "c",
        "template_id": "oreilly",
        "job_id": "oreilly.6ea91a8de32e41a1b7bdd2d185eed0e0.60443998-8cf7-4e61-b05c-a53b658cb5e1",
        "created": True,
        "roles": [{"id": "18d14569-c3bd-439b-9a66-3a2aee01d14f", "name": "User", "enabled": True}],
        "checks": CHECKS[:1],
    },
    "Scope": {
        "mode": "assigned",
        "assignments": [
            {
                "principal_id": ADA["id"],
                "name": "Ada O'Hara",
                "kind": "User",
                "role": "User",
                "direct_members": 0,
                "nested_members": 0,
                "made_here": True,
            },
            {
                "principal_id": "g",
                "name": "Everybody in sales",
                "kind": "Group",
                "role": "User",
                "direct_members": 12,
                "nested_members": 3,
                "made_here": False,
            },
        ],
        "filters": ["department EQUALS Sales"],
        "people": 13,
        "pilot": [ADA, WEI],
        "checks": CHECKS[:2],
    },
    "ConnectionReport": {
        "tenant_url": "http://sandbox/apps/oreilly/scim/v2",
        "matching": "userName",
        "exchanges": [
            {
                "sent": 'GET /Users?filter=userName eq "9f3c0f0e-7a55-4d0e-8c1c-3f0b2c1d4e5f"',
                "status": 200,
                "media_type": "application/scim+json",
                "found": "an empty list",
            },
            {"sent": "GET /Schemas", "status": None, "media_type": "", "found": "no answer"},
        ],
        "graph_verdict": "accepted",
        "secrets_written": ["BaseAddress", "SecretToken", "SyncAll"],
        "notification_email": "it@contoso.example",
        "deletion_threshold": 5,
        "checks": CHECKS[:1],
    },
    "MappingReview": {
        "rows": [
            {
                "target": "userName",
                "expected": "[userPrincipalName]",
                "live": "userPrincipalName",
                "apply": "Always",
                "matching": 1,
                "values": {
                    ADA["user_principal_name"]: ADA["user_principal_name"],
                    WEI["user_principal_name"]: "wei.wang@contoso.example",
                },
            },
            {
                "target": "active",
                "expected": 'Switch([IsSoftDeleted], , "False", "True", "True", "False")',
                "live": "[accountEnabled]",
                "apply": "Always",
                "matching": 0,
                "values": {ADA["user_principal_name"]: "True", WEI["user_principal_name"]: "True"},
            },
            {
                "target": "name.givenName",
                "expected": "[givenName]",
                "live": "(no such row)",
                "apply": "",
                "matching": 0,
                "values": {},
            },
        ],
        "pilot": [ADA["user_principal_name"], WEI["user_principal_name"]],
        "checks": CHECKS[:3],
    },
    "ChangePlan": {
        "step": "5c_pilot",
        "tenant": "sandbox",
        "environment": "sandbox",
        "job_id": "oreilly.1",
        "summary": "Provision two people.",
        "changes": [
            {"action": "provision", "object": "ada.o'hara@contoso.example", "before": "", "after": "an account"}
        ],
        "fingerprint": "1a2b3c4d5e6f",
        "confirmed_utc": "",
        "made_utc": "",
    },
    "PilotResult": {
        "job_id": "oreilly.1",
        "from_utc": "2026-03-02T09:15:00Z",
        "to_utc": "2026-03-02T09:20:00Z",
        "people": [
            {
                "person": ADA,
                "predicted": "create",
                "reported": "Success",
                "observed": {"userName": "ada.o'hara@contoso.example", "active": True},
                "target_id": "u-1",
                "log_id": "l-1",
                "verdict": "as predicted",
            },
            {
                "person": WEI,
                "predicted": "create",
                "reported": "",
                "observed": None,
                "target_id": "",
                "log_id": "",
                "verdict": "not observed",
            },
        ],
        "checks": CHECKS[:1],
    },
    "Forecast": {
        "rows": [
            {"person": ADA, "action": "nothing", "reason": "there already"},
            {"person": WEI, "action": "create", "reason": "no account matches userName"},
        ],
        "counts": {"create": 1, "nothing": 1},
        "observed_accounts": None,
        "checks": CHECKS[:1],
    },
    "Enablement": {
        "job_id": "oreilly.1",
        "started_utc": "2026-03-02T10:00:00Z",
        "interval": "40 minutes",
        "mode": "assigned",
        "deletion_threshold": 5,
        "checks": CHECKS[:1],
    },
    "LogSummary": {
        "job_id": "oreilly.1",
        "from_utc": "2026-03-02T10:00:00Z",
        "to_utc": "2026-03-02T10:45:00Z",
        "job_status": "Active",
        "quarantine": "",
        "counts": {"Success": 1, "Failure": 1},
        "lines": [
            {
                "person": ADA,
                "action": "Create",
                "status": "Success",
                "code": "",
                "meaning": "an account was made",
                "remedy": "",
                "time_utc": "2026-03-02T10:01:00Z",
            },
            {
                "person": WEI,
                "action": "Create",
                "status": "Failure",
                "code": "SystemForCrossDomainIdentityManagementServiceIncompatible",
                "meaning": "the app refused " + "a long text " * 12,
                "remedy": "give a mail",
                "time_utc": "2026-03-02T10:02:00Z",
            },
        ],
        "forecast_against_outcome": {WEI["user_principal_name"]: "create; create failure"},
        "checks": CHECKS[:1],
    },
    "Probe": {
        "matching": "userName",
        "exchanges": [{"sent": "GET /Users", "status": 401, "media_type": "", "found": "refused"}],
        "checks": CHECKS[2:3],
    },
    "Compatibility": {
        "address": "https://scim.example.com/v2",
        "app": "",
        "written": True,
        "flag": False,
        "matching": ["userName"],
        "mapped": ["userName", "active"],
        "mapped_groups": ["displayName"],
        "verdict": "works_if",
        "sentence": "Entra will work if: Switch the group mapping off.",
        "conditions": ["Switch the group mapping off."],
        "note": "",
        "rows": [
            {
                "code": code,
                "title": "…",
                "theme": "group",
                "dialect": "both",
                "people": "",
                "outcome": outcome,
                "sent": "",
                "got": "",
                "cause": "compat.no_groups",
                "targets": [],
            }
            for code, outcome in (("group.no_match", "failed"), ("group.create", "not_reached"))
        ],
        "findings": [
            {
                "cause": "compat.no_groups",
                "title": "There is no Groups endpoint",
                "breaks": breaks,
                "dialects": ["both"],
                "explains": ["group.no_match", "group.create"],
                "rows": ["displayName"],
                "sent": "GET /Groups?filter=displayName",
                "got": "404",
                "means": "a job that asks for groups goes into quarantine",
                "who": "both",
                "remedy": "Offer /Groups.",
                "meanwhile": "Switch the group mapping off.",
                "evidence": "unconfirmed",
                "source": "a report",
            }
            for breaks in ("fails", "advice")
        ],
        "requests": 12,
        "left_behind": [{"resource_type": "Users", "id": "7", "name": "scimkit-probe-0123abcd-P1@example.com"}],
        "made_utc": "2026-03-02T10:00:00Z",
        "checks": CHECKS[:2],
    },
    "StepGuide": {
        "app": "O'Reilly",
        "step": "5a_connection",
        "heading": "Step 5: Configure automatic provisioning",
        "url": "https://learn.example/tutorial#step-5",
        "lines": [{"kind": "do", "text": "Select Test Connection", "source": "tutorial step 5"}],
    },
}


@pytest.fixture(params=sorted(RECORDS))
def kind_and_data(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Every kind in turn, with its data."""
    return request.param, RECORDS[request.param]


@pytest.fixture
def records() -> dict[str, dict[str, Any]]:
    return RECORDS
