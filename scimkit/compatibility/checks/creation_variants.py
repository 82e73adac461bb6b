"""Checks of creations that differ from the plain one in one point, and of duplicates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.objects import forget, good_values, matching_value, post, root_of
from scimkit.compatibility.probed_mapping import kind_of
from scimkit.compatibility.read_back import same
from scimkit.compatibility.record import FULL
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.test_people import special_source
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import DEFAULT, create_body
from scimkit.provisioning.targets import CORE_USER, ENTERPRISE_USER, MANAGER, parse_target, place, read_target

CHARSET = "application/scim+json; charset=utf-8"

UNKNOWN_URN = "urn:ietf:params:scim:schemas:extension:ScimkitProbe:2.0:User"


def check_creations(trial: Trial) -> None:
    """Creations that differ from the plain one in one respect."""
    trial.check("create.special", lambda: _check_special(trial))
    variants: tuple[tuple[str, str, Mapping[str, Any], str], ...] = (
        (
            "create.unknown_schema",
            "u",
            {"schemas": [CORE_USER, ENTERPRISE_USER, UNKNOWN_URN], UNKNOWN_URN: {"badge": "7"}},
            "compat.unknown_schema_refused",
        ),
        ("create.unlisted_extension", "v", {UNKNOWN_URN: {"badge": "7"}}, "compat.unknown_schema_refused"),
        ("create.nulls", "n", {"nickName": None, "addresses": None, "locale": None}, "compat.nulls_refused"),
        ("create.empty_roles", "r", {"roles": []}, "compat.nulls_refused"),
    )
    for code, number, more, cause in variants:
        trial.check(code, lambda number=number, more=more, cause=cause: _check_variant(trial, number, more, cause))
    trial.check("media.charset_create", lambda: _check_charset(trial))
    trial.check("create.text_true", lambda: _check_text(trial, "t", "True", True))
    trial.check("create.manager", lambda: _check_manager(trial))
    check_duplicates(trial)


def check_text_false(trial: Trial) -> None:
    """Made when it is known that inactive people can be reached: a hidden one could not be removed."""
    trial.check("create.text_false", lambda: _check_text(trial, "f", "False", False))


def _check_special(trial: Trial) -> Result:
    values = good_values(trial, "5", special_source(trial.names, "5"))
    reply = post(trial, values)
    if not reply.done or not reply.id:
        return unmet("compat.special_characters_changed", reply)
    read = trial.read_back.until("read", lambda: trial.endpoint.read("Users", reply.id), lambda r: r.status == 200)
    if isinstance(read.json, dict):
        there = read.json
    else:
        there = {}
    known = trial.learned.not_stored | trial.learned.changed_on_arrival
    wrong = {
        t: read_target(there, t)
        for t, v in values.items()
        if t not in known and t != "active" and not same(read_target(there, t), v)
    }
    forget(trial, reply)
    if not wrong:
        return met(read)
    told = "; ".join(f"{target} is {value!r} instead of {values[target]!r}" for target, value in wrong.items())
    return unmet("compat.special_characters_changed", read, told, outcome=Status.NOT_STORED, targets=wrong)


def _check_variant(trial: Trial, number: str, more: Mapping[str, Any], cause: str) -> Result:
    values = good_values(trial, number)
    without = {target: value for target, value in values.items() if root_of(target) not in more}
    reply = post(trial, without, more=more)
    forget(trial, reply)
    if reply.done:
        return met(reply)
    custom = [
        target
        for target in trial.mapped.targets
        if kind_of(target) == "extension" and parse_target(target).urn.casefold() != ENTERPRISE_USER.casefold()
    ]
    return tolerated(cause, reply, targets=custom if UNKNOWN_URN in more else ())


def _check_charset(trial: Trial) -> Result:
    reply = post(trial, good_values(trial, "c"), media_type=CHARSET)
    forget(trial, reply)
    if reply.done:
        return met(reply)
    return unmet("compat.charset_refused", reply)


def _check_text(trial: Trial, number: str, text: str, meant: bool) -> Result:
    reply = post(trial, good_values(trial, number), more={"active": text})
    if not reply.done or not reply.id:
        return tolerated("compat.text_boolean_on_create", reply)
    read = trial.read_back.until("read", lambda: trial.endpoint.read("Users", reply.id), lambda r: r.status == 200)
    there = None
    if isinstance(read.json, dict):
        there = read_target(read.json, "active")
    forget(trial, reply)
    if there is None and read.status == 404 and not meant:
        return unknown("an inactive person cannot be read", read)
    if there is None:
        return unknown("active is not returned", read)
    if same(there, meant):
        return met(read)
    return tolerated("compat.text_boolean_on_create", read, f"active is {there!r} after {text!r}")


def _check_manager(trial: Trial) -> Result:
    subject = trial.created.people.get((DEFAULT, FULL))
    if not trial.mapped.uses(MANAGER):
        return unknown("this mapping has no manager")
    assert subject is not None
    body: dict[str, Any] = {}
    values = good_values(trial, "m")
    place(body, MANAGER, subject.id)
    extension = {
        parse_target(t).attribute: v
        for t, v in values.items()
        if parse_target(t).urn.casefold() == ENTERPRISE_USER.casefold()
    }
    reply = post(trial, values, more={ENTERPRISE_USER: {**extension, **body[ENTERPRISE_USER]}})
    if not reply.done or not reply.id:
        return tolerated("compat.manager_text_on_create", reply)
    read = trial.read_back.until("read", lambda: trial.endpoint.read("Users", reply.id), lambda r: r.status == 200)
    there = None
    if isinstance(read.json, dict):
        there = read_target(read.json, MANAGER)
    forget(trial, reply)
    if there == subject.id:
        return met(read)
    return tolerated("compat.manager_text_on_create", read, f"manager is {there!r}")


def check_duplicates(trial: Trial) -> None:
    """A second creation of the same person (E13)."""
    subject = trial.created.people.get((DEFAULT, FULL))
    replies: list[Reply] = []

    def again(other_case: bool) -> Result:
        if subject is None:
            return unknown("no test person was created")
        values = good_values(trial, subject.number)
        if other_case:
            values = {
                t: v.upper() if t in ("userName", *trial.mapped.matching) and isinstance(v, str) else v
                for t, v in values.items()
            }
        body = create_body(values, enterprise=trial.learned.extended)
        reply = trial.endpoint.create(
            "Users", body, name=str(values.get("userName") or subject.user_name), key=matching_value(trial, values)
        )
        replies.append(reply)
        if reply.status == 409:
            return met(reply)
        if not reply.done:
            return tolerated("compat.duplicate_not_409", reply)
        if reply.id == subject.id:
            trial.endpoint.disown_last()  # the account was there: the final removal must not count it twice
            return tolerated("compat.duplicate_not_409", reply, "returned the existing person")
        forget(trial, reply)
        if other_case:
            return tolerated("compat.duplicate_other_case", reply)
        return unmet("compat.duplicate_accepted", reply)

    def scim_type() -> Result:
        if not replies or replies[0].status != 409:
            return unknown("there was no 409")
        if isinstance(replies[0].json, dict):
            body = replies[0].json
        else:
            body = {}
        good = str(body.get("scimType", "")).casefold() == "uniqueness"
        if good:
            return met(replies[0])
        return tolerated("compat.duplicate_without_type", replies[0], "without scimType uniqueness")

    trial.check("create.duplicate", again, False)
    trial.check("create.duplicate_scim_type", scim_type)
    trial.check("create.duplicate_other_case", again, True)
