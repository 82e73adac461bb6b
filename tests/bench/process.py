"""One call, timed as a whole process: from its start to its end, imports and all."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def seconds_of(command: list[str]) -> float:
    """How long `command` took, in an empty folder and without settings of ours. Raises where it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCIMKIT_")}
    with tempfile.TemporaryDirectory(prefix="scimkit-bench-") as folder:
        began = time.perf_counter()
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", errors="replace")
        taken = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} … ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return taken


def python(code: str) -> list[str]:
    """The command that runs `code` in this interpreter."""
    return [sys.executable, "-c", code]
