"""Sign-in to Microsoft Graph with msal; the result is a function that returns a valid token.

    graph = GraphClient(graph_url(tenant), sign_in(tenant))

The function renews silently and registers every token with the redactor. msal
uses the kit's own transport, so the system's certificates, a private
root and the proxy apply to it as to everything else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import httpx

from scimkit.clients.transport import checked_url, open_client
from scimkit.credentials import REDACTOR, Secret, own_folder, resolve
from scimkit.errors import ConfigError, CredentialError, Denied, ScimkitError, Unreachable

WAYS = ("device_code", "interactive", "client_secret", "certificate", "access_token")
COMMAND_LINE_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"  # Microsoft Graph Command Line Tools, a first-party client
SCOPES = (
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "Synchronization.ReadWrite.All",
    "ProvisioningLog.Read.All",
    "User.Read.All",
    "Group.Read.All",
)
READING_SCOPES = (
    "Application.Read.All",
    "Synchronization.Read.All",
    "ProvisioningLog.Read.All",
    "User.Read.All",
    "Group.Read.All",
)
RENEW_SECONDS = 300  # before its end a token is no longer handed out


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where one of Microsoft's clouds signs people in, and where its Graph is; both without a path."""

    name: str
    authority_url: str
    graph_url: str


CLOUDS = {
    found.name: found
    for found in (
        Cloud("global", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
        Cloud("usgov", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
        Cloud("usgov_dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
        Cloud("china", "https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
    )
}


def cloud(name: str) -> Cloud:
    """The cloud of that name. Raises ConfigError naming the known ones (GCC is `global`, GCC High `usgov`)."""
    try:
        return CLOUDS[name]
    except KeyError:
        raise ConfigError(
            f"there is no cloud {name!r}", f"Use one of {', '.join(CLOUDS)}; GCC is global, GCC High is usgov."
        ) from None


class TenantSettings(Protocol):
    """The sign-in settings of a tenant in scimkit.toml."""

    @property
    def name(self) -> str: ...
    @property
    def tenant_id(self) -> str: ...
    @property
    def cloud(self) -> str: ...
    @property
    def sign_in(self) -> str: ...
    @property
    def writes(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def secret_ref(self) -> str: ...
    @property
    def certificate_file(self) -> str: ...
    @property
    def authority(self) -> str: ...
    @property
    def graph_url(self) -> str: ...
    @property
    def ca_file(self) -> str: ...


def graph_url(tenant: TenantSettings) -> str:
    """The address of the tenant's Graph with the version, for GraphClient."""
    host = (tenant.graph_url or cloud(tenant.cloud).graph_url).rstrip("/")
    if host.endswith("/v1.0"):
        return host
    return f"{host}/v1.0"


def sign_in(
    tenant: TenantSettings, *, ask: Callable[[str], str] | None = None, show: Callable[[str], None] = print
) -> Callable[[], Secret]:
    """Sign in to a tenant of scimkit.toml now; the result is a function that returns a valid token each time.

    A tenant that is never written to is asked for read permissions only. A
    person without an own app registration uses Microsoft's own client for
    command lines. Raises what `sign_in_by` raises.

    ask   asks a person for a secret whose reference is `prompt`
    show  shows the device code's instruction
    """
    way = tenant.sign_in
    personal = way in ("device_code", "interactive")
    client_id, credential, cache_file = tenant.client_id, None, None
    if personal:
        client_id = client_id or COMMAND_LINE_TOOLS
        cache_file = own_folder() / "sign_in" / f"{tenant.name}.bin"
    else:
        credential = _credential(tenant, ask)
    scopes: tuple[str, ...] = SCOPES
    if tenant.writes == "never":
        scopes = READING_SCOPES
    how = SignIn(
        way,
        tenant_id=tenant.tenant_id,
        client_id=client_id,
        credential=credential,
        in_cloud=tenant.cloud,
        authority_url=tenant.authority,
        graph_url=tenant.graph_url.rstrip("/").removesuffix("/v1.0"),
        scopes=scopes,
        cache_file=cache_file,
        ca_file=tenant.ca_file or None,
        show=show,
    )
    return sign_in_by(how)


def _credential(tenant: TenantSettings, ask: Callable[[str], str] | None) -> Secret:
    """The credential of an application, or a ready token, from the place in the tenant's settings."""
    if tenant.sign_in == "certificate":
        if not tenant.certificate_file:
            raise ConfigError(
                "signing in by certificate requires a certificate",
                "Set certificate_file of the tenant in scimkit.toml.",
            )
        return resolve(
            f"file:{Path(tenant.certificate_file).expanduser().absolute()}", label="the certificate", clean=str.strip
        )
    if not tenant.secret_ref:
        raise ConfigError(
            f"signing in by {tenant.sign_in} requires a secret",
            "Set secret_ref of the tenant in scimkit.toml to a reference such as env:NAME.",
        )
    label = "the client secret"
    if tenant.sign_in == "access_token":
        label = "the access token"
    return resolve(tenant.secret_ref, label=label, ask=ask)


class TokenSource:
    """Returns a valid access token each time it is called; safe to call from several threads.

    fetch  asks msal, which checks its cache first: (token, seconds it is valid)
    """

    def __init__(self, fetch: Callable[[], tuple[str, float]], label: str) -> None:
        self._fetch, self._label = fetch, label
        self._lock = threading.Lock()
        self._secret: Secret | None = None
        self._until = 0.0

    def __repr__(self) -> str:
        return f"<TokenSource {self._label}>"

    def __call__(self) -> Secret:
        with self._lock:
            if self._secret is None or time.monotonic() >= self._until:
                value, lives_seconds = self._fetch()
                self._secret = Secret(value, label=self._label)
                REDACTOR.register(self._secret)
                self._until = time.monotonic() + max(lives_seconds - RENEW_SECONDS, 0.0)
            return self._secret


def ready_token(token: Secret) -> Callable[[], Secret]:
    """A token that another program fetched, for example a tool that is already signed in; it is not renewed."""
    REDACTOR.register(token)
    return lambda: token


@dataclass(frozen=True, slots=True)
class SignIn:
    """How to sign in, and where.

    way            device_code | interactive | client_secret | certificate | access_token
    credential     client_secret: its value; certificate: the PEM text of key and
                   certificate; access_token: the ready token; else None
    thumbprint     of the certificate, hexadecimal; "" lets msal read it from the PEM
    in_cloud       global | usgov | usgov_dod | china; authority_url and graph_url
                   override it for a test or a new cloud
    scopes         short names; outside the global cloud they are prefixed with the host
    cache_file     where msal may store its tokens encrypted; None, or a system that
                   cannot encrypt, keeps them in memory
    show           shows a person the device code's instruction
    http_client    the HTTP client for msal; None: ours, which follows the rules of `transport`
    """

    way: str
    tenant_id: str = ""
    client_id: str = ""
    credential: Secret | None = None
    thumbprint: str = ""
    in_cloud: str = "global"
    authority_url: str = ""
    graph_url: str = ""
    scopes: Sequence[str] = SCOPES
    login_hint: str = ""
    cache_file: Path | None = None
    ca_file: str | None = None
    show: Callable[[str], None] = print
    timeout_seconds: int = 600
    http_client: Any = None

    @property
    def place(self) -> Cloud:
        """The cloud, with the addresses that override its own."""
        found = cloud(self.in_cloud)
        authority_url, graph_url = self.authority_url or found.authority_url, self.graph_url or found.graph_url
        return Cloud(found.name, authority_url.rstrip("/"), graph_url.rstrip("/"))

    def for_msal(self) -> dict[str, Any]:
        """The settings for every kind of msal application."""
        authority = self.place.authority_url
        settings: dict[str, Any] = {
            "authority": authority,
            "http_client": self.http_client or MsalHttp(authority, self.ca_file),
            "token_cache": open_cache(self.cache_file),
            "enable_pii_log": False,
        }
        if not httpx.URL(authority).path.strip("/"):
            settings["authority"] = f"{authority}/{self.tenant_id}"
        if self.authority_url:
            settings["instance_discovery"] = False  # an authority named in the settings is known to its owner
        return settings


def sign_in_by(how: SignIn) -> Callable[[], Secret]:
    """Sign in now, and return a function that returns a valid token each time.

    Raises ConfigError for wrong settings, Denied if the sign-in is refused,
    Unreachable if Entra does not answer.
    """
    if how.way not in WAYS:
        raise ConfigError(f"there is no way to sign in called {how.way!r}", f"Use one of {', '.join(WAYS)}.")
    if how.way == "access_token":
        return ready_token(_needed(how))
    if not how.tenant_id or not how.client_id:
        raise ConfigError(
            "signing in requires tenant and client id", "Set tenant_id and client_id of the tenant in scimkit.toml."
        )
    settings = how.for_msal()
    if how.way in ("client_secret", "certificate"):
        return _application(how, settings)
    return _person(how, settings)


def _needed(how: SignIn) -> Secret:
    if how.credential is None:
        raise CredentialError(
            f"signing in by {how.way} needs a credential", "Give its reference: env:NAME, keyring:NAME or file:PATH."
        )
    REDACTOR.register(how.credential)
    return how.credential


def _scopes(place: Cloud, scopes: Sequence[str]) -> list[str]:
    """Scopes in the form msal expects; outside the global cloud with the host (Graph: national cloud deployments)."""
    if place.name == "global" and place.graph_url == CLOUDS["global"].graph_url:
        return list(scopes)
    return [scope if "://" in scope else f"{place.graph_url}/{scope}" for scope in scopes]


def _application(how: SignIn, settings: dict[str, Any]) -> TokenSource:
    credential = _needed(how)
    msal = _library()
    given: Any = credential.reveal()
    is_certificate = how.way == "certificate"
    if is_certificate:
        pem = given
        given = {"private_key": pem, "public_certificate": pem}
        if how.thumbprint:
            given["thumbprint"] = how.thumbprint.replace(":", "")
    app = _made(lambda: msal.ConfidentialClientApplication(how.client_id, client_credential=given, **settings))

    scope = [f"{how.place.graph_url}/.default"]

    def fetch() -> tuple[str, float]:
        answer = _asked(lambda: app.acquire_token_for_client(scope), certificate=is_certificate)
        return _token(answer, settings["token_cache"])

    source = TokenSource(fetch, "the access token of the application")
    source()
    return source


def _person(how: SignIn, settings: dict[str, Any]) -> TokenSource:
    msal = _library()
    scopes = _scopes(how.place, how.scopes)
    app = _made(lambda: msal.PublicClientApplication(how.client_id, **settings))

    def ask_the_person() -> dict[str, Any]:
        if how.way == "interactive":
            return dict(
                app.acquire_token_interactive(scopes, login_hint=how.login_hint or None, timeout=how.timeout_seconds)
            )
        flow = app.initiate_device_flow(scopes=scopes)
        if "user_code" not in flow:
            return dict(flow)
        flow["expires_at"] = min(flow.get("expires_at", float("inf")), time.time() + how.timeout_seconds)
        how.show(str(flow.get("message") or f"Open {flow.get('verification_uri')} and enter {flow['user_code']}"))
        return dict(app.acquire_token_by_device_flow(flow))

    def fetch() -> tuple[str, float]:
        for account in app.get_accounts(how.login_hint or None)[:1]:
            found = _asked(partial(app.acquire_token_silent, scopes, account=account))
            if found and "access_token" in found:
                return _token(found, settings["token_cache"])
        return _token(_asked(ask_the_person), settings["token_cache"])

    source = TokenSource(fetch, "the access token of the signed-in person")
    source()
    return source


def _made(make: Callable[[], Any]) -> Any:
    """The msal application. Its constructor already contacts the authority, and raises ValueError."""
    problem = ""
    try:
        return make()
    except ScimkitError:
        raise
    except ValueError as error:
        problem = "the tenant is not known there"
        if "key" in str(error).lower() and "authority" not in str(error).lower():
            problem = "the private key cannot be read"
    except Exception as error:
        problem = type(error).__name__
    raise ConfigError(
        f"sign-in cannot start: {problem}",
        "Check tenant_id, cloud and the credential of the tenant in scimkit.toml.",
    )


def _asked(ask: Callable[[], Any], *, certificate: bool = False) -> Any:
    """The answer of msal. It reads a certificate's key only on first use."""
    problem = ""
    try:
        return ask()
    except ScimkitError:
        raise
    except Exception as error:
        problem = type(error).__name__
    if certificate:
        raise ConfigError(
            f"the certificate's private key cannot be used ({problem})",
            "Give a PEM file with an unencrypted RSA private key and its certificate.",
        )
    raise Unreachable(
        f"sign-in was interrupted ({problem})",
        "Try again. In a kernel without a browser use device_code.",
        cause="other",
    )


def _token(result: Mapping[str, Any] | None, cache: Any) -> tuple[str, float]:
    """Token and its validity in seconds from msal's answer.

    msal returns a refusal as a value: that becomes Denied, with Entra's words.
    """
    _register_all(cache)
    if result and "access_token" in result:
        return str(result["access_token"]), float(result.get("expires_in") or 0)
    result = result or {}
    said = REDACTOR.text(" ".join(str(result.get("error_description") or result.get("error") or "no answer").split()))[
        :300
    ]
    remedy = next(
        (words for code, words in _REMEDIES.items() if code in said or code == result.get("error")),
        "Read Entra's words above, then sign in again.",
    )
    raise Denied(
        f"the sign-in was refused: {said}",
        remedy,
        method="POST",
        path="/oauth2/v2.0/token",
        request_id=str(result.get("correlation_id") or ""),
    )


_REMEDIES = {
    "AADSTS7000215": "The client secret is wrong. Give the secret's value, not its id.",
    "AADSTS7000222": "The client secret has expired. Create a new one in the app registration.",
    "AADSTS700027": "The certificate does not belong to the app registration. Upload it there.",
    "AADSTS700016": "The client id is not known in this tenant. Check client_id and tenant_id in scimkit.toml.",
    "AADSTS90002": "The tenant is not known. Check tenant_id and cloud in scimkit.toml.",
    "AADSTS65001": "An administrator must consent to the permissions first.",
    "AADSTS7000218": "The app registration must allow public client flows.",
    "AADSTS53003": (
        "Conditional Access blocks this sign-in method. Use another one (interactive instead of device_code)."
    ),
    "AADSTS50076": "A second factor is required. Sign in interactively.",
    "expired_token": "The code was not entered in time. Sign in again.",
    "authorization_declined": "The sign-in was declined. Sign in again, or ask an administrator.",
    "access_denied": "The sign-in was declined. Sign in again, or ask an administrator.",
}


def _register_all(cache: Any) -> None:
    """Every token msal holds is registered with the redactor, refresh tokens and identity tokens too."""
    kinds = cache.CredentialType
    for kind in (kinds.ACCESS_TOKEN, kinds.REFRESH_TOKEN, kinds.ID_TOKEN):
        for entry in cache.search(kind):
            REDACTOR.register(Secret(str(entry["secret"])))


def open_cache(file: Path | None) -> Any:
    """msal's token cache: encrypted in `file` if the system supports it, otherwise in memory. Never in clear text."""
    msal = _library()
    if file is not None:
        import msal_extensions

        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            return msal_extensions.PersistedTokenCache(msal_extensions.build_encrypted_persistence(str(file)))
        except Exception:  # noqa: S110 - no libsecret, keychain or rights: each system says "cannot" in its own way
            pass
    return msal.TokenCache()


def _library() -> Any:
    """msal, which takes half a second to import and has no type hints."""
    import msal

    return msal


class MsalHttp:
    """The HTTP client for msal: the kit's transport behind the few methods msal calls.

    One connection per request: sign-ins are an hour apart, and nothing tells
    msal when it is finished.
    """

    def __init__(self, authority_url: str, ca_file: str | None = None) -> None:
        checked_url(authority_url)
        self._authority_url, self._ca_file = authority_url, ca_file

    def get(self, url: str, *, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        with self._open() as http:
            return http.get(url, params=params, headers=_present(headers))

    def post(self, url: str, *, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        with self._open() as http:
            if isinstance(data, (str, bytes)):
                return http.post(url, params=params, content=data, headers=_present(headers))
            return http.post(url, params=params, data=_present(data), headers=_present(headers))

    def _open(self) -> httpx.Client:
        return open_client(self._authority_url, ca_file=self._ca_file, headers={"User-Agent": "scimkit"})

    def close(self) -> None:
        """There is nothing to close."""


def _present(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Without entries that are None: requests, for which msal is written, leaves those out, httpx sends them."""
    return {key: value for key, value in (values or {}).items() if value is not None}
