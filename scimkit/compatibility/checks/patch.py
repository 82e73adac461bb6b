"""Checks of PATCH: the first change, then all the others, for each dialect and each kind of person."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

from scimkit.compatibility.checks.changes import judge, judge_again, other_value, pick, wanted_values
from scimkit.compatibility.checks.patch_messages import (
    check_all_mapped,
    check_pathless,
    check_pathless_keys,
    check_same_again,
    check_several,
)
from scimkit.compatibility.checks.patch_paths import (
    check_add,
    check_either_word,
    check_extension,
    check_nested,
    check_typed,
    check_typed_missing,
    check_typed_several,
    check_typed_siblings,
)
from scimkit.compatibility.objects import DIALECTS
from scimkit.compatibility.probed_mapping import EXTENSION, NESTED, SIMPLE, TYPED, kind_of
from scimkit.compatibility.read_back import Changed, Subject
from scimkit.compatibility.record import FULL, SPARSE
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import COMPLIANT, DEFAULT, Dialect, patch_body, patch_message
from scimkit.provisioning.targets import Change


def check_changes(trial: Trial) -> None:
    """All of PATCH, for each dialect first on the person who has everything, then on the person who lacks the rest."""
    for dialect in DIALECTS:
        for people in (FULL, SPARSE):
            subject = trial.created.people.get((dialect, people))
            if subject is not None or people == FULL:
                _check_person(trial, subject, dialect, people)


def _check_person(trial: Trial, subject: Subject | None, dialect: Dialect, people: str) -> None:
    if subject is None:
        trial.check("patch.simple", lambda: unknown("no test person was created"), dialect=dialect, people=people)
    else:
        trial.check("patch.simple", check_simple, trial, subject, dialect, dialect=dialect, people=people)
    subject = subject or Subject("none", "", people, "0")
    steps: list[tuple[str, Any]] = [
        ("patch.either_word", check_either_word), ("patch.nested", check_nested), ("patch.extension", check_extension),
        ("patch.typed_several", check_typed_several),
    ]  # fmt: skip
    if people == FULL:
        steps += [
            ("patch.typed_siblings", check_typed_siblings),
            ("patch.several", check_several),
            ("patch.same_again", check_same_again),
        ]
        steps.insert(3, ("patch.typed", check_typed))
        if dialect is COMPLIANT:
            steps += [("patch.pathless", check_pathless), ("patch.pathless_keys", check_pathless_keys)]
    else:
        steps.insert(0, ("patch.add", check_add))
        steps.insert(4, ("patch.typed_missing", check_typed_missing))
    steps.append(("patch.all_mapped", check_all_mapped))
    for code, ask in steps:
        trial.check(code, ask, trial, subject, dialect, dialect=dialect, people=people)


def check_simple(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """Change one attribute, the simplest; another if the first fails, to distinguish PATCH from the attribute."""
    choices = list(
        chain.from_iterable(pick(trial, subject, kind, present=True) for kind in (SIMPLE, NESTED, EXTENSION, TYPED))
    )
    choices = choices or pick(trial, subject, SIMPLE, NESTED, present=False)
    if not choices:
        return _check_active_only(trial, subject, dialect)
    tries: list[tuple[str, Changed]] = []
    first_of_kind = {kind_of(target): target for target in reversed(choices)}
    for target in dict.fromkeys([choices[0], *choices[1:2], *first_of_kind.values()]):
        changed = trial.read_back.change(subject, wanted_values(trial, subject, [target]), dialect)
        if changed.reply.done and not changed.wrong:
            trial.created.unchangeable |= dict(tries)
            return judge(changed, "", (target,))
        if target in changed.wrong and changed.reply.done and changed.wrong[target] is not None:
            near = judge_again(trial, changed, "", (target,))
            if near.cause == "compat.values_normalised":
                trial.results.also["compat.values_normalised"] = replace(
                    near, targets=tuple(trial.learned.changed_on_arrival)
                )
                return met(changed.reply, changed.words)
        tries.append((target, changed))
        if changed.reply.status == 405:  # 501 may be said of one attribute only
            break
    return _blame_patch(trial, subject, dialect, tries)


def _blame_patch(trial: Trial, subject: Subject, dialect: Dialect, tries: list[tuple[str, Changed]]) -> Result:
    """No change was accepted: is the cause the word `Replace`, or PATCH in general?"""
    target, changed = tries[0]
    if dialect is DEFAULT and changed.reply.status not in (405, 501):
        message = patch_body(
            [Change(target, subject.value(target), other_value(trial, subject, target))], dialect=COMPLIANT
        )
        lower = trial.read_back.change(subject, wanted_values(trial, subject, [target]), dialect, body=message)
        if lower.reply.done and not lower.wrong:
            return unmet(
                "compat.op_case", changed.reply, f"with lower-case op: {lower.reply.said}", targets=trial.mapped.targets
            )
    done = [(target, one) for target, one in tries if one.reply.done]
    if not done and subject.value(target) in (None, "") and changed.reply.status != 405:
        value = other_value(trial, subject, target)
        set_ = patch_message([{"op": dialect.replace, "path": target, "value": value}])
        other = trial.read_back.change(subject, {target: value}, dialect, body=set_)
        if other.reply.done and not other.wrong:
            return tolerated(
                "compat.add_refused",
                changed.reply,
                f"with Replace: {other.reply.said}",
                targets=[target for target, _ in tries],
            )
    if not done:
        active = trial.read_back.change(subject, {"active": True}, dialect)
        if not active.reply.done and dialect is DEFAULT:
            real = patch_message([{"op": DEFAULT.replace, "path": "active", "value": True}])
            active = trial.read_back.change(subject, {"active": True}, dialect, body=real)
        if active.reply.done:
            rows = tuple(
                target
                for target in trial.mapped.targets
                if target != "active" and target not in trial.learned.not_stored
            )
            return tolerated("compat.only_active", changed.reply, f"for active: {active.reply.said}", targets=rows)
    if done:
        return unmet(
            "compat.patch_not_stored",
            done[0][1].reply,
            done[0][1].words,
            outcome=Status.NOT_STORED,
            targets=trial.mapped.targets,
        )
    return unmet("compat.patch_refused", changed.reply, targets=trial.mapped.targets)


def _check_active_only(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """The mapping has nothing else to change: `active` is set to its current value."""
    changed = trial.read_back.change(subject, {"active": True}, dialect)
    if changed.reply.status:
        return judge(changed, "compat.patch_refused", ("active",))
    return unmet("compat.no_answer", changed.reply)
