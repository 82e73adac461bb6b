"""What an update would have to change: only differences are exported.

Null never flows, so a value that is gone in Entra stays in the target
("Known issues for provisioning"). Whether empty text flows is the mapping's
setting; where nothing stands it makes no difference. Comparison regards case only where the
target attribute says "Exact case?".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scimkit.provisioning.dialect import plain_value
from scimkit.provisioning.targets import NOTHING_KNOWN, Change, TargetFacts, as_boolean, is_reference, read_target

CREATE_ONLY = "ObjectAddOnly"
WHEN_EMPTY = "AttributeAddOnly"
ADD_VALUES = frozenset({"MultiValueAddOnly", "ValueAddOnly"})


def differences(
    values: Mapping[str, Any],
    resource: Mapping[str, Any],
    *,
    facts: TargetFacts = NOTHING_KNOWN,
    flow_types: Mapping[str, str] | None = None,
) -> tuple[Change, ...]:
    """The changes that make `resource` hold `values`; empty when it does already.

    values      target attribute to evaluated value; None is passed over
    resource    as the endpoint returned it
    flow_types  target attribute to the row's "apply" setting; absent means `Always`.
                `ObjectAddOnly` rows are left out, also on the first update of an
                account that was matched (inferred)

    >>> differences({"title": "CHIEF", "nickName": "Al"}, {"title": "Chief"})
    (Change(target='nickName', old=None, new='Al', adds=False),)
    """
    flow_types = flow_types or {}
    changes = []
    for target, value in values.items():
        if value is None:
            continue
        old, flow_type = read_target(resource, target), flow_types.get(target, "Always")
        if flow_type == CREATE_ONLY or (flow_type == WHEN_EMPTY and old is not None):
            continue
        new = plain_value(target, value, facts)
        adds = isinstance(new, (list, tuple)) and (flow_type in ADD_VALUES or _only_adds(target, new))
        if adds:
            new = _beyond(new, old)
        if new != [] and not is_same(target, old, new, facts):
            changes.append(Change(target, old, new, adds))
    return tuple(changes)


def _beyond(values: list[Any] | tuple[Any, ...], old: Any) -> list[Any]:
    """The values that are not among the old ones."""
    known = [_item(one) for one in (old if isinstance(old, list) else [])]
    return [one for one in values if _item(one) not in known]


def _only_adds(target: str, value: list[Any] | tuple[Any, ...]) -> bool:
    """Role lists are only ever added to, but for those of `AssertiveAppRoleAssignmentsComplex`."""
    return target.casefold() == "roles" and not any(isinstance(role, Mapping) and "display" in role for role in value)


def is_same(target: str, old: Any, new: Any, facts: TargetFacts = NOTHING_KNOWN) -> bool:
    """Whether two values of one target attribute are equal as the service compares them.

    >>> is_same("active", "True", True), is_same("title", None, ""), is_same("title", "a", "A")
    (True, True, True)
    """
    exact = target in facts.exact or is_reference(target, facts)
    if isinstance(new, (list, tuple)):
        there = old if isinstance(old, (list, tuple)) else [] if old in (None, "") else [old]
        return sorted(_item(one) for one in new) == sorted(_item(one) for one in there)
    return bool(_comparable(old, exact) == _comparable(new, exact))


def _comparable(value: Any, exact: bool) -> Any:
    value = as_boolean(value)
    if value is None or isinstance(value, bool):
        return "" if value is None else value
    text = str(value)
    return text if exact else text.lower()


def _item(item: Any) -> str:
    """What tells the elements of a list apart: their `value`, else the whole. A role
    that was sent as JSON inside text is known by the value in it."""
    value = item.get("value", item) if isinstance(item, Mapping) else item
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value).get("value", value)
        except ValueError:
            pass
    return str(value).lower()
