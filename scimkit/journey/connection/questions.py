"""What to request next, given the answer to Entra's request. It decides, and sends nothing.

Every request is a GET. The token is sent to the Tenant URL's own origin and to the
profile's known addresses, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from scimkit.clients.scim import Answer
from scimkit.errors import Unreachable
from scimkit.journey.connection.addresses import neighbours, pasted_resource, without_resource
from scimkit.journey.connection.exchange import SCIM_TYPE, Exchange, Outcome, answers_as_scim, looks_like_html

LONGEST_WAIT_SECONDS = 30.0  # too long a wait for a test


class Purpose(StrEnum):
    """The reason for a request."""

    TEST = "test"  # Entra's own question
    AGAIN = "again"  # the same, after the wait the server asked for
    SCIM_TYPE = "scim_type"  # the same, with SCIM's media type named
    BASE = "base"  # is a SCIM service here at all?
    SHORTER = "shorter"  # the address without a pasted /Users
    ALTERNATIVE = "alternative"  # another address the profile knows
    NEIGHBOUR = "neighbour"  # /scim put in, or taken out where it stands twice
    HTTPS = "https"  # the same address over TLS, without the token


@dataclass(frozen=True, slots=True)
class Question:
    """One GET of the test.

    base    the address to use; "" the Tenant URL
    params  the query; None: Entra's filter on a person who cannot exist
    """

    purpose: Purpose
    base: str = ""
    path: str = "Users"
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, its answer, and both in a form that may be shown."""

    question: Question
    outcome: Outcome
    exchange: Exchange


def wait_before_again(outcome: Outcome, seconds: float | None) -> float | None:
    """How long to wait before trying once more; None: do not try again. `seconds` is what the server asked for."""
    if isinstance(outcome, Unreachable) or outcome.status not in (429, 503) or seconds is None:
        return None
    if seconds <= LONGEST_WAIT_SECONDS:
        return seconds
    return None


def follow_ups(url: str, outcome: Outcome, known: tuple[str, ...]) -> tuple[Question, ...]:
    """Requests that help to tell one cause from another, in order. The first that `settles` ends it.

    known  the profile's other Tenant URLs
    """
    if isinstance(outcome, Unreachable):
        plain = urlsplit(url).scheme == "http" and outcome.cause in ("reset", "other", "timeout")
        if plain:
            return (Question(Purpose.HTTPS, _as_https(url)),)
        return ()
    if outcome.status in (406, 415):
        if outcome.status == 406:
            headers = {"Accept": SCIM_TYPE}
        else:
            headers = {"Accept": SCIM_TYPE, "Content-Type": SCIM_TYPE}
        return (Question(Purpose.SCIM_TYPE, headers=headers),)
    if outcome.status == 404 or _leads_elsewhere(outcome):
        if pasted_resource(url):
            shorter = _bare(without_resource(url))
            return (
                Question(Purpose.SHORTER, shorter),
                *(Question(Purpose.NEIGHBOUR, address) for address in neighbours(shorter)),
            )
        others = [Question(Purpose.ALTERNATIVE, address) for address in known]
        near = [Question(Purpose.NEIGHBOUR, address) for address in neighbours(_bare(url))]
        return (*(_BASE if outcome.status == 404 else ()), *others, *near)
    return ()


_BASE = (
    Question(Purpose.BASE, params={"startIndex": "1", "count": "1"}),
    Question(Purpose.BASE, path="ServiceProviderConfig", params={}),
)


def _leads_elsewhere(answer: Answer) -> bool:
    return 300 <= answer.status < 400 or (answer.status == 200 and looks_like_html(answer))


def _bare(url: str) -> str:
    return urlsplit(url)._replace(query="", fragment="").geturl()


def _as_https(url: str) -> str:
    return urlsplit(_bare(url))._replace(scheme="https").geturl()


def settles(asked: Asked) -> bool:
    """Whether the answer to a follow-up ends the search."""
    if asked.question.purpose is Purpose.HTTPS:
        return speaks_tls(asked.outcome)
    return answers_as_scim(asked.outcome)


def speaks_tls(outcome: Outcome) -> bool:
    """Whether TLS is spoken there; a certificate that is not trusted proves it too."""
    return not isinstance(outcome, Unreachable) or (outcome.cause == "tls" and outcome.detail not in ("", "not_tls"))
