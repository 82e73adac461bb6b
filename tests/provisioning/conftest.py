"""An endpoint in memory that behaves as RFC 7644 says, written without the package's own reading of paths."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from scimkit.errors import ApiError, Denied, Rejected, Throttled, Unreachable

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATH = re.compile(r'(?:(urn:.*):)?([A-Za-z$]\w*)(?:\[(\w+) eq ("?.*?"?)\])?(?:\.(\w+))?')


def lower_key(holder: dict[str, Any], name: str) -> str:
    return next((key for key in holder if key.lower() == name.lower()), name)


def literal(text: str) -> Any:
    value = json.loads(text)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def alike(one: Any, other: Any) -> bool:
    """Equal as `type`, `value` and `primary` are, which are not caseExact (RFC 7643)."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return one is other


class MemoryEndpoint:
    """Users by id, and groups by id.

    faults  operation to a status, "timeout", "reset" or "no id"
    log     the operations asked for, in order
    """

    def __init__(
        self,
        accounts: list[dict[str, Any]] | None = None,
        faults: Mapping[str, Any] | None = None,
        *,
        groups: list[dict[str, Any]] | None = None,
    ) -> None:
        self.accounts = {account["id"]: copy.deepcopy(account) for account in accounts or []}
        self.groups = {group["id"]: copy.deepcopy(group) for group in groups or []}
        self.faults = dict(faults or {})
        self.log: list[str] = []
        self.bodies: list[Mapping[str, Any]] = []

    def _asked(self, what: str, body: Mapping[str, Any] | None = None) -> None:
        self.log.append(what)
        if body is not None:
            self.bodies.append(copy.deepcopy(body))
        fault = self.faults.get(what)
        if fault in ("timeout", "reset"):
            raise Unreachable("no answer", cause=fault)
        if isinstance(fault, int):
            kind: type[ApiError] = {401: Denied, 403: Denied, 429: Throttled}.get(fault, Rejected)
            raise kind(f"the target returned {fault}", status=fault)  # type: ignore[call-arg]

    def _store(self, resource_type: str) -> dict[str, dict[str, Any]]:
        return {"Users": self.accounts, "Groups": self.groups}[resource_type]

    def members(self, group_id: str) -> list[str]:
        """The ids of a group's members."""
        return [one["value"] for one in self.groups[group_id].get("members", [])]

    @staticmethod
    def _shown(resource: dict[str, Any] | None) -> Any:
        """A copy as the service asks for it: a group without members."""
        if resource:
            return copy.deepcopy({name: value for name, value in resource.items() if name != "members"})
        return None

    def find(self, resource_type: str, attribute: str, value: str, /) -> list[dict[str, Any]]:
        self._asked("find")
        kept = self._store(resource_type).values()
        return [self._shown(one) for one in kept if str(self.value_at(one, attribute)).lower() == value.lower()]

    def read(self, resource_type: str, id: str, /) -> dict[str, Any] | None:
        self._asked("read")
        return self._shown(self._store(resource_type).get(id))

    def create(self, resource_type: str, body: Mapping[str, Any], /) -> dict[str, Any]:
        self._asked("create", body)
        if resource_type == "Groups":
            return self._create_group(body)
        name = body.get("userName")
        if name is not None and any(str(one.get("userName")).lower() == name.lower() for one in self.accounts.values()):
            raise Rejected("userName is taken", status=409, code="uniqueness")
        account = copy.deepcopy(dict(body)) | {"id": f"new{len(self.accounts) + 1}"}
        assert isinstance(account.get("active", True), bool)
        self.accounts[account["id"]] = account
        answer = copy.deepcopy(account)
        if self.faults.get("create") == "no id":
            del answer["id"]
        return answer

    def _create_group(self, body: Mapping[str, Any]) -> dict[str, Any]:
        assert not body.get("members")
        assert body["meta"] == {"resourceType": "Group"}
        group = copy.deepcopy(dict(body)) | {"id": f"group{len(self.groups) + 1}"}
        self.groups[group["id"]] = group
        return copy.deepcopy(group)

    def delete(self, resource_type: str, id: str, /) -> bool:
        self._asked("delete")
        return self._store(resource_type).pop(id, None) is not None

    def patch(self, resource_type: str, id: str, body: Mapping[str, Any], /) -> dict[str, Any] | None:
        self._asked("patch", body)
        assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
        account = self._store(resource_type)[id]
        for operation in body["Operations"]:
            if str(operation.get("path", "")).startswith("members"):
                self._patch_members(account, operation)
                continue
            assert operation["op"].lower() in ("add", "replace")
            if operation.get("path"):
                self._set(account, operation["path"], operation["value"], operation["op"].lower() == "add")
            else:
                for path, value in operation["value"].items():
                    self._set(account, path, value)
        return None

    @staticmethod
    def _patch_members(group: dict[str, Any], operation: Mapping[str, Any]) -> None:
        """Both dialects; who is there is not doubled, who is not there is no error."""
        there = group.setdefault("members", [])
        named = [one["value"] for one in operation.get("value", ())]
        if operation["op"].lower() == "add":
            known = [each["value"] for each in there]
            there += [{"value": one} for one in named if one not in known]
            return
        assert operation["op"].lower() == "remove"
        found = re.fullmatch(r'members\[value eq (".*")\]', operation["path"])
        assert (found is None) == bool(named)
        if found:
            gone = [json.loads(found[1])]
        else:
            gone = named
        group["members"] = [one for one in there if one["value"] not in gone]

    def value_at(self, account: Mapping[str, Any], path: str) -> Any:
        urn, name, key, wanted, sub = self._parts(path)
        holder: Any = account.get(urn, {}) if urn else account
        value = holder.get(lower_key(holder, name))
        if key:
            value = next((one for one in value or [] if alike(one.get(key), literal(wanted))), None)
        if sub and isinstance(value, Mapping):
            return value.get(sub)
        return value

    def _set(self, account: dict[str, Any], path: str, value: Any, adding: bool = False) -> None:
        urn, name, key, wanted, sub = self._parts(path)
        if urn:
            holder = account.setdefault(urn, {})
        else:
            holder = account
        name = lower_key(holder, name)
        if name == "active" and isinstance(value, str):
            value = {"true": True, "false": False}[value.lower()]
        if name == "manager":
            value = {"value": value}
        if key:
            elements = holder.setdefault(name, [])
            element = next((one for one in elements if alike(one.get(key), literal(wanted))), None)
            if element is None:
                element = {key: literal(wanted)}
                elements.append(element)
            element[sub] = value
        elif sub:
            holder.setdefault(name, {})[sub] = value
        elif adding and isinstance(value, list):
            holder[name] = [*holder.get(name, []), *(one for one in value if one not in holder.get(name, []))]
        else:
            holder[name] = value

    @staticmethod
    def _parts(path: str) -> tuple[str, ...]:
        found = PATH.fullmatch(path)
        assert found is not None, path
        urn, *others = (part or "" for part in found.groups())
        return ("" if urn == CORE_USER else urn, *others)  # the core schema's name may stand before its attributes


@pytest.fixture
def memory_endpoint() -> type[MemoryEndpoint]:
    """The class itself: tests fill it as they need."""
    return MemoryEndpoint
