"""Checks of PATCH: several changes in one message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimkit.compatibility.checks.changes import judge, judge_again, other_value, pick, wanted_values
from scimkit.compatibility.probed_mapping import EXTENSION, NESTED, SIMPLE, TYPED, kind_of
from scimkit.compatibility.read_back import Changed, Subject, same
from scimkit.compatibility.record import FULL, SPARSE
from scimkit.compatibility.results import Result, met, not_asked, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import COMPLIANT, Dialect, patch_body, patch_message
from scimkit.provisioning.targets import Change, read_target

UNDISPUTED = (Status.PASSED, Status.WARNING, Status.NOT_OBSERVED)  # outcomes of a form of path that leave it usable

CHECK_OF_KIND = {NESTED: "patch.nested", TYPED: "patch.typed", EXTENSION: "patch.extension"}


def usable(trial: Trial, subject: Subject, dialect: Dialect, *, present: bool | None = None) -> list[str]:
    """Targets with a form of path that this endpoint understands in this dialect."""
    found: list[str] = []
    for kind in (SIMPLE, NESTED, TYPED, EXTENSION):
        code = CHECK_OF_KIND.get(kind)
        row = None
        if code:
            row = trial.results.found(code, dialect, FULL if kind == TYPED else subject.people)
        if row is not None and row.outcome not in UNDISPUTED:
            continue
        missing_too = kind != TYPED or subject.people == FULL or _missing_works(trial, dialect)
        for there in (True, False) if present is None else (present,):
            if there or missing_too:
                found += pick(trial, subject, kind, present=there)
    return found


def _missing_works(trial: Trial, dialect: Dialect) -> bool:
    row = trial.results.found("patch.typed_missing", dialect, SPARSE)
    return row is None or row.outcome in UNDISPUTED


def check_several(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """Operations of different kinds side by side, each with its path."""
    targets = usable(trial, subject, dialect, present=True)
    first = {kind_of(target): target for target in reversed(targets)}
    chosen = list(first.values())
    if dialect is COMPLIANT:  # two without a filter would be merged into one without a path
        if TYPED in first and len(first) > 1:
            chosen = [first[TYPED], next(t for k, t in first.items() if k != TYPED)]
        else:
            chosen = []
    elif len(chosen) < 2:
        chosen = targets[:2]
    if len(chosen) < 2:
        return unknown("this mapping has too few attributes to change at once")
    changed = trial.read_back.change(subject, wanted_values(trial, subject, chosen), dialect)
    return judge_again(trial, changed, "compat.several_operations", tuple(chosen))


def check_pathless(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    targets = [target for target in pick(trial, subject, SIMPLE, present=True)][:2]
    if not targets:
        return unknown("this mapping has no simple attribute to test this with")
    wanted = wanted_values(trial, subject, targets)
    changed = trial.read_back.change(subject, wanted, dialect, body=patch_message([{"op": "replace", "value": wanted}]))
    return judge_again(trial, changed, "compat.pathless", tuple(targets))


def check_pathless_keys(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    targets = pick(trial, subject, NESTED, present=True)[:2]
    if trial.results.found("patch.extension", dialect, FULL) is None or trial.results.met(
        "patch.extension", dialect, FULL
    ):
        targets += pick(trial, subject, EXTENSION, present=True)[
            :1
        ]  # where a path with a URN does not work, no key will
    if not targets:
        return unknown("this mapping has no dotted attribute and no extension")
    wanted = wanted_values(trial, subject, targets)
    changed = trial.read_back.change(subject, wanted, dialect, body=patch_message([{"op": "replace", "value": wanted}]))
    return judge_again(trial, changed, "compat.pathless_keys", tuple(targets))


def check_all_mapped(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """Everything at once, as after a change of everything in Entra; if that fails, single attributes are tried."""
    if dialect is COMPLIANT and any(
        (row := trial.results.found(code, dialect, FULL)) is not None
        and row.outcome in (Status.FAILED, Status.NOT_STORED)
        for code in ("patch.pathless", "patch.pathless_keys")
    ):
        cause = "compat.pathless"
        if trial.results.met("patch.pathless", dialect, FULL):
            cause = "compat.pathless_keys"
        return not_asked("messages without a path do not work", cause)
    targets = usable(trial, subject, dialect)
    if not targets:
        return unknown("nothing is left to change")
    before = subject.resource
    changed = trial.read_back.change(subject, wanted_values(trial, subject, targets), dialect)
    if changed.good:
        if trial.created.unchangeable:
            return _refused_alone(trial)
        return met(changed.reply, changed.words)
    if changed.reply.done:
        suspects = list(changed.wrong)
    else:
        suspects = targets
    bad: dict[str, Changed] = {}
    for target in suspects:
        value = other_value(trial, subject, target)
        if value is not None:
            alone = trial.read_back.change(subject, {target: value}, dialect)
            if not alone.reply.done or alone.wrong:
                bad[target] = alone
    if not bad:
        return _blame_company(trial, changed, before, dialect)
    bad = {**trial.created.unchangeable, **bad}
    target, alone = next(iter(bad.items()))
    return judge_again(trial, alone, "compat.row_not_changed", tuple(bad))


def _blame_company(trial: Trial, changed: Changed, before: Mapping[str, Any], dialect: Dialect) -> Result:
    """Each can be changed alone, but not all in one message: the endpoint derives some from others, or
    messages are the cause."""
    made = all(
        there is not None and not same(there, read_target(before, target)) for target, there in changed.wrong.items()
    )
    several = trial.results.found("patch.several", dialect, FULL)
    if changed.reply.done and made and (several is None or several.outcome not in (Status.FAILED, Status.NOT_STORED)):
        trial.learned.changed_on_arrival |= set(changed.wrong)
        return unmet(
            "compat.values_normalised",
            changed.reply,
            changed.words,
            outcome=Status.NOT_STORED,
            targets=tuple(changed.wrong),
        )
    return judge_again(trial, changed, "compat.several_operations", tuple(changed.wrong))


def _refused_alone(trial: Trial) -> Result:
    """The remaining targets can be changed; some cannot, as the first changes showed."""
    first = next(iter(trial.created.unchangeable.values()))
    return unmet("compat.row_not_changed", first.reply, first.words, targets=trial.created.unchangeable)


def check_same_again(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    targets = pick(trial, subject, SIMPLE, NESTED, EXTENSION, TYPED, present=True)[:1]
    if not targets:
        return unknown("nothing to send again")
    value = subject.value(targets[0])
    body = patch_body([Change(targets[0], value, value)], dialect)
    changed = trial.read_back.change(subject, {targets[0]: value}, dialect, body=body)
    if changed.good:
        return judge(changed, "", ())
    return tolerated("compat.word_strict", changed.reply, changed.words)
