"""`scimkit report`: write a run's report again."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run_folder", type=click.Path(path_type=Path, file_okay=False), metavar="RUN")
@click.option("--show-people", is_flag=True, help="Show names and addresses instead of pseudonyms.")
def report(run_folder: Path, show_people: bool) -> None:
    """Write RUN's report.html again."""
    from scimkit.credentials import REDACTOR
    from scimkit.evidence.runs import RunStore
    from scimkit.report import write_report

    click.echo(write_report(RunStore.open(run_folder, redact=REDACTOR.text), show_people=show_people))
