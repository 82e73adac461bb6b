"""The bench of the forecast meets every action that a forecast of people can give, in shares worth timing."""

from __future__ import annotations

from tests.bench.forecast import count_actions, make_directory

ACTIONS = {"create", "update", "nothing", "disable", "skip", "failure"}


def test_every_action_occurs() -> None:
    """Nothing cheap is all there is; everybody gets one row, and half of them have accounts."""
    directory = make_directory(1_000)
    counts = count_actions(directory)

    assert counts.total() == 1_000
    assert set(counts) == ACTIONS, "delete is for those whom Graph lists no longer"
    assert counts["create"] > 300
    assert counts["nothing"] > 200
    assert min(counts.values()) >= 10
    assert 400 <= len(directory.accounts.by_id) <= 600


def test_rare_cases_occur() -> None:
    """A value that is taken, two accounts, a stale link, a name that is missing, references that are left out."""
    codes = {one.outcome.decision.code for one in make_directory(1_000).foresee()}

    assert {"DuplicateSourceEntries", "DuplicateTargetEntries", "InvalidAnchor", "ImportSkipped"} <= codes
    assert any(one.outcome.decision.references for one in make_directory(1_000).foresee())
    assert any(one.outcome.decision.unresolved for one in make_directory(1_000).foresee())
