"""From a parsed expression to nested closures, which are then called per person.

The compiler receives its functions as an argument, so that they can use it:
a lazy one, such as IIF, compiles its own call and decides which arguments run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from scimkit.mapping.language.comparison import compare
from scimkit.mapping.language.evaluation import Evaluation, Ignored, NullRead, Run
from scimkit.mapping.language.problems import EvaluationFault, ExpressionError, NotReproduced, OurLimit
from scimkit.mapping.language.settings import Settings
from scimkit.mapping.language.signatures import Function
from scimkit.mapping.language.syntax import Attribute, Call, Comparison, Expression, Number, Text, Word
from scimkit.mapping.language.values import IGNORE_ATTRIBUTE, IGNORE_OBJECT, OMITTED, read_value

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.

QUOTED = re.compile(r'"[^"]*"')
Watch: TypeAlias = Callable[[Expression, Run], Run]


class Compiler:
    """Creates one closure per node.

    functions  by lower-case name
    watch      called as watch(node, run) and returns the closure to use instead;
               `explanations` records values with it
    """

    def __init__(
        self, text: str, functions: Mapping[str, Function], settings: Settings, watch: Watch | None = None
    ) -> None:
        self.text, self.functions, self.settings, self.watch = text, functions, settings, watch
        self.masks = "redact" in text.lower()

    def error(self, fault: EvaluationFault, position: int, before: str = "") -> ExpressionError:
        """The fault with its place. If the expression redacts, no value is quoted."""
        if self.masks:
            message = QUOTED.sub('"[Redact]"', fault.message)
        else:
            message = fault.message
        kind = NotReproduced if isinstance(fault, OurLimit) else ExpressionError
        return kind(before + message, fault.remedy, text=self.text, position=position)

    def run(self, node: Expression, in_condition: bool = False) -> Run:
        """The closure of `node`. in_condition: reading a null attribute ends the condition."""
        made = self._run(node, in_condition)
        if self.watch:
            return self.watch(node, made)
        return made

    def _run(self, node: Expression, in_condition: bool) -> Run:
        if isinstance(node, Attribute):
            return self.attribute(node, in_condition)
        if isinstance(node, (Text, Number)):
            value = node.value
            return lambda evaluation: value
        if isinstance(node, Word):
            return self.word(node)
        if isinstance(node, Comparison):
            return self.comparison(node, in_condition)
        return self.call(node, in_condition)

    def attribute(self, node: Attribute, in_condition: bool) -> Run:
        name = node.name

        def read(evaluation: Evaluation) -> Any:
            value = evaluation.source.get(name)
            if value.__class__ is str or value is None:
                return value
            try:
                return read_value(value)
            except EvaluationFault as fault:
                raise self.error(fault, node.position) from None

        def read_strictly(evaluation: Evaluation) -> Any:
            value = read(evaluation)
            if value is None or value == "" or value == []:
                raise NullRead(name)
            return value

        if in_condition:
            return read_strictly
        return read

    def word(self, node: Word) -> Run:
        name = node.name
        if name not in ("IgnoreAttributeFlow", "IgnoreObjectFlow"):
            return lambda evaluation: name
        if name == "IgnoreAttributeFlow":
            mark = IGNORE_ATTRIBUTE
        else:
            mark = IGNORE_OBJECT

        def ignore(evaluation: Evaluation) -> Any:
            raise Ignored(mark)

        return ignore

    def comparison(self, node: Comparison, in_condition: bool) -> Run:
        left, right = self.run(node.left, in_condition), self.run(node.right, in_condition)
        operator, position = node.operator, node.position

        def decide(evaluation: Evaluation) -> bool:
            one, other = left(evaluation), right(evaluation)
            if one.__class__ is str and other.__class__ is str and operator == "=" and one == other:
                return True
            try:
                return compare(evaluation, operator, one, other)
            except EvaluationFault as fault:
                raise self.error(fault, position) from None

        return decide

    def argument(self, call: Call, node: Expression | None, in_condition: bool) -> Run:
        """An argument of an eager function, of Join or of Coalesce: an empty attribute counts as null there."""
        if node is None:
            return lambda evaluation: OMITTED
        read = self.run(node, in_condition)
        if not isinstance(node, Attribute) or call.name == "IsNull" or not self.settings.empty_is_null:
            return read

        if in_condition or self.watch is not None:

            def read_empty_as_null(evaluation: Evaluation) -> Any:
                value = read(evaluation)
                if value == "":
                    return None
                return value

            return read_empty_as_null
        name = node.name

        def read_quickly(evaluation: Evaluation) -> Any:
            value = evaluation.source.get(name)
            if value.__class__ is str:
                return value or None
            if value is None:
                return None
            return read(evaluation)

        return read_quickly

    def call(self, node: Call, in_condition: bool) -> Run:
        function = self.functions[node.name.lower()]
        if function.lazy:
            made: Run = function.call(self, node, in_condition)
            return made
        runs = [self.argument(node, each, in_condition) for each in node.arguments]
        if function.most is not None:
            most = function.most
        else:
            most = len(runs)
        runs += [lambda evaluation: OMITTED] * (max(most, len(function.parameters)) - len(runs))
        return self.eager(node, function.call, runs)

    def eager(self, node: Call, call: Callable[..., Any], runs: list[Run]) -> Run:
        if len(runs) == 1:
            only = runs[0]

            def run_one(evaluation: Evaluation) -> Any:
                value = only(evaluation)
                try:
                    return call(evaluation, value)
                except EvaluationFault as fault:
                    raise self.located(fault, node, (value,)) from None

            return run_one

        def run_many(evaluation: Evaluation) -> Any:
            values = [run(evaluation) for run in runs]
            try:
                return call(evaluation, *values)
            except EvaluationFault as fault:
                raise self.located(fault, node, values) from None

        return run_many

    def located(self, fault: EvaluationFault, node: Call, values: Any) -> ExpressionError:
        """The error at the argument at fault, or at the function's name."""
        position = node.position
        if fault.value is not None:
            for argument, value in zip(node.arguments, values, strict=False):
                if value is fault.value and argument is not None:
                    position = argument.position
                    break
        return self.error(fault, position, f"{node.name}: ")
