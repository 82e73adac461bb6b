"""Step 5c: prove it with one or two people, through the service that will do it for everyone.

Predicted, reported and observed are three different things: what we expect,
what Microsoft's service says it did, and what the app then contains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, product
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.clients.graph import GraphClient
from scimkit.clients.on_demand import OnDemand
from scimkit.clients.scim import ScimClient
from scimkit.errors import ApiError, NotReady, Waiting
from scimkit.evidence.change_plan import PlannedChange
from scimkit.evidence.checks import Check, failed, not_observed, passed, warning
from scimkit.evidence.records import record, utc_text
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.journey.pilot_group import PilotGroup
from scimkit.journey.prediction import (
    JobFacts,
    Sight,
    manager_of,
    predict_group,
    predict_person,
    read_job,
    source_of,
)
from scimkit.journey.scope import SELECT, Person, Scope, assigned_people
from scimkit.mapping.language.explanations import REDACTED
from scimkit.mapping.review import NO_VALUE, MappingReview
from scimkit.mapping.rows import redacts, rule_id
from scimkit.monitoring.explanations import explain
from scimkit.provisioning.decision import Link
from scimkit.provisioning.desired import Desired
from scimkit.provisioning.differences import WHEN_EMPTY, Differences
from scimkit.provisioning.log_codes import REDUNDANT_EXPORT
from scimkit.provisioning.targets import read_target

READ_BACK = "the app, read back over SCIM"
OVERRULED = "pilot.overruled"  # a row whose value Microsoft works out differently; the forecast says it again


@dataclass(frozen=True, slots=True)
class Prediction:
    """The expectation for one pilot person. values: target -> value."""

    person: Person
    action: str
    reason: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PilotPerson:
    """One person: predicted, reported and observed.

    predicted  what scimkit expected: create, update, nothing …
    reported   what the service says: "create Success"
    observed   target -> value, as it is in the app now
    log_id     of the event in the provisioning log, "" until it appears
    verdict    proved | differs | failed | not observed
    """

    person: Person
    predicted: str
    reported: str
    observed: Mapping[str, str]
    target_id: str
    log_id: str
    verdict: str


@dataclass(frozen=True, slots=True)
class GroupPrediction:
    """The expectation for the pilot group. members: the pilot people who should be in it."""

    group: PilotGroup
    action: str
    reason: str
    members: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class PilotGroupResult:
    """The pilot group: predicted, reported and observed.

    observed  the pilot people who are members in the app now
    missing   those who should be, and are not
    verdict   as for people
    """

    group: PilotGroup
    predicted: str
    reported: str
    observed: tuple[Person, ...]
    missing: tuple[Person, ...]
    target_id: str
    log_id: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Predictions:
    """The whole pilot as predicted: people in the order of provisioning, managers first; then the group.

    checks  one warning for each row that Microsoft computes differently
    """

    people: tuple[Prediction, ...]
    group: GroupPrediction | None = None
    checks: tuple[Check, ...] = ()


@record("PilotResult")
@dataclass(frozen=True)
class PilotResult:
    """The pilot, with the time window of its events in the log."""

    job_id: str
    from_utc: str
    to_utc: str
    people: tuple[PilotPerson, ...]
    checks: tuple[Check, ...]
    groups: tuple[PilotGroupResult, ...] = ()


def links_of(pilot: PilotResult) -> dict[str, Link]:
    """The links that the pilot has created, by object id in Entra: for people with a reported success."""
    people = {
        one.person.id: Link(one.person.id, one.target_id)
        for one in pilot.people
        if one.target_id and one.verdict != "failed"
    }
    groups = {}
    for one in pilot.groups:
        if one.target_id and one.verdict != "failed":
            members = {person.id: people[person.id].target_id for person in one.observed if person.id in people}
            groups[one.group.id] = Link(one.group.id, one.target_id, members=members)
    return people | groups


def predict_pilot(
    graph: GraphClient,
    scim: ScimClient,
    enterprise_app: EnterpriseApp,
    scope: Scope,
    *,
    now: datetime,
    review: MappingReview | None = None,
) -> Predictions:
    """What provisioning each pilot person, then the pilot group, would do now. Reads only.

    review  of the mapping (5b_mapping): which of our values Microsoft has overruled; None: not made

    Raises NotReady for a person who is no longer in the directory.
    """
    job, sight = read_job(graph, enterprise_app), Sight(scim)
    users = _managers_first([_read_present(graph, person, job) for person in scope.pilot])
    persons = {person.id: person for person in scope.pilot}
    found: list[Prediction] = []
    accounts: dict[str, str] = {}
    for user in users:
        foreseen = predict_person(user, job, sight, now=now, references=accounts)
        if foreseen.account:
            accounts[foreseen.id] = foreseen.account
        values = _shown(_values(_desired(user, job, now, accounts), job, foreseen.word), job)
        found.append(Prediction(persons[user["id"]], foreseen.word, foreseen.outcome.decision.reason, values))
    going = tuple(prediction.person for prediction in found if prediction.action not in ("failure", "skip"))
    if review:
        checks = tuple(_check_overruled(review))
    else:
        checks = ()
    group = _predict_group(job, sight, scope.pilot_group, going=going, accounts=accounts, now=now)
    return Predictions(tuple(found), group, checks)


def _check_overruled(review: MappingReview) -> Iterator[Check]:
    """Every value is predicted by our own rules, even where Microsoft has returned a different one."""
    rows = {row.target: row for row in review.rows}
    for each in review.overruled:
        row = rows[each.target]
        told = "; ".join(
            f"for {name} Microsoft returns {row.values[name]}, scimkit {ours}" for name, ours in each.values.items()
        )
        found = ""
        if row.matching:
            found = "; it is used for matching, so it decides who the service finds"
        remedy = (
            "Microsoft's value is the one the service sends. The prediction and comparison here use scimkit's value."
        )
        yield warning(
            OVERRULED, f"{each.target}: {told}{found}", remedy, "Microsoft Graph, parseExpression (5b_mapping)"
        )


def _read_user(graph: GraphClient, person: Person, job: JobFacts) -> dict[str, Any]:
    return graph.user(person.id, select=(*SELECT, *job.extensions), manager=job.wants_managers) or {"id": person.id}


def _read_present(graph: GraphClient, person: Person, job: JobFacts) -> dict[str, Any]:
    user = _read_user(graph, person, job)
    if user.keys() == {"id"}:
        raise NotReady(
            f"{person.user_principal_name} is no longer in the directory", "Choose the pilot people again (4_scope)."
        )
    return user


def _managers_first(users: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A reference is written only to a person who has an account by then."""
    led = {manager_of(user) for user in users}
    return sorted(users, key=lambda user: user["id"] not in led)


def _predict_group(
    job: JobFacts,
    sight: Sight,
    pilot: PilotGroup | None,
    *,
    going: tuple[Person, ...],
    accounts: Mapping[str, str],
    now: datetime,
) -> GroupPrediction | None:
    """going: the pilot people who will have an account when the group is processed."""
    assigned = None
    if pilot:
        assigned = job.assigned_groups.get(pilot.id)
    if pilot is None or assigned is None:
        return None
    members = tuple(person for person in going if person.id in assigned.members)
    rules = job.group_rules
    if rules is not None:
        rules = replace(rules, only_members=frozenset(person.id for person in members))
    foreseen = predict_group(assigned, replace(job, group_rules=rules), sight, now=now, accounts=accounts)
    if foreseen:
        return GroupPrediction(pilot, foreseen.word, foreseen.outcome.decision.reason, members)
    return None


def _desired(user: Mapping[str, Any], job: JobFacts, now: datetime, accounts: Mapping[str, str]) -> Desired:
    """What the mapping wants, the manager included if that person has an account."""
    return job.people.desired(source_of(user, job), now=now, references=accounts)


def _values(desired: Desired, job: JobFacts, action: str) -> dict[str, Any]:
    """The values the account should have afterwards: all for a creation, otherwise those that flow on update."""
    if action in ("create", "unknown"):
        return {**desired.create, **desired.references}
    flow_types = job.people.differences.flow_types
    flowing = {target: value for target, value in desired.update.items() if flow_types[target] != WHEN_EMPTY}
    return {**flowing, **desired.references}


def plan_pilot(predictions: Predictions, enterprise_app: EnterpriseApp) -> tuple[PlannedChange, ...]:
    """One on-demand run per person, then one for the group. People who already have every value
    are run as well: that is the proof."""
    people = (
        PlannedChange(
            "provision",
            f"{p.person.user_principal_name} to {enterprise_app.display_name}",
            p.reason,
            _after(p),
            idle=p.action == "nothing",
        )
        for p in predictions.people
    )
    return (*people, *(_plan_group(predictions.group, enterprise_app) if predictions.group else ()))


def _after(prediction: Prediction) -> str:
    """The values the app should have afterwards: none for people the service does not change."""
    if prediction.action in ("skip", "failure"):
        return prediction.action
    return f"{_expected(prediction.action)}: {_listed(prediction.values)}"


def _expected(action: str) -> str:
    # the app cannot be asked from here
    if action == "unknown":
        return "create or update"
    return action


def _plan_group(group: GroupPrediction, enterprise_app: EnterpriseApp) -> tuple[PlannedChange, ...]:
    names = ", ".join(person.user_principal_name for person in group.members) or "no one"
    what = f"the group {group.group.name} to {enterprise_app.display_name}"
    return (
        PlannedChange(
            "provision",
            what,
            group.reason,
            f"{_expected(group.action)}: with {names} in it",
            idle=group.action == "nothing",
        ),
    )


def _listed(values: Mapping[str, str]) -> str:
    return ", ".join(f"{target} = {value}" for target, value in values.items())


def run_pilot(
    app: AppProfile,
    graph: GraphClient,
    scim: ScimClient,
    enterprise_app: EnterpriseApp,
    predictions: Predictions,
    *,
    now: Callable[[], datetime],
) -> PilotResult:
    """Provision each person and the group on demand, read them back from the app, find them in the log.

    now  gives the tenant's time, which the log uses

    Raises Waiting while the service does not see an assignment that Graph has.
    """
    started = now()
    sp, job_id = enterprise_app.service_principal_id, enterprise_app.job_id
    rule = rule_id(graph.schema(sp, job_id))
    answers = [graph.provision_on_demand(sp, job_id, rule, prediction.person.id) for prediction in predictions.people]
    _wait_for_assignments(graph, enterprise_app, predictions.people, answers)
    told = None
    if predictions.group:
        told = _provision_group(graph, enterprise_app, rule, predictions.group)
    events = list(graph.provisioning_logs(job_id, since=started))
    job = read_job(graph, enterprise_app)
    accounts = {
        p.person.id: answer.target_id for p, answer in zip(predictions.people, answers, strict=True) if answer.target_id
    }
    people: list[PilotPerson] = []
    checks: list[Check] = [*predictions.checks]
    for prediction, answer in zip(predictions.people, answers, strict=True):
        desired = _desired(_read_user(graph, prediction.person, job), job, now(), accounts)
        person, found = _judge(scim, job, prediction, answer, events=events, desired=desired)
        people.append(person)
        checks += found
    groups: list[PilotGroupResult] = []
    if predictions.group and told:
        accounts |= {person.person.id: person.target_id for person in people if person.target_id}
        group, found = _judge_group(scim, job, predictions.group, told, events=events, accounts=accounts)
        groups.append(group)
        checks += found
    return PilotResult(job_id, utc_text(started), utc_text(now()), tuple(people), tuple(checks), tuple(groups))


def _wait_for_assignments(
    graph: GraphClient, enterprise_app: EnterpriseApp, predictions: Iterable[Prediction], answers: Iterable[OnDemand]
) -> None:
    """The service sees an assignment minutes after Graph has it (field reports): not a failure, but nothing to
    judge yet."""
    unseen = [p.person for p, answer in zip(predictions, answers, strict=True) if _is_unassigned(answer)]
    if not unseen:
        return
    assigned = {person for person, _ in assigned_people(graph, enterprise_app)}
    if all(person.id in assigned for person in unseen):
        names = ", ".join(person.user_principal_name for person in unseen)
        raise Waiting(
            f"{names}: assigned to {enterprise_app.display_name}, but the provisioning service does not see the"
            " assignment yet",
            "Wait some minutes, then run this step again. If it takes longer than an hour, remove the assignment and"
            " create it again.",
        )


def _is_unassigned(answer: OnDemand) -> bool:
    """Whether a person was skipped because the service regards them as not assigned."""
    if answer.result != "Skipped":
        return False
    scoping = (step.details for step in answer.steps if step.type.lower() == "scoping")
    names = ("Assigned", "Assigned to the application")
    return any(str(details.get(name)) == "False" for details, name in product(scoping, names))


def _provision_group(
    graph: GraphClient, enterprise_app: EnterpriseApp, rule: str, prediction: GroupPrediction
) -> OnDemand:
    members = [person.id for person in prediction.members]
    return graph.provision_on_demand(
        enterprise_app.service_principal_id, enterprise_app.job_id, rule, prediction.group.id, "Group", members=members
    )


def _judge(
    scim: ScimClient,
    job: JobFacts,
    prediction: Prediction,
    answer: OnDemand,
    *,
    events: list[dict[str, Any]],
    desired: Desired,
) -> tuple[PilotPerson, tuple[Check, ...]]:
    """desired: what the mapping currently wants for the person."""
    name = prediction.person.user_principal_name
    reported = _reported(answer)
    action = _short(answer) or prediction.action
    wanted = _values(desired, job, action)
    matching = next((row.target for row in job.mapping.matching_rows), "userName")
    resource, problem = _read_back(scim, matching, desired.create, answer.target_id)
    if resource:
        observed = _shown({target: read_target(resource, target) for target in wanted}, job)
    else:
        observed = {}
    if action == "create":
        differences = Differences(facts=job.targets)
    else:
        differences = job.people.differences
    if resource:
        different = tuple(change.target for change in differences.between(wanted, resource))
    else:
        different = ()
    log_id = _log_id(events, prediction.person.id)
    report = _check_report(name, answer)
    checks = [
        report,
        _check_observed(name, resource, problem, different),
        _check_log(name, log_id),
        *_check_prediction(name, prediction.action, answer),
    ]
    if report.status == "failed":
        verdict = "failed"
    elif problem:
        verdict = "not observed"
    elif different or not resource:
        verdict = "differs"
    else:
        verdict = "proved"
    target_id = answer.target_id or str((resource or {}).get("id", ""))
    return PilotPerson(prediction.person, prediction.action, reported, observed, target_id, log_id, verdict), tuple(
        checks
    )


def _log_id(events: list[dict[str, Any]], source_id: str) -> str:
    return next((event["id"] for event in events if (event.get("sourceIdentity") or {}).get("id") == source_id), "")


def _check_prediction(name: str, predicted: str, answer: OnDemand) -> tuple[Check, ...]:
    """Says nothing if they agree, if nothing could be predicted, and if the service does not report what it did."""
    reported = _short(answer)
    if predicted in (reported, "unknown") or not reported:
        return ()
    return (
        warning(
            "pilot.prediction",
            f"{name}: predicted {predicted}, reported {reported}",
            "Read both reasons before you widen the scope. The forecast uses the same rules.",
        ),
    )


def _judge_group(
    scim: ScimClient,
    job: JobFacts,
    prediction: GroupPrediction,
    answer: OnDemand,
    *,
    events: list[dict[str, Any]],
    accounts: Mapping[str, str],
) -> tuple[PilotGroupResult, tuple[Check, ...]]:
    group, name = prediction.group, f"the group {prediction.group.name}"
    resource, problem = _read_group(scim, job, group, answer.target_id)
    inside = {str(one.get("value")) for one in (resource or {}).get("members") or () if isinstance(one, Mapping)}
    observed = tuple(person for person in prediction.members if accounts.get(person.id) in inside)
    if resource:
        missing = tuple(person for person in prediction.members if person not in observed)
    else:
        missing = ()
    log_id = _log_id(events, group.id)
    report = _check_report(name, answer)
    checks = [
        report,
        _check_group_observed(name, resource, problem, missing, len(observed)),
        _check_log(name, log_id),
        *_check_prediction(name, prediction.action, answer),
    ]
    if report.status == "failed":
        verdict = "failed"
    elif problem:
        verdict = "not observed"
    elif missing or not resource:
        verdict = "differs"
    else:
        verdict = "proved"
    target_id = answer.target_id or str((resource or {}).get("id", ""))
    return PilotGroupResult(
        group, prediction.action, _reported(answer), observed, missing, target_id, log_id, verdict
    ), tuple(checks)


def _read_group(
    scim: ScimClient, job: JobFacts, group: PilotGroup, target_id: str
) -> tuple[Mapping[str, Any] | None, str]:
    """The group as it is in the app, members included, and why it could not be read."""
    if job.group_rules:
        rows = job.group_rules.mapping.matching_rows
    else:
        rows = ()
    try:
        if not target_id:
            matches = scim.find("Groups", next((row.target for row in rows), "displayName"), group.name)
            target_id = ""
            if len(matches) == 1:
                target_id = str(matches[0].get("id") or "")
        if target_id:
            return (scim.read("Groups", target_id, members=True), "")
        return (None, "")
    except ApiError as error:
        return None, str(error)


def _check_group_observed(
    name: str, resource: Mapping[str, Any] | None, problem: str, missing: tuple[Person, ...], there: int
) -> Check:
    if problem:
        return not_observed(
            "pilot.group_observed",
            f"{name} could not be read back from here: {problem}",
            "Check the group in the app itself.",
            READ_BACK,
        )
    if resource is None:
        return failed(
            "pilot.group_observed",
            f"{name} is not in the app",
            "The app accepted the request and stored nothing. Ask the vendor.",
            READ_BACK,
        )
    if missing:
        names = ", ".join(person.user_principal_name for person in missing)
        text = f"{name} is in the app, without {names}"
        return warning(
            "pilot.group_observed",
            text,
            "Read the steps of the log entry: a person without a linked account is left out. Otherwise ask the vendor.",
            READ_BACK,
        )
    return passed("pilot.group_observed", f"{name} is in the app, with {there} of the pilot people in it", READ_BACK)


def _reported(answer: OnDemand) -> str:
    return " ".join(
        part
        for part in (answer.action.lower(), answer.result, f"({answer.error_code})" if answer.error_code else "")
        if part
    )


def _short(answer: OnDemand) -> str:
    if answer.result == "Failure":
        return "failure"
    if answer.result == "Skipped":
        if answer.error_code == REDUNDANT_EXPORT:
            return "nothing"
        return "skip"
    # "" for a group: its answer says no action
    if answer.action.lower() != "other":
        return answer.action.lower()
    return "nothing"


def _check_report(name: str, answer: OnDemand) -> Check:
    if answer.result == "Failure":
        told = explain(answer.error_code)
        text = f"{name}: {answer.message or told.meaning or 'the service reports a failure'}"
        return failed(
            "pilot.reported",
            text,
            told.remedy or "Read the steps above, fix the cause, then run this step again.",
            answer.error_code,
        )
    if answer.result == "Skipped" and answer.error_code != REDUNDANT_EXPORT:
        scoping = (step.details.items() for step in answer.steps if step.type.lower() == "scoping")
        details = chain.from_iterable(scoping)
        why = "; ".join(f"{key}: {value}" for key, value in details if value == "False")
        text = f"{name} was skipped: {answer.message or explain(answer.error_code).meaning}{f' ({why})' if why else ''}"
        return failed(
            "pilot.reported",
            text,
            "It may take minutes until the service sees a new assignment. Wait, then run this step again.",
            answer.error_code,
        )
    return passed("pilot.reported", f"{name}: the service reports {_reported(answer)}", "Graph: provisionOnDemand")


def _read_back(
    scim: ScimClient, matching: str, wanted: Mapping[str, Any], target_id: str
) -> tuple[Mapping[str, Any] | None, str]:
    """The account as it is in the app, and why it could not be read ("" if it could)."""
    try:
        if target_id and (found := scim.read("Users", target_id)):
            return found, ""
        matches = scim.find("Users", matching, str(wanted.get(matching, "")))
    except ApiError as error:
        return None, str(error)
    if len(matches) == 1:
        return (matches[0], "")
    return (None, "")


def _check_observed(name: str, resource: Mapping[str, Any] | None, problem: str, different: tuple[str, ...]) -> Check:
    if problem:
        return not_observed(
            "pilot.observed",
            f"{name} could not be read back from here: {problem}",
            "Check the account in the app itself.",
            READ_BACK,
        )
    if resource is None:
        return failed(
            "pilot.observed",
            f"{name} has no account in the app",
            "The app accepted the request and stored nothing. Ask the vendor.",
            READ_BACK,
        )
    if different:
        text = f"{name}: the app has a different value for {', '.join(different)}"
        return warning(
            "pilot.observed",
            text,
            "The app changes or drops these values, and each cycle will write them again. Remove the row, or ask the"
            " vendor.",
            READ_BACK,
        )
    return passed("pilot.observed", f"{name} has an account with every value that was sent", READ_BACK)


def _check_log(name: str, log_id: str) -> Check:
    if log_id:
        return passed("pilot.logged", f"{name} is in the provisioning log", "Graph: provisioning log")
    return not_observed(
        "pilot.logged",
        f"{name} is not in the provisioning log yet; events appear with a delay",
        "Check again in 6_monitor.",
        "Graph: provisioning log",
    )


def _shown(values: Mapping[str, Any], job: JobFacts) -> dict[str, str]:
    """Values by target as people may see them: a value passed through Redact is masked."""
    masked = {row.target for row in job.mapping.rows if redacts(row)}
    shown = {}
    for target, value in values.items():
        if value is None:
            shown[target] = NO_VALUE
        elif target in masked:
            shown[target] = REDACTED
        else:
            shown[target] = str(value)
    return shown
