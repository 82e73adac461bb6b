"""User names: whether they are addresses, what renaming does, and whether single sign-on means the same person."""

from __future__ import annotations

from collections.abc import Iterator

from scimkit.errors import MappingError
from scimkit.evidence.checks import Check, not_observed, passed, warning
from scimkit.mapping.language.compiled import evaluate
from scimkit.mapping.review.certainty import unconfirmed
from scimkit.mapping.review.record import NO_VALUE
from scimkit.mapping.review.results import ADDRESS
from scimkit.mapping.review.subject import Person, Subject
from scimkit.mapping.review.texts import example, listed, value_text

TABLE = unconfirmed(
    "it follows from the app's attribute table, which has no address, that the app sends e-mail to the user name"
)
NO_SIGN_ON = ("", "none")


def check_names(subject: Subject) -> Iterator[Check]:
    yield from _address(subject)
    yield from _renaming(subject)
    yield from _sign_in(subject)


def _address(subject: Subject) -> Iterator[Check]:
    """An app without an e-mail attribute has no address other than the user name."""
    expected = subject.expected
    if "userName" not in expected or any(target.lower().startswith("emails") for target in expected):
        return
    faults = [fault for name in subject.results if (fault := _address_of(subject, name)) is not None]
    yield from faults or [
        passed(
            "mapping.user_name",
            f"userName is the e-mail address of {listed(subject.results) if subject.results else 'no one yet'}",
            TABLE,
        )
    ]


def _address_of(subject: Subject, name: str) -> Check | None:
    value = value_text(subject.results[name].values.get("userName") or "")
    if value:
        shown = example(subject.live["userName"], value)
    else:
        shown = NO_VALUE
    mail = str(subject.people[name].get("mail") or "")
    if not ADDRESS.fullmatch(value):
        text = (
            f"userName of {name} would be {shown}, which is not an e-mail address, and the app has no attribute for one"
        )
        return warning(
            "mapping.user_name_no_address",
            text,
            "Map userName from [mail] or [userPrincipalName], whichever is an address here.",
            TABLE,
        )
    if mail.casefold() != value.casefold():
        text = (
            f"userName of {name} would be {shown}, while their mail is {mail or NO_VALUE}; the app has no attribute for"
            " an e-mail address"
        )
        return warning(
            "mapping.user_name_not_mail",
            text,
            "Ask the vendor which of the two the app sends e-mail to, and map userName from that one.",
            TABLE,
        )
    return None


def _renaming(subject: Subject) -> Iterator[Check]:
    """Without an externalId, there is nothing to find a person by after a name change."""
    by_name = [row for row in subject.users.matching_rows if row.target.lower() == "username"]
    if not subject.expected or not by_name or any(target.lower() == "externalid" for target in subject.expected):
        return
    text = (
        f"people are found by userName ({by_name[0].expression}) alone, because the app has no externalId for them: if"
        " the job has lost its links, an account that still has the old name is not found, and a second one is created"
    )
    remedy = (
        "Before you rename users in Entra, plan the change with the vendor. Do not restart the job before the new names"
        " have reached the app."
    )
    yield warning(
        "mapping.renaming",
        text,
        remedy,
        unconfirmed(
            "follows from the app's attribute table; Microsoft's pages disagree on whether a restart keeps the links"
        ),
    )


def _sign_in(subject: Subject) -> Iterator[Check]:
    """A person who signs in with a different name than they are provisioned with may get a second account."""
    identifier, rows = subject.decided.sign_in_identifier.strip(), subject.users.matching_rows
    source = unconfirmed("how the app links a sign-in to an account is not published")
    if not rows:
        return
    if not identifier:
        if subject.decided.single_sign_on not in NO_SIGN_ON:
            text = (
                "single sign-on is live, but what it identifies people by is not known here; accounts are matched by"
                f" {rows[0].target} ({rows[0].expression})"
            )
            remedy = (
                'Compare it with "Unique User Identifier" under Single sign-on > Attributes & Claims in the portal, or'
                " set sign_in_identifier, for example to [userPrincipalName]."
            )
            yield not_observed("mapping.sign_in", text, remedy, source)
        return
    signed = {name: _signed(subject, identifier, person) for name, person in subject.people.items()}
    matched = {name: value_text(result.values.get(rows[0].target) or "") for name, result in subject.results.items()}
    differing = [name for name in signed if signed[name].casefold() != matched[name].casefold()]
    if differing:
        text = (
            f"single sign-on identifies people by {identifier}, and accounts are matched by {rows[0].target} from"
            f" {rows[0].expression}: these differ for {listed(differing)}, who may get a second account at sign-in"
        )
        remedy = (
            f"Use the same source for both: the row of {rows[0].target} under Attribute Mapping, or Unique User"
            " Identifier under Single sign-on > Attributes & Claims."
        )
        yield warning("mapping.sign_in_differs", text, remedy, source)
    else:
        yield passed(
            "mapping.sign_in", f"single sign-on and matching identify {listed(signed)} by the same value", source
        )


def _signed(subject: Subject, identifier: str, person: Person) -> str:
    """What single sign-on identifies a person by. Raises MappingError naming the setting."""
    try:
        return value_text(evaluate(identifier, person, now=subject.now) or "")
    except MappingError as error:
        remedy = f"{error.remedy} Write sign_in_identifier as an expression, such as [userPrincipalName].".strip()
        raise MappingError(f"sign_in_identifier {identifier}: {error.message}", remedy) from None
