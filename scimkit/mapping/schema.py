"""Writing a synchronizationSchema back: everything that should not change stays as it was.

    objects = read_schema(schema)          rows and objects, each row with its original
    write_schema(schema, objects)          equal to `schema`, member for member, in its order

A member is written only if it differs from the original, so unknown members, their
order, and the difference between null and absent are preserved. Source: Graph reference
(synchronizationSchema, objectMapping, attributeMapping).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scimkit.errors import MappingError
from scimkit.mapping.language.parser import parse, print_expression
from scimkit.mapping.language.syntax import Call, Comparison, Expression, Number, Text
from scimkit.mapping.language.trees import read_tree
from scimkit.mapping.rows import MappingRow, ObjectMapping, read_object_mapping, read_row, read_schema
from scimkit.mapping.scoping.filters import OPERATOR_OF, Clause, ScopingFilter, read_filters

APPLY = ("Always", "ObjectAddOnly", "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly")
BEHAVIOUR = ("FlowWhenChanged", "FlowAlways")
ACTIONS = ("Add", "Update", "Delete")
UNARY_OPERAND: dict[str, Any] = {"values": []}  # what an operator without a value carries is (unconfirmed)
NEW_ROW: dict[str, Any] = {
    "defaultValue": None,
    "exportMissingReferences": False,
    "flowBehavior": "FlowWhenChanged",
    "flowType": "Always",
    "matchingPriority": 0,
    "targetAttributeName": "",
    "source": None,
}
HALF = re.compile("[\ud800-\udfff]")  # half of a surrogate pair; JSON can spell one, UTF-8 has none
MEMBER_OF = {
    "target": "targetAttributeName",
    "matching": "matchingPriority",
    "default": "defaultValue",
    "apply": "flowType",
    "behaviour": "flowBehavior",
}

Sources = Mapping[str, Mapping[str, Any]]  # `meaning` of an expression -> its attributeMappingSource


# -- expressions that mean the same ------------------------------------------------


def canonical(expression: str) -> str:
    """Canonical text; an expression that cannot be read stays as it is.

    >>> canonical('join( "",[a] )')
    'Join("", [a])'
    """
    try:
        return print_expression(parse(expression))
    except MappingError:
        return expression.strip()


def meaning(expression: str | None) -> str:
    """A string that two expressions share if they mean the same; "" without a source.

    Numbers and quoted numbers are interchangeable, and Graph's trees have only quoted numbers.

    >>> meaning("Mid([a],1,8)") == meaning('Mid([a], "1", "8")')
    True
    """
    if expression is None:
        return ""
    try:
        return print_expression(_with_texts(parse(expression)))
    except MappingError:
        return expression.strip()


def _with_texts(node: Expression) -> Expression:
    """`node` with every decimal number as a quoted number."""
    if isinstance(node, Number) and not node.hexadecimal:
        return Text(str(node.value))
    if isinstance(node, Comparison):
        return replace(node, left=_with_texts(node.left), right=_with_texts(node.right))
    if isinstance(node, Call):
        return replace(node, arguments=tuple(None if each is None else _with_texts(each) for each in node.arguments))
    return node


def saved_sources(schema: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The source trees of a saved schema, by meaning; only those whose tree says the same as their text.

    A file next to a reviewed one must not bring in a source other than the reviewed source.
    """
    found: dict[str, dict[str, Any]] = {}
    for each in read_schema(schema):
        for row in each.rows:
            source: Mapping[str, Any] = row.raw.get("source") or {}
            if row.expression is not None and _tells_the_same(source, row.expression):
                found.setdefault(meaning(row.expression), copy.deepcopy(dict(source)))
    return found


def _tells_the_same(source: Mapping[str, Any], expression: str) -> bool:
    try:
        return print_expression(_with_texts(read_tree(source))) == meaning(expression)
    except (MappingError, AttributeError, TypeError, RecursionError):
        return False


# -- rows and objects --------------------------------------------------------------


def half_character(schema: Any) -> str:
    """Where a string in a schema has half a surrogate pair, which no UTF-8 file can contain; "" if there is none.

    >>> half_character({"synchronizationRules": [{"name": "\\ud800"}]}), half_character({"name": "\\U0001f600"})
    ('synchronizationRules[0].name', '')
    """
    waiting: list[tuple[str, Any]] = [("", schema)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, Mapping):
            if any(HALF.search(str(name)) for name in value):
                return place or "the whole"
            waiting += [(f"{place}.{name}".lstrip("."), each) for name, each in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{place}[{index}]", each) for index, each in enumerate(value)]
        elif isinstance(value, str) and HALF.search(value):
            return place
    return ""


def write_schema(
    schema: Mapping[str, Any], objects: Sequence[ObjectMapping], *, sources: Sources | None = None
) -> dict[str, Any]:
    """`schema` with `objects` in place of its object mappings; the given schema is not modified.

    objects  as `read_schema` returns them: one for each object mapping, in the same order
    sources  trees for the expressions that are not in the schema yet, by `meaning`

    Raises MappingError if it is not a schema, if the objects are not its own, or if a
    tree is missing.
    """
    there = read_schema(schema)
    if [_key(each) for each in objects] != [_key(each) for each in there]:
        told = ", ".join(each.source_object for each in there) or "nothing"
        raise MappingError(
            f"the objects do not belong to this schema, which maps {told}",
            "Provide every object mapping of the schema, in schema order.",
        )
    made = copy.deepcopy(dict(schema))
    wanted = iter(objects)
    for rule in made["synchronizationRules"]:
        rule["objectMappings"] = [write_object(raw, next(wanted), sources=sources) for raw in rule["objectMappings"]]
    return made


def _key(each: ObjectMapping) -> tuple[str, str]:
    return each.source_object, each.target_object


def keyed(objects: Sequence[ObjectMapping]) -> dict[tuple[str, str, int], ObjectMapping]:
    """Object mappings by source object, target object, and a number if these repeat."""
    found: dict[tuple[str, str, int], ObjectMapping] = {}
    for each in objects:
        number = sum(key[:2] == _key(each) for key in found)
        found[(*_key(each), number)] = each
    return found


def keyed_rows(rows: Sequence[MappingRow]) -> dict[tuple[str, int], MappingRow]:
    """Rows by target, with a number if a target repeats, so that no one removes the second row."""
    found: dict[tuple[str, int], MappingRow] = {}
    for row in rows:
        found[row.target, sum(target == row.target for target, _ in found)] = row
    return found


def write_object(raw: Mapping[str, Any], wanted: ObjectMapping, *, sources: Sources | None = None) -> dict[str, Any]:
    """One objectMapping in Graph's form that says what `wanted` says. Its name, objects and metadata stay."""
    there = read_object_mapping(raw)
    made = copy.deepcopy(dict(raw))
    if wanted.enabled != there.enabled:
        made["enabled"] = wanted.enabled
    if wanted.actions != there.actions:
        made["flowTypes"] = write_actions(wanted.actions, like=raw.get("flowTypes"))
    if same_filters(wanted.filters) != same_filters(there.filters):
        made["scope"] = write_scope(raw.get("scope"), wanted.filters)
    made["attributeMappings"] = [write_row(row, sources=sources) for row in wanted.rows]
    return made


def write_actions(actions: frozenset[str], *, like: Any = None) -> str:
    """`flowTypes` as a string, with the spacing of the string it replaces.

    >>> write_actions(frozenset({"Update", "Add"}), like="Add, Update, Delete")
    'Add, Update'
    """
    comma = ","
    if isinstance(like, str) and ", " in like:
        comma = ", "
    return comma.join(name for name in ACTIONS if name in actions) or "None"


def write_row(row: MappingRow, *, sources: Sources | None = None) -> dict[str, Any]:
    """One attributeMapping in Graph's form: the row's original with everything that the row changes.

    Raises MappingError if its expression is new and `sources` has no tree for it.
    """
    there = None
    if row.raw:
        there = read_row(row.raw)
    if row.raw:
        made = copy.deepcopy(dict(row.raw))
    else:
        made = dict(NEW_ROW)
    for name, member in MEMBER_OF.items():
        value = getattr(row, name)
        if there is None or getattr(there, name) != value:
            made[member] = value
    if there is None or meaning(there.expression) != meaning(row.expression):
        made["source"] = _source_of(row, sources or {})
    return made


def _source_of(row: MappingRow, sources: Sources) -> dict[str, Any] | None:
    if row.expression is None:
        return None
    source = sources.get(meaning(row.expression))
    if source is None:
        raise MappingError(
            f"there is no source tree for {row.target}: {row.expression}",
            "Use Graph's parseExpression to create it.",
            text=row.expression,
            position=0,
        )
    return copy.deepcopy(dict(source))


def new_sources(wanted: Sequence[ObjectMapping]) -> Iterator[tuple[ObjectMapping, MappingRow]]:
    """The rows whose expression differs from their original: each needs a tree."""
    for each in wanted:
        for row in each.rows:
            before = None
            if row.raw:
                before = read_row(row.raw).expression
            if row.expression is not None and meaning(before) != meaning(row.expression):
                yield each, row


def merge_mapping(
    schema: Mapping[str, Any], wanted: Sequence[ObjectMapping], *, saved: Mapping[str, Any] | None = None
) -> tuple[ObjectMapping, ...]:
    """The object mappings of `schema`, changed to say what `wanted` says, for `write_schema`.

    Each row keeps its original in `schema`. A row that is not in `schema` gets its original
    from `saved`, an earlier schema, but without the source: the source must be given
    separately (`saved_sources`). Objects that `wanted` does not name stay as they are.

    Raises MappingError if `wanted` names an object that the schema does not have.
    """
    there, named = keyed(read_schema(schema)), keyed(wanted)
    if saved is not None:
        earlier = keyed(read_schema(saved))
    else:
        earlier = {}
    for key in named:
        if key not in there:
            has = ", ".join(f"{source} to {target}" for source, target, _ in there) or "nothing"
            raise MappingError(
                f"the schema has no mapping of {key[0]} to {key[1]}; it has {has}",
                "Restore the default mappings in the portal first, or remove that object.",
            )
    return tuple(_merged(each, named[key], earlier.get(key)) if key in named else each for key, each in there.items())


def _merged(there: ObjectMapping, wanted: ObjectMapping, earlier: ObjectMapping | None) -> ObjectMapping:
    originals = {key: {**row.raw, "source": None} for key, row in keyed_rows(earlier.rows if earlier else ()).items()}
    originals |= {key: dict(row.raw) for key, row in keyed_rows(there.rows).items()}
    rows = tuple(replace(row, raw=originals.get(key, {})) for key, row in keyed_rows(wanted.rows).items())
    return replace(there, enabled=wanted.enabled, actions=wanted.actions, filters=wanted.filters, rows=rows)


# -- scoping filters ---------------------------------------------------------------


def same_filters(filters: Sequence[ScopingFilter]) -> tuple[ScopingFilter, ...]:
    """Filters with Graph's own spelling of their operators, for comparison."""
    return tuple(_same_filter(each) for each in filters)


def _same_filter(each: ScopingFilter) -> ScopingFilter:
    return replace(each, clauses=tuple(_same_clause(clause) for clause in each.clauses))


def _same_clause(clause: Clause) -> Clause:
    return replace(clause, operator=OPERATOR_OF.get(clause.operator.strip().lower().replace("_", " "), clause.operator))


def write_scope(raw: Mapping[str, Any] | None, filters: Sequence[ScopingFilter]) -> dict[str, Any] | None:
    """Graph's `scope` with these filters; an existing filter or clause keeps its original.

    None if nothing is left in it, which is how Graph says that everyone passes.
    """
    made: dict[str, Any] = (
        copy.deepcopy(dict(raw)) if raw else {"categoryFilterGroups": [], "inputFilterGroups": [], "groups": []}
    )
    groups = [group for group in made.get("groups") or () if isinstance(group, Mapping)]
    made["groups"] = [_write_group(each, groups) for each in filters]
    if any(made.values()):
        return made
    return None


def _write_group(wanted: ScopingFilter, groups: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    for group in groups:
        if same_filters(read_filters([group])) == same_filters([wanted]):
            return copy.deepcopy(dict(group))
    new: Mapping[str, Any] = {"name": wanted.name, "clauses": []}
    named = next((group for group in groups if group.get("name") == wanted.name), new)
    made = copy.deepcopy(dict(named))
    made["clauses"] = [_write_clause(clause, named["clauses"]) for clause in wanted.clauses]
    return made


def _write_clause(wanted: Clause, clauses: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    for raw in clauses:
        [there] = read_filters([{"name": "", "clauses": [raw]}])[0].clauses
        if _same_clause(there) == _same_clause(wanted):
            return copy.deepcopy(dict(raw))
    if wanted.value is not None:
        operand = {"values": [wanted.value, *wanted.more]}
    else:
        operand = copy.deepcopy(UNARY_OPERAND)
    return {"operatorName": wanted.operator, "sourceOperandName": wanted.attribute, "targetOperand": operand}
