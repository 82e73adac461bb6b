"""Where the probe may write, and where it is refused with words that say what to change."""

from __future__ import annotations

import pytest

from scimkit.apps import load, names
from scimkit.compatibility.permission import profile_at, refuse_production_address, require_permission
from scimkit.errors import ConfigError
from scimkit.tenant import AppValues, Config, Tenant

SANDBOX = Config().tenant("sandbox")
TEST = Tenant("contoso-test", environment="test", writes="ask")
PRODUCTION = Tenant("contoso", environment="production", writes="ask")


@pytest.fixture(scope="module")
def northwind():
    """The example profile of the tests, made to delete."""
    profile = load("tests/data/example-app.toml")
    deletes = profile.capabilities.delete.model_copy(update={"value": True})
    capabilities = profile.capabilities.model_copy(update={"delete": deletes})
    seats = profile.seats.model_copy(update={"auto_assign": None})
    return profile.model_copy(update={"capabilities": capabilities, "seats": seats})


def with_delete(profile, value):
    delete = profile.capabilities.delete.model_copy(update={"value": value})
    return profile.model_copy(update={"capabilities": profile.capabilities.model_copy(update={"delete": delete})})


def with_auto_assign(profile, value):
    fact = profile.capabilities.delete.model_copy(update={"value": value})
    return profile.model_copy(update={"seats": profile.seats.model_copy(update={"auto_assign": fact})})


@pytest.mark.parametrize(
    ("tenant", "test_tenant", "why"),
    [
        (SANDBOX, False, "sandbox"),
        (TEST, False, "contoso-test"),
        (None, True, "--test-tenant"),
        (Tenant("s", environment="test", writes="ask"), True, "scimkit.toml calls s"),
    ],
)
def test_a_declared_test_tenant_may_be_written(northwind, tenant, test_tenant, why):
    """The sandbox, a tenant that scimkit.toml calls a test, or --test-tenant: and it is said which."""
    assert why in require_permission(
        tenant=tenant, profile=None if tenant is None else northwind, test_tenant=test_tenant
    )


@pytest.mark.parametrize("test_tenant", [False, True])
@pytest.mark.parametrize(
    ("tenant", "words"),
    [
        (PRODUCTION, "production tenant"),
        (Tenant("silent"), "production tenant"),
        (Tenant("t", environment="test"), 'writes = "never"'),
    ],
)
def test_a_live_tenants_own_word_stands_above_the_option(northwind, tenant, words, test_tenant):
    """Production, which also holds when nothing is said, and writes = "never" refuse whatever the command says."""
    with pytest.raises(ConfigError, match=words) as refused:
        require_permission(tenant=tenant, profile=northwind, test_tenant=test_tenant)
    assert tenant.name in refused.value.message
    assert refused.value.remedy


def test_without_a_declaration_nothing_is_written():
    """An address alone says nothing about who works there."""
    with pytest.raises(ConfigError, match="nothing declares this a test tenant") as refused:
        require_permission(tenant=None, profile=None, test_tenant=False)
    assert "--test-tenant" in refused.value.remedy


@pytest.mark.parametrize("value", [False, "not stated", "unclear"])
def test_what_does_not_delete_is_refused(northwind, value):
    """Unknown is not yes: test people might stay for ever."""
    with pytest.raises(ConfigError, match="deletes accounts") as refused:
        require_permission(tenant=TEST, profile=with_delete(northwind, value), test_tenant=True)
    assert "capabilities.delete" in refused.value.message + refused.value.remedy


@pytest.mark.parametrize("value", [True, "on, or off", "unclear"])
def test_licences_that_are_given_out_by_themselves_are_refused(northwind, value):
    """A test person must not cost anything; `false` is fine."""
    require_permission(tenant=TEST, profile=with_auto_assign(northwind, False), test_tenant=False)
    with pytest.raises(ConfigError, match="licence"):
        require_permission(tenant=TEST, profile=with_auto_assign(northwind, value), test_tenant=True)


@pytest.mark.parametrize("name", names())
def test_shipped_profiles(name):
    """None of the five says that it deletes, so live each is refused; the sandbox's imitation decides there."""
    profile = load(name)
    with pytest.raises(ConfigError):
        require_permission(tenant=TEST, profile=profile, test_tenant=True)
    if profile.sandbox.on_delete == "remove":
        require_permission(tenant=SANDBOX, profile=profile, test_tenant=False)
    else:
        with pytest.raises(ConfigError, match="on_delete"):
            require_permission(tenant=SANDBOX, profile=profile, test_tenant=True)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://api.oreilly.com/api/scim/v2", "oreilly"),
        ("https://API.oreilly.com:443/elsewhere?aadOptscim062020", "oreilly"),
        ("https://test1.theorgwiki.com/api/v2/scim/v2/", "theorgwiki"),
        ("https://api.oreilly.com.example.com/scim", None),
        ("http://127.0.0.1:8080/v2", None),
    ],
)
def test_an_address_is_known_by_its_host(url, name):
    """What a profile forbids cannot be got round by giving its address."""
    found = profile_at(url, map(load, names()))
    assert (found.name if found else None) == name


def test_an_apps_own_address_beside_a_production_tenant_needs_the_tenants_name():
    """scimkit.toml does not say whose the address is: it may be production's."""
    apps = {"northwind": AppValues(tenant_url="https://campus.example.com/scim")}
    refuse_production_address("https://other.example.com/scim", Config("f", {"contoso": PRODUCTION}, apps))
    refuse_production_address("https://campus.example.com/scim", Config("f", {"contoso-test": TEST}, apps))

    with pytest.raises(ConfigError, match="the address of apps") as refused:
        refuse_production_address(
            "https://campus.example.com/scim?aadOptscim062020", Config("f", {"contoso": PRODUCTION}, apps)
        )

    assert "--tenant" in refused.value.remedy
