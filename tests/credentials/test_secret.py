"""Secret hides its value; clean_token repairs what is pasted, or says what is wrong with it."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimkit.credentials import MASK, Secret, clean_token
from scimkit.errors import CredentialError
from scimkit.evidence.records import to_plain

VALUE = "tok-4711.abcdefghijklmnop"
again = pytest.mark.parametrize


@again(
    "show",
    [
        str,
        repr,
        lambda s: f"{s}",
        lambda s: "%s %r" % (s, s),  # noqa: UP031 - the old way has to be masked too
        "{:>40}".format,
        lambda s: f"{s!r}",
        lambda s: str([s, {"a": s}]),
        lambda s: str(dir(s)),
    ],
)
def test_no_way_of_printing_shows_the_value(show):
    """Text, repr, formats, containers and dir show the mask or nothing."""
    assert VALUE not in show(Secret(VALUE, label="the token"))


def test_format_width_applies_to_the_mask():
    """A format specification works, as it does for text."""
    assert f"{Secret(VALUE):>10}" == f"{MASK:>10}"


def test_ipython_prints_the_mask():
    """IPython's pretty printer asks `_repr_pretty_`."""
    from IPython.lib.pretty import pretty

    assert pretty([Secret(VALUE)]) == f"[{MASK}]"


@again("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_is_refused(protocol):
    """Whatever the protocol."""
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(VALUE), protocol)


def test_json_and_records_refuse_it():
    """json.dumps fails by itself, with a default of str it gets the mask; a record cannot hold it."""
    with pytest.raises(TypeError):
        json.dumps({"token": Secret(VALUE)})
    assert json.dumps(Secret(VALUE), default=str) == f'"{MASK}"'
    with pytest.raises(TypeError):
        to_plain({"token": Secret(VALUE)})


def test_vars_and_attributes_give_nothing():
    """There is no __dict__, and it cannot be changed."""
    secret = Secret(VALUE)
    with pytest.raises(TypeError):
        vars(secret)
    with pytest.raises(AttributeError):
        secret.label = VALUE
    with pytest.raises(AttributeError):
        del secret.label


def test_a_copy_is_the_same_object():
    """So that a deep copy of what holds it spreads nothing."""
    secret = Secret(VALUE)
    assert copy.copy(secret) is secret
    assert copy.deepcopy({"a": [secret]})["a"][0] is secret


def test_equality_goes_by_value_and_never_with_text():
    """Two secrets of one value are equal; a text is not."""
    assert Secret(VALUE, label="a") == Secret(VALUE, label="b")
    assert hash(Secret(VALUE)) == hash(Secret(VALUE))
    assert Secret(VALUE) != VALUE
    assert Secret(VALUE) != Secret(VALUE + "x")


def test_nothing_and_other_types_are_refused():
    """An empty text is a CredentialError naming the label; other types are programming errors."""
    with pytest.raises(CredentialError, match="the token is empty"):
        Secret("", label="the token")
    with pytest.raises(TypeError):
        Secret(b"bytes")  # type: ignore[arg-type]


def test_a_traceback_with_locals_shows_the_mask():
    """Verbose tracebacks print the repr of local variables."""

    def fail(token: Secret) -> None:
        raise RuntimeError("broken")

    try:
        fail(Secret(VALUE))
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert MASK in shown
    assert repr(Secret(VALUE)) == MASK


@again(
    "pasted",
    [
        "abc.DEF-1",
        "  abc.DEF-1\t\n",
        "abc\n.DEF\r\n   -1",
        "Bearer abc.DEF-1",
        "bearer   abc.DEF-1",
        "BEARER\nabc.DEF-1",
        "Bearer: abc.DEF-1",
        "Authorization: Bearer abc.DEF-1",
        '"abc.DEF-1"',
        "'Bearer abc.DEF-1'",
        "“abc.DEF-1”",
        "„abc.DEF-1“",
        "‘abc.DEF-1’",
        "«abc.DEF-1»",
        "`abc.DEF-1`",
        'Bearer "abc.DEF-1"',
        "\ufeffabc.DEF-1",
        "abc\u200b.DEF\u200d-1\u2060",
        "abc.DEF\u00ad-1",
        "\u00a0abc.DEF-1\u00a0",
    ],
)
def test_slips_are_repaired(pasted):
    """What comes along when a token is copied does not stay in it."""
    assert clean_token(pasted) == "abc.DEF-1"


@again("kept", ["Bearerabc123", "12|abcDEF", "a'b", "bearer.abc", "AQ==", "a+b/c=", "x*****"])
def test_what_belongs_to_a_token_stays(kept):
    """Nothing is taken off that could be part of one."""
    assert clean_token(kept) == kept


@again(
    ("pasted", "words"),
    [
        ("", "no token"),
        (" \n ", "no token"),
        ("Bearer ", "no token"),
        ('""', "no token"),
        ("\u200b", "no token"),
        ("abc def", "space inside the token \\(character 4"),
        ("user abc def", "space"),
        ("abc\u00a0def", "space"),
        ("abc\tdef", "space"),
        ('"abcdef', "quotation mark in the token \\(character 1 "),
        ("abcdef”", "quotation mark in the token \\(character 7 "),
        ("ab”cdef", "quotation mark"),
        ("abcdéf", "character 5 of"),
        ("\ufeff abc\u0430def", "character 6 of"),
        ("abc\x07def", "character 4 of the input is a control"),
        ("••••••••", "in place of a token"),
        ("********", "in place of a token"),
        ("<your-token>", "placeholder"),
    ],
)
def test_the_rest_is_refused_with_words(pasted, words):
    """The message names the position, counted from 1 in what was pasted, and always comes with a remedy."""
    with pytest.raises(CredentialError, match=words) as caught:
        clean_token(pasted)
    assert caught.value.remedy
    assert caught.value.exit_code == 2


@given(st.text(min_size=1, max_size=60))
def test_cleaning_gives_plain_ascii_or_refuses_without_the_value(pasted):
    """Whatever is pasted: the result can be sent as it is and stays as it is when cleaned again; a refusal repeats
    nothing."""
    try:
        token = clean_token(pasted)
    except CredentialError as error:
        core = pasted.strip()
        said = error.message + error.remedy
        assert len(core) < 12 or core not in said
        return

    assert token
    assert token.isascii()
    assert token.isprintable()
    assert " " not in token
    assert clean_token(token) == token
