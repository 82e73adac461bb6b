"""The settings of a run: `--set name=value` for every step that has it, `--set 5c.name=value` for one.

They are checked against the parameters of the notebooks before anything starts, because
papermill itself accepts unknown names with a warning and wrong types silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from scimkit.credentials import parse_reference
from scimkit.errors import ConfigError
from scimkit.headless.runbook import Runbook, Step
from scimkit.notebook.parameters import Parameter, check_values, declared_parameters

Settings = Mapping[str, Mapping[str, Any]]  # step (whole or short name; "" for all) -> parameter -> value
GIVEN = {"app": "--app", "tenant": "--tenant", "run": "--resume"}  # parameters that have their own option
_SETTING = re.compile(r"(?:(?P<step>[^.=]+)\.)?(?P<name>[A-Za-z_]\w*)=(?P<value>.*)", re.DOTALL)
_REFERENCE = re.compile(r"(?:.*_)?(?:token|secret|password)(?:_ref)?")


def parse_settings(texts: Iterable[str]) -> dict[str, dict[str, str]]:
    """`["people=3", "4.pilot=00123"]` as `{"": {"people": "3"}, "4": {"pilot": "00123"}}`; text stays text.

    Raises ConfigError, without the value, for anything of another shape.
    """
    settings: dict[str, dict[str, str]] = {}
    for text in texts:
        found = _SETTING.fullmatch(text)
        if found is None:
            raise ConfigError(
                "a --set is not `name=value` or `step.name=value`", "For example: --set 4.pilot=adele@contoso.example"
            )
        settings.setdefault(found["step"] or "", {})[found["name"]] = found["value"]
    return settings


def declared(runbook: Runbook) -> dict[str, tuple[Parameter, ...]]:
    """The parameters of each step of `runbook`, by its whole name."""
    return {step.name: declared_parameters(step.notebook) for step in runbook.steps}


def sort_settings(
    runbook: Runbook, settings: Settings, parameters: Mapping[str, tuple[Parameter, ...]]
) -> dict[str, dict[str, Any]]:
    """`settings` by the whole name of a step, in the declared types; a setting for one step wins.

    Raises ConfigError for an unknown step or name, a wrong type, or a parameter
    that has its own option, and CredentialError if a secret itself was given
    instead of its place.
    """
    sorted_out: dict[str, dict[str, Any]] = {step.name: {} for step in runbook.steps}
    for name in settings.get("", {}):
        by_name = {parameter.name: parameter for parameter in chain.from_iterable(parameters.values())}
        if name not in by_name:
            check_values(by_name.values(), {name: None}, where=runbook.name)
    for step in runbook.steps:
        known = parameters[step.name]
        own = {p.name for p in known}
        _take(sorted_out, step, known, {name: value for name, value in settings.get("", {}).items() if name in own})
    for prefix, values in settings.items():
        if prefix:
            found = runbook.step(prefix)
            if found is None:
                raise ConfigError(
                    f"{runbook.name} has no step {prefix}",
                    f"Its steps are: {', '.join(s.name for s in runbook.steps)}.",
                )
            _take(sorted_out, found, parameters[found.name], values)
    return sorted_out


def _take(into: dict[str, dict[str, Any]], step: Step, known: Iterable[Parameter], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name in GIVEN:
            raise ConfigError(f"{name} cannot be set with --set", f"Use {GIVEN[name]}.")
        if _REFERENCE.fullmatch(name) and isinstance(value, str) and value:
            parse_reference(value)  # before it is written anywhere
    into[step.name].update(check_values(known, values, where=step.name))
