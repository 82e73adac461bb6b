"""From a parsed expression to a value.

An expression is compiled once into nested closures and then called per person:
`compile_expression` for streams, `evaluate` for one value. Only the chosen branch
of IIF, Switch and Coalesce is evaluated (unconfirmed). Deterministic when `now`
and `random` are given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from random import Random, SystemRandom
from typing import Any, TypeAlias

from scimkit.errors import MappingError
from scimkit.mapping.language.parser import parse, print_expression
from scimkit.mapping.language.problems import ExpressionError, Fault, NotReproduced, OurLimit
from scimkit.mapping.language.settings import STRICT, Settings
from scimkit.mapping.language.signatures import Function, load_functions
from scimkit.mapping.language.syntax import Attribute, Call, Comparison, Expression, Number, Text, Word
from scimkit.mapping.language.values import (
    IGNORE_ATTRIBUTE,
    IGNORE_OBJECT,
    OMITTED,
    IgnoreMark,
    Instant,
    as_integer,
    plain_text,
    read_value,
    show_value,
)

SYSTEM_RANDOM = SystemRandom()
ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
QUOTED = re.compile(r'"[^"]*"')
LOOKS_ISO_OR_US = re.compile(r"\s*[0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]")


class Scope:
    """What one evaluation can see: the person, the time, the dice, the settings."""

    __slots__ = ("now", "random", "settings", "source", "warnings")

    def __init__(
        self,
        source: Mapping[str, Any],
        now: datetime | None = None,
        random: Random | None = None,
        settings: Settings = STRICT,
        warnings: list[str] | None = None,
    ) -> None:
        self.source, self.now, self.settings, self.warnings = source, now, settings, warnings
        self.random = random or SYSTEM_RANDOM

    def instant(self) -> Instant:
        """The time of this evaluation; the clock is read only when no `now` was given."""
        if self.now is None:
            self.now = datetime.now(UTC)
        return Instant.of(self.now)

    def warn(self, message: str) -> None:
        if self.warnings is not None and message not in self.warnings:
            self.warnings.append(message)

    def text(self, value: Any) -> str | None:
        """A text argument: null stays None, a list is refused or gives its only element."""
        if value is None or value.__class__ is str:
            return value
        if isinstance(value, list) and len(value) == 1 and self.settings.list_as_text == "single":
            return self.text(value[0])
        return plain_text(value)


Run: TypeAlias = Callable[[Scope], Any]


class Ignored(Exception):
    """Ends the evaluation of a mapping: the attribute or the object is left out."""

    def __init__(self, mark: IgnoreMark) -> None:
        super().__init__(mark.value)
        self.mark = mark


class NullRead(Exception):
    """A condition read a null attribute (strict mode)."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def compare(scope: Scope, operator: str, left: Any, right: Any) -> bool:
    """`left operator right` as conditions compare.

    Text with text ordinal and case-sensitive; as integers when either side is a
    number or both look like one; dates as dates; null equals only null and empty
    text, and is neither before nor after anything (all unconfirmed).
    """
    if left is None or right is None:
        if operator in ("=", "<>"):
            same = (left is None or left == "") and (right is None or right == "")
            return same if operator == "=" else not same
        return False
    order = ORDERINGS[operator]
    if isinstance(left, Instant) or isinstance(right, Instant):
        dates = [_date_side(scope, side) for side in (left, right)]
        if None not in dates:
            return order(*dates)
        return order(scope.text(left), scope.text(right))
    numbers = as_integer(left), as_integer(right)
    if numbers[0] is not None and numbers[1] is not None:
        return order(*numbers)
    if operator not in ("=", "<>") and any(type(side) is int for side in (left, right)):
        other = left if type(right) is int else right
        raise Fault(f"{show_value(other)} cannot be compared with a number", "Compare whole numbers.", other)
    return order(scope.text(left), scope.text(right))


def _date_side(scope: Scope, value: Any) -> Instant | None:
    if isinstance(value, Instant):
        return value
    if isinstance(value, str) and LOOKS_ISO_OR_US.match(value):
        from scimkit.mapping.language.functions.dates import parse_date

        return parse_date(value)
    return None


def is_true(value: Any) -> bool:
    """A condition that is not a comparison: a boolean, or the text True or False in any case."""
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise Fault(f"the condition is {show_value(value)}, neither True nor False", "Compare it with something.", value)


class Compiler:
    """Makes one closure per node.

    watch  called as watch(node, run) and returns the closure to use instead;
           `explanations` records values with it
    """

    def __init__(self, text: str, settings: Settings, watch: Callable[[Expression, Run], Run] | None = None) -> None:
        self.text, self.settings, self.watch = text, settings, watch
        self.functions = load_functions()
        self.masks = "redact" in text.lower()

    def error(self, fault: Fault, position: int, before: str = "") -> ExpressionError:
        """The fault with its place. Where the expression redacts, no value is quoted."""
        message = QUOTED.sub('"[Redact]"', fault.message) if self.masks else fault.message
        kind = NotReproduced if isinstance(fault, OurLimit) else ExpressionError
        return kind(before + message, fault.remedy, text=self.text, position=position)

    def run(self, node: Expression, in_condition: bool = False) -> Run:
        """The closure of `node`. in_condition: reading a null attribute ends the condition."""
        made = self._run(node, in_condition)
        return self.watch(node, made) if self.watch else made

    def _run(self, node: Expression, in_condition: bool) -> Run:
        if isinstance(node, Attribute):
            return self.attribute(node, in_condition)
        if isinstance(node, (Text, Number)):
            value = node.value
            return lambda scope: value
        if isinstance(node, Word):
            return self.word(node)
        if isinstance(node, Comparison):
            return self.comparison(node, in_condition)
        return self.call(node, in_condition)

    def attribute(self, node: Attribute, in_condition: bool) -> Run:
        name = node.name

        def read(scope: Scope) -> Any:
            value = scope.source.get(name)
            if value.__class__ is str or value is None:
                return value
            try:
                return read_value(value)
            except Fault as fault:
                raise self.error(fault, node.position) from None

        def read_strictly(scope: Scope) -> Any:
            value = read(scope)
            if value is None or value == "" or value == []:
                raise NullRead(name)
            return value

        return read_strictly if in_condition else read

    def word(self, node: Word) -> Run:
        name = node.name
        if name not in ("IgnoreAttributeFlow", "IgnoreObjectFlow"):
            return lambda scope: name
        mark = IGNORE_ATTRIBUTE if name == "IgnoreAttributeFlow" else IGNORE_OBJECT

        def ignore(scope: Scope) -> Any:
            raise Ignored(mark)

        return ignore

    def comparison(self, node: Comparison, in_condition: bool) -> Run:
        left, right = self.run(node.left, in_condition), self.run(node.right, in_condition)
        operator, position = node.operator, node.position

        def decide(scope: Scope) -> bool:
            one, other = left(scope), right(scope)
            if one.__class__ is str and other.__class__ is str and operator == "=" and one == other:
                return True
            try:
                return compare(scope, operator, one, other)
            except Fault as fault:
                raise self.error(fault, position) from None

        return decide

    def argument(self, function: Function, node: Expression | None, in_condition: bool) -> Run:
        """An argument of an eager function, or of Coalesce: an empty attribute counts as null there."""
        if node is None:
            return lambda scope: OMITTED
        read = self.run(node, in_condition)
        if not isinstance(node, Attribute) or function.name == "IsNull" or not self.settings.empty_is_null:
            return read

        if in_condition or self.watch is not None:

            def read_empty_as_null(scope: Scope) -> Any:
                value = read(scope)
                return None if value == "" else value

            return read_empty_as_null
        name = node.name

        def read_quickly(scope: Scope) -> Any:
            value = scope.source.get(name)
            if value.__class__ is str:
                return value or None
            return None if value is None else read(scope)

        return read_quickly

    def call(self, node: Call, in_condition: bool) -> Run:
        function = self.functions[node.name.lower()]
        if function.lazy:
            made: Run = function.call(self, node, in_condition)
            return made
        runs = [self.argument(function, each, in_condition) for each in node.arguments]
        most = function.most if function.most is not None else len(runs)
        runs += [lambda scope: OMITTED] * (max(most, len(function.parameters)) - len(runs))
        return self.eager(node, function.call, runs)

    def eager(self, node: Call, call: Callable[..., Any], runs: list[Run]) -> Run:
        if len(runs) == 1:
            only = runs[0]

            def run_one(scope: Scope) -> Any:
                value = only(scope)
                try:
                    return call(scope, value)
                except Fault as fault:
                    raise self.located(fault, node, (value,)) from None

            return run_one

        def run_many(scope: Scope) -> Any:
            values = [run(scope) for run in runs]
            try:
                return call(scope, *values)
            except Fault as fault:
                raise self.located(fault, node, values) from None

        return run_many

    def located(self, fault: Fault, node: Call, values: Any) -> ExpressionError:
        """The error at the argument to blame, or at the function's name."""
        position = node.position
        if fault.value is not None:
            for argument, value in zip(node.arguments, values, strict=False):
                if value is fault.value and argument is not None:
                    position = argument.position
                    break
        return self.error(fault, position, f"{node.name}: ")


class CompiledExpression:
    """An expression ready to be evaluated for many people: `compiled(source, now=...)`."""

    __slots__ = ("node", "run", "settings", "text")

    def __init__(self, text: str, node: Expression, settings: Settings, run: Run) -> None:
        self.text, self.node, self.settings, self.run = text, node, settings, run

    def __call__(
        self,
        source: Mapping[str, Any],
        *,
        now: datetime | None = None,
        random: Random | None = None,
        warnings: list[str] | None = None,
    ) -> Any:
        return self.within(Scope(source, now, random, self.settings, warnings))

    def within(self, scope: Scope) -> Any:
        """The value, or an ignore mark. Raises MappingError and nothing else."""
        try:
            value = self.run(scope)
        except Ignored as ignored:
            return ignored.mark
        except NullRead as null:  # a bare condition outside IIF cannot be, but nothing else may escape
            raise ExpressionError(f"[{null.name}] is null", "Give it a value.", text=self.text, position=0) from None
        except RecursionError:
            raise ExpressionError(
                "the expression is nested too deeply", "Simplify it.", text=self.text, position=0
            ) from None
        except Fault as fault:
            raise ExpressionError(fault.message, fault.remedy, text=self.text, position=0) from None
        return str(value) if value.__class__ is Instant else value


def compile_expression(expression: str | Expression, settings: Settings = STRICT) -> CompiledExpression:
    """An expression compiled once, to be called per person. Raises MappingError when it cannot be read."""
    if isinstance(expression, str):
        return _compile(expression, settings)
    if not isinstance(expression, Expression):
        parse(expression)  # says what is wrong
    try:
        return _compile(print_expression(expression), settings)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply", "Simplify it.", position=0) from None


@lru_cache(maxsize=1024)
def _compile(text: str, settings: Settings) -> CompiledExpression:
    try:
        node = parse(text)
        return CompiledExpression(text, node, settings, Compiler(text, settings).run(node))
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply", "Simplify it.", text=text, position=0) from None


def evaluate(
    expression: str | Expression,
    source: Mapping[str, Any],
    *,
    now: datetime | None = None,
    random: Random | None = None,
    settings: Settings = STRICT,
    warnings: list[str] | None = None,
) -> Any:
    """What an expression yields for one source object.

    source    attributes by their exact schema names; a missing key and None both mean absent
    now       the clock of Now(); without it the system's is read
    random    the dice of Guid and RandomString; without it the system's
    settings  how open rules are read; `LENIENT` evaluates conditions over null as written
    warnings  a list to which remarks about null conditions and the like are added

    Gives str, int, bool, list or None (nothing is exported), or IGNORE_ATTRIBUTE or
    IGNORE_OBJECT; a date-time as its text. Raises MappingError with text and position.

    >>> evaluate('Join(", ", [surname], [givenName])', {"surname": "Doe", "givenName": "John"})
    'Doe, John'
    """
    if not isinstance(source, Mapping):
        raise MappingError(f"the source is {type(source).__name__}, not attributes by name", "Give a dictionary.")
    return compile_expression(expression, settings)(source, now=now, random=random, warnings=warnings)
