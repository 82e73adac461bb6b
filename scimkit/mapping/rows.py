"""The rows of a mapping: which attribute flows to which, read from a Graph synchronizationSchema.

Reading changes nothing and keeps the original of each row in `raw`. Mappings are
found by the name of their source object, never by position. Sources:
Graph reference (synchronizationSchema), "Customize attribute mappings".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any, Literal, TypeAlias, TypeVar

from scimkit.errors import MappingError
from scimkit.mapping.language.compiled import CompiledExpression, compile_expression
from scimkit.mapping.language.evaluation import Evaluation
from scimkit.mapping.language.parser import print_expression
from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.settings import STRICT, Settings
from scimkit.mapping.language.syntax import Attribute, Call, walk
from scimkit.mapping.language.trees import read_tree
from scimkit.mapping.language.values import IGNORE_ATTRIBUTE, IGNORE_OBJECT, IgnoreMark, Instant, read_value
from scimkit.mapping.scoping.filters import ScopingFilter, read_filters

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.

Kind: TypeAlias = Literal["Direct", "Constant", "Expression", "None"]
KINDS: dict[str, Kind] = {"Attribute": "Direct", "Constant": "Constant", "Function": "Expression"}
ALL_ACTIONS = frozenset(("Add", "Update", "Delete"))
ON_CREATE_ONLY = "ObjectAddOnly"
NOT_A_SCHEMA = "Provide the response of GET …/synchronization/jobs/{id}/schema, unchanged."
JSON_WORDS = {
    type(None): "missing",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class MappingRow:
    """One attribute mapping.

    target      the SCIM attribute as Entra writes it, such as emails[type eq "work"].value
    expression  its text; [mail] for a Direct row, "x" with quotes for a Constant, None without a source
    kind        Direct | Constant | Expression | None
    matching    precedence as a matching attribute, 1 first; 0: not used for matching
    default     used when the value is null, on create only
    apply       Always | ObjectAddOnly | MultiValueAddOnly | ValueAddOnly | AttributeAddOnly
    behaviour   FlowWhenChanged | FlowAlways
    raw         the row as Graph returned it
    """

    target: str
    expression: str | None
    kind: Kind
    matching: int = 0
    default: str | None = None
    apply: str = "Always"
    behaviour: str = "FlowWhenChanged"
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ObjectMapping:
    """How one kind of object flows.

    source_object      User or Group; target_object the SCIM schema
    actions            which of Add, Update, Delete are allowed
    source_definition  what the source directory says about them, as Graph returned it; {}: nothing
    target_definition  the same for the app
    """

    name: str
    source_object: str
    target_object: str
    enabled: bool
    actions: frozenset[str]
    filters: tuple[ScopingFilter, ...]
    rows: tuple[MappingRow, ...]
    source_definition: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    target_definition: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def matching_rows(self) -> tuple[MappingRow, ...]:
        """The rows used for matching, in order of precedence."""
        return tuple(sorted((row for row in self.rows if row.matching > 0), key=lambda row: row.matching))


@dataclass(slots=True)
class Values:
    """The result of a mapping for one person.

    Not frozen, because a stream creates one per person and freezing costs a tenth of its time.

    values          by target; nulls and ignored values are left out
    errors          by target, where an expression failed
    empty           the targets whose value is null (or an empty string, if that does not flow)
    object_ignored  an expression returned IgnoreObjectFlow: leave the whole object alone
    lists           the targets whose value is a list
    """

    values: dict[str, Any]
    errors: dict[str, MappingError]
    empty: tuple[str, ...]
    object_ignored: bool = False
    lists: tuple[str, ...] = ()


def _expect(value: Any, kind: type, what: str) -> Any:
    if not isinstance(value, kind):
        found = JSON_WORDS.get(type(value), "something else")
        raise MappingError(f"this is not a synchronizationSchema: {what} is {found}", NOT_A_SCHEMA)
    return value


def objects_in(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a JSON list; other members are skipped, and a value that is not a list has none.

    >>> objects_in([{"name": "a"}, 5]), objects_in("a")
    ([{'name': 'a'}], [])
    """
    if isinstance(value, list):
        return [item for item in value if isinstance(item, Mapping)]
    return []


def read_schema(schema: Mapping[str, Any]) -> tuple[ObjectMapping, ...]:
    """The object mappings of all rules, in schema order.

    Raises MappingError if it is not a synchronizationSchema, naming the member.
    """
    found = []
    for number, rule in enumerate(_rules(schema)):
        place = f"synchronizationRules[{number}].objectMappings"
        for index, each in enumerate(_expect(rule.get("objectMappings"), list, place)):
            mapping = read_object_mapping(_expect(each, Mapping, f"{place}[{index}]"))
            source = _definition(schema, rule.get("sourceDirectoryName"), mapping.source_object)
            target = _definition(schema, rule.get("targetDirectoryName"), mapping.target_object)
            found.append(replace(mapping, source_definition=source, target_definition=target))
    return tuple(found)


def _definition(schema: Mapping[str, Any], directory: Any, name: str) -> Mapping[str, Any]:
    """What a directory of the schema says about objects named `name`; {} if it says nothing."""
    for each in _expect(schema.get("directories") or [], list, "directories"):
        if isinstance(each, Mapping) and each.get("name") == directory:
            for item in _expect(each.get("objects") or [], list, f"objects of {directory}"):
                if isinstance(item, Mapping) and item.get("name") == name:
                    _expect(item.get("attributes") or [], list, f"attributes of {name}")
                    return item
    return {}


def _rules(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    _expect(schema, Mapping, "the whole")
    rules = _expect(schema.get("synchronizationRules"), list, "synchronizationRules")
    return [_expect(rule, Mapping, f"synchronizationRules[{number}]") for number, rule in enumerate(rules)]


def read_object_mapping(raw: Mapping[str, Any]) -> ObjectMapping:
    """One objectMapping of the schema."""
    name = _expect(raw.get("name") or "", str, "the name of an objectMapping")
    rows = _expect(raw.get("attributeMappings"), list, f"attributeMappings of {name!r}")
    return ObjectMapping(
        name=name,
        source_object=_expect(raw.get("sourceObjectName"), str, f"sourceObjectName of {name!r}"),
        target_object=_expect(raw.get("targetObjectName"), str, f"targetObjectName of {name!r}"),
        enabled=raw.get("enabled") is not False,
        actions=read_actions(raw.get("flowTypes")),
        filters=read_filters(raw.get("scope")),
        rows=tuple(
            read_row(_expect(row, Mapping, f"attributeMappings[{n}] of {name!r}")) for n, row in enumerate(rows)
        ),
    )


def read_actions(flow_types: Any) -> frozenset[str]:
    """`flowTypes`: a comma-separated string, a list, or the number of the flags; missing means all three.

    >>> sorted(read_actions("Add, Update"))
    ['Add', 'Update']
    """
    if flow_types is None:
        return ALL_ACTIONS
    if isinstance(flow_types, int):
        return frozenset(name for bit, name in ((1, "Add"), (2, "Update"), (4, "Delete")) if flow_types & bit)
    if isinstance(flow_types, str):
        parts = flow_types.split(",")
    else:
        parts = _expect(flow_types, list, "flowTypes")
    names = {str(part).strip().lower() for part in parts}
    unknown = names - {"add", "update", "delete", "none", ""}
    if unknown:
        raise MappingError(f"flowTypes contains {', '.join(sorted(unknown))}", "It can contain Add, Update and Delete.")
    return frozenset(name for name in ALL_ACTIONS if name.lower() in names)


def read_row(raw: Mapping[str, Any]) -> MappingRow:
    """One attributeMapping. Its expression is not parsed here: a broken expression can still be read."""
    target = _expect(raw.get("targetAttributeName"), str, "targetAttributeName")
    source = raw.get("source")
    expression, kind = None, "None"
    if source is not None:
        expression = _text_of(_expect(source, Mapping, f"the source of {target}"), target)
        kind = KINDS.get(_expect(source.get("type") or "", str, f"the type of the source of {target}"), "Expression")
    priority = raw.get("matchingPriority") or 0
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise MappingError(f"matchingPriority of {target} is {priority!r}", NOT_A_SCHEMA)
    default = raw.get("defaultValue")
    return MappingRow(
        target=target,
        expression=expression,
        kind=kind,  # type: ignore[arg-type]
        matching=priority,
        default=None if default is None else str(default),
        apply=str(raw.get("flowType") or "Always"),
        behaviour=str(raw.get("flowBehavior") or "FlowWhenChanged"),
        raw=raw,
    )


def _text_of(source: Mapping[str, Any], target: str) -> str:
    """`source_text`; an error names the row."""
    try:
        return source_text(source)
    except MappingError as error:
        raise MappingError(f"{target}: {error.message}", error.remedy) from None


def source_text(source: Mapping[str, Any]) -> str:
    """The expression of an attributeMappingSource; built from its tree if the text is missing."""
    text = source.get("expression")
    bare_constant = source.get("type") == "Constant" and not str(text).lstrip().startswith('"')
    if isinstance(text, str) and text.strip() and not bare_constant:
        return text
    return print_expression(read_tree(source))


def mapping_of(schema: Mapping[str, Any], source_object: str) -> ObjectMapping:
    """The mapping for one kind of source object, an enabled one first. Raises MappingError if there is none."""
    mappings = read_schema(schema)
    found = choose_mapping(mappings, source_object)
    if found is None:
        names = sorted({each.source_object for each in mappings})
        has = "it has none at all"
        if names:
            has = f"it has {', '.join(names)}"
        raise MappingError(f"the schema has no mapping for {source_object}; {has}", "Restore the default mappings.")
    return found


def choose_mapping(mappings: Iterable[ObjectMapping], source_object: str = "User") -> ObjectMapping | None:
    """The mapping for one kind of source object among `mappings`, an enabled one first; None if there is none."""
    found = [each for each in mappings if each.source_object.lower() == source_object.lower()]
    return next((each for each in found if each.enabled), found[0] if found else None)


def user_mapping(schema: Mapping[str, Any]) -> ObjectMapping:
    """The mapping for users."""
    return mapping_of(schema, "User")


def rule_id(schema: Mapping[str, Any], source_object: str = "User") -> str:
    """The id of the synchronization rule with the mapping for users (or groups)."""
    for number, rule in enumerate(_rules(schema)):
        mappings = _expect(rule.get("objectMappings") or [], list, f"synchronizationRules[{number}].objectMappings")
        if any(isinstance(each, Mapping) and each.get("sourceObjectName") == source_object for each in mappings):
            return str(_expect(rule.get("id"), str, "the id of a rule"))
    raise MappingError(f"no rule of the schema maps {source_object}", "Restore the default mappings.")


def direct_source(row: MappingRow) -> str:
    """The source attribute that flows unchanged; "" if the row computes something or has no source.

    >>> direct_source(MappingRow("userName", "[userPrincipalName]", "Direct"))
    'userPrincipalName'
    """
    if row.expression is None:
        return ""
    try:
        node = compile_expression(row.expression).node
    except MappingError:
        return ""
    if isinstance(node, Attribute):
        return node.name
    return ""


def redacts(row: MappingRow) -> bool:
    """Whether the row's value must be masked in everything people see: its expression uses Redact."""
    if row.expression is None or "redact" not in row.expression.lower():
        return False
    try:
        node = compile_expression(row.expression).node
    except MappingError:
        return True
    return any(isinstance(each, Call) and each.name == "Redact" for each in walk(node))


class CompiledMapping:
    """The rows of one mapping, compiled: `compiled(source, creating=...)` returns `Values`.

    A row whose expression cannot be read returns its error for every person.
    """

    def __init__(self, mapping: ObjectMapping, settings: Settings = STRICT) -> None:
        self.mapping, self.settings = mapping, settings
        self.broken: dict[str, MappingError] = {}
        steps = [(row, step) for row in mapping.rows if (step := self._step(row)) is not None]
        self._steps = [step for _, step in steps]
        self._update_steps = [step for row, step in steps if row.apply != ON_CREATE_ONLY]

    def _step(self, row: MappingRow) -> _Step | None:
        if row.expression is None:
            return row.target, None, None, row.default
        try:
            compiled = compile_expression(row.expression, self.settings)
        except MappingError as error:
            self.broken[row.target] = error
            return None
        if isinstance(compiled.node, Attribute):
            return row.target, compiled.node.name, None, row.default
        return row.target, None, compiled, row.default

    def __call__(
        self,
        source: Mapping[str, Any],
        *,
        now: datetime | None = None,
        creating: bool = False,
        random: Random | None = None,
    ) -> Values:
        """The values of one person. creating: default values apply, ObjectAddOnly rows flow."""
        get, evaluation = source.get, Evaluation(source, now, random, self.settings)
        values: dict[str, Any] = {}
        errors: dict[str, MappingError] = dict(self.broken) if self.broken else {}
        empty: list[str] = []
        object_ignored = False
        lists: tuple[str, ...] = ()
        for target, name, compiled, default in self._steps if creating else self._update_steps:
            value = None
            if name is not None:
                value = get(name)
                if value.__class__ is str:
                    if value:
                        values[target] = value
                        continue
                    value = None
                elif value is not None:
                    value = _read_direct(name, value, target, errors)
            elif compiled is not None:
                value = self._evaluate(compiled, evaluation, target, errors)
            if value is None or value == []:
                if creating and default is not None:
                    values[target] = default
                else:
                    empty.append(target)
            elif value.__class__ is IgnoreMark:
                object_ignored = object_ignored or value is IGNORE_OBJECT
            else:
                values[target] = value
                if value.__class__ is list:
                    lists += (target,)
        return Values(values, errors, tuple(empty), object_ignored, lists)

    def _evaluate(
        self, compiled: CompiledExpression, evaluation: Evaluation, target: str, errors: dict[str, MappingError]
    ) -> Any:
        """The value of an expression row; an error is recorded and the attribute is left out."""
        try:
            value = compiled.within(evaluation)
        except MappingError as error:
            errors[target] = error
            return IGNORE_ATTRIBUTE
        if value == "" and not self.settings.send_empty_text:
            return None
        return value

    def stream(
        self,
        people: Iterable[P],
        *,
        source: Callable[[P], Mapping[str, Any]] = lambda person: person,  # type: ignore[assignment,return-value]
        now: datetime | None = None,
        creating: bool = False,
    ) -> Iterator[tuple[P, Values]]:
        """Each person with their values, one at a time; nothing is stored. All share the same clock."""
        moment = now or datetime.now(UTC)
        for person in people:
            yield person, self(source(person), now=moment, creating=creating)


_Step: TypeAlias = tuple[str, str | None, CompiledExpression | None, str | None]


def _read_direct(name: str, value: Any, target: str, errors: dict[str, MappingError]) -> Any:
    """The value of a Direct row that is neither a string nor null; a date-time becomes a string."""
    try:
        made = read_value(value)
    except EvaluationFault as fault:
        errors[target] = MappingError(f"[{name}]: {fault.message}", fault.remedy, text=f"[{name}]", position=0)
        return IGNORE_ATTRIBUTE
    if isinstance(made, Instant):
        return str(made)
    return made


# each test person and each cycle of the sandbox asks for the same mapping
@lru_cache(maxsize=32)
def compile_mapping(mapping: ObjectMapping, settings: Settings = STRICT) -> CompiledMapping:
    """A mapping compiled once, for streaming a directory through it.

    >>> row = MappingRow("userName", "[userPrincipalName]", "Direct", matching=1)
    >>> users = ObjectMapping("Users", "User", "urn:…:User", True, ALL_ACTIONS, (), (row,))
    >>> compile_mapping(users)({"userPrincipalName": "ada@contoso.example"}).values
    {'userName': 'ada@contoso.example'}
    """
    return CompiledMapping(mapping, settings)


def evaluate_rows(
    mapping: ObjectMapping | Sequence[MappingRow],
    source: Mapping[str, Any],
    *,
    now: datetime | None = None,
    creating: bool,
    settings: Settings = STRICT,
    random: Random | None = None,
) -> Values:
    """What every row returns for one person.

    creating  True: the account is about to be created, so default values apply and
              ObjectAddOnly rows flow; False: an existing account is updated
    """
    if not isinstance(mapping, ObjectMapping):
        mapping = ObjectMapping("rows", "User", "", True, ALL_ACTIONS, (), tuple(mapping))
    return compile_mapping(mapping, settings)(source, now=now, creating=creating, random=random)
