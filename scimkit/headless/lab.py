"""`scimkit lab`: JupyterLab on a working copy of the journey inside a run folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from scimkit.apps import load
from scimkit.credentials import REDACTOR
from scimkit.errors import ConfigError
from scimkit.evidence.runs import RunStore
from scimkit.journey.steps import STEPS, in_order
from scimkit.notebook.parameters import TAG
from scimkit.notebook.shipped import shipped
from scimkit.sandbox.process import ensure_sandbox, stop
from scimkit.tenant import load_config

FIRST = STEPS[0].name


def prepare_lab(
    app: str | None, tenant: str | None, *, runs: Path, resume: Path | None, config: Path | None
) -> RunStore:
    """A run folder with a copy of every missing notebook; the shipped ones stay unchanged."""
    run = None
    if resume is not None:
        run = RunStore.open(resume, redact=REDACTOR.text)
    if run is not None:
        state = run.state()
        for what, asked in (("app", app), ("tenant", tenant)):
            if asked is not None and asked != state[what]:
                raise ConfigError(
                    f"{run.name} is a run of {what} {state[what]}, not {asked}",
                    "Leave the option out, or start a new run.",
                )
        app, tenant = state["app"], state["tenant"]
    app, tenant = app or "oreilly", tenant or "sandbox"
    profile = load(run.app if run is not None else app)
    settings = load_config(str(config) if config else "")
    settings.tenant(tenant)
    settings.check_apps(profile.name)
    order = profile.journey_order
    if run is None:
        names = tuple(step.name for step in in_order(order))
        run = RunStore.create(
            runs, app=app, tenant=tenant, runbook="onboard", steps=names, now=datetime.now(UTC), redact=REDACTOR.text
        )
    for notebook in (
        *(shipped("notebooks") / f"{step.name}.ipynb" for step in STEPS),
        *sorted(shipped("runbooks").glob("*.ipynb")),
    ):
        if not run.exists(notebook.name):
            run.write(
                notebook.name, _fill_in(notebook.read_text(encoding="utf-8"), app=run.state()["app"], tenant=tenant)
            )
    return run


def _fill_in(notebook: str, **values: str) -> str:
    """The text of `notebook` with these parameters as they are in the run, and without outputs, so that
    the reader sees where it works, and does not mistake a shipped example for a result of this run."""
    document = json.loads(notebook)
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
        if TAG in cell.get("metadata", {}).get("tags", []):
            lines = "".join(cell["source"]).splitlines(keepends=True)
            cell["source"] = [_with_value(line, values) for line in lines]
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _with_value(line: str, values: Mapping[str, str]) -> str:
    name, equals, rest = line.partition(" = ")
    if not equals or name not in values:
        return line
    return f"{name} = {json.dumps(values[name], ensure_ascii=False)}  {rest[rest.index('#') :]}"


def open_lab(
    app: str | None,
    tenant: str | None,
    *,
    runs: Path,
    resume: Path | None,
    config: Path | None,
    browser: bool,
    port: int,
) -> int:
    """Open JupyterLab on such a folder and wait until it ends; returns its exit code.

    The sandbox, if it is the tenant, belongs to this process and ends with it. While it is
    open it locks the run: a runner that would resume it is refused (RunError), and so is a
    second JupyterLab, or this one while a runner is active.
    """
    run = prepare_lab(app, tenant, runs=runs, resume=resume, config=config)
    folder = run.folder.resolve()
    environment = {**os.environ, "SCIMKIT_RUN": str(folder)}
    if config is not None:
        environment["SCIMKIT_CONFIG"] = str(config.resolve())
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        "--KernelManager.transport_encryption=auto",
    ]
    command += [f"--LabApp.default_url=/lab/tree/{FIRST}.ipynb", "--ip=127.0.0.1"]
    command.append(
        "--allow-root"
    )  # often a container's only user; Jupyter would stop and name an option that is not ours
    if browser:
        command += []
    else:
        command += ["--no-browser"]
    if port:
        command += [f"--ServerApp.port={port}"]
    with run.locked("already open in JupyterLab (scimkit lab)"):
        if note := run.app_note():
            sys.stderr.write(f"Note: {note}\n")
        address = None
        if run.state()["tenant"] == "sandbox":
            address = ensure_sandbox(folder, app=run.app)
        try:
            return _serve(command, environment)
        finally:
            if address is not None and address.owned:
                stop(address)


def _serve(command: list[str], environment: dict[str, str]) -> int:
    """Until JupyterLab ends. Control-C reaches JupyterLab too, which asks for confirmation;
    a request to end is passed on. If it were killed, it would leave kernels and its token behind."""
    with subprocess.Popen(command, env=environment) as server:
        before = signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            while True:
                with suppress(KeyboardInterrupt):
                    return server.wait()
        finally:
            signal.signal(signal.SIGTERM, before)
