"""The report of a run: from the folder alone, for every way a run can end."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from scimkit.credentials import REDACTOR
from scimkit.errors import Rejected, RunError, Unreachable
from scimkit.evidence.journal import Journal
from scimkit.evidence.runs import RunStore
from scimkit.report import KEY, REPORT, render_report, write_report

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
STEPS = ("1_plan", "4_scope", "5c_pilot", "6_monitor")
ADA = {
    "id": "6ea91a8d-e32e-41a1-b7bd-d2d185eed0e0",
    "user_principal_name": "ada@contoso.example",
    "display_name": "Ada O'Hara",
    "mail": "",
    "enabled": True,
    "kind": "Member",
    "synced": False,
}


def _check(status: str, code: str, message: str, remedy: str = "") -> dict[str, str]:
    return {"code": code, "status": status, "message": message, "remedy": remedy, "source": "RFC 7644"}


def _keep(run: RunStore, step: str, kind: str, data: dict[str, Any], *checks: dict[str, str], version: int = 1) -> None:
    envelope = {
        "kind": kind,
        "version": version,
        "scimkit": "0.1.0",
        "made_utc": "2026-03-02T09:20:00Z",
        "checks": checks,
        "data": data,
    }
    run.write(run.record_name(step, kind), json.dumps(envelope))


@pytest.fixture
def run(tmp_path: Path) -> RunStore:
    """A run that failed half-way: planned, scoped, stopped in the pilot."""
    run = RunStore.create(tmp_path, app="oreilly", tenant="sandbox", runbook="onboard", steps=STEPS, now=NOW)
    note = {"where": "tutorial step 5", "fault": "named <twice>", "kit": "takes the first"}
    _keep(
        run,
        "1_plan",
        "Readiness",
        {
            "app": "oreilly",
            "title": "O'Reilly",
            "tenant": "sandbox",
            "environment": "sandbox",
            "administrator": "admin@contoso.example",
            "decisions": {},
            "facts": [],
            "contradictions": [note],
        },
        _check("warning", "plan.seats", "the number of seats is not noted", "note it"),
        _check("passed", "plan.rights", "may do it"),
    )
    run.set_step("1_plan", "passed", started_utc="2026-03-02T09:15:00Z", ended_utc="2026-03-02T09:16:00Z")
    _keep(
        run,
        "4_scope",
        "Scope",
        {"mode": "assigned", "assignments": [], "filters": [], "people": 1, "pilot": [ADA]},
        _check("passed", "scope.pilot", "one person"),
    )
    run.set_step("4_scope", "passed", ended_utc="2026-03-02T09:17:00Z")
    people = [
        {
            "person": ADA,
            "predicted": "create",
            "reported": "Failure",
            "observed": None,
            "target_id": "",
            "log_id": "",
            "verdict": "differs",
        }
    ]
    _keep(
        run,
        "5c_pilot",
        "PilotResult",
        {"job_id": "oreilly.1", "from_utc": "2026-03-02T09:18:00Z", "to_utc": "2026-03-02T09:19:00Z", "people": people},
        _check("failed", "pilot.not_created", "Ada O'Hara was not created", "give them a mail"),
        _check("not_observed", "pilot.log", "the log could not be read"),
    )
    run.set_step(
        "5c_pilot", "failed", message="pilot.not_created: Ada O'Hara was not created", remedy="give them a mail"
    )
    run.write("1_plan.html", "<p>executed")
    run.save_choices("4_scope", {"pilot": "ada@contoso.example", "app": "oreilly"})
    journal = Journal(run, step="4_scope", now=lambda: NOW)
    with journal.writing(
        "graph", "POST", "/servicePrincipals/x/appRoleAssignedTo", before=[], after={"principalId": ADA["id"]}
    ) as answered:
        answered({"status": 201, "id": "a-1"})
    with pytest.raises(Rejected), journal.writing("graph", "POST", "/provisionOnDemand", after={"objectId": ADA["id"]}):
        raise Rejected("<script>alert(1)</script> & Ada O'Hara", status=400)
    with pytest.raises(Unreachable), journal.writing("scim", "PATCH", "/Users/1", before={"displayName": "old"}):
        raise Unreachable("no answer")
    return run


def _text(html: str) -> str:
    """What a reader sees, blanks normalised."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", html, flags=re.S))).split())


def test_a_run_that_failed_half_way_has_a_whole_report(run: RunStore) -> None:
    """Verdict, findings first, the story, the writes and the contradictions."""
    path = write_report(run, show_people=True)
    assert path == run.folder.resolve() / REPORT

    text = _text(path.read_text(encoding="utf-8"))
    parts = [
        "Stopped at 5c_pilot: pilot.not_created: Ada O'Hara was not created",
        "In the sandbox: no real tenant",
        "Signed in admin@contoso.example",
        "What needs attention ✗ failed pilot.not_created 5c_pilot Ada O'Hara was not created What to do: give them",
        "! warning plan.seats 1_plan",
        "? not observed pilot.log 5c_pilot",
        "Predicted, reported, observed",
        "Ada O'Hara <ada@contoso.example> create Failure not observed differs",
        "Step by step 1_plan",
        "Chosen pilot ada@contoso.example Scope",
        "6_monitor · not reached",
        "Every write (3)",
        "1 ✓ done POST /servicePrincipals/x/appRoleAssignedTo",
        "2 ✗ refused by the server POST /provisionOnDemand",
        "3 ! no answer came PATCH /Users/1",
        'Before { "displayName": "old" }',
        "tutorial step 5 named <twice> What scimkit does: takes the first",
    ]

    found = -1

    for part in parts:
        assert (found := text.find(part, found + 1)) >= 0, part


def test_people_are_masked_everywhere_by_default(run: RunStore) -> None:
    """Records, messages, choices and bodies of requests name nobody."""
    html = render_report(run)
    assert not re.search(r"hara|ada@|admin@|6ea91a8d", unescape(html), re.IGNORECASE)

    names = set(re.findall(r"person-[0-9a-f]{4}", html))
    assert len(names) == 2  # Ada and the administrator
    assert html == render_report(run)
    assert run.exists(KEY)


def test_the_report_is_one_quiet_file(run: RunStore) -> None:
    """No script, nothing loaded, no absolute path; links lead into the run folder."""
    html = render_report(run)
    assert "default-src 'none'" in html
    assert not re.search(r"<script|<img|<link|<iframe|@import|url\(|src=|\son\w+=", html)

    links = re.findall(r'href="([^"]*)"', html)
    assert "1_plan.html" in links
    assert "journal/000001.json" in links
    for link in links:
        assert f'id="{link[1:]}"' in html if link.startswith("#") else run.exists(link), link
    assert str(run.folder.parent) not in html


def test_hostile_text_is_only_text(run: RunStore) -> None:
    """What servers and directories have said cannot become markup."""
    run.set_step("5c_pilot", "failed", message='"><script>\u202e\x1b</script>')
    html = render_report(run)

    assert "<script" not in html
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert "\\u202e\\u001b" in html


def test_a_secret_does_not_reach_the_report(run: RunStore) -> None:
    """Even one that was written into the folder by somebody else."""
    secret = "s3cr3t'value&with<signs>"  # not a real one
    run.set_step("5c_pilot", "failed", message=f"server said {secret}")
    REDACTOR.register(secret)

    try:
        text = unescape(render_report(run))
    finally:
        REDACTOR.clear()

    assert secret not in text
    assert "server said [secret]" in text


@pytest.mark.parametrize(
    ("states", "status", "sentence"),
    [
        ({}, "not_reached", "Not finished: 0 of 4 steps passed; 1_plan is next."),
        ({"1_plan": "passed", "4_scope": "running"}, "not_observed", "Running 4_scope; 1 of 4 steps passed so far."),
        ({"1_plan": "passed", "4_scope": "waiting"}, "warning", "Waiting at 4_scope."),
        ({"1_plan": "error"}, "failed", "Could not finish 1_plan."),
        ({"1_plan": "interrupted"}, "failed", "Interrupted at 1_plan."),
        (dict.fromkeys(STEPS, "passed"), "passed", "All 4 steps passed."),
    ],
)
def test_the_verdict_says_how_the_run_stands(
    tmp_path: Path, states: dict[str, str], status: str, sentence: str
) -> None:
    """Every way a run can stand has its sentence, also with an otherwise empty folder."""
    run = RunStore.create(tmp_path, app="oreilly", tenant="contoso", runbook="onboard", steps=STEPS, now=NOW)
    for step, state in states.items():
        run.set_step(step, state)

    html = render_report(run)

    assert f'class="verdict is-{status}"' in html
    assert sentence in _text(html)
    assert "In the sandbox" not in html


def test_warnings_are_part_of_the_verdict(run: RunStore) -> None:
    """A run that passed with a doubt says so."""
    _keep(run, "5c_pilot", "PilotResult", {"people": []})
    for step in STEPS:
        run.set_step(step, "passed", message="", remedy="")
    assert "All 4 steps passed, with 1 point to look at." in _text(render_report(run))


def test_what_cannot_be_read_is_said(run: RunStore) -> None:
    """A damaged record, a later one and a damaged journal entry cost only themselves."""
    run.write("records/6_log_summary.json", "{ half")
    run.write("journal/000009.json", "[]")
    _keep(run, "6_monitor", "LogSummary", {}, version=99)
    _keep(run, "widen", "Ring", {"name": "first"}, _check("warning", "widen.limit", "over the limit", "less"))
    run.write("records/1_token_note.json", "null")

    text = _text(render_report(run))

    assert "Files that cannot be read: records/1_token_note.json, journal/000009.json." in text
    assert "was written by scimkit 0.1.0, a later version" in text
    assert "records/1_token_note.json is damaged" in text
    assert "Other records Ring" in text
    assert "widen.limit" in text


def test_a_damaged_run_json_is_refused_with_words(run: RunStore) -> None:
    """Without run.json there is nothing to report on."""
    run.write("run.json", "{")
    with pytest.raises(RunError, match="damaged"):
        write_report(run)


def test_unsettled_writes_are_named_first(run: RunStore) -> None:
    """Somebody must look whether these arrived."""
    journal = Journal(run, step="5c_pilot", now=lambda: NOW)
    journal._keep(replace(journal.entries()[0], number=4, state="intended", settled_utc="", answer=None))

    text = _text(render_report(run))

    assert "whether they arrived: 3 (PATCH /Users/1) , 4 (POST /servicePrincipals/x/appRoleAssignedTo)" in text
