"""One expression, one person: every intermediate value, empty attributes, and the branch that was used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any, ClassVar

from scimkit.errors import MappingError
from scimkit.mapping.language.compiled import compile_node
from scimkit.mapping.language.evaluation import Evaluation, Ignored, NullRead, Run
from scimkit.mapping.language.functions.table import FUNCTIONS
from scimkit.mapping.language.parser import parse, print_expression
from scimkit.mapping.language.settings import STRICT, Settings
from scimkit.mapping.language.syntax import Attribute, Call, Comparison, Expression, attribute_names, walk
from scimkit.mapping.language.values import IgnoreMark, show_value

REDACTED = "[Redact]"  # what people and logs see of a value that went through Redact
WIDEST = 60  # characters of an expression in the text form


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the expression.

    role      the parameter it stands for; empty at the top
    text      the part in canonical spelling
    state     value | ignored | not_taken | failed | null_condition | omitted
    value     its value as text for people; empty unless state is value or ignored
    note      which branch was used, why none was, or the error
    position  where the part starts in the expression as written
    """

    role: str
    text: str
    state: str
    value: str = ""
    note: str = ""
    position: int = 0
    parts: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of the table: a step without its parts. depth: 0 for the whole expression."""

    depth: int
    role: str
    expression: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """How an expression arrived at its value.

    value     the result of `evaluate`, or None after an error; `[Redact]` if the expression redacts
    error     the error it ended with, or None
    empty     the attributes it mentions that are null or empty for this person
    branches  the branch each evaluated IIF, Switch and Coalesce used, outermost first
    warnings  remarks, such as a condition that reads a null attribute
    """

    kind: ClassVar[str] = "MappingExplanation"  # what a view calls it; log lines are explained too

    expression: str
    value: Any
    root: Step
    error: MappingError | None = None
    empty: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def rows(self) -> tuple[StepRow, ...]:
        """The tree as a table, outermost first."""
        return tuple(
            StepRow(depth, step.role, step.text, step.value or step.state.replace("_", " "), step.note)
            for depth, step in _flatten(self.root, 0)
        )

    def __str__(self) -> str:
        lines = []
        for row in self.rows():
            text = " ".join(row.expression.split())
            if len(text) <= WIDEST:
                shown = text
            else:
                shown = text[: WIDEST - 1] + "…"
            role = ""
            if row.role:
                role = f"{row.role}: "
            lines.append(f"{'  ' * row.depth}{role}{shown} = {row.value}" + (f"  ({row.note})" if row.note else ""))
        if self.empty:
            lines.append("empty: " + ", ".join(self.empty))
        lines += [f"warning: {warning}" for warning in self.warnings]
        if self.error is not None:
            lines.append(f"error: {self.error.message}")
        return "\n".join(lines)


def _flatten(step: Step, depth: int) -> Iterator[tuple[int, Step]]:
    yield depth, step
    for part in step.parts:
        yield from _flatten(part, depth + 1)


class Recorder:
    """Records the result of each node; nodes are distinguished by identity."""

    def __init__(self) -> None:
        self.seen: dict[int, tuple[str, Any]] = {}

    def watch(self, node: Expression, run: Run) -> Run:
        key = id(node)

        def watched(evaluation: Evaluation) -> Any:
            try:
                value = run(evaluation)
            except Ignored as ignored:
                self.seen[key] = "ignored", ignored.mark
                raise
            except NullRead as null:
                self.seen[key] = "null_condition", null.name
                raise
            except MappingError as error:
                self.seen[key] = "failed", error
                raise
            self.seen[key] = "value", value
            return value

        return watched

    def reached(self, node: Expression | None) -> bool:
        return node is not None and id(node) in self.seen


def explain(
    expression: str,
    source: Mapping[str, Any],
    *,
    now: datetime | None = None,
    random: Random | None = None,
    settings: Settings = STRICT,
) -> Explanation:
    """How `expression` arrives at its value for one person.

    An error of evaluation is part of the answer. Raises MappingError only if
    the expression cannot be read.

    >>> explain('Switch([a], "none", "", "x")', {}).branches
    ('Switch: key ""',)
    """
    node = parse(expression)
    recorder, warnings = Recorder(), list[str]()
    compiled = compile_node(expression, node, settings, recorder.watch)
    value, failure = None, None
    try:
        value = compiled(source, now=now, random=random, warnings=warnings)
    except MappingError as error:
        failure = error
    masked = {id(each) for each in walk(node) if _redacts(each)}
    root = _step(node, "", recorder, masked, False)
    return Explanation(
        expression=expression,
        value=REDACTED if masked and value is not None and not isinstance(value, IgnoreMark) else value,
        root=root,
        error=failure,
        empty=tuple(name for name in attribute_names(node) if source.get(name) in (None, "", [])),
        branches=tuple(
            f"{each.name}: {branch}"
            for each in walk(node)
            if isinstance(each, Call) and (branch := _branch(each, recorder, masked))
        ),
        warnings=tuple(warnings),
    )


def _redacts(node: Expression) -> bool:
    return any(isinstance(each, Call) and each.name == "Redact" for each in walk(node))


def _step(node: Expression | None, role: str, recorder: Recorder, masked: set[int], inside: bool) -> Step:
    """inside: within a Redact call, where nothing may be shown."""
    if node is None:
        return Step(role, "", "omitted")
    state, value = recorder.seen.get(id(node), ("not_taken", None))
    hidden = inside or id(node) in masked
    inside = inside or (isinstance(node, Call) and node.name == "Redact")
    shown, note = "", ""
    if state == "value":
        if hidden and value is not None:
            shown = REDACTED
        else:
            shown = show_value(value)
    elif state == "ignored":
        shown = show_value(value)
    elif state == "null_condition":
        note = f"[{value}] is null"
    elif state == "failed":
        note = value.message
    if isinstance(node, Attribute) and state == "value" and value in (None, "", []):
        note = "empty in the source"
    branch = ""
    if isinstance(node, Call):
        branch = _branch(node, recorder, masked)
    return Step(
        role,
        print_expression(node),
        state,
        shown,
        branch or note,
        node.position,
        tuple(_step(part, name, recorder, masked, inside) for name, part in _parts(node)),
    )


def _parts(node: Expression) -> Iterator[tuple[str, Expression | None]]:
    if isinstance(node, Comparison):
        yield "left", node.left
        yield "right", node.right
    elif isinstance(node, Call):
        function = FUNCTIONS[node.name.lower()]
        for index, argument in enumerate(node.arguments):
            if node.name == "Switch" and index > 1:
                number = index // 2
                yield (f"key {number}" if index % 2 == 0 else f"value {number}"), argument
            elif function.parameters[-1].repeats and index >= len(function.parameters) - 2:
                yield f"{function.parameters[-2].name} {index - len(function.parameters) + 3}", argument
            else:
                yield function.parameter(index).name, argument


def _branch(node: Call, recorder: Recorder, masked: set[int]) -> str:
    """The branch one IIF, Switch or Coalesce used; empty for other calls and for calls not reached."""
    if not recorder.reached(node):
        return ""
    arguments = node.arguments
    if node.name == "IIF":
        if recorder.reached(arguments[1]):
            return "condition True"
        if recorder.reached(arguments[2]):
            return "condition False"
        state, name = recorder.seen.get(id(arguments[0]), ("", ""))
        return f"no branch: the condition reads [{name}], which is null" if state == "null_condition" else ""
    if node.name == "Switch":
        for key, value in zip(arguments[2::2], arguments[3::2], strict=True):
            if recorder.reached(value) and key is not None:
                shown = REDACTED if id(key) in masked else show_value(recorder.seen.get(id(key), ("", None))[1] or "")
                return f"key {shown}"
        return "default" if recorder.seen[id(node)][0] in ("value", "ignored") else ""
    if node.name == "Coalesce":
        taken = [n for n, each in enumerate(arguments, 1) if recorder.reached(each)]
        state, value = recorder.seen[id(node)]
        if state == "value":
            return f"argument {taken[-1]}" if value is not None and taken else "all are null"
    return ""
