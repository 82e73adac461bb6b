"""Graph's responses: errors in its envelope, the synchronization service's wrapped ones, request ids.

The shapes come from the Graph error documentation and from what the synchronization
service was seen to send (it puts its own response into `message` as a string).
"""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class GraphError(Exception):
    """A response other than success, with its `details` and headers."""

    def __init__(self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.headers = headers or {}


def not_found(kind: str, key: str) -> GraphError:
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{key}' does not exist or one of its queried reference-property objects are not present.",
    )


def bad_request(message: str, code: str = "Request_BadRequest") -> GraphError:
    return GraphError(400, code, message)


def service_error(status: int, code: str, message: str | None) -> GraphError:
    """What the synchronization service says, as Graph passes it on: as a string inside `UnknownError`."""
    inner: dict[str, Any] = {
        "error": {"code": code, "message": message, "target": None, "details": [], "innerError": None}
    }
    return GraphError(status, "UnknownError", json.dumps(inner, indent=2).replace("\n", "\r\n"))


def no_resource(request: Request) -> GraphError:
    """The synchronization service does not know this path (this includes PATCH of a schema)."""
    url = f"{request.url.scheme}://{request.url.netloc}{request.url.path}"
    return GraphError(
        404,
        "UnknownError",
        json.dumps({"Message": f"No HTTP resource was found that matches the request URI '{url}'."}),
    )


def error_response(error: GraphError, *, clock_text: str, request_id: str, client_request_id: str) -> Response:
    body = {
        "error": {
            "code": error.code,
            "message": error.message,
            "innerError": {
                "date": clock_text.removesuffix("Z"),
                "request-id": request_id,
                "client-request-id": client_request_id,
            },
        }
    }
    return JSONResponse(body, status_code=error.status, headers=error.headers)


async def read_json(request: Request) -> dict[str, Any]:
    """The body as an object; otherwise 400 in Graph's words."""
    raw = await request.body()
    if not raw.strip():
        raise bad_request("Empty Payload. JSON content expected.", "BadRequest")
    try:
        body = json.loads(raw)
    except ValueError:
        raise bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON"
            " format.",
            "BadRequest",
        ) from None
    if not isinstance(body, dict):
        raise bad_request("Unable to read JSON request payload: an object was expected.", "BadRequest")
    return body


def created(body: Any) -> Response:
    return JSONResponse(body, status_code=201)


def no_content() -> Response:
    return Response(status_code=204)
