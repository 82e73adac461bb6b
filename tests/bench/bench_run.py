"""How long a run takes against papermill itself: `python tests/bench/bench_run.py`.

The nine notebooks of the journey by `run_runbook`, against nine empty notebooks
by papermill's Python API with its own engine, one after another in one process;
each side in a new process, its imports included, the slow import off on both.
The ratio of wall-clock times is printed as JSON; at most 1.5 is wanted.
`--empty` runs nine empty notebooks on both sides: what the runner itself costs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_STOCK = """
import sys
sys.modules["rfc3987_syntax"] = None
from pathlib import Path
from papermill.execute import execute_notebook
for path in sorted(Path(sys.argv[1]).glob("empty_*.ipynb")):
    execute_notebook(str(path), str(path.with_name("out_" + path.name)), progress_bar=False)
"""
_OURS = """
import sys
from pathlib import Path
from scimkit.runbooks.runbook import read_runbook
from scimkit.runbooks.runner import run_runbook
result = run_runbook(read_runbook(sys.argv[2]), app="oreilly", tenant="sandbox", runs_dir=Path(sys.argv[1], "runs"))
print(*result.lines, sep="\\n")
sys.exit(result.exit_code)
"""
NOTEBOOKS = 9


def make_empty_notebooks(folder: Path) -> Path:
    """Nine notebooks with one blank code cell, and a runbook of them."""
    rows = []
    for number in range(1, NOTEBOOKS + 1):
        name = f"empty_{number}"
        cell = {"cell_type": "code", "id": "blank", "metadata": {"tags": []}, "source": "", "outputs": [], "execution_count": None}
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        text = json.dumps({"cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})
        (folder / f"{name}.ipynb").write_text(text, encoding="utf-8")
        rows.append(f"  - {{notebook: {name}, title: Empty, records: []}}")
    runbook = folder / "empty.yaml"
    runbook.write_text("\n".join(["title: Nine empty notebooks", "steps:", *rows]) + "\n", encoding="utf-8")
    return runbook


def seconds_of(code: str, *arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        runbook = make_empty_notebooks(Path(name))
        stock = seconds_of(_STOCK, name)
        ours = seconds_of(_OURS, name, str(runbook) if "--empty" in sys.argv else "onboard")
    print(json.dumps({"stock_seconds": round(stock, 2), "run_seconds": round(ours, 2), "ratio": round(ours / stock, 2)}))


if __name__ == "__main__":
    main()
