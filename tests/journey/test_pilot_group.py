"""Groups and managers in the pilot and the forecast: predicted, provisioned by the emulator, read back from the app."""

import pytest

from scimkit.clients.scim import ScimClient
from scimkit.errors import ConfigError, NotReady
from scimkit.evidence.checks import Status
from scimkit.journey.forecast import make_forecast
from scimkit.journey.pilot import Predictions, plan_pilot, predict_pilot, run_pilot
from scimkit.journey.pilot_group import check_pilot_group, choose_pilot_group
from scimkit.journey.scope import Limits, assign_pilot, choose_pilot, plan_assignments, read_scope
from scimkit.provisioning.targets import MANAGER

pytestmark = pytest.mark.slow  # an app of its own in the emulator for each test
PILOT = "Learning pilot"


@pytest.fixture
def made(group_office):
    return group_office.make()


def choose(office, made, name, *, may_suggest=False):
    return choose_pilot_group(office.graph, made, pilot_group=name, may_suggest=may_suggest)


def predict(office, made, group, *names):
    """The pilot assigned (by the group where that brings them) and predicted; the scope too."""
    people = choose_pilot(office.app, office.graph, made, pilot=",".join(names), may_suggest=False)
    assign_pilot(office.graph, made, people, group)
    scope = read_scope(office.app, office.graph, made, pilot=people, pilot_group=group, limits=Limits())
    return scope, predict_pilot(office.graph, office.scim, made, scope, now=office.now())


def run(office, made, predictions):
    return run_pilot(office.app, office.graph, office.scim, made, predictions, now=office.now)


def by_code(checked):
    return {check.code: check for check in checked.checks}


# -- choosing ---------------------------------------------------------------------------


def test_the_group_by_name_and_by_id(group_office, made):
    """Either names it; the people in it are known."""
    group = choose(group_office, made, PILOT)

    assert group.name == PILOT
    assert len(group.member_ids) == 2
    assert choose(group_office, made, group.id) == group


def test_the_sandbox_suggests_and_a_tenant_does_not(group_office, made):
    """Live nobody is brought into scope who was not named."""
    assert choose(group_office, made, "", may_suggest=True).name == PILOT

    none = choose(group_office, made, "")
    assert not none
    assert "named" in none.why


@pytest.mark.parametrize(
    ("name", "error", "code"),
    [
        ("All employees", NotReady, "scope.pilot_group_large"),
        ("Newsletter", NotReady, "scope.pilot_group_security"),
        ("No such group", ConfigError, ""),
        ("O'Brien's", ConfigError, ""),
        ("00000000-0000-0000-0000-000000000000", ConfigError, ""),
    ],
)
def test_a_group_that_cannot_be_the_pilot(group_office, made, name, error, code):
    """Named, and with what to do instead."""
    with pytest.raises(error) as caught:
        choose(group_office, made, name)
    assert caught.value.remedy
    assert code in str(caught.value)


def test_where_groups_are_not_provisioned(office):
    """Naming one is refused, suggesting one is not tried."""
    made = office.make()
    none = choose(office, made, "", may_suggest=True)

    assert not none
    assert "no groups" in none.why

    with pytest.raises(ConfigError, match="provisions no groups"):
        choose(office, made, PILOT)


def test_the_group_brings_its_people(group_office, made):
    """The plan names the group and how many come by it; its people are not assigned twice; afterwards nothing is left
    to do."""
    group = choose(group_office, made, PILOT)
    people = choose_pilot(group_office.app, group_office.graph, made, pilot="", may_suggest=True, group=group)

    assert {person.id for person in people} == set(group.member_ids), "people of the group are suggested"

    [change] = plan_assignments(group_office.graph, made, people, group)
    assert PILOT in change.object
    assert "2 people come into scope" in change.after
    assert len(assign_pilot(group_office.graph, made, people, group)) == 1
    assert plan_assignments(group_office.graph, made, people, group) == ()
    assert assign_pilot(group_office.graph, made, people, group) == ()


def test_what_is_looked_at_twice(group_office, made):
    """Not assigned; nobody of the pilot in it; a name with which the search may fail."""
    group = choose(group_office, made, PILOT)
    member, *_ = group.member_ids

    def codes(pilot, assigned, **changed):
        from dataclasses import replace

        return [check.code for check in check_pilot_group(replace(group, **changed), pilot, assigned)]

    assert codes([member], []) == ["scope.pilot_group_assigned"]
    assert codes([], [group.id]) == ["scope.pilot_group_empty"]
    assert codes([member], [group.id], name="R&D") == ["scope.pilot_group_name"]
    assert codes([member], [group.id]) == ["scope.pilot_group"]
    assert check_pilot_group(None, [member], []) == ()


# -- the pilot --------------------------------------------------------------------------


def test_a_group_is_proved_with_its_people(group_office, made):
    """Made with the pilot people in it, read back with them; a second run is planned as idle and changes nothing."""
    group = choose(group_office, made, PILOT)
    scope, predictions = predict(
        group_office, made, group, "grace.oneill@contoso.example", "jose.garcia@contoso.example"
    )
    assert by_code(scope)["scope.pilot_group"].status is Status.PASSED
    told = predictions.group
    assert told.action == "create"
    assert {person.id for person in told.members} == set(group.member_ids)
    assert [change.idle for change in plan_pilot(predictions, made)] == [False, False, False]
    result = run(group_office, made, predictions)
    [proved] = result.groups
    assert proved.verdict == "proved"
    assert proved.target_id
    assert not proved.missing
    assert len(proved.observed) == 2
    assert proved.log_id
    assert {check.status for check in result.checks} == {Status.PASSED}, result.checks

    _, again = predict(group_office, made, group, "grace.oneill@contoso.example", "jose.garcia@contoso.example")
    [repeated] = run(group_office, made, again).groups
    assert (repeated.target_id, repeated.verdict) == (proved.target_id, "proved")


def test_a_group_whose_members_the_app_drops(group_office, made):
    """What the service says is not what the app holds: the missing are named, nothing is called proved."""
    group = choose(group_office, made, PILOT)
    _, predictions = predict(group_office, made, group, "grace.oneill@contoso.example", "jose.garcia@contoso.example")

    class Forgetful:
        def __init__(self, scim):
            self._scim = scim

        def __getattr__(self, name):
            return getattr(self._scim, name)

        def read(self, kind, id, **options):
            found = self._scim.read(kind, id, **options)
            if kind == "Groups":
                return {**found, "members": []}
            return found

    result = run_pilot(
        group_office.app, group_office.graph, Forgetful(group_office.scim), made, predictions, now=group_office.now
    )
    assert result.groups[0].verdict == "differs"
    assert len(result.groups[0].missing) == 2
    assert by_code(result)["pilot.group_observed"].status is Status.WARNING


def test_the_manager_goes_first_and_is_written(group_office, made):
    """A pilot person who reports to the other one is provisioned second, with the manager's new account."""
    scope, predictions = predict(
        group_office, made, None, "ivan.ivanov@contoso.example", "wang.xiaoming@contoso.example"
    )
    first, second = predictions.people

    assert (first.person.user_principal_name, second.person.user_principal_name) == (
        "wang.xiaoming@contoso.example",
        "ivan.ivanov@contoso.example",
    )
    assert MANAGER in second.values, "the manager of the first is not in the pilot"
    assert MANAGER not in first.values, "the manager of the first is not in the pilot"

    result = run(group_office, made, predictions)
    manager, report = result.people

    assert report.observed[MANAGER] == manager.target_id
    assert {p.verdict for p in result.people} == {"proved"}
    assert scope.pilot_group is None
    assert result.groups == ()


# -- the forecast -----------------------------------------------------------------------


def test_groups_and_managers_are_forecast(group_office, made):
    """Each assigned group with its members, those left out counted; a manager who is to be written is a change."""
    group = choose(group_office, made, PILOT)
    _, predictions = predict(group_office, made, group, "grace.oneill@contoso.example")
    run(group_office, made, Predictions(predictions.people))
    group_office.assign(made, "soren.oester@contoso.example")  # grace's manager, who has no account yet
    record = make_forecast(group_office.graph, group_office.scim, made, now=group_office.now(), limits=Limits())

    actions = {row.person.user_principal_name: row.action for row in record.rows}

    assert actions["grace.oneill@contoso.example"] == "update"
    assert actions["soren.oester@contoso.example"] in (
        "create",
        "update",
        "nothing",
    )

    [row] = record.groups
    assert row.name == PILOT
    assert row.members == 2
    assert row.left_out == 0
    assert row.action in ("create", "update", "nothing")
    assert by_code(record)["forecast.groups"].status is Status.PASSED


def test_members_without_an_account_are_left_out(group_office, made):
    """Whoever is blocked gets no account, and the group comes without them: said beforehand."""
    [all_employees] = group_office.graph.groups(filter="displayName eq 'All employees'")
    group_office.graph.assign(made.service_principal_id, all_employees["id"], _role(made))
    record = make_forecast(group_office.graph, group_office.scim, made, now=group_office.now(), limits=Limits())
    [row] = record.groups

    gone = sum(person.action in ("skip", "failure") for person in record.rows)

    assert row.left_out == gone > 0
    assert row.members + row.left_out == len(record.rows)
    assert by_code(record)["forecast.group_members"].status is Status.WARNING


def test_what_the_pilot_linked_is_known(group_office, made):
    """The group that went first has nothing to gain; somebody of the pilot who lost the assignment since would be
    switched off."""
    group = choose(group_office, made, PILOT)
    _, predictions = predict(group_office, made, group, "grace.oneill@contoso.example", "sato.hanako@contoso.example")
    result = run(group_office, made, predictions)
    [sato] = [a for a in group_office.graph.assignments(made.service_principal_id) if a["principalType"] == "User"]
    group_office.graph.unassign(made.service_principal_id, sato["id"])
    record = make_forecast(
        group_office.graph, group_office.scim, made, now=group_office.now(), limits=Limits(), pilot=result
    )

    actions = {row.person.user_principal_name: row.action for row in record.rows}

    assert actions["sato.hanako@contoso.example"] == "disable"
    assert actions["grace.oneill@contoso.example"] == "nothing"
    assert record.groups[0].members == 1, "jose is in the group, and was not in the pilot"
    assert by_code(record)["forecast.leavers"].status is Status.WARNING


def test_who_is_deleted_since_the_pilot_is_taken_out_of_no_group(group_office, made):
    """Graph tells the memberships of nobody it does not list: the group is unknown for them, and their accounts are
    said to go."""
    group = choose(group_office, made, PILOT)
    grace, jose = "grace.oneill@contoso.example", "jose.garcia@contoso.example"
    scope, predictions = predict(group_office, made, group, grace, jose)
    result = run(group_office, made, predictions)
    group_office.tell("people", person=jose, do="soft_delete")
    try:
        record = make_forecast(
            group_office.graph, group_office.scim, made, now=group_office.now(), limits=Limits(), pilot=result
        )
        with pytest.raises(NotReady, match="no longer in the directory"):
            predict_pilot(group_office.graph, group_office.scim, made, scope, now=group_office.now())
    finally:
        group_office.tell("people", person=jose, do="restore")

    [learning] = record.groups

    assert (learning.action, learning.removed) == ("unknown", 0)
    assert "deleted in Entra since" in learning.reason

    checks = by_code(record)
    assert checks["forecast.leavers"].message == "1 person would lose access"
    assert (
        checks["forecast.people"].message
        == "1 person is assigned, and each was checked; so was 1 of the pilot who is no longer assigned"
    )


def test_what_left_scope_is_not_called_safe_where_the_app_cannot_be_asked(group_office, made):
    """Of whom the pilot has linked it is known that they leave, and not what becomes of them."""
    group = choose(group_office, made, PILOT)
    _, predictions = predict(group_office, made, group, "grace.oneill@contoso.example", "jose.garcia@contoso.example")
    result = run(group_office, made, predictions)
    [assignment] = group_office.graph.assignments(made.service_principal_id)
    group_office.graph.unassign(made.service_principal_id, assignment["id"])
    with ScimClient("http://127.0.0.1:9/scim", group_office.scim_token, retry=False) as dead:
        record = make_forecast(group_office.graph, dead, made, now=group_office.now(), limits=Limits(), pilot=result)

    checks = by_code(record)

    assert checks["forecast.people"].status is Status.FAILED
    assert checks["forecast.leavers"].status is Status.WARNING
    assert "3 linked in the pilot left scope" in checks["forecast.leavers"].message
    assert "forecast.takeovers" not in checks
    assert record.observed_accounts is None


def _role(made):
    from scimkit.journey.scope import pick_role

    return pick_role(made)[0]
