"""The sandbox's first cycle over 2,000 people, against what it took before provisioning had a compiled job.

The older tree is a worktree of `BASE_COMMIT`: the folder that SCIMKIT_BENCH_BASE names, else a temporary
one. Both run the same script (`first_cycle`), in turn, each in processes of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from tests.bench.first_cycle import PEOPLE
from tests.bench.measure import Measure

BASE_COMMIT = "ba88d43"
BASE_VARIABLE = "SCIMKIT_BENCH_BASE"
LIMIT = 0.7
TIMES = 3
HERE = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("first_cycle.py")


def measure_cycle() -> Measure:
    """The first cycle of this tree in times of the older one's; a clone without that commit has no ratio, and says
    so."""
    with _older_tree() as base:
        if base is None:
            return Measure("cycle", (), LIMIT, skipped=f"this clone has no commit {BASE_COMMIT}")
        pairs = [(run_once(HERE), run_once(base)) for _ in range(TIMES)]
    ours = [round(mine["seconds"], 3) for mine, _ in pairs]
    other = [round(theirs["seconds"], 3) for _, theirs in pairs]
    if len({each["accounts"] for each in chain.from_iterable(pairs)}) != 1:
        raise RuntimeError(f"the two make different numbers of accounts: {pairs}")
    notes = {
        "people": PEOPLE,
        "accounts": pairs[0][0]["accounts"],
        "ours_seconds": min(ours),
        "base_seconds": min(other),
    }
    ratios = tuple(round(a / b, 3) for a, b in zip(ours, other, strict=True))
    return Measure("cycle", ratios, LIMIT, notes=notes)


def run_once(tree: Path) -> dict[str, Any]:
    """One first cycle with the scimkit of `tree`: its seconds and accounts. Raises where it fails, or another was
    imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SCIMKIT_")}
    done = subprocess.run(
        [sys.executable, "-P", str(SCRIPT)],
        env=environment | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if done.returncode:
        raise RuntimeError(f"the first cycle of {tree} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if Path(told["package"]).resolve().parents[1] != tree.resolve():
        raise RuntimeError(f"{told['package']} was run instead of the scimkit of {tree}")
    return told


@contextlib.contextmanager
def _older_tree() -> Iterator[Path | None]:
    """A worktree of the commit to compare with; None where the clone does not have it."""
    given = os.environ.get(BASE_VARIABLE)
    if given:
        yield Path(given)
        return
    if _git("cat-file", "-e", f"{BASE_COMMIT}^{{commit}}").returncode:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        tree = Path(folder, "base")
        added = _git("worktree", "add", "--detach", str(tree), BASE_COMMIT)
        if added.returncode:
            raise RuntimeError(f"git gives no worktree of {BASE_COMMIT}: {added.stderr.strip()}")
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(HERE), *arguments], capture_output=True, text=True, encoding="utf-8")
