"""The run store: the only module that touches the paths of a run folder.

    <YYYYMMDDTHHMMSSZ>-<4 hex>/
        run.json            app, tenant, step states, versions, choices
        app.toml            the app's profile as it was, if it came from a file
        1_plan.ipynb …      one executed notebook and its HTML per step
        records/            <step>_<record>.json
        journal/            000001.json …: every write, before and after
        run.log             redacted
        report.html

The folder is evidence, not truth: before writing to a tenant, the basis of the
plan is read again. Every file is written completely or not at all (to a temporary name,
then renamed), so that an interrupted run can be read.
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from scimkit.errors import RunError
from scimkit.evidence.records import KINDS, dump_record, load_record, utc_text
from scimkit.evidence.version import VERSION

STATE = "run.json"
PROFILE = "app.toml"
_HOLDER = ".run.holder"  # beside .run.lock: what its holder is doing
STEP_STATES = ("pending", "running", "passed", "failed", "waiting", "error", "interrupted")
_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}")


def _unchanged(text: str) -> str:
    return text


def _profile_text(app: str) -> str | None:
    """The text of a profile given as a file; None for a name, or if it cannot be read."""
    if not ("/" in app or "\\" in app or app.endswith(".toml")):
        return None
    try:
        return Path(app).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def _check_state(state: Any) -> None:
    """Raises TypeError or KeyError for a run.json that other code could not use."""
    if not all(isinstance(state[key], str) for key in ("app", "tenant")):
        raise TypeError("app or tenant is not a string")
    for key in ("steps", "choices"):
        if not isinstance(state[key], dict) or not all(isinstance(item, dict) for item in state[key].values()):
            raise TypeError(f"{key} does not contain tables")


class RunStore:
    """One run folder.

    redact  applied to every text before it is written; the caller passes the
            redactor's, so that no secret can reach the disk this way
    """

    def __init__(self, folder: Path, *, redact: Callable[[str], str] = _unchanged) -> None:
        self.folder = Path(folder)
        self.redact = redact

    # -- finding and making ------------------------------------------------

    @classmethod
    def create(
        cls,
        parent: Path,
        *,
        app: str,
        tenant: str,
        runbook: str,
        steps: tuple[str, ...],
        now: datetime,
        redact: Callable[[str], str] = _unchanged,
    ) -> RunStore:
        """A new run folder under `parent`, all steps pending. If `app` is a file, the run keeps a copy of it."""

        stamp = utc_text(now).replace("-", "").replace(":", "")
        folder = Path(parent) / f"{stamp}-{secrets.token_hex(2)}"
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise RunError(
                f"{parent} cannot be used for a run ({error.strerror})",
                "Choose another folder with --runs.",
                path=str(parent),
            ) from None
        store = cls(folder, redact=redact)
        if (profile := _profile_text(app)) is not None:
            store.write(PROFILE, profile)
        store._write_state(
            {
                "run": folder.name,
                "app": app,
                "tenant": tenant,
                "runbook": runbook,
                "created_utc": utc_text(now),
                "versions": {"scimkit": VERSION, "python": platform.python_version(), "system": platform.system()},
                "choices": {},
                "steps": {step: {"state": "pending"} for step in steps},
            }
        )
        return store

    @classmethod
    def open(cls, folder: Path | str, *, redact: Callable[[str], str] = _unchanged) -> RunStore:
        """An existing run. Raises RunError if there is none."""
        store = cls(Path(folder), redact=redact)
        if not store.exists(STATE):
            raise RunError(
                f"{folder} is not a run: it has no {STATE}",
                "Give the folder of an existing run, such as runs/20260302T091500Z-1a2b.",
                path=str(folder),
            )
        store.state()
        return store

    @classmethod
    def find(cls, start: Path, *, redact: Callable[[str], str] = _unchanged) -> RunStore | None:
        """The run that contains `start`: the nearest run.json upwards, or None."""
        start = Path(start).resolve()
        for folder in (start, *start.parents):
            if (folder / STATE).is_file() and _ID.fullmatch(folder.name):
                return cls.open(folder, redact=redact)
        return None

    @property
    def name(self) -> str:
        return self.folder.name

    # -- the app -----------------------------------------------------------

    @property
    def app(self) -> str:
        """What to load the app's profile from: the run's own copy of a file, otherwise the name of a shipped one.

        A resumed run continues with the profile it started with, even if the file has changed.
        """
        if self.exists(PROFILE):
            return str(self.path(PROFILE))
        return str(self.state()["app"])

    def app_note(self) -> str:
        """A sentence if the app's file is no longer the one this run started with; otherwise ""."""
        if not self.exists(PROFILE):
            return ""
        source = str(self.state()["app"])
        now = _profile_text(source)
        if now is not None and self.redact(now) == self.read(PROFILE):
            return ""
        what = "has changed"
        if now is None:
            what = "is gone"
        return f"{Path(source).name} {what} since this run started; the run uses its own copy, {PROFILE}"

    # -- files -------------------------------------------------------------

    def path(self, name: str) -> Path:
        """The path of `name`, for a library that needs a path."""
        target = (self.folder / name).resolve()
        if not target.is_relative_to(self.folder.resolve()):
            raise RunError(f"{name} leads out of the run folder", "This is a defect. Report it.", path=name)
        return target

    def exists(self, name: str) -> bool:
        return self.path(name).is_file()

    def read(self, name: str) -> str:
        try:
            return self.path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(
                f"{self.name}/{name} cannot be read ({error})", "Run the step that writes it.", path=name
            ) from None

    def write(self, name: str, text: str) -> None:
        """Write `text` completely or not at all."""
        target = self.path(name)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(self.redact(text))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except UnicodeEncodeError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise RunError(
                f"{self.name}/{name} cannot be written: a string contains half a character",
                "Enter that text again at its source, then run this step again.",
                path=name,
            ) from None
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise self._not_written(name, error) from None

    def append(self, name: str, line: str) -> None:
        target = self.path(name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("a", encoding="utf-8", newline="\n") as file:
                file.write(self.redact(line.rstrip("\n")) + "\n")
        except OSError as error:
            raise self._not_written(name, error) from None

    def _not_written(self, name: str, error: OSError) -> RunError:
        return RunError(
            f"{self.name}/{name} cannot be written ({error.strerror})",
            "Free some space there, or give yourself write permission, then resume.",
            path=name,
        )

    def list(self, folder: str = "") -> tuple[str, ...]:
        """Names of the files in `folder` (relative to the run), sorted, without incomplete ones."""
        if folder:
            place = self.path(folder)
        else:
            place = self.folder
        if not place.is_dir():
            return ()
        prefix = ""
        if folder:
            prefix = f"{folder}/"
        return tuple(
            sorted(prefix + item.name for item in place.iterdir() if item.is_file() and not item.name.startswith("."))
        )

    # -- state -------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The contents of run.json. Raises RunError if it cannot be understood."""
        try:
            state: dict[str, Any] = json.loads(self.read(STATE))
            _check_state(state)
        except (ValueError, KeyError, TypeError) as error:
            raise RunError(
                f"{self.name}/{STATE} is damaged ({error})", "Start a new run. This one stays as evidence.", path=STATE
            ) from None
        return state

    def _write_state(self, state: Mapping[str, Any]) -> None:
        self.write(STATE, json.dumps(state, ensure_ascii=False, indent=2) + "\n")

    def change_state(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Read, change, write run.json while no other process does the same."""
        with self.alone(".state.lock"):
            state = self.state()
            change(state)
            self._write_state(state)

    def set_step(self, step: str, state: str, **more: Any) -> None:
        """Note the state of `step`: one of STEP_STATES, with times, message, remedy."""
        if state not in STEP_STATES:
            raise ValueError(state)

        def change(run: dict[str, Any]) -> None:
            run["steps"].setdefault(step, {}).update({"state": state, **more})

        self.change_state(change)

    def choices(self, step: str) -> dict[str, Any]:
        """The choices for `step` made in a form or on the command line, by parameter name."""
        return dict(self.state()["choices"].get(step, {}))

    def save_choices(self, step: str, values: Mapping[str, Any]) -> None:
        if values:
            self.change_state(lambda run: run["choices"].setdefault(step, {}).update(values))

    @contextmanager
    def alone(
        self, name: str, *, wait_seconds: float = 30, taken: Callable[[], str] = lambda: "running already"
    ) -> Iterator[None]:
        """Hold the lock file `name` of this run, waiting for its current holder. taken: what the holder is doing."""
        from filelock import FileLock, Timeout

        lock = FileLock(str(self.path(name)), timeout=wait_seconds)
        try:
            lock.acquire()
        except Timeout:
            raise RunError(
                f"{self.name} is {taken()}, in another process",
                "Wait until it ends, or stop that process. Then resume.",
                path=name,
            ) from None
        except OSError as error:
            raise self._not_written(name, error) from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def locked(self, doing: str = "running already") -> Iterator[None]:
        """Lock the run: a second runner is refused instead of interleaved, with what the first is `doing`.

        Kernels of the run do not use this lock: state and journal have their own, held for one change.
        """
        with self.alone(".run.lock", wait_seconds=0, taken=self._holder):
            self.write(_HOLDER, doing)
            try:
                yield
            finally:
                with suppress(OSError):
                    self.path(_HOLDER).unlink(missing_ok=True)

    def _holder(self) -> str:
        try:
            return self.read(_HOLDER).strip() or "running already"
        except RunError:
            return "running already"

    # -- records -----------------------------------------------------------

    @staticmethod
    def record_name(step: str, kind: str) -> str:
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()
        return f"records/{step.split('_')[0]}_{snake}.json"

    def keep(self, step: str, value: Any, *, now: datetime) -> str:
        """Keep the record `value` of `step`; returns its name in the folder."""

        name = self.record_name(step, value.kind)
        self.write(name, dump_record(value, made_utc=now, scimkit_version=VERSION))
        return name

    def get(self, step: str, kind: str) -> Any:
        """The record of `kind` from `step`. Raises RunError if there is none."""
        assert kind in KINDS, kind
        name = self.record_name(step, kind)
        if not self.exists(name):
            raise RunError(f"{self.name} has no {kind} yet", f"Run the notebook {step} first.", path=name)
        value = load_record(self.read(name), path=f"{self.name}/{name}")
        if value.kind != kind:
            raise RunError(
                f"{self.name}/{name} contains a {value.kind}, not a {kind}",
                f"Run the notebook {step} again.",
                path=name,
            )
        return value

    def has(self, step: str, kind: str) -> bool:
        return self.exists(self.record_name(step, kind))
