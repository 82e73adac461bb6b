"""House rules that a machine can check: names, docstrings, portability, encodings, pins."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

import scimkit
from scimkit.evidence.version import VERSION

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "scimkit"

# A drawer collects what belongs nowhere; modules here are named after a noun of the trade.
DRAWERS = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc"}
ABOUT_THE_MANAGER = {"compatibility/checks/manager.py", "compatibility/causes/manager.py"}  # the attribute `manager`

# Absent on Windows. `os` itself is fine; these of its names are not.
POSIX_ONLY = {"fcntl", "pwd", "grp", "resource", "termios", "tty", "pty", "syslog", "posix", "crypt", "spwd", "nis"}
MAY_FORK = {"kernel_fork.py"}  # used on Linux only, to start kernels sooner; elsewhere they start the usual way
POSIX_ONLY_OS = {"fork", "forkpty", "getuid", "geteuid", "setuid", "setsid", "getpgid", "killpg", "mkfifo", "chown"}

# Calls that read or write text, and where their encoding stands when it is not named.
TEXT_CALLS = {"open": 3, "read_text": 0, "write_text": 1, "fdopen": 3, "NamedTemporaryFile": 99, "TemporaryFile": 99}

# SCIM has /Users/<id>, so a Mac's folder is told by what follows the name.
HOME_FOLDER = re.compile(
    r"(?<![\w.])/home/[\w.-]+|(?<![\w.])/Users/[\w.-]+/|(?<![\w.])/root(?:/|\b)|[A-Za-z]:[\\/]+Users[\\/]", re.ASCII
)
# Invented folders that a test is about: file -> what its line holds.
INVENTED = {"tests/credentials/test_references.py": r"C:\\Users\\A b\\token.txt"}

# Text files that are part of the project; what a tool or a run leaves behind is not.
WRITTEN = ("scimkit", "tests", "notebooks", "runbooks", ".ci")
SUFFIXES = {".py", ".toml", ".md", ".ipynb", ".yaml", ".yml", ".json", ".jsonl", ".csv", ".txt", ".html", ".j2", ".cfg"}


def written_files() -> Iterator[Path]:
    """The project's own text files."""
    for path in sorted(ROOT.iterdir()):
        if path.is_file() and (path.suffix in SUFFIXES or path.name == "Makefile"):
            yield path
    for folder in WRITTEN:
        for path in sorted((ROOT / folder).rglob("*")):
            hidden = {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
            if path.is_file() and not hidden and (path.suffix in SUFFIXES or not path.suffix):
                yield path


def python_files() -> Iterator[Path]:
    return (path for path in written_files() if path.suffix == ".py")


def place(path: Path, line: int = 0) -> str:
    if path.is_relative_to(ROOT):
        where = path.relative_to(ROOT).as_posix()
    else:
        where = path.name
    if line:
        return f"{where}:{line}"
    return where


# -- the rules, each a function from a file to the places that break it -----------------


def missing_docstring(path: Path, tree: ast.Module) -> list[str]:
    if ast.get_docstring(tree):
        return []
    return [f"{place(path)} has no docstring"]


def posix_only(path: Path, tree: ast.Module) -> list[str]:
    found = []
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            top = (node.module or "").split(".")[0]
            names = [top] + [f"os.{alias.name}" for alias in node.names if top == "os"]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            names = [f"os.{node.attr}"]
        missing = POSIX_ONLY | {f"os.{name}" for name in POSIX_ONLY_OS}
        bad = [name for name in names if name in missing]
        found += [f"{place(path, getattr(node, 'lineno', 0))} uses {name}" for name in bad]
    return found


def without_encoding(path: Path, tree: ast.Module) -> list[str]:
    """Calls that open text without saying how it is encoded. A binary mode needs none."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        method = isinstance(node.func, ast.Attribute)
        if isinstance(node.func, ast.Attribute):
            name = node.func.attr
        else:
            name = getattr(node.func, "id", "")
        if name not in TEXT_CALLS or (method and name == "open" and not _opens_a_file(node)):
            continue
        keywords = {keyword.arg for keyword in node.keywords}
        # Path.open(mode, buffering, encoding) has one argument less in front than open(file, …)
        needed = TEXT_CALLS[name] - (1 if method and name == "open" else 0)
        if {"encoding", None} & keywords or len(node.args) > needed or _is_binary(node, name):
            continue
        found.append(f"{place(path, node.lineno)} calls {name} without encoding=")
    return found


def _opens_a_file(node: ast.Call) -> bool:
    """Whether `x.open(…)` looks like a path's: a mode as text or by name, or nothing at all."""
    first = None
    if node.args:
        first = node.args[0]
    mode = isinstance(first, ast.Constant) and isinstance(first.value, str) and set(first.value) <= set("rwxab+t")
    named = any(keyword.arg in ("mode", "encoding", "newline") for keyword in node.keywords)
    return mode or named or (first is None and not node.keywords)


def _is_binary(node: ast.Call, name: str) -> bool:
    if name in ("read_text", "write_text"):
        return False
    modes = [keyword.value for keyword in node.keywords if keyword.arg == "mode"] + list(node.args)
    texts = [mode.value for mode in modes if isinstance(mode, ast.Constant) and isinstance(mode.value, str)]
    binary = any("b" in text and set(text) <= set("rwxab+") for text in texts)
    return binary or (name.endswith("TemporaryFile") and not any("w" in text for text in texts))


def home_folders(path: Path, text: str) -> list[str]:
    invented = INVENTED.get(place(path))
    lines = enumerate((text.replace(invented, "") if invented else text).splitlines(), start=1)
    return [f"{place(path, number)} names a home folder" for number, line in lines if HOME_FOLDER.search(line)]


def not_a_pin(text: str) -> list[str]:
    """Lines of a requirements file that are not `name==version`, with or without a marker."""
    pin = re.compile(r"[A-Za-z0-9][\w.-]*(\[[\w,.-]+\])?==[\w.!+]+(\s*;\s*[^#]+)?(\s*\\)?(\s+#.*)?")
    found = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        ignored = not line or line.startswith(("#", "--hash="))
        if "://" in line or not (ignored or pin.fullmatch(line)):
            found.append(f"line {number}: {line}")
    return found


# -- the project keeps them ---------------------------------------------------------------


WRITTEN_AGAINST = re.compile(
    r"(?:[Ww]ritten against|and against) ([a-z0-9-]+) (\d[\d.]*\d)(?:,? and ([a-z0-9-]+) (\d[\d.]*\d))?"
)
OVERRIDDEN = {"papermill", "nbclient", "jupyter-client", "uvicorn", "scim2-models", "scim2-server"}


def test_what_is_overridden_is_read_again_with_each_version() -> None:
    """What we override of a library names the version it was written against, and that is the one pinned."""
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M))
    named: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        text = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
        for found in WRITTEN_AGAINST.findall(text):
            for library, version in (found[:2], found[2:]):
                if library:
                    named.setdefault(library, set()).add(version)

    assert set(named) >= OVERRIDDEN
    for library, versions in named.items():
        assert versions == {pinned[library]}, library


def test_no_module_is_a_drawer() -> None:
    """Modules and packages are nouns of the trade, never utils, helpers, manager or base."""
    modules = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).as_posix() not in ABOUT_THE_MANAGER]
    names = set(chain.from_iterable([*path.stem.split("_"), path.parent.name] for path in modules))
    assert not names & DRAWERS


def test_every_module_says_what_it_is_for() -> None:
    """Each module of the package opens with a docstring."""
    faults = list(chain.from_iterable(missing_docstring(path, parse(path)) for path in PACKAGE.rglob("*.py")))
    assert not faults, "\n".join(faults)


def test_nothing_needs_posix() -> None:
    """The package runs on Windows: no import and no call that is not there."""
    faults = list(
        chain.from_iterable(
            posix_only(path, parse(path)) for path in PACKAGE.rglob("*.py") if path.name not in MAY_FORK
        )
    )
    assert not faults, "\n".join(faults)


def test_text_is_utf8_by_name() -> None:
    """Every file of text is opened with its encoding, in the package and in the tests."""
    faults = list(chain.from_iterable(without_encoding(path, parse(path)) for path in python_files()))
    assert not faults, "\n".join(faults)


def test_no_home_folder_is_written_down() -> None:
    """Nobody's folder stands in a file of the project, nor in the output of a notebook."""
    me = Path(__file__).resolve()
    files = [path for path in written_files() if path.resolve() != me]

    faults = list(chain.from_iterable(home_folders(path, path.read_text(encoding="utf-8")) for path in files))

    assert not faults, "\n".join(faults)


def test_requirements_are_pins() -> None:
    """requirements.txt has one exact version a line, and no host name."""
    assert not_a_pin((ROOT / "requirements.txt").read_text(encoding="utf-8")) == []


def test_one_version() -> None:
    """What a record says of scimkit is what the package is released as."""
    released = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert released == VERSION == scimkit.__version__


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


# -- and a broken one would be found ------------------------------------------------------


@pytest.mark.parametrize(
    "code, bad",
    [
        ("import fcntl", True),
        ("def f():\n    from pwd import getpwnam", True),
        ("import os\nos.fork()", True),
        ("from os import fork", True),
        ("import os\nos.replace('a', 'b')", False),
        ("from mine import fork", False),
        ("import resources", False),
    ],
)
def test_posix_is_found(code: str, bad: bool) -> None:
    """What Windows lacks is found in every form, and nothing else."""
    assert bool(posix_only(Path("x.py"), ast.parse(code))) is bad


@pytest.mark.parametrize(
    "code, bad",
    [
        ("open('a')", True),
        ("open('a', 'w')", True),
        ("open('a', mode='w', newline='')", True),
        ("open('a', 'rb')", False),
        ("open('a', mode='wb')", False),
        ("open('a', encoding='utf-8')", False),
        ("open('a', 'r', -1, 'utf-8')", False),
        ("p.open()", True),
        ("p.open('w')", True),
        ("p.open('ab')", False),
        ("p.open('w', encoding='utf-8')", False),
        ("webbrowser.open(address)", False),
        ("p.read_text()", True),
        ("p.read_text('utf-8')", False),
        ("p.write_text('b')", True),
        ("p.write_text(text, encoding='utf-8')", False),
        ("p.read_text(**how)", False),
        ("NamedTemporaryFile('w')", True),
        ("NamedTemporaryFile(delete=False)", False),
    ],
)
def test_a_missing_encoding_is_found(code: str, bad: bool) -> None:
    """Text without an encoding is found; bytes, and other things that open, are not."""
    assert bool(without_encoding(Path("x.py"), ast.parse(code))) is bad


@pytest.mark.parametrize(
    "text, bad",
    [
        ("see /home/ada/scimkit", True),
        ("/Users/ada/x", True),
        (r"C:\Users\ada", True),
        (r'"C:\\Users\\ada"', True),
        ("/root" + "/x", True),
        ("GET /Users/2819c223", False),
        ("https://scim.example/scim/v2/Users", False),
        ("https://host/Users/2819c223", False),
        ("tree/root", False),
    ],
)
def test_a_home_folder_is_found(text: str, bad: bool) -> None:
    """Home folders of three systems are found."""
    assert bool(home_folders(Path("x.md"), text)) is bad


@pytest.mark.parametrize(
    "line, bad",
    [
        ("httpx==0.28.1", False),
        ("appnope==1.0.0 ; sys_platform == 'darwin'", False),
        ("uvicorn[standard]==0.54.0", False),
        ("# compiled from pyproject.toml", False),
        ("httpx>=0.28", True),
        ("httpx", True),
        ("httpx @ https://example.org/httpx.whl", True),
        ("--index-url https://example.org/simple", True),
        ("-r other.txt", True),
        ("git+ssh://example.org/x", True),
    ],
)
def test_a_line_that_is_no_pin_is_found(line: str, bad: bool) -> None:
    """Ranges, addresses and options do not belong in requirements.txt."""
    assert bool(not_a_pin(line)) is bad


def test_a_missing_docstring_is_found() -> None:
    """A module without a docstring is reported."""
    assert missing_docstring(Path("x.py"), ast.parse("x = 1"))
    assert not missing_docstring(Path("x"), ast.parse('"""x"""'))


MOST_PARAMETERS = 7


@pytest.mark.parametrize(
    "path",
    list(chain.from_iterable(sorted((ROOT / "scimkit" / room).rglob("*.py")) for room in ("provisioning", "journey"))),
    ids=lambda p: p.stem,
)
def test_no_function_takes_more_than_seven_parameters(path: Path) -> None:
    """What depends on the job alone is compiled once, so that nobody passes it on; `**` hides none either."""
    too_many = []
    for node in ast.walk(parse(path)):
        if not isinstance(node, ast.FunctionDef):
            continue
        names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        if names[:1] in (["self"], ["cls"]):
            counted = names[1:]
        else:
            counted = names
        if len(counted) > MOST_PARAMETERS or node.args.kwarg is not None:
            too_many.append(f"{node.name}: {', '.join(counted)}")
    assert not too_many
