"""Kernels for a run: each new, used for one notebook, ended afterwards.

A kernel takes longer to start than most notebooks take to run. So the next one
starts while the current notebook runs, and nothing waits for the last one
to end: a clean kernel per notebook, without its delay. On Linux they are forked from one process that has
done their imports.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from traitlets.config import Config

from scimkit.errors import RunError
from scimkit.headless.forking import AVAILABLE, KernelServer, fork_from

PRELOAD = "SCIMKIT_PRELOAD"  # as scimkit.ui.kernel reads it, which only kernels import; a test keeps the two alike
ARGUMENTS = ("--ext=scimkit.ui.kernel", "--HistoryManager.hist_file=:memory:")


class OwnKernelSpecs(KernelSpecManager):
    """`python3` is the interpreter that runs us, regardless of the kernel specs on this machine.

    Written against jupyter-client 8.10.0, which prefers a spec in the user's folders, of whatever Python.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        if kernel_name != NATIVE_KERNEL_NAME:
            return super().get_kernel_spec(kernel_name)
        from ipykernel.kernelspec import RESOURCES, get_kernel_dict

        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


class Kernels:
    """Creates kernels, the next one ahead of time, and ends them.

    expected     how many notebooks will need one; no kernel is started ahead beyond that
    environment  variables for the kernels alone, on top of this process's own
    preload      modules each kernel imports while nothing waits for it
    fork         if the system supports it: fork them from one process that has done the imports
    log          receives each line that a kernel's process prints outside the protocol, at the
                 end of the cell: such a line may arrive before the kernel reports which secret it contains

    Use as a context manager: leaving it ends every remaining kernel.
    """

    def __init__(
        self,
        *,
        expected: int = 1,
        environment: Mapping[str, str] | None = None,
        kernel_name: str = NATIVE_KERNEL_NAME,
        preload: Iterable[str] = (),
        fork: bool = False,
        config: Config | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        self.left, self.kernel_name, self.config, self.log = expected, kernel_name, config, log
        self.environment = dict(environment or {})
        self.preload = tuple(preload)
        self.fork = fork and AVAILABLE and kernel_name == NATIVE_KERNEL_NAME
        self._server: KernelServer | None = None
        self._waiting: list[AsyncKernelManager] = []
        self._leaving: list[AsyncKernelManager] = []
        self._lines: list[str] = []
        self.lacks_a_port = False
        """A kernel reported that it cannot open its ports, perhaps while it waited, and none was killed since:
        some then hang instead of ending."""

    def __enter__(self) -> Kernels:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> None:
        """Start the slow part without waiting for it: the process to fork from, or the first kernel."""
        if self.fork and self._server is None:
            self._server = KernelServer(
                self.preload, {**os.environ, **self.environment}, lambda stream: _forward(stream, self._keep)
            )
        elif not self.fork:
            self.prepare()

    def prepare(self) -> None:
        """Start the next kernel, unless it is started or no remaining notebook needs it."""
        if not self._waiting and self.left > 0:
            self.left -= 1
            self._waiting.append(self._start())

    def take(self) -> AsyncKernelManager:
        """A kernel in which nothing has run: the oldest one started ahead, or a new one."""
        while self._waiting:
            manager = self._waiting.pop(0)
            if run_sync(manager.is_alive)():
                return manager
            self._finish(manager, now=True)  # died while it waited; its successor may say why
        self.left = max(self.left - 1, 0)
        return self._start()

    def release(self, manager: AsyncKernelManager, *, now: bool = False) -> None:
        """Release `manager`'s kernel. It is asked to end, without waiting; `now` kills it."""
        if now or not run_sync(manager.is_alive)():
            self._finish(manager, now=True)
            return
        run_sync(manager.request_shutdown)()
        self._leaving.append(manager)

    def _keep(self, line: str) -> None:
        self._lines.append(line)
        if "zmq.error.ZMQError" in line:
            self.lacks_a_port = True

    def log_lines(self) -> None:
        """Log the output of the kernels' processes so far; call it when every secret they knew has been reported."""
        while self._lines:
            line = self._lines.pop(0)
            if self.log is not None:
                self.log(line)

    def close(self) -> None:
        """End the remaining kernels. Kernels that were asked to end get the time to do so."""
        while self._waiting:
            self._finish(self._waiting.pop(), now=True)
        while self._leaving:
            self._finish(self._leaving.pop(), now=False)
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.log_lines()

    def _start(self) -> AsyncKernelManager:
        if self._server is not None:
            manager = self._new_manager()
            fork_from(self._server, manager)
            try:
                run_sync(manager.start_kernel)(extra_arguments=list(ARGUMENTS), env={**os.environ, **self.environment})
                return manager
            except OSError as error:
                self._server.close()
                self.fork, self._server = False, None
                if self.log is not None:
                    self.log(f"kernels are started one by one: {error}")
        return self._start_plain()

    def _new_manager(self) -> AsyncKernelManager:
        # "required" as an argument, so that no configuration file can weaken it
        return AsyncKernelManager(
            kernel_name=self.kernel_name,
            transport_encryption="required",
            kernel_spec_manager=OwnKernelSpecs(),
            config=self.config or Config(),
        )

    def _start_plain(self) -> AsyncKernelManager:
        manager = self._new_manager()
        if self.preload:
            preload = {PRELOAD: ",".join(self.preload)}
        else:
            preload = {}
        try:
            run_sync(manager.start_kernel)(
                extra_arguments=list(ARGUMENTS),
                env={**os.environ, **self.environment, **preload},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except RuntimeError as error:
            raise RunError(
                f"no kernel can be started ({error})",
                "Use the kernel `python3` of the environment in which scimkit is installed.",
            ) from None
        process = getattr(manager.provisioner, "process", None)
        if process is not None and process.stdout is not None:
            threading.Thread(target=_forward, args=(process.stdout, self._keep), daemon=True).start()
        return manager

    def _finish(self, manager: AsyncKernelManager, *, now: bool) -> None:
        if now:
            self.lacks_a_port = False
            run_sync(manager.shutdown_kernel)(now=True)
            return
        if manager.has_kernel:
            run_sync(manager.finish_shutdown)(pollinterval=0.02)
        run_sync(manager.cleanup_resources)()


def _forward(stream: IO[bytes], keep: Callable[[str], None]) -> None:
    """Read all output of a kernel's process, so that it never blocks on a full pipe."""
    try:
        for line in stream:
            if line.strip():
                keep(line.decode("utf-8", "replace").rstrip())
    except (OSError, ValueError):  # closed under us when the kernel ended
        pass


def choose_event_loop() -> None:
    """zmq needs the selector loop on Windows (Python issue 37373)."""
    if sys.platform.startswith("win") and sys.version_info < (3, 14):
        import asyncio

        policy: Any = getattr(asyncio, "WindowsSelectorEventLoopPolicy")()  # noqa: B009 - exists on Windows only
        asyncio.set_event_loop_policy(policy)
