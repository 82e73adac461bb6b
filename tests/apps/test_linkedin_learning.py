"""LinkedIn Learning: facts that must be there, copied by hand from the tutorial of 2017 and the fact sheet."""

from __future__ import annotations

import pytest

from scimkit.apps import AppProfile, describe, load
from scimkit.journey.guide import make_guide

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture(scope="module")
def app() -> AppProfile:
    return load("linkedin-learning")


def said(app: AppProfile, step: str) -> str:
    """What the notebook of `step` shows, without the marks around labels."""
    text = " ".join(line.text for line in make_guide(app, step).lines)
    return text.translate({ord(mark): None for mark in "“”*"})


def test_where_it_comes_from(app: AppProfile) -> None:
    """The oldest of three generations of instructions; Microsoft no longer lists it."""
    assert (app.title, str(app.tutorial.date), app.gallery_names) == (
        "LinkedIn Learning",
        "2017-04-15",
        ("LinkedIn Learning",),
    )
    assert app.tutorial.newest is not None
    assert "2020-06-30" in str(app.tutorial.newest)
    assert "no longer lists" in str(app.tutorial.newest)
    assert {"tutorial", "MS 2018", "MS 2020", "vendor"} <= set(app.sources)


def test_both_addresses_the_newer_one_first(app: AppProfile) -> None:
    """With /scim by default, without as what to try on 404; each edition is named."""
    newer, older = app.tenant_url.values

    assert (newer.value, newer.source) == ("https://api.linkedin.com/scim", "MS 2020")
    assert (older.value, older.source) == ("https://api.linkedin.com", "tutorial, MS 2018")
    assert "the other Tenant URL" in str(app.failure_hint)
    assert "404" in str(app.tenant_url.note)


def test_the_table_of_2020(app: AppProfile) -> None:
    """Only externalId can be filtered, nothing is said to be required, and there is no row for active."""
    assert [row.target for row in app.attributes] == [
        "externalId",
        "userName",
        "name.givenName",
        "name.familyName",
        "displayName",
        'addresses[type eq "work"].locality',
        "title",
        'emails[type eq "work"].value',
        f"{ENTERPRISE}:manager",
        f"{ENTERPRISE}:department",
    ]
    assert app.filterable_targets == ("externalId",) == app.matching
    assert {row.required for row in app.attributes} == {None}
    assert app.row("active") is None
    assert {row.source for row in app.attributes} == {"MS 2020"}
    assert [(row.target, row.type, row.filterable) for row in app.group_attributes] == [
        ("displayName", "String", True),
        ("members", "Reference", False),
        ("externalId", "String", False),
    ]


def test_what_it_can_do(app: AppProfile) -> None:
    """Groups yes, deletes no; 40 minutes, with the tutorial's 20 told as history; the role User."""
    can = app.capabilities

    assert (can.create.value, can.groups.value, can.delete.value, can.delete.source) == (True, True, False, "vendor")
    assert (app.interval.value, app.interval.source) == (40, "MS 2018, MS 2020")
    assert "about 20 minutes" in said(app, "5d_enable")
    assert "about 40" in said(app, "5d_enable")
    assert (app.roles.rule.value, app.roles.names) == ("named", ("User",))
    assert app.uses_seats
    assert "first come, first served" in str(app.seats.rule)


def test_three_generations_of_the_token_page(app: AppProfile) -> None:
    """The labels of each, exactly."""
    clicks = " ".join(app.token.steps)
    for label in (
        "Settings > Global Settings",
        "SCIM Setup",
        "Admin > Admin Settings",
        "Advanced Integrations",
        "+ Add new SCIM configuration",
        "Generate token",
        "Access token",
    ):
        assert f"**{label}**" in clicks

    newer, vendor = app.token.other_editions
    assert (newer.source, vendor.source) == ("MS 2020", "vendor")
    assert "https://www.linkedin.com/learning-admin/settings/global" in newer.steps[0]
    assert "reissued" in newer.steps[-1]
    for label in ("Me > Authenticate", "Automate user management", "Configure SCIM", "Add SCIM"):
        assert f"**{label}**" in vendor.steps[0]


def test_decisions(app: AppProfile) -> None:
    """Licences, with what has to be noted for them, and LinkedIn's approval are asked for."""
    asked = {decision.key: decision for decision in app.decisions}
    assert {"approved", "auto_assign", "application_instance", "licence_type", "deletes_wanted", "seats"} <= set(asked)

    off = next(choice for choice in asked["auto_assign"].choices if choice.value == "off")
    assert off.warning
    assert "Only data about people" in str(off.consequence)

    no = next(choice for choice in asked["approved"].choices if choice.value == "no")
    assert no.warning
    assert "approve and enable SCIM" in str(no.consequence)
    assert next(choice for choice in asked["deletes_wanted"].choices if choice.value == "yes").warning
    assert [p.check for p in app.prerequisites if p.key == "linkedin_approval"] == ["vendor"]


def test_contradictions(app: AppProfile) -> None:
    """Those of the list that concern it, and three of its own."""
    assert {item.number for item in app.contradictions} == {2, 5, 6, 7, 9, 10, 11, 12, 14, 19, None}
    assert sum(item.number is None for item in app.contradictions) == 3


INSTRUCTIONS = [
    ("1_plan", "people and groups need access"),
    ("1_plan", "You can also set up SAML single sign-on"),
    ("1_plan", "by e-mail for approval"),
    ("1_plan", "no row for active"),
    ("2_token", "Without auto-assign only data about people"),
    ("2_token", "application instance and the licence type"),
    ("2_token", "Do not leave the page before"),
    ("3_app", "find that app in your list"),
    ("3_app", "from the gallery"),
    ("4_scope", "Assign a single person first"),
    ("4_scope", "Choose the role User"),
    ("4_scope", "not effectively entitled"),
    ("5a_connection", "https://api.linkedin.com/scim"),
    ("5a_connection", "success notification"),
    ("5a_connection", "Notification Email"),
    ("5a_connection", "checkbox"),
    ("5b_mapping", "attributes of people and of groups"),
    ("5b_mapping", "Matching"),
    ("5b_mapping", "have the same value"),
    ("5d_enable", "Provisioning Status to On"),
    ("5d_enable", "takes longer than later cycles"),
    ("5d_enable", "labelled IdP"),
    ("6_monitor", "Synchronization Details"),
    ("6_monitor", "activity reports"),
]


@pytest.mark.parametrize("step, words", INSTRUCTIONS)
def test_an_instruction_is_where_it_is_needed(app: AppProfile, step: str, words: str) -> None:
    """The tutorial's instructions, warnings and follow-ups, each in the notebook of its step."""
    assert words in said(app, step)


def test_the_unconfirmed_is_marked(app: AppProfile) -> None:
    """The users' endpoint is made up by composition, and says so."""
    assert "https://api.linkedin.com/scim/Users" in " ".join(str(fact) for _, fact in app.facts() if not fact.confirmed)
    assert "(unconfirmed: check this in your tenant)" in describe(app)
