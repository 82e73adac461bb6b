"""The shipped notebooks: fit to be read, fit to be compared, free of what must not be in them."""

import ast
import json
import re
from itertools import chain
from pathlib import Path

import pytest

from scimkit.journey.steps import STEPS
from scimkit.notebook.parameters import declared_parameters
from scimkit.sandbox.identity import DEFAULT_SEED, sandbox_token

ROOT = Path(__file__).parents[2]
JOURNEY = sorted((ROOT / "notebooks").glob("*.ipynb"))
OPERATIONS = sorted((ROOT / "runbooks").glob("*.ipynb"))
NOTEBOOKS = [*JOURNEY, *OPERATIONS]
PLACES = re.compile(r"/(?:home|root|tmp)/|/Users/[a-z]|[A-Z]:\\\\|127\.0\.0\.1:\d|localhost:\d|0x[0-9a-f]{6,}")


def code_cells(path):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def test_journey_is_complete():
    """There is one notebook for each step, and no other."""
    assert [path.stem for path in JOURNEY] == sorted(step.name for step in STEPS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_is_compared(path):
    """Strict nbval compares a cell only where it was executed and its output committed: each one was, and none is
    exempt."""
    cells = code_cells(path)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))

    silent = [cell["id"] for cell in cells if not cell["outputs"] and not _assigns_only("".join(cell["source"]))]
    assert not silent, f"cells that should show something: {silent}"
    assert sum(bool(cell["outputs"]) for cell in cells) >= 3

    tags = chain.from_iterable(cell["metadata"].get("tags", []) for cell in cells)
    assert [tag for tag in tags if tag.startswith(("nbval", "raises"))] == []


def _assigns_only(source):
    last = ast.parse(source).body[-1]
    return not isinstance(last, ast.Expr) or ast.unparse(last).startswith("here.require(")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_hold_nothing_foreign(path):
    """No error, no standard error, no token, no port and no path of a machine stands in a committed notebook."""
    text = path.read_text(encoding="utf-8")

    for cell in code_cells(path):
        assert not [o for o in cell["outputs"] if o["output_type"] == "error" or o.get("name") == "stderr"], cell["id"]
    for audience in ("graph", "oreilly"):
        assert sandbox_token(DEFAULT_SEED, audience) not in text
    assert not PLACES.findall(text)
    assert "Bearer " not in text.replace('leading "Bearer"', "").replace('leading \\"Bearer\\"', "")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_short_and_plain(path):
    """Cells call verbs: at most five lines beside the list of parameters, and no logic in them."""
    sources = ["".join(cell["source"]) for cell in code_cells(path)]

    assert max(len(source.splitlines()) for source in sources[1:]) <= 5
    assert len(sources[0].splitlines()) <= 12
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            assert not isinstance(
                node, (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try, ast.If, ast.Lambda)
            ), source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cell_plan(path):
    """Title first, then the tagged parameters, then begin(); ids and metadata are stable."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = notebook["cells"]

    assert cells[0]["cell_type"] == "markdown"
    assert "".join(cells[0]["source"]).startswith("# ")

    code = code_cells(path)
    assert code[0]["metadata"] == {"tags": ["parameters"]}
    assert code[1]["metadata"] == {"tags": ["setup"]}
    assert f'begin("{path.stem}")' in "".join(code[1]["source"])
    assert {p.name for p in declared_parameters(path)} >= {"app", "tenant", "run"}
    assert all(p.help for p in declared_parameters(path))
    assert [cell["id"] for cell in cells] == [f"{path.stem.split('_')[0]}-{n:02}" for n in range(len(cells))]
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_writing_notebooks_confirm_once(path):
    """A notebook that writes has one plan and one confirmation, and declares `confirm`."""
    source = "\n".join("".join(cell["source"]) for cell in code_cells(path))
    writes = path.stem in ("3_app", "4_scope", "5a_connection", "5c_pilot", "5d_enable", "mapping_backup")

    assert source.count("here.plan(") == source.count("here.confirm(plan)") == int(writes)
    assert ("confirm" in {p.name for p in declared_parameters(path)}) is writes
