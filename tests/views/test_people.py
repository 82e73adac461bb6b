"""People under stable pseudonyms."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import quote

import pytest

from scimkit.views.people import MASKED, People, is_shared

KEY = b"0" * 32


def _people(*documents: Any) -> People:
    people = People(KEY)
    people.learn(documents)
    return people


@pytest.fixture
def people(records: dict[str, dict[str, Any]]) -> People:
    """Everybody of the sample records."""
    return _people(*records.values())


def _ada(people: People) -> str:
    return people.mask("ada.o'hara@contoso.example")


def test_one_person_has_one_pseudonym(people: People) -> None:
    """Id, user name, name and mail of one person are the same person; another is another."""
    names = {
        people.mask(value)
        for value in (
            "6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0",
            "ada.o'hara@contoso.example",
            "Ada O'Hara",
            "ada@contoso.example",
        )
    }

    assert len(names) == 1
    assert re.fullmatch(r"person-[0-9a-f]{4}", names.pop())
    assert people.mask("王小明") == people.mask("wei.wang@contoso.example") != _ada(people)


def test_a_pseudonym_is_stable_within_a_key_only(records: dict[str, dict[str, Any]]) -> None:
    """Another run has another key, and nobody can test a guess without it."""
    again, other = _people(*records.values()), People(b"1" * 32)
    other.learn(records.values())
    assert _ada(again) == _ada(_people(*records.values())) != _ada(other)


@pytest.mark.parametrize(
    "text",
    [
        "{} is in no group",
        'GET /Users?filter=userName eq "{}"',
        "<{}>",
        "{}'s manager",
        "x/{}/y",
    ],
)
def test_values_are_replaced_in_running_text(people: People, text: str) -> None:
    """Messages and addresses of requests name people too."""
    for value in (
        "ada.o'hara@contoso.example",
        "ADA@Contoso.Example",
        "Ada O'Hara",
        "6EA91A8D-E32E-41A1-B7BD-D2D185EED0E0",
        "王小明",
    ):
        assert people.mask(text.format(value)) == text.format(people.mask(value)), value
        assert people.mask(value).startswith("person-")


@pytest.mark.parametrize(
    "escape",
    [
        lambda v: json.dumps(v)[1:-1],
        lambda v: quote(v, safe=""),
        lambda v: v.replace("'", "&#x27;"),
        lambda v: v.replace("'", "''"),
    ],
)
def test_escaped_spellings_are_replaced(people: People, escape: Any) -> None:
    """JSON, URL, HTML and OData spellings of a name are the same name."""
    for value in ("ada.o'hara@contoso.example", "王小明", "Ada O'Hara"):
        assert value not in people.mask(escape(value))
        assert people.mask(escape(value)) == people.mask(value)


def test_an_unknown_address_of_a_known_domain_is_replaced(people: People) -> None:
    """A leaver no record knows is a person all the same; the vendor's own address is not."""
    assert people.mask("mail to new.hire+1@sub.contoso.example, please").startswith("mail to person-")
    assert (
        people.mask("filter=userName%20eq%20%22new.hire%40contoso.example%22")
        != "filter=userName%20eq%20%22new.hire%40contoso.example%22"
    )
    assert people.mask("ask help@vendor.example") == "ask help@vendor.example"


def test_short_and_common_values_do_not_tear_text_apart() -> None:
    """A person called Li, number 40, is replaced as a word, and no count changes."""
    people = _people(
        {
            "userName": "li@x.example",
            "name": {"familyName": "Li", "givenName": "B"},
            "employeeId": 40,
            "displayName": "True",
        }
    )
    assert (
        people.mask("Li has 40 of True; Listing of Public, A to B")
        == f"{people.mask('Li')} has 40 of True; Listing of Public, A to B"
    )


def test_a_mapped_value_that_is_an_ordinary_word_leaves_public_texts_alone() -> None:
    """Somebody's nickname is `admin`: hidden as a value, while the prerequisites still speak of admin rights."""
    who = {"user_principal_name": "admin@x.example", "id": "1-2-3-4-5", "display_name": "Ada Lind", "mail": ""}
    fact = {"label": "prerequisite", "value": "An account with admin permissions", "source": "seed", "confirmed": True}
    row = {"target": "externalId", "values": {"admin@x.example": "admin"}}
    pilot = {"person": who, "observed": {"externalId": "admin", "active": True}}
    documents = {
        "data": {"facts": [fact]},
        "rows": [row],
        "people": [pilot],
        "body": {"userName": "admin@x.example", "externalId": "admin", "active": True},
    }

    masked = _people(documents).mask(documents)

    assert masked["data"]["facts"][0] == fact

    name = masked["people"][0]["person"]["id"]
    assert masked["rows"][0]["values"] == {name: name}
    assert masked["people"][0]["observed"] == {"externalId": name, "active": True}
    assert masked["body"] == {"userName": name, "externalId": name, "active": True}


def test_bodies_of_requests_teach_and_are_masked() -> None:
    """A journal entry is often the only place where a created person stands."""
    body = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "bo@x.example",
        "name": {"givenName": "Bo", "familyName": "Vance"},
        "emails": [{"value": "bo.v@y.example", "type": "work"}],
        "active": True,
        "title": "Engineer",
    }
    people = _people({"after": body})
    masked = people.mask({"after": body, "answer": {"message": "Bo Vance exists"}})

    text = json.dumps(masked)

    assert not re.search(r"\bBo\b|Vance|@", text)
    assert masked["after"]["title"] == "Engineer"
    assert masked["after"]["schemas"] == body["schemas"]
    assert masked["after"]["active"] is True


def test_a_patched_name_of_somebody_unknown_is_masked() -> None:
    """A change of an identifying attribute names its new value and nobody."""
    body = {
        "Operations": [
            {"op": "Replace", "path": "name.familyName", "value": "Married"},
            {"op": "Replace", "path": "active", "value": "False"},
        ]
    }
    operations = _people(body).mask(body)["Operations"]
    assert [operation["value"] for operation in operations] == [MASKED, "False"]


def test_names_of_apps_and_groups_stay() -> None:
    """Only people are masked."""
    entry = {
        "after": {"displayName": "O'Reilly"},
        "assignments": [{"principal_id": "g-1", "name": "Sales", "kind": "Group"}],
    }
    assert _people(entry).mask(entry) == entry


def test_a_group_in_the_log_is_nobody() -> None:
    """A log line of a group names no person, so its name stays everywhere."""
    line = {"person": "Learning pilot", "kind": "Group", "action": "create"}
    assert _people({"lines": [line]}).mask({"text": "the group Learning pilot"}) == {"text": "the group Learning pilot"}


def test_mapped_values_are_masked_and_marks_stay(records: dict[str, dict[str, Any]], people: People) -> None:
    """A review shows whose value it is, and still whether there is one."""
    review = {
        "rows": [
            {
                "target": "nickName",
                "values": {"ada.o'hara@contoso.example": "(no value)", "wei.wang@contoso.example": "W"},
            }
        ]
    }
    row = people.mask(review)["rows"][0]

    assert list(row["values"].values()) == ["(no value)", people.mask("王小明")]

    shared = people.mask(records["MappingReview"])["rows"][1]
    assert set(shared["values"].values()) == {"True"}
    assert all(name.startswith("person-") for name in shared["values"])


def test_no_record_names_anybody_after_masking(people: People, records: dict[str, dict[str, Any]]) -> None:
    """Everything together leaves no trace."""
    text = json.dumps(people.mask(records), ensure_ascii=False)
    assert not re.search(r"hara|王|wang|@contoso|6ea91a8d-e32e|0b4b3bbe", text, re.IGNORECASE)


@pytest.mark.slow
def test_pseudonyms_never_collide_and_thousands_are_quick() -> None:
    """Where four digits are not enough for everybody, those who collide get more."""
    crowd = [
        {
            "user_principal_name": f"user{n}@x.example",
            "id": f"{n:08}-0000",
            "display_name": f"Given{n} Family{n}",
            "mail": "",
        }
        for n in range(3000)
    ]
    started = time.perf_counter()
    people = _people(crowd)

    names = [person["id"] for person in people.mask(crowd)]

    assert len(set(names)) == 3000
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    ("target", "shared"),
    [
        ("active", True),
        ('roles[primary eq "True"].value', True),
        ('emails[type eq "work"].value', False),
        ("externalId", False),
        ('addresses[type eq "work"].country', True),
    ],
)
def test_is_shared(target: str, shared: bool) -> None:
    """Which attributes say who somebody is."""
    assert is_shared(target) is shared


def test_what_microsoft_has_overruled_is_masked_too(people: People) -> None:
    """Ours and Microsoft's values are values of that person, in the table and in the finding's sentence."""
    ada = "ada.o'hara@contoso.example"
    review = {
        "rows": [{"target": "nickName", "values": {ada: "Adeline Theirs"}}],
        "overruled": [{"target": "nickName", "values": {ada: "Adeline Ours"}}],
        "checks": [
            {
                "code": "mapping.microsoft_disagrees",
                "message": f"nickName: for {ada} Microsoft returns Adeline Theirs, scimkit Adeline Ours",
            }
        ],
    }

    people.learn([review])

    assert "Adeline" not in json.dumps(people.mask(review))
    assert "hara" not in json.dumps(people.mask(review))
