"""Refusals of Graph: the code and words inside its envelopes, and what to do.

The synchronization service is another service behind Graph; its own answer
arrives as JSON text inside the message of an `UnknownError`.
"""

from __future__ import annotations

import json as jsonlib
from typing import Any

import httpx

from scimkit.clients.transport import wished_wait
from scimkit.credentials import REDACTOR
from scimkit.errors import ApiError, Denied, Rejected, Throttled

JSON = dict[str, Any]
SIGN_IN = "Sign in again: the access token is not valid or has expired."
LONGEST_DETAIL = 600  # the service quotes the answer of the app in its own words


def place_of(response: httpx.Response) -> JSON:
    return {
        "method": response.request.method,
        "path": response.request.url.path,
        "status": response.status_code,
        "request_id": response.headers.get("request-id", ""),
    }


def read_error(response: httpx.Response) -> ApiError:
    """The error for a refused call; Graph's code and words, unwrapped, redacted, shortened."""
    code, said, request_id = read_envelope(response)
    where = place_of(response)
    where["request_id"] = where["request_id"] or request_id
    status, path = response.status_code, where["path"]
    words = ""
    if said:
        words = f": {said}"
    what = f"{where['method']} {path} was answered with {status}" + (
        f" ({code})" if code and code != "UnknownError" else ""
    )
    if status in (401, 403):
        return Denied(f"{what}{words}", _denied_remedy(status, path, code), code=code, **where)
    if status == 429:
        return Throttled(
            f"{what}: too many requests",
            "Wait some minutes, then continue.",
            retry_after_seconds=wished_wait(response),
            **where,
        )
    return Rejected(f"{what}{words}", _rejected_remedy(status), code=code, **where)


def is_token_refused(path: str, code: str) -> bool:
    """Whether a 401 is about the access token. The synchronization service also answers 401, as an
    UnknownError, until it knows a new service principal (seen in public issue reports)."""
    return "/synchronization" not in path or code not in ("", "UnknownError")


def _denied_remedy(status: int, path: str, code: str) -> str:
    if code == "Authentication_RequestFromNonPremiumTenantOrB2CTenant":
        return "Provisioning logs require Entra ID P1 or P2. Have the tenant licensed, or read them in the portal."
    if status == 401 and is_token_refused(path, code):
        return SIGN_IN
    if "/synchronization" in path:
        return (
            "Sign in as Application Administrator or Cloud Application Administrator with Synchronization.ReadWrite.All"
            " consented. For some minutes after the app was created, the service also answers like this: wait, then"
            " repeat."
        )
    return "The signed-in account lacks a role, or the consent of an administrator for this permission is missing."


def _rejected_remedy(status: int) -> str:
    if 300 <= status < 400:
        return "Check graph_url in scimkit.toml: Graph does not redirect."
    return {
        404: "Check that the object still exists, and that the id is the object id of the service principal.",
        409: "The object is being changed by something else, or it already exists. Wait a minute, then repeat.",
    }.get(
        status,
        (
            "Graph failed. Try again later."
            if status >= 500
            else "Correct the value that Graph names, then repeat the step."
        ),
    )


def read_envelope(response: httpx.Response) -> tuple[str, str, str]:
    """Code, message and request id of an error body, taken out of nested envelopes.

    The synchronization service's own answer arrives as JSON text inside the message
    of an UnknownError (seen in public issue reports).
    """
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return "", "", ""
    error = None
    if isinstance(body, dict):
        error = body.get("error")
    if not isinstance(error, dict):
        return "", _short(error or (body.get("Message") if isinstance(body, dict) else "")), ""
    inner = error.get("innerError") or error.get("innererror") or {}
    request_id = ""
    if isinstance(inner, dict):
        request_id = str(inner.get("request-id") or "")
    code, message = _unwrapped(str(error.get("code") or ""), str(error.get("message") or ""))
    return _short(code), _short(message), request_id


def _unwrapped(code: str, message: str, depth: int = 0) -> tuple[str, str]:
    if depth > 3 or not message.lstrip().startswith("{"):
        return code, message
    try:
        body = jsonlib.loads(message, strict=False)
    except ValueError:
        return code, message
    if not isinstance(body, dict):
        return code, message
    inner = body.get("error")
    if isinstance(inner, dict):
        return _unwrapped(str(inner.get("code") or code), str(inner.get("message") or ""), depth + 1)
    return code, str(body.get("Message") or body.get("message") or message)


def _short(text: Any) -> str:
    return REDACTOR.text(" ".join(str(text or "").split()))[:LONGEST_DETAIL]
