"""What the answers mean: one failed finding for one cause, with its remedy. It decides, and sends nothing.

The checks of a test come in the order reached, token, list_response, media_type. The
finding replaces the check it belongs to. Later checks were not reached,
earlier ones have passed as far as the answer shows it.
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from scimkit.clients.scim import Answer
from scimkit.errors import Unreachable
from scimkit.evidence.checks import Check, failed, not_reached, passed, warning
from scimkit.evidence.records import utc_text
from scimkit.journey.connection.addresses import pasted_resource, with_flags, without_resource
from scimkit.journey.connection.exchange import (
    SCIM_TYPE,
    answers_as_scim,
    is_list,
    looks_like_html,
    printable,
    redirect_target,
)
from scimkit.journey.connection.questions import Asked, Purpose, speaks_tls

ASKED = "Develop and plan provisioning for a SCIM endpoint"
FIELD = "field reports"
QUARANTINE = "Application provisioning in quarantine status"
TOLERANCE = timedelta(minutes=5)  # what services customarily allow when they check a token's times
_SIGN_IN = re.compile(r"log-?in|sign-?in|logon|sso|saml|oauth|authorize|adfs|/auth\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a judgement is based on.

    asked          in the order of the requests; Entra's own first
    hint           the contact named by the tutorial or the profile; "" if there is none
    now            aware; None: the time is unknown, so clocks are not compared
    token_expires  the expiry in the token itself
    """

    url: str
    matching: str
    asked: tuple[Asked, ...]
    hint: str = ""
    now: datetime | None = None
    token_expires: datetime | None = None

    @property
    def main(self) -> Asked:
        """Entra's request as it was finally answered."""
        return next(a for a in reversed(self.asked) if a.question.purpose in (Purpose.TEST, Purpose.AGAIN))

    def settled(self, *purposes: Purpose) -> Asked | None:
        """The follow-up of that kind that was answered as SCIM."""
        return next((a for a in self.asked if a.question.purpose in purposes and answers_as_scim(a.outcome)), None)

    def fail(self, code: str, found: str, remedy: str, source: str = ASKED) -> Check:
        """The finding, with request, answer and contact."""
        return self.correct(code, found, f"{remedy} {self.hint}".strip(), source)

    def correct(self, code: str, found: str, remedy: str, source: str = ASKED) -> Check:
        """A finding whose remedy needs no one else."""
        return failed(f"connection.{code}", f"{found}; {self.main.exchange.told}", remedy, source)

    def at(self, address: str) -> str:
        """Another address in the form in which it must be entered."""
        return with_flags(address, self.url)


Rule = Callable[[Case, Answer], Check | None]


def judge(case: Case) -> tuple[Check, ...]:
    """The checks of a connection test."""
    outcome = case.main.outcome
    if isinstance(outcome, Unreachable):
        return (_judge_silence(case, outcome), *_open("token", "list_response", "media_type", why="nothing answered"))
    return (*_judge_answer(case, outcome), *_asides(case, outcome))


def _open(*names: str, why: str) -> tuple[Check, ...]:
    return tuple(not_reached(f"connection.{name}", f"not checked: {why}") for name in names)


def _judge_answer(case: Case, answer: Answer) -> tuple[Check, ...]:
    reached, token = (
        passed("connection.reached", "the server answers"),
        passed("connection.token", "the token is accepted"),
    )
    why = "an earlier check failed"
    for rule in ABOUT_TOKEN:
        if finding := rule(case, answer):
            return reached, finding, *_open("list_response", "media_type", why=why)
    for rule in ABOUT_PLACE:
        if finding := rule(case, answer):
            return reached, finding, *_open("token", "list_response", "media_type", why=why)
    for rule in ABOUT_LIST:
        if finding := rule(case, answer):
            return reached, token, finding, *_open("media_type", why=why)
    empty = passed(
        "connection.list_response",
        f"a search for a person who cannot exist, by {case.matching}, returns an empty list",
        ASKED,
    )
    return reached, token, empty, _media_type(answer)


# -- no answer -------------------------------------------------------------------------

# cause, or tls and its detail -> code, what was found, remedy ("" takes the transport's own)
SILENCE: dict[str, tuple[str, str, str]] = {
    "dns": (
        "name_unknown",
        "the host name of the Tenant URL is not known",
        (
            "Check the spelling of the Tenant URL; it may still contain a placeholder. If the name is right, check this"
            " machine's network or VPN."
        ),
    ),
    "refused": (
        "refused",
        "no service listens at this address",
        "Check host and port of the Tenant URL, and whether the server is running.",
    ),
    "timeout": (
        "timeout",
        "there was no answer in time",
        "Try again. If the problem remains, a firewall may drop the packets, or the service is down. Ask the vendor.",
    ),
    "reset": (
        "reset",
        "the connection was closed without an answer",
        "Try again. If the problem remains, ask the vendor, and the owner of any firewall in between.",
    ),
    "proxy": ("proxy", "the proxy blocked the request", ""),
    "tls.expired": (
        "tls_expired",
        "the server's certificate has expired",
        "Its owner must renew it: Entra will not connect either. If the clock of this machine is wrong, correct it.",
    ),
    "tls.wrong_name": (
        "tls_wrong_name",
        "the server's certificate is for another name",
        "Use the host name in the certificate as the Tenant URL, or have its owner add this one.",
    ),
    "tls.unknown_root": (
        "tls_unknown_root",
        "the server's certificate was issued by an authority that is not known here",
        (
            "Entra accepts certificates of public authorities only, with the whole chain. Have the owner install one."
            " For a private root of this network alone (a proxy that inspects TLS) give its PEM file as ca_file."
        ),
    ),
    "tls.not_tls": (
        "not_tls",
        "the port of this https address does not speak TLS",
        (
            "Check the port of the Tenant URL. It may be the one for plain http, or the service is not set up for"
            " https, which Entra requires."
        ),
    ),
    "tls": (
        "tls",
        "no secure connection could be negotiated",
        "Entra requires TLS 1.2 with a public certificate. Ask the server's owner to check it.",
    ),
}


def _judge_silence(case: Case, error: Unreachable) -> Check:
    https = next((a for a in case.asked if a.question.purpose is Purpose.HTTPS and speaks_tls(a.outcome)), None)
    if https is not None:
        return case.correct(
            "not_https",
            "this is an http address, and the server speaks https there",
            f"Use {case.at(https.question.base)} as the Tenant URL.",
        )
    if error.detail:
        key = f"{error.cause}.{error.detail}"
    else:
        key = error.cause
    code, found, remedy = (
        SILENCE.get(key)
        or SILENCE.get(error.cause)
        or (
            "unreachable",
            "there was no readable answer",
            "Check that address and port belong to the web service, and check the network of this machine.",
        )
    )
    return case.correct(code, found, remedy or error.remedy)


# -- about the token -------------------------------------------------------------------


def _token_over(case: Case, answer: Answer) -> Check | None:
    """401 or 403, and according to the token or the server the token has expired."""
    if answer.status not in (401, 403):
        return None
    moment = answered_at(answer) or case.now
    if case.token_expires and moment and case.token_expires <= moment:
        found = f"the token has expired: its own expiry date is {utc_text(case.token_expires)} ({answer.status})"
    elif re.search(r"expired", answer.headers.get("www-authenticate", ""), re.IGNORECASE):
        found = f"the token has expired, according to the endpoint ({answer.status})"
    else:
        return None
    return case.fail(
        "token_expired",
        found,
        "Have a new token created by the vendor, enter it (2_token), and note its expiry date.",
        FIELD,
    )


def _token_refused(case: Case, answer: Answer) -> Check | None:
    if answer.status != 401:
        return None
    schemes = answer.headers.get("www-authenticate", "").lower()
    if "basic" in schemes and "bearer" not in schemes:
        return case.fail(
            "token_refused",
            "the endpoint requires a user name and a password (401, Basic)",
            "Entra sends a bearer token only. Ask the vendor for the address and the token for Entra.",
            FIELD,
        )
    remedy = "Make sure that the token is complete, current and entered without the word Bearer."
    if _skew(case, answer):
        remedy += (
            " The clocks differ, too (see below): a token that is valid for a limited time may be refused because of"
            " that."
        )
    return case.fail("token_refused", "the endpoint does not accept the token (401)", remedy)


def _token_not_allowed(case: Case, answer: Answer) -> Check | None:
    if answer.status != 403:
        return None
    if looks_like_html(answer):
        return case.fail(
            "token_not_allowed",
            "a web page says that access is forbidden (403)",
            "A firewall in front of the service may admit certain addresses only. Have the addresses of this machine"
            " and of Entra (service tag AzureActiveDirectory) admitted. Otherwise have the token's permissions extended"
            " to SCIM.",
        )
    return case.fail(
        "token_not_allowed",
        "the token is known but has no permission to read users (403)",
        "Have the token's permissions extended to SCIM.",
    )


# -- about the place -------------------------------------------------------------------


def _throttled(case: Case, answer: Answer) -> Check | None:
    if answer.status != 429:
        return None
    wish = printable(answer.headers.get("retry-after", ""))[:40]
    if wish.replace(".", "").isdigit():
        wait = f"Wait ({wish} seconds, according to the endpoint)"
    elif wish:
        wait = f"Wait (until {wish}, according to the endpoint)"
    else:
        wait = "Wait"
    return case.fail(
        "throttled",
        "the endpoint accepts no more requests for now (429)",
        f"{wait}, then run this again. If a single request is too many, ask the vendor to raise the rate limit: Entra"
        " expects an endpoint to accept 25 requests a second.",
    )


def _server_error(case: Case, answer: Answer) -> Check | None:
    if answer.status < 500 or answer.status == 501:
        return None
    named = next(
        (
            printable(answer.headers[name])[:80]
            for name in ("request-id", "x-request-id", "x-correlation-id")
            if answer.headers.get(name)
        ),
        "",
    )
    with_id = ""
    if named:
        with_id = f" and the request id {named}"
    return case.fail(
        "server_error",
        f"the vendor's server failed ({answer.status})",
        f"Try again later. If the problem remains, send the vendor the time and the request above{with_id}.",
    )


def _media_type_refused(case: Case, answer: Answer) -> Check | None:
    """406 and 415: the service does not name SCIM's media type in its requests, and an endpoint must accept that."""
    if answer.status not in (406, 415):
        return None
    header = "Content-Type"
    if answer.status == 406:
        header = "Accept"
    other = next((a for a in case.asked if a.question.purpose is Purpose.SCIM_TYPE), None)
    compared = ""
    if other is not None:
        status = None
        if not isinstance(other.outcome, Unreachable):
            status = other.outcome.status
        compared = f" (with {header}: {SCIM_TYPE} it answers {status or 'nothing'})"
    found = f"the endpoint refuses a request without SCIM's media type ({answer.status}, {header}){compared}"
    return case.fail(
        "media_type_refused",
        found,
        f"The vendor must answer a GET with any {header}: Entra does not name {SCIM_TYPE} there.",
        FIELD,
    )


def _wrong_place(case: Case, answer: Answer) -> Check | None:
    """The address is slightly wrong: the follow-up requests show in what way."""
    if answer.status != 404 and not _elsewhere(answer):
        return None
    if answer.status == 404:
        here = f"answered with {answer.status}"
    elif answer.status >= 300:
        here = f"a redirect ({answer.status})"
    else:
        here = "a web page"
    if resource := pasted_resource(case.url):
        right = case.settled(Purpose.SHORTER, Purpose.NEIGHBOUR)
        if right is None:
            rest = (
                f"Leave out /{resource}: Entra appends it automatically. Check also whether"
                f" {without_resource(case.url)} is the SCIM base address."
            )
            return case.fail(
                "resource_in_url",
                f"the Tenant URL ends in /{resource}, and without it there is no SCIM answer either",
                rest,
            )
        address = case.at(right.question.base)
        return case.correct(
            "resource_in_url",
            f"the Tenant URL ends in /{resource}; {address} answers as SCIM",
            f"Use {address} as the Tenant URL: Entra appends /{resource} automatically.",
        )
    if other := case.settled(Purpose.ALTERNATIVE):
        address = case.at(other.question.base)
        return case.correct(
            "other_address",
            f"this address is {here}, but another known address of this app answers as SCIM: {address}",
            f"Use {address} as the Tenant URL.",
            "the app's profile",
        )
    if near := case.settled(Purpose.NEIGHBOUR):
        address = case.at(near.question.base)
        return case.correct(
            "wrong_path", f"this address is {here}, but {address} answers as SCIM", f"Use {address} as the Tenant URL."
        )
    return None


def _elsewhere(answer: Answer) -> bool:
    return 300 <= answer.status < 400 or (answer.status == 200 and looks_like_html(answer))


def _not_found(case: Case, answer: Answer) -> Check | None:
    if answer.status != 404 or case.settled(Purpose.BASE):
        return None
    tried = [a.question.base for a in case.asked if a.question.purpose in (Purpose.ALTERNATIVE, Purpose.NEIGHBOUR)]
    also = ""
    if tried:
        also = f" Also tried, without success: {', '.join(tried)}."
    return case.fail(
        "not_found",
        "the address returns 404",
        "The Tenant URL must be the SCIM base address. Nothing may follow it, such as /Users, and its own last part"
        f" must not be missing or repeated.{also}",
    )


def _redirect(case: Case, answer: Answer) -> Check | None:
    if not 300 <= answer.status < 400:
        return None
    target = redirect_target(answer)
    own, there = urlsplit(case.url), urlsplit(target)
    if own.scheme == "http" and there.scheme == "https" and own.hostname == there.hostname:
        address = target.removesuffix("/Users")
        return case.correct(
            "not_https",
            "this is an http address, and the server redirects to https",
            f"Use {case.at(address)} as the Tenant URL.",
        )
    if _SIGN_IN.search(target):
        return case.fail(
            "redirect",
            f"the address leads to a sign-in page ({answer.status}); a token is never sent after a redirect",
            "This is the website for people. Use the address of the SCIM service as the Tenant URL. If this is the"
            " right one, the vendor's server did not recognize the token.",
        )
    return case.fail(
        "redirect",
        f"the address redirects elsewhere ({answer.status}); a token is never sent after a redirect",
        f"Use the address of the SCIM service itself as the Tenant URL; {target.removesuffix('/Users')} may be it.",
    )


def _web_page(case: Case, answer: Answer) -> Check | None:
    if answer.status >= 400 or not looks_like_html(answer):
        return None
    return case.fail(
        "html",
        f"a web page was returned instead of JSON ({answer.status})",
        "The Tenant URL leads to a website for people, or to a sign-in page. Use the SCIM base address.",
    )


def _other_status(case: Case, answer: Answer) -> Check | None:
    if answer.status in (200, 400, 404, 501):
        return None
    return case.fail(
        "status",
        f"the endpoint returned {answer.status} where 200 is expected",
        "Send the vendor this request and its answer. Entra needs 200 and a ListResponse there.",
    )


def _not_json(case: Case, answer: Answer) -> Check | None:
    if answer.status != 200 or answer.json is not None:
        return None
    return case.fail(
        "not_json",
        "the answer is not JSON",
        "The Tenant URL does not lead to a SCIM service, or the vendor's answers are broken.",
    )


# -- about the list --------------------------------------------------------------------


def _filter_not_found(case: Case, answer: Answer) -> Check | None:
    """404 to a query, where a query without a match must return an empty list."""
    if answer.status != 404:
        return None
    return case.fail(
        "filter_not_found",
        "the SCIM service exists, but returns 404 when no one is found",
        "The vendor must answer a query without a match with 200 and an empty ListResponse (totalResults 0). On 404"
        " Entra puts the job into quarantine.",
        QUARANTINE,
    )


def _filter_refused(case: Case, answer: Answer) -> Check | None:
    if answer.status not in (400, 501):
        return None
    return case.fail(
        "filter_refused",
        f"the endpoint refuses to search by {case.matching} ({answer.status})",
        f"Match by an attribute that the app can search by, or have the vendor support `{case.matching} eq`.",
    )


def _not_a_list(case: Case, answer: Answer) -> Check | None:
    if is_list(answer.json):
        return None
    return case.fail(
        "not_a_list",
        "the answer is JSON, but not a SCIM ListResponse",
        "Entra stops here. The vendor must answer a query with a ListResponse (its schema, totalResults as a number,"
        " Resources).",
    )


def _filter_ignored(case: Case, answer: Answer) -> Check | None:
    total, people = answer.json["totalResults"], answer.json.get("Resources")
    if not total and not people:
        return None
    if isinstance(people, list):
        count = total or len(people)
    else:
        count = total
    return case.fail(
        "filter_ignored",
        f"a user that cannot exist was 'found' ({count} results): the filter on {case.matching} is ignored",
        "Do not continue: every person would be matched with the wrong account. The vendor must support filtering by"
        f" {case.matching}.",
    )


ABOUT_TOKEN: tuple[Rule, ...] = (_token_over, _token_refused, _token_not_allowed)
ABOUT_PLACE: tuple[Rule, ...] = (
    _throttled,
    _server_error,
    _media_type_refused,
    _wrong_place,
    _not_found,
    _redirect,
    _web_page,
    _other_status,
    _not_json,
)
ABOUT_LIST: tuple[Rule, ...] = (_filter_not_found, _filter_refused, _not_a_list, _filter_ignored)


# -- beside the finding ----------------------------------------------------------------


def _media_type(answer: Answer) -> Check:
    if answer.media_type.startswith(SCIM_TYPE):
        return passed("connection.media_type", "it answers as SCIM", ASKED)
    return warning(
        "connection.media_type",
        f"it answers as {printable(answer.media_type) or 'no media type'}; {SCIM_TYPE} is required",
        "Tell the vendor. It usually works anyway.",
        ASKED,
    )


def _asides(case: Case, answer: Answer) -> tuple[Check, ...]:
    """Findings that do not stop the test, but will cause trouble."""
    found = []
    if skew := _skew(case, answer):
        way = "behind"
        if skew > timedelta(0):
            way = "ahead of"
        text = (
            f"the server's clock is {_span(abs(skew))} {way} ours (its Date:"
            f" {utc_text(answered_at(answer) or datetime.now(UTC))})"
        )
        found.append(
            warning(
                "connection.clock_skew",
                text,
                "Compare both with the correct time. If this machine is wrong, set its clock. If the server is wrong,"
                " tell the vendor, because tokens then expire at the wrong time.",
                FIELD,
            )
        )
    moment = answered_at(answer) or case.now
    if answer.status == 200 and case.token_expires and moment and case.token_expires <= moment:
        text = f"according to the token it expired on {utc_text(case.token_expires)}, but it is still accepted"
        found.append(
            warning(
                "connection.token_expired",
                text,
                "Have a new token created before the vendor starts to check the expiry.",
                FIELD,
            )
        )
    if any(a.question.purpose is Purpose.AGAIN for a in case.asked) and answer.status == 200:
        text = (
            f"the first request returned {case.asked[0].exchange.status}; repeated after the wait the server asked for,"
            " it succeeds"
        )
        found.append(
            warning(
                "connection.throttled",
                text,
                "Ask the vendor about the rate limit: Entra expects an endpoint to accept 25 requests a second.",
                ASKED,
            )
        )
    return tuple(found)


def _skew(case: Case, answer: Answer) -> timedelta | None:
    """How far the server's clock is ahead of ours, if that is too far."""
    there = answered_at(answer)
    if there is None or case.now is None or abs(there - case.now) <= TOLERANCE:
        return None
    return there - case.now


def answered_at(answer: Answer) -> datetime | None:
    """The server's own time (`Date`), aware; None if it is not given."""
    try:
        moment = email.utils.parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    if moment.tzinfo:
        return moment
    return moment.replace(tzinfo=UTC)


def _span(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    if minutes < 120:
        return f"{minutes} minutes"
    if minutes < 48 * 60:
        return f"{round(minutes / 60)} hours"
    return f"{length.days} days"
