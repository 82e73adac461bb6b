"""Each shipped notebook alone, by papermill with scimkit's engine, as somebody would type it."""

import json
import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from scimkit.sandbox.identity import DEFAULT_SEED, sandbox_token

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(chain.from_iterable((ROOT / folder).glob("*.ipynb") for folder in ("notebooks", "runbooks")))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_papermill_runs_it(path, tmp_path, leaks):
    """`papermill --engine scimkit NOTEBOOK OUT` passes without a run, shows what is committed, and leaves no token."""
    output = tmp_path / "out.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", "papermill", "--engine", "scimkit", "--no-progress-bar", str(path), str(output)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    assert shown(output) == shown(path)
    assert leaks(tmp_path, sandbox_token(DEFAULT_SEED, "oreilly"), sandbox_token(DEFAULT_SEED, "graph")) == []


def shown(path):
    """What the code cells show, as text."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    outputs = list(chain.from_iterable(cell["outputs"] for cell in cells if cell["cell_type"] == "code"))
    return ["".join(output.get("text") or output["data"]["text/plain"]) for output in outputs]
