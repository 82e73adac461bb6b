"""The leak matrix in JupyterLab, which saves the state of widgets; a person types two of the secrets.

Two copies of the probe: in one nobody keeps secrets, the other calls the redactor as `begin` does.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from browser.conftest import Notebook, browser, chromium, page, run_lab  # noqa: F401 - fixtures
from leaks.channels import CHANNELS, ENVIRONMENT, PARAMETER, THE_END, TYPED_FIELD, TYPED_PROMPT, VARIABLE
from leaks.drivers import SOURCE, looked_at, stock_page
from leaks.matrix import Trace, table
from leaks.probe import PLACES, PROTECT, plant, write_probe
from leaks.search import read_below

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ALL = (*CHANNELS, THE_END, TYPED_PROMPT, TYPED_FIELD)
NOTEBOOKS = {"unprotected": "PROTECTED = False", "protected": f"PROTECTED = True\n{PROTECT}"}
CLEAN_IN_LAB = {
    "Password, closed",
    "Password, blanked",
    "Output, cleared",
}  # JupyterLab forgets closed widgets, and has no log at DEBUG


def play(lab, page, name, secrets):  # noqa: F811
    """Run all cells, answer the prompt, type into the field, save."""
    notebook: Notebook = lab.open(page, name)
    notebook.start()
    asked = notebook.panel.locator("input.jp-Stdin-input")
    asked.press_sequentially(secrets[TYPED_PROMPT])
    asked.press("Enter")
    notebook.wait()
    notebook.show(len(notebook.cells) - 1)
    field = notebook.panel.get_by_label("Token of the probe", exact=True)
    field.press_sequentially(secrets[TYPED_FIELD])
    field.press("Tab")
    page.wait_for_timeout(1000)
    seen = page.content()
    notebook.save()
    notebook.close()
    return seen


def test_nothing_leaks(page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """What leaks without the redactor is in no notebook, checkpoint, history, log or page with it."""
    left = tmp_path / "left"
    (left / "work").mkdir(parents=True)
    planted = {name: plant(tmp_path / name, name, ALL) for name in NOTEBOOKS}
    by_name = {channel.name: channel for channel in ALL}
    for name, start in NOTEBOOKS.items():
        own = tmp_path / name
        start += (
            f"\nimport os\nos.environ.update({PLACES}={str(own)!r},"
            f" {VARIABLE}=open({str(own / by_name[ENVIRONMENT].slug)!r}, encoding='utf-8').read())"
        )
        start += f"\ntoken_ref = 'file:{(own / by_name[PARAMETER].slug).as_posix()}'"
        write_probe(left / "work" / f"{name}.ipynb", ALL, start=start)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]))
    seen = {}
    with run_lab(
        left,
        [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--ServerApp.root_dir={left / 'work'}"],
    ) as lab:
        for name in NOTEBOOKS:
            seen[name] = play(lab, page, name, planted[name])
    traces = {}
    for name in NOTEBOOKS:
        document = left / "work" / f"{name}.ipynb"
        places = {**read_below(left), "page": seen[name].encode(), "nbconvert page": stock_page(document).encode()}
        traces[name] = Trace(places, planted[name], **looked_at(document, ALL))
    before, after = traces["unprotected"], traces["protected"]

    print(table(ALL, before, {"JupyterLab": after}))

    assert before.ran == after.ran == set(ALL)
    assert "widget-state" in (left / "work" / "protected.ipynb").read_text(encoding="utf-8"), (
        "the state of the widgets was not saved"
    )
    assert {channel.name for channel in before.leaking} == {
        channel.name for channel in ALL if channel.leaks
    } - CLEAN_IN_LAB
    assert {channel.name: places for channel, places in after.found.items() if places} == {}
