"""A SCIM server of its own process that is right, or wrong in exactly the ways it is told to be.

Written from RFC 7643, RFC 7644 and Microsoft's "Develop and plan provisioning for a SCIM
endpoint"; it shares no code with scimkit and has no dependency. One process holds any number
of worlds: the first segment of the path names the defects, joined by `+`; what follows a `~`
keeps worlds of the same defects apart:

    http://127.0.0.1:PORT/plain~1/scim/v2                    right in everything
    http://127.0.0.1:PORT/no_groups+op_case~2/scim/v2        two defects

`GET /WORLD/-/state` shows what a world holds, `POST /WORLD/-/reset` empties it, and after `POST /WORLD/-/hold`
{"write": 7, "when": "before"} the seventh write hangs, not yet done (or `after` it is), until `-/release`; all for
tests. `python crooked.py` prints `{"url": …, "token": …}` when ready and serves until its input ends.
"""

from __future__ import annotations

import copy
import http.server
import json
import re
import socket
import sys
import threading
import time
import urllib.parse
import uuid

TOKEN = "crooked-server-token-0123456789"
SCIM = "application/scim+json"
CORE = {"Users": "urn:ietf:params:scim:schemas:core:2.0:User", "Groups": "urn:ietf:params:scim:schemas:core:2.0:Group"}
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0:"

DEFECTS = {
    # searching
    "empty_search_404": "a query without a hit is answered with 404",
    "plain_get_406": "a GET whose Accept does not name the SCIM media type: 406",
    "plain_get_415": "a GET without Content-Type: 415",
    "filter_ignored": "the filter parameter is not looked at",
    "filter_names_exact": "attribute names in filters are compared with case",
    "filter_operator_exact": "operators in filters must be in lower case",
    "filter_value_exact": "userName is searched with case",
    "and_unsupported": "a filter with `and`: 400",
    "typed_filter_unsupported": "a filter with a value path: 400",
    "external_id_filter_unsupported": "a filter by externalId: 400",
    "group_name_filter_unsupported": "a filter by a group's displayName: 400",
    "special_characters_break_filter": "a value with an apostrophe or a letter outside ASCII: 500",
    "plus_not_decoded": "a + in the query stays a +",
    "list_as_array": "a query is answered with a bare JSON array",
    "total_missing": "list answers have no totalResults",
    "start_index_missing": "list answers have neither startIndex nor itemsPerPage",
    "paging_ignored": "startIndex and count are not looked at",
    "paging_endless": "startIndex is not looked at, count is, and totalResults says a million",
    "members_returned": "excludedAttributes is not looked at",
    "search_reads_mail": "a search by userName looks into the first mail address, where there is one",
    "search_reads_first_name": "a search by userName finds people by the name they were created with",
    "members_hidden": "members are taken and never shown",
    "group_name_exact": "a group's displayName is searched with case",
    "inactive_hidden_from_search": "queries leave out users who are switched off",
    "inactive_hidden": "users who are switched off are 404",
    # creating
    "create_200": "200 instead of 201 and 204; harmless",
    "create_without_id": "the answer to a create has no id",
    "duplicates_accepted": "userName and displayName need not be unique",
    "conflict_without_scim_type": "409 without scimType; harmless",
    "conflict_500": "a duplicate is answered with 500",
    "username_lowered": "userName is stored in lower case",
    "phone_reformatted": "phone numbers are stored with their digits only",
    "title_dropped": "title is accepted and not stored",
    "unknown_schema_refused": "a schema URI the server does not know: 400",
    "null_refused": "null as a value: 400",
    "formatted_is_display": "name.formatted is displayName, whatever was sent",
    "formatted_wins": "displayName becomes name.formatted where both are changed in one message",
    "ids_of_names": "the id is the userName a person was created with, also a second time; harmless",
    "manager_answered_bare": "the manager is returned as a text",
    "manager_string_refused": "the manager as a text: 400",
    "manager_object_refused": "the manager as an object or a list: 400",
    "enterprise_dropped": "the enterprise extension is accepted and not stored",
    "create_drops_typed": "only the first element of emails, phoneNumbers and addresses is stored on create",
    # changing
    "patch_405": "PATCH: 405",
    "op_exact": "op must be in lower case",
    "string_boolean_refused": "a boolean as text: 400",
    "false_text_is_true": 'the text "False" is taken as true',
    "typed_missing_refused": "a typed path that matches no element: 400 noTarget",
    "typed_replaces_list": "a typed path replaces the whole list",
    "patch_not_stored": "PATCH answers 204 and stores nothing",
    "active_not_stored": "PATCH answers 204 and leaves active as it was",
    "patch_first_only": "of several operations only the first is done",
    "patch_not_atomic": "operations before the one that fails stay done",
    "pathless_refused": "an operation without path: 400",
    "dotted_keys_literal": "a dotted key in an operation without path is stored as it is written",
    "urn_keys_refused": "a URN key in an operation without path: 400",
    "urn_path_refused": "a URN path: 400",
    "id_changes_on_rename": "a new userName gives a new id",
    "unknown_path_500": "a path the server does not know: 500",
    # groups
    "no_groups": "there is no /Groups",
    "group_op_exact": "op of a group's PATCH must be in lower case; another one is passed over",
    "remove_member_clears_all": "removing one member by value removes all",
    "remove_by_value_refused": "removing a member by value: 400",
    "remove_by_filter_refused": "removing a member by path filter: 400",
    "several_members_first_only": "of several members in one PATCH only the first is stored",
    "member_twice": "a member added twice is a member twice",
    "members_lost_when_inactive": "who is switched off loses the memberships",
    "group_patch_405": "PATCH of a group: 405",
    # deleting
    "delete_405": "DELETE: 405",
    "delete_is_soft": "DELETE switches off and still shows the user",
    # the way there
    "token_not_checked": "any token will do, and none",
    "json_media_type": "answers are application/json",
    "text_media_type": "answers are text/plain",
    "html_errors": "errors are web pages",
    "lag": "reads show what was there 0.04 seconds ago",
    "slow": "every answer takes 0.2 seconds",
    "closes_connections": "every seventh connection is closed instead of an answer, before anything is done",
    "closes_after_acting": "every seventh connection is closed instead of an answer, after the work is done",
    "throttles": "every 24th of the first 100 requests is 429 with Retry-After 1",
    "refuses_unknown_parameters": "a query parameter SCIM does not know: 400",
}  # fmt: skip
HARMLESS = ("create_200", "conflict_without_scim_type")
LAG_SECONDS, SLOW_SECONDS, EVERY = 0.04, 0.2, 7

MULTI = {"emails", "phonenumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509certificates", "members"}
USER = (
    "userName externalId displayName nickName profileUrl title userType preferredLanguage locale timezone active"
    " password name emails phoneNumbers ims photos addresses entitlements roles x509Certificates"
).split()
GROUP = "displayName externalId members".split()
ENTERPRISE_NAMES = "employeeNumber costCenter organization division department manager".split()
EXACT = {"id", "externalid", "value", "$ref", "resourcetype", "location", "version"}  # compared with case


class Refused(Exception):
    """An answer that is an error: status, scimType, detail."""

    def __init__(self, status, detail, scim_type=""):
        super().__init__(detail)
        self.status, self.detail, self.scim_type = status, detail, scim_type


# -- names and values ----------------------------------------------------------------


def key_of(holder, name):
    """The key of `holder` that is `name` in some case, else `name`."""
    return next((key for key in holder if key.lower() == name.lower()), name)


def get(holder, name):
    if isinstance(holder, dict):
        return holder.get(key_of(holder, name))
    return None


def split_urn(path):
    """(URN or "", rest): core URNs count as none; a URN of a whole extension has an empty rest."""
    if not path.lower().startswith("urn:"):
        return "", path
    for urn in (*CORE.values(), ENTERPRISE):
        if path.lower() == urn.lower():
            return ("" if urn in CORE.values() else urn), ""
        if path.lower().startswith(urn.lower() + ":"):
            return ("" if urn in CORE.values() else urn), path[len(urn) + 1 :]
    head, _, rest = path.partition("[")[0].rpartition(":")
    if rest.lower() in ("user", "group"):
        return path, ""
    return head, path[len(head) + 1 :]


def as_boolean(value, world):
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        if world.has("string_boolean_refused"):
            raise Refused(400, "expected a boolean and found a string", "invalidValue")
        if world.has("false_text_is_true"):
            return True
        return value.lower() == "true"
    raise Refused(400, "expected a boolean", "invalidValue")


def as_manager(value, world):
    """{"value": id} from a text, an object or a list of one; None clears."""
    if isinstance(value, str):
        if world.has("manager_string_refused"):
            raise Refused(400, "manager: cannot deserialise a string as an object", "invalidValue")
        if value:
            return {"value": value}
        return None
    if world.has("manager_object_refused"):
        raise Refused(400, "manager must be a string", "invalidValue")
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        raise Refused(400, "manager must be an id", "invalidValue")
    if value.get("value"):
        return {"value": value["value"]}
    return None


def normal(kind, name, value, world):
    """A value of the top-level attribute `name` as it is stored; None: no value."""
    if value is None:
        if world.has("null_refused"):
            raise Refused(400, f"{name} must not be null", "invalidValue")
        return None
    low = name.lower()
    if low == "active":
        return as_boolean(value, world)
    if low in MULTI:
        items = [normal_item(item, world) for item in (value if isinstance(value, list) else [value])]
        if items:
            return one_primary(items)
        return None
    if low == "name" and not isinstance(value, dict):
        raise Refused(400, "name must be an object", "invalidValue")
    if low in ("username", "displayname", "externalid", "title") and not isinstance(value, str):
        raise Refused(400, f"{name} must be text", "invalidValue")
    if low == "username" and world.has("username_lowered"):
        value = value.lower()
    if isinstance(value, dict):
        value = {key: inner for key, inner in value.items() if inner is not None}
    return value


def normal_item(item, world):
    if isinstance(item, str):
        item = {"value": item}
    if not isinstance(item, dict):
        raise Refused(400, "an element of a list must be an object", "invalidValue")
    kept = {key: value for key, value in item.items() if value is not None}
    if "primary" in kept:
        kept["primary"] = as_boolean(kept["primary"], world)
    return kept


def one_primary(items):
    """The last primary one stays so (RFC 7643, 2.4)."""
    primaries = [item for item in items if item.get("primary") is True]
    for item in primaries[:-1]:
        item["primary"] = False
    return items


# -- filters -------------------------------------------------------------------------

TOKENS = re.compile(r'\s*(?:(\()|(\))|(\[)|(\])|("(?:[^"\\]|\\.)*")|([^\s()\[\]"]+))')


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


# -- PATCH ---------------------------------------------------------------------------

PATH = re.compile(r"(?P<attribute>[A-Za-z$][\w$-]*)(?:\[(?P<filter>.*)\])?(?:\.(?P<sub>[A-Za-z$][\w$-]*))?")


def canonical(kind, urn, name):
    """The attribute as the schema spells it; Refused where there is none of that name."""
    if urn and urn != ENTERPRISE:
        return name  # a custom extension: taken as it comes
    if urn:
        known = ENTERPRISE_NAMES
    elif kind == "Users":
        known = USER
    else:
        known = GROUP
    for one in known:
        if one.lower() == name.lower():
            return one
    if name.lower() in ("id", "meta", "groups", "schemas"):
        raise Refused(400, f"{name} is read-only", "mutability")
    raise Refused(400, f"there is no attribute {name}", "invalidPath")


class Patch:
    """The operations of one PATCH on a copy of a resource (RFC 7644, 3.5.2)."""

    def __init__(self, kind, resource, world):
        self.kind, self.resource, self.world = kind, resource, world

    def apply(self, operation):
        world = self.world
        if not isinstance(operation, dict) or not isinstance(operation.get("op"), str):
            raise Refused(400, "an operation needs op", "invalidSyntax")
        if world.has("group_op_exact") and self.kind == "Groups" and operation["op"] != operation["op"].lower():
            return None
        if world.has("op_exact"):
            op = operation["op"]
        else:
            op = operation["op"].lower()
        if op not in ("add", "replace", "remove"):
            raise Refused(400, f"unknown op {operation['op']}", "invalidSyntax")
        path, value = operation.get("path"), operation.get("value")
        if not path:
            return self.without_path(op, value)
        if world.has("urn_path_refused") and path.lower().startswith("urn:"):
            raise Refused(400, "colons are not allowed in a path", "invalidPath")
        self.at(op, path, value, "value" in operation)
        return None

    def without_path(self, op, value):
        if op == "remove":
            raise Refused(400, "remove needs a path", "noTarget")
        if self.world.has("pathless_refused"):
            raise Refused(400, "path is required", "invalidPath")
        if not isinstance(value, dict):
            raise Refused(400, "an operation without path needs an object", "invalidValue")
        for key, inner in value.items():
            if key.lower() == "schemas":
                continue
            urn, rest = split_urn(key)
            if urn and self.world.has("urn_keys_refused"):
                raise Refused(400, f"there is no attribute {key}", "invalidPath")
            if not urn and "." in rest and self.world.has("dotted_keys_literal"):
                self.resource[key] = inner
            elif urn and not rest:
                for name, one in (inner or {}).items():
                    self.at(op, f"{urn}:{name}", one, True)
            else:
                try:
                    self.at(op, key, inner, True)
                except Refused as error:
                    if error.scim_type != "invalidPath":
                        raise

    def at(self, op, path, value, given):
        urn, rest = split_urn(path)
        if urn and not rest:
            for name, one in (value or {}).items():
                self.at(op, f"{urn}:{name}", one, True)
            return
        found = PATH.fullmatch(rest)
        if found is None:
            raise Refused(400, f"the path {path!r} cannot be read", "invalidPath")
        if self.kind == "Users" and not urn and rest.lower() == "manager":
            urn = ENTERPRISE  # the listing of Microsoft's tutorial leaves the URN out
        name = canonical(self.kind, urn, found["attribute"])
        if self.world.has("active_not_stored") and name == "active":
            return
        if urn and op != "remove" and urn not in self.resource:
            self.resource[urn] = {}
        if urn:
            holder = self.resource.get(urn, {})
        else:
            holder = self.resource
        if found["filter"] is not None:
            self.typed(op, holder, name, text=found["filter"], sub=found["sub"], value=value)
        elif found["sub"]:
            self.nested(op, holder, name, found["sub"], value)
        elif name == "members" and op == "remove" and given:
            self.remove_members(holder, value)
        else:
            self.whole(op, holder, name, value)
        if urn and not holder:
            self.resource.pop(urn, None)

    def nested(self, op, holder, name, sub, value):
        inner = None
        if not isinstance(holder.get(name), list):
            inner = dict(holder.get(name) or {})
        if name == "manager" and inner is not None and op != "remove":
            return self.whole(op, holder, name, value)
        if inner is None:
            for item in holder[name]:
                item[key_of(item, sub)] = value
            return None
        if op == "remove" or value is None:
            inner.pop(key_of(inner, sub), None)
        else:
            inner[key_of(inner, sub)] = value
        return self.put(holder, name, inner or None)

    def whole(self, op, holder, name, value):
        if op == "remove":
            return self.put(holder, name, None)
        if name == "manager":
            return self.put(holder, name, as_manager(value, self.world) if value is not None else None)
        new = normal(self.kind, name, value, self.world)
        if name.lower() in MULTI and op == "add" and new:
            if name == "members" and self.world.has("several_members_first_only"):
                new = new[:1]
            old = list(holder.get(name) or [])
            twice = name == "members" and self.world.has("member_twice")
            if name == "members" and not twice:
                old_ids = {item.get("value") for item in old}
                fresh = list({item.get("value"): item for item in new if item.get("value") not in old_ids}.values())
            else:
                fresh = [item for item in new if twice or item not in old]
            new = one_primary(old + fresh)
        elif name.lower() not in MULTI and isinstance(new, dict) and isinstance(holder.get(name), dict):
            new = {**holder[name], **new}
        return self.put(holder, name, new)

    def typed(self, op, holder, name, *, text, sub, value):
        world = self.world
        if name == "members" and op == "remove" and world.has("remove_by_filter_refused"):
            raise Refused(400, "filters are not supported in a path", "invalidPath")
        test = Filter(text, self.kind, Anything()).test
        items = [dict(item) for item in holder.get(name) or []]
        hits = [item for item in items if test(item)]
        if op == "remove" or value is None:
            if sub:
                for item in hits:
                    item.pop(key_of(item, sub), None)
            else:
                found = {id(hit) for hit in hits}
                items = [item for item in items if id(item) not in found]
            return self.put(holder, name, items or None)
        if not hits:
            if world.has("typed_missing_refused"):
                raise Refused(400, f"no element matches {text}", "noTarget")
            found = re.fullmatch(r'\s*(\w+)\s+eq\s+(?:"([^"]*)"|(\w+))\s*', text, re.IGNORECASE)
            if found is None:
                raise Refused(400, f"no element matches {text}", "noTarget")
            if found[2] is not None:
                wanted = found[2]
            else:
                wanted = found[3]
            element = {found[1]: wanted.lower() == "true" if found[1].lower() == "primary" else wanted}
            items.append(element)
            hits = [element]
        if world.has("typed_replaces_list"):
            items = hits
        for item in hits:
            if sub:
                item[key_of(item, sub)] = as_boolean(value, world) if sub.lower() == "primary" else value
            else:
                item.update(normal_item(value, world))
        return self.put(holder, name, one_primary(items))

    def remove_members(self, holder, value):
        if self.world.has("remove_by_value_refused"):
            raise Refused(400, "value must not be set for remove", "invalidSyntax")
        if self.world.has("remove_member_clears_all") or value is None:
            return self.put(holder, "members", None)
        gone = {item.get("value") if isinstance(item, dict) else item for item in listed(value)}
        return self.put(
            holder, "members", [item for item in holder.get("members") or [] if item.get("value") not in gone] or None
        )

    @staticmethod
    def put(holder, name, value):
        if value is None:
            holder.pop(name, None)
        else:
            holder[name] = value


class Anything:
    """A world without defects, for filters inside paths."""

    @staticmethod
    def has(_):
        return False


# -- a world -------------------------------------------------------------------------


class World:
    """The resources of one address, and the defects it has."""

    def __init__(self, name, base):
        self.name, self.base = name, base
        self.defects = set(name.partition("~")[0].split("+")) - {"plain"}
        if unknown := self.defects - set(DEFECTS):
            raise Refused(404, f"there is no defect {', '.join(sorted(unknown))}")
        self.lock = threading.RLock()
        self.reset()

    def reset(self):
        self.kept = {"Users": {}, "Groups": {}}
        self.history = [(0.0, copy.deepcopy(self.kept))]
        self.requests = self.writes = self.made = 0
        self.log = []
        self.hold, self.held, self.released = None, threading.Event(), threading.Event()

    def has(self, defect):
        return defect in self.defects

    def seen(self):
        """What reads see."""
        if not self.has("lag"):
            return self.kept
        until = time.monotonic() - LAG_SECONDS
        return next(kept for when, kept in reversed(self.history) if when <= until)

    def new_id(self):
        """The same ids in the same order after each reset, so that recorded requests can be sent again."""
        self.made += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{self.made}"))

    def changed(self):
        if self.has("lag"):
            self.history.append((time.monotonic(), copy.deepcopy(self.kept)))

    # what a resource looks like from outside
    def shown(self, kind, resource, *, without=(), only=()):
        shown = copy.deepcopy(resource)
        extensions = [key for key in shown if key.lower().startswith("urn:")]
        shown = {"schemas": [CORE[kind], *extensions], "id": shown["id"], **shown}
        shown.pop("first_name", None)
        if kind == "Groups" and self.has("members_hidden"):
            shown["members"] = []
        shown["meta"] = {
            "resourceType": kind[:-1],
            "location": f"{self.base}/{kind}/{resource['id']}",
            **shown.pop("times"),
        }
        if kind == "Users":
            groups = []
            for group in self.kept["Groups"].values():
                if any(member.get("value") == resource["id"] for member in group.get("members") or ()):
                    groups.append(group)
            if groups:
                shown["groups"] = [{"value": g["id"], "display": g.get("displayName")} for g in groups]
            manager = (shown.get(ENTERPRISE) or {}).get("manager")
            if manager:
                shown[ENTERPRISE]["manager"] = (
                    manager["value"]
                    if self.has("manager_answered_bare")
                    else {**manager, "$ref": f"{self.base}/Users/{manager['value']}"}
                )
        if only:
            kept = {name.partition(".")[0].lower() for name in only} | {"id", "schemas"}
            shown = {key: value for key, value in shown.items() if key.lower() in kept}
        hidden = {name.lower() for name in without}
        return {key: value for key, value in shown.items() if key.lower() not in hidden}

    # -- the requests
    def search(self, kind, query):
        text = query.get("filter")
        everything = list(self.seen()[kind].values())
        if self.has("inactive_hidden") or (self.has("inactive_hidden_from_search") and text):
            everything = [one for one in everything if one.get("active") is not False]
        if text is not None and not self.has("filter_ignored"):
            test = Filter(text, kind, self).test
            everything = [one for one in everything if test({**one, "schemas": []})]
        if not everything and text is not None and self.has("empty_search_404"):
            raise Refused(404, "no resource was found")
        total, start, count = len(everything), self.number(query, "startIndex", 1), self.number(query, "count", 100)
        start, count = max(1, start), max(0, count)
        if self.has("paging_ignored"):
            page, start = everything, 1
        elif self.has("paging_endless"):
            page, start, total = everything[:count], 1, 1_000_000 if text is None else total
        else:
            page = everything[start - 1 : start - 1 + count]
        items = [self.shown(kind, one, **self.wanted(query)) for one in page]
        if self.has("list_as_array"):
            return 200, items
        body = {
            "schemas": [MESSAGES + "ListResponse"],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": len(items),
            "Resources": items,
        }
        for name in ["totalResults"] * self.has("total_missing") + ["startIndex", "itemsPerPage"] * self.has(
            "start_index_missing"
        ):
            body.pop(name)
        return 200, body

    @staticmethod
    def number(query, name, default):
        try:
            return int(query.get(name, default))
        except ValueError:
            raise Refused(400, f"{name} is not a number", "invalidValue") from None

    def wanted(self, query):
        names = {
            "only": query.get("attributes", ""),
            "without": "" if self.has("members_returned") else query.get("excludedAttributes", ""),
        }
        return {key: list(filter(None, map(str.strip, text.split(",")))) for key, text in names.items()}

    def find(self, kind, id, kept=None):
        resource = (kept or self.kept)[kind].get(id)
        if resource is None or (self.has("inactive_hidden") and resource.get("active") is False):
            raise Refused(404, f"{kind[:-1]} {id} was not found")
        return resource

    def create(self, kind, body):
        self.check_schemas(kind, body)
        resource = self.taken(kind, body)
        if kind == "Users":
            resource.setdefault("active", True)
        if self.has("create_drops_typed"):
            for name in ("emails", "phoneNumbers", "addresses"):
                if name in resource:
                    resource[name] = resource[name][:1]
        self.check(kind, resource)
        resource["id"], resource["times"] = self.new_id(), {"created": now(), "lastModified": now()}
        if self.has("ids_of_names") and kind == "Users":
            resource["id"] = resource["userName"]
        if self.has("search_reads_first_name") and kind == "Users":
            resource["first_name"] = resource["userName"]
        self.kept[kind][resource["id"]] = resource
        self.changed()
        shown = self.shown(kind, resource)
        if self.has("create_without_id"):
            del shown["id"]
        return (200 if self.has("create_200") else 201), shown

    def check_schemas(self, kind, body):
        schemas = body.get("schemas")
        if not isinstance(schemas, list) or CORE[kind] not in schemas:
            raise Refused(400, f"schemas must name {CORE[kind]}", "invalidSyntax")
        unknown = [urn for urn in schemas if urn not in (CORE[kind], ENTERPRISE)]
        if unknown and self.has("unknown_schema_refused"):
            raise Refused(400, f"unknown schema {unknown[0]}", "invalidSyntax")

    def taken(self, kind, body):
        """A body as a resource: known attributes in the schema's spelling."""
        resource = {}
        for key, value in body.items():
            urn, rest = split_urn(key)
            if key.lower() in ("schemas", "id", "meta", "groups"):
                continue
            if urn and not rest:
                self.take_extension(resource, urn, value or {})
                continue
            try:
                name = canonical(kind, "", key)
            except Refused:
                continue  # an attribute the server does not know: left alone (RFC 7644, 3.3)
            if (new := normal(kind, name, value, self)) is not None:
                resource[name] = new
        return resource

    def take_extension(self, resource, urn, values):
        if self.has("enterprise_dropped") and urn == ENTERPRISE:
            return
        kept = {}
        for key, value in values.items():
            if value is None:
                normal("Users", key, value, self)
                continue
            try:
                name = canonical("Users", urn, key)
            except Refused:
                continue
            if name == "manager":
                value = as_manager(value, self)
            if value is not None:
                kept[name] = value
        if kept:
            resource[urn] = kept

    def check(self, kind, resource):
        """What must hold of a resource that is to be stored; mangles what the defects mangle."""
        name = "displayName"
        if kind == "Users":
            name = "userName"
        if not resource.get(name):
            raise Refused(400, f"{name} is required", "invalidValue")
        if self.has("title_dropped"):
            resource.pop("title", None)
        if self.has("formatted_is_display") and resource.get("displayName") and kind == "Users":
            resource["name"] = {**resource.get("name", {}), "formatted": resource["displayName"]}
        for number in resource.get("phoneNumbers") or ():
            if self.has("phone_reformatted") and "value" in number:
                number["value"] = re.sub(r"\D", "", number["value"])
        if kind == "Users" and self.has("username_lowered"):
            resource[name] = resource[name].lower()
        others = [one for one in self.kept[kind].values() if one["id"] != resource.get("id")]
        if any(one[name].casefold() == resource[name].casefold() for one in others) and not self.has(
            "duplicates_accepted"
        ):
            if self.has("conflict_500"):
                raise Refused(500, "duplicate key value violates unique constraint")
            raise Refused(409, f"{name} is taken", "" if self.has("conflict_without_scim_type") else "uniqueness")

    def patch(self, kind, id, body):
        if self.has("patch_405") or (self.has("group_patch_405") and kind == "Groups"):
            raise Refused(405, "PATCH is not allowed here")
        old = self.find(kind, id)
        key = key_of(body, "Operations")
        operations = body.get(key)
        if MESSAGES + "PatchOp" not in (body.get("schemas") or ()):
            raise Refused(400, "schemas must name PatchOp", "invalidSyntax")
        if not isinstance(operations, list) or not operations:
            raise Refused(400, "Operations must hold at least one operation", "invalidSyntax")
        new = copy.deepcopy(old)
        patch = Patch(kind, new, self)
        try:
            for operation in operations[:1] if self.has("patch_first_only") else operations:
                patch.apply(operation)
        except Refused as error:
            if self.has("patch_not_atomic"):
                self.kept[kind][id] = new
                self.changed()
            if self.has("unknown_path_500") and error.scim_type == "invalidPath":
                raise Refused(500, "an unexpected error occurred") from None
            raise
        paths = {str(operation.get("path", "")).lower() for operation in operations}
        if self.has("formatted_wins") and {"displayname", "name.formatted"} <= paths:
            new["displayName"] = new["name"]["formatted"]
        self.check(kind, new)
        if not self.has("patch_not_stored"):
            self.store_changed(kind, id, old, new)
        if kind == "Groups" or self.has("patch_not_stored") or self.has("active_not_stored"):
            if self.has("create_200") and kind == "Groups":
                return (200, self.shown(kind, new))
            return (204, None)
        return 200, self.shown(kind, new)

    def store_changed(self, kind, id, old, new):
        new["times"] = {**new["times"], "lastModified": now()}
        if self.has("id_changes_on_rename") and kind == "Users" and new["userName"] != old["userName"]:
            del self.kept[kind][id]
            new["id"] = self.new_id()
        self.kept[kind][new["id"]] = new
        if kind == "Users" and new.get("active") is False and self.has("members_lost_when_inactive"):
            self.leave_groups(id)
        self.changed()

    def replace(self, kind, id, body):
        old = self.find(kind, id)
        new = {**self.taken(kind, body), "id": id, "times": {**old["times"], "lastModified": now()}}
        self.check(kind, new)
        self.kept[kind][id] = new
        self.changed()
        return 200, self.shown(kind, new)

    def delete(self, kind, id):
        if self.has("delete_405"):
            raise Refused(405, "DELETE is not allowed here")
        resource = self.find(kind, id)
        if self.has("delete_is_soft"):
            resource["active"] = False
        else:
            del self.kept[kind][id]
            self.leave_groups(id)
        self.changed()
        return (200 if self.has("create_200") else 204), None

    def leave_groups(self, id):
        for group in self.kept["Groups"].values():
            group["members"] = [member for member in group.get("members") or () if member.get("value") != id]


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


# -- discovery -----------------------------------------------------------------------


def discovery(world, path):
    """ServiceProviderConfig, ResourceTypes and Schemas (RFC 7643, 5 to 7), names and types only."""
    off = {"supported": False}
    if path == "ServiceProviderConfig":
        scheme = {"type": "oauthbearertoken", "name": "Bearer token", "description": "a bearer token"}
        return {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": {"supported": not world.has("patch_405")},
            "bulk": {**off, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": True, "maxResults": 1000},
            "changePassword": off,
            "sort": off,
            "etag": off,
            "authenticationSchemes": [scheme],
            "meta": {"resourceType": "ServiceProviderConfig", "location": f"{world.base}/ServiceProviderConfig"},
        }
    kinds = ["Users"] + ["Groups"] * (not world.has("no_groups"))
    if path == "ResourceTypes":
        items = [
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                "id": kind[:-1],
                "name": kind[:-1],
                "endpoint": f"/{kind}",
                "schema": CORE[kind],
                **({"schemaExtensions": [{"schema": ENTERPRISE, "required": False}]} if kind == "Users" else {}),
            }
            for kind in kinds
        ]
    else:
        items = [schema(CORE["Users"], "User", USER), schema(ENTERPRISE, "EnterpriseUser", ENTERPRISE_NAMES)]
        items += [schema(CORE["Groups"], "Group", GROUP)] * ("Groups" in kinds)
    return {
        "schemas": [MESSAGES + "ListResponse"],
        "totalResults": len(items),
        "startIndex": 1,
        "itemsPerPage": len(items),
        "Resources": items,
    }


SUBS = {
    "name": "formatted familyName givenName middleName honorificPrefix honorificSuffix",
    "addresses": "formatted streetAddress locality region postalCode country type primary",
    "members": "value $ref type display",
    "manager": "value $ref displayName",
}


def schema(urn, name, attributes):
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "attributes": [attribute(one) for one in attributes],
    }


def attribute(name, inner=False):
    subs = SUBS.get(name, "value display type primary" if name.lower() in MULTI else "")
    kind, unique = "string", "none"
    if subs and not inner:
        kind = "complex"
    elif name in ("active", "primary"):
        kind = "boolean"
    if name == "userName":
        unique = "server"
    described = {
        "name": name,
        "type": kind,
        "multiValued": name.lower() in MULTI and not inner,
        "required": name == "userName",
        "caseExact": name.lower() in EXACT,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": unique,
    }
    if kind == "complex":
        described["subAttributes"] = [attribute(sub, True) for sub in subs.split()]
    return described


# -- HTTP ----------------------------------------------------------------------------

KNOWN_PARAMETERS = {"filter", "startindex", "count", "attributes", "excludedattributes", "sortby", "sortorder"}


class Closed(Exception):
    """The connection goes, without an answer."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", -1, True

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.content = self.rfile.read(length) if length else b""
        try:
            status, body = self.answer()
        except Closed:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        except Refused as error:
            status = error.status
            body = {"schemas": [MESSAGES + "Error"], "status": str(error.status), "detail": error.detail}
            if error.scim_type:
                body["scimType"] = error.scim_type
        self.send(status, body)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def answer(self):
        parts = urllib.parse.urlsplit(self.path)
        first, _, rest = parts.path.lstrip("/").partition("/")
        world = self.world = self.server.world(first)
        if rest.startswith("-/"):
            return self.control(world, rest)
        with world.lock:
            world.requests += 1
            turn = world.requests
            sent = {
                name: self.headers[name] for name in ("Authorization", "Accept", "Content-Type") if name in self.headers
            }
            world.log.append(
                {
                    "method": self.command,
                    "path": self.path,
                    "headers": sent,
                    "body": self.content.decode("utf-8", "replace"),
                }
            )
        if world.has("slow"):
            time.sleep(SLOW_SECONDS)
        if world.has("closes_connections") and turn % EVERY == 0:
            raise Closed
        if world.has("throttles") and turn % 24 == 0 and turn <= 100:
            raise Refused(429, "too many requests")
        when = self.turn_to_hold(world)
        if when == "before":
            self.hang(world)
        try:
            with world.lock:
                self.check_way(world)
                result = self.dispatch(world, rest, parts.query)
        finally:
            if when == "after":
                self.hang(world)
        if world.has("closes_after_acting") and turn % EVERY == 0:
            raise Closed
        return result

    def turn_to_hold(self, world):
        """`before`, `after`, or None: this is not the write that is to hang."""
        if self.command == "GET":
            return None
        with world.lock:
            world.writes += 1
            if world.hold and world.hold[0] == world.writes:
                return world.hold[1]
            return None

    @staticmethod
    def hang(world):
        world.held.set()
        world.released.wait(60)
        raise Closed

    def control(self, world, rest):
        if rest == "-/held":
            return 200, {"held": world.held.wait(30)}
        with world.lock:
            if rest in ("-/reset", "-/release", "-/hold"):
                world.released.set()
                if rest == "-/reset":
                    world.reset()
                if rest == "-/hold":
                    world.hold, world.writes = (self.body()["write"], self.body()["when"]), 0
                    world.held.clear()
                    world.released.clear()
                return 204, None
            told = {"requests": world.requests, "writes": world.writes, "log": world.log}
            return 200, {kind: list(items.values()) for kind, items in world.kept.items()} | told

    def check_way(self, world):
        if not world.has("token_not_checked") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "the bearer token is missing or wrong")
        accept = self.headers.get("Accept") or "*/*"
        if self.command == "GET" and world.has("plain_get_406") and SCIM not in accept:
            raise Refused(406, f"Accept must name {SCIM}")
        if self.command == "GET" and world.has("plain_get_415") and not self.headers.get("Content-Type"):
            raise Refused(415, "Content-Type is required")
        media = (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if self.command in ("POST", "PATCH", "PUT") and media not in (SCIM, "application/json"):
            raise Refused(415, "Content-Type must be application/scim+json")

    def dispatch(self, world, rest, raw_query):
        if not rest.startswith("scim/v2/"):
            raise Refused(404, "there is nothing here")
        kind, _, id = rest[len("scim/v2/") :].strip("/").partition("/")
        id = urllib.parse.unquote(id)
        if world.has("plus_not_decoded"):
            raw_query = raw_query.replace("+", "%2B")
        query = {name: value for name, value in urllib.parse.parse_qsl(raw_query, keep_blank_values=True)}
        if world.has("refuses_unknown_parameters") and set(map(str.lower, query)) - KNOWN_PARAMETERS:
            raise Refused(400, "unknown query parameter", "invalidSyntax")
        if kind in ("ServiceProviderConfig", "ResourceTypes", "Schemas") and self.command == "GET":
            return self.discover(world, kind, id)
        if kind not in CORE or (kind == "Groups" and world.has("no_groups")):
            raise Refused(404, f"there is no {kind}")
        return self.act(world, kind, id, query)

    def discover(self, world, kind, id):
        body = discovery(world, kind)
        if not id:
            return 200, body
        found = next((item for item in body.get("Resources", ()) if item["id"] == id), None)
        if found is None:
            raise Refused(404, f"there is no {id}")
        return 200, found

    def act(self, world, kind, id, query):
        if self.command == "GET":
            if id:
                return (200, world.shown(kind, world.find(kind, id, world.seen()), **world.wanted(query)))
            return world.search(kind, query)
        if self.command == "DELETE" and id:
            return world.delete(kind, id)
        if self.command == "POST" and not id:
            return world.create(kind, self.body())
        if self.command == "PATCH" and id:
            return world.patch(kind, id, self.body())
        if self.command == "PUT" and id:
            return world.replace(kind, id, self.body())
        raise Refused(405, f"{self.command} is not allowed here")

    def body(self):
        try:
            body = json.loads(self.content)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused(400, "the body is not a JSON object", "invalidSyntax")
        return body

    def send(self, status, body):
        world = getattr(self, "world", None) or Anything
        content, media = (b"" if body is None else json.dumps(body).encode()), SCIM
        if world.has("json_media_type"):
            media = "application/json"
        if world.has("text_media_type"):
            media = "text/plain"
        if status >= 400 and world.has("html_errors"):
            content, media = (
                f"<!doctype html><title>{status}</title><h1>Something went wrong</h1>".encode(),
                "text/html",
            )
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        if status == 429:
            self.send_header("Retry-After", "1")
        if content:
            self.send_header("Content-Type", media)
        if status == 201 and isinstance(body, dict):
            self.send_header("Location", body["meta"]["location"])
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 204:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.worlds, self.lock = {}, threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def server_bind(self):
        socketserver_bind(self)

    def world(self, name):
        with self.lock:
            if name not in self.worlds:
                self.worlds[name] = World(name, f"{self.url}/{name}/scim/v2")
            return self.worlds[name]

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # a client that has gone is no news; a defect of ours is


def socketserver_bind(server):
    """Bind without looking up the host's name, which may take seconds."""
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.socket.bind(server.server_address)
    server.server_address = server.socket.getsockname()
    server.server_name, server.server_port = server.server_address[:2]


def main():
    server = Server(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": server.url, "token": TOKEN}), flush=True)
    sys.stdin.read()  # ends with who started it, however that ends


if __name__ == "__main__":
    main()
