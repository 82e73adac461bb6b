"""`begin()`: the second cell of every notebook.

It finds the run, checks the parameters, prevents secrets from leaving the kernel,
and says where it works and what may be written. In the sandbox a notebook needs
no run: the earlier notebooks are run quietly in a temporary one, so that each can
be opened alone. In a live tenant it stops and names the notebook to run first.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from scimkit.credentials import REDACTOR
from scimkit.errors import ConfigError, NotReady
from scimkit.evidence.records import utc_text
from scimkit.evidence.runs import RunStore
from scimkit.journey.steps import STEPS, is_operation
from scimkit.notebook.parameters import Parameter, check_names, check_values, declared_parameters
from scimkit.tenant import load_config
from scimkit.ui.replay import REPLAY, notebook_path, play_missing, temporary_run
from scimkit.ui.session import Session

RUN_VARIABLE = "SCIMKIT_RUN"
_INJECTED = "# Parameters\n"  # how papermill's injected cell begins


def begin(step: str) -> Session:
    """Start a notebook: find its run, check its parameters, protect its secrets.

    step  the notebook's name, such as "5a_connection"; the parameters are the
          variables of the tagged cell above

    Raises ConfigError (an unknown or conflicting parameter), NotReady (live, without
    a run).
    """
    space = sys._getframe(1).f_globals
    replay: RunStore | None = space.get(REPLAY)
    declared = declared_parameters(notebook_path(step))
    check_names(declared, _injected_names(space), where=step)
    given = check_values(declared, {p.name: space[p.name] for p in declared if p.name in space}, where=step)
    if replay is None:
        _prepare_kernel()
    config = load_config()
    run = replay or _find_run(given, step)
    alone = run is None
    if run is None:
        run = temporary_run(step, given, config)
    elif replay is None and is_operation(step):
        alone = play_missing(run)
    values = _merge(given, declared, run, step)
    session = Session(step, run, config=config, values=values, declared=declared, quiet=replay is not None)
    if replay is None:
        _say(session, alone)
    if step == "3_app" and session.access.sign_up() and replay is None:
        print(f"Sandbox: someone has signed up at {session.app.title}, which has added the app to the tenant.")
    if run.state()["steps"].get(step, {}).get("state") != "running":
        run.set_step(step, "running", started_utc=utc_text(datetime.now(UTC)))
    return session


def _injected_names(space: Mapping[str, Any]) -> tuple[str, ...]:
    """What papermill's own cell has set in this kernel. Nothing else there refuses a name that is not
    a parameter, and the notebook would run with the default."""
    cells = [text for text in space.get("In", ()) if isinstance(text, str) and text.startswith(_INJECTED)]
    if cells:
        nodes = ast.parse(cells[-1]).body
    else:
        nodes = []
    targets = chain.from_iterable(node.targets for node in nodes if isinstance(node, ast.Assign))
    return tuple(target.id for target in targets if isinstance(target, ast.Name))


def _find_run(given: Mapping[str, Any], step: str) -> RunStore | None:
    named = given.get("run") or os.environ.get(RUN_VARIABLE, "")
    run = RunStore.open(Path(named), redact=REDACTOR.text) if named else RunStore.find(Path.cwd(), redact=REDACTOR.text)
    if run is None and given.get("tenant", "sandbox") != "sandbox":
        if is_operation(step):
            raise NotReady(
                f"{step} works in the tenant {given['tenant']} and needs a run to work in",
                f"Run `scimkit run {step} --app {given.get('app', 'oreilly')} --tenant {given['tenant']}`, or open it"
                " in a `scimkit lab` session of that tenant.",
            )
        raise NotReady(
            f"{step} works in the tenant {given['tenant']} and needs a run to work in",
            f"Start with 1_plan: `scimkit lab --app {given.get('app', 'oreilly')} --tenant {given['tenant']}` creates a"
            " run and opens it.",
        )
    return run


def _merge(given: Mapping[str, Any], declared: tuple[Parameter, ...], run: RunStore, step: str) -> dict[str, Any]:
    """Explicit parameter, then the run's choice, then the default; two that disagree are an error."""
    state, choices = run.state(), run.choices(step)
    known = {"app": state["app"], "tenant": state["tenant"], "run": "", **choices}
    merged = {}
    for parameter in declared:
        name, value = parameter.name, given.get(parameter.name, parameter.default)
        if name == "run" or name not in known:
            merged[name] = value
        elif value in (parameter.default, known[name]):
            merged[name] = parameter.convert(known[name], where=f"{run.name}/run.json")
        else:
            raise ConfigError(
                f"{step}: {name} is {value!r} here, but this run says {known[name]!r}",
                "Remove it from the notebook, or start another run. `scimkit run --resume … --set` changes a choice of"
                " a run.",
            )
    return merged


def _say(session: Session, alone: bool) -> None:
    """Where the notebook works: the kit, the app, the tenant, what may be written."""
    from scimkit.evidence.version import VERSION

    print(f"scimkit {VERSION} · {session.app.title} · {session.tenant.banner()}")
    if alone and is_operation(session.step):
        print("No app was set up in this run: the journey was run quietly first, up to the running job.")
    elif alone and session.step != STEPS[0].name:
        print("No run here: the earlier steps were run quietly in a temporary run.")


def _prepare_kernel() -> None:
    """Redactor and views, where there is an IPython kernel; nothing elsewhere."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        return
    from scimkit.ui.kernel import install_redactor
    from scimkit.views.display import register

    if hasattr(shell, "kernel"):
        install_redactor(shell)
    register(shell)
