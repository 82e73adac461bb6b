"""`scimkit doctor`: is this machine ready?"""

from __future__ import annotations

import click

from scimkit.cli.output import print_checks, print_json


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Output for a program to read.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check this machine: what scimkit needs, and what it would use."""
    from scimkit.doctor import examine
    from scimkit.evidence.checks import first_failed

    checks = examine()
    if as_json:
        print_json({"checks": checks})
    else:
        print_checks(checks)
    context.exit(2 if first_failed(checks) else 0)
