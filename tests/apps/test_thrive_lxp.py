"""Thrive LXP: facts that must be there, copied by hand from the tutorial of 2022-11-21 and the fact sheet."""

from __future__ import annotations

import pytest

from scimkit.apps import AppProfile, load
from scimkit.journey.guide import make_guide

MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"


@pytest.fixture(scope="module")
def app() -> AppProfile:
    return load("thrive-lxp")


def said(app: AppProfile, step: str) -> str:
    """What the notebook of `step` shows, without the marks around labels."""
    text = " ".join(line.text for line in make_guide(app, step).lines)
    return text.translate({ord(mark): None for mark in "“”*"})


def test_address_and_token_come_from_support(app: AppProfile) -> None:
    """Both from the vendor, asked for in one mail; no form of the address is published."""
    assert (str(app.tutorial.date), app.gallery_names) == ("2022-11-21", ("Thrive LXP",))
    assert (app.tenant_url.kind, app.tenant_url.values) == ("support", ())
    assert (app.token.label, app.token.made_by, app.token.expires.value) == ("SCIM token", "vendor", "not stated")
    assert app.token.mail is not None
    assert (str(app.token.mail.to), app.token.mail.to.source) == (
        "support@thrivelearning.com",
        "tutorial, vendor",
    )

    asks = " ".join(app.token.mail.asks)
    assert "Tenant URL" in asks
    assert "SCIM token" in asks
    assert "Tenant url and the Secret Token" in said(app, "2_token")
    assert "implementation specialist" in said(app, "2_token")


def test_the_tables(app: AppProfile) -> None:
    """Nine rows for people without externalId, three for groups; userName and displayName can be filtered."""
    assert [(row.target, row.type) for row in app.attributes] == [
        ("userName", "String"),
        ("title", "String"),
        ("active", "Boolean"),
        ('emails[type eq "work"].value', "String"),
        ("preferredLanguage", "String"),
        ("name.givenName", "String"),
        ("name.familyName", "String"),
        ("timezone", "String"),
        (MANAGER, "Reference"),
    ]
    assert app.filterable_targets == ("userName",) == app.matching
    assert {row.source for row in app.attributes} == {"tutorial, vendor"}
    assert {row.required for row in app.attributes} == {None}
    assert [(row.target, row.type, row.filterable) for row in app.group_attributes] == [
        ("displayName", "String", True), ("externalId", "String", False), ("members", "Reference", False),
    ]  # fmt: skip
    assert app.capabilities.groups.value is True


def test_no_source_is_invented_for_timezone(app: AppProfile) -> None:
    row = app.row("timezone")

    assert row is not None
    assert row.suggested_source == ""
    assert "constant or an extension attribute" in str(row.note)


def test_the_remedy_is_its_own(app: AppProfile) -> None:
    """The administrator has no credential there, so "Admin permissions" helps nobody (contradiction 15)."""
    assert "support@thrivelearning.com" in str(app.failure_hint)
    assert app.failure_hint.source == "kit"
    assert "permission" not in str(app.failure_hint)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("1_plan", "who will be in scope"),
        ("1_plan", "pushed to Thrive"),
        ("1_plan", "support ticket"),
        ("1_plan", "renamed"),
        ("3_app", "for a first test, use a separate one"),
        ("4_scope", "Start with one or two people"),
        ("4_scope", "scoping filter"),
        ("4_scope", "manager"),
        ("4_scope", "application manifest"),
        ("5a_connection", "together with the token"),
        ("5a_connection", "with at least the role Cloud Application Administrator"),
        ("5a_connection", "Provisioning Mode = Automatic"),
        ("5a_connection", "Send an email notification when a failure occurs"),
        ("5a_connection", "does not end in /Users"),
        ("5b_mapping", "Synchronize Microsoft Entra users to Thrive LXP"),
        ("5b_mapping", "Synchronize Microsoft Entra groups to Thrive LXP"),
        ("5b_mapping", "can filter by the new one"),
        ("5b_mapping", "timezone"),
        ("5d_enable", "Provisioning Status = On"),
        ("5d_enable", "about every 40 minutes"),
        ("6_monitor", "provisioning logs"),
        ("6_monitor", "progress bar"),
        ("6_monitor", "quarantine"),
    ],
)
def test_instructions_and_warnings_are_told(app: AppProfile, step: str, words: str) -> None:
    assert words in said(app, step)


def test_contradictions(app: AppProfile) -> None:
    """Those of the project's list, and two more: the token alone in the prerequisites, and timezone."""
    assert {item.number for item in app.contradictions} == {2, 8, 9, 10, 11, 12, 15, 18, None}
    assert sum(item.number is None for item in app.contradictions) == 2
