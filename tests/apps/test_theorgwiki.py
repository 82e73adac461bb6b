"""TheOrgWiki: facts that must be there, copied by hand from the tutorial of 2024-03-25 and the fact sheet."""

from __future__ import annotations

import pytest

from scimkit.apps import AppProfile, load
from scimkit.journey.guide import make_guide


@pytest.fixture(scope="module")
def app() -> AppProfile:
    return load("theorgwiki")


def said(app: AppProfile, step: str) -> str:
    """What the notebook of `step` shows, without the marks around labels."""
    text = " ".join(line.text for line in make_guide(app, step).lines)
    return text.translate({ord(mark): None for mark in "“”*"})


def test_the_address_is_a_template(app: AppProfile) -> None:
    """Subdomain of the first sign-up, slash at the end."""
    url = app.tenant_url

    assert (url.kind, url.placeholder) == ("template", "subdomain")
    assert [str(value) for value in url.values] == ["https://<subdomain>.theorgwiki.com/api/v2/scim/v2/"]
    assert str(url.example) == "https://test1.theorgwiki.com/api/v2/scim/v2/"
    assert "first signs up" in str(url.placeholders[0].note)
    assert "slash" in str(url.note)


def test_the_sign_up_comes_before_the_token(app: AppProfile) -> None:
    """It adds the app, and gives the account in which the token is made."""
    assert app.gallery.added_by == "sign_up"
    assert app.journey_order[:4] == ("1_plan", "3_app", "2_token", "4_scope")


def test_nothing_is_published(app: AppProfile) -> None:
    """No rows, no matching, no interval; what the sandbox has is invented and stands there only."""
    assert app.attributes_status == "not published"
    assert app.attributes == app.group_attributes == app.matching == ()
    assert app.interval.value == "not stated"
    assert app.capabilities.groups.value == "unclear"
    assert "userName" in app.sandbox.targets


def test_the_token_is_a_service_accounts(app: AppProfile) -> None:
    """The labels, exactly; the tutorial's own remedy."""
    clicks = " ".join(app.token.steps)

    for label in (
        "Admin Console",
        "Settings tab",
        "Service Accounts",
        "+Service Account",
        "Service Account Type",
        "Token Based",
        "Save",
        "Active Tokens",
        "Secret Token",
    ):
        assert f"**{label}**" in clicks
    assert "Admin permissions" in str(app.failure_hint)
    assert "long-lived" in said(app, "2_token")


def test_roles_and_rights(app: AppProfile) -> None:
    """Any role of the app's own, and no administrator above what is needed."""
    assert app.roles.rule.value == "not_default"
    assert "if there is one" in str(app.roles.note)
    assert str(app.admin_roles[0]) == "Cloud Application Administrator"


def test_contradictions(app: AppProfile) -> None:
    """Those of the list that concern it, and four of its own."""
    assert {item.number for item in app.contradictions} == {7, 9, 10, 11, 12, 16, 17, None}
    assert sum(item.number is None for item in app.contradictions) == 4


INSTRUCTIONS = [
    ("1_plan", "people and groups need access"),
    ("1_plan", "only be chosen during the initial sign-up"),
    ("3_app", "New application"),
    ("3_app", "Add from the gallery"),
    ("3_app", "Sign-up for TheOrgWiki"),
    ("3_app", "Use Login at the top right"),
    ("3_app", "Microsoft work account"),
    ("3_app", "added to your tenant automatically"),
    ("4_scope", "Assign a single person first"),
    ("4_scope", "app-specific role"),
    ("4_scope", "Default Access are excluded"),
    ("4_scope", "Scoping filters"),
    ("5a_connection", "https://test1.theorgwiki.com/api/v2/scim/v2/"),
    ("5a_connection", "Test Connection"),
    ("5a_connection", "Admin permissions"),
    ("5a_connection", "Send an email notification when a failure occurs"),
    ("5b_mapping", "Matching"),
    ("5b_mapping", "Synchronize Microsoft Entra users to TheOrgWiki"),
    ("5d_enable", "Scope"),
    ("5d_enable", "Provisioning Status to On"),
    ("5d_enable", "takes longer than later cycles"),
    ("6_monitor", "Current Status"),
    ("6_monitor", "provisioning logs"),
]


@pytest.mark.parametrize("step, words", INSTRUCTIONS)
def test_an_instruction_is_where_it_is_needed(app: AppProfile, step: str, words: str) -> None:
    """The tutorial's instructions, warnings and follow-ups, each in the notebook of its step."""
    assert words in said(app, step)
