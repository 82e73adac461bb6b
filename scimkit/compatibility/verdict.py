"""The overall verdict, and the checks that give it an exit code."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from scimkit.compatibility.causes import CAUSES
from scimkit.compatibility.causes.cause import ADVICE, CONDITIONAL, GROUPS_OFF, KNOW
from scimkit.compatibility.causes.cause import FAILS as BREAKS
from scimkit.compatibility.findings import ORDER
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
from scimkit.evidence.checks import Check, Status, failed, not_observed, passed, warning
from scimkit.provisioning.dialect import COMPLIANT, DEFAULT, FLAG, Dialect

GALLERY_NOTE = (
    "The app will be connected by its gallery connector, whose messages may differ from both dialects. The flag does"
    " not apply to it. Ask the vendor about what fails here, and rely on the pilot as proof."
)
PILOT_NOTE = "On-demand provisioning ignores the flag, so a pilot that uses it shows the default dialect."
READ_ONLY_NOTE = (
    "Only read requests were sent. Nothing was created or changed, so most of what Entra sends was not tested."
)
ENDED_NOTE = "The probe ended before all checks were made."


@dataclass(frozen=True, slots=True)
class Verdict:
    """works | works_if | fails | unknown, in words.

    conditions     what must be changed or known first
    other_dialect  it works if the flag is added or removed
    """

    verdict: str
    sentence: str
    conditions: tuple[str, ...]
    note: str
    other_dialect: bool = False


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
    """Whether Entra will work, in the current dialect or in the other one."""
    fatal, conditions = _weigh(findings, dialect)
    other_fatal, other_conditions = _weigh(findings, other_than(dialect))
    note = ""
    if gallery:
        note = GALLERY_NOTE
    elif dialect is COMPLIANT:
        note = PILOT_NOTE
    better = not gallery and not other_fatal and (fatal or len(other_conditions) < len(conditions))
    unreached = any(row.outcome == Status.NOT_REACHED and row.cause and CAUSES[row.cause].ends_probe for row in rows)
    if not fatal and (not written or unreached):
        note = " ".join(text for text in (note, ENDED_NOTE if unreached else READ_ONLY_NOTE) if text)
        said = "So far there is no evidence against it"
        if conditions:
            said = "So far it works only if: " + " ".join(conditions)
        return Verdict(UNKNOWN, said.rstrip(".") + ".", tuple(conditions), note)
    if better:
        change = f"Remove the flag {FLAG} from the Tenant URL."
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
    """What breaks in this dialect without a remedy, and what must be changed or known."""
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
    """The findings as they count: what affects only the unused dialect is advice."""
    used = {dialect}
    if verdict.other_dialect:
        used.add(other_than(dialect))
    counted = [_counted_in(used, finding) for finding in findings]
    return tuple(sorted(counted, key=lambda finding: ORDER[finding.breaks]))


def _counted_in(used: Collection[Dialect], finding: Finding) -> Finding:
    """`finding` as it counts where the dialects `used` apply."""
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
    """A check for the verdict and one for each finding: failed where something must be fixed or changed first."""
    checks = [_verdict_check(verdict)]
    for finding in findings:
        cause = CAUSES[finding.cause]
        if finding.got:
            message = f"{finding.title}: {finding.got}"
        else:
            message = finding.title
        advice = f"Until it is fixed: {finding.meanwhile} For the vendor: {finding.remedy}"
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
            not_observed("compat.not_asked", f"{unseen} of {len(rows)} checks could not be made or gave no result")
        )
    return tuple(checks)


def _verdict_check(verdict: Verdict) -> Check:
    source = "Tutorial: Develop and plan provisioning for a SCIM endpoint"
    if verdict.verdict == WORKS:
        return passed("compat.verdict", verdict.sentence, source)
    if verdict.verdict == FAILS:
        return failed("compat.verdict", verdict.sentence, "See the findings: each says who can fix it.", source)
    if verdict.verdict == UNKNOWN:
        return not_observed("compat.verdict", verdict.sentence, verdict.note, source)
    return warning("compat.verdict", verdict.sentence, " ".join(verdict.conditions), source)
