"""No answer: which of the seven causes, in a sentence, with a remedy.

None of httpx's own messages is passed on: some of them quote request headers.
"""

from __future__ import annotations

import re
import socket
import ssl
import urllib.request
from collections.abc import Iterator

import httpx

from scimkit.errors import Unreachable

NOT_SENT = frozenset({"refused", "dns", "tls", "proxy"})  # causes with which the server has surely not acted


def explain(error: httpx.HTTPError, request: httpx.Request) -> Unreachable:
    """The httpx error as scimkit's own: cause, sentence and remedy, but not its text, which may contain headers."""
    cause, sentence, remedy = _explain_proxy(error, request.url) or _explain(error, request.url.host)
    cause, _, detail = cause.partition(".")
    return Unreachable(
        f"{request.method} {request.url.path}: {sentence}",
        remedy,
        cause=cause,
        detail=detail,
        method=request.method,
        path=request.url.path,
    )


def _explain(error: httpx.HTTPError, host: str) -> tuple[str, str, str]:
    """Cause (with `tls.` its detail), sentence, remedy."""
    behind = tuple(_chain(error))
    for inner in behind:
        # later than the handshake the request may have arrived: that is a lost connection, below
        if isinstance(inner, ssl.SSLError) and isinstance(error, httpx.ConnectError):
            return _explain_tls(inner, host)
    for inner in behind:
        if isinstance(inner, socket.gaierror):
            return (
                "dns",
                f"the name {host} is not known",
                "Check the spelling of the host in the address, and this machine's network or VPN.",
            )
        if isinstance(inner, ConnectionRefusedError):
            return (
                "refused",
                f"{host} refuses the connection: no service listens there",
                "Check host and port in the address, and whether the server is running.",
            )
    if isinstance(error, httpx.TimeoutException) or any(isinstance(inner, TimeoutError) for inner in behind):
        what = "does not answer"
        if isinstance(error, httpx.ConnectTimeout):
            what = "does not accept the connection"
        return (
            "timeout",
            f"{host} {what} in time",
            "Try again. If the problem remains, a firewall may drop the packets.",
        )
    lost = any(isinstance(inner, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)) for inner in behind)
    if (
        lost
        or isinstance(error, (httpx.ReadError, httpx.WriteError, httpx.CloseError))
        or re.search("disconnected|closed connection", str(error))
    ):
        return (
            "reset",
            f"{host} closed the connection without an answer",
            "Try again. If the problem remains, check the server's own log, or a firewall in between.",
        )
    if isinstance(error, httpx.ConnectError):
        return (
            "refused" if _is_refusal(error) else "other",
            f"{host} cannot be reached",
            "Check host and port in the address, and this machine's network or VPN.",
        )
    return (
        "other",
        f"{host} returns something that is not HTTP ({type(error).__name__})",
        "Check that the address and port belong to the web service.",
    )


def _explain_proxy(error: httpx.HTTPError, url: httpx.URL) -> tuple[str, str, str] | None:
    """The cause if a proxy is at fault: it refuses, or it cannot be reached itself."""
    if isinstance(error, httpx.ProxyError):
        status = re.match(r"\d{3}\b", str(error))
        if status and status[0] == "407":
            wants = " (407: it requires a name and password)"
        elif status:
            wants = f" ({status[0]})"
        else:
            wants = ""
        sign_in = "Ask"
        if "407" in wants:
            sign_in = "Sign in to the proxy as its owner requires, or ask"
        return (
            "proxy",
            f"the proxy refuses the connection to {url.host}{wants}",
            f"{sign_in} the owner of the proxy (HTTPS_PROXY) to allow this host, or name it in NO_PROXY.",
        )
    unmet = any(isinstance(inner, (socket.gaierror, ConnectionRefusedError)) for inner in _chain(error))
    if isinstance(error, httpx.ConnectError) and unmet and _has_proxy(url):
        return (
            "proxy",
            f"the proxy configured on this machine for {url.host} cannot be reached",
            "Check HTTPS_PROXY: its host and port, and whether it is still needed. Or name the host in NO_PROXY.",
        )
    return None


def _has_proxy(url: httpx.URL) -> bool:
    """Whether the environment sends requests for `url` through a proxy; never those for this machine itself."""
    if url.host in ("localhost", "::1") or url.host.startswith("127."):
        return False
    known = urllib.request.getproxies()
    return bool(known.get(url.scheme) or known.get("all")) and not urllib.request.proxy_bypass(url.host)


def _is_refusal(error: httpx.HTTPError) -> bool:
    return "refused" in str(error).lower()


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _explain_tls(error: ssl.SSLError, host: str) -> tuple[str, str, str]:
    reason = str(getattr(error, "verify_message", "") or getattr(error, "reason", "") or "").lower()
    if "expired" in reason:
        return (
            "tls.expired",
            f"the certificate of {host} has expired",
            "Its owner must renew it. If the clock of this machine is wrong, correct it.",
        )
    if "hostname" in reason or "mismatch" in reason or "ip address" in reason:
        return (
            "tls.wrong_name",
            f"the certificate is not valid for {host}",
            "Use the host name in the certificate. A wrong address or a proxy in between can cause this.",
        )
    if "self" in reason or "issuer" in reason or "unable to get" in reason or "trust" in reason:
        return (
            "tls.unknown_root",
            f"the certificate of {host} was issued by an authority this machine does not trust",
            (
                "For a company's own authority, give its root with ca_file. A public service must send its whole chain."
                " Entra itself accepts public authorities only."
            ),
        )
    if "wrong_version" in reason or "http_request" in reason:
        return (
            "tls.not_tls",
            f"{host} does not speak TLS on that port",
            "Check the port, and whether the address needs https or http.",
        )
    shown = re.sub(r"[^a-z0-9 _-]", "", reason)[:80]
    return (
        "tls",
        f"no secure connection to {host}" + (f" ({shown})" if shown else ""),
        "Entra requires TLS 1.2 with a public certificate. Ask the server's owner to check it.",
    )
