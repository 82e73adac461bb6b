"""Each function and each parameter mode of the language by its rule: edges, nulls, odd values.

The documented examples stand in test_evaluation; these cases are made from the rules
themselves, so that no rule rests on the examples alone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest

from scimkit.errors import MappingError
from scimkit.mapping import IGNORE_ATTRIBUTE, LENIENT, evaluate

NOW = datetime(2026, 3, 1, 13, 5, 9, tzinfo=UTC)
PERSON: dict[str, Any] = {
    "upn": "Ada.Lind@Contoso.example",
    "blank": " ",
    "empty": "",
    "nobody": None,
    "none": [],
    "one": ["solo"],
    "two": ["b@x.example", "a@x.example"],
    "dup": ["a", "A", "a", "b"],
    "number": 42,
    "on": True,
    "off": False,
    "since": datetime(2026, 2, 28, 23, 30, tzinfo=timezone(timedelta(hours=-2))),
    "born": date(2000, 2, 29),
    "phone": "+49 (30) 123-45 67",
    "roles": [{"value": "ed", "displayName": "Editor"}, {"value": "rd", "displayName": "Reader"}],
}

TEXT: list[tuple[str, Any]] = [
    # Append and Join
    ('Append("a", [nobody])', "a"),
    ("Append(1, [on])", "1True"),
    ('Append("", "")', ""),
    ('Append([none], "x")', "x"),
    ('Join(", ", [two])', "b@x.example, a@x.example"),
    ('Join("", "a", [none], "b")', "ab"),
    ('Join("-", Split("a,,b", ","), [nobody], "c")', "a-b-c"),
    ('Join([nobody], "a", "b")', "ab"),
    ('Join(" ", [blank], "x")', "  x"),
    ('Join(",", [on], [number], -3)', "True,42,-3"),
    # Left, Mid, Word, InStr
    ("Left([number], 1)", "4"),
    ('Left("\\"q\\"", 2)', '"q'),
    ("Left([none], 3)", ""),
    ("Mid([upn], 5, 4)", "Lind"),
    ("Mid([upn], 21, 100)", "mple"),
    ('Mid("abc", 3, 1)', "c"),
    ('Mid("abc", "2", "1")', "b"),
    ('Mid("abc", -2, 2)', "abc"),
    ('Mid("abc", 99, 0)', ""),
    ('Word([upn], 2, "@")', "Contoso.example"),
    ('Word([upn], 3, ".@")', "Contoso"),
    ('Word(",,a,,b,", 2, ",")', "b"),
    ('Word("a-b]c^d\\\\e", 5, "-]^\\\\")', "e"),
    ('Word("one", 1, ",")', "one"),
    ('Word("one", -1, ",")', ""),
    ('InStr([upn], "@")', 9),
    ('InStr("aXbx", "x", 3)', 4),
    ('InStr("aXbx", "x", , vbTextCompare)', 2),
    ('InStr("aXbx", "x", 2, vbBinaryCompare)', 4),
    ('InStr("abc", "c", "9")', 0),
    # case
    ('ToUpper("ﬁn ÿ")', "ﬁN Ÿ"),
    ('ToLower("ΣΑΣ")', "σασ"),
    ('ToLower("IĞ", "az")', "ığ"),
    ('ToLower("I", "")', "i"),
    ('ToUpper("i", "ja-JP")', "I"),
    ("ToUpper([on])", "TRUE"),
    ('PCase("ÉCOLE DE L\'EST")', "École De L'est"),
    ('PCase("1st 2ND a1b")', "1St 2Nd A1b"),
    ('PCase("a_b/c.d(e)f+g")', "A_B/C.D(E)F+G"),
    ('PCase("jean\\tluc")', "Jean\\Tluc"),
    ('PCase("MACDONALD mcKAY", "")', "Macdonald mckay"),
    ('PCase("a.b c", ".")', "A.B c"),
    ("PCase([empty])", None),
    # spaces, marks, encodings
    ("StripSpaces([blank])", ""),
    ('StripSpaces("a\u00a0b c")', "a\u00a0bc"),
    ('NormalizeDiacritics("Čapek Ångström São Œ̄uvre")', "Capek Angstrom Sao OEuvre"),
    ('NormalizeDiacritics("ẞ þ ß")', "ẞ þ ss"),
    ("NormalizeDiacritics([empty])", None),
    ('ConvertToBase64("")', ""),
    ('ConvertToBase64("é😀")', "6QA92ADe"),
    ('ConvertToUTF8Hex("ß😀")', "C39FF09F9880"),
    ('ConvertToUTF8Hex("")', ""),
    # Split, Item, Count, RemoveDuplicates
    ('Split(" a ; b;", ";")', ["a", "b", ""]),
    ('Split("a", ";")', ["a"]),
    ('Split([none], ";")', []),
    ('Count(Split("a;b", ";"))', 2),
    ("Count([none])", 0),
    ("Count([empty])", 0),
    ("Count([number])", 1),
    ("Item([two], 2)", "a@x.example"),
    ('Item([two], "1")', "b@x.example"),
    ("Item([none], 1)", None),
    ("Item([number], 1)", 42),
    ('Left(Item(Split([upn], "@"), 2), 7)', "Contoso"),
    ("RemoveDuplicates([dup])", ["a", "A", "b"]),
    ("RemoveDuplicates([upn])", ["Ada.Lind@Contoso.example"]),
    ("RemoveDuplicates([none])", []),
]

REPLACE: list[tuple[str, Any]] = [
    # A: literal, case-sensitive, no pattern characters
    ('Replace("a.b.c", ".", , , "", , )', "abc"),
    ('Replace("aAa", "a", , , "$1")', "$1A$1"),
    ('Replace([nobody], "a", , , "b")', None),
    ('Replace("abc", "x", , , "y")', "abc"),
    ('Replace("abc", "b", , , [nobody])', "ac"),
    # B: into the template
    ('Replace([upn], "{0}", , , , , "id={0};{0}")', "id=Ada.Lind@Contoso.example;Ada.Lind@Contoso.example"),
    ('Replace([nobody], "{0}", , , , , "id={0}")', "id="),
    ('Replace([upn], "{0}", , , "x", , "-{0}-")', "-Ada.Lind@Contoso.example-"),
    # C: every match, .NET replacement
    ('Replace([phone], , "[^0-9+]", , "", , )', "+49301234567"),
    ('Replace("a1b22", , "(?<d>\\\\d+)", , "<${d}>", , )', "a<1>b<22>"),
    ('Replace("ab", , "(a)(b)", , "$2$1$$$9", , )', "ba$$9"),
    ('Replace("ab", , "(?<x>a)(b)", , "$1", , )', "b"),
    ('Replace("a-b", , "(a)?-", , "[$1]", , )', "[a]b"),
    ('Replace("xAx", , "(?i)X", , "$&$&", , )', "xxAxx"),
    ('Replace("abc", , "b*", , "-", , )', "-a--c-"),
    ('Replace("Abc", , "a", , "", , )', "Abc"),
    ('Replace([nobody], , "a", , "b", , )', None),
    ('Replace("tab\there", , "\\\\s", , "_", , )', "tab_here"),
    ('Replace("٣3", , "\\\\d", , "#", , )', "##"),
    ('Replace("a\\\\b", , "\\\\\\\\", , "/", , )', "a/b"),
    # D: only the group
    ('Replace("ab-ab", , "a(?<t>b)", "t", "X", , )', "aX-aX"),
    ('Replace("a1", , "(?<l>[a-z])(?<n>\\\\d)", "n", "${l}", , )', "a${l}"),
    ('Replace("ac", , "a(?<t>b)?c", "t", "X", , )', "ac"),
    # E: the source, or the group of the other attribute
    ('Replace([nobody], , "^(?<n>[^@]+)", "n", , [upn], )', "Ada.Lind"),
    ('Replace([empty], , "^(?<n>[^@]+)", "n", , [upn], )', "Ada.Lind"),
    ('Replace("have", , "^(?<n>[^@]+)", "n", , [upn], )', "have"),
    ('Replace([nobody], , "(?<n>\\\\d{9})", "n", , [upn], )', None),
    ('Replace([nobody], , "(?<n>.)", "n", , [nobody], )', None),
]

LOGIC: list[tuple[str, Any]] = [
    ('IIF([number] >= "42", "y", "n")', "y"),
    ('IIF("010" = 10, "y", "n")', "y"),
    ('IIF("b" > "a", "y", "n")', "y"),
    ('IIF("B" < "a", "y", "n")', "y"),
    ('IIF([on] = "true", "y", "n")', "n"),
    ('IIF([off], "y", [nobody])', None),
    ('IIF(Not([on]), "y", "n")', "n"),
    ('IIF(CBool([number] <> 42), "y", "n")', "n"),
    ('IIF([upn] = "x", "1", IIF([nobody] = "y", "2", "3"))', None),
    ('IIF("a" = "a", "y", Item("x", 9))', "y"),
    ('IIF(InStr([upn], "@") > 0, "y", "n")', "y"),
    ('IIF([none] = "x", "y", "n")', None),
    ('IIF([since] > CDate("2026-03-01"), "y", "n")', "y"),
    ('IIF([since] = "2026-03-01T01:30:00Z", "y", "n")', "y"),
    ('Switch([number], "d", "42", "text", 42, "number")', "text"),
    ('Switch([none], "d", "", "empty")', "empty"),
    ('Switch([one], "d", "solo", "s")', MappingError),
    ('Switch([on], "d", "True", [nobody])', None),
    ('Switch("A", , "a", "low")', None),
    ('Switch([nobody], [upn], "x", "y")', "Ada.Lind@Contoso.example"),
    ('Switch([upn], Item("x", 9), [upn], "self")', "self"),
    ('Switch(Left([upn], 3), "d", ToLower("ADA"), "low", "Ada", "same")', "same"),
    ('Switch([blank], "d", "", "empty", " ", "blank")', "blank"),
    ('Coalesce([nobody], [none], [empty], "z")', "z"),
    ('Coalesce([nobody], ToLower([nobody]), Left([nobody], 1), "z")', ""),
    ("Coalesce([off], [on])", False),
    ("Coalesce([nobody])", None),
    ('Coalesce("a", CDate("never"))', "a"),
    ("Not([off])", True),
    ('Not("true")', True),
    ("Not([number])", True),
    ("Not([none])", True),
    ("CBool(-1)", True),
    ('CBool("0")', False),
    ('CBool("True")', True),
    ('CBool("a" = "b")', False),
    ("IsNull([empty])", False),
    ("IsNull([none])", True),
    ("IsNull([missing])", True),
    ("IsNullOrEmpty([none])", True),
    ("IsNullOrEmpty([blank])", False),
    ("IsPresent([off])", True),
    ("IsPresent([none])", False),
    ("IsString([number])", True),
    ("IsString([two])", False),
    ("IgnoreFlowIfNullOrEmpty([none])", IGNORE_ATTRIBUTE),
    ("IgnoreFlowIfNullOrEmpty(Left([upn], 0))", IGNORE_ATTRIBUTE),
    ("IgnoreFlowIfNullOrEmpty([off])", False),
    ('Switch([nobody], "x", "", IgnoreAttributeFlow)', IGNORE_ATTRIBUTE),
    ('Switch("a", "x", "", IgnoreAttributeFlow)', "x"),
]

NUMBERS_AND_DATES: list[tuple[str, Any]] = [
    ("BitAnd(&h0f, &HFFFFFFFFFFFFFFFF)", 15),
    ('BitAnd("6", 3)', 2),
    ('Not(CBool(BitAnd("514", 2)))', False),
    ("CStr([off])", "False"),
    ("CStr([nobody])", None),
    ("CStr(9223372036854775807)", "9223372036854775807"),
    ('CDate("2024-02-29")', "2/29/2024 12:00:00 AM"),
    ('CDate("2020-03-16+14:00")', "3/15/2020 10:00:00 AM"),
    ('CDate("3/6/2020")', "3/6/2020 12:00:00 AM"),
    ('CDate("12/31/2020 12:00:00 AM")', "12/31/2020 12:00:00 AM"),
    ('CDate("2020-12-31T23:59:59-08:00")', "1/1/2021 7:59:59 AM"),
    ("CDate([since])", "3/1/2026 1:30:00 AM"),
    ("CDate([born])", "2/29/2000 12:00:00 AM"),
    ("CDate(CDate(Now()))", "3/1/2026 1:05:09 PM"),
    ('DateAdd("yyyy", 4, [born])', "2/29/2004 12:00:00 AM"),
    ('DateAdd("m", -1, CDate("2026-03-31"))', "2/28/2026 12:00:00 AM"),
    ('DateAdd("m", "13", CDate("2025-12-31"))', "1/31/2027 12:00:00 AM"),
    ('DateAdd("ww", -1, Now())', "2/22/2026 1:05:09 PM"),
    ('DateAdd("s", -9, "2026-03-01T13:05:09Z")', "3/1/2026 1:05:00 PM"),
    ('DateDiff("d", "2026-03-01", "2026-03-02T23:59:59Z")', 1),
    ('DateDiff("n", "2026-03-01 00:00:59Z", "2026-03-01 00:00:00Z")', 0),
    ('DateDiff("s", Now(), Now())', 0),
    ('DateDiff("m", "2026-03-31", "2026-02-01")', -1),
    ('DateDiff("yyyy", "2026-01-01", "2025-12-31")', -1),
    ('DateDiff("ww", "2026-03-01", "2026-02-28")', -1),
    ('DateDiff("h", "2026-03-01T00:00:00+02:00", "2026-03-01T00:00:00Z")', 2),
    ('NumFromDate("2020-12-31 23:59:59-08:00")', 132_539_615_990_000_000),
    ('NumFromDate("1601-01-01")', 0),
    ('DateFromNum("132539615990000000")', "1/1/2021 7:59:59 AM"),
    ('FormatDateTime("01.02.2026", , "dd.MM.yyyy", "yyyy-MM-dd")', "2026-02-01"),
    ('FormatDateTime("01.02.2026", "dd.MM.yyyy", "yyyy-MM-dd")', "2026-02-01"),
    ('FormatDateTime("  2026-02-01  ", , "yyyy-MM-dd", "ddd d MMM")', "Sun 1 Feb"),
    ('FormatDateTime("20260201000000.0Z", , "yyyyMMddHHmmss.fZ", "yyyy-MM-dd")', "2026-02-01"),
    ('FormatDateTime("2026-02-01 15:04:05", , "yyyy-MM-dd HH:mm:ss", "h.m.s t \'o\'\\"x\\" tt")', "3.4.5 P ox PM"),
    (
        'FormatDateTime("2026-02-01T23:30:00-01:00", , "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ssK")',
        "2026-02-02T00:30:00+00:00",
    ),
    ('FormatDateTime("2026-02-01T15:04:05.1200000", , "yyyy-MM-ddTHH:mm:ss.fffffff", "s.FFF|ss.fff")', "5.12|05.120"),
    ('FormatDateTime("2/1/26", , "M/d/yy", "yyyy")', "2026"),
    ('FormatDateTime([empty], , "yyyy", "yy")', None),
    ('FormatDateTime(Now(), , "M/d/yyyy h:mm:ss tt", "yyyy-MM-dd")', "2026-03-01"),
    ('FormatDateTime("12:00 AM 2026-02-01", , "hh:mm tt yyyy-MM-dd", "%H")', "0"),
]

ROLES: list[tuple[str, Any]] = [
    ("SingleAppRoleAssignment([roles])", "ed"),
    ("SingleAppRoleAssignment([none])", None),
    (
        "AppRoleAssignmentsComplex([roles])",
        [
            {"primary": False, "displayName": "Editor", "value": "ed"},
            {"primary": False, "displayName": "Reader", "value": "rd"},
        ],
    ),
    ("AssertiveAppRoleAssignmentsComplex([nobody])", None),
    (
        "AssertiveAppRoleAssignmentsComplex([roles])",
        [
            {"primary": False, "display": "Editor", "value": "ed"},
            {"primary": False, "display": "Reader", "value": "rd"},
        ],
    ),
    ("AppRoleAssignments([roles])", ["ed", "rd"]),
]


@pytest.mark.parametrize(("expression", "expected"), TEXT + REPLACE + LOGIC + NUMBERS_AND_DATES + ROLES)
def test_rule(expression: str, expected: Any) -> None:
    """The value with its type, or an error where the rule says so."""
    if expected is MappingError:
        with pytest.raises(MappingError):
            evaluate(expression, PERSON, now=NOW)
        return
    made = evaluate(expression, PERSON, now=NOW)
    assert (type(made), made) == (type(expected), expected)


@pytest.mark.parametrize(
    "expression",
    [
        'Left("a", "1.5")',
        "Mid([upn], [nobody], 1)",
        'Word([upn], "x", ",")',
        'InStr("a", "a", 0)',
        'InStr("a", "a", 1, "x")',
        'Split("a,b", "")',
        'ToLower([two])',
        "Item([two], 3)",
        "Item([two], -1)",
        "BitAnd([nobody], 1)",
        'BitAnd("a", 1)',
        'CBool("yes")',
        "CDate([nobody])",
        'CDate("")',
        'CDate("2026-02-30")',
        'CDate("13/1/2026")',
        'CDate("2026-02-01T24:00:00Z")',
        'CDate("2026-02-01+15:00")',
        'DateAdd("D", 1, Now())',
        'DateAdd("q", 1, Now())',
        'DateAdd("yyyy", 8000, Now())',
        'DateAdd("d", "one", Now())',
        'DateDiff("d", [nobody], Now())',
        "DateFromNum(-1)",
        "NumFromDate([nobody])",
        'FormatDateTime("2026-13-01", , "yyyy-MM-dd", "yy")',
        'FormatDateTime("2026-02-01", , "yyyy-MM", "yy")',
        'FormatDateTime("2026-02-01", "Sometimes", "yyyy-MM-dd", "yy")',
        'FormatDateTime("2026-02-01", , "yyyy-MM-dd", "\'yy")',
        'Replace("a", "", , , "x", , )',
        'Replace("a", , "a", , , , )',
        'Replace("a", , "[a", , "", , )',
        'Replace("a", , "(?<n>a)", "m", "", , )',
        'Replace("a", , "(?P<n>a)", "n", "", , )',
        "RandomString(257, 1, 1, 1, 1)",
        "RandomString(0, 0, 0, 0, 0)",
        "RandomString(4, -1, 1, 1, 1)",
        'RandomString(4, 1, 0, 0, 0, "0123456789")',
        "SelectUniqueValue([upn], [number])",
        "AppRoleAssignmentsComplex([roles], 1)",
    ],
)  # fmt: skip
def test_what_a_rule_refuses(expression: str) -> None:
    """An error with a place in the text and something to do about it."""
    with pytest.raises(MappingError) as caught:
        evaluate(expression, PERSON, now=NOW)

    assert caught.value.message
    assert caught.value.remedy
    assert caught.value.position is not None


def test_drawn_values_keep_their_rules() -> None:
    """Guid is version 4 in lower case; RandomString has its minimums, avoids what it is told, and nothing else."""
    dice = Random(7)
    assert evaluate("Guid()", {}, random=dice)[14] == "4"
    for _ in range(50):
        made = evaluate('RandomString(8, 2, 0, 3, 0, "0O1I")', {}, random=dice)
        assert len(made) == 8
        assert made.isalnum()
        assert made.isupper()
        assert not set(made) & set("0O1I")
        assert sum(each.isdigit() for each in made) >= 2
        assert sum(each.isalpha() for each in made) >= 3


@pytest.mark.parametrize(
    ("expression", "strict", "lenient"),
    [
        ('IIF([nobody] = "", "y", "n")', None, "y"),
        ('IIF([empty] <> "x", "y", "n")', None, "y"),
        ('IIF(IsPresent([none]), "y", "n")', None, "n"),
        ('IIF([nobody] > 3, "y", "n")', None, "n"),
        ('IIF(Switch([nobody], "b", "", "a") = "a", "y", "n")', "y", "y"),
    ],
)
def test_null_in_a_condition(expression: str, strict: str | None, lenient: str) -> None:
    """Strict ends the condition and names the attribute; lenient evaluates it as written."""
    warnings: list[str] = []

    assert evaluate(expression, PERSON, warnings=warnings) == strict
    assert evaluate(expression, PERSON, settings=LENIENT) == lenient
    assert bool(warnings) is (strict is None)
