"""The output of commands: findings as lines, values as JSON, never a secret."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from scimkit.evidence.checks import Check

TONES: dict[str, dict[str, Any]] = {
    "": {},
    "good": {"fg": "green", "bold": True},
    "bad": {"fg": "red", "bold": True},
    "doubt": {"fg": "yellow", "bold": True},
    "strong": {"bold": True},
    "quiet": {"dim": True},
}


def print_checks(checks: Sequence[Check]) -> None:
    for item in checks:
        click.echo(str(item))


def print_json(value: Any) -> None:
    import json

    from scimkit.credentials import REDACTOR
    from scimkit.evidence.records import to_plain

    click.echo(REDACTOR.text(json.dumps(to_plain(value), ensure_ascii=False, indent=2)))


def line_width() -> int:
    """The columns to use: the terminal's, within limits, and 100 if the output is not a terminal."""
    import shutil

    if sys.stdout.isatty():
        return min(max(shutil.get_terminal_size((100, 24)).columns, 60), 140)
    return 100
