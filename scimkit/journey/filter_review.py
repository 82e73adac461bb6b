"""How scoping filters affect the assigned people and groups.

A filter narrows the assignment: a person must pass both ("How application
provisioning works"), so only assigned people are checked. Nothing is written here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from scimkit.clients.graph import GraphClient
from scimkit.errors import MappingError
from scimkit.evidence.checks import Check, failed, not_observed, not_reached, passed, warning
from scimkit.mapping import Finding, ScopingFilter, Verdict, judge, lint_filters
from scimkit.mapping.findings import FILTER_NOT_REPRODUCED
from scimkit.mapping.language.problems import NotReproduced, suggest
from scimkit.mapping.language.settings import STRICT
from scimkit.mapping.language.values import plain_text
from scimkit.mapping.rows import ObjectMapping
from scimkit.mapping.scoping.filter_text import print_filters
from scimkit.provisioning.source import GROUP_SAME_NAME, OTHER_NAME, SAME_NAME, group_attributes, source_attributes

EMPTY = "(empty)"
WHOLE = replace(STRICT, filter_anchoring="whole")
SOURCE = "Scoping users or groups with scoping filters"
MARKS = {"documented": SOURCE, "seen": "field reports", "unconfirmed": "(unconfirmed)"}
GROUP_NAMES = frozenset(("objectId", *GROUP_SAME_NAME, "IsSoftDeleted"))
_MADE = ("telephoneNumber", "userPrincipalName", "originalUserPrincipalName", "IsSoftDeleted")
USER_NAMES = frozenset((*SAME_NAME, *OTHER_NAME, *_MADE, *(f"extensionAttribute{n}" for n in range(1, 16))))


@dataclass(frozen=True, slots=True)
class FailedClause:
    """One clause that is false for a person. has: the person's value, EMPTY for none."""

    filter: str
    attribute: str
    operator: str
    value: str
    has: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A person who is assigned but passes no filter, with every clause that is false for that person.

    person  user principal name, group the name of a group: one of the two
    """

    person: str
    group: str
    clauses: tuple[FailedClause, ...]

    @property
    def name(self) -> str:
        return self.person or self.group


@dataclass(frozen=True, slots=True)
class ClauseCount:
    """For how many of those left out a clause is false; `empty` of these have no value."""

    clause: str
    people: int
    empty: int


@dataclass(frozen=True, slots=True)
class DoubtfulPattern:
    """A person whose result depends on whether a pattern must match the whole value, which is (unconfirmed).

    person, group  as in LeftOut
    passes_when    the reading under which the person passes: anywhere | whole
    """

    person: str
    group: str
    passes_when: str

    @property
    def name(self) -> str:
        return self.person or self.group


@dataclass(frozen=True, slots=True)
class FilterReview:
    """The scoping filters of one mapping, and their effect.

    object    User | Group: what the mapping provisions
    filters   each as text, preceded by its name
    remarks   what is doubtful about them, regardless of any person
    judged    how many of the assigned were checked; passing: how many of these pass
    problem   why no one could be checked; ""; unread: the attribute that could not be read from Graph
    left_out  in by assignment, out by filter; counts: the same by clause, most frequent first
    not_reproduced  the problem is a pattern that cannot be run here, and that Microsoft may be able to run
    """

    object: str
    filters: tuple[str, ...]
    remarks: tuple[Finding, ...]
    judged: int
    passing: int
    problem: str
    unread: str
    counts: tuple[ClauseCount, ...]
    left_out: tuple[LeftOut, ...]
    doubtful: tuple[DoubtfulPattern, ...]
    not_reproduced: bool = False


@dataclass(frozen=True, slots=True)
class FilterTrial:
    """A filter that is not in Entra, applied to everyone assigned.

    text      as given, in canonical form; "" if there was none
    staying   pass today and would pass; leaving pass today and would not (a started job disables them)
    entering  do not pass today and would; left out today and then: the rest
    """

    text: str
    review: FilterReview
    staying: int
    leaving: tuple[LeftOut, ...]
    entering: tuple[str, ...]


def source_names(schema: Mapping[str, Any], source_object: str) -> frozenset[str]:
    """The attributes that the schema's source directory lists for `source_object`; none if it lists nothing."""
    rules = schema.get("synchronizationRules") or ()
    sources = {rule.get("sourceDirectoryName") for rule in rules}
    names: set[str] = set()
    for directory in schema.get("directories") or ():
        if directory.get("name") not in sources:
            continue
        for described in directory.get("objects") or ():
            if described.get("name") == source_object:
                names.update(str(attribute.get("name")) for attribute in described.get("attributes") or ())
    return frozenset(names)


def extension_attributes(filters: Iterable[ScopingFilter], known: frozenset[str]) -> tuple[str, ...]:
    """Directory extensions that `filters` read: Graph returns them only when they are requested by name."""
    clauses = chain.from_iterable(each.clauses for each in filters)
    names = (clause.attribute for clause in clauses)
    return tuple(dict.fromkeys(name for name in names if name.startswith("extension_") and name in known))


def assigned_groups(
    graph: GraphClient, mapping: ObjectMapping | None, group_ids: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """The assigned groups by name, if a group mapping with filters makes them worth one request each."""
    if mapping is None or not mapping.enabled or not mapping.filters:
        return {}
    found = (group for id in group_ids if (group := graph.group(id)) is not None)
    return {
        str(group.get("displayName") or group["id"]): group_attributes(group, members=(), in_scope=True)
        for group in found
    }


def user_sources(users: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Graph users by user principal name, as filters see them."""
    return {
        str(user.get("userPrincipalName") or user["id"]): source_attributes(user, soft_deleted=False) for user in users
    }


def review_filters(
    source_object: str,
    filters: tuple[ScopingFilter, ...],
    sources: Mapping[str, Mapping[str, Any]],
    *,
    known: frozenset[str],
) -> FilterReview:
    """Apply `filters` to everyone in `sources`, under both readings of a pattern.

    sources  source attributes of the assigned people, by user principal name (of groups by name)
    known    the source schema's attributes; empty: not checked
    """
    remarks = (*lint_filters(filters), *_unknown_attributes(filters, known))
    shown = tuple(f"{each.name}: {print_filters([each])}" for each in filters)
    unread = next((name for name in _unread(source_object, filters) if not known or name in known), "")
    broken = next((remark.message for remark in remarks if remark.severity == "error"), "")
    if broken or unread:
        problem = broken or f"{unread} cannot be read from Graph here"
        return FilterReview(source_object, shown, remarks, 0, 0, problem, "" if broken else unread, (), (), ())
    try:
        verdicts = {name: judge(filters, source) for name, source in sources.items()}
        whole = {
            name: judge(filters, source, WHOLE).passed if verdicts[name].warnings else verdicts[name].passed
            for name, source in sources.items()
        }
    except MappingError as error:
        return FilterReview(
            source_object, shown, remarks, 0, 0, error.message, "", (), (), (), isinstance(error, NotReproduced)
        )
    left_out = tuple(
        LeftOut(*_named(source_object, name), _false_clauses(verdict))
        for name, verdict in verdicts.items()
        if not verdict.passed
    )
    differing = ((name, verdict.passed) for name, verdict in verdicts.items() if verdict.passed != whole[name])
    doubtful = tuple(
        DoubtfulPattern(*_named(source_object, name), "anywhere" if anywhere else "whole")
        for name, anywhere in differing
    )
    return FilterReview(
        source_object,
        shown,
        remarks,
        len(verdicts),
        len(verdicts) - len(left_out),
        "",
        "",
        _count(left_out),
        left_out,
        doubtful,
    )


def try_filters(
    source_object: str,
    tried: tuple[ScopingFilter, ...],
    today: tuple[ScopingFilter, ...],
    sources: Mapping[str, Mapping[str, Any]],
    *,
    known: frozenset[str],
) -> FilterTrial:
    """What `tried` would do in place of the filters of `today`; it is evaluated, never written.

    If one of the two cannot be evaluated, nothing is reported about anyone.
    """
    review = review_filters(source_object, tried, sources, known=known)
    if review.problem or not tried:
        return FilterTrial(print_filters(tried), review, 0, (), ())
    before = review_filters(source_object, today, sources, known=frozenset())
    if before.problem:
        unjudged = replace(
            before,
            filters=review.filters,
            remarks=review.remarks,
            problem=f"nothing is known about the current filter: {before.problem}",
        )
        return FilterTrial(print_filters(tried), unjudged, 0, (), ())
    out = {each.person for each in before.left_out}
    leaving = tuple(each for each in review.left_out if each.person not in out)
    stay_out = {each.person for each in review.left_out}
    entering = tuple(name for name in sources if name in out and name not in stay_out)
    return FilterTrial(print_filters(tried), review, review.passing - len(entering), leaving, entering)


def _unknown_attributes(filters: Iterable[ScopingFilter], known: frozenset[str]) -> Iterable[Finding]:
    for each in filters:
        for clause in each.clauses:
            if known and clause.attribute not in known:
                near = suggest(clause.attribute, known)
                remedy = "Add it to the source schema, or correct the clause."
                if near:
                    remedy = f"Did you mean {near}? Names are case-sensitive."
                yield Finding(
                    "filter.unknown_attribute",
                    "error",
                    f"{each.name}: {clause.attribute} is not in the source schema",
                    remedy,
                )


def _unread(source_object: str, filters: Iterable[ScopingFilter]) -> tuple[str, ...]:
    """Attributes of `filters` that scimkit cannot read from Graph, so that nothing may be claimed about them."""
    if source_object == "User":
        readable = USER_NAMES
    else:
        readable = GROUP_NAMES
    clauses = chain.from_iterable(each.clauses for each in filters)
    names = (clause.attribute for clause in clauses)
    return tuple(
        name
        for name in names
        if name not in readable and not (source_object == "User" and name.startswith("extension_"))
    )


def _named(source_object: str, name: str) -> tuple[str, str]:
    if source_object == "User":
        return (name, "")
    return ("", name)


def _false_clauses(verdict: Verdict) -> tuple[FailedClause, ...]:
    wrong = (each for each in verdict.clauses if not each.true)
    return tuple(
        FailedClause(
            each.filter, each.clause.attribute, each.clause.operator, each.clause.value or "", _has(each.value)
        )
        for each in wrong
    )


def _has(value: Any) -> str:
    if value in (None, ""):
        return EMPTY
    return plain_text(value)


def _count(left_out: Iterable[LeftOut]) -> tuple[ClauseCount, ...]:
    people: Counter[str] = Counter()
    empty: Counter[str] = Counter()
    for each in left_out:
        for clause in dict.fromkeys((c.attribute, c.operator, c.value, c.has == EMPTY) for c in each.clauses):
            text = " ".join(part for part in clause[:3] if part)
            people[text] += 1
            empty[text] += clause[3]
    return tuple(ClauseCount(text, count, empty[text]) for text, count in people.most_common())


# -- checks -------------------------------------------------------------------


def check_filters_of(review: FilterReview) -> tuple[Check, ...]:
    """What an administrator should check; one passed check if there is no filter."""
    if review.object == "User":
        code, who = ("scope.filters", "people")
    else:
        code, who = ("scope.group_filters", "groups")
    if not review.filters:
        return (passed(code, f"there is no scoping filter: all {who} assigned pass", SOURCE),)
    remarks = (
        remark for remark in review.remarks if not (review.not_reproduced and remark.code == FILTER_NOT_REPRODUCED)
    )  # said once
    return (
        _check_effect(code, who, review),
        *_check_doubtful(code, who, review),
        *(_check_remark(remark) for remark in remarks),
    )


def _check_effect(code: str, who: str, review: FilterReview) -> Check:
    if review.unread:
        remedy = f"Try the filter in the portal: provision on demand names the clauses of {review.unread}."
        return not_observed(code, f"no one was checked against the scoping filters: {review.problem}", remedy)
    if review.problem and any(remark.severity == "error" for remark in review.remarks):
        return not_reached(code, f"no one was checked against the scoping filters: {review.problem}")
    if review.not_reproduced:
        remedy = (
            "Microsoft may be able to run it. Try it in the portal, where provision on demand names the clauses, or"
            " write the pattern in another way."
        )
        return not_observed(
            code, f"no one was checked against the scoping filters: {review.problem}", remedy, MARKS["unconfirmed"]
        )
    if review.problem:
        remedy = "Correct the filter in the portal's attribute mapping, under source object scope."
        return failed(code, f"the scoping filters cannot be evaluated: {review.problem}", remedy, SOURCE)
    if not review.judged:
        return not_observed(code, f"no {who} are assigned, so the scoping filters could not be tried")
    if not review.left_out:
        return passed(code, f"all {review.judged} {who} assigned pass the scoping filters", SOURCE)
    text = (
        f"{len(review.left_out)} of {review.judged} {who} assigned do not pass the scoping filters: {_reasons(review)}"
    )
    if not review.passing and review.object == "User":  # people of a group are provisioned without it
        return failed(
            code, text, "Correct the filter, or fill the attribute in Entra. As it is, nothing is provisioned.", SOURCE
        )
    return warning(
        code,
        text,
        "Nothing, if they should stay out. Otherwise correct the filter, or fill the attribute in Entra.",
        SOURCE,
    )


def _reasons(review: FilterReview) -> str:
    said = [
        f"{each.clause} ({each.people}{f', {each.empty} of them empty' if each.empty else ''})"
        for each in review.counts[:3]
    ]
    return ", ".join(said) + (f" and {len(review.counts) - 3} more clauses" if len(review.counts) > 3 else "")


def _check_doubtful(code: str, who: str, review: FilterReview) -> tuple[Check, ...]:
    if not review.doubtful:
        return ()
    names = ", ".join(each.name for each in review.doubtful[:3]) + (" …" if len(review.doubtful) > 3 else "")
    text = (
        f"whether {len(review.doubtful)} {who} pass depends on whether a pattern must match the whole value, which is"
        f" not documented: {names}"
    )
    return (
        warning(
            f"{code}_pattern",
            text,
            "Write ^...$ around the pattern (or .* at its ends, if a partial match is enough).",
            MARKS["unconfirmed"],
        ),
    )


def _check_remark(remark: Finding) -> Check:
    code = f"scope.{remark.code.replace('.', '_')}"
    if remark.severity == "error":
        return failed(code, remark.message, remark.remedy, MARKS[remark.mark])
    return warning(code, remark.message, remark.remedy, MARKS[remark.mark])
