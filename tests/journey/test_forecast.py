"""Step 5d: who would be created, taken over, left out or fail; and what could not be read is not zero."""

from collections import Counter

import pytest

from scimkit.errors import NotReady, Unreachable
from scimkit.evidence.checks import Status, first_failed
from scimkit.journey.enablement import plan_start, start_provisioning
from scimkit.journey.forecast import (
    ForecastRow,
    _check_accounts,
    _check_failures,
    _check_leavers,
    _check_seats,
    make_forecast,
)
from scimkit.journey.monitor import summarize_logs, wait_for_cycle
from scimkit.journey.scope import Limits, Person, pick_role

GRACE, BLOCKED, NO_MAIL = "grace.oneill@contoso.example", "diego.blocked@contoso.example", "no.mail@contoso.example"


@pytest.fixture
def made(office):
    return office.make()


def forecast(office, made, scim=None, **limits):
    return make_forecast(office.graph, scim or office.scim, made, now=office.now(), limits=Limits(**limits))


def actions(record):
    return {row.person.user_principal_name: row.action for row in record.rows}


def by_code(record):
    return {check.code: check for check in record.checks}


def test_nobody_assigned_is_a_failure(office, made):
    """A cycle that would do nothing is not switched on."""
    record = forecast(office, made)
    assert record.rows == ()
    assert by_code(record)["forecast.people"].status is Status.FAILED

    with pytest.raises(NotReady, match=r"forecast\.people"):
        plan_start(office.graph, made, record)


def test_outcome_is_what_was_forecast(office, made):
    """Created, skipped and failing people are named; after the first cycle the log says the same, and a second start
    plans nothing."""
    office.assign(made, "xavier.okafor@contoso.example", BLOCKED)
    record = forecast(office, made)
    assert actions(record) == {"xavier.okafor@contoso.example": "create", BLOCKED: "skip"}
    assert record.counts == {"create": 1, "skip": 1}
    assert record.observed_accounts is not None
    [change] = plan_start(office.graph, made, record)
    assert "1 create, 1 skip" in change.after
    enablement = start_provisioning(office.graph, made, now=office.now(), limits=Limits())
    assert first_failed(enablement.checks) is None
    assert enablement.interval == "PT40M"
    assert plan_start(office.graph, made, record) == ()

    status = wait_for_cycle(office.graph, made, enablement)
    summary = summarize_logs(office.graph, made, status, record, enablement, now=office.now())
    assert summary.forecast_against_outcome == {}
    assert first_failed(summary.checks) is None
    assert forecast(office, made).counts == {"nothing": 1, "skip": 1}

    resumed = start_provisioning(office.graph, made, now=office.now(), limits=Limits())
    late = summarize_logs(office.graph, made, status, record, resumed, now=office.now())
    assert [line.action for line in late.lines] == [line.action for line in summary.lines], (
        "the events of the first cycle would be overlooked"
    )
    assert [write for write in office.writes() if write[2] == "start"] == [("done", "POST", "start")]
    office.graph.pause_job(made.service_principal_id, made.job_id)


def test_a_group_is_forecast_person_by_person(office, made):
    """Everybody a group assigns is looked at once; who will fail is named with the reason."""
    group = next(g for g in office.graph.groups() if g["displayName"] == "All employees")
    office.graph.assign(made.service_principal_id, group["id"], pick_role(made)[0])

    record = forecast(office, made, seats=5)

    assert len(record.rows) == len({row.person.id for row in record.rows}) == sum(record.counts.values())
    assert all(row.reason for row in record.rows)
    assert by_code(record)["forecast.seats"].status is Status.FAILED


class Deaf:
    """A SCIM handle that finds nobody and cannot list; or lists too few."""

    def __init__(self, scim, listed):
        self._scim, self._listed = scim, listed

    def __getattr__(self, name):
        return getattr(self._scim, name)

    def list_all(self, kind):
        if isinstance(self._listed, Exception):
            raise self._listed
        return iter(self._listed)


def test_what_cannot_be_listed_is_not_zero(office, made):
    """An app that cannot be listed leaves the number of its accounts unknown."""
    office.assign(made, GRACE)
    record = forecast(office, made, Deaf(office.scim, Unreachable("gone", cause="reset")))

    assert record.observed_accounts is None
    assert by_code(record)["forecast.accounts"].status is Status.NOT_OBSERVED


def rows(*actions):
    person = Person("id", "ann@contoso.example", "Ann", "", True, "Member", False)
    return tuple(ForecastRow(person, action, "") for action in actions)


@pytest.mark.parametrize(
    ("failing", "of", "codes"),
    [
        (0, 9_000, {}),
        (3, 3, {"forecast.failure": 3}),
        (4_999, 5_000, {"forecast.failure": 51}),
        (5_000, 9_000, {"forecast.quarantine": 1, "forecast.failure": 51}),
    ],
)
def test_many_failures(failing, of, codes):
    """Told one by one as long as somebody reads that; so many that the job stops are a finding of their own."""
    person = Person("id", "ada@contoso.example", "Ada", "", True, "Member", False)
    rows = tuple(ForecastRow(person, "failure" if number < failing else "create", "no value") for number in range(of))

    checks = _check_failures(rows)

    assert Counter(check.code for check in checks) == codes
    assert sum(check.status is Status.FAILED for check in checks) == codes.get("forecast.quarantine", 0)


@pytest.mark.parametrize(
    ("accounts", "found", "status"),
    [
        (None, (), Status.NOT_OBSERVED),
        (2, ("update", "nothing"), Status.PASSED),
        (3, ("update", "create"), Status.WARNING),
        (1, ("update", "nothing"), Status.NOT_OBSERVED),
        (0, ("create",), Status.PASSED),
    ],
)
def test_accounts_nobody_matches(accounts, found, status):
    """Accounts left over are a warning; fewer accounts than matches means the listing cannot be trusted."""
    [check] = _check_accounts(accounts, rows(*found))
    assert check.status is status
    assert "-" not in check.message.split()[0]


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({}, Status.PASSED),
        ({"disable": 1}, Status.WARNING),
        ({"disable": 12, "delete": 8}, Status.FAILED),
        ({"disable": 20}, Status.FAILED),
    ],
)
def test_leavers_against_the_threshold(counts, status):
    """From the threshold on the start is refused."""
    assert _check_leavers(counts, 20).status is status


@pytest.mark.parametrize(("seats", "status"), [(0, []), (2, [Status.FAILED]), (3, [Status.PASSED])])
def test_seats(seats, status):
    """Everybody who would have an account needs a seat; who is skipped does not."""
    assert [
        check.status for check in _check_seats(rows("create", "update", "nothing", "skip", "failure"), seats)
    ] == status


@pytest.fixture
def silent(office):
    """A client for an address where nothing listens any more."""
    import socket

    from scimkit.clients.scim import ScimClient

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with ScimClient(f"http://127.0.0.1:{port}/scim", office.scim_token, retry=False) as scim:
        yield scim


def test_an_app_that_does_not_answer_here_is_asked_once(office, made, silent, monkeypatch):
    """Who has an account is then unknown, for everybody alike, and said once; whoever is out of scope still is."""
    office.assign(made, "grace.oneill@contoso.example", "jose.garcia@contoso.example", "diego.blocked@contoso.example")
    asked = []
    find = type(silent).find
    monkeypatch.setattr(type(silent), "find", lambda self, *what: asked.append(what) or find(self, *what))

    record = forecast(office, made, silent)

    assert actions(record) == {
        "grace.oneill@contoso.example": "unknown",
        "jose.garcia@contoso.example": "unknown",
        "diego.blocked@contoso.example": "skip",
    }
    assert len(asked) == 1
    assert record.observed_accounts is None

    found = by_code(record)
    assert found["forecast.accounts_unknown"].status is Status.NOT_OBSERVED
    assert "2 people" in found["forecast.accounts_unknown"].message
    assert all(check.status is not Status.FAILED for check in record.checks)


def test_a_pilot_whose_app_does_not_answer_here(office, made, silent):
    """Nothing is predicted, the service may still do it, and what the app holds is not observed rather than wrong."""
    from scimkit.journey.pilot import predict_pilot, run_pilot
    from scimkit.journey.scope import read_scope

    scope = read_scope(
        office.app, office.graph, made, pilot=office.assign(made, "Max.Mustermann@contoso.example"), limits=Limits()
    )
    predictions = predict_pilot(office.graph, silent, made, scope, now=office.now())
    assert [p.action for p in predictions.people] == ["unknown"]
    result = run_pilot(office.app, office.graph, silent, made, predictions, now=office.now)
    assert result.people[0].reported == "create Success"
    assert result.people[0].verdict == "not observed"
    assert {check.status for check in result.checks if check.code == "pilot.observed"} == {Status.NOT_OBSERVED}
    assert "pilot.prediction" not in {check.code for check in result.checks}
