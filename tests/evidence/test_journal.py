"""The journal: noted before the write, settled after it, one number a write."""

import threading
from datetime import UTC, datetime

import pytest

from scimkit.errors import Rejected, RunError, Unreachable
from scimkit.evidence.journal import Journal
from scimkit.evidence.runs import RunStore

NOW = datetime(2026, 3, 2, 9, 15, 42, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path):
    run = RunStore.create(tmp_path, app="oreilly", tenant="sandbox", runbook="onboard", steps=(), now=NOW)
    return Journal(run, step="3_app", now=lambda: NOW)


def test_a_write_is_noted_before_it_is_sent(journal):
    """While the request is on its way the entry says intended, afterwards done with the answer."""
    with journal.writing("graph", "POST", "/servicePrincipals", after={"displayName": "x"}) as settle:
        assert [entry.state for entry in journal.unsettled()] == ["intended"]
        settle({"status": 201, "id": "1"})
    [entry] = journal.entries()

    assert (entry.number, entry.state, entry.answer, entry.after) == (
        1,
        "done",
        {"status": 201, "id": "1"},
        {"displayName": "x"},
    )
    assert journal.unsettled() == ()


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Rejected("no", "x", status=400), "refused"),
        (Unreachable("gone", "x", cause="reset"), "unknown"),
        (KeyboardInterrupt(), "intended"),
        (MemoryError(), "intended"),
    ],
    ids=["refused", "unknown", "interrupted", "crashed"],
)
def test_how_a_write_ends(journal, error, state):
    """A refusal is settled; a lost answer and a crash leave an entry that nobody takes for done."""
    with pytest.raises(type(error)), journal.writing("scim", "POST", "/Users"):
        raise error
    assert [entry.state for entry in journal.entries()] == [state]
    assert len(journal.unsettled()) == (0 if state == "refused" else 1)


def test_no_number_is_given_twice(journal):
    """Notebooks of one run that write at the same time leave one entry each."""

    def write(_):
        with Journal(journal.run, step="4_scope", now=lambda: NOW).writing("graph", "POST", "/x") as settle:
            settle({"status": 201})

    threads = [threading.Thread(target=write, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.number for entry in journal.entries()] == list(range(1, 13))


def test_foreign_files_do_not_count(journal):
    """A file that is no entry does not disturb the numbering."""
    journal.run.write("journal/notes.txt", "mine")
    with journal.writing("graph", "POST", "/x"):
        pass
    assert [entry.number for entry in journal.entries()] == [1]


@pytest.mark.parametrize("content", ["", "x", "[]", '{"number": 1}', "null"])
def test_a_damaged_entry_is_said(journal, content):
    """A journal that cannot be read stops the run with its name, as nobody may guess what was written."""
    journal.run.write("journal/000001.json", content)
    with pytest.raises(RunError, match=r"journal/000001\.json is damaged"):
        journal.entries()
