"""The sandbox process of a run: find it, start it, send it requests, end it.

The first process that needs it starts it and owns it. The sandbox ends when that process ends,
for any reason, because that process holds our end of a pipe. The next process starts another one,
which becomes the same sandbox again from the run folder.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from scimkit.errors import ConfigError, ProfileError, RunError, ScimkitError, Unreachable
from scimkit.sandbox.identity import DEFAULT_PEOPLE, DEFAULT_SEED

if TYPE_CHECKING:
    from scimkit.apps.profile import AppProfile

ADDRESS_FILE = "sandbox.json"
CHANGES_FILE = "sandbox.jsonl"
START_SECONDS = 120.0  # a long change log is replayed before the sandbox is ready
ASK_SECONDS = 5.0


@dataclass(frozen=True)
class SandboxAddress:
    """Where a running sandbox is. Tokens: `sandbox_token(seed, "graph" or app name)`.

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
    seed: int | None = None,
    people: int | None = None,
    faults: Iterable[str] | None = None,
    temporary: bool = False,
) -> SandboxAddress:
    """The sandbox of the run `folder`: the running one, or a new child process.

    folder  None: a new sandbox that stores nothing
    app     one profile (or its name or file) or several
    seed, people, faults
            None: the values the sandbox of this folder began with, else the defaults
    temporary  the folder is alone in a folder created for it and is removed with the sandbox

    Raises RunError when the sandbox of the folder has other settings or does not
    start, ConfigError for an invalid fault.
    """
    if folder is not None:
        key = str(Path(folder).resolve())
    else:
        key = secrets.token_hex(8)
    if isinstance(app, (str, Path)) or not isinstance(app, Sequence):
        apps = [app]
    else:
        apps = list(app)
    settings = Settings.of(folder, seed, people, faults)
    with _starting:
        child = _children.get(key)
        if child is not None and child.process.poll() is None:
            return _with_apps(child.address, apps)
        if child is not None:  # it has died: close what is left of it
            del _children[key]
            _end(child.process)
        if folder is None:
            return _start(key, None, apps, settings)
        from filelock import FileLock

        Path(folder).mkdir(parents=True, exist_ok=True)
        with FileLock(str(Path(folder) / ".sandbox.lock"), timeout=START_SECONDS):
            living = find_sandbox(folder, seed=settings.seed)
            if living:
                return _with_apps(living, apps)
            return _start(key, Path(folder), apps, settings, temporary=temporary)


@dataclass(frozen=True)
class Settings:
    """The settings a sandbox is started with; `Settings.of` fills in what is not given."""

    seed: int = DEFAULT_SEED
    people: int = DEFAULT_PEOPLE
    faults: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, folder: Path | str | None, seed: int | None, people: int | None, faults: Iterable[str] | None
    ) -> Settings:
        began: dict[str, Any] = {}
        if folder is not None:
            try:
                with (Path(folder) / CHANGES_FILE).open(encoding="utf-8") as file:
                    began = json.loads(file.readline() or "{}").get("settings", {})
            except (OSError, ValueError, AttributeError):
                began = {}
        if seed is None:
            seed = int(began.get("seed", DEFAULT_SEED))
        if people is None:
            people = int(began.get("people", DEFAULT_PEOPLE))
        if faults is None:
            faults = began.get("switched_on", ())
        return cls(seed, people, tuple(faults))


def _with_apps(address: SandboxAddress, apps: Sequence[AppProfile | str | Path]) -> SandboxAddress:
    """`address`, if the apps are there. Raises RunError."""
    for app in apps:
        if isinstance(app, (str, Path)):
            name = Path(app).stem
        else:
            name = app.name
        if name not in address.scim_urls and not isinstance(app, Path) and not str(app).endswith(".toml"):
            known = ", ".join(sorted(address.scim_urls))
            raise RunError(
                f"the sandbox of this run has no {name}, only {known}",
                "Start a new run for the other app.",
                path=ADDRESS_FILE,
            )
    return address


def find_sandbox(folder: Path | str, *, seed: int | None = None) -> SandboxAddress | None:
    """The running sandbox of a run folder, checked to be the right one; None when there is none.

    Raises RunError when it runs with another seed.
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
            f"the sandbox of {Path(folder).name} runs with the seed {state['seed']}, not {seed}",
            f"Use the seed {state['seed']}, or start a new run.",
            path=ADDRESS_FILE,
        )
    urls = state["scim_urls"]
    return SandboxAddress(f"http://127.0.0.1:{port}/v1.0", urls, state["seed"], port)


def _ask(port: int) -> dict[str, Any] | None:
    """What responds at /sandbox on `port`; None when it is not a sandbox, or not ready."""
    import httpx

    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/sandbox", timeout=ASK_SECONDS, trust_env=False)
        state = answer.json()
    except (httpx.HTTPError, ValueError):
        return None
    if isinstance(state, dict) and state.get("sandbox") == 1 and state.get("ready"):
        return state
    return None


def control(
    address: SandboxAddress, call: str = "", body: dict[str, Any] | None = None, *, timeout_seconds: float = 600.0
) -> dict[str, Any]:
    """Query the sandbox (`call` ""), or run one of its control calls: wait, faults, people, groups.

    Raises ConfigError with the sandbox's message when it refuses, Unreachable when it is gone.
    """
    import httpx

    url = f"{address.origin}/sandbox/{call}".rstrip("/")
    try:
        if call:
            answer = httpx.post(url, json=body or {}, timeout=timeout_seconds, trust_env=False)
        else:
            answer = httpx.get(url, timeout=timeout_seconds, trust_env=False)
    except httpx.HTTPError as error:
        raise Unreachable(
            f"the sandbox does not respond ({type(error).__name__})",
            "Start it again; it will be in the same state as before.",
            cause="other",
            path=f"/sandbox/{call}",
        ) from None
    if answer.status_code != 200:
        raise ConfigError(
            f"the sandbox refuses: {answer.json().get('error')}", "See the control calls in scimkit/sandbox/control.py."
        )
    result: dict[str, Any] = answer.json()
    return result


def wait(address: SandboxAddress, seconds: float) -> dict[str, Any]:
    """Let virtual time advance by `seconds`; cycles that fall due are run. Returns the state afterwards."""
    return control(address, "wait", {"seconds": seconds})


def stop(address: SandboxAddress | None = None) -> None:
    """End the sandbox at `address` if we own it; without an address, end all that we own."""
    for key, child in list(_children.items()):
        if address is None or child.address == address:
            del _children[key]
            _end(child.process)


def _end(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)
    if process.stdout is not None:
        process.stdout.close()


def _start(
    key: str,
    folder: Path | None,
    apps: Sequence[AppProfile | str | Path],
    settings: Settings,
    *,
    temporary: bool = False,
) -> SandboxAddress:
    command = [
        sys.executable,
        "-m",
        "scimkit.sandbox",
        "--owned",
        "--seed",
        str(settings.seed),
        "--people",
        str(settings.people),
    ]
    for fault in settings.faults:
        command += ["--fault", fault]
    if folder is not None:
        command += ["--folder", str(folder.resolve()), *(["--temporary"] if temporary else [])]
    # profiles are sent whole through the pipe: one may be read from a file that has changed or moved since
    profiles = json.dumps([_profile(app).model_dump(mode="json", by_alias=True) for app in apps], ensure_ascii=True)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            encoding="utf-8",
            cwd=_package_parent(),
            # Jupyter kills a kernel's whole group; the closed pipe tells us as well, and lets us clean up
            start_new_session=True,
        )
        _tell(process, profiles)
        line = _first_line(process)
        if not line:
            _end(process)
            complaints.seek(0)
            raise _complaint(complaints.read().strip().splitlines())
    ready = json.loads(line)
    port = int(ready["graph"]["base_url"].rpartition(":")[2].partition("/")[0])
    address = SandboxAddress(
        ready["graph"]["base_url"],
        {name: told["scim_url"] for name, told in ready["apps"].items()},
        settings.seed,
        port,
        owned=True,
    )
    if not _children:
        atexit.register(stop)
    _children[key] = _Child(process, address)
    return address


def _complaint(said: list[str]) -> ScimkitError:
    """Why the child did not start: its own error, or its last output."""
    words = "it said nothing"
    if said:
        words = said[-1]
    try:
        told = json.loads(words)
        kind: type[ScimkitError] = {"ConfigError": ConfigError, "RunError": RunError, "ProfileError": ProfileError}[
            told["error"]
        ]
        return kind(str(told["message"]), str(told["remedy"]))
    except (ValueError, KeyError, TypeError):
        return RunError(
            f"the sandbox did not start: {words}", "Start a new run; if that does not help, report this line."
        )


def _profile(app: AppProfile | str | Path) -> AppProfile:
    from scimkit.apps import load

    if isinstance(app, (str, Path)):
        return load(app)
    return app


def _tell(process: subprocess.Popen[str], line: str) -> None:
    """Write one line to the child. If the child has already ended, the next request shows it."""
    with contextlib.suppress(OSError):
        assert process.stdin is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()


def _package_parent() -> str | None:
    """Where a child can import `scimkit` from; None: from anywhere, because it is installed."""
    parent = Path(__file__).resolve().parents[2]
    if (parent / "pyproject.toml").is_file():
        return str(parent)
    return None


def _first_line(process: subprocess.Popen[str]) -> str:
    """The ready line; "" when the process ends or is silent for too long."""
    lines: queue.Queue[str] = queue.Queue()
    stream: IO[str] = process.stdout  # type: ignore[assignment]
    threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
    try:
        return lines.get(timeout=START_SECONDS).strip()
    except queue.Empty:
        return ""


# -- `scimkit sandbox` ---------------------------------------------------------------


def cli_serve(
    *,
    apps: Sequence[str | Path] = (),
    people: int | None = None,
    seed: int | None = None,
    port: int = 0,
    faults: Iterable[str] = (),
) -> None:
    """Serve in this process until interrupted; print one JSON line on standard output when ready.

    apps  names or files of profiles; none: all shipped profiles

    Raises ConfigError (port, fault) and ProfileError.
    """
    from scimkit.apps import load, names
    from scimkit.sandbox.server import make_sandbox
    from scimkit.sandbox.serving import serve

    if seed is None:
        seed = DEFAULT_SEED
    if people is None:
        people = DEFAULT_PEOPLE
    profiles = [load(app) for app in apps or names()]
    serve(make_sandbox(profiles, seed=seed, people=people, faults=faults, folder=None), port=port)
