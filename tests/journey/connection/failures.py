"""Every way a connection fails, as a real server on loopback fails it, and the finding it has to give.

`FAILURES` is the table: a failure's name, the server, and the code, status, words of
the remedy and exit code that must come out.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from clients.loopback import RESET, Reply, Seen, Stub, free_port, reply

from scimkit.apps import load
from scimkit.apps.parts import TenantUrl
from scimkit.apps.profile import AppProfile

TOKEN = "connection-token-0123456789"
PERSON = {"id": "1", "userName": "ada.lind@contoso.example"}  # must stand in no finding
SCIM = "application/scim+json"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
    "status": "404",
    "detail": "there is no such thing",
}
PAGE = b"<!doctype html><title>Sign in to Contoso</title><p>Please sign in.</p>"


def jwt(expires: dt.datetime) -> str:
    """A token that says when it ends."""
    parts = ({"alg": "none"}, {"exp": int(expires.timestamp())})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".sig"


def found(*people: dict[str, Any], media_type: str = SCIM, **changed: Any) -> Reply:
    body = {
        "schemas": [LIST],
        "totalResults": len(people),
        "Resources": list(people),
        "startIndex": 1,
        "itemsPerPage": len(people),
    }
    return reply(200, {**body, **changed}, media_type=media_type)


def not_there() -> Reply:
    return reply(404, ERROR, media_type=SCIM)


def searched(headers: dict[str, str] | None = None, media_type: str = SCIM) -> Callable[[Seen], Reply]:
    """An empty list for whoever is searched for, 404 for whoever is read."""
    empty = found(media_type=media_type)
    empty.headers.update(headers or {})
    return lambda seen: empty if seen.path.endswith(("/Users", "/Groups")) else not_there()


def scim_at(path: str) -> Callable[[Seen], Reply]:
    """A well-behaved SCIM service under `path`, 404 everywhere else."""
    return lambda seen: found() if seen.path == f"{path}/Users" and seen.headers.get("authorization") else not_there()


@dataclass
class World:
    """What servers are made with. `stubs` are those started so far."""

    serve: Callable[..., Stub]
    tls: Callable[..., Any]
    ca_file: str
    raw: Callable[..., int]
    stubs: list[Stub] = field(default_factory=list)

    def answer(self, what: Reply | Callable[[Seen], Reply], *, tls: Any = None) -> Stub:
        stub = self.serve(tls)
        stub.answer = what if callable(what) else lambda seen: what
        self.stubs.append(stub)
        return stub


@dataclass
class Setup:
    """How the failure is met: the address, and what else differs from the usual."""

    url: str
    token: str = TOKEN
    ca_file: str | None = None
    app: AppProfile | None = None
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """A row of the table. remedy: words that must stand in it; message: in the finding's sentence."""

    name: str
    start: Callable[[World], Setup]
    code: str
    remedy: tuple[str, ...]
    message: str = ""
    status: str = "failed"
    exit_code: int = 1
    process: bool = False  # also through the command line


FAILURES: list[Failure] = []


def failure(
    name: str, code: str, *remedy: str, **more: Any
) -> Callable[[Callable[[World], Setup]], Callable[[World], Setup]]:
    def add(start: Callable[[World], Setup]) -> Callable[[World], Setup]:
        FAILURES.append(Failure(name, start, f"connection.{code}", remedy, **more))
        return start

    return add


def answered(name: str, what: Reply | Callable[[Seen], Reply], code: str, *remedy: str, **more: Any) -> None:
    """A failure that is one answer to whatever is asked."""
    failure(name, code, *remedy, **more)(lambda world: Setup(world.answer(what).url + "/scim"))


# -- nothing answers -------------------------------------------------------------------


@failure("DNS: the name is not known", "name_unknown", "spelling", "VPN", process=True)
def dns(world: World) -> Setup:
    return Setup("https://scim.nobody.invalid/scim")


@failure("refused", "refused", "host and port", process=True)
def refused(world: World) -> Setup:
    return Setup(f"http://127.0.0.1:{free_port()}/scim")


@failure("TLS: expired", "tls_expired", "renew", "clock", process=True)
def tls_expired(world: World) -> Setup:
    context = world.tls("127.0.0.1", not_before=dt.datetime(2020, 1, 1), not_after=dt.datetime(2021, 1, 1))
    return Setup(world.answer(found(), tls=context).url + "/scim", ca_file=world.ca_file)


@failure("TLS: wrong name", "tls_wrong_name", "in the certificate", process=True)
def tls_wrong_name(world: World) -> Setup:
    return Setup(world.answer(found(), tls=world.tls("api.contoso.example")).url + "/scim", ca_file=world.ca_file)


@failure("TLS: private root", "tls_unknown_root", "public authorities only", "ca_file", process=True)
def tls_unknown_root(world: World) -> Setup:
    return Setup(world.answer(found(), tls=world.tls()).url + "/scim")


@failure("https to a port without TLS", "not_tls", "plain http")
def not_tls(world: World) -> Setup:
    return Setup(world.answer(found()).url.replace("http:", "https:") + "/scim")


def behind(proxy: str) -> Setup:
    return Setup("https://scim.contoso.example/scim", env={"HTTPS_PROXY": proxy})


def refusing(status: int) -> Callable[[World], Setup]:
    words = {403: "Forbidden", 407: "Proxy Authentication Required"}[status]
    data = f"HTTP/1.1 {status} {words}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
    return lambda world: behind(f"http://127.0.0.1:{world.raw(data)}")


failure("proxy refuses the connection", "proxy", "allow this host", "NO_PROXY", message="403", process=True)(
    refusing(403)
)
failure("proxy wants a password", "proxy", "Sign in to the proxy", message="407")(refusing(407))


@failure("proxy is not there", "proxy", "its host and port", message="cannot be reached")
def proxy_gone(world: World) -> Setup:
    return behind(f"http://127.0.0.1:{free_port()}")


@failure("timeout", "timeout", "firewall")
def silence(world: World) -> Setup:
    return Setup(f"http://127.0.0.1:{world.raw(b'', silent=True)}/scim")


answered("closed without an answer", RESET, "reset", "firewall")


@failure("not HTTP", "unreachable", "address and port")
def ssh(world: World) -> Setup:
    return Setup(f"http://127.0.0.1:{world.raw(b'SSH-2.0-OpenSSH_9.2' + bytes([13, 10, 13, 10]))}/scim")


# -- the address -----------------------------------------------------------------------


@failure("http instead of https: TLS is spoken there", "not_https", "https://127.0.0.1")
def http_to_tls(world: World) -> Setup:
    return Setup(world.answer(found(), tls=world.tls()).url.replace("https:", "http:") + "/scim")


@failure("http instead of https: it redirects", "not_https", "https://127.0.0.1:8443/scim", process=True)
def http_redirects(world: World) -> Setup:
    return Setup(
        world.answer(reply(301, headers={"Location": "https://127.0.0.1:8443/scim/Users?filter=x"})).url + "/scim"
    )


answered(
    "redirect to a login page",
    reply(302, headers={"Location": "https://login.contoso.example/signin?state=secret-state"}),
    "redirect",
    "SCIM service",
    message="sign-in page",
    process=True,
)
answered(
    "redirect elsewhere",
    reply(307, headers={"Location": "https://eu.contoso.example/api/Users"}),
    "redirect",
    "https://eu.contoso.example/api may be it",
)
answered(
    "HTML",
    reply(200, PAGE, media_type="text/html; charset=utf-8"),
    "html",
    "site for people",
    message="Sign in to Contoso",
    process=True,
)
answered("404 on the base", lambda seen: not_there(), "not_found", "SCIM base address", "Also tried", process=True)
answered(
    "404 on the filter, the base answers",
    lambda seen: not_there() if "filter" in seen.query else found(PERSON),
    "filter_not_found",
    "200 and an empty ListResponse",
    process=True,
)


@failure(
    "404 on the filter, nobody there yet, ServiceProviderConfig answers",
    "filter_not_found",
    "200 and an empty ListResponse",
)
def filter_not_found_empty(world: World) -> Setup:
    config = reply(200, {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]}, media_type=SCIM)
    return Setup(
        world.answer(lambda seen: config if seen.path == "/scim/ServiceProviderConfig" else not_there()).url + "/scim"
    )


@failure(
    "/Users pasted at the end",
    "resource_in_url",
    "appends /Users automatically",
    message="/scim answers as SCIM",
    process=True,
)
def users_pasted(world: World) -> Setup:
    return Setup(world.answer(scim_at("/scim")).url + "/scim/Users")


@failure(
    "/Users pasted at the end, and /scim missing",
    "resource_in_url",
    "/scim as the Tenant URL",
    "appends /Users automatically",
)
def users_pasted_scim_missing(world: World) -> Setup:
    return Setup(world.answer(scim_at("/scim")).url + "/Users")


@failure(
    "/groups/ pasted at the end of an address that is wrong anyway",
    "resource_in_url",
    "Leave out /groups",
    "Check also whether",
    message="without it there is no SCIM answer either",
)
def groups_pasted(world: World) -> Setup:
    return Setup(world.answer(lambda seen: not_there()).url + "/wrong/groups/")


def misplaced(entered: str, right: str) -> Callable[[World], Setup]:
    return lambda world: Setup(world.answer(scim_at(right)).url + entered)


for entered, right, name in (
    ("", "/scim", "/scim missing"),
    ("/api/v2", "/api/scim/v2", "/scim missing before /v2"),
    ("/scim", "/scim/v2", "/v2 missing after /scim"),
    ("/scim/scim", "/scim", "/scim doubled"),
    ("/api/scim/v2/scim/v2/", "/api/scim/v2", "/scim/v2 doubled"),
    ("?aadOptscim062020", "/scim", "/scim missing, with a behaviour flag"),
):
    flag = "?" + entered.partition("?")[2] if "?" in entered else ""
    failure(
        name,
        "wrong_path",
        f"{right}{'/' if entered.endswith('/') else ''}{flag} as the Tenant URL",
        process=name == "/scim missing",
    )(misplaced(entered, right))


@failure("/scim missing, and a web page in its place", "wrong_path", "/scim as the Tenant URL")
def page_at_root(world: World) -> Setup:
    page = reply(200, PAGE, media_type="text/html")
    return Setup(world.answer(lambda seen: found() if seen.path == "/scim/Users" else page).url)


@failure(
    "known alternative URL of the profile",
    "other_address",
    "Use http://127.0.0.1",
    message="another known address of this app",
)
def known_alternative(world: World) -> Setup:
    here, there = world.answer(lambda seen: not_there()), world.answer(scim_at("/webhooks/scim"))
    return Setup(here.url + "/old/scim", app=app_with(here.url + "/old/scim", there.url + "/webhooks/scim"))


def app_with(*urls: str) -> AppProfile:
    """A profile with these Tenant URLs."""
    table = {"kind": "choice", "values": [{"value": url, "source": "tutorial"} for url in urls]}
    return load("oreilly").model_copy(update={"tenant_url": TenantUrl.model_validate(table)})


# -- the token -------------------------------------------------------------------------

answered(
    "401",
    reply(401, {"detail": "bad token"}, {"WWW-Authenticate": "Bearer"}),
    "token_refused",
    "without the word Bearer",
    process=True,
)
answered(
    "401, wants Basic",
    reply(401, headers={"WWW-Authenticate": 'Basic realm="x"'}),
    "token_refused",
    "bearer token only",
)
answered("403", reply(403, {"detail": "scope"}), "token_not_allowed", "permissions extended", process=True)
answered(
    "403 from a firewall's page", reply(403, PAGE, media_type="text/html"), "token_not_allowed", "AzureActiveDirectory"
)
answered(
    "401, the server says that the token has expired",
    reply(
        401, headers={"WWW-Authenticate": 'Bearer error="invalid_token", error_description="The access token expired"'}
    ),
    "token_expired",
    "new token",
)


@failure(
    "token expired (JWT)",
    "token_expired",
    "new token",
    "2_token",
    message="its own expiry date is 2026-01-01T00:00:00Z",
    process=True,
)
def token_expired(world: World) -> Setup:
    return Setup(world.answer(reply(401)).url + "/scim", token=jwt(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))


@failure("token expired (JWT), answered 403", "token_expired", "new token", message="(403)")
def token_expired_forbidden(world: World) -> Setup:
    return Setup(world.answer(reply(403)).url + "/scim", token=jwt(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))


@failure(
    "token expired (JWT), still accepted",
    "token_expired",
    "new token",
    message="still accepted",
    status="warning",
    exit_code=0,
)
def token_expired_accepted(world: World) -> Setup:
    return Setup(world.answer(found()).url + "/scim", token=jwt(dt.datetime(2026, 1, 1, tzinfo=dt.UTC)))


# -- the answer ------------------------------------------------------------------------

answered(
    "406 (Accept)",
    lambda seen: found() if SCIM in seen.headers["accept"] else reply(406),
    "media_type_refused",
    "a GET with any Accept",
    message=f"with Accept: {SCIM} it answers 200",
    process=True,
)
answered(
    "415 (Content-Type)",
    lambda seen: found() if SCIM in seen.headers.get("content-type", "") else reply(415),
    "media_type_refused",
    "a GET with any Content-Type",
    message="it answers 200",
    process=True,
)
answered("429", reply(429, {"detail": "slow down"}), "throttled", "Wait", "25 requests a second", process=True)
answered("429, come back in ten minutes", reply(429, headers={"Retry-After": "600"}), "throttled", "600 seconds")


@failure(
    "429 once, then well",
    "throttled",
    "25 requests a second",
    message="repeated after the wait",
    status="warning",
    exit_code=0,
)
def throttled_once(world: World) -> Setup:
    stub = world.answer(found())
    stub.replies = [reply(429, headers={"Retry-After": "0.1"})]
    return Setup(stub.url + "/scim")


answered(
    "500",
    reply(500, {"detail": "boom"}, {"X-Request-Id": "r-4711"}),
    "server_error",
    "Try again later",
    "r-4711",
    process=True,
)
answered(
    "502 with a gateway's page",
    reply(502, b"<html><title>Bad Gateway</title></html>", media_type="text/html"),
    "server_error",
    "Try again later",
)
answered(
    "400 to the filter",
    reply(400, {"scimType": "invalidFilter", "detail": "userName is not filterable"}),
    "filter_refused",
    "userName eq",
)
answered("405", reply(405), "status", "Send the vendor this request")
answered("not JSON", reply(200, b"pong", media_type="text/plain"), "not_json", "does not lead to a SCIM service")
answered(
    "not a ListResponse: one user", reply(200, PERSON, media_type=SCIM), "not_a_list", "ListResponse", process=True
)
answered("not a ListResponse: a bare list", reply(200, [PERSON], media_type=SCIM), "not_a_list", "ListResponse")
answered(
    "not a ListResponse: no total",
    reply(200, {"schemas": [LIST], "Resources": []}),
    "not_a_list",
    "totalResults as a number",
)
answered(
    "not a ListResponse: schemas is nothing",
    reply(200, {"schemas": None, "totalResults": 0}),
    "not_a_list",
    "ListResponse",
)
answered(
    "filter ignored: everybody returned",
    found(PERSON, PERSON),
    "filter_ignored",
    "Do not continue",
    message="2 results",
    process=True,
)
answered(
    "filter ignored: a total without resources",
    found(totalResults=40),
    "filter_ignored",
    "Do not continue",
    message="40 results",
)
answered(
    "wrong media type",
    searched(media_type="application/json"),
    "media_type",
    "Tell the vendor",
    status="warning",
    exit_code=0,
    process=True,
)


@failure(
    "clock skew (Date)",
    "clock_skew",
    "If this machine is wrong, set its clock",
    message="behind ours",
    status="warning",
    exit_code=0,
    process=True,
)
def clock_skew(world: World) -> Setup:
    return Setup(world.answer(searched(headers={"Date": "Thu, 01 Jan 2026 00:00:00 GMT"})).url + "/scim")


@failure("clock skew and 401", "token_refused", "The clocks differ, too")
def clock_skew_refused(world: World) -> Setup:
    return Setup(f"http://127.0.0.1:{world.raw(dated('Thu, 01 Jan 2026 00:00:00 GMT', 401))}/scim")


def dated(date: str, status: int) -> bytes:
    body = json.dumps({"schemas": [LIST], "totalResults": 0}).encode()
    return (
        f"HTTP/1.1 {status} X\r\nDate: {date}\r\nContent-Type: {SCIM}\r\nContent-Length: {len(body)}\r\nConnection:"
        " close\r\n\r\n".encode()
        + body
    )
