"""Checks of the match: an existing person is found by the matching attribute, and no one else is."""

from __future__ import annotations

from scimkit.compatibility.answers import ids_of, is_empty, nobody, resources_of
from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.objects import forget, good_values, matching_value, post
from scimkit.compatibility.read_back import Subject
from scimkit.compatibility.record import FULL
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.test_people import full_source
from scimkit.compatibility.trial import Trial
from scimkit.provisioning.dialect import DEFAULT
from scimkit.provisioning.targets import parse_target, read_target


def check_matches(trial: Trial) -> None:
    """Whether the match finds the existing person, and only that person (R4, E04, E05)."""
    subject = trial.created.people.get((DEFAULT, FULL))
    attribute = trial.mapped.matching[0]
    sent = ""
    if subject:
        sent = matching_value(trial, good_values(trial, subject.number))
    value = ""
    if subject:
        value = str(subject.value(attribute) or sent)

    trial.check("query.match", lambda: _check_match(trial, subject, attribute, sent, value))
    trial.check("query.no_match_among_people", lambda: _check_nobody_else(trial, attribute))
    trial.check("query.other_case_value", lambda: _check_other_case(trial, subject, attribute, value))
    trial.check("query.apostrophe", lambda: _check_apostrophe(trial, attribute))
    trial.check("query.other_mail", lambda: _check_other_mail(trial, attribute))


def _check_match(trial: Trial, subject: Subject | None, attribute: str, sent: str, stored: str) -> Result:
    """By the value that was sent, as Entra will; if only its case was changed, by the stored one too."""
    if subject is None:
        return unknown("no test person was created")
    reply = trial.read_back.until(
        "find", lambda: trial.endpoint.find("Users", attribute, sent), lambda r: ids_of(r) == [subject.id]
    )
    if (
        ids_of(reply) == []
        and stored != sent
        and ids_of(trial.endpoint.find("Users", attribute, stored)) == [subject.id]
    ):
        return tolerated("compat.match_case_sensitive", reply, f"found as {stored!r} only", targets=(attribute,))
    found = ids_of(reply)
    if found == [subject.id]:
        late = trial.learned.lag_seconds.get("find", 0.0) > 0
        if late:
            return tolerated("compat.read_lag", reply, "only on a second request")
        return met(reply)
    if resources_of(reply) is None:
        return unmet("compat.matching_not_filterable", reply, targets=(attribute,))
    strangers = [id for id in found if id != subject.id]
    return unmet(
        "compat.filter_ignored" if strangers else "compat.match_not_found",
        reply,
        f"{len(found)} found, 1 wanted",
        targets=(attribute,),
    )


def _check_nobody_else(trial: Trial, attribute: str) -> Result:
    reply = trial.endpoint.find("Users", attribute, nobody())
    if is_empty(reply):
        return met(reply)
    return unmet(
        "compat.filter_ignored" if resources_of(reply) else "compat.no_match_not_empty_list",
        reply,
        targets=(attribute,),
    )


def _check_other_case(trial: Trial, subject: Subject | None, attribute: str, stored: str) -> Result:
    assert subject is not None
    if stored.upper() != stored:
        other = stored.upper()
    else:
        other = stored.lower()
    reply = trial.endpoint.find("Users", attribute, other)
    if ids_of(reply) == [subject.id]:
        return met(reply)
    if attribute.casefold() == "externalid":  # case counts there (RFC 7643, 3.1)
        return met(reply, "not found, because externalId is case-sensitive")
    return unmet("compat.match_case_sensitive", reply, targets=(attribute,))


def _wait_until_found(trial: Trial, attribute: str, value: str, id: str) -> Reply:
    """The answer to a search by `value`, as soon as it shows only the account `id`, or the last one."""
    return trial.read_back.until(
        "find", lambda: trial.endpoint.find("Users", attribute, value), lambda r: ids_of(r) == [id]
    )


def _check_apostrophe(trial: Trial, attribute: str) -> Result:
    reply = None
    for number in ("o'neil+a", "o'neil"):
        values = good_values(trial, number)
        reply = post(trial, values)
        if not (reply.done and reply.id):
            continue
        stored = None
        if isinstance(reply.json, dict):
            stored = read_target(reply.json, attribute)
        value, id = str(stored or matching_value(trial, values)), reply.id
        found = _wait_until_found(trial, attribute, value, id)
        trial.endpoint.delete("Users", id)
        if ids_of(found) == [id]:
            return met(found)
        return unmet(
            "compat.filter_special_characters", found, f"{len(ids_of(found))} found, 1 wanted", targets=(attribute,)
        )
    assert reply is not None
    return tolerated("compat.special_characters_changed", reply, "such a name is refused", targets=(attribute,))


def _check_other_mail(trial: Trial, attribute: str) -> Result:
    """An endpoint might always search the mail address; most people have the same value in both attributes."""
    source = full_source(trial.names, "w")
    mail = source["mail"] = "other." + source["mail"]
    values = good_values(trial, "w", source)
    if parse_target(attribute).attribute == "emails" or mail not in values.values() or values.get(attribute) == mail:
        return unknown("this mapping gives no one a mail address in addition to the matching value")
    reply = post(trial, values)
    if not (reply.done and reply.id):
        return unknown("such a person is refused", reply)
    stored = None
    if isinstance(reply.json, dict):
        stored = read_target(reply.json, attribute)
    wanted = str(stored or matching_value(trial, values))
    found = trial.read_back.until(
        "find", lambda: trial.endpoint.find("Users", attribute, wanted), lambda r: ids_of(r) == [reply.id]
    )
    if ids_of(found) == [reply.id]:
        by_mail = []
    else:
        by_mail = ids_of(trial.endpoint.find("Users", attribute, mail))
    forget(trial, reply)
    if ids_of(found) == [reply.id]:
        return met(found)
    told = f"{len(ids_of(found))} found, 1 wanted"
    if by_mail == [reply.id]:
        return unmet("compat.match_reads_mail", found, f"{told}; found by the mail address", targets=(attribute,))
    return unmet("compat.match_not_found", found, told, targets=(attribute,))
