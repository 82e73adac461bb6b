"""The sandbox process of a run: find it, start it, ask it, end it.

Whoever asks first starts it and owns it: it ends when that process ends, by
whatever cause, as it holds our end of a pipe. The next one starts another,
which becomes the same sandbox again out of the run folder.
"""

from __future__ import annotations

import atexit
import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scimkit.errors import ConfigError, RunError, Unreachable
from scimkit.sandbox.identity import DEFAULT_PEOPLE, DEFAULT_SEED

if TYPE_CHECKING:
    from scimkit.apps.profile import AppProfile

ADDRESS_FILE = "sandbox.json"
START_SECONDS = 120.0  # a long change log is replayed before the sandbox is ready
ASK_SECONDS = 5.0


@dataclass(frozen=True)
class SandboxAddress:
    """Where a living sandbox is. Tokens: `sandbox_token(seed, "graph" or app name)`.

    owned  we have started it, and it ends with us
    """

    graph_url: str
    scim_urls: dict[str, str]
    seed: int
    port: int
    owned: bool = field(default=False, compare=False)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass
class _Child:
    process: subprocess.Popen[str]
    address: SandboxAddress


_children: dict[str, _Child] = {}
_starting = threading.Lock()


def ensure_sandbox(
    folder: Path | str | None,
    *,
    app: AppProfile | str | Path | Sequence[AppProfile | str | Path],
    seed: int = DEFAULT_SEED,
    people: int = DEFAULT_PEOPLE,
    faults: Iterable[str] = (),
) -> SandboxAddress:
    """The sandbox of the run `folder`: the living one, or a new child process.

    folder  None: a sandbox of our own that keeps nothing
    app     one profile (or its name or file) or several

    Raises RunError when the one of the folder has other settings or does not
    start, ConfigError for a wrong fault.
    """
    key = str(Path(folder).resolve()) if folder is not None else ""
    apps = [app] if isinstance(app, (str, Path)) or not isinstance(app, Sequence) else list(app)
    with _starting:
        child = _children.get(key)
        if child is not None and child.process.poll() is None:
            return child.address
        if folder is None:
            return _start(key, None, apps, seed, people, faults)
        from filelock import FileLock

        Path(folder).mkdir(parents=True, exist_ok=True)
        with FileLock(str(Path(folder) / ".sandbox.lock"), timeout=START_SECONDS):
            return find_sandbox(folder, seed=seed) or _start(key, Path(folder), apps, seed, people, faults)


def find_sandbox(folder: Path | str, *, seed: int | None = None) -> SandboxAddress | None:
    """The living sandbox of a run folder, asked whether it is the one; None when there is none.

    Raises RunError when it lives with another seed.
    """
    try:
        written = json.loads((Path(folder) / ADDRESS_FILE).read_text(encoding="utf-8"))
        port = int(written["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    state = _ask(port)
    if state is None or state.get("run") != Path(folder).resolve().name:
        return None
    if seed is not None and state["seed"] != seed:
        raise RunError(
            f"the sandbox of {Path(folder).name} lives with the seed {state['seed']}, not {seed}",
            f"Use the seed {state['seed']}, or start a new run.",
            path=ADDRESS_FILE,
        )
    urls = state["scim_urls"]
    return SandboxAddress(f"http://127.0.0.1:{port}/v1.0", urls, state["seed"], port)


def _ask(port: int) -> dict[str, Any] | None:
    """What answers at /sandbox on `port`; None when it is no sandbox, or not ready."""
    import httpx

    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/sandbox", timeout=ASK_SECONDS, trust_env=False)
        state = answer.json()
    except (httpx.HTTPError, ValueError):
        return None
    return state if isinstance(state, dict) and state.get("sandbox") == 1 and state.get("ready") else None


def control(address: SandboxAddress, call: str = "", body: dict[str, Any] | None = None, *, timeout_seconds: float = 600.0) -> dict[str, Any]:
    """Ask the sandbox (`call` ""), or do one of its control calls: wait, faults, people, groups.

    Raises ConfigError with the sandbox's words when it refuses, Unreachable when it is gone.
    """
    import httpx

    url = f"{address.origin}/sandbox/{call}".rstrip("/")
    try:
        if call:
            answer = httpx.post(url, json=body or {}, timeout=timeout_seconds, trust_env=False)
        else:
            answer = httpx.get(url, timeout=timeout_seconds, trust_env=False)
    except httpx.HTTPError as error:
        raise Unreachable(f"the sandbox does not answer ({type(error).__name__})", "Start it again; it will be as it was.", cause="other", path=f"/sandbox/{call}") from None
    if answer.status_code != 200:
        raise ConfigError(f"the sandbox refuses: {answer.json().get('error')}", "See the control calls in scimkit/sandbox/control.py.")
    result: dict[str, Any] = answer.json()
    return result


def wait(address: SandboxAddress, seconds: float) -> dict[str, Any]:
    """Let virtual time go on by `seconds`; cycles that fall due are run. The state afterwards."""
    return control(address, "wait", {"seconds": seconds})


def stop(address: SandboxAddress | None = None) -> None:
    """End the sandbox at `address` if we own it; without an address, all that we own."""
    for key, child in list(_children.items()):
        if address is None or child.address == address:
            del _children[key]
            _end(child.process)


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        try:
            process.stdin.close()
        except OSError:
            pass
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)
    if process.stdout is not None:
        process.stdout.close()


def _start(
    key: str, folder: Path | None, apps: Sequence[AppProfile | str | Path], seed: int, people: int, faults: Iterable[str]
) -> SandboxAddress:
    command = [sys.executable, "-m", "scimkit.sandbox", "--owned", "--seed", str(seed), "--people", str(people)]
    for app in apps:
        command += ["--app", str(app if isinstance(app, (str, Path)) else getattr(app, "path", None) or app.name)]
    for fault in faults:
        command += ["--fault", fault]
    if folder is not None:
        command += ["--folder", str(folder.resolve())]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True, encoding="utf-8", cwd=_package_parent()
        )
        line = _first_line(process)
        if not line:
            _end(process)
            complaints.seek(0)
            said = complaints.read().strip().splitlines()
            words = said[-1] if said else "it said nothing"
            raise (ConfigError if process.returncode == 2 else RunError)(f"the sandbox did not start: {words}", "Start a new run, or correct what it names.")
    ready = json.loads(line)
    port = int(ready["graph"]["base_url"].rpartition(":")[2].partition("/")[0])
    address = SandboxAddress(
        ready["graph"]["base_url"], {name: told["scim_url"] for name, told in ready["apps"].items()}, seed, port, owned=True
    )
    if not _children:
        atexit.register(stop)
    _children[key] = _Child(process, address)
    return address


def _package_parent() -> str | None:
    """Where `scimkit` can be imported from in a child; None: from anywhere, as it is installed."""
    parent = Path(__file__).resolve().parents[2]
    return str(parent) if (parent / "pyproject.toml").is_file() else None


def _first_line(process: subprocess.Popen[str]) -> str:
    """The ready line, "" when the process ends or is silent for too long."""
    lines: queue.Queue[str] = queue.Queue()
    stream: IO[str] = process.stdout  # type: ignore[assignment]
    threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
    try:
        return lines.get(timeout=START_SECONDS).strip()
    except queue.Empty:
        return ""
