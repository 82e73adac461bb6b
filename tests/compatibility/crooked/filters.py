"""SCIM filters, read and answered."""

from __future__ import annotations

import json
import re

from tests.compatibility.crooked.defects import ENTERPRISE, ENTERPRISE_NAMES, EXACT, GROUP, USER, Refused
from tests.compatibility.crooked.values import get, split_urn

TOKENS = re.compile(r'\s*(?:(\()|(\))|(\[)|(\])|("(?:[^"\\]|\\.)*")|([^\s()\[\]"]+))')
COMPARE = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "co": lambda a, b: b in a,
    "sw": lambda a, b: a.startswith(b),
    "ew": lambda a, b: a.endswith(b),
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}


class Filter:
    """A filter of RFC 7644, 3.4.2.2, as `matches(resource)`."""

    def __init__(self, text, kind, world):
        self.text, self.kind, self.world = text, kind, world
        self.tokens, place = [], 0
        while place < len(text.rstrip()):
            found = TOKENS.match(text, place)
            if found is None:
                raise self.bad(f"cannot read {text[place:]!r}")
            self.tokens.append(found[0].strip())
            place = found.end()
        self.test = self.either()
        if self.tokens:
            raise self.bad(f"unexpected {self.tokens[0]!r}")

    def bad(self, why):
        return Refused(400, f"filter: {why}", "invalidFilter")

    def next(self):
        if not self.tokens:
            raise self.bad("it ends too early")
        return self.tokens.pop(0)

    def peek(self, word):
        return bool(self.tokens) and self.tokens[0].lower() == word

    def either(self):
        terms = [self.both()]
        while self.peek("or"):
            self.next()
            terms.append(self.both())
        return lambda r: any(term(r) for term in terms)

    def both(self):
        terms = [self.one()]
        while self.peek("and"):
            if self.world.has("and_unsupported"):
                raise self.bad("and is not supported")
            self.next()
            terms.append(self.one())
        return lambda r: all(term(r) for term in terms)

    def one(self):
        if self.peek("not"):
            self.next()
            inner = self.one()
            return lambda r: not inner(r)
        if self.peek("("):
            self.next()
            inner = self.either()
            if self.next() != ")":
                raise self.bad("a ) is missing")
            return inner
        return self.comparison()

    def comparison(self):
        path = self.next()
        urn, attribute = split_urn(path)
        inner = None
        if self.peek("["):
            if self.world.has("typed_filter_unsupported"):
                raise self.bad("value paths are not supported")
            self.next()
            whole, self.tokens = self.tokens, []
            depth = 1
            while whole and depth:
                token = whole.pop(0)
                depth += (token == "[") - (token == "]")
                if depth:
                    self.tokens.append(token)
            inner, rest = self.either(), whole
            if self.tokens:
                raise self.bad(f"unexpected {self.tokens[0]!r}")
            self.tokens = rest
            if self.tokens and self.tokens[0].startswith("."):
                attribute += self.next()
            elif not self.tokens or self.tokens[0].lower() in ("and", "or", ")"):
                return lambda r: any(inner(item) for item in listed(get(get(r, urn) if urn else r, attribute)))
        self.check_attribute(attribute)
        operator = self.next()
        if self.world.has("filter_operator_exact") and operator != operator.lower():
            raise self.bad(f"unknown operator {operator}")
        operator = operator.lower()
        if operator == "pr":
            return lambda r: any(value not in (None, "", []) for value in self.values(r, urn, attribute, inner))
        if operator not in COMPARE:
            raise self.bad(f"unknown operator {operator}")
        wanted = self.value(self.next())
        last = attribute.rpartition(".")[2].lower()
        exact = last in EXACT and not attribute.lower().startswith(("emails", "phonenumbers"))
        exact = exact or last in ("members", "manager") or (last == "username" and self.world.has("filter_value_exact"))
        exact = exact or (last == "displayname" and self.kind == "Groups" and self.world.has("group_name_exact"))

        def test(resource):
            return any(
                compare(operator, value, wanted, exact) for value in self.values(resource, urn, attribute, inner)
            )

        return test

    def check_attribute(self, attribute):
        world, low = self.world, attribute.lower()
        if world.has("external_id_filter_unsupported") and low == "externalid":
            raise self.bad("externalId cannot be searched")
        if world.has("group_name_filter_unsupported") and low == "displayname" and self.kind == "Groups":
            raise self.bad("displayName cannot be searched")
        if world.has("filter_names_exact"):
            first = attribute.partition(".")[0]
            known = [*USER, *GROUP, *ENTERPRISE_NAMES, "id", "meta", "type", "value", "primary"]
            if first not in known:
                raise self.bad(f"unknown attribute {attribute}")

    def value(self, token):
        try:
            value = json.loads(token if token.startswith('"') else token.lower())
        except ValueError:
            raise self.bad(f"{token!r} is not a value") from None
        if (
            isinstance(value, str)
            and self.world.has("special_characters_break_filter")
            and re.search(r"['\x80-\U0010ffff]", value)
        ):
            raise Refused(500, "unexpected token")
        return value

    def values(self, resource, urn, attribute, inner):
        if urn:
            holder = get(resource, urn)
        else:
            holder = resource
        first, _, sub = attribute.partition(".")
        if first.lower() == "manager" and not urn:
            holder = get(resource, ENTERPRISE)
        value = get(holder, first)
        if first.lower() == "username" and self.world.has("search_reads_mail") and resource.get("emails"):
            value = resource["emails"][0].get("value")
        if first.lower() == "username" and self.world.has("search_reads_first_name"):
            value = resource["first_name"]
        found = []
        for item in listed(value):
            if inner is not None and not inner(item):
                continue
            if sub:
                item = get(item, sub)
            elif isinstance(item, dict):
                item = get(item, "value")
            found.append(item)
        return found


def listed(value):
    if isinstance(value, list):
        return value
    if value is None:
        return []
    return [value]


def text_of(value, exact):
    if exact or not isinstance(value, str):
        return value
    return value.casefold()


def compare(operator, value, wanted, exact):
    if isinstance(value, bool) and isinstance(wanted, str):
        value = str(value)  # roles[primary eq "True"]: Entra writes the boolean in quotes
    left, right = text_of(value, exact), text_of(wanted, exact)
    try:
        return COMPARE[operator](left, right)
    except TypeError:
        return False
