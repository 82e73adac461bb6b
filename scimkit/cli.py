"""The command line: `scimkit …`.

Exit codes: 0 every check passed; 1 a check failed; 2 usage or configuration;
3 waiting for a person, a vendor or a cycle (the last line is the command that
continues); 4 could not finish, resumable; 130 interrupted, resumable.

Nothing heavy is imported at the top: `scimkit --help` must answer at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scimkit import __version__

if TYPE_CHECKING:
    from scimkit.checks import Check


class _Forgiving(click.Group):
    """Shows what scimkit raises on purpose as a sentence and a remedy, with its exit code."""

    def invoke(self, context: click.Context) -> Any:
        from scimkit.errors import ScimkitError

        try:
            return super().invoke(context)
        except ScimkitError as error:
            from scimkit.credentials import REDACTOR

            click.echo(REDACTOR.text(f"Error: {error.message}"), err=True)
            if error.remedy:
                click.echo(REDACTOR.text(f"What to do: {error.remedy}"), err=True)
            context.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            context.exit(130)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception:
            import traceback

            from scimkit.credentials import REDACTOR

            click.echo(REDACTOR.text(traceback.format_exc()), err=True)
            click.echo("Error: something went wrong that scimkit did not foresee\nWhat to do: Please report the lines above; nothing of a run is lost.", err=True)
            context.exit(4)


@click.group(cls=_Forgiving, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="scimkit")
def main() -> None:
    """Set up, prove and operate SCIM user provisioning from Microsoft Entra ID."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may still be cp1252
            stream.reconfigure(encoding="utf-8", errors="replace")


# -- apps ------------------------------------------------------------------


@main.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
def apps(context: click.Context, as_json: bool) -> None:
    """List the apps scimkit has a profile for."""
    if context.invoked_subcommand:
        return
    from scimkit.apps import catalogue

    rows = catalogue()
    if as_json:
        _print_json(rows)
        return
    width = max(len(row.name) for row in rows)
    for row in rows:
        click.echo(f"{row.name:<{width}}  {row.title}")
    click.echo("\nMore about one: scimkit apps show NAME. Any other app: a TOML file in its place.")


@apps.command("show")
@click.argument("app")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
def show_app(app: str, as_json: bool) -> None:
    """Everything a profile says. APP is a name or the path of a TOML file."""
    from scimkit.apps import describe, load

    profile = load(app)
    click.echo(profile.model_dump_json(indent=2) if as_json else describe(profile))


# -- run -------------------------------------------------------------------


@main.command()
@click.argument("runbook", default="onboard")
@click.option("--app", help="A profile's name, or the path of a TOML file.  [default: oreilly]")
@click.option("--tenant", help="sandbox, or a tenant of scimkit.toml.  [default: sandbox]")
@click.option("--set", "settings", multiple=True, metavar="[STEP.]NAME=VALUE", help="Set a parameter, of one step or of all that have it.")
@click.option("--runs", type=click.Path(path_type=Path, file_okay=False), help="Where run folders are made.")
@click.option("--resume", type=click.Path(path_type=Path, file_okay=False), help="Go on with this run folder.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The scimkit.toml to use.")
@click.option("--people", type=click.IntRange(1, 100_000), help="Sandbox only: people in the directory.")
@click.option("--seed", type=int, help="Sandbox only: another directory, other ids and tokens.")
@click.option("--fault", "faults", multiple=True, metavar="NAME[=VALUE]", help="Sandbox only: misbehave.")
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object on stdout.")
@click.pass_context
def run(
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
    """Run a runbook's notebooks without anybody at the keyboard. Leaves a run folder as evidence."""
    from scimkit.runbooks.progress import printer
    from scimkit.runbooks.runbook import read_runbook
    from scimkit.runbooks.runner import run_runbook
    from scimkit.runbooks.settings import parse_settings

    options = {"people": people, "seed": seed, "faults": tuple(faults) or None}
    if tenant not in (None, "sandbox") and any(value is not None for value in options.values()):
        raise click.UsageError("--people, --seed and --fault are for the sandbox only.")
    result = run_runbook(
        read_runbook(runbook),
        app=_whole_path(app),
        tenant=tenant,
        settings=parse_settings(settings),
        runs_dir=runs or default_runs(tenant),
        resume=resume,
        config=_config_in_force(config),
        progress=printer(),
        sandbox={name: value for name, value in options.items() if value is not None},
    )
    if as_json:
        _print_json({"exit_code": result.exit_code, "run": str(result.folder), "steps": dict(result.steps), "lines": list(result.lines)})
    else:
        for line in result.lines:
            click.echo(line)
    context.exit(result.exit_code)


def default_runs(tenant: str | None) -> Path:
    """Where runs go: beside you in the sandbox; live in the user's own folder, away from
    git and from folders that are synced elsewhere."""
    if tenant in (None, "sandbox"):
        return Path("runs")
    from scimkit.credentials.places import own_folder

    return own_folder() / "runs"


def _whole_path(app: str | None) -> str | None:
    """A profile file by its whole path: notebooks run in another folder than this one."""
    return str(Path(app).resolve()) if app and app.endswith(".toml") else app


def _config_in_force(given: Path | None) -> Path | None:
    from scimkit.tenant import find_config

    return find_config(str(given) if given else "")


# -- check -----------------------------------------------------------------


@main.command()
@click.argument("url_or_app")
@click.option("--token", "reference", help="Where the token is: env:NAME, keyring:NAME, file:PATH, prompt.")
@click.option("--tenant", default="sandbox", show_default=True, help="For an app: sandbox, or a tenant of scimkit.toml.")
@click.option("--matching", help="The matching attribute to ask by.  [default: the profile's, else userName]")
@click.option("--ca-file", help="PEM file of a private root to trust.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The scimkit.toml to use.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
def check(
    context: click.Context, url_or_app: str, reference: str | None, tenant: str, matching: str | None, ca_file: str | None, config: Path | None, as_json: bool
) -> None:
    """Ask an endpoint what Entra's Test Connection asks. Reads only."""
    from scimkit.checks import first_failed

    if "://" in url_or_app:
        probe = _probe_url(url_or_app, reference, matching, ca_file)
    else:
        if ca_file:
            raise click.UsageError("--ca-file goes with a URL; for an app set ca_file of its tenant in scimkit.toml.")
        probe = _probe_app(_whole_path(url_or_app) or url_or_app, reference, tenant, matching, config)
    if as_json:
        _print_json({"exchanges": probe.exchanges, "checks": probe.checks})
    else:
        for exchange in probe.exchanges:
            click.echo(f"sent  {exchange.sent}\ngot   {exchange.status or 'no answer'} {exchange.media_type}  {exchange.found}\n")
        _print_checks(probe.checks)
    context.exit(1 if first_failed(probe.checks) else 0)


def _probe_url(url: str, reference: str | None, matching: str | None, ca_file: str | None) -> Any:
    from datetime import UTC, datetime

    from scimkit.clients.scim import ScimClient
    from scimkit.connection import probe_endpoint, read_tenant_url
    from scimkit.credentials import resolve
    from scimkit.errors import ConfigError

    if not reference:
        raise ConfigError("which token?", "Say where it is: --token env:NAME, keyring:NAME, file:PATH or prompt.")
    with ScimClient(read_tenant_url(url), resolve(reference, ask=_ask()), ca_file=ca_file) as scim:
        return probe_endpoint(None, scim, matching=matching or "", now=datetime.now(UTC))


def _probe_app(app: str, reference: str | None, tenant: str, matching: str | None, config: Path | None) -> Any:
    import tempfile
    from datetime import UTC, datetime

    from scimkit.apps import load
    from scimkit.connection import probe_endpoint
    from scimkit.credentials import REDACTOR
    from scimkit.runs import RunStore
    from scimkit.tenant import Access, load_config

    profile, settings = load(app), load_config(str(config) if config else "")
    place = settings.tenant(tenant)
    with tempfile.TemporaryDirectory(prefix="scimkit-") as folder:
        run = RunStore.create(Path(folder), app=app, tenant=tenant, runbook="check", steps=(), now=datetime.now(UTC), redact=REDACTOR.text)
        access = Access(place, profile, run, step="check", values=settings.app(profile.name))
        try:
            token = access.token(reference or ("sandbox" if place.is_sandbox else "prompt"), ask=_ask())
            return probe_endpoint(profile, access.scim(token), matching=matching or "", now=access.now())
        finally:
            access.close()
            if place.is_sandbox:
                from scimkit.sandbox.process import stop

                stop(access.sandbox)


def _ask() -> Any:
    """How to ask for a secret on a terminal; None where nobody sits at one."""
    if not sys.stdin.isatty():
        return None
    from getpass import getpass

    return getpass


# -- sandbox, lab, report, doctor ------------------------------------------


@main.command()
@click.option("--apps", "apps_", default="", help="Names or TOML files, separated by commas.  [default: all profiles]")
@click.option("--people", type=click.IntRange(1, 100_000), help="People in the directory.")
@click.option("--seed", type=int, help="Another directory, other ids and tokens.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one.")
@click.option("--fault", "faults", multiple=True, metavar="NAME[=VALUE]", help="Misbehave; may be repeated.")
def sandbox(apps_: str, people: int | None, seed: int | None, port: int, faults: Sequence[str]) -> None:
    """A Graph emulator and SCIM vendors on this machine. Prints one JSON line when ready, then serves."""
    from scimkit.sandbox.process import cli_serve

    chosen = [name.strip() for name in apps_.split(",") if name.strip()]
    cli_serve(apps=chosen, people=people, seed=seed, port=port, faults=tuple(faults))


@main.command()
@click.option("--app", help="A profile's name, or the path of a TOML file.  [default: oreilly]")
@click.option("--tenant", help="sandbox, or a tenant of scimkit.toml.  [default: sandbox]")
@click.option("--runs", type=click.Path(path_type=Path, file_okay=False), help="Where run folders are made.")
@click.option("--resume", type=click.Path(path_type=Path, file_okay=False), help="Open this run again.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The scimkit.toml to use.")
@click.option("--no-browser", is_flag=True, help="Print the address instead of opening it.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: Jupyter's own choice.")
@click.pass_context
def lab(context: click.Context, app: str | None, tenant: str | None, runs: Path | None, resume: Path | None, config: Path | None, no_browser: bool, port: int) -> None:
    """Open the journey in JupyterLab, as a working copy inside a new run folder."""
    from scimkit.runbooks.lab import open_lab

    folder = runs or default_runs(tenant)
    context.exit(open_lab(_whole_path(app), tenant, runs=folder, resume=resume, config=_config_in_force(config), browser=not no_browser, port=port))


@main.command()
@click.argument("run_folder", type=click.Path(path_type=Path, file_okay=False), metavar="RUN")
@click.option("--show-people", is_flag=True, help="Names and addresses instead of pseudonyms.")
def report(run_folder: Path, show_people: bool) -> None:
    """Write RUN's report.html again."""
    from scimkit.credentials import REDACTOR
    from scimkit.report import write_report
    from scimkit.runs import RunStore

    click.echo(write_report(RunStore.open(run_folder, redact=REDACTOR.text), show_people=show_people))


@main.command()
@click.pass_context
def doctor(context: click.Context) -> None:
    """Look at this machine: what scimkit needs, and what it would use."""
    from scimkit.checks import first_failed
    from scimkit.doctor import examine

    checks = examine()
    _print_checks(checks)
    context.exit(2 if first_failed(checks) else 0)


# -- output ----------------------------------------------------------------


def _print_checks(checks: Sequence[Check]) -> None:
    for item in checks:
        click.echo(str(item))


def _print_json(value: Any) -> None:
    import json

    from scimkit.credentials import REDACTOR
    from scimkit.records import to_plain

    click.echo(REDACTOR.text(json.dumps(to_plain(value), ensure_ascii=False, indent=2)))


if __name__ == "__main__":
    main()
