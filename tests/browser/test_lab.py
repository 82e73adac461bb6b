"""Each notebook of the journey in JupyterLab: run all, no error, the step is done."""

from __future__ import annotations

import json
import os

import psutil
import pytest
from playwright.sync_api import expect

from scimkit.journey.steps import STEPS

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_opens_the_first_notebook(lab, page):
    page.goto(lab.address)
    expect(page.get_by_role("heading", name="1 · Plan")).to_be_visible()


@pytest.mark.parametrize("step", [step.name for step in STEPS])
def test_notebook_in_order(lab, page, tmp_path, step):
    notebook = lab.open(page, step)
    notebook.run_all()
    notebook.check_done()
    notebook.shoot(tmp_path)
    notebook.save()

    notebook.close()

    assert json.loads((lab.run / "run.json").read_text(encoding="utf-8"))["steps"][step]["state"] == "passed"


def test_the_next_notebook_is_one_click_away(lab, page):
    """The last line of a notebook opens the next one, in JupyterLab and with its kernel."""
    notebook = lab.open(page, "1_plan")
    notebook.run_all()
    notebook.check_done()
    notebook.panel.get_by_role("link", name="2_token.ipynb").click()
    expect(page.get_by_role("heading", name="2 · Token")).to_be_visible()
    lab.open(page, "2_token").close()
    notebook.close()


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without telling it")
def test_ends_when_told(start_lab):
    with start_lab() as lab:
        assert lab.ask("/api/kernels", "POST")

        started = psutil.Process(lab.process.pid).children(recursive=True)
        assert len(started) >= 3, "sandbox, server, kernel"

        lab.process.terminate()
        assert lab.process.wait(30) == 0
        assert psutil.wait_procs(started, timeout=30)[1] == []
        assert list((lab.folder / "jupyter/runtime").glob("jpserver-*")) == []  # they hold the server's own token


@pytest.mark.acceptance
def test_shipped_notebook_alone(start_plain_lab, page, tmp_path):
    with start_plain_lab() as lab:
        notebook = lab.open(page, "5a_connection")
        notebook.run_all()

        notebook.check_done()

        assert "the earlier steps were run quietly in a temporary run" in notebook.says(notebook.number("begin("))

        notebook.shoot(tmp_path, "alone_5a_connection")
        assert [path.name[:8] for path in (lab.folder / "tmp").glob("scimkit-*")] == ["scimkit-"]
    assert list((lab.folder / "tmp").glob("scimkit-*")) == []  # it ends with its kernel
