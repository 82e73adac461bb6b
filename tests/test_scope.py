"""Step 4: the pilot is one or two people who can get an account, and nobody is assigned before that is known."""

from dataclasses import replace

import pytest

from scimkit.checks import Status
from scimkit.errors import ConfigError, NotReady, PlanRefused
from scimkit.journal import Journal
from scimkit.mapping.rows import user_mapping
from scimkit.scope import (
    DEFAULT_ACCESS,
    Limits,
    assign_pilot,
    assigned_people,
    choose_pilot,
    pick_role,
    plan_assignments,
    read_scope,
    read_sources,
)

GRACE, JOSE = "grace.oneill@contoso.example", "jose.garcia@contoso.example"
LEARNERS, NEWSLETTER, ALL = "Learners", "Newsletter", "All employees"


@pytest.fixture
def made(office):
    return office.make()


def choose(office, made, pilot, *, may_suggest=False):
    return choose_pilot(office.app, office.graph, made, pilot=pilot, may_suggest=may_suggest)


def group(office, name):
    return next(group["id"] for group in office.graph.groups() if group["displayName"] == name)


def assign_group(office, made, name):
    office.graph.assign(made.service_principal_id, group(office, name), pick_role(made)[0])


def scope_of(office, made, pilot=(), **limits):
    return read_scope(office.app, office.graph, made, pilot=pilot, limits=Limits(**limits), journal=office.journal)


def by_code(record):
    return {check.code: check for check in record.checks}


def test_the_pilot_is_assigned_once(office, made):
    """Two people are planned and assigned; a second plan after apply is empty and a second apply writes nothing."""
    pilot = choose(office, made, f"{GRACE}, {JOSE}")
    changes = plan_assignments(office.graph, made, pilot)
    assert [change.object.partition(" ")[0] for change in changes] == [GRACE, JOSE]
    assert len(assign_pilot(office.graph, made, pilot)) == 2
    assert plan_assignments(office.graph, made, pilot) == () and assign_pilot(office.graph, made, pilot) == ()
    record = scope_of(office, made, pilot, seats=2)
    assert record.people == 2 and all(a.made_here for a in record.assignments)
    assert not [check for check in record.checks if check.status is Status.FAILED]
    assert by_code(record)["scope.pilot"].status is Status.PASSED


@pytest.mark.parametrize("pilot", [f"{GRACE},{GRACE}", f"{GRACE}, {GRACE.upper()}", f" {GRACE} ,, "])
def test_a_person_named_twice_is_one(office, made, pilot):
    """The same person in another spelling is one person, with one assignment."""
    assert [person.user_principal_name for person in choose(office, made, pilot)] == [GRACE]


@pytest.mark.parametrize(
    ("pilot", "error", "words"),
    [
        ("nobody@contoso.example", ConfigError, "no user nobody@contoso.example"),
        ("x/../y?$select=id#", ConfigError, "no user x"),
        ("..", ConfigError, "no user"),
        (f"{GRACE},{JOSE},admin@contoso.example", ConfigError, "3 people"),
        ("", NotReady, "nobody is named"),
        (" , ", NotReady, "nobody is named"),
        ("diego.blocked@contoso.example", NotReady, "scope.pilot_enabled"),
        ("no.mail@contoso.example", NotReady, r"scope.pilot_values.*emails"),
        ("madhuri@contoso.example", NotReady, r"scope.pilot_values.*familyName"),
        (f"{GRACE},training@contoso.example", NotReady, "scope.pilot_enabled"),
    ],
)
def test_who_cannot_be_the_pilot(office, made, pilot, error, words):
    """Unknown, too many, disabled or incomplete people are refused with a remedy, before anybody is assigned."""
    with pytest.raises(error, match=words) as caught:
        choose(office, made, pilot)
    assert caught.value.remedy
    assert office.graph.assignments(made.service_principal_id) == []


def test_suggestions_are_for_the_sandbox(office, made):
    """The sandbox suggests two people who have every value; a live tenant suggests nobody."""
    suggested = choose(office, made, "", may_suggest=True)
    assert len(suggested) == 2 and all(person.enabled and person.mail and person.kind == "Member" for person in suggested)


def test_a_running_job_gets_nobody_new(office, made):
    """Who is assigned to a running job is provisioned unseen: refused; who is assigned already needs no plan."""
    [grace] = office.assign(made, GRACE)
    office.graph.start_job(made.service_principal_id, made.job_id)
    assert plan_assignments(office.graph, made, (grace,)) == ()
    with pytest.raises(PlanRefused, match="running"):
        plan_assignments(office.graph, made, choose(office, made, JOSE))
    office.graph.pause_job(made.service_principal_id, made.job_id)


def test_only_people_count(office, made):
    """A group assigns its direct members; groups inside it assign nobody and are no people."""
    assign_group(office, made, LEARNERS)
    direct = [m for m in office.graph.members(group(office, LEARNERS)) if m["@odata.type"].endswith("user")]
    everybody = [m for m in office.graph.transitive_members(group(office, LEARNERS)) if m["@odata.type"].endswith("user")]
    record = scope_of(office, made)
    assert record.people == len(direct) == len(assigned_people(office.graph, made))
    [assignment] = record.assignments
    assert (assignment.direct_members, assignment.nested_members) == (len(direct), len(everybody) - len(direct))
    assert by_code(record)["scope.nested_group"].status is Status.WARNING


def test_a_group_that_provisions_nobody(office, made):
    """A group that is not security-enabled is a failed check."""
    assign_group(office, made, NEWSLETTER)
    check = by_code(scope_of(office, made))["scope.group_not_security"]
    assert check.status is Status.FAILED and NEWSLETTER in check.message


@pytest.mark.parametrize(("seats", "code", "status"), [(3, "scope.seats", Status.FAILED), (500, "scope.seats", Status.PASSED), (0, "scope.seats", None)])
def test_seats(office, made, seats, code, status):
    """More people than seats fail before anybody is provisioned; seats that nobody noted are not guessed."""
    assign_group(office, made, ALL)
    check = by_code(scope_of(office, made, seats=seats)).get(code)
    assert (check and check.status) is status


def test_a_pilot_person_who_is_gone_or_not_assigned(office, made):
    """Between choosing and reading back somebody was never assigned, or left: each is one failed check, not a crash."""
    grace, jose = choose(office, made, f"{GRACE},{JOSE}")
    office.assign(made, JOSE)
    ghost = replace(jose, id="00000000-0000-4000-8000-000000000000", user_principal_name="ghost@contoso.example")
    codes = [check.code for check in scope_of(office, made, (grace, jose, ghost)).checks if check.status is Status.FAILED]
    assert codes == ["scope.pilot_assigned", "scope.pilot_assigned"]
    with pytest.raises(NotReady, match="not in the directory any more"):
        read_sources(office.graph, (ghost,))


def test_sources_are_what_the_mapping_reads(office, made):
    """The pilot's source attributes are those of the user mapping, by user principal name."""
    people = choose(office, made, GRACE)
    sources = read_sources(office.graph, people)
    assert set(sources) == {GRACE} and sources[GRACE]["surname"] == "O'Neill"
    assert user_mapping(office.graph.schema(made.service_principal_id, made.job_id)).rows


@pytest.mark.parametrize(
    ("roles", "picked"),
    [((), "Default Access"), (("msiam_access",), "msiam_access"), (("msiam_access", "Reader"), "Reader"), (("Admin", "User"), "User"), (("-User", "Reader"), "Reader")],
)
def test_which_role(made, roles, picked):
    """A named role that is enabled; `User` where there is one; Default Access only where the app declares none."""
    role = type(made.roles[0])
    app = replace(made, roles=tuple(role(f"id-{name}", name.removeprefix("-"), not name.startswith("-")) for name in roles))
    assert pick_role(app)[1] == picked
    assert (pick_role(app)[0] == DEFAULT_ACCESS) is (picked == "Default Access")


def test_what_another_run_assigned_is_not_ours(office, made, tmp_path):
    """Only assignments this run has made are marked so: nothing else is ever removed by it."""
    office.assign(made, GRACE)
    empty = Journal(type(office.run).create(tmp_path / "b", app="oreilly", tenant="sandbox", runbook="onboard", steps=(), now=office.now()), step="4_scope", now=office.now)
    record = read_scope(office.app, office.graph, made, pilot=(), limits=Limits(), journal=empty)
    assert [a.made_here for a in record.assignments] == [False]
