"""Findings by root cause, and the word on the whole.

A row with a cause belongs to the finding of that cause, or of a stronger one that
explains it (`catalogue.EXPLAINS`). What a finding means is decided for the
mapping: who does not map an attribute does not mind that it fails.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from scimkit.compatibility.catalogue import EXPLAINS
from scimkit.compatibility.causes import (
    ADVICE,
    CAUSES,
    CONDITIONAL,
    CREATE_ONLY,
    DROP_ROWS,
    GROUPS_OFF,
    KNOW,
    Cause,
    name_source,
)
from scimkit.compatibility.causes import FAILS as BREAKS
from scimkit.compatibility.probed_mapping import Mapped
from scimkit.compatibility.record import (
    BOTH_DIALECTS,
    FAILS,
    UNKNOWN,
    WORKS,
    WORKS_IF,
    CompatibilityRow,
    Finding,
    LeftBehind,
)
from scimkit.compatibility.results import Result
from scimkit.evidence.checks import Check, Status, failed, not_observed, passed, warning
from scimkit.provisioning.dialect import COMPLIANT, DEFAULT, FLAG, Dialect

ORDER = {BREAKS: 0, CONDITIONAL: 1, ADVICE: 2}
GALLERY_NOTE = (
    "The app will be connected by its gallery connector, whose messages may differ from both dialects; the flag is not"
    " for it. What fails here is a question to the vendor, and the pilot is the proof."
)
PILOT_NOTE = "On-demand provisioning ignores the flag: a pilot by it shows the default dialect."
READ_ONLY_NOTE = (
    "Only what can be read was asked. Nothing was created or changed, so most of what Entra sends was not tried."
)
ENDED_NOTE = "The probe ended before everything was asked."
ENDING = ("compat.too_slow", "compat.no_answer", "compat.throttled", "compat.delete_refused")
"""Causes that end a probe before its time where rows were not reached for them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """works | works_if | fails | unknown, in words.

    conditions     what has to be changed or known first
    other_dialect  it works if the flag is added, or taken off
    """

    verdict: str
    sentence: str
    conditions: tuple[str, ...]
    note: str
    other_dialect: bool = False


# -- findings -------------------------------------------------------------------


def find_causes(
    rows: Sequence[CompatibilityRow], mapped: Mapped, *, dialect: Dialect, also: Mapping[str, Result] | None = None
) -> tuple[Finding, ...]:
    """One finding for each root cause, the worst first."""
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
    """The cause of a row, or the stronger one whose shadow it is, seen in the same dialect."""
    cause, passed_over = row.cause, {row.cause}
    while True:
        strong = next(
            (
                one
                for one in sorted(seen)
                if one not in passed_over and cause in EXPLAINS.get(one, ()) and _shares(row, rows, one)
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
    dialects = (BOTH_DIALECTS,) if cause.code in ALIKE else tuple(dict.fromkeys(row.dialect for row in own))
    harmless = all(row.outcome == Status.WARNING for row in own)
    silent = any(
        row.code == "auth.token" or (row.outcome == Status.NOT_REACHED and not row.got.startswith("not asked:"))
        for row in rows
    )
    return Finding(
        cause=cause.code,
        title=cause.title,
        breaks=_weight(cause, targets, mapped, dialect, harmless, silent),
        dialects=dialects,
        explains=tuple(dict.fromkeys(row.code for row in rows)),
        rows=targets,
        sent=first.sent,
        got=first.got,
        means=_fill(cause.means, shown),
        who=cause.who,
        remedy=_fill(cause.remedy, shown),
        meanwhile=_fill(cause.meanwhile, shown),
        evidence=cause.evidence,
        source=name_source(cause.source),
    )


def _fill(text: str, rows: str) -> str:
    return text.replace("{rows}", rows)


NEEDS_ROWS = frozenset(
    {
        "compat.manager_text_refused",
        "compat.manager_answered_bare",
        "compat.manager_not_stored",
        "compat.match_case_sensitive",
        "compat.inactive_hidden",
        "compat.boolean_text_refused",
        "compat.boolean_text_taken_as_true",
        "compat.boolean_json_refused",
        "compat.disable_not_stored",
        "compat.restore_refused",
        "compat.active_hidden",
        "compat.boolean_stored_as_text",
        "compat.add_refused",
        "compat.pathless",
        "compat.pathless_keys",
    }
)
"""Causes that matter only where the mapping has a row for them, beyond those whose way is a row."""

ALIKE = frozenset({"compat.inactive_hidden"})
"""Causes that do not depend on the message, though they were seen after one dialect's only."""

ALWAYS_CONDITIONAL = frozenset(
    {
        "compat.add_refused",
        "compat.only_active",
        "compat.listed_schema_refused",
        "compat.requires_values",
        "compat.match_case_sensitive",
        "compat.boolean_stored_as_text",
        "compat.active_hidden",
    }
)
"""Causes seen in rows that are met all the same, and that still are conditions."""


def _weight(
    cause: Cause, targets: tuple[str, ...], mapped: Mapped, dialect: Dialect, harmless: bool, silent: bool
) -> str:
    """fails | conditional | advice for this mapping and the dialect in force. silent: the probe ended there."""
    if cause.code == "compat.no_answer" and not silent:
        return CONDITIONAL  # single answers were lost, the rest came
    if cause.code == "compat.unknown_query_parameter" and dialect is DEFAULT:
        return ADVICE  # the Tenant URL has no query that could be repeated
    needs_rows = cause.way in (DROP_ROWS, CREATE_ONLY) or cause.code in NEEDS_ROWS
    if (needs_rows and not targets) or (harmless and cause.code not in ALWAYS_CONDITIONAL):
        return ADVICE
    if cause.way == GROUPS_OFF and not mapped.groups:
        return ADVICE
    vital = {"active", *(target.casefold() for target in mapped.matching)}
    lost = {target.casefold() for target in targets} & (vital if cause.way == DROP_ROWS else {"active"})
    fatal = lost and cause.code in (
        "compat.attribute_not_stored",
        "compat.attribute_refused",
        "compat.row_not_changed",
        "compat.typed_path_refused",
    )
    if fatal:
        return BREAKS
    return cause.breaks


# -- the verdict ---------------------------------------------------------------------


def other_than(dialect: Dialect) -> Dialect:
    """The one of the two dialects that is not spoken."""
    if dialect is DEFAULT:
        return COMPLIANT
    return DEFAULT


def in_dialect(finding: Finding, dialect: Dialect) -> bool:
    """Whether the finding was made in this dialect."""
    return dialect.name in finding.dialects or BOTH_DIALECTS in finding.dialects


def judge_whole(
    findings: Sequence[Finding], rows: Sequence[CompatibilityRow], *, dialect: Dialect, written: bool, gallery: bool
) -> Verdict:
    """Whether Entra will work, in the dialect in force or in the other one."""
    fatal, conditions = _weigh(findings, dialect)
    other_fatal, other_conditions = _weigh(findings, other_than(dialect))
    note = ""
    if gallery:
        note = GALLERY_NOTE
    elif dialect is COMPLIANT:
        note = PILOT_NOTE
    better = not gallery and not other_fatal and (fatal or len(other_conditions) < len(conditions))
    unreached = any(row.outcome == Status.NOT_REACHED and row.cause in ENDING for row in rows)
    if not fatal and (not written or unreached):
        note = " ".join(text for text in (note, ENDED_NOTE if unreached else READ_ONLY_NOTE) if text)
        said = "So far nothing speaks against it"
        if conditions:
            said = "So far it works only if: " + " ".join(conditions)
        return Verdict(UNKNOWN, said.rstrip(".") + ".", tuple(conditions), note)
    if better:
        change = f"Take the flag {FLAG} off the Tenant URL."
        if dialect is DEFAULT:
            change = f"Add the flag {FLAG} to the Tenant URL."
            note = note or PILOT_NOTE
        wanted = (change, *other_conditions)
        return Verdict(WORKS_IF, "Entra will work if: " + " ".join(wanted), wanted, note, True)
    if fatal:
        reasons = ". ".join(finding.title for finding in fatal)
        return Verdict(FAILS, f"Entra will fail: {reasons}.", tuple(conditions), note)
    if conditions:
        return Verdict(WORKS_IF, "Entra will work if: " + " ".join(conditions), tuple(conditions), note)
    return Verdict(WORKS, "Entra will work with this endpoint.", (), note)


def _weigh(findings: Sequence[Finding], dialect: Dialect) -> tuple[list[Finding], list[str]]:
    """What breaks in this dialect beyond help, and what has to be changed or known."""
    fatal, conditions = [], []
    groups_off = any(
        CAUSES[f.cause].way == GROUPS_OFF and f.breaks == BREAKS and in_dialect(f, dialect) for f in findings
    )
    for finding in findings:
        if finding.breaks == ADVICE or not in_dialect(finding, dialect):
            continue
        if groups_off and (
            CAUSES[finding.cause].way == GROUPS_OFF
            or all(code.startswith(("group.", "member.")) for code in finding.explains)
        ):
            continue  # settled by switching the group mapping off
        if finding.breaks == BREAKS:
            fatal.append(finding)
        else:
            conditions.append(finding.meanwhile)
    if groups_off:
        conditions.append("Switch the group mapping off.")
    return fatal, list(dict.fromkeys(conditions))


def for_dialects(findings: Sequence[Finding], verdict: Verdict, *, dialect: Dialect) -> tuple[Finding, ...]:
    """The findings as they count: what only the dialect that is not used meets is advice."""
    used = {dialect}
    if verdict.other_dialect:
        used.add(other_than(dialect))
    counted = [_counted_in(used, finding) for finding in findings]
    return tuple(sorted(counted, key=lambda finding: ORDER[finding.breaks]))


def _counted_in(used: Collection[Dialect], finding: Finding) -> Finding:
    """`finding` as it counts where the dialects `used` are spoken."""
    if any(in_dialect(finding, one) for one in used):
        return finding
    return replace(finding, breaks=ADVICE)


# -- checks, for exit codes --------------------------------------------------------------


def make_checks(
    verdict: Verdict,
    findings: Sequence[Finding],
    rows: Sequence[CompatibilityRow],
    left: Sequence[LeftBehind],
    *,
    dialect: Dialect,
) -> tuple[Check, ...]:
    """A check for the verdict and one for each finding: failed where something has to be mended or changed first."""
    checks = [_verdict_check(verdict)]
    for finding in findings:
        cause = CAUSES[finding.cause]
        if finding.got:
            message = f"{finding.title}: {finding.got}"
        else:
            message = finding.title
        advice = f"Until it is mended: {finding.meanwhile} For the vendor: {finding.remedy}"
        if (
            finding.breaks == ADVICE
            or not in_dialect(finding, dialect)
            or (finding.breaks == CONDITIONAL and cause.way == KNOW)
        ):
            checks.append(warning(finding.cause, message, advice, finding.source))
        else:
            checks.append(failed(finding.cause, message, advice, finding.source))
    if left:
        names = ", ".join(f"{one.resource_type}/{one.id or '?'} ({one.name})" for one in left)
        checks.append(
            failed(
                "compat.left_behind",
                f"{len(left)} test objects could not be removed: {names}",
                "Remove them in the app.",
            )
        )
    unseen = sum(row.outcome in (Status.NOT_OBSERVED, Status.NOT_REACHED) for row in rows)
    if unseen:
        checks.append(
            not_observed("compat.not_asked", f"{unseen} of {len(rows)} checks could not be made or told nothing")
        )
    return tuple(checks)


def _verdict_check(verdict: Verdict) -> Check:
    source = "Tutorial: Develop and plan provisioning for a SCIM endpoint"
    if verdict.verdict == WORKS:
        return passed("compat.verdict", verdict.sentence, source)
    if verdict.verdict == FAILS:
        return failed("compat.verdict", verdict.sentence, "See the findings: each says who can mend it.", source)
    if verdict.verdict == UNKNOWN:
        return not_observed("compat.verdict", verdict.sentence, verdict.note, source)
    return warning("compat.verdict", verdict.sentence, " ".join(verdict.conditions), source)
