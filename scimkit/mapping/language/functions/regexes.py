"""Patterns as .NET reads them, run on the `regex` package with a time limit.

A pattern is translated character by character, so that nothing means more here
than it does in .NET (possessive quantifiers, fuzzy matching, recursion, nested
sets). Constructs that cannot be translated are refused by name, not guessed:
variable-length look-behind, balancing groups, class subtraction, \\p{IsBlock},
inline options in the middle, conditionals. Source: .NET regular expressions, as
"Reference for writing expressions for attribute mappings" uses them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from scimkit.mapping.language.problems import EvaluationFault, OurLimit
from scimkit.mapping.language.values import check_length

MAX_GROUP_DEPTH = 40  # so that the regex compiler's own recursion stays far from its end
MAX_REPEAT = 10_000  # {n} inside {n} multiplied; beyond, `regex` itself can take minutes
QUANTIFIER = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
GROUP_NAME = re.compile(r"\?(?:<([^\W\d]\w*)>|'([^\W\d]\w*)')")
BALANCING = re.compile(r"\?[<'][A-Za-z_0-9]*-[A-Za-z_0-9]+[>']")
SCOPED_OPTIONS = re.compile(r"\?([imsx]*)(?:-([imsx]+))?:")
LEADING_OPTIONS = re.compile(r"\?([imsx]+)\)")
NAMED_BACKREFERENCE = re.compile(r"\\k(?:<(\w+)>|'(\w+)'|\{(\w+)\})")
CLASS_ESCAPE = re.compile(r"\\[dDwWsSpP]")
CATEGORY = re.compile(r"\\[pP]\{([A-Z][a-z]?)\}")
REPLACEMENT = re.compile(r"\$(?:\$|&|`|'|\+|_|\{(\w+)\}|([0-9]+))")
PLAIN_ESCAPES = frozenset("dDwWsSbBAGtnrfvaxu")  # same letter, same meaning in both


def _not_portable(what: str, remedy: str = "Write it without.") -> EvaluationFault:
    return OurLimit(f"the pattern uses {what}, which .NET reads in a way that cannot be reproduced here", remedy)


def _invalid(what: str, remedy: str = "Correct the pattern.") -> EvaluationFault:
    return EvaluationFault(f"the pattern is not valid in .NET: {what}", remedy)


class Translator:
    """One pass over one .NET pattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.index = pattern, 0
        self.made: list[str] = []
        self.names: list[str | None] = []  # per group in order of the opening bracket, None: unnamed; a name once
        self.references: list[tuple[int, str]] = []  # where in `made` a back reference stands, and to what
        self.quantifiable = False
        self.lookbehinds: list[int] = []  # depths at which a look-behind was opened
        self.depth = 0
        self.extended = False
        self.repeats = [1]  # per open group: how often its most repeated part is repeated, all levels multiplied
        self.part_repeats = 1  # the same of the part before a quantifier

    def translate(self) -> str:
        if match := LEADING_OPTIONS.match(self.pattern, 1) if self.pattern.startswith("(") else None:
            self.made.append("(" + match[0])
            self.extended = "x" in match[1]
            self.index = match.end()
        while self.index < len(self.pattern):
            self.step(self.pattern[self.index])
        if self.depth:
            raise _invalid("a bracket ( is not closed", "Close it, or write \\( for the character.")
        self.resolve()
        return "".join(self.made)

    def step(self, character: str) -> None:
        if character == "\\":
            self.escape()
        elif character == "[":
            self.set_of_characters()
        elif character == "(":
            self.open_group()
        elif character == ")":
            self.close_group()
        elif character in "*+?" or character == "{":
            self.quantifier(character)
        elif character == "#" and self.extended:
            end = self.pattern.find("\n", self.index)
            self.index = len(self.pattern) if end < 0 else end + 1
        elif character in "|^":
            self.take(character, False)
        elif self.extended and character.isspace():
            self.index += 1
        else:
            self.take(character, True)

    def take(self, text: str, quantifiable: bool, length: int | None = None) -> None:
        self.made.append(text)
        if length is None:
            self.index += len(text)
        else:
            self.index += length
        self.quantifiable = quantifiable
        self.part_repeats = 1

    def quantifier(self, character: str) -> None:
        match = QUANTIFIER.match(self.pattern, self.index)
        if character == "{" and match is None:
            self.take("\\{", True, 1)  # a plain brace in .NET, fuzzy matching in `regex`
            return
        if not self.quantifiable:
            raise _invalid(
                f"there is nothing before the quantifier {character}", f"Write \\{character} for the character."
            )
        if match is not None:
            low, high = int(match[1][:9]), int((match[3] or match[1])[:9])
            repeats = max(low, high, 1) * self.part_repeats
            if repeats > MAX_REPEAT:
                raise OurLimit(f"the pattern repeats more than {MAX_REPEAT:,} times", "Use smaller numbers.")
            self.repeats[-1] = max(self.repeats[-1], repeats)
            if match[3] and low > high:
                raise _invalid(f"{match[0]} is in the wrong order")
        if self.lookbehinds and (match is None or (match[2] and match[1] != match[3])):
            raise _not_portable("a look-behind of variable length", "Use a group and Replace mode D instead.")
        if match is not None:
            text = match[0]
        else:
            text = character
        self.take(text, False)
        if self.pattern[self.index : self.index + 1] == "?":
            self.take("?", False)

    def escape(self) -> None:
        following = self.pattern[self.index + 1 : self.index + 2]
        if not following:
            raise _invalid("it ends with a backslash", "Write \\\\ for the character.")
        if match := NAMED_BACKREFERENCE.match(self.pattern, self.index):
            self.refer(match[1] or match[2] or match[3], len(match[0]))
        elif following in "123456789":
            digits = re.match(r"[0-9]+", self.pattern[self.index + 1 :])
            assert digits is not None
            self.refer(digits[0], len(digits[0]) + 1)
        elif following == "Z":
            self.take(r"(?=\n?\Z)", False, 2)
        elif following == "z":
            self.take(r"\Z", False, 2)
        else:
            text, length = self.escaped(following)
            self.take(text, following not in "bBAG", length)

    def escaped(self, following: str) -> tuple[str, int]:
        """The translation of an escape that means the same inside and outside a set, and its length."""
        if following in "pP":
            match = CATEGORY.match(self.pattern, self.index)
            if match is None:
                name = self.pattern[self.index : self.index + 14]
                if re.match(r"\\[pP]\{Is", name):
                    raise _not_portable(f"a Unicode block ({name}…)", "List the characters, such as [\\u0370-\\u03FF].")
                raise _invalid(f"{name} names no category")
            return match[0], len(match[0])
        if following == "0":
            match = re.match(r"\\0[0-7]{0,2}", self.pattern[self.index :])
            assert match is not None
            return f"\\x{int(match[0][1:], 8) & 255:02x}", len(match[0])
        if following == "e":
            return r"\x1b", 2
        if following == "c":
            letter = self.pattern[self.index + 2 : self.index + 3].upper()
            if not letter or not "@" <= letter <= "_":
                raise _invalid("\\c is not followed by a control letter")
            return f"\\x{ord(letter) - 64:02x}", 3
        if following in "xu":
            width = 2 if following == "x" else 4
            digits = self.pattern[self.index + 2 : self.index + 2 + width]
            if not re.fullmatch(f"[0-9A-Fa-f]{{{width}}}", digits):
                raise _invalid(f"\\{following} needs {width} hexadecimal digits")
            return re.escape(chr(int(digits, 16))), 2 + width
        if following in PLAIN_ESCAPES:
            return "\\" + following, 2
        if following.isascii() and following.isalpha():
            raise _invalid(f"\\{following} has no meaning", f"Write {following} for the letter.")
        return re.escape(following), 2

    def refer(self, target: str, length: int) -> None:
        self.references.append((len(self.made), target))
        self.take("", True, length)

    def resolve(self) -> None:
        """Back references by .NET's numbers: unnamed groups come first, then named ones."""
        for place, target in self.references:
            number = group_number(self.names, target)
            if not number:
                raise _invalid(f"there is no group {target} to refer to")
            self.made[place] = f"(?:\\{number})"

    def set_of_characters(self) -> None:
        self.index += 1
        negated = self.pattern[self.index : self.index + 1] == "^"
        self.index += negated
        made = ["[^" if negated else "["]
        before = ""  # what stands before: nothing yet, a character, a class, an open range, a closed one
        while True:
            character = self.pattern[self.index : self.index + 1]
            if not character:
                raise _invalid("a set [ is not closed", "Close it with ], or write \\[ for the character.")
            if character == "]" and before:
                break
            if character == "-" and before and self.pattern[self.index + 1 : self.index + 2] == "[":
                raise _not_portable("class subtraction ([a-z-[aeiou]])", "List the remaining characters.")
            if character == "-" and before == "character" and self.range_follows():
                made.append("-")
                self.index += 1
                before = "open range"
                continue
            is_class = CLASS_ESCAPE.match(self.pattern, self.index) is not None
            if character == "\\":
                made.append(self.escape_in_set())
            else:
                made.append(re.escape(character))
                self.index += 1
            if before == "open range":
                before = "range"
            else:
                before = "character"
                if is_class:
                    before = "class"
        self.index += 1
        self.made.append("".join(made) + "]")
        self.quantifiable, self.part_repeats = True, 1

    def range_follows(self) -> bool:
        """Whether the character after the hyphen at the index can end a range."""
        behind = self.index + 1
        return self.pattern[behind : behind + 1] not in ("", "]") and not CLASS_ESCAPE.match(self.pattern, behind)

    def escape_in_set(self) -> str:
        following = self.pattern[self.index + 1 : self.index + 2]
        if not following:
            raise _invalid("it ends with a backslash", "Write \\\\ for the character.")
        if following == "b":
            self.index += 2
            return r"\x08"
        if following in "BAGZzk":
            raise _invalid(f"\\{following} has no meaning inside [ ]")
        if following in "123456789":
            match = re.match(r"\\([0-7]{1,3})", self.pattern[self.index :])
            if match is None:
                raise _invalid(f"\\{following} has no meaning inside [ ]")
            self.index += len(match[0])
            return f"\\x{int(match[1], 8) & 255:02x}"
        text, length = self.escaped(following)
        self.index += length
        return text

    def open_group(self) -> None:
        rest = self.pattern[self.index + 1 : self.index + 80]
        self.depth += 1
        self.repeats.append(1)
        if self.depth > MAX_GROUP_DEPTH:
            raise OurLimit(f"the pattern has more than {MAX_GROUP_DEPTH} nested brackets", "Simplify it.")
        if not rest.startswith("?"):
            self.names.append(None)
            self.take("(", False)
        elif rest.startswith(("?:", "?=", "?!", "?>")):
            self.take("(" + rest[:2], False)
        elif rest.startswith(("?<=", "?<!")):
            self.lookbehinds.append(self.depth)
            self.take("(" + rest[:3], False)
        elif rest.startswith("?#"):
            self.comment()
        elif match := GROUP_NAME.match(rest):
            name = match[1] or match[2]
            if name not in self.names:
                self.names.append(name)
            # Called by its number, as not every name of .NET is one in Python. Two of one name are one group in both.
            self.take(f"(?P<g{self.names.index(name) + 1}>", False, 1 + len(match[0]))
        elif match := SCOPED_OPTIONS.match(rest):
            if "x" in (match[1] or "") or "x" in (match[2] or ""):
                raise _not_portable("the option x in a part of the pattern")
            self.take("(" + match[0], False)
        else:
            raise self.refused_group(rest)

    def refused_group(self, rest: str) -> EvaluationFault:
        if BALANCING.match(rest):
            return _not_portable("a balancing group")
        if rest.startswith("?P<"):
            return _invalid("(?P<name>...) is Python's spelling", "Write (?<name>...).")
        if rest.startswith("?("):
            return _not_portable("a conditional (?(...)yes|no)", "Use two patterns.")
        if re.match(r"\?[imsx]*n[imnsx]*(-[imnsx]*)?[:)]", rest):
            return _not_portable("the option n (explicit capture)")
        if re.match(r"\?[imnsx]*-?[imnsx]*\)", rest):
            return _not_portable("inline options in the middle", "Put them at the start: (?i).")
        if re.match(r"\?[<'][0-9]", rest):
            return _not_portable("a group with a number as its name", "Give it a name that starts with a letter.")
        return _invalid(f"({rest[:3]} does not start any kind of group")

    def comment(self) -> None:
        end = self.pattern.find(")", self.index)
        if end < 0:
            raise _invalid("a comment (?# is not closed")
        self.index = end + 1
        self.depth -= 1
        self.repeats.pop()

    def close_group(self) -> None:
        if not self.depth:
            raise _invalid("there is one ) too many", "Write \\) for the character.")
        looked_behind = bool(self.lookbehinds) and self.lookbehinds[-1] == self.depth
        if looked_behind:
            self.lookbehinds.pop()
        self.depth -= 1
        self.take(")", True)
        inner = self.repeats.pop()
        self.repeats[-1] = max(self.repeats[-1], inner)
        self.part_repeats = inner


def group_number(names: list[str | None], target: str) -> int | None:
    """Python's number of the group that .NET calls `target`; 0 is the whole match, None: no such group.

    .NET numbers the unnamed groups first, then the named ones.
    """
    if target.isascii() and target.isdigit():
        wanted = int(target[:9])
        order = sorted(range(1, len(names) + 1), key=lambda number: names[number - 1] is not None)
        if wanted > len(order):
            return None
        if wanted:
            return order[wanted - 1]
        return 0
    return next((number for number, name in enumerate(names, 1) if name == target), None)


class Pattern:
    """A .NET pattern, ready to run. seconds: the longest a call may take."""

    def __init__(self, source: str, compiled: Any, names: list[str | None]) -> None:
        self.source, self.compiled, self._groups = source, compiled, names

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in self._groups if name is not None)

    def group_number(self, name: str) -> int | None:
        return group_number(self._groups, name)

    def _guarded(self, run: Callable[[], Any]) -> Any:
        try:
            return run()
        except TimeoutError:
            raise OurLimit(
                "the pattern takes too long on this value",
                "Avoid a repetition inside a repetition, such as (a+)+.",
            ) from None
        except (MemoryError, RecursionError):
            raise OurLimit("the pattern needs too much memory on this value", "Simplify it.") from None

    def search(self, text: str, seconds: float) -> bool:
        """Whether the pattern matches anywhere."""
        return self._guarded(lambda: self.compiled.search(text, timeout=seconds)) is not None

    def matches_whole(self, text: str, seconds: float) -> bool:
        """Whether the pattern matches the whole string."""
        return self._guarded(lambda: self.compiled.fullmatch(text, timeout=seconds)) is not None

    def first_group(self, text: str, number: int, seconds: float) -> str | None:
        """The group of the first match; None without a match."""
        match = self._guarded(lambda: self.compiled.search(text, timeout=seconds))
        if match is None:
            return None
        return match[number] or ""

    def replace_group(self, text: str, number: int, replacement: str, seconds: float) -> str:
        """Every match with the text of one group replaced; the rest of the match stays."""

        def inner(match: Any) -> str:
            start, end = match.span(number)
            if start < 0:
                return str(match[0])
            return text[match.start() : start] + replacement + text[end : match.end()]

        return self._substitute(text, inner, seconds)

    def replace(self, text: str, replacement: str, seconds: float) -> str:
        """.NET Regex.Replace: every match; `${name}`, `$1`, `$$`, `$&` in the replacement."""
        parts = self._replacement_parts(replacement)

        def whole(match: Any) -> str:
            return "".join(part if isinstance(part, str) else part(match) for part in parts)

        return self._substitute(text, whole, seconds)

    def _substitute(self, text: str, make: Callable[[Any], str], seconds: float) -> str:
        length = 0

        def measured(match: Any) -> str:
            nonlocal length
            made = make(match)
            length += len(made)
            check_length(length)
            return made

        return str(self._guarded(lambda: self.compiled.sub(measured, text, timeout=seconds)))

    def _replacement_parts(self, replacement: str) -> list[str | Callable[[Any], str]]:
        parts: list[str | Callable[[Any], str]] = []
        position = 0
        for found in REPLACEMENT.finditer(replacement):
            parts.append(replacement[position : found.start()])
            parts.append(self._replacement_part(found))
            position = found.end()
        parts.append(replacement[position:])
        return parts

    def _replacement_part(self, found: re.Match[str]) -> str | Callable[[Any], str]:
        name = found[1] or found[2]
        if name is not None:
            number = self.group_number(name)
            if number is None:
                return found[0]  # .NET leaves the name of an unknown group as it stands
            return lambda match: match[number] or ""
        mark = found[0][1]
        if mark == "$":
            return "$"
        if mark == "+":
            last = self.group_number(str(len(self._groups)))
            return lambda match: match[last] or ""
        shapes: dict[str, Callable[[Any], str]] = {
            "&": lambda match: match[0],
            "`": lambda match: match.string[: match.start()],
            "'": lambda match: match.string[match.end() :],
            "_": lambda match: match.string,
        }
        return shapes[mark]


# the pattern of a row is the same for everybody
@lru_cache(maxsize=1024)
def compile_pattern(source: str) -> Pattern:
    """The pattern, translated and compiled once. Raises EvaluationFault if .NET or scimkit cannot use it."""
    translator = Translator(source)
    translated = translator.translate()
    import regex  # type: ignore[import-untyped]  # here, as it takes 10 ms to load and few mappings have a pattern

    try:
        compiled = regex.compile(translated, regex.VERSION0, cache_pattern=False)
    except (regex.error, RecursionError, OverflowError, MemoryError, ValueError, KeyError) as error:
        raise _invalid(str(error).split(" at position")[0] or "it cannot be compiled") from None
    return Pattern(source, compiled, translator.names)
