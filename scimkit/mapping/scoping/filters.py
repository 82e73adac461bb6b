"""Scoping filters: who passes, and which clause decided.

Clauses of one filter (Graph: group) are joined by AND, filters by OR. Without any
filter, everyone passes. An empty attribute makes every clause false, including negative
ones, except IS NULL. Source: "Scoping users or groups with scoping filters".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from scimkit.errors import MappingError
from scimkit.mapping.language.functions.regexes import compile_pattern
from scimkit.mapping.language.problems import (
    EvaluationFault,
    NotReproduced,
    OurLimit,
    UnfilterableAttribute,
    UnknownOperator,
    suggest,
)
from scimkit.mapping.language.settings import STRICT, Settings
from scimkit.mapping.language.values import Instant, as_integer, plain_text, read_value, show_value

UNARY = ("IS TRUE", "IS FALSE", "IS NULL", "IS NOT NULL")
OPERATORS = (
    "EQUALS",
    "NOT EQUALS",
    *UNARY,
    "REGEX MATCH",
    "NOT REGEX MATCH",
    "Greater_Than",
    "Greater_Than_OR_EQUALS",
    "Includes",
    "ENDS_WITH",
    "&",
    "!&",
)  # Graph's names
OPERATOR_OF = {name.lower().replace("_", " "): name for name in OPERATORS}
OTHER_WORDS = {
    **dict.fromkeys(("=", "==", "eq", "equal to"), "EQUALS"),
    **dict.fromkeys(("!=", "<>", "ne"), "NOT EQUALS"),
    **dict.fromkeys(("contains", "co", "in"), "Includes"),
    **dict.fromkeys(("starts with", "startswith", "sw", "like", "matches"), "REGEX MATCH"),
    ">": "Greater_Than",
    ">=": "Greater_Than_OR_EQUALS",
    "ew": "ENDS_WITH",
}  # what other languages call them
UNFILTERABLE = {
    **dict.fromkeys(("approleassignments", "usertype", "manager"), "is not supported in filters (known issues)"),
    **dict.fromkeys(
        (
            "statushiredate",
            "startdate",
            "enddate",
            "accountexpires",
            "hiredate",
            "terminationdate",
            "employeehiredate",
            "employeeleavedatetime",
            "createddatetime",
            "deleteddatetime",
            "statusterminationlastdayofwork",
        ),
        "is a date, and dates are not supported in filters (known issues)",
    ),
    **dict.fromkeys(("members", "memberof", "ismemberof"), "is group membership, which filters do not support"),
    **dict.fromkeys(
        ("proxyaddresses", "othermails", "businessphones", "othertelephone", "othermobile", "smtpproxyaddresses"),
        "has several values, and such attributes are not supported in filters",
    ),
}


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: attribute, operator, value. `more`: further values, whose meaning is (unconfirmed)."""

    attribute: str
    operator: str
    value: str | None = None
    more: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(part for part in (self.attribute, self.operator, self.value) if part is not None)


@dataclass(frozen=True, slots=True)
class ScopingFilter:
    """A portal scoping filter: a name and clauses that must all be true."""

    name: str
    clauses: tuple[Clause, ...]

    def __str__(self) -> str:
        return f"{self.name}: " + " AND ".join(map(str, self.clauses))


@dataclass(frozen=True, slots=True)
class ClauseVerdict:
    """One clause applied to one object. value: the attribute as the clause read it."""

    filter: str
    clause: Clause
    true: bool
    value: Any
    why: str

    @property
    def log_line(self) -> str:
        """In the format of Entra's on-demand provisioning: filter, attribute, operator, value."""
        return f"{self.filter} {self.clause}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an object passes, and why.

    reason    a sentence naming the filter and the clause that decided
    filter    the deciding filter's name; empty if there are no filters
    clauses   every clause of every filter with its result
    warnings  what is (unconfirmed) and made a difference for this object
    """

    passed: bool
    reason: str
    filter: str = ""
    clause: Clause | None = None
    clauses: tuple[ClauseVerdict, ...] = ()
    warnings: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.passed


Filters: TypeAlias = "Mapping[str, Any] | Iterable[ScopingFilter | Mapping[str, Any]] | ScopingFilter | None"


def read_filters(scope: Filters) -> tuple[ScopingFilter, ...]:
    """Scoping filters from Graph's `scope`, from its list of groups, or passed through as they are.

    `inputFilterGroups` and `categoryFilterGroups` are experimental and not read here.

    Raises MappingError if the shape is wrong.
    """
    if scope is None:
        return ()
    if isinstance(scope, ScopingFilter):
        return (scope,)
    if isinstance(scope, Mapping):
        if "clauses" in scope:
            return (_read_group(scope),)
        scope = scope.get("groups") or ()
    if isinstance(scope, (str, bytes)) or not isinstance(scope, Iterable):
        raise MappingError(
            f"scoping filters must be a list, not a {type(scope).__name__}", "Provide the groups of `scope`."
        )
    return tuple(each if isinstance(each, ScopingFilter) else _read_group(each) for each in scope)


def _read_group(group: Any) -> ScopingFilter:
    clauses = None
    if isinstance(group, Mapping):
        clauses = group.get("clauses")
    if not isinstance(clauses, (list, tuple)):
        raise MappingError("a filter group has no list of clauses", 'Write {"name": …, "clauses": […]}.')
    return ScopingFilter(str(group.get("name") or ""), tuple(_read_clause(each) for each in clauses))


def _read_clause(clause: Any) -> Clause:
    if isinstance(clause, Clause):
        return clause
    if not isinstance(clause, Mapping) or not isinstance(clause.get("sourceOperandName"), str):
        raise MappingError("a clause has no sourceOperandName", "Name the source attribute it tests.")
    operand = clause.get("targetOperand") or {}
    values = None
    if isinstance(operand, Mapping):
        values = operand.get("values")
    if values is not None and not isinstance(values, (list, tuple)):
        raise MappingError("targetOperand.values is not a list", 'Write {"values": ["Sales"]}.')
    if not all(value is None or isinstance(value, (str, int)) for value in values or ()):
        raise MappingError(
            "targetOperand.values contains something that is not a string", 'Write {"values": ["Sales"]}.'
        )
    texts = [plain_text(value) if value is not None else "" for value in values or ()]
    return Clause(
        clause["sourceOperandName"],
        str(clause.get("operatorName") or ""),
        texts[0] if texts else None,
        tuple(texts[1:]),
    )


def check_filters(filters: Iterable[ScopingFilter]) -> None:
    """Rejects what the service does not support, before anyone is evaluated.

    Raises UnknownOperator, UnfilterableAttribute or MappingError naming the clause; NotReproduced
    if nothing is wrong except a pattern that cannot be run here.
    """
    unrun: NotReproduced | None = None
    for each in filters:
        if not each.clauses:
            raise MappingError(
                f"the filter {each.name!r} has no clauses; its meaning is not documented", "Add a clause, or remove it."
            )
        for clause in each.clauses:
            try:
                check_clause(clause)
            except NotReproduced as limit:
                unrun = unrun or limit
    if unrun is not None:
        raise unrun


def operator_of(clause: Clause) -> str:
    """Graph's name for the operator, in whatever case the clause writes it."""
    name = OPERATOR_OF.get(clause.operator.strip().lower().replace("_", " "))
    if name is not None:
        return name
    if clause.operator.replace(" ", "").lower() == "ismemberof":
        raise UnknownOperator(
            "the portal might offer IsMemberOf, but it is not supported",
            "Assign the group instead.",
            text=str(clause),
        )
    near = suggest_operator(clause.operator)
    remedy = (f"Did you mean {near}? " if near else "") + f"Operators are {', '.join(OPERATORS)}."
    raise UnknownOperator(
        f"there is no operator {clause.operator!r}", remedy, text=str(clause), position=len(clause.attribute) + 1
    )


def suggest_operator(name: str) -> str:
    """The operator that was probably meant, or an empty string.

    >>> suggest_operator("starts_with"), suggest_operator("NOT EQUAL")
    ('REGEX MATCH', 'NOT EQUALS')
    """
    return OTHER_WORDS.get(name.strip().lower().replace("_", " ")) or suggest(name, OPERATORS)


def check_clause(clause: Clause) -> None:
    """Rejects a clause that the service would not evaluate. Raises NotReproduced if only scimkit cannot."""
    operator = operator_of(clause)
    reason = UNFILTERABLE.get(clause.attribute.lower())
    if reason is not None:
        raise UnfilterableAttribute(
            f"{clause.attribute} {reason}",
            "Filter on another attribute, or assign people instead.",
            text=str(clause),
            position=0,
        )
    if operator not in UNARY and clause.value is None:
        raise MappingError(f"the clause {clause} has no value", "Give the value to compare with.", text=str(clause))
    if operator.startswith("Greater_Than") and not _is_counting_number(clause.value):
        raise MappingError(
            f"{operator} needs a whole number of 0 or more, not {clause.value!r}",
            "Write digits only.",
            text=str(clause),
        )
    if operator.endswith("REGEX MATCH"):
        _pattern(clause)


def _pattern(clause: Clause) -> Any:
    try:
        return compile_pattern(clause.value or "")
    except EvaluationFault as fault:
        raise _pattern_error(clause, fault) from None


def _pattern_error(clause: Clause, fault: EvaluationFault) -> MappingError:
    """What is wrong with the clause's pattern: the pattern itself, or that .NET can run it and we cannot."""
    kind = NotReproduced if isinstance(fault, OurLimit) else MappingError
    return kind(f"{clause}: {fault.message}", fault.remedy, text=str(clause))


def _is_counting_number(text: str | None) -> bool:
    number = as_integer(text)
    return number is not None and number >= 0


def judge(filters: Filters, source: Mapping[str, Any], settings: Settings = STRICT) -> Verdict:
    """Whether `source` passes at least one of `filters`, with the clause that decided.

    filters  ScopingFilter objects, Graph's groups, or its whole `scope`
    source   attributes by their schema names; an absent attribute is null

    Raises MappingError for what the service does not support, NotReproduced for a pattern
    that cannot be run here: the result is then unknown for everyone.
    """
    read = read_filters(filters)
    if not read:
        return Verdict(True, "there is no scoping filter: everyone passes")
    check_filters(read)
    clauses: list[ClauseVerdict] = []
    failing: list[ClauseVerdict] = []  # of each filter that is not passed the first clause that is false
    warnings: list[str] = []
    passing: ScopingFilter | None = None
    for each in read:
        answers = [judge_clause(each.name, clause, source, settings, warnings) for clause in each.clauses]
        clauses += answers
        deciding = next((answer for answer in answers if not answer.true), None)
        if deciding is not None:
            failing.append(deciding)
        else:
            passing = passing or each
    told = tuple(dict.fromkeys(warnings))
    if passing is not None:
        return Verdict(True, f"passes {passing}", passing.name, passing.clauses[-1], tuple(clauses), told)
    reason = "; ".join(dict.fromkeys(f"{answer.log_line}: {answer.why}" for answer in failing))
    return Verdict(False, f"passes no filter: {reason}", failing[0].filter, failing[0].clause, tuple(clauses), told)


def in_scope(filters: Filters, source: Mapping[str, Any], settings: Settings = STRICT) -> bool:
    """Whether `source` passes at least one of `filters`.

    >>> sales = ScopingFilter("Sales", (Clause("department", "EQUALS", "Sales"),))
    >>> in_scope([sales], {"department": "Finance"})
    False
    """
    return judge(filters, source, settings).passed


def judge_clause(
    name: str, clause: Clause, source: Mapping[str, Any], settings: Settings, warnings: list[str]
) -> ClauseVerdict:
    """One clause applied to one object; remarks are added to `warnings`."""
    operator = operator_of(clause)
    given = source.get(clause.attribute)
    value = read_value(given)
    if isinstance(value, (list, Mapping)) or (value is None and given is not None):  # an empty list is a list here
        raise UnfilterableAttribute(
            f"{clause.attribute} has several values, and such attributes are not supported in filters",
            "Filter on another attribute.",
            text=str(clause),
            position=0,
        )
    if isinstance(value, Instant):
        raise UnfilterableAttribute(
            f"{clause.attribute} is a date, and dates are not supported in filters",
            "Filter on another attribute.",
            text=str(clause),
            position=0,
        )
    empty = value is None or value == ""
    if operator in ("IS NULL", "IS NOT NULL"):
        true = empty == (operator == "IS NULL")
        return ClauseVerdict(name, clause, true, value, _why(clause, value))
    if empty:
        return ClauseVerdict(
            name, clause, False, value, f"{clause.attribute} is empty, which makes every other clause false"
        )
    if clause.more:
        warnings.append(f"{clause}: only the first of several values is compared (unconfirmed)")
    true = TESTS[operator](clause, value, settings, warnings)
    return ClauseVerdict(name, clause, true, value, _why(clause, value))


def _why(clause: Clause, value: Any) -> str:
    if value not in (None, ""):
        return f"{clause.attribute} is {show_value(value)}"
    return f"{clause.attribute} is empty"


Test: TypeAlias = Callable[[Clause, Any, Settings, list[str]], bool]


def _equals(clause: Clause, value: Any, settings: Settings, warnings: list[str]) -> bool:
    text = plain_text(value)
    if isinstance(value, bool) and clause.value not in ("True", "False"):
        warnings.append(f"{clause}: a boolean is compared with the spelling True or False (unconfirmed)")
    return text == clause.value


def _is_boolean(wanted: bool) -> Test:
    def test(clause: Clause, value: Any, settings: Settings, warnings: list[str]) -> bool:
        return plain_text(value).lower() == str(wanted).lower()

    return test


def _matches(clause: Clause, value: Any, settings: Settings, warnings: list[str]) -> bool:
    pattern, text = _pattern(clause), plain_text(value)
    try:
        anywhere = pattern.search(text, settings.regex_seconds)
        whole = pattern.matches_whole(text, settings.regex_seconds)
    except EvaluationFault as fault:
        raise _pattern_error(clause, fault) from None
    if anywhere != whole:
        warnings.append(
            f"{clause}: the pattern matches a part of {show_value(value)} but not the whole; it is (unconfirmed) which"
            " of the two counts. Write ^...$ around it"
        )
    return bool(anywhere if settings.filter_anchoring == "anywhere" else whole)


def _regex(wanted: bool) -> Test:
    return lambda clause, value, settings, warnings: _matches(clause, value, settings, warnings) is wanted


def _greater(or_equal: bool) -> Test:
    def test(clause: Clause, value: Any, settings: Settings, warnings: list[str]) -> bool:
        limit, number = as_integer(clause.value), as_integer(value)
        if number is None or number < 0 or limit is None:
            message = f"{clause}: {show_value(value)} is not a whole number of 0 or more"
            if settings.filter_bad_number == "error":
                raise MappingError(message, "Filter on a whole number.", text=str(clause))
            warnings.append(f"{message}; the clause is treated as false (unconfirmed)")
            return False
        if or_equal:
            return number >= limit
        return number > limit

    return test


def _inside(wanted: bool) -> Test:
    def test(clause: Clause, value: Any, settings: Settings, warnings: list[str]) -> bool:
        warnings.append(f"{clause}: & is read as text inside the clause's value; its meaning is (unconfirmed)")
        return (plain_text(value) in (clause.value or "")) is wanted

    return test


TESTS: dict[str, Test] = {
    "EQUALS": _equals,
    "NOT EQUALS": lambda clause, value, settings, warnings: not _equals(clause, value, settings, warnings),
    "IS TRUE": _is_boolean(True),
    "IS FALSE": _is_boolean(False),
    "REGEX MATCH": _regex(True),
    "NOT REGEX MATCH": _regex(False),
    "Greater_Than": _greater(False),
    "Greater_Than_OR_EQUALS": _greater(True),
    "Includes": lambda clause, value, settings, warnings: (clause.value or "") in plain_text(value),
    "ENDS_WITH": lambda clause, value, settings, warnings: plain_text(value).endswith(clause.value or ""),
    "&": _inside(True),
    "!&": _inside(False),
}
