"""The mapping review: what an app without an e-mail attribute, without externalId, or with groups needs looked at."""

from dataclasses import dataclass

import pytest

from scimkit.evidence.checks import Status
from scimkit.mapping.review import Expectations, review_mapping
from scimkit.mapping.rows import MappingRow, ObjectMapping

GROUPS = ("displayName", "externalId", "members")


@dataclass
class Row:
    target: str
    suggested_source: str = ""
    filterable: bool | None = None
    required: bool | None = None
    note: object = None


def mapping(source, rows, **more):
    more = {"enabled": True, "actions": frozenset({"Add", "Update"}), "filters": (), **more}
    return ObjectMapping(
        name=f"Provision {source}s", source_object=source, target_object=source, rows=tuple(rows), **more
    )


def users(expression="[userPrincipalName]"):
    rows = [
        MappingRow("userName", expression, "Direct", matching=1),
        MappingRow("active", "Not([IsSoftDeleted])", "Expression"),
    ]
    return mapping("User", rows)


def groups(*targets, enabled=True):
    return mapping(
        "Group", [MappingRow(t, f"[{t}]", "Direct", matching=int(t == "displayName")) for t in targets], enabled=enabled
    )


def review(expected, *live, person=None, **decided):
    person = person or {
        "userPrincipalName": "ann@contoso.example",
        "mail": "ann@contoso.example",
        "IsSoftDeleted": False,
    }
    rows = [Row(each) if isinstance(each, str) else each for each in expected]
    review = review_mapping(rows, live, {"ann": person}, decided=Expectations(**decided))
    return {check.code: check for check in review.checks}


@pytest.mark.parametrize(
    ("source", "mail", "code", "status"),
    [
        ("[userPrincipalName]", "ann@contoso.example", "mapping.user_name", "passed"),
        ("[userPrincipalName]", "ANN@Contoso.example", "mapping.user_name", "passed"),
        ("[userPrincipalName]", "a.lee@contoso.example", "mapping.user_name_not_mail", "warning"),
        ("[userPrincipalName]", None, "mapping.user_name_not_mail", "warning"),
        ("[mailNickname]", "ann@contoso.example", "mapping.user_name_no_address", "warning"),
        ("[employeeId]", "ann@contoso.example", "mapping.user_name_no_address", "warning"),
    ],
)
def test_without_an_email_attribute_the_user_name_is_the_address(source, mail, code, status):
    """A user name that is no address, or another one than the person's mail, is a warning with a remedy."""
    person = {"userPrincipalName": "ann@contoso.example", "mail": mail, "mailNickname": "ann", "IsSoftDeleted": False}
    found = review(["userName", "externalId", "active"], users(source), person=person)

    assert found[code].status == status
    assert status == "passed" or found[code].remedy


def test_with_an_email_attribute_the_user_name_is_free():
    found = review(
        ["userName", 'emails[type eq "work"].value', "active"],
        users("[mailNickname]"),
        person={"mailNickname": "ann", "IsSoftDeleted": False},
    )
    assert not [code for code in found if code.startswith("mapping.user_name")]


def test_without_external_id_a_rename_is_warned_of():
    """Only where nothing but userName finds an account."""
    assert review(["userName", "active"], users())["mapping.renaming"].status is Status.WARNING
    assert "mapping.renaming" not in review(["userName", "externalId", "active"], users())
    assert "mapping.renaming" not in review([], users()), "nothing is published"


def test_a_row_without_a_source_says_what_it_needs():
    """The profile's own words instead of an invented source."""
    found = review(["userName", "active", Row("timezone", note="needs a constant")], users())["mapping.row_missing"]
    assert found.message.endswith("timezone: needs a constant")
    assert "a source of your choice" not in found.message + found.remedy


@pytest.mark.parametrize(
    ("live", "supported", "code", "status"),
    [
        (groups(*GROUPS), False, "mapping.groups_on", "failed"),
        (groups(*GROUPS), True, "mapping.groups", "passed"),
        (groups("displayName", "members"), True, "mapping.group_row_missing", "warning"),
        (groups(*GROUPS, enabled=False), True, "mapping.groups_off", "warning"),
        (groups(*GROUPS), None, "mapping.groups_not_stated", "not_observed"),
    ],
)
def test_groups(live, supported, code, status):
    """On without support fails; on with support says what they are matched by; missing rows and a switched-off
    mapping are named."""
    assert review(["userName", "active"], users(), live, groups=supported, group_targets=GROUPS)[code].status == status


def test_nothing_is_said_of_groups_that_are_off_where_the_sources_are_silent():
    assert not [
        code
        for code in review(["userName", "active"], users(), groups(*GROUPS, enabled=False), groups=None)
        if "group" in code
    ]
