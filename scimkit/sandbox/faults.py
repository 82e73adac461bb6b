"""Faults that can be switched on, each counted so that it hits the same request every time.

    --fault NAME[=VALUE]          at the vendors
    --fault WHERE:NAME[=VALUE]    at `graph` or at the named app

Values are numbers; `FAULTS` explains them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from scimkit.errors import ConfigError

# name -> (value when none is given, what it does); those with False work at vendors only
FAULTS: dict[str, tuple[float, bool, str]] = {
    "latency": (0.5, True, "every response arrives VALUE seconds late"),
    "throttle": (3, True, "every VALUE-th request returns 429 with a fractional Retry-After"),
    "errors": (3, True, "VALUE requests in a row return 503, then none do"),
    "reset_before": (2, True, "the connection of the VALUE-th request is lost before anything is done"),
    "reset_after": (2, True, "the connection of the VALUE-th change is lost after the change was made"),
    "html": (200, False, "every response is an HTML page with the status VALUE"),
    "ignore_paging": (0, False, "startIndex and count are ignored: every page is the whole list"),
    "ignore_filter": (0, False, "filter is ignored: every search returns everyone"),
    "token_expires": (60, True, "the token is refused once VALUE virtual seconds have passed since the start"),
    "clock_skew": (3600, True, "dates in responses are VALUE seconds ahead (negative: behind)"),
    "slow_assignments": (120, True, "provisioning sees an assignment VALUE virtual seconds later"),
}


@dataclass
class Fault:
    """One fault in one place. `seen` counts the requests it could have hit."""

    where: str
    name: str
    value: float
    seen: int = 0


def parse_fault(text: str, apps: Iterable[str]) -> Fault:
    """Parse `[WHERE:]NAME[=VALUE]`. Raises ConfigError listing what is known."""
    head, equals, value = text.strip().partition("=")
    where, _, name = head.rpartition(":")
    where, name = where or "vendors", name.strip().replace("-", "_")
    places = ("vendors", "graph", *apps)
    if name not in FAULTS:
        raise ConfigError(f"there is no fault {name!r}", f"Known faults: {', '.join(FAULTS)}.")
    if where not in places:
        raise ConfigError(f"no fault can be set at {where!r}", f"Known places: {', '.join(places)}.")
    default, at_graph, _ = FAULTS[name]
    if where == "graph" and not at_graph:
        raise ConfigError(f"the fault {name} works only at vendors", "Leave out `graph:`.")
    if name == "slow_assignments":
        where = "graph"
    try:
        if equals:
            number = float(value)
        else:
            number = float(default)
    except ValueError:
        raise ConfigError(f"the fault {name} needs a number, not {value!r}", f"{name}: {FAULTS[name][2]}.") from None
    if number < 0 and name != "clock_skew":
        raise ConfigError(f"the fault {name} cannot be negative", f"{name}: {FAULTS[name][2]}.")
    return Fault(where, name, number)


@dataclass
class Faults:
    """The faults that are currently on. `changed_utc` of token expiry is the start of the sandbox."""

    apps: tuple[str, ...]
    active: list[Fault] = field(default_factory=list)

    def add(self, text: str) -> Fault:
        fault = parse_fault(text, self.apps)
        self.active = [f for f in self.active if (f.where, f.name) != (fault.where, fault.name)]
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        self.active = []

    def at(self, place: str, name: str) -> Fault | None:
        """The fault `name` in force at `place` ("graph" or an app's name); an app's own overrides the one for all."""
        wheres = ("graph",) if place == "graph" else (place, "vendors")
        for where, fault in product(wheres, self.active):
            if fault.where == where and fault.name == name:
                return fault
        return None

    def strikes(self, place: str, name: str) -> bool:
        """Count one request and return whether the counted fault hits it."""
        fault = self.at(place, name)
        if fault is None:
            return False
        fault.seen += 1
        if name == "throttle":
            return fault.value >= 1 and fault.seen % int(fault.value) == 0
        if name == "errors":
            return fault.seen <= fault.value
        return fault.seen == int(fault.value)

    def dump(self) -> list[dict[str, Any]]:
        return [{"where": f.where, "name": f.name, "value": f.value, "seen": f.seen} for f in self.active]

    def restore(self, dumped: Iterable[dict[str, Any]]) -> None:
        self.active = [Fault(d["where"], d["name"], d["value"], d["seen"]) for d in dumped]
