"""`scimkit sandbox`: a tenant and vendors to practise on."""

from __future__ import annotations

from collections.abc import Sequence

import click


@click.command()
@click.option("--apps", "apps_", default="", help="Names or TOML files, separated by commas.  [default: all profiles]")
@click.option("--people", type=click.IntRange(1, 100_000), help="People in the directory.")
@click.option("--seed", type=int, help="Another directory, other ids and tokens.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one.")
@click.option("--fault", "faults", multiple=True, metavar="NAME[=VALUE]", help="Simulate this fault; may be repeated.")
def sandbox(apps_: str, people: int | None, seed: int | None, port: int, faults: Sequence[str]) -> None:
    """A Graph emulator and SCIM vendors on this machine. Prints one JSON line when ready, then serves."""
    from scimkit.sandbox.process import cli_serve

    chosen = [name.strip() for name in apps_.split(",") if name.strip()]
    cli_serve(apps=chosen, people=people, seed=seed, port=port, faults=tuple(faults))
