"""A process that has imported what kernels import, and becomes a kernel by forking.

Most of a kernel's start is imports, which are the same for each notebook of a run.
A child forked after them is as clean as any other kernel: nothing has run in it,
and no thread, socket or event loop exists yet. Linux only; elsewhere kernels
are started as usual (`scimkit.headless.kernels`).

It reads one JSON line per kernel, `{"arguments", "environment", "folder"}`, and
returns `{"started": pid}`; later `{"ended": pid, "code": n}`. When its input
ends, as it does when the runner dies for any reason, it kills its children.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

ALWAYS = ("ipykernel.kernelapp", "ipykernel.zmqshell", "IPython.core.profiledir", "scimkit.ui.kernel")


def serve(modules: Iterable[str]) -> None:
    """Import `modules`, then fork a kernel for each line of standard input until it ends."""
    for module in (*ALWAYS, *modules):
        with contextlib.suppress(Exception):  # the notebook that imports it will say what is wrong
            importlib.import_module(module)
    gc.freeze()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    children: set[int] = set()
    pending = b""
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _report_ended(children)
        if 0 in ready:
            data = os.read(0, 65536)
            if not data:
                break
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                children.add(_fork(json.loads(line), close=(woken, wake)))
    for child in children:
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)


def _say(**what: Any) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _report_ended(children: set[int]) -> None:
    for child in list(children):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            children.discard(child)
            _say(ended=child, code=os.waitstatus_to_exitcode(status))


def _fork(order: dict[str, Any], *, close: tuple[int, ...]) -> int:
    """Fork a kernel. It is announced only once it leads its own process group; otherwise
    an interrupt meant for it would hit us."""
    is_leader, leads = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        os.close(leads)
        for descriptor in (is_leader, *close):
            os.close(descriptor)
        _become_kernel(order)
    os.close(leads)
    os.read(is_leader, 1)
    os.close(is_leader)
    _say(started=child)
    return child


def _become_kernel(order: dict[str, Any]) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)  # what a kernel prints past IPython goes where the runner reads it, not into the protocol
        os.environ.clear()
        os.environ.update(order["environment"], JPY_PARENT_PID=str(os.getppid()))
        os.chdir(order["folder"])
        sys.argv = ["ipykernel_launcher", *order["arguments"]]
        if sys.path[0] == "":
            del sys.path[0]  # as ipykernel's own launcher does
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance(argv=order["arguments"])
        code = 0
    except SystemExit as end:
        if isinstance(end.code, int):
            code = end.code
        elif end.code is None:
            code = 0
        else:
            code = 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
