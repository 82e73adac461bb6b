"""Scoping filters: each operator, groups, null rule, what is refused, and who decided."""

from __future__ import annotations

from typing import Any

import pytest

from scimkit.errors import MappingError
from scimkit.mapping import (
    Clause,
    ScopingFilter,
    Settings,
    UnfilterableAttribute,
    UnknownOperator,
    in_scope,
    judge,
    lint_filters,
)
from scimkit.mapping.language.problems import NotReproduced
from scimkit.mapping.scoping.filters import OPERATORS

PERSON = {
    "department": "Sales",
    "jobTitle": "",
    "employeeId": "0042",
    "accountEnabled": True,
    "IsSoftDeleted": "False",
    "userPrincipalName": "ada@contoso.com",
    "level": 7,
}


def group(*clauses: tuple[str, str, Any], name: str = "g") -> dict[str, Any]:
    return {
        "name": name,
        "clauses": [
            {"sourceOperandName": a, "operatorName": o, "targetOperand": {"values": [] if v is None else [v]}}
            for a, o, v in clauses
        ],
    }


@pytest.mark.parametrize(
    ("attribute", "operator", "value", "expected"),
    [
        ("department", "EQUALS", "Sales", True),
        ("department", "EQUALS", "sales", False),
        ("jobTitle", "EQUALS", "", False),
        ("accountEnabled", "EQUALS", "True", True),
        ("accountEnabled", "EQUALS", "true", False),
        ("department", "NOT EQUALS", "sales", True),
        ("jobTitle", "NOT EQUALS", "x", False),
        ("absent", "NOT EQUALS", "x", False),
        ("accountEnabled", "IS TRUE", None, True),
        ("IsSoftDeleted", "IS FALSE", None, True),
        ("absent", "IS FALSE", None, False),
        ("absent", "IS NULL", None, True),
        ("jobTitle", "IS NULL", None, True),
        ("department", "IS NULL", None, False),
        ("jobTitle", "IS NOT NULL", None, False),
        ("department", "IS NOT NULL", None, True),
        ("userPrincipalName", "REGEX MATCH", r".*\@contoso.com", True),
        ("userPrincipalName", "REGEX MATCH", r".*\@CONTOSO.com", False),
        ("userPrincipalName", "NOT REGEX MATCH", r".*\@contoso.com", False),
        ("jobTitle", "NOT REGEX MATCH", "x", False),
        ("level", "Greater_Than", "7", False),
        ("level", "Greater_Than_OR_EQUALS", "7", True),
        ("employeeId", "Greater_Than", "41", True),
        ("department", "Greater_Than", "1", False),
        ("absent", "Greater_Than", "1", False),
        ("department", "Includes", "ale", True),
        ("department", "Includes", "ALE", False),
        ("department", "ENDS_WITH", "les", True),
        ("department", "ENDS_WITH", "LES", False),
        ("department", "&", "Sales and more", True),
        ("department", "!&", "Sales and more", False),
        ("jobTitle", "!&", "x", False),
    ],
)
def test_operator(attribute: str, operator: str, value: str | None, expected: bool) -> None:
    """Each operator on text, number, boolean, empty and absent attributes."""
    assert in_scope([group((attribute, operator, value))], PERSON) is expected
    assert in_scope([ScopingFilter("g", (Clause(attribute, operator, value),))], PERSON) is expected


def test_every_operator_has_a_test() -> None:
    """The table of operators and their tests are complete."""
    from scimkit.mapping.scoping.filters import TESTS, UNARY

    assert set(TESTS) | set(UNARY) == set(OPERATORS)


@pytest.mark.parametrize("nothing", [None, [], {}, {"groups": []}, {"groups": None}])
def test_without_filters_everyone_passes(nothing: Any) -> None:
    """No scope and an empty one let everyone pass."""
    assert in_scope(nothing, {}) is True


def test_groups_are_or_and_clauses_are_and() -> None:
    """One filter suffices, but all of its clauses must hold; the verdict names the decider."""
    both = group(("department", "EQUALS", "Sales"), ("jobTitle", "IS NOT NULL", None), name="titled sales")
    other = group(("department", "IS NULL", None), name="no department")

    verdict = judge({"groups": [both, other]}, PERSON)

    assert not verdict.passed
    assert "titled sales jobTitle IS NOT NULL: jobTitle is empty" in verdict.reason
    assert 'no department department IS NULL: department is "Sales"' in verdict.reason
    assert (verdict.filter, str(verdict.clause)) == ("titled sales", "jobTitle IS NOT NULL")

    passed = judge([both, group(("level", "EQUALS", "7"), name="seven")], PERSON)
    assert passed.passed
    assert passed.filter == "seven"
    assert "seven" in passed.reason


def test_the_null_rule_is_said() -> None:
    """A negative operator on an empty attribute is false, and the reason says why."""
    verdict = judge([group(("absent", "NOT EQUALS", "Sales"))], PERSON)
    assert not verdict.passed
    assert "absent is empty" in verdict.reason


def test_both_anchorings_are_compared() -> None:
    """Where a part matches but not the whole, the verdict warns, and the setting decides."""
    filters = [group(("level", "REGEX MATCH", "[1-9]"), ("userPrincipalName", "REGEX MATCH", "ada"))]
    verdict = judge(filters, PERSON)

    assert verdict.passed
    assert len(verdict.warnings) == 1
    assert "^...$" in verdict.warnings[0]
    assert not judge(filters, PERSON, Settings(filter_anchoring="whole")).passed
    assert judge([group(("department", "REGEX MATCH", "^Sales$"))], PERSON).warnings == ()


@pytest.mark.parametrize("name", ["", "both"])
def test_filters_of_one_name_are_told_apart(name: str) -> None:
    """The portal does not ask for different titles; each filter's own clause decided."""
    filters = [group(("department", "EQUALS", "Ops"), name=name), group(("absent", "IS NOT NULL", None), name=name)]
    verdict = judge(filters, PERSON)

    assert not verdict
    assert "department EQUALS Ops" in verdict.reason
    assert "absent IS NOT NULL" in verdict.reason


@pytest.mark.parametrize(
    ("clause", "kind", "words"),
    [
        (("department", "STARTS WITH", "x"), UnknownOperator, "no operator"),
        (("department", "EQUAL", "x"), UnknownOperator, "no operator"),
        (("department", "IsMemberOf", "x"), UnknownOperator, "not supported"),
        (("manager", "IS NULL", None), UnfilterableAttribute, "not supported"),
        (("userType", "EQUALS", "Guest"), UnfilterableAttribute, "not supported"),
        (("employeeHireDate", "EQUALS", "x"), UnfilterableAttribute, "date"),
        (("proxyAddresses", "Includes", "x"), UnfilterableAttribute, "several values"),
        (("members", "IS NULL", None), UnfilterableAttribute, "membership"),
        (("many", "EQUALS", "x"), UnfilterableAttribute, "several values"),
        (("department", "EQUALS", None), MappingError, "no value"),
        (("level", "Greater_Than", "-1"), MappingError, "whole number"),
        (("level", "Greater_Than", "seven"), MappingError, "whole number"),
        (("department", "REGEX MATCH", "("), MappingError, "not closed"),
        (("department", "REGEX MATCH", r"\p{IsGreek}"), NotReproduced, "Unicode block"),
    ],
)
def test_what_is_not_supported_is_refused(clause: tuple[str, str, Any], kind: type, words: str) -> None:
    """A dry run refuses with the reason instead of guessing."""
    with pytest.raises(kind) as caught:
        judge([group(clause)], {**PERSON, "many": ["a", "b"]})
    assert words in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    "filters",
    [
        [group()],
        [{"name": "x"}],
        "text",
        [{"clauses": ["x"]}],
        [{"clauses": [{"sourceOperandName": "a", "targetOperand": {"values": "x"}}]}],
        [{"clauses": [{"sourceOperandName": "a", "targetOperand": {"values": [{}]}}]}],
        7,
    ],
)
def test_wrong_shapes_are_mapping_errors(filters: Any) -> None:
    """A group without clauses and other broken shapes raise MappingError."""
    with pytest.raises(MappingError):
        in_scope(filters, PERSON)


def test_a_pattern_bomb_is_refused() -> None:
    """A slow pattern is a MappingError, not a hang."""
    with pytest.raises(MappingError, match="too long"):
        in_scope([group(("x", "REGEX MATCH", "^(a|aa|aaa)+$"))], {"x": "a" * 3000 + "b"}, Settings(regex_seconds=0.1))


def test_a_real_mistake_comes_before_a_pattern_only_dotnet_runs() -> None:
    """That we cannot run the first clause hides nothing: the second is what has to be mended."""
    unrun = ("department", "REGEX MATCH", "[a-z-[aeiou]]")
    with pytest.raises(UnfilterableAttribute):
        judge([group(unrun, ("manager", "IS NULL", None))], PERSON)

    [finding] = [each for each in lint_filters([group(unrun)]) if each.code == "filter.not_reproduced"]

    assert (finding.severity, finding.mark) == ("warning", "unconfirmed")
    assert "class subtraction" in finding.message


def test_doubtful_filters_are_found() -> None:
    """The reading without a person names each doubtful clause."""
    codes = {
        finding.code
        for finding in lint_filters(
            [
                group(("userPrincipalName", "NOT REGEX MATCH", r".*\@domain.com")),
                group(("department", "&", "x")),
                group(("level", "Greater_Than", "1")),
                group(),
                ScopingFilter("two", (Clause("a", "EQUALS", "1", ("2",)),)),
            ]
        )
    }
    assert codes == {
        "filter.negative_null",
        "filter.unescaped_dot",
        "filter.anchoring",
        "filter.ampersand",
        "filter.greater_than",
        "filter.unsupported",
        "filter.several_values",
    }
