"""Step 1: is everything in place, and has everything been decided?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scimkit.clients.graph import GraphClient
from scimkit.errors import ApiError, ConfigError, Denied
from scimkit.evidence.checks import Check, failed, not_observed, passed, warning
from scimkit.evidence.records import record
from scimkit.journey.guide import PORTAL_LABEL
from scimkit.tenant import Tenant

if TYPE_CHECKING:
    from scimkit.apps.parts import Decision
    from scimkit.apps.profile import AppProfile

# Least privileged first; the newer editions of all tutorials ask for the first two only.
ENOUGH = ("Cloud Application Administrator", "Application Administrator")
TOO_MUCH = "Global Administrator"
PLACE = re.compile(r"(?P<table>[a-z_]+)(\[(?P<number>\d+)\])?(\.(?P<key>[a-z_.]+))?")
SYNC_ROLES = "Microsoft Graph, synchronization: directory roles"


@dataclass(frozen=True, slots=True)
class KnownFact:
    """One value of the profile as the administrator sees it, with its mark."""

    label: str
    value: str
    source: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Note:
    """One point where the sources disagree, and what the kit does about it."""

    where: str
    fault: str
    kit: str


@record("Readiness")
@dataclass(frozen=True)
class Readiness:
    """What is known and decided before anything is set up.

    decisions      question -> answer, as given in the notebook
    administrator  user principal name of the signed-in person; "" if Graph does not return it
    seats          how many there are, 0: not given
    """

    app: str
    title: str
    tenant: str
    environment: str
    administrator: str
    decisions: Mapping[str, str]
    facts: tuple[KnownFact, ...]
    contradictions: tuple[Note, ...]
    seats: int
    deletes_wanted: bool
    checks: tuple[Check, ...]


def check_readiness(
    app: AppProfile, tenant: Tenant, graph: GraphClient, answers: Mapping[str, str | int], *, seats: int = 0
) -> Readiness:
    """What `app` needs, what exists, and what follows from the decisions.

    answers  the profile's questions by key, such as {"deletes_wanted": "no"}; questions of a single app
             are under `decisions`, as "auto_assign=on, licence_type=…"; an unanswered
             question gets the profile's default, and the result says so
    seats    how many the subscription has, 0 if not given

    Raises ConfigError for an answer that is not one of the choices, and for seats below 0.
    """
    if seats < 0:
        raise ConfigError(f"seats is {seats}", "Give the number of seats in the subscription; 0 if it is not known.")
    answers = {**answers, **_own_answers(app, str(answers.get("decisions", "")))}
    decisions = {question.key: _answer(question, answers) for question in app.decisions if question.kind != "number"}
    if seats:
        decisions["seats"] = str(seats)
    administrator, rights = _check_rights(graph)
    checks = (rights, *_check_decisions(app, decisions, answers), *_check_seats(app, seats), *_check_unconfirmed(app))
    questions = {question.key: question.question for question in app.decisions}
    return Readiness(
        app.name,
        app.title,
        tenant.name,
        tenant.environment,
        administrator,
        {questions.get(key, key): answer for key, answer in decisions.items()},
        known_facts(app),
        tuple(Note(c.where, c.fault, c.kit) for c in app.contradictions),
        seats,
        decisions.get("deletes_wanted") == "yes",
        checks,
    )


def _own_answers(app: AppProfile, text: str) -> dict[str, str]:
    """`text` ("key=answer, key=answer") by key. Raises ConfigError for a question this app does not ask."""
    found = {}
    for part in (part.strip() for part in text.split(",") if part.strip()):
        key, _, answer = (piece.strip() for piece in part.partition("="))
        known = [question.key for question in app.decisions]
        if key not in known:
            raise ConfigError(
                f"decisions has {part!r}, which does not answer a question about {app.title}",
                f"Write key=answer, separated by commas; the keys are {', '.join(known)}.",
            )
        found[key] = answer
    return found


def _answer(question: Decision, answers: Mapping[str, str | int]) -> str:
    given = str(answers.get(question.key, question.default))
    allowed = [choice.value for choice in question.choices]
    if allowed and given not in allowed:
        raise ConfigError(
            f"{question.key} is {given!r}: {question.question}", f"Allowed for this app: {', '.join(allowed)}."
        )
    return given


def _check_rights(graph: GraphClient) -> tuple[str, Check]:
    try:
        me, roles = graph.me(), graph.directory_roles()
    except Denied as error:
        return "", failed(
            "plan.sign_in",
            f"Graph does not accept the sign-in: {error}",
            "Sign in again; see [tenants] in scimkit.toml.",
        )
    except ApiError as error:
        return "", not_observed(
            "plan.rights",
            f"the signed-in administrator's roles could not be read: {error}",
            "Check them in the portal.",
        )
    name = (me or {}).get("userPrincipalName", "")
    if roles is None:
        text = "the roles could not be read (signed in as an application, or without permission to read them)"
        return name, not_observed(
            "plan.rights", text, f"Make sure that {ENOUGH[0]} or Synchronization.ReadWrite.All is granted.", SYNC_ROLES
        )
    held = [role for role in ENOUGH if role in roles]
    if held:
        return name, passed("plan.rights", f"{name} has {held[0]}", SYNC_ROLES)
    if TOO_MUCH in roles:
        text = f"{name} is signed in as {TOO_MUCH}, which is more than needed"
        return name, warning("plan.rights", text, f"Use an account with {ENOUGH[0]}.", SYNC_ROLES)
    remedy = f"Have {ENOUGH[0]} assigned to this account, or own the enterprise app. Then run this step again."
    return name, failed("plan.rights", f"{name} has none of: {', '.join(ENOUGH)}", remedy, SYNC_ROLES)


def _check_decisions(app: AppProfile, answers: Mapping[str, str], given: Mapping[str, str | int]) -> tuple[Check, ...]:
    """One finding per decision: the consequence of the answer, in the profile's words."""
    found = []
    for question in app.decisions:
        if question.kind != "number" and question.key not in given:
            found.append(_assumed(question, answers.get(question.key, "")))
            continue
        choice = next((choice for choice in question.choices if choice.value == answers.get(question.key)), None)
        if choice is None:
            continue
        code = f"plan.{question.key}"
        if choice.warning and choice.consequence is not None:
            found.append(
                warning(
                    code,
                    f"{question.question} {choice.label}.",
                    str(choice.consequence.value),
                    choice.consequence.source,
                )
            )
        else:
            found.append(passed(code, f"{question.question} {choice.label}.", question.source))
    return tuple(found)


def _assumed(question: Decision, answer: str) -> Check:
    """A question without an answer: the assumed answer, and its consequence."""
    choice = next((choice for choice in question.choices if choice.value == answer), None)
    taken = "not answered"
    if choice:
        taken = f"assumed: {choice.label}"
    what = ""
    if choice and choice.consequence:
        what = f" {choice.consequence.value}"
    remedy = (
        "Answer it: enter in decisions"
        f" {question.key}={' | '.join(c.value for c in question.choices) or 'your answer'}.{what}"
    )
    return warning(f"plan.{question.key}", f"{question.question} ({taken})", remedy, question.source)


def _check_seats(app: AppProfile, seats: int) -> tuple[Check, ...]:
    if app.seats.counted.value is not True:
        return ()
    source = app.seats.counted.source
    if seats:
        return (passed("plan.seats", f"{seats} seats are noted and are compared with the scope", source),)
    remedy = f"Set seats, or write seats = … under [apps.{app.name}] in scimkit.toml."
    return (
        warning(
            "plan.seats",
            "the number of seats is not noted, so it is unknown whether everyone in scope fits",
            remedy,
            source,
        ),
    )


def _check_unconfirmed(app: AppProfile) -> tuple[Check, ...]:
    doubtful = [fact for fact in known_facts(app) if not fact.confirmed]
    if not doubtful:
        return ()
    names = "; ".join(f"{fact.label}: {fact.value}" for fact in doubtful)
    return (
        warning(
            "plan.unconfirmed",
            f"no public source confirms: {names}",
            "Check these in your own tenant before relying on them.",
        ),
    )


def known_facts(app: AppProfile) -> tuple[KnownFact, ...]:
    """The profile's facts in the order in which an administrator needs them."""
    return tuple(
        KnownFact(_label(app, label), _words(app, label, str(fact)), fact.source, fact.confirmed)
        for label, fact in app.facts()
    )


def _label(app: AppProfile, label: str) -> str:
    """`label` in words, where it is a place in the profile's file (`token.shown_once`, `note[21]`)."""
    place = PLACE.fullmatch(label)
    if place is None:
        return label
    table, number, key = (
        place["table"],
        int(place["number"] or 0),
        (place["key"] or "").replace("_", " ").replace(".", ", "),
    )
    if table == "note" and number:
        table = f"for {app.notes[number - 1].step}"
    elif table == "attribute" and number:
        table = app.attributes[number - 1].target
    return ", ".join(part for part in (table, key) if part)


def _words(app: AppProfile, label: str, value: str) -> str:
    """`value` in words: codes spelled out, the labels of a portal in quotation marks."""
    spelled = {
        ("token expires", "chosen"): "at a date chosen when it is created",
        ("token expires", "fixed"): "a fixed time after it was created",
        ("app role needed", "any"): "any; Default Access is enough",
        ("app role needed", "not_default"): "any of the app's own, but not Default Access",
        ("app role needed", "named"): " or ".join(app.roles.names),
    }
    return spelled.get((label, value)) or PORTAL_LABEL.sub(r"“\1”", value)
