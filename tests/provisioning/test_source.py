"""Graph users in the schema's names."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimkit.provisioning import group_attributes, plain_principal_name, source_attributes
from scimkit.provisioning.source import GROUP_SAME_NAME, LISTS, OTHER_NAME, SAME_NAME, SourceReader
from scimkit.sandbox.schema import SOURCE_ATTRIBUTES, SOURCE_GROUP_ATTRIBUTES


def test_names_are_translated() -> None:
    """Each schema name that Graph spells otherwise, and the first of several phones."""
    user: dict[str, Any] = {
        "id": "1",
        "businessPhones": ["+1 1", "+1 2"],
        "mobilePhone": "+1 3",
        "faxNumber": "+1 4",
        "officeLocation": "B7",
        "onPremisesExtensionAttributes": {"extensionAttribute1": "x", "extensionAttribute2": None},
        "extension_0123_costCenter": "c",
        "jobTitle": "Analyst",
        "userType": "Member",
    }
    assert source_attributes(user, soft_deleted=True, manager_id="2", app_roles=["User"]) == {
        "objectId": "1",
        "telephoneNumber": "+1 1",
        "mobile": "+1 3",
        "facsimileTelephoneNumber": "+1 4",
        "physicalDeliveryOfficeName": "B7",
        "extensionAttribute1": "x",
        "extension_0123_costCenter": "c",
        "jobTitle": "Analyst",
        "manager": "2",
        "appRoleAssignments": ["User"],
        "IsSoftDeleted": True,
    }


def test_empty_lists_and_nulls_are_absent() -> None:
    """Nothing of them reaches a mapping, but empty text does."""
    user: dict[str, Any] = {"id": "1", "businessPhones": [], "otherMails": [], "mail": None, "department": ""}
    assert source_attributes(user, soft_deleted=False) == {"objectId": "1", "department": "", "IsSoftDeleted": False}


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("ann@contoso.example", "ann@contoso.example"),
        ("ann_fabrikam.example#EXT#@contoso.example", "ann@fabrikam.example"),
        ("ann_lee_fabrikam.example#ext#@contoso.example", "ann_lee@fabrikam.example"),
        ("odd#EXT#@contoso.example", "odd"),
    ],
)
def test_guests_go_by_their_outside_address(name: str, plain: str) -> None:
    """The last underscore stood for the at sign; a member's name stays."""
    assert plain_principal_name(name) == plain


def test_a_group_in_the_schemas_names() -> None:
    """Direct members as they come, absent properties left out, extensions kept; an empty group has no members."""
    group = {
        "id": "g",
        "displayName": "Sales",
        "mailNickname": "sales",
        "mail": None,
        "securityEnabled": True,
        "groupTypes": [],
        "extension_0123_kind": "k",
    }
    assert group_attributes(group, members=("ann", "inner"), in_scope=False) == {
        "objectId": "g",
        "displayName": "Sales",
        "mailNickname": "sales",
        "securityEnabled": True,
        "extension_0123_kind": "k",
        "members": ["ann", "inner"],
        "IsSoftDeleted": True,
    }
    assert "members" not in group_attributes(group, members=(), in_scope=True)


def test_the_sandbox_s_schema_offers_what_is_translated() -> None:
    """A row may name any attribute that people and groups come with, `mail` and `description` of a group among them."""
    people = {*SAME_NAME, *OTHER_NAME, "telephoneNumber", "IsSoftDeleted"} - {
        "proxyAddresses"
    }  # not known to be offered
    assert people <= set(SOURCE_ATTRIBUTES)
    assert {name for name, _ in SOURCE_GROUP_ATTRIBUTES} == {*GROUP_SAME_NAME, "objectId", "members"}


VALUES = st.one_of(st.none(), st.sampled_from(["", "a", "x#EXT#@contoso.example"]), st.booleans())
LISTS_OF_TEXT = st.lists(st.sampled_from(["a", "b"]), max_size=2)
EXTENSIONS = ("extension_0123_cost", "extensionAttribute1", "extensionAttribute2")
GRAPH_NAMES = sorted(
    {*SAME_NAME, *OTHER_NAME, *OTHER_NAME.values(), "userType", "givenname", *EXTENSIONS} - LISTS - {"id"}
)
USERS = st.fixed_dictionaries(
    {"id": st.just("1")},
    optional={
        **dict.fromkeys(GRAPH_NAMES, VALUES),
        **dict.fromkeys([*LISTS, "businessPhones", "extension_0123_many"], LISTS_OF_TEXT),
        "userPrincipalName": st.sampled_from([None, "ann@contoso.example", "b_fabrikam.example#EXT#@contoso.example"]),
        "manager": st.just({"id": "boss"}),
        "onPremisesExtensionAttributes": st.dictionaries(st.sampled_from(EXTENSIONS[1:]), st.sampled_from([None, "c"])),
    },
)
USED = st.sets(
    st.sampled_from(
        [
            *GRAPH_NAMES, *LISTS, "id", "extension_0123_many", "businessPhones", "telephoneNumber", "manager",
            "userPrincipalName", "originalUserPrincipalName", "appRoleAssignments", "IsSoftDeleted",
            "onPremisesExtensionAttributes",
        ]
    )
)  # fmt: skip


@given(user=USERS, used=USED, leaving=st.booleans(), manager=st.sampled_from([None, "2"]), roles=LISTS_OF_TEXT)
def test_a_prepared_reader_reads_what_is_used_alike(
    user: dict[str, Any], used: set[str], leaving: bool, manager: str | None, roles: list[str]
) -> None:
    """Whatever a mapping may name: it sees what `source_attributes` has, and nothing of what Graph has besides."""
    before = deepcopy(user)
    told = {"soft_deleted": leaving, "manager_id": manager, "app_roles": roles}

    whole, read = source_attributes(user, **told), SourceReader(used).read(user, **told)

    assert {name: read.get(name) for name in used} == {name: whole.get(name) for name in used}
    assert user == before
