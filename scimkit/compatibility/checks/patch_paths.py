"""Checks of PATCH: the forms of a path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimkit.compatibility.checks.changes import judge, judge_again, other_value, pick, wanted_values
from scimkit.compatibility.probed_mapping import EXTENSION, NESTED, SIMPLE, TYPED, kind_of
from scimkit.compatibility.read_back import Subject, same
from scimkit.compatibility.record import FULL, SPARSE
from scimkit.compatibility.results import Result, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import Dialect, patch_message
from scimkit.provisioning.targets import parse_target

CAUSE_OF_KIND = {
    SIMPLE: "compat.row_not_changed",
    NESTED: "compat.nested_path",
    TYPED: "compat.typed_path_refused",
    EXTENSION: "compat.extension_path",
}


def check_add(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    targets = pick(trial, subject, SIMPLE, present=False)[:1]
    if not targets:
        return unknown("every simple attribute has a value")
    changed = trial.read_back.change(subject, wanted_values(trial, subject, targets), dialect)
    return judge_again(trial, changed, "compat.add_refused", tuple(targets))


def check_either_word(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """The word that Entra would not choose: Add for an existing value, Replace for a missing one."""
    full = subject.people == FULL
    targets = pick(trial, subject, SIMPLE, NESTED, present=full)[:1]
    if not targets:
        return unknown("there is no attribute to test this with")
    value = other_value(trial, subject, targets[0])
    word = dialect.replace
    if full:
        word = dialect.add
    body = patch_message([{"op": word, "path": targets[0], "value": value}])
    changed = trial.read_back.change(subject, {targets[0]: value}, dialect, body=body)
    if changed.good:
        return judge(changed, "", ())
    return tolerated("compat.word_strict", changed.reply, changed.words, targets=targets)


def _check_kind(trial: Trial, subject: Subject, dialect: Dialect, kind: str, *, count: int = 1) -> Result:
    present = subject.people == FULL
    targets = pick(trial, subject, kind, present=present) or pick(trial, subject, kind, present=not present)
    if not targets:
        return unknown(f"this mapping has no {kind} attribute to test this with")
    changed = trial.read_back.change(subject, wanted_values(trial, subject, targets[:count]), dialect)
    return judge_again(trial, changed, CAUSE_OF_KIND[kind], trial.mapped.of_kind(kind))


def check_nested(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    return _check_kind(trial, subject, dialect, NESTED)


def check_extension(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    return _check_kind(trial, subject, dialect, EXTENSION)


def check_typed(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """One of several elements, if there are several, so that the others can be seen to stay."""
    targets = pick(trial, subject, TYPED, present=True)
    if not targets:
        return _check_kind(trial, subject, dialect, TYPED)
    kept = [
        parse_target(target).attribute
        for target in subject.stored
        if kind_of(target) == TYPED and parse_target(target).sub == "value"
    ]
    beside = [target for target in targets if kept.count(parse_target(target).attribute) > 1]
    changed = trial.read_back.change(subject, wanted_values(trial, subject, (beside or targets)[:1]), dialect)
    return judge_again(trial, changed, CAUSE_OF_KIND[TYPED], trial.mapped.of_kind(TYPED))


def check_typed_missing(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """E07: a missing element is created."""
    targets = pick(trial, subject, TYPED, present=False)
    if not targets:
        return unknown("this mapping has no typed attribute that could be missing")
    changed = trial.read_back.change(subject, wanted_values(trial, subject, targets[:1]), dialect)
    return judge_again(trial, changed, _typed_cause(trial, dialect), trial.mapped.of_kind(TYPED))


def _typed_cause(trial: Trial, dialect: Dialect) -> str:
    """If a typed path works for a person who has the value, only the missing element is the cause."""
    if trial.results.met("patch.typed", dialect, FULL):
        return "compat.typed_path_needs_element"
    return "compat.typed_path_refused"


def check_typed_several(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """Several parts of one element (E07)."""
    roots: dict[tuple[str, Any], list[str]] = {}
    for present in (subject.people == FULL, subject.people != FULL):
        for target in pick(trial, subject, TYPED, present=present):
            parsed = parse_target(target)
            roots.setdefault((parsed.attribute, parsed.wanted), []).append(target)
    several = [targets for targets in roots.values() if len(targets) > 1]
    if not several:
        return unknown("no typed element of this mapping has several parts")
    targets = max(several, key=len)
    if subject.people == SPARSE and not trial.results.met("patch.typed_missing", dialect, SPARSE):
        cause = _typed_cause(trial, dialect)
    else:
        cause = "compat.several_operations"
        if not trial.results.met("patch.typed", dialect, FULL):
            cause = "compat.typed_path_refused"
    changed = trial.read_back.change(subject, wanted_values(trial, subject, targets), dialect)
    if changed.reply.done:
        first = parse_target(targets[0])
        elements = subject.resource.get(first.attribute)
        if isinstance(elements, list):
            alike = [item for item in elements if isinstance(item, Mapping) and same(item.get(first.key), first.wanted)]
        else:
            alike = []
        untyped = 0
        if isinstance(elements, list) and not alike:
            untyped = len(elements)
        if len(alike) > 1 or untyped > 1:
            return unmet(
                "compat.typed_path_splits",
                changed.reply,
                f"{len(alike) or untyped} elements, 1 wanted",
                outcome=Status.NOT_STORED,
                targets=targets,
            )
    return judge_again(trial, changed, cause, tuple(targets))


def check_typed_siblings(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """An element of another type, which the app may have received from elsewhere, must stay."""
    targets = [
        t
        for t in pick(trial, subject, TYPED, present=True)
        if parse_target(t).sub.casefold() == "value" and parse_target(t).key == "type"
    ]
    if not targets:
        return unknown("this mapping has no typed value to test this with")
    target = targets[0]
    parsed = parse_target(target)
    beside = f'{parsed.attribute}[type eq "other"].value'
    value = "+1 425 555 0199"
    if parsed.attribute == "emails":
        value = "scimkit-probe-other@example.com"
    added = trial.read_back.change(subject, {beside: value}, dialect)
    if added.wrong:
        return unknown("an element of another type cannot be added", added.reply)
    subject.stored[beside] = subject.value(beside)
    changed = trial.read_back.change(subject, wanted_values(trial, subject, [target]), dialect)
    lost = changed.reply.done and subject.value(beside) is None
    subject.stored.pop(beside, None)
    if lost:
        return unmet("compat.siblings_lost", changed.reply, changed.words, targets=(target,))
    return judge_again(trial, changed, "compat.typed_path_refused", (target,))
