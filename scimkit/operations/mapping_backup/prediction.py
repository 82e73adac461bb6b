"""The prediction of a restore: who would lose their access, and whether there are too many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scimkit.errors import PlanRefused
from scimkit.evidence.checks import Check, failed, first_failed, not_observed, passed, warning
from scimkit.evidence.counting import count
from scimkit.evidence.records import record
from scimkit.operations.mapping_backup.leavers import DisablingRules, Leaver

CODE = "mapping_backup.forecast"
SOURCE = "Accidental deletions prevention"


@record("RestoreForecast")  # its name in run folders, where only the record of 5d is called a forecast otherwise
@dataclass(frozen=True)
class RestorePrediction:
    """Who would lose their access if a mapping were restored.

    made       the directory was read; else `leavers` is empty for the reason in the check
    leavers    everyone who is in scope now and would not be, or would be disabled
    groups     names of the assigned groups that fall out of scope
    threshold  a cycle that would switch off this many people and groups, or more, stops
    """

    made: bool
    leavers: tuple[Leaver, ...]
    groups: tuple[str, ...]
    threshold: int
    checks: tuple[Check, ...]


def no_prediction(why: str) -> RestorePrediction:
    """The prediction when no one can lose anything."""
    return RestorePrediction(False, (), (), 0, (passed(CODE, f"{why}, so no one loses access because of it"),))


def make_restore_prediction(
    leavers: Sequence[Leaver], groups: Sequence[str], rules: DisablingRules
) -> RestorePrediction:
    """The record of who would leave, and of how the job's rules treat them."""
    return RestorePrediction(
        True,
        tuple(leavers),
        tuple(groups),
        rules.threshold,
        (_check_leaving(leavers, groups, rules), *_check_rules(rules)),
    )


def _check_leaving(leavers: Sequence[Leaver], groups: Sequence[str], rules: DisablingRules) -> Check:
    """The threshold counts objects, so groups count as people do; an account that stays as it is does not count."""
    off = sum(not each.keeps_account for each in leavers)
    kept, gone = len(leavers) - off, 0 if rules.keeps_leavers else len(groups)
    parts = [_count(off, "person", "people"), _count(gone, "group", "groups")]
    count = " and ".join(part for part in parts if part)
    if count and off + gone >= rules.threshold:
        whose = "the job has no deletion threshold, so scimkit stops at"
        if rules.threshold_stored:
            whose = "the job stops at"
        remedy = (
            "Narrow the change: check the filters and the row for active. It is better to unassign people who have"
            " really left first."
        )
        return failed(CODE, f"{count} would be disabled or deleted, and {whose} {rules.threshold}", remedy, SOURCE)
    if count:
        return warning(
            CODE,
            f"{count} would be disabled or deleted by the next cycle",
            "Make sure that each of them has really left.",
            SOURCE,
        )
    if kept or groups:
        return warning(
            CODE,
            f"{_count(kept + len(groups), 'object', 'objects')} would fall out of scope and keep their accounts",
            "Make sure that this is intended.",
            SOURCE,
        )
    return passed(CODE, "everyone who is in scope now stays in scope", SOURCE)


def _count(number: int, one: str, many: str) -> str:
    if number:
        return count(number, one, many)
    return ""


def _check_rules(rules: DisablingRules) -> tuple[Check, ...]:
    if rules.known:
        return ()
    text = (
        "this sign-in is not allowed to read the provisioning settings: assigned people were checked, and"
        f" {rules.threshold} is used as the threshold"
    )
    return (
        not_observed(
            "mapping_backup.settings",
            text,
            "Sign in with Synchronization.ReadWrite.All, which a restore also needs.",
            "Graph: synchronization secrets",
        ),
    )


def refuse_leavers(prediction: RestorePrediction) -> None:
    """Raises PlanRefused if too many would be disabled, and names them."""
    check = first_failed(prediction.checks)
    if check is not None:
        names = [
            *(each.person.user_principal_name for each in prediction.leavers if not each.keeps_account),
            *prediction.groups,
        ]
        raise PlanRefused(
            f"{check.message}: {', '.join(names[:5])}{' and others' if len(names) > 5 else ''}", check.remedy
        )
