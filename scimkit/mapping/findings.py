"""What a careful reader would question in an expression or a filter, without evaluating it for a person.

Each finding says whether its rule is documented, seen in the field, or (unconfirmed).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal, TypeAlias

from scimkit.errors import MappingError
from scimkit.mapping.language.functions.regexes import compile_pattern
from scimkit.mapping.language.functions.replacement import replace_mode
from scimkit.mapping.language.functions.table import FUNCTIONS
from scimkit.mapping.language.parser import parse
from scimkit.mapping.language.problems import EvaluationFault, NotReproduced, OurLimit, suggest
from scimkit.mapping.language.syntax import Attribute, Call, Comparison, Expression, Number, Text, Word, children, walk
from scimkit.mapping.scoping.filters import Filters, ScopingFilter, check_filters, operator_of, read_filters

Mark: TypeAlias = Literal["documented", "seen", "unconfirmed"]
TESTS_OF_NULL = ("IsPresent", "IsNull", "IsNullOrEmpty", "IsNothing")
ROLE_LISTS = ("AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex", "AppRoleAssignments")
LIST_MAKERS = ("Split", "RemoveDuplicates", *ROLE_LISTS)
LIST_TAKERS = (
    "Join",
    "Count",
    "Item",
    "RemoveDuplicates",
    "Coalesce",
    "Switch",
    "IIF",
    "Redact",
    "IgnoreFlowIfNullOrEmpty",
    "IsNull",
    "IsNullOrEmpty",
    "IsPresent",
)
FILTER_NOT_REPRODUCED = "filter.not_reproduced"
INTERVAL_NAMES = ("yyyy", "m", "d", "ww", "h", "n", "s")
ONE_ROLE = "SingleAppRoleAssignment"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    severity  error: it will not work; warning: it may not do what is intended
    position  where in the expression, from 0; in a filter always 0
    """

    code: str
    severity: Literal["error", "warning"]
    message: str
    remedy: str
    position: int = 0
    mark: Mark = "documented"


def lint(
    expression: str, *, apply: str = "Always", matching: bool = False, attributes: Iterable[str] | None = None
) -> tuple[Finding, ...]:
    """What is doubtful in an expression, in the order of the text.

    apply       when the row applies, `Always` or `ObjectAddOnly`
    matching    whether the row is used for matching
    attributes  the names of the source schema, to find misspelled ones; None: not checked

    An expression that cannot be read is one finding.
    """
    try:
        node = parse(expression)
    except MappingError as error:
        return (Finding("expression.unreadable", "error", error.message, error.remedy, error.position or 0),)
    names = None
    if attributes is not None:
        names = tuple(attributes)
    found = [*_whole(node, apply, matching)]
    for each in walk(node):
        if isinstance(each, (Call, Word)):
            found += _spelling(each)
        if isinstance(each, Call):
            found += _call(each)
        if isinstance(each, Attribute) and names is not None and each.name not in names:
            near = suggest(each.name, names)
            remedy = "Add it to the source schema, or correct it."
            if near:
                remedy = f"Did you mean [{near}]?"
            message = f"[{each.name}] is not in the source schema, so it reads as null"
            found.append(Finding("expression.unknown_attribute", "error", message, remedy, each.position))
    return tuple(sorted(found, key=lambda finding: finding.position))


def _whole(node: Expression, apply: str, matching: bool) -> Iterator[Finding]:
    if isinstance(node, Attribute) and node.name == "appRoleAssignments":
        remedy = "Use SingleAppRoleAssignment or AssertiveAppRoleAssignmentsComplex."
        message = "appRoleAssignments must not be mapped directly"
        yield Finding("expression.roles_direct", "error", message, remedy, node.position)
    for each in walk(node):
        if isinstance(each, Call) and each.name in ("Guid", "RandomString"):
            if matching:
                message = f"{each.name} cannot be used for matching: it never gives the same value twice"
                yield Finding(
                    "expression.random_matching", "error", message, "Match on a source attribute.", each.position
                )
            elif apply != "ObjectAddOnly":
                message = f"{each.name} gives another value in every evaluation"
                remedy = 'Apply the row "Only during object creation".'
                yield Finding("expression.random_always", "warning", message, remedy, each.position)
        if isinstance(each, Call) and each.name == "IgnoreFlowIfNullOrEmpty" and each is not node:
            message = "IgnoreFlowIfNullOrEmpty inside another function: its effect is not documented"
            yield Finding(
                "expression.ignore_nested",
                "warning",
                message,
                "Make it the outermost function.",
                each.position,
                "unconfirmed",
            )


def _spelling(node: Call | Word) -> Iterator[Finding]:
    if node.spelled and node.spelled != node.name:
        message = f"{node.spelled} is spelled {node.name} in the reference, which calls the syntax case-sensitive"
        yield Finding("expression.spelling", "warning", message, f"Write {node.name}.", node.position, "unconfirmed")


def _call(node: Call) -> Iterator[Finding]:
    support = FUNCTIONS[node.name.lower()].support
    if support == "hr_only":
        message = f"{node.name} is supported for HR-driven provisioning to AD only, not for SCIM apps"
        yield Finding(
            "expression.not_for_scim", "error", message, "Use an attribute that is already unique.", node.position
        )
    if support == "unknown":
        message = f"{node.name} is only in Graph's old list of functions"
        yield Finding(
            "expression.old_function",
            "warning",
            message,
            "Use a function of the reference.",
            node.position,
            "unconfirmed",
        )
    yield from _lists_and_roles(node)
    special = {"IIF": _iif, "Switch": _switch, "Replace": _replace, "Split": _split}.get(node.name)
    if special is not None:
        yield from special(node)
    first = None
    if node.arguments:
        first = node.arguments[0]
    if node.name in ("DateAdd", "DateDiff") and isinstance(first, Text) and first.value not in INTERVAL_NAMES:
        message = f'"{first.value}" is no interval'
        remedy = "Use yyyy, m (month), d, ww, h, n (minute) or s; case matters."
        yield Finding("expression.interval", "error", message, remedy, first.position)


def _lists_and_roles(node: Call) -> Iterator[Finding]:
    for each in children(node):
        if isinstance(each, Call) and each.name in LIST_MAKERS and node.name not in LIST_TAKERS:
            message = f"{each.name} gives a list, and {node.name} expects one string"
            yield Finding(
                "expression.list_as_text", "error", message, "Use Join or Item.", each.position, "unconfirmed"
            )
        if (
            isinstance(each, Attribute)
            and each.name == "appRoleAssignments"
            and node.name not in (ONE_ROLE, *ROLE_LISTS)
        ):
            message = f"{node.name} cannot read appRoleAssignments"
            yield Finding("expression.roles", "warning", message, f"Use {ONE_ROLE}.", each.position, "unconfirmed")


def _iif(node: Call) -> Iterator[Finding]:
    condition = node.arguments[0]
    assert condition is not None
    for each in walk(condition):
        doubtful = isinstance(each, Call) and each.name in TESTS_OF_NULL
        if isinstance(each, Comparison):
            doubtful = any(isinstance(side, Text) and not side.value for side in (each.left, each.right))
        if doubtful:
            message = "the reference says that a condition on a null attribute fails, and calls this test unsupported"
            remedy = 'Use Switch([x], [x], "", "value when empty").'
            yield Finding("expression.null_condition", "warning", message, remedy, each.position)


def _switch(node: Call) -> Iterator[Finding]:
    source = node.arguments[0]
    message = "in an incremental cycle Switch may see an unchanged attribute as null and blank the target"
    remedy = 'Use a chain of IIF, as the reference advises: IIF([x] = "a", "1", IIF(...)).'
    if isinstance(source, Attribute) and source.name == "IsSoftDeleted":
        message += "; Microsoft's own default for active is such a Switch"
        remedy = (
            "Watch active in the first incremental cycle after a change. Not([IsSoftDeleted]) gives the same result"
            " without Switch."
        )
    yield Finding("expression.switch_incremental", "warning", message, remedy, node.position)
    if isinstance(source, Call) and source.name in TESTS_OF_NULL:
        message = f"the reference advises against {source.name} as the source of Switch"
        yield Finding("expression.switch_test", "warning", message, 'Use the key "".', source.position)
    if isinstance(source, Attribute) and source.name == "manager":
        message = "Switch must not be used for reference attributes"
        yield Finding("expression.switch_reference", "error", message, "Map manager directly.", source.position)
    seen: dict[str, str] = {}
    for key in node.arguments[2::2]:
        if not isinstance(key, (Text, Number)):
            continue
        text = str(key.value)
        earlier = seen.setdefault(text.lower(), text)
        if _is_repeated(node, key):
            message = f'the key "{text}" appears twice; the first one is used'
            yield Finding("expression.switch_duplicate", "error", message, "Remove one.", key.position)
        elif earlier != text:
            message = f'the keys "{earlier}" and "{text}" differ only in case; keys are case-sensitive'
            yield Finding("expression.switch_case", "warning", message, "Check both.", key.position)


def _is_repeated(node: Call, key: Text | Number) -> bool:
    """Whether an earlier key of the Switch has the same value."""
    for earlier in node.arguments[2::2]:
        if earlier is key:
            return False
        if isinstance(earlier, (Text, Number)) and str(earlier.value) == str(key.value):
            return True
    return False


def _replace(node: Call) -> Iterator[Finding]:
    arguments = [*node.arguments[1:], *[None] * 6][:6]
    given = [each is not None for each in arguments]
    mode = replace_mode(given)
    used = {"A": (0, 3), "B": (0, 5), "C": (1, 3), "D": (1, 2, 3), "E": (1, 2, 4), "": range(6)}[mode]
    if not mode:
        message = "these arguments select no mode of Replace"
        remedy = 'Give oldValue and replacementValue, or regexPattern and replacementValue; "" counts as given.'
        yield Finding("expression.replace_mode", "error", message, remedy, node.position)
    elif extra := [each for index, each in enumerate(arguments) if each is not None and index not in used]:
        message = f"Replace has arguments of two modes; mode {mode} is used"
        yield Finding(
            "expression.replace_modes", "warning", message, "Leave out the others.", extra[0].position, "unconfirmed"
        )
    if isinstance(pattern := arguments[1], Text):
        try:
            compiled = compile_pattern(pattern.value)
        except OurLimit as limit:
            yield Finding(
                "expression.pattern_not_reproduced",
                "warning",
                limit.message,
                limit.remedy,
                pattern.position,
                "unconfirmed",
            )
            return
        except EvaluationFault as fault:
            yield Finding("expression.pattern", "error", fault.message, fault.remedy, pattern.position)
            return
        new = arguments[3]
        if (
            mode == "C"
            and isinstance(new, Text)
            and new.value
            and "$" not in new.value
            and compiled.compiled.fullmatch("")
        ):
            message = "the pattern also matches an empty string, so the replacement appears between characters too"
            yield Finding("expression.pattern_empty", "warning", message, "Use + instead of *.", pattern.position)


def _split(node: Call) -> Iterator[Finding]:
    delimiter = None
    if len(node.arguments) > 1:
        delimiter = node.arguments[1]
    if isinstance(delimiter, Text) and len(delimiter.value) != 1:
        message = "the delimiter of Split must be one character"
        yield Finding("expression.split_delimiter", "warning", message, "Give one character.", delimiter.position)


def lint_filters(filters: Filters) -> tuple[Finding, ...]:
    """What is doubtful or unsupported about scoping filters."""
    try:
        read = read_filters(filters)
    except MappingError as error:
        return (Finding("filter.unreadable", "error", error.message, error.remedy),)
    return tuple(chain.from_iterable(_filter(each) for each in read))


def _filter(each: ScopingFilter) -> Iterator[Finding]:
    try:
        check_filters([each])
    except NotReproduced as limit:
        yield Finding(FILTER_NOT_REPRODUCED, "warning", f"{each.name}: {limit.message}", limit.remedy, 0, "unconfirmed")
    except MappingError as error:
        yield Finding("filter.unsupported", "error", f"{each.name}: {error.message}", error.remedy)
        return
    for clause in each.clauses:
        operator, value = operator_of(clause), clause.value or ""
        if operator in ("&", "!&"):
            message = f"{each.name}: {clause}: the meaning of {operator} is not clearly documented"
            yield Finding("filter.ampersand", "warning", message, "Use Includes or REGEX MATCH.", 0, "unconfirmed")
        if operator in ("NOT EQUALS", "NOT REGEX MATCH"):
            message = f"{each.name}: {clause}: people whose {clause.attribute} is empty do not pass either"
            yield Finding(
                "filter.negative_null", "warning", message, "Add a second filter with IS NULL if they should."
            )
        if clause.more:
            message = f"{each.name}: {clause}: several values; only the first is compared"
            yield Finding("filter.several_values", "warning", message, "Create one filter per value.", 0, "unconfirmed")
        if operator.startswith("Greater_Than"):
            message = f"{each.name}: {clause}: Microsoft advises against {operator}"
            yield Finding("filter.greater_than", "warning", message, "Use REGEX MATCH.")
        if operator.endswith("REGEX MATCH"):
            yield from _filter_pattern(f"{each.name}: {clause}", value)


def _filter_pattern(where: str, pattern: str) -> Iterator[Finding]:
    if re.search(r"@[\w-]+\.\w", pattern):
        message = f"{where}: the unescaped dot after @ matches any character"
        yield Finding("filter.unescaped_dot", "warning", message, "Write \\. for a dot.")
    if not (pattern.startswith("^") and pattern.endswith("$")):
        message = f"{where}: whether the whole value must match is not documented"
        yield Finding("filter.anchoring", "warning", message, "Write ^...$ around the pattern.", 0, "unconfirmed")
