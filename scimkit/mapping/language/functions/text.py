"""Functions from string to string. Replace has its own file."""

from __future__ import annotations

import base64
import re
import string
import unicodedata
import uuid
from dataclasses import replace
from itertools import chain
from typing import Any

from scimkit.mapping.language.compiler import Compiler
from scimkit.mapping.language.evaluation import Evaluation, Run
from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.signatures import function
from scimkit.mapping.language.syntax import Call
from scimkit.mapping.language.values import OMITTED, check_length, integer_of, show_value

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.

SPECIAL_CHARACTERS = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/"  # Windows password complexity
LONGEST_RANDOM = 256
DIACRITICS = str.maketrans(
    {"æ": "ae", "Æ": "AE", "ø": "oe", "Ø": "OE", "ß": "ss", "ł": "l", "Ł": "L", "ı": "i"}
)  # besides what decomposes; İ does
SEPARATING_CATEGORIES = frozenset(
    ("Zs", "Zl", "Zp", "Cc", "Cf", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So")
)  # .NET TextInfo.ToTitleCase


@function("Append", "source", "suffix")
def _append(evaluation: Evaluation, source: Any, suffix: Any) -> str | None:
    """source + suffix; null as an empty string (unconfirmed)."""
    return _concatenate(evaluation, source, suffix)


def _concatenate(evaluation: Evaluation, source: Any, suffix: Any) -> str | None:
    if not evaluation.settings.append_null_is_empty and (source is None or suffix is None):
        return None
    one, other = evaluation.text(source) or "", evaluation.text(suffix) or ""
    check_length(len(one) + len(other))
    return one + other


@function("Prepend", "prefix", "source", support="unknown")
def _prepend(evaluation: Evaluation, prefix: Any, source: Any) -> str | None:
    return _concatenate(evaluation, prefix, source)


@function("Join", "separator", "source", "more*?", lazy=True, keys={"more": "source"})
def _join(compiler: Compiler, node: Call, in_condition: bool) -> Run:
    """The sources joined by the separator; empty and null ones are skipped with their separator.

    Built as one closure instead of through the general call, because nearly every mapping has a Join.
    """
    given = replace(node, arguments=tuple(each for each in node.arguments if each is not None))
    separator, *runs = [compiler.argument(node, each, in_condition) for each in given.arguments]

    def joined(evaluation: Evaluation) -> str:
        between = separator(evaluation)
        values = [run(evaluation) for run in runs]
        parts: list[str] = []
        try:
            for value in values:
                if value.__class__ is str:
                    if value:
                        parts.append(value)
                elif value is not None:
                    parts += _texts(evaluation, value)
            made = (between if between.__class__ is str else evaluation.text(between) or "").join(parts)
            check_length(len(made))
            return made
        except EvaluationFault as fault:
            raise compiler.located(fault, given, (between, *values)) from None

    return joined


def _texts(evaluation: Evaluation, value: Any) -> list[str]:
    """What a value that is not a string contributes to Join: all elements of a list."""
    if isinstance(value, list):
        values = value
    else:
        values = [value]
    texts = [evaluation.text(each) for each in values]
    return [text for text in texts if text]


@function("Left", "string", "numChars")
def _left(evaluation: Evaluation, source: Any, count: Any) -> str:
    """The first characters; a negative number gives the whole input, null gives an empty string."""
    text, number = evaluation.text(source) or "", integer_of(count, "numChars")
    if number < 0:
        return text
    return text[:number]


@function("Mid", "source", "start", "length")
def _mid(evaluation: Evaluation, source: Any, start: Any, length: Any) -> str:
    """Part of a string, from 1. Start or length outside the string: `Settings.mid_out_of_range`."""
    text = evaluation.text(source) or ""
    first, count = integer_of(start, "start"), integer_of(length, "length")
    if count == 0:
        return ""
    if count < 0 or first <= 0 or first > len(text):
        if evaluation.settings.mid_out_of_range == "input":
            return text
        return ""
    return text[first - 1 : first - 1 + count]


def _is_turkic(evaluation: Evaluation, culture: Any) -> bool:
    name = ""
    if culture is not OMITTED:
        name = evaluation.text(culture) or ""
    return name.split("-")[0].lower() in ("tr", "az")


@function("ToLower", "source", "culture?")
def _to_lower(evaluation: Evaluation, source: Any, culture: Any) -> str | None:
    """Lower case; without a culture invariant, in Turkic ones I becomes ı."""
    text = evaluation.text(source)
    if text is None:
        return None
    if _is_turkic(evaluation, culture):
        return _lower(text.replace("İ", "i").replace("I", "ı"))
    return _lower(text)


def _lower(text: str) -> str:
    """Letter by letter, as .NET does: İ (two letters in Python) stays, final sigma is not special."""
    if text.isascii():
        return text.lower()
    return "".join(_unless_longer(each.lower(), each) for each in text)


def _upper(text: str) -> str:
    """Letter by letter, as .NET does: ß stays ß."""
    if text.isascii():
        return text.upper()
    return "".join(_unless_longer(each.upper(), each) for each in text)


def _unless_longer(changed: str, letter: str) -> str:
    """The changed letter, or the letter itself if the change would turn it into two."""
    if len(changed) == 1:
        return changed
    return letter


@function("ToUpper", "source", "culture?")
def _to_upper(evaluation: Evaluation, source: Any, culture: Any) -> str | None:
    text = evaluation.text(source)
    if text is None:
        return None
    if _is_turkic(evaluation, culture):
        return _upper(text.replace("i", "İ").replace("ı", "I"))
    return _upper(text)


@function("PCase", "source", "wordSeparators?")
def _pcase(evaluation: Evaluation, source: Any, separators: Any) -> str | None:
    """The first letter of each word in upper case, all others in lower case.

    Without separators, .NET's ToTitleCase of the lowered text; with separators, words
    are separated by exactly these characters.
    """
    text = evaluation.text(source)
    if text is None:
        return None
    given = None
    if not (separators is OMITTED or separators is None):
        given = evaluation.text(separators)
    joins = evaluation.settings.pcase_apostrophe == "joins"
    made, inside = [], False
    for character in _lower(text):
        if given is not None:
            separates = character in given
        else:
            separates = unicodedata.category(character) in SEPARATING_CATEGORIES
            if character == "'" and joins and inside:
                separates = False
        if separates:
            inside = False
        elif not inside and character.isalpha():
            inside = True
            title = character.title()
            if len(title) == 1:
                character = title
        made.append(character)
    return "".join(made)


@function("StripSpaces", "source")
def _strip_spaces(evaluation: Evaluation, source: Any) -> str | None:
    """Without any U+0020; other whitespace stays."""
    text = evaluation.text(source)
    if text is None:
        return None
    return text.replace(" ", "")


@function("NormalizeDiacritics", "source")
def _normalize_diacritics(evaluation: Evaluation, source: Any) -> str | None:
    """Letters with diacritics reduced to base letters, by decomposition and the reference page's table.

    œ without a mark, đ, ð and þ are not in that table and stay (unconfirmed).
    """
    text = evaluation.text(source)
    if text is None or text.isascii():
        return text
    text = unicodedata.normalize("NFD", text).replace("œ\u0304", "oe").replace("Œ\u0304", "OE")
    bare = "".join(each for each in text if unicodedata.category(each) != "Mn").translate(DIACRITICS)
    check_length(len(bare))
    return unicodedata.normalize("NFC", bare)


@function("Word", "string", "wordNumber", "delimiters")
def _word(evaluation: Evaluation, source: Any, number: Any, delimiters: Any) -> str:
    """The n-th word, from 1; each character of `delimiters` separates, empty words are skipped (unconfirmed)."""
    text, marks = evaluation.text(source) or "", evaluation.text(delimiters) or ""
    wanted = integer_of(number, "wordNumber")
    if marks:
        words = [word for word in re.split(f"[{re.escape(marks)}]", text) if word]
    else:
        words = [text]
    if 1 <= wanted <= len(words):
        return words[wanted - 1]
    return ""


@function("InStr", "value1", "value2", "start?", "compareType?")
def _in_str(evaluation: Evaluation, value1: Any, value2: Any, start: Any, compare_type: Any) -> int:
    """The position of value2 in value1, from 1; 0 if it does not occur."""
    text, part = evaluation.text(value1) or "", evaluation.text(value2) or ""
    first = 1
    if not (start is OMITTED or start is None):
        first = integer_of(start, "start")
    if first < 1:
        raise EvaluationFault("start must be 1 or more", "Positions are counted from 1.", start)
    if _ignores_case(evaluation, compare_type):
        text, part = _lower(_upper(text)), _lower(_upper(part))
    if text:
        return text.find(part, first - 1) + 1
    return 0


def _ignores_case(evaluation: Evaluation, compare_type: Any) -> bool:
    if compare_type is OMITTED or compare_type is None:
        return evaluation.settings.case_of_instr == "text"
    if compare_type in ("vbTextCompare", 1, "1"):
        return True
    if compare_type in ("vbBinaryCompare", 0, "0"):
        return False
    raise EvaluationFault(
        f"compareType is {show_value(compare_type)}",
        "Write vbTextCompare or vbBinaryCompare, without quotes.",
        compare_type,
    )


@function("Split", "source", "delimiter?")
def _split(evaluation: Evaluation, source: Any, delimiter: Any) -> list[str]:
    """A list of the parts; spaces around each are removed (unconfirmed), null gives an empty list."""
    mark = evaluation.settings.split_delimiter if delimiter is OMITTED else evaluation.text(delimiter)
    if not mark:
        raise EvaluationFault("the delimiter is empty", 'Give one character, such as ",".', delimiter)
    text = evaluation.text(source)
    if not text:
        return []
    parts = text.split(mark)
    if evaluation.settings.split_trims:
        return [part.strip() for part in parts]
    return parts


@function("ConvertToBase64", "source")
def _to_base64(evaluation: Evaluation, source: Any) -> str | None:
    """Base64 of the UTF-16LE bytes."""
    text = evaluation.text(source)
    if text is None:
        return None
    return base64.b64encode(text.encode("utf-16-le", "surrogatepass")).decode("ascii")


@function("ConvertToUTF8Hex", "source")
def _to_hex(evaluation: Evaluation, source: Any) -> str | None:
    """Upper-case hexadecimal of the UTF-8 bytes; half a surrogate pair becomes U+FFFD as in .NET."""
    text = evaluation.text(source)
    if text is None:
        return None
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.encode("utf-8").hex().upper()


@function("Guid")
def _guid(evaluation: Evaluation) -> str:
    """A random identifier, lower case with hyphens."""
    return str(uuid.UUID(int=evaluation.random.getrandbits(128), version=4))


@function(
    "RandomString",
    "length",
    "minimumNumbers",
    "minimumSpecialCharacters",
    "minimumCapital",
    "minimumLowerCase",
    "charactersToAvoid?",
)
def _random_string(evaluation: Evaluation, length: Any, *minimums: Any) -> str:
    """A random string with at least the given number of characters of each class.

    Characters beyond the minimums come from the classes with a minimum (unconfirmed).
    """
    numbers, special, capital, lower, avoid = minimums
    wanted = integer_of(length, "length")
    avoided = set("" if avoid is OMITTED else evaluation.text(avoid) or "")
    kinds = []
    for what, minimum, alphabet in (
        ("minimumNumbers", numbers, string.digits),
        ("minimumSpecialCharacters", special, SPECIAL_CHARACTERS),
        ("minimumCapital", capital, string.ascii_uppercase),
        ("minimumLowerCase", lower, string.ascii_lowercase),
    ):
        count = integer_of(minimum, what)
        if count < 0:
            raise EvaluationFault(f"{what} is negative", "Give 0 or more.", minimum)
        kinds.append((count, [each for each in alphabet if each not in avoided]))
    least = sum(count for count, _ in kinds)
    if not 0 < wanted <= LONGEST_RANDOM or wanted < least:
        remedy = f"Give a length between the sum of the minimums ({least}) and {LONGEST_RANDOM}."
        raise EvaluationFault(f"length is {wanted}", remedy, length)
    if any(count and not alphabet for count, alphabet in kinds):
        raise EvaluationFault(
            "charactersToAvoid leaves no character of a required class", "Avoid fewer characters.", avoid
        )
    drawn: list[str] = []
    for count, letters in kinds:
        drawn += [evaluation.random.choice(letters) for _ in range(count)]
    surplus = list(chain.from_iterable(letters for count, letters in kinds if count or not least))
    if wanted > least and not surplus:
        raise EvaluationFault("charactersToAvoid leaves no character", "Avoid fewer characters.", avoid)
    drawn += [evaluation.random.choice(surplus) for _ in range(wanted - least)]
    evaluation.random.shuffle(drawn)
    return "".join(drawn)


@function("Redact", "value")
def _redact(evaluation: Evaluation, value: Any) -> Any:
    """The value itself; only the displayed value is masked (`explanations`, `redacts`)."""
    return value


FUNCTIONS = (
    _append,
    _prepend,
    _join,
    _left,
    _mid,
    _to_lower,
    _to_upper,
    _pcase,
    _strip_spaces,
    _normalize_diacritics,
    _word,
    _in_str,
    _split,
    _to_base64,
    _to_hex,
    _guid,
    _random_string,
    _redact,
)
