"""Which functions exist, with their parameters: the one table that parser, evaluation and linter read.

A function family (`text`, `logic`, ...) adds its functions with `@function`.
Parameters are written `name`, `name?` (may be omitted) or `name*` (repeats).
"""

from __future__ import annotations

from collections.abc import Callable
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


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language.

    call     eager: called with the scope and one value per parameter, OMITTED where left out
    lazy     evaluates only some of its arguments; `evaluation` knows how
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
        return None if self.parameters and self.parameters[-1].repeats else len(self.parameters)

    def parameter(self, index: int) -> Parameter:
        return self.parameters[min(index, len(self.parameters) - 1)]

    @property
    def signature(self) -> str:
        """Such as `Left(string, numChars)`; a question mark follows what may be omitted."""
        names = ("..." if p.repeats else p.name + ("" if p.required else "?") for p in self.parameters)
        return f"{self.name}({', '.join(names)})"


FUNCTIONS: dict[str, Function] = {}  # by lower-case name
WORDS = {word.lower(): word for word in ("vbTextCompare", "vbBinaryCompare", "IgnoreAttributeFlow", "IgnoreObjectFlow")}
REFUSED_WORDS = {"null", "authoritativenull", "authorizednull"}

CONNECT_SYNC_ONLY = {
    name.lower(): name
    for name in (
        "BitOr",
        "CGuid",
        "CNum",
        "Contains",
        "ConvertFromBase64",
        "ConvertFromUTF8Hex",
        "CRef",
        "DNComponent",
        "DNComponentRev",
        "Error",
        "EscapeDNComponent",
        "InStrRev",
        "IsBitSet",
        "IsDate",
        "IsEmpty",
        "IsGuid",
        "IsNumeric",
        "ItemOrNull",
        "LCase",
        "Len",
        "LTrim",
        "PadLeft",
        "PadRight",
        "RandomNum",
        "ReplaceChars",
        "Right",
        "RTrim",
        "Select",
        "StringFromGuid",
        "StringFromSid",
        "Trim",
        "UCase",
        "Where",
        "With",
    )
}
INSTEAD = {
    "lcase": "Use ToLower.",
    "ucase": "Use ToUpper.",
    "trim": 'Use Replace([x], , "^\\\\s+|\\\\s+$", , "", , ).',
    "ltrim": 'Use Replace([x], , "^\\\\s+", , "", , ).',
    "rtrim": 'Use Replace([x], , "\\\\s+$", , "", , ).',
    "right": 'Use Replace([x], , "^.*(?<tail>.{4})$", , "${tail}", , ) with the number wanted in place of 4.',
    "len": "There is no length; a pattern with {n} in Replace can depend on one.",
    "contains": 'Use InStr([x], "text") and compare with 0.',
    "isempty": "Use IsNullOrEmpty.",
    "itemornull": "Use Item.",
    "padleft": 'Use Replace(Join("", "00000000", [x]), , "(.*?)(?<id>.{0,8})$", , "${id}", , ).',
    "replacechars": "Use Replace or NormalizeDiacritics.",
    "cnum": "Numbers and quoted numbers are interchangeable; leave it out.",
    # of other languages
    "and": "There is no AND; nest a second IIF in the second argument of the first.",
    "or": "There is no OR; nest a second IIF in the third argument of the first.",
    "concat": 'Use Append(a, b), or Join("", a, b, c).',
    "concatenate": 'Use Append(a, b), or Join("", a, b, c).',
    "indexof": "Use InStr.",
    "substring": "Use Mid(source, start, length); the first character is number 1.",
    "tostring": "Use CStr.",
}


def function(
    name: str, *parameters: str, lazy: bool = False, support: Support = "scim", keys: dict[str, str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator that enters a function in the table."""

    def enter(call: Callable[..., Any]) -> Callable[..., Any]:
        made = []
        for text in parameters:
            bare = text.rstrip("?*")
            made.append(Parameter(bare, (keys or {}).get(bare, bare), "?" not in text, "*" in text))
        FUNCTIONS[name.lower()] = Function(name, tuple(made), call, lazy, support)
        return call

    return enter


def load_functions() -> dict[str, Function]:
    """The whole table; the families enter themselves when imported."""
    if not {"replace", "iif", "cdate"} <= FUNCTIONS.keys():
        from scimkit.mapping.language.functions import (  # noqa: F401
            dates,
            lists,
            logic,
            numbers,
            replacement,
            roles,
            text,
        )
    return FUNCTIONS
