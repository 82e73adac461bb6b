"""`scimkit lab`: the journey in JupyterLab."""

from __future__ import annotations

from pathlib import Path

import click

from scimkit.cli.arguments import config_in_force, default_runs, whole_path


@click.command()
@click.option("--app", help="A profile's name, or the path of a TOML file.  [default: oreilly]")
@click.option("--tenant", help="sandbox, or a tenant of scimkit.toml.  [default: sandbox]")
@click.option("--runs", type=click.Path(path_type=Path, file_okay=False), help="Where run folders are created.")
@click.option("--resume", type=click.Path(path_type=Path, file_okay=False), help="Open this run again.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The scimkit.toml to use.")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: Jupyter's own choice.")
@click.pass_context
def lab(  # noqa: PLR0913, PLR0917  # click passes each option by name
    context: click.Context,
    app: str | None,
    tenant: str | None,
    runs: Path | None,
    resume: Path | None,
    config: Path | None,
    no_browser: bool,
    port: int,
) -> None:
    """Open the journey in JupyterLab, as a working copy inside a new run folder."""
    from scimkit.headless.lab import open_lab

    folder = runs or default_runs(tenant)
    context.exit(
        open_lab(
            whole_path(app),
            tenant,
            runs=folder,
            resume=resume,
            config=config_in_force(config),
            browser=not no_browser,
            port=port,
        )
    )
