"""The tenant a run works in: the built-in sandbox, or a live one from scimkit.toml.

The only module that knows all tenants. All other modules receive an `Access`: the
handles of one notebook to Graph and to the app, and the tenant's clock.
"""

from __future__ import annotations

import difflib
import os
import re
import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scimkit.errors import ConfigError, CredentialError
from scimkit.evidence.journal import Journal
from scimkit.evidence.records import read_utc, utc_text
from scimkit.evidence.runs import RunStore

if TYPE_CHECKING:
    from scimkit.apps.parts import TenantUrl
    from scimkit.apps.profile import AppProfile
    from scimkit.clients.graph import GraphClient
    from scimkit.clients.scim import ScimClient
    from scimkit.credentials import Secret
    from scimkit.sandbox.process import SandboxAddress

SANDBOX = "sandbox"
CONFIG_NAME = "scimkit.toml"
SANDBOX_ORIGIN = "http://sandbox"  # how the sandbox's address is written in records: without its port
_WHENCE = {
    "template": "part of it is specific to you",
    "console": "it is shown in the app's own console",
    "support": "the vendor's support gives it to each customer",
    "none": "the app's sources do not give one",
}
_CHOICES = {
    "environment": ("production", "test"),
    "writes": ("never", "ask"),
    "cloud": ("global", "usgov", "usgov_dod", "china"),
    "sign_in": ("device_code", "interactive", "client_secret", "certificate", "access_token"),
}
_RANGES = {"poll_seconds": (1, 60), "seats": (0, 10_000_000)}
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")  # of a tenant or app: it becomes part of file names


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant. Contains no secrets: `secret_ref` names where one may come from.

    environment  production | test | sandbox
    writes       never: scimkit only reads | ask: it writes what was confirmed | sandbox
    authority, graph_url  override the cloud's own hosts
    ca_file      PEM file of a private root to trust in addition to the system's roots
    poll_seconds  between two readings of a running job; Graph asks for one minute
    """

    name: str
    tenant_id: str = ""
    environment: str = "production"
    writes: str = "never"
    cloud: str = "global"
    sign_in: str = "device_code"
    client_id: str = ""
    secret_ref: str = ""
    certificate_file: str = ""
    authority: str = ""
    graph_url: str = ""
    ca_file: str = ""
    poll_seconds: int = 60

    @property
    def is_sandbox(self) -> bool:
        return self.name == SANDBOX

    def banner(self) -> str:
        """One line that every notebook shows: where it works, and what may be written."""
        if self.is_sandbox:
            return "tenant: sandbox (built in) · writes: only into the sandbox"
        may = "only what you have confirmed"
        if self.writes == "never":
            may = "nothing (read only)"
        return f"tenant: {self.name} · environment: {self.environment.upper()} · writes: {may}"


@dataclass(frozen=True, slots=True)
class AppValues:
    """An app's own values in one organisation (`[apps.<name>]` of scimkit.toml)."""

    tenant_url: str = ""
    subdomain: str = ""
    seats: int = 0
    notification_email: str = ""
    service_principal: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """The contents of scimkit.toml; empty if there is no such file."""

    file: str = ""
    tenants: Mapping[str, Tenant] = field(default_factory=dict)
    apps: Mapping[str, AppValues] = field(default_factory=dict)

    def app(self, name: str) -> AppValues:
        return self.apps.get(name, AppValues())

    def check_apps(self, current: str) -> None:
        """Refuse a misspelled section: values that are never read would look as if they had an effect.

        current  the app's name; a section with any other, dissimilar name may belong to an app
                 with its own file

        Raises ConfigError naming the file, the section and the likely name.
        """
        from scimkit.apps import names

        known = tuple(dict.fromkeys((current, *names())))
        for section in self.apps:
            if section not in known and (meant := _likely_app(section, known)):
                raise ConfigError(
                    f"{self.file}: [apps.{section}] is not an app known here", f"Did you mean [apps.{meant}]?"
                )

    def tenant(self, name: str) -> Tenant:
        """The tenant called `name`. Raises ConfigError listing the existing tenants."""
        if name == SANDBOX:
            return Tenant(SANDBOX, tenant_id="", environment=SANDBOX, writes=SANDBOX)
        if name == "portal":
            raise ConfigError(
                'tenant = "portal" (working without Graph) is not available yet',
                "Use the sandbox, or a tenant that allows Graph.",
            )
        if name not in self.tenants:
            known = ", ".join((SANDBOX, *self.tenants))
            where = self.file or f"a {CONFIG_NAME} (none was found)"
            raise ConfigError(
                f"there is no tenant {name!r}; known: {known}", f"Add [tenants.{name}] to {where}, or use one of these."
            )
        return self.tenants[name]


def find_config(given: str = "", *, start: Path | None = None) -> Path | None:
    """The config file that is used: --config, SCIMKIT_CONFIG, the working folder and its parents,
    the user's own folder; None where there is none. A file that is named must exist."""
    named = given or os.environ.get("SCIMKIT_CONFIG", "")
    if named:
        if not Path(named).is_file():
            raise ConfigError(f"the config file {named} does not exist", "Correct --config or SCIMKIT_CONFIG.")
        return Path(named)
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    from platformdirs import user_config_path

    own = user_config_path("scimkit") / CONFIG_NAME
    if own.is_file():
        return own
    return None


def load_config(given: str = "", *, start: Path | None = None) -> Config:
    """Read scimkit.toml. Raises ConfigError naming the file, the key and what is allowed."""
    path = find_config(given, start=start)
    if path is None:
        return Config()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", "Correct the file; README shows an example.") from None
    _known_keys(data, ("tenants", "apps"), where=str(path))
    tenants = {
        name: Tenant(name=name, **_values(Tenant, raw, f"{path}: tenants.{name}"))
        for name, raw in _tables(data, "tenants", path).items()
    }
    apps = {
        name: AppValues(**_values(AppValues, raw, f"{path}: apps.{name}"))
        for name, raw in _tables(data, "apps", path).items()
    }
    if SANDBOX in tenants:
        raise ConfigError(f"{path}: tenants.{SANDBOX} is built in", "Give your tenant another name.")
    return Config(str(path), tenants, apps)


NEAR_APP = 0.8  # of 1, by difflib: a slip of the key, not another name


def _likely_app(section: str, known: tuple[str, ...]) -> str:
    """The app that `section` was likely meant for; "" for an unrelated name.

    >>> known = ("oreilly", "thrive-lxp")
    >>> _likely_app("oreily", known), _likely_app("thrive", known), _likely_app("oreilly-test", known)
    ('oreilly', 'thrive-lxp', '')
    """
    name = section.lower().replace("_", "-")
    for app in known:
        if app.startswith(f"{name}-"):
            return app
        if re.fullmatch(rf"{re.escape(app)}[-.\d].*", name):
            return ""  # such as a separate app for tests
    near = difflib.get_close_matches(name, known, n=1, cutoff=NEAR_APP)
    if near:
        return near[0]
    return ""


def _tables(data: Mapping[str, Any], key: str, path: Path) -> Mapping[str, Any]:
    table = data.get(key, {})
    if not isinstance(table, dict) or not all(isinstance(item, dict) for item in table.values()):
        raise ConfigError(f"{path}: {key} must contain tables", f"Write [{key}.<name>] and put its keys below it.")
    for name in table:
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{path}: {key}.{name!r} is not a name", "Use letters, digits, dots, hyphens and underscores."
            )
    return table


def _known_keys(data: Mapping[str, Any], known: tuple[str, ...], *, where: str) -> None:
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = ""
            if near:
                hint = f"Did you mean {near[0]}? "
            raise ConfigError(f"{where}: unknown key {key}", f"{hint}Allowed: {', '.join(known)}.")


def _values(cls: type, raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    allowed = {f.name: f for f in fields(cls) if f.name != "name"}
    _known_keys(raw, tuple(allowed), where=where)
    for key, value in raw.items():
        wanted = int if allowed[key].type == "int" else str
        if not isinstance(value, wanted) or isinstance(value, bool):
            kind = "text"
            if wanted is int:
                kind = "a whole number"
            raise ConfigError(f"{where}.{key} must be {kind}", f"It is {value!r}.")
        if isinstance(value, int) and not _RANGES[key][0] <= value <= _RANGES[key][1]:
            raise ConfigError(f"{where}.{key} is {value}", f"Allowed: {_RANGES[key][0]} to {_RANGES[key][1]}.")
        if key == "secret_ref" and isinstance(value, str) and value:
            from scimkit.credentials import parse_reference

            try:
                parse_reference(value)  # the place of a secret, never the secret: before anything shows it
            except CredentialError as error:
                raise ConfigError(f"{where}.{key}: {error.message}", error.remedy) from None
        if key in _CHOICES and value not in _CHOICES[key]:
            raise ConfigError(f"{where}.{key} is {value!r}", f"Allowed: {', '.join(_CHOICES[key])}.")
    return dict(raw)


_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def fill_template(template: str, placeholder: str, value: str) -> str:
    """`template` with `<placeholder>` filled in. Raises ConfigError for a value that cannot be part of a host name.

    >>> fill_template("https://<subdomain>.acme.example/scim/", "subdomain", "Test1")
    'https://test1.acme.example/scim/'
    """
    text = value.strip().lower()
    if not _LABEL.fullmatch(text):
        example = template.replace(f"<{placeholder}>", "test1")
        raise ConfigError(
            f"{value!r} is not a {placeholder}",
            f"Enter only this part: letters, digits and hyphens, such as test1 for {example}.",
        )
    return template.replace(f"<{placeholder}>", text)


def _by_template(guide: TenantUrl, given: str) -> str:
    """The entry for an address with a placeholder. If only the value was entered, it is filled in. A whole
    address gets the trailing slash if the template ends with one."""
    template = str(guide.values[0].value)
    if "://" not in given and "." not in given and "/" not in given and len(guide.placeholders) == 1:
        return fill_template(template, guide.placeholder, given)
    if "<" in given or ">" in given or any(character.isspace() for character in given):
        raise ConfigError(
            f"{given!r} still contains a placeholder or a space",
            f"Fill in your {guide.placeholder}: {guide.example or template}.",
        )
    like = "[^/]+".join(re.escape(part) for part in re.split(r"<[^>]*>", template))
    if template.endswith("/") and re.fullmatch(like, given + "/"):
        return given + "/"
    return given


class Access:
    """The handles of one notebook: Graph, the app over SCIM, the tenant's clock.

    Opened lazily, closed together. Holds tokens and sockets, so it is passed as an
    argument and is never part of a record.
    """

    def __init__(
        self, tenant: Tenant, profile: AppProfile, run: RunStore, *, step: str, values: AppValues | None = None
    ) -> None:
        self.tenant, self.profile, self.run, self.step = tenant, profile, run, step
        self.values = values or AppValues()
        self._graph: GraphClient | None = None
        self._scims: list[ScimClient] = []

    # -- the sandbox -------------------------------------------------------

    @cached_property
    def sandbox(self) -> SandboxAddress:
        """The run's sandbox: the running one, or one that is ours from now on."""
        from scimkit.sandbox.process import ensure_sandbox

        return ensure_sandbox(self.run.folder, app=self.profile, temporary=bool(self.run.state().get("temporary")))

    def sandbox_token(self) -> Secret:
        from scimkit.credentials import Secret
        from scimkit.sandbox.identity import sandbox_token

        return Secret(sandbox_token(self.sandbox.seed, self.profile.name), label=f"{self.profile.name} token (sandbox)")

    def shown(self, text: str) -> str:
        """`text` as it may appear in a record: the sandbox without its port."""
        if not self.tenant.is_sandbox:
            return text
        return text.replace(f"http://127.0.0.1:{self.sandbox.port}", SANDBOX_ORIGIN)

    # -- handles -----------------------------------------------------------

    def now(self) -> datetime:
        """The tenant's time, aware, UTC: virtual in the sandbox; elsewhere Graph's own time, as
        far as Graph has responded, so that a wrong clock on this machine does no harm."""
        if not self.tenant.is_sandbox:
            if self._graph and self._graph.server_time:
                return self._graph.server_time
            return datetime.now(UTC)
        from scimkit.sandbox.process import control

        return read_utc(control(self.sandbox)["clock_utc"])

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass: on the sandbox's own clock in the sandbox, in real time elsewhere."""
        if not self.tenant.is_sandbox:
            time.sleep(seconds)
            return
        from scimkit.sandbox.process import wait

        wait(self.sandbox, seconds)

    def journal(self) -> Journal:
        return Journal(self.run, step=self.step, now=lambda: datetime.now(UTC))

    @property
    def graph(self) -> GraphClient:
        if self._graph is None:
            self._graph = self._open_graph()
        return self._graph

    def _open_graph(self) -> GraphClient:
        from scimkit.clients.graph import GraphClient

        if self.tenant.is_sandbox:
            from scimkit.credentials import Secret
            from scimkit.sandbox.identity import sandbox_token

            token: Secret | Callable[[], Secret] = Secret(
                sandbox_token(self.sandbox.seed, "graph"), label="Graph token (sandbox)"
            )
            return GraphClient(self.sandbox.graph_url, token, journal=self.journal(), log=self._log, wait=self.wait)
        from scimkit.clients.sign_in import graph_url, sign_in

        return GraphClient(
            graph_url(self.tenant),
            sign_in(self.tenant),
            journal=self.journal(),
            ca_file=self.tenant.ca_file or None,
            log=self._log,
        )

    def tenant_url(self, chosen: str = "") -> str:
        """The app's SCIM base address ("Tenant URL") here.

        chosen  what the administrator entered; where the address is a template, also only its
                variable part; else scimkit.toml, else the profile's fixed value or
                the first one it offers. Raises ConfigError where the profile leaves it open.
        """
        if self.tenant.is_sandbox:
            return self.sandbox.scim_urls[self.profile.name]
        url = (chosen or self.values.tenant_url).strip()
        if url and self.profile.tenant_url.kind == "template":
            return _by_template(self.profile.tenant_url, url)
        guide = self.profile.tenant_url
        if any(character.isspace() for character in url):
            raise ConfigError(
                f"the Tenant URL {url!r} contains a space",
                "Copy it again, with nothing around it: it starts with https:// and contains no spaces.",
            )
        if url:  # of addresses to choose from the host alone will do
            return next((str(known) for known in guide.values if urlsplit(str(known)).hostname == url.lower()), url)
        if guide.kind in ("fixed", "choice"):
            return str(guide.values[0].value)
        if guide.kind == "template" and len(guide.placeholders) == 1 and self.values.subdomain:
            return fill_template(str(guide.values[0].value), guide.placeholder, self.values.subdomain)
        ask = ""
        if guide.kind == "support" and self.profile.help_contact.stated:
            ask = f"Ask {self.profile.help_contact}. "
        key = "tenant_url"
        if guide.placeholder == "subdomain":
            key = "subdomain"
        raise ConfigError(
            f"the Tenant URL of {self.profile.title} is not known here: {_WHENCE[guide.kind]}",
            f"{ask}Set {key} under"
            f" [apps.{self.profile.name}] in {CONFIG_NAME}, or tenant_url in 5a_connection (--set 5a.tenant_url=…).",
        )

    # -- where the vendor's sign-up adds the app -----------------------------

    def sign_up(self) -> bool:
        """In the sandbox: sign up at a vendor whose sign-up adds the app. Returns whether this was due."""
        if not self.tenant.is_sandbox or self.profile.gallery.added_by != "sign_up":
            return False
        from scimkit.sandbox.process import control

        control(self.sandbox, "sign_up", {"app": self.profile.name})
        return True

    def to_adopt(self) -> str:
        """The enterprise app to adopt without asking: the one in scimkit.toml, or in the sandbox the signed-up one."""
        added = self.tenant.is_sandbox and self.profile.gallery.added_by == "sign_up"
        if not self.values.service_principal and added:
            return self.profile.gallery_names[0]
        return self.values.service_principal

    def token(self, reference: str, *, ask: Callable[[str], str] | None = None) -> Secret:
        """The app's secret that `reference` names. `sandbox` is valid only in the sandbox."""
        from scimkit.credentials import resolve

        return resolve(
            reference,
            sandbox=self.sandbox_token if self.tenant.is_sandbox else None,
            ask=ask,
            label=f"{self.profile.title} {self.profile.token.label}",
        )

    def scim(self, token: Secret, url: str = "") -> ScimClient:
        """A SCIM client for the app, closed with this access."""
        from scimkit.clients.scim import ScimClient

        client = ScimClient(
            self.tenant_url(url),
            token,
            matching=self.profile.matching[0] if self.profile.matching else "userName",
            journal=self.journal(),
            ca_file=self.tenant.ca_file or None,
            log=self._log,
            wait=self.wait,
        )
        self._scims.append(client)
        return client

    def _log(self, entry: Mapping[str, Any]) -> None:
        """One request as a line of run.log: when, which step, what was requested, how it ended."""
        outcome = entry.get("status") or entry.get("error") or "no answer"
        again = ""
        if entry.get("attempt", 1) != 1:
            again = f", attempt {entry['attempt']}"
        named = ""
        if entry.get("request_id"):
            named = f", request id {entry['request_id']}"
        line = (
            f"{self.step}: {entry['method']} {self.shown(str(entry['path']))} -> {outcome} in {entry['seconds']:.3f}"
            f" s{again}{named}"
        )
        self.run.append("run.log", f"{utc_text(datetime.now(UTC))} {line}")

    def close(self) -> None:
        for scim in self._scims:
            scim.close()
        if self._graph is not None:
            self._graph.close()
        self._scims, self._graph = [], None
