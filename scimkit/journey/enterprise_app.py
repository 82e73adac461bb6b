"""Step 3: the enterprise app and its provisioning job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.clients.graph import GraphClient
from scimkit.errors import NotReady, PlanRefused, Waiting
from scimkit.evidence.change_plan import PlannedChange
from scimkit.evidence.checks import Check, failed, passed, warning
from scimkit.evidence.journal import Journal
from scimkit.evidence.records import record

NON_GALLERY_ID = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"  # public: of every app that has no gallery entry
READY_SECONDS = 600  # a fresh service principal is known everywhere within minutes (field observation)


@dataclass(frozen=True, slots=True)
class Role:
    """One app role of the service principal."""

    id: str
    name: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class AppCandidates:
    """What Graph shows before anything is created.

    template   the gallery entry; {} if none was found under the profile's names, or none is used
    existing   service principals created from it, or added by the vendor's sign-up; `ours` are
               the ids this run created
    started    whether this run has started a job
    """

    template: dict[str, Any]
    searched: tuple[str, ...]
    existing: tuple[dict[str, Any], ...]
    ours: frozenset[str]
    checks: tuple[Check, ...]
    started: bool = False


@record("EnterpriseApp")
@dataclass(frozen=True)
class EnterpriseApp:
    """The enterprise app that provisions.

    gallery_template_id  of the gallery entry it was created from
    template_id          of the synchronization template the job was created from
    created              created by this run; False: adopted by name
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
    """The gallery entry of `app` and the enterprise apps already created from it.

    No public source gives the template's id, so it is searched by each exact name
    of the profile. An app that the vendor's sign-up adds is searched directly.
    """
    if app.gallery.added_by == "sign_up":
        return _find_signed_up(app, graph, journal)
    if app.gallery.added_by == "custom":
        return _find_custom(app, graph, journal)
    templates: list[dict[str, Any]] = []
    for name in app.gallery_names:
        known = {template["id"] for template in templates}
        templates += [template for template in graph.find_templates(name) if template["id"] not in known]
    fit = [t for t in templates if "sync" in t.get("supportedProvisioningTypes", ())]
    if len(fit) != 1:
        return AppCandidates({}, app.gallery_names, (), frozenset(), (_no_template(app, templates, fit),))
    existing = tuple(graph.find_service_principals(template_id=fit[0]["id"]))
    ours = frozenset(sp["id"] for sp in existing if made_here(journal, sp["id"])) or _begun_here(
        journal, fit[0]["id"], existing
    )
    check = passed(
        "app.gallery_entry",
        f"the gallery has {fit[0]['displayName']}, with a provisioning connector",
        "Graph: applicationTemplate",
    )
    return AppCandidates(fit[0], app.gallery_names, existing, ours, (check,), _started_here(journal))


def _find_custom(app: AppProfile, graph: GraphClient, journal: Journal) -> AppCandidates:
    """An app without a gallery entry is created from Microsoft's template for all such apps; its own service
    principals are
    recognised by their name."""
    template = {"id": NON_GALLERY_ID, "displayName": app.gallery_names[0]}
    made = tuple(graph.find_service_principals(template_id=NON_GALLERY_ID))
    ours = frozenset(sp["id"] for sp in made if made_here(journal, sp["id"])) or _begun_here(
        journal, NON_GALLERY_ID, made
    )
    existing = tuple(sp for sp in made if sp["id"] in ours or sp["displayName"] in app.gallery_names)
    check = passed(
        "app.gallery_entry",
        f"{app.gallery_names[0]} has no gallery entry: Microsoft's template for such apps is used",
        "Add a non-gallery app",
    )
    return AppCandidates(template, app.gallery_names, existing, ours, (check,), _started_here(journal))


def _find_signed_up(app: AppProfile, graph: GraphClient, journal: Journal) -> AppCandidates:
    """The enterprise apps that a sign-up at the vendor may have added: none is ever created here."""
    found: dict[str, dict[str, Any]] = {}
    for name in app.gallery_names:
        found |= {sp["id"]: sp for sp in graph.find_service_principals(display_name=name)}
        for template in graph.find_templates(name):
            found |= {sp["id"]: sp for sp in graph.find_service_principals(template_id=template["id"])}
    source = "Graph: servicePrincipals"
    if not found:
        check = warning(
            "app.signed_up",
            f"this tenant has no enterprise app called {' or '.join(app.gallery_names)} yet",
            _sign_up(app),
            source,
        )
    else:
        check = passed("app.signed_up", f"in this tenant: {_listed(found.values())}", source)
    return AppCandidates({}, app.gallery_names, tuple(found.values()), frozenset(), (check,), _started_here(journal))


def _sign_up(app: AppProfile) -> str:
    return (
        f"Sign up: open {app.gallery_names[0]} in the portal's gallery, choose its sign-up button and log in at the"
        " vendor with your work account. That adds the app. It then appears in the list of enterprise apps, where"
        " Properties shows its Object ID."
    )


def _listed(apps: Iterable[dict[str, Any]]) -> str:
    return ", ".join(f"{sp['displayName']} ({sp['id']})" for sp in apps)


def made_here(journal: Journal, object_id: str) -> bool:
    """Whether a write of this run returned `object_id`: only such an object belongs to this run."""
    return any(entry.state == "done" and object_id in json.dumps(entry.answer) for entry in journal.entries())


def _started_here(journal: Journal) -> bool:
    """Whether this run has started a job, as far as it knows."""
    return any(entry.path.endswith("/start") and entry.state != "refused" for entry in journal.entries())


def _begun_here(journal: Journal, template_id: str, existing: tuple[dict[str, Any], ...]) -> frozenset[str]:
    """The app of a write that was sent and never answered: a run killed in between cannot know its id.

    A run creates an app only if there was none, so one with the name it sent is its own.
    """
    begun = [
        e
        for e in journal.unsettled()
        if e.path.endswith("/instantiate") and template_id in e.path and isinstance(e.after, dict)
    ]
    names = {entry.after.get("displayName") for entry in begun}
    fit = [sp["id"] for sp in existing if sp.get("displayName") in names]
    if len(fit) == 1:
        return frozenset(fit)
    return frozenset()


def _no_template(app: AppProfile, found: list[dict[str, Any]], fit: list[dict[str, Any]]) -> Check:
    names = ", ".join(app.gallery_names)
    if len(fit) > 1:
        return failed(
            "app.gallery_entry",
            f"the gallery has {len(fit)} entries under {names}",
            "Adopt the right app by name: create it in the portal, then set adopt.",
        )
    if found:
        return failed(
            "app.gallery_entry",
            f"the gallery entry {found[0]['displayName']} has no provisioning connector",
            f"Ask the vendor{f' ({app.help_contact})' if app.help_contact.stated else ''} which entry to use.",
        )
    return failed(
        "app.gallery_entry",
        f"the gallery has no entry called {names}",
        "Search for it in the portal's gallery, and add its exact name to the profile's gallery names.",
    )


def plan_app(
    app: AppProfile, graph: GraphClient, candidates: AppCandidates, *, display_name: str, adopt: str
) -> tuple[PlannedChange, ...]:
    """What must be created: the enterprise app, its provisioning job, or nothing.

    display_name  name for a new enterprise app; "" uses the gallery's
    adopt         display name or object id of an existing app to use instead

    Raises NotReady if the gallery has no suitable entry, PlanRefused if apps
    exist and none is adopted, or the one to adopt does not exist.
    """
    chosen = choose_app(app, candidates, adopt=adopt)
    if chosen is None:
        name = display_name or candidates.template["displayName"]
        origin = "as an app without a gallery entry"
        if app.gallery.added_by != "custom":
            origin = f"from the gallery entry {candidates.template['displayName']}"
        return (PlannedChange("create", f"enterprise app {name}", "", origin), _job_change(name))
    if graph.jobs(chosen["id"]):
        return ()
    return (_job_change(chosen["displayName"]),)


def _job_change(name: str) -> PlannedChange:
    return PlannedChange("create", f"provisioning job of {name}", "", "switched off")


def choose_app(app: AppProfile, candidates: AppCandidates, *, adopt: str) -> dict[str, Any] | None:
    """The existing app to use, or None: create one."""
    if app.gallery.added_by == "sign_up":
        return _choose_signed_up(app, candidates, adopt=adopt)
    if not candidates.template:
        check = candidates.checks[0]
        raise NotReady(f"{check.code}: {check.message}", check.remedy, check=check)
    if adopt:
        fit = [sp for sp in candidates.existing if adopt in (sp["id"], sp["displayName"])]
        if len(fit) == 1:
            return fit[0]
        there = _listed(candidates.existing) or "none"
        raise PlanRefused(
            f"{len(fit)} enterprise apps created from this gallery entry are called {adopt}",
            f"The existing ones are: {there}. Give the object id of the right one as adopt.",
        )
    ours = [sp for sp in candidates.existing if sp["id"] in candidates.ours]
    if ours:
        return ours[0]
    if candidates.existing:
        names = ", ".join(f"{sp['displayName']} ({sp['id']})" for sp in candidates.existing)
        raise PlanRefused(
            f"{app.title} is already in this tenant: {names}. scimkit does not change apps it did not create",
            "Set adopt to the name or object id of the app to use. Or create a separate one under another name in the"
            " portal, and adopt that.",
        )
    return None


def _choose_signed_up(app: AppProfile, candidates: AppCandidates, *, adopt: str) -> dict[str, Any]:
    """The app to adopt. Raises Waiting until a person has signed up, and until one is adopted by name."""
    if not candidates.existing:
        raise Waiting(
            f"{app.title} is added to the tenant by signing up at the vendor, and does not exist yet", _sign_up(app)
        )
    fit = [sp for sp in candidates.existing if adopt in (sp["id"], sp["displayName"])]
    if len(fit) == 1:
        return fit[0]
    if adopt and not fit:
        raise PlanRefused(
            f"no enterprise app that {app.title}'s sign-up may have added is called {adopt}",
            f"The existing ones are: {_listed(candidates.existing)}. Set adopt to one of them.",
        )
    one = candidates.existing[0]
    settings = {"3_app": {"adopt": one["displayName"] if len(candidates.existing) == 1 else one["id"]}}
    raise Waiting(
        f"{app.title} is in this tenant: {_listed(candidates.existing)}. scimkit did not create it and does not change"
        " it until you adopt it",
        "Compare the Object ID with the one under Properties of the app you signed up for. Then set adopt to its name"
        " or Object ID.",
        settings=settings,
    )


def make_app(
    app: AppProfile, graph: GraphClient, candidates: AppCandidates, *, display_name: str, adopt: str
) -> EnterpriseApp:
    """Carry out `plan_app`: create what is missing, wait until it exists, read it back."""
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
        candidates.template.get("id", ""),
        template["id"],
        job["id"],
        created,
        tuple(
            Role(r["id"], r["displayName"], bool(r.get("isEnabled", True)))
            for r in sp.get("appRoles", ())
            if "User" in r.get("allowedMemberTypes", ())
        ),
        (*candidates.checks, *_adopted(app, sp), *_check_app(sp, job, ours=created or candidates.started)),
    )


def find_or_create_job(graph: GraphClient, service_principal_id: str, template_id: str) -> dict[str, Any]:
    """The app's provisioning job; created from `template_id` if there is none."""
    jobs = graph.jobs(service_principal_id)
    if jobs:
        return jobs[0]
    return graph.create_job(service_principal_id, template_id)


def _application_id(graph: GraphClient, sp: dict[str, Any]) -> str:
    """Object id of the app registration behind a service principal; "" if it cannot be read."""
    application = graph.application(sp["appId"])
    if application:
        return str(application["id"])
    return ""


def pick_template(templates: list[dict[str, Any]]) -> dict[str, Any]:
    """The synchronization template to use: the only one, otherwise the default one, never
    the connector of 2018 (`customappsso`) if another is offered."""
    offered = [t for t in templates if t["id"] != "customappsso"] or templates
    default = [t for t in offered if t.get("default")]
    return (default or offered)[0]


def _adopted(app: AppProfile, sp: dict[str, Any]) -> tuple[Check, ...]:
    if app.gallery.added_by != "sign_up":
        return ()
    return (
        passed(
            "app.adopted",
            f"{sp['displayName']} was added by signing up at the vendor and is adopted by name; no app was created",
        ),
    )


def is_running(job: Mapping[str, Any]) -> bool:
    """Whether cycles of the job run automatically."""
    return bool((job.get("schedule") or {}).get("state") == "Active")


def _check_app(sp: dict[str, Any], job: dict[str, Any], *, ours: bool) -> tuple[Check, ...]:
    found = [
        passed(
            "app.service_principal",
            f"the enterprise app {sp['displayName']} exists and is known to the provisioning service",
        )
    ]
    if is_running(job) and not ours:
        text = "the provisioning job is already running, and this run did not start it"
        found.append(
            failed(
                "app.job_running",
                text,
                "Stop it in the portal, wait until the running cycle has ended, then run this step again.",
            )
        )
    elif is_running(job):
        found.append(
            warning(
                "app.job_running",
                "the provisioning job is running",
                "Stop it in the portal before you change scope or credentials here.",
            )
        )
    else:
        found.append(passed("app.job", "the provisioning job exists and is off"))
    if not sp.get("appRoleAssignmentRequired", True):
        found.append(
            warning(
                "app.assignment_required",
                "people can use the app without being assigned to it",
                "Consider Assignment required = yes in the app's properties.",
            )
        )
    return tuple(found)
