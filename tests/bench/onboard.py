"""The journey through the runner, against papermill itself with nothing to do.

Ours: nine notebooks, sandbox, redaction, records, pages, report. Theirs: nine
notebooks of one empty cell, one after another, by papermill's own engine. Each
side is a new process every time; the slow import (`tests.without_slow_import`)
is off in both.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.bench.measure import Measure, interleaved
from tests.bench.process import python

TIMES = 5
LIMIT = 1.5
NOTEBOOKS = 9

_QUICK = "import sys; sys.modules['rfc3987_syntax'] = None\n"
_OURS = (
    _QUICK
    + """
from pathlib import Path
from scimkit.headless.runbook import read_runbook
from scimkit.headless.runner import run_runbook
runbook = read_runbook({runbook!r})
result = run_runbook(runbook, app="oreilly", tenant="sandbox", runs_dir=Path("runs"))
print(*result.lines, sep="\\n")
assert list(result.steps.values()) == ["passed"] * {notebooks}, result.steps
sys.exit(result.exit_code)
"""
)
_STOCK = (
    _QUICK
    + """
from papermill import execute_notebook
for number in range({notebooks}):
    execute_notebook({notebook!r}, f"{{number}}.ipynb", progress_bar=False)
"""
)


def measure_onboard() -> Measure:
    """`run_runbook` of onboard in times of papermill over as many empty notebooks."""
    return _against_papermill("onboard", "onboard")


def measure_empty() -> Measure:
    """The runner over empty notebooks too: what is its own, and what is the journey's. Not part of `make bench`."""
    return _against_papermill("empty", None)


def _against_papermill(name: str, runbook: str | None) -> Measure:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        notebook = write_empty(Path(folder))
        ours = python(_OURS.format(runbook=runbook or write_runbook(Path(folder)), notebooks=NOTEBOOKS))
        stock = python(_STOCK.format(notebook=str(notebook), notebooks=NOTEBOOKS))
        return interleaved(name, LIMIT, ours, stock, TIMES)


def write_empty(folder: Path) -> Path:
    """A notebook of one code cell with nothing in it."""
    cell = {
        "cell_type": "code",
        "id": "empty",
        "metadata": {"tags": []},
        "source": "",
        "outputs": [],
        "execution_count": None,
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / "empty.ipynb"
    path.write_text(
        json.dumps({"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}),
        encoding="utf-8",
    )
    return path


def write_runbook(folder: Path) -> str:
    """A runbook of nine such notebooks."""
    for number in range(1, NOTEBOOKS + 1):
        write_empty(folder).rename(folder / f"empty_{number}.ipynb")
    write_empty(folder)
    rows = [f"  - {{notebook: empty_{number}, title: Empty, records: []}}" for number in range(1, NOTEBOOKS + 1)]
    path = folder / "empty.yaml"
    path.write_text("\n".join(["title: Nine empty notebooks", "steps:", *rows]) + "\n", encoding="utf-8")
    return str(path)
