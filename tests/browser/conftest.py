"""JupyterLab as an administrator starts it, and a browser that looks at it.

The server is started by `scimkit lab`, with folders of its own for everything that
Jupyter, IPython and scimkit keep. The settings are the worst case for a secret: the
state of the widgets is saved into the notebooks, and IPython writes its history.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WINDOW = {"width": 1440, "height": 900}  # a laptop
SCREENSHOTS = "SCIMKIT_SCREENSHOTS"  # a folder where they are kept, to be looked at
SERVER_TOKEN = "of-the-test-server"
START_SECONDS, STOP_SECONDS, CELL_SECONDS = 60.0, 30.0, 60.0  # far more than is needed

SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}
CONFIG = {
    "ServerApp": {"allow_root": True, "port_retries": 0},  # tests run in containers
    "LabApp": {"expose_app_in_browser": True},
}

READY = "() => window.jupyterapp && window.jupyterapp.restored.then(() => true)"
PANEL = "[...window.jupyterapp.shell.widgets('main')].find(w => w.context?.path === path)"
OPEN = "path => window.jupyterapp.commands.execute('docmanager:open', { path }).then(() => true)"
IDLE = f"path => {{ const p = {PANEL}; return p?.sessionContext?.session?.kernel?.status === 'idle' }}"
START = f"""([path, command, cell]) => {{
    const p = {PANEL};
    p.content.deselectAll();
    p.content.activeCellIndex = cell;
    window.scimkitDone = false;
    window.jupyterapp.commands.execute(command).finally(() => {{ window.scimkitDone = true }});
}}"""
DONE = f"""path => {{
    const p = {PANEL};
    return window.scimkitDone && p.sessionContext.session?.kernel?.status === 'idle';
}}"""
CELLS = f"path => ({PANEL}).context.model.toJSON().cells"
SAVE = f"path => ({PANEL}).context.save().then(() => true)"
CLOSE = f"path => ({PANEL}).sessionContext.shutdown().then(() => ({PANEL}).dispose())"
HEIGHT = f"""path => {{
    const cells = ({PANEL}).content.widgets.map(cell => cell.node.getBoundingClientRect());
    return Math.ceil(cells.at(-1).bottom - cells[0].top);
}}"""


class Notebook:
    """One notebook in the page."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name, self.path = page, name, f"{name}.ipynb"
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    def start(self, command: str = "notebook:run-all-cells", *, cell: int = 0) -> None:
        """Run cells, from cell number `cell` on, without waiting for them."""
        self.page.evaluate(START, [self.path, command, cell])

    def wait(self) -> None:
        """Until what was started has ended."""
        self.page.wait_for_function(DONE, arg=self.path, timeout=CELL_SECONDS * 1000)

    def run_all(self) -> None:
        self.start()
        self.wait()

    def run_below(self, cell: int) -> None:
        """Run this cell and all below it."""
        self.start("notebook:run-all-below", cell=cell)
        self.wait()

    @property
    def cells(self) -> list[dict[str, Any]]:
        """As they would be saved now."""
        cells: list[dict[str, Any]] = self.page.evaluate(CELLS, self.path)
        return cells

    def number(self, words: str) -> int:
        """The number of the code cell that has these words in it."""
        return next(
            n for n, cell in enumerate(self.cells) if cell["cell_type"] == "code" and words in text(cell["source"])
        )

    def says(self, number: int = -1) -> str:
        """What one cell has put out, as text."""
        return outputs(self.cells[number])

    def show(self, number: int) -> None:
        self.page.evaluate(
            f"([path, cell]) => {{ const p = {PANEL}; p.content.activeCellIndex = cell; p.content.scrollToItem(cell,"
            " 'start') }",
            [self.path, number],
        )

    def check_done(self) -> None:
        """No error anywhere, every cell run, and the last one says that the step is done."""
        code = [cell for cell in self.cells if cell["cell_type"] == "code"]
        outputs = chain.from_iterable(cell["outputs"] for cell in code)
        wrong = [out for out in outputs if out["output_type"] == "error" or out.get("name") == "stderr"]
        errors = [text(out.get("traceback", "")) or text(out["text"]) for out in wrong]
        assert errors == [], self.name
        assert [cell["execution_count"] is not None for cell in code] == [True] * len(code), self.name
        assert f"{self.name} is done" in self.says()
        self.show(len(self.cells) - 1)
        expect(self.panel.get_by_text(f"{self.name} is done")).to_be_visible()
        expect(
            self.panel.locator(
                "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"
            )
        ).to_have_count(0)

    def save(self) -> None:
        self.page.evaluate(SAVE, self.path)

    def close(self) -> None:
        """End its kernel and close its tab."""
        self.page.evaluate(CLOSE, self.path)

    def shoot(self, folder: Path, name: str = "") -> Path:
        """The notebook from top to bottom, and as much of it as a laptop shows."""
        file = folder / f"{name or self.name}.png"
        self.show(0)
        self.page.screenshot(path=file.with_stem(f"{file.stem}_window"))
        for _ in range(2):  # a cell has its full height only once it has been in sight
            self.page.set_viewport_size({**WINDOW, "height": min(9000, self.page.evaluate(HEIGHT, self.path) + 300)})
            self.page.wait_for_timeout(200)
        self.page.screenshot(path=file)
        self.page.set_viewport_size(WINDOW)
        if kept := os.environ.get(SCREENSHOTS):
            Path(kept).mkdir(parents=True, exist_ok=True)
            for shot in (file, file.with_stem(f"{file.stem}_window")):
                shutil.copy(shot, kept)
        return file


class Lab:
    """A running JupyterLab. `folder` holds all that it keeps; `run` is the run folder in it;
    `process` is the command that was started."""

    process: subprocess.Popen[bytes]

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    @property
    def run(self) -> Path:
        (run,) = (self.folder / "runs").iterdir()
        return run

    @property
    def address(self) -> str:
        """What an administrator is told to open."""
        return f"http://127.0.0.1:{self.port}/?token={SERVER_TOKEN}"

    def open(self, page: Page, name: str) -> Notebook:
        """One more notebook in the same JupyterLab, as from its list of files."""
        if not page.url.startswith(f"http://127.0.0.1:{self.port}/"):
            page.goto(self.address)
        page.wait_for_function(READY)
        page.evaluate(OPEN, f"{name}.ipynb")
        page.wait_for_function(IDLE, arg=f"{name}.ipynb")  # before that, running cells does nothing
        return Notebook(page, name)

    def ask(self, path: str, method: str = "GET") -> Any:
        """Ask the server itself; None when it does not answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", method=method, headers={"Authorization": f"token {SERVER_TOKEN}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            with error:
                return None
        except OSError:
            return None


@contextlib.contextmanager
def run_lab(folder: Path, command: list[str]) -> Iterator[Lab]:
    """Serve until the block ends, then shut down as the menu does. `command` is told its port."""
    lab, log = Lab(folder, _free_port()), folder / "lab.log"
    with log.open("wb") as output:
        lab.process = subprocess.Popen(
            [*command, "--port", str(lab.port)],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            until = time.monotonic() + START_SECONDS
            while lab.ask("/api/status") is None:
                assert lab.process.poll() is None, log.read_text(encoding="utf-8", errors="replace")[-2000:]
                assert time.monotonic() < until, log.read_text(encoding="utf-8", errors="replace")[-2000:]
                time.sleep(0.1)
            yield lab
            if lab.process.poll() is None:
                started = psutil.Process(lab.process.pid).children(recursive=True)
                lab.ask("/api/shutdown", "POST")
                assert lab.process.wait(STOP_SECONDS) == 0, log.read_text(encoding="utf-8", errors="replace")[-2000:]
                assert psutil.wait_procs(started, timeout=STOP_SECONDS)[1] == [], "processes outlive JupyterLab"
        finally:
            _end(lab.process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """What is still there of it, by its process ids."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if process.poll() is None:
            for one in [*psutil.Process(process.pid).children(recursive=True), process]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    one.kill()
    process.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _environment(folder: Path) -> dict[str, str]:
    """Every place where something might be kept lies below `folder`; nothing of the user's is touched."""
    places = {
        "HOME": "home",
        "TMPDIR": "tmp",
        "IPYTHONDIR": "ipython",
        "XDG_DATA_HOME": "data",
        "XDG_CONFIG_HOME": "config",
        "XDG_STATE_HOME": "state",
        "XDG_CACHE_HOME": "cache",
        "JUPYTER_CONFIG_DIR": "jupyter/config",
        "JUPYTER_DATA_DIR": "jupyter/data",
        "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
        "JUPYTERLAB_SETTINGS_DIR": "jupyter/settings",
        "JUPYTERLAB_WORKSPACES_DIR": "jupyter/workspaces",
    }
    for place in places.values():
        (folder / place).mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "jupyter/config/jupyter_server_config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    for name, values in SETTINGS.items():
        file = folder / "jupyter/settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "SCIMKIT", "PYTEST"))}
    return {
        **kept,
        **{name: str(folder / place) for name, place in places.items()},
        "JUPYTER_TOKEN": SERVER_TOKEN,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "PYTHONUTF8": "1",
    }


def text(joined: str | list[str]) -> str:
    if isinstance(joined, str):
        return joined
    return "".join(joined)


def outputs(cell: dict[str, Any]) -> str:
    """Streams and plain text of a cell."""
    return "".join(text(o.get("text") or o.get("data", {}).get("text/plain", "")) for o in cell["outputs"])


def _start_in(folder: Path) -> contextlib.AbstractContextManager[Lab]:
    runs = ["lab", "--no-browser", "--app", "oreilly", "--runs", str(folder / "runs")]
    return run_lab(folder, [sys.executable, "-m", "scimkit.cli", *runs])


@pytest.fixture(scope="session")
def chromium() -> str:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("chromium is missing; CI installs it (.ci/run)")
        pytest.skip("chromium is not installed")
    return CHROMIUM


@pytest.fixture(scope="session")
def start_lab(
    chromium: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], contextlib.AbstractContextManager[Lab]]:
    """`with start_lab() as lab:` a fresh run, opened by `scimkit lab`."""
    return lambda: _start_in(tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def lab(start_lab: Callable[[], contextlib.AbstractContextManager[Lab]]) -> Iterator[Lab]:
    """One run for all tests of a module."""
    with start_lab() as started:
        yield started


@pytest.fixture
def start_plain_lab(chromium: str, tmp_path: Path) -> Callable[[], contextlib.AbstractContextManager[Lab]]:
    """JupyterLab without scimkit, on a copy of notebooks/ outside any run."""
    shutil.copytree(
        Path(__file__).parents[2] / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns("runs", ".*")
    )
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        f"--ServerApp.root_dir={tmp_path / 'notebooks'}",
    ]
    return lambda: run_lab(tmp_path, command)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """For one module: while it is open, its event loop is in the way of other tests."""
    expect.set_options(timeout=CELL_SECONDS * 1000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One for all tests of a module: loading JupyterLab takes longer than a notebook."""
    context = browser.new_context(viewport=WINDOW)
    context.set_default_timeout(START_SECONDS * 1000)
    yield context.new_page()
    context.close()
