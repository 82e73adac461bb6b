"""Arguments that several commands share: an app, a scimkit.toml, a folder for runs, a secret entered by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def default_runs(tenant: str | None) -> Path:
    """Where runs are stored: in the current folder for the sandbox; live in the user's own folder, away from
    git and from synchronized folders."""
    if tenant in (None, "sandbox"):
        return Path("runs")
    from scimkit.credentials.places import own_folder

    return own_folder() / "runs"


def whole_path(app: str | None) -> str | None:
    """A profile file by its full path, because notebooks run in another folder."""
    if app and app.endswith(".toml"):
        return str(Path(app).resolve())
    return app


def config_in_force(given: Path | None) -> Path | None:
    from scimkit.tenant import find_config

    return find_config(str(given) if given else "")


def ask_at_terminal() -> Any:
    """The way to ask for a secret on a terminal; None if the run is not interactive."""
    if not sys.stdin.isatty():
        return None
    from getpass import getpass

    return getpass
