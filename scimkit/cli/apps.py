"""`scimkit apps`: the profiles, and the contents of one of them."""

from __future__ import annotations

import click

from scimkit.cli.output import print_json


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Output for a program to read.")
@click.pass_context
def apps(context: click.Context, as_json: bool) -> None:
    """List the apps scimkit has a profile for."""
    if context.invoked_subcommand:
        return
    from scimkit.apps import catalogue

    rows = catalogue()
    if as_json:
        print_json(rows)
        return
    width = max(len(row.name) for row in rows)
    for row in rows:
        click.echo(f"{row.name:<{width}}  {row.title}")
    click.echo("\nTo see one of them: scimkit apps show NAME. For any other app, give a TOML file instead.")


@apps.command("show")
@click.argument("app")
@click.option("--json", "as_json", is_flag=True, help="Output for a program to read.")
def show_app(app: str, as_json: bool) -> None:
    """Everything a profile says. APP is a name or the path of a TOML file."""
    from scimkit.apps import describe, load

    profile = load(app)
    click.echo(profile.model_dump_json(indent=2) if as_json else describe(profile))
