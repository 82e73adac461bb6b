"""Checks that only read: token, queries, media types, discovery, paging, errors."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.read_back import Subject
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.journey.connection.exchange import LIST_RESPONSE
from scimkit.mapping.rows import objects_in
from scimkit.provisioning.dialect import FLAG, match_filter
from scimkit.provisioning.targets import parse_target

SCIM, JSON = "application/scim+json", "application/json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
WORDS = {  # RFC 7643, 7: the only values there are
    "mutability": {"readOnly", "readWrite", "immutable", "writeOnly"},
    "returned": {"always", "never", "default", "request"},
    "uniqueness": {"none", "server", "global"},
}
REQUIRED_RATE = 25  # requests a second that an endpoint must take for each tenant
PAGE = 2  # people asked for on one page: enough to tell a page from a whole list


def nobody() -> str:
    """A value that cannot exist."""
    return str(uuid.uuid4())


# -- what an answer to a query says ------------------------------------------


def resources_of(reply: Reply) -> list[Mapping[str, Any]] | None:
    """The resources of a list; None where the answer is no list.

    `Resources` may be missing where nothing was found (RFC 7644, 3.4.2).
    """
    body = reply.json
    if reply.status != 200 or not isinstance(body, dict):
        return None
    items = body.get("Resources")
    if items is None:
        if body.get("totalResults") == 0:
            return []
        return None
    if isinstance(items, list):
        return [item for item in items if isinstance(item, dict)]
    return None


def ids_of(reply: Reply) -> list[str]:
    return [str(item.get("id")) for item in resources_of(reply) or ()]


def total_of(reply: Reply) -> int | None:
    total = None
    if isinstance(reply.json, dict):
        total = reply.json.get("totalResults")
    if isinstance(total, int) and not isinstance(total, bool):
        return total
    return None


def is_empty(reply: Reply) -> bool:
    """Whether the answer is the wanted one to a search without a hit: totalResults is 0, and says so (E01)."""
    return resources_of(reply) == [] and total_of(reply) == 0


# -- token and the first question --------------------------------------------


def check_first_question(trial: Trial) -> None:
    """Entra's own question by each matching attribute: token, media type, search and list in one exchange."""
    attribute = trial.mapped.matching[0]
    replies: list[Reply] = []

    def ask() -> Result:
        replies.append(trial.endpoint.find("Users", attribute, nobody()))
        return judge_token(trial, replies[0])

    trial.check("auth.token", ask)
    trial.check("media.plain_get", lambda: judge_plain_get(trial, attribute, replies))
    trial.check("query.no_match", lambda: judge_no_match(trial, attribute, replies))
    trial.check("query.matching", lambda: check_matching(trial))
    trial.check("query.list_fields", lambda: judge_list_fields(replies[-1]))
    trial.check("media.answer_type", lambda: judge_answer_type(replies[-1]))


def judge_token(trial: Trial, reply: Reply) -> Result:
    """Whether a SCIM service lets us in; where a web page answers, or nothing works, nothing is written."""
    if reply.status in (401, 403):
        return unmet("compat.token_refused", reply)
    if reply.answer is None or reply.status == 429:
        return unmet("compat.no_answer", reply)
    if reply.status < 400 and not isinstance(reply.json, (dict, list)):
        return unmet("compat.not_a_list_response", reply, targets=trial.mapped.matching[:1])
    if reply.status >= 500 and reply.status != 501:
        plain = trial.endpoint.get("Users", params={"startIndex": "1", "count": "1"})
        if plain.done:
            return met(reply, f"without a filter: {plain.said}")
        return unmet("compat.server_error", reply)
    return met(reply)


def judge_plain_get(trial: Trial, attribute: str, replies: list[Reply]) -> Result:
    """Where the plain GET is refused, the rest of the probe names the media type: one cause, and everything else is
    still seen."""
    reply = replies[0]
    if reply.status not in (406, 415):
        return met(reply)
    headers = {"Accept": SCIM, "Content-Type": SCIM}
    again = trial.endpoint.find_as("Users", attribute, nobody(), headers)
    if again.status not in (406, 415):
        trial.endpoint.get_headers = headers
        replies.append(again)
    return unmet("compat.plain_get_refused", reply, f"with the media type named: {again.said}")


def judge_no_match(trial: Trial, attribute: str, replies: list[Reply]) -> Result:
    """Where a `+` is not read as a blank, the rest of the probe writes `%20`."""
    reply = replies[-1]
    if is_empty(reply):
        return met(reply)
    if reply.status != 404:
        other = trial.endpoint.get("Users", query=percent20(attribute, nobody()))
        if is_empty(other):
            trial.endpoint.percent = True
            replies.append(other)
            return unmet("compat.query_encoding", reply, f"with %20: {other.said}")
        if other.done and not reply.done:  # it is read now, and answered wrongly
            trial.endpoint.percent = True
            trial.results.also["compat.query_encoding"] = unmet(
                "compat.query_encoding", reply, f"with %20: {other.said}"
            )
            reply = other
    return unmet(_cause_of_query(reply), reply, targets=(attribute,))


def _cause_of_query(reply: Reply) -> str:
    if reply.status == 404:
        return "compat.no_match_not_empty_list"
    if reply.status in (400, 403, 405, 422, 501):
        return "compat.matching_not_filterable"
    if reply.status >= 500:
        return "compat.server_error"
    if resources_of(reply):
        return "compat.filter_ignored"
    return "compat.not_a_list_response"


def check_matching(trial: Trial) -> Result:
    """Whether the endpoint can be searched by every further matching attribute (E04)."""
    first, *others = trial.mapped.matching
    row = trial.results.row("query.no_match")
    if not others or row.outcome == Status.FAILED:
        return Result(row.outcome, row.cause, row.sent, row.got, row.targets)
    refused = []
    reply = None
    for attribute in others:
        reply = trial.endpoint.find("Users", attribute, nobody())
        if not is_empty(reply):
            refused.append((attribute, reply))
    if refused:
        return unmet(_cause_of_query(refused[0][1]), refused[0][1], targets=[attribute for attribute, _ in refused])
    assert reply is not None
    return met(reply, f"{first} was asked for first")


def judge_list_fields(reply: Reply) -> Result:
    if isinstance(reply.json, dict):
        body = reply.json
    else:
        body = {}
    missing = [name for name in ("totalResults", "startIndex", "itemsPerPage") if not isinstance(body.get(name), int)]
    schemas = body.get("schemas")
    named = isinstance(schemas, list) and LIST_RESPONSE.casefold() in [str(item).casefold() for item in schemas]
    if named:
        missing += []
    else:
        missing += ["schemas"]
    if not missing:
        return met(reply)
    return tolerated("compat.list_fields_missing", reply, f"without {', '.join(missing)}")


def judge_answer_type(reply: Reply) -> Result:
    kind = ""
    if reply.answer:
        kind = reply.answer.media_type
    if kind == SCIM:
        return met(reply)
    return tolerated("compat.answer_media_type", reply)


def check_tokens(trial: Trial) -> None:
    """Whether anybody is let in (E19)."""
    endpoint, attribute = trial.endpoint, trial.mapped.matching[0]

    def ask(headers: Mapping[str, str]) -> Result:
        reply = endpoint.find_as("Users", attribute, nobody(), headers, anonymous=True)
        if reply.status == 401:
            return met(reply)
        cause = "compat.refusal_not_401"
        if reply.done:
            cause = "compat.open_without_token"
        if reply.done:
            return unmet(cause, reply)
        return tolerated(cause, reply)

    trial.check("auth.no_token", ask, {})
    trial.check("auth.wrong_token", ask, {"Authorization": f"Bearer not-the-token-{nobody()}"})


# -- media types and query form ----------------------------------------------


def percent20(attribute: str, value: str) -> str:
    """The matching query with `%20` for a blank."""
    return "filter=" + quote(match_filter(attribute, value), safe="")


def check_query_forms(trial: Trial) -> None:
    """Other ways to write the same question, which an endpoint must read too."""
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
    """Filters beside the match itself. With `subject` they must find that person, without one nobody.

    Nobody of that value exists where no subject is given, so only the reading of the
    filter is tried then.
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
    """A quote or a backslash cannot stand in a user principal name nor in an address: that one is advice."""
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


# -- discovery ----------------------------------------------------------------


def check_discovery(trial: Trial) -> None:
    """The three discovery endpoints (R17). Only advice: a non-gallery job asks for none of them."""
    replies: dict[str, Reply] = {}

    def ask(path: str) -> Result:
        reply = replies[path] = trial.endpoint.get(path)
        if path == "ServiceProviderConfig":
            good = reply.status == 200 and isinstance(reply.json, dict)
        else:
            good = bool(resources_of(reply)) or (path == "ResourceTypes" and isinstance(reply.json, list))
        if good:
            return met(reply)
        return tolerated("compat.schemas_missing" if path == "Schemas" else "compat.discovery_missing", reply)

    trial.check("discovery.schemas", ask, "Schemas")
    if trial.results.row("discovery.schemas").outcome == Status.WARNING:  # there is nothing to look into
        for code in ("nulls", "words", "targets"):
            trial.results.note(
                f"discovery.schemas_{code}",
                Result(Status.NOT_REACHED, "compat.schemas_missing", "", "not asked: discovery.schemas was not met"),
            )
    else:
        trial.check("discovery.schemas_nulls", lambda: _judge_nulls(replies["Schemas"]))
        trial.check("discovery.schemas_words", lambda: _judge_words(replies["Schemas"]))
        trial.check("discovery.schemas_targets", lambda: _judge_targets(trial, replies["Schemas"]))
    trial.check("discovery.provider_config", ask, "ServiceProviderConfig")
    trial.check("discovery.resource_types", ask, "ResourceTypes")


def _walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, path)


def _judge_nulls(reply: Reply) -> Result:
    nulls = sorted({path for path, value in _walk(reply.json) if value is None})
    if not nulls:
        return met(reply)
    return tolerated("compat.schemas_shape", reply, f"null: {', '.join(nulls[:5])}")


def _judge_words(reply: Reply) -> Result:
    odd = {
        f"{name} {value}" for path, value in _walk(reply.json)
        if (name := path.rpartition(".")[2]) in WORDS and isinstance(value, str) and value not in WORDS[name]
    }  # fmt: skip
    if not odd:
        return met(reply)
    return tolerated("compat.schemas_shape", reply, f"misspelt: {', '.join(sorted(odd)[:5])}")


def _judge_targets(trial: Trial, reply: Reply) -> Result:
    known = _schema_names(reply)
    lacking = [target for target in trial.mapped.targets if not _is_listed(target, known)]
    if not lacking:
        return met(reply)
    return tolerated("compat.target_not_in_schema", reply, f"not listed: {', '.join(lacking)}", targets=lacking)


def _schema_names(reply: Reply) -> dict[str, set[str]]:
    """Lower-case schema URN to the lower-case names of its attributes and `attribute.part`s."""
    known: dict[str, set[str]] = {}
    for schema in resources_of(reply) or ():
        names = known.setdefault(str(schema.get("id")).casefold(), set())
        for attribute in objects_in(schema.get("attributes")):
            name = str(attribute.get("name")).casefold()
            names.add(name)
            names |= {f"{name}.{str(sub.get('name')).casefold()}" for sub in objects_in(attribute.get("subAttributes"))}
    return known


def _is_listed(target: str, known: Mapping[str, set[str]]) -> bool:
    parsed = parse_target(target)
    name = parsed.attribute.casefold() + (f".{parsed.sub.casefold()}" if parsed.sub else "")
    if name in ("externalid", "id", "schemas") and not parsed.urn:
        return True  # common attributes stand in no schema (RFC 7643, 3.1)
    if parsed.urn:
        return name in known.get(parsed.urn.casefold(), set())
    return any(name in names for names in known.values())


# -- errors --------------------------------------------------------------------


def check_errors(trial: Trial) -> None:
    replies: list[Reply] = []

    def ask() -> Result:
        reply = trial.endpoint.read("Users", nobody())
        replies.append(reply)
        if reply.status in (404, 410):
            return met(reply)
        return unmet("compat.missing_not_404", reply)

    def body() -> Result:
        reply = replies[0]
        if isinstance(reply.json, dict):
            found = reply.json
        else:
            found = {}
        schemas = found.get("schemas")
        named = isinstance(schemas, list) and ERROR.casefold() in [str(item).casefold() for item in schemas]
        good = named and isinstance(found.get("status"), str)
        if good:
            return met(reply)
        return tolerated("compat.error_body", reply)

    trial.check("errors.unknown_id", ask)
    trial.check("errors.body", body)


# -- rate ----------------------------------------------------------------------


def check_rate(trial: Trial) -> None:
    """E18, as far as the probe's own requests show it: it sends one after the other, as fast as they are answered."""
    refused = trial.endpoint.throttled
    if not refused:
        trial.results.note(
            "auth.rate",
            Result(Status.PASSED, "", "", f"none of {trial.endpoint.requests} requests was refused for its number"),
        )
        return
    sent, fewest = min(refused, key=lambda each: each[1])
    told = f"{len(refused)} of {trial.endpoint.requests} requests got 429; once after {fewest} in one second"
    trial.results.note(
        "auth.rate",
        Result(Status.FAILED if fewest <= REQUIRED_RATE else Status.WARNING, "compat.throttled", sent, told),
    )


# -- paging --------------------------------------------------------------------


class Pages:
    """Two pages of people and one past the end (R18, E17)."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.pages: list[Reply] = []

    def _page(self, start: int) -> Reply:
        reply = self.trial.endpoint.get("Users", params={"startIndex": str(start), "count": str(PAGE)})
        self.pages.append(reply)
        return reply

    def count(self) -> Result:
        reply = self._page(1)
        items = resources_of(reply)
        if items is None:
            return tolerated("compat.paging", reply)
        if len(items) <= PAGE:
            return met(reply)
        return tolerated("compat.paging", reply, f"{len(items)} people on a page of {PAGE}")

    def total(self) -> Result:
        self._page(1 + PAGE)
        first, second = (total_of(reply) for reply in self.pages[:2])
        if first is None or first < len(ids_of(self.pages[0])):
            return tolerated("compat.paging", self.pages[0], "totalResults is missing or smaller than the page")
        if first == second:
            return met(self.pages[1])
        return tolerated("compat.paging", self.pages[1], f"totalResults {first}, then {second}")

    def start_index(self) -> Result:
        second = self.pages[1]
        there = None
        if isinstance(second.json, dict):
            there = second.json.get("startIndex")
        if not ids_of(second):
            return unknown("there are too few people for a second page", second)
        if there == 1 + PAGE:
            return met(second)
        return tolerated("compat.paging_echo", second, f"startIndex {there!r} instead of {1 + PAGE}")

    def no_repeats(self) -> Result:
        first, second = self.pages[:2]
        again = set(ids_of(first)) & set(ids_of(second))
        if not ids_of(second) and (total_of(first) or 0) <= PAGE:
            return unknown("there are too few people for a second page", second)
        if again or not ids_of(second):
            return tolerated(
                "compat.paging",
                second,
                f"{len(again)} people of the first page again" if again else "the second page is empty",
            )
        return met(second)

    def past_the_end(self) -> Result:
        reply = self._page(1_000_000)
        if resources_of(reply) == []:
            return met(reply)
        return tolerated("compat.paging", reply)


def check_paging(trial: Trial) -> None:
    """Whether lists come in pages."""
    pages = Pages(trial)
    trial.check("paging.count", pages.count)
    row = trial.results.row("paging.count")
    for code, ask in (
        ("paging.total", pages.total),
        ("paging.start_index", pages.start_index),
        ("paging.no_repeats", pages.no_repeats),
    ):
        if row.outcome == Status.WARNING:  # there are no pages to look at
            trial.results.note(
                code, Result(Status.NOT_REACHED, "compat.paging", "", "not asked: paging.count was not met")
            )
        else:
            trial.check(code, ask)
    trial.check("paging.past_the_end", pages.past_the_end)


__all__ = [
    "check_discovery", "check_errors", "check_filters", "check_first_question", "check_paging",
    "check_query_forms", "check_rate", "check_tokens", "ids_of", "is_empty", "nobody", "resources_of", "total_of",
]  # fmt: skip
