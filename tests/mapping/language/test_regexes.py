"""Patterns as .NET reads them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimkit.mapping.language.functions.regexes import compile_pattern
from scimkit.mapping.language.problems import EvaluationFault


@pytest.mark.parametrize(
    ("pattern", "text", "replacement", "expected"),
    [
        (r"(?<n>b)", "abc", "${n}${n}", "abbc"),
        (r"(?'n'b)", "abc", "<$1>", "a<b>c"),
        (r"(?<named>a)(b)", "ab", "$1$2", "ba"),
        (r"(?<named>a)(b)\1", "abb", "x", "x"),
        (r"(?<q>['x])a\k<q>", "xax", "-", "-"),
        (r"(?<n>a)|(?<n>b)", "ab", "<${n}>", "<a><b>"),  # two of one name are one group
        (r"(?<n>a)(b)(?<n>c)", "abc", "$1$2$+", "bcc"),
        (r"(?'é1'a)\k'é1'", "aa", "${é1}!", "a!"),
        (r"(a)|b", "ab", "[$1]", "[a][]"),
        (r"a{,2}", "a{,2}", "x", "x"),
        (r"a{e}", "a{e} a", "x", "x a"),
        (r"[[a]", "[a", "x", "xx"),
        (r"[[:alpha:]]", "a]", "x", "x"),
        (r"[\\/\<>|&~-]", "a/<|&~-b", "", "ab"),
        (r"[a\-c]", "abc-", "", "b"),
        (r"[-a]", "-ab", "", "b"),
        (r"[^-a]", "-ab", "", "-a"),
        (r"[\w-]", "a-b c", "", " "),
        (r"[+--]", "+,-.", "", "."),
        (r"[]a]", "]ab", "", "b"),
        (r"(?i)ABC", "abc", "x", "x"),
        (r"(?i:A)B", "aB ab", "x", "x ab"),
        (r"(?x) a b # both", "ab", "y", "y"),
        (r"a\z", "a", "x", "x"),
        (r"a\Z", "a\n", "x", "x\n"),
        (r"\u0041\x42\e", "AB\x1b", "x", "x"),
        (r"\p{Lu}", "aB", "x", "ax"),
        (r"(?>a+)b", "aab", "x", "x"),
        (r"a(?#comment)b", "ab", "x", "x"),
        (r"(?<=a)b", "ab", "x", "ax"),
        (r".*", "abc", "x", "xx"),
        (r"\d", "٣", "x", "x"),
        (r"\#\ \'", "# '", "x", "x"),
        (r"b", "abc", "$`|$'|$_|$&|$+|$0|$$|$", "aa|c|abc|b|b|b|$|$c"),
    ],
)
def test_replacing_as_dot_net(pattern: str, text: str, replacement: str, expected: str) -> None:
    """Groups, escapes, sets and replacement marks keep their .NET meaning."""
    assert compile_pattern(pattern).replace(text, replacement, 1.0) == expected


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"(?<=a*)b", "variable length"),
        (r"(?<!a{1,3})b", "variable length"),
        (r"(?<open>\()(?<-open>\))", "balancing"),
        (r"(?<a-b>x)", "balancing"),
        (r"[a-z-[aeiou]]", "subtraction"),
        (r"\p{IsGreek}", "Unicode block"),
        (r"a(?i)b", "in the middle"),
        (r"(a)?(?(1)b|c)", "conditional"),
        (r"(?n)(a)", "option n"),
        (r"(?P<n>a)", "Python's spelling"),
        (r"a++", "nothing before"),
        (r"*a", "nothing before"),
        (r"(?R)", "does not start any kind"),
        (r"(?|a|b)", "does not start any kind"),
        (r"\K", "no meaning"),
        (r"\m", "no meaning"),
        (r"(a", "not closed"),
        (r"a)", "too many"),
        (r"[a", "not closed"),
        ("a\\", "ends with a backslash"),
        (r"\2(a)", "no group 2"),
        (r"a{3,1}", "in the wrong order"),
        (r"(a{999}){999}", "repeats more than"),
        (r"[z-a]", "not valid"),
    ],
)
def test_what_cannot_be_carried_over_is_named(pattern: str, words: str) -> None:
    """Unportable and invalid patterns are refused with the construct's name and a remedy."""
    with pytest.raises(EvaluationFault) as caught:
        compile_pattern(pattern)
    assert words in caught.value.message
    assert caught.value.remedy


def test_a_slow_pattern_is_cut_off() -> None:
    """Catastrophic backtracking ends at the time limit."""
    pattern = compile_pattern("^(a|aa|aaa)+$")
    started = time.perf_counter()

    with pytest.raises(EvaluationFault, match="too long"):
        pattern.search("a" * 500 + "b", 0.2)

    assert time.perf_counter() - started < 2


PIECES = st.lists(
    st.sampled_from(
        [*"ab().*+?[]{}|^$\\-,1:=!<>P'#ixn", "(?<n>", "(?:", "[^", "\\d", "\\p{L}", "{2,3}", "(?<=", "\\1", "\\k<n>"]
    ),
    max_size=14,
).map("".join)


@given(st.one_of(st.text(max_size=20), PIECES), st.text("ab1-]", max_size=8), st.text("$x{}1n&", max_size=6))
@settings(max_examples=400, deadline=None)
def test_any_pattern_works_or_is_refused(pattern: str, text: str, replacement: str) -> None:
    """No pattern and no replacement raises anything but EvaluationFault."""
    try:
        compiled = compile_pattern(pattern)
        compiled.replace(text, replacement, 0.5)
        compiled.matches_whole(text, 0.5)
    except EvaluationFault as fault:
        assert fault.message
