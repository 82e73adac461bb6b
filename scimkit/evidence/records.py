"""What a record is, and how it is stored on disk.

A record is a frozen dataclass: printable, free of secrets, consisting of strings,
numbers, booleans, None, tuples, dicts and other dataclasses. One notebook
leaves it, the next reads it. On disk it is
`{kind, version, scimkit, made_utc, checks, data}`.

A class becomes a record by `@record("Readiness")`. A record written by a
later scimkit is refused with an explanation instead of being misread.
"""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

from scimkit.errors import RunError
from scimkit.evidence.checks import Check

T = TypeVar("T")
KINDS: dict[str, type] = {}
_SCALARS: dict[Any, tuple[type, ...]] = {str: (str,), bool: (bool,), int: (int,), float: (float, int)}
VERSION = 1  # of the envelope and of all kinds together; raised when an old reader would misread a new file


def record(kind: str) -> Callable[[type[T]], type[T]]:
    """Class decorator: a frozen dataclass that can be kept in a run under `kind`."""

    def register(cls: type[T]) -> type[T]:
        if not dataclasses.is_dataclass(cls):
            raise TypeError(f"{cls.__name__} is not a dataclass")
        cls.kind = kind  # type: ignore[attr-defined]
        KINDS[kind] = cls
        return cls

    return register


def utc_text(moment: datetime) -> str:
    """An aware time as a string in UTC ending in Z, whole seconds.

    >>> utc_text(datetime(2026, 3, 2, 9, 15, 42, tzinfo=UTC))
    '2026-03-02T09:15:42Z'
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def read_utc(text: str) -> datetime:
    """The reverse of `utc_text`; also accepts Graph's seven fractional digits."""
    head, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.fromisoformat(head).replace(tzinfo=UTC)
    if fraction:
        return moment.replace(microsecond=int(fraction[:6].ljust(6, "0")))
    return moment


def to_plain(value: Any) -> Any:
    """`value` in a form that JSON can represent. Raises TypeError for a handle or a secret."""
    if value is None or isinstance(value, (str, bool, int, float)):
        if isinstance(value, Enum):
            return value.value
        return value
    if isinstance(value, datetime):
        return utc_text(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {_key(field): to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} does not belong in a record")


def _key(field: dataclasses.Field[Any]) -> str:
    """The name of a field on disk: its own, unless `field(metadata={"key": ...})` keeps an older one."""
    return str(field.metadata.get("key", field.name))


def from_plain(cls: Any, value: Any) -> Any:
    """The reverse of `to_plain`, by the type hints of `cls`."""
    origin, arguments = typing.get_origin(cls), typing.get_args(cls)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return from_plain(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError(f"{type(value).__name__} where a list belongs")
        return tuple(from_plain(arguments[0], item) for item in value)
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return {key: from_plain(arguments[1], item) for key, item in value.items()}
    if dataclasses.is_dataclass(cls):
        if not isinstance(value, Mapping):
            raise TypeError(f"{getattr(cls, '__name__', 'a part')} is written as {type(value).__name__}")
        hints = typing.get_type_hints(cls)
        given = {field.name: value[_key(field)] for field in dataclasses.fields(cls) if _key(field) in value}
        make: Any = cls
        return make(**{name: from_plain(hints[name], item) for name, item in given.items()})
    if isinstance(cls, type) and issubclass(cls, Enum):
        return cls(value)
    if cls is datetime:
        return read_utc(value)
    if cls in _SCALARS and type(value) not in _SCALARS[cls]:
        raise TypeError(f"{type(value).__name__} where {cls.__name__} belongs")
    return value


def dump_record(value: Any, *, made_utc: datetime, scimkit_version: str) -> str:
    """The text of a record's file. `made_utc` is given, never read here."""
    data = to_plain(value)
    envelope = {
        "kind": value.kind,
        "version": VERSION,
        "scimkit": scimkit_version,
        "made_utc": utc_text(made_utc),
        "checks": data.pop("checks", []),
        "data": data,
    }
    return json.dumps(envelope, ensure_ascii=False, indent=2) + "\n"


def load_record(text: str, *, path: str = "") -> Any:
    """The record in `text`.

    Raises RunError naming `path` if the file is not a record, is of an unknown
    kind, or was written by a later version.
    """
    try:
        envelope = json.loads(text)
        kind, version, data = envelope["kind"], envelope["version"], dict(envelope["data"])
        if not isinstance(kind, str) or type(version) is not int:
            raise TypeError("kind or version is not valid")
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path or 'this file'} is not a scimkit record ({error})", "Run the step that writes it again.", path=path
        ) from None
    if version <= VERSION and kind not in KINDS:
        raise RunError(
            f"{path or 'this file'} is a {kind}, which scimkit does not know",
            "Run the step that writes it again.",
            path=path,
        )
    if version > VERSION:
        raise RunError(
            f"{path or 'this file'} is a {kind} of version {version}, written by scimkit"
            f" {envelope.get('scimkit', '?')}; this one reads up to version {VERSION}",
            "Use that scimkit, or a newer one, for this run.",
            path=path,
        )
    cls = KINDS[kind]
    if any(field.name == "checks" for field in dataclasses.fields(cls)):
        data["checks"] = envelope.get("checks")  # one that has lost its checks must not pass for one without findings
    try:
        return from_plain(cls, data)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise RunError(
            f"{path or 'this file'} does not contain a complete {kind} ({error})",
            "Run the step that writes it again.",
            path=path,
        ) from None


def checks_of(value: Any) -> tuple[Check, ...]:
    return tuple(getattr(value, "checks", ()))
