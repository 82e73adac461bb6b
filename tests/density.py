"""Counts how dense the code is, and names every line a reader would have to untie.

    python -m tests.density [--figures]

`make check` runs it. The limits come from what other well-read projects do (httpx, octodns, stamina, great-tables,
hatch and sqlfluff have 2.4 to 9.3 conditional expressions per 1,000 lines): short functions are no gain when they are
bought with wide lines. What ruff can count (length of lines, parameters, assertions) stands in pyproject.toml.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TREES = ("scimkit", "tests")

CONDITIONAL = "conditional expressions"
NESTED_CONDITIONAL = "nested conditional expressions"
SECOND_CONDITIONAL = "second conditional expressions of a statement"
CHOSEN_CALL = "calls of what a conditional expression chooses"
NESTED_COMPREHENSION = "comprehensions of two levels"
JOINED_CLAIM = "assertions with an 'and'"
LONG_LINE = "lines over 120 characters"
REPEATED_LINE = "docstrings whose second line repeats the first"
CROWDED_TEST = "tests of four statements or more without a blank line before what they assert"

PER_1000_LINES: Mapping[str, float] = {CONDITIONAL: 10, NESTED_COMPREHENSION: 0.7}
"""What a tree, and each room of the package, may have per 1,000 lines of its files."""

NEVER = (
    NESTED_CONDITIONAL,
    SECOND_CONDITIONAL,
    CHOSEN_CALL,
    NESTED_COMPREHENSION,
    JOINED_CLAIM,
    LONG_LINE,
    REPEATED_LINE,
    CROWDED_TEST,
)
"""What no file may have."""

LONGEST_LINE = 120
SHORT_TEST = 3  # statements that need no paragraphs

Documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
Comprehension = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Place(NamedTuple):
    """One thing that was counted: what it is, and the line it stands in."""

    what: str
    line: int


def find_dense(source: str) -> Iterator[Place]:
    """Everything in `source`, the text of a Python file, that this module counts."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        yield from _of_node(node)
        if isinstance(node, ast.stmt):
            yield from _of_statement(node)
        if isinstance(node, ast.FunctionDef) and _is_crowded(node, lines):
            yield Place(CROWDED_TEST, node.lineno)
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            yield Place(LONG_LINE, number)


def _of_node(node: ast.AST) -> Iterator[Place]:
    if isinstance(node, ast.IfExp):
        yield Place(CONDITIONAL, node.lineno)
        if _contains(node, ast.IfExp):
            yield Place(NESTED_CONDITIONAL, node.lineno)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.IfExp):
        yield Place(CHOSEN_CALL, node.lineno)
    if isinstance(node, Comprehension) and (len(node.generators) > 1 or _contains(node, *Comprehension)):
        yield Place(NESTED_COMPREHENSION, node.lineno)
    if isinstance(node, ast.Assert) and any(isinstance(part, ast.And) for part in _claim(node.test)):
        yield Place(JOINED_CLAIM, node.lineno)
    if isinstance(node, Documented) and _repeats_itself(ast.get_docstring(node) or ""):
        yield Place(REPEATED_LINE, node.body[0].lineno)


def _repeats_itself(docstring: str) -> bool:
    first, *rest = docstring.splitlines() or [""]
    return bool(rest) and rest[0].strip() == first.strip()


def _is_crowded(function: ast.FunctionDef, lines: list[str]) -> bool:
    """Whether a test arranges, acts and asserts in one block: it does not show which half failed."""
    statements = function.body
    if ast.get_docstring(function) is not None:
        statements = statements[1:]
    asserts = [isinstance(statement, ast.Assert) for statement in statements]
    if not function.name.startswith("test_") or len(statements) <= SHORT_TEST or all(asserts) or not any(asserts):
        return False
    block = lines[statements[0].lineno - 1 : statements[-1].end_lineno]
    return all(line.strip() for line in block)


def _claim(test: ast.expr) -> Iterator[ast.AST]:
    """The parts of what an assertion claims; what a comprehension in it selects by is no claim."""
    waiting: list[ast.AST] = [test]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.comprehension):
            selects = node.ifs
        else:
            selects = []
        waiting += [child for child in ast.iter_child_nodes(node) if child not in selects]


def _of_statement(statement: ast.stmt) -> Iterator[Place]:
    """The conditional expressions of one statement after the first; what it contains in blocks is not of it."""
    own = [node for node in _own_nodes(statement) if isinstance(node, ast.IfExp)]
    for second in own[1:]:
        yield Place(SECOND_CONDITIONAL, second.lineno)


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            continue
        yield child
        yield from _own_nodes(child)


def _contains(node: ast.AST, *kinds: type[ast.AST]) -> bool:
    inner = list(ast.walk(node))[1:]
    return any(isinstance(part, kinds) for part in inner)


class Room:
    """The figures of the files of one folder."""

    def __init__(self) -> None:
        self.lines = 0
        self.counts: Counter[str] = Counter()

    def add(self, source: str, places: list[Place]) -> None:
        self.lines += len(source.splitlines())
        self.counts.update(place.what for place in places)

    def density(self, what: str) -> float:
        """How often `what` stands in 1,000 lines."""
        return 1000 * self.counts[what] / max(1, self.lines)


def measure(tree: Path) -> tuple[dict[str, Room], list[str]]:
    """The rooms of `tree` by name, "" being all of them; and a line for every thing no file may have."""
    rooms: dict[str, Room] = {"": Room()}
    faults = []
    for path in sorted(tree.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        places = list(find_dense(source))
        inside = path.relative_to(tree).parts
        for name in ("", inside[0]):
            rooms.setdefault(name, Room()).add(source, places)
        shown = path.relative_to(tree.parent).as_posix()
        faults += [f"{shown}:{place.line}: {place.what}" for place in places if place.what in NEVER]
    return rooms, faults


def find_excess(name: str, room: Room) -> Iterator[str]:
    """A line for every limit that `room` exceeds."""
    for what, most in PER_1000_LINES.items():
        if room.density(what) > most:
            yield f"{name}: {room.density(what):.1f} {what} per 1,000 lines; at most {most}"


def print_figures(tree: str, rooms: Mapping[str, Room]) -> None:
    """One line a room: its lines, and per 1,000 of them what has a limit."""
    for name, room in sorted(rooms.items()):
        figures = "   ".join(f"{room.density(what):5.2f} {what}" for what in PER_1000_LINES)
        print(f"{tree}/{name:<28} {room.lines:6} lines   {figures}")


def main(arguments: list[str]) -> int:
    """0 when every limit is kept; else 1, with a line for each that is not."""
    faults = []
    for tree in TREES:
        rooms, found = measure(ROOT / tree)
        limited = rooms if tree == "scimkit" else {"": rooms[""]}
        faults += [*found, *chain.from_iterable(find_excess(f"{tree}/{name}", room) for name, room in limited.items())]
        if "--figures" in arguments:
            print_figures(tree, rooms)
    for fault in faults:
        print(fault)
    return min(1, len(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
