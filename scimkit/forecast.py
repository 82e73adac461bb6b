"""Step 5d, first half: exactly who would be created, taken over, changed, left out, and why.

Predicted with the same decision that the pilot proves, over what is read now:
assignments and people from Graph, accounts from the app. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scimkit.checks import Check, failed, not_observed, passed, warning
from scimkit.clients.graph import GraphClient
from scimkit.clients.scim import ScimClient
from scimkit.enterprise_app import EnterpriseApp
from scimkit.errors import ApiError
from scimkit.mapping import judge
from scimkit.mapping.rows import ObjectMapping, user_mapping
from scimkit.provisioning.action import Outcome
from scimkit.provisioning.scope import (
    GroupFacts,
    ScopeDecision,
    ScopeFacts,
    is_active,
    is_entitled,
    judge_scope,
    roles_held,
)
from scimkit.provisioning.service import forecast
from scimkit.provisioning.source import source_attributes
from scimkit.provisioning.targets import TargetFacts, read_target_facts
from scimkit.records import record
from scimkit.scope import SELECT, Limits, Person, assigned_people, person_of

# How a decision reads to an administrator. `link` writes nothing, but takes an account over.
WORDS = {"create": "create", "update": "update", "link": "nothing", "nothing": "nothing", "disable": "disable", "delete": "delete", "refuse": "failure"}


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """What is predicted for one person.

    action  create | update | disable | delete | nothing | skip | failure
    """

    person: Person
    action: str
    reason: str


@record("Forecast")
@dataclass(frozen=True)
class Forecast:
    """What switching on would do, person by person.

    counts             action -> people
    observed_accounts  accounts the app has today; None: it could not be listed
    """

    rows: tuple[ForecastRow, ...]
    counts: Mapping[str, int]
    observed_accounts: int | None
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What the job's configuration says, read once for many people."""

    mapping: ObjectMapping
    targets: TargetFacts
    assignments: tuple[dict[str, Any], ...]
    groups: Mapping[str, GroupFacts]
    roles: tuple[dict[str, Any], ...]


def read_job(graph: GraphClient, enterprise_app: EnterpriseApp) -> JobFacts:
    """Schema, assignments and roles of the job as they stand now."""
    schema = graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)
    mapping = user_mapping(schema)
    assignments = tuple(graph.assignments(enterprise_app.service_principal_id))
    groups = {
        a["principalId"]: GroupFacts(
            bool((graph.group(a["principalId"]) or {}).get("securityEnabled", True)), frozenset(m["id"] for m in graph.members(a["principalId"]))
        )
        for a in assignments
        if a["principalType"] == "Group"
    }
    principal = graph.service_principal(enterprise_app.service_principal_id) or {}
    return JobFacts(mapping, read_target_facts(schema, mapping.target_object), assignments, groups, tuple(principal.get("appRoles", ())))


def scope_of(user: Mapping[str, Any], job: JobFacts) -> ScopeDecision:
    """Whether one person is in scope under assigned-only, and why."""
    held = roles_held(user["id"], job.assignments, job.groups)
    source = source_attributes(user, soft_deleted=False)
    verdict = judge(job.mapping.filters, source) if job.mapping.filters else None
    return judge_scope(ScopeFacts(active=is_active(user), assigned=bool(held), entitled=is_entitled(held, job.roles), filters=verdict))


def predict_person(user: Mapping[str, Any], job: JobFacts, scim: ScimClient, *, now: datetime, peers: frozenset[str] = frozenset()) -> Outcome:
    """What the service would do with one person it has no link for yet.

    The service's own links cannot be read in v1.0, so the first cycle is predicted:
    whoever was provisioned before is found again by the matching attribute.
    """
    scope = scope_of(user, job)
    source = source_attributes(user, soft_deleted=not scope.in_scope)
    return forecast(source, scope, job.mapping, None, scim, now=now, facts=job.targets, peers=peers)


def make_forecast(graph: GraphClient, scim: ScimClient, enterprise_app: EnterpriseApp, *, now: datetime, limits: Limits) -> Forecast:
    """Predict the first cycle for everybody who is assigned. Reads only."""
    job = read_job(graph, enterprise_app)
    assigned = {person for person, _ in assigned_people(graph, enterprise_app)}
    rows = tuple(_rows((user for user in graph.users(select=SELECT) if user["id"] in assigned), job, scim, now))
    counts = dict(sorted(Counter(row.action for row in rows).items()))
    accounts = _count_accounts(scim)
    checks = (
        _check_anybody(rows),
        *_check_failures(rows),
        _check_leavers(counts, limits.deletion_threshold),
        _check_takeovers(rows),
        *_check_accounts(accounts, rows),
        *_check_seats(rows, limits.seats),
    )
    return Forecast(rows, counts, accounts, checks)


def _rows(users: Iterator[dict[str, Any]], job: JobFacts, scim: ScimClient, now: datetime) -> Iterator[ForecastRow]:
    taken: set[str] = set()
    for user in users:
        outcome = predict_person(user, job, scim, now=now, peers=frozenset(taken))
        taken |= {str(change.new) for change in outcome.decision.changes if change.target in _matching(job)}
        yield ForecastRow(person_of(user), outcome_word(outcome), outcome.decision.reason)


def _matching(job: JobFacts) -> frozenset[str]:
    return frozenset(row.target for row in job.mapping.rows if row.matching)


def outcome_word(outcome: Outcome) -> str:
    decision = outcome.decision
    if decision.code in ("EntrySynchronizationSkipped", "ImportSkipped"):
        return "skip"
    return WORDS[decision.action]


def _count_accounts(scim: ScimClient) -> int | None:
    try:
        return sum(1 for _ in scim.list_all("Users"))
    except ApiError:
        return None


def _check_anybody(rows: tuple[ForecastRow, ...]) -> Check:
    if rows:
        return passed("forecast.people", f"{len(rows)} people are assigned, each was looked at")
    return failed("forecast.people", "nobody is assigned: the cycle would do nothing", "Assign the pilot people first (4_scope).")


def _check_failures(rows: tuple[ForecastRow, ...]) -> tuple[Check, ...]:
    return tuple(
        warning("forecast.failure", f"{row.person.user_principal_name} will fail: {row.reason}", "Mend it before you switch on, or know that this person gets no account.")
        for row in rows
        if row.action == "failure"
    )


def _check_leavers(counts: Mapping[str, int], threshold: int) -> Check:
    leaving = counts.get("disable", 0) + counts.get("delete", 0)
    source = "Accidental deletions prevention"
    if leaving >= threshold:
        text = f"{leaving} people would lose their access, and the job stops at {threshold}"
        return failed("forecast.leavers", text, "Find out why they fall out of scope before you switch on.", source)
    if leaving:
        return warning("forecast.leavers", f"{leaving} people would lose their access", "Make sure that each of them has left.", source)
    return passed("forecast.leavers", "nobody loses access", source)


def _check_takeovers(rows: tuple[ForecastRow, ...]) -> Check:
    taken = [row.person.user_principal_name for row in rows if row.action in ("update", "nothing")]
    if not taken:
        return passed("forecast.takeovers", "no existing account is taken over")
    return passed("forecast.takeovers", f"an account that exists already stays in use for: {', '.join(taken)}")


def _check_accounts(accounts: int | None, rows: tuple[ForecastRow, ...]) -> tuple[Check, ...]:
    if accounts is None:
        text = "the accounts in the app could not be listed, so nobody knows whom no one in scope matches"
        return (not_observed("forecast.accounts", text, "Export the app's user list and compare by hand.", "field reports"),)
    matched = sum(row.action in ("update", "nothing") for row in rows)
    left = accounts - matched
    if left < 0:
        text = f"the app lists {accounts} accounts, fewer than the {matched} that were found by searching"
        return (not_observed("forecast.accounts", text, "Export the app's user list and compare by hand.", "field reports"),)
    if left:
        text = f"{left} of {accounts} accounts in the app match nobody in scope; provisioning leaves them alone"
        return (warning("forecast.accounts", text, "Decide what happens to them: assign those people, or clear the accounts in the app.", "How application provisioning works"),)
    return (passed("forecast.accounts", f"each of the {accounts} accounts in the app belongs to somebody in scope"),)


def _check_seats(rows: tuple[ForecastRow, ...], seats: int) -> tuple[Check, ...]:
    active = sum(row.action in ("create", "update", "nothing") for row in rows)
    if not seats:
        return ()
    if active > seats:
        return (failed("forecast.seats", f"{active} people would need a seat, there are {seats}", "Narrow the assignment or buy seats.", "field reports"),)
    return (passed("forecast.seats", f"{active} people will use {seats} seats"),)
