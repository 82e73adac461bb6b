"""The runner's side of `scimkit.ui.kernel_fork`: a process to fork kernels from."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

START_SECONDS = 60.0
AVAILABLE = sys.platform.startswith("linux")  # macOS libraries do not survive a fork, Windows has none


class ForkedProcess:
    """A kernel's process in the form jupyter_client expects; it is the child of a child of ours."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.ended = threading.Event()

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        if not self.ended.wait(timeout):
            raise subprocess.TimeoutExpired("kernel", timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(15)

    def kill(self) -> None:
        self.send_signal(9)


class KernelServer:
    """The process to fork from. Raises OSError from `fork` if it cannot."""

    def __init__(
        self, modules: Iterable[str], environment: Mapping[str, str], forward: Callable[[IO[bytes]], None]
    ) -> None:
        code = f"from scimkit.ui.kernel_fork import serve; serve({tuple(modules)!r})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,  # Ctrl-C in a terminal is for the runner, which stops its kernels itself
        )
        self._kernels: dict[int, ForkedProcess] = {}
        self._started: queue.SimpleQueue[ForkedProcess | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._read, daemon=True),
            threading.Thread(target=forward, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def fork(self, arguments: list[str], environment: Mapping[str, str], folder: str) -> ForkedProcess:
        order = {"arguments": arguments, "environment": dict(environment), "folder": folder}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        try:
            kernel = self._started.get(timeout=START_SECONDS)
        except queue.Empty:
            kernel = None
        if kernel is None:
            raise OSError("the process to fork kernels from has ended")
        return kernel

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "started" in told:
                kernel = self._kernels[told["started"]] = ForkedProcess(told["started"])
                self._started.put(kernel)
            else:
                self._end(self._kernels.pop(told["ended"]), told["code"])
        for kernel in self._kernels.values():
            self._end(kernel, -9)
        self._started.put(None)

    @staticmethod
    def _end(kernel: ForkedProcess, code: int) -> None:
        kernel.returncode = code
        kernel.ended.set()

    def close(self) -> None:
        """End the process, and with it any remaining kernels."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        deadline = time.monotonic() + 2
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        self._process.stdout.close()
        self._process.stderr.close()


class ForkingProvisioner(LocalProvisioner):
    """Starts the kernel of a manager by forking; everything else as in jupyter_client.

    Written against jupyter-client 8.10.0: `launch_kernel` is the one step that starts a process, and the rest of
    LocalProvisioner (signals, waiting, cleaning up) uses only those parts of `process` that `ForkedProcess` has.
    """

    server: KernelServer

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.process = self.server.fork(arguments, kwargs["env"], os.fspath(kwargs.get("cwd") or Path.cwd()))
        self.pid, self.pgid, self.cwd = self.process.pid, self.process.pid, kwargs.get("cwd")
        return self.connection_info


def fork_from(server: KernelServer, manager: AsyncKernelManager) -> None:
    """Let `manager` start its kernel from `server`."""
    manager.kernel_id = str(uuid.uuid4())
    provisioner = ForkingProvisioner(kernel_id=manager.kernel_id, kernel_spec=manager.kernel_spec, parent=manager)
    provisioner.server = server
    manager.provisioner = provisioner
