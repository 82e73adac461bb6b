"""What arrives at an endpoint when one person and one group live through everything, in both dialects.

Written from "Tutorial: Develop and plan provisioning for a SCIM endpoint" and "Known issues ... SCIM 2.0 protocol
compliance": the default mapping, the real client, and a server on loopback that keeps what it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from clients.loopback import Reply, Seen, Stub, reply

from scimkit.clients.scim import ScimClient
from scimkit.credentials import Secret
from scimkit.mapping.rows import MappingRow, ObjectMapping
from scimkit.provisioning import FLAG, GROUP, Link, ScopeFacts, judge_scope
from scimkit.provisioning.default_mapping import DEFAULT_GROUP_MAPPING, DEFAULT_MAPPING
from tests.provisioning.jobs import provision

CORE, ENTERPRISE = (
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
)
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ALL = frozenset({"Add", "Update", "Delete"})
IN, OUT = (judge_scope(ScopeFacts(True, assigned)) for assigned in (True, False))
GROUP_IN, GROUP_OUT = (judge_scope(ScopeFacts(True, assigned, kind=GROUP)) for assigned in (True, False))
ANN = {
    "objectId": "o1",
    "userPrincipalName": "ann@contoso.com",
    "displayName": "Ann Lée",
    "jobTitle": "Analyst",
    "mail": "ann@contoso.com",
    "preferredLanguage": "en-US",
    "givenName": "Ann",
    "surname": "Lée",
    "physicalDeliveryOfficeName": "B 7",
    "streetAddress": "Main St 1",
    "city": "Ulm",
    "state": "BW",
    "postalCode": "08901",
    "country": "DE",
    "telephoneNumber": "+49 1",
    "mobile": "+49 2",
    "facsimileTelephoneNumber": "+49 3",
    "mailNickname": "ann",
    "employeeId": "007",
    "department": "Sales",
    "manager": "boss",
}
ACCOUNT = {
    "userName": "ann@contoso.com",
    "active": True,
    "displayName": "Ann Lée",
    "title": "Analyst",
    "emails": [{"type": "work", "value": "ann@contoso.com", "primary": True}],
    "preferredLanguage": "en-US",
    "name": {"givenName": "Ann", "familyName": "Lée", "formatted": "Ann Lée"},
    "addresses": [
        {
            "type": "work",
            "formatted": "B 7",
            "streetAddress": "Main St 1",
            "locality": "Ulm",
            "region": "BW",
            "postalCode": "08901",
            "country": "DE",
        }
    ],
    "phoneNumbers": [
        {"type": "work", "value": "+49 1"},
        {"type": "mobile", "value": "+49 2"},
        {"type": "fax", "value": "+49 3"},
    ],
    "externalId": "ann",
    ENTERPRISE: {"employeeNumber": "007", "department": "Sales"},
}
TEAM = {"objectId": "g1", "displayName": "R&D + Süd", "members": ["o1", "o2"]}
LINKED = {"o1": "a1", "o2": "a2", "boss": "m1"}


def mapping(pairs: Any, *keys: str, source: str = "User") -> ObjectMapping:
    rows = tuple(
        MappingRow(target, text, "Expression", keys.index(target) + 1 if target in keys else 0)
        for target, text in pairs
    )
    return ObjectMapping(source, source, CORE, True, ALL, (), rows)


USERS = mapping(DEFAULT_MAPPING, "userName")
GROUPS = mapping(DEFAULT_GROUP_MAPPING, "displayName", source="Group")


class Wire(Stub):
    """An endpoint with one account and one group, or none; `sent` tells requests as they are written in the
    tutorial."""

    holds: dict[str, dict[str, Any] | None]

    def answered(self, seen: Seen) -> Reply:
        there = self.holds.get(seen.path.split("/")[2])
        if seen.method == "GET" and "filter=" in seen.raw_query:
            return reply(
                200, {"schemas": [LIST], "totalResults": int(bool(there)), "Resources": [there] if there else []}
            )
        if seen.method == "GET":
            return reply(200 if there else 404, there)
        if seen.method == "POST":
            return reply(201, seen.json | {"id": "a1"})
        return reply(204)

    def sent(self) -> list[Any]:
        """Method and address of each request without a body; of the others the operations, or the whole body."""
        told: list[Any] = []
        for seen in self.seen:
            if not seen.body:
                told.append(
                    f"{seen.method} {seen.path.removeprefix('/scim')}"
                    + (f"?{seen.raw_query}" if seen.raw_query else "")
                )
                continue
            assert seen.headers["content-type"] == "application/scim+json"
            body = seen.json
            if seen.method == "PATCH":
                assert body.pop("schemas") == ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
                assert body.keys() == {"Operations"}
            told.append(body.get("Operations", body))
        return told


@pytest.fixture
def wire() -> Iterator[Wire]:
    server = Wire()
    server.answer, server.holds = server.answered, {}
    yield server
    server.stop()


def act(
    wire: Wire, flag: bool, source: Any, scope: Any, link: Link | None, *, users: ObjectMapping = USERS, **more: Any
) -> list[Any]:
    """Everything that is sent to provision `source` once."""
    wire.seen.clear()
    with ScimClient(f"{wire.url}/scim{f'?{FLAG}' if flag else ''}", Secret("token-0815", label="test")) as client:
        if "members" in source:
            kind = GROUPS
        else:
            kind = users
        provision(source, scope, kind, link, client, flag=client.flag, references=LINKED, **more)
    return wire.sent()


both = pytest.mark.parametrize("flag", [False, True])
FIND_ANN = "GET /Users?filter=userName+eq+%22ann%40contoso.com%22"
MANAGER = f"{ENTERPRISE}:manager"


@both
def test_a_person_is_created_then_gets_a_manager(wire: Wire, flag: bool) -> None:
    """The same body in both dialects; the manager's id follows in a request of its own."""
    created = {"schemas": [CORE, ENTERPRISE], **ACCOUNT, "meta": {"resourceType": "User"}}
    manager = {"op": "add" if flag else "Add", "path": MANAGER, "value": "m1"}
    assert act(wire, flag, ANN, IN, None) == [FIND_ANN, created, [manager]]


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ('o"neil\\x@contoso.com', "o%5C%22neil%5C%5Cx%40contoso.com"),
        ("ann+tag@contoso.com", "ann%2Btag%40contoso.com"),
        ("jürgen müller@contoso.com", "j%C3%BCrgen+m%C3%BCller%40contoso.com"),
        ("a&b=c#d%e@contoso.com", "a%26b%3Dc%23d%25e%40contoso.com"),
        ("o'neil@contoso.com", "o%27neil%40contoso.com"),
    ],
)
def test_a_matching_value_survives_the_address(wire: Wire, value: str, encoded: str) -> None:
    """A blank goes as a plus sign, a quote as %22, and nothing ends the filter early."""
    first, *_ = act(wire, False, {"objectId": "o1", "userPrincipalName": value}, IN, None)
    assert first == f"GET /Users?filter=userName+eq+%22{encoded}%22"
    assert wire.seen[0].decoded.startswith('filter=userName eq "')


def test_matching_attributes_are_asked_one_by_one(wire: Wire) -> None:
    """In order of precedence, never joined by `and`; a typed path and an extension's as they are written."""
    keys = ('emails[type eq "work"].value', f"{ENTERPRISE}:employeeNumber", "userName")
    asked = act(
        wire,
        False,
        ANN,
        IN,
        None,
        users=mapping([("userName", "[userPrincipalName]"), (keys[0], "[mail]"), (keys[1], "[employeeId]")], *keys),
    )[:3]

    extension = ENTERPRISE.replace(":", "%3A")

    assert asked == [
        "GET /Users?filter=emails%5Btype+eq+%22work%22%5D.value+eq+%22ann%40contoso.com%22",
        f"GET /Users?filter={extension}%3AemployeeNumber+eq+%22007%22",
        FIND_ANN,
    ]


def test_differences_by_default_go_one_by_one(wire: Wire) -> None:
    """Replace where there was a value, Add where there was none; typed paths keep their filter."""
    wire.holds = {
        "Users": (
            ACCOUNT
            | {
                "id": "a1",
                "title": "Intern",
                "emails": [{"type": "home", "value": "x"}],
                ENTERPRISE: {"department": "HR", "manager": {"value": "m0"}},
            }
        )
    }
    read, changed, manager = act(wire, False, ANN, IN, Link("o1", "a1"))

    assert read == "GET /Users/a1"
    assert changed == [
        {"op": "Replace", "path": "title", "value": "Analyst"},
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "ann@contoso.com"},
        {"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "007"},
        {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Sales"},
    ]
    assert manager == [{"op": "Replace", "path": MANAGER, "value": "m1"}]


def test_differences_with_the_flag_are_merged(wire: Wire) -> None:
    """Paths with a filter and additions stay as they are; all other replacements are one object without a path."""
    held = ACCOUNT | {
        "id": "a1",
        "title": "Intern",
        "emails": [{"type": "work", "value": "x"}],
        "name": {"givenName": "A", "formatted": "Ann Lée"},
    }
    wire.holds = {
        "Users": held | {ENTERPRISE: {"employeeNumber": "007", "department": "HR", "manager": {"value": "m1"}}}
    }
    assert act(wire, True, ANN, IN, Link("o1", "a1"))[1:] == [
        [
            {"op": "replace", "path": 'emails[type eq "work"].value', "value": "ann@contoso.com"},
            {"op": "add", "path": "name.familyName", "value": "Lée"},
            {
                "op": "replace",
                "value": {"title": "Analyst", "name.givenName": "Ann", f"{ENTERPRISE}:department": "Sales"},
            },
        ]
    ]


@both
def test_disabled_restored_deleted(wire: Wire, flag: bool) -> None:
    """`active` alone, as text by default; the account is found by its id; DELETE without a body."""
    link, word = Link("o1", "a1"), "replace" if flag else "Replace"
    wire.holds = {
        "Users": (
            ACCOUNT
            | {
                "id": "a1",
                ENTERPRISE: {"employeeNumber": "007", "department": "Sales", "manager": {"value": "m1"}},
            }
        )
    }

    assert act(wire, flag, ANN, OUT, link)[1:] == [
        [{"op": word, "path": "active", "value": False if flag else "False"}]
    ]

    wire.holds["Users"] = (wire.holds["Users"] or {}) | {"active": False}
    assert act(wire, flag, ANN, IN, link) == [
        "GET /Users/a1",
        [{"op": word, "path": "active", "value": True if flag else "True"}],
    ]
    assert act(wire, flag, ANN, OUT, link, hard_deleted=True) == ["DELETE /Users/a1"]


@both
def test_a_group_and_its_members(wire: Wire, flag: bool) -> None:
    """Searched and read without members, made without them, then one member a request; a removal names one."""
    if flag:
        add, replace, remove = ("add", "replace", "remove")
    else:
        add, replace, remove = ("Add", "Replace", "Remove")
    found, made, *members = act(wire, flag, TEAM, GROUP_IN, None)

    assert found == "GET /Groups?excludedAttributes=members&filter=displayName+eq+%22R%26D+%2B+S%C3%BCd%22"
    assert made == {
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:Group",
            "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
        ],
        "displayName": "R&D + Süd",
        "externalId": "g1",
        "meta": {"resourceType": "Group"},
    }
    assert members == [
        [{"op": add, "path": "members", "value": [{"$ref": None, "value": one}]}] for one in ("a1", "a2")
    ]

    wire.holds = {"Groups": {"id": "g7", "displayName": "Old", "externalId": "g1"}}
    if flag:
        gone = {"op": remove, "path": 'members[value eq "a9"]'}
    else:
        gone = {"op": remove, "path": "members", "value": [{"$ref": None, "value": "a9"}]}

    assert act(wire, flag, TEAM, GROUP_IN, Link("g1", "g7", members={"o1": "a1", "o2": "a2", "o9": "a9"})) == [
        "GET /Groups/g7?excludedAttributes=members",
        [{"op": replace, "path": "displayName", "value": "R&D + Süd"}],
        [gone],
    ]
    assert act(wire, flag, TEAM, GROUP_OUT, Link("g1", "g7"))[1:] == ["DELETE /Groups/g7"]
