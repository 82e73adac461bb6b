"""Scoping filters as one line of text, to be tested before anything is entered in a portal.

    department EQUALS Sales AND jobTitle IS NOT NULL OR department IS NULL

AND joins the clauses of one filter. OR separates filters and binds less tightly, as
in Entra ("Scoping users or groups with scoping filters"). A value extends to the next
AND or OR in capitals, or is in double quotes, with any quote inside it doubled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from scimkit.mapping.language.problems import ExpressionError, NotReproduced
from scimkit.mapping.scoping.filters import OPERATORS, UNARY, Clause, ScopingFilter, check_filters, suggest_operator

NAME = "tried filter"
EXAMPLE = "department EQUALS Sales AND jobTitle IS NOT NULL"
_SPELLED = sorted(OPERATORS, key=len, reverse=True)
_OPERATOR = re.compile(
    "|".join(
        rf"(?P<o{i}>{re.escape(name).replace('_', '[_ ]').replace(chr(92) + ' ', ' +')})"
        for i, name in enumerate(_SPELLED)
    ),
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r'[^\s"()\[\]]+')
_JOINER = re.compile(r"\s+(AND|OR)(?=\s|$)")
_LOWER_JOINER = re.compile(rf"\s(and|or)\s+\S+\s+(?:{_OPERATOR.pattern})(?=\s|$)", re.IGNORECASE)
_BARE = re.compile(r'[^\s"](?:.*\S)?', re.DOTALL)


def read_filter_text(text: str) -> tuple[ScopingFilter, ...]:
    """The filters written in `text`; none if it is blank.

    A pattern that cannot be run here can still be read: `judge` reports it.

    Raises ExpressionError with the place that cannot be read, and what `check_filters`
    raises for anything that the service does not support.

    >>> [str(each) for each in read_filter_text('department EQUALS "R AND D" OR department IS NULL')]
    ['tried filter: department EQUALS R AND D', 'tried filter 2: department IS NULL']
    """
    if not text.strip():
        return ()
    groups: list[list[Clause]] = [[]]
    place = 0
    while True:
        clause, place = _read_clause(text, place)
        groups[-1].append(clause)
        joiner = _JOINER.match(text, place)
        if joiner is None:
            if rest := text[place:].strip():
                message = f"{rest.split()[0]!r} was found where AND, OR or the end was expected"
                raise _fault(
                    text, _skip(text, place), message, "Join clauses with AND and filters with OR, in capitals."
                )
            break
        if joiner[1] == "OR":
            groups.append([])
        place = joiner.end()
    filters = tuple(
        ScopingFilter(NAME if number == 1 else f"{NAME} {number}", tuple(clauses))
        for number, clauses in enumerate(groups, start=1)
    )
    with suppress(NotReproduced):
        check_filters(filters)
    return filters


def print_filters(filters: Iterable[ScopingFilter]) -> str:
    """The reverse of `read_filter_text`, without names, and with only the first of several values in a clause.

    >>> print_filters([ScopingFilter("Sales", (Clause("department", "EQUALS", "Sales and more"),))])
    'department EQUALS "Sales and more"'
    """
    return " OR ".join(_print_filter(each) for each in filters)


def _print_filter(each: ScopingFilter) -> str:
    return " AND ".join(print_clause(clause) for clause in each.clauses)


def print_clause(clause: Clause) -> str:
    """One clause, with its value in quotes if it could be misread."""
    head = f"{clause.attribute} {clause.operator}"
    if clause.value is None:
        return head
    plain = _BARE.fullmatch(clause.value) and not re.search(r"\b(and|or)\b", clause.value, re.IGNORECASE)
    if plain:
        return f"{head} {clause.value}"
    return f'{head} "{clause.value.replace(chr(34), chr(34) * 2)}"'


def _fault(text: str, place: int, message: str, remedy: str) -> ExpressionError:
    return ExpressionError(
        f"the filter cannot be read: {message}",
        f"{remedy} An example: {EXAMPLE}",
        text=text,
        position=min(place, len(text)),
    )


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place].isspace():
        place += 1
    return place


def _read_clause(text: str, place: int) -> tuple[Clause, int]:
    place = _skip(text, place)
    attribute = _ATTRIBUTE.match(text, place)
    if attribute is None:
        if text[place : place + 1] in ("(", ")", "[", "]"):
            raise _fault(
                text,
                place,
                "a filter cannot contain brackets",
                "Write only the attribute's name, and write the filters one after the other with OR between them.",
            )
        raise _fault(
            text,
            place,
            "an attribute is missing here",
            "A clause is an attribute, an operator and, for most operators, a value.",
        )
    after = _skip(text, attribute.end())
    operator = _OPERATOR.match(text, after)
    if operator is None or (operator.end() < len(text) and not text[operator.end()].isspace()):
        raise _unknown_operator(text, after, attribute[0])
    name = _SPELLED[int(str(operator.lastgroup)[1:])]
    if name in UNARY:
        return Clause(attribute[0], name), operator.end()
    value, end = _read_value(text, operator.end(), name)
    return Clause(attribute[0], name, value), end


def _unknown_operator(text: str, place: int, attribute: str) -> ExpressionError:
    words = text[place:].split()[:3]
    if not words:
        return _fault(
            text, place, f"an operator is missing after {attribute}", f"Operators are {', '.join(OPERATORS)}."
        )
    near = next((found for count in (3, 2, 1) if (found := suggest_operator(" ".join(words[:count])))), "")
    hint = ""
    if near:
        hint = f"Did you mean {near}? "
    return _fault(text, place, f"there is no operator {words[0]!r}", f"{hint}Operators are {', '.join(OPERATORS)}.")


def _read_value(text: str, place: int, operator: str) -> tuple[str, int]:
    start = _skip(text, place)
    if text[start : start + 1] == '"':
        return _read_quoted(text, start)
    joiner = _JOINER.search(text, place)
    if joiner:
        end = joiner.start()
    else:
        end = len(text)
    value = text[start:end].rstrip()
    if not value:
        raise _fault(text, start, f"{operator} has no value", "Give the value to compare with.")
    if found := _LOWER_JOINER.search(text, start, end):
        remedy = f'Write {found[1].upper()} in capitals to join clauses, or put the whole value in quotes: "…".'
        raise _fault(text, found.start(1), f"{found[1]!r} could either join clauses or belong to the value", remedy)
    return value, start + len(value)


def _read_quoted(text: str, start: int) -> tuple[str, int]:
    found = re.compile(r'"((?:[^"]|"")*)"').match(text, start)
    if found is None:
        raise _fault(text, start, "this quote is not closed", 'Close it with ", and double a quote inside the value.')
    return found[1].replace('""', '"'), found.end()
