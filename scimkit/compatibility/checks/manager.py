"""Checks of the manager: each form in which it may be sent, and the one in which it must be returned."""

from __future__ import annotations

from typing import Any

from scimkit.compatibility.answers import ids_of
from scimkit.compatibility.objects import DIALECTS
from scimkit.compatibility.read_back import Subject
from scimkit.compatibility.record import FULL, SPARSE
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import DEFAULT, Dialect, manager_body, patch_message, reference_query
from scimkit.provisioning.targets import ENTERPRISE_USER, MANAGER, member, read_target


def check_managers(trial: Trial) -> None:
    """Every form (E23), in each dialect on the person who had no manager before."""
    for dialect in DIALECTS:
        for people in (FULL, SPARSE):
            subject = trial.created.people.get((dialect, people))
            if subject is not None:
                _check_person(trial, subject, dialect, people)
    _check_shapes(trial)


def _managers(trial: Trial, subject: Subject) -> list[str]:
    """Ids of other people who can be the manager; never in a circle."""
    return trial.created.managers or [one.id for one in trial.created.people.values() if one.id != subject.id][:1]


def _check_person(trial: Trial, subject: Subject, dialect: Dialect, people: str) -> None:
    others = _managers(trial, subject)

    def text() -> Result:
        if not trial.mapped.uses(MANAGER) and people != FULL:
            return unknown("this mapping has no manager")
        return _set(trial, subject, manager_body(others[0], dialect), others[0], "compat.manager_text_refused")

    def answered() -> Result:
        return _judge_shape(trial, subject, trial.results.index[("manager.text", dialect, people)].sent)

    def change() -> Result:
        if len(others) < 2:
            return unknown("there is no other person")
        return _set(
            trial,
            subject,
            manager_body(others[1], dialect, present=True),
            others[1],
            "compat.manager_text_refused",
        )

    if not others:
        return
    for code, ask in (("manager.text", text), ("manager.answered", answered), ("manager.change", change)):
        trial.check(code, ask, dialect=dialect, people=people)


def _rows(trial: Trial) -> tuple[str, ...]:
    return tuple(target for target in trial.mapped.targets if target.casefold() == MANAGER.casefold())


def _raw(subject: Subject) -> Any:
    """The manager as the endpoint returns it."""
    return member(member(subject.resource, ENTERPRISE_USER), "manager")


def _set(trial: Trial, subject: Subject, body: Any, wanted: str, cause: str) -> Result:
    changed = trial.read_back.change(subject, {MANAGER: wanted}, DEFAULT, body=body)
    reply = changed.reply
    if not reply.done:
        return unmet(cause, reply, targets=_rows(trial))
    there = read_target(subject.resource, MANAGER)
    if there is None:
        return unmet(
            "compat.manager_not_stored", reply, "read back: no manager", outcome=Status.NOT_STORED, targets=_rows(trial)
        )
    if str(there) != wanted:
        return unmet(
            "compat.manager_not_stored",
            reply,
            f"read back: manager is {_raw(subject)!r}",
            outcome=Status.NOT_STORED,
            targets=_rows(trial),
        )
    if changed.lost:
        return unmet("compat.siblings_lost", reply, changed.words, targets=_rows(trial))
    return met(reply, "read back: as sent")


def _judge_shape(trial: Trial, subject: Subject, before: str) -> Result:
    raw = _raw(subject)
    sent, got = f"{before}, then GET /Users/{subject.id}", f"manager is {raw!r}"
    if isinstance(raw, dict) and isinstance(raw.get("value"), str):
        return Result(Status.PASSED, "", sent, got)
    return Result(Status.FAILED, "compat.manager_answered_bare", sent, got, _rows(trial))


def _check_shapes(trial: Trial) -> None:
    """The other two forms, once, in the spelling that works."""
    dialect = next((one for one in DIALECTS if trial.results.met("patch.simple", one, FULL)), DEFAULT)
    subject = trial.created.people.get((dialect, FULL))
    if subject:
        others = _managers(trial, subject)
    else:
        others = []

    def shape(path: str, value: Any, wanted: str) -> Result:
        assert subject is not None
        body = patch_message([{"op": dialect.replace, "path": path, "value": value}])
        result = _set(trial, subject, body, wanted, "compat.manager_other_shapes")
        if result.outcome == Status.PASSED:
            return result
        return Result(Status.WARNING, "compat.manager_other_shapes", result.sent, result.got, result.targets)

    def reference() -> Result:
        assert subject is not None
        manager = read_target(subject.resource, MANAGER)
        if not manager:
            return unknown("no test person has a manager")
        reply = trial.endpoint.get("Users", params=reference_query(subject.id, "manager", str(manager)))
        if ids_of(reply) == [subject.id]:
            return met(reply)
        return tolerated("compat.reference_filter", reply)

    first, last = "", ""
    if others:
        first, last = others[0], others[-1]
    for code, path, value, wanted in (
        ("manager.object", MANAGER, {"value": first}, first),
        ("manager.list", "manager", [{"$ref": f"../Users/{last}", "value": last}], last),
    ):
        if others:
            trial.check(code, shape, path, value, wanted)
        else:
            trial.check(code, lambda: unknown("no one can be the manager"))
    trial.check("query.reference", reference if subject else lambda: unknown("no test person was created"))
