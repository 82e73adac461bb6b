"""One call, timed as a whole process: from its start to its end, imports and all."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Call:
    """What one call took.

    seconds  by the clock on the wall
    busy     by the processor, its children included; 0 where the system does not tell (Windows)
    """

    seconds: float
    busy: float


def call(command: list[str]) -> Call:
    """Run `command` to its end, in an empty folder and without settings of ours. Raises where it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCIMKIT_")}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        began, busy = time.perf_counter(), _busy()
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", errors="replace"
        )
        taken = Call(time.perf_counter() - began, _busy() - busy)
    if done.returncode:
        raise RuntimeError(
            f"{Path(command[0]).name} … ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return taken


def _busy() -> float:
    times = os.times()
    return times.children_user + times.children_system


def python(code: str) -> list[str]:
    """The command that runs `code` in this interpreter."""
    return [sys.executable, "-c", code]
