"""Cloud Academy - SSO: facts that must be there, copied by hand from the tutorial of 2022-11-21 and the fact sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

import scimkit.apps
from scimkit.apps import AppProfile, describe, load
from scimkit.journey.guide import make_guide
from scimkit.journey.vendor_mail import write_mail


@pytest.fixture(scope="module")
def app() -> AppProfile:
    return load("cloud-academy")


def said(app: AppProfile, step: str) -> str:
    """What the notebook of `step` shows, without the marks around labels."""
    text = " ".join(line.text for line in make_guide(app, step).lines)
    return text.translate({ord(mark): None for mark in "“”*"})


def test_where_it_comes_from(app: AppProfile) -> None:
    """Three names are searched for: the tutorial's, that of 2025, that of single sign-on."""
    assert (app.title, str(app.tutorial.date)) == ("Cloud Academy - SSO", "2022-11-21")
    assert [(name.value, name.source) for name in app.gallery.names] == [
        ("Cloud Academy - SSO", "tutorial"), ("QA", "MS 2025"), ("Cloud Academy", "MS SSO"),
    ]  # fmt: skip
    assert app.tutorial.newest is not None
    assert "2025-03-25" in str(app.tutorial.newest)


def test_two_hosts_the_default_first(app: AppProfile) -> None:
    """QA's is taken where nobody chooses, the old one stays selectable; each says for whom it is right."""
    assert app.tenant_url.kind == "choice"
    assert [(str(url), url.source) for url in app.tenant_url.values] == [
        ("https://app.qa.com/webhooks/ad/v1/scim", "tutorial, MS 2025"),
        ("https://cloudacademy.com/webhooks/ad/v1/scim", "tutorial"),
    ]

    addresses = [line.text for line in make_guide(app, "5a_connection").lines if line.kind == "address"]
    assert len(addresses) == 3
    assert addresses[0].endswith("used if none is chosen")
    assert "cloudacademy.com" in addresses[1]


def test_the_table(app: AppProfile) -> None:
    """Five rows, only userName can be filtered, nothing is said to be required; no e-mail, no groups."""
    assert [(row.target, row.type, row.filterable, row.required) for row in app.attributes] == [
        ("userName", "String", True, None), ("externalId", "String", False, None), ("active", "Boolean", False, None),
        ("name.givenName", "String", False, None), ("name.familyName", "String", False, None),
    ]  # fmt: skip
    assert app.matching == ("userName",)
    assert app.capabilities.groups.value is False
    assert not app.group_attributes

    note = app.attributes[0].note
    assert note is not None
    assert "e-mail" in str(note)
    assert not note.confirmed


def test_the_key(app: AppProfile) -> None:
    """The labels of the way to it, and the eight hours an old one has left."""
    clicks = " ".join(app.token.steps)

    for label in (
        "Dashboard",
        "your profile",
        "Settings & Integrations",
        "Integrations",
        "View Integration",
        "Generate a new API Key",
        "Secret Token",
    ):
        assert label in clicks
    assert (app.token.label, app.token.made_by, app.token.overlap_hours, app.token.expires.value) == (
        "API Key",
        "admin",
        8,
        "not stated",
    )
    assert "8 hours" in said(app, "2_token")
    assert write_mail(app).to == "" == write_mail(app).text


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("1_plan", "who will be in scope"),
        ("1_plan", "app.qa.com or cloudacademy.com"),
        ("1_plan", "Single sign-on is recommended"),
        ("3_app", "for a first test, use a separate one"),
        ("3_app", "scimkit searches for all three"),
        ("4_scope", "Start with one or two people"),
        ("4_scope", "scoping filter"),
        ("4_scope", "application manifest"),
        ("5a_connection", "with at least the role Cloud Application Administrator"),
        ("5a_connection", "Provisioning Mode = Automatic"),
        ("5a_connection", "Send an email notification when a failure occurs"),
        ("5a_connection", "Test Connection"),
        ("5a_connection", "Entra ID > Enterprise apps"),
        ("5b_mapping", "Synchronize Microsoft Entra users to Cloud Academy - SSO"),
        ("5b_mapping", "can filter by the new one"),
        ("5b_mapping", "e-mail address for everyone"),
        ("5d_enable", "Provisioning Status = On"),
        ("5d_enable", "about every 40 minutes"),
        ("6_monitor", "provisioning logs"),
        ("6_monitor", "progress bar"),
        ("6_monitor", "quarantine"),
    ],
)
def test_instructions_and_warnings_are_told(app: AppProfile, step: str, words: str) -> None:
    assert words in said(app, step)


def test_the_remedy_is_the_tutorials(app: AppProfile) -> None:
    assert "Admin permissions" in str(app.failure_hint)
    assert app.failure_hint.source == "tutorial"


def test_contradictions(app: AppProfile) -> None:
    """Those of the project's list, two more; the other product's name is in a comment only."""
    assert {item.number for item in app.contradictions} == {1, 2, 3, 4, 8, 9, 10, 11, 12, 18, None}
    assert sum(item.number is None for item in app.contradictions) == 2
    assert "Sigma" not in describe(app) + app.model_dump_json()
    assert "Sigma" in (Path(scimkit.apps.__file__).parent / "cloud-academy.toml").read_text(encoding="utf-8")
