"""The command line that continues a run, ready to paste."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def shown_path(path: Path, *, start: Path | None = None) -> str:
    """`path` relative to the working folder if it is below it, otherwise in full."""
    start = (start or Path.cwd()).resolve()
    whole = Path(path).resolve()
    if whole.is_relative_to(start):
        return str(whole.relative_to(start))
    return str(whole)


def quoted(arguments: list[str], *, windows: bool = os.name == "nt") -> str:
    """`arguments` for the shell of this system: POSIX, or both of cmd and PowerShell.

    >>> quoted(["scimkit", "run", "two words"], windows=False)
    "scimkit run 'two words'"
    >>> quoted(["scimkit", "run", "two words"], windows=True)
    'scimkit run "two words"'
    """
    if not windows:
        return shlex.join(arguments)
    # signs that cmd or PowerShell would read, and that list2cmdline leaves bare
    return " ".join(
        f'"{one}"'
        if set(one) & set("&|<>()^;,@{}$'`") and " " not in one and '"' not in one
        else subprocess.list2cmdline([one])
        for one in arguments
    )


def continue_command(
    runbook: str, folder: Path, settings: Mapping[str, Mapping[str, Any]] | None = None, *, config: Path | None = None
) -> str:
    """`scimkit run RUNBOOK --resume RUN [--config FILE] [--set step.name=value …]`."""
    arguments = ["scimkit", "run", runbook, "--resume", shown_path(folder)]
    if config is not None:
        arguments += ["--config", shown_path(config)]
    for step, values in (settings or {}).items():
        for name, value in values.items():
            arguments += ["--set", f"{step}.{name}={value}" if step else f"{name}={value}"]
    return quoted(arguments)
