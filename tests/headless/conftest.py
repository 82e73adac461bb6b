"""Probe notebooks and runbooks made on the spot: real papermill, real kernels, no sandbox, none of the shipped
notebooks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import scimkit.headless  # noqa: F401 - papermill, with the slow import switched off
from scimkit.credentials import REDACTOR
from scimkit.headless.runbook import Runbook, read_runbook

# with signs that JSON, repr, URLs and HTML spell in their own ways
TOKEN = "sk-Live/4f9Q\"zT+81'x=Wm7&pLr2<VbN0cYh"
VARIABLE = "PROBE_TOKEN"
SOURCE = Path(__file__).parents[2]
PROBES = Path(__file__).parents[1] / "notebooks"

Cell = str | tuple[str, str]  # source, or (tag, source); the tag "markdown" makes a Markdown cell


@pytest.fixture(autouse=True)
def clean_redactor() -> Iterator[None]:
    """Each test starts and ends with a redactor that knows nothing."""
    REDACTOR.clear()
    yield
    REDACTOR.clear()


@pytest.fixture(autouse=True)
def probe_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The planted token in the environment, our source on the path of kernels, a working folder to spoil."""
    monkeypatch.setenv(VARIABLE, TOKEN)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture
def token() -> str:
    """The planted token: the environment variable PROBE_TOKEN of every kernel holds it."""
    return TOKEN


@pytest.fixture
def probes() -> Path:
    """The folder of probe notebooks, named after their flaw."""
    return PROBES


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Writes a notebook of the given cells and says where it is."""
    import nbformat

    def write(name: str, *cells: Cell) -> Path:
        made = []
        for number, cell in enumerate(cells):
            if isinstance(cell, tuple):
                tag, source = cell
            else:
                tag, source = ("", cell)
            if tag == "markdown":
                new = nbformat.v4.new_markdown_cell
            else:
                new = nbformat.v4.new_code_cell
            made.append(
                new(source, id=f"cell-{number}", metadata={"tags": [tag] if tag not in ("", "markdown") else []})
            )
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel}), path)
        return path

    return write


@pytest.fixture
def runbook(tmp_path: Path, notebook: Callable[..., Path]) -> Callable[..., Runbook]:
    """A runbook of notebooks given as {name: [cells]}, read from the YAML file it is written to."""

    def write(steps: dict[str, list[Cell]]) -> Runbook:
        lines = ["title: A probe", "steps:"]
        for name, cells in steps.items():
            notebook(name, *cells)
            lines += [f"  - notebook: {name}", f"    title: Step {name}", "    records: []"]
        path = tmp_path / "probe.yaml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_runbook(str(path))

    return write
