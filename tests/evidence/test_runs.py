"""The run store: whole files, one runner, state that others can work with, records by kind."""

import json
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from scimkit.errors import RunError
from scimkit.evidence.change_plan import ChangePlan
from scimkit.evidence.runs import RunStore

NOW = datetime(2026, 3, 2, 9, 15, 42, tzinfo=UTC)
PLAN = ChangePlan("3_app", "sandbox", "sandbox", "", "Set up.", (), "0123456789ab")


@pytest.fixture
def run(tmp_path):
    return RunStore.create(
        tmp_path / "Läufe mit Leerzeichen",
        app="oreilly",
        tenant="sandbox",
        runbook="onboard",
        steps=("1_plan", "3_app"),
        now=NOW,
    )


def test_a_new_run(run):
    """A new run has its id from the time, all steps pending, and can be found from any folder in it."""
    assert run.name.startswith("20260302T091542Z-")
    assert len(run.name) == 21
    assert {step["state"] for step in run.state()["steps"].values()} == {"pending"}

    run.write("records/deep/x.json", "{}")
    assert RunStore.find(run.folder / "records" / "deep").folder == run.folder.resolve()
    assert RunStore.find(run.folder.parent) is None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1]",
        "{}",
        '{"app": 5, "tenant": "sandbox", "steps": {}, "choices": {}}',
        '{"app": "a", "tenant": "sandbox", "steps": [], "choices": {}}',
        '{"app": "a", "tenant": "sandbox", "steps": {"1_plan": "x"}, "choices": {}}',
        '{"app": "a", "tenant": "sandbox", "steps": {}, "choices": {"1_plan": 3}}',
    ],
)
def test_a_damaged_state_is_refused(run, content):
    """A run.json that nobody could work with is one RunError."""
    (run.folder / "run.json").write_text(content, encoding="utf-8")
    with pytest.raises(RunError, match=r"run\.json is damaged"):
        RunStore.open(run.folder)


def test_bytes_that_are_no_text_are_refused(run):
    """A file that is not UTF-8 is said to be unreadable."""
    (run.folder / "run.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match="cannot be read"):
        RunStore.open(run.folder)


OTHER = """
import sys, time
from scimkit.evidence.runs import RunStore
with RunStore.open(sys.argv[1]).locked(*sys.argv[2:]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("doing", [(), ("already open in JupyterLab (scimkit lab)",)])
def test_a_run_that_is_held_says_by_what(run, doing):
    """Another process holds the run: refused in words; state and journal can still be written; afterwards it
    is free."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER, str(run.folder), *doing], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"

        with pytest.raises(RunError, match=re.escape(doing[0] if doing else "running already")) as caught, run.locked():
            pass
        assert caught.value.exit_code == 2
        assert caught.value.remedy

        run.set_step("1_plan", "running")
        run.save_choices("1_plan", {"seats": 5})
        other.stdin.close()
    with run.locked():
        assert run.choices("1_plan") == {"seats": 5}
    assert ".run.holder" not in {path.name for path in run.folder.iterdir()}


@pytest.fixture
def own_app(tmp_path):
    """A run of an app that is only a file, and that file."""
    file = tmp_path / "my-app.toml"
    file.write_text('name = "mine"\n# ümläut\n', encoding="utf-8-sig")
    return file, RunStore.create(
        tmp_path / "runs", app=str(file), tenant="sandbox", runbook="onboard", steps=(), now=NOW
    )


def test_a_run_of_a_file_keeps_its_own_copy(own_app):
    """The copy is what the run loads from; the file may stay, change or go, and the last two are said."""
    file, run = own_app
    assert run.app == str(run.path("app.toml"))
    assert "ümläut" in run.read("app.toml")
    assert run.app_note() == ""

    file.write_text('name = "other"\n', encoding="utf-8")
    assert "my-app.toml has changed" in run.app_note()
    assert 'name = "mine"' in run.read("app.toml")

    file.unlink()
    assert "my-app.toml is gone" in RunStore.open(run.folder).app_note()
    assert str(file) not in run.app_note()


def test_a_run_of_a_shipped_app_keeps_none(run):
    """A name is loaded by that name."""
    assert (run.app, run.app_note(), run.exists("app.toml")) == ("oreilly", "", False)


@pytest.mark.parametrize("name", ["../x.json", "records/../../x", "/etc/passwd"])
def test_names_stay_in_the_folder(run, name):
    """No name leads out of the run folder."""
    with pytest.raises(RunError, match="leads out"):
        run.write(name, "x")


def test_writing_is_whole_or_not_at_all(run):
    """What cannot be encoded or written leaves the old file and no half of a new one."""
    run.write("a.txt", "old")
    (run.folder / "folder.txt").mkdir()

    with pytest.raises(RunError, match="cannot be written"):
        run.write("folder.txt", "new")

    assert run.read("a.txt") == "old"
    assert not [path for path in run.folder.iterdir() if path.name.endswith(".part")]
    assert "folder.txt" not in run.list()


def test_everything_written_is_redacted(tmp_path):
    """Files and log lines go through the redactor that was given."""
    run = RunStore.create(
        tmp_path, app="a", tenant="t", runbook="r", steps=(), now=NOW, redact=lambda text: text.replace("geheim", "***")
    )
    run.write("a.txt", "geheim")

    run.append("run.log", "geheim\n")

    assert (run.read("a.txt"), run.read("run.log")) == ("***", "***\n")


def test_an_append_that_fails_is_said(run):
    """A log that cannot be written is a RunError, not a traceback."""
    (run.folder / "run.log").mkdir()
    with pytest.raises(RunError, match=r"run\.log cannot be written"):
        run.append("run.log", "line")


def test_a_second_runner_is_refused(run):
    """While one holds the run, another is told so and writes nothing."""
    with run.locked(), pytest.raises(RunError, match="is running already"), RunStore.open(run.folder).locked():
        raise AssertionError("two runners")
    with run.locked():
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="a folder cannot be made read-only there")
def test_a_folder_that_cannot_hold_a_run(tmp_path):
    """A file in the way is a RunError with a remedy."""
    (tmp_path / "runs").write_text("", encoding="utf-8")
    with pytest.raises(RunError, match="cannot be used for a run") as caught:
        RunStore.create(tmp_path / "runs", app="a", tenant="t", runbook="r", steps=(), now=NOW)
    assert "--runs" in caught.value.remedy


def test_state_changes_do_not_overwrite_each_other(run):
    """Steps set at the same time by several threads all arrive."""
    threads = [threading.Thread(target=run.set_step, args=(f"step_{n}", "passed")) for n in range(8)]
    for thread in threads:
        thread.start()

    for thread in threads:
        thread.join()

    assert {name for name in run.state()["steps"] if name.startswith("step_")} == {f"step_{n}" for n in range(8)}


def test_an_unknown_step_state_is_a_defect(run):
    """Only the known states can be written."""
    with pytest.raises(ValueError, match="splendid"):
        run.set_step("1_plan", "splendid")


def test_records_by_step_and_kind(run):
    """A record is kept under its step's short name; one that is missing names the notebook to run."""
    assert run.keep("3_app", PLAN, now=NOW) == "records/3_change_plan.json"
    assert run.has("3_app", "ChangePlan")
    assert run.get("3_app", "ChangePlan") == PLAN

    with pytest.raises(RunError, match="no ChangePlan yet") as caught:
        run.get("4_scope", "ChangePlan")
    assert "4_scope" in caught.value.remedy


def test_a_record_of_another_kind_is_refused(run):
    """A file that was swapped for another record does not pass for the one asked for."""
    from scimkit.journey.scope import Scope

    run.keep("4_scope", PLAN, now=NOW)
    run.write("records/4_scope.json", run.read("records/4_change_plan.json"))
    with pytest.raises(RunError, match="contains a ChangePlan, not a Scope"):
        run.get("4_scope", Scope.kind)


def test_choices_are_kept_by_step(run):
    """Choices add to one another; nothing chosen writes nothing."""
    run.save_choices("4_scope", {"pilot": "00123"})
    run.save_choices("4_scope", {"confirm": "abc"})

    run.save_choices("4_scope", {})

    assert run.choices("4_scope") == {"pilot": "00123", "confirm": "abc"}
    assert run.choices("1_plan") == {}
    assert json.loads(run.read("run.json"))["choices"]["4_scope"]["pilot"] == "00123"
