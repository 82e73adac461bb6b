"""The whole probe: all checks in their order, everything removed again, and the verdict."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from scimkit.apps.profile import AppProfile
from scimkit.clients.scim import ScimClient
from scimkit.compatibility.checks.connection import check_first_question, check_rate, check_tokens
from scimkit.compatibility.checks.creation import check_people
from scimkit.compatibility.checks.creation_variants import check_creations, check_text_false
from scimkit.compatibility.checks.delete import check_deletions, try_deletion
from scimkit.compatibility.checks.disable import check_switches
from scimkit.compatibility.checks.discovery import check_discovery, check_errors
from scimkit.compatibility.checks.groups import check_group_question, check_groups
from scimkit.compatibility.checks.manager import check_managers
from scimkit.compatibility.checks.matching import check_matches
from scimkit.compatibility.checks.odd_messages import check_messages
from scimkit.compatibility.checks.paging import check_paging
from scimkit.compatibility.checks.patch import check_changes
from scimkit.compatibility.checks.queries import check_filters, check_query_forms
from scimkit.compatibility.checks.rename import check_renames
from scimkit.compatibility.endpoint import DEADLINE_SECONDS, REQUEST_SECONDS, Ended, Endpoint, Keep
from scimkit.compatibility.findings import find_causes
from scimkit.compatibility.probed_mapping import Mapped, default_mapped, mapped_for
from scimkit.compatibility.record import FULL, Compatibility
from scimkit.compatibility.test_people import Names
from scimkit.compatibility.trial import Trial
from scimkit.compatibility.verdict import for_dialects, judge_whole, make_checks
from scimkit.credentials import REDACTOR
from scimkit.provisioning.dialect import COMPLIANT, DEFAULT, dialect_of


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of a probe.

    tag               eight hexadecimal digits of the test people's names; "" creates a new one
    deadline_seconds  for the whole probe; request_seconds for one answer
    keep              `keep(resource_type, id, name)`, called before each creation (id "") and after it with the id
    """

    tag: str = ""
    deadline_seconds: float = DEADLINE_SECONDS
    request_seconds: float = REQUEST_SECONDS
    keep: Keep | None = None


def probe_compatibility(
    scim: ScimClient,
    *,
    mapping: Mapped | None = None,
    profile: AppProfile | None = None,
    write: bool,
    now: datetime,
    terms: Terms | None = None,
) -> Compatibility:
    """Send the endpoint every request that Entra will send, and report whether it will work.

    mapping  the current rows; None uses the profile's, without one the default of a non-gallery app
    write    False: only read requests are sent
    terms    None: the usual ones

    Everything that was created is removed at the end; `left_behind` names what could not be.
    Raises no error that is caused by the endpoint.
    """
    mapped = mapping or (mapped_for(profile) if profile else default_mapped())
    terms = terms or Terms()
    dialect = dialect_of(scim.flag)
    gallery = profile is not None and profile.gallery.added_by == "gallery"
    endpoint = Endpoint(scim, terms.deadline_seconds, terms.request_seconds, terms.keep, mapped.matching[0])
    trial = Trial(endpoint, mapped, Names(terms.tag or uuid.uuid4().hex[:8]), now)
    if profile:
        trial.learned.required = trial.learned.documented = profile.required_targets
    try:
        run_checks(trial, write=write)
    finally:
        left = endpoint.clean_up()
    findings = find_causes(trial.results.rows, mapped, dialect=dialect, also=trial.results.also)
    verdict = judge_whole(findings, trial.results.rows, dialect=dialect, written=write, gallery=gallery)
    findings = for_dialects(findings, verdict, dialect=dialect)
    return Compatibility(
        address=REDACTOR.text(scim.base_url),
        app=profile.name if profile else "",
        written=write,
        flag=dialect is COMPLIANT,
        matching=mapped.matching,
        mapped=mapped.targets,
        mapped_groups=mapped.group_targets,
        verdict=verdict.verdict,
        sentence=verdict.sentence,
        conditions=verdict.conditions,
        note=verdict.note,
        rows=tuple(trial.results.rows),
        findings=findings,
        requests=endpoint.requests,
        left_behind=left,
        made_utc=now,
        checks=make_checks(verdict, findings, trial.results.rows, left, dialect=dialect),
    )


def run_checks(trial: Trial, *, write: bool) -> None:
    """Every check in its order: reading first, then people, changes, groups, disabling, names, deleting."""
    try:
        check_first_question(trial)
        check_tokens(trial)
        check_discovery(trial)
        check_errors(trial)
        if trial.mapped.groups:
            check_group_question(trial)
        check_query_forms(trial)
        if write:
            _run_writing(trial)
        else:
            check_filters(trial, None)
            check_paging(trial)  # of the existing people
        check_rate(trial)
    except Ended as end:  # between two checks
        trial.ended = end


def _run_writing(trial: Trial) -> None:
    try_deletion(trial)
    check_people(trial)
    check_matches(trial)
    check_filters(trial, trial.created.people.get((DEFAULT, FULL)))
    check_creations(trial)
    check_changes(trial)
    check_messages(trial)
    check_managers(trial)
    if trial.mapped.groups:
        check_groups(trial)
    check_paging(trial)
    check_renames(trial)
    check_switches(trial)
    check_text_false(trial)
    check_deletions(trial)
