"""What scimkit does inside a kernel: no secret leaves it, foreseeable errors are short.

Every message of a kernel, on any channel (outputs, tracebacks, display
updates, widget state, echoed input, replies), is created by one method,
`kernel.session.pack`. `install_redactor` hooks in there, so that a secret
registered at any later time is covered from then on.

A secret printed in two pieces would leave in two messages. Neither message
contains it, and JupyterLab joins them in the file. So the end of a printed text
that may be the beginning of a secret waits for what is printed next, at most
until the cell has ended.

scimkit's papermill engine calls `attach_engine`. From then on this kernel
reports to it, over the encrypted channel, each secret as it is registered, and
each foreseeable error with its exit code. Without that call (JupyterLab, nbval)
nothing of this kind is sent.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Any

from scimkit.credentials import REDACTOR
from scimkit.errors import NotReady, ScimkitError, Waiting
from scimkit.evidence.checks import Check

ENGINE_TARGET = "scimkit.engine"  # the comm target of what only the engine may hear
PRELOAD = (
    "SCIMKIT_PRELOAD"  # modules to import before the first cell, comma-separated: a kernel started ahead has the time
)
_INSTALLED = "_scimkit_redactor"


class KernelRedactor:
    """Sits between a kernel and its messages. One per kernel, created by `install_redactor`.

    Written against jupyter-client 8.10.0, where every message of a session is created by `pack`, and against ipykernel
    7.4.0, which shows errors by `_showtraceback`.

    pack  the session's own packer: an object to bytes
    """

    def __init__(self, shell: Any) -> None:
        self.shell, self.kernel = shell, shell.kernel
        self.pack: Callable[[Any], bytes] = self.kernel.session.pack
        self.engine_attached = False
        self._clear = threading.local()  # `.on` while this thread packs what the engine alone is told
        self._told: set[str] = set()
        self._telling = threading.Lock()

    def pack_redacted(self, message: Any) -> bytes:
        """One part of a message as bytes, without secrets."""
        if getattr(self._clear, "on", False):
            return self.pack(message)
        if self.engine_attached:
            self.tell_secrets()
        return self.pack(REDACTOR.plain(message))

    def tell_secrets(self) -> None:
        """Report to the engine what was registered since the last message, before the next message is sent."""
        with self._telling:
            new = known_secrets() - self._told
            self._told |= new
        for value in new:
            self.tell_engine(secret=value)

    def tell_engine(self, **data: Any) -> None:
        """A message for the engine, sent before anything that is sent after this call."""
        if not self.engine_attached:
            return
        content = {"comm_id": uuid.uuid4().hex, "target_name": ENGINE_TARGET, "data": data}
        self._clear.on = "secret" in data  # all else is redacted like any message
        try:
            self.kernel.session.send(
                self.kernel.iopub_socket, "comm_open", content, parent=self.kernel.get_parent(), ident=b"comm-scimkit"
            )
        finally:
            self._clear.on = False

    def show_error(
        self,
        shell: Any,
        etype: type[BaseException],
        error: BaseException,
        tb: TracebackType | None,
        tb_offset: int | None = None,
    ) -> None:
        """A foreseeable error as its sentence and its remedy; the engine receives the rest."""
        assert isinstance(error, ScimkitError)
        self.tell_engine(error=describe(error))
        shell._showtraceback(etype, error, error._render_traceback_())


def known_secrets() -> frozenset[str]:
    """The values this process has registered so far. They may go to the engine and nowhere else."""
    return REDACTOR.values()


def describe(error: ScimkitError) -> dict[str, Any]:
    """What a runner needs to end a run as the error says: class, message, remedy,
    exit code, the failed check, and how a waiting run continues."""
    check = None
    if isinstance(error, NotReady) and isinstance(error.check, Check):
        check = error.check
    waiting = None
    if isinstance(error, Waiting):
        waiting = error
    command, settings = "", {}
    if waiting:
        command, settings = waiting.command, waiting.settings
    return {
        "type": type(error).__name__,
        "message": error.message,
        "remedy": error.remedy,
        "exit_code": error.exit_code,
        "check": asdict(check) if check else None,
        "command": command,
        "settings": settings,
    }


def install_redactor(shell: Any) -> None:
    """Let no secret leave the kernel of `shell`, and show a ScimkitError as a sentence.

    Can be called again: the second call detects the first. Does nothing in a
    plain IPython without a kernel.
    """
    if getattr(shell, "kernel", None) is None or hasattr(shell, _INSTALLED):
        return
    redactor = KernelRedactor(shell)
    session = shell.kernel.session
    session.pack = redactor.pack_redacted
    session.send = StreamRedactor(session, _redact_buffers(session.send)).send
    shell.set_custom_exc((ScimkitError,), redactor.show_error)
    _keep_out_of_history(shell)
    for stream in (sys.stdout, sys.stderr):
        _redact_echo(stream)
    setattr(shell, _INSTALLED, redactor)


class StreamRedactor:
    """Sits before a session's `send`: keeps a secret together when it is printed piece by piece."""

    def __init__(self, session: Any, send: Callable[..., Any]) -> None:
        self.session, self.pass_on = session, send
        self._held: dict[tuple[str, str], str] = {}  # (request, stream) -> printed, and not yet sent
        self._sending = threading.RLock()

    def send(
        self,
        stream: Any,
        msg_or_type: Any,
        content: Any = None,
        parent: Any = None,
        ident: Any = None,
        *more: Any,
        **options: Any,
    ) -> Any:
        whole = isinstance(msg_or_type, Mapping)
        if whole:
            kind = msg_or_type["header"]["msg_type"]
        else:
            kind = msg_or_type
        if kind not in ("stream", "status", "clear_output"):
            return self.pass_on(stream, msg_or_type, content, parent, ident, *more, **options)
        if whole:
            body = msg_or_type["content"]
        else:
            body = content
        request = str(
            ((msg_or_type["parent_header"] if whole else (parent or {}).get("header", parent)) or {}).get("msg_id", "")
        )
        with self._sending:
            if kind == "stream":
                body["text"] = self._hold(request, body["name"], body["text"])
                if not body["text"]:
                    return None
            elif kind == "clear_output":
                self._forget(request)
            elif body.get("execution_state") == "idle":
                for name, rest in self._forget(request):
                    self.pass_on(stream, "stream", {"name": name, "text": rest}, parent, f"stream.{name}".encode())
            return self.pass_on(stream, msg_or_type, content, parent, ident, *more, **options)

    def _hold(self, request: str, name: str, text: str) -> str:
        """The part of `text`, and of what was held back before it, that may be sent."""
        text = self._held.pop((request, name), "") + text
        if count := REDACTOR.unfinished(text):
            self._held[request, name] = text[-count:]
            text = text[:-count]
        return REDACTOR.text(text)

    def _forget(self, request: str) -> list[tuple[str, str]]:
        return [(name, self._held.pop((asked, name))) for asked, name in list(self._held) if asked == request]


def _redact_buffers(send: Callable[..., Any]) -> Callable[..., Any]:
    """`send` with redacted binary parts (bytes traits of widgets), which are not packed."""

    def send_redacted(  # noqa: PLR0917  # Session.send of jupyter-client 8.10.0
        stream: Any,
        msg_or_type: Any,
        content: Any = None,
        parent: Any = None,
        ident: Any = None,
        buffers: Any = None,
        **more: Any,
    ) -> Any:
        if isinstance(msg_or_type, Mapping):
            buffers = buffers or msg_or_type.get("buffers")
        cleaned = None
        if buffers:
            cleaned = [REDACTOR.bytes(bytes(memoryview(part))) for part in buffers]
        return send(stream, msg_or_type, content, parent, ident, cleaned, **more)

    return send_redacted


def _redact_echo(stream: Any) -> None:
    """Output that bypasses Python and goes to the process's own output is shown in the notebook. ipykernel
    also repeats it where the kernel was started: a terminal or a log. No secrets are there either."""
    original = getattr(stream, "_original_stdstream_copy", None)
    if original is None:  # Windows: ipykernel does not look there
        return
    ours, theirs = os.pipe()

    def repeat() -> None:
        with contextlib.suppress(OSError), os.fdopen(ours, "rb") as lines:
            for line in lines:
                os.write(original, REDACTOR.bytes(line))

    threading.Thread(target=repeat, name="scimkit-echo", daemon=True).start()
    stream._original_stdstream_copy = theirs


def _keep_out_of_history(shell: Any) -> None:
    """Replace known secrets in what IPython's history keeps of a cell's source.

    A secret typed into a cell becomes known only when the cell has run. So the
    history that IPython still has in memory, and the row it has written, are
    also cleaned after each cell.
    """
    history = shell.history_manager
    if history is None:
        return
    store = history.store_inputs

    def store_redacted(line: int, source: str, raw: str | None = None) -> None:
        store(line, REDACTOR.text(source), REDACTOR.text(source if raw is None else raw))

    def clean_last(*_: Any) -> None:
        raws = history.input_hist_raw
        if not raws or REDACTOR.text(raws[-1]) == raws[-1]:
            return
        line = len(raws) - 1
        with history.db_input_cache_lock:
            history.db_input_cache[:] = [tuple(REDACTOR.plain(list(row))) for row in history.db_input_cache]
        raws[-1] = REDACTOR.text(raws[-1])
        history.input_hist_parsed[-1] = REDACTOR.text(history.input_hist_parsed[-1])
        for name in ("_i00", "_i", "_ii", "_iii"):
            setattr(history, name, REDACTOR.text(getattr(history, name)))
        for name in ("_i", "_ii", "_iii", f"_i{line}"):
            if isinstance(shell.user_ns.get(name), str):
                shell.user_ns[name] = REDACTOR.text(shell.user_ns[name])
        _clean_row(history, line)

    history.store_inputs = store_redacted
    shell.events.register("post_run_cell", clean_last)


def _clean_row(history: Any, line: int) -> None:
    """Clean what IPython's history database already contains of input `line` of this session."""
    import sqlite3

    if not history.enabled or history.hist_file == ":memory:":
        return
    history.writeout_cache()
    try:
        with sqlite3.connect(str(history.hist_file), timeout=2) as database:
            key = (history.session_number, line)
            rows = database.execute(
                "SELECT source, source_raw FROM history WHERE session = ? AND line = ?", key
            ).fetchall()
            database.execute("PRAGMA secure_delete = ON")
            for row in rows:
                clean = (REDACTOR.text(row[0]), REDACTOR.text(row[1]))
                database.execute(
                    "UPDATE history SET source = ?, source_raw = ? WHERE session = ? AND line = ?", (*clean, *key)
                )
        database.close()
    except sqlite3.Error:  # another kernel has locked the file: the row stays, as IPython keeps it for every typed cell
        pass


def attach_engine() -> str:
    """Called by scimkit's engine before the first cell, in the kernel of that cell.

    Installs the redactor if no extension has, and starts reporting to the engine
    what it must know. Returns a value by which the engine sees that it worked.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    install_redactor(shell)
    redactor: KernelRedactor = getattr(shell, _INSTALLED)
    if not redactor.engine_attached:
        redactor.engine_attached = True  # what is known already is told with the answer to this call
    return "attached"


def load_ipython_extension(shell: Any) -> None:
    """`--ext=scimkit.ui.kernel`: the redactor from the first message on, and imports done in advance."""
    install_redactor(shell)
    for module in filter(None, os.environ.pop(PRELOAD, "").split(",")):
        with contextlib.suppress(
            Exception
        ):  # the notebook that imports it will say what is wrong, where it can be read
            importlib.import_module(module)
