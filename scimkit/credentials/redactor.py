"""The redactor: registered values leave this process only as "[secret]".

There is one per process (`REDACTOR`). Kernels, the engine, logging and the report
pass all their output through it. A value is recognised in every form in which
programs tend to repeat it: raw, JSON, repr, URL and HTML escaped (also nested),
base64 in its three alignments, hexadecimal, UTF-16, and cut off after 24
characters or more, as a table column does.
"""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import string
import threading
import traceback
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from scimkit.credentials.secret import MASK, Secret
from scimkit.errors import CredentialError

SHORTEST = 6  # a shorter value would be found in ordinary words
FRAGMENT = 24  # the least that a display leaves of a long value
LONG = 32  # characters from which on a value's start and end are looked for alone
_PLAIN = frozenset(string.ascii_letters + string.digits + "._-")  # no encoder escapes these
_NAMED = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_LETTERS = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f", "\v": "v", "\0": "0", "\a": "a"}


class Redactor:
    """Replaces registered values; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._literals: tuple[str, ...] = ()
        self._long: tuple[str, ...] = ()
        self._escaped: tuple[re.Pattern[str], ...] = ()

    def values(self) -> frozenset[str]:
        """The secrets themselves, only for code that passes them on to another redactor."""
        return frozenset(self._values)

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._values)} secrets>"

    def register(self, secret: str | Secret) -> None:
        """Remember `secret` from now on.

        Raises CredentialError, without the value, when it has fewer than six
        characters (it would match parts of ordinary words) or is part of the mask.
        """
        if isinstance(secret, Secret):
            value = secret.reveal()
        else:
            value = secret
        if value in self._values:
            return
        if len(value.strip()) < SHORTEST or value in MASK:
            raise CredentialError(
                f"a secret of {len(value)} characters is too short to be redacted from outputs",
                f"Use one of at least {SHORTEST} characters. A token has 20 or more, so a part may be missing.",
            )
        with self._lock:
            self._values.add(value)
            forms = set(chain.from_iterable(_literal_forms(known) for known in self._values))
            self._literals = tuple(sorted(forms, key=lambda form: (-len(form), form)))
            longest_first = sorted(self._values, key=lambda known: (-len(known), known))
            self._long = tuple(known for known in longest_first if len(known) >= LONG)
            self._escaped = tuple(_escaped_form(known) for known in longest_first if not _PLAIN.issuperset(known))

    def text(self, text: str) -> str:
        """`text` with every form of every registered value replaced."""
        if not self._literals or not text:
            return text
        for pattern in self._escaped:
            text = pattern.sub(MASK, text)
        for form in self._literals:
            if form in text:
                text = text.replace(form, MASK)
        for value in self._long:
            text = _without_ends(text, value)
        return text

    def unfinished(self, text: str) -> int:
        """How many characters at the end of `text` must wait for the following text before they are redacted.

        They may be the beginning of a secret whose rest is still to come. A whole form that reaches into that
        beginning waits with it: the start of a long value, cut off as a display does, is a separate form.
        """
        longest = 0
        for form in (*self._literals, *self._ends()):
            start = text.find(form[0], max(len(text) - len(form) + 1, 0))
            while 0 <= start < len(text) - longest:
                if form.startswith(text[start:]):
                    longest = len(text) - start
                start = text.find(form[0], start + 1)
        cut = len(text) - longest
        while longest and (start := self._torn_at(text, cut)) < cut:
            cut = start
        return len(text) - cut

    def _torn_at(self, text: str, cut: int) -> int:
        """Where the first secret begins that a cut before character `cut` would split; `cut` if it splits none."""
        starts = [cut]
        for form in (*self._literals, *self._ends()):
            start = text.find(form, max(cut - len(form) + 1, 0), cut + len(form) - 1)
            if start >= 0:
                starts.append(start)
        for pattern in self._escaped:
            starts.extend(match.start() for match in pattern.finditer(text) if match.start() < cut < match.end())
        return min(starts)

    def _ends(self) -> Iterator[str]:
        for value in self._long:
            yield value[:FRAGMENT]
            yield value[-FRAGMENT:]

    def bytes(self, data: bytes) -> bytes:
        """The same for bytes of any encoding that keeps ASCII, and for UTF-16."""
        return self.text(data.decode("latin-1")).encode("latin-1")

    def plain(self, value: Any) -> Any:
        """The same for everything inside a JSON-like value, keys included; returns a new value."""
        if isinstance(value, Secret):
            return MASK
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self.bytes(bytes(value))
        if isinstance(value, Mapping):
            return {self.plain(key): self.plain(item) for key, item in value.items()}
        if isinstance(value, (list, set, frozenset)):
            return type(value)(self.plain(item) for item in value)
        if isinstance(value, tuple):
            items = [self.plain(item) for item in value]
            if hasattr(value, "_fields"):
                return type(value)(*items)
            return tuple(items)
        return value

    def clear(self) -> None:
        """Forget everything; for tests."""
        with self._lock:
            self._values, self._literals, self._long, self._escaped = set(), (), (), ()


REDACTOR = Redactor()


class RedactingFilter(logging.Filter):
    """A logging filter that passes records on without their secrets.

    Message, arguments, traceback and stack are formatted here, because only the
    finished text can be searched. Add it to handlers: a logger's own filter does
    not see records from its children.
    """

    def __init__(self, redactor: Redactor = REDACTOR) -> None:
        super().__init__()
        self.redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:
            message = str(record.msg)
        record.msg, record.args = self.redactor.text(message), None
        if record.exc_info:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            record.exc_info = None
        if record.exc_text:
            record.exc_text = self.redactor.text(record.exc_text)
        if record.stack_info:
            record.stack_info = self.redactor.text(record.stack_info)
        return True


def _literal_forms(value: str) -> Iterator[str]:
    """The spellings of `value` that are fixed strings, as they appear in a str and, byte by byte, in bytes."""
    yield value
    raw = value.encode("utf-8", "surrogatepass")
    yield raw.decode("latin-1")
    wide = [value.encode(name, "surrogatepass") for name in ("utf-16-le", "utf-16-be")]
    for data in (raw, *wide):
        yield data.hex()
        yield data.hex().upper()
        yield from _base64_forms(data)
    for data in wide:
        shown = data.decode("latin-1")
        # a half of UTF-16 ends one byte early where the text before it was ASCII: leave the outer NULs alone
        yield shown.strip("\0")
        for core in (repr(shown.strip("\0").encode("latin-1"))[2:-1], json.dumps(shown.strip("\0"))[1:-1]):
            yield core
            yield core.replace("\\", "\\\\")


def _without_ends(text: str, value: str) -> str:
    """`text` without passages that start or end like `value` for at least 24 characters, as far as they match it."""
    begins, ends = value[:FRAGMENT], value[-FRAGMENT:]
    start = text.find(begins)
    while start >= 0:
        alike = _alike(text[start : start + len(value)], value)
        text = text[:start] + MASK + text[start + alike :]
        start = text.find(begins, start + len(MASK))
    end = text.rfind(ends) + FRAGMENT
    while end >= FRAGMENT:
        alike = _alike(text[max(end - len(value), 0) : end][::-1], value[::-1])
        text = text[: end - alike] + MASK + text[end:]
        end = text.rfind(ends, 0, end - alike) + FRAGMENT
    return text


def _alike(one: str, other: str) -> int:
    """How many characters two strings share at their start."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _base64_forms(data: bytes) -> Iterator[str]:
    """The characters of base64 that depend on `data` alone, at each of its three possible offsets.

    Neighbouring text shifts and changes the edges, so those are left out.
    """
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + data).decode("ascii").rstrip("=")
        first = -(-offset * 8 // 6)
        core = whole[first : (offset + len(data)) * 8 // 6]
        yield core
        yield core.replace("+", "-").replace("/", "_")
    yield base64.b64encode(data).decode("ascii")
    yield base64.urlsafe_b64encode(data).decode("ascii")
    lines = base64.encodebytes(data).decode("ascii").rstrip("\n").split("\n")  # 76 characters each, as in mails
    for end in ("\n", "\r\n", "\\n", "\\r\\n", "\\\\n"):
        yield end.join(lines)


def _escaped_form(value: str) -> re.Pattern[str]:
    """One pattern for `value` in JSON, repr, URL and HTML spelling, alone or nested.

    Letters and digits stand for themselves, which keeps the pattern short;
    other characters may be escaped, each in its own way.
    """
    parts: list[str] = []
    position = 0
    while position < len(value):
        character = value[position]
        if character == "\\":  # a run of them, each doubled at every nesting
            run = len(value) - position - len(value[position:].lstrip("\\"))
            parts.append(
                f"(?:\\\\{{{run},{16 * run}}}|(?i:%(?:25)*5c|&#(?:92|x5c);|\\\\{{1,8}}u005c|\\\\{{1,8}}x5c){{{run}}})"
            )
            position += run
            continue
        parts.append(re.escape(character) if character in _PLAIN else _any_spelling(character))
        position += 1
    return re.compile("".join(parts))


def _any_spelling(character: str) -> str:
    code, utf8 = ord(character), character.encode("utf-8", "surrogatepass")
    units = character.encode("utf-16-be", "surrogatepass")
    surrogates = [units[i : i + 2].hex() for i in range(0, len(units), 2)]
    spellings = [
        r"\\{0,16}" + re.escape(character),
        "(?i:" + "".join(f"%(?:25)*{byte:02x}" for byte in utf8) + ")",
        "(?i:" + "".join(rf"\\{{1,16}}u{unit}" for unit in surrogates) + ")",
        "(?i:" + "".join(rf"\\{{1,16}}x{byte:02x}" for byte in utf8) + ")",
        rf"(?i:\\{{1,16}}x{code:02x})" if code < 256 else rf"(?i:\\{{1,16}}u{code:08x})",
        rf"(?i:&(?:amp;)*#(?:0*{code}|x0*{code:x});)",
        re.escape(utf8.decode("latin-1")),
    ]
    if character in _NAMED:
        spellings.append(f"&(?:amp;)*{_NAMED[character]};")
    if character in _LETTERS:
        spellings.append(rf"\\{{1,16}}{_LETTERS[character]}")
    if character == "\n":
        spellings.append(r"\r\n")
    if character == " ":
        spellings.append(r"\+")
        spellings.append("&nbsp;")
    if character == "\0":
        spellings.append(r"\\{1,16}x00")
    named = html.escape(character, quote=True)
    if named != character:
        spellings.append(re.escape(named))
    return "(?:" + "|".join(dict.fromkeys(spellings)) + ")"
