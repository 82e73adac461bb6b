"""Replace and its five modes, selected by the given arguments; `""` counts as given.

    A  oldValue, replacementValue                                literal in the source
    B  oldValue, template                                        literal in the template
    C  regexPattern, replacementValue                            every match
    D  regexPattern, regexGroupName, replacementValue            the group in every match
    E  regexPattern, regexGroupName, replacementAttributeName    source, or the group from another attribute

Source: "Reference for writing expressions for attribute mappings". Tested in the order B A E D C (unconfirmed for
contradictory calls).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scimkit.mapping.language.evaluation import Evaluation
from scimkit.mapping.language.functions.regexes import Pattern, compile_pattern
from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.signatures import function
from scimkit.mapping.language.values import OMITTED, check_length


def replace_mode(given: Sequence[bool]) -> str:
    """The letter of the mode that the given arguments select; empty text when none does.

    given  for oldValue, regexPattern, regexGroupName, replacementValue, replacementAttributeName and template,
           whether it is given

    >>> replace_mode([True, False, False, True, False, False])
    'A'
    """
    old, pattern, group, new, attribute, template = given
    if old and template:
        return "B"
    if old and new:
        return "A"
    if pattern and group and attribute:
        return "E"
    if pattern and new:
        if group:
            return "D"
        return "C"
    return ""


@function(
    "Replace",
    "source",
    "oldValue?",
    "regexPattern?",
    "regexGroupName?",
    "replacementValue?",
    "replacementAttributeName?",
    "template?",
    keys={
        "oldValue": "Find",
        "regexPattern": "RegularExpression",
        "regexGroupName": "RegularExpressionGroupName",
        "replacementValue": "Replacement",
        "replacementAttributeName": "ReplacementPropertyName",
        "template": "Template",
    },
)
def _replace(evaluation: Evaluation, source: Any, *given: Any) -> str | None:
    old, pattern, group, new, attribute, template = given
    mode = replace_mode([each is not OMITTED for each in given])
    text = evaluation.text(source)
    if mode == "A":
        if text is None:
            return None
        return _swap(text, _needed(evaluation, old, "oldValue"), evaluation.text(new) or "")
    if mode == "B":
        return _swap(evaluation.text(template) or "", _needed(evaluation, old, "oldValue"), text or "")
    if not mode:
        raise EvaluationFault(
            "these arguments select no mode of Replace",
            'Give oldValue and replacementValue, or regexPattern and replacementValue; "" counts as given.',
        )
    compiled = _pattern(evaluation, pattern)
    if mode == "E":
        if text:
            return text
        return compiled.first_group(
            evaluation.text(attribute) or "", _group(evaluation, compiled, group), evaluation.settings.regex_seconds
        )
    if text is None:
        return None
    replacement = evaluation.text(new) or ""
    seconds = evaluation.settings.regex_seconds
    if mode == "D":
        return compiled.replace_group(text, _group(evaluation, compiled, group), replacement, seconds)
    return compiled.replace(text, replacement, seconds)


def _needed(evaluation: Evaluation, value: Any, what: str) -> str:
    text = evaluation.text(value)
    if not text:
        raise EvaluationFault(f"{what} is empty", "Give the text to replace.", value)
    return text


def _pattern(evaluation: Evaluation, value: Any) -> Pattern:
    try:
        return compile_pattern(evaluation.text(value) or "")
    except EvaluationFault as fault:
        raise type(fault)(fault.message, fault.remedy, value) from None


def _group(evaluation: Evaluation, pattern: Pattern, value: Any) -> int:
    name = evaluation.text(value) or ""
    number = pattern.group_number(name)
    if number is None:
        names = ", ".join(pattern.names) or "none"
        raise EvaluationFault(
            f"the pattern has no group {name!r}; it has {names}", "Name a group: (?<name>...).", value
        )
    return number


def _swap(text: str, old: str, new: str) -> str:
    check_length(len(text) + text.count(old) * (len(new) - len(old)))
    return text.replace(old, new)


FUNCTIONS = (_replace,)
