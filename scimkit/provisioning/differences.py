"""What an update must change: only differences are exported.

Null never flows, so a value that is gone in Entra stays in the target
("Known issues for provisioning"). Whether an empty string flows is a setting of the
mapping; if the target has no value it makes no difference. Comparison is case-sensitive only if
the target attribute says "Exact case?".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from scimkit.errors import MappingError
from scimkit.provisioning.dialect import as_json
from scimkit.provisioning.targets import NOTHING_KNOWN, Change, TargetFacts, TargetRule, as_boolean

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.

CREATE_ONLY = "ObjectAddOnly"
WHEN_EMPTY = "AttributeAddOnly"
ADD_VALUES = frozenset({"MultiValueAddOnly", "ValueAddOnly"})
NO_FLOW_TYPES: Mapping[str, str] = MappingProxyType({})


class Differences:
    """How the values of one job differ from those of an account, compiled once.

    flow_types  target attribute to the row's "apply" setting; absent means `Always`.
                `ObjectAddOnly` rows are left out, also on the first update of a
                matched account (inferred)
    """

    def __init__(self, flow_types: Mapping[str, str] = NO_FLOW_TYPES, facts: TargetFacts = NOTHING_KNOWN) -> None:
        self.flow_types, self.facts = flow_types, facts
        self._glances = {target: rule.glance for target in flow_types if (rule := _rule(target, facts)) is not None}

    def between(self, values: Mapping[str, Any], resource: Mapping[str, Any]) -> tuple[Change, ...]:
        """The changes after which `resource` has `values`; empty if it already has them.

        values    target attribute to evaluated value; None is skipped
        resource  as the endpoint returned it
        """
        changes: tuple[Change, ...] = ()
        rule_of, glance_at = self.facts.rule, self._glances.get
        doubtful = [  # most values of most people are equal as they stand
            target
            for target, value in values.items()
            if value.__class__ is not str or glance_at(target, _unknown)(resource) != value
        ]
        for target in doubtful:
            value = values[target]
            if value is None:
                continue
            rule = rule_of(target)
            change = _change(rule, rule.read(resource), value, self.flow_types.get(target, "Always"))
            if change is not None:
                changes += (change,)
        return changes


def _unknown(resource: Mapping[str, Any]) -> None:
    return None


def _rule(target: str, facts: TargetFacts) -> TargetRule | None:
    """None for a target whose name cannot be read: it never receives a value."""
    try:
        return facts.rule(target)
    except MappingError:
        return None


PLAIN_DIFFERENCES = Differences()


def differences(
    values: Mapping[str, Any],
    resource: Mapping[str, Any],
    *,
    facts: TargetFacts = NOTHING_KNOWN,
    flow_types: Mapping[str, str] = NO_FLOW_TYPES,
) -> tuple[Change, ...]:
    """The changes after which one `resource` has `values`; parameters as in `Differences`.

    >>> differences({"title": "CHIEF", "nickName": "Al"}, {"title": "Chief"})
    (Change(target='nickName', old=None, new='Al', adds=False),)
    """
    return Differences(flow_types, facts).between(values, resource)


def _change(rule: TargetRule, old: Any, value: Any, flow_type: str) -> Change | None:
    """The value to write in place of `old`; None if there is none."""
    if flow_type == CREATE_ONLY or (flow_type == WHEN_EMPTY and old is not None):
        return None
    new: Any = value if rule.text and value.__class__ is str else as_json(rule, value)
    adds = isinstance(new, (list, tuple)) and (flow_type in ADD_VALUES or _only_adds(rule.path, new))
    if adds:
        new = _beyond(new, old)
    if new == [] or _are_same(rule, old, new):
        return None
    return Change(rule.path, old, new, adds)


def _beyond(values: list[Any] | tuple[Any, ...], old: Any) -> list[Any]:
    """The values that are not among the old ones."""
    known = [_item(one) for one in (old if isinstance(old, list) else [])]
    return [one for one in values if _item(one) not in known]


def _only_adds(target: str, value: list[Any] | tuple[Any, ...]) -> bool:
    """Role lists are only ever added to, except those of `AssertiveAppRoleAssignmentsComplex`."""
    return target.casefold() == "roles" and not any(isinstance(role, Mapping) and "display" in role for role in value)


def is_same(target: str, old: Any, new: Any, facts: TargetFacts = NOTHING_KNOWN) -> bool:
    """Whether two values of one target attribute are equal as the service compares them.

    >>> is_same("active", "True", True), is_same("title", None, ""), is_same("title", "a", "A")
    (True, True, True)
    """
    return _are_same(facts.rule(target), old, new)


def _are_same(rule: TargetRule, old: Any, new: Any) -> bool:
    if old.__class__ is str and new.__class__ is str and not rule.exact:
        return bool(old.lower() == new.lower())
    if isinstance(new, (list, tuple)):
        if isinstance(old, (list, tuple)):
            there = old
        elif old in (None, ""):
            there = []
        else:
            there = [old]
        return sorted(_item(one) for one in new) == sorted(_item(one) for one in there)
    return bool(_comparable(old, rule.exact) == _comparable(new, rule.exact))


def _comparable(value: Any, exact: bool) -> Any:
    value = as_boolean(value)
    if value is None or isinstance(value, bool):
        if value is None:
            return ""
        return value
    text = str(value)
    if exact:
        return text
    return text.lower()


def _item(item: Any) -> str:
    """What distinguishes the elements of a list: their `value`, otherwise the whole. A role
    that was sent as JSON inside a string is recognised by the value in it."""
    if isinstance(item, Mapping):
        value = item.get("value", item)
    else:
        value = item
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value).get("value", value)
        except ValueError:
            pass
    return str(value).lower()
