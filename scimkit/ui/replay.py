"""Running the earlier notebooks without output, so that each can be opened alone in the sandbox."""

from __future__ import annotations

import atexit
import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scimkit.credentials import REDACTOR
from scimkit.evidence.runs import RunStore
from scimkit.journey.steps import LAST_PLAYED, in_order, is_operation, record_step
from scimkit.notebook.shipped import shipped
from scimkit.tenant import Config

REPLAY = "__scimkit_replay__"
"""Name of the run in the namespace of a notebook that runs without output."""


def temporary_run(step: str, given: Mapping[str, Any], config: Config) -> RunStore:
    """A run in the sandbox that lasts as long as this process, with the earlier steps done."""
    from scimkit.apps import load

    app = str(given.get("app", "oreilly"))
    names = tuple(s.name for s in in_order(load(app).journey_order))
    parent = Path(tempfile.mkdtemp(prefix="scimkit-"))  # readable by its owner alone
    run = RunStore.create(
        parent, app=app, tenant="sandbox", runbook="onboard", steps=names, now=datetime.now(UTC), redact=REDACTOR.text
    )
    run.change_state(lambda state: state.update(temporary=True))
    atexit.register(shutil.rmtree, parent, ignore_errors=True)  # a killed kernel leaves that to the sandbox's process
    if is_operation(step):
        play_missing(run)
        return run
    for earlier in names[: names.index(step)]:
        _play(earlier, run)
    return run


def play_missing(run: RunStore) -> bool:
    """In the sandbox, set up the app in the run of an operation that has none: run the journey up to the
    running job. Returns whether that was done. What an interruption left undone is done on resuming.

    A run of the journey itself stays as its administrator has left it.
    """
    from scimkit.apps import load

    state = run.state()
    own = state.get("runbook") != "onboard" or state.get("temporary")
    begun = state.get("played")
    if (
        state["tenant"] != "sandbox"
        or not own
        or (run.has(record_step("EnterpriseApp"), "EnterpriseApp") and not begun)
    ):
        return False
    run.change_state(lambda state: state.update(played=True))
    names = [step.name for step in in_order(load(run.app).journey_order)]
    missing = [
        name for name in names[: names.index(LAST_PLAYED) + 1] if state["steps"].get(name, {}).get("state") != "passed"
    ]
    for name in missing:
        _play(name, run)
    return bool(missing)


def _play(step: str, run: RunStore) -> None:
    """Do what the shipped notebook `step` does, without its outputs."""
    cells = json.loads((shipped("notebooks") / f"{step}.ipynb").read_text(encoding="utf-8"))["cells"]
    space: dict[str, Any] = {"__name__": "__main__", REPLAY: run}
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        with redirect_stdout(io.StringIO()):
            exec(compile("".join(cell["source"]), f"{step} cell {number}", "exec"), space)


def notebook_path(step: str) -> Path:
    """The shipped notebook of a step of the journey, or of an operation."""
    return shipped("runbooks" if is_operation(step) else "notebooks") / f"{step}.ipynb"
