"""How to follow a run: events, and two ways to print them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

_WIDTH = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """The current position of a run.

    state  running | skipped | cell | passed | failed | waiting | error | interrupted
    cells  (done, all) of the step's notebook, for `cell`
    """

    step: str
    title: str
    number: int
    total: int
    state: str
    cells: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        if self.state == "running":
            what = self.title
        else:
            what = self.state
        return f"[{self.number}/{self.total}] {self.step}: {what}"


Listener = Callable[[Progress], None]


def printer(stream: TextIO | None = None) -> Listener:
    """A listener that draws one bar on a terminal, and prints plain lines elsewhere."""
    out = stream or sys.stderr
    if out.isatty():
        return _Bar(out)
    return _Lines(out)


class _Lines:
    def __init__(self, out: TextIO) -> None:
        self.out = out

    def __call__(self, event: Progress) -> None:
        if event.state != "cell":
            print(event, file=self.out, flush=True)


class _Bar:
    """The current step in one line that is redrawn; finished steps stay above it. ASCII, for any console."""

    def __init__(self, out: TextIO) -> None:
        self.out, self.drawn = out, 0

    def __call__(self, event: Progress) -> None:
        if event.state in ("running", "cell"):
            done, cells = event.cells
            part = (event.number - 1 + (done / cells if cells else 0)) / event.total
            full = int(part * _WIDTH)
            self._draw(
                f"[{'#' * full}{'.' * (_WIDTH - full)}] {event.number}/{event.total} {event.step}: {event.title}"
            )
        else:
            self._draw(str(event))
            self.out.write("\n")
            self.drawn = 0
        self.out.flush()

    def _draw(self, line: str) -> None:
        self.out.write("\r" + line.ljust(self.drawn))
        self.drawn = len(line)
