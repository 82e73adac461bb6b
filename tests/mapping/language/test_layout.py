"""The modules of the language stand in the order its docstring gives, and no function is forgotten."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from scimkit.mapping import language
from scimkit.mapping.language import functions
from scimkit.mapping.language.functions.table import FAMILIES, FUNCTIONS
from scimkit.mapping.language.signatures import Function

FOLDER = Path(language.__file__).parent


def names_in(docstring: str | None) -> list[str]:
    """The first word of each indented line of a docstring's table."""
    return re.findall(r"^ {4,6}(\w+) {2,}", docstring or "", re.MULTILINE)


def modules_imported_by(path: Path) -> set[str]:
    """The modules (and `functions`) of the language that a file imports, inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = [each.module or "" for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)]
    prefix = f"{language.__name__}."
    return {module.removeprefix(prefix).split(".")[0] for module in imported if module.startswith(prefix)}


def test_each_module_imports_only_from_those_above_it() -> None:
    """The table of the docstring names every module, from the ground up."""
    order = names_in(language.__doc__)
    there = {path.stem for path in FOLDER.iterdir() if path.suffix == ".py" or path.name == "functions"}

    assert set(order) == there - {"__init__"}

    for place, name in enumerate(order):
        if name == "functions":
            files = sorted((FOLDER / name).glob("*.py"))
        else:
            files = [FOLDER / f"{name}.py"]
        for path in files:
            assert modules_imported_by(path) - {name} <= set(order[:place]), path


def test_every_module_of_the_functions_is_described() -> None:
    """The table of their docstring is complete."""
    there = {path.stem for path in (FOLDER / "functions").glob("*.py")}
    assert sorted(names_in(functions.__doc__)) == sorted(there - {"__init__"})


def test_no_function_is_forgotten() -> None:
    """What a family writes under `@function` is in its FUNCTIONS, once, and so in the table."""
    for family in FAMILIES:
        written = [each for each in vars(family).values() if isinstance(each, Function)]
        assert list(family.FUNCTIONS) == written
    assert len(FUNCTIONS) == sum(len(family.FUNCTIONS) for family in FAMILIES)
