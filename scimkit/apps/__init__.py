"""What is known about each app: one commented TOML file per app, read into an `AppProfile`.

    load("oreilly")          a profile this package ships, by name
    load("my/app.toml")      any file of the same form: a new app is a file
    names()                  the shipped ones

Importing this package costs nothing; pydantic is loaded with the first profile.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scimkit.apps.description import CatalogueRow
    from scimkit.apps.facts import Fact
    from scimkit.apps.profile import AppProfile

__all__ = ["AppProfile", "Fact", "catalogue", "describe", "load", "names"]

_CLASSES = {"AppProfile": "scimkit.apps.profile", "Fact": "scimkit.apps.facts"}


def __getattr__(name: str) -> Any:
    """The classes, loaded with pydantic on first use."""
    if name not in _CLASSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_CLASSES[name]), name)


def names() -> tuple[str, ...]:
    """The names of the shipped profiles, sorted."""
    return tuple(sorted(path.stem for path in Path(__file__).parent.glob("*.toml")))


def load(name_or_path: str | Path) -> AppProfile:
    """The profile of an app.

    name_or_path  a shipped profile's name (`names()`), or the path of a TOML file: a
                  `Path`, or a string that contains a slash or ends in `.toml`

    Raises ProfileError: an unknown name (lists the known ones), a file that does not exist
    or cannot be read, and any invalid content (file, key, what is allowed).

    >>> load("oreilly").matching
    ('userName',)
    """
    from scimkit.apps.files import read_profile

    return read_profile(name_or_path, names())


def describe(profile: AppProfile) -> str:
    """A profile as plain text, at most 110 columns: what `scimkit apps show APP` prints."""
    from scimkit.apps.description import describe as describe_profile

    return describe_profile(profile)


def catalogue() -> tuple[CatalogueRow, ...]:
    """One row per shipped app: what `scimkit apps` prints."""
    from scimkit.apps.description import make_row

    return tuple(make_row(load(name)) for name in names())
