"""The redactor finds a registered value in whatever way it is written down."""

from __future__ import annotations

import base64
import html
import itertools
import json
import logging
import random
import time
import urllib.parse
from collections import namedtuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scimkit.credentials import MASK, RedactingFilter, Redactor, Secret
from scimkit.credentials.redactor import FRAGMENT
from scimkit.errors import CredentialError

TOKEN = "aB3+/=k\"\\l~m%n&o<p> q'r:ü€"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


ENCODINGS = {
    "raw": lambda v: v,
    "bearer": lambda v: f"Authorization: Bearer {v}",
    "json": json.dumps,
    "json with letters": lambda v: json.dumps(v, ensure_ascii=False),
    "json in json": lambda v: json.dumps({"source": json.dumps({"t": v})}),
    "json three deep": lambda v: json.dumps(json.dumps(json.dumps(v))),
    "repr": repr,
    "repr in repr": lambda v: repr([repr(v)]),
    "repr of bytes": lambda v: repr(v.encode()),
    "ascii": ascii,
    "quote": urllib.parse.quote,
    "quote all": lambda v: urllib.parse.quote(v, safe=""),
    "quote lower": lambda v: urllib.parse.quote(v, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
    "quote plus": urllib.parse.quote_plus,
    "quote twice": lambda v: urllib.parse.quote(urllib.parse.quote(v, safe=""), safe=""),
    "urlencode": lambda v: urllib.parse.urlencode({"token": v, "x": "1"}),
    "html": html.escape,
    "html twice": lambda v: html.escape(html.escape(v)),
    "html in json": lambda v: json.dumps(html.escape(v)),
    "base64": lambda v: b64(v.encode()),
    "base64 in lines": lambda v: base64.encodebytes(v.encode()).decode().strip(),
    "base64 in lines in json": lambda v: json.dumps(base64.encodebytes((v).encode()).decode().strip()),
    "base64 second": lambda v: b64(b"u" + v.encode() + b"tail"),
    "base64 third": lambda v: b64(b"us" + v.encode()),
    "basic": lambda v: b64(b"user:" + v.encode()),
    "base64 url": lambda v: url64(v.encode()),
    "base64 url second": lambda v: url64(b"u" + v.encode() + b"x"),
    "base64 url third": lambda v: url64(b"ab" + v.encode()),
    "hex": lambda v: v.encode().hex(),
    "HEX": lambda v: v.encode().hex().upper(),
    "utf-16": lambda v: v.encode("utf-16-le").decode("latin-1"),
    "utf-16 be": lambda v: v.encode("utf-16-be").decode("latin-1"),
    "utf-16 repr": lambda v: repr(v.encode("utf-16-le")),
    "utf-16 hex": lambda v: v.encode("utf-16-le").hex(),
    "utf-16 base64": lambda v: b64(v.encode("utf-16-le")),
}


def trace(value: str, name: str) -> str:
    """The part of an encoding that must not be left: without the edges that belong to what stands around it."""
    text = ENCODINGS[name](value)
    return {"raw": value, "bearer": value}.get(name, text)


def redactor_of(*values: str) -> Redactor:
    redactor = Redactor()
    for value in values:
        redactor.register(value)
    return redactor


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize(
    "value",
    [
        TOKEN,
        "eyJhbGciOiJub25lIn0.eyJleHAiOjF9.c2ln",
        "simple-token_4711",
        "a/b+c==",
        "long-token-" * 20,
        "\\\\srv\\x$ey\\",
    ],
)
def test_every_encoding_is_found(name, value):
    """Between other text, the encoded value is gone and the other text is there."""
    written = f"before {ENCODINGS[name](value)} after"
    out = redactor_of(value).text(written)

    assert trace(value, name) not in out
    assert MASK in out
    assert out.startswith("before ")
    assert out.endswith(" after")


values = st.one_of(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=60),
    st.text(st.characters(exclude_categories=("Cs",)), min_size=6, max_size=40),
)


@settings(max_examples=200, deadline=None)
@given(value=values, name=st.sampled_from(sorted(ENCODINGS)), before=st.text(max_size=10), after=st.text(max_size=10))
@example(value="[secre", name="raw", before="", after="")
def test_no_encoding_of_any_value_remains(value, name, before, after):
    """Random values, random surroundings: what json, repr, urllib, html and base64 make of them is not in the
    result."""
    redactor = Redactor()
    try:
        redactor.register(value)
    except CredentialError:
        return  # too short without its blanks

    out = redactor.text(before + ENCODINGS[name](value) + after)

    assert MASK in out

    if value not in MASK + before + after and before not in value and after not in value:
        assert value not in out.replace(MASK, "")


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_without_a_secret_stay(data):
    """Every byte comes back."""
    assert redactor_of("never-in-there-4711").bytes(data) == data


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_bytes_in_every_encoding(encoding):
    """Files and kernel messages are bytes."""
    data = "x simple-token_4711 y".encode(encoding)
    out = redactor_of("simple-token_4711").bytes(data)

    assert "simple-token_4711".encode(encoding)[2:] not in out
    assert MASK.encode() in out


def test_non_ascii_value_in_utf8_bytes():
    """A password with letters outside ASCII is found in UTF-8."""
    assert redactor_of("pässwörd-1").bytes("a pässwörd-1".encode()) == b"a " + MASK.encode()


def test_plain_walks_everything_that_json_can_hold():
    """Keys, values, lists, tuples, named tuples, bytes, and secrets themselves."""
    Pair = namedtuple("Pair", "a b")
    redactor = redactor_of("simple-token_4711")

    given_value = {
        "simple-token_4711": ["simple-token_4711", ("x", b"simple-token_4711"), Pair("simple-token_4711", 1)],
        "n": 1,
        "s": Secret("other-secret"),
        "z": None,
    }

    assert redactor.plain(given_value) == {
        MASK: [MASK, ("x", MASK.encode()), Pair(MASK, 1)],
        "n": 1,
        "s": MASK,
        "z": None,
    }
    assert "simple-token_4711" in given_value, "the original is left alone"


@pytest.mark.parametrize("value", ["", "abc", "12345", "     x", "secret"])
def test_short_values_are_refused_with_words(value):
    """They would tear ordinary words apart; the value is not repeated."""
    with pytest.raises(CredentialError, match="too short") as caught:
        Redactor().register(value)
    assert caught.value.remedy


def test_longer_values_win():
    """One secret inside another: the outer one goes as a whole."""
    assert (
        redactor_of("inner-token", "outer-inner-token-more").text("a outer-inner-token-more b inner-token")
        == f"a {MASK} b {MASK}"
    )


def test_what_a_display_cuts_off():
    """pandas shows the first 47 characters of a long value, others the last ones."""
    token = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789", k=200))
    redactor = redactor_of(token)

    assert token[:24] not in redactor.text(f"| {token[:47]}... |")
    assert token[-24:] not in redactor.text(f"...{token[-40:]}")


def test_registering_twice_and_redacting_twice_change_nothing():
    """Both can happen at every corner."""
    redactor = redactor_of("simple-token_4711", "simple-token_4711")
    once = redactor.text("a simple-token_4711")

    assert redactor.text(once) == once
    assert "1 secrets" in repr(redactor)
    assert "simple" not in repr(redactor)


def test_text_without_secrets_is_the_same_object():
    """Nothing is copied when nothing is found."""
    text = "nothing to see"
    assert redactor_of("simple-token_4711").text(text) is text


def test_logging_filter_cleans_message_arguments_traceback_and_stack():
    """What a handler prints is clean, a broken format string included."""
    redactor = redactor_of("simple-token_4711")
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record):
            lines.append(self.format(record))

    logger = logging.Logger("test")
    handler = Keeper()
    handler.addFilter(RedactingFilter(redactor))
    logger.addHandler(handler)
    logger.info("token %s", "simple-token_4711", stack_info=True)
    logger.info("broken %d", "simple-token_4711")
    try:
        raise KeyError("simple-token_4711")
    except KeyError:
        logger.exception("failed with %r", {"t": "simple-token_4711"})
    assert len(lines) == 3
    assert MASK in lines[0]
    assert "KeyError" in lines[2]
    assert "simple-token_4711" not in "".join(lines)


def test_megabytes_in_reasonable_time():
    """Five tokens of Entra's length over two megabytes of notebook: well under the time of a cell."""
    source = random.Random(2)
    redactor = redactor_of(*("".join(source.choices("abcdefghABCDEFGH0123456789-_.", k=2000)) for _ in range(5)))
    text = "".join(source.choices('abcdefgh \\\\"%&;{}0123456789', k=2_000_000))
    began = time.perf_counter()

    redactor.text(text)

    assert time.perf_counter() - began < 3


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("nothing", 0),
        ("is sk-P", 4),
        ("sk-Pieces/4f9Q", 14),
        ("sk-Pieces/4f9Qx", 0),
        ("sk-sk-", 3),
        ("736b2d5069", 10),
        ("ends here\n", 0),
    ],
)
def test_a_secret_that_has_only_begun(text, count):
    """How much of the end of a text may be the beginning of a secret, in one of its spellings."""
    redactor = Redactor()
    redactor.register("sk-Pieces/4f9QzT81")
    assert redactor.unfinished(text) == count


LONG = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzb21lYm9keSIsImF1ZCI6InNvbWV0aGluZyJ9.c2lnbmF0dXJl"
ODD = 'Quo"ted \\ and &amp; long enough for both of its ends to be looked for alone'


@given(
    before=st.sampled_from(["", "a ", LONG[:5], LONG[:24], LONG]),
    spelled=st.sampled_from([LONG, ODD, b64(LONG.encode()), LONG + LONG, LONG[:24] + LONG, json.dumps(ODD)]),
    after=st.sampled_from(["", "\n", LONG[:1], LONG[-24:]]),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
@example(before="", spelled=LONG, after="\n", cuts=[24])
@example(before="", spelled=LONG, after="\n", cuts=[30])
@example(before="", spelled=LONG, after="\n", cuts=list(range(400)))
@example(before="", spelled=LONG, after=LONG[:1], cuts=[len(LONG) + 1])
def test_pieces_of_a_long_secret(before, spelled, after, cuts):
    """Sent piece by piece, each redacted once it need not wait any more, a text reads as it does when redacted
    whole."""
    if spelled == json.dumps(ODD):  # an escaped spelling is whole only where it was printed at once
        cuts = [cut for cut in cuts if not len(before) < cut < len(before) + len(spelled)]
    redactor = redactor_of(LONG, ODD)
    whole = before + spelled + after
    edges = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    sent, held = "", ""

    for start, end in itertools.pairwise(edges):
        held += whole[start:end]
        ready = len(held) - redactor.unfinished(held)
        sent, held = sent + redactor.text(held[:ready]), held[ready:]

    assert sent + redactor.text(held) == redactor.text(whole)


@pytest.mark.parametrize("kept", [24, 25, 47, len(LONG) - 1])
def test_cut_off_wherever_it_is(kept):
    """A display that cuts a long value off leaves none of it, from whichever end and however much it kept."""
    redactor = redactor_of(LONG)

    assert redactor.text(f"a {LONG[:kept]}... b {LONG[:kept]}") == f"a {MASK}... b {MASK}"
    assert redactor.text(f"...{LONG[-kept:]} {LONG} ...{LONG[-kept:]}") == f"...{MASK} {MASK} ...{MASK}"
    assert redactor.text(LONG[: FRAGMENT - 1]) == LONG[: FRAGMENT - 1]
