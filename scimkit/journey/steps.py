"""The journey: its steps in order, and the record each leaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scimkit.errors import RunError


@dataclass(frozen=True, slots=True)
class Step:
    """One notebook of the journey. `records` are the kinds it leaves, the closing one last."""

    name: str
    title: str
    tutorial_step: int
    records: tuple[str, ...]


STEPS = (
    Step("1_plan", "Plan", 1, ("Readiness",)),
    Step("2_token", "Token", 2, ("TokenNote",)),
    Step("3_app", "Enterprise app", 3, ("EnterpriseApp",)),
    Step("4_scope", "Scope", 4, ("Scope",)),
    Step("5a_connection", "Connection", 5, ("ConnectionReport",)),
    Step("5b_mapping", "Mapping", 5, ("MappingReview",)),
    Step("5c_pilot", "Pilot", 5, ("PilotResult",)),
    Step("5d_enable", "Enable", 5, ("Forecast", "Enablement")),
    Step("6_monitor", "Monitor", 6, ("LogSummary",)),
)
LAST_PLAYED = "5d_enable"  # an operation is for an app whose job runs
_LEAVES: dict[str, str] = {}
for _step in STEPS:
    _LEAVES.update(dict.fromkeys(_step.records, _step.name))
_HOME = {
    "Readiness": "scimkit.journey.readiness",
    "TokenNote": "scimkit.journey.token_note",
    "EnterpriseApp": "scimkit.journey.enterprise_app",
    "Scope": "scimkit.journey.scope",
    "ConnectionReport": "scimkit.journey.connection",
    "MappingReview": "scimkit.mapping.review",
    "PilotResult": "scimkit.journey.pilot",
    "Forecast": "scimkit.journey.forecast",
    "Enablement": "scimkit.journey.enablement",
    "LogSummary": "scimkit.journey.monitor",
    "ChangePlan": "scimkit.evidence.change_plan",
}


def is_operation(name: str) -> bool:
    """Whether a notebook is a runbook on its own, for an app that is set up, and not a step of the journey.

    >>> is_operation("mapping_backup"), is_operation("3_app")
    (True, False)
    """
    return name not in {step.name for step in STEPS}


def in_order(names: Iterable[str]) -> tuple[Step, ...]:
    """The steps in the order an app needs, `journey_order` of its profile.

    >>> [step.name for step in in_order(["1_plan", "3_app", "2_token"])]
    ['1_plan', '3_app', '2_token']
    """
    known = {step.name: step for step in STEPS}
    return tuple(known[name] for name in names)


def record_step(kind: str) -> str:
    """The step that leaves the record `kind`; its class is imported, so that it can be read."""
    from importlib import import_module

    if kind not in _LEAVES:
        raise RunError(f"no step leaves a record called {kind}", f"There are: {', '.join(_LEAVES)}.")
    import_module(_HOME[kind])
    return _LEAVES[kind]
