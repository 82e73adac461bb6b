"""All functions of the language: the one table used by parser, evaluation and findings."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from scimkit.mapping.language.functions import dates, lists, logic, numbers, replacement, roles, text
from scimkit.mapping.language.signatures import Function

FAMILIES = (dates, lists, logic, numbers, replacement, roles, text)


def _by_name() -> dict[str, Function]:
    functions = chain.from_iterable(family.FUNCTIONS for family in FAMILIES)
    return {function.name.lower(): function for function in functions}


FUNCTIONS: Mapping[str, Function] = _by_name()  # by lower-case name
