"""Target attributes: how a mapping names a place in a SCIM resource, and the value at that place.

    displayName                                             simple
    name.familyName                                         nested
    emails[type eq "work"].value                            typed: one element of a list
    roles[primary eq "True"].value                          boolean filter, the boolean in quotes
    urn:ietf:params:scim:schemas:extension:...:User:title   extension; a colon before the attribute

Attribute names are compared without regard to case, as RFC 7644 requires; so are values in a filter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, TypeAlias, overload

from scimkit.errors import MappingError
from scimkit.mapping.rows import objects_in

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.

CORE_USER = "urn:ietf:params:scim:schemas:core:2.0:User"
CORE_GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_USER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MANAGER = f"{ENTERPRISE_USER}:manager"

MEMBERS = "members"
"""The attribute of a group that refers to its members. They are never part of a create or of the other
changes: they follow in separate requests."""

REFERENCES = frozenset({MANAGER.casefold(), "manager"})
"""User attributes that contain the id of another object in the target. Custom
extension attributes cannot be references (attribute-mapping tutorial)."""

MULTI_VALUED = frozenset(
    (
        "emails",
        "phonenumbers",
        "ims",
        "photos",
        "addresses",
        "groups",
        "entitlements",
        "roles",
        "members",
        "x509certificates",
    )
)
"""The multi-valued attributes of RFC 7643; a custom extension's cannot be (attribute-mapping tutorial)."""

_FORM = re.compile(
    r"""(?:(?P<urn>urn:[^\[\]]*[^\[\]:]):)?
        (?P<attribute>[A-Za-z$][\w$-]*)
        (?:\[\s*(?P<key>[\w$]+)\s+eq\s+(?P<wanted>"(?:[^"\\]|\\.)*"|[^\s\]]+)\s*\])?
        (?:\.(?P<sub>[A-Za-z$][\w$-]*))?""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Target:
    """One parsed target attribute; an empty string for an absent part.

    key, wanted   the filter of a typed path: `type`, `work`; a boolean for `primary`
    """

    urn: str
    attribute: str
    key: str
    wanted: Any
    sub: str

    @property
    def typed(self) -> bool:
        return bool(self.key)


class Change(NamedTuple):
    """One target attribute that will get another value.

    old   None: it has no value yet
    adds  `new` contains list values that are added to those in `old`
    """

    target: str
    old: Any
    new: Any
    adds: bool = False


MOST_RULES_KEPT = 1024
"""A mapping has a few dozen targets. `NOTHING_KNOWN` lives as long as the process, and sees those of every app."""


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What a job's schema says about the target's attributes, by name as mappings write it.

    types     attribute to `String`, `Boolean`, `Integer`, `Reference`, ...
    exact     "Exact case?" is on: a change of case alone is exported
    required  must have a value on create
    several   can have several values
    rules     rules already computed, by target; filled by `rule`
    """

    types: Mapping[str, str] = field(default_factory=dict)
    exact: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    several: frozenset[str] = frozenset()
    rules: dict[str, TargetRule] = field(default_factory=dict, init=False, repr=False, compare=False)

    def rule(self, path: str) -> TargetRule:
        """How one target attribute is read and compared; computed once. Raises MappingError like `parse_target`."""
        rule = self.rules.get(path)
        if rule is None:
            rule = TargetRule(path, self)
            if len(self.rules) < MOST_RULES_KEPT:
                self.rules[path] = rule
        return rule


NOTHING_KNOWN = TargetFacts()


class Additions(Sequence[Change]):
    """The changes that give a new resource `values`, each created when it is read.

    A forecast of a directory that is new to the app consists of creations of twenty values each, and
    most are counted and never shown.
    """

    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def __iter__(self) -> Iterator[Change]:
        for target, value in self.values.items():
            yield Change(target, None, value)

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Change, ...]: ...
    def __getitem__(self, index: int | slice) -> Change | tuple[Change, ...]:
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, Additions) else other)

    def __repr__(self) -> str:
        return repr(tuple(self))


def read_target_facts(schema: Mapping[str, Any], object_name: str) -> TargetFacts:
    """The facts of one target object from a synchronization schema; empty if the schema has no directory for it.

    Parts without the shape of a schema are skipped: `read_schema` refuses what matters.
    """
    objects = chain.from_iterable(
        objects_in(directory.get("objects")) for directory in objects_in(schema.get("directories"))
    )
    described = chain.from_iterable(
        objects_in(each.get("attributes")) for each in objects if each.get("name") == object_name
    )
    attributes = [attribute for attribute in described if isinstance(attribute.get("name"), str)]

    def named(flag: str) -> frozenset[str]:
        return frozenset(attribute["name"] for attribute in attributes if attribute.get(flag))

    types = {attribute["name"]: str(attribute.get("type", "String")) for attribute in attributes}
    return TargetFacts(types, named("caseExact"), named("required"), named("multivalued"))


# asked for each change of each person, of a few dozen paths
@lru_cache(maxsize=1024)
def parse_target(path: str) -> Target:
    """`path` in its parts; the core schema's URN is dropped, as it may always be left out.

    Raises MappingError for anything but the five forms above.

    >>> parse_target('emails[type eq "work"].value')
    Target(urn='', attribute='emails', key='type', wanted='work', sub='value')
    """
    found = _FORM.fullmatch(path)
    if found is None:
        raise MappingError(
            f"{path!r} is not a target attribute that a SCIM connector can use",
            'Write it as name, name.part, list[type eq "work"].part or URN:name.',
            text=path,
        )
    urn = found["urn"] or ""
    if urn.casefold() in (CORE_USER.casefold(), CORE_GROUP.casefold()):
        urn = ""
    return Target(
        urn, found["attribute"], found["key"] or "", _wanted(found["key"], found["wanted"]), found["sub"] or ""
    )


def _wanted(key: str | None, text: str | None) -> Any:
    """The value of a filter; `primary eq "True"` means the boolean although it is in quotes."""
    if key is None or text is None:
        return ""
    if text.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", text[1:-1])
    else:
        value = text
    if key.casefold() == "primary" or not text.startswith('"'):
        return as_boolean(value)
    return value


BOOLEANS = {"true": True, "false": False}


def as_boolean(value: Any) -> Any:
    """True and False for themselves and for their strings in any case; any other value unchanged."""
    if isinstance(value, str):
        return BOOLEANS.get(value.casefold(), value)
    return value


def is_boolean(path: str, facts: TargetFacts = NOTHING_KNOWN) -> bool:
    """Whether the target attribute is a boolean: by the schema, otherwise `active` and `primary` as in RFC 7643."""
    if path in facts.types:
        return facts.types[path].casefold() == "boolean"
    target = parse_target(path)
    return (not target.urn and target.attribute.casefold() == "active") or target.sub.casefold() == "primary"


def is_reference(path: str, facts: TargetFacts = NOTHING_KNOWN) -> bool:
    """Whether the target attribute contains the id of another object in the target."""
    return path.casefold() in REFERENCES or facts.types.get(path, "").casefold() == "reference"


def takes_several(path: str, facts: TargetFacts = NOTHING_KNOWN) -> bool:
    """Whether the target attribute can have several values."""
    target = parse_target(path)
    bare = not (target.urn or target.typed or target.sub)
    return path in facts.several or (bare and target.attribute.casefold() in MULTI_VALUED)


def member(holder: Any, name: str) -> Any:
    """The member `name` of a JSON object, without regard to case; None if there is none.

    >>> member({"userName": "ann"}, "USERNAME")
    'ann'
    """
    if holder.__class__ is not dict and not isinstance(holder, Mapping):
        return None
    if name in holder:
        return holder[name]
    folded = name.casefold()
    for key, value in holder.items():
        if key.casefold() == folded:
            return value
    return None


class TargetRule:
    """One target attribute: its place in a resource, and how its values are compared.

    read              the value in a resource the endpoint returned; None for nothing, null or an empty list
    glance            the same by the exact names of the target alone, a boolean as a string: fast, and if the
                      value is anywhere else it gives a result that equals no value
    boolean, integer  its values are written as such, not as strings; `text`: neither
    exact             a change of case alone counts
    several           it can have several values
    """

    __slots__ = ("boolean", "exact", "glance", "integer", "path", "read", "several", "text")

    def __init__(self, path: str, facts: TargetFacts = NOTHING_KNOWN) -> None:
        self.path = path
        self.read = _reader(path)
        self.boolean = is_boolean(path, facts)
        self.integer = not self.boolean and facts.types.get(path, "").casefold() == "integer"
        self.text = not (self.boolean or self.integer)
        self.exact = path in facts.exact or is_reference(path, facts)
        self.several = takes_several(path, facts)
        self.glance = _nowhere if self.integer else _glance(path, self.boolean)


Reader: TypeAlias = Callable[[Mapping[str, Any]], Any]


def _reader(path: str) -> Reader:
    """The reader of one target, by its form."""
    target = parse_target(path)
    if is_reference(path):  # what only a schema calls a reference is read as it stands
        return _reference_reader(_plain_reader(target))
    return _plain_reader(target)


def _nowhere(resource: Mapping[str, Any]) -> None:
    return None


def _glance(path: str, boolean: bool) -> Reader:
    """`TargetRule.glance` of a target that is written as a string or as a boolean."""
    target = parse_target(path)
    steps = [name for name in (target.urn, target.attribute, target.sub) if name]
    if is_reference(path):
        return _reader(path)
    if len(steps) > 2 or (target.typed and not target.sub):
        return _nowhere
    if boolean:
        return _glance_at_boolean(_plain_reader(target))
    if target.typed:
        return _glance_at_element(target)
    if len(steps) == 1:
        (name,) = steps
        return lambda resource: resource.get(name)
    outer, inner = steps

    def nested(resource: Mapping[str, Any]) -> Any:
        holder = resource.get(outer)
        if holder.__class__ is dict:
            return holder.get(inner)
        return None

    return nested


def _glance_at_boolean(read: Reader) -> Reader:
    texts = {True: "True", False: "False"}

    def glance(resource: Mapping[str, Any]) -> Any:
        value = read(resource)
        if value.__class__ is bool:
            return texts[value]
        return None

    return glance


def _glance_at_element(target: Target) -> Reader:
    name, key, wanted, sub = target.attribute, target.key, target.wanted, target.sub
    kind, folded = type(wanted), str(wanted).casefold()

    def glance(resource: Mapping[str, Any]) -> Any:
        items = resource.get(name)
        for item in items if items.__class__ is list else ():
            there: Any = item.get(key) if item.__class__ is dict else None
            if there.__class__ is not kind:
                return None
            if there == wanted:
                return item.get(sub)
            if kind is str and there.casefold() == folded:
                return None
        return None

    return glance


def _plain_reader(target: Target) -> Reader:
    if target.typed and target.sub and not target.urn:
        return _typed_reader(target)
    steps = [name for name in (target.urn, target.attribute, target.sub) if name]
    if target.typed or len(steps) > 2:
        return _but_no_empty_list(lambda resource: _whole(resource, target))
    if len(steps) == 1:
        return _simple_reader(*steps)
    return _nested_reader(*steps)


def _reference_reader(read_whole: Reader) -> Reader:
    def read(resource: Mapping[str, Any]) -> Any:
        whole = read_whole(resource)
        if whole.__class__ is dict and "value" in whole:
            value = whole["value"]
        else:
            value = _reference(whole)
        if value == []:
            return None
        return value

    return read


def _simple_reader(name: str) -> Reader:
    def read(resource: Mapping[str, Any]) -> Any:
        if name in resource:
            value = resource[name]
        else:
            value = member(resource, name)
        if value == []:
            return None
        return value

    return read


def _nested_reader(outer: str, inner: str) -> Reader:
    def read(resource: Mapping[str, Any]) -> Any:
        if outer in resource:
            holder = resource[outer]
        else:
            holder = member(resource, outer)
        if holder.__class__ is dict and inner in holder:
            value = holder[inner]
        else:
            value = member(holder, inner)
        if value == []:
            return None
        return value

    return read


def _typed_reader(target: Target) -> Reader:
    name, key, wanted, sub = target.attribute, target.key, target.wanted, target.sub

    def read(resource: Mapping[str, Any]) -> Any:
        if name in resource:
            items = resource[name]
        else:
            items = member(resource, name)
        for item in items if items.__class__ is list else ():
            if item.__class__ is dict and key in item:
                there = item[key]
            else:
                there = member(item, key)
            if (there.__class__ is str and there == wanted) or _is_wanted(there, wanted):
                if item.__class__ is dict and sub in item:
                    value = item[sub]
                else:
                    value = member(item, sub)
                if value == []:
                    return None
                return value
        return None

    return read


def _whole(resource: Mapping[str, Any], target: Target) -> Any:
    """The value at a target of any form."""
    value = member(member(resource, target.urn) if target.urn else resource, target.attribute)
    if target.typed:
        if isinstance(value, list):
            items = value
        else:
            items = []
        value = next((item for item in items if _is_wanted(member(item, target.key), target.wanted)), None)
    if target.sub:
        return member(value, target.sub)
    return value


def _but_no_empty_list(read: Reader) -> Reader:
    def guarded(resource: Mapping[str, Any]) -> Any:
        value = read(resource)
        if value == []:
            return None
        return value

    return guarded


def read_target(resource: Mapping[str, Any], path: str) -> Any:
    """The value at `path` in a resource the endpoint returned; None for nothing, null or an empty list.

    A manager is read from an object, a list of one, or a bare id.

    >>> read_target({"emails": [{"type": "work", "value": "a@b.example"}]}, 'emails[type eq "work"].value')
    'a@b.example'
    """
    return NOTHING_KNOWN.rule(path).read(resource)


def _reference(value: Any) -> Any:
    if isinstance(value, list) and value:
        first = value[0]
    else:
        first = value
    if isinstance(first, Mapping):
        return member(first, "value")
    return first


def _is_wanted(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return as_boolean(value) is wanted
    return isinstance(value, str) and value.casefold() == str(wanted).casefold()


def place(resource: dict[str, Any], path: str, value: Any) -> None:
    """Put `value` at `path` of a resource under construction; typed paths of one type share one element.

    If a mapping has a row for a whole attribute and one for a part of it, the part is
    added to a list and replaces a string; what the service does in this case is (unconfirmed).
    """
    target = parse_target(path)
    if target.urn:
        holder = resource.setdefault(target.urn, {})
    else:
        holder = resource
    if not (target.typed or target.sub):
        holder[target.attribute] = value
        return
    there = holder.get(target.attribute)
    if not target.typed:
        holder[target.attribute] = {**(there if isinstance(there, dict) else {}), target.sub: value}
        return
    if isinstance(there, (list, tuple)):
        items = there
    else:
        items = ()
    elements = holder[target.attribute] = [dict(item) if isinstance(item, dict) else item for item in items]
    element = next(
        (item for item in elements if isinstance(item, dict) and _is_wanted(item.get(target.key), target.wanted)), None
    )
    if element is None:
        element = {target.key: target.wanted}
        elements.append(element)
    element[target.sub or "value"] = value
