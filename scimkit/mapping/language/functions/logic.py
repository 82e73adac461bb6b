"""IIF, Switch, Coalesce and the tests: which value is used, and whether there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scimkit.mapping.language.comparison import is_true
from scimkit.mapping.language.compiler import Compiler
from scimkit.mapping.language.evaluation import Evaluation, Ignored, NullRead, Run
from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.signatures import function
from scimkit.mapping.language.syntax import Attribute, Call, Expression, Number, Text
from scimkit.mapping.language.values import IGNORE_ATTRIBUTE, Instant, as_integer, show_value

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.


@function("IIF", "condition", "valueIfTrue", "valueIfFalse", lazy=True)
def _iif(compiler: Compiler, node: Call, in_condition: bool) -> Run:
    """One of the two values. A null read by the condition: `Settings.null_conditions`."""
    strict = compiler.settings.null_conditions == "strict"
    test, yes, no = node.arguments
    assert test is not None
    assert yes is not None
    assert no is not None
    condition = compiler.run(test, in_condition or strict)
    if_true, if_false = compiler.run(yes, in_condition), compiler.run(no, in_condition)

    def choose(evaluation: Evaluation) -> Any:
        try:
            chosen = condition(evaluation)
        except NullRead as null:
            if in_condition:
                raise
            evaluation.warn(f"the condition of IIF reads [{null.name}], which is null: the result is null")
            return None
        if chosen is not True and chosen is not False:
            try:
                chosen = is_true(chosen)
            except EvaluationFault as fault:
                raise compiler.error(fault, test.position) from None
        if chosen:
            return if_true(evaluation)
        return if_false(evaluation)

    return choose


@function(
    "Switch", "source", "defaultValue?", "key", "value*", lazy=True, keys={"key": "switchValue", "value": "switchValue"}
)
def _switch(compiler: Compiler, node: Call, in_condition: bool) -> Run:
    """The value of the first key equal to the source (ordinal); null counts as an empty string."""
    guarded = in_condition and not compiler.settings.guarded_conditions
    first = node.arguments[0]
    assert first is not None
    source = compiler.run(first, guarded)
    default = None
    if len(node.arguments) > 1:
        default = node.arguments[1]
    otherwise = None
    if default is not None:
        otherwise = compiler.run(default, in_condition)

    def text(evaluation: Evaluation, value: Any, position: int) -> str:
        try:
            return evaluation.text(value) or ""
        except EvaluationFault as fault:
            raise compiler.error(fault, position) from None

    if compiler.watch is None and (table := _constants(node)) is not None:
        return _look_up(
            table, source, otherwise, text_of=lambda evaluation, value: text(evaluation, value, first.position)
        )
    pairs = []
    for key, value in zip(node.arguments[2::2], node.arguments[3::2], strict=True):
        pairs.append((_run_or_null(compiler, key, guarded), _run_or_null(compiler, value, in_condition)))

    def choose(evaluation: Evaluation) -> Any:
        value = source(evaluation)
        if value.__class__ is str:
            wanted = value
        else:
            wanted = text(evaluation, value, first.position)
        for key, result in pairs:
            key_value = key(evaluation)
            if (key_value if key_value.__class__ is str else text(evaluation, key_value, node.position)) == wanted:
                return result(evaluation)
        if otherwise is not None:
            return otherwise(evaluation)
        return None

    return choose


def _constants(node: Call) -> dict[str, Any] | None:
    """The pairs of a Switch as a dictionary when all are constants (the usual case), else None. The first key wins."""
    table: dict[str, Any] = {}
    for key, value in zip(node.arguments[2::2], node.arguments[3::2], strict=True):
        if not isinstance(key, (Text, Number)) or not isinstance(value, (Text, Number)):
            return None
        table.setdefault(str(key.value), value.value)
    return table


def _look_up(
    table: dict[str, Any], source: Run, otherwise: Run | None, text_of: Callable[[Evaluation, Any], str]
) -> Run:
    get = table.get

    def choose(evaluation: Evaluation) -> Any:
        value = source(evaluation)
        found = get(value if value.__class__ is str else text_of(evaluation, value))
        if found is not None or otherwise is None:
            return found
        return otherwise(evaluation)

    return choose


def _run_or_null(compiler: Compiler, argument: Expression | None, in_condition: bool) -> Run:
    """The closure that evaluates `argument`; an omitted one is null."""
    if argument is None:
        return _null
    return compiler.run(argument, in_condition)


def _null(evaluation: Evaluation) -> None:
    return None


@function("Coalesce", "source", "more*?", lazy=True, keys={"more": "source"})
def _coalesce(compiler: Compiler, node: Call, in_condition: bool) -> Run:
    """The first argument that is not null; an empty attribute counts as null, a literal "" does not."""
    guards = compiler.settings.guarded_conditions
    runs = [compiler.argument(node, each, in_condition and not guards) for each in node.arguments if each is not None]
    names = [each.name for each in node.arguments if isinstance(each, Attribute)]

    def choose(evaluation: Evaluation) -> Any:
        for run in runs:
            value = run(evaluation)
            if value is not None:
                return value
        if in_condition and names:
            raise NullRead(names[-1])
        return None

    return choose


@function("Not", "source")
def _not(evaluation: Evaluation, source: Any) -> bool:
    """True gives False; any other value, including null, gives True."""
    return not (source is True or source == "True")


@function("CBool", "condition", keys={"condition": "expression"})
def _cbool(evaluation: Evaluation, value: Any) -> bool:
    """True or non-zero gives True; a string other than True and numbers is refused (unconfirmed)."""
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    number = as_integer(value)
    if number is not None:
        return number != 0
    if value == "True":
        return True
    if evaluation.settings.cbool_other_text == "false" and isinstance(value, str):
        return False
    raise EvaluationFault(f"{show_value(value)} is neither True nor a number", 'Compare: CBool([x] = "text").', value)


@function("IsNull", "expression")
def _is_null(evaluation: Evaluation, value: Any) -> bool:
    return value is None


@function("IsNothing", "source", support="unknown")
def _is_nothing(evaluation: Evaluation, value: Any) -> bool:
    """Graph's old list only; read as IsNullOrEmpty (unconfirmed)."""
    return _empty(value)


@function("IsNullOrEmpty", "expression")
def _is_null_or_empty(evaluation: Evaluation, value: Any) -> bool:
    return _empty(value)


def _empty(value: Any) -> bool:
    return value is None or value == "" or value == []


@function("IsPresent", "expression")
def _is_present(evaluation: Evaluation, value: Any) -> bool:
    return not _empty(value)


@function("IsString", "expression")
def _is_string(evaluation: Evaluation, value: Any) -> bool:
    """Whether the value is a string, or can be read as one; null is not (unconfirmed)."""
    return isinstance(value, (str, int, Instant))


@function("IgnoreFlowIfNullOrEmpty", "expression")
def _ignore_flow(evaluation: Evaluation, value: Any) -> Any:
    """The value, or the instruction to drop the attribute."""
    if _empty(value):
        raise Ignored(IGNORE_ATTRIBUTE)
    return value


FUNCTIONS = (
    _iif,
    _switch,
    _coalesce,
    _not,
    _cbool,
    _is_null,
    _is_nothing,
    _is_null_or_empty,
    _is_present,
    _is_string,
    _ignore_flow,
)
