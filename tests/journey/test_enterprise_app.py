"""Step 3: made once, adopted by name only, and found again after a crash."""

from datetime import UTC, datetime

import pytest

from scimkit.errors import NotReady, PlanRefused
from scimkit.evidence.checks import Status
from scimkit.evidence.journal import Entry, Journal
from scimkit.evidence.runs import RunStore
from scimkit.journey.enterprise_app import AppCandidates, find_app, make_app, pick_template, plan_app

pytestmark = pytest.mark.slow  # an app of its own in the emulator for each test
NOW = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)


def plan(office, *, journal=None, adopt="", name=""):
    found = find_app(office.app, office.graph, journal or office.journal)
    return found, plan_app(office.app, office.graph, found, display_name=name, adopt=adopt)


def make(office, *, journal=None, adopt="", name=""):
    found, _ = plan(office, journal=journal, adopt=adopt, name=name)
    return make_app(office.app, office.graph, found, display_name=name, adopt=adopt)


def other_run(tmp_path):
    return Journal(
        RunStore.create(tmp_path / "other", app="oreilly", tenant="sandbox", runbook="onboard", steps=(), now=NOW),
        step="3_app",
        now=lambda: NOW,
    )


def test_made_once(own_office, tmp_path):
    """The first plan makes app and job, a second plan after apply is empty, another run must adopt by name."""
    office = own_office
    _, changes = plan(office, name="Learning O'Reilly")
    assert [change.action for change in changes] == ["create", "create"]
    assert "Learning O'Reilly" in changes[0].object
    made = make(office, name="Learning O'Reilly")
    assert made.created
    assert made.display_name == "Learning O'Reilly"
    assert made.job_id
    assert made.roles
    assert {check.status for check in made.checks} == {Status.PASSED}
    assert plan(office, name="Learning O'Reilly")[1] == ()
    assert make(office).service_principal_id == made.service_principal_id
    assert [write for write in office.writes() if write[2] == "instantiate"] == [("done", "POST", "instantiate")]

    stranger = other_run(tmp_path)
    with pytest.raises(PlanRefused, match="does not change apps it did not create"):
        plan(office, journal=stranger)
    with pytest.raises(PlanRefused, match="0 enterprise apps"):
        plan(office, journal=stranger, adopt="Somebody else's")
    for name in (made.display_name, made.service_principal_id):
        assert plan(office, journal=stranger, adopt=name)[1] == ()
    adopted = make(office, journal=stranger, adopt=made.display_name)
    assert not adopted.created
    assert adopted.job_id == made.job_id
    assert stranger.entries() == ()


def test_a_running_job_is_not_adopted(own_office, tmp_path):
    """A job that somebody else has started must be stopped first; the run that has started it is only reminded."""
    office = own_office
    made = make(office)
    values = {"BaseAddress": office.address.scim_urls["oreilly"], "SecretToken": office.scim_token, "SyncAll": "false"}
    office.graph.put_secrets(made.service_principal_id, values)
    office.graph.start_job(made.service_principal_id, made.job_id)
    checks = {}

    for who, journal in (("stranger", other_run(tmp_path)), ("own", office.journal)):
        again = make(office, journal=journal, adopt=made.display_name)
        checks[who] = next(check for check in again.checks if check.code == "app.job_running")

    assert (checks["stranger"].status, checks["own"].status) == (Status.FAILED, Status.WARNING)


@pytest.mark.parametrize("state", ["intended", "unknown"])
def test_a_run_killed_while_making_the_app(own_office, tmp_path, state):
    """The write was sent and nobody has read the answer: on resume the app is found by the name that was sent, not
    made twice."""
    office = own_office
    made = make(office, name="Learning")
    template = find_app(office.app, office.graph, office.journal).template
    killed = other_run(tmp_path)

    killed._keep(
        Entry(
            1,
            "3_app",
            state,
            "graph",
            "POST",
            f"/applicationTemplates/{template['id']}/instantiate",
            None,
            {"displayName": "Learning"},
            "2026-03-02T09:00:00Z",
        )
    )

    assert make(office, journal=killed).service_principal_id == made.service_principal_id

    foreign = other_run(tmp_path)
    foreign._keep(
        Entry(
            1,
            "3_app",
            state,
            "graph",
            "POST",
            f"/applicationTemplates/{template['id']}/instantiate",
            None,
            {"displayName": "Another"},
            "2026-03-02T09:00:00Z",
        )
    )
    with pytest.raises(PlanRefused):
        plan(office, journal=foreign)


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["reset_after=1", "reset_before=1", "reset_after=2", "throttle=2", "errors=2"])
def test_faults_on_the_way_make_no_second_app(own_office, fault):
    """A connection lost before or after the write, throttling and bursts of errors end in one app with one job."""
    office = own_office
    office.tell("faults", set=f"graph:{fault}")
    made = make(office)
    office.tell("faults", clear=True)

    template = office.graph.find_templates(office.app.gallery_names[0])[0]

    assert [sp["id"] for sp in office.graph.find_service_principals(template_id=template["id"])] == [
        made.service_principal_id
    ]
    assert [job["id"] for job in office.graph.jobs(made.service_principal_id)] == [made.job_id]
    assert {state for state, _, _ in office.writes()} == {"done"}


class Gallery:
    """A gallery with other entries than the sandbox's."""

    def __init__(self, *entries):
        self.entries = [
            {"id": str(number), "displayName": "O'Reilly", "supportedProvisioningTypes": kinds}
            for number, kinds in enumerate(entries)
        ]

    def find_templates(self, name):
        return self.entries


@pytest.mark.parametrize(
    ("entries", "words"),
    [((), "no entry called"), (([],), "no provisioning connector"), ((["sync"], ["sync"]), "2 entries")],
)
def test_a_gallery_without_one_fitting_entry(office, entries, words):
    """None, one without a connector, or two: nothing is planned, and the finding says what to do."""
    found = find_app(office.app, Gallery(*entries), office.journal)
    with pytest.raises(NotReady, match=words) as caught:
        plan_app(office.app, None, found, display_name="", adopt="")

    assert caught.value.remedy
    assert isinstance(found, AppCandidates)


@pytest.mark.parametrize(
    ("offered", "picked"),
    [
        ([{"id": "a"}], "a"),
        ([{"id": "customappsso"}], "customappsso"),
        ([{"id": "customappsso", "default": True}, {"id": "b"}], "b"),
        ([{"id": "a"}, {"id": "b", "default": True}], "b"),
    ],
)
def test_which_connector(offered, picked):
    """The default one, but never the connector of 2018 while another is offered."""
    assert pick_template(offered)["id"] == picked
