"""Who would lose their access if the mapping were changed: people in scope today but not afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from scimkit.clients.graph import GraphClient
from scimkit.errors import Denied, PlanRefused
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.journey.filter_review import GROUP_NAMES, USER_NAMES, assigned_groups, extension_attributes
from scimkit.journey.prediction import JobFacts, read_job, scope_of, source_of
from scimkit.journey.scope import SELECT, Limits, Person, person_of
from scimkit.mapping import judge
from scimkit.mapping.rows import MappingRow, ObjectMapping, evaluate_rows
from scimkit.mapping.schema import meaning, same_filters
from scimkit.provisioning.scope import ScopeDecision, ScopeFacts, is_active, judge_scope
from scimkit.provisioning.targets import as_boolean

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Leaver:
    """One person who is provisioned today and would not be afterwards, and why.

    keeps_account  falls out of scope, and the job leaves such accounts as they are
    """

    person: Person
    reason: str
    keeps_account: bool = False


@dataclass(frozen=True, slots=True)
class DisablingRules:
    """What the job's settings say about disabling people.

    threshold         a cycle that would switch off this many people or more stops
    threshold_stored  whether that is the job's own threshold; else the kit's default is used
    keeps_leavers     anyone who falls out of scope keeps the account (SkipOutOfScopeDeletions)
    everybody         SyncAll: no one needs to be assigned
    known             the settings could be read; else the kit's defaults are used for all of them
    """

    threshold: int
    threshold_stored: bool
    keeps_leavers: bool
    everybody: bool
    known: bool = True


def read_rules(graph: GraphClient, enterprise_app: EnterpriseApp) -> DisablingRules:
    """The rules as stored now in the provisioning settings; a read-only sign-in might not be allowed to see them."""
    try:
        stored = graph.secrets(enterprise_app.service_principal_id)
    except Denied:
        return DisablingRules(Limits().deletion_threshold, False, False, False, known=False)

    def is_on(key: str) -> bool:
        return stored.get(key, "").strip().lower() == "true"

    threshold = _stored_threshold(stored.get("SyncNotificationSettings", ""))
    return DisablingRules(
        Limits().deletion_threshold if threshold is None else threshold,
        threshold is not None,
        is_on("SkipOutOfScopeDeletions"),
        is_on("SyncAll"),
    )


def _stored_threshold(text: str) -> int | None:
    try:
        settings = json.loads(text)
        if settings.get("DeleteThresholdEnabled"):
            return int(settings["DeleteThresholdValue"])
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def find_leavers(
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    before: ObjectMapping,
    after: ObjectMapping,
    rules: DisablingRules,
    *,
    now: datetime,
) -> tuple[Leaver, ...]:
    """Everyone in scope under the user mapping `before` who would be out of scope or disabled under `after`.

    Reads the directory if filters or the row for `active` differ, and writes nothing.
    Raises MappingError for a filter that the service would not evaluate, NotReproduced for
    one that cannot be run here, PlanRefused if an attribute of it cannot be read here.
    """
    filtered = same_filters(before.filters) != same_filters(after.filters)
    if not filtered and _sources(_active_rows(before)) == _sources(_active_rows(after)):
        return ()
    if filtered:
        extensions = _readable_extensions((before, after), USER_NAMES)
    else:
        extensions = ()
    today = replace(read_job(graph, enterprise_app), mapping=before)
    afterwards = replace(today, mapping=after)
    found = []
    for user in graph.users(select=(*SELECT, *extensions), manager=today.wants_managers):
        if not _scope(user, today, rules.everybody).in_scope:
            continue
        decision = _scope(user, afterwards, rules.everybody)
        if not decision.in_scope:
            found.append(Leaver(person_of(user), "; ".join(decision.reasons), rules.keeps_leavers))
        elif _is_on(user, today, now) and not _is_on(user, afterwards, now):
            found.append(Leaver(person_of(user), f"the row {ACTIVE} returns False"))
    return tuple(found)


def find_leaving_groups(
    graph: GraphClient, enterprise_app: EnterpriseApp, before: ObjectMapping, after: ObjectMapping
) -> tuple[str, ...]:
    """Names of the assigned groups that pass the filters of `before` but not the filters of `after`."""
    if same_filters(before.filters) == same_filters(after.filters):
        return ()
    _readable_extensions((before, after), GROUP_NAMES)
    ids = [
        a["principalId"]
        for a in graph.assignments(enterprise_app.service_principal_id)
        if a["principalType"] == "Group"
    ]
    sources = assigned_groups(graph, after, ids)
    return tuple(
        name
        for name, source in sources.items()
        if judge(before.filters, source).passed and not judge(after.filters, source).passed
    )


def _readable_extensions(mappings: Iterable[ObjectMapping], readable: frozenset[str]) -> tuple[str, ...]:
    """The directory extensions that filters read, so that they can be requested by name."""
    mappings = tuple(mappings)
    filters = chain.from_iterable(each.filters for each in mappings)
    clauses = chain.from_iterable(one.clauses for one in filters)
    names = {clause.attribute for clause in clauses}
    extensions = {name for name in names if name.startswith("extension_") and readable is USER_NAMES}
    if unread := sorted(names - readable - extensions):
        raise PlanRefused(
            f"a filter reads {', '.join(unread)}, which scimkit cannot read from Graph: it is unknown who would fall"
            " out of scope",
            "Filter on another attribute, or make this change in the portal and watch the deletion threshold.",
        )
    filters = chain.from_iterable(each.filters for each in mappings)
    return tuple(sorted(set(extension_attributes(filters, frozenset(extensions)))))


def _active_rows(mapping: ObjectMapping) -> tuple[MappingRow, ...]:
    return tuple(row for row in mapping.rows if row.target.casefold() == ACTIVE)


def _sources(rows: Sequence[MappingRow]) -> list[tuple[str, str | None]]:
    return [(meaning(row.expression), row.default) for row in rows]


def _scope(user: Mapping[str, Any], job: JobFacts, everybody: bool) -> ScopeDecision:
    if not everybody:
        return scope_of(user, job)
    verdict = None
    if job.mapping.filters:
        verdict = judge(job.mapping.filters, source_of(user, job))
    return judge_scope(ScopeFacts(active=is_active(user), assigned=False, filters=verdict, sync_all=True))


def _is_on(user: Mapping[str, Any], job: JobFacts, now: datetime) -> bool:
    """Whether the row for `active` keeps a person in scope enabled; without such a row no one is disabled."""
    values = evaluate_rows(_active_rows(job.mapping), source_of(user, job), now=now, creating=True).values
    return all(as_boolean(value) is not False for value in values.values())
