"""How soon the command line answers, and what `import scimkit` costs."""

from __future__ import annotations

import shutil
import sysconfig

from tests.bench.measure import Measure, interleaved
from tests.bench.process import call, python

TIMES = 15
HELP_LIMIT = 1.5
IMPORT_LIMIT = 4.0


def measure_help() -> Measure:
    """`scimkit --help` in times of an interpreter that imports click."""
    script = shutil.which("scimkit", path=sysconfig.get_path("scripts"))
    if script is None:
        raise RuntimeError("scimkit is not installed where this Python keeps its scripts")
    return _against("help", HELP_LIMIT, [script, "--help"], python("import click"))


def measure_import() -> Measure:
    """`import scimkit` in times of an interpreter that does nothing."""
    return _against("import", IMPORT_LIMIT, python("import scimkit"), python("pass"))


def _against(name: str, limit: float, ours: list[str], other: list[str]) -> Measure:
    for command in (ours, other):  # compiled files, and the disk's cache
        call(command)
    return interleaved(name, limit, ours, other, TIMES)
