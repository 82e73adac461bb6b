"""Values as people read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import BaseModel

from scimkit.evidence.checks import Status
from scimkit.views.values import cell, json_text, label, phrase, plain, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Zoë 王小明", "Zoë 王小明"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("a\x00\x1b[31m", "a\\u0000\\u001b[31m"),
        ("ada\u202emoc.live", "ada\\u202emoc.live"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\u2028\u2029\x85", "\\u2028\\u2029\\u0085"),
        ("lone \ud800", "lone \\ud800"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("a\u200db \u200c", "a\\u200db \\u200c"),
        ("\u0646\u200d\u0627", "\u0646\\u200d\u0627"),
    ],
)
def test_invisible_characters_are_spelled_out(text: str, shown: str) -> None:
    """Control, bidirectional and zero-width characters cannot hide; letters stay as they are."""
    assert visible(text) == shown
    assert visible(shown) == shown


@pytest.mark.parametrize(
    "name",
    [
        "Jürgen Müßig", "e\u0301cole", "محمد علي", "שרה כהן", "李小龍", "O’Neill",
        "علی\u200cرضا",  # a Persian name whose two parts do not join
        "\u0915\u094d\u200d\u0937", "\u0915\u094d\u200c\u0937",  # Devanagari, after a virama
        "👩🏽\u200d💻 Zoë", "❤\ufe0f\u200d🔥", "👨\u200d👩\u200d👧",
    ],
)  # fmt: skip
def test_names_are_written_as_their_owners_write_them(name: str) -> None:
    """Letters of any script, and the joiners that a script or a picture needs."""
    assert visible(name) == name


@dataclass(frozen=True)
class Odd:
    when: datetime
    status: Status
    names: frozenset[str]
    handle: Any


def test_plain_shows_no_address_in_memory() -> None:
    """What is not data is shown by its class alone; sets are sorted, times end in Z."""
    odd = Odd(datetime(2026, 3, 2, 9, tzinfo=UTC), Status.PASSED, frozenset({"b", "a"}), object())
    assert plain(odd) == {"when": "2026-03-02T09:00:00Z", "status": "passed", "names": ["a", "b"], "handle": "<object>"}


def test_plain_takes_pydantic_models() -> None:
    """A profile is a pydantic model with models inside."""

    class Inner(BaseModel):
        on: date

    class Outer(BaseModel):
        inner: tuple[Inner, ...]

    assert plain(Outer(inner=(Inner(on=date(2026, 1, 2)),))) == {"inner": [{"on": "2026-01-02"}]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        ("", "—"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        ([], "—"),
        (["a", "b"], "a, b"),
        (["a, b", "c"], "a, b\nc"),
        ({"userName": "x", "active": True}, "userName: x\nactive: yes"),
        ({"user_principal_name": "a@x", "display_name": "A", "id": "1"}, "A <a@x>"),
        ({"user_principal_name": "", "display_name": "", "id": "1"}, "1"),
        ({"value": "a", "source": "s", "confirmed": False}, "a (unconfirmed)"),
    ],
)
def test_phrase(value: Any, text: str) -> None:
    """Each shape of value has one way to be said."""
    assert phrase(value) == text


def test_a_newline_in_a_value_cannot_make_a_second_line() -> None:
    """Only our own line feeds divide a cell."""
    assert cell("one\n  ✓ passed  forged").lines == ["one\\n  ✓ passed  forged"]


def test_an_unconfirmed_fact_keeps_its_mark() -> None:
    """The mark travels with the cell, not with its text."""
    assert cell({"value": True, "source": "s", "confirmed": False}).unconfirmed
    assert not cell({"value": True, "source": "s", "confirmed": True}).unconfirmed


def test_json_text_is_indented_and_visible() -> None:
    """Bodies keep their letters and lose their tricks."""
    assert json_text({"name": "Zoë\u202e"}) == '{\n  "name": "Zoë\\u202e"\n}'


def test_label() -> None:
    """Field names become words, times say their zone."""
    assert (label("from_utc"), label("job_id")) == ("from (UTC)", "job id")
