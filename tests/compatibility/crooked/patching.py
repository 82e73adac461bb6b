"""PATCH messages, carried out."""

from __future__ import annotations

import re

from tests.compatibility.crooked.defects import ENTERPRISE, ENTERPRISE_NAMES, GROUP, MULTI, USER, Refused
from tests.compatibility.crooked.filters import Filter, listed
from tests.compatibility.crooked.values import (
    as_boolean,
    as_manager,
    key_of,
    normal,
    normal_item,
    one_primary,
    split_urn,
)

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
