"""The command line: `scimkit …`.

Exit codes: 0 every check passed; 1 a check failed; 2 usage or configuration;
3 waiting for a person, a vendor or a cycle (the last line is the command that
continues); 4 could not finish, resumable; 130 interrupted, resumable.

Nothing heavy is imported at the top: `scimkit --help` must answer at once.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scimkit.evidence.version import VERSION

if TYPE_CHECKING:
    from datetime import datetime

    from scimkit.apps import AppProfile
    from scimkit.clients.scim import ScimClient
    from scimkit.compatibility import Compatibility
    from scimkit.evidence.checks import Check
    from scimkit.journey.connection import Probe
    from scimkit.tenant import Config, Tenant


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
            click.echo(
                "Error: something went wrong that scimkit did not foresee\nWhat to do: Please report the lines above; nothing of a run is lost.",
                err=True,
            )
            context.exit(4)


@click.group(cls=_Forgiving, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="scimkit")
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
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="[STEP.]NAME=VALUE",
    help="Set a parameter, of one step or of all that have it.",
)
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
    from scimkit.headless.progress import printer
    from scimkit.headless.runbook import read_runbook
    from scimkit.headless.runner import run_runbook
    from scimkit.headless.settings import parse_settings

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
        _print_json(
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


@main.command(
    epilog="Exit codes: 0 Entra will work, as far as it was asked; 1 a check failed, or it works under conditions; 2 refused; 4 could not finish."
)
@click.argument("url_or_app")
@click.option("--token", "reference", help="Where the token is: env:NAME, keyring:NAME, file:PATH, prompt.")
@click.option(
    "--write",
    is_flag=True,
    help="Also make test people and groups at the app, change them as Entra would, and remove them. Only in a test tenant.",
)
@click.option(
    "--test-tenant",
    is_flag=True,
    help="You declare: nobody works with this tenant of the app, and accounts made there cost nothing and tell nobody.",
)
@click.option(
    "--cleanup", is_flag=True, help="Only remove what an earlier --write left here, for example after a crash."
)
@click.option(
    "--deadline",
    type=click.FloatRange(5, 3600),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Ask no longer than this; removing may take a minute more.",
)
@click.option("--tenant", help="sandbox, or a tenant of scimkit.toml.  [default for an app: sandbox]")
@click.option("--matching", help="Ask for people matched by this attribute.  [default: the profile's, else userName]")
@click.option("--ca-file", help="PEM file of a private root to trust.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The scimkit.toml to use.")
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
def check(
    context: click.Context,
    url_or_app: str,
    reference: str | None,
    write: bool,
    test_tenant: bool,
    cleanup: bool,
    deadline: float,
    tenant: str | None,
    matching: str | None,
    ca_file: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Will this endpoint understand what Entra sends?

    Asks what Entra's Test Connection asks, and what can be found out by reading. With --write also everything a job
    would do to people and groups, in both of Entra's dialects, each change read back.
    """
    if cleanup and write:
        raise click.UsageError("--cleanup removes, --write makes: give one of them.")
    if ca_file and "://" not in url_or_app:
        raise click.UsageError("--ca-file goes with a URL; for an app set ca_file of its tenant in scimkit.toml.")
    from scimkit.journey.connection import probe_endpoint

    place = _find_place(url_or_app, tenant, config)
    if write:
        _require_permission(place, url_or_app, test_tenant)
    with _open_place(place, url_or_app, reference, ca_file) as scim:
        if cleanup:
            context.exit(_clean_up(scim, as_json))
        probe = probe_endpoint(place.profile, scim, matching=matching or "", now=place.now())
        found = _probe_compatibility(place, scim, write, deadline, matching) if _worth_asking(probe) else None
    _show_check(probe, found, as_json)
    context.exit(_exit_code(probe, found))


@dataclass
class _Place:
    """Where the command asks: an address, or an app in a tenant. Filled as it becomes known."""

    tenant: Tenant | None
    profile: AppProfile | None
    config: Config
    now: Callable[[], datetime]

    @property
    def is_sandbox(self) -> bool:
        return self.tenant is not None and self.tenant.is_sandbox


def _find_place(url_or_app: str, tenant: str | None, config: Path | None) -> _Place:
    from datetime import UTC, datetime

    from scimkit.apps import load
    from scimkit.tenant import load_config

    is_url = "://" in url_or_app
    settings = load_config(str(config) if config else "")
    named = settings.tenant(tenant or "sandbox") if tenant or not is_url else None
    if is_url and named is not None and named.is_sandbox:
        raise click.UsageError("--tenant sandbox goes with an app; an address is asked as it stands.")
    return _Place(
        named, None if is_url else load(_whole_path(url_or_app) or url_or_app), settings, lambda: datetime.now(UTC)
    )


def _require_permission(place: _Place, url_or_app: str, test_tenant: bool) -> None:
    """Raises ConfigError where nothing may be written."""
    from scimkit.apps import load, names
    from scimkit.compatibility.permission import profile_at, refuse_production_address, require_permission

    profile = place.profile
    if profile is None:
        profile = profile_at(url_or_app, map(load, names()))
        if place.tenant is None:
            refuse_production_address(url_or_app, place.config)
    require_permission(tenant=place.tenant, profile=profile, test_tenant=test_tenant)


@contextmanager
def _open_place(place: _Place, url_or_app: str, reference: str | None, ca_file: str | None) -> Iterator[ScimClient]:
    if place.profile is None:
        yield from _open_url(place, url_or_app, reference, ca_file)
    else:
        yield from _open_app(place, url_or_app, reference)


def _open_url(place: _Place, url: str, reference: str | None, ca_file: str | None) -> Iterator[ScimClient]:
    from scimkit.clients.scim import ScimClient
    from scimkit.credentials import resolve
    from scimkit.errors import ConfigError
    from scimkit.journey.connection import read_tenant_url

    if not reference:
        raise ConfigError("which token?", "Say where it is: --token env:NAME, keyring:NAME, file:PATH or prompt.")
    ca_file = ca_file or (place.tenant.ca_file if place.tenant else None) or None
    with ScimClient(read_tenant_url(url), resolve(reference, ask=_ask()), ca_file=ca_file) as scim:
        yield scim


def _open_app(place: _Place, app: str, reference: str | None) -> Iterator[ScimClient]:
    import tempfile
    from datetime import UTC, datetime

    from scimkit.credentials import REDACTOR
    from scimkit.evidence.runs import RunStore
    from scimkit.tenant import Access

    assert place.tenant is not None and place.profile is not None
    with tempfile.TemporaryDirectory(prefix="scimkit-") as folder:
        named = {"app": _whole_path(app) or app, "tenant": place.tenant.name}
        run = RunStore.create(
            Path(folder), **named, runbook="check", steps=(), now=datetime.now(UTC), redact=REDACTOR.text
        )
        access = Access(place.tenant, place.profile, run, step="check", values=place.config.app(place.profile.name))
        place.now = access.now
        try:
            token = access.token(reference or ("sandbox" if place.is_sandbox else "prompt"), ask=_ask())
            yield access.scim(token)
        finally:
            access.close()
            if place.is_sandbox:
                from scimkit.sandbox.process import stop

                stop(access.sandbox)


def _worth_asking(probe: Probe) -> bool:
    """Whether the SCIM service is there and lets us in; else the connection comes first."""
    from scimkit.evidence.checks import Status, first_failed

    states = {check.code: check.status for check in probe.checks}
    wrong = first_failed(probe.checks)
    return states.get("connection.token") is Status.PASSED or (
        wrong is not None and wrong.code in ("connection.media_type_refused", "connection.throttled")
    )


def _probe_compatibility(
    place: _Place, scim: ScimClient, write: bool, deadline: float, matching: str | None
) -> Compatibility:
    from scimkit.compatibility import default_mapped, mapped_for, probe_compatibility
    from scimkit.compatibility.ledger import Ledger

    mapped = mapped_for(place.profile) if place.profile else default_mapped()
    mapped = mapped.matched_by(matching) if matching else mapped
    ask = partial(
        probe_compatibility,
        scim,
        mapping=mapped,
        profile=place.profile,
        write=write,
        now=place.now(),
        deadline_seconds=deadline,
    )
    if not write or place.is_sandbox:  # this sandbox ends with the command, and everything in it
        return ask()
    with Ledger().open(scim.base_url, matching=mapped.matching[0], now=place.now()) as page:
        try:
            found = ask(keep=page.keep)
        except BaseException:
            if page.page.entries:
                click.echo(
                    "The probe did not end as it should. Run the same command with --cleanup in place of --write: it removes what may be left.",
                    err=True,
                )
            raise
        page.settle(found.left_behind)
    return found


def _clean_up(scim: ScimClient, as_json: bool) -> int:
    """Remove what crashed probes left at this endpoint, and say so; the exit code."""
    from scimkit.compatibility.cleanup import LEFT, NOT_THERE, REMOVED, RUNNING, Cleaned, clean_up
    from scimkit.compatibility.ledger import Ledger, endpoint_of
    from scimkit.credentials import REDACTOR

    words = {
        REMOVED: "removed",
        NOT_THERE: "was gone",
        LEFT: "LEFT",
        RUNNING: "RUNNING  a probe is still running here, since",
    }

    def tell(cleaned: Cleaned) -> None:
        if not as_json:
            said = f": {cleaned.said}" if cleaned.said else ""
            click.echo(REDACTOR.text(f"{words[cleaned.state]:<8} {cleaned.resource_type:<6} {cleaned.name}{said}"))

    outcomes = clean_up(scim, Ledger(), tell=tell)
    left = [item for item in outcomes if item.state in (LEFT, RUNNING)]
    if as_json:
        _print_json({"endpoint": endpoint_of(scim.base_url), "objects": outcomes})
    elif not outcomes:
        click.echo(f"Nothing to remove: no probe of this user has left anything at {endpoint_of(scim.base_url)}.")
    elif left:
        stuck = any(item.state == LEFT for item in left)
        click.echo(f"{len(left)} of {len(outcomes)} could not be removed.")
        click.echo(
            "-> Remove them in the app by hand, by these names, or run this again later."
            if stuck
            else "-> When that probe has ended, run this again."
        )
    else:
        click.echo(f"Nothing of earlier probes is left at {endpoint_of(scim.base_url)}.")
    return 1 if left else 0


def _show_check(probe: Probe, found: Compatibility | None, as_json: bool) -> None:
    from scimkit.credentials import REDACTOR
    from scimkit.evidence.checks import first_failed
    from scimkit.views.compatibility import describe_compatibility

    if as_json:
        _print_json({"exchanges": probe.exchanges, "checks": probe.checks, "compatibility": found})
        return
    for exchange in probe.exchanges:
        click.echo(
            f"sent  {exchange.sent}\ngot   {exchange.status or 'no answer'} {exchange.media_type}  {exchange.found}\n"
        )
    _print_checks(probe.checks)
    if found is not None:
        click.echo()
        for line, tone in describe_compatibility(found, _width()):
            click.secho(REDACTOR.text(line), **_TONES[tone])
    elif wrong := first_failed(probe.checks):
        click.echo(f"\nWhat Entra will send was not tried: {wrong.code} comes first.")


def _width() -> int:
    """Columns to write in: the terminal's, within reason, and 100 where the output is no terminal."""
    return min(max(shutil.get_terminal_size((100, 24)).columns, 60), 140) if sys.stdout.isatty() else 100


_TONES: dict[str, dict[str, Any]] = {
    "": {},
    "good": {"fg": "green", "bold": True},
    "bad": {"fg": "red", "bold": True},
    "doubt": {"fg": "yellow", "bold": True},
    "strong": {"bold": True},
    "quiet": {"dim": True},
}


def _exit_code(probe: Probe, found: Compatibility | None) -> int:
    """0 nothing speaks against it; 1 something does; 4 the probe could not finish and found nothing else."""
    from scimkit.evidence.checks import first_failed

    if first_failed(probe.checks) or found is None:
        return 1
    if found.left_behind or found.verdict in ("fails", "works_if") or (found.verdict == "unknown" and found.conditions):
        early = {finding.cause for finding in found.findings if finding.breaks != "advice"}
        unfinished = (
            found.verdict != "works_if"
            and early
            and early <= {"compat.too_slow", "compat.no_answer", "compat.throttled"}
        )
        return 4 if unfinished and not found.left_behind else 1
    return 4 if found.verdict == "unknown" and found.written else 0


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
def lab(
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
            _whole_path(app),
            tenant,
            runs=folder,
            resume=resume,
            config=_config_in_force(config),
            browser=not no_browser,
            port=port,
        )
    )


@main.command()
@click.argument("run_folder", type=click.Path(path_type=Path, file_okay=False), metavar="RUN")
@click.option("--show-people", is_flag=True, help="Names and addresses instead of pseudonyms.")
def report(run_folder: Path, show_people: bool) -> None:
    """Write RUN's report.html again."""
    from scimkit.credentials import REDACTOR
    from scimkit.evidence.runs import RunStore
    from scimkit.report import write_report

    click.echo(write_report(RunStore.open(run_folder, redact=REDACTOR.text), show_people=show_people))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For a program to read.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Look at this machine: what scimkit needs, and what it would use."""
    from scimkit.doctor import examine
    from scimkit.evidence.checks import first_failed

    checks = examine()
    if as_json:
        _print_json({"checks": checks})
    else:
        _print_checks(checks)
    context.exit(2 if first_failed(checks) else 0)


# -- output ----------------------------------------------------------------


def _print_checks(checks: Sequence[Check]) -> None:
    for item in checks:
        click.echo(str(item))


def _print_json(value: Any) -> None:
    import json

    from scimkit.credentials import REDACTOR
    from scimkit.evidence.records import to_plain

    click.echo(REDACTOR.text(json.dumps(to_plain(value), ensure_ascii=False, indent=2)))


if __name__ == "__main__":
    main()
