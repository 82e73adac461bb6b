"""The Graph emulator as one application: routes, authentication, errors in Graph's words."""

from __future__ import annotations

import uuid

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from scimkit.sandbox import applications, expressions, log_queries, on_demand, synchronization, users
from scimkit.sandbox.envelope import GraphError, error_response
from scimkit.sandbox.identity import sandbox_token
from scimkit.sandbox.world import World


def check_token(world: World, header: str | None, started: float) -> GraphError | None:
    """401 unless the header carries the sandbox's Graph token."""
    scheme, _, token = (header or "").partition(" ")
    fault = world.faults.at("graph", "token_expires")
    if not token or scheme.lower() != "bearer":
        return GraphError(401, "InvalidAuthenticationToken", "Access token is empty.")
    if token != sandbox_token(world.seed, "graph"):
        return GraphError(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
    if fault is not None and world.clock.now.timestamp() - started >= fault.value:
        return GraphError(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
    return None


def make_emulator(world: World) -> Starlette:
    """The application below `/v1.0`."""
    started = world.clock.now.timestamp()

    def answer(request: Request, error: GraphError) -> Response:
        request_id = request.scope.setdefault("scimkit_request_id", str(uuid.uuid4()))
        client_id = request.headers.get("client-request-id", request_id)
        return error_response(error, clock_text=world.clock.text, request_id=request_id, client_request_id=client_id)

    async def graph_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, GraphError)
        return answer(request, error)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            return answer(
                request,
                GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."),
            )
        segment = request.url.path.rstrip("/").rpartition("/")[2]
        return answer(request, GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'."))

    app = Starlette(
        routes=[
            *applications.routes(),
            *users.routes(),
            *synchronization.routes(),
            *expressions.routes(),
            *on_demand.routes(),
            *log_queries.routes(),
        ],
        exception_handlers={GraphError: graph_error, HTTPException: http_error},
    )
    app.router.redirect_slashes = False
    app.state.world = world
    app.state.check = lambda header: check_token(world, header, started)
    app.state.answer = answer
    return app
