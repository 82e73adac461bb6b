"""The whole state of one sandbox, in one object."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from scimkit.apps.profile import AppProfile
from scimkit.sandbox.clock import Clock
from scimkit.sandbox.directory import Directory
from scimkit.sandbox.envelope import not_found
from scimkit.sandbox.faults import Faults
from scimkit.sandbox.gallery import make_gallery
from scimkit.sandbox.identity import Ids
from scimkit.sandbox.jobs import Job
from scimkit.sandbox.logs import LogBook
from scimkit.sandbox.reply import Answer
from scimkit.sandbox.service_principals import ServicePrincipal
from scimkit.sandbox.vendor import Vendor

PLACEHOLDER_ORIGIN = "http://sandbox"  # replaces the port's origin in everything that is stored
INTERNAL = "/internal/"  # below it, with a key of this process, come the emulator's own requests to the vendors


class World:
    """The state of one sandbox: clock, directory, gallery, enterprise apps, logs, vendors, faults.

    origin  such as http://127.0.0.1:8000, known once the port is open
    """

    def __init__(self, seed: int, people: int, apps: Sequence[AppProfile], faults: Sequence[str] = ()) -> None:
        self.seed, self.people = seed, people
        self.ids = Ids(seed)
        self.clock = Clock()
        self.directory = Directory(self.ids, people)
        self.apps = {app.name: app for app in apps}
        self.gallery = make_gallery(self.ids, tuple(apps))
        self.service_principals: dict[str, ServicePrincipal] = {}
        self.logs = LogBook()
        self.faults = Faults(tuple(self.apps))
        for text in faults:
            self.faults.add(text)
        self.vendors = {
            app.name: Vendor(app, self.ids, self.clock, self.faults, self.directory.people.values()) for app in apps
        }
        self.tenant_id = self.ids.named("tenant", "contoso")
        self.origin = PLACEHOLDER_ORIGIN
        self.internal_key = secrets.token_hex(16)
        self.answer_in_process: Answer | None = None  # answers requests to `internal_address`, once there is a server
        self.on_demand_calls: list[float] = []

    # -- finding -----------------------------------------------------------

    def service_principal(self, key: str) -> ServicePrincipal:
        """Find by object id. 404 in Graph's words for an unknown object or one that is too new."""
        found = self.service_principals.get(key)
        if found is None or not found.readable(self.clock):
            raise not_found("ServicePrincipal", key)
        return found

    def jobs(self) -> list[tuple[ServicePrincipal, Job]]:
        found = []
        for app in list(self.service_principals.values()):
            found += [(app, job) for job in list(app.jobs.values())]
        return found

    # -- addresses ---------------------------------------------------------

    def kept(self, text: str) -> str:
        """`text` as it is stored and logged: without the port, which changes with every start."""
        return text.replace(self.origin, PLACEHOLDER_ORIGIN).replace(
            self.origin.replace("127.0.0.1", "localhost"), PLACEHOLDER_ORIGIN
        )

    def shown(self, text: str) -> str:
        """The reverse of `kept`."""
        return text.replace(PLACEHOLDER_ORIGIN, self.origin)

    def internal_address(self, base_address: str) -> str:
        """Where the emulator itself reaches a base address. It reaches the vendors here through a separate path,
        so that its requests neither advance the clock nor enter the change log."""
        shown = self.shown(self.kept(base_address))
        parts = urlsplit(shown)
        if f"{parts.scheme}://{parts.netloc}" != self.origin:
            return base_address
        return f"{self.origin}{INTERNAL}{self.internal_key}{shown[len(self.origin) :]}"

    def plain(self, text: str) -> str:
        """`text` without the emulator's own path to the vendors, which is not known outside."""
        return text.replace(f"{INTERNAL}{self.internal_key}", "")
