"""Step 6: the job read without being fooled, the log compared with the forecast, and waiting that ends."""

import pytest

from scimkit.errors import Waiting
from scimkit.evidence.checks import Status
from scimkit.journey.enablement import Enablement
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.journey.forecast import Forecast, ForecastRow
from scimkit.journey.monitor import (
    POLLS,
    _check_job,
    _check_lines,
    compare_outcome,
    wait_for_cycle,
)
from scimkit.journey.scope import Person
from scimkit.monitoring.job_status import read_status
from scimkit.monitoring.log_lines import LogLine
from scimkit.tenant import Tenant

APP = EnterpriseApp("App", "sp", "", "", "", "", "job", True, (), ())
STARTED = Enablement("job", "2026-03-02T09:00:00Z", "PT40M", "assigned", 20, ())
ACTIVE = {"state": "Active", "interval": "PT40M"}


def job(code="Active", *, ended="", began="", result="Succeeded", quarantine=None, schedule=ACTIVE, **status):
    last = None
    if ended:
        last = {"timeBegan": began, "timeEnded": ended, "state": result}
    return {"schedule": schedule, "status": {"code": code, "lastExecution": last, "quarantine": quarantine, **status}}


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        (job("NotRun", schedule={"state": "Disabled"}), "not started"),
        (job("NotRun"), "waiting for its first cycle"),
        (job(ended="2026-03-02T09:30:00Z"), "running"),
        (job("Paused", ended="2026-03-02T09:30:00Z", schedule={"state": "Disabled"}), "stopped"),
        (job(ended="0001-01-01T00:00:00Z"), "waiting for its first cycle"),
        (
            job(quarantine={"reason": "EncounteredBaseEscrowThreshold", "currentBegan": "2026-03-02T09:30:00Z"}),
            "quarantine",
        ),
        (job(quarantine={"reason": "Unknown", "currentBegan": "0001-01-01T00:00:00Z"}), "waiting for its first cycle"),
        (job("Quarantine"), "quarantine"),
        ({}, "not started"),
    ],
)
def test_the_state_of_a_job(raw, state):
    """Code, schedule, quarantine and last execution together; year 1 stands for never; nothing said is not started."""
    status = read_status(raw)
    assert status.state == state
    assert bool(status.quarantine) is (state == "quarantine")


@pytest.mark.parametrize(
    ("raw", "code", "status"),
    [
        (job(ended="2026-03-02T09:30:00Z"), "monitor.job", Status.PASSED),
        (job(ended="2026-03-02T09:30:00Z", result="EntryLevelErrors"), "monitor.job", Status.WARNING),
        (job(ended="2026-03-02T09:30:00Z", result="Failed"), "monitor.job", Status.FAILED),
        (job("Quarantine", ended="2026-03-02T09:30:00Z"), "monitor.quarantine", Status.FAILED),
        (
            job(ended="2026-03-02T09:30:00Z", result="EntryLevelErrors", escrowsPruned=True),
            "monitor.pruned",
            Status.FAILED,
        ),
    ],
)
def test_a_bad_job_does_not_pass(raw, code, status):
    """A failed cycle and a quarantine without a reason are findings, never a passed check."""
    [check] = _check_job(read_status(raw))
    assert (check.code, check.status) == (code, status)


class Readings:
    """Graph that tells one reading of the job after the other, the last one for ever."""

    def __init__(self, *jobs):
        self.jobs, self.asked = list(jobs), 0

    def job(self, sp, job):
        self.asked += 1
        return self.jobs[min(self.asked, len(self.jobs)) - 1]


def test_waiting_ends_with_the_first_cycle_since_the_start():
    """A cycle that ended before the start does not count; the one after does."""
    graph, pauses = Readings(job("NotRun"), job(ended="2026-03-02T08:59:59Z"), job(ended="2026-03-02T09:20:00Z")), []
    assert wait_for_cycle(graph, APP, STARTED, pause=lambda: pauses.append(1)).last_cycle_utc == "2026-03-02T09:20:00Z"
    assert (graph.asked, len(pauses)) == (3, 2)


def test_a_quarantine_ends_waiting():
    """A job in quarantine will not run soon: it is reported, not waited for."""
    assert wait_for_cycle(Readings(job("Quarantine")), APP, STARTED).quarantine


def test_waiting_gives_up_before_a_headless_cell_does():
    """A first cycle may take hours: exit 3 with the way to go on, before the runner's limit for a cell ends the step
    as an error."""
    from scimkit.headless.runner import CELL_TIMEOUT_SECONDS

    with pytest.raises(Waiting) as caught:
        wait_for_cycle(Readings(job("NotRun")), APP, STARTED)
    assert caught.value.exit_code == 3
    assert "6_monitor" in caught.value.settings
    assert POLLS * Tenant("contoso").poll_seconds < CELL_TIMEOUT_SECONDS


def line(person, action, status, code=""):
    return LogLine(person, action, status, code, "", "", "2026-03-02T09:20:00Z")


@pytest.mark.parametrize(
    ("predicted", "lines", "told"),
    [
        ("create", [line("ann", "create", "success")], None),
        ("create", [], "predicted create; reported nothing reported"),
        ("create", [line("ann", "create", "failure", "EntryConflict")], "reported failure EntryConflict"),
        ("nothing", [line("ann", "other", "skipped", "RedundantExport")], None),
        ("nothing", [], None),
        ("skip", [line("ann", "other", "skipped", "NotEffectivelyEntitled")], None),
        ("skip", [line("ann", "create", "success")], "predicted skip; reported create"),
        ("failure", [line("ann", "create", "failure", "Conflict")], None),
        ("failure", [line("ann", "create", "success")], "predicted failure; reported create"),
        ("create", [line("ann", "create", "failure", "Timeout"), line("ann", "create", "success")], None),
    ],
)
def test_forecast_against_outcome(predicted, lines, told):
    """The last event of a person counts; what was not predicted is named, what was is not."""
    person = Person("id", "ann", "Ann", "", True, "Member", False)
    found = compare_outcome(Forecast((ForecastRow(person, predicted, ""),), {predicted: 1}, 0, ()), lines)
    assert (told in found["ann"]) if told else found == {}


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ([], ["monitor.log"]),
        ([line("ann", "create", "success")], ["monitor.log"]),
        (
            [line("ann", "create", "failure", "EntryConflict"), line("ben", "create", "failure", "Odd")],
            ["monitor.failures"] * 2,
        ),
        ([line("ann", "disable", "success")], ["monitor.log", "monitor.switched_off"]),
    ],
)
def test_what_the_log_says(lines, codes):
    """Each failure is a finding with a remedy, and whoever was switched off is named; an empty log proves nothing."""
    checks = _check_lines(tuple(lines))
    assert [check.code for check in checks] == codes
    assert all(check.remedy for check in checks if check.status is not Status.PASSED)
