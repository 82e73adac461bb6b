"""`scimkit run`: a runbook's notebooks without interaction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from scimkit.cli.arguments import config_in_force, default_runs, whole_path
from scimkit.cli.output import print_json


@click.command()
@click.argument("runbook", default="onboard")
@click.option("--app", help="A profile's name, or the path of a TOML file.  [default: oreilly]")
@click.option("--tenant", help="sandbox, or a tenant of scimkit.toml.  [default: sandbox]")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="[STEP.]NAME=VALUE",
    help="Set a parameter of one step, or of all steps that have it.",
)
@click.option("--runs", type=click.Path(path_type=Path, file_okay=False), help="Where run folders are created.")
@click.option("--resume", type=click.Path(path_type=Path, file_okay=False), help="Continue this run folder.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The scimkit.toml to use.")
@click.option("--people", type=click.IntRange(1, 100_000), help="Sandbox only: people in the directory.")
@click.option("--seed", type=int, help="Sandbox only: another directory, other ids and tokens.")
@click.option("--fault", "faults", multiple=True, metavar="NAME[=VALUE]", help="Sandbox only: simulate this fault.")
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object on stdout.")
@click.pass_context
def run(  # noqa: PLR0913, PLR0917  # click passes each option by name
    context: click.Context,
    runbook: str,
    app: str | None,
    tenant: str | None,
    settings: Sequence[str],
    runs: Path | None,
    resume: Path | None,
    config: Path | None,
    people: int | None,
    seed: int | None,
    faults: Sequence[str],
    as_json: bool,
) -> None:
    """Run a runbook's notebooks without interaction. Leaves a run folder as evidence."""
    from scimkit.headless.progress import printer
    from scimkit.headless.runbook import read_runbook
    from scimkit.headless.runner import Surroundings, run_runbook
    from scimkit.headless.settings import parse_settings

    options = {"people": people, "seed": seed, "faults": tuple(faults) or None}
    if tenant not in (None, "sandbox") and any(value is not None for value in options.values()):
        raise click.UsageError("--people, --seed and --fault are for the sandbox only.")
    result = run_runbook(
        read_runbook(runbook),
        app=whole_path(app),
        tenant=tenant,
        settings=parse_settings(settings),
        runs_dir=runs or default_runs(tenant),
        resume=resume,
        around=Surroundings(
            config=config_in_force(config),
            progress=printer(),
            sandbox={name: value for name, value in options.items() if value is not None},
        ),
    )
    if as_json:
        print_json(
            {
                "exit_code": result.exit_code,
                "run": str(result.folder),
                "steps": dict(result.steps),
                "lines": list(result.lines),
            }
        )
    else:
        for line in result.lines:
            click.echo(line)
    context.exit(result.exit_code)
