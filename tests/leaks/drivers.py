"""The drivers without a front end: papermill as it comes, `scimkit run`, papermill with scimkit's engine."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from leaks.channels import CHANNELS, ENVIRONMENT, PARAMETER, THE_END, VARIABLE, Channel
from leaks.matrix import Trace
from leaks.probe import PLACES, plant, write_probe
from leaks.search import joined, read_below

SOURCE = Path(__file__).parents[2]
ALL = (*CHANNELS, THE_END)
EXCEPTION = "papermill's exception"
CONSOLE = "console"
SECONDS = 180


class Desk:
    """A folder to run the probe in. What a run leaves lies in `folder`; the secrets and the probe lie beside it."""

    def __init__(self, parent: Path, name: str) -> None:
        self.name, self.folder, self.planted = name, parent / name / "left", parent / name / "planted"
        self.folder.mkdir(parents=True)
        self.secrets = plant(self.planted, name, ALL)
        self.probe = parent / name / "probe.ipynb"
        write_probe(self.probe, ALL)

    @property
    def reference(self) -> str:
        (channel,) = [channel for channel in ALL if channel.name == PARAMETER]
        return f"file:{self.planted / channel.slug}"

    @property
    def environment(self) -> dict[str, str]:
        """Every place where something might be kept lies below the folder."""
        (channel,) = [channel for channel in ALL if channel.name == ENVIRONMENT]
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "SCIMKIT", "PYTEST", "PAPERMILL"))
        }
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        return {
            **kept,
            PLACES: str(self.planted),
            VARIABLE: self.secrets[channel],
            "IPYTHONDIR": str(self.folder / "ipython"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "TMPDIR": str(temporary),
            "PYTHONPATH": os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "PYTHONUTF8": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }

    def call(self, *command: str) -> dict[str, bytes]:
        """Run a command here; what it has said, and with which exit code."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
        )
        return {CONSOLE: done.stdout + done.stderr, "exit code": str(done.returncode).encode()}

    def trace(self, document: Path, said: Mapping[str, bytes]) -> Trace:
        """What was left, what was said, and the page that nbconvert makes of the notebook as it stands."""
        page = stock_page(document)
        places = {**read_below(self.folder), **said, "nbconvert page": page.encode()}
        return Trace(places, self.secrets, **looked_at(document))


def looked_at(document: Path, channels: tuple[Channel, ...] = ALL) -> dict[str, frozenset[Channel]]:
    """Which channels' cells have run, and which of them show a mask."""
    by_slug = {channel.slug: channel for channel in channels}
    ran, masked = set(), set()
    for cell in json.loads(document.read_text(encoding="utf-8"))["cells"]:
        channel = by_slug.get(cell["metadata"].get("channel", ""))
        if channel is not None and cell["execution_count"] is not None:
            ran.add(channel)
            if "[secret]" in json.dumps([joined(output.get("text", "")) or output for output in cell["outputs"]]):
                masked.add(channel)
    return {"ran": frozenset(ran), "masked": frozenset(masked)}


def stock_page(document: Path) -> str:
    """The notebook as nbconvert's own page, with its widget state in it."""
    from nbconvert import HTMLExporter

    import scimkit.headless  # noqa: F401 - switches a slow import off

    return str(HTMLExporter().from_filename(str(document))[0])


def _papermill(desk: Desk, engine: str) -> Trace:
    options = ["--engine", engine, "--log-output", "--log-level", "DEBUG", "-p", "token_ref", desk.reference]
    said = desk.call(
        sys.executable, "-P", str(SOURCE / "tests" / "stock_engine.py"), *options, str(desk.probe), "out.ipynb"
    )
    assert said["exit code"] == b"1", said[CONSOLE].decode()[-3000:]
    said[EXCEPTION] = said[CONSOLE].rpartition(b"papermill.exceptions.PapermillExecutionError")[2]
    assert said[EXCEPTION]
    return desk.trace(desk.folder / "out.ipynb", said)


def run_stock(desk: Desk) -> Trace:
    """papermill's command line with its own engine."""
    return _papermill(desk, "nbclient")


def run_command_line(desk: Desk) -> Trace:
    """papermill's command line with scimkit's engine."""
    return _papermill(desk, "scimkit")


def run_scimkit(desk: Desk) -> Trace:
    """`scimkit run PROBE.ipynb`."""
    settings = ["--runs", "runs", "--set", f"token_ref={desk.reference}"]
    said = desk.call(sys.executable, "-m", "scimkit.cli", "run", str(desk.probe), *settings)
    assert said["exit code"] == b"4", said[CONSOLE].decode()[-3000:]
    (document,) = (desk.folder / "runs").glob("*/probe.ipynb")
    said[EXCEPTION] = (document.parent / "run.log").read_bytes()  # where it goes
    return desk.trace(document, said)


def run_api(desk: Desk) -> Trace:
    """papermill's Python API with scimkit's engine, in this process, whose environment is that of the desk."""
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook
    from papermill.log import logger

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    lines: list[str] = []
    said: dict[str, bytes] = {}
    handler, level = Lines(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    document = desk.folder / "out.ipynb"
    try:
        execute_notebook(
            str(desk.probe), str(document), parameters={"token_ref": desk.reference}, engine_name="scimkit",
            kernel_name="python3", progress_bar=False, log_output=True, cwd=str(desk.folder),
        )  # fmt: skip
        raise AssertionError("the probe ends in an error")
    except PapermillExecutionError as error:
        said[EXCEPTION] = "\n".join([str(error), repr(error), repr(error.__dict__)]).encode()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    said[CONSOLE] = "\n".join(lines).encode()
    return desk.trace(document, said)
