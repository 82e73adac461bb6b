"""The small part of OData that the kit's calls need: $filter, $select, $top, $orderby, $count, paging.

Anything that is not supported is refused with 400 in Graph's words; nothing is
silently ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from scimkit.sandbox.envelope import bad_request

Item = dict[str, Any]
Test = Callable[[Item], bool]

_TOKENS = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z)|(?P<name>[A-Za-z_][\w/]*)|(?P<mark>[(),]))\s*"
)
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "startswith": lambda value, part: value.startswith(part),
    "endswith": lambda value, part: value.endswith(part),
    "contains": lambda value, part: part in value,
}
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a is not None and a > b,
    "lt": lambda a, b: a is not None and a < b,
    "ge": lambda a, b: a is not None and a >= b,
    "le": lambda a, b: a is not None and a <= b,
}


def unsupported(text: str) -> Exception:
    return bad_request(
        f"Unsupported or invalid query filter clause specified for property '{text}' of this resource.",
        "Request_UnsupportedQuery",
    )


def look_up(item: Item, path: str) -> Any:
    """`servicePrincipal/id` in nested objects; None where something is missing."""
    value: Any = item
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value


class _Reader:
    """Recursive descent: or, and, one comparison or function, parentheses."""

    def __init__(self, text: str, allowed: Mapping[str, Sequence[str]], fold: bool) -> None:
        self.text, self.allowed, self.fold = text, allowed, fold
        self.tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(text):
            found = _TOKENS.match(text, position)
            if not found or found.end() == position:
                raise bad_request(
                    f"Invalid filter clause: There is an unterminated literal or a syntax error at position {position}"
                    f" in '{text}'.",
                    "BadRequest",
                )
            self.tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
            position = found.end()
        self.place = 0

    def peek(self) -> tuple[str, str]:
        if self.place < len(self.tokens):
            return self.tokens[self.place]
        return ("end", "")

    def take(self, kind: str = "", value: str = "") -> str:
        token = self.peek()
        if (kind and token[0] != kind) or (value and token[1] != value):
            raise bad_request(
                f"Invalid filter clause: Syntax error at position {self.place} in '{self.text}'.", "BadRequest"
            )
        self.place += 1
        return token[1]

    def literal(self) -> Any:
        kind, value = self.peek()
        self.place += 1
        if kind == "text":
            text = value[1:-1].replace("''", "'")
            if self.fold:
                return text.lower()
            return text
        if kind == "time":
            # as the values it is compared with
            if self.fold:
                return value.lower()
            return value
        if kind == "name" and value in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[value]
        if kind == "name" and re.fullmatch(r"[0-9a-fA-F-]{36}", value):
            return value
        raise bad_request(f"Invalid filter clause: a literal was expected in '{self.text}'.", "BadRequest")

    def property(self, operator: str = "") -> tuple[str, bool]:
        """A property, possibly inside tolower(), and whether it was."""
        name = self.take("name")
        if name == "tolower":
            self.take("mark", "(")
            inner = self.take("name")
            self.take("mark", ")")
            return inner, True
        return name, False

    def getter(self, name: str, operator: str, lowered: bool) -> Callable[[Item], Any]:
        if operator not in self.allowed.get(name, ()):
            raise unsupported(name)

        def get(item: Item) -> Any:
            value = look_up(item, name)
            if isinstance(value, str) and (lowered or self.fold):
                return value.lower()
            return value

        return get

    def term(self) -> Test:
        if self.peek() == ("mark", "("):
            self.take()
            inner = self.either()
            self.take("mark", ")")
            return inner
        kind, name = self.peek()
        if kind == "name" and name.lower() in _FUNCTIONS:
            self.take()
            self.take("mark", "(")
            path, lowered = self.property()
            self.take("mark", ",")
            wanted = self.literal()
            self.take("mark", ")")
            get, works = self.getter(path, name.lower(), lowered), _FUNCTIONS[name.lower()]
            return lambda item: isinstance(get(item), str) and works(get(item), wanted)
        path, lowered = self.property()
        operator = self.take("name")
        if operator not in _OPERATORS:
            raise unsupported(path)
        get, compare, wanted = self.getter(path, operator, lowered), _OPERATORS[operator], self.literal()
        return lambda item: compare(get(item), wanted)

    def both(self) -> Test:
        tests = [self.term()]
        while self.peek() == ("name", "and"):
            self.take()
            tests.append(self.term())
        return lambda item: all(test(item) for test in tests)

    def either(self) -> Test:
        tests = [self.both()]
        while self.peek() == ("name", "or"):
            self.take()
            tests.append(self.both())
        return lambda item: any(test(item) for test in tests)


def read_filter(text: str, allowed: Mapping[str, Sequence[str]], *, fold: bool = True) -> Test:
    """The test that `$filter` requests.

    allowed  property -> operators and functions it may be filtered with
    fold     compare strings without case, as the directory does; the logs do not
    """
    reader = _Reader(text, allowed, fold)
    test = reader.either()
    if reader.peek()[0] != "end":
        raise bad_request(f"Invalid filter clause: Syntax error at '{reader.peek()[1]}' in '{text}'.", "BadRequest")
    return test


KNOWN = {"$filter", "$select", "$top", "$orderby", "$count", "$expand", "$skiptoken", "$search", "$skip"}


def options(request: Request, allowed: Iterable[str]) -> dict[str, str]:
    """The query options. An option that the call does not know results in 400."""
    allowed = set(allowed)
    found = dict(parse_qsl(request.url.query, keep_blank_values=True))
    for name in found:
        if name.startswith("$") and name not in allowed:
            raise bad_request(
                f"The query specified in the URI is not valid. Query option '{name}' is not allowed.", "BadRequest"
            )
    return found


def select(item: Item, names: str | None, default: Sequence[str] | None = None) -> Item:
    """Only the selected properties, always with `id`; without $select the default properties."""
    if names:
        wanted = [name.strip() for name in names.split(",")]
        for name in wanted:
            if name not in item:
                raise bad_request(f"Could not find a property named '{name}' on this type.", "BadRequest")
        return {"id": item["id"], **{name: item[name] for name in wanted}}
    if default:
        return {name: item[name] for name in default}
    return item


def page(
    request: Request,
    origin: str,
    context: str,
    items: Sequence[Any],
    query: dict[str, str],
    *,
    default_top: int = 100,
    most: int = 999,
) -> dict[str, Any]:
    """One page, with `@odata.nextLink` when there is more. The skip token is the number already returned."""
    try:
        top, start = int(query.get("$top", default_top)), int(query.get("$skiptoken", 0))
    except ValueError:
        raise bad_request("Invalid page size or skip token specified.", "BadRequest") from None
    if not 0 < top <= most:
        raise bad_request(
            f"Invalid page size specified: '{top}'. Must be between 1 and {most} inclusive.", "BadRequest"
        )
    answer: dict[str, Any] = {"@odata.context": f"{origin}/v1.0/$metadata#{context}"}
    if query.get("$count", "").lower() == "true" and start == 0:
        answer["@odata.count"] = len(items)
    if start + top < len(items):
        rest = {name: value for name, value in query.items() if name != "$skiptoken"} | {"$skiptoken": str(start + top)}
        answer["@odata.nextLink"] = f"{origin}{request.url.path}?{urlencode(rest)}"
    answer["value"] = list(items[start : start + top])
    return answer
