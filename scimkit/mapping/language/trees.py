"""Graph's source trees, for an attributeMappingSource that comes without its text.

Omitted parameters are not in the list, so the keys decide, not the
positions. Source: Graph reference, attributeMappingSource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimkit.errors import MappingError
from scimkit.mapping.language.functions.table import FUNCTIONS
from scimkit.mapping.language.parser import MAX_DEPTH
from scimkit.mapping.language.signatures import Function
from scimkit.mapping.language.syntax import Attribute, Call, Expression, Text


def read_tree(source: Mapping[str, Any], depth: int = 0) -> Expression:
    """The expression of a source tree. Raises MappingError for a node of unknown kind."""
    kind, name = source.get("type"), source.get("name")
    if depth > MAX_DEPTH or not isinstance(name, str):
        raise MappingError("a source has neither an expression nor a name", "Read the schema again.")
    if kind == "Attribute":
        return Attribute(name)
    if kind == "Constant":
        return Text(name)
    function = FUNCTIONS.get(name.lower())
    if kind != "Function" or function is None:
        raise MappingError(f"a source of type {kind} named {name} is unknown", "Give its expression as text.")
    return Call(function.name, _arguments(function, source.get("parameters") or (), depth))


def _arguments(function: Function, parameters: Any, depth: int) -> tuple[Expression | None, ...]:
    """The arguments in signature order; a repeated key fills the repeating parameter."""
    given: dict[str, list[Expression]] = {}
    if not isinstance(parameters, (list, tuple)):
        raise MappingError(f"the parameters of {function.name} are not a list", "Read the schema again.")
    for each in parameters:
        if not isinstance(each, Mapping) or not isinstance(each.get("value"), Mapping):
            raise MappingError(f"a parameter of {function.name} has no value", "Read the schema again.")
        given.setdefault(str(each.get("key")).lower(), []).append(read_tree(each["value"], depth + 1))
    arguments: list[Expression | None] = []
    for parameter in function.parameters:
        waiting = given.get(parameter.key.lower(), [])
        if parameter.repeats:
            arguments += waiting
            waiting.clear()
        else:
            arguments.append(waiting.pop(0) if waiting else None)
    if left := [key for key, values in given.items() if values]:
        raise MappingError(f"{function.name} has an unknown parameter {left[0]}", "Give its expression as text.")
    while arguments and arguments[-1] is None:
        arguments.pop()
    return tuple(arguments)
