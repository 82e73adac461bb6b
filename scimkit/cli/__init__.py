"""The command line: `scimkit …`, one file per command.

Exit codes: 0 every check passed; 1 a check failed; 2 usage or configuration;
3 waiting for a person, a vendor or a cycle (the last line is the command that
continues); 4 could not finish, resumable; 130 interrupted, resumable.

Nothing heavy is imported at the top of a command's file: `scimkit --help` reads
them all and must respond at once.
"""

from __future__ import annotations

import sys

import click

from scimkit.cli import apps, check, doctor, lab, report, run, sandbox
from scimkit.cli.failures import ForgivingGroup
from scimkit.evidence.version import VERSION


@click.group(cls=ForgivingGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="scimkit")
def main() -> None:
    """Set up, prove and operate SCIM user provisioning from Microsoft Entra ID."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may still be cp1252
            stream.reconfigure(encoding="utf-8", errors="replace")


for command in (apps.apps, check.check, doctor.doctor, lab.lab, report.report, run.run, sandbox.sandbox):
    main.add_command(command)
