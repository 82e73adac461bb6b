"""The messages of the Entra provisioning service, default and with `aadOptscim062020`.

Data-like on purpose: the two dialects are the two values of `Dialect` below,
and each rule that no source confirms is one named constant. Shapes come from
"Tutorial: Develop and plan provisioning for a SCIM endpoint", "Known issues and
resolutions with SCIM 2.0 protocol compliance" and "Customize attribute
mappings". Facts seen only in traffic are marked at their place.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimkit.mapping.language.values import as_integer
from scimkit.provisioning.targets import (
    CORE_GROUP,
    CORE_USER,
    ENTERPRISE_USER,
    MANAGER,
    NOTHING_KNOWN,
    Change,
    TargetFacts,
    TargetRule,
    as_boolean,
    parse_target,
    place,
    read_target,
)

FLAG = "aadOptscim062020"
"""Behaviour flag in the query string of the Tenant URL. On-demand provisioning ignores it."""

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"

PRIMARY_WORK_MAIL = True
"""Whether the work mail is created with `primary: true`. The tutorial's samples do it; when the service does:
(unconfirmed)."""

ENTERPRISE_ALWAYS_LISTED = True
"""Whether a new user's `schemas` lists the enterprise URN without enterprise attributes.
The SCIM tutorial's sample does, one on the attribute-mapping page does not: (unconfirmed)."""

EMPTY_ROLES = False
"""Whether a new user without a role is sent with `roles: []`. The SCIM tutorial's first sample does: (unconfirmed)."""

FLAG_MERGES_ADDS = False
"""Whether the flag merges several additions into one operation as it merges replacements.
Only the latter is published; for additions (unconfirmed)."""

MEMBERS_PER_REQUEST = 1
"""How many members one PATCH contains. Samples show one; the gallery's validation asks endpoints to accept
several at once. What a non-gallery job sends is (unconfirmed)."""

FLAG_MERGES_EXTERNAL_ID = True
"""Whether the flag merges `externalId` like the rest. Microsoft's listing with the flag replaces everything that the
one without it does, except `externalId`; what happens to it is (unconfirmed)."""

FLAG_MERGES_ONE = False
"""Whether a single replacement also loses its path with the flag. The published disable message keeps it."""

ROLE_IN_TEXT = ("id", "value", "displayName", "display")
"""The members of a role's JSON inside a string, in this order ("Customize attribute mappings"); its `id` if it
is known."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How PATCH messages are written.

    name                   `default`, or the behaviour flag that selects it
    add, replace, remove   the three `op` words
    boolean_as_text        `"False"` instead of `false`
    merges                 replacements without a value filter become one operation without a path
    member_by_path         a member is removed by a path with a filter, not by a `value` list
    roles_as_text          role objects are sent as JSON inside a string
    """

    name: str
    add: str
    replace: str
    remove: str
    boolean_as_text: bool
    merges: bool
    member_by_path: bool
    roles_as_text: bool


DEFAULT = Dialect(
    "default", "Add", "Replace", "Remove", boolean_as_text=True, merges=False, member_by_path=False, roles_as_text=True
)
COMPLIANT = Dialect(
    FLAG, "add", "replace", "remove", boolean_as_text=False, merges=True, member_by_path=True, roles_as_text=False
)


def dialect_of(flag: bool) -> Dialect:
    """The dialect of a job whose Tenant URL has the flag, or does not have it."""
    if flag:
        return COMPLIANT
    return DEFAULT


# -- values ------------------------------------------------------------------


def plain_value(path: str, value: Any, facts: TargetFacts = NOTHING_KNOWN) -> Any:
    """An evaluated value as JSON: a string, unless the target is a boolean or an integer
    ("Numbers and booleans are exported as text unless the target attribute has
    another type"); lists and objects unchanged.

    >>> plain_value("active", "False"), plain_value("title", 7), plain_value("title", True)
    (False, '7', 'True')
    """
    return as_json(facts.rule(path), value)


def as_json(rule: TargetRule, value: Any) -> Any:
    """`plain_value` for a target whose rule is already known."""
    if rule.boolean:
        return as_boolean(value)
    if rule.integer:
        number = as_integer(value)
        if number is None:
            return value
        return number
    if value is None or isinstance(value, (list, tuple, Mapping)):
        return value
    return str(value)


def patch_value(path: str, value: Any, dialect: Dialect, facts: TargetFacts = NOTHING_KNOWN) -> Any:
    """An evaluated value in the form a PATCH of this dialect uses.

    >>> patch_value("active", True, DEFAULT), patch_value("active", "True", COMPLIANT)
    ('True', True)
    """
    value = plain_value(path, value, facts)
    if isinstance(value, bool) and dialect.boolean_as_text:
        return str(value)
    return value


# -- queries -----------------------------------------------------------------


def match_filter(attribute: str, value: str) -> str:
    """The filter that searches for one matching value; `\\` and `"` escaped as in JSON (unconfirmed).

    >>> match_filter("userName", 'o"neil@contoso.example')
    'userName eq "o\\\\"neil@contoso.example"'
    """
    return f"{attribute} eq {json.dumps(value, ensure_ascii=False)}"


def reference_query(resource_id: str, attribute: str, referenced_id: str) -> dict[str, str]:
    """The query that checks a reference without reading it: `manager` of a user, `members` of a group.

    The tutorial describes it; that the current service sends it is (unconfirmed), so
    nothing here depends on it. An endpoint needs `and` and `eq` for it.

    >>> reference_query("g1", "members", "u1")["filter"]
    'id eq "g1" and members eq "u1"'
    """
    both = f"{match_filter('id', resource_id)} and {match_filter(attribute, referenced_id)}"
    return {"filter": both, "attributes": "id"}


# -- POST --------------------------------------------------------------------


def create_body(
    values: Mapping[str, Any],
    resource_type: str = "Users",
    *,
    facts: TargetFacts = NOTHING_KNOWN,
    empty_roles: bool = EMPTY_ROLES,
    enterprise: bool = ENTERPRISE_ALWAYS_LISTED,
) -> dict[str, Any]:
    """The body of `POST /Users` or `POST /Groups`; the flag makes no difference to it.

    values       target attribute to evaluated value; None is left out, as null never flows
    empty_roles  send `roles: []` if no role is mapped
    enterprise   list the enterprise URN even if no enterprise attribute is sent

    Booleans are JSON booleans. A custom extension's URN is never listed, although
    its attributes are sent (attribute-mapping tutorial). A group is created without
    members; they follow by PATCH.

    >>> create_body({"userName": "ann", 'emails[type eq "work"].value': "a@b.example"})["emails"]
    [{'type': 'work', 'value': 'a@b.example', 'primary': True}]
    """
    user = resource_type == "Users"
    extended = enterprise or any(path.casefold().startswith(ENTERPRISE_USER.casefold()) for path in values)
    body: dict[str, Any] = {"schemas": [CORE_USER, *([ENTERPRISE_USER] if extended else [])]}
    if not user:
        body = {"schemas": [CORE_GROUP, MICROSOFT_GROUP]}
    for path, value in values.items():
        if value is not None and (user or path.casefold() != "members"):
            place(body, path, plain_value(path, value, facts))
    if user and PRIMARY_WORK_MAIL and not any(parse_target(path).sub.casefold() == "primary" for path in values):
        for mail in body.get("emails") or ():
            if isinstance(mail, dict) and mail.get("type") == "work":
                mail["primary"] = True
    if user and empty_roles:
        body.setdefault("roles", [])
    return body | {"meta": {"resourceType": "User" if user else "Group"}}


# -- PATCH -------------------------------------------------------------------


def patch_body(
    changes: Iterable[Change], dialect: Dialect = DEFAULT, *, facts: TargetFacts = NOTHING_KNOWN
) -> dict[str, Any]:
    """The body of `PATCH /Users/{id}` that makes these changes.

    `Add` if the endpoint showed no value or an empty one, `Replace` if it
    showed another (seen in traffic). With the flag, replacements whose path has no filter are merged
    into one operation without a path, with dotted and full URN keys.

    >>> patch_body([Change("active", True, False)])["Operations"]
    [{'op': 'Replace', 'path': 'active', 'value': 'False'}]
    >>> patch_body([Change("active", True, False)], COMPLIANT)["Operations"]
    [{'op': 'replace', 'path': 'active', 'value': False}]
    """
    operations = [operation(change, dialect, facts) for change in changes]
    if dialect.merges:
        operations = _merged(operations, dialect)
    return patch_message(operations)


def patch_message(operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"schemas": [PATCH_OP], "Operations": [dict(one) for one in operations]}


def operation(change: Change, dialect: Dialect, facts: TargetFacts = NOTHING_KNOWN) -> dict[str, Any]:
    """One change as one operation with a path."""
    is_list = isinstance(change.new, (list, tuple))
    if change.target.casefold() == "roles" and is_list and all(isinstance(role, Mapping) for role in change.new):
        return role_operation(change.new, dialect, adds=change.adds)
    if change.old in (None, "") or change.adds:
        word = dialect.add
    else:
        word = dialect.replace
    return {"op": word, "path": change.target, "value": patch_value(change.target, change.new, dialect, facts)}


def _merged(operations: list[dict[str, Any]], dialect: Dialect) -> list[dict[str, Any]]:
    if FLAG_MERGES_ADDS:
        words = {dialect.replace, dialect.add}
    else:
        words = {dialect.replace}
    result = list(operations)
    for word in sorted(words):
        several = [one for one in result if one["op"] == word and _merges(one["path"])]
        if len(several) > 1 or (several and FLAG_MERGES_ONE):
            rest = [one for one in result if one not in several]
            result = [*rest, {"op": word, "value": {one["path"]: one["value"] for one in several}}]
    return result


def _merges(path: str) -> bool:
    """Whether a replacement of this target has no separate path: all except those with a filter."""
    return not parse_target(path).typed and (FLAG_MERGES_EXTERNAL_ID or path.casefold() != "externalid")


def role_operation(roles: Sequence[Mapping[str, Any]], dialect: Dialect, *, adds: bool = False) -> dict[str, Any]:
    """All roles of a person in one operation ("Customize attribute mappings").

    Items with `display` come from `AssertiveAppRoleAssignmentsComplex`: a
    lower-case `replace` of the whole list, unless the row may only add (`adds`).
    All others are added; without the flag each as JSON inside a string, with the members
    of a role shown in the samples.

    The page shows this form also for `roles[primary eq "True"].value` filled by `SingleAppRoleAssignment`. Such
    a target is written by its path here, like any other with a filter: which of the two is sent is (unconfirmed).
    """
    if not adds and any("display" in role for role in roles):
        return {"op": "replace", "path": "roles", "value": [dict(role) for role in roles]}
    items = [dict(role) for role in roles]
    if dialect.roles_as_text:
        texts = [json.dumps(_role_text(role), ensure_ascii=False, separators=(",", ":")) for role in roles]
        items = [{"value": text} for text in texts]
    return {"op": dialect.add, "path": "roles", "value": items}


def _role_text(role: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a role in its string, in the order of the samples."""
    return {name: role[name] for name in ROLE_IN_TEXT if name in role}


def manager_body(manager_target_id: str, dialect: Dialect = DEFAULT, *, present: bool = False) -> dict[str, Any]:
    """Set the manager: the manager's id in the target as a bare string, in both dialects (employee answer; traffic).

    present  the endpoint showed another manager: `Replace` instead of `Add`
    """
    return patch_body([Change(MANAGER, "another" if present else None, manager_target_id)], dialect)


# -- group members -----------------------------------------------------------


def add_members(ids: Collection[str], dialect: Dialect = DEFAULT) -> dict[str, Any]:
    """Add users, by their target ids, to a group; several in one operation.

    >>> add_members(["u1"], COMPLIANT)["Operations"]
    [{'op': 'add', 'path': 'members', 'value': [{'$ref': None, 'value': 'u1'}]}]
    """
    value = [{"$ref": None, "value": one} for one in ids]
    return patch_message([{"op": dialect.add, "path": "members", "value": value}])


def remove_members(ids: Collection[str], dialect: Dialect = DEFAULT) -> dict[str, Any]:
    """Remove only these users, by their target ids, from a group; with the flag one operation each."""
    if dialect.member_by_path:
        return patch_message([{"op": dialect.remove, "path": f"members[value eq {json.dumps(one)}]"} for one in ids])
    return patch_message(
        [{"op": dialect.remove, "path": "members", "value": [{"$ref": None, "value": one} for one in ids]}]
    )


__all__ = [
    "COMPLIANT", "CORE_GROUP", "CORE_USER", "DEFAULT", "ENTERPRISE_USER", "FLAG", "MANAGER", "MEMBERS_PER_REQUEST",
    "PATCH_OP",
    "Change", "Dialect", "add_members", "create_body", "dialect_of", "manager_body", "match_filter", "operation",
    "patch_body", "patch_message", "patch_value", "plain_value", "read_target", "reference_query",
    "remove_members", "role_operation",
]  # fmt: skip
