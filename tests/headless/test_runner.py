"""Runs of probe runbooks: order, settings, exit codes, resume, interruption."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimkit.errors import ConfigError, CredentialError, RunError, ScimkitError
from scimkit.evidence.runs import RunStore
from scimkit.headless.progress import Progress, printer
from scimkit.headless.runbook import Runbook
from scimkit.headless.runner import Surroundings, run_runbook

Write = Callable[[dict[str, list[Any]]], Runbook]
CHECK = (
    "from scimkit.evidence.checks import failed, require_passed\nrequire_passed([failed('a.bad', 'it is bad', 'mend"
    " it')])"
)
FAIL_UNTIL_MENDED = (
    f"import pathlib\nif not pathlib.Path('mended').exists():\n    {CHECK.replace(chr(10), chr(10) + '    ')}"
)


def note(name: str) -> str:
    """A cell that leaves a mark each time it runs."""
    return f"import pathlib\nwith pathlib.Path('marks').open('a') as file:\n    print({name!r}, file=file)"


def marks() -> list[str]:
    return Path("marks").read_text(encoding="utf-8").split()


def statuses(document: Path) -> list[str]:
    cells = json.loads(document.read_text(encoding="utf-8"))["cells"]
    return [cell["metadata"]["papermill"]["status"] for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.slow
def test_a_run_leaves_its_evidence(runbook: Write) -> None:
    """Every step leaves notebook, page and state; text stays text; the events name the steps."""
    book = runbook(
        {
            "1_first": [("parameters", "people = 3  # how many\npilot = 'x'  # whom"), "print(people + 1, pilot)"],
            "2_second": [("parameters", "pilot = 'x'  # whom"), "print(pilot)"],
        }
    )
    events: list[Progress] = []

    result = run_runbook(
        book, settings={"": {"pilot": "00123"}, "1": {"people": "7"}}, around=Surroundings(progress=events.append)
    )

    assert (result.exit_code, dict(result.steps)) == (0, {"1_first": "passed", "2_second": "passed"})

    run = RunStore.open(result.folder)
    assert {
        "1_first.ipynb",
        "1_first.html",
        "2_second.ipynb",
        "2_second.html",
        "run.json",
        "run.log",
        "report.html",
    } <= set(run.list())
    assert "8 00123" in run.read("1_first.ipynb")
    assert run.choices("1_first") == {"pilot": "00123", "people": 7}
    assert [str(event) for event in events if event.state != "cell"] == [
        "[1/2] 1_first: Step 1_first",
        "[1/2] 1_first: passed",
        "[2/2] 2_second: Step 2_second",
        "[2/2] 2_second: passed",
    ]
    assert "[2/2] 2_second: passed" in run.read("run.log")
    assert str(Path.cwd()) not in run.read("1_first.ipynb")
    assert result.lines[0].startswith("2 of 2 steps passed")


@pytest.mark.slow
def test_pages_ask_no_other_server(runbook: Write) -> None:
    """A step's page loads nothing from elsewhere when it is opened, and has no prompts."""
    result = run_runbook(runbook({"1_first": [("markdown", "# Title $x$"), "print('hello')"]}))
    page = (result.folder / "1_first.html").read_text(encoding="utf-8")

    assert "hello" in page
    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//[^\"'>]*", page)
    assert "In&nbsp;[" not in page

    loaded = [url for url in re.findall(r"https?://[^\s\"'<>)]+", page) if re.search(r"\.(?:js|mjs|css|woff2?)\b", url)]
    assert loaded == []


@pytest.mark.slow
def test_failed_check_and_resume(runbook: Write) -> None:
    """A failed check ends with 1, named with its remedy and without a traceback; --resume repeats only what did not
    pass."""
    book = runbook({"1_a": [note("a")], "2_b": [note("b"), FAIL_UNTIL_MENDED], "3_c": [note("c")]})
    result = run_runbook(book)

    assert (result.exit_code, list(result.steps.values())) == (1, ["passed", "failed", "pending"])
    assert result.lines[-3:-1] == ("2_b: a.bad: it is bad", "What to do: mend it")
    assert result.lines[-1].startswith("Then: scimkit run ")
    assert result.lines[-1].endswith(f"--resume {Path('runs') / result.folder.name}")
    assert "Traceback" not in "\n".join(result.lines)

    step = RunStore.open(result.folder).state()["steps"]["2_b"]
    assert (step["check"], step["remedy"]) == ("a.bad", "mend it")

    Path("mended").touch()
    events: list[Progress] = []

    again = run_runbook(book, resume=result.folder, around=Surroundings(progress=events.append))

    assert (again.exit_code, again.folder, set(again.steps.values())) == (0, result.folder, {"passed"})
    assert marks() == ["a", "b", "b", "c"]
    assert [event.state for event in events if event.step == "1_a"] == ["skipped"]


@pytest.mark.slow
def test_waiting_ends_with_the_command_that_continues(runbook: Write) -> None:
    """Waiting ends with 3; its last line, typed as it is, goes on with what was waited for."""
    book = runbook(
        {
            "3_app": [
                ("parameters", "confirm = 'sandbox'  # the plan's fingerprint"),
                (
                    "from scimkit.errors import Waiting\n"
                    "if confirm == 'sandbox':\n"
                    "    raise Waiting('a plan waits', 'read it', settings={'3_app': {'confirm': 'it is a plan'}})\n"
                    "print(confirm)"
                ),
            ]
        }
    )
    result = run_runbook(book)

    assert (result.exit_code, result.steps["3_app"]) == (3, "waiting")

    command = result.lines[-1]
    assert command.startswith("scimkit run ")
    assert "'3.confirm=it is a plan'" in command or '"3.confirm=it is a plan"' in command

    again = run_runbook(book, resume=result.folder, settings={"3": {"confirm": "it is a plan"}})
    assert again.exit_code == 0
    assert "it is a plan" in (result.folder / "3_app.ipynb").read_text(encoding="utf-8")


@pytest.mark.slow
def test_changed_setting_runs_a_passed_step_again(runbook: Write) -> None:
    """A setting corrected on --resume is taken, also by a step that had passed; the same value changes nothing."""
    book = runbook(
        {
            "1_a": [("parameters", "people = 3  # how many"), "print('people', people)", note("a")],
            "2_b": [note("b"), FAIL_UNTIL_MENDED],
        }
    )
    first = run_runbook(book, settings={"1": {"people": "4"}})
    Path("mended").touch()

    run_runbook(book, resume=first.folder, settings={"": {"people": 4}})

    assert marks() == ["a", "b", "b"]

    run_runbook(book, resume=first.folder, settings={"1_a": {"people": "5"}})
    assert marks() == ["a", "b", "b", "a"]
    assert "people 5" in (first.folder / "1_a.ipynb").read_text(encoding="utf-8")


@pytest.mark.slow
def test_missing_record_runs_a_passed_step_again(runbook: Write, tmp_path: Path) -> None:
    """A step that passed but whose record is gone is run again; one that leaves none has not passed."""
    runbook(
        {
            "1_a": [
                note("a"),
                (
                    "import os, pathlib\nkept = pathlib.Path(os.environ['SCIMKIT_RUN'],"
                    " 'records')\nkept.mkdir(exist_ok=True)\n(kept / '1_thing.json').touch()"
                ),
            ]
        }
    )
    from scimkit.headless.runbook import read_runbook

    yaml = tmp_path / "probe.yaml"
    yaml.write_text(yaml.read_text(encoding="utf-8").replace("records: []", "records: [Thing]"), encoding="utf-8")
    first = run_runbook(read_runbook(str(yaml)))
    assert first.exit_code == 0
    run_runbook(read_runbook(str(yaml)), resume=first.folder)
    assert marks() == ["a"]
    (first.folder / "records" / "1_thing.json").unlink()
    run_runbook(read_runbook(str(yaml)), resume=first.folder)
    assert marks() == ["a", "a"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1 / 0"], "ZeroDivisionError in cell [1] of 1_a: division by zero"),
        (["import sys\nsys.exit(0)"], "SystemExit in cell [1] of 1_a: sys.exit(0) in a notebook"),
        (["import os\nos._exit(3)"], "the kernel of 1_a died"),
        (["import time\ntime.sleep(60)"], "a cell of 1_a was not finished after 1 seconds"),
    ],
)
def test_could_not_finish(cells: list[str], words: str, runbook: Write, capfd: pytest.CaptureFixture[str]) -> None:
    """A defect, sys.exit, a dead kernel and a timeout end with 4 and say where to look; later steps do not run."""
    result = run_runbook(runbook({"1_a": cells, "2_b": ["1"]}), around=Surroundings(cell_timeout_seconds=1))

    assert (result.exit_code, list(result.steps.values())) == (4, ["error", "pending"])
    assert words in result.lines[-3]
    assert "run.log" in result.lines[-2]
    assert "--resume" in result.lines[-1]
    assert statuses(result.folder / "1_a.ipynb") == ["failed"]
    assert "Traceback" not in capfd.readouterr().err
    assert (result.folder / "run.log").read_text(encoding="utf-8").count("Traceback") >= 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"": {"peple": "3"}}, "has no parameter peple"),
        ({"1": {"peple": "3"}}, "1_a has no parameter peple"),
        ({"1": {"people": "two"}}, "parameter people wants a whole number"),
        ({"": {"people": "two"}}, "parameter people wants a whole number"),
        ({"9": {"people": "2"}}, "has no step 9"),
        ({"": {"app": "x"}}, "app cannot be set with --set"),
    ],
)
def test_wrong_settings_start_nothing(settings: dict[str, dict[str, str]], words: str, runbook: Write) -> None:
    """Unknown names and steps and wrong types are errors with exit code 2 before there is a run or a kernel."""
    book = runbook({"1_a": [("parameters", "people = 3  # how many\napp = 'oreilly'")], "2_b": ["1"]})
    with pytest.raises(ConfigError, match=words) as raised:
        run_runbook(book, settings=settings)

    assert raised.value.exit_code == 2
    assert raised.value.remedy
    assert not Path("runs").exists()


@pytest.mark.parametrize("wrong", [{"tenant": "nowhere"}, {"app": "no-such-app"}])
def test_unknown_app_or_tenant_starts_nothing(wrong: dict[str, str], runbook: Write) -> None:
    """An app or a tenant that does not exist is an error with exit code 2 before there is a run or a kernel."""
    book = runbook({"1_a": [("parameters", "app = 'oreilly'  # the app\ntenant = 'sandbox'  # where")]})
    with pytest.raises(ScimkitError) as raised:
        run_runbook(book, **{"app": "oreilly", "tenant": "sandbox", **wrong})

    assert raised.value.exit_code == 2
    assert raised.value.remedy
    assert not Path("runs").exists()


def test_secret_as_setting_is_refused(runbook: Write, token: str) -> None:
    """A token where its reference belongs is refused before it is written anywhere, and not repeated."""
    book = runbook({"2_token": [("parameters", "token = 'sandbox'  # where the token is")]})
    with pytest.raises(CredentialError) as raised:
        run_runbook(book, settings={"2": {"token": token}})

    assert token not in str(raised.value) + raised.value.remedy
    assert not Path("runs").exists()


def test_two_runners_on_one_run(runbook: Write) -> None:
    """A run that is running is refused to a second runner."""
    book = runbook({"1_a": ["1"]})
    run = RunStore.create(
        Path("runs"), app="oreilly", tenant="sandbox", runbook=book.name, steps=("1_a",), now=_moment()
    )
    with run.locked(), pytest.raises(RunError, match="is running already"):
        run_runbook(book, resume=run.folder)


def test_another_app_is_not_resumed(runbook: Write) -> None:
    """A run goes on with the app, tenant and runbook it began with."""
    book = runbook({"1_a": ["1"]})
    run = RunStore.create(
        Path("runs"), app="oreilly", tenant="sandbox", runbook=book.name, steps=("1_a",), now=_moment()
    )
    with pytest.raises(ConfigError, match="run of app oreilly, not thrive"):
        run_runbook(book, resume=run.folder, app="thrive")


def _moment() -> Any:
    from datetime import UTC, datetime

    return datetime(2026, 3, 2, 9, tzinfo=UTC)


RUN = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background is started without it
from scimkit.headless.runbook import read_runbook
from scimkit.headless.runner import run_runbook
result = run_runbook(read_runbook(sys.argv[1]), resume=Path(sys.argv[2]) if sys.argv[2:] else None)
print(*result.lines, sep="\\n")
sys.exit(result.exit_code)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals to one process are POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(number: int, runbook: Write) -> None:
    """Ctrl-C and SIGTERM end with 130: kernel gone, states true, no traceback, and the run can be resumed."""
    sleep = (
        "import os, pathlib, time\npathlib.Path('kernel').write_text(str(os.getpid()))\nif not"
        " pathlib.Path('mended').exists():\n    time.sleep(60)"
    )
    book = runbook({"1_a": [note("a")], "2_b": [sleep, "1"]})
    process = subprocess.Popen([sys.executable, "-c", RUN, book.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    kernel = Path("kernel")
    _wait_for(lambda: kernel.exists() and kernel.read_text(encoding="utf-8") != "", process)
    process.send_signal(number)

    out, err = process.communicate(timeout=20)

    assert process.returncode == 130, err
    assert b"Continue with: scimkit run " in out.splitlines()[-1]
    assert b"Traceback" not in out + err

    folder = next(Path("runs").iterdir())
    assert [step["state"] for step in RunStore.open(folder).state()["steps"].values()] == ["passed", "interrupted"]
    assert statuses(folder / "2_b.ipynb") == ["interrupted", "pending"]

    _wait_for(lambda: not _alive(int(kernel.read_text(encoding="utf-8"))))
    Path("mended").touch()

    assert run_runbook(book, resume=folder).exit_code == 0
    assert marks() == ["a"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals to one process are POSIX")
@pytest.mark.parametrize("forked", [False, True])
def test_killed(forked: bool, runbook: Write) -> None:
    """A runner that is killed takes its kernels along and leaves `running` behind; resumed, the step counts as
    interrupted and runs again."""
    sleep = (
        "import os, pathlib, time\npathlib.Path('kernel').write_text(str(os.getpid()))\nif not"
        " pathlib.Path('mended').exists():\n    time.sleep(60)"
    )
    book = runbook({"1_a": [sleep], "2_b": ["1"]} if forked else {"1_a": [sleep]})
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, book.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    kernel = Path("kernel")
    _wait_for(lambda: kernel.exists() and kernel.read_text(encoding="utf-8") != "", process)
    process.kill()
    process.wait()
    _wait_for(lambda: not _alive(int(kernel.read_text(encoding="utf-8"))))

    folder = next(Path("runs").iterdir())

    assert RunStore.open(folder).state()["steps"]["1_a"]["state"] == "running"

    Path("mended").touch()
    assert run_runbook(book, resume=folder).exit_code == 0


def _wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None
        time.sleep(0.05)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process}/stat")  # an orphan stays a zombie where nobody collects it, as in a container
    return not (status.exists() and status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z")


def test_plain_progress() -> None:
    """Where nobody watches, progress is one plain line for each change of a step."""
    out = io.StringIO()
    follow = printer(out)

    for state in ("running", "cell", "passed"):
        follow(Progress("1_plan", "Plan", 1, 9, state))

    assert out.getvalue() == "[1/9] 1_plan: Plan\n[1/9] 1_plan: passed\n"


def test_progress_on_a_terminal() -> None:
    """On a terminal one line is drawn again for each cell, in plain ASCII."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    follow = printer(out)
    follow(Progress("1_plan", "Plan", 1, 2, "running"))
    follow(Progress("1_plan", "Plan", 1, 2, "cell", (1, 2)))
    follow(Progress("1_plan", "Plan", 1, 2, "passed"))
    assert out.getvalue().split("\r")[1:3] == [
        "[....................] 1/2 1_plan: Plan",
        "[#####...............] 1/2 1_plan: Plan",
    ]
    assert out.getvalue().isascii()
    assert out.getvalue().endswith("[1/2] 1_plan: passed" + " " * 19 + "\n")
