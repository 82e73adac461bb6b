"""`scimkit check`: will this endpoint understand Entra?"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scimkit.cli.output import TONES, line_width, print_checks, print_json

if TYPE_CHECKING:
    from scimkit.cli.check_target import Place
    from scimkit.clients.scim import ScimClient
    from scimkit.compatibility import Compatibility
    from scimkit.journey.connection import Probe


@click.command(
    epilog=(
        "Exit codes: 0 Entra will work, as far as it was tested; 1 a check failed, or it works under conditions; 2"
        " refused; 4 could not finish."
    )
)
@click.argument("url_or_app")
@click.option("--token", "reference", help="Where the token is: env:NAME, keyring:NAME, file:PATH, prompt.")
@click.option(
    "--write",
    is_flag=True,
    help=(
        "Also create test people and groups in the app, change them as Entra would, and remove them. Only in a test"
        " tenant."
    ),
)
@click.option(
    "--test-tenant",
    is_flag=True,
    help=(
        "You declare that no one works with this tenant of the app, and that accounts created there cost nothing and"
        " notify no one."
    ),
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
    help="Stop the probe after this time; removing may take a minute more.",
)
@click.option("--tenant", help="sandbox, or a tenant of scimkit.toml.  [default for an app: sandbox]")
@click.option("--matching", help="Match people by this attribute.  [default: the profile's, else userName]")
@click.option("--ca-file", help="PEM file of a private root to trust.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The scimkit.toml to use.")
@click.option("--json", "as_json", is_flag=True, help="Output for a program to read.")
@click.pass_context
def check(  # noqa: PLR0913, PLR0917  # click passes each option by name
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

    Sends the requests of Entra's Test Connection, and everything else that can be tested by reading. With --write also
    everything a job would do to people and groups, in both of Entra's dialects, each change read back.
    """
    if cleanup and write:
        raise click.UsageError("--cleanup removes, --write creates: give one of them.")
    if ca_file and "://" not in url_or_app:
        raise click.UsageError("--ca-file is for a URL. For an app, set ca_file of its tenant in scimkit.toml.")
    from scimkit.cli.check_target import find_place, open_place, require_permission_at
    from scimkit.journey.connection import probe_endpoint

    place = find_place(url_or_app, tenant, config)
    if write:
        require_permission_at(place, url_or_app, test_tenant)
    with open_place(place, url_or_app, reference, ca_file) as scim:
        if cleanup:
            context.exit(_clean_up(scim, as_json))
        probe = probe_endpoint(place.profile, scim, matching=matching or "", now=place.now())
        found = None
        if _worth_asking(probe):
            found = _probe_compatibility(place, scim, write, deadline, matching)
    _show_check(probe, found, as_json)
    context.exit(_exit_code(probe, found))


def _worth_asking(probe: Probe) -> bool:
    """Whether the SCIM service exists and accepts the token; otherwise the connection must be fixed first."""
    from scimkit.evidence.checks import Status, first_failed

    states = {check.code: check.status for check in probe.checks}
    wrong = first_failed(probe.checks)
    return states.get("connection.token") is Status.PASSED or (
        wrong is not None and wrong.code in ("connection.media_type_refused", "connection.throttled")
    )


def _probe_compatibility(
    place: Place, scim: ScimClient, write: bool, deadline: float, matching: str | None
) -> Compatibility:
    from scimkit.compatibility import Terms, default_mapped, mapped_for, probe_compatibility
    from scimkit.compatibility.ledger import Ledger

    if place.profile:
        mapped = mapped_for(place.profile)
    else:
        mapped = default_mapped()
    if matching:
        mapped = mapped.matched_by(matching)
    ask = partial(
        probe_compatibility,
        scim,
        mapping=mapped,
        profile=place.profile,
        write=write,
        now=place.now(),
    )
    if not write or place.is_sandbox:  # this sandbox ends with the command, and everything in it
        return ask(terms=Terms(deadline_seconds=deadline))
    with Ledger().open(scim.base_url, matching=mapped.matching[0], now=place.now()) as page:
        try:
            found = ask(terms=Terms(deadline_seconds=deadline, keep=page.keep))
        except BaseException:
            if page.page.entries:
                click.echo(
                    "The probe did not end properly. Run the same command with --cleanup in place of --write to remove"
                    " what may be left.",
                    err=True,
                )
            raise
        page.settle(found.left_behind)
    return found


def _clean_up(scim: ScimClient, as_json: bool) -> int:
    """Remove what crashed probes left at this endpoint, and report it; returns the exit code."""
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
            said = ""
            if cleaned.said:
                said = f": {cleaned.said}"
            click.echo(REDACTOR.text(f"{words[cleaned.state]:<8} {cleaned.resource_type:<6} {cleaned.name}{said}"))

    outcomes = clean_up(scim, Ledger(), tell=tell)
    left = [item for item in outcomes if item.state in (LEFT, RUNNING)]
    if as_json:
        print_json({"endpoint": endpoint_of(scim.base_url), "objects": outcomes})
    elif not outcomes:
        click.echo(f"Nothing to remove: this user's probes left nothing at {endpoint_of(scim.base_url)}.")
    elif left:
        stuck = any(item.state == LEFT for item in left)
        click.echo(f"{len(left)} of {len(outcomes)} could not be removed.")
        click.echo(
            "-> Remove them in the app by hand, by these names, or run this again later."
            if stuck
            else "-> Run this again when that probe has ended."
        )
    else:
        click.echo(f"Nothing of earlier probes is left at {endpoint_of(scim.base_url)}.")
    if left:
        return 1
    return 0


def _show_check(probe: Probe, found: Compatibility | None, as_json: bool) -> None:
    from scimkit.credentials import REDACTOR
    from scimkit.evidence.checks import first_failed
    from scimkit.views.compatibility import describe_compatibility

    if as_json:
        print_json({"exchanges": probe.exchanges, "checks": probe.checks, "compatibility": found})
        return
    for exchange in probe.exchanges:
        click.echo(
            f"sent  {exchange.sent}\ngot   {exchange.status or 'no answer'} {exchange.media_type}  {exchange.found}\n"
        )
    print_checks(probe.checks)
    if found is not None:
        click.echo()
        for line, tone in describe_compatibility(found, line_width()):
            click.secho(REDACTOR.text(line), **TONES[tone])
    elif wrong := first_failed(probe.checks):
        click.echo(f"\nWhat Entra will send was not tested: fix {wrong.code} first.")


def _exit_code(probe: Probe, found: Compatibility | None) -> int:
    """0 nothing prevents it from working; 1 something does; 4 the probe could not finish and found nothing else."""
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
        if unfinished and not found.left_behind:
            return 4
        return 1
    if found.verdict == "unknown" and found.written:
        return 4
    return 0
