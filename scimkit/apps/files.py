"""From a name or a path to a profile, and from a wrong file to an explanation.

Every problem is a ProfileError that says which file, which key (dotted, rows of a
`[[table]]` counted from 1) and what is allowed there.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from scimkit.apps.profile import AppProfile
from scimkit.errors import ProfileError

LARGEST_BYTES = 1_000_000  # a profile has some ten thousand; a larger file was not meant

_EXPECTED = {
    "string_type": 'text in quotes, "like this"',
    "bool_type": "true or false",
    "int_type": "a whole number without quotes",
    "tuple_type": "a list in brackets, or a [[table]] written with two brackets",
    "dict_type": "a table",
    "date_type": "a date such as 2023-07-26",
    "date_parsing": "a date such as 2023-07-26",
    "date_from_datetime_parsing": "a date such as 2023-07-26",
    "date_from_datetime_inexact": "a date such as 2023-07-26",
}


def read_profile(name_or_path: str | Path, known: tuple[str, ...]) -> AppProfile:
    """The profile with that name or path; see `scimkit.apps.load`."""
    path = _find_file(name_or_path, known)
    try:
        stamp = path.stat()
    except (OSError, ValueError):
        raise _cannot_read(path, "does not exist") from None
    return _read_file(path, stamp.st_mtime_ns, stamp.st_size)


def _find_file(name_or_path: str | Path, known: tuple[str, ...]) -> Path:
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or "\\" in text or text.endswith(".toml"):
        return Path(name_or_path).expanduser()
    if text in known:
        return Path(__file__).with_name(f"{text}.toml")
    near = difflib.get_close_matches(text.lower().replace(" ", "-").replace("_", "-"), known, n=1)
    guess = ""
    if near:
        guess = f"Did you mean {near[0]}? "
    raise ProfileError(
        f"there is no app called {text!a}; known apps: {', '.join(known)}",
        f"{guess}Give one of these names, or the path of a TOML file (with a / in it, or ending in .toml).",
    )


# a profile is read by every step, and takes 10 ms to check
@lru_cache(maxsize=64)
def _read_file(path: Path, modified_ns: int, size_bytes: int) -> AppProfile:
    """One parse per state of a file: time and size are only used as the cache key."""
    return parse_profile(_read_text(path), file=str(path))


def _cannot_read(path: Path, problem: str, remedy: str = "Give the path of an app's TOML file.") -> ProfileError:
    return ProfileError(f"{path} {problem}", remedy, file=str(path))


def _read_text(path: Path) -> str:
    if path.is_dir():
        inside = sorted(item.name for item in path.glob("*.toml"))
        raise _cannot_read(
            path,
            "is a folder, not a file",
            f"Give one of its files: {', '.join(inside[:10]) or 'it has no TOML file'}.",
        )
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _cannot_read(path, f"cannot be read ({error.strerror})", "Check its permissions.") from None
    if len(raw) > LARGEST_BYTES:
        raise _cannot_read(path, f"has {len(raw):,} bytes; a profile has at most {LARGEST_BYTES:,}")
    try:
        return raw.decode("utf-8-sig")  # some editors put a mark before the text
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _cannot_read(path, f"is not UTF-8 (line {line})", "Save it again in UTF-8.") from None


def parse_profile(text: str, *, file: str) -> AppProfile:
    """The profile in `text`. `file` is used only in messages."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(str(error), text, file) from None
    except RecursionError:
        raise ProfileError(
            f"{file} is nested too deeply", "Write it in the form of scimkit/apps/oreilly.toml.", file=file
        ) from None
    sources = data.get("sources")
    context = {"default_source": data.get("default_source")}
    if isinstance(sources, dict):
        context["sources"] = tuple(sources)
    try:
        return AppProfile.model_validate(data, context=context)
    except ValidationError as error:
        raise _explain(error, file) from None


def _not_toml(words: str, text: str, file: str) -> ProfileError:
    """tomllib's error, preceded by its place."""
    place = re.search(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$", words)
    if place and place[1]:
        line, column = int(place[1]), int(place[2])
    else:
        lines = text.split("\n")
        line, column = len(lines), len(lines[-1]) + 1
    if place:
        problem = words[: place.start()]
    else:
        problem = words
    return ProfileError(
        f"{file}, line {line}, column {column}: {problem}",
        "Correct that line. A string needs quotes; write a quotation mark inside it as \\\", or put the string in '…'.",
        file=file,
    )


def _explain(error: ValidationError, file: str) -> ProfileError:
    """The first problem as message and remedy, followed by the names of the others."""
    problems = [_read_problem(problem) for problem in error.errors(include_url=False)]
    problems = list(dict.fromkeys(problems))
    key, words, allowed = problems[0]
    remedy = f"{'Add it' if words == 'is missing' else 'Allowed there'}: {allowed}."
    if "[" in key:
        remedy += " Rows are counted from 1."
    if further := problems[1:]:
        more = "; ".join(f"{other} {what}" for other, what, _ in further[:5])
        remedy += f" Also wrong: {more}{'; …' if len(further) > 5 else ''}."
    return ProfileError(f"{file}: {key} {words}", remedy, file=file, key=key)


def _read_problem(problem: Any) -> tuple[str, str, str]:
    """(dotted key, what is wrong, what is allowed) for one of pydantic's findings."""
    context = problem.get("ctx", {})
    key = _dotted(problem["loc"])
    kind, value = problem["type"], problem.get("input")
    if kind == "profile":
        own = str(context["key"])
        if key and own:
            joined = f"{key}.{own}"
        else:
            joined = key or own
        return joined or "the file", str(context["problem"]), str(context["allowed"])
    shown = _quoted(value)
    if kind == "literal_error":
        return key, f"{shown} is not allowed", str(context["expected"]).replace("'", "").replace(" or ", ", ")
    if kind == "string_pattern_mismatch":
        return (
            key,
            f"{shown} is not allowed",
            (
                "lower-case letters, digits and single hyphens, such as oreilly"
                if ("A-Z" not in str(context["pattern"]))
                else "a path such as scim/v2, without slashes at its ends"
            ),
        )
    if kind in ("too_short", "too_long"):
        return key, f"has {context['actual_length']} entries", f"at least {context.get('min_length', 0)}"
    if kind == "greater_than_equal":
        return key, f"{shown} is not allowed", f"a whole number from {context['ge']}"
    if kind == "string_too_long":
        return key, "is too long", f"at most {context['max_length']} characters"
    words = problem["msg"][:1].lower() + problem["msg"][1:]
    return key, f"{shown} is not allowed", _EXPECTED.get(kind, words)


def _quoted(value: Any) -> str:
    if isinstance(value, str):
        text = ascii(value)
    else:
        text = repr(value)
    if len(text) <= 60:
        return text
    return text[:57] + "..."


def _dotted(place: tuple[int | str, ...]) -> str:
    """pydantic's place as written in TOML: `attribute[3].type`, rows from 1."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        elif text:
            text += f".{part}"
        else:
            text += str(part)
    return text
