"""Step 5c: prove it with one or two people, through the service that will do it for all.

Predicted, reported and observed are three different things: what we expect,
what Microsoft's service says it did, and what the app then really holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.change_plan import PlannedChange
from scimkit.checks import Check, failed, not_observed, passed, warning
from scimkit.clients.graph import GraphClient
from scimkit.clients.on_demand import OnDemand
from scimkit.clients.scim import ScimClient
from scimkit.enterprise_app import EnterpriseApp
from scimkit.errors import ApiError
from scimkit.forecast import JobFacts, outcome_word, predict_person, read_job
from scimkit.mapping.rows import rule_id
from scimkit.monitoring.explanations import explain
from scimkit.provisioning.differences import is_same
from scimkit.provisioning.service import desired_of
from scimkit.provisioning.source import source_attributes
from scimkit.provisioning.targets import read_target
from scimkit.records import record, utc_text
from scimkit.scope import SELECT, Person, Scope

NOT_FOUND = "no account"
READ_BACK = "the app, read back over SCIM"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What is expected for one pilot person. values: target -> value."""

    person: Person
    action: str
    reason: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PilotPerson:
    """One person, three times told.

    predicted  what scimkit expected: create, update, nothing …
    reported   what the service says: "create Success"
    observed   target -> value, as the app holds it now
    log_id     of the event in the provisioning log, "" while it is not there
    verdict    proved | differs | failed | not observed
    """

    person: Person
    predicted: str
    reported: str
    observed: Mapping[str, str]
    target_id: str
    log_id: str
    verdict: str


@record("PilotResult")
@dataclass(frozen=True)
class PilotResult:
    """The pilot, with the window in which its events stand in the log."""

    job_id: str
    from_utc: str
    to_utc: str
    people: tuple[PilotPerson, ...]
    checks: tuple[Check, ...]


def predict_pilot(graph: GraphClient, scim: ScimClient, enterprise_app: EnterpriseApp, scope: Scope, *, now: datetime) -> tuple[Prediction, ...]:
    """What provisioning each pilot person would do now. Reads only."""
    job = read_job(graph, enterprise_app)
    return tuple(_predict(graph, scim, job, person, now) for person in scope.pilot)


def _predict(graph: GraphClient, scim: ScimClient, job: JobFacts, person: Person, now: datetime) -> Prediction:
    user = graph.user(person.id, select=SELECT) or {"id": person.id}
    outcome = predict_person(user, job, scim, now=now)
    return Prediction(person, outcome_word(outcome), outcome.decision.reason, {t: str(v) for t, v in _wanted(user, job, now).items()})


def _wanted(user: Mapping[str, Any], job: JobFacts, now: datetime) -> dict[str, Any]:
    desired = desired_of(job.mapping, source_attributes(user, soft_deleted=False), now=now, facts=job.targets)
    return dict(desired.create)


def plan_pilot(predictions: tuple[Prediction, ...], enterprise_app: EnterpriseApp) -> tuple[PlannedChange, ...]:
    """One on-demand run a person. Those who already have every value are run as well:
    that is what proves it."""
    return tuple(
        PlannedChange(
            "provision", f"{p.person.user_principal_name} to {enterprise_app.display_name}", p.reason, f"{p.action}: {_listed(p.values)}", idle=p.action == "nothing"
        )
        for p in predictions
    )


def _listed(values: Mapping[str, str]) -> str:
    return ", ".join(f"{target} = {value}" for target, value in values.items())


def run_pilot(
    app: AppProfile, graph: GraphClient, scim: ScimClient, enterprise_app: EnterpriseApp, predictions: tuple[Prediction, ...], *, now: Callable[[], datetime]
) -> PilotResult:
    """Provision each person on demand, read them back from the app, find them in the log.

    now  gives the tenant's time, which the log is in
    """
    started = now()
    schema = graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)
    rule = rule_id(schema)
    answers = [
        graph.provision_on_demand(enterprise_app.service_principal_id, enterprise_app.job_id, rule, prediction.person.id) for prediction in predictions
    ]
    events = list(graph.provisioning_logs(enterprise_app.job_id, since=started))
    job = read_job(graph, enterprise_app)
    people: list[PilotPerson] = []
    checks: list[Check] = []
    for prediction, answer in zip(predictions, answers, strict=True):
        person, found = _judge(app, graph, scim, job, prediction, answer, events, now())
        people.append(person)
        checks += found
    return PilotResult(enterprise_app.job_id, utc_text(started), utc_text(now()), tuple(people), tuple(checks))


def _judge(
    app: AppProfile, graph: GraphClient, scim: ScimClient, job: JobFacts, prediction: Prediction, answer: OnDemand, events: list[dict[str, Any]], now: datetime
) -> tuple[PilotPerson, tuple[Check, ...]]:
    name = prediction.person.user_principal_name
    reported = _reported(answer)
    user = graph.user(prediction.person.id, select=SELECT) or {}
    wanted = _wanted(user, job, now)
    matching = next((row.target for row in job.mapping.matching_rows), "userName")
    resource, problem = _read_back(scim, matching, wanted, answer.target_id)
    observed = {target: _text(read_target(resource, target)) for target in wanted} if resource else {}
    different = tuple(t for t, value in wanted.items() if resource and not is_same(t, read_target(resource, t), value, job.targets))
    log_id = next((e["id"] for e in events if (e.get("sourceIdentity") or {}).get("id") == prediction.person.id), "")
    report = _check_report(name, answer)
    checks = [report, _check_observed(name, resource, problem, different), _check_log(name, log_id)]
    if prediction.action != _short(answer):
        checks.append(warning("pilot.prediction", f"{name}: predicted {prediction.action}, reported {_short(answer)}", "Read both reasons before you widen; the forecast uses the same rules."))
    verdict = "failed" if report.status == "failed" else "not observed" if problem else "differs" if different or not resource else "proved"
    target_id = answer.target_id or str((resource or {}).get("id", ""))
    return PilotPerson(prediction.person, prediction.action, reported, observed, target_id, log_id, verdict), tuple(checks)


def _reported(answer: OnDemand) -> str:
    return " ".join(part for part in (answer.action.lower(), answer.result, f"({answer.error_code})" if answer.error_code else "") if part)


def _short(answer: OnDemand) -> str:
    if answer.result == "Failure":
        return "failure"
    if answer.result == "Skipped":
        return "nothing" if answer.error_code == "RedundantExport" else "skip"
    return answer.action.lower() if answer.action.lower() != "other" else "nothing"


def _check_report(name: str, answer: OnDemand) -> Check:
    if answer.result == "Failure":
        told = explain(answer.error_code)
        text = f"{name}: {answer.message or told.meaning or 'the service reports a failure'}"
        return failed("pilot.reported", text, told.remedy or "Read the steps above; mend, then run this step again.", answer.error_code)
    if answer.result == "Skipped" and answer.error_code != "RedundantExport":
        why = "; ".join(f"{key}: {value}" for step in answer.steps if step.type.lower() == "scoping" for key, value in step.details.items() if value == "False")
        text = f"{name} was skipped: {answer.message or explain(answer.error_code).meaning}{f' ({why})' if why else ''}"
        return failed("pilot.reported", text, "A new assignment may take minutes to be seen: wait, then run this step again.", answer.error_code)
    return passed("pilot.reported", f"{name}: the service reports {_reported(answer)}", "Graph: provisionOnDemand")


def _read_back(scim: ScimClient, matching: str, wanted: Mapping[str, Any], target_id: str) -> tuple[Mapping[str, Any] | None, str]:
    """The account as the app holds it, and why it could not be read ("" when it could)."""
    try:
        if target_id and (found := scim.read("Users", target_id)):
            return found, ""
        matches = scim.find("Users", matching, str(wanted.get(matching, "")))
    except ApiError as error:
        return None, str(error)
    return (matches[0], "") if len(matches) == 1 else (None, "")


def _check_observed(name: str, resource: Mapping[str, Any] | None, problem: str, different: tuple[str, ...]) -> Check:
    if problem:
        return not_observed("pilot.observed", f"{name} could not be read back from here: {problem}", "Look at the account in the app itself.", READ_BACK)
    if resource is None:
        return failed("pilot.observed", f"{name} has no account in the app", "The app accepted the request and kept nothing: ask the vendor.", READ_BACK)
    if different:
        text = f"{name}: the app holds something else for {', '.join(different)}"
        return warning("pilot.observed", text, "The app changes or drops these values; each cycle will write them again. Remove the row, or ask the vendor.", READ_BACK)
    return passed("pilot.observed", f"{name} has an account with every value that was sent", READ_BACK)


def _check_log(name: str, log_id: str) -> Check:
    if log_id:
        return passed("pilot.logged", f"{name} stands in the provisioning log", "Graph: provisioning log")
    return not_observed("pilot.logged", f"{name} is not in the provisioning log yet; events appear with a delay", "Look again in 6_monitor.", "Graph: provisioning log")


def _text(value: Any) -> str:
    return NOT_FOUND if value is None else str(value)
