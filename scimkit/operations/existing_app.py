"""The enterprise app that an operation works on, if another run or another person has set it up."""

from __future__ import annotations

from scimkit.apps.profile import AppProfile
from scimkit.clients.graph import GraphClient
from scimkit.errors import NotReady, PlanRefused
from scimkit.evidence.checks import passed
from scimkit.evidence.journal import Journal
from scimkit.journey.enterprise_app import EnterpriseApp, Role, find_app


def open_app(app: AppProfile, graph: GraphClient, journal: Journal, *, adopt: str) -> EnterpriseApp:
    """The app of this tenant that `adopt` names, with its provisioning job. Only reads.

    adopt  display name or object id

    Raises PlanRefused if no app or more than one app has that name, or if no name is given:
    scimkit leaves alone any app it was not instructed to use. NotReady if the app has no job.
    """
    candidates = find_app(app, graph, journal)
    there = ", ".join(f"{sp['displayName']} ({sp['id']})" for sp in candidates.existing)
    remedy = (
        f"Existing apps: {there}. Set adopt to the name or object id of the app you mean, or set service_principal"
        f" under [apps.{app.name}] in scimkit.toml."
    )
    fit = [sp for sp in candidates.existing if adopt and adopt in (sp["id"], sp["displayName"])]
    if len(fit) != 1:
        if adopt:
            said = f"{len(fit)} enterprise apps of {app.title} are called {adopt}"
        else:
            said = f"this run has not set up {app.title}, and no app is named"
        raise PlanRefused(
            said,
            (
                remedy
                if there
                else (
                    "There is no such app in this tenant. Set it up first with `scimkit run onboard`, or with the"
                    " notebooks from 1_plan onwards."
                )
            ),
        )
    principal = graph.service_principal(fit[0]["id"]) or fit[0]
    jobs = graph.jobs(principal["id"])
    if not jobs:
        raise NotReady(
            f"{principal['displayName']} has no provisioning job",
            "Set up provisioning first, with `scimkit run onboard` or in the portal.",
        )
    application = graph.application(principal["appId"])
    return EnterpriseApp(
        principal["displayName"],
        principal["id"],
        str(application["id"]) if application else "",
        principal["appId"],
        str(principal.get("applicationTemplateId") or ""),
        str(jobs[0].get("templateId") or ""),
        jobs[0]["id"],
        False,
        tuple(
            Role(r["id"], r["displayName"], bool(r.get("isEnabled", True)))
            for r in principal.get("appRoles", ())
            if "User" in r.get("allowedMemberTypes", ())
        ),
        (passed("app.existing", f"{principal['displayName']} exists, with its provisioning job"),),
    )
