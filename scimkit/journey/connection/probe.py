"""The same requests to the endpoint that Entra sends, and a few more if the answer is not yet clear."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from scimkit.apps.profile import AppProfile
from scimkit.clients.scim import Answer, ScimClient
from scimkit.clients.transport import retry_after
from scimkit.errors import Unreachable
from scimkit.evidence.checks import Check, Status, not_observed
from scimkit.journey.connection.addresses import alternatives
from scimkit.journey.connection.exchange import Exchange, Outcome, note_exchange
from scimkit.journey.connection.findings import SILENCE, Case, answered_at, judge
from scimkit.journey.connection.questions import Asked, Purpose, Question, follow_ups, settles, wait_before_again

# Findings that may be this machine's own trouble, or a proxy's on the way: Entra asks from elsewhere.
LOCAL = frozenset(f"connection.{code}" for code, _, _ in SILENCE.values()) | {
    "connection.unreachable",
    "connection.token_not_allowed",
    "connection.html",
    "connection.redirect",
}
ENTRA_ACCEPTED = "connection.entra_accepted"
ADVICE = (
    "Provisioning can work. What scimkit reads from the vendor itself (existing accounts, the pilot read back) remains"
    " unknown from here. Run it where the vendor is reachable, or have the connection from this machine opened."
)


@dataclass(frozen=True, slots=True)
class Probe:
    """The outcome of the direct test: the attribute, the exchange, what it means."""

    matching: str
    exchanges: tuple[Exchange, ...]
    checks: tuple[Check, ...]

    @property
    def certain(self) -> Probe:
        """Without the finding that may be due to the location of this machine: for that, Entra's own test decides."""
        return replace(
            self,
            checks=tuple(
                check for check in self.checks if check.code not in LOCAL or check.status is not Status.FAILED
            ),
        )

    def weigh(self, verdict: Check) -> Probe:
        """The direct test in the light of Entra's own test.

        If that one passed, a vendor that does not answer here, or blocks access from
        here, does not mean that address or token is wrong: `not_observed`, with advice.
        """
        local = next((check for check in self.checks if check.code in LOCAL and check.status is Status.FAILED), None)
        if local is None or verdict.code != ENTRA_ACCEPTED:
            return self
        found = (
            f"the vendor cannot be reached from this machine ({local.code}: {local.message}), but Entra's own test"
            " passed"
        )
        unknown = not_observed("connection.not_reachable_from_here", found, ADVICE, "Graph: validateCredentials")
        return replace(self, checks=tuple(unknown if check is local else check for check in self.checks))


def probe_endpoint(
    app: AppProfile | None, scim: ScimClient, *, matching: str = "", now: datetime | None = None
) -> Probe:
    """Send the endpoint the request Entra sends, and judge the answer with one finding.

    app       gives the matching attribute, other known addresses and the contact; None: an
              endpoint without a profile, searched by userName
    matching  search by this attribute instead
    now       to compare clocks with; None: they are not compared

    At most eleven requests, all of them GET. The token is sent to the origin of the
    client's address and to the profile's other addresses, nowhere else.
    """
    matching = matching or (app.matching[0] if app and app.matching else "userName")
    known = alternatives(app, scim.base_url)
    asked = [_ask(scim, Question(Purpose.TEST), matching)]
    pause = wait_before_again(asked[0].outcome, _wished_wait(asked[0].outcome))
    if pause is not None:
        scim.pause(pause)
        asked.append(_ask(scim, Question(Purpose.AGAIN), matching))
    for question in follow_ups(scim.base_url, asked[-1].outcome, known):
        asked.append(_ask(scim, question, matching))
        if settles(asked[-1]):
            break
    case = Case(scim.base_url, matching, tuple(asked), _whom(app), now, scim.token_expires)
    return Probe(matching, tuple(a.exchange for a in asked), judge(case))


def _wished_wait(outcome: Outcome) -> float | None:
    if not isinstance(outcome, Answer):
        return None
    return retry_after(outcome.headers.get("retry-after"), now=answered_at(outcome))


def _ask(scim: ScimClient, question: Question, matching: str) -> Asked:
    place = urlsplit(question.base or scim.base_url)
    origin = ""
    if place.netloc != urlsplit(scim.base_url).netloc or question.purpose is Purpose.HTTPS:
        origin = f"{place.scheme}://{place.netloc}"
    named = "".join(f" with {name}: {value}" for name, value in question.headers.items())
    try:
        answer = _send(scim, question, matching)
        outcome: Outcome = answer
        sent = answer.sent
    except Unreachable as error:
        outcome = error
        if question.params is None:
            query = f"filter={matching} eq …"
        else:
            query = "&".join(f"{n}={v}" for n, v in question.params.items())
        sent = f"GET {place.path.rstrip('/')}/{question.path}" + (f"?{query}" if query else "")
    if origin:
        sent = sent.replace("GET ", f"GET {origin}", 1)
    return Asked(question, outcome, note_exchange(sent + named, outcome))


def _send(scim: ScimClient, question: Question, matching: str) -> Answer:
    if question.purpose is Purpose.ALTERNATIVE:  # an address of the profile: it may have the token
        with scim.at(question.base) as other:
            return other.probe(matching)
    if question.params is not None:
        return scim.ask(question.path, question.params)
    return scim.probe(matching, base=question.base, headers=question.headers)


def _whom(app: AppProfile | None) -> str:
    """The tutorial's own remedy when the test fails, otherwise the contact; "" if none is stated."""
    if app is None:
        return ""
    if app.failure_hint.stated:
        return str(app.failure_hint)
    if app.help_contact.stated:
        return f"Help: {app.help_contact}."
    return ""
