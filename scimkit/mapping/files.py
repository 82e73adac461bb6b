"""A mapping as a TOML file: for review, changes by hand, and restore.

The file contains the decisions of people: which objects flow, which rows, from what, when.
Everything else Graph stores (ids, metadata, lists of attributes, members scimkit
does not know) is in the saved schema beside it, `mapping.schema.json`.
Two exports of the same schema are the same text.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from scimkit.errors import MappingError
from scimkit.mapping.language.parser import parse, print_expression
from scimkit.mapping.language.problems import ExpressionError, suggest
from scimkit.mapping.language.syntax import Attribute, Call, Expression, Number, Text
from scimkit.mapping.rows import KINDS, Kind, MappingRow, ObjectMapping
from scimkit.mapping.schema import ACTIONS, APPLY, BEHAVIOUR, canonical, keyed, keyed_rows
from scimkit.mapping.scoping.filters import UNARY, Clause, ScopingFilter, operator_of

FORMAT = 1  # raised when an earlier scimkit would misread a file
WIDTH = 90  # columns of an expression before it is broken into lines
TYPES: tuple[Kind, ...] = (*KINDS.values(), "None")
OBJECT_KEYS = ("source_object", "target_object", "name", "enabled", "actions", "filter", "row")
ROW_KEYS = ("target", "type", "source", "default", "matching", "apply", "behaviour")
FILTER_KEYS = ("name", "clauses")
CLAUSE_KEYS = ("attribute", "operator", "value", "values")
WORDS = """
[[object]] is one kind of object.
  enabled    whether it is provisioned at all
  actions    what may be done to accounts: Add (the portal says Create), Update, Delete
[[object.filter]] is one scoping filter: people who pass all its clauses are in scope.
  Of several filters one is enough; without any, everyone who is assigned is in scope.
[[object.row]] is one attribute in the app.
  target     its name there
  type       Direct: one attribute of Entra. Constant: always the same text.
             Expression: computed. None: no source, only the default
  source     in the mapping language: [mail], "text" or a function; line breaks do not matter
  default    used if the source is empty when an account is created
  matching   1 is the first attribute by which an existing account is found, 2 the next.
             Left out: not used for matching
  apply      Always (also when left out), ObjectAddOnly (only when the account is created),
             MultiValueAddOnly and ValueAddOnly (values are added, none removed),
             AttributeAddOnly (only if the app has no value)
  behaviour  FlowWhenChanged (also when left out) or FlowAlways

Ids, metadata, lists of attributes and everything else Microsoft stores are not part of this file:
a restore leaves them as they are in the tenant. The schema saved beside this file has them.
"""


@dataclass(frozen=True, slots=True)
class MappingFile:
    """The contents of a mapping file.

    app      name of the profile it was written for, "" if the file has none
    objects  without originals: `schema.merge_mapping` finds those
    """

    app: str
    objects: tuple[ObjectMapping, ...]


# -- writing ------------------------------------------------------------------------


def print_mapping(objects: Iterable[ObjectMapping], *, app: str, title: str, about: Mapping[str, str]) -> str:
    """The text of a mapping file.

    app    name of the profile; a restore refuses the file of another app
    title  the app's own name
    about  the header for the reader: tenant, job, when it was read
    """
    import tomlkit  # in functions only: it takes 27 ms to load, and a file that is read needs tomllib alone

    document = tomlkit.document()
    width = max((len(name) for name in about), default=0)
    facts = [f"  {name:<{width}}  {value}" for name, value in about.items()]
    for line in (
        f"The attribute mapping of {title}, for people to read, review and change.",
        "",
        *facts,
        "",
        *WORDS.strip().split("\n"),
    ):
        document.add(tomlkit.comment(_one_line(line)) if line else tomlkit.ws("#\n"))
    document.add(tomlkit.nl())
    document["app"] = app
    document["format"] = FORMAT
    tables = tomlkit.aot()
    for each in objects:
        tables.append(_object_table(each))
    document["object"] = tables
    return tomlkit.dumps(document)


def _one_line(text: str) -> str:
    """`text` without characters that would end a comment."""
    return "".join(character if character.isprintable() else " " for character in text)


def _object_table(each: ObjectMapping) -> Any:
    import tomlkit

    table = tomlkit.table()
    table["source_object"] = _text(each.source_object)
    table["target_object"] = _text(each.target_object)
    table["name"] = _text(each.name)
    table["enabled"] = each.enabled
    table["actions"] = [name for name in ACTIONS if name in each.actions]
    for name, items in (
        ("filter", [_filter_table(item) for item in each.filters]),
        ("row", [_row_table(row) for row in each.rows]),
    ):
        if items:
            tables = tomlkit.aot()
            for item in items:
                tables.append(item)
            table[name] = tables
    return table


def _filter_table(each: ScopingFilter) -> Any:
    import tomlkit

    table, clauses = tomlkit.table(), tomlkit.array()
    table["name"] = _text(each.name)
    for clause in each.clauses:
        inline = tomlkit.inline_table()
        inline["attribute"] = _text(clause.attribute)
        inline["operator"] = _text(clause.operator)
        if clause.more:
            inline["values"] = [_text(value) for value in (clause.value or "", *clause.more)]
        elif clause.value is not None:
            inline["value"] = _text(clause.value)
        clauses.append(inline)
    table["clauses"] = clauses.multiline(True)
    return table


def _row_table(row: MappingRow) -> Any:
    import tomlkit

    table = tomlkit.table()
    table["target"] = _text(row.target)
    table["type"] = row.kind
    if row.expression is not None:
        table["source"] = _text(wrapped(row.expression))
    if row.default is not None:
        table["default"] = _text(row.default)
    if row.matching:
        table["matching"] = row.matching
    if row.apply != APPLY[0]:
        table["apply"] = _text(row.apply)
    if row.behaviour != BEHAVIOUR[0]:
        table["behaviour"] = _text(row.behaviour)
    return table


def _text(value: str) -> Any:
    """`value` in its most readable form: quotation marks without backslashes, several lines if it has them."""
    import tomlkit

    lines, quotes = "\n" in value, '"' in value or "\\" in value
    plain = all(character.isprintable() or character == "\n" for character in value)
    if plain and quotes and not lines and "'" not in value:
        return tomlkit.string(value, literal=True)
    if plain and (lines or quotes) and "'''" not in value and not value.endswith("'"):
        start = ""
        if lines:
            start = "\n"  # a line feed after the quotes is no part of it
        return tomlkit.value(f"'''{start}{value}'''")
    return tomlkit.string(value)


def wrapped(expression: str) -> str:
    """Canonical text of an expression; a long one with its arguments on separate lines.

    An expression that cannot be read stays unchanged.

    >>> wrapped('switch([a],,"x","y")')
    'Switch([a], , "x", "y")'
    """
    try:
        return _wrap(parse(expression), 0)
    except MappingError:
        return expression


def _wrap(node: Expression, indent: int) -> str:
    text = print_expression(node)
    if len(text) + indent <= WIDTH or not isinstance(node, Call) or not node.arguments:
        return text
    inner = " " * (indent + 2)
    arguments = ["" if each is None else _wrap(each, indent + 2) for each in node.arguments]
    return (
        f"{node.name}(\n" + ",\n".join(inner + argument if argument else inner.rstrip() for argument in arguments) + ")"
    )


# -- reading ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the file: `mapping.toml: object 1 (User), row 3 (active)`."""

    file: str
    words: tuple[str, ...] = ()

    def at(self, word: str) -> _Place:
        return _Place(self.file, (*self.words, word))

    def __str__(self) -> str:
        if self.words:
            return f"{self.file}: {', '.join(self.words)}"
        return self.file

    def error(self, message: str, remedy: str) -> MappingError:
        return MappingError(f"{self}: {message}", remedy)


def read_mapping_text(text: str, *, file: str = "mapping.toml", saved: Sequence[ObjectMapping] = ()) -> MappingFile:
    """The contents of a mapping file's text.

    file   its name in errors
    saved  the objects of the schema saved beside it: what is identical in both
           is accepted, even if scimkit does not know it

    Raises MappingError naming object, row and key, and the allowed values; for an
    expression ExpressionError, with the place in it.
    """
    top = _Place(file)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise top.error(f"this is not TOML: {error}", "Fix that line, or export the mapping again.") from None
    except RecursionError:
        raise top.error("this is not TOML: brackets are nested too deeply", "Export the mapping again.") from None
    _known(data, ("app", "format", "object"), top)
    if data.get("format") != FORMAT:
        raise top.error(
            f"format is {data.get('format', 'missing')!r}",
            f"This scimkit reads format = {FORMAT}; a newer file needs a newer one.",
        )
    app = _value(data, "app", str, top, default="")
    tables = _tables(data, "object", top)
    if not tables:
        raise top.error("there is no [[object]]", "Add one for each kind of object, or export the mapping again.")
    objects = tuple(_read_object(table, top, number, saved) for number, table in enumerate(tables, start=1))
    twice = [key for key in keyed(objects) if key[2]]
    if twice and len(keyed(saved)) < len(objects):
        raise top.error(f"there are two [[object]] of {twice[0][0]} to {twice[0][1]}", "Keep one of them.")
    return MappingFile(app, objects)


def _read_object(table: Mapping[str, Any], top: _Place, number: int, saved: Sequence[ObjectMapping]) -> ObjectMapping:
    place = top.at(f"object {number}")
    _known(table, OBJECT_KEYS, place)
    source = _value(table, "source_object", str, place)
    place = top.at(f"object {number} ({source})")
    target = _value(table, "target_object", str, place)
    actions = _list(table, "actions", place, default=list(ACTIONS))
    for action in actions:
        if action not in ACTIONS:
            raise place.at("actions").error(f"{action!r} is no action", _allowed(action, ACTIONS))
    there = next((each for each in saved if (each.source_object, each.target_object) == (source, target)), None)
    if there:
        known = keyed_rows(there.rows)
    else:
        known = {}
    rows, seen = [], dict.fromkeys((target for target, _ in known), 0)
    for index, raw in enumerate(_tables(table, "row", place), start=1):
        name = str(raw.get("target", ""))
        rows.append(_read_row(raw, place, index, known.get((name, seen.get(name, 0)))))
        seen[name] = seen.get(name, 0) + 1
    return ObjectMapping(
        name=_value(table, "name", str, place, default=there.name if there else ""),
        source_object=source,
        target_object=target,
        enabled=_value(table, "enabled", bool, place, default=True),
        actions=frozenset(actions),
        filters=tuple(
            _read_filter(raw, place, index, there) for index, raw in enumerate(_tables(table, "filter", place), start=1)
        ),
        rows=tuple(rows),
    )


def _read_row(raw: Mapping[str, Any], above: _Place, number: int, known: MappingRow | None) -> MappingRow:
    """known: the row of that target in the saved schema."""
    place = above.at(f"row {number}")
    _known(raw, ROW_KEYS, place)
    target = _value(raw, "target", str, place)
    place = above.at(f"row {number} ({target})")
    if not target.strip():
        raise place.at("target").error("the target is empty", "Name the attribute in the app.")
    kind, expression = _read_source(raw, place, known)
    matching = _value(raw, "matching", int, place, default=0)
    if matching < 0:
        raise place.at("matching").error(
            f"{matching} is no precedence", "Give 1 for the first matching attribute, 2 for the next, or leave it out."
        )
    apply, behaviour = "", ""
    if known:
        apply, behaviour = known.apply, known.behaviour
    return MappingRow(
        target=target,
        expression=expression,
        kind=kind,
        matching=matching,
        default=_value(raw, "default", str, place, default=None),
        apply=_one_of(raw, "apply", APPLY, place, also=apply),
        behaviour=_one_of(raw, "behaviour", BEHAVIOUR, place, also=behaviour),
    )


def _read_source(raw: Mapping[str, Any], place: _Place, known: MappingRow | None) -> tuple[Kind, str | None]:
    kind = _value(raw, "type", str, place, default="")
    if kind and kind not in TYPES:
        raise place.at("type").error(f"{kind!r} is no type", _allowed(kind, TYPES))
    text = _value(raw, "source", str, place, default=None)
    if text is None:
        if kind not in ("", "None"):
            raise place.error(f"the type is {kind}, but there is no source", 'Give the source, or write type = "None".')
        return "None", None
    if kind == "None":
        raise place.at("source").error(
            "the type is None, but there is a source", "Remove the source, or give its type."
        )
    if (
        known is not None
        and known.expression is not None
        and (known.expression == text or canonical(known.expression) == canonical(text))
    ):
        return kind or known.kind, known.expression  # type: ignore[return-value]
    try:
        node = parse(text)
    except ExpressionError as error:
        raise ExpressionError(
            f"{place.at('source')}: {error.message}", error.remedy, text=error.text, position=error.position
        ) from None
    told = kind_of(node)
    if kind in ("Direct", "Constant") and kind != told:
        remedy = {
            "Direct": "A Direct source is one attribute in brackets, such as [mail]",
            "Constant": 'A Constant is one string in quotes, such as "Learner"',
        }[kind]
        raise place.at("type").error(
            f"the type is {kind}, but {print_expression(node)} is not that", f'{remedy}; else write type = "{told}".'
        )
    return told, print_expression(node)


def kind_of(node: Expression) -> Kind:
    """The name the portal gives to a source of this kind."""
    if isinstance(node, Attribute):
        return "Direct"
    if isinstance(node, (Text, Number)):
        return "Constant"
    return "Expression"


def _read_filter(raw: Mapping[str, Any], above: _Place, number: int, there: ObjectMapping | None) -> ScopingFilter:
    name = _value(raw, "name", str, above.at(f"filter {number}"), default="")
    place = above.at(f"filter {number}")
    if name:
        place = above.at(f"filter {number} ({name})")
    _known(raw, FILTER_KEYS, place)
    before: Sequence[ScopingFilter] = ()
    if there:
        before = there.filters
    saved = set(chain.from_iterable(each.clauses for each in before))
    clauses = _list(raw, "clauses", place, of=dict)
    made = tuple(_read_clause(item, place.at(f"clause {index}"), saved) for index, item in enumerate(clauses, start=1))
    if not made and not any(each.name == name and not each.clauses for each in before):
        raise place.error(
            "the filter has no clauses, and the meaning of such a filter is not documented",
            "Add a clause, or remove the filter.",
        )
    return ScopingFilter(name, made)


def _read_clause(raw: Mapping[str, Any], place: _Place, saved: set[Clause]) -> Clause:
    _known(raw, CLAUSE_KEYS, place)
    several = tuple(_list(raw, "values", place, default=[]))
    if several and "value" in raw:
        raise place.error("there are both a value and values", "Keep one of the two.")
    if several:
        value = several[0]
    else:
        value = _value(raw, "value", str, place, default=None)
    clause = Clause(_value(raw, "attribute", str, place), _value(raw, "operator", str, place), value, several[1:])
    if clause in saved:
        return clause
    try:
        operator = operator_of(clause)
    except MappingError as error:
        raise place.at("operator").error(error.message, error.remedy) from None
    if (operator in UNARY) != (clause.value is None):
        if operator in UNARY:
            raise place.error(f"{operator} takes no value", "Take it out.")
        raise place.error(f"{operator} has no value", "Give the value to compare with.")
    return clause


# -- single values ------------------------------------------------------------------

_KIND_WORDS = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "a table in braces",
}
_MISSING = object()


def _known(table: Mapping[str, Any], keys: Sequence[str], place: _Place) -> None:
    for key in table:
        if key not in keys:
            raise place.error(f"the key {key} is unknown", _allowed(key, keys))


def _allowed(given: Any, names: Sequence[str]) -> str:
    near = suggest(str(given), names)
    allowed = f"Allowed: {', '.join(names)}."
    if near:
        return f"Did you mean {near}? {allowed}"
    return allowed


def _value(table: Mapping[str, Any], key: str, kind: type, place: _Place, *, default: Any = _MISSING) -> Any:
    value = table.get(key, default)
    if value is _MISSING:
        raise place.error(f"{key} is missing", f"Give {key} as {_KIND_WORDS[kind]}.")
    if value is not default and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise place.at(key).error(f"{value!r} is not {_KIND_WORDS[kind]}", f"Write {key} as {_KIND_WORDS[kind]}.")
    return value


def _list(
    table: Mapping[str, Any], key: str, place: _Place, *, of: type = str, default: list[Any] | None = None
) -> list[Any]:
    values: list[Any] = _value(table, key, list, place, **({} if default is None else {"default": default}))
    for value in values:
        if not isinstance(value, of):
            raise place.at(key).error(
                f"{value!r} is not {_KIND_WORDS[of]}", f"Write each of {key} as {_KIND_WORDS[of]}."
            )
    return values


def _tables(table: Mapping[str, Any], key: str, place: _Place) -> list[dict[str, Any]]:
    found = table.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        heading = "object"
        if key != "object":
            heading = f"object.{key}"
        raise place.at(key).error(f"{key} is not a list of tables", f"Write [[{heading}]] and its keys below it.")
    return found


def _one_of(table: Mapping[str, Any], key: str, names: Sequence[str], place: _Place, *, also: str = "") -> str:
    value: str = _value(table, key, str, place, default=names[0])
    if value not in names and value != also:
        raise place.at(key).error(f"{value!r} is not an allowed value", _allowed(value, names))
    return value
