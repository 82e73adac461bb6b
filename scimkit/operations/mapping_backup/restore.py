"""Carrying out a restore: pause, wait for the cycle, write, read back, start again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from scimkit.apps.profile import AppProfile
from scimkit.clients.graph import GraphClient
from scimkit.errors import NotReady, Waiting
from scimkit.evidence.change_plan import PlannedChange
from scimkit.evidence.checks import Check, failed, passed, warning
from scimkit.evidence.journal import Journal
from scimkit.evidence.records import read_utc, record
from scimkit.evidence.runs import RunStore
from scimkit.journey.enterprise_app import EnterpriseApp, is_running
from scimkit.journey.scope import Person
from scimkit.mapping.changes import MappingChange, MappingSide, compare_mapping
from scimkit.mapping.rows import read_schema
from scimkit.mapping.schema import write_schema
from scimkit.monitoring.job_status import last_ended
from scimkit.operations.mapping_backup.backup import BEFORE, SCHEMA_ENDING, back_up_mapping, read_live_schema
from scimkit.operations.mapping_backup.plan import (
    Restoration,
    find_sources,
    planned_changes,
    prediction_of,
    read_restoration,
)
from scimkit.operations.mapping_backup.prediction import RestorePrediction
from scimkit.operations.mapping_backup.saved import SavedMapping
from scimkit.tenant import Tenant

STEP = "mapping_backup"
POLLS = 50  # readings of a paused job before giving up; at one a minute less than the hour a headless cell may take
SOURCE = "Export Application Provisioning configuration and roll back"
MADE_BY_SAVING = frozenset({"version", "@odata.context"})  # of a schema: what differs after every save


@dataclass(frozen=True, slots=True)
class AppliedChange:
    """One difference that was written."""

    place: str
    before: str
    after: str


@record("MappingRestore")
@dataclass(frozen=True)
class MappingRestore:
    """The result of a restore.

    title         of the mapping that was restored; "": no restore was requested
    from_version, to_version  of the schema
    changes       what was written; empty if everything was already there
    left_scope    people who were in scope before and no longer are, according to the prediction
    before_file   the mapping as it was before the first write, in the run folder; "" if there is none
    started       the job was paused for the restore and is on again
    """

    job_id: str
    title: str
    from_version: str
    to_version: str
    changes: tuple[AppliedChange, ...]
    left_scope: tuple[Person, ...]
    before_file: str
    started: bool
    checks: tuple[Check, ...]


class Workplace(Protocol):
    """The workplace of a restore; `begin` returns one. pause: called between two readings of a job."""

    @property
    def app(self) -> AppProfile: ...
    @property
    def graph(self) -> GraphClient: ...
    @property
    def tenant(self) -> Tenant: ...
    @property
    def run(self) -> RunStore: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def pause(self) -> Callable[[], None] | None: ...
    def now(self) -> datetime: ...


def restore_mapping(
    here: Workplace,
    enterprise_app: EnterpriseApp,
    wanted: SavedMapping | None,
    changes: Sequence[PlannedChange],
    *,
    polls: int = POLLS,
) -> MappingRestore:
    """Carry out `changes`, a confirmed plan of `plan_restore`, and read back what is there.

    Everything the plan rests on is read again first: schema, job, people, expressions.
    The previous schema is stored in the run folder before the first write.

    polls  how often a paused job whose cycle still runs is read, with `here.pause` between

    Raises NotReady when a fresh plan is not this one, Waiting when the running cycle does
    not end; then nothing but the pause has been written.
    """
    if wanted is None:
        return _nothing(enterprise_app)
    graph, run = here.graph, here.run
    found = read_restoration(graph, enterprise_app, wanted, journal=here.journal)
    sources = find_sources(graph, enterprise_app, found, wanted)
    prediction = prediction_of(graph, enterprise_app, found, now=here.now())
    if planned_changes(found, enterprise_app, prediction) != tuple(changes):
        raise NotReady(
            "the basis of the plan has changed since it was made: mapping, job or people",
            "Run this notebook again from the top, and read the new plan.",
        )
    sp, job_id = enterprise_app.service_principal_id, enterprise_app.job_id
    made = write_schema(found.live, found.objects, sources=sources)
    # of a restore that is resumed
    before = ""
    if run.exists(f"{BEFORE}.toml"):
        before = f"{BEFORE}.toml"
    if found.changes:
        before = back_up_mapping(
            found.live, app=here.app, tenant=here.tenant, run=run, now=here.now(), name=BEFORE
        ).file
        if found.running:
            graph.pause_job(sp, job_id)
        wait_for_end(graph, enterprise_app, pause=here.pause, polls=polls)
        if read_live_schema(graph, enterprise_app) != found.live:
            raise NotReady(
                "the mapping was changed by someone else while the running cycle ended",
                "Run this notebook again from the top. A job that was on stays paused until then.",
            )
        graph.put_schema(sp, job_id, made, before=found.live)
    after = read_live_schema(graph, enterprise_app)
    checks = [_check_written(after, wanted), *_check_rest(after, made, bool(found.changes))]
    if found.restart and checks[0].status != "failed":
        graph.start_job(sp, job_id)
    checks += [*_check_job(graph, enterprise_app, found), *_check_leavers(prediction)]
    return MappingRestore(
        job_id,
        wanted.title,
        str(found.live.get("version") or ""),
        str(after.get("version") or ""),
        tuple(AppliedChange(_place_of(change), change.before, change.after) for change in found.changes),
        tuple(each.person for each in prediction.leavers),
        before,
        found.restart,
        tuple(checks),
    )


def _place_of(change: MappingChange) -> str:
    return " ".join(part for part in (change.object, change.target, change.member) if part)


def _nothing(enterprise_app: EnterpriseApp) -> MappingRestore:
    check = passed("mapping_backup.read_only", "there was nothing to restore, and nothing was written")
    return MappingRestore(enterprise_app.job_id, "", "", "", (), (), "", False, (check,))


def wait_for_end(
    graph: GraphClient, enterprise_app: EnterpriseApp, *, pause: Callable[[], None] | None, polls: int
) -> None:
    """Read a paused job until no cycle of it runs: a pause only holds back later ones. Raises Waiting."""
    for _ in range(polls):
        if not is_in_cycle(graph.job(enterprise_app.service_principal_id, enterprise_app.job_id) or {}):
            return
        if pause is not None:
            pause()
    raise Waiting(
        "the running cycle has not ended yet; the job is paused, and the mapping is unchanged",
        "A cycle may take hours. Continue later with the command below.",
        settings={STEP: {}},
    )


def is_in_cycle(job: Mapping[str, Any]) -> bool:
    """Whether a cycle of the job is running now.

    Graph has no field for it. It is inferred from progress that is not complete and was seen
    after the last execution's end (unconfirmed).
    """
    ended = last_ended(job)
    for each in (job.get("status") or {}).get("progress") or ():
        done, total, seen = (
            each.get("completedUnits") or 0,
            each.get("totalUnits") or 0,
            str(each.get("progressObservationDateTime") or ""),
        )
        if done < total and (ended is None or not seen or read_utc(seen) > ended):
            return True
    return False


# -- what was read back -----------------------------------------------------------------


def _check_written(after: Mapping[str, Any], wanted: SavedMapping) -> Check:
    named = {(each.source_object, each.target_object) for each in wanted.objects}
    live = tuple(each for each in read_schema(after) if (each.source_object, each.target_object) in named)
    comparison = compare_mapping(MappingSide("live", live), MappingSide(wanted.title, wanted.objects))
    if comparison.same:
        return passed(
            "mapping_backup.written", f"the live mapping is the same as {wanted.title}", "read back from Graph"
        )
    first = comparison.changes[0]
    text = (
        f"the live mapping differs from {wanted.title} in {len(comparison.changes)} places, first in {first.object}"
        f" {first.target} {first.member}".rstrip()
    )
    return failed(
        "mapping_backup.written",
        text,
        "Compare the two (what = compare), then restore again. A job that was on stays paused until then.",
        "read back from Graph",
    )


def _check_rest(after: Mapping[str, Any], made: Mapping[str, Any], written: bool) -> tuple[Check, ...]:
    """Whether Graph has stored everything else that was sent, unknown members too."""
    if not written:
        return ()
    if _content(after) == _content(made):
        return (
            passed(
                "mapping_backup.kept",
                "ids, metadata, directories and everything else are unchanged",
                "read back from Graph",
            ),
        )
    names = [
        name
        for name in dict.fromkeys((*made, *after))
        if name not in MADE_BY_SAVING and made.get(name) != after.get(name)
    ]
    text = f"Graph has stored {', '.join(names)} in a different form than it was sent"
    return (
        warning(
            "mapping_backup.kept",
            text,
            f"Compare the schema with {BEFORE}{SCHEMA_ENDING} in the run folder before you continue.",
            "read back from Graph",
        ),
    )


def _content(schema: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in schema.items() if name not in MADE_BY_SAVING}, sort_keys=True)


def _check_job(graph: GraphClient, enterprise_app: EnterpriseApp, found: Restoration) -> tuple[Check, ...]:
    job = graph.job(enterprise_app.service_principal_id, enterprise_app.job_id) or {}
    if found.restart and not is_running(job):
        return (
            failed(
                "mapping_backup.job",
                "the job was on before and is not on now",
                "Start it on its page in the portal, or run this notebook again.",
            ),
        )
    if found.restart:
        return (
            warning(
                "mapping_backup.job",
                "the job is on again; its next cycle is an initial one and evaluates everyone",
                "Watch that cycle in the provisioning log.",
                SOURCE,
            ),
        )
    if found.changes and found.ever_ran:
        return (
            warning(
                "mapping_backup.job",
                "the job stays off; once it is started, its first cycle evaluates everyone",
                "Make the forecast in 5d_enable before you start it.",
                SOURCE,
            ),
        )
    return (passed("mapping_backup.job", f"the job is {'on' if is_running(job) else 'off'}, as it was"),)


def _check_leavers(prediction: RestorePrediction) -> tuple[Check, ...]:
    names = ", ".join((*(each.person.user_principal_name for each in prediction.leavers), *prediction.groups))
    if not names:
        return ()
    return (
        warning(
            "mapping_backup.leavers",
            f"no longer in scope, or disabled, from the next cycle on: {names}",
            "Restore the previously saved mapping, if one of them should not be affected.",
            SOURCE,
        ),
    )
