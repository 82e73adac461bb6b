"""Checks of creation: people with everything, with nothing optional, with odd names; doubles; and reading back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.mapped import kind_of
from scimkit.compatibility.people import full_source, sparse_source, special_source, values_of
from scimkit.compatibility.reading import ids_of, is_empty, nobody, resources_of
from scimkit.compatibility.record import DEFAULT_DIALECT, FLAG_DIALECT, FULL, SPARSE
from scimkit.compatibility.trial import (
    NOT_STORED,
    Result,
    Subject,
    Trial,
    exactly,
    met,
    same,
    tolerated,
    unknown,
    unmet,
)
from scimkit.provisioning.dialect import CORE_USER, ENTERPRISE_USER, MANAGER, create_body
from scimkit.provisioning.targets import parse_target, place, read_target

CHARSET = "application/scim+json; charset=utf-8"
UNKNOWN_URN = "urn:ietf:params:scim:schemas:extension:ScimkitProbe:2.0:User"
DIALECTS = (DEFAULT_DIALECT, FLAG_DIALECT)


def matching_value(trial: Trial, values: Mapping[str, Any]) -> str:
    return str(values.get(trial.mapped.matching[0], ""))


def post(trial: Trial, values: Mapping[str, Any], *, more: Mapping[str, Any] | None = None, **how: Any) -> Reply:
    """Create a person with these values; `more` is put over the body."""
    body = create_body(values, enterprise=trial.extended) | dict(more or {})
    name = str(values.get("userName") or matching_value(trial, values))
    return trial.endpoint.create("Users", body, name=name, key=matching_value(trial, values), **how)


def basic_values(trial: Trial, number: str) -> dict[str, Any]:
    """The least the mapping gives for somebody: matching attributes, userName, active, and what the endpoint insists on."""
    full = values_of(trial.mapped, full_source(trial.names, number), now=trial.now)
    keep = {"username", "active", *(name.casefold() for name in (*trial.mapped.matching, *trial.required))}
    return {target: value for target, value in full.items() if target.casefold() in keep}


def good_values(trial: Trial, number: str, source: Mapping[str, Any] | None = None, *, invent: bool = True) -> dict[str, Any]:
    """What the mapping gives for a person, without the attributes that the endpoint refuses."""
    made = values_of(trial.mapped, source or full_source(trial.names, number), now=trial.now, invent=None if invent else set(trial.required))
    return {target: value for target, value in made.items() if target not in trial.refused}


def root_of(target: str) -> str:
    """The attribute a target lies in: what a creation can have or lack as a whole."""
    parsed = parse_target(target)
    return f"{parsed.urn}:{parsed.attribute}" if parsed.urn else parsed.attribute


# -- the first people ---------------------------------------------------------


def check_people(trial: Trial) -> None:
    """Make the people all further checks are about: for each dialect one who has everything and one who lacks the rest."""
    replies: list[Reply] = []
    values: dict[str, Any] = {}

    def person() -> Result:
        values.update(good_values(trial, "1"))
        reply = post(trial, values)
        replies.append(reply)
        return met(reply) if reply.done else _find_what_is_refused(trial, replies)

    trial.check("create.person", person)
    last = replies[-1] if replies else None
    trial.check("create.full", lambda: _judge_full(trial, replies[0]))
    trial.check("create.status", lambda: _judge_status(replies[-1]))
    trial.check("create.id", lambda: _judge_id(replies[-1]))
    if last is None or not trial.met("create.id"):
        trial.check("read.by_id", lambda: unknown("nobody was created"))
        return
    values = {target: value for target, value in values.items() if target not in trial.refused}
    _keep(trial, replies[-1], DEFAULT_DIALECT, FULL, "1")
    subject = trial.subjects[(DEFAULT_DIALECT, FULL)]
    trial.check("read.by_id", lambda: _read_created(trial, subject))
    trial.check("create.values", lambda: judge_values(trial, subject, values))
    trial.check("create.sparse", lambda: _create_sparse(trial))
    sparse = trial.subjects.get((DEFAULT_DIALECT, SPARSE))
    trial.check("create.sparse_values", lambda: _judge_sparse(trial, sparse))
    _make_others(trial)


def _find_what_is_refused(trial: Trial, replies: list[Reply]) -> Result:
    """The whole person was refused: find the attributes to blame by leaving out, then by putting in."""
    whole = replies[0]
    if whole.answer is None or whole.status in (401, 403, 404, 405, 429, 501):
        return unmet("compat.create_refused", whole)
    basic = basic_refused = post(trial, basic_values(trial, "1b"))
    if not basic.done:
        trial.extended = False
        basic = post(trial, basic_values(trial, "1c"))
        trial.extended = not basic.done
    if not basic.done:  # it may insist on more than the least
        wanted = good_values(trial, "1d")
        roots = ("name", "emails", "displayName", "externalId")
        some = {target: value for target, value in wanted.items() if root_of(target) in roots or target in basic_values(trial, "1d")}
        basic = post(trial, some)
        if not basic.done:
            return unmet("compat.create_refused", whole, f"with the least of values: {basic.said}")
        base_targets = set(some)
    else:
        base_targets = set(basic_values(trial, "1d"))
    forget(trial, basic)
    trial.refused |= _refused_targets(trial, base_targets)
    if not trial.refused and trial.extended:
        return unmet("compat.create_refused", whole, "each attribute alone is taken")
    again = post(trial, good_values(trial, "1"))
    replies.append(again)
    if not again.done:
        return unmet("compat.create_refused", again)
    if not trial.extended:
        return tolerated("compat.listed_schema_refused", basic_refused, f"without that URN: {basic.said}")
    return met(again, "without " + ", ".join(sorted(trial.refused)))


def _refused_targets(trial: Trial, base: set[str]) -> set[str]:
    """Each attribute beyond `base` tried alone, and where it has parts these too."""
    full = [target for target in good_values(trial, "1") if target not in base]
    roots: dict[str, list[str]] = {}
    for target in full:
        roots.setdefault(root_of(target), []).append(target)
    refused: set[str] = set()
    for number, targets in enumerate(roots.values()):
        if _is_taken(trial, base, targets, f"1r{number}"):
            continue
        parts = [one for index, one in enumerate(targets) if not _is_taken(trial, base, [one], f"1r{number}p{index}")] if len(targets) > 1 else []
        refused |= set(parts or targets)
    return refused


def _is_taken(trial: Trial, base: set[str], more: list[str], number: str) -> bool:
    made = values_of(trial.mapped, full_source(trial.names, number), now=trial.now)
    reply = post(trial, {target: value for target, value in made.items() if target in base or target in more})
    forget(trial, reply)
    return reply.done


def forget(trial: Trial, reply: Reply) -> None:
    """Remove somebody who was made for one question only; the final removal tries again where that fails."""
    if reply.done and reply.id:
        trial.endpoint.delete("Users", reply.id)


def _judge_full(trial: Trial, reply: Reply) -> Result:
    if not trial.refused:
        return met(reply)
    return unmet("compat.attribute_refused", reply, f"refused: {', '.join(sorted(trial.refused))}", targets=sorted(trial.refused))


def _judge_status(reply: Reply) -> Result:
    return met(reply) if reply.status == 201 else tolerated("compat.create_status", reply)


def _judge_id(reply: Reply) -> Result:
    return met(reply) if reply.id else unmet("compat.create_without_id", reply)


def _keep(trial: Trial, reply: Reply, dialect: str, people: str, number: str) -> None:
    subject = Subject(reply.id, trial.names.user_name(number), people, number)
    subject.resource = reply.json if isinstance(reply.json, dict) else {}
    trial.subjects[(dialect, people)] = subject


def _read_created(trial: Trial, subject: Subject) -> Result:
    reply = trial.refresh(subject)
    if reply.status != 200 or not isinstance(reply.json, dict):
        return unmet("compat.read_by_id", reply)
    if reply.id != subject.id:
        return unmet("compat.id_changes" if reply.id else "compat.read_by_id", reply, "with another id" if reply.id else "without an id")
    if trial.lag_seconds.get("read"):
        return tolerated("compat.read_lag", reply, "only at a second look")
    return met(reply)


# -- values as stored ------------------------------------------------------------


def judge_values(trial: Trial, subject: Subject, values: Mapping[str, Any]) -> Result:
    """Compare what was sent with what was read (E14), attribute by attribute."""
    missing, other, case = [], [], []
    for target, wanted in values.items():
        there = subject.value(target)
        if there is None:
            missing.append(target)
        elif exactly(there, wanted):
            subject.stored[target] = there
        elif same(there, wanted):
            subject.stored[target] = there
            case.append(target)
        else:
            subject.stored[target] = there
            other.append(target)
    trial.not_stored |= {target for target in missing if target != "active"}
    trial.changed_on_arrival |= set(other)
    sent = f"POST /Users, then GET /Users/{subject.id}"
    shown = "; ".join(f"{target} is {subject.value(target)!r} instead of {values[target]!r}" for target in (*missing, *other, *case))
    for cause, outcome, targets in (
        ("compat.attribute_not_stored", NOT_STORED, [target for target in missing if target != "active"]),
        ("compat.values_normalised", NOT_STORED, [target for target in other if target != "active"]),
        ("compat.boolean_stored_as_text", "warning", [target for target in case if values[target] is True or values[target] is False]),
        ("compat.active_hidden", "warning", [target for target in missing if target == "active"]),
        ("compat.values_case_changed", "warning", case),
    ):
        if targets:
            _note_more(trial, cause, targets, missing, other)
            return Result(outcome, cause, sent, f"read back: {shown}", tuple(targets))
    return Result("passed", "", sent, "every value as sent")


def _note_more(trial: Trial, cause: str, targets: list[str], missing: list[str], other: list[str]) -> None:
    """A person may lack some values and have others changed: the second cause gets its words too."""
    if cause == "compat.attribute_not_stored" and other:
        trial.also["compat.values_normalised"] = tuple(other)
    if cause != "compat.active_hidden" and "active" in missing:
        trial.also["compat.active_hidden"] = ("active",)


# -- who lacks optional values ------------------------------------------------------


def _create_sparse(trial: Trial) -> Result:
    reply = post(trial, sparse_values(trial, "2"))
    if reply.done and reply.id:
        _keep(trial, reply, DEFAULT_DIALECT, SPARSE, "2")
        return met(reply)
    if reply.answer is None or reply.status in (401, 403, 429):
        return unmet("compat.requires_values", reply)
    if trial.extended and (plain := _without_urn(trial)).done and plain.id:
        _keep(trial, plain, DEFAULT_DIALECT, SPARSE, "2")
        return tolerated("compat.listed_schema_refused", reply, f"without that URN: {plain.said}")
    needed = _needed_targets(trial)
    trial.required = (*trial.required, *needed)
    again = post(trial, sparse_values(trial, "2"))
    if not again.done or not again.id:
        return unmet("compat.requires_values", reply, f"with {', '.join(needed) or 'nothing more'}: {again.said}", targets=needed)
    _keep(trial, again, DEFAULT_DIALECT, SPARSE, "2")
    profile_says = {target.casefold() for target in trial.documented}
    undocumented = [target for target in needed if target.casefold() not in profile_says]
    return tolerated("compat.requires_values", reply, f"taken with {', '.join(needed)}", targets=undocumented or needed)


def _without_urn(trial: Trial) -> Reply:
    """The same person without the enterprise URN; from then on it is left out where it is not used."""
    trial.extended = False
    reply = post(trial, sparse_values(trial, "2"))
    trial.extended = not reply.done
    return reply


def sparse_values(trial: Trial, number: str) -> dict[str, Any]:
    """What the mapping gives for somebody without optional values, and what the endpoint insists on."""
    there = good_values(trial, number, sparse_source(trial.names, number), invent=False)
    full = good_values(trial, number)
    return there | {target: full[target] for target in (*trial.required, *trial.mapped.matching) if target in full}


def _needed_targets(trial: Trial) -> tuple[str, ...]:
    """What a person must have: each attribute is left out of a whole person in turn."""
    have = set(sparse_values(trial, "2"))
    roots: dict[str, list[str]] = {}
    for target in good_values(trial, "2"):
        if target not in have:
            roots.setdefault(root_of(target), []).append(target)
    needed: list[str] = []
    for number, targets in enumerate(roots.values()):
        made = good_values(trial, f"2n{number}")
        reply = post(trial, {target: value for target, value in made.items() if target not in targets})
        forget(trial, reply)
        if not reply.done:
            needed += targets
    return tuple(needed)


def _judge_sparse(trial: Trial, subject: Subject | None) -> Result:
    if subject is None:
        return unknown("nobody was created")
    trial.refresh(subject)
    wanted = sparse_values(trial, subject.number)
    wrong = {t: subject.value(t) for t, value in wanted.items() if t not in trial.not_stored and t not in trial.changed_on_arrival and not same(subject.value(t), value)}
    subject.stored.update({target: subject.value(target) for target in wanted if subject.value(target) is not None})
    sent = f"POST /Users, then GET /Users/{subject.id}"
    wrong.pop("active", None)
    if wrong:
        missing = any(value is None for value in wrong.values())
        told = "; ".join(f"{target} is {value!r}" for target, value in wrong.items())
        return Result(NOT_STORED, "compat.attribute_not_stored" if missing else "compat.values_normalised", sent, f"read back: {told}", tuple(wrong))
    return Result("passed", "", sent, "every value as sent")


def _make_others(trial: Trial) -> None:
    """The same two people for the flag's dialect, and two who can be managers; they are no checks of their own."""
    from scimkit.compatibility.endpoint import Ended

    for people, number, make in ((FULL, "3", good_values), (SPARSE, "4", sparse_values)):
        model = trial.subjects.get((DEFAULT_DIALECT, people))
        if model is None or trial.ended:
            continue
        try:
            values = make(trial, number)
            reply = post(trial, values)
            if reply.done and reply.id:
                _keep(trial, reply, FLAG_DIALECT, people, number)
                subject = trial.subjects[(FLAG_DIALECT, people)]
                trial.refresh(subject)
                subject.stored.update({t: subject.value(t) for t in values if subject.value(t) is not None})
        except Ended as end:
            trial.ended = end
    for number in ("8", "9"):
        if trial.subjects and trial.ended is None:
            try:
                reply = post(trial, good_values(trial, number))
                trial.bosses += [reply.id] if reply.done and reply.id else []
            except Ended as end:
                trial.ended = end


# -- matching people who are there -------------------------------------------------


def check_matches(trial: Trial) -> None:
    """Whether the match finds who is there, and only that person (R4, E04, E05)."""
    subject = trial.subjects.get((DEFAULT_DIALECT, FULL))
    attribute = trial.mapped.matching[0]
    sent = matching_value(trial, good_values(trial, subject.number)) if subject else ""
    value = str(subject.value(attribute) or sent) if subject else ""

    def match() -> Result:
        """By the value that was sent, as Entra will; where only its case was changed, by the stored one too."""
        if subject is None:
            return unknown("nobody was created")
        reply = trial.until("find", lambda: trial.endpoint.find("Users", attribute, sent), lambda r: ids_of(r) == [subject.id])
        if ids_of(reply) == [] and value != sent and ids_of(trial.endpoint.find("Users", attribute, value)) == [subject.id]:
            return tolerated("compat.match_case_sensitive", reply, f"found as {value!r} only", targets=(attribute,))
        found = ids_of(reply)
        if found == [subject.id]:
            late = trial.lag_seconds.get("find", 0.0) > 0
            return tolerated("compat.read_lag", reply, "only at a second look") if late else met(reply)
        if resources_of(reply) is None:
            return unmet("compat.matching_not_filterable", reply, targets=(attribute,))
        strangers = [id for id in found if id != subject.id]
        return unmet("compat.filter_ignored" if strangers else "compat.match_not_found", reply, f"{len(found)} found, 1 wanted", targets=(attribute,))

    def nobody_else() -> Result:
        reply = trial.endpoint.find("Users", attribute, nobody())
        if is_empty(reply):
            return met(reply)
        return unmet("compat.filter_ignored" if resources_of(reply) else "compat.no_match_not_empty_list", reply, targets=(attribute,))

    def other_case() -> Result:
        assert subject is not None
        other = value.upper() if value.upper() != value else value.lower()
        reply = trial.endpoint.find("Users", attribute, other)
        if ids_of(reply) == [subject.id]:
            return met(reply)
        if attribute.casefold() == "externalid":  # case counts there (RFC 7643, 3.1)
            return met(reply, "not found, as case counts in externalId")
        return unmet("compat.match_case_sensitive", reply, targets=(attribute,))

    trial.check("query.match", match)
    trial.check("query.no_match_among_people", nobody_else)
    trial.check("query.other_case_value", other_case)
    trial.check("query.apostrophe", lambda: _check_apostrophe(trial, attribute))


def _check_apostrophe(trial: Trial, attribute: str) -> Result:
    reply = None
    for number in ("o'neil+a", "o'neil"):
        values = good_values(trial, number)
        reply = post(trial, values)
        if not (reply.done and reply.id):
            continue
        stored = read_target(reply.json, attribute) if isinstance(reply.json, dict) else None
        value, id = str(stored or matching_value(trial, values)), reply.id
        found = trial.until("find", lambda: trial.endpoint.find("Users", attribute, value), lambda r: ids_of(r) == [id])  # noqa: B023
        trial.endpoint.delete("Users", id)
        if ids_of(found) == [id]:
            return met(found)
        return unmet("compat.filter_special_characters", found, f"{len(ids_of(found))} found, 1 wanted", targets=(attribute,))
    assert reply is not None
    return tolerated("compat.special_characters_changed", reply, "such a name is refused", targets=(attribute,))


# -- other ways to create ------------------------------------------------------------


def check_creations(trial: Trial) -> None:
    """Creations that differ from the plain one in one thing."""
    trial.check("create.special", lambda: _check_special(trial))
    variants: tuple[tuple[str, str, Mapping[str, Any], str], ...] = (
        ("create.unknown_schema", "u", {"schemas": [CORE_USER, ENTERPRISE_USER, UNKNOWN_URN], UNKNOWN_URN: {"badge": "7"}}, "compat.unknown_schema_refused"),
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
    """Asked when it is known that inactive people can be reached: one that is hidden could not be removed."""
    trial.check("create.text_false", lambda: _check_text(trial, "f", "False", False))


def _check_special(trial: Trial) -> Result:
    values = good_values(trial, "5", special_source(trial.names, "5"))
    reply = post(trial, values)
    if not reply.done or not reply.id:
        return unmet("compat.special_characters_changed", reply)
    read = trial.until("read", lambda: trial.endpoint.read("Users", reply.id), lambda r: r.status == 200)
    there = read.json if isinstance(read.json, dict) else {}
    known = trial.not_stored | trial.changed_on_arrival
    wrong = {t: read_target(there, t) for t, v in values.items() if t not in known and t != "active" and not same(read_target(there, t), v)}
    forget(trial, reply)
    if not wrong:
        return met(read)
    told = "; ".join(f"{target} is {value!r} instead of {values[target]!r}" for target, value in wrong.items())
    return unmet("compat.special_characters_changed", read, told, outcome=NOT_STORED, targets=wrong)


def _check_variant(trial: Trial, number: str, more: Mapping[str, Any], cause: str) -> Result:
    values = good_values(trial, number)
    without = {target: value for target, value in values.items() if root_of(target) not in more}
    reply = post(trial, without, more=more)
    forget(trial, reply)
    if reply.done:
        return met(reply)
    roots = {parse_target(target).urn for target in trial.mapped.targets}
    custom = [target for target in trial.mapped.targets if kind_of(target) == "extension" and parse_target(target).urn.casefold() != ENTERPRISE_USER.casefold()]
    return tolerated(cause, reply, targets=custom if UNKNOWN_URN in more and roots else ())


def _check_charset(trial: Trial) -> Result:
    reply = post(trial, good_values(trial, "c"), media_type=CHARSET)
    forget(trial, reply)
    return met(reply) if reply.done else unmet("compat.charset_refused", reply)


def _check_text(trial: Trial, number: str, text: str, meant: bool) -> Result:
    reply = post(trial, good_values(trial, number), more={"active": text})
    if not reply.done or not reply.id:
        return tolerated("compat.text_boolean_on_create", reply)
    read = trial.until("read", lambda: trial.endpoint.read("Users", reply.id), lambda r: r.status == 200)
    there = read_target(read.json, "active") if isinstance(read.json, dict) else None
    forget(trial, reply)
    if there is None and read.status == 404 and not meant:
        return unknown("whoever is not active cannot be read", read)
    if there is None:
        return unknown("active is not given back", read)
    return met(read) if same(there, meant) else tolerated("compat.text_boolean_on_create", read, f"active is {there!r} after {text!r}")


def _check_manager(trial: Trial) -> Result:
    subject = trial.subjects.get((DEFAULT_DIALECT, FULL))
    if not trial.mapped.uses(MANAGER):
        return unknown("this mapping has no manager")
    assert subject is not None
    body: dict[str, Any] = {}
    values = good_values(trial, "m")
    place(body, MANAGER, subject.id)
    extension = {parse_target(t).attribute: v for t, v in values.items() if parse_target(t).urn.casefold() == ENTERPRISE_USER.casefold()}
    reply = post(trial, values, more={ENTERPRISE_USER: {**extension, **body[ENTERPRISE_USER]}})
    if not reply.done or not reply.id:
        return tolerated("compat.manager_text_on_create", reply)
    read = trial.until("read", lambda: trial.endpoint.read("Users", reply.id), lambda r: r.status == 200)
    there = read_target(read.json, MANAGER) if isinstance(read.json, dict) else None
    forget(trial, reply)
    return met(read) if there == subject.id else tolerated("compat.manager_text_on_create", read, f"manager is {there!r}")


# -- doubles -----------------------------------------------------------------------------


def check_duplicates(trial: Trial) -> None:
    """A second creation of the same person (E13)."""
    subject = trial.subjects.get((DEFAULT_DIALECT, FULL))
    replies: list[Reply] = []

    def again(other_case: bool) -> Result:
        if subject is None:
            return unknown("nobody was created")
        values = good_values(trial, subject.number)
        if other_case:
            values = {t: v.upper() if t in ("userName", *trial.mapped.matching) and isinstance(v, str) else v for t, v in values.items()}
        body = create_body(values, enterprise=trial.extended)
        reply = trial.endpoint.create("Users", body, name=str(values.get("userName") or subject.user_name), key=matching_value(trial, values))
        replies.append(reply)
        if reply.status == 409:
            return met(reply)
        if not reply.done:
            return tolerated("compat.duplicate_not_409", reply)
        if reply.id == subject.id:
            trial.endpoint.disown_last()  # the account was there: the final removal must not count it twice
            return tolerated("compat.duplicate_not_409", reply, "answered with the person who was there")
        forget(trial, reply)
        if other_case:
            return tolerated("compat.duplicate_other_case", reply)
        return unmet("compat.duplicate_accepted", reply)

    def scim_type() -> Result:
        if not replies or replies[0].status != 409:
            return unknown("there was no 409")
        body = replies[0].json if isinstance(replies[0].json, dict) else {}
        good = str(body.get("scimType", "")).casefold() == "uniqueness"
        return met(replies[0]) if good else tolerated("compat.duplicate_without_type", replies[0], "without scimType uniqueness")

    trial.check("create.duplicate", again, False)
    trial.check("create.duplicate_scim_type", scim_type)
    trial.check("create.duplicate_other_case", again, True)
