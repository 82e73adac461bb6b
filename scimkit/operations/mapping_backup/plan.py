"""What restoring a mapping would change, and whether it is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from scimkit.clients.graph import GraphClient
from scimkit.errors import Denied, MappingError, PlanRefused, Rejected
from scimkit.evidence.change_plan import PlannedChange
from scimkit.evidence.journal import Journal
from scimkit.journey.enterprise_app import EnterpriseApp, is_running
from scimkit.mapping.changes import MappingChange, MappingSide, compare_mapping
from scimkit.mapping.definitions import rules_of, undefined_names
from scimkit.mapping.language.parser import MAX_LENGTH
from scimkit.mapping.language.problems import NotReproduced
from scimkit.mapping.rows import MappingRow, ObjectMapping, read_schema
from scimkit.mapping.schema import canonical, meaning, merge_mapping, new_sources, saved_sources
from scimkit.monitoring.job_status import read_status
from scimkit.operations.mapping_backup.backup import read_live_schema
from scimkit.operations.mapping_backup.directories import refuse_other_app
from scimkit.operations.mapping_backup.leavers import Leaver, find_leavers, find_leaving_groups, read_rules
from scimkit.operations.mapping_backup.prediction import (
    RestorePrediction,
    make_restore_prediction,
    no_prediction,
    refuse_leavers,
)
from scimkit.operations.mapping_backup.saved import SavedMapping

RULE_OF_ONE_MATCH = "Customize attribute mappings"
_VERBS = {"row added": "add", "row removed": "remove", "changed": "set"}


@dataclass(frozen=True, slots=True)
class Restoration:
    """What was read and worked out for one restore, before anything is written.

    live      the schema now;  objects: what its object mappings must say
    changes   what differs
    running   the job runs cycle after cycle now;  restart: it must do so afterwards
    ever_ran  a cycle has ended, so that someone may have an account from it
    """

    live: Mapping[str, Any]
    objects: tuple[ObjectMapping, ...]
    changes: tuple[MappingChange, ...]
    running: bool
    restart: bool
    ever_ran: bool


def predict_restore(
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    wanted: SavedMapping | None,
    *,
    journal: Journal | None,
    now: datetime,
) -> RestorePrediction:
    """Who would lose their access if `wanted` were restored. Only reads.

    wanted  None: nothing is to be restored

    Raises MappingError for a filter that cannot be read, PlanRefused for one that cannot be
    evaluated from here.
    """
    if wanted is None:
        return no_prediction("nothing is to be restored")
    return prediction_of(
        graph, enterprise_app, read_restoration(graph, enterprise_app, wanted, journal=journal), now=now
    )


def prediction_of(
    graph: GraphClient, enterprise_app: EnterpriseApp, found: Restoration, *, now: datetime
) -> RestorePrediction:
    """The prediction of what was just read. Raises PlanRefused for a filter whose pattern cannot be run here."""
    if not found.changes:
        return no_prediction("nothing differs")
    if not (found.running or found.restart or found.ever_ran):
        return no_prediction("the job has never run")
    rules = read_rules(graph, enterprise_app)
    leavers: list[Leaver] = []
    groups: list[str] = []
    try:
        for before, after in zip(read_schema(found.live), found.objects, strict=True):
            if before.source_object == "User" and before.enabled:
                leavers += find_leavers(graph, enterprise_app, before, after, rules, now=now)
            elif before.source_object == "Group" and before.enabled:
                groups += find_leaving_groups(graph, enterprise_app, before, after)
    except NotReproduced as limit:
        raise PlanRefused(
            f"{limit.message}: it is unknown who would fall out of scope",
            "Write the pattern in another way, or make this change in the portal and watch the deletion threshold.",
        ) from None
    return make_restore_prediction(leavers, groups, rules)


def plan_restore(
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    wanted: SavedMapping | None,
    prediction: RestorePrediction,
    *,
    journal: Journal | None,
) -> tuple[PlannedChange, ...]:
    """The changes needed so that the live mapping says what `wanted` says; none if it already does.

    A running job is paused first and started again at the end; people who
    would fall out of scope are named.

    wanted   None: nothing is to be restored
    journal  says whether this run has paused the job and still has to start it

    Raises PlanRefused for anything that the service would not accept, or that would switch
    off too many people; MappingError for an expression or filter that cannot be read.
    """
    if wanted is None:
        return ()
    found = read_restoration(graph, enterprise_app, wanted, journal=journal)
    find_sources(graph, enterprise_app, found, wanted, tolerant=True)
    return planned_changes(found, enterprise_app, prediction)


def planned_changes(
    found: Restoration, enterprise_app: EnterpriseApp, prediction: RestorePrediction
) -> tuple[PlannedChange, ...]:
    """The plan that results from `found`. The words are the same before and after an interruption, so that
    what is left of a plan is recognised as a part of it.

    Raises PlanRefused if too many people would be disabled.
    """
    job = f"provisioning of {enterprise_app.display_name}"
    start = (
        (PlannedChange("start", job, "paused", "on again; its next cycle checks everyone once more"),)
        if found.restart
        else ()
    )
    if not found.changes:
        return start
    refuse_leavers(prediction)
    pause = (
        (PlannedChange("pause", job, "on", "paused, and any running cycle has ended", idle=not found.running),)
        if found.restart
        else ()
    )
    leavers = (
        PlannedChange("disable", each.person.user_principal_name, "in scope", f"{_outcome(each)}: {each.reason}")
        for each in prediction.leavers
    )
    groups = (
        PlannedChange("remove", f"group {name}", "in scope", "out of scope for the next cycle, according to its filter")
        for name in prediction.groups
    )
    return (*pause, *(_planned(change) for change in found.changes), *leavers, *groups, *start)


def _outcome(leaver: Leaver) -> str:
    if leaver.keeps_account:
        return "out of scope, and the account stays as it is"
    return "disabled by the next cycle"


def _planned(change: MappingChange) -> PlannedChange:
    place = f"{change.object} {change.target}".strip()
    return PlannedChange(
        _VERBS[change.kind], f"{place}: {change.member}" if change.member else place, change.before, change.after
    )


def read_restoration(
    graph: GraphClient, enterprise_app: EnterpriseApp, wanted: SavedMapping, *, journal: Journal | None
) -> Restoration:
    """Read the schema and the job, and work out what differs. Raises PlanRefused for another app's schema, or for
    anything that the service would not accept."""
    live = read_live_schema(graph, enterprise_app)
    refuse_other_app(live, wanted)
    there = read_schema(live)
    objects = merge_mapping(live, wanted.objects, saved=wanted.schema)
    named = {(each.source_object, each.target_object) for each in wanted.objects}
    changes = compare_mapping(
        MappingSide("live", _only(there, named)), MappingSide(wanted.title, _only(objects, named))
    ).changes
    if changes:
        _refuse_unfit(live, there, objects)
    job = graph.job(enterprise_app.service_principal_id, enterprise_app.job_id) or {}
    running = is_running(job)
    if running:
        restart = bool(changes)
    else:
        restart = is_owed_a_start(journal, enterprise_app)
    return Restoration(live, objects, changes, running, restart, bool(read_status(job).last_cycle_utc))


def _only(objects: Iterable[ObjectMapping], named: set[tuple[str, str]]) -> tuple[ObjectMapping, ...]:
    return tuple(each for each in objects if (each.source_object, each.target_object) in named)


def is_owed_a_start(journal: Journal | None, enterprise_app: EnterpriseApp) -> bool:
    """Whether this notebook has paused the job, and it has not been started or stopped in this run since."""
    if journal is None:
        return False
    last = ("", "")
    for entry in journal.entries():
        head, _, action = entry.path.rpartition("/")
        if action in ("pause", "start") and entry.state != "refused" and unquote(head).endswith(enterprise_app.job_id):
            last = (action, entry.step)
    return last == ("pause", journal.step)


# -- what the service would not take --------------------------------------------------


def _refuse_unfit(live: Mapping[str, Any], there: Sequence[ObjectMapping], objects: Sequence[ObjectMapping]) -> None:
    touched = [each != before for before, each in zip(there, objects, strict=True)]
    for rule, each, changed in zip(rules_of(live), objects, touched, strict=True):
        if changed and rule.get("editable") is False:
            raise PlanRefused(f"the rule {rule.get('name')} may not be edited", "Leave its objects out of the file.")
        if changed and not each.matching_rows:
            raise PlanRefused(
                f"no row of {each.source_object} is used for matching",
                f"Give one of them matching = 1 ({RULE_OF_ONE_MATCH}).",
            )
        if changed and any(row.target == "id" for row in each.rows):
            raise PlanRefused(
                f"{each.source_object}: id is created by the app and must not be mapped",
                "Remove that row. Entra may set externalId instead.",
            )
        for row in each.rows if changed else ():
            if row.expression is not None and len(row.expression) > MAX_LENGTH:
                raise PlanRefused(
                    f"the expression of {row.target} has more than {MAX_LENGTH:,} characters", "Shorten it."
                )
    for message, remedy in undefined_names(live, there, objects):
        raise PlanRefused(message, remedy)


# -- source trees ---------------------------------------------------------------------


def find_sources(
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    found: Restoration,
    wanted: SavedMapping,
    *,
    tolerant: bool = False,
) -> dict[str, Mapping[str, Any]]:
    """A source tree for every expression that is new in its row: from the live or the saved schema
    if one has the same expression, otherwise from Graph's parseExpression.

    tolerant  a sign-in with read permissions only is not refused: Graph is asked again before the first write

    Raises MappingError if Graph does not read an expression, PlanRefused or Denied if the request is not permitted.
    """
    known: dict[str, Mapping[str, Any]] = {
        **(saved_sources(wanted.schema) if wanted.schema is not None else {}),
        **saved_sources(found.live),
    }
    for _, row in new_sources(found.objects):
        key = meaning(row.expression)
        if key not in known:
            try:
                known[key] = _parsed(graph, enterprise_app, row)
            except Denied:
                if not tolerant:
                    raise
    return known


def _parsed(graph: GraphClient, enterprise_app: EnterpriseApp, row: MappingRow) -> Mapping[str, Any]:
    text = canonical(row.expression or "")
    try:
        answer = graph.parse_expression(enterprise_app.service_principal_id, enterprise_app.job_id, text)
    except Denied as refusal:
        raise Denied(
            f"there is no permission to have Graph read the expression of {row.target}: {refusal.message}",
            "parseExpression requires Synchronization.ReadWrite.All, like writing the mapping. Sign in with that"
            " permission.",
            method=refusal.method,
            path=refusal.path,
            status=refusal.status,
            request_id=refusal.request_id,
        ) from None
    except Rejected as refusal:
        raise PlanRefused(
            f"Graph did not read the expression of {row.target}: {refusal.message}",
            "Without its tree nothing is written. Try again later.",
        ) from None
    tree = answer.get("parsedExpression")
    if answer.get("parsingSucceeded") and isinstance(tree, Mapping) and tree.get("type"):
        return tree
    problem = (answer.get("error") or {}).get("message") or "it gives no reason"
    raise MappingError(
        f"Graph cannot read the expression of {row.target}: {problem}",
        "Microsoft's answer decides: change the expression.",
        text=text,
        position=0,
    )
