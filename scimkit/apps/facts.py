"""Facts: what is stated, its source, and whether it is reliable.

A fact shown to an administrator is a `Fact`: value, source, confirmed. In a file it is
written either as the bare value, which has the file's `default_source`, or
as `{value = …, source = "…", confirmed = false}`. Sources are short marks that the
file explains once, under `[sources]`; several are separated by commas.

Unknown facts are written as "not stated" or "unclear", never as a guess.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

NOT_STATED = "not stated"
UNCLEAR = "unclear"


# -- text that may be shown -----------------------------------------------------


def refuse(key: str, problem: str, allowed: str = "") -> PydanticCustomError:
    """An error of scimkit's own. `key` is added to the place pydantic knows, "" for that place itself."""
    return PydanticCustomError("profile", "{problem}", {"key": key, "problem": problem, "allowed": allowed})


def read_line(value: Any) -> str:
    """One line of visible text: no control, format or bidirectional characters, not empty."""
    if not isinstance(value, str):
        raise refuse("", f"{shown(value)} is not text", 'text in quotes, "like this"')
    if not value.strip():
        raise refuse("", "is empty", "text; leave out the key if nothing is known")
    for position, character in enumerate(value, start=1):
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            raise refuse(
                "",
                f"has the invisible character U+{ord(character):04X} at position {position}",
                "visible characters on one line; in TOML a \\ at a line's end joins long text",
            )
    if value.count("**") % 2:
        raise refuse("", 'has a "**" without its counterpart', "a label between two pairs of asterisks: **Save**")
    return " ".join(value.split(" ")).strip()


def _plain(value: Any) -> bool | int | str:
    """The possible values of a fact: yes or no, a whole number, or a line of text."""
    if isinstance(value, (bool, int)):
        return value
    return read_line(value)


def shown(value: Any) -> str:
    """A wrong value as quoted in a message: short, and on one line."""
    if isinstance(value, str):
        text = ascii(value)
    else:
        text = f"{value!r}"
    if len(text) <= 60:
        return text
    return text[:57] + "..."


def check_address(value: str) -> str:
    """An address of a web page or an endpoint: https, except on loopback, no user, no spaces."""
    host = value.partition("://")[2].partition("/")[0]
    loopback = value.startswith("http://") and host.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]")
    if " " in value or "@" in host or not host or not (value.startswith("https://") or loopback):
        raise refuse("", f"{shown(value)} is not an https address", "https://host/path, without user and spaces")
    return value


Line = Annotated[str, BeforeValidator(read_line)]
"""A line of visible text. Labels of a portal are written between double asterisks."""

Address = Annotated[Line, AfterValidator(check_address)]
Key = Annotated[Line, StringConstraints(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$")]


def repeated(values: list[str]) -> str:
    """The first value that occurs twice, "" if none does."""
    return next((value for index, value in enumerate(values) if value in values[:index]), "")


# -- what all tables share ------------------------------------------------------


class Table(BaseModel):
    """A table of the file. Unknown keys and missing ones are refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(data, cls):
            return data
        data = cls._expand(data, info)
        known = cls.keys()
        if not isinstance(data, dict):
            raise refuse("", f"{shown(data)} is not a table", "a table with the keys " + ", ".join(known))
        for key in data:
            if key not in known:
                raise refuse(str(key), "is not a known key", ", ".join(known))
        for key, field in known.items():
            if field.is_required() and key not in data:
                raise refuse(
                    key,
                    "is missing",
                    field.description or "see the files that scimkit ships, such as oreilly.toml, for the form",
                )
        return data

    @classmethod
    def keys(cls) -> dict[str, Any]:
        """The keys as they are written in a file, with their fields."""
        return {field.alias or name: field for name, field in cls.model_fields.items()}

    @classmethod
    def _expand(cls, data: Any, info: ValidationInfo) -> Any:
        """`data` with omitted keys filled in."""
        return data


class Sourced(Table):
    """A table whose statements have a source.

    source     marks of `[sources]`, separated by commas; the file's `default_source`
               if it is left out
    confirmed  false: plausible, no public source; shown with "check this in your tenant"
    """

    source: Line = Field(description="a mark of [sources], or default_source at the top of the file")
    confirmed: StrictBool = True

    @classmethod
    def _expand(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict):
            return data
        known = info.context or {}
        data = dict(data)
        if "source" not in data and known.get("default_source"):
            data["source"] = known["default_source"]  # whether it is declared is said once, of default_source
            return data
        marks = data.get("source")
        if isinstance(marks, str) and "sources" in known:
            for mark in split_marks(marks):
                if mark not in known["sources"]:
                    raise refuse("source", f"{shown(mark)} is not declared", ", ".join(known["sources"]))
        return data

    @property
    def marks(self) -> tuple[str, ...]:
        return split_marks(self.source)


def split_marks(source: str) -> tuple[str, ...]:
    """The single marks of a `source`.

    >>> split_marks("seed, MS 2026")
    ('seed', 'MS 2026')
    """
    return tuple(mark.strip() for mark in source.split(","))


class Fact(Sourced):
    """A value shown to an administrator, its source, and whether it is reliable."""

    value: Annotated[bool | int | str, PlainValidator(_plain)] = Field(description="what is stated")

    @classmethod
    def _expand(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(data, (str, bool, int)):
            data = {"value": data}
        return super()._expand(data, info)

    @property
    def stated(self) -> bool:
        """Whether anything is known at all."""
        return self.value not in (NOT_STATED, UNCLEAR)

    def __str__(self) -> str:
        if isinstance(self.value, bool):
            if self.value:
                return "yes"
            return "no"
        return str(self.value)


def choose(*values: str) -> Any:
    """A check that a fact has one of `values`."""

    def check(fact: Fact) -> Fact:
        if fact.value not in values:
            raise refuse("", f"{shown(fact.value)} is not allowed", ", ".join(values))
        return fact

    return AfterValidator(check)


def _yes_no(fact: Fact) -> Fact:
    if not isinstance(fact.value, bool) and fact.stated:
        raise refuse("", f"{shown(fact.value)} is not allowed", f'true, false, "{NOT_STATED}", "{UNCLEAR}"')
    return fact


def _number(fact: Fact) -> Fact:
    number = isinstance(fact.value, int) and not isinstance(fact.value, bool)
    if (number and int(fact.value) < 1) or (not number and fact.stated):
        raise refuse("", f"{shown(fact.value)} is not allowed", f'a whole number from 1, or "{NOT_STATED}"')
    return fact


YesNo = Annotated[Fact, AfterValidator(_yes_no)]
"""true, false, "not stated" or "unclear"."""

Number = Annotated[Fact, AfterValidator(_number)]
"""A whole number from 1, or "not stated"."""
