"""One world: its people, its groups, and what is wrong with it."""

from __future__ import annotations

import copy
import re
import threading
import time
import uuid

from tests.compatibility.crooked.defects import CORE, DEFECTS, ENTERPRISE, LAG_SECONDS, MESSAGES, Refused
from tests.compatibility.crooked.filters import Filter
from tests.compatibility.crooked.patching import Patch, canonical
from tests.compatibility.crooked.values import as_manager, key_of, normal, split_urn


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
