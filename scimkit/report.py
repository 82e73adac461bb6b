"""The report of a run: one HTML file that an auditor can read without scimkit.

It is created from the run folder alone, so it can be created again, and for a run that
stopped half-way. It contains no script and makes no network request. People
appear under pseudonyms unless requested otherwise (`views.people`).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from scimkit.errors import RunError
from scimkit.evidence.counting import count
from scimkit.evidence.records import VERSION
from scimkit.evidence.runs import RunStore
from scimkit.views.document import CheckList, CheckRow, Pairs, Table, View
from scimkit.views.kinds import contradiction_table, describe_kind, outcome_table
from scimkit.views.predictions import ACTION_WORDS, pilot_group_table, pilot_table
from scimkit.views.tables import MOST_ROWS
from scimkit.views.values import cell, json_text, label

REPORT = "report.html"
KEY = "people.key"  # of this run's pseudonyms
_STOPPED = ("failed", "error", "waiting", "interrupted")
_STATE_STATUS = {
    "passed": "passed",
    "failed": "failed",
    "error": "failed",
    "interrupted": "failed",
    "waiting": "warning",
    "running": "not_observed",
    "pending": "not_reached",
}
_STATE_WORDS = {"error": "could not finish", "pending": "not reached"}
_ATTENTION = ("failed", "warning", "not_observed")


@dataclass(frozen=True, slots=True)
class Shown:
    """One record as shown: its view, its file, and when it was written."""

    view: View
    file: str
    made_utc: str


@dataclass(frozen=True, slots=True)
class StepPart:
    """One step of the story. `status` is the check status that gives its colour and symbol."""

    name: str
    state: str
    status: str
    message: str
    remedy: str
    times: str
    links: tuple[tuple[str, str], ...]
    choices: Pairs
    records: tuple[Shown, ...]
    attention: int


@dataclass(frozen=True, slots=True)
class Write:
    """One journalled write; bodies as indented JSON, "" if there is none."""

    number: int
    step: str
    state: str
    status: str
    words: str
    target: str
    request: str
    times: str
    before: str
    after: str
    answer: str
    file: str
    long: bool


def write_report(run: RunStore, *, show_people: bool = False) -> Path:
    """Create `report.html` in the run folder and return its path.

    show_people  names, user names and addresses in clear text

    Raises RunError if run.json is damaged or the folder cannot be written.
    """
    run.write(REPORT, render_report(run, show_people=show_people))
    return run.path(REPORT)


def render_report(run: RunStore, *, show_people: bool = False) -> str:
    """The text of the report; the same folder always gives the same text."""
    from scimkit.views.markup import environment, style

    state, documents = _read_folder(run)
    if not show_people:
        state, documents = _mask(run, state, documents)
    template = environment().get_template("report.html")
    return template.render(
        **_contents(run, state, documents, show_people=show_people), styles=(style("view.css"), style("report.css"))
    )


# -- reading -----------------------------------------------------------------


def _read_folder(run: RunStore) -> tuple[dict[str, Any], dict[str, Any]]:
    """run.json, and every record and journal entry by its name; secrets replaced.

    A file that is not JSON is None: the report says so and continues.
    """
    from scimkit.credentials import REDACTOR

    documents = {
        name: REDACTOR.plain(_read_json(run, name))
        for name in (*run.list("records"), *run.list("journal"))
        if name.endswith(".json")
    }
    return REDACTOR.plain(run.state()), documents


def _read_json(run: RunStore, name: str) -> Any:
    try:
        value = json.loads(run.read(name))
    except (RunError, ValueError):
        return None
    if isinstance(value, dict):
        return value
    return None


def _mask(run: RunStore, state: dict[str, Any], documents: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    from scimkit.views.people import People

    if not run.exists(KEY):
        run.write(KEY, secrets.token_hex(32) + "\n")
    people = People(run.read(KEY).strip().encode("ascii"))
    people.learn((state, *documents.values()))
    return people.mask(state), {name: people.mask(value) for name, value in documents.items()}


# -- contents ----------------------------------------------------------------


def _contents(run: RunStore, state: dict[str, Any], documents: dict[str, Any], *, show_people: bool) -> dict[str, Any]:
    """Everything the template shows."""
    records = {name: value for name, value in documents.items() if name.startswith("records/")}
    writes = [_write(name, value) for name, value in documents.items() if name.startswith("journal/") and value]
    steps = _steps(run, state, records)
    attention = _attention(state, records)
    data = {value["kind"]: value["data"] for value in records.values() if _is_readable(value)}
    readiness = data.get("Readiness", {})
    status, verdict = _verdict(steps, attention)
    return {
        "title": readiness.get("title") or state["app"],
        "header": _header(state, readiness, run.app_note()),
        "status": status,
        "verdict": verdict,
        "sandbox": state["tenant"] == "sandbox",
        "steps": steps,
        "attention": CheckList(attention, title="Needs attention"),
        "unsettled": [write for write in writes if write.state in ("intended", "unknown")],
        "numbers": _numbers(data),
        "comparisons": _comparisons(data),
        "writes": writes,
        "unreadable": [name for name, value in documents.items() if value is None],
        "contradictions": contradiction_table(readiness.get("contradictions") or []),
        "others": _others(steps, records),
        "run": state.get("run") or run.name,
        "show_people": show_people,
    }


def _is_readable(envelope: Any) -> bool:
    return (
        bool(envelope)
        and envelope.get("version", VERSION + 1) <= VERSION
        and isinstance(envelope.get("kind"), str)
        and isinstance(envelope.get("data"), dict)
    )


def _header(state: Mapping[str, Any], readiness: Mapping[str, Any], app_note: str) -> Pairs:
    versions = state.get("versions") or {}
    noted = chain.from_iterable(step.items() for step in state["steps"].values())
    ended = max((str(value) for name, value in noted if name.endswith("_utc") and value), default="")
    rows = [("App", state["app"])]
    if app_note:
        rows.append(("The app's file", app_note))
    rows += [
        ("Tenant", state["tenant"]),
        ("Environment", readiness.get("environment") or "not noted"),
        ("Signed in", readiness.get("administrator") or "not noted"),
        ("Runbook", state.get("runbook")),
        ("Started (UTC)", state.get("created_utc")),
        ("Last step (UTC)", ended or "not noted"),
        ("Versions", ", ".join(f"{name} {number}" for name, number in versions.items())),
    ]
    return Pairs(tuple((name, cell(value)) for name, value in rows))


def _steps(run: RunStore, state: Mapping[str, Any], records: Mapping[str, Any]) -> tuple[StepPart, ...]:
    return tuple(
        _step(run, name, noted, _chosen(noted, state["choices"].get(name, {})), records)
        for name, noted in state["steps"].items()
    )


def _chosen(noted: Mapping[str, Any], choices: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a step; app, tenant and run are at the top of the page."""
    chosen = {**(noted.get("parameters") or {}), **choices}
    return {name: value for name, value in chosen.items() if name not in ("app", "tenant", "run")}


def _step(
    run: RunStore, name: str, noted: Mapping[str, Any], choices: Mapping[str, Any], records: Mapping[str, Any]
) -> StepPart:
    prefix = f"records/{name.split('_')[0]}_"
    shown = tuple(_show(file, value) for file, value in records.items() if file.startswith(prefix))
    blocks = chain.from_iterable(record.view.blocks for record in shown)
    found = list(chain.from_iterable(block.rows for block in blocks if isinstance(block, CheckList)))
    state = str(noted.get("state", "pending"))
    times = ", ".join(
        f"{label(key).removesuffix(' (UTC)')} {value}" for key, value in noted.items() if key.endswith("_utc") and value
    )
    links = tuple(
        (words, f"{name}.{ending}")
        for words, ending in (("executed notebook", "html"), ("notebook file", "ipynb"))
        if run.exists(f"{name}.{ending}")
    )
    return StepPart(
        name,
        _STATE_WORDS.get(state, state),
        _STATE_STATUS.get(state, "not_observed"),
        str(noted.get("message") or ""),
        str(noted.get("remedy") or ""),
        times,
        links,
        Pairs(tuple((key, cell(value)) for key, value in choices.items())),
        shown,
        sum(1 for row in found if row.status in _ATTENTION),
    )


def _show(file: str, envelope: Any) -> Shown:
    if _is_readable(envelope):
        view = describe_kind(envelope["kind"], {**envelope["data"], "checks": envelope.get("checks") or []})
        if confirmed := envelope["data"].get("confirmed_utc"):
            view = replace(view, sentence=f"{view.sentence} Confirmed {confirmed}.".strip())
        return Shown(view, file, str(envelope.get("made_utc") or ""))
    if envelope and envelope.get("version", 0) != VERSION:
        writer = envelope.get("scimkit", "?")
        text = f"{file} was written by scimkit {writer}, a later version. Create the report with that version."
    else:
        text = f"{file} is damaged and cannot be shown."
    return Shown(View("A record that cannot be read", text, ()), file, "")


def _others(steps: Sequence[StepPart], records: Mapping[str, Any]) -> tuple[Shown, ...]:
    """Records of steps that run.json does not name."""
    named = chain.from_iterable(step.records for step in steps)
    told = {record.file for record in named}
    return tuple(_show(file, value) for file, value in records.items() if file not in told)


def _attention(state: Mapping[str, Any], records: Mapping[str, Any]) -> tuple[CheckRow, ...]:
    """Every check that did not pass, failed ones first, each with its step."""
    names = {step.split("_")[0]: step for step in state["steps"]}
    rows = []
    for file, envelope in records.items():
        if not _is_readable(envelope):
            continue
        short = file.removeprefix("records/").split("_")[0]
        for check in envelope.get("checks") or []:
            rows.append(
                CheckRow(
                    **{key: str(check.get(key) or "") for key in ("code", "status", "message", "remedy", "source")},
                    step=names.get(short, short),
                )
            )
    found = (row for row in rows if row.status in _ATTENTION)
    return tuple(sorted(found, key=lambda row: (_ATTENTION.index(row.status), row.step)))


def _verdict(steps: Sequence[StepPart], attention: Sequence[CheckRow]) -> tuple[str, str]:
    """A status and one sentence: the state of the run."""
    total, done = len(steps), sum(1 for step in steps if step.status == "passed")
    stopped = next((step for step in steps if step.state in _STOPPED or step.state == _STATE_WORDS["error"]), None)
    if stopped is not None:
        return stopped.status, _stop_sentence(stopped, attention)
    if running := next((step for step in steps if step.state == "running"), None):
        return "not_observed", f"Running {running.name}; {done} of {total} steps passed so far."
    if done < total:
        following = next(step for step in steps if step.status != "passed")
        return "not_reached", f"Not finished: {done} of {total} steps passed; {following.name} is next."
    failures = sum(1 for row in attention if row.status == "failed")
    if failures:
        return "failed", f"All {total} steps ran, but {count(failures, 'check')} failed."
    doubts = len(attention)
    if doubts:
        return "warning", f"All {total} steps passed, with {count(doubts, 'point')} to look at."
    return "passed", f"All {total} steps passed."


def _stop_sentence(step: StepPart, attention: Sequence[CheckRow]) -> str:
    reason = step.message or next(
        (row.message for row in attention if row.step == step.name and row.status == "failed"), ""
    )
    words = {"waiting": "Waiting at", "interrupted": "Interrupted at", "could not finish": "Could not finish"}.get(
        step.state, "Stopped at"
    )
    if reason:
        return f"{words} {step.name}: {reason}"
    return f"{words} {step.name}."


def _numbers(data: Mapping[str, Mapping[str, Any]]) -> Table:
    """How many: as forecast, as in the log, as counted in the app."""
    rows = [
        ("predicted", ACTION_WORDS.get(action, action), count, "forecast")
        for action, count in (data.get("Forecast", {}).get("counts") or {}).items()
    ]
    rows += [
        ("reported", f"{what}", count, "provisioning log")
        for what, count in (data.get("LogSummary", {}).get("counts") or {}).items()
    ]
    if "Forecast" in data:
        accounts = data["Forecast"].get("observed_accounts")
        if accounts is None:
            accounts = "not observed"
        rows.append(("observed", "accounts in the app before", accounts, "listing over SCIM"))
    return Table(
        "In numbers",
        ("word", "what", "how many", "from"),
        tuple(tuple(map(cell, row)) for row in rows),
        empty="no forecast was made and no log was read",
    )


def _comparisons(data: Mapping[str, Mapping[str, Any]]) -> tuple[Table, ...]:
    tables = []
    if "PilotResult" in data:
        tables.append(pilot_table("The pilot people", data["PilotResult"].get("people") or []))
        if groups := data["PilotResult"].get("groups"):
            tables.append(pilot_group_table("The pilot group", groups))
    if "LogSummary" in data:
        table = outcome_table(data["LogSummary"])
        tables.append(
            Table(
                table.title,
                table.columns,
                table.rows[:MOST_ROWS],
                table.empty,
                max(0, len(table.rows) - MOST_ROWS) + table.left_out,
            )
        )
    return tuple(tables)


# -- the journal -------------------------------------------------------------

_WRITE_STATUS = {"done": "passed", "refused": "failed", "unknown": "warning", "intended": "warning"}
_WRITE_WORDS = {
    "done": "done",
    "refused": "refused by the server",
    "unknown": "no answer came",
    "intended": "intended, never answered",
}


def _write(file: str, entry: Mapping[str, Any]) -> Write:
    state = str(entry.get("state") or "")
    bodies = [json_text(entry[part]) if entry.get(part) is not None else "" for part in ("before", "after", "answer")]
    times = " – ".join(str(entry[part]) for part in ("intended_utc", "settled_utc") if entry.get(part))
    return Write(
        int(entry.get("number") or 0),
        str(entry.get("step") or ""),
        state,
        _WRITE_STATUS.get(state, "not_observed"),
        _WRITE_WORDS.get(state, state),
        {"graph": "Microsoft Graph", "scim": "the app, over SCIM"}.get(
            str(entry.get("target")), str(entry.get("target"))
        ),
        f"{entry.get('method')} {entry.get('path')}",
        times,
        bodies[0],
        bodies[1],
        bodies[2],
        file,
        max(body.count("\n") for body in bodies) > 25,
    )
