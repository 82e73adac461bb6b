"""A measure: what was found in a few repetitions, and the most it may be."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from tests.bench.process import call


@dataclass(frozen=True)
class Measure:
    """One figure against its limit.

    values  one of each repetition; the median counts
    notes   figures that explain it and have no limit of their own
    skipped  why nothing was measured; "" where it was
    """

    name: str
    values: tuple[float, ...]
    limit: float
    unit: str = ""
    notes: dict[str, float] = field(default_factory=dict)
    skipped: str = ""

    @property
    def median(self) -> float | None:
        if self.values:
            return median(self.values)
        return None

    @property
    def over(self) -> bool:
        return self.median is not None and self.median > self.limit

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.name:<8} not measured: {self.skipped}"
        unit = ""
        if self.unit:
            unit = f" {self.unit}"
        spread = ""
        if len(self.values) > 1:
            spread = f"({min(self.values):.2f}-{max(self.values):.2f})"
        notes = ", ".join(f"{name} {value:g}" for name, value in self.notes.items())
        line = (
            f"{self.name:<8} {self.median:8.2f}{unit} {spread:<14} limit {self.limit:g}{unit:<4}"
            f" {'over' if self.over else 'ok'}"
        )
        if notes:
            return f"{line}   {notes}"
        return line

    def plain(self) -> dict[str, Any]:
        return asdict(self) | {"median": self.median, "over": self.over}


def interleaved(name: str, limit: float, ours: list[str], other: list[str], times: int) -> Measure:
    """What the command `ours` takes in times of `other`, run in turn so that a busy spell meets both.

    Each repetition gives one ratio, of neighbours in time.
    """
    pairs = [(call(ours), call(other)) for _ in range(times)]
    notes = {
        "ours_seconds": median(a.seconds for a, _ in pairs),
        "other_seconds": median(b.seconds for _, b in pairs),
        "ours_busy": median(a.busy for a, _ in pairs),
        "other_busy": median(b.busy for _, b in pairs),
    }
    ratios = tuple(round(a.seconds / b.seconds, 3) for a, b in pairs)
    return Measure(name, ratios, limit, notes={key: round(value, 3) for key, value in notes.items()})
