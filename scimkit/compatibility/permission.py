"""May the probe write here? Only into a declared test tenant, and only what can be removed again.

The probe creates people and groups in the app and removes them. So the app must be known to delete on request, it
must not assign licences automatically, and a person must have declared that this is a place for tests: `--test-tenant`
on the command line, or `environment = "test"` of a tenant in scimkit.toml. The built-in sandbox is such a place;
loopback in general is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from scimkit.apps.profile import AppProfile
from scimkit.errors import ConfigError
from scimkit.tenant import Config, Tenant


def require_permission(*, tenant: Tenant | None, profile: AppProfile | None, test_tenant: bool) -> str:
    """Why writing is allowed here, in a few words.

    tenant       None: an address was given, without a tenant
    profile      None: an address that no profile knows
    test_tenant  the command line has `--test-tenant`

    Raises ConfigError, whose remedy names the key or the option, if writing is not allowed.
    """
    if tenant is not None and not tenant.is_sandbox:
        _refuse_live(tenant)
    if profile is not None:
        _refuse_residue(profile, sandbox=tenant is not None and tenant.is_sandbox)
    if tenant is not None and tenant.is_sandbox:
        return "the sandbox is a test tenant"
    if tenant is not None and tenant.environment == "test":
        return f"scimkit.toml calls {tenant.name} a test tenant"
    if test_tenant:
        return "--test-tenant was given"
    raise ConfigError(
        "--write creates people and groups in the app, and nothing declares this a test tenant",
        "Add --test-tenant if no one works with this tenant of the app, or name one of scimkit.toml with environment ="
        ' "test" (--tenant NAME).',
    )


def _refuse_live(tenant: Tenant) -> None:
    where = f"tenants.{tenant.name} of scimkit.toml"
    if tenant.environment == "production":
        raise ConfigError(
            f'{where} is a production tenant (environment = "production", which is also the default)',
            'Test with a tenant of the app that no one works with: its own [tenants.<name>] with environment = "test".'
            f" --test-tenant does not change the environment of {tenant.name}.",
        )
    if tenant.writes == "never":
        raise ConfigError(
            f'{where} says writes = "never"', f'Leave out --write, or set writes = "ask" under [tenants.{tenant.name}].'
        )


def _refuse_residue(profile: AppProfile, *, sandbox: bool) -> None:
    """Where test people would stay or cost something."""
    if sandbox:
        if profile.sandbox.on_delete != "remove":
            raise ConfigError(
                f'{profile.title} in the sandbox deletes nothing (sandbox.on_delete = "{profile.sandbox.on_delete}" in'
                f" {profile.name}.toml), so test people would stay",
                "Leave out --write. The checks that only read are still made.",
            )
        return
    deletes = profile.capabilities.delete
    if deletes.value is not True:
        raise ConfigError(
            f"whether {profile.title} deletes accounts is {_said(deletes.value)} (capabilities.delete in"
            f" {profile.name}.toml), so test people might stay permanently",
            "Leave out --write. If the vendor confirms that DELETE removes an account, copy the profile, set"
            " capabilities.delete = true there and name that file.",
        )
    given = profile.seats.auto_assign
    if given is not None and given.value is not False:
        raise ConfigError(
            f"{profile.title} may assign each new account a licence automatically (seats.auto_assign in"
            f" {profile.name}.toml)",
            "Leave out --write, or have that turned off for a test tenant of the app and state it in a copy of the"
            " profile: seats.auto_assign = false.",
        )


def _said(value: object) -> str:
    if value is False:
        return "“no”"
    return f"“{value}”"


# -- an address alone --------------------------------------------------------


def profile_at(url: str, profiles: Iterable[AppProfile]) -> AppProfile | None:
    """The app at `url`, by the host of its documented Tenant URLs; None if no app has it.

    What a profile forbids applies to its address too, however the command names it.
    """
    host = (urlsplit(url).hostname or "").lower()
    for profile in profiles:
        for value in profile.tenant_url.values:
            known = (str(value.value).partition("://")[2].partition("/")[0]).partition(":")[0].lower()
            like = "[^.]+".join(re.escape(part) for part in re.split(r"<[^>]*>", known))
            if re.fullmatch(like, host):
                return profile
    return None


def refuse_production_address(url: str, config: Config) -> None:
    """Raises ConfigError if scimkit.toml has this address as an app's own and also has a production tenant:
    it may belong to that one, so the test tenant must be named."""
    host = (urlsplit(url).hostname or "").lower()
    ours = [
        name
        for name, values in config.apps.items()
        if values.tenant_url and (urlsplit(values.tenant_url).hostname or "").lower() == host
    ]
    live = [tenant.name for tenant in config.tenants.values() if tenant.environment == "production"]
    if ours and live:
        raise ConfigError(
            f"{host} is the address of apps.{ours[0]} in scimkit.toml, which also has the production tenant {live[0]}",
            'Name the test tenant this app belongs to: --tenant NAME, one with environment = "test".',
        )
