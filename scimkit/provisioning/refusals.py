"""A target's refusal as the error code in the provisioning log.

From "How to download and analyze the provisioning logs" and the table of
answers as collected from the documentation and the field.
"""

from __future__ import annotations

from scimkit.errors import ApiError, Denied, Throttled, Unreachable
from scimkit.provisioning.log_codes import INVALID_ANCHOR

PREFIX = "SystemForCrossDomainIdentityManagement"
BAD_REQUEST = f"{PREFIX}BadRequest"
INCOMPATIBLE = f"{PREFIX}ServiceIncompatible"

CONFLICT = "EntryConflict"
"""The log article names `Conflict` and `EntryConflict` for 409 without distinguishing them."""

QUERY_NOT_FOUND = INCOMPATIBLE
"""A 404 to a query is a protocol fault; its code on a single object is (unconfirmed)."""

BY_STATUS = {
    400: BAD_REQUEST,
    401: "Unauthorized",
    403: "InsufficientRights",
    404: INVALID_ANCHOR,
    405: "MethodNotAllowed",
    408: "Timeout",
    409: CONFLICT,
    412: CONFLICT,
    422: "UnprocessableEntity",
    429: "TooManyRequests",
    501: "NotImplemented",
    504: "Timeout",
}
"""Status to code. 412 and 504 are (inferred); any other 5xx is `InternalServerError`."""


def error_code(error: ApiError, *, asking: bool = False) -> str:
    """The log's code for an answer of the target, or for a missing answer.

    asking  the request was a query (a match), where 404 does not mean "gone"

    >>> from scimkit.errors import Rejected
    >>> error_code(Rejected("no", status=409))
    'EntryConflict'
    """
    if isinstance(error, Unreachable):
        if error.cause == "timeout":
            return "Timeout"
        return "WebExceptionProtocolError"
    if isinstance(error, Throttled):
        return "TooManyRequests"
    status = error.status
    if status == 404 and asking:
        return QUERY_NOT_FOUND
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status is not None and status >= 500:
        return "InternalServerError"
    if status is not None and status >= 400:
        return BAD_REQUEST
    return INCOMPATIBLE


def puts_in_quarantine(error: ApiError, *, asking: bool = False) -> bool:
    """Whether this answer puts the whole job into quarantine at once: credentials
    refused, or a protocol fault such as 404 to a query ("Application provisioning
    in quarantine status"). A 403 or 404 to a single object affects only that object."""
    if isinstance(error, Denied) and error.status == 401:
        return True
    return asking and (isinstance(error, Denied) or error.status == 404)
