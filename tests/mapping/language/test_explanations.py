"""Explanations and findings: how a value came about, and what is doubtful."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from itertools import chain

import pytest

from scimkit.errors import MappingError
from scimkit.mapping import explain, lint

NOW = datetime(2025, 7, 30, tzinfo=UTC)


def test_every_intermediate_value_is_shown() -> None:
    """Values, the branch taken, what was empty and what was not reached."""
    told = explain('IIF([a] = "x", [g], Switch([c], "none", "", Left([d], 2)))', {"a": "y", "d": "hello"})
    assert told.value == "he"
    assert told.error is None
    assert told.empty == ("g", "c")
    assert told.branches == ("IIF: condition False", 'Switch: key ""')

    rows = {row.expression: row for row in told.rows()}
    assert rows["[g]"].value == "not taken"
    assert rows["Left([d], 2)"].value == '"he"'
    assert rows["Left([d], 2)"].role == "value 1"
    assert rows["[c]"].note == "empty in the source"
    assert rows['[a] = "x"'].value == "False"

    text = str(told)
    assert '= "he"' in text
    assert "empty: g, c" in text
    assert text.count("\n") == len(told.rows())


def test_a_null_condition_is_explained() -> None:
    """Strict mode: no branch is taken, and the attribute is named."""
    told = explain('IIF([n] = "x", "1", "2")', {})

    assert told.value is None
    assert told.branches == ("IIF: no branch: the condition reads [n], which is null",)
    assert "[n]" in told.warnings[0]


def test_an_error_is_part_of_the_explanation() -> None:
    """The failing part carries the message; values found before it stay."""
    told = explain('Join("", Left([a], 1), CDate([a]))', {"a": "soon"})

    assert isinstance(told.error, MappingError)
    assert told.value is None
    assert [row.value for row in told.rows()][:3] == ["failed", '""', '"s"']
    assert "error: CDate" in str(told)


def test_coalesce_default_and_dates() -> None:
    """Coalesce, the default of Switch, and dates as text."""
    assert explain('Coalesce([n], "x")', {}).branches == ("Coalesce: argument 2",)
    assert explain('Switch([n], "d", "k", "v")', {}).branches == ("Switch: default",)
    assert explain("Now()", {}, now=NOW).root.value == "7/30/2025 12:00:00 AM"
    assert explain("IgnoreFlowIfNullOrEmpty([n])", {}).root.value == "ignore this attribute"


def test_redacted_values_are_masked() -> None:
    """Nothing of a redacted value is shown, neither inside nor around it."""
    told = explain('Switch(Redact([ssn]), "d", [ssn], Join("-", Redact([ssn]), "x"))', {"ssn": "123456789"})
    assert told.value == "[Redact]"

    without_plain_use = explain('Join("-", Redact(Left([ssn], 5)), "x")', {"ssn": "123456789"})
    assert "12345" not in repr(without_plain_use) + str(without_plain_use)


def test_an_unreadable_expression_cannot_be_explained() -> None:
    """Only reading errors are raised."""
    with pytest.raises(MappingError):
        explain("Left(", {})


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("Jion([a])", "expression.unreadable"),
        ('switch([a], , "x", "y")', "expression.spelling"),
        ('Switch([a], , "x", "y")', "expression.switch_incremental"),
        ('Switch([a], , "x", "y", "x", "z")', "expression.switch_duplicate"),
        ('Switch([a], , "x", "y", "X", "z")', "expression.switch_case"),
        ('Switch(IsPresent([a]), , "True", "y")', "expression.switch_test"),
        ('Switch([manager], , "x", "y")', "expression.switch_reference"),
        ("Guid()", "expression.random_always"),
        ('IIF(IsPresent([a]), "1", "2")', "expression.null_condition"),
        ('IIF([a] = "", "1", "2")', "expression.null_condition"),
        ('Replace([a], "x", "y", , "z", , )', "expression.replace_modes"),
        ('Replace([a], "x")', "expression.replace_mode"),
        ('Replace([a], , "[", , "z", , )', "expression.pattern"),
        ('Replace([a], , "a*", , "-", , )', "expression.pattern_empty"),
        ('Append(Split([a], ","), "x")', "expression.list_as_text"),
        ("SelectUniqueValue([a], [b])", "expression.not_for_scim"),
        ("IsNothing([a])", "expression.old_function"),
        ("[appRoleAssignments]", "expression.roles_direct"),
        ('DateAdd("M", 1, Now())', "expression.interval"),
        ('Split([a], ", ")', "expression.split_delimiter"),
        ('Append(IgnoreFlowIfNullOrEmpty([a]), "x")', "expression.ignore_nested"),
    ],
)
def test_doubtful_expressions_are_found(expression: str, code: str) -> None:
    """Each doubtful use has its finding, with a remedy."""
    found = lint(expression)
    assert code in [finding.code for finding in found]
    assert all(finding.remedy for finding in found)


def test_clean_expressions_have_no_finding() -> None:
    """Ordinary expressions are not frowned at."""
    for clean in ("[mail]", 'Join(" ", [givenName], [surname])', 'IIF([country] = "US", "1", "2")', "Mid([a], 1, 8)"):
        assert lint(clean, attributes=["mail", "givenName", "surname", "country", "a"]) == ()

    assert lint("Guid()", apply="ObjectAddOnly") == ()
    assert lint("[Mail]", attributes=["mail"])[0].remedy == "Did you mean [mail]?"
    assert lint("Guid()", matching=True)[0].code == "expression.random_matching"


def test_importing_the_package_is_cheap() -> None:
    """`import scimkit.mapping` loads no third-party package and not even the parser."""
    code = (
        "import sys, scimkit.mapping; print([m for m in ('regex', 'scimkit.mapping.language.parser') if m in"
        " sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_every_exported_name_exists() -> None:
    """Lazy names resolve, and the list is sorted and complete."""
    import scimkit.mapping as package

    for name in package.__all__:
        assert getattr(package, name) is not None
    assert set(package.__all__) == set(chain.from_iterable(package.HOMES.values()))
