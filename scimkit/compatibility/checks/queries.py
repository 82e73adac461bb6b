"""Checks of the ways in which Entra, or another client, writes a query."""

from __future__ import annotations

from typing import Any

from scimkit.compatibility.answers import ids_of, is_empty, nobody
from scimkit.compatibility.checks.connection import SCIM, percent20
from scimkit.compatibility.read_back import Subject
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.provisioning.dialect import FLAG, match_filter
from scimkit.provisioning.targets import parse_target


def check_query_forms(trial: Trial) -> None:
    """Other ways to write the same query, which an endpoint must understand too."""
    endpoint, attribute = trial.endpoint, trial.mapped.matching[0]

    def scim_accept() -> Result:
        reply = endpoint.find_as("Users", attribute, nobody(), {"Accept": SCIM})
        if is_empty(reply):
            return met(reply)
        return tolerated("compat.answer_media_type", reply)

    def parameter() -> Result:
        reply = endpoint.get("Users", query=f"{FLAG}=&" + percent20(attribute, nobody()))
        if is_empty(reply):
            return met(reply)
        return unmet("compat.unknown_query_parameter", reply)

    def attributes() -> Result:
        reply = endpoint.find("Users", attribute, nobody(), attributes="id")
        if is_empty(reply):
            return met(reply)
        return tolerated("compat.attributes_parameter", reply)

    trial.check("media.scim_accept", scim_accept)
    trial.check("media.unknown_parameter", parameter)
    trial.check("query.attributes", attributes)


def check_filters(trial: Trial, subject: Subject | None) -> None:
    """Filters beyond the match itself. With `subject` they must find that person; without it, they must find no one.

    Without a subject no person has that value, so only the reading of the filter is
    tested.
    """
    attribute = trial.mapped.matching[0]
    if subject:
        value = str(subject.value(attribute) or subject.user_name)
    else:
        value = nobody()
    quoted = match_filter(attribute, value).partition(" eq ")[2]

    def ask(filter_: str, cause: str, *, tolerate: bool = True, targets: tuple[str, ...] = ()) -> Result:
        reply = trial.endpoint.get("Users", params={"filter": filter_})
        if subject is None:
            good = is_empty(reply)
        else:
            good = ids_of(reply) == [subject.id]
        if good:
            return met(reply)
        if any(subject is None or id != subject.id for id in ids_of(reply)):
            cause = "compat.filter_ignored"
        told = ""
        if reply.done:
            told = f"{len(ids_of(reply))} found, {0 if subject is None else 1} wanted"
        if tolerate:
            return tolerated(cause, reply, told, targets=targets)
        return unmet(cause, reply, told, targets=targets)

    def encoded() -> Result:
        reply = trial.endpoint.get("Users", query=percent20(attribute, value))
        if subject is None:
            good = is_empty(reply)
        else:
            good = ids_of(reply) == [subject.id]
        strangers = any(subject is None or id != subject.id for id in ids_of(reply))
        if good:
            return met(reply)
        return tolerated("compat.filter_ignored" if strangers else "compat.query_encoding", reply)

    trial.check("query.percent20", encoded)
    trial.check(
        "query.other_case_attribute",
        ask,
        f"{attribute.upper() if not parse_target(attribute).urn else attribute} eq {quoted}",
        "compat.filter_words_case",
    )
    trial.check("query.other_case_operator", ask, f"{attribute} EQ {quoted}", "compat.filter_words_case")
    # the same twice: an endpoint that cannot be searched by id is no endpoint without `and`
    trial.check("query.and", ask, f"{attribute} eq {quoted} and {attribute} eq {quoted}", "compat.filter_and")
    trial.check("query.typed_path", lambda: _check_typed_filter(trial, subject, ask))
    trial.check("query.external_id", lambda: _check_external_id(trial, subject))
    for code, odd in (
        ("query.accent", "zoë-łódź-山"),
        ("query.quote", 'a"b\\c'),
        ("query.plus_sign", "a+b@example.com"),
    ):
        trial.check(code, _check_odd_value, trial, attribute, f"{odd}-{nobody()}")


def _check_odd_value(trial: Trial, attribute: str, value: str) -> Result:
    """A user principal name or an address cannot contain a quotation mark or a backslash: that one is advice."""
    reply = trial.endpoint.find("Users", attribute, value)
    if is_empty(reply):
        return met(reply)
    if "\\" in value:
        return tolerated("compat.filter_special_characters", reply, targets=(attribute,))
    return unmet("compat.filter_special_characters", reply, targets=(attribute,))


def _check_typed_filter(trial: Trial, subject: Subject | None, ask: Any) -> Result:
    target = 'emails[type eq "work"].value'
    if subject is None or target not in subject.stored:
        target = next((one for one in trial.mapped.of_kind("typed") if subject and one in subject.stored), "")
    if not target:
        if subject is not None:
            return unknown("no typed attribute of this mapping is stored here")
        target = 'emails[type eq "work"].value'
    if subject:
        value = subject.value(target)
    else:
        value = nobody()
    hit = (target,) if target in trial.mapped.matching else ()
    result: Result = ask(
        match_filter(target, str(value)),
        "compat.matching_not_filterable" if hit else "compat.filter_typed_path",
        tolerate=not hit,
        targets=hit,
    )
    return result


def _check_external_id(trial: Trial, subject: Subject | None) -> Result:
    if not trial.mapped.uses("externalId"):
        return unknown("this mapping does not fill externalId")
    if trial.mapped.matching[0] == "externalId":
        return unknown("asked as the matching attribute")
    stored = subject is not None and "externalId" in subject.stored
    if subject is not None and stored:
        value = str(subject.value("externalId"))
    else:
        value = nobody()
    reply = trial.endpoint.find("Users", "externalId", value)
    if stored:
        good = subject is not None and ids_of(reply) == [subject.id]
    else:
        good = is_empty(reply)
    if good:
        return met(reply)
    hit = ("externalId",) if "externalId" in trial.mapped.matching else ()
    if hit:
        return unmet("compat.matching_not_filterable", reply, targets=hit)
    return tolerated("compat.external_id_filter", reply)
