"""One way to the network: TLS, proxies, timeouts, retries, and a token that goes only where it belongs.

`open_client` returns an `httpx.Client` that is safe for the rest of the package:

- the token is sent to the origin of `base_url` and nowhere else; redirects are
  never followed, they are returned as they are;
- https only, plain http only on the loopback interface;
- certificates are checked by the system's own store (truststore), plus
  `ca_file` for a private root; this cannot be turned off;
- a missing answer is an `Unreachable` with one of seven causes and a remedy, without
  the request's headers, which httpx puts into some of its messages;
- repeatable requests are repeated, with the wait the server asks for (Retry-After).
"""

from __future__ import annotations

import email.utils
import ipaddress
import logging
import re
import ssl
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict, Unpack

import httpx
import stamina

from scimkit.clients.unreachable import explain
from scimkit.credentials import REDACTOR, Secret
from scimkit.errors import ConfigError, CredentialError, ScimkitError, Unreachable

CONNECTIONS = 8  # httpx slows down past that, and vendors do too
ATTEMPTS = 5
PATIENCE_SECONDS = 300.0  # for all attempts of one request together
TIMEOUT_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 120.0  # a server that asks for more gets its answer passed on instead
RETRIED_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
RETRIED_STATUSES = frozenset({429, 503, 504})
RETRY = "scimkit_retry"  # request extension: True repeats a POST that changes nothing, False repeats nothing

Token = Secret | Callable[[], Secret] | None

# stamina reports retries at WARNING, which Python prints on stderr if logging is not set up
logging.getLogger("stamina").addHandler(logging.NullHandler())


class Options(TypedDict, total=False):
    """How a client reaches its server; every option has a default.

    ca_file          PEM file with additional trusted roots
    timeout_seconds  for connecting, and between two pieces of an answer: 30
    log              called after each attempt with method, path (no query), attempt, seconds, status (None
                     without an answer, then error has the cause), request_id; redacted
    retry            repeat requests that may be repeated: True
    wait             waits between attempts, given seconds; None: really waits (stamina)
    transport        answers instead of the network; None: the network
    """

    ca_file: str | None
    timeout_seconds: float
    log: Callable[[dict[str, Any]], None] | None
    retry: bool
    wait: Callable[[float], None] | None
    transport: httpx.BaseTransport | None


def open_client(
    base_url: str, *, token: Token = None, headers: Mapping[str, str] | None = None, **options: Unpack[Options]
) -> SteadyClient:
    """A client for the server at `base_url`; close it, or use it in a `with`.

    token    sent as `Authorization: Bearer`, or a function called for each request
    options  see `Options`

    Raises ConfigError for an address that must not get a token, or for an invalid `ca_file`.
    """
    url = checked_url(base_url)
    auth = None
    if token is not None:
        auth = TokenAuth(url, token)
    return SteadyClient(url, auth, tls_context(url, options.get("ca_file")), headers=headers or {}, options=options)


def checked_url(text: str) -> httpx.URL:
    """`text` as an address to which a token may be sent. Raises ConfigError."""
    problem = ConfigError("this is not a usable web address", "Write it like https://host.example/scim.")
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError, TypeError):
        raise problem from None
    if re.search(r"[][\s<>{}|^`\"'%\\]", url.host):  # httpx reads more than there is
        raise problem
    if url.userinfo:
        raise ConfigError(
            f"the address of {url.host} carries a user name or password",
            "Remove them from the address. Give a token by its reference.",
        )
    if url.scheme not in ("https", "http") or not url.host:
        raise ConfigError(
            "a web address starts with https:// and names a host", "Write it like https://host.example/scim."
        )
    _refuse_plain_http(url)
    return url


def _refuse_plain_http(url: httpx.URL) -> None:
    if url.scheme != "https" and not is_loopback(url.host):
        raise ConfigError(
            f"the address of {url.host} is not https: the token would be sent unencrypted",
            "Use its https:// address. Plain http is only for this machine's own loopback addresses.",
        )


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


def origin(url: httpx.URL | str) -> tuple[str, str, int]:
    """Scheme, host and port: the place a token belongs to (RFC 6454)."""
    url = httpx.URL(url)
    return url.scheme, url.host.lower(), url.port or {"https": 443, "http": 80}.get(url.scheme, 0)


def tls_context(url: httpx.URL, ca_file: str | None) -> ssl.SSLContext:
    """The context that verifies certificates.

    For a loopback http address an empty context is enough: it trusts no one,
    and building the real one takes longer than a request.
    """
    if url.scheme == "http" and not ca_file:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    import truststore

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file:
        try:
            context.load_verify_locations(cafile=str(Path(ca_file).expanduser()))
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"ca_file {ca_file} contains no readable certificate ({type(error).__name__})",
                "Give a PEM file with the root certificate.",
            ) from None
    return context


class TokenAuth(httpx.Auth):
    """Sets Authorization when a request is sent, if its destination is where the token belongs."""

    def __init__(self, home: httpx.URL, token: Secret | Callable[[], Secret]) -> None:
        self.home, self.token = origin(home), token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if origin(request.url) == self.home:
            if isinstance(self.token, Secret):
                secret = self.token
            else:
                secret = self.token()
            REDACTOR.register(secret)
            value = secret.reveal()
            if not re.fullmatch(r"[\x21-\x7e]+", value):  # httpx would repeat the value in its error
                raise CredentialError(
                    "the token contains characters that cannot be sent",
                    "Enter it again, without spaces and line breaks.",
                )
            request.headers["Authorization"] = f"Bearer {value}"
        yield request


@dataclass(frozen=True, slots=True)
class _Attempt:
    """The outcome of one attempt. sent: whether the server may have acted on it."""

    response: httpx.Response | None
    error: ScimkitError | None
    sent: bool


class _Again(Exception):
    """Carries an attempt through the retry library; never leaves this module."""

    def __init__(self, attempt: _Attempt) -> None:
        super().__init__("to be repeated")
        self.attempt = attempt


class SteadyClient(httpx.Client):
    """An httpx client whose `send` repeats what may be repeated and raises our errors. Created by `open_client`."""

    def __init__(
        self,
        url: httpx.URL,
        auth: httpx.Auth | None,
        context: ssl.SSLContext,
        *,
        headers: Mapping[str, str],
        options: Options,
    ) -> None:
        super().__init__(
            transport=options.get("transport"),
            base_url=url.copy_with(query=None, fragment=None),
            auth=auth,
            verify=context,
            timeout=options.get("timeout_seconds", TIMEOUT_SECONDS),
            headers=dict(headers),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
            # a proxy from the environment must not get what is for this machine
            trust_env=not is_loopback(url.host),
            follow_redirects=False,
        )
        self._log, self._wait = options.get("log"), options.get("wait")
        self._retry = options.get("retry", True)

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """The answer, with any status; Unreachable if there is none."""
        options["follow_redirects"] = False
        _refuse_plain_http(request.url)
        wish = request.extensions.get(RETRY)
        if not self._retry or wish is False:
            return _outcome(self._attempt(request, options, 1))
        return self._send_again(request, options, repeatable=request.method in RETRIED_METHODS or wish is True)

    def _send_again(self, request: httpx.Request, options: dict[str, Any], *, repeatable: bool) -> httpx.Response:
        number = 0

        def wait_for(error: Exception) -> bool | float:
            if not isinstance(error, _Again):
                return False
            response = error.attempt.response
            seconds = None
            if response is not None:
                seconds = wished_wait(response)
            if self._wait is None:
                if seconds is None:
                    return True
                return seconds
            if number < ATTEMPTS:
                self._wait(min(0.5 * 2 ** (number - 1), 20.0) if seconds is None else seconds)
            return 0.0

        try:
            for attempt in stamina.retry_context(
                on=wait_for,
                attempts=ATTEMPTS,
                timeout=PATIENCE_SECONDS,
                wait_initial=0.5,
                wait_max=20.0,
                wait_jitter=0.25,
            ):
                with attempt:
                    number += 1
                    result = self._attempt(request, options, number)
                    if _may_repeat(result, repeatable):
                        raise _Again(result)
        except _Again as last:
            result = last.attempt
        return _outcome(result)

    def _attempt(self, request: httpx.Request, options: dict[str, Any], number: int) -> _Attempt:
        started = time.monotonic()
        try:
            result = _Attempt(super().send(request, **options), None, True)
        except httpx.HTTPError as error:
            result = _Attempt(
                None,
                explain(error, request),
                not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)),
            )
        except (httpx.InvalidURL, httpx.StreamError) as error:
            result = _Attempt(
                None,
                Unreachable(
                    f"{_where(request)}: the answer cannot be read ({type(error).__name__})",
                    method=request.method,
                    path=request.url.path,
                ),
                True,
            )
        if self._log is not None:
            self._log(_log_line(request, result, number, time.monotonic() - started))
        return result


def _outcome(attempt: _Attempt) -> httpx.Response:
    if attempt.error is not None:
        raise attempt.error
    assert attempt.response is not None
    return attempt.response


def _may_repeat(attempt: _Attempt, repeatable: bool) -> bool:
    """Whether to send the request again.

    Reads, and writes that end in the same state when done twice, are repeated
    after 429, 503, 504 and lost connections. Anything else is repeated only if it certainly
    did nothing: the connection was refused, or 429 with a time to come back.
    """
    if attempt.response is not None:
        status, seconds = attempt.response.status_code, wished_wait(attempt.response)
        if seconds is not None and seconds > LONGEST_WAIT_SECONDS:
            return False
        if repeatable:
            return status in RETRIED_STATUSES
        return status == 429 and seconds is not None
    if not isinstance(attempt.error, Unreachable):
        return False
    if attempt.error.cause == "refused":
        return True
    return repeatable and (attempt.error.cause == "reset" or (attempt.error.cause == "timeout" and not attempt.sent))


def wished_wait(response: httpx.Response) -> float | None:
    """The seconds a response asks to wait; a date is compared with the server's own clock, which may differ
    from ours."""
    try:
        now = email.utils.parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        now = None
    return retry_after(response.headers.get("Retry-After"), now=now if now and now.tzinfo else None)


def retry_after(text: str | None, *, now: datetime | None = None) -> float | None:
    """The seconds a `Retry-After` header asks for; None if it is missing or makes no sense.

    Whole seconds or an HTTP date (RFC 9110, 10.2.3); Graph also sends fractions
    (seen in its throttling answers). A date in the past is 0.

    >>> retry_after("2.128")
    2.128
    """
    if not text:
        return None
    if re.fullmatch(r"\s*\d+(\.\d*)?\s*", text):
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if not moment.tzinfo:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _where(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"


def _log_line(request: httpx.Request, result: _Attempt, number: int, seconds: float) -> dict[str, Any]:
    line: dict[str, Any] = {
        "method": request.method,
        "path": request.url.path,
        "attempt": number,
        "seconds": round(seconds, 3),
    }
    if result.response is not None:
        line["status"] = result.response.status_code
        line["request_id"] = result.response.headers.get("request-id", "")
    elif isinstance(result.error, Unreachable):
        line["status"], line["error"] = None, result.error.cause
    plain: dict[str, Any] = REDACTOR.plain(line)
    return plain
