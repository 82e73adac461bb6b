"""Runbooks as data: where they are found, how their steps are named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scimkit.errors import ConfigError
from scimkit.headless.commands import continue_command, quoted, shown_path
from scimkit.headless.runbook import Runbook, read_runbook
from scimkit.headless.settings import parse_settings


def test_steps_by_whole_and_short_name(runbook: Callable[..., Runbook]) -> None:
    """A step is found by its notebook's name and by what stands before the underscore."""
    book = runbook({"5c_pilot": ["1"], "rotate_token": ["1"]})

    assert [step.short for step in book.steps] == ["5c", "rotate_token"]
    assert book.step("5c") is book.step("5c_pilot") is book.steps[0]
    assert book.step("5") is None


def test_order_of_an_app(runbook: Callable[..., Runbook]) -> None:
    """Named steps take each other's places in the given order; the others stay."""
    book = runbook({"1_a": ["1"], "2_b": ["1"], "3_c": ["1"], "4_d": ["1"]})
    assert [step.name for step in book.in_order(["3_c", "1_a"]).steps] == ["3_c", "2_b", "1_a", "4_d"]
    assert book.in_order(()) == book


def test_a_notebook_is_a_runbook(notebook: Callable[..., Path]) -> None:
    """A notebook by itself is a runbook of one step."""
    book = read_runbook(str(notebook("health", "1")))
    assert [(step.name, step.title, step.records) for step in book.steps] == [("health", "health", ())]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: x", "is not a runbook"),
        ("title: x\nsteps: []", "has no steps"),
        ("title: x\nsteps: [{notebook: gone, title: y}]", "names a notebook that does not exist: gone"),
        ("title: [", "is not a runbook"),
    ],
)
def test_wrong_runbooks(text: str, words: str, tmp_path: Path) -> None:
    """A file that is no runbook is refused with its name and what is wanted."""
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=words) as raised:
        read_runbook(str(path))

    assert raised.value.remedy


def test_unknown_runbook() -> None:
    """An unknown name lists the runbooks there are, and leads nowhere outside their folder."""
    with pytest.raises(ConfigError) as raised:
        read_runbook("onbord")
    assert "onboard" in raised.value.remedy
    with pytest.raises(ConfigError):
        read_runbook("../pyproject")


def test_settings_stay_text() -> None:
    """A setting keeps every sign after its first `=`."""
    texts = ["people=00123", "5c.pilot=a=b c", "5c_pilot.note="]
    assert parse_settings(texts) == {"": {"people": "00123"}, "5c": {"pilot": "a=b c"}, "5c_pilot": {"note": ""}}
    with pytest.raises(ConfigError):
        parse_settings(["people"])


def test_continue_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command names the run relative to where one is, and quotes for the shell."""
    monkeypatch.chdir(tmp_path)
    command = continue_command("onboard", tmp_path / "runs" / "r1", {"3": {"confirm": "1a2b"}, "": {"note": "x"}})

    assert command == f"scimkit run onboard --resume {Path('runs/r1')} --set 3.confirm=1a2b --set note=x"
    assert shown_path(tmp_path.parent) == str(tmp_path.parent)


@pytest.mark.parametrize(
    ("argument", "posix", "windows"),
    [
        ("plain", "plain", "plain"),
        ("two words", "'two words'", '"two words"'),
        ("a&b", "'a&b'", '"a&b"'),
        (r"runs\one", r"'runs\one'", r"runs\one"),
        ("", "''", '""'),
    ],
)
def test_quoting(argument: str, posix: str, windows: str) -> None:
    """Arguments are quoted as the shells of POSIX and Windows want it."""
    assert quoted([argument], windows=False) == posix
    assert quoted([argument], windows=True) == windows


def test_onboard_is_the_journey() -> None:
    """The shipped onboard.yaml has the steps of the journey in their order, and the records each leaves."""
    from scimkit.journey.steps import STEPS

    book = read_runbook("onboard")
    assert [(step.name, step.records) for step in book.steps] == [(step.name, step.records) for step in STEPS]
    assert len({step.short for step in book.steps}) == len(STEPS)
