"""What several commands take alike: an app, a scimkit.toml, a folder for runs, a secret typed in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def default_runs(tenant: str | None) -> Path:
    """Where runs go: beside you in the sandbox; live in the user's own folder, away from
    git and from folders that are synced elsewhere."""
    if tenant in (None, "sandbox"):
        return Path("runs")
    from scimkit.credentials.places import own_folder

    return own_folder() / "runs"


def whole_path(app: str | None) -> str | None:
    """A profile file by its whole path: notebooks run in another folder than this one."""
    if app and app.endswith(".toml"):
        return str(Path(app).resolve())
    return app


def config_in_force(given: Path | None) -> Path | None:
    from scimkit.tenant import find_config

    return find_config(str(given) if given else "")


def ask_at_terminal() -> Any:
    """How to ask for a secret on a terminal; None where nobody sits at one."""
    if not sys.stdin.isatty():
        return None
    from getpass import getpass

    return getpass
