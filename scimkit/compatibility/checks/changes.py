"""What can be changed in a test person, and how a change is judged by reading it back."""

from __future__ import annotations

from typing import Any

from scimkit.compatibility.objects import root_of
from scimkit.compatibility.read_back import Changed, Subject, same
from scimkit.compatibility.results import Result, met, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status


def other_value(trial: Trial, subject: Subject, target: str) -> Any:
    """A value the mapping could give for this person other than the current one; None if it has no other."""
    for values in trial.both_values(subject.number):
        value = values.get(target)
        if value is not None and not same(subject.value(target), value):
            return value
    return None


def pick(trial: Trial, subject: Subject, *kinds: str, present: bool) -> list[str]:
    """Targets of these kinds that can be tried: not identity, stored by this endpoint, with or without a value."""
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
    """The result of a change: refused, accepted and not stored, stored at the cost of other values, or as expected.

    targets  the mapped rows that are affected if it went wrong
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
    """Whether parts beside the changed one are lost, or unrelated attributes."""
    roots = {root_of(target) for target in changed.wanted}
    if all(root_of(target) in roots for target in changed.lost):
        return "compat.siblings_lost"
    return "compat.patch_drops_others"


def judge_again(trial: Trial, changed: Changed, cause: str, targets: tuple[str, ...]) -> Result:
    """Like `judge`; a value that the endpoint changes on arrival is not a fault of the path."""
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
    """Whether one string is the other without its punctuation and spaces."""

    def bare(text: str) -> str:
        return "".join(letter for letter in text.casefold() if letter.isalnum())

    return isinstance(wanted, str) and bool(bare(there)) and bare(there) == bare(wanted)
