"""Checks of disabling and enabling: the message arrives, the person stays findable and returns as the same one."""

from __future__ import annotations

from itertools import product
from typing import Any

from scimkit.compatibility.answers import ids_of, resources_of
from scimkit.compatibility.checks.members import members_of
from scimkit.compatibility.objects import DIALECTS
from scimkit.compatibility.read_back import Changed, Subject, exactly, same
from scimkit.compatibility.record import FULL, SPARSE
from scimkit.compatibility.results import Result, met, need_not_met, not_asked, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import DEFAULT, Dialect, patch_message
from scimkit.provisioning.targets import as_boolean

ROWS = ("active",)


def check_switches(trial: Trial) -> None:
    """E11, for each dialect and each person."""
    for dialect, people in product(DIALECTS, (FULL, SPARSE)):
        subject = trial.created.people.get((dialect, people))
        if subject is not None:
            _check_person(trial, subject, dialect, people)
        if "compat.inactive_hidden" in trial.results.also or any(
            row.code == "inactive.readable" and row.cause == "compat.inactive_hidden" for row in trial.results.rows
        ):
            _spare_the_others(trial)
            break
    _check_mixed(trial)


def _spare_the_others(trial: Trial) -> None:
    """Hidden people cannot be removed: one such person is enough."""
    reason = not_asked("a disabled person can no longer be reached", "compat.inactive_hidden")
    for dialect, people in trial.created.people:
        if ("disable.own", dialect, people) not in trial.results.index:
            for code in ("disable.own", "inactive.readable", "inactive.found", "restore.own", "restore.id"):
                trial.results.note(code, reason, dialect, people)


def _switch(trial: Trial, subject: Subject, on: bool, op: str, value: Any) -> Changed:
    return trial.read_back.change(
        subject, {"active": on}, DEFAULT, body=patch_message([{"op": op, "path": "active", "value": value}])
    )


def _own(trial: Trial, subject: Subject, on: bool, dialect: Dialect) -> Changed:
    """The dialect's own message: a string by default, a boolean with the flag."""
    value: Any = on
    if dialect.boolean_as_text:
        value = str(on)
    return _switch(trial, subject, on, dialect.replace, value)


def _check_person(trial: Trial, subject: Subject, dialect: Dialect, people: str) -> None:
    def off() -> Result:
        return _judge_off(trial, subject, dialect, _own(trial, subject, False, dialect))

    def readable() -> Result:
        reply = trial.read_back.refresh(subject)
        if reply.status == 200 and reply.id == subject.id:
            return met(reply)
        if reply.status not in (404, 410):
            return unmet("compat.read_by_id", reply, targets=ROWS)
        trial.endpoint.hide(subject.id, True)
        return unmet("compat.inactive_hidden", reply, targets=ROWS)

    def found() -> Result:
        return _judge_found(trial, subject)

    def back() -> Result:
        return _judge_on(subject, _own(trial, subject, True, dialect))

    def same_id() -> Result:
        reply = trial.read_back.refresh(subject)
        good = reply.status == 200 and reply.id == subject.id
        if good:
            return met(reply)
        return unmet("compat.id_changes", reply, targets=ROWS)

    steps = [("disable.own", off), ("inactive.readable", readable), ("inactive.found", found)]
    if people == FULL and trial.mapped.groups:
        steps.append(("inactive.memberships", lambda: _judge_memberships(trial, subject, dialect)))
    for code, ask in (*steps, ("restore.own", back), ("restore.id", same_id)):
        trial.check(code, ask, dialect=dialect, people=people)


def _judge_off(trial: Trial, subject: Subject, dialect: Dialect, changed: Changed) -> Result:
    reply = changed.reply
    text = dialect is DEFAULT
    if not reply.done:
        return unmet("compat.boolean_text_refused" if text else "compat.boolean_json_refused", reply, targets=ROWS)
    gone = None
    if as_boolean(subject.value("active")) is not False:
        gone = trial.endpoint.read("Users", subject.id)
    if gone is not None and gone.status in (404, 410):
        return met(reply, "the person can no longer be read")
    there = subject.value("active")
    if there is None:
        return tolerated("compat.active_hidden", reply, "read back: active is missing", targets=ROWS)
    if as_boolean(there) is not False:
        said = f"read back: active is {there!r}"
        if not text:
            return unmet("compat.disable_not_stored", reply, said, outcome=Status.NOT_STORED, targets=ROWS)
        works, more = _try_real_false(trial, subject)
        cause = "compat.disable_not_stored"
        if works:
            cause = "compat.boolean_text_taken_as_true"
        return unmet(cause, reply, f"{said}; with a JSON false {more}", outcome=Status.NOT_STORED, targets=ROWS)
    if changed.lost:
        return unmet("compat.siblings_lost", reply, changed.words, targets=ROWS)
    if not exactly(there, False):
        return tolerated("compat.boolean_stored_as_text", reply, f"read back: active is {there!r}", targets=ROWS)
    return met(reply, "read back: active is false")


def _try_real_false(trial: Trial, subject: Subject) -> tuple[bool, str]:
    """Whether a JSON false disables the person if the string did not, and what was read then."""
    real = _switch(trial, subject, False, "Replace", False)
    if not real.reply.done or as_boolean(subject.value("active")) is False:
        return real.reply.done, f"it is {subject.value('active')!r}"
    read = trial.endpoint.read("Users", subject.id)
    if read.status not in (404, 410):
        return False, f"it is {subject.value('active')!r}"
    trial.endpoint.hide(subject.id, True)
    trial.results.also["compat.inactive_hidden"] = unmet("compat.inactive_hidden", read, targets=ROWS)
    return True, "the person can no longer be read"


def _judge_found(trial: Trial, subject: Subject) -> Result:
    attribute = trial.mapped.matching[0]
    value = str(subject.value(attribute) or subject.user_name)
    reply = trial.read_back.until(
        "find inactive", lambda: trial.endpoint.find("Users", attribute, value), lambda r: ids_of(r) == [subject.id]
    )
    if ids_of(reply) == [subject.id]:
        return met(reply)
    if resources_of(reply):
        return unmet("compat.filter_ignored", reply, targets=(attribute,))
    if _is_lost_anyway(trial, subject, attribute, value):
        return unknown("the person is not found after being enabled again either", reply)
    return unmet("compat.inactive_hidden", reply, "not found", targets=ROWS)


def _is_lost_anyway(trial: Trial, subject: Subject, attribute: str, value: str) -> bool:
    """Whether the same search does not find the person while enabled: then being disabled is not the cause."""
    on = _switch(trial, subject, True, "replace", True)
    if not on.reply.done or as_boolean(subject.value("active")) is not True:
        return False
    found = ids_of(trial.endpoint.find("Users", attribute, value))
    _switch(trial, subject, False, "replace", False)
    return found != [subject.id]


def _judge_on(subject: Subject, changed: Changed) -> Result:
    if not changed.reply.done:
        return unmet("compat.restore_refused", changed.reply, targets=ROWS)
    there = subject.value("active")
    if there is None:
        return tolerated("compat.active_hidden", changed.reply, "read back: active is missing", targets=ROWS)
    if not same(there, True):
        return unmet(
            "compat.restore_refused",
            changed.reply,
            f"read back: active is {there!r}",
            outcome=Status.NOT_STORED,
            targets=ROWS,
        )
    return met(changed.reply, "read back: active is true")


def _judge_memberships(trial: Trial, subject: Subject, dialect: Dialect) -> Result:
    group = trial.created.groups.get(dialect)
    if group is None or not trial.learned.members_shown or subject.id not in trial.created.members.get(dialect, set()):
        return unknown("no membership of this person could be seen before")
    reply, there = members_of(trial, group)
    if there is None:
        return unknown("the group's members cannot be read", reply)
    if subject.id in there:
        return met(reply)
    return unmet(
        "compat.membership_lost_inactive", reply, "the person is no longer a member", targets=trial.mapped.group_targets
    )


def _check_mixed(trial: Trial) -> None:
    """The third form, from a published sample: the default's word with a real boolean (E06)."""
    dialect = next((one for one in DIALECTS if trial.results.met("patch.simple", one, FULL)), DEFAULT)
    subject = trial.created.people.get((dialect, FULL))
    word = dialect.replace

    def off() -> Result:
        if subject is None or as_boolean(subject.value("active")) is False or trial.endpoint.is_hidden(subject.id):
            return unknown("no one is enabled")
        changed = _switch(trial, subject, False, word, False)
        if not changed.reply.done:
            return unmet("compat.boolean_json_refused", changed.reply, targets=ROWS)
        there = subject.value("active")
        if there is not None and as_boolean(there) is True and trial.endpoint.read("Users", subject.id).status == 200:
            return unmet(
                "compat.disable_not_stored",
                changed.reply,
                f"read back: active is {there!r}",
                outcome=Status.NOT_STORED,
                targets=ROWS,
            )
        return met(changed.reply)

    def back() -> Result:
        assert subject is not None
        return _judge_on(subject, _switch(trial, subject, True, word, True))

    trial.check("disable.mixed", off)
    if trial.results.met("disable.mixed") and not trial.results.met("inactive.readable", dialect, FULL):
        row = trial.results.found("inactive.readable", dialect, FULL)
        trial.results.note(
            "restore.mixed",
            need_not_met("inactive.readable", row.cause if row else ""),
        )
        return
    trial.check("restore.mixed", back)
