"""Each failure is one finding: its code, its remedy, what was sent and what came back, and the exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import chain

import pytest
from journey.connection.failures import FAILURES, PERSON, Failure, Setup, World

from scimkit.clients.scim import ScimClient
from scimkit.credentials import Secret
from scimkit.evidence.checks import Status, first_failed
from scimkit.evidence.records import to_plain
from scimkit.journey.connection import Probe, probe_endpoint

NOW = datetime.now(UTC)
HIDDEN = ("secret-state", PERSON["userName"])


def ask(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> Probe:
    for name, value in setup.env.items():
        monkeypatch.setenv(name, value)
    with ScimClient(setup.url, Secret(setup.token), ca_file=setup.ca_file, timeout_seconds=0.5) as scim:
        return probe_endpoint(setup.app, scim, now=NOW)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: f.name)
def test_each_failure_is_one_finding(failure: Failure, world: World, monkeypatch, request) -> None:
    """The code, status, remedy and exit code of the table; one failed check at most; no token and nobody's data."""
    setup = failure.start(world)
    probe = ask(setup, monkeypatch)

    finding = next((c for c in probe.checks if c.code == failure.code), None)

    assert finding is not None, probe.checks
    assert finding.status == failure.status
    assert failure.message in finding.message
    assert all(words in finding.remedy for words in failure.remedy), finding.remedy

    bad = [c for c in probe.checks if c.status is Status.FAILED]
    assert bad == ([finding] if failure.status == "failed" else [])
    assert (1 if first_failed(probe.checks) else 0) == failure.exit_code

    if bad:
        later = probe.checks[probe.checks.index(finding) + 1 :]
        assert {c.status for c in later} <= {Status.NOT_REACHED, Status.WARNING}
        assert "sent GET " in finding.message
        assert ", got " in finding.message
    shown = json.dumps(to_plain(probe), ensure_ascii=False)

    assert not [word for word in (setup.token, *HIDDEN) if word in shown]
    assert len(probe.exchanges) <= 11

    asked = chain.from_iterable(stub.seen for stub in world.stubs)
    assert {seen.method for seen in asked} <= {"GET"}

    request.node.user_properties.append(
        ("row", (failure.name, failure.code, failure.status, finding.remedy, failure.exit_code))
    )


@pytest.mark.slow
@pytest.mark.parametrize("failure", [f for f in FAILURES if f.process], ids=lambda f: f.name)
def test_the_command_says_the_same(failure: Failure, world: World, scimkit) -> None:
    """`scimkit check` as a process: the finding, its remedy, the exit code, and no token anywhere."""
    setup = failure.start(world)
    if setup.ca_file:
        options = ["--ca-file", setup.ca_file]
    else:
        options = []

    done = scimkit(
        "check", setup.url, "--token", "env:APP_TOKEN", *options, env={"APP_TOKEN": setup.token, **setup.env}
    )

    assert done.returncode == failure.exit_code, done.stdout + done.stderr

    lines = done.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if failure.code in line and line.startswith(failure.status))

    assert all(words in lines[at + 1] for words in failure.remedy)
    assert sum(line.startswith("failed ") for line in lines) == (failure.status == "failed")
    assert not [word for word in (setup.token, "Traceback", *HIDDEN) if word in done.stdout + done.stderr]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://scim.contoso.example/scim", "Use the https address"),
        ("https://<subdomain>.contoso.example/scim", "your own value"),
    ],
)
def test_what_can_be_seen_before_asking(url: str, words: str, scimkit, request) -> None:
    """Plain http elsewhere, a placeholder: exit 2 before the token is even looked for."""
    done = scimkit("check", url, "--token", "env:NOT_SET_ANYWHERE")
    assert done.returncode == 2
    assert words in done.stderr

    request.node.user_properties.append(
        ("row", (f"{url} entered", "ConfigError", "before asking", done.stderr.splitlines()[-1], 2))
    )
