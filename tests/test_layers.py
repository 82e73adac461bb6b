"""Imports point one way, file by file, and every third-party package has its homes.

Two tables say what may be. Everything that `scimkit/` imports is read from its syntax
trees, wherever it stands in a module:

- `import` and `from … import`, inside functions as well; `from scimkit.room import name`
  counts as an import of `scimkit.room.name` where that is a module, else of `scimkit.room`,
  also from inside the room: who asks the facade gets whatever the facade imports;
- calls of `import_module` and `__import__`, with the names in the table that is handed to
  them. A list of names for another process, or for IPython, is handed to neither.

An import under TYPE_CHECKING never runs: it makes no circle, but it points down like any
other. That a package is imported along with its modules is not counted.
"""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "scimkit"

# Lowest first; a room (a module or a package right under scimkit/) may import what stands in
# an earlier line. Rooms side by side, with `|` between them, may not import each other.
LAYERS = """
errors
evidence
notebook | apps | credentials
mapping
provisioning
clients
monitoring
sandbox
tenant
journey
operations | compatibility
views
report
ui | headless | doctor
cli
scimkit
"""

# Third-party package -> rooms, or modules of a room, that may import it.
HOMES: dict[str, set[str]] = {
    "IPython": {"ui"},
    "anyio": {"sandbox"},
    "click": {"cli"},
    "filelock": {"evidence.runs", "sandbox.process"},  # two kernels must not start one run's sandbox twice
    "httpx": {"clients", "sandbox.in_process", "sandbox.process"},
    "ipykernel": {"ui", "headless"},
    "ipywidgets": {"ui"},
    "jinja2": {"views"},
    "jupyter_client": {"headless", "doctor"},
    "jupyter_core": {"headless"},
    "keyring": {"credentials"},
    "msal": {"clients.sign_in"},
    "msal_extensions": {"clients.sign_in"},
    "nbclient": {"headless"},
    "nbconvert": {"headless"},
    "nbformat": {"headless"},
    "papermill": {"headless"},
    "platformdirs": {"tenant", "credentials"},
    "pydantic": {"apps"},
    "pydantic_core": {"apps"},
    "regex": {"mapping"},
    "scim2_models": {"sandbox"},
    "scim2_server": {"sandbox"},
    "stamina": {"clients"},
    "starlette": {"sandbox"},
    "tomlkit": {"mapping"},
    "traitlets": {"ui", "headless"},
    "truststore": {"clients"},
    "uvicorn": {"sandbox"},
    "yaml": {"headless"},
    "zmq": {"headless"},
}

# Modules that import by names which no table of theirs holds -> where the names come from.
NAMED_ELSEWHERE = {"ui.kernel": "from whoever starts the kernel, by an environment variable"}


UNREADABLE = "?"

# -- reading -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Import:
    """One import.

    importer  dotted module below scimkit, "scimkit" for the package's own __init__
    target    the same for a module of ours; a third-party module by its whole name;
              UNREADABLE where it imports by a name that stands in no table
    types     whether it stands under `if TYPE_CHECKING`
    """

    importer: str
    target: str
    line: int
    types: bool = False

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.target}"


@dataclass(frozen=True)
class Tree:
    """What is read of a folder: its modules by dotted name, and their imports."""

    modules: frozenset[str]
    imports: tuple[Import, ...]


def read_tree(folder: Path) -> Tree:
    """Every module under `folder`, and every import of each, wherever it stands."""
    paths = {_module_of(path.relative_to(folder)): path for path in sorted(folder.rglob("*.py"))}
    modules = frozenset(paths)
    return Tree(
        modules, tuple(chain.from_iterable(_Reader(name, path, modules).read() for name, path in paths.items()))
    )


def _module_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or "scimkit"


@dataclass
class _Reader:
    """Reads the imports of one module."""

    module: str
    path: Path
    modules: frozenset[str]
    package: tuple[str, ...] = ()
    tree: ast.Module = field(default_factory=lambda: ast.Module([], []))

    def read(self) -> Iterator[Import]:
        if self.module == "scimkit":
            below = ()
        else:
            below = self.module.split(".")
        whole = ("scimkit", *below)
        self.package = whole if self.path.name == "__init__.py" else whole[:-1]
        self.tree = ast.parse(self.path.read_text(encoding="utf-8"), filename=str(self.path))
        yield from self._read_block(self.tree, types=False)

    def _read_block(self, node: ast.AST, *, types: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
                for statement in child.body:
                    yield from self._read_node(statement, types=True)
                for statement in child.orelse:
                    yield from self._read_node(statement, types=types)
            else:
                yield from self._read_node(child, types=types)

    def _read_node(self, node: ast.AST, *, types: bool) -> Iterator[Import]:
        for name in self._named_by(node):
            yield Import(self.module, self._resolve(name), node.lineno, types)  # type: ignore[attr-defined]
        yield from self._read_block(node, types=types)

    def _named_by(self, node: ast.AST) -> Iterable[str]:
        """The whole names of what one statement or call imports."""
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            if node.level:
                above = self.package[: len(self.package) + 1 - node.level]
            else:
                above = ()
            source = ".".join((*above, *filter(None, [node.module])))
            return [f"{source}.{alias.name}" for alias in node.names]
        if isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            return self._named_by_call(node)
        return []

    def _named_by_call(self, call: ast.Call) -> Iterable[str]:
        """What `import_module(…)` imports: the name it is given, or all that stand in the tables it is given from."""
        first = None
        if call.args:
            first = call.args[0]
        if isinstance(first, ast.Constant):
            return [self._whole(str(first.value))]
        sources = list(_made_from(call, self.tree))
        nodes = list(chain.from_iterable(map(ast.walk, sources)))
        names = {node.id for node in nodes if isinstance(node, ast.Name)}
        texts = {node.value for node in nodes if _is_text(node)}
        if names & {"__name__", "__package__"}:
            texts |= {self._whole("." + text.lstrip(".")) for text in texts}
        found = sorted(text for text in texts if self._is_module(text))
        if found or self.module in NAMED_ELSEWHERE:
            return found
        return [UNREADABLE]

    def _whole(self, name: str) -> str:
        """A relative name, such as ".rows", as an absolute one."""
        if name.startswith("."):
            return ".".join((*self.package, name[1:]))
        return name

    def _is_module(self, name: str) -> bool:
        top, _, rest = name.partition(".")
        if top == "scimkit":
            return (rest or top) in self.modules
        return top in HOMES

    def _resolve(self, name: str) -> str:
        """`name` as a module: of ours without scimkit in front, the longest part of it that is one."""
        top, *parts = name.split(".")
        if top != "scimkit":
            return name
        longest_first = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        return next((known for known in longest_first if known in self.modules), "scimkit")


def _called(call: ast.Call) -> str:
    """The last name of what is called: `import_module` of `importlib.import_module(…)`."""
    return ast.unparse(call.func).rpartition(".")[2]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _made_from(call: ast.Call, tree: ast.Module) -> Iterator[ast.AST]:
    """The arguments of `call`, and every value in the module that its names can have got theirs from."""
    values = _read_values(tree)
    waiting: list[ast.AST] = [*call.args, *(keyword.value for keyword in call.keywords)]
    seen: set[str] = set()
    while waiting:
        source = waiting.pop()
        yield source
        for node in ast.walk(source):
            if isinstance(node, ast.Name) and node.id not in seen:
                seen.add(node.id)
                waiting += values.get(node.id, [])


def _read_values(tree: ast.Module) -> Mapping[str, list[ast.AST]]:
    """Name -> what is assigned to it anywhere in the module: by `=`, by a loop, or by a call as a parameter."""
    values: dict[str, list[ast.AST]] = {}
    parameters = {
        node.name: [*node.args.posonlyargs, *node.args.args]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            targets, value = [node.target], node.value
        elif isinstance(node, ast.For | ast.comprehension):
            targets, value = [node.target], node.iter
        elif isinstance(node, ast.Call):
            for parameter, argument in zip(parameters.get(_called(node), []), node.args, strict=False):
                values.setdefault(parameter.arg, []).append(argument)
            continue
        else:
            continue
        for target in targets:
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and value is not None:
                    values.setdefault(name.id, []).append(value)
    return values


# -- judging -------------------------------------------------------------------------------


def read_layers() -> dict[str, int]:
    """Room -> its height."""
    lines = enumerate(LAYERS.strip().splitlines())
    heights: dict[str, int] = {}
    for height, line in lines:
        heights.update(dict.fromkeys(map(str.strip, line.split("|")), height))
    return heights


def list_rooms(tree: Tree) -> set[str]:
    """The modules and packages right under the folder, and the package itself."""
    return {name.split(".")[0] for name in tree.modules}


def find_faults(tree: Tree) -> list[str]:
    """A sentence for each import that the tables do not allow, and each room without a place."""
    layers = read_layers()
    faults = [f"{room} stands in no line of LAYERS" for room in sorted(list_rooms(tree) - set(layers))]
    for item in tree.imports:
        if item.target == UNREADABLE:
            faults.append(f"{item.importer}:{item.line} imports by a name that cannot be read here")
        elif item.target in tree.modules:
            faults += _judge_own(item, layers)
        else:
            faults += _judge_foreign(item)
    return faults


def _judge_own(item: Import, layers: Mapping[str, int]) -> list[str]:
    importer, target = item.importer.split(".")[0], item.target.split(".")[0]
    if importer == target or importer not in layers or target not in layers or layers[target] < layers[importer]:
        return []
    return [f"{item}, which is not below {importer}"]


def _judge_foreign(item: Import) -> list[str]:
    top = item.target.split(".")[0]
    if top in sys.stdlib_module_names:
        return []
    if top not in HOMES:
        return [f"{item}: {top} has no line in HOMES"]
    homes = HOMES[top]
    parts = item.importer.split(".")
    if any(".".join(parts[:length]) in homes for length in range(1, len(parts) + 1)):
        return []
    return [f"{item}, whose homes are {', '.join(sorted(homes))}"]


def find_circles(tree: Tree) -> list[list[str]]:
    """Rings of modules that import each other, each the shortest through its first module.

    A module that stands in a ring already reported begins no second one, so that one wrong
    import is not told a hundred times.
    """
    below: dict[str, list[str]] = {module: [] for module in sorted(tree.modules)}
    for item in tree.imports:
        if item.target in below and item.target != item.importer and not item.types:
            below[item.importer].append(item.target)
    rings: list[list[str]] = []
    for module in below:
        if not any(module in ring for ring in rings) and (ring := _find_way_back(below, module)):
            rings.append(ring)
    return rings


def _find_way_back(below: Mapping[str, list[str]], start: str) -> list[str]:
    """The shortest way of imports from `start` to itself; [] where there is none."""
    ways, seen = deque([[start]]), set[str]()
    while ways:
        way = ways.popleft()
        for target in below[way[-1]]:
            if target == start:
                return [*way, start]
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []


# -- the package keeps it ------------------------------------------------------------------


@pytest.fixture(scope="module")
def ours() -> Tree:
    return read_tree(PACKAGE)


def test_imports_point_one_way(ours: Tree) -> None:
    """Each import of the package goes down, and to a third-party package from its home."""
    faults = find_faults(ours)
    assert not faults, "\n".join(faults)


def test_no_module_imports_itself_by_a_detour(ours: Tree) -> None:
    """File by file there is no circle, neither between rooms nor inside one."""
    circles = find_circles(ours)
    assert not circles, "\n".join(" -> ".join(circle) for circle in circles)


def test_the_tables_hold_nothing_that_is_gone(ours: Tree) -> None:
    """Every room of LAYERS exists, every home imports its package, and every exception is needed."""
    foreign = {(item.importer, item.target.split(".")[0]) for item in ours.imports}
    unused = []

    for package, homes in HOMES.items():
        for home in homes:
            if not any(top == package and f"{importer}.".startswith(f"{home}.") for importer, top in foreign):
                unused.append(f"{home} does not import {package}")

    assert set(read_layers()) == list_rooms(ours)
    assert not unused, "\n".join(unused)
    assert set(NAMED_ELSEWHERE) <= ours.modules


def test_the_tables_of_dynamic_imports_are_read(ours: Tree) -> None:
    """The facades' tables count as imports of the module they stand in; a list for a kernel does not."""
    pairs = {(item.importer, item.target) for item in ours.imports}

    assert {
        ("scimkit", "journey.pilot"),
        ("journey.steps", "journey.readiness"),
        ("mapping", "mapping.rows"),
        ("apps", "apps.profile"),
        ("ui.kernel_fork", "ui.kernel"),
    } <= pairs
    assert ("headless.runner", "journey.pilot") not in pairs
    assert ("headless.engine", "ui.kernel") not in pairs
    assert ("views.display", "journey.pilot") not in pairs


# -- and a planted fault would be found ----------------------------------------------------


def plant(folder: Path, files: Mapping[str, str]) -> Tree:
    """`files` written under `folder`, an `__init__.py` in each of its rooms; what is read of them."""
    for name, code in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for room in [above for above in path.relative_to(folder).parents if above.name]:
            (folder / room / "__init__.py").touch()
        path.write_text(code, encoding="utf-8")
    return read_tree(folder)


CIRCLES = {
    "two files": ({"pilot.py": "import scimkit.scope", "scope.py": "from scimkit.pilot import run_pilot"}, 2),
    "three files": (
        {
            "pilot.py": "import scimkit.scope as scope",
            "scope.py": "from scimkit import forecast",
            "forecast.py": "from . import pilot",
        },
        3,
    ),
    "inside a room": (
        {
            "mapping/rows.py": "from .language.parser import parse",
            "mapping/language/parser.py": "from ..rows import Row",
        },
        2,
    ),
    "in a function": (
        {
            "pilot.py": "import scimkit.scope",
            "scope.py": "def read():\n    if 1:\n        from scimkit import pilot",
        },
        2,
    ),
    "in a class, beside types": (
        {
            "pilot.py": "if TYPE_CHECKING:\n    import json\nelse:\n    import scimkit.scope",
            "scope.py": "class Scope:\n    from scimkit.pilot import run_pilot",
        },
        2,
    ),
    "through a table": (
        {
            "steps.py": "_HOME = {'Scope': 'scimkit.scope'}\ndef read(kind):\n    return import_module(_HOME[kind])",
            "scope.py": "from scimkit.steps import Step",
        },
        2,
    ),
    "through a table made from a table": (
        {
            "mapping/__init__.py": "HOMES = {'rows': ('Row',)}\n"
            "_OF = {n: m for m, names in HOMES.items() for n in names}\n"
            "def __getattr__(name):\n    return getattr(import_module(f'{__name__}.{_OF[name]}'), name)",
            "mapping/rows.py": "from scimkit.mapping import parse",
        },
        2,
    ),
    "through a table that a loop goes along": (
        {
            "fork.py": "ALWAYS = ('scimkit.kernel',)\ndef serve(more):\n"
            "    for module in (*ALWAYS, *more):\n        importlib.import_module(module)",
            "kernel.py": "import scimkit.fork",
        },
        2,
    ),
    "through a function that is handed the name": (
        {
            "steps.py": "def _load(module):\n    return import_module(module)\n_load('scimkit.scope')",
            "scope.py": "from scimkit.steps import Step",
        },
        2,
    ),
    "by __import__": (
        {"pilot.py": "__import__('scimkit.scope')", "scope.py": "import_module('.pilot', __package__)"},
        2,
    ),
    "through the room's own facade": (
        {
            "apps/__init__.py": "from scimkit.apps.profile import AppProfile",
            "apps/profile.py": "def read():\n    from scimkit.apps import names",
        },
        2,
    ),
    "through the root": (
        {
            "__init__.py": "_HOME = {'run_pilot': 'scimkit.pilot'}\nimport_module(_HOME['run_pilot'])",
            "pilot.py": "import scimkit",
        },
        2,
    ),
}


@pytest.mark.parametrize("files, length", CIRCLES.values(), ids=CIRCLES.keys())
def test_a_planted_circle_is_found(tmp_path: Path, files: Mapping[str, str], length: int) -> None:
    """A ring is told from a module to itself, once, by whichever kind of import it is closed."""
    circles = find_circles(plant(tmp_path, files))
    assert [len(circle) - 1 for circle in circles] == [length]
    assert circles[0][0] == circles[0][-1]


STRAIGHT = {
    "a line": {"pilot.py": "import scimkit.scope", "scope.py": "import json"},
    "back for types only": {
        "pilot.py": "import scimkit.scope",
        "scope.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from scimkit.pilot import Pilot",
    },
    "a package is imported along with its module": {
        "apps/__init__.py": "from scimkit.apps.profile import AppProfile",
        "apps/profile.py": "from scimkit.apps.facts import Fact",
        "apps/facts.py": "",
    },
    "names for another process": {
        "runner.py": "_PRELOAD = ('scimkit.pilot',)\n_ATTACH = \"__import__('scimkit.pilot')\"",
        "pilot.py": "import scimkit.runner",
    },
    "names beside a table": {
        "steps.py": "_HOME = {'Scope': 'scimkit.scope'}\nSHOWN = {'scimkit.pilot': 1}\nimport_module(_HOME['Scope'])",
        "scope.py": "",
        "pilot.py": "import scimkit.steps",
    },
}


@pytest.mark.parametrize("files", STRAIGHT.values(), ids=STRAIGHT.keys())
def test_a_straight_line_is_no_circle(tmp_path: Path, files: Mapping[str, str]) -> None:
    """What runs no import back is not told as a ring."""
    assert find_circles(plant(tmp_path, files)) == []


def test_two_circles_are_both_told(tmp_path: Path) -> None:
    """One ring does not hide another."""
    files = {
        "a.py": "import scimkit.b",
        "b.py": "import scimkit.a",
        "c.py": "import scimkit.d",
        "d.py": "from . import c",
    }
    assert find_circles(plant(tmp_path, files)) == [["a", "b", "a"], ["c", "d", "c"]]


PLANTED = {
    "a verb from below": ("clients/graph.py", "from scimkit.journey.pilot import run_pilot", "clients.graph:1 imports"),
    "the same, by the package": ("clients/graph.py", "from scimkit.journey import pilot", "imports journey.pilot"),
    "the same, relative": ("clients/graph.py", "from ..journey.pilot import run_pilot", "imports journey.pilot"),
    "the same, as a module": ("clients/graph.py", "import scimkit.journey.pilot as p", "imports journey.pilot"),
    "the same, in a function": (
        "clients/graph.py",
        "def f():\n    if 1:\n        import scimkit.journey.pilot",
        "graph:3",
    ),
    "the same, by a table": ("clients/graph.py", "T = ['scimkit.journey.pilot']\nimport_module(T[0])", "graph:2"),
    "the same, for types": (
        "clients/graph.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import scimkit.journey.pilot",
        "graph:3",
    ),
    "errors, for types": (
        "errors.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from scimkit.evidence.checks import Check",
        "not below errors",
    ),
    "the root, for a verb": ("clients/graph.py", "from scimkit import run_pilot", "clients.graph:1 imports scimkit"),
    "the root, for the version": ("evidence/runs.py", "from scimkit import __version__", "not below evidence"),
    "a neighbour": ("ui/forms.py", "import scimkit.headless.runner", "not below ui"),
    "a name from nowhere": ("clients/graph.py", "def f(name):\n    import_module(name)", "cannot be read"),
    "a package away from home": ("journey/pilot.py", "def f():\n    import httpx", "whose homes are clients"),
    "a package away from home, by a table": (
        "journey/pilot.py",
        "T = {'a': 'httpx'}\nimport_module(T['a'])",
        "whose homes are clients",
    ),
    "a package home elsewhere in its room": (
        "sandbox/vendor.py",
        "import httpx",
        "homes are clients, sandbox.in_process, sandbox.process",
    ),
    "a package without a home": ("clients/graph.py", "import requests", "requests has no line in HOMES"),
    "a room without a line": ("drawer.py", "", "drawer stands in no line"),
}
NEIGHBOURS = {
    "__init__.py": "",
    "evidence/checks.py": "import json",
    "clients/transport.py": "",
    "headless/runner.py": "",
    "journey/pilot.py": "",
    "ui/session.py": "",
}


@pytest.mark.parametrize("file, code, fault", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_import_is_found(tmp_path: Path, file: str, code: str, fault: str) -> None:
    """The test itself is tested: each kind of wrong import is reported, and nothing else."""
    faults = find_faults(plant(tmp_path, {**NEIGHBOURS, file: code}))
    assert len(faults) == 1, faults
    assert fault in faults[0]


ALLOWED = {
    "downwards": ("journey/pilot.py", "from scimkit.clients.graph import GraphClient"),
    "a constant from below": ("clients/graph.py", "from scimkit.evidence.checks import Check"),
    "inside the room": ("clients/graph.py", "from .transport import open_client\nfrom . import transport"),
    "at home": ("sandbox/process.py", "def f():\n    import httpx"),
    "the standard library, by name": ("clients/graph.py", "import_module('json')"),
    "a name from elsewhere, listed": (
        "ui/kernel.py",
        "def f(names):\n    for name in names:\n        import_module(name)",
    ),
}


@pytest.mark.parametrize("file, code", ALLOWED.values(), ids=ALLOWED.keys())
def test_an_allowed_import_is_let_through(tmp_path: Path, file: str, code: str) -> None:
    """The test does not cry wolf."""
    assert find_faults(plant(tmp_path, {**NEIGHBOURS, file: code})) == []
