"""A runbook: a list of notebooks to run in order, as data.

`runbooks/onboard.yaml` is the journey; a notebook on its own is a runbook of one
step. A step is named after its notebook (`5c_pilot`), in short `5c`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scimkit.errors import ConfigError
from scimkit.notebook.shipped import shipped

SUFFIXES = (".yaml", ".ipynb")


@dataclass(frozen=True, slots=True)
class Step:
    """One notebook of a runbook, and the kinds of the records it leaves."""

    notebook: Path
    title: str
    records: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.notebook.stem

    @property
    def short(self) -> str:
        """The part before the underscore if it is a number: `5c` of `5c_pilot`."""
        head = self.name.partition("_")[0]
        if head[:1].isdigit():
            return head
        return self.name


@dataclass(frozen=True, slots=True)
class Runbook:
    """name  as given on the command line: a shipped one's name, or a path."""

    name: str
    title: str
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step | None:
        """The step called `name`, by its whole name or its short one."""
        return next((step for step in self.steps if name in (step.name, step.short)), None)

    def in_order(self, names: Iterable[str]) -> Runbook:
        """The same steps, those in `names` in that order: an app may need another order."""
        order = {name: number for number, name in enumerate(names)}
        places = [place for place, step in enumerate(self.steps) if step.name in order]
        moved = sorted((self.steps[place] for place in places), key=lambda step: order[step.name])
        steps = list(self.steps)
        for place, step in zip(places, moved, strict=True):
            steps[place] = step
        return replace(self, steps=tuple(steps))


def names() -> tuple[str, ...]:
    """The shipped runbooks."""
    return tuple(sorted({path.stem for path in shipped("runbooks").iterdir() if path.suffix in SUFFIXES}))


def read_runbook(name: str) -> Runbook:
    """The runbook called `name`: a shipped one, a shipped notebook, or the path of a YAML file or a notebook.

    Raises ConfigError if there is none, or its file is not a valid runbook.
    """
    path = _find(name)
    if path.suffix == ".ipynb":
        return Runbook(name, path.stem, (Step(path.resolve(), path.stem.replace("_", " ")),))
    return _parse(path, name)


def _find(name: str) -> Path:
    given = Path(name)
    if given.suffix in SUFFIXES:
        if given.is_file():
            return given
        raise ConfigError(f"there is no file {name}", "Give the path of a runbook (.yaml) or of a notebook (.ipynb).")
    for folder in ("runbooks", "notebooks"):
        for suffix in SUFFIXES:
            candidate = shipped(folder) / f"{name}{suffix}"
            if candidate.is_file() and candidate.parent == shipped(folder):
                return candidate
    raise ConfigError(
        f"there is no runbook {name}",
        f"The shipped ones are: {', '.join(names()) or 'none'}. Or give the path of a file.",
    )


def _parse(path: Path, name: str) -> Runbook:
    import yaml

    remedy = (
        "It needs `title` and `steps`, each step with `notebook`, `title` and `records`; see runbooks/onboard.yaml."
    )
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        title, rows = str(data["title"]), list(data["steps"])
        steps = tuple(_step(row, path) for row in rows)
    except ConfigError:
        raise
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        raise ConfigError(
            f"{path.name} is not a runbook ({' '.join(str(error).split()) or type(error).__name__})", remedy
        ) from None
    if not steps or len({step.name for step in steps}) < len(steps):
        raise ConfigError(f"{path.name} has no steps, or one of them twice", remedy)
    return Runbook(name, title, steps)


def _step(row: Mapping[str, Any], runbook: Path) -> Step:
    name = str(row["notebook"])
    for folder in (runbook.parent, shipped("notebooks")):
        notebook = (folder / name).with_suffix(".ipynb")
        if notebook.is_file():
            return Step(notebook.resolve(), str(row["title"]), tuple(str(kind) for kind in row.get("records", ())))
    raise ConfigError(
        f"{runbook.name} names a notebook that does not exist: {name}", f"Put {name}.ipynb beside {runbook.name}."
    )
