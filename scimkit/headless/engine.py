"""scimkit's papermill engine: `papermill --engine scimkit`, and the one `scimkit run` uses.

What it adds to papermill's own:

* the channel to the kernel is encrypted; a kernel without scimkit is refused,
  because it would not redact secrets;
* no secret reaches the notebook file, the console or a log: the kernel redacts
  its messages (`scimkit.ui.kernel`) and reports each secret to the engine, the engine
  redacts again, with the pieces of a stream joined;
* widget state is not kept;
* each cell states its outcome: papermill marks cells as `completed` that did not run because
  of a timeout or a dead kernel;
* `sys.exit()` is an error, with any code: the cells after it did not run;
* the file on disk is complete at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from time import monotonic
from typing import Any, cast

import nbformat
import zmq
from jupyter_core.utils import ensure_async, run_sync
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.iorw import write_ipynb
from papermill.log import logger
from traitlets.config import Config

from scimkit.credentials import REDACTOR, RedactingFilter
from scimkit.errors import RunError, ScimkitError
from scimkit.headless.kernels import Kernels, choose_event_loop

ENGINE_TARGET = "scimkit.engine"  # as scimkit.ui.kernel sends it, which only kernels import; a test keeps the two alike
INTERRUPTED = "interrupted"  # a cell status that papermill does not have
_ATTACH = "__import__('scimkit.ui.kernel', fromlist=['attach_engine']).attach_engine()"
STARTS = 3  # so many kernels may die before they are ready, one after the other, until a notebook is given up
_ECHO_SECONDS = 0.5  # an iopub subscription that is not through after this is asked again


@dataclass
class Watch:
    """What the caller of a notebook run learns beside the document.

    document  the notebook as it is now, executed as far as it has got
    error     the kernel's report on the ScimkitError that ended it (`scimkit.ui.kernel.describe`)
    on_cell   called with the number of cells done and of all cells
    save      stores a redacted copy of the document, instead of writing it to the output path
    """

    document: NotebookNode | None = None
    error: dict[str, Any] | None = None
    on_cell: Callable[[int, int], None] = field(default=lambda done, total: None)
    save: Callable[[NotebookNode], None] | None = None


class HonestManager(NotebookExecutionManager):
    """papermill's record of an execution, reporting only what has happened, in files that are always complete.

    Written against papermill 2.7.0. There `save` writes the notebook as it is, secrets included, and in place;
    `cell_complete` and `notebook_complete` mark cells as completed that a timeout has prevented from running.
    """

    def __init__(self, nb: NotebookNode, save_copy: Callable[[NotebookNode], None] | None, **options: Any) -> None:
        super().__init__(nb, **options)
        self.save_copy = save_copy or (self._write if self.output_path else None)

    def save(self, **kwargs: Any) -> None:
        """Keep a redacted copy: cells that have not run yet must not lose their source."""
        if self.save_copy is not None:
            self.save_copy(nbformat.from_dict(REDACTOR.plain(self.nb)))
        self.last_save_time = self.now()

    def _write(self, copy: NotebookNode) -> None:
        if is_local(self.output_path):
            write_whole(Path(self.output_path), nbformat.v4.writes(copy))
        else:
            write_ipynb(copy, self.output_path)

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        if cell.cell_type == "code":
            super().cell_start(cell, cell_index, **kwargs)
        else:  # nothing runs in it, so there is no "running" worth a file
            cell.metadata.papermill["start_time"] = self.now().isoformat()
            cell.metadata.papermill["exception"] = False

    def cell_complete(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        status = cell.metadata.papermill["status"]
        save_copy, self.save_copy = self.save_copy, None  # the next cell's start, or the notebook's end, saves at once
        try:
            super().cell_complete(cell, cell_index, **kwargs)
        finally:
            self.save_copy = save_copy
        if status == INTERRUPTED:
            cell.metadata.papermill["status"] = INTERRUPTED

    def cell_stopped(self, cell: NotebookNode, status: str, name: str, sentence: str) -> None:
        """Note in the notebook that `cell` did not finish."""
        cell.metadata.papermill["exception"] = True
        cell.metadata.papermill["status"] = status
        self.nb.metadata.papermill["exception"] = True
        if cell.cell_type == "code":
            cell.outputs.append(
                nbformat.v4.new_output("error", ename=name, evalue=sentence, traceback=[f"{name}: {sentence}"])
            )

    def notebook_complete(self, **kwargs: Any) -> None:
        """As papermill's, without calling cells completed that never ran."""
        self.end_time = self.now()
        self.nb.metadata.papermill["end_time"] = self.end_time.isoformat()
        if self.start_time is not None:
            self.nb.metadata.papermill["duration"] = (self.end_time - self.start_time).total_seconds()
        self.complete_pbar()
        self.cleanup_pbar()
        clean_document(self.nb)
        self.save()


class RedactingClient(PapermillNotebookClient):
    """Runs the cells of one notebook in one kernel from `kernels`.

    Written against nbclient 0.11.0 and papermill 2.7.0, whose loop over the cells it replaces: there a timeout and
    a dead kernel leave no message in the notebook, and an error ends the run without the message of a ScimkitError.
    """

    def __init__(self, nb_man: HonestManager, *, kernels: Kernels, watch: Watch, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self.kernels, self.watch = kernels, watch
        self._lines: dict[str, str] = {}

    def execute(self, **kwargs: Any) -> NotebookNode:
        """Run all cells; nbclient's own would start a kernel itself. Raises as nbclient does for a timeout or
        a dead kernel;
        a cell that ends in an error ends the notebook without an exception."""
        choose_event_loop()
        self.reset_execution_trackers()
        with self.setup_kernel():
            self.log.info(f"Executing notebook with kernel: {self.kernel_name}")
            self.papermill_execute_cells()
        return self.nb

    @contextmanager
    def setup_kernel(self, **kwargs: Any) -> Iterator[None]:
        """A kernel from `kernels` instead of a new one of nbclient's, which takes a second to start."""
        idle = False
        try:
            self._start()
            self.kernels.prepare()  # now, not earlier: the one we wait for should have the processor
            yield
            idle = True
        finally:
            self._disconnect(kill=not idle)

    def _start(self) -> None:
        """Use a kernel and connect to it. One that dies before it was ready is replaced, because no cell has run in
        it: its ports are chosen before it opens them, and another process may have been faster."""
        for left in reversed(range(STARTS)):
            self.km = self.kernels.take()
            try:
                return run_sync(self._connect)()
            except DeadKernelError:
                if not left:
                    raise
                self._disconnect(kill=True)
                self.kernels.log_lines()

    async def _connect(self) -> None:
        """Wait until the kernel answers, redacts, and we receive what it publishes.

        Unlike jupyter_client's own method this waits for evidence, not for a
        fifth of a second of silence.
        """
        assert self.km is not None
        self.kc = self.km.client()
        self.kc.start_channels(stdin=False, hb=False)
        self.kc.allow_stdin = False
        deadline = monotonic() + self.startup_timeout
        info_id = self.kc.kernel_info()
        attach_id = self._attach()
        while True:
            try:
                reply: dict[str, Any] = await ensure_async(self.kc.shell_channel.get_msg(timeout=1))
            except Empty:
                await self._still_starting(deadline)
                continue
            if reply["parent_header"].get("msg_id") == info_id:
                self.nb.metadata["language_info"] = reply["content"]["language_info"]
            elif reply["parent_header"].get("msg_id") == attach_id:
                self._check_attached(reply["content"])
                if await self._heard_idle(attach_id):
                    return
                attach_id = self._attach()

    def _attach(self) -> str:
        assert self.kc is not None
        return cast(str, self.kc.execute("", silent=True, user_expressions={"scimkit": _ATTACH}))

    def _check_attached(self, content: Mapping[str, Any]) -> None:
        answer = content.get("user_expressions", {}).get("scimkit", {})
        if "attached" not in answer.get("data", {}).get("text/plain", ""):
            raise RunError(
                f"the kernel {self.kernel_name!r} cannot keep secrets out of its outputs: scimkit is not installed"
                " where it runs",
                "Use the kernel `python3` of the environment in which scimkit is installed.",
            )

    async def _heard_idle(self, request_id: str) -> bool:
        """Whether the end of `request_id` has been published to us: nothing before it is still on its way."""
        assert self.kc is not None
        try:
            while True:
                message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=_ECHO_SECONDS))
                self._hear(message)
                if (
                    message["parent_header"].get("msg_id") == request_id
                    and message["content"].get("execution_state") == "idle"
                ):
                    return True
        except Empty:
            return False

    async def _still_starting(self, deadline: float) -> None:
        assert self.km is not None
        if not await ensure_async(self.km.is_alive()) or self.kernels.lacks_a_port:
            raise DeadKernelError("Kernel died before it was ready")
        if monotonic() > deadline:
            raise RuntimeError(f"Kernel didn't respond in {self.startup_timeout} seconds")

    def _disconnect(self, *, kill: bool) -> None:
        client, manager, self.kc, self.km = self.kc, self.km, None, None
        if client is not None:
            client.stop_channels()
            client.context.destroy(linger=100) if client._created_context else None
        if manager is not None:
            self.kernels.release(manager, now=kill)

    # -- cells ---------------------------------------------------------------

    def papermill_execute_cells(self) -> None:
        """papermill's loop, with a message in the notebook for each way in which a cell can end."""
        cells, manager = self.nb.cells, self.nb_man
        for index, cell in enumerate(cells):
            self.watch.error = None
            try:
                manager.cell_start(cell, index)
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                _refuse_quiet_exit(cell)
                manager.cell_exception(cell, cell_index=index, exception=error)
                break
            except CellTimeoutError:
                manager.cell_stopped(
                    cell,
                    manager.FAILED,
                    "Timeout",
                    f"not finished after {self.timeout} seconds; the kernel was stopped",
                )
                raise
            except DeadKernelError:
                manager.cell_stopped(
                    cell, manager.FAILED, "DeadKernel", "the kernel's process ended while this cell was running"
                )
                raise
            except BaseException as error:
                if isinstance(error, Exception):
                    manager.cell_stopped(cell, manager.FAILED, type(error).__name__, REDACTOR.text(str(error)))
                else:
                    manager.cell_stopped(
                        cell, INTERRUPTED, "Interrupted", "stopped from outside; the kernel was stopped too"
                    )
                _cancel_tasks()
                raise
            finally:
                self._flush_lines()
                self.kernels.log_lines()
                join_streams(cell)
                manager.cell_complete(cell, cell_index=index)
                self.watch.on_cell(index + 1, len(cells))

    async def _async_poll_output_msg(self, parent_msg_id: str, cell: NotebookNode, cell_index: int) -> None:
        """Like nbclient's, but each message is redacted first, and messages for the engine alone are removed."""
        assert self.kc is not None
        while True:
            message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=None))
            if self._hear(message) or message["parent_header"].get("msg_id") != parent_msg_id:
                continue
            message["content"] = REDACTOR.plain(message["content"])
            try:
                self.process_message(message, cell, cell_index)
            except CellExecutionComplete:
                return
            # an Output widget has answered past the event loop, which may have swallowed the news
            # that the cell's reply has come: asking for the events makes the loop look
            self.kc.shell_channel.socket.get(zmq.EVENTS)

    def _hear(self, message: Mapping[str, Any]) -> bool:
        """Process what the kernel sends only to the engine; returns whether `message` was such a message."""
        content = message["content"]
        if message["msg_type"] != "comm_open" or content.get("target_name") != ENGINE_TARGET:
            return False
        data = content["data"]
        if "secret" in data:
            REDACTOR.register(data["secret"])
        if "error" in data:
            self.watch.error = data["error"]
        return True

    def log_output_message(self, output: NotebookNode) -> None:
        """Log and copy streams in whole lines: only there is a secret in one piece."""
        if output.output_type != "stream":
            super().log_output_message(output)
            return
        whole, _, rest = (self._lines.get(output.name, "") + output.text).rpartition("\n")
        self._lines[output.name] = rest
        if whole:
            self._log_stream(output.name, whole + "\n")

    def _flush_lines(self) -> None:
        for name, rest in self._lines.items():
            if rest:
                self._log_stream(name, rest)
        self._lines.clear()

    def _log_stream(self, name: str, text: str) -> None:
        super().log_output_message(nbformat.v4.new_output("stream", name=name, text=REDACTOR.text(text)))


class ScimkitEngine(NBClientEngine):
    """The engine. Besides papermill's own options it accepts

    kernels  a `Kernels` to take the kernel from; without it, one is created for this notebook
    watch    a `Watch` to fill

    Written against papermill 2.7.0, whose `execute_notebook` creates its own manager and client: both are ours here.
    """

    @classmethod
    def execute_notebook(  # noqa: PLR0917  # the signature of papermill 2.7.0, which passes all of it by position
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool | dict[str, Any] = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        **options: Any,
    ) -> NotebookNode:
        watch = options.setdefault("watch", Watch())
        manager = HonestManager(
            nb,
            watch.save,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )
        watch.document = nb
        redacting = RedactingFilter()
        logger.addFilter(redacting)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=log_output, **options)
        except BaseException as error:
            redact_exception(error)
            raise
        finally:
            logger.removeFilter(redacting)
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb

    @classmethod
    def execute_managed_notebook(  # noqa: PLR0913, PLR0917  # the same
        cls,
        nb_man: HonestManager,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        kernels: Kernels | None = None,
        watch: Watch | None = None,
        config: Config | None = None,
        **options: Any,
    ) -> NotebookNode:
        for unused in ("input_path", "timeout", "startup_timeout"):
            options.pop(unused, None)
        own = Kernels(kernel_name=kernel_name, config=config, log=lambda line: logger.info(f"kernel: {line}"))
        with own if kernels is None else contextlib.nullcontext(kernels) as source:
            client = RedactingClient(
                nb_man,
                kernels=source,
                watch=watch or Watch(),
                config=config or Config(),
                **{
                    **options,
                    "timeout": execution_timeout,
                    "startup_timeout": start_timeout,
                    "kernel_name": kernel_name,
                    "log": logger,
                    "log_output": log_output,
                    "stdout_file": stdout_file,
                    "stderr_file": stderr_file,
                    # nbclient's Output widget needs the state in memory; it is never put into the notebook
                    "store_widget_state": True,
                },
            )
            return client.execute()


# -- documents -------------------------------------------------------------------


def join_streams(cell: NotebookNode) -> None:
    """Join the pieces of each stream of `cell` into its first: a secret printed in two pieces is one again."""
    joined: dict[str, NotebookNode] = {}
    outputs = []
    for output in cell.get("outputs", []):
        first = None
        if output.output_type == "stream":
            first = joined.get(output.get("name", ""))
        if first is not None:
            first.text += output.text
            continue
        if output.output_type == "stream":
            joined[output.name] = output
        outputs.append(output)
    if cell.cell_type == "code":
        cell.outputs = outputs


def clean_document(nb: NotebookNode) -> None:
    """The last pass: no known secret anywhere in `nb`, no widget state. Changes `nb` itself."""
    nb.metadata.pop("widgets", None)
    for cell in nb.cells:
        join_streams(cell)
        for key in ("source", "outputs", "metadata", "attachments"):
            if key in cell:
                cell[key] = nbformat.from_dict(REDACTOR.plain(cell[key]))
    nb.metadata = nbformat.from_dict(REDACTOR.plain(nb.metadata))


def redact_exception(error: BaseException) -> None:
    """Remove known secrets from the messages of `error` and of its causes."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        with contextlib.suppress(AttributeError, TypeError):
            current.args = REDACTOR.plain(current.args)
            current.__notes__ = REDACTOR.plain(getattr(current, "__notes__", []))
        if isinstance(current, ScimkitError):
            current.message, current.remedy = REDACTOR.text(current.message), REDACTOR.text(current.remedy)
        current = current.__cause__ or current.__context__


def _refuse_quiet_exit(cell: NotebookNode) -> None:
    """papermill treats `sys.exit(0)` as success although the cells after it have not run. This gives it a sentence."""
    for output in cell.outputs:
        if output.output_type == "error" and output.ename == "SystemExit":
            output.evalue = f"sys.exit({output.evalue}) in a notebook: the cells after it did not run"
            output.traceback = [f"SystemExit: {output.evalue}"]


def _cancel_tasks() -> None:
    """After an interrupt: end what nbclient has left waiting in this thread's loop."""

    async def cancel() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    run_sync(cancel)()


def is_local(path: str | os.PathLike[str]) -> bool:
    return "://" not in str(path) and str(path) != "-"


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path` completely or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
