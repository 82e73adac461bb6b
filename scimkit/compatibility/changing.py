"""Checks of PATCH: every form of path and of message, on people who have the value and on people who lack it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

from scimkit.compatibility.objects import DIALECTS, root_of
from scimkit.compatibility.probed_mapping import EXTENSION, NESTED, SIMPLE, TYPED, kind_of
from scimkit.compatibility.read_back import Changed, Subject, same
from scimkit.compatibility.record import FULL, SPARSE
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import COMPLIANT, DEFAULT, Dialect, patch_body, patch_message
from scimkit.provisioning.targets import Change, parse_target, read_target

UNDISPUTED = (Status.PASSED, Status.WARNING, Status.NOT_OBSERVED)  # outcomes of a form of path that leave it usable
CHECK_OF_KIND = {NESTED: "patch.nested", TYPED: "patch.typed", EXTENSION: "patch.extension"}
CAUSE_OF_KIND = {
    SIMPLE: "compat.row_not_changed",
    NESTED: "compat.nested_path",
    TYPED: "compat.typed_path_refused",
    EXTENSION: "compat.extension_path",
}


# -- what can be changed ------------------------------------------------------------


def other_value(trial: Trial, subject: Subject, target: str) -> Any:
    """A value the mapping could give for this person that is not the one that is there; None where it has no other."""
    for values in trial.both_values(subject.number):
        value = values.get(target)
        if value is not None and not same(subject.value(target), value):
            return value
    return None


def pick(trial: Trial, subject: Subject, *kinds: str, present: bool) -> list[str]:
    """Targets of these kinds that can be tried: not identity, stored by this endpoint, with or without a value now."""
    identity = {"username", "active", "externalid", *(target.casefold() for target in trial.mapped.matching)}
    return [
        target for target in trial.mapped.of_kind(*kinds)
        if target.casefold() not in identity
        and target not in trial.learned.not_stored
        and target not in trial.learned.refused
        and target not in trial.created.unchangeable
        and (subject.value(target) is not None) is present
        and other_value(trial, subject, target) is not None
    ]  # fmt: skip


def wanted_values(trial: Trial, subject: Subject, targets: list[str]) -> dict[str, Any]:
    return {target: other_value(trial, subject, target) for target in targets}


def judge(changed: Changed, cause: str, targets: tuple[str, ...]) -> Result:
    """The result of a change: refused, accepted and not stored, stored at the cost of others, or as wanted.

    targets  the mapped rows that are hit where it went wrong
    """
    reply = changed.reply
    if not reply.done:
        return unmet(cause, reply, targets=targets)
    if changed.wrong:
        return unmet(cause, reply, changed.words, outcome=Status.NOT_STORED, targets=targets)
    if changed.lost:
        return unmet(
            cause_of_loss(changed), reply, changed.words, targets=tuple(dict.fromkeys((*targets[:1], *changed.lost)))
        )
    return met(reply, changed.words)


def cause_of_loss(changed: Changed) -> str:
    """Whether parts beside the changed one are lost, or attributes that have nothing to do with it."""
    roots = {root_of(target) for target in changed.wanted}
    if all(root_of(target) in roots for target in changed.lost):
        return "compat.siblings_lost"
    return "compat.patch_drops_others"


def judge_again(trial: Trial, changed: Changed, cause: str, targets: tuple[str, ...]) -> Result:
    """As `judge`; a value that was changed on arrival is that, and no fault of the path."""
    arrived = {
        target
        for target, there in changed.wrong.items()
        if there is not None and isinstance(there, str) and _is_near(there, changed.wanted[target])
    }
    if changed.reply.done and arrived and arrived == set(changed.wrong):
        trial.learned.changed_on_arrival |= arrived
        return unmet(
            "compat.values_normalised", changed.reply, changed.words, outcome=Status.NOT_STORED, targets=arrived
        )
    return judge(changed, cause, targets)


def _is_near(there: str, wanted: Any) -> bool:
    """Whether one text is the other without its punctuation and blanks."""

    def bare(text: str) -> str:
        return "".join(letter for letter in text.casefold() if letter.isalnum())

    return isinstance(wanted, str) and bool(bare(there)) and bare(there) == bare(wanted)


# -- the first change ---------------------------------------------------------------


def check_changes(trial: Trial) -> None:
    """All of PATCH, for each dialect first on who has everything, then on who lacks the rest."""
    for dialect in DIALECTS:
        for people in (FULL, SPARSE):
            subject = trial.created.people.get((dialect, people))
            if subject is not None or people == FULL:
                _check_person(trial, subject, dialect, people)


def _check_person(trial: Trial, subject: Subject | None, dialect: Dialect, people: str) -> None:
    if subject is None:
        trial.check("patch.simple", lambda: unknown("nobody was created"), dialect=dialect, people=people)
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
    """Change one attribute, the plainest there is; another where the first fails, to tell PATCH from the attribute."""
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
    """No change went through: is it the word `Replace`, or PATCH as such?"""
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
    """The mapping has nothing else to change: `active` is set to what it is."""
    changed = trial.read_back.change(subject, {"active": True}, dialect)
    if changed.reply.status:
        return judge(changed, "compat.patch_refused", ("active",))
    return unmet("compat.no_answer", changed.reply)


# -- forms of paths -------------------------------------------------------------------


def check_add(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    targets = pick(trial, subject, SIMPLE, present=False)[:1]
    if not targets:
        return unknown("no simple attribute is without a value")
    changed = trial.read_back.change(subject, wanted_values(trial, subject, targets), dialect)
    return judge_again(trial, changed, "compat.add_refused", tuple(targets))


def check_either_word(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """The word that Entra would not choose: Add where a value is, Replace where none is."""
    full = subject.people == FULL
    targets = pick(trial, subject, SIMPLE, NESTED, present=full)[:1]
    if not targets:
        return unknown("no attribute to try it on")
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
        return unknown(f"this mapping has no {kind} attribute to try it on")
    changed = trial.read_back.change(subject, wanted_values(trial, subject, targets[:count]), dialect)
    return judge_again(trial, changed, CAUSE_OF_KIND[kind], trial.mapped.of_kind(kind))


def check_nested(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    return _check_kind(trial, subject, dialect, NESTED)


def check_extension(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    return _check_kind(trial, subject, dialect, EXTENSION)


def check_typed(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    """One of several elements where there are several, so that the others can be seen to stay."""
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
    """E07: an element that is not there is made."""
    targets = pick(trial, subject, TYPED, present=False)
    if not targets:
        return unknown("this mapping has no typed attribute that could be missing")
    changed = trial.read_back.change(subject, wanted_values(trial, subject, targets[:1]), dialect)
    return judge_again(trial, changed, _typed_cause(trial, dialect), trial.mapped.of_kind(TYPED))


def _typed_cause(trial: Trial, dialect: Dialect) -> str:
    """Where a typed path works on somebody who has the value, only the missing element is to blame."""
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
    """An element of another type, which the app may have got from somewhere else, must stay."""
    targets = [
        t
        for t in pick(trial, subject, TYPED, present=True)
        if parse_target(t).sub.casefold() == "value" and parse_target(t).key == "type"
    ]
    if not targets:
        return unknown("this mapping has no typed value to try it on")
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


# -- forms of messages ----------------------------------------------------------------


def usable(trial: Trial, subject: Subject, dialect: Dialect, *, present: bool | None = None) -> list[str]:
    """Targets whose form of path this endpoint understands in this dialect."""
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
        return unknown("this mapping has no simple attribute to try it on")
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
    """Everything at once, as after a change of everything in Entra; single attributes are found out where that
    fails."""
    if dialect is COMPLIANT and any(
        (row := trial.results.found(code, dialect, FULL)) is not None
        and row.outcome in (Status.FAILED, Status.NOT_STORED)
        for code in ("patch.pathless", "patch.pathless_keys")
    ):
        return Result(
            Status.NOT_REACHED,
            "compat.pathless_keys" if trial.results.met("patch.pathless", dialect, FULL) else "compat.pathless",
            "",
            "not asked: messages without a path do not work",
        )
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
    """Each alone can be changed, not all in one message: some get a value that the endpoint makes of others, or
    messages are to blame."""
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
    """What is left can be changed; some targets cannot, as the first changes showed."""
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
