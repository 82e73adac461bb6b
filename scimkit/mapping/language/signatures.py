"""What is known of a function: its name, its parameters, whether it is allowed for SCIM apps.

A family (`functions.text`, `functions.logic`, ...) writes its functions with
`@function`; `functions.table` puts the families together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Support = Literal["scim", "hr_only", "unknown"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. key: its name in Graph's source tree."""

    name: str
    key: str
    required: bool = True
    repeats: bool = False

    @property
    def shown(self) -> str:
        """As shown in a signature: `name`, `name?` if it may be omitted, `...` if it repeats."""
        if self.repeats:
            return "..."
        if self.required:
            return self.name
        return f"{self.name}?"


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language.

    call     eager: called with the evaluation and one value per parameter, OMITTED where left out;
             lazy: called with the compiler, the call and whether it stands in a condition, gives the closure
    lazy     compiles its own call: it evaluates only some of its arguments, or is faster so
    support  scim: usable; hr_only: refused for SCIM apps; unknown: in Graph's old list only
    """

    name: str
    parameters: tuple[Parameter, ...]
    call: Callable[..., Any] = field(repr=False)
    lazy: bool = False
    support: Support = "scim"

    @property
    def fewest(self) -> int:
        return max((i + 1 for i, parameter in enumerate(self.parameters) if parameter.required), default=0)

    @property
    def most(self) -> int | None:
        """None: no limit."""
        if self.parameters and self.parameters[-1].repeats:
            return None
        return len(self.parameters)

    def parameter(self, index: int) -> Parameter:
        return self.parameters[min(index, len(self.parameters) - 1)]

    @property
    def signature(self) -> str:
        """For example `Left(string, numChars)`; a question mark follows parameters that may be omitted."""
        return f"{self.name}({', '.join(parameter.shown for parameter in self.parameters)})"


def function(
    name: str, *parameters: str, lazy: bool = False, support: Support = "scim", keys: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Any]], Function]:
    """Decorator that makes a Python function one of the language.

    parameters  `name`, `name?` (may be omitted) or `name*` (repeats)
    keys        of those parameters that Graph's source tree calls otherwise

    >>> @function("Append", "source", "suffix?")
    ... def _append(evaluation, source, suffix): ...
    >>> _append.signature
    'Append(source, suffix?)'
    """
    given = keys or {}
    described = []
    for text in parameters:
        bare = text.rstrip("?*")
        described.append(Parameter(bare, given.get(bare, bare), required="?" not in text, repeats="*" in text))

    def enter(call: Callable[..., Any]) -> Function:
        return Function(name, tuple(described), call, lazy, support)

    return enter
