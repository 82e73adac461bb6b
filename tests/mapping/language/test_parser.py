"""Reading and printing expressions."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimkit.errors import MappingError
from scimkit.mapping import Attribute, Call, Comparison, Expression, Number, Text, Word, parse, print_expression
from scimkit.mapping.language.functions.table import FUNCTIONS
from scimkit.mapping.language.problems import ExpressionError


def nodes() -> st.SearchStrategy[Expression]:
    """Any expression the parser can give."""
    leaves = st.one_of(
        st.builds(Text, st.text(max_size=12)),
        st.builds(Number, st.integers(-(2**63), 2**63 - 1), st.just(False)),
        st.builds(Number, st.integers(-(2**63), 2**63 - 1), st.just(True)),
        st.builds(Attribute, st.text(min_size=1, max_size=12).filter(lambda name: "]" not in name and name.strip())),
        st.builds(Word, st.sampled_from(["IgnoreAttributeFlow", "IgnoreObjectFlow"])),
    )
    return st.recursive(leaves, calls, max_leaves=12)


def calls(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    names = [each.name for each in FUNCTIONS.values()]
    return st.sampled_from(names).flatmap(lambda name: call_of(name, inner))


def call_of(name: str, inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    function = FUNCTIONS[name.lower()]
    if function.most is not None:
        most = function.most
    else:
        most = len(function.parameters) + 3
    counts = [n for n in range(function.fewest, most + 1) if name != "Switch" or n % 2 == 0]

    def arguments(count: int) -> st.SearchStrategy[tuple[Expression | None, ...]]:
        kinds: list[st.SearchStrategy[Expression | None]] = []
        for index in range(count):
            parameter = function.parameter(index)
            kind: st.SearchStrategy[Expression | None] = inner
            if parameter.name == "condition":
                comparison = st.builds(Comparison, st.sampled_from(["=", "<>", "<", ">", "<=", ">="]), inner, inner)
                kind = st.one_of(inner, comparison)
            elif not parameter.required and index < count - 1:
                kind = st.one_of(st.none(), inner)
            kinds.append(kind)
        return st.tuples(*kinds)

    return st.sampled_from(counts).flatmap(arguments).map(lambda given_: Call(name, given_))


@given(nodes())
@settings(max_examples=300, deadline=None)
def test_what_is_printed_is_read_back_the_same(node: Expression) -> None:
    """parse after print is the identity, and printed text is canonical."""
    text = print_expression(node)
    if len(text) <= 10_000:
        assert parse(text) == node
        assert print_expression(parse(text)) == text


LIKELY = st.lists(
    st.sampled_from(
        [
            "IIF",
            "Join",
            "Replace",
            "Switch",
            "(",
            ")",
            ",",
            '"',
            "\\",
            "[",
            "]",
            "[a]",
            '"x"',
            "=",
            "<>",
            "1",
            "-",
            "&H",
            " ",
        ]
    ),
    max_size=30,
).map("".join)


@given(st.one_of(st.text(), LIKELY))
@settings(max_examples=500, deadline=None)
def test_any_text_parses_or_gives_a_position(text: str) -> None:
    """No text does anything but parse or raise MappingError with a position inside it."""
    try:
        node = parse(text)
    except MappingError as error:
        assert error.position is not None
        assert 0 <= error.position <= len(text)
        assert error.remedy
        assert isinstance(error, ExpressionError)
        assert error.pointer().count("\n") <= 1
    else:
        assert parse(print_expression(node)) == node


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 0, "empty"),
        ("  ", 0, "empty"),
        ('Append([a], "b', 12, "never closed"),
        ("Append([a, 1)", 7, "never closed"),
        ("Jion([a])", 0, "no function Jion"),
        ("Left([a])", 8, "Left needs numChars"),
        ("Left(, 1)", 5, "Left needs string"),
        ('Append([a], "b", "c")', 17, "at most 2"),
        ("Now([a])", 4, "takes no arguments"),
        ("Append([a]", 10, "ends where"),
        ('Append([a], "b"))', 16, "the end of the expression"),
        ('[a] = "b"', 4, "only in the condition of IIF"),
        ('Append([a] = "b", "c")', 11, "only in the condition of IIF"),
        ('IIF([a] = "b" AND [c] = "d", "1", "2")', 14, "AND was found where"),
        ("Null", 0, "not described"),
        ("mail", 0, "not a function call"),
        ("vbTextCompare", 0, "only in InStr"),
        ("Append([a], vbTextCompare)", 12, "only in InStr"),
        ("Trim([a])", 0, "Connect Sync"),
        ('"a" & "b"', 4, "no meaning"),
        ("Append('a', [b])", 7, "no meaning"),
        ("Mid([a], 1 2, 3)", 11, "was found where"),
        ('Join(" " [a])', 9, "[a] was found where"),
        ("[]", 0, "without a name"),
        ("9223372036854775808", 0, "64 bits"),
        ('Switch([a], "x", "key")', 22, "even number"),
        ("Switch([a])", 10, "Switch needs"),
        ("IIF([a])", 7, "IIF needs valueIfTrue"),
    ],
)
def test_errors_point_at_the_place(text: str, position: int, words: str) -> None:
    """Each mistake is named at its own character, with a remedy."""
    with pytest.raises(MappingError) as caught:
        parse(text)

    assert words in caught.value.message
    assert caught.value.position == position
    assert caught.value.remedy


def test_the_caret_stands_under_the_fault() -> None:
    """The rendering shows the line at fault, a caret and the remedy."""
    with pytest.raises(ExpressionError) as caught:
        parse('Join(",",\n  Jion([a]))')

    assert caught.value.pointer() == "  Jion([a]))\n  ^"
    assert (caught.value.line, caught.value.column) == (2, 3)
    assert caught.value._render_traceback_()[-1] == "What to do: Did you mean Join(separator, source, ...)?"


@pytest.mark.parametrize(
    ("before", "column"),
    [('Append("漢字é", ', 16), ('Append("e\u0301🎉", ', 14), ('Append("\u2028\x0b\t", ', 14)],
)
def test_the_caret_heeds_how_wide_characters_are(before: str, column: int) -> None:
    """CJK and emoji take two columns, combining marks none; what breaks a line is shown as a blank."""
    with pytest.raises(ExpressionError) as caught:
        parse(before + "Foo())")
    line, caret = caught.value.pointer().splitlines()

    assert caret == " " * column + "^"
    assert line.endswith("Foo())")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ('Concat([a], "b")', "Append(a, b)"),
        ("substring([a], 0, 3)", "Use Mid"),
        ('IIF(Or([a] = "x", [b] = "y"), "1", "2")', "no OR"),
        ('IIF([a] = Null, "1", "2")', 'the key ""'),
        ("StripSpace([a])", "Did you mean StripSpaces(source)?"),
        ("Frobnicate([a])", "Check the spelling"),
    ],
)
def test_habits_of_other_languages_are_answered(text: str, remedy: str) -> None:
    """What is written elsewhere gets what does it here, not the name that merely looks alike."""
    with pytest.raises(MappingError) as caught:
        parse(text)
    assert remedy in caught.value.remedy


def test_omitted_and_empty_arguments_differ() -> None:
    """A comma with nothing is an omitted argument; "" is a given one; trailing omissions do not count."""
    node = parse('Replace([a], , "x", , "", , )')

    assert isinstance(node, Call)
    assert node.arguments == (Attribute("a"), None, Text("x"), None, Text(""))
    assert parse('Replace([a],,"x",,"",,)') == parse('Replace ( [a] ,\n,"x"\t, , "" )') == node


def test_strings_keep_unknown_escapes() -> None:
    """Only \\\\ and \\" are escapes; any other backslash stays."""
    assert parse(r'"a\\b\"c\+d"') == Text(r"a\b" + '"c' + r"\+d")
    assert print_expression(parse(r'"\+"')) == r'"\\+"'


def test_names_are_read_without_case_and_printed_as_documented() -> None:
    """switch and SWITCH are Switch; attribute names stay as they are."""
    assert print_expression(parse('sWITCH([Dept],,"a","b")')) == 'Switch([Dept], , "a", "b")'
    assert parse("ignoreattributeflow") == Word("IgnoreAttributeFlow")


def test_hexadecimal_numbers() -> None:
    """&H literals keep their form."""
    node = parse("BitAnd(&HFF, -2)")
    assert node == Call("BitAnd", (Number(255, True), Number(-2)))
    assert print_expression(node) == "BitAnd(&HFF, -2)"


@pytest.mark.parametrize(
    "bomb",
    [
        "Append(" * 1400,
        "Not(" * 2499 + "[a]" + ")" * 2400,
        "(" * 10_000,
        "[" * 10_000,
        '"' + "\\" * 9_999,
        "9" * 9_000,
        "&H" + "F" * 9_000,
        "a" * 10_001,
        "Join(" + "," * 9_000 + ")",
        " " * 1_000_000,
    ],
)
def test_bombs_are_refused_quickly(bomb: str) -> None:
    """Depth, length and size are limited; the answer comes within a second."""
    started = time.perf_counter()
    with pytest.raises(MappingError):
        parse(bomb)
    assert time.perf_counter() - started < 1


def test_what_is_no_text_is_refused() -> None:
    """A number or None instead of text is a MappingError too."""
    with pytest.raises(MappingError):
        parse(None)  # type: ignore[arg-type]
