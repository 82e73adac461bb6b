"""Graph: parseExpression. Reads an expression and evaluates it on the test input without changing anything.

Reading and evaluating use scimkit's own implementation of the language, not Microsoft's: the result
shows that the call is well formed, never that an expression is correct.
Error codes are invented, as the reference lists none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scimkit.errors import MappingError
from scimkit.mapping import IgnoreMark, evaluate, parse
from scimkit.sandbox.envelope import bad_request, read_json
from scimkit.sandbox.schema import source_tree
from scimkit.sandbox.synchronization import find_job

COLLECTION = "#Collection(String)"
UNREADABLE, UNEVALUATED = "ExpressionParsingFailed", "ExpressionEvaluationFailed"


async def parse_expression(request: Request) -> Response:
    """An invalid expression returns a 200 that says so; an invalid request returns a 400."""
    world, _, _ = find_job(request)
    body = await read_json(request)
    expression = body.get("expression")
    if not isinstance(expression, str):
        raise bad_request("The expression is missing.", "BadRequest")
    source = _test_input(body.get("testInputObject"))
    context = f"{world.origin}/v1.0/$metadata#microsoft.graph.parseExpressionResponse"
    return JSONResponse({"@odata.context": context, **_answer(expression, source, world.clock.now)})


def _test_input(given: Any) -> dict[str, Any] | None:
    """The source attributes of an expressionInputObject. Several values need their type next to them."""
    if given is None:
        return None
    properties = None
    if isinstance(given, dict):
        properties = given.get("properties")
    if not isinstance(properties, list):
        raise bad_request("testInputObject has no properties.", "BadRequest")
    source: dict[str, Any] = {}
    for each in properties:
        if not isinstance(each, dict) or not isinstance(each.get("key"), str) or "value" not in each:
            raise bad_request("A property of testInputObject has no key or no value.", "BadRequest")
        value = each["value"]
        if isinstance(value, list) != (each.get("value@odata.type") == COLLECTION) or isinstance(value, dict):
            raise bad_request(
                f"Cannot convert the value of '{each['key']}': the type annotation is missing or wrong.", "BadRequest"
            )
        source[each["key"]] = value
    return source


def _answer(expression: str, source: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "parsingSucceeded": False,
        "parsedExpression": None,
        "evaluationSucceeded": False,
        "evaluationResult": None,
        "error": None,
    }
    try:
        answer |= {"parsedExpression": source_tree(parse(expression)), "parsingSucceeded": True}
    except MappingError as error:
        return answer | {"error": _public_error(UNREADABLE, error)}
    if source is None:
        return answer
    try:
        value = evaluate(expression, source, now=now)
    except MappingError as error:
        return answer | {"error": _public_error(UNEVALUATED, error)}
    return answer | {"evaluationSucceeded": True, "evaluationResult": _texts(value)}


def _texts(value: Any) -> list[str]:
    """The value as the service returns it, always a list of strings; that null is an empty list is (unconfirmed)."""
    if value is None or isinstance(value, IgnoreMark):
        return []
    if isinstance(value, list):
        values = value
    else:
        values = [value]
    return [json.dumps(each, ensure_ascii=False) if isinstance(each, Mapping) else str(each) for each in values]


def _public_error(code: str, error: MappingError) -> dict[str, Any]:
    return {"code": code, "message": error.message, "target": "expression", "details": [], "innerError": None}


def routes() -> list[Route]:
    return [
        Route(
            "/servicePrincipals/{sp}/synchronization/jobs/{job}/schema/parseExpression",
            parse_expression,
            methods=["POST"],
        )
    ]
