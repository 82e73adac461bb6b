"""A secret in memory, and the repair of pasted tokens.

`Secret` hides its value from everything that prints, formats, pickles or
serialises. `reveal()` is the only way to read it, and easy to search for.
"""

from __future__ import annotations

import hmac
from typing import Any, NoReturn

from scimkit.errors import CredentialError

MASK = "[secret]"

_INVISIBLE = frozenset(
    "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u201d": "\u201d", "\u201e": "\u201c", "\u2018": "\u2019",
           "\u2019": "\u2019", "\u201a": "\u2018", "\u00ab": "\u00bb", "\u2039": "\u203a"}  # fmt: skip
_ALL_QUOTES = frozenset(_QUOTES) | frozenset(_QUOTES.values())
_BULLETS = frozenset("*\u2022\u25cf\u00b7\u2219.xX")


class Secret:
    """A value that no one sees by accident.

    label  what it is, for people: "the O'Reilly token"; not secret

    `str`, `repr`, `format` and f-strings give "[secret]". Pickling is refused.
    JSON and records refuse it on their own, because it is not one of their types. A copy
    is the same object, so that a deep copy of its container spreads nothing. Two secrets
    are equal when their values are, compared in constant time.
    """

    __slots__ = ("_hidden", "label")
    _hidden: str
    label: str

    def __init__(self, value: str, *, label: str = "") -> None:
        if not isinstance(value, str):
            raise TypeError("a Secret must be a string")
        if not value:
            raise CredentialError(f"{label or 'the secret'} is empty", "Enter the token that the vendor displayed.")
        object.__setattr__(self, "_hidden", value)
        object.__setattr__(self, "label", label)

    def reveal(self) -> str:
        """The value itself: only to send it, and to store it where it is kept."""
        return self._hidden

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return format(MASK, specification)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self.reveal().encode("utf-8", "surrogatepass"), other.reveal().encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash((Secret, self.reveal()))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a Secret cannot be pickled; store its reference instead")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled; store its reference instead")

    def __dir__(self) -> list[str]:
        return ["label", "reveal"]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(MASK)


def clean_token(text: str) -> str:
    """The token in a pasted string.

    Repaired: invisible characters (zero width, byte order mark, soft hyphen),
    spaces and line breaks around it, line breaks inside (mail wraps long
    words), quotation marks of any kind around it, a leading `Authorization:` or
    `Bearer` (Entra adds that word itself).

    Refused with an explanation that names a position counted from 1 in the pasted
    string and never the value: nothing left, spaces or control characters inside, a
    quotation mark at one end only, characters outside ASCII, and the dots or
    stars with which a portal shows a hidden token.

    >>> clean_token(' “Bearer abc.def” ')
    'abc.def'
    """
    if not isinstance(text, str):
        raise TypeError("a token is text")
    characters = [(position, letter) for position, letter in enumerate(text, 1) if letter not in _INVISIBLE]
    characters = _without_wrapping(_strip(characters))
    before = -1
    while before != len(characters):
        before = len(characters)
        characters = _without_quotes(_without_words(characters))
    _refuse_the_rest(characters)
    return "".join(letter for _, letter in characters)


_Characters = list[tuple[int, str]]


def _strip(characters: _Characters) -> _Characters:
    start, end = 0, len(characters)
    while start < end and characters[start][1].isspace():
        start += 1
    while end > start and characters[end - 1][1].isspace():
        end -= 1
    return characters[start:end]


def _without_wrapping(characters: _Characters) -> _Characters:
    """Without line breaks, and without the spaces beside them (an indented second line).

    A break right after the word Bearer is kept as a space.
    """
    out: _Characters = []
    index = 0
    while index < len(characters):
        end = index
        while end < len(characters) and characters[end][1].isspace():
            end += 1
        run = characters[index:end]
        if run and any(letter in "\r\n\x0b\x0c\x85\u2028\u2029" for _, letter in run):
            word = "".join(letter for _, letter in out).lower().lstrip("\"'`\u201c\u201e\u2018")
            if word in ("bearer", "authorization:", "authorization: bearer", "authorization:bearer"):
                out.append((run[0][0], " "))
            index = end
        elif run:
            out.extend(run)
            index = end
        else:
            out.append(characters[index])
            index += 1
    return out


def _without_words(characters: _Characters) -> _Characters:
    for word in ("authorization:", "bearer"):
        text = "".join(letter for _, letter in characters)
        rest = text[len(word) :]
        if text[: len(word)].lower() == word and (
            word.endswith(":") or rest[:1].isspace() or rest[:1] == ":" or not rest
        ):
            characters = _strip(characters[len(word) :])
            if word == "bearer" and characters and characters[0][1] == ":":
                characters = _strip(characters[1:])
    return characters


def _without_quotes(characters: _Characters) -> _Characters:
    if len(characters) < 2:
        return characters
    first, last = characters[0][1], characters[-1][1]
    if first in _ALL_QUOTES and last in _ALL_QUOTES:
        return _strip(characters[1:-1])
    return characters


def _refuse_the_rest(characters: _Characters) -> None:
    again = "Copy it again from the vendor's page, without the text around it."
    if not characters:
        raise CredentialError("the input contains no token", again)
    letters = {letter for _, letter in characters}
    if len(letters) == 1 and letters <= _BULLETS:
        raise CredentialError(
            "the input consists of the characters a portal shows in place of a token",
            "Use the vendor's copy button, or have a new token created: most are shown only once.",
        )
    for (position, letter), at_end in zip(
        characters, (index in (0, len(characters) - 1) for index in range(len(characters))), strict=True
    ):
        if letter in _ALL_QUOTES and (at_end or not letter.isascii()):
            raise CredentialError(f"there is a quotation mark in the token (character {position} of the input)", again)
        if letter.isspace():
            raise CredentialError(
                f"there is a space inside the token (character {position} of the input)",
                "Enter only the token: no user name, label or second token.",
            )
        if not letter.isascii():
            raise CredentialError(f"character {position} of the input is not a plain (ASCII) character", again)
        if not letter.isprintable():
            raise CredentialError(f"character {position} of the input is a control character", again)
    if characters[0][1] == "<" and characters[-1][1] == ">":
        raise CredentialError("the input is a placeholder in angle brackets", "Enter the token itself instead.")
