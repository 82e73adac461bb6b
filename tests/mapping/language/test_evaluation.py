"""What expressions yield: the documented examples, and each rule on its own."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimkit.errors import MappingError
from scimkit.mapping import IGNORE_ATTRIBUTE, IGNORE_OBJECT, LENIENT, Settings, evaluate, print_expression
from scimkit.mapping.language.functions.table import FUNCTIONS

DATA = Path(__file__).parents[2] / "data"
EXAMPLES = json.loads((DATA / "expression-examples.json").read_text(encoding="utf-8"))
NOW = datetime(2025, 7, 30, tzinfo=UTC)
LENIENT_ONLY = {"expr-169"}  # the page evaluates IsPresent of a null inside IIF, which the reference says fails


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["id"] for example in EXAMPLES])
def test_documented_example(example: dict[str, Any]) -> None:
    """Each example of the public pages gives what the page, or the language's own rules, say."""
    now = None
    if "now" in example:
        now = datetime.fromisoformat(example["now"])
    if example["id"] in LENIENT_ONLY:
        how = LENIENT
    else:
        how = Settings()
    value = evaluate(example["expression"], example["source attributes"], now=now, settings=how)
    expected = example["expected"]
    if isinstance(expected, dict):
        expected = {"attribute": IGNORE_ATTRIBUTE, "object": IGNORE_OBJECT}[expected["$ignore"]]
    if example["check"] == "pattern":
        assert re.search(expected, value)
    else:
        assert value == expected
        assert type(value) is type(expected)


def test_only_marked_conflicts_need_lenient_conditions() -> None:
    """What strict mode cannot give is an example on which two pages disagree."""
    assert all(example["check"] == "conflict" for example in EXAMPLES if example["id"] in LENIENT_ONLY)


A = {"a": "abc", "n": None, "e": "", "l": ["x", "y", "x"], "five": "5", "b": True, "pr": "John Doe"}

CASES: list[tuple[str, Any]] = [
    # text
    ('Append([n], "x")', "x"),
    ('Join("-", [a], [n], [e], "", [l], 7)', "abc-x-y-x-7"),
    ('Join("-", [n], "")', ""),
    ('Left([a], "2")', "ab"),
    ("Left([a], 0)", ""),
    ("Left([a], -1)", "abc"),
    ("Left([n], 2)", ""),
    ("Left([a], 9)", "abc"),
    ("Mid([a], 2, 9)", "bc"),
    ("Mid([a], 1, 0)", ""),
    ("Mid([a], 4, 1)", "abc"),
    ("Mid([a], 0, 1)", "abc"),
    ("Mid([a], 1, -1)", "abc"),
    ("Mid([n], 1, 1)", ""),
    ('ToLower("TITLE I")', "title i"),
    ('ToLower("TITLE I", "tr-TR")', "tıtle ı"),
    ('ToUpper("title", "az-Latn-AZ")', "TİTLE"),
    ('ToUpper("straße")', "STRAßE"),
    ("ToUpper([n])", None),
    ("ToLower([e])", None),
    ('PCase("mary-ann o\'neil JR.")', "Mary-Ann O'neil Jr."),
    ('PCase("mary-ann LEE", " ")', "Mary-ann Lee"),
    ('PCase("PINTO-DE\'SILVA", "\'-")', "Pinto-De'Silva"),
    ('StripSpaces(" a b\\tc ")', "ab\\tc"),
    ('NormalizeDiacritics("Łukasz Ærø Größe Ürünlü ǣ İı œ đ")', "Lukasz AEroe Grosse Urunlu ae Ii œ đ"),
    ('NormalizeDiacritics("한국 山田")', "한국 山田"),
    ('Word("a,b;;c", 3, ",;")', "c"),
    ('Word([a], 2, " ")', ""),
    ('Word([a], 0, " ")', ""),
    ('Word([n], 1, " ")', ""),
    ('InStr([a], "C")', 0),
    ('InStr([a], "C", , vbTextCompare)', 3),
    ('InStr([a], "a", 2)', 0),
    ('InStr([n], "a")', 0),
    ('Split("a, b ,c", ",")', ["a", "b", "c"]),
    ('Split([n], ",")', []),
    ('ConvertToBase64("Hi")', "SABpAA=="),
    ('ConvertToUTF8Hex("é")', "C3A9"),
    ("Redact([a])", "abc"),
    # logic
    ('IIF([a] = "ABC", "1", "2")', "2"),
    ('IIF([five] = 5, "1", "2")', "1"),
    ('IIF([five] > "10", "1", "2")', "2"),
    ('IIF([b], "1", "2")', "1"),
    ('IIF([b] = "True", "1", "2")', "1"),
    ('IIF("false", "1", "2")', "2"),
    ('IIF([a] <> "x", IIF([five] <= 5, "both", ""), "")', "both"),
    ('IIF([a] = "abc", "1", CDate("never"))', "1"),
    ('IIF([n] = "x", "1", "2")', None),
    ('IIF([e] <> "x", "1", "2")', None),
    ('IIF(IsPresent([n]), "1", "2")', None),
    ('IIF(Switch([n], [n], "", "gone") = "gone", "1", "2")', "1"),
    ('IIF(Coalesce([n], [a]) = "abc", "1", "2")', "1"),
    ('IIF(DateDiff("d", CDate("2025-01-02"), CDate("2025-01-01")) < 0, "1", "2")', "1"),
    ('IIF(CDate("2025-01-02") > CDate("2025-01-01"), "1", "2")', "1"),
    ('Switch([n], "d", "x", "y")', "d"),
    ('Switch([n], , "x", "y")', None),
    ('Switch([e], "d", "", "empty")', "empty"),
    ('Switch([b], "d", "true", "low", "True", "high")', "high"),
    ('Switch([five], "d", 5, "number")', "number"),
    ('Switch([a], "d", [a], "self")', "self"),
    ('Switch([a], CDate("never"), "abc", "ok")', "ok"),
    ('Coalesce([n], [e], [a], "z")', "abc"),
    ('Coalesce([n], "", "z")', ""),
    ("Coalesce([n], [e])", None),
    ("Not([b])", False),
    ("Not([n])", True),
    ('Not("False")', True),
    ('CBool("1")', True),
    ("CBool(0)", False),
    ('CBool([a] = "abc")', True),
    ("IsNull([n])", True),
    ("IsNull([e])", False),
    ("IsNullOrEmpty([e])", True),
    ("IsPresent([a])", True),
    ("IsString([n])", False),
    ("IsString([a])", True),
    ("IgnoreFlowIfNullOrEmpty([e])", IGNORE_ATTRIBUTE),
    ("IgnoreFlowIfNullOrEmpty([a])", "abc"),
    ('Join("", IgnoreObjectFlow, "x")', IGNORE_OBJECT),
    # numbers and lists
    ("BitAnd(&HF, &HF7)", 7),
    ("BitAnd(-1, 6)", 6),
    ("CStr([b])", "True"),
    ("CStr(-7)", "-7"),
    ("Count([l])", 3),
    ("Count([n])", 0),
    ("Count([a])", 1),
    ('Item(Split([pr], " "), 2)', "Doe"),
    ("Item([n], 1)", None),
    ("RemoveDuplicates([l])", ["x", "y"]),
    ("RemoveDuplicates([n])", []),
    # dates
    ("Now()", "7/30/2025 12:00:00 AM"),
    ('CDate("2020-03-16-07:00")', "3/16/2020 7:00:00 AM"),
    ('CDate("2020-03-16T23:30:05.1234567+01:30")', "3/16/2020 10:00:05 PM"),
    ('CDate("3/16/2020 7:00:00 PM")', "3/16/2020 7:00:00 PM"),
    ('CDate("2020-03-16 07:00:00Z")', "3/16/2020 7:00:00 AM"),
    ('DateAdd("m", 1, CDate("2024-01-31"))', "2/29/2024 12:00:00 AM"),
    ('DateAdd("yyyy", -1, CDate("2024-02-29"))', "2/28/2023 12:00:00 AM"),
    ('DateAdd("n", "90", CDate("2024-02-29"))', "2/29/2024 1:30:00 AM"),
    ('DateDiff("d", CDate("2024-01-02 12:00:00"), CDate("2024-01-01"))', -1),
    ('DateDiff("yyyy", CDate("2023-12-31"), CDate("2024-01-01"))', 1),
    ('DateDiff("m", CDate("2023-12-31"), CDate("2024-01-01"))', 1),
    ('DateDiff("ww", CDate("2024-01-06"), CDate("2024-01-07"))', 1),
    ('DateDiff("ww", CDate("2024-01-07"), CDate("2024-01-13"))', 0),
    ('DateDiff("h", CDate("2024-01-01"), CDate("2024-01-01 01:59:59"))', 1),
    ("DateFromNum(0)", "1/1/1601 12:00:00 AM"),
    ('NumFromDate("1601-01-02")', 864_000_000_000),
    ("NumFromDate(DateFromNum(129699324000000001))", 129_699_324_000_000_001),
    ('FormatDateTime("2025-03-04", , "yyyy-MM-dd", "dddd, d. MMMM yy")', "Tuesday, 4. March 25"),
    ('FormatDateTime("04/03/2025 15:06", "dd/MM/yyyy HH:mm", "yyyyMMddTHHmm")', "20250304T1506"),
    ('FormatDateTime("2025-03-04+02:00", , "yyyy-MM-ddzzz", "yyyy-MM-dd")', "2025-03-03"),
    (
        'FormatDateTime("2025-03-04T01:02:03.4Z", , "yyyy-MM-ddTHH:mm:ss.FFFK", "h:mm:ss.fff tt \'h\' K")',
        "1:02:03.400 AM h Z",
    ),
    ('FormatDateTime("Mar 4 25", , "MMM d yy", "M/d/yyyy h:mm:ss tt")', "3/4/2025 12:00:00 AM"),
    ('FormatDateTime([n], , "yyyy", "yy")', None),
    ('FormatDateTime("12:30 AM", , "h:mm tt", "yyyy-MM-dd HH:mm")', "2025-07-30 00:30"),
    # roles and the old list
    ("SingleAppRoleAssignment([r])", None),
    ('Prepend("x", [a])', "xabc"),
    ("IsNothing([e])", True),
]


@pytest.mark.parametrize(("expression", "expected"), CASES)
def test_rule(expression: str, expected: Any) -> None:
    """Each function keeps its rules for nulls, borders and modes."""
    value = evaluate(expression, A, now=NOW)
    assert value == expected
    assert type(value) is type(expected)


REPLACES: list[tuple[str, Any]] = [
    ('Replace([a], "b", , , "X", , )', "aXc"),
    ('Replace([a], "z", , , "X", , )', "abc"),
    ('Replace([n], "b", , , "X", , )', None),
    ('Replace([a], "b", , , [n], , )', "ac"),
    ('Replace([a], "<x>", , , , , "(<x>)")', "(abc)"),
    ('Replace([n], "<x>", , , , , "(<x>)")', "()"),
    ('Replace([a], , "[ac]", , "[$&]", , )', "[a]b[c]"),
    ('Replace([a], , "(?<x>b)(.)", , "${x}$1$2$$$9${y}", , )', "abcb$$9${y}"),
    ('Replace([a], , "z", , "X", , )', "abc"),
    ('Replace([a], , "b*", , "-", , )', "-a--c-"),
    ('Replace([n], , "b", , "X", , )', None),
    ('Replace([a], , "a(?<m>b)(?<r>c)", "m", "$1", , )', "a$1c"),
    ('Replace([n], , "(?<w>o.n)", "w", , [pr], )', "ohn"),
    ('Replace([a], , "(?<w>o.n)", "w", , [pr], )', "abc"),
    ('Replace([n], , "(?<w>zz)", "w", , [pr], )', None),
    ('Replace("a\\nb", , "a$", , "X", , )', "a\\nb"),
]


@pytest.mark.parametrize(("expression", "expected"), REPLACES)
def test_replace(expression: str, expected: Any) -> None:
    """The five modes of Replace, chosen by what is given."""
    assert evaluate(expression, A) == expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("CDate([n])", "is null"),
        ('CDate("soon")', "not a date"),
        ('DateAdd("M", 1, Now())', "case matters"),
        ('DateAdd("d", 99999999999, Now())', "outside the years"),
        ('DateFromNum("9223372036854775807")', "outside the years"),
        ('NumFromDate("1600-12-31")', "before 1601"),
        ('FormatDateTime("x", , "yyyy", "yy")', "not a date of the form"),
        ('Append([l], "x")', "a list of 3 values"),
        ('Item(Split("a", ","), 2)', "no element 2"),
        ("Item([l], 0)", "counted from 1"),
        ('CBool("perhaps")', "neither True nor a number"),
        ('IIF([a], "1", "2")', "neither True nor False"),
        ("Left([a], [a])", "whole number"),
        ('Replace([a], , "(", , "", , )', "not closed"),
        ('Replace([a], , "(?<x>a)", "y", "", , )', "no group"),
        ('Replace([a], "b", , , , , )', "no mode"),
        ('SelectUniqueValue([a], "b")', "not for SCIM"),
        ("DefaultDomain()", "not known"),
        ("RandomString(3, 2, 2, 0, 0)", "length is 3"),
    ],
)
def test_errors_of_evaluation(expression: str, words: str) -> None:
    """A value that does not fit is a MappingError with text, position and remedy."""
    with pytest.raises(MappingError) as caught:
        evaluate(expression, A, now=NOW)
    message = caught.value.message + caught.value.remedy

    assert words in message
    assert caught.value.text == expression
    assert caught.value.position is not None
    assert caught.value.remedy


def test_the_argument_to_blame_is_pointed_at() -> None:
    """The position is that of the faulty argument, not of the function."""
    with pytest.raises(MappingError) as caught:
        evaluate('DateAdd("d", [a], Now())', A)
    assert caught.value.position == 13


def test_lenient_conditions_and_warnings() -> None:
    """Strict and lenient differ on null conditions, and strict says which attribute it was."""
    warnings: list[str] = []

    assert evaluate('IIF([n] = "", "empty", "full")', A, warnings=warnings) is None
    assert "[n]" in warnings[0]
    assert evaluate('IIF([n] = "", "empty", "full")', A, settings=LENIENT) == "empty"
    assert evaluate('IIF(IsNullOrEmpty([n]), "empty", "full")', A, settings=LENIENT) == "empty"


def test_named_settings_change_one_rule_each() -> None:
    """Every open rule can be switched without touching another."""
    assert evaluate("Mid([a], 9, 1)", A, settings=Settings(mid_out_of_range="empty")) == ""
    assert evaluate('Append([n], "x")', A, settings=Settings(append_null_is_empty=False)) is None
    assert evaluate('Split("a, b", ",")', A, settings=Settings(split_trims=False)) == ["a", " b"]
    assert evaluate('PCase("o\'neil")', A, settings=Settings(pcase_apostrophe="separates")) == "O'Neil"
    assert evaluate("Item([l], 9)", A, settings=Settings(item_out_of_range="null")) is None
    assert evaluate('InStr("ABC", "b")', A, settings=Settings(case_of_instr="text")) == 2
    assert evaluate("DefaultDomain()", A, settings=Settings(default_domain="contoso.example")) == "contoso.example"
    assert evaluate("ToLower([e])", A, settings=Settings(empty_is_null=False)) == ""
    assert evaluate('Append([o], "x")', {"o": ["y"]}, settings=Settings(list_as_text="single")) == "yx"


def test_roles() -> None:
    """Role functions read objects and texts; the complex ones give the forms of a POST."""
    source = {"appRoleAssignments": [{"id": "1", "value": "admin", "displayName": "Administrator"}]}
    assert evaluate("SingleAppRoleAssignment([appRoleAssignments])", source) == "admin"

    by_name = Settings(single_role="displayName")
    assert evaluate("SingleAppRoleAssignment([appRoleAssignments])", source, settings=by_name) == "Administrator"
    assert evaluate("AssertiveAppRoleAssignmentsComplex([appRoleAssignments])", source) == [
        {"primary": False, "display": "Administrator", "value": "admin"}
    ]
    assert evaluate("SingleAppRoleAssignment([appRoleAssignments])", {"appRoleAssignments": ["User"]}) == "User"


def test_given_dice_and_clock_make_it_repeatable() -> None:
    """The same seed and clock give the same Guid, random text and date."""
    for expression in ("Guid()", "RandomString(20, 3, 3, 3, 3)", 'DateAdd("h", 1, Now())'):
        first = evaluate(expression, {}, now=NOW, random=Random(7))
        assert first == evaluate(expression, {}, now=NOW, random=Random(7))


def test_random_string_keeps_its_minimums() -> None:
    """Counts per class, avoided characters and length hold for many draws."""
    for seed in range(50):
        text = evaluate('RandomString(12, 2, 2, 2, 2, "0O?,l")', {}, random=Random(seed))
        assert len(text) == 12
        assert not set(text) & set("0O?,l")
        assert sum(c.isdigit() for c in text) >= 2
        assert sum(c.isupper() for c in text) >= 2
        assert sum(c.islower() for c in text) >= 2
        assert sum(not c.isalnum() for c in text) >= 2


def test_redacted_values_stay_out_of_errors() -> None:
    """An expression that redacts quotes no value in its error."""
    with pytest.raises(MappingError) as caught:
        evaluate("Redact(CDate([ssn]))", {"ssn": "123-45-6789"})
    assert "6789" not in "".join([caught.value.message, caught.value.remedy])


VALUES = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.booleans(),
    st.integers(),
    st.lists(st.text(max_size=5), max_size=3),
    st.floats(),
    st.dates(),
    st.sampled_from(["2024-02-29", "True", "5", "a+b", "(?<x>a)", "yyyy-MM-dd", "\ud800", "9999-12-31-14:00", "d"]),
)


@given(data=st.data(), source=st.dictionaries(st.sampled_from("abcd"), VALUES))
@settings(max_examples=400, deadline=None)
def test_evaluation_raises_nothing_but_mapping_errors(data: st.DataObject, source: dict[str, Any]) -> None:
    """Whatever the functions get, the outcome is a value or a MappingError."""
    arguments = st.one_of(
        st.sampled_from(["[a]", "[b]", "[c]", "[d]", '""', '"x"', "1", "-1", "9223372036854775807", '"d"', "Now()"]),
        st.sampled_from(['"(?<x>a*)"', '"x"', '"yyyy-MM-dd"', '"$1"', "CDate([a])", 'Split([b], "a")', '"2024-01-31"']),
    )
    function = data.draw(st.sampled_from(sorted(FUNCTIONS.values(), key=lambda each: each.name)))
    if function.most is not None:
        most = function.most
    else:
        most = len(function.parameters) + 2
    count = data.draw(st.integers(function.fewest, most))
    texts = [
        data.draw(arguments if function.parameter(i).required else st.one_of(st.just(""), arguments))
        for i in range(count)
    ]
    for how in (Settings(), LENIENT):
        try:
            evaluate(f"{function.name}({', '.join(texts)})", source, now=NOW, random=Random(1), settings=how)
        except MappingError as error:
            assert error.message
            assert error.remedy


@pytest.mark.parametrize(
    "bomb",
    [
        'Replace([x], , "^(a|aa|aaa)+$", , "", , )',
        'Replace([x], , "(a?){40}a{40}b", , "", , )',
        'Replace([x], , "(.*)*(.*)*(.*)*c", , "", , )',
        'Replace([x], , "' + "(" * 500 + '", , "", , )',
        'Replace([x], , "((a{9000}){9000}){9000}", , "", , )',
        'Replace([x], , "(x+x+)+y", , "", , )',
    ],
)
def test_pattern_bombs_end_quickly(bomb: str) -> None:
    """Backtracking is cut off by the time limit, or the pattern is harmless after all."""
    started = time.perf_counter()
    try:
        evaluate(bomb, {"x": "a" * 5_000 + "x" * 30})
    except MappingError as error:
        assert error.position is not None
    assert time.perf_counter() - started < 5


def test_growing_text_is_refused() -> None:
    """Nested Replace calls that multiply the text stop at a size no attribute has."""
    text = '"aaaaaaaaaa"'
    for _ in range(60):
        text = f'Replace({text}, "a", , , "aaaaaaaaaa", , )'
    started = time.perf_counter()

    with pytest.raises(MappingError, match="longer than"):
        evaluate(text, {})

    assert time.perf_counter() - started < 2


def test_deep_chains_up_to_the_limit_evaluate() -> None:
    """One hundred nested IIF, the documented replacement for Switch, work."""
    text = '"end"'
    for number in range(99):
        text = f'IIF([a] = "{number}", "x", {text})'

    assert evaluate(text, A) == "end"

    with pytest.raises(MappingError):
        evaluate(f"Not(Not({text}))", A)


def test_a_parsed_expression_can_be_evaluated() -> None:
    """evaluate takes text or nodes."""
    from scimkit.mapping import parse

    node = parse('Append([a], "!")')
    assert evaluate(node, A) == "abc!" == evaluate(print_expression(node), A)


@pytest.mark.parametrize("wrong", [None, 5, b"[a]", ["[a]"]], ids=repr)
def test_what_is_no_expression_is_refused(wrong: Any) -> None:
    with pytest.raises(MappingError, match="an expression is a string"):
        evaluate(wrong, A)
