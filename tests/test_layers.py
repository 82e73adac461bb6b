"""Imports point one way, and every third-party package has its homes.

The two tables say what may be; everything that `scimkit/` imports is read from its
syntax trees: at the top of a module, inside functions, and for types only.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "scimkit"

# Lowest first; a unit (a module or a package right under scimkit/) may import what stands
# in an earlier line. In a line with `+` the units may also import each other, in one with
# `|` they may not.
LAYERS = """
errors
checks
shipped | parameters
records + runs + journal
mapping
apps | credentials
provisioning
clients
sandbox
tenant
readiness + mapping_opinion + token_note + vendor_mail + enterprise_app + existing_app + scope + filter_review + connection + pilot + pilot_group + forecast + prediction + enablement +
  change_plan + compatibility + guide + journey + mapping_backup + monitoring
scimkit
views
report
ui | runbooks
doctor
cli
"""

# Upward, and for types only (under TYPE_CHECKING): importer, imported -> reason.
FOR_TYPES_ONLY = {
    ("errors", "checks"): "NotReady carries the Check that failed",
}

# What everybody may take from scimkit/__init__.py: a constant, no verb.
FROM_THE_ROOT = {"__version__"}

# Third-party package -> units, or modules of a unit, that may import it.
HOMES: dict[str, set[str]] = {
    "IPython": {"ui"},
    "altair": {"views", "report"},
    "anyio": {"sandbox"},
    "click": {"cli"},
    "filelock": {"runs", "sandbox.process"},  # two kernels must not start one run's sandbox twice
    "httpx": {"clients", "sandbox.process"},
    "ipykernel": {"ui", "runbooks"},
    "ipywidgets": {"ui"},
    "jinja2": {"views", "report"},
    "jupyter_client": {"runbooks", "doctor"},
    "jupyter_core": {"runbooks"},
    "keyring": {"credentials"},
    "msal": {"clients"},
    "msal_extensions": {"clients"},
    "nbclient": {"runbooks"},
    "nbconvert": {"runbooks"},
    "nbformat": {"runbooks"},
    "pandas": {"monitoring", "forecast", "views"},
    "papermill": {"runbooks"},
    "platformdirs": {"tenant", "runs", "credentials"},
    "pydantic": {"apps", "clients", "sandbox"},  # profiles, and what comes in over a wire
    "pydantic_core": {"apps", "clients", "sandbox"},
    "regex": {"mapping"},
    "scim2_models": {"sandbox"},
    "scim2_server": {"sandbox"},
    "stamina": {"clients"},
    "starlette": {"sandbox"},
    "tenacity": {"clients"},
    "zmq": {"runbooks"},
    "tomlkit": {"mapping"},
    "traitlets": {"ui", "runbooks"},
    "truststore": {"clients"},
    "uvicorn": {"sandbox"},
    "vl_convert": {"views", "report"},
    "yaml": {"runbooks"},
}


@dataclass(frozen=True)
class Import:
    """One import.

    importer  dotted module below scimkit, "scimkit" for the package's own __init__
    target    dotted name that is imported, with scimkit in front where it is ours
    types     whether it stands under `if TYPE_CHECKING`
    """

    importer: str
    target: str
    line: int
    types: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


def read_imports(folder: Path) -> Iterator[Import]:
    """Every import of every module under `folder`, wherever it stands in the module."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        package = parts[:-1]
        module = ".".join(package if parts[-1] == "__init__" else parts) or "scimkit"
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        yield from _read_block(tree, module, package, types=False)


def _read_block(node: ast.AST, module: str, package: tuple[str, ...], *, types: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            for statement in child.body:
                yield from _read_statement(statement, module, package, types=True)
            for statement in child.orelse:
                yield from _read_statement(statement, module, package, types=types)
        else:
            yield from _read_statement(child, module, package, types=types)


def _read_statement(node: ast.AST, module: str, package: tuple[str, ...], *, types: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(module, alias.name, node.lineno, types)
    elif isinstance(node, ast.ImportFrom):
        above = ("scimkit", *package)[: len(package) + 2 - node.level] if node.level else ()
        source = ".".join((*above, *filter(None, [node.module])))
        for alias in node.names:
            yield Import(module, f"{source}.{alias.name}", node.lineno, types)
    else:
        yield from _read_block(node, module, package, types=types)


def read_layers() -> dict[str, tuple[int, bool]]:
    """Unit -> (height, whether it may import the others of its line)."""
    layers: dict[str, tuple[int, bool]] = {}
    for height, line in enumerate(LAYERS.replace("+\n", "+").split("\n")):
        for unit in line.replace("|", "+").split("+"):
            if unit.strip():
                layers[unit.strip()] = (height, "+" in line)
    return layers


def find_faults(imports: Iterator[Import], units: set[str]) -> list[str]:
    """A sentence for each import that the tables do not allow. `units`: what there is."""
    layers = read_layers()
    faults = [f"{unit} stands in no line of LAYERS" for unit in sorted(units - set(layers))]
    for item in imports:
        top, _, rest = item.target.partition(".")
        if top == "scimkit":
            faults += _judge_own(item, rest, units, layers)
        elif top not in sys.stdlib_module_names:
            faults += _judge_foreign(item, top)
    return faults


def _judge_own(item: Import, rest: str, units: set[str], layers: dict[str, tuple[int, bool]]) -> list[str]:
    importer = item.importer.split(".")[0]
    target = rest.split(".")[0]
    if target not in units:
        if target in FROM_THE_ROOT:
            return []
        target = "scimkit"
    if importer == target or importer not in layers or target not in layers:
        return []
    (height, _), (other, among) = layers[importer], layers[target]
    if other < height or (other == height and among) or (item.types and (importer, target) in FOR_TYPES_ONLY):
        return []
    return [f"{item}, which is not below {importer}"]


def _judge_foreign(item: Import, top: str) -> list[str]:
    if top not in HOMES:
        return [f"{item}: {top} has no line in HOMES"]
    homes = HOMES[top]
    parts = item.importer.split(".")
    if any(".".join(parts[:length]) in homes for length in range(1, len(parts) + 1)):
        return []
    return [f"{item}, whose homes are {', '.join(sorted(homes))}"]


def list_units(folder: Path) -> set[str]:
    """The modules and packages right under `folder`, and the package itself."""
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    return modules | {path.parent.name for path in folder.glob("*/__init__.py")} | {"scimkit"}


def test_imports_point_one_way() -> None:
    """Each import of the package goes down, and to a third-party package from its home."""
    faults = find_faults(read_imports(PACKAGE), list_units(PACKAGE))
    assert not faults, "\n".join(faults)


def find_circle(imports: Iterator[Import], modules: set[str]) -> list[str]:
    """Modules of several units that import each other in a ring; [] where there is none.

    The ring begins with the import that crosses from one unit to another. Imports for
    types only make no ring: they never run.
    """
    below: dict[str, list[str]] = {module: [] for module in modules}
    for item in imports:
        parts = item.target.split(".")[1:] if item.target.startswith("scimkit.") else []
        names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
        target = next((name for name in names if name in modules), "")
        if target and target != item.importer and not item.types:
            below[item.importer].append(target)
    crossings = ((a, b) for a in sorted(below) for b in below[a] if a.split(".")[0] != b.split(".")[0])
    return next((ring for importer, target in crossings if (ring := _find_way(below, target, importer))), [])


def _find_way(below: dict[str, list[str]], start: str, goal: str) -> list[str]:
    """The shortest way of imports from `start` to `goal`, `goal` in front as well; [] without."""
    ways, seen = deque([[goal, start]]), {start}
    while ways:
        way = ways.popleft()
        if way[-1] == goal:
            return way
        for target in below[way[-1]]:
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []


def list_modules(folder: Path) -> set[str]:
    """Dotted names below scimkit of everything that can be imported there."""
    return {item.importer for item in read_imports(folder)} | {
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
        for path in folder.rglob("*.py")
    }


def test_modules_do_not_run_in_circles() -> None:
    """Where a line lets units import each other, their modules still form no ring."""
    ring = find_circle(read_imports(PACKAGE), list_modules(PACKAGE))
    assert not ring, " -> ".join(ring)


def test_a_planted_circle_is_found(tmp_path: Path) -> None:
    """Three modules in a ring are found, although one of the imports hides in a function."""
    for name, code in {
        "pilot": "import scimkit.scope",
        "scope": "def f():\n    from scimkit import forecast",
        "forecast": "from scimkit.pilot import run_pilot",
    }.items():
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    assert len(find_circle(read_imports(tmp_path), list_modules(tmp_path))) == 4
    (tmp_path / "pilot.py").write_text("import json", encoding="utf-8")
    assert find_circle(read_imports(tmp_path), list_modules(tmp_path)) == []


PLANTED = {
    "a verb from below": ("clients/graph.py", "from scimkit.pilot import run_pilot", "clients.graph:1 imports"),
    "the same, by the package": ("clients/graph.py", "from scimkit import pilot", "imports scimkit.pilot"),
    "the same, relative": ("clients/graph.py", "from ..pilot import run_pilot", "imports scimkit.pilot.run_pilot"),
    "the same, as a module": ("clients/graph.py", "import scimkit.pilot as p", "imports scimkit.pilot"),
    "the same, in a function": ("clients/graph.py", "def f():\n    if 1:\n        import scimkit.pilot", "graph:3"),
    "the same, for types": (
        "clients/graph.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import scimkit.pilot",
        "graph:3",
    ),
    "the root, for a verb": ("clients/graph.py", "from scimkit import run_pilot", "imports scimkit.run_pilot"),
    "a neighbour that is none": ("ui/forms.py", "import scimkit.runbooks.runner", "not below ui"),
    "an exception, not for types": ("errors.py", "from scimkit.checks import Check", "not below errors"),
    "a package away from home": ("pilot.py", "def f():\n    import httpx", "whose homes are clients"),
    "a package home elsewhere in its unit": ("sandbox/vendor.py", "import httpx", "homes are clients, sandbox.process"),
    "a package without a home": ("clients/graph.py", "import requests", "requests has no line in HOMES"),
    "a module without a line": ("drawer.py", "", "drawer stands in no line"),
}  # fmt: skip


@pytest.mark.parametrize("file, code, fault", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_import_is_found(tmp_path: Path, file: str, code: str, fault: str) -> None:
    """The test itself is tested: each kind of wrong import is reported, and nothing else."""
    for name in (
        "pilot.py",
        "clients/__init__.py",
        "runbooks/__init__.py",
        "ui/__init__.py",
        "sandbox/__init__.py",
        "checks.py",
        file,
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code if name == file else "import json\n", encoding="utf-8")
    faults = find_faults(read_imports(tmp_path), list_units(tmp_path))
    assert len(faults) == 1, faults
    assert fault in faults[0]


ALLOWED = {
    "downwards": ("pilot.py", "from scimkit.clients.graph import GraphClient"),
    "the version": ("checks.py", "from scimkit import __version__"),
    "inside the unit": ("clients/graph.py", "from .transport import open_client\nfrom . import scim"),
    "for types, with a reason": (
        "errors.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from scimkit.checks import Check",
    ),
    "at home": ("sandbox/process.py", "def f():\n    import httpx"),
}


@pytest.mark.parametrize("file, code", ALLOWED.values(), ids=ALLOWED.keys())
def test_an_allowed_import_is_let_through(tmp_path: Path, file: str, code: str) -> None:
    """The test does not cry wolf."""
    for name in ("checks.py", "pilot.py", "clients/__init__.py", "sandbox/__init__.py", file):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code if name == file else "", encoding="utf-8")
    assert find_faults(read_imports(tmp_path), list_units(tmp_path)) == []
