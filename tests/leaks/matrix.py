"""The matrix: for each channel and each driver, the places where its secret was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from leaks.channels import Channel
from leaks.search import is_in


@dataclass(frozen=True)
class Trace:
    """What one run of the probe has left.

    places   everything that was left or said, by where
    secrets  what was planted
    masked   channels in whose cells a mask stands
    ran      channels whose cells have run
    """

    places: Mapping[str, bytes]
    secrets: Mapping[Channel, str]
    masked: frozenset[Channel] = frozenset()
    ran: frozenset[Channel] = frozenset()
    found: dict[Channel, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        found = {}
        for channel, secret in self.secrets.items():
            found[channel] = tuple(place for place, data in self.places.items() if is_in(data, secret))
        object.__setattr__(self, "found", found)

    @property
    def leaking(self) -> frozenset[Channel]:
        return frozenset(channel for channel, places in self.found.items() if places)

    def leaking_places(self, suffix: str) -> list[str]:
        """Names of the channels whose secret stands in a place whose name ends so."""
        leaking = []
        for channel, places in self.found.items():
            if any(place.endswith(suffix) for place in places):
                leaking.append(channel.name)
        return leaking


def table(
    channels: Iterable[Channel],
    before: Trace,
    after: Mapping[str, Trace],
    places: Mapping[str, tuple[bool, Mapping[str, bool]]] | None = None,
) -> str:
    """The matrix as text, the counts below it. places  rows that are not channels but where their secrets would end"""

    def word(leaks: bool | None) -> str:
        return {True: "LEAK", False: "-", None: ""}[leaks]

    rows = []
    for channel in channels:
        now = [word(channel in trace.leaking if channel in trace.secrets else None) for trace in after.values()]
        rows.append((channel.name, word(channel in before.leaking), *now))
    for name, (was, now) in (places or {}).items():
        rows.append((name, word(was), *(word(now.get(driver)) for driver in after)))
    heads = ("row", "before", *after)
    columns = zip(heads, *rows, strict=True)
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for row in (heads, *rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join(cells).rstrip())
    _, _, *drivers = zip(*rows, strict=True)
    counts = ", ".join(f"{driver} {words.count('LEAK')}" for driver, words in zip(after, drivers, strict=True))
    return "\n".join(
        [
            "",
            *lines,
            "",
            f"rows probed {len(rows)}, leaking before {sum(row[1] == 'LEAK' for row in rows)}, leaking after: {counts}",
        ]
    )
