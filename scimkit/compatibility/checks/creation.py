"""Checks of creation: people with all values, and with nothing optional; and reading back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimkit.compatibility.checks.narrowing import find_what_is_refused, needed_targets
from scimkit.compatibility.endpoint import Ended, Reply
from scimkit.compatibility.objects import good_values, post, sparse_values
from scimkit.compatibility.read_back import Subject, exactly, same
from scimkit.compatibility.record import FULL, SPARSE
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import COMPLIANT, DEFAULT, Dialect


def check_people(trial: Trial) -> None:
    """Create the people for all later checks: in each dialect one with everything and one with the minimum."""
    replies: list[Reply] = []
    values: dict[str, Any] = {}

    def person() -> Result:
        values.update(good_values(trial, "1"))
        reply = post(trial, values)
        replies.append(reply)
        if reply.done:
            return met(reply)
        return find_what_is_refused(trial, replies)

    trial.check("create.person", person)
    last = None
    if replies:
        last = replies[-1]
    trial.check("create.full", lambda: _judge_full(trial, replies[0]))
    trial.check("create.status", lambda: _judge_status(replies[-1]))
    trial.check("create.id", lambda: _judge_id(replies[-1]))
    if last is None or not trial.results.met("create.id"):
        trial.check("read.by_id", lambda: unknown("no test person was created"))
        return
    values = {target: value for target, value in values.items() if target not in trial.learned.refused}
    _keep(trial, replies[-1], DEFAULT, FULL, "1")
    subject = trial.created.people[(DEFAULT, FULL)]
    trial.check("read.by_id", lambda: _read_created(trial, subject))
    trial.check("create.values", lambda: judge_values(trial, subject, values))
    trial.check("create.sparse", lambda: _create_sparse(trial))
    sparse = trial.created.people.get((DEFAULT, SPARSE))
    trial.check("create.sparse_values", lambda: _judge_sparse(trial, sparse))
    _make_others(trial)


def _judge_full(trial: Trial, reply: Reply) -> Result:
    if not trial.learned.refused:
        return met(reply)
    return unmet(
        "compat.attribute_refused",
        reply,
        f"refused: {', '.join(sorted(trial.learned.refused))}",
        targets=sorted(trial.learned.refused),
    )


def _judge_status(reply: Reply) -> Result:
    if reply.status == 201:
        return met(reply)
    return tolerated("compat.create_status", reply)


def _judge_id(reply: Reply) -> Result:
    if reply.id:
        return met(reply)
    return unmet("compat.create_without_id", reply)


def _keep(trial: Trial, reply: Reply, dialect: Dialect, people: str, number: str) -> None:
    subject = Subject(reply.id, trial.names.user_name(number), people, number)
    subject.resource = reply.json if isinstance(reply.json, dict) else {}
    trial.created.people[(dialect, people)] = subject


def _read_created(trial: Trial, subject: Subject) -> Result:
    reply = trial.read_back.refresh(subject)
    if reply.status != 200 or not isinstance(reply.json, dict):
        return unmet("compat.read_by_id", reply)
    if reply.id != subject.id:
        if reply.id:
            return unmet("compat.id_changes", reply, "with another id")
        return unmet("compat.read_by_id", reply, "without an id")
    if trial.learned.lag_seconds.get("read"):
        return tolerated("compat.read_lag", reply, "only on a second request")
    return met(reply)


def judge_values(trial: Trial, subject: Subject, values: Mapping[str, Any]) -> Result:
    """Compare the values sent with the values read (E14), attribute by attribute."""
    missing: list[str] = []
    other: list[str] = []
    case: list[str] = []
    texts: list[str] = []
    for target, wanted in values.items():
        there = subject.value(target)
        if there is None:
            missing.append(target)
            continue
        subject.stored[target] = there
        if not same(there, wanted):
            other.append(target)
        elif not exactly(there, wanted):
            (texts if isinstance(wanted, bool) else case).append(target)
    hidden = [target for target in missing if target == "active"]
    missing = [target for target in missing if target != "active"]
    trial.learned.not_stored |= set(missing)
    trial.learned.changed_on_arrival |= set(other)
    sent = f"POST /Users, then GET /Users/{subject.id}"
    normalised = [target for target in other if target != "active"]
    results = []
    for cause, outcome, targets in (
        ("compat.attribute_not_stored", Status.NOT_STORED, missing),
        ("compat.values_normalised", Status.NOT_STORED, normalised),
        ("compat.boolean_stored_as_text", Status.WARNING, texts),
        ("compat.active_hidden", Status.WARNING, hidden),
        ("compat.values_case_changed", Status.WARNING, case),
    ):
        if targets:
            told = [f"{target} is {subject.value(target)!r} instead of {values[target]!r}" for target in targets]
            results.append(Result(outcome, cause, sent, f"read back: {'; '.join(told)}", tuple(targets)))
    for more in results[1:]:  # the row names one; the others get their words too
        trial.results.also[more.cause] = more
    if results:
        return results[0]
    return Result(Status.PASSED, "", sent, "every value is as sent")


def _create_sparse(trial: Trial) -> Result:
    reply = post(trial, sparse_values(trial, "2"))
    if reply.done and reply.id:
        _keep(trial, reply, DEFAULT, SPARSE, "2")
        return met(reply)
    if reply.answer is None or reply.status in (401, 403, 429):
        return unmet("compat.requires_values", reply)
    if trial.learned.extended and (plain := _without_urn(trial)).done and plain.id:
        _keep(trial, plain, DEFAULT, SPARSE, "2")
        return tolerated("compat.listed_schema_refused", reply, f"without that URN: {plain.said}")
    needed = needed_targets(trial)
    trial.learned.required = (*trial.learned.required, *needed)
    again = post(trial, sparse_values(trial, "2"))
    if not again.done or not again.id:
        return unmet(
            "compat.requires_values", reply, f"with {', '.join(needed) or 'nothing more'}: {again.said}", targets=needed
        )
    _keep(trial, again, DEFAULT, SPARSE, "2")
    profile_says = {target.casefold() for target in trial.learned.documented}
    undocumented = [target for target in needed if target.casefold() not in profile_says]
    return tolerated("compat.requires_values", reply, f"taken with {', '.join(needed)}", targets=undocumented or needed)


def _without_urn(trial: Trial) -> Reply:
    """The same person without the enterprise URN; from then on it is left out if it is not used."""
    trial.learned.extended = False
    reply = post(trial, sparse_values(trial, "2"))
    trial.learned.extended = not reply.done
    return reply


def _judge_sparse(trial: Trial, subject: Subject | None) -> Result:
    if subject is None:
        return unknown("no test person was created")
    trial.read_back.refresh(subject)
    wanted = sparse_values(trial, subject.number)
    wrong = {
        t: subject.value(t)
        for t, value in wanted.items()
        if t not in trial.learned.not_stored
        and t not in trial.learned.changed_on_arrival
        and not same(subject.value(t), value)
    }
    subject.stored.update({target: subject.value(target) for target in wanted if subject.value(target) is not None})
    sent = f"POST /Users, then GET /Users/{subject.id}"
    wrong.pop("active", None)
    if wrong:
        missing = any(value is None for value in wrong.values())
        told = "; ".join(f"{target} is {value!r}" for target, value in wrong.items())
        return Result(
            Status.NOT_STORED,
            "compat.attribute_not_stored" if missing else "compat.values_normalised",
            sent,
            f"read back: {told}",
            tuple(wrong),
        )
    return Result(Status.PASSED, "", sent, "every value is as sent")


def _make_others(trial: Trial) -> None:
    """The same two people for the flag's dialect, and two who can be managers; these are not checks."""
    for people, number, make in ((FULL, "3", good_values), (SPARSE, "4", sparse_values)):
        model = trial.created.people.get((DEFAULT, people))
        if model is None or trial.ended:
            continue
        try:
            values = make(trial, number)
            reply = post(trial, values)
            if reply.done and reply.id:
                _keep(trial, reply, COMPLIANT, people, number)
                subject = trial.created.people[(COMPLIANT, people)]
                trial.read_back.refresh(subject)
                subject.stored.update({t: subject.value(t) for t in values if subject.value(t) is not None})
        except Ended as end:
            trial.ended = end
    for number in ("8", "9"):
        if trial.created.people and trial.ended is None:
            try:
                reply = post(trial, good_values(trial, number))
                if reply.done and reply.id:
                    trial.created.managers += [reply.id]
            except Ended as end:
                trial.ended = end
