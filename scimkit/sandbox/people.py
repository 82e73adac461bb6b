"""The people of the sandbox: deterministic, and deliberately awkward.

Each of the first people has one difficulty that real directories have and that
tutorials overlook. The rest are generated from lists of names.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from scimkit.evidence.records import utc_text
from scimkit.sandbox.identity import START_UTC, Ids

DOMAIN = "contoso.example"
TENANT_DOMAIN = "contoso.onmicrosoft.example"
ADMINISTRATOR = f"admin@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Person:
    """One user of the directory, using Graph's properties where they exist.

    key           the part of the sign-in name before the @; what `manager` refers to
    kind          member | guest | shared mailbox
    manager       id of the manager; "" if there is none
    deleted_utc   when the user went to the recycle bin; None: it did not
    """

    id: str
    key: str
    user_principal_name: str
    display_name: str
    given_name: str | None
    surname: str | None
    mail: str | None
    department: str | None
    job_title: str | None
    employee_id: str | None
    country: str | None = None
    city: str | None = None
    preferred_language: str | None = None
    phone: str | None = None
    mobile: str | None = None
    enabled: bool = True
    kind: str = "member"
    synced: bool = False
    manager: str = ""
    deleted_utc: datetime | None = None

    def graph(self) -> dict[str, Any]:
        """All the properties that Graph would return if each of them were selected."""
        user_type, company = "Guest", None
        if self.kind != "guest":
            user_type, company = "Member", "Contoso"
        addresses, phones = [], []
        if self.mail:
            addresses = [f"SMTP:{self.mail}"]
        if self.phone:
            phones = [self.phone]
        return {
            "id": self.id,
            "accountEnabled": self.enabled,
            "userPrincipalName": self.user_principal_name,
            "displayName": self.display_name,
            "givenName": self.given_name,
            "surname": self.surname,
            "mail": self.mail,
            "mailNickname": self.key,
            "otherMails": [],
            "proxyAddresses": addresses,
            "jobTitle": self.job_title,
            "department": self.department,
            "companyName": company,
            "employeeId": self.employee_id,
            "employeeType": None,
            "employeeOrgData": None,
            "userType": user_type,
            "preferredLanguage": self.preferred_language,
            "usageLocation": self.country,
            "streetAddress": None,
            "city": self.city,
            "state": None,
            "postalCode": None,
            "country": self.country,
            "businessPhones": phones,
            "mobilePhone": self.mobile,
            "faxNumber": None,
            "officeLocation": None,
            "onPremisesExtensionAttributes": {f"extensionAttribute{n}": None for n in range(1, 16)},
            "onPremisesSyncEnabled": self.synced or None,
            "createdDateTime": "2025-01-06T08:00:00Z",
            "deletedDateTime": self.deleted_utc and utc_text(self.deleted_utc),
        }


# key, given name, surname, department, job title, and what is special about them
_AWKWARD: tuple[tuple[str, str | None, str | None, str | None, str | None, dict[str, Any]], ...] = (
    ("admin", "Ada", "Lind", "IT", "Identity administrator", {}),
    ("grace.oneill", "Grace", "O'Neill", "Engineering", "Engineer", {}),
    ("jose.garcia", "José", "García Márquez", "Sales", "Account manager", {}),
    ("soren.oester", "Søren", "Østergård", "Engineering", "Engineer", {"synced": True}),
    ("wang.xiaoming", "小明", "王", "Engineering", "工程师", {"preferred_language": "zh-CN", "country": "CN"}),
    ("sato.hanako", "花子", "佐藤", "Sales", None, {"preferred_language": "ja-JP", "country": "JP"}),
    ("madhuri", "Madhuri", None, "Engineering", "Engineer", {}),  # one name only
    ("no.mail", "Nora", "Mailess", "Facilities", "Technician", {"mail": None}),
    (
        "lena.huber_fabrikam.example#EXT#",
        "Lena",
        "Huber",
        None,
        None,
        {"kind": "guest", "mail": "lena.huber@fabrikam.example"},
    ),
    ("diego.blocked", "Diego", "Blocked", "Sales", "Account manager", {"enabled": False}),
    ("paula.left", "Paula", "Left", "Sales", "Account manager", {"deleted": True}),
    (
        "training",
        None,
        None,
        None,
        None,
        {"kind": "shared mailbox", "enabled": False, "name": "Training Room Bookings"},
    ),
    ("anna.schmidt", "Anna", "Schmidt", "Marketing", "Designer", {"mail": f"a.schmidt@{DOMAIN}"}),
    ("anna.schmidt2", "Anna", "Schmidt", "Marketing", "Writer", {"mail": f"a.schmidt@{DOMAIN}"}),  # the same mail twice
    ("zoe.young-smith", "Zoë", "Young-Smith", "Marketing", "Head of marketing", {}),
    ("Max.Mustermann", "Max", "Mustermann", "Finance", "Controller", {"synced": True}),  # capitals in the sign-in name
    ("plus+tag", "Petra", "Plus", "Finance", "Controller", {}),
    ("ivan.ivanov", "Иван", "Иванов", "Engineering", "Engineer", {"preferred_language": "ru-RU"}),
    ("blank.fields", "Bo", "Blank", None, None, {"phone": None, "mobile": None, "employee_id": None}),
    (
        "maria.dlt",
        "María de los Ángeles",
        "de la Torre y Fernández-Villaverde",
        "Finance",
        "Chief financial officer",
        {},
    ),
)

# who reports to whom; grace, soren and madhuri report in a circle
_MANAGERS = {
    "grace.oneill": "soren.oester",
    "soren.oester": "madhuri",
    "madhuri": "grace.oneill",
    "wang.xiaoming": "grace.oneill",
    "ivan.ivanov": "wang.xiaoming",
    "jose.garcia": "diego.blocked",  # a manager who can never be provisioned
    "sato.hanako": "jose.garcia",
    "anna.schmidt": "zoe.young-smith",
    "anna.schmidt2": "zoe.young-smith",
    "zoe.young-smith": "admin",
    "Max.Mustermann": "maria.dlt",
    "plus+tag": "maria.dlt",
    "maria.dlt": "admin",
}

_GIVEN = (
    "Amira",
    "Ben",
    "Chloé",
    "Dmitri",
    "Elif",
    "Finn",
    "Giulia",
    "Hugo",
    "Ines",
    "Jonas",
    "Katarzyna",
    "Liam",
    "Mei",
    "Noah",
    "Olga",
    "Pablo",
    "Quinn",
    "Rosa",
    "Sven",
    "Tariq",
    "Uma",
    "Viktor",
    "Wanda",
    "Xavier",
    "Yusuf",
    "Žofia",
)
_SURNAMES = (
    "Andersson",
    "Becker",
    "Costa",
    "D'Angelo",
    "Eriksen",
    "Fischer",
    "Grünwald",
    "Hernández",
    "Ito",
    "Janssen",
    "Kowalski",
    "Łukasik",
    "Moreau",
    "Novák",
    "Okafor",
    "Peeters",
    "Quispe",
    "Rossi",
    "Silva",
    "Tanaka",
    "Ünal",
    "Vargas",
    "Weiß",
    "Yılmaz",
    "Zhang",
)
_DEPARTMENTS = ("Engineering", "Sales", "Marketing", "Finance", "IT", "Human Resources", "Legal")
_TITLES = ("Engineer", "Account manager", "Analyst", "Consultant", "Designer", "Controller", "Team lead")
_PLACES = (("DE", "Berlin", "de-DE"), ("US", "Boston", "en-US"), ("SE", "Malmö", "sv-SE"), ("BR", "São Paulo", "pt-BR"))
_PLAIN = str.maketrans({"ß": "ss", "Ł": "l", "ł": "l", "ı": "i", "ø": "o", "Ø": "o"})


def _plain(text: str) -> str:
    """`text` as allowed in a sign-in name: lower case ASCII letters."""
    text = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    return "".join(letter for letter in text.lower() if letter.isascii() and letter.isalpha())


def _awkward(ids: Ids, number: int) -> Person:
    key, given, surname, department, title, special = _AWKWARD[number]
    special = dict(special)
    guest = special.get("kind") == "guest"
    address = f"{key}@{TENANT_DOMAIN if guest else DOMAIN}"
    name = special.pop("name", None) or " ".join(part for part in (given, surname) if part)
    deleted = special.pop("deleted", False)
    employee_id, deleted_utc = None, None
    if not guest and not special.get("kind"):
        employee_id = f"{number + 1:05}"
    if deleted:
        deleted_utc = START_UTC - timedelta(days=3)
    person = Person(
        id=ids.named("person", key),
        key=key,
        user_principal_name=address,
        display_name=name,
        given_name=given,
        surname=surname,
        mail=address,
        department=department,
        job_title=title,
        employee_id=employee_id,
        country="DE",
        city="Berlin",
        preferred_language="en-US",
        phone=f"+49 30 5550{number:03}",
        mobile=f"+49 170 5550{number:03}",
        deleted_utc=deleted_utc,
    )
    return replace(person, **special)


def _ordinary(ids: Ids, number: int, draw: random.Random, taken: set[str]) -> Person:
    given, surname = draw.choice(_GIVEN), draw.choice(_SURNAMES)
    key = f"{_plain(given)}.{_plain(surname)}"
    if key in taken:
        key = f"{key}{number + 1}"
    taken.add(key)
    country, city, language = draw.choice(_PLACES)
    address = f"{key}@{DOMAIN}"
    return Person(
        id=ids.named("person", key),
        key=key,
        user_principal_name=address,
        display_name=f"{given} {surname}",
        given_name=given,
        surname=surname,
        mail=address,
        department=draw.choice(_DEPARTMENTS),
        job_title=draw.choice(_TITLES),
        employee_id=f"{number + 1:05}",
        country=country,
        city=city,
        preferred_language=language,
        phone=f"+49 30 6{number:06}",
        mobile=f"+49 171 6{number:06}" if draw.random() < 0.7 else None,
        enabled=draw.random() >= 0.04,
        synced=draw.random() < 0.5,
    )


def make_people(ids: Ids, count: int) -> tuple[Person, ...]:
    """`count` people: first the administrator, then the awkward ones, then ordinary ones.

    The same seed gives the same people. A larger count gives the same people
    and additional ones.
    """
    draw = random.Random(f"people {ids.seed}")
    people = [_awkward(ids, number) for number in range(min(count, len(_AWKWARD)))]
    taken = {person.key.lower() for person in people}
    people += [_ordinary(ids, number, draw, taken) for number in range(len(people), count)]
    by_key = {person.key: person.id for person in people}
    chiefs = [person.id for person in people if person.key in ("grace.oneill", "zoe.young-smith", "maria.dlt", "admin")]
    managed = []
    for number, person in enumerate(people):
        if person.key in _MANAGERS:
            person = replace(person, manager=by_key.get(_MANAGERS[person.key], ""))
        elif number >= len(_AWKWARD):
            person = replace(person, manager=chiefs[number % len(chiefs)])
        managed.append(person)
    return tuple(managed)
