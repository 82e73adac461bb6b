"""Where the Tenant URL comes from, by its kind: a choice of hosts, the app's console, the vendor's support."""

import pytest

from scimkit.apps import load
from scimkit.errors import ConfigError
from scimkit.tenant import Access, AppValues, Tenant

QA, OLD = "https://app.qa.com/webhooks/ad/v1/scim", "https://cloudacademy.com/webhooks/ad/v1/scim"


def address(app, chosen="", **values):
    if isinstance(app, str):
        profile = load(app)
    else:
        profile = app
    return Access(Tenant("contoso"), profile, None, step="5a_connection", values=AppValues(**values)).tenant_url(chosen)


def of_kind(kind):
    profile = load("thrive-lxp")
    return profile.model_copy(update={"tenant_url": profile.tenant_url.model_copy(update={"kind": kind, "note": None})})


@pytest.mark.parametrize(
    ("chosen", "noted", "url"),
    [
        ("", "", QA),
        (OLD, "", OLD),
        ("cloudacademy.com", "", OLD),
        (" App.QA.com ", "", QA),
        ("", OLD, OLD),
        (QA, OLD, QA),
        ("https://test.qa.com/scim", "", "https://test.qa.com/scim"),
    ],
)
def test_one_of_two_hosts(chosen, noted, url):
    """QA's by default; the other as an address or by its host, in 5a or in scimkit.toml; any other one as it is."""
    assert address("cloud-academy", chosen, tenant_url=noted) == url


def test_from_support():
    """What support has told, entered or noted; without it the words say whom to ask and where to put it."""
    assert address("thrive-lxp", "https://acme.thrive.example/scim") == "https://acme.thrive.example/scim"
    assert address("thrive-lxp", tenant_url="https://acme.thrive.example/scim") == "https://acme.thrive.example/scim"

    with pytest.raises(ConfigError, match="support gives it to each customer") as caught:
        address("thrive-lxp")
    for words in ("Ask support@thrivelearning.com.", "tenant_url", "[apps.thrive-lxp]", "--set 5a.tenant_url="):
        assert words in caught.value.remedy


@pytest.mark.parametrize(("kind", "words"), [("console", "in the app's own console"), ("none", "do not give one")])
def test_words_when_it_is_missing(kind, words):
    """Each kind says where the address is to be had; only that of support says whom to ask."""
    with pytest.raises(ConfigError, match=words) as caught:
        address(of_kind(kind))
    assert "Ask" not in caught.value.remedy
    assert caught.value.exit_code == 2


def test_a_blank_inside_is_named():
    with pytest.raises(ConfigError, match="contains a space"):
        address("thrive-lxp", "https://acme.thrive.example/scim and more")
