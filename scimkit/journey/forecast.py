"""Step 5d, first half: exactly who would be created, taken over, changed or left out, and why.

Predicted with the same decision that the pilot proves, from current data:
assignments and people from Graph, accounts from the app. Nothing is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from scimkit.clients.graph import GraphClient
from scimkit.clients.scim import ScimClient
from scimkit.errors import ApiError, Denied
from scimkit.evidence.checks import Check, failed, not_observed, passed, warning
from scimkit.evidence.counting import count
from scimkit.evidence.records import record
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.journey.pilot import OVERRULED, PilotResult, links_of
from scimkit.journey.prediction import (
    NO_LINKS,
    Foreseen,
    JobFacts,
    Links,
    Sight,
    predict_groups,
    predict_people,
    read_group,
    read_job,
)
from scimkit.journey.scope import SELECT, Limits, Person, person_of
from scimkit.provisioning import judge_failures

MOST_FAILURES_TOLD = 50  # one by one
QUARANTINE_SOURCE = "Application provisioning in quarantine status"


@dataclass(slots=True)
class ForecastRow:
    """The prediction for one person. Not frozen, because a forecast creates one per person; nothing changes it.

    action  create | update | disable | delete | nothing | skip | failure, or unknown
            if the app cannot be reached from here
    """

    person: Person
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class GroupForecast:
    """The prediction for one group that is assigned, or that the pilot has linked.

    action    as for people
    members   how many people (and groups) the cycle adds to it
    left_out  direct members who are not in scope, or get no account
    removed   how many it removes
    """

    id: str
    name: str
    action: str
    reason: str
    members: int
    left_out: int
    removed: int = 0


@record("Forecast")
@dataclass(frozen=True)
class Forecast:
    """What turning provisioning on would do, person by person and group by group.

    counts             action -> people
    observed_accounts  number of accounts in the app now; None: it could not be listed
    groups             none if the group mapping is missing or off
    """

    rows: tuple[ForecastRow, ...]
    counts: Mapping[str, int]
    observed_accounts: int | None
    checks: tuple[Check, ...]
    groups: tuple[GroupForecast, ...] = ()


def make_forecast(
    graph: GraphClient,
    scim: ScimClient,
    enterprise_app: EnterpriseApp,
    *,
    now: datetime,
    limits: Limits,
    pilot: PilotResult | None = None,
) -> Forecast:
    """Predict the first cycle for everyone who is assigned. Reads only.

    pilot  people it has linked are checked by that link, even if they are no longer assigned, or deleted
           in Entra; its group too
    """
    job, sight, links = read_job(graph, enterprise_app), Sight(scim), links_of(pilot) if pilot else NO_LINKS
    job = replace(job, keeps_leavers=bool(links) and _keeps_leavers(graph, enterprise_app))
    people = _forecast_people(graph, job, sight, links, now)
    gone = _gone(pilot, links, people.rows.keys())
    rows = (*people.rows.values(), *gone)
    left = (
        read_group(graph, one.group.id)
        for one in (pilot.groups if pilot else ())
        if one.group.id in links and one.group.id not in job.assigned_groups
    )
    names = {one.group.id: one.group.name for one in (pilot.groups if pilot else ())}
    seen = (*job.assigned_groups.values(), *left)
    lost = links.keys() - people.rows.keys() - {group.graph["id"] for group in seen if not group.gone}
    foreseen = predict_groups(seen, job, sight, now=now, accounts=people.accounts, links=links, gone=lost)
    groups = tuple(
        _group_row(one, names, bool(one.id in links and lost & links[one.id].members.keys())) for one in foreseen
    )
    counts = dict(sorted(Counter(row.action for row in rows).items()))
    accounts = None
    if not sight.lost:
        accounts = _count_accounts(scim)
    leaving = tuple(group.name for group in groups if group.action == "delete")
    unsure = sum(_is_unsure(row.action, id, links, people.accounts) for id, row in people.rows.items())
    unsure += sum(_is_unsure(one.word, one.id, links, {one.id: one.account}) for one in foreseen)
    checks = (
        _check_anybody(sum(row.person.id in job.assigned for row in rows), len(rows)),
        *_check_sight(sight, counts),
        *_check_failures(rows, groups),
        _check_leavers(counts, limits.deletion_threshold, gone=len(gone), groups=leaving, unsure=unsure),
        *_check_takeovers(rows),
        *_check_accounts(accounts, rows),
        *_check_seats(rows, limits.seats),
        *_check_groups(groups),
        *(check for check in (pilot.checks if pilot else ()) if check.code == OVERRULED),
    )
    return Forecast(rows, counts, accounts, checks, groups)


@dataclass(frozen=True, slots=True)
class _People:
    """The prediction for everyone checked, by object id in Graph's order; and everyone who may be referred to."""

    rows: dict[str, ForecastRow]
    accounts: dict[str, str]


def _forecast_people(graph: GraphClient, job: JobFacts, sight: Sight, links: Links, now: datetime) -> _People:
    looked_at = job.assigned | links.keys()
    everybody = graph.users(select=(*SELECT, *job.extensions), manager=job.wants_managers)
    users = [user for user in everybody if user["id"] in looked_at]
    found: dict[str, ForecastRow] = {}
    accounts: dict[str, str] = {}
    for one in predict_people(users, job, sight, now=now, links=links):
        found[one.id] = make_row(one)
        if one.account:
            accounts[one.id] = one.account
    return _People({user["id"]: found[user["id"]] for user in users}, accounts)


def make_row(foreseen: Foreseen) -> ForecastRow:
    """The prediction for one person, as a row."""
    return ForecastRow(person_of(foreseen.raw), foreseen.word, foreseen.outcome.decision.reason)


def _is_unsure(action: str, id: str, links: Links, accounts: Mapping[str, str]) -> bool:
    """Whether a linked person may be leaving, and the app cannot be reached."""
    return action == "unknown" and id in links and not accounts.get(id)


def _keeps_leavers(graph: GraphClient, enterprise_app: EnterpriseApp) -> bool:
    """Whether SkipOutOfScopeDeletions is on. A sign-in without permission to read the settings assumes that it
    is off, the
    default."""
    try:
        stored = graph.secrets(enterprise_app.service_principal_id)
    except Denied:
        return False
    return stored.get("SkipOutOfScopeDeletions", "").strip().lower() == "true"


def _gone(pilot: PilotResult | None, links: Links, seen: Collection[str]) -> tuple[ForecastRow, ...]:
    """People the pilot has linked and Graph no longer lists: in the recycle bin, or permanently deleted; which
    of the two
    is not read."""
    why = "deleted in Entra since the pilot: the account is disabled, or deleted once the person is permanently deleted"
    people = (one.person for one in (pilot.people if pilot else ()))
    return tuple(
        ForecastRow(person, "unknown", why) for person in people if person.id in links and person.id not in seen
    )


def _group_row(foreseen: Foreseen, names: Mapping[str, str], had_deleted: bool) -> GroupForecast:
    """names: the former names of groups that are no longer in Entra. had_deleted: a person was written into it who was
    deleted in Entra since."""
    decision, word, reason = foreseen.outcome.decision, foreseen.word, foreseen.outcome.decision.reason
    name = str(foreseen.raw.get("displayName") or names.get(foreseen.id) or foreseen.id)
    if had_deleted and word == "nothing":  # taken out before they were deleted, they are taken out in the app too
        word, reason = (
            "unknown",
            f"{reason}; unknown only for people deleted in Entra since, whose memberships are not reported",
        )
    return GroupForecast(
        foreseen.id, name, word, reason, len(decision.add), len(decision.left_out), len(decision.remove)
    )


def _count_accounts(scim: ScimClient) -> int | None:
    try:
        return sum(1 for _ in scim.list_all("Users"))
    except ApiError:
        return None


def _check_anybody(assigned: int, looked_at: int) -> Check:
    if not assigned:
        return failed(
            "forecast.people",
            "no one is assigned: the cycle would do nothing",
            "Assign the pilot people first (4_scope).",
        )
    others = looked_at - assigned
    text = f"{count(assigned, 'person is', 'people are')} assigned, and each was checked"
    if others == 1:
        text += "; so was 1 of the pilot who is no longer assigned"
    elif others:
        text += f"; so were {others} of the pilot who are no longer assigned"
    return passed("forecast.people", text)


def _check_sight(sight: Sight, counts: Mapping[str, int]) -> tuple[Check, ...]:
    """An app that this machine cannot reach is not a fault of the job: then it is unknown who has an account."""
    if sight.lost is None:
        return ()
    text = (
        f"the app cannot be reached from here ({sight.lost}): for {count(counts.get('unknown', 0), 'person', 'people')}"
        " it is unknown which accounts exist there"
    )
    return (
        not_observed(
            "forecast.accounts_unknown",
            text,
            "Run this from a place that can reach the app, or compare the app's own export of accounts with the people"
            " below.",
        ),
    )


def _check_failures(rows: tuple[ForecastRow, ...], groups: tuple[GroupForecast, ...] = ()) -> tuple[Check, ...]:
    """Each person who will fail, up to a limit; and whether together they put the job into quarantine."""
    failing = [row for row in rows if row.action == "failure"]
    remedy = "Fix it before you turn provisioning on, or accept that this person gets no account."
    found = [
        warning("forecast.failure", f"{row.person.user_principal_name} will fail: {row.reason}", remedy)
        for row in failing[:MOST_FAILURES_TOLD]
    ]
    if more := len(failing) - len(found):
        found.append(
            warning(
                "forecast.failure", f"{more} more will fail", "Find them in the table. Many often have the same reason."
            )
        )
    failed_groups = sum(group.action == "failure" for group in groups)
    if judge_failures(len(failing) + failed_groups, of=len(rows) + len(groups)):
        text = (
            f"{len(failing) + failed_groups} of {len(rows) + len(groups)} would fail: the first cycle drops them and"
            " stops, a later one goes into quarantine"
        )
        return (
            failed(
                "forecast.quarantine", text, "Fix the most common reason, then run this step again.", QUARANTINE_SOURCE
            ),
            *found,
        )
    return tuple(found)


def _check_leavers(
    counts: Mapping[str, int], threshold: int, *, gone: int = 0, groups: tuple[str, ...] = (), unsure: int = 0
) -> Check:
    """The threshold counts people and groups together.

    gone    people of the pilot who were deleted in Entra since
    groups  names of the groups that would be deleted in the app
    unsure  linked people and groups who left scope, if the app could not be reached
    """
    people = counts.get("disable", 0) + counts.get("delete", 0) + gone
    source = "Accidental deletions prevention"
    if people:
        told = [f"{count(people, 'person', 'people')} would lose access"]
    else:
        told = []
    if groups:
        told += [f"these groups would be deleted in the app: {', '.join(groups)}"]
    if unsure:
        told += [f"{unsure} linked in the pilot left scope and may lose access: the app cannot be reached from here"]
    if told and people + len(groups) + unsure >= threshold:
        text = f"{'; '.join(told)}; the job stops at {threshold}"
        return failed(
            "forecast.leavers", text, "Find out why they fall out of scope before you turn provisioning on.", source
        )
    if told:
        return warning("forecast.leavers", "; ".join(told), "Make sure that each of them has really left.", source)
    return passed("forecast.leavers", "no one loses access", source)


def _check_takeovers(rows: tuple[ForecastRow, ...]) -> tuple[Check, ...]:
    """Says nothing if no one is known to have an account, and for some people it is unknown."""
    taken = [row.person.user_principal_name for row in rows if row.action in ("update", "nothing")]
    if taken:
        return (passed("forecast.takeovers", f"an existing account stays in use for: {', '.join(taken)}"),)
    if any(row.action == "unknown" for row in rows):
        return ()
    return (passed("forecast.takeovers", "no existing account is taken over"),)


def _check_accounts(accounts: int | None, rows: tuple[ForecastRow, ...]) -> tuple[Check, ...]:
    if accounts is None:
        text = "the accounts in the app could not be listed, so accounts that match no one in scope are unknown"
        return (
            not_observed(
                "forecast.accounts", text, "Export the app's user list and compare it by hand.", "field reports"
            ),
        )
    matched = sum(
        row.action in ("update", "nothing", "disable", "delete", "unknown") for row in rows
    )  # unknown: linked in the pilot, deleted in Entra since
    left = accounts - matched
    if left < 0:
        text = f"the app lists {accounts} accounts, fewer than the {matched} found by searching"
        return (
            not_observed(
                "forecast.accounts", text, "Export the app's user list and compare it by hand.", "field reports"
            ),
        )
    if left:
        text = f"{left} of {accounts} accounts in the app match no one in scope; provisioning leaves them alone"
        return (
            warning(
                "forecast.accounts",
                text,
                "Decide what happens to them: assign those people, or remove the accounts in the app.",
                "How application provisioning works",
            ),
        )
    return (passed("forecast.accounts", f"each of the {accounts} accounts in the app belongs to a person in scope"),)


def _check_groups(groups: tuple[GroupForecast, ...]) -> tuple[Check, ...]:
    """Groups that are not provisioned, or are provisioned without some of their people."""
    found = []
    for group in groups:
        if group.action in ("failure", "skip"):
            found.append(
                warning(
                    "forecast.group",
                    f"the group {group.name} is not provisioned: {group.reason}",
                    "Fix it before you turn provisioning on, or remove the group's assignment.",
                    "How application provisioning works",
                )
            )
        elif group.left_out:
            text = (
                f"the group {group.name} is provisioned without {group.left_out} of its direct members (people or"
                " groups): not in scope, or without an account"
            )
            remedy = (
                "Bring them into scope first. A member who comes into scope later is added only when provisioning is"
                " restarted."
            )
            found.append(warning("forecast.group_members", text, remedy, "Known issues for provisioning"))
    if groups and not found:
        found.append(
            passed(
                "forecast.groups",
                f"provisioned with all their direct members: {', '.join(group.name for group in groups)}",
            )
        )
    return tuple(found)


def _check_seats(rows: tuple[ForecastRow, ...], seats: int) -> tuple[Check, ...]:
    active = sum(row.action in ("create", "update", "nothing", "unknown") for row in rows)
    if not seats:
        return ()
    if active > seats:
        return (
            failed(
                "forecast.seats",
                f"{count(active, 'person', 'people')} would need a seat, and there are {seats}",
                "Narrow the assignment, or buy more seats.",
                "field reports",
            ),
        )
    return (passed("forecast.seats", f"{count(active, 'person', 'people')} will use {active} of {seats} seats"),)
