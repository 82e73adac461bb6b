"""Checks of the connection: token, media types, Entra's first request, rate limit."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from scimkit.compatibility.answers import is_empty, nobody, resources_of
from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.results import Result, met, tolerated, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.journey.connection.exchange import LIST_RESPONSE
from scimkit.provisioning.dialect import match_filter

REQUIRED_RATE = 25  # requests a second that an endpoint must take for each tenant

SCIM = "application/scim+json"


def check_first_question(trial: Trial) -> None:
    """Entra's own search by each matching attribute: token, media type, search and list in one exchange."""
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
    """Whether a SCIM service accepts the token. If a web page answers, or nothing works, nothing is written."""
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
    """If the plain GET is refused, the rest of the probe names the media type: one cause, and no check is lost."""
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
    """If a `+` is not read as a space, the rest of the probe writes `%20`."""
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


def percent20(attribute: str, value: str) -> str:
    """The matching query with `%20` for a space."""
    return "filter=" + quote(match_filter(attribute, value), safe="")


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
    """Whether every further matching attribute can be used in a search (E04)."""
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
    return met(reply, f"{first} was requested first")


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
    """Whether requests without the right token are accepted (E19)."""
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


def check_rate(trial: Trial) -> None:
    """E18, as far as the probe's own requests show it: they are sent one by one, as fast as they are answered."""
    refused = trial.endpoint.throttled
    if not refused:
        trial.results.note(
            "auth.rate",
            Result(Status.PASSED, "", "", f"none of {trial.endpoint.requests} requests was refused by a rate limit"),
        )
        return
    sent, fewest = min(refused, key=lambda each: each[1])
    told = f"{len(refused)} of {trial.endpoint.requests} requests got 429; once after {fewest} in one second"
    trial.results.note(
        "auth.rate",
        Result(Status.FAILED if fewest <= REQUIRED_RATE else Status.WARNING, "compat.throttled", sent, told),
    )
