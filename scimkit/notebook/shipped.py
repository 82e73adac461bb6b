"""Where the notebooks and runbooks are: next to the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

from scimkit.errors import ConfigError


def shipped(folder: str) -> Path:
    """The folder `notebooks` or `runbooks` as it was shipped. Raises ConfigError if it is missing."""
    package = Path(__file__).parents[1]
    for place in (package / "_shipped" / folder, package.parent / folder):
        if place.is_dir():
            return place
    raise ConfigError(f"scimkit's {folder} folder is missing", "Install scimkit again: it ships with the package.")
