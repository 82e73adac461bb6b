"""Findings by root cause.

A row with a cause belongs to the finding of that cause, or of a stronger one that explains it (`Cause.explains`).
What a finding means is decided for the mapping: if an attribute is not mapped, it does not matter that it fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from scimkit.compatibility.causes import CAUSES
from scimkit.compatibility.causes.cause import ADVICE, CONDITIONAL, DROP_ROWS, GROUPS_OFF, Cause, name_source
from scimkit.compatibility.causes.cause import FAILS as BREAKS
from scimkit.compatibility.probed_mapping import Mapped
from scimkit.compatibility.record import BOTH_DIALECTS, CompatibilityRow, Finding
from scimkit.compatibility.results import NOT_ASKED, Result
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import DEFAULT, Dialect

ORDER = {BREAKS: 0, CONDITIONAL: 1, ADVICE: 2}


def find_causes(
    rows: Sequence[CompatibilityRow], mapped: Mapped, *, dialect: Dialect, also: Mapping[str, Result] | None = None
) -> tuple[Finding, ...]:
    """One finding for each root cause, the most serious first."""
    seen = {
        row.cause for row in rows if row.cause and row.outcome in (Status.FAILED, Status.NOT_STORED, Status.WARNING)
    }
    grouped: dict[str, list[CompatibilityRow]] = {}
    for row in rows:
        if row.cause and row.outcome != Status.PASSED:
            grouped.setdefault(_root(row, rows, seen), []).append(row)
    findings = [_finding(CAUSES[cause], rows_, mapped, dialect, also or {}) for cause, rows_ in grouped.items()]
    for cause, seen_too in (also or {}).items():
        if cause not in grouped:
            source = next((row for row in rows if row.code == "create.values"), rows[0])
            row = replace(
                source,
                cause=cause,
                outcome=seen_too.outcome,
                sent=seen_too.sent,
                got=seen_too.got,
                targets=seen_too.targets,
            )
            findings.append(_finding(CAUSES[cause], [row], mapped, dialect, {}))
    return tuple(sorted(findings, key=lambda finding: (ORDER[finding.breaks], list(CAUSES).index(finding.cause))))


def _root(row: CompatibilityRow, rows: Sequence[CompatibilityRow], seen: Iterable[str]) -> str:
    """The cause of a row, or the stronger cause that explains it, seen in the same dialect."""
    cause, passed_over = row.cause, {row.cause}
    while True:
        strong = next(
            (
                one
                for one in sorted(seen)
                if one not in passed_over and cause in CAUSES[one].explains and _shares(row, rows, one)
            ),
            "",
        )
        if not strong:
            return cause
        cause = strong
        passed_over.add(strong)


def _shares(row: CompatibilityRow, rows: Sequence[CompatibilityRow], cause: str) -> bool:
    """Whether `cause` was seen in the dialect of `row`."""
    dialects = {
        other.dialect
        for other in rows
        if other.cause == cause and other.outcome in (Status.FAILED, Status.NOT_STORED, Status.WARNING)
    }
    return row.dialect in dialects or BOTH_DIALECTS in (*dialects, row.dialect)


def _finding(
    cause: Cause, rows: Sequence[CompatibilityRow], mapped: Mapped, dialect: Dialect, also: Mapping[str, Result]
) -> Finding:
    own = [
        row
        for row in rows
        if row.outcome in (Status.FAILED, Status.NOT_STORED, Status.WARNING) and row.cause == cause.code
    ] or list(rows)
    first = next((row for row in own if row.outcome in (Status.FAILED, Status.NOT_STORED)), own[0])
    theirs = {target.casefold() for target in (*mapped.targets, *mapped.group_targets)}
    spoilt = [row for row in rows if row.outcome in (Status.FAILED, Status.NOT_STORED) or row in own]
    named = chain.from_iterable(row.targets for row in spoilt)
    hit = dict.fromkeys(target for target in named if target.casefold() in theirs)
    if cause.code in also:
        hit |= dict.fromkeys(t for t in also[cause.code].targets if t.casefold() in theirs)
    targets = tuple(hit)
    shown = ", ".join(targets) or "no row of this mapping"
    dialects = tuple(dict.fromkeys(row.dialect for row in own))
    if cause.any_dialect:
        dialects = (BOTH_DIALECTS,)
    harmless = all(row.outcome == Status.WARNING for row in own)
    silent = any(
        row.code == "auth.token" or (row.outcome == Status.NOT_REACHED and not row.got.startswith(NOT_ASKED))
        for row in rows
    )
    return Finding(
        cause=cause.code,
        title=cause.title,
        breaks=_weight(cause, targets, mapped, dialect, harmless=harmless, silent=silent),
        dialects=dialects,
        explains=tuple(dict.fromkeys(row.code for row in rows)),
        rows=targets,
        sent=first.sent,
        got=first.got,
        means=_fill(cause.means, shown),
        who=cause.who,
        remedy=_fill(cause.remedy, shown),
        meanwhile=_fill(cause.meanwhile, shown),
        certainty=cause.certainty,
        source=name_source(cause.source),
    )


def _fill(text: str, rows: str) -> str:
    return text.replace("{rows}", rows)


def _weight(
    cause: Cause, targets: Sequence[str], mapped: Mapped, dialect: Dialect, *, harmless: bool, silent: bool
) -> str:
    """fails | conditional | advice for this mapping and the current dialect. silent: the probe ended there."""
    if cause.code == "compat.no_answer" and not silent:
        return CONDITIONAL  # single answers were lost, the rest came
    if cause.code == "compat.unknown_query_parameter" and dialect is DEFAULT:
        return ADVICE  # the Tenant URL has no query that could be repeated
    if cause.is_about_rows and not targets:
        return ADVICE
    if harmless and not cause.counts_when_met:
        return ADVICE
    if cause.way == GROUPS_OFF and not mapped.groups:
        return ADVICE
    if cause.fatal_for_identity and _hits_identity(cause, targets, mapped):
        return BREAKS
    return cause.breaks


def _hits_identity(cause: Cause, targets: Sequence[str], mapped: Mapped) -> bool:
    """Whether it affects `active`, or matching attributes whose rows would be dropped: Entra needs both."""
    vital = {"active"}
    if cause.way == DROP_ROWS:
        vital |= {target.casefold() for target in mapped.matching}
    return not vital.isdisjoint(target.casefold() for target in targets)
