"""The target of `scimkit check`: an address, or an app in a tenant; and whether it may write there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scimkit.cli.arguments import ask_at_terminal, whole_path

if TYPE_CHECKING:
    from datetime import datetime

    from scimkit.apps import AppProfile
    from scimkit.clients.scim import ScimClient
    from scimkit.tenant import Config, Tenant


@dataclass
class Place:
    """The target of the command: an address, or an app in a tenant. Filled as it becomes known."""

    tenant: Tenant | None
    profile: AppProfile | None
    config: Config
    now: Callable[[], datetime]

    @property
    def is_sandbox(self) -> bool:
        return self.tenant is not None and self.tenant.is_sandbox


def find_place(url_or_app: str, tenant: str | None, config: Path | None) -> Place:
    from datetime import UTC, datetime

    from scimkit.apps import load
    from scimkit.tenant import load_config

    is_url = "://" in url_or_app
    settings = load_config(str(config) if config else "")
    named = None
    if tenant or not is_url:
        named = settings.tenant(tenant or "sandbox")
    if is_url and named is not None and named.is_sandbox:
        raise click.UsageError("--tenant sandbox is for an app; an address is used as it is.")
    profile = None
    if not is_url:
        profile = load(whole_path(url_or_app) or url_or_app)
    return Place(named, profile, settings, lambda: datetime.now(UTC))


def require_permission_at(place: Place, url_or_app: str, test_tenant: bool) -> None:
    """Raises ConfigError if writing is not allowed."""
    from scimkit.apps import load, names
    from scimkit.compatibility.permission import profile_at, refuse_production_address, require_permission

    profile = place.profile
    if profile is None:
        profile = profile_at(url_or_app, map(load, names()))
        if place.tenant is None:
            refuse_production_address(url_or_app, place.config)
    require_permission(tenant=place.tenant, profile=profile, test_tenant=test_tenant)


@contextmanager
def open_place(place: Place, url_or_app: str, reference: str | None, ca_file: str | None) -> Iterator[ScimClient]:
    if place.profile is None:
        yield from _open_url(place, url_or_app, reference, ca_file)
    else:
        yield from _open_app(place, url_or_app, reference)


def _open_url(place: Place, url: str, reference: str | None, ca_file: str | None) -> Iterator[ScimClient]:
    from scimkit.clients.scim import ScimClient
    from scimkit.credentials import resolve
    from scimkit.errors import ConfigError
    from scimkit.journey.connection import read_tenant_url

    if not reference:
        raise ConfigError("which token?", "Say where it is: --token env:NAME, keyring:NAME, file:PATH or prompt.")
    ca_file = ca_file or (place.tenant.ca_file if place.tenant else None) or None
    with ScimClient(read_tenant_url(url), resolve(reference, ask=ask_at_terminal()), ca_file=ca_file) as scim:
        yield scim


def _open_app(place: Place, app: str, reference: str | None) -> Iterator[ScimClient]:
    import tempfile
    from datetime import UTC, datetime

    from scimkit.credentials import REDACTOR
    from scimkit.evidence.runs import RunStore
    from scimkit.tenant import Access

    assert place.tenant is not None
    assert place.profile is not None
    with tempfile.TemporaryDirectory(prefix="scimkit-") as folder:
        named = {"app": whole_path(app) or app, "tenant": place.tenant.name}
        run = RunStore.create(
            Path(folder), **named, runbook="check", steps=(), now=datetime.now(UTC), redact=REDACTOR.text
        )
        access = Access(place.tenant, place.profile, run, step="check", values=place.config.app(place.profile.name))
        place.now = access.now
        try:
            token = access.token(reference or ("sandbox" if place.is_sandbox else "prompt"), ask=ask_at_terminal())
            yield access.scim(token)
        finally:
            access.close()
            if place.is_sandbox:
                from scimkit.sandbox.process import stop

                stop(access.sandbox)
