"""Runs a runbook: every notebook in its own kernel, evidence in a run folder.

    result = run_runbook(read_runbook("onboard"), app="oreilly", tenant="sandbox", settings={}, runs_dir=Path("runs"))

All settings are checked before a kernel starts. Each step leaves
`<step>.ipynb` and `<step>.html`, its state in `run.json` and its records. The
first step that does not pass ends the run; `--resume` continues there.
"""

from __future__ import annotations

import logging
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook
from papermill.log import logger as papermill_logger

from scimkit.credentials import REDACTOR, RedactingFilter
from scimkit.errors import ConfigError, ScimkitError, lines_of
from scimkit.evidence.records import utc_text
from scimkit.evidence.runs import RunStore
from scimkit.headless.commands import continue_command, shown_path
from scimkit.headless.engine import Watch
from scimkit.headless.kernels import Kernels
from scimkit.headless.progress import Listener, Progress
from scimkit.headless.runbook import Runbook, Step
from scimkit.headless.settings import Settings, declared, sort_settings
from scimkit.tenant import load_config

LOG = "run.log"
PASSED, FAILED, USAGE, WAITING, UNFINISHED, INTERRUPTED = 0, 1, 2, 3, 4, 130
WAITED_SECONDS = 300.0  # of the sandbox's clock, between a step that waits and the command that continues
CELL_TIMEOUT_SECONDS = 3600  # a step waits for a person or a cycle by ending with 3, so nothing sensible takes longer
_PRELOAD = (  # what the shipped notebooks import, where `begin` and the verbs do it late; done while no one is waiting
    "scimkit.ui.beginning",
    "scimkit.ui.forms",
    "scimkit.views.kinds",
    "scimkit.clients.graph",
    "scimkit.clients.scim",
    "scimkit.sandbox.process",
    "scimkit.journey.enterprise_app",
    "scimkit.journey.scope",
    "scimkit.journey.connection",
    "scimkit.mapping.review",
    "scimkit.journey.pilot",
    "scimkit.journey.forecast",
    "scimkit.journey.enablement",
    "scimkit.journey.monitor",
    "filelock",
    "jinja2",
)
_STATE_OF = {FAILED: "failed", WAITING: "waiting"}


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    exit_code  0 passed, 1 check failed, 2 configuration, 3 waiting, 4 could not finish, 130 interrupted
    folder     the run folder
    steps      the state of each step, in order
    lines      what to print last; for a waiting run the last one is the command that continues
    """

    exit_code: int
    folder: Path
    steps: Mapping[str, str]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _End:
    """How one step ended, and the lines that report it."""

    exit_code: int
    state: str
    message: str = ""
    remedy: str = ""
    check: str = ""
    lines: tuple[str, ...] = ()


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The surroundings of a run, independent of the runbook.

    config    the scimkit.toml the notebooks use
    progress  is informed of the progress of each step
    sandbox   options for `ensure_sandbox` (seed, people, faults) if the tenant is the sandbox
    """

    config: Path | None = None
    progress: Listener | None = None
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    cell_timeout_seconds: int = CELL_TIMEOUT_SECONDS


USUAL = Surroundings()


def run_runbook(
    runbook: Runbook,
    *,
    app: str | None = None,
    tenant: str | None = None,
    settings: Settings | None = None,
    runs_dir: Path = Path("runs"),
    resume: Path | None = None,
    around: Surroundings = USUAL,
) -> RunResult:
    """Run `runbook`, or continue the run in `resume`.

    settings  by step (whole or short name, "" for all steps) and parameter; see `sort_settings`

    A resumed run skips the steps that passed and whose records exist, unless
    a setting of theirs has changed.

    Raises a ScimkitError if the run cannot start: unknown settings, no such
    app, a run that is already running. Later errors are in the result.
    """
    parameters = declared(runbook)
    values = sort_settings(runbook, settings or {}, parameters)
    run = None
    if resume is not None:
        run = RunStore.open(resume, redact=REDACTOR.text)
    if run is not None:
        app, tenant = _of_the_run(run, runbook, app, tenant)
    app, tenant = app or "oreilly", tenant or "sandbox"
    profile = None
    if _declares(parameters, "app"):
        profile = _profile(run.app if run is not None else app)
    if _declares(parameters, "tenant"):
        settings_file = load_config(str(around.config or ""))
        settings_file.tenant(tenant)
        settings_file.check_apps(profile.name if profile is not None else "")
    if profile is not None:
        runbook = runbook.in_order(getattr(profile, "journey_order", ()))
    if run is None:
        steps = tuple(step.name for step in runbook.steps)
        run = RunStore.create(
            runs_dir, app=app, tenant=tenant, runbook=runbook.name, steps=steps, now=utc_now(), redact=REDACTOR.text
        )
    with ExitStack() as held:
        held.enter_context(run.locked())
        held.enter_context(_termination_as_interrupt())
        held.enter_context(_logged(run, utc_now))
        runner = _Runner(run, runbook, values, parameters, around)
        starts_sandbox = tenant == "sandbox" and _declares(parameters, "tenant")
        return runner.run({"app": app, "tenant": tenant}, (profile, dict(around.sandbox)) if starts_sandbox else None)


def _of_the_run(run: RunStore, runbook: Runbook, app: str | None, tenant: str | None) -> tuple[str, str]:
    """App and tenant of a run to resume. Raises ConfigError if others were requested."""
    state = run.state()
    for what, asked in (("app", app), ("tenant", tenant), ("runbook", runbook.name)):
        if asked is not None and asked != state.get(what):
            raise ConfigError(
                f"{run.name} is a run of {what} {state.get(what)}, not {asked}",
                "Leave the option out, or start a new run.",
            )
    return str(state["app"]), str(state["tenant"])


def _profile(app: str) -> Any:
    from scimkit import apps

    return apps.load(app)


def _declares(parameters: Mapping[str, Any], name: str) -> bool:
    known = chain.from_iterable(parameters.values())
    return any(parameter.name == name for parameter in known)


class _Runner:
    """One run while it runs."""

    def __init__(
        self,
        run: RunStore,
        runbook: Runbook,
        values: Mapping[str, Mapping[str, Any]],
        parameters: Mapping[str, Any],
        around: Surroundings,
    ) -> None:
        self.run_store, self.runbook, self.values, self.parameters = run, runbook, values, parameters
        self.config, self.cell_timeout_seconds = around.config, around.cell_timeout_seconds
        self.progress, self.now = around.progress or (lambda event: None), utc_now
        self.pages: list[Future[None]] = []

    def run(self, given: Mapping[str, str], sandbox: tuple[Any, dict[str, Any]] | None) -> RunResult:
        waited = any(step.get("state") == "waiting" for step in self.run_store.state()["steps"].values())
        self._settle_interrupted()
        todo = [step for step in self.runbook.steps if not self._is_done(step)]
        for step in self.runbook.steps:
            if not self._is_done(step) or self._is_changed(step):
                self.run_store.set_step(step.name, "pending")
            self.run_store.save_choices(step.name, self.values[step.name])
        end = _End(PASSED, "passed")
        with ExitStack() as held:
            pages = held.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="pages"))
            try:
                kernels = held.enter_context(self._kernels(len(todo)))
                if todo:
                    kernels.begin()  # it starts while the sandbox does
                    if sandbox is not None:
                        held.enter_context(_sandbox(self.run_store, *sandbox, waited=waited))
                for step in self.runbook.steps:
                    if step not in todo:
                        self._report(step, "skipped")
                        continue
                    end = self._run_step(step, kernels, pages, given)
                    if end.exit_code != PASSED:
                        break
            except KeyboardInterrupt:
                end = self._interrupted()
            except ScimkitError as error:  # the sandbox or a kernel could not be started
                end = self._could_not(error)
        return self._result(end)

    # -- before ----------------------------------------------------------------

    def _kernels(self, expected: int) -> Kernels:
        environment = {"SCIMKIT_RUN": str(self.run_store.folder.resolve())}
        if self.config is not None:
            environment["SCIMKIT_CONFIG"] = str(Path(self.config).resolve())
        return Kernels(
            expected=expected,
            environment=environment,
            preload=_PRELOAD,
            fork=expected > 1,
            log=lambda line: papermill_logger.info(f"kernel: {line}"),
        )

    def _settle_interrupted(self) -> None:
        """A step that a killed run has left `running` was interrupted."""
        for name, step in self.run_store.state()["steps"].items():
            if step.get("state") == "running":
                self.run_store.set_step(name, "interrupted")

    def _is_done(self, step: Step) -> bool:
        state = self.run_store.state()["steps"].get(step.name, {}).get("state")
        return (
            state == "passed"
            and all(self.run_store.has(step.name, kind) for kind in step.records)
            and not self._is_changed(step)
        )

    def _is_changed(self, step: Step) -> bool:
        """Whether this call sets a parameter of `step` to a value it did not run with."""
        before = self.run_store.state()["steps"].get(step.name, {}).get("parameters", {})
        return any(before.get(name) != value for name, value in self.values[step.name].items())

    # -- one step ----------------------------------------------------------------

    def _run_step(self, step: Step, kernels: Kernels, pages: ThreadPoolExecutor, given: Mapping[str, str]) -> _End:
        run = self.run_store
        own = {parameter.name for parameter in self.parameters[step.name]}
        parameters = {name: value for name, value in {**given, **run.choices(step.name)}.items() if name in own}
        run.set_step(
            step.name,
            "running",
            started_utc=utc_text(self.now()),
            parameters=parameters,
            message="",
            remedy="",
            ended_utc="",
        )
        self._report(step, "running")
        watch = Watch(
            on_cell=lambda done, total: self._report(step, "cell", (done, total)), save=lambda nb: self._save(step, nb)
        )
        try:
            execute_notebook(
                _literal(step.notebook),
                None,
                parameters=parameters,
                engine_name="scimkit",
                kernel_name="python3",
                progress_bar=False,
                execution_timeout=self.cell_timeout_seconds,
                kernels=kernels,
                watch=watch,
            )
            end = self._end_of_passed(step)
        except KeyboardInterrupt:
            self._finish_document(step, watch, pages)
            self._close_step(step, _End(INTERRUPTED, "interrupted"))
            raise
        except Exception as error:
            end = self._end_of(step, error, watch)
        self._finish_document(step, watch, pages)
        self._close_step(step, end)
        return end

    def _close_step(self, step: Step, end: _End) -> None:
        self.run_store.set_step(
            step.name,
            end.state,
            ended_utc=utc_text(self.now()),
            message=end.message,
            remedy=end.remedy,
            check=end.check,
        )
        self._report(step, end.state)

    def _save(self, step: Step, document: NotebookNode) -> None:
        """Keep `document`, a redacted copy. Paths of this machine do not belong into evidence that is passed on."""
        document.metadata.get("papermill", {}).update(input_path=step.notebook.name, output_path=f"{step.name}.ipynb")
        self.run_store.write(f"{step.name}.ipynb", nbformat.v4.writes(document) + "\n")

    def _finish_document(self, step: Step, watch: Watch, pages: ThreadPoolExecutor) -> None:
        """Keep the notebook again, with the mark papermill has put at a failed cell, and its page."""
        if watch.document is None:
            return
        document = nbformat.from_dict(REDACTOR.plain(watch.document))
        self._save(step, document)
        self.pages.append(pages.submit(self._write_page, step, document))

    def _write_page(self, step: Step, document: NotebookNode) -> None:
        from scimkit.headless.html_page import render_page

        self.run_store.write(f"{step.name}.html", render_page(document, step.title))

    def _report(self, step: Step, state: str, cells: tuple[int, int] = (0, 0)) -> None:
        steps = self.runbook.steps
        event = Progress(step.name, step.title, steps.index(step) + 1, len(steps), state, cells)
        if state != "cell":
            papermill_logger.info(str(event))
        self.progress(event)

    # -- how it ended ----------------------------------------------------------------

    def _end_of_passed(self, step: Step) -> _End:
        missing = [kind for kind in step.records if not self.run_store.has(step.name, kind)]
        if not missing:
            return _End(PASSED, "passed")
        message = f"{step.name} ended without leaving its {' and '.join(missing)}"
        return self._unfinished(step, message, "Open the notebook and find the cell that should keep it.")

    def _end_of(self, step: Step, error: Exception, watch: Watch) -> _End:
        """The end of a step that an exception has ended: its own, if it was foreseen, or scimkit's."""
        if isinstance(error, ScimkitError):
            return self._foreseen(
                step, {"message": error.message, "remedy": error.remedy, "exit_code": error.exit_code}
            )
        if isinstance(error, PapermillExecutionError) and watch.error is not None:
            return self._foreseen(step, watch.error)
        papermill_logger.error("".join(traceback.format_exception(error)))
        if isinstance(error, PapermillExecutionError):
            return self._unfinished(
                step, f"{error.ename} in cell [{error.exec_count}] of {step.name}: {REDACTOR.text(str(error.evalue))}"
            )
        if isinstance(error, CellTimeoutError):
            return self._unfinished(
                step, f"a cell of {step.name} was not finished after {self.cell_timeout_seconds} seconds"
            )
        if isinstance(error, DeadKernelError):
            return self._unfinished(step, f"the kernel of {step.name} died")
        return self._unfinished(step, f"{type(error).__name__} while running {step.name}: {REDACTOR.text(str(error))}")

    def _foreseen(self, step: Step, error: Mapping[str, Any]) -> _End:
        exit_code, message, remedy = int(error["exit_code"]), str(error["message"]), str(error["remedy"])
        check = error.get("check") or {}
        lines = lines_of(f"{step.name}: {message}", remedy)
        if exit_code == WAITING:
            if "confirm" in (error.get("settings") or {}).get(step.name, {}):  # report.html has it under pseudonyms
                lines.append(f"The plan, with names: {Path(shown_path(self.run_store.folder)) / step.name}.html")
            lines += [
                "Then continue with:",
                self._command(error.get("settings") or {}, str(error.get("command") or "")),
            ]
        else:
            lines.append(f"Then: {self._command()}")
        return _End(
            exit_code, _STATE_OF.get(exit_code, "error"), message, remedy, str(check.get("code", "")), tuple(lines)
        )

    def _unfinished(self, step: Step, message: str, remedy: str = "") -> _End:
        folder = shown_path(self.run_store.folder)
        remedy = remedy or f"See {Path(folder) / LOG} and {step.name}.html there."
        lines = (*lines_of(message, remedy), f"Then: {self._command()}")
        return _End(UNFINISHED, "error", message, remedy, "", lines)

    def _interrupted(self) -> _End:
        return _End(
            INTERRUPTED,
            "interrupted",
            lines=("Interrupted. Completed work is kept.", f"Continue with: {self._command()}"),
        )

    def _could_not(self, error: ScimkitError) -> _End:
        papermill_logger.error("".join(traceback.format_exception(error)))
        lines = (*error.lines(), f"Then: {self._command()}")
        return _End(error.exit_code, "error", error.message, error.remedy, "", lines)

    def _command(self, settings: Settings | None = None, given: str = "") -> str:
        short = {
            (found.short if (found := self.runbook.step(name)) else name): values
            for name, values in (settings or {}).items()
        }
        return given or continue_command(self.runbook.name, self.run_store.folder, short, config=self.config)

    def _result(self, end: _End) -> RunResult:
        for page in self.pages:
            if (error := page.exception()) is not None:
                papermill_logger.error("".join(traceback.format_exception(error)))
        states = {step.name: str(self.run_store.state()["steps"][step.name]["state"]) for step in self.runbook.steps}
        summary = [
            f"{list(states.values()).count('passed')} of {len(states)} steps passed; run folder"
            f" {shown_path(self.run_store.folder)}"
        ]
        if note := self.run_store.app_note():
            summary.append(f"Note: {note}")
        if (report := self._write_report()) is not None:
            summary.append(f"Report: {shown_path(report)}")
        lines = tuple(REDACTOR.text(line) for line in (*summary, *end.lines))
        for line in lines:
            self.run_store.append(LOG, f"{utc_text(self.now())} {line}")
        return RunResult(end.exit_code, self.run_store.folder, states, lines)

    def _write_report(self) -> Path | None:
        """report.html; a run whose report cannot be created has still run."""
        try:
            from scimkit.report import write_report

            write_report(self.run_store)
        except Exception as error:
            papermill_logger.error("no report: " + "".join(traceback.format_exception(error)))
            return None
        return self.run_store.folder / "report.html"


def _literal(path: Path) -> str:
    """papermill reads paths as format strings."""
    return str(path).replace("{", "{{").replace("}", "}}")


@contextmanager
def _sandbox(run: RunStore, profile: Any, options: dict[str, Any], *, waited: bool) -> Iterator[None]:
    """The sandbox of this run, started if it does not run already, ended with the run.

    waited  a step was waiting: some minutes have passed until someone continues, on the virtual clock too
    """
    from scimkit.sandbox import process

    if options:
        run.change_state(lambda state: state.setdefault("sandbox", {}).update(options))
    address = process.ensure_sandbox(run.folder, app=profile, **run.state().get("sandbox", {}))
    try:
        if waited:
            process.wait(address, WAITED_SECONDS)
        yield
    finally:
        if address.owned:
            process.stop(address)


@contextmanager
def _logged(run: RunStore, now: Callable[[], datetime]) -> Iterator[None]:
    """The output of papermill, nbclient and the kernels' processes goes to run.log, redacted, not to the console."""

    class ToRun(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            for line in self.format(record).splitlines():
                run.append(LOG, f"{utc_text(now())} {line}")

    handler = ToRun()
    handler.addFilter(RedactingFilter())
    level, propagate = papermill_logger.level, papermill_logger.propagate
    papermill_logger.addHandler(handler)
    papermill_logger.setLevel(logging.INFO)
    papermill_logger.propagate = False
    try:
        yield
    finally:
        papermill_logger.removeHandler(handler)
        papermill_logger.setLevel(level)
        papermill_logger.propagate = propagate


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """A scheduler's SIGTERM ends a run like Ctrl-C: kernel stopped, states correct, resumable."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
