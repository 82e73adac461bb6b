"""The log in plain words: each documented event is a line, each code is explained or said to be unknown."""

import json
from pathlib import Path

import pytest

from scimkit.monitoring.explanations import EXPLANATIONS, explain
from scimkit.monitoring.log_lines import read_line

DATA = Path(__file__).parents[1] / "data"
EVENTS = json.loads((DATA / "provisioning-logs.json").read_text(encoding="utf-8"))["value"]


@pytest.mark.parametrize("event", EVENTS, ids=[str(n) for n in range(len(EVENTS))])
def test_documented_events_are_read(event):
    """Each documented event becomes a line with person, action, status and time, and a code that is explained."""
    line = read_line(event)

    assert line.person
    assert line.time_utc.endswith("Z")
    assert line.status in ("success", "failure", "skipped", "warning")
    assert line.action == line.action.lower()
    assert not line.code or line.meaning


@pytest.mark.parametrize(
    "code", [*EXPLANATIONS, "BoxEntryConflict", "SystemForCrossDomainIdentityManagementServiceIncompatible"]
)
def test_codes_are_explained(code):
    """Every known code, with or without a connector's name before it, has a meaning."""
    assert explain(code).meaning
    assert code not in explain(code).meaning


@pytest.mark.parametrize(("code", "words"), [("NobodyKnowsThis", "no public page"), ("", "")])
def test_an_unknown_code_is_not_guessed(code, words):
    """What nobody has explained is said to be unknown; no code needs no explanation."""
    assert words in explain(code).meaning
