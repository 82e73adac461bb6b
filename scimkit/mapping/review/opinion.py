"""What Microsoft itself says about the expressions, and what happens to our own results if it disagrees.

Microsoft's answer applies: it replaces ours before anything else is checked, and both
are shown. For groups no values are shown, so a difference there is only a finding. A
value that depends on the clock or on chance, that must be masked, or that is a role
object has no form to compare, so only the reading counts for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimkit.errors import MappingError
from scimkit.evidence.checks import Check, failed, not_observed, passed, warning
from scimkit.mapping.language.syntax import Call, Expression, walk
from scimkit.mapping.review.certainty import documented
from scimkit.mapping.review.record import NO_VALUE, Overruled
from scimkit.mapping.review.texts import value_text
from scimkit.mapping.rows import MappingRow, ObjectMapping, Values, choose_mapping

SOURCE = documented("Microsoft Graph, parseExpression")
STANDS = (
    "Microsoft's answer applies and is the one shown in the row; the prediction of 5c_pilot is scimkit's own and says"
    " so there."
)
GROUP_STANDS = "Microsoft's answer applies; scimkit's predictions for groups are its own."
UNSTABLE = frozenset({"Now", "Guid", "RandomString"})
GROUP = "Group"
INCOMPARABLE = UNSTABLE | {"Redact", "AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What Microsoft says about one row for one person or one group.

    person  user principal name; for a group its name
    read    whether Microsoft can read the expression
    values  the result as strings; () for nothing
    error   Microsoft's words if it cannot read or evaluate the expression; "" otherwise
    object  User | Group: whose mapping the row is in
    """

    target: str
    person: str
    read: bool
    values: tuple[str, ...] = ()
    error: str = ""
    object: str = "User"

    @property
    def row(self) -> str:
        """The name of the row in the review: its target, and whose row it is if it is not for people."""
        return row_name(self.target, self.object)


@dataclass(frozen=True, slots=True)
class Opinion:
    """Microsoft's answers.

    unasked  why some or all were not asked; "" when all were
    remedy   what to do about that
    groups   source attributes of the groups asked about, by name: the review compares with them
    """

    answers: tuple[Answer, ...] = ()
    unasked: str = ""
    remedy: str = ""
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Dispute:
    """One answer that differs from ours. ours: our result in words."""

    answer: Answer
    ours: str

    @property
    def theirs(self) -> str:
        if self.answer.error:
            return f"an error ({self.answer.error})"
        return ", ".join(self.answer.values) or NO_VALUE


def row_name(target: str, object: str) -> str:
    if object == GROUP:
        return f"{target} of groups"
    return target


def group_mapping(live: Iterable[ObjectMapping]) -> ObjectMapping | None:
    """The group mapping, if groups are provisioned."""
    found = choose_mapping(live, GROUP)
    if found is not None and found.enabled:
        return found
    return None


def expression_rows(mapping: ObjectMapping | None) -> tuple[MappingRow, ...]:
    """The rows to ask about; a row that comes straight from an attribute or a string has only one reading."""
    return tuple(row for row in (mapping.rows if mapping else ()) if row.kind == "Expression" and row.expression)


def uses(node: Expression, functions: frozenset[str]) -> bool:
    return any(isinstance(each, Call) and each.name in functions for each in walk(node))


def find_disputes(
    answers: Iterable[Answer],
    parsed: Mapping[str, Expression],
    ours: Mapping[str, Values],
    rows: Mapping[str, MappingRow],
) -> tuple[Dispute, ...]:
    """Where Microsoft's result differs from ours; what cannot be compared is left out.

    answers  for the rows of one mapping

    Our results contain the row's default where the expression returns nothing, so the default
    also counts as equal to no result from Microsoft.
    """
    found = []
    for answer in answers:
        node, result = parsed.get(answer.target), ours.get(answer.person)
        if node is None or result is None or uses(node, INCOMPARABLE):
            continue
        error, value = result.errors.get(answer.target), result.values.get(answer.target)
        theirs = answer.values or _texts(rows[answer.target].default)
        if (error is None) == (not answer.error) and (error is not None or _alike(theirs, _texts(value))):
            continue
        if _texts(value):
            given = value_text(value)
        else:
            given = NO_VALUE
        found.append(Dispute(answer, f"an error ({error})" if error else given))
    return tuple(found)


def _texts(value: Any) -> tuple[str, ...]:
    """One of our values as Microsoft writes it, a list of strings; null and an empty string are nothing."""
    if isinstance(value, list):
        values = value
    else:
        values = [value]
    return tuple(value_text(each) for each in values if each not in (None, ""))


def _alike(theirs: tuple[str, ...], ours: tuple[str, ...]) -> bool:
    booleans = {text.casefold() for text in (*theirs, *ours)} <= {"true", "false"}
    return theirs == ours or (booleans and [t.casefold() for t in theirs] == [o.casefold() for o in ours])


def heed(
    ours: Mapping[str, Values], disputes: tuple[Dispute, ...], rows: Mapping[str, MappingRow]
) -> dict[str, Values]:
    """Our results, replaced by Microsoft's answer where the two differ."""
    heeded = {name: Values(dict(v.values), dict(v.errors), v.empty, v.object_ignored) for name, v in ours.items()}
    for dispute in disputes:
        target, result = dispute.answer.target, heeded[dispute.answer.person]
        result.errors.pop(target, None)
        result.values.pop(target, None)
        result.empty = tuple(name for name in result.empty if name != target)
        if dispute.answer.error:
            result.errors[target] = MappingError(
                f"Microsoft: {dispute.answer.error}", "Try it in the portal's expression builder."
            )
        elif dispute.answer.values:
            result.values[target] = (
                dispute.answer.values[0] if len(dispute.answer.values) == 1 else list(dispute.answer.values)
            )
        elif (default := rows[target].default) is not None:
            result.values[target] = default
        else:
            result.empty = (*result.empty, target)
    return heeded


def overruled(disputes: tuple[Dispute, ...]) -> tuple[Overruled, ...]:
    """The results we had calculated, by target, for the record."""
    by_target: dict[str, dict[str, str]] = {}
    for dispute in disputes:
        by_target.setdefault(dispute.answer.target, {})[dispute.answer.person] = dispute.ours
    return tuple(Overruled(target, values) for target, values in by_target.items())


def check_answers(opinion: Opinion, disputes: tuple[Dispute, ...], parsed: Mapping[str, Expression]) -> Iterator[Check]:
    """One finding for each row that Microsoft cannot read or evaluates differently; otherwise that it agrees.

    disputes, parsed  for people and groups; the parsed expressions by `row_name`
    """
    unread = {answer.row: answer for answer in opinion.answers if not answer.read}
    for row, answer in unread.items():
        text = f"Microsoft cannot read the expression of {row}: {answer.error or 'it does not say why'}"
        yield failed(
            "mapping.microsoft_refuses",
            text,
            f"Open the row of {row} under Attribute Mapping and fix the expression in the expression builder.",
            SOURCE,
        )
    disputed: dict[str, list[Dispute]] = {}
    for dispute in disputes:
        disputed.setdefault(dispute.answer.row, []).append(dispute)
    for row, found in disputed.items():
        if row not in unread:
            told = "; ".join(
                f"for {each.answer.person} Microsoft returns {each.theirs}, scimkit {each.ours}" for each in found
            )
            if found[0].answer.object == GROUP:
                stands = GROUP_STANDS
            else:
                stands = STANDS
            yield warning(
                "mapping.microsoft_disagrees",
                f"{row}: {told}",
                f"{stands} Report the expression to the developers of scimkit.",
                SOURCE,
            )
    if opinion.unasked:
        yield not_observed("mapping.microsoft", opinion.unasked, opinion.remedy, SOURCE)
    elif not unread and not disputed:
        yield passed("mapping.microsoft_agrees", _agreed(opinion, parsed), SOURCE)


def _agreed(opinion: Opinion, parsed: Mapping[str, Expression]) -> str:
    rows = dict.fromkeys(answer.row for answer in opinion.answers)
    if not rows:
        return "no row has an expression to ask Microsoft about"
    only_read = [row for row in rows if row in parsed and uses(parsed[row], INCOMPARABLE)]
    text = f"Microsoft reads {', '.join(rows)} in the same way as scimkit, with the same values"
    return text + (f"; {', '.join(only_read)} could only be read, not compared" if only_read else "")
