"""The review, tried in other ways: right mappings in unusual words are left alone, wrong ones in usual words
are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimkit.errors import MappingError
from scimkit.evidence.checks import Status
from tests.mapping.review.test_review_apps import (
    ADA,
    BASE,
    EMAIL,
    MANAGER,
    PUBLISHED,
    WITH_ACTIVE,
    Case,
    case_of,
    findings,
)

CONTRACTOR = "urn:acme:2.0:User:contractor"

RIGHT_ACTIVE = (
    "Not([IsSoftDeleted])",
    'IIF([IsSoftDeleted] = "True", "False", "True")',
    'IIF([IsSoftDeleted], "False", "True")',
    'IIF([IsSoftDeleted] = "False", "True", "False")',
    'IIF([IsSoftDeleted] <> "True", "True", "False")',
    'IIF(Not([IsSoftDeleted]), "True", "False")',
    'IIF(CBool([IsSoftDeleted] = "True"), "False", "True")',
    'CBool([IsSoftDeleted] = "False")',
    'Switch([IsSoftDeleted], "True", "True", "False")',
    'Switch([IsSoftDeleted], "False", "False", "True")',
    'Switch(Not([IsSoftDeleted]), , "True", "True", "False", "False")',
    'Switch(CStr([IsSoftDeleted]), , "False", "true", "True", "false")',
    # whoever is blocked is soft-deleted anyway
    'Switch([IsSoftDeleted], , "False", Switch([accountEnabled], , "True", "True", "False", "False"), "True", "False")',
    'Switch([accountEnabled], "False", "True", Not([IsSoftDeleted]))',
)

WRONG_ACTIVE = (
    ("[accountEnabled]", "account_enabled"),
    ('Switch([accountEnabled], "False", "True", "True")', "account_enabled"),
    ('IIF([accountEnabled] = "True", "True", "False")', "account_enabled"),
    ('Coalesce([accountEnabled], Not([IsSoftDeleted]))', "active_reversed"),  # accountEnabled is never null
    ('IIF([accountEnabled], "True", Not([IsSoftDeleted]))', "active_reversed"),
    ('IIF([department] = "IT", "True", Not([IsSoftDeleted]))', "active_reversed"),
    ('Switch([IsSoftDeleted], "True", "true", "False")', "active_reversed"),  # a key in lower case never fits
    ('IIF([IsSoftDeleted] = "1", "False", "True")', "active_reversed"),
    ('Append("", [IsSoftDeleted])', "active_reversed"),
    ('IgnoreFlowIfNullOrEmpty(Switch([IsSoftDeleted], , "False", "True"))', "active_reversed"),
    ('Switch([IsSoftDeleted], , "False", "False", "True", "False")', "active_reversed"),
    ('"True"', "active_source"),
    ('IIF([department] = "IT", "True", "False")', "active_source"),
)  # fmt: skip


@pytest.mark.parametrize("app", WITH_ACTIVE)
@pytest.mark.parametrize("expression", RIGHT_ACTIVE)
def test_a_right_active_is_left_alone(app: str, expression: str) -> None:
    """However it is written, and in which case True stands: nothing but the word about Switch."""
    case = case_of(app)
    case.come_from("active", expression)
    assert findings(case.review()) - {"switch_incremental"} == BASE[app] - {"switch_incremental"}


@pytest.mark.parametrize("app", WITH_ACTIVE)
@pytest.mark.parametrize(("expression", "code"), WRONG_ACTIVE)
def test_a_wrong_active_stops_the_journey(app: str, expression: str, code: str) -> None:
    """Whoever is unassigned while the account stays enabled has to be switched off as well."""
    case = case_of(app)
    case.come_from("active", expression)

    (found,) = [check for check in case.review().checks if check.code == f"mapping.{code}"]

    assert found.status == Status.FAILED
    assert "active comes from" in found.message
    assert found.remedy


Spoil = Callable[[Case], Any]
TITLE_APPS = ("thrive-lxp", "theorgwiki")


def matched_by(expression: str) -> Spoil:
    return lambda case: case.come_from("userName", expression)


def titled(expression: str) -> Spoil:
    return lambda case: case.come_from("title", expression)


# app, what is done, codes that come, a word of the first one's text or remedy
WRONG: tuple[tuple[str, Spoil, set[str], str], ...] = (
    (
        "theorgwiki",
        matched_by('Word([userPrincipalName], 2, "@")'),
        {"matching_not_unique"},
        "or correct [userPrincipalName] in Entra",
    ),
    ("theorgwiki", matched_by('"x"'), {"matching_not_unique"}, "Match by an attribute that is unique."),
    (
        "theorgwiki",
        matched_by('NormalizeDiacritics(Join(".", [givenName], [surname]))'),
        {"matching_not_unique", "matching_no_value", "value_missing"},
        "[givenName] and [surname]",
    ),
    (
        "theorgwiki",
        lambda c: c.row(EMAIL).update(matchingPriority=2),
        {"matching_not_unique"},
        "wherever userName finds no one",
    ),
    ("oreilly", lambda c: c.row("externalId").update(matchingPriority=2), {"matching_not_filterable"}, "externalId"),
    (
        "theorgwiki",
        lambda c: c.add("locale", 'Replace([preferredLanguage], "-", , , "_", , )'),
        {"wrong_shape"},
        "correct [preferredLanguage] in Entra",
    ),
    (
        "theorgwiki",
        lambda c: c.come_from(EMAIL, 'Join(";", [mail], [userPrincipalName])'),
        {"wrong_shape"},
        "not an e-mail address",
    ),
    ("theorgwiki", lambda c: c.come_from(EMAIL, "[otherMails]"), {"list_value"}, "[otherMails]"),
    (
        "theorgwiki",
        lambda c: c.come_from(EMAIL, 'IIF([department] = "IT", [mail], Coalesce([otherMails], [mail]))'),
        {"list_value"},
        "for some people",
    ),
    ("theorgwiki", lambda c: c.come_from(EMAIL, 'Append("SMTP:", [mail])'), {"wrong_shape"}, "SMTP:admin@"),
    (
        "oreilly",
        lambda c: c.come_from("name.familyName", 'Append(" ", "")'),
        {"row_different", "value_missing"},
        "admin@contoso.example, ",
    ),
    ("theorgwiki", lambda c: c.add(MANAGER, "[mail]"), {"row_twice", "wrong_type"}, "[mail] is not a reference"),
    (
        "theorgwiki",
        lambda c: c.row(EMAIL).update(defaultValue="none"),
        {"wrong_shape", "default_on_create"},
        "no.mail@",
    ),
    (
        "theorgwiki",
        lambda c: c.add(CONTRACTOR, 'IIF([department] = "IT", "Yes", "No")', "Boolean"),
        {"wrong_type"},
        "neither True nor False",
    ),
    ("thrive-lxp", lambda c: c.come_from(MANAGER, '"boss"'), {"wrong_type", "row_different"}, '"boss"'),
    (
        "thrive-lxp",
        lambda c: c.come_from(MANAGER, "Coalesce([manager])"),
        {"wrong_type", "row_different"},
        "not documented",
    ),
    (
        "thrive-lxp",
        lambda c: c.come_from(MANAGER, 'Switch([manager], [manager], "", "x")'),
        {"wrong_type", "row_different", "switch_reference"},
        "Direct",
    ),
    ("thrive-lxp", titled('Split([jobTitle], " ")'), {"list_value", "row_different"}, "Split"),
    ("theorgwiki", titled('Join(" ", [jobTitle])'), {"empty_text"}, "IgnoreFlowIfNullOrEmpty"),
    ("thrive-lxp", titled('Item(Split([jobTitle], " "), 2)'), {"error", "row_different"}, "Item(list, 2)"),
    ("thrive-lxp", titled('Coalesce([jobTitle], "none")'), {"row_different"}, "Microsoft's general default"),
    ("theorgwiki", lambda c: c.row("active").update(source=None), {"active_source"}, "no source"),
)


@pytest.mark.parametrize(("app", "spoil", "codes", "words"), WRONG)
def test_planted_in_other_ways(app: str, spoil: Spoil, codes: set[str], words: str) -> None:
    """All that comes is expected, and the text or the remedy names what an administrator has to look at."""
    case = case_of(app)
    spoil(case)

    review = case.review()

    assert findings(review) - BASE[app] == codes - BASE[app]
    assert any(
        words in check.message + check.remedy for check in review.checks if check.code.removeprefix("mapping.") in codes
    )


RIGHT: tuple[tuple[str, Spoil], ...] = (
    ("theorgwiki", lambda c: c.add("locale", "[preferredLanguage]")),
    ("theorgwiki", lambda c: c.add(CONTRACTOR, "IsPresent([department])", "Boolean")),
    ("theorgwiki", lambda c: c.add("urn:acme:2.0:User:year", 'FormatDateTime(Now(), , "M/d/yyyy h:mm:ss tt", "yyyy")')),
    ("thrive-lxp", titled("IgnoreFlowIfNullOrEmpty([jobTitle])")),
    # an empty branch that does not come out
    ("theorgwiki", titled('Join(" ", IIF([displayName] = "x", "", "y"), [jobTitle])')),
    ("theorgwiki", titled('IgnoreFlowIfNullOrEmpty(IIF([displayName] = "x", "", [jobTitle]))')),
    # roles are several by their schema, whatever the job's attribute list has ticked
    ("theorgwiki", lambda c: c.add("roles", "AppRoleAssignmentsComplex([appRoleAssignments])")),
    ("theorgwiki", lambda c: c.add('roles[primary eq "True"].value', "SingleAppRoleAssignment([appRoleAssignments])")),
    ("theorgwiki", titled('Item(Split(Coalesce([jobTitle], "none"), " "), 1)')),
    ("theorgwiki", matched_by("ToLower([userPrincipalName])")),
    ("thrive-lxp", lambda c: c.decide(single_sign_on="same_app", sign_in_identifier="ToLower([userPrincipalName])")),
)


@pytest.mark.parametrize(("app", "make"), RIGHT)
def test_nothing_is_said_of_what_is_right(app: str, make: Spoil) -> None:
    """Unusual and right: no finding that was not there before."""
    case = case_of(app)
    make(case)
    assert findings(case.review()) <= BASE[app]


@pytest.mark.parametrize("app", PUBLISHED)
def test_without_a_table_the_app_is_custom(app: str) -> None:
    """A custom app has no table: it is told to be discovered, and what is wrong with active is found all the same."""
    case = case_of(app)
    case.attributes.clear()

    assert {"not_published", "discovered"} <= findings(case.review())

    if app in WITH_ACTIVE:
        case.come_from("active", "[accountEnabled]")
        assert "account_enabled" in findings(case.review())


@pytest.mark.parametrize("identifier", ["[userPrincipalName", "userPrincipalName", "CDate([userPrincipalName])"])
def test_a_sign_in_identifier_that_is_none_is_named(identifier: str) -> None:
    """The error says which setting it is about, and how to write it."""
    case = case_of("thrive-lxp")
    case.decide(single_sign_on="same_app", sign_in_identifier=identifier)

    with pytest.raises(MappingError) as caught:
        case.review()

    assert "sign_in_identifier" in caught.value.message
    assert "[userPrincipalName]" in caught.value.remedy


def test_an_empty_text_is_shown_as_one() -> None:
    """A blank cell would look like a fault of the page."""
    case = case_of("theorgwiki")
    case.people[ADA].pop("jobTitle")
    case.come_from("title", 'Join("", [jobTitle], "")')

    row = next(row for row in case.review().rows if row.target == "title")

    assert row.values[ADA] == "(empty text)"
