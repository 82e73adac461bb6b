"""From the text of an expression to a value.

An expression is compiled once into nested closures and then called per person:
`compile_expression` for streams, `evaluate` for one value. Only the chosen branch
of IIF, Switch and Coalesce is evaluated (unconfirmed). Deterministic when `now`
and `random` are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from random import Random
from typing import Any

from scimkit.errors import MappingError
from scimkit.mapping.language.compiler import Compiler, Watch
from scimkit.mapping.language.evaluation import Evaluation, Ignored, NullRead, Run
from scimkit.mapping.language.functions.table import FUNCTIONS
from scimkit.mapping.language.parser import parse, print_expression
from scimkit.mapping.language.problems import EvaluationFault, ExpressionError
from scimkit.mapping.language.settings import STRICT, Settings
from scimkit.mapping.language.syntax import Expression
from scimkit.mapping.language.values import Instant

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.


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
        return self.within(Evaluation(source, now, random, self.settings, warnings))

    def within(self, evaluation: Evaluation) -> Any:
        """The value, or an ignore mark. Raises MappingError and nothing else."""
        try:
            value = self.run(evaluation)
        except Ignored as ignored:
            return ignored.mark
        except NullRead as null:  # a bare condition outside IIF cannot be, but nothing else may escape
            raise ExpressionError(f"[{null.name}] is null", "Give it a value.", text=self.text, position=0) from None
        except RecursionError:
            raise ExpressionError(
                "the expression is nested too deeply", "Simplify it.", text=self.text, position=0
            ) from None
        except EvaluationFault as fault:
            raise ExpressionError(fault.message, fault.remedy, text=self.text, position=0) from None
        if value.__class__ is Instant:
            return str(value)
        return value


def compile_node(
    text: str, node: Expression, settings: Settings = STRICT, watch: Watch | None = None
) -> CompiledExpression:
    """The result of `parse(text)`, compiled. watch: sees every node (`Compiler`)."""
    return CompiledExpression(text, node, settings, Compiler(text, FUNCTIONS, settings, watch).run(node))


def compile_expression(expression: str | Expression, settings: Settings = STRICT) -> CompiledExpression:
    """An expression compiled once, to be called per person. Raises MappingError if it cannot be read."""
    if isinstance(expression, str):
        return _compile(expression, settings)
    if not isinstance(expression, Expression):
        parse(expression)  # says what is wrong
    try:
        return _compile(print_expression(expression), settings)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply", "Simplify it.", position=0) from None


# a forecast evaluates the same few expressions for everybody
@lru_cache(maxsize=1024)
def _compile(text: str, settings: Settings) -> CompiledExpression:
    try:
        return compile_node(text, parse(text), settings)
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
    now       the clock of Now(); without it the system clock is read
    random    the random source of Guid and RandomString; without it the system's
    settings  how open rules are read; `LENIENT` evaluates conditions over null as written
    warnings  a list to which remarks about null conditions and the like are added

    Returns str, int, bool, list or None (nothing is exported), or IGNORE_ATTRIBUTE or
    IGNORE_OBJECT; a date-time as its string. Raises MappingError with text and position.

    >>> evaluate('Join(", ", [surname], [givenName])', {"surname": "Doe", "givenName": "John"})
    'Doe, John'
    """
    if not isinstance(source, Mapping):
        raise MappingError(f"the source is {type(source).__name__}, not attributes by name", "Give a dictionary.")
    return compile_expression(expression, settings)(source, now=now, random=random, warnings=warnings)
