"""Values in a form that people can read and no one can abuse.

What a vendor or a directory returns is data: control characters, bidirectional
overrides and invisible letters are spelled out (`\\u202e`), so that a display
name can neither forge a line of a table nor reverse the text around it.
"""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

from scimkit.evidence.records import utc_text
from scimkit.views.document import Cell

NOTHING = "—"
# Cc control, Cf format (bidi, zero width, tags), Cs lone surrogates, Zl/Zp line and paragraph separators
_SPELLED_OUT = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """`text` with every invisible character spelled out.

    >>> visible("Ada\\u202e")
    'Ada\\\\u202e'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        letter if letter in _JOINERS and _joins(text, place) else _spelled(letter) for place, letter in enumerate(text)
    )


def _joins(text: str, place: int) -> bool:
    """Whether a joiner belongs to how a name is written: between two pictures (a family in one emoji),
    after a virama (RFC 5892, appendix A), or, to keep them apart, between Arabic letters. Anywhere
    else it only makes two names look the same."""
    before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
    if before == "\ufe0f" or (before and unicodedata.category(before) == "Sk"):  # how the picture before is to look
        before = text[max(place - 2, 0) : place - 1]
    if not before or not after:
        return False
    if unicodedata.category(before) == unicodedata.category(after) == "So":
        return text[place] == "\u200d"
    arabic = unicodedata.bidirectional(before) == unicodedata.bidirectional(after) == "AL"
    return unicodedata.combining(before) == 9 or (arabic and text[place] == "\u200c")


def _spelled(letter: str) -> str:
    if unicodedata.category(letter) not in _SPELLED_OUT:
        return letter
    if letter in _SHORT:
        return _SHORT[letter]
    number = ord(letter)
    if number < 0x10000:
        return f"\\u{number:04x}"
    return f"\\U{number:08x}"


def plain(value: Any) -> Any:
    """`value` as dicts, lists, text, numbers, booleans and None.

    Accepts records, pydantic models and everything inside them; sets are sorted,
    so that two runs read the same. Anything else is shown only by the name of its
    class: no address in memory, and no secret.
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, datetime):
        if value.tzinfo:
            return utc_text(value)
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if not isinstance(value, type) and hasattr(type(value), "model_fields"):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return f"<{type(value).__name__}>"


def is_fact(value: Any) -> bool:
    """Whether `value` is a fact: a value with its source and whether it is confirmed."""
    return isinstance(value, Mapping) and "value" in value and "confirmed" in value


def is_person(value: Any) -> bool:
    return isinstance(value, Mapping) and "user_principal_name" in value


def phrase(value: Any) -> str:
    """A plain value as text: yes, no, lists with commas, people by name and user name."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        if value:
            return "yes"
        return "no"
    if is_person(value):
        return _person(value)
    if is_fact(value):
        if value.get("confirmed"):
            return phrase(value["value"])
        return phrase(value["value"]) + " (unconfirmed)"
    if isinstance(value, Mapping):
        return "\n".join(f"{visible(str(key))}: {phrase(item)}" for key, item in value.items()) or NOTHING
    if isinstance(value, (list, tuple)):
        texts = [phrase(item) for item in value]
        between = ", "
        if any("\n" in text or ", " in text for text in texts):
            between = "\n"
        return between.join(texts) or NOTHING
    return visible(str(value))


def _person(person: Mapping[str, Any]) -> str:
    names = [person.get("display_name"), person.get("user_principal_name") or person.get("id")]
    known = list(dict.fromkeys(visible(str(name)) for name in names if name))
    if known:
        return known[0] + "".join(f" <{name}>" for name in known[1:])
    return NOTHING


def cell(value: Any, *, code: bool = False, nothing: str = NOTHING) -> Cell:
    """A plain value as a cell. A fact that is not confirmed keeps its mark."""
    if isinstance(value, Cell):
        return value
    if is_fact(value):
        return Cell(phrase(value["value"]), unconfirmed=not value.get("confirmed"), code=code)
    if value is None or value == "" or value == [] or value == {}:
        return Cell(nothing)
    return Cell(phrase(value), code=code)


def json_text(value: Any) -> str:
    """A body in readable form: indented JSON, every line free of invisible characters."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=lambda item: f"<{type(item).__name__}>")
    return "\n".join(visible(line) for line in text.split("\n"))


def label(name: str) -> str:
    """A field's name as a label.

    >>> label("started_utc")
    'started (UTC)'
    """
    words = name.removesuffix("_utc").replace("_", " ")
    if name.endswith("_utc"):
        return f"{words} (UTC)"
    return words
