"""Step 3: the enterprise app and its provisioning job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.change_plan import PlannedChange
from scimkit.checks import Check, failed, passed, warning
from scimkit.clients.graph import GraphClient
from scimkit.errors import NotReady, PlanRefused
from scimkit.journal import Journal
from scimkit.records import record

READY_SECONDS = 600  # a fresh service principal is known everywhere within minutes (field observation)


@dataclass(frozen=True, slots=True)
class Role:
    """One app role of the service principal."""

    id: str
    name: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class AppCandidates:
    """What Graph shows before anything is made.

    template   the gallery entry; {} where none was found under the profile's names
    existing   service principals made from it; `ours` are the ids this run made
    """

    template: dict[str, Any]
    searched: tuple[str, ...]
    existing: tuple[dict[str, Any], ...]
    ours: frozenset[str]
    checks: tuple[Check, ...]


@record("EnterpriseApp")
@dataclass(frozen=True)
class EnterpriseApp:
    """The enterprise app that provisions.

    gallery_template_id  of the gallery entry it was made from
    template_id          of the synchronization template the job was made from
    created              made by this run; False: adopted by name
    """

    display_name: str
    service_principal_id: str
    application_id: str
    app_id: str
    gallery_template_id: str
    template_id: str
    job_id: str
    created: bool
    roles: tuple[Role, ...]
    checks: tuple[Check, ...]


def find_app(app: AppProfile, graph: GraphClient, journal: Journal) -> AppCandidates:
    """The gallery entry of `app` and the enterprise apps already made from it.

    No public source gives the template's id, so it is looked up by each exact name
    of the profile.
    """
    templates: list[dict[str, Any]] = []
    for name in app.gallery_names:
        templates += [t for t in graph.find_templates(name) if t["id"] not in {known["id"] for known in templates}]
    fit = [t for t in templates if "sync" in t.get("supportedProvisioningTypes", ())]
    if len(fit) != 1:
        return AppCandidates({}, app.gallery_names, (), frozenset(), (_no_template(app, templates, fit),))
    existing = tuple(graph.find_service_principals(template_id=fit[0]["id"]))
    ours = frozenset(sp["id"] for sp in existing if made_here(journal, sp["id"]))
    check = passed("app.gallery_entry", f"the gallery has {fit[0]['displayName']}, with a provisioning connector", "Graph: applicationTemplate")
    return AppCandidates(fit[0], app.gallery_names, existing, ours, (check,))


def made_here(journal: Journal, object_id: str) -> bool:
    """Whether a write of this run was answered with `object_id`: only that is ours."""
    return any(entry.state == "done" and object_id in json.dumps(entry.answer) for entry in journal.entries())


def _no_template(app: AppProfile, found: list[dict[str, Any]], fit: list[dict[str, Any]]) -> Check:
    names = ", ".join(app.gallery_names)
    if len(fit) > 1:
        return failed("app.gallery_entry", f"the gallery has {len(fit)} entries under {names}", "Adopt the right app by name: make it in the portal, then set adopt.")
    if found:
        return failed("app.gallery_entry", f"the gallery entry {found[0]['displayName']} has no provisioning connector", f"Ask the vendor ({app.help_contact or 'its help page'}) which entry to use.")
    return failed("app.gallery_entry", f"the gallery has no entry called {names}", "Look it up in the portal's gallery; add its exact name to the profile's gallery names.")


def plan_app(app: AppProfile, graph: GraphClient, candidates: AppCandidates, *, display_name: str, adopt: str) -> tuple[PlannedChange, ...]:
    """What must be made: the enterprise app, its provisioning job, or nothing.

    display_name  name for a new enterprise app; "" takes the gallery's
    adopt         display name or object id of an existing app to use instead

    Raises NotReady when the gallery has no fitting entry, PlanRefused when apps
    exist and none is adopted, or the one to adopt is not there.
    """
    chosen = choose_app(app, candidates, adopt=adopt)
    if chosen is None:
        name = display_name or candidates.template["displayName"]
        return (PlannedChange("create", f"enterprise app {name}", "", f"from the gallery entry {candidates.template['displayName']}"), _job_change(name))
    return () if graph.jobs(chosen["id"]) else (_job_change(chosen["displayName"]),)


def _job_change(name: str) -> PlannedChange:
    return PlannedChange("create", f"provisioning job of {name}", "", "switched off")


def choose_app(app: AppProfile, candidates: AppCandidates, *, adopt: str) -> dict[str, Any] | None:
    """The existing app to use, or None: make one."""
    if not candidates.template:
        check = candidates.checks[0]
        raise NotReady(f"{check.code}: {check.message}", check.remedy, check=check)
    if adopt:
        fit = [sp for sp in candidates.existing if adopt in (sp["id"], sp["displayName"])]
        if len(fit) == 1:
            return fit[0]
        raise PlanRefused(f"{len(fit)} enterprise apps made from this gallery entry are called {adopt}", "Give the object id of the one you mean as adopt.")
    ours = [sp for sp in candidates.existing if sp["id"] in candidates.ours]
    if ours:
        return ours[0]
    if candidates.existing:
        names = ", ".join(f"{sp['displayName']} ({sp['id']})" for sp in candidates.existing)
        raise PlanRefused(
            f"{app.title} is in this tenant already: {names}. scimkit leaves alone what it did not make",
            "Set adopt to the name or object id of the app to use; or make a separate one under another name in the portal and adopt that.",
        )
    return None


def make_app(app: AppProfile, graph: GraphClient, candidates: AppCandidates, *, display_name: str, adopt: str) -> EnterpriseApp:
    """Carry out `plan_app`: make what is missing, wait until it is there, read it back."""
    chosen = choose_app(app, candidates, adopt=adopt)
    created = chosen is None or chosen["id"] in candidates.ours
    if chosen is None:
        made = graph.instantiate(candidates.template["id"], display_name or candidates.template["displayName"])
        chosen = made["servicePrincipal"]
    sp = graph.wait_until(lambda: graph.service_principal(chosen["id"]), seconds=READY_SECONDS)
    templates = graph.wait_until(lambda: graph.sync_templates(sp["id"]), seconds=READY_SECONDS)
    template = pick_template(templates)
    made_job = graph.wait_until(lambda: find_or_create_job(graph, sp["id"], template["id"]), seconds=READY_SECONDS)
    job = graph.wait_until(lambda: graph.job(sp["id"], made_job["id"]), seconds=READY_SECONDS)
    return EnterpriseApp(
        sp["displayName"],
        sp["id"],
        _application_id(graph, sp),
        sp["appId"],
        candidates.template["id"],
        template["id"],
        job["id"],
        created,
        tuple(Role(r["id"], r["displayName"], bool(r.get("isEnabled", True))) for r in sp.get("appRoles", ()) if "User" in r.get("allowedMemberTypes", ())),
        (*candidates.checks, *_check_app(app, sp, job)),
    )


def find_or_create_job(graph: GraphClient, service_principal_id: str, template_id: str) -> dict[str, Any]:
    """The app's provisioning job; made from `template_id` where there is none."""
    jobs = graph.jobs(service_principal_id)
    return jobs[0] if jobs else graph.create_job(service_principal_id, template_id)


def _application_id(graph: GraphClient, sp: dict[str, Any]) -> str:
    """Object id of the app registration behind a service principal; "" where it is not readable."""
    application = graph.application(sp["appId"])
    return str(application["id"]) if application else ""


def pick_template(templates: list[dict[str, Any]]) -> dict[str, Any]:
    """The synchronization template to use: the only one, else the default one, never
    the connector of 2018 (`customappsso`) while another is offered."""
    offered = [t for t in templates if t["id"] != "customappsso"] or templates
    default = [t for t in offered if t.get("default")]
    return (default or offered)[0]


def _check_app(app: AppProfile, sp: dict[str, Any], job: dict[str, Any]) -> tuple[Check, ...]:
    found = [passed("app.service_principal", f"the enterprise app {sp['displayName']} is there and known to the provisioning service")]
    state = job.get("schedule", {}).get("state", "")
    if state == "Active":
        found.append(warning("app.job_running", "the provisioning job is running already", "Stop it in the portal before you change scope or credentials here."))
    else:
        found.append(passed("app.job", "the provisioning job exists and is switched off"))
    if not sp.get("appRoleAssignmentRequired", True):
        found.append(warning("app.assignment_required", "people can use the app without being assigned to it", "Consider Assignment required = yes in the app's properties."))
    return tuple(found)
