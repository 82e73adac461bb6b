"""The people and groups of a probe: recognisable, unique, and belonging to no one.

Each has a source object in Entra's form. The mapping under test computes the values
from it, as the provisioning service does. Addresses are in example.com, which
belongs to no one (RFC 2606).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scimkit.compatibility.probed_mapping import MANAGER_KIND, ROLES, Mapped, kind_of
from scimkit.mapping import MappingRow, evaluate_rows
from scimkit.provisioning.dialect import plain_value
from scimkit.provisioning.targets import is_boolean, parse_target

PREFIX = "scimkit-probe"
DOMAIN = "example.com"
_NAMES = uuid.UUID("6e0f0f3e-6a1c-5d0e-9a7b-2a1d7f7f4c11")  # of this probe's own uuid5 names

ALWAYS_THERE = ("objectId", "userPrincipalName", "displayName", "mailNickname", "IsSoftDeleted", "accountEnabled")
"""What every user of Entra has; everything else may be missing."""

SPECIAL_GIVEN, SPECIAL_SURNAME = "Zoë 山田", 'O\'Brien-Łukasz "Ø" & Söhne'


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one probe. tag: eight hexadecimal digits, new for each probe."""

    tag: str

    def user_name(self, number: int | str) -> str:
        """The capital P reveals an endpoint that stores names in lower case."""
        return f"{PREFIX}-{self.tag}-P{number}@{DOMAIN}"

    def display_name(self, number: int | str) -> str:
        return f"scimkit probe {self.tag} {number}"

    def group_name(self, number: int | str) -> str:
        return f"scimkit probe {self.tag} group {number}"


def is_ours(name: str) -> bool:
    """Whether a probe would give this userName or displayName."""
    return name.casefold().startswith((f"{PREFIX}-", "scimkit probe "))


def full_source(names: Names, number: int | str, *, changed: bool = False) -> dict[str, Any]:
    """A person who has a value for everything; `changed`: the same person with other values, identity excepted."""
    user_name = names.user_name(number)
    local = user_name.partition("@")[0]
    own = uuid.uuid5(_NAMES, user_name)
    digits = f"{own.int % 10_000:04}"
    base = {
        "objectId": str(own),
        "userPrincipalName": user_name,
        "originalUserPrincipalName": user_name,
        "mailNickname": local,
        "IsSoftDeleted": False,
        "accountEnabled": True,
        "employeeId": f"P{own.hex[:10]}",
        "preferredLanguage": "en-US",
        "usageLocation": "US",
        "country": "US",
        "companyName": "Example",
        "employeeType": "Employee",
        "otherMails": f"{local}-other@{DOMAIN}",
    }
    if changed:
        return base | {
            "displayName": f"{names.display_name(number)} changed", "givenName": "Grace", "surname": "Changed",
            "mail": f"{local}-new@{DOMAIN}", "jobTitle": "Senior Tester", "department": "Research",
            "streetAddress": "2 New Street", "city": "Shelbyville", "state": "OH", "postalCode": "43001",
            "physicalDeliveryOfficeName": "Building 8", "preferredLanguage": "de-DE", "employeeId": f"Q{own.hex[:10]}",
            "telephoneNumber": f"+1 425 552 {digits}", "mobile": f"+1 425 553 {digits}",
            "facsimileTelephoneNumber": f"+1 425 554 {digits}", "country": "CA",
            **{f"extensionAttribute{n}": f"changed {n}" for n in range(1, 16)},
        }  # fmt: skip
    return base | {
        "displayName": names.display_name(number), "givenName": "Ada", "surname": "Probe",
        "mail": user_name, "jobTitle": "Tester", "department": "Quality",
        "streetAddress": "1 Test Way", "city": "Springfield", "state": "IL", "postalCode": "62701",
        "physicalDeliveryOfficeName": "Building 7",
        "telephoneNumber": f"+1 425 555 {digits}", "mobile": f"+1 425 556 {digits}",
        "facsimileTelephoneNumber": f"+1 425 557 {digits}",
        **{f"extensionAttribute{n}": f"value {n}" for n in range(1, 16)},
    }  # fmt: skip


def sparse_source(names: Names, number: int | str) -> dict[str, Any]:
    """A person who has only what every user of Entra has."""
    return {name: value for name, value in full_source(names, number).items() if name in ALWAYS_THERE}


def special_source(names: Names, number: int | str) -> dict[str, Any]:
    """A person with accents, an apostrophe, quotation marks and foreign letters in the name."""
    given, surname = SPECIAL_GIVEN, SPECIAL_SURNAME
    return full_source(names, number) | {
        "givenName": given,
        "surname": surname,
        "displayName": f"{names.display_name(number)} {given} {surname}",
    }


def values_of(
    mapped: Mapped, source: Mapping[str, Any], *, now: datetime, invent: Collection[str] | None = None
) -> dict[str, Any]:
    """What the mapping gives for one person, by target, in JSON form; manager and roles are left out.

    invent  targets that must have a value although the mapping gives none for this
            person: it is derived from the target's name; None: all of them
    """
    made = evaluate_rows(mapped.users, source, now=now, creating=True)
    values: dict[str, Any] = {}
    for row in mapped.users:
        if kind_of(row.target) in (MANAGER_KIND, ROLES):
            continue
        value = made.values.get(row.target)
        if value in (None, "") and (invent is None or row.target in invent):
            value = invented_value(row, source)
        if value is not None and value != "":  # whether empty text is sent is (unconfirmed)
            values[row.target] = plain_value(row.target, value)
    return values


def invented_value(row: MappingRow, source: Mapping[str, Any]) -> Any:
    """A plausible value for a target that the mapping leaves empty."""
    parsed = parse_target(row.target)
    name = (parsed.sub or parsed.attribute).casefold()
    if is_boolean(row.target):
        return parsed.attribute.casefold() != "active" or not source.get("IsSoftDeleted")
    if name == "timezone":
        return "Europe/Berlin"
    if name in ("locale", "preferredlanguage"):
        return source.get("preferredLanguage") or "en-US"
    if name == "username" or (parsed.attribute.casefold() == "emails" and name == "value"):
        return source["userPrincipalName"]
    if parsed.attribute.casefold() == "phonenumbers":
        return source.get("telephoneNumber") or "+1 425 555 0100"
    if name in ("profileurl", "photos"):
        return f"https://{DOMAIN}/{source['mailNickname']}"
    return str(source.get("jobTitle") or "Tester")
