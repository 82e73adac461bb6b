"""`scimkit lab` holds its run: no runner and no second lab beside it, while its own kernels work."""

import os
import subprocess
import sys
import time

import pytest

from scimkit.evidence.runs import RunStore
from scimkit.headless.lab import prepare_lab

pytestmark = pytest.mark.slow


@pytest.fixture
def run(tmp_path):
    return prepare_lab("oreilly", "sandbox", runs=tmp_path / "runs", resume=None, config=None)


@pytest.fixture
def lab(run, tmp_path):
    """JupyterLab on the run, as the command line opens it."""
    command = [sys.executable, "-m", "scimkit.cli", "lab", "--resume", str(run.folder), "--no-browser"]
    environment = {
        **os.environ,
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    with (tmp_path / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    until = time.monotonic() + 60
    while not (run.folder / ".run.holder").exists() or not (run.folder / "sandbox.json").exists():
        assert server.poll() is None, (tmp_path / "lab.log").read_text(encoding="utf-8")
        assert time.monotonic() < until, (tmp_path / "lab.log").read_text(encoding="utf-8")
        time.sleep(0.1)
    yield server
    server.terminate()
    server.wait(timeout=60)


def test_an_open_lab_holds_its_run(scimkit, run, lab):
    """A runner and a second lab are refused in words; a kernel of the lab works; once it is closed the run goes on."""
    for arguments in (("run", "onboard", "--resume", run.folder), ("lab", "--resume", run.folder, "--no-browser")):
        refused = scimkit(*arguments)
        assert refused.returncode == 2, refused.stdout + refused.stderr
        assert "already open in JupyterLab" in refused.stdout + refused.stderr
        assert "Traceback" not in refused.stderr
    kernel = (
        "from scimkit import begin\nhere = begin('1_plan')\nhere.form.change('seats',"
        " 7)\nprint(here.graph.me()['userPrincipalName'])"
    )

    worked = subprocess.run(
        [sys.executable, "-c", kernel],
        cwd=run.folder,
        env={**os.environ, "SCIMKIT_RUN": str(run.folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert worked.returncode == 0, worked.stderr
    assert "@" in worked.stdout, worked.stderr
    assert RunStore.open(run.folder).choices("1_plan") == {"seats": 7}
    assert lab.poll() is None, "JupyterLab has ended by itself"

    lab.terminate()
    lab.wait(timeout=60)
    with run.locked():
        pass


def test_a_running_run_is_not_opened(scimkit, run):
    """While a runner is at work the lab stays closed, and says why."""
    with run.locked():
        refused = scimkit("lab", "--resume", run.folder, "--no-browser")

    assert refused.returncode == 2
    assert "running already" in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr
