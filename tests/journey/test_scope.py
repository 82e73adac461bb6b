"""Step 4: the pilot is one or two people who can get an account, and nobody is assigned before that is known."""

import json
import re
from dataclasses import replace

import httpx
import pytest

from scimkit.errors import ConfigError, MappingError, NotReady, PlanRefused
from scimkit.evidence.checks import Status
from scimkit.evidence.journal import Journal
from scimkit.evidence.records import dump_record, load_record
from scimkit.journey.enterprise_app import NON_GALLERY_ID, AppCandidates, make_app
from scimkit.journey.filter_review import EMPTY, check_filters_of, review_filters, try_filters
from scimkit.journey.scope import (
    DEFAULT_ACCESS,
    SELECT,
    Limits,
    assign_pilot,
    assigned_people,
    choose_pilot,
    pick_role,
    plan_assignments,
    read_scope,
    read_sources,
    review_filter,
)
from scimkit.mapping import Clause, ScopingFilter
from scimkit.mapping.rows import MappingRow, user_mapping
from scimkit.sandbox import sandbox_token
from scimkit.views import describe, to_html, to_text
from scimkit.views.people import People
from scimkit.views.values import plain

pytestmark = pytest.mark.slow  # an app of its own in the emulator for each test

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
    assert plan_assignments(office.graph, made, pilot) == ()
    assert assign_pilot(office.graph, made, pilot) == ()

    record = scope_of(office, made, pilot, seats=2)
    assert record.people == 2
    assert all(a.made_here for a in record.assignments)
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
        ("", NotReady, "no pilot person is named"),
        (" , ", NotReady, "no pilot person is named"),
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

    assert len(suggested) == 2
    assert all(person.enabled for person in suggested)
    assert all(person.mail for person in suggested)
    assert all(person.kind == "Member" for person in suggested)


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
    everybody = [
        m for m in office.graph.transitive_members(group(office, LEARNERS)) if m["@odata.type"].endswith("user")
    ]

    record = scope_of(office, made)

    assert record.people == len(direct) == len(assigned_people(office.graph, made))

    [assignment] = record.assignments
    assert (assignment.direct_members, assignment.nested_members) == (len(direct), len(everybody) - len(direct))
    assert by_code(record)["scope.nested_group"].status is Status.WARNING


def test_a_group_that_provisions_nobody(office, made):
    """A group that is not security-enabled is a failed check."""
    assign_group(office, made, NEWSLETTER)
    check = by_code(scope_of(office, made))["scope.group_not_security"]

    assert check.status is Status.FAILED
    assert NEWSLETTER in check.message


@pytest.mark.parametrize(
    ("seats", "code", "status"),
    [(3, "scope.seats", Status.FAILED), (500, "scope.seats", Status.PASSED), (0, "scope.seats", None)],
)
def test_seats(office, made, seats, code, status):
    """More people than seats fail before anybody is provisioned; seats that nobody noted are not guessed."""
    assign_group(office, made, ALL)
    check = by_code(scope_of(office, made, seats=seats)).get(code)
    assert getattr(check, "status", None) is status


def test_a_pilot_person_who_is_gone_or_not_assigned(office, made):
    """Between choosing and reading back somebody was never assigned, or left: each is one failed check, not a crash."""
    grace, jose = choose(office, made, f"{GRACE},{JOSE}")
    office.assign(made, JOSE)
    ghost = replace(jose, id="00000000-0000-4000-8000-000000000000", user_principal_name="ghost@contoso.example")

    codes = [
        check.code for check in scope_of(office, made, (grace, jose, ghost)).checks if check.status is Status.FAILED
    ]

    assert codes == ["scope.pilot_assigned", "scope.pilot_assigned"]

    with pytest.raises(NotReady, match="no longer in the directory"):
        read_sources(office.graph, (ghost,), made, ())


def test_sources_are_what_the_mapping_reads(office, made):
    """The pilot's source attributes are those of the user mapping, by user principal name."""
    people = choose(office, made, GRACE)
    users = user_mapping(office.graph.schema(made.service_principal_id, made.job_id))

    sources = read_sources(office.graph, people, made, (users,))

    assert set(sources) == {GRACE}
    assert sources[GRACE]["surname"] == "O'Neill"
    assert "appRoleAssignments" not in sources[GRACE]
    assert users.rows


def test_roles_are_read_where_the_mapping_asks_for_them(office, made):
    """A row made of the person's roles shows the role they are assigned with, not nothing."""
    people = choose(office, made, GRACE)
    assign_pilot(office.graph, made, people)
    users = user_mapping(office.graph.schema(made.service_principal_id, made.job_id))
    roles = MappingRow("roles", "AppRoleAssignmentsComplex([appRoleAssignments])", "Expression")

    sources = read_sources(office.graph, people, made, (replace(users, rows=(*users.rows, roles)),))

    assert sources[GRACE]["appRoleAssignments"] == [pick_role(made)[1]]


@pytest.mark.parametrize(
    ("roles", "picked"),
    [
        ((), "Default Access"),
        (("msiam_access",), "msiam_access"),
        (("msiam_access", "Reader"), "Reader"),
        (("Admin", "User"), "User"),
        (("-User", "Reader"), "Reader"),
    ],
)
def test_which_role(made, roles, picked):
    """A named role that is enabled; `User` where there is one; Default Access only where the app declares none."""
    role = type(made.roles[0])
    app = replace(
        made, roles=tuple(role(f"id-{name}", name.removeprefix("-"), not name.startswith("-")) for name in roles)
    )

    assert pick_role(app)[1] == picked
    assert (pick_role(app)[0] == DEFAULT_ACCESS) is (picked == "Default Access")


def test_what_another_run_assigned_is_not_ours(office, made, tmp_path):
    """Only assignments this run has made are marked so: nothing else is ever removed by it."""
    office.assign(made, GRACE)
    empty = Journal(
        type(office.run).create(
            tmp_path / "b", app="oreilly", tenant="sandbox", runbook="onboard", steps=(), now=office.now()
        ),
        step="4_scope",
        now=office.now,
    )

    record = read_scope(office.app, office.graph, made, pilot=(), limits=Limits(), journal=empty)

    assert [a.made_here for a in record.assignments] == [False]


# -- scoping filters ----------------------------------------------------------


def clause_of(attribute, operator, value):
    """One clause as Graph spells it; None: the operator takes no value."""
    values = []
    if value is not None:
        values = [value]
    return {"sourceOperandName": attribute, "operatorName": operator, "targetOperand": {"values": values}}


def plant(office, made, *filters, source_object="User", enabled=True):
    """Put scoping filters into the job's schema as the portal would: (name, ((attribute, operator, value), …))."""
    schema = office.graph.schema(made.service_principal_id, made.job_id)
    groups = []
    for name, clauses in filters:
        groups.append({"name": name, "clauses": [clause_of(*each) for each in clauses]})
    for mapping in schema["synchronizationRules"][0]["objectMappings"]:
        if mapping["sourceObjectName"] == source_object:
            mapping.update(
                enabled=enabled, scope={"groups": groups, "inputFilterGroups": [], "categoryFilterGroups": []}
            )
    app = f"{office.address.graph_url}/servicePrincipals/{made.service_principal_id}"
    url = f"{app}/synchronization/jobs/{made.job_id}/schema"
    answer = httpx.put(
        url, json=schema, headers={"Authorization": f"Bearer {sandbox_token(office.address.seed, 'graph')}"}
    )
    assert answer.status_code == 204, answer.text


def filter_review(record, source_object="User"):
    return next((review for review in record.filter_reviews if review.object == source_object), None)


def raw_people(office, made):
    assigned = {person for person, _ in assigned_people(office.graph, made)}
    return [user for user in office.graph.users(select=SELECT) if user["id"] in assigned]


def test_without_a_filter_everybody_passes(office, made):
    """No filter: one passed check, nothing to review."""
    office.assign(made, GRACE)
    record = scope_of(office, made)

    assert record.filters == ()
    assert record.filter_reviews == ()
    assert by_code(record)["scope.filters"].status is Status.PASSED
    assert "no scoping filter" in by_code(record)["scope.filters"].message


def test_who_is_left_out_and_by_which_clause(office, made):
    """Of everybody assigned: those out by filter, each with every false clause and what they have; nobody else is
    listed."""
    assign_group(office, made, ALL)
    plant(
        office, made, ("Titled engineers", (("department", "EQUALS", "Engineering"), ("jobTitle", "IS NOT NULL", None)))
    )
    people = raw_people(office, made)

    expected = {u["userPrincipalName"] for u in people if u.get("department") != "Engineering" or not u.get("jobTitle")}

    assert 0 < len(expected) < len(people)

    record = scope_of(office, made)
    review = filter_review(record)

    assert record.filters == ("Titled engineers: department EQUALS Engineering AND jobTitle IS NOT NULL",)
    assert {each.person for each in review.left_out} == expected
    assert (review.judged, review.passing) == (len(people), len(people) - len(expected))

    by_name = {each.person: each for each in review.left_out}
    for user in people:
        if user["userPrincipalName"] in expected:
            wrong = {clause.attribute: clause.has for clause in by_name[user["userPrincipalName"]].clauses}
        else:
            wrong = {}
        assert wrong.get("department", "Engineering") == (user.get("department") or EMPTY)
        lacks = bool(wrong) and not user.get("jobTitle")
        assert ("jobTitle" in wrong) is lacks

    counted = {count.clause: (count.people, count.empty) for count in review.counts}

    assert counted["department EQUALS Engineering"] == (
        sum(u.get("department") != "Engineering" for u in people),
        sum(not u.get("department") for u in people),
    )

    check = by_code(record)["scope.filters"]
    assert check.status is Status.WARNING
    assert f"{len(expected)} of {len(people)}" in check.message
    assert "department EQUALS Engineering" in check.message


def test_filters_join_by_or(office, made):
    """Who passes a second filter is not left out; the negative clause alone would lose people without a department."""
    assign_group(office, made, ALL)
    plant(office, made, ("not sales", (("department", "NOT EQUALS", "Sales"),)))
    alone = scope_of(office, made)
    plant(
        office,
        made,
        ("not sales", (("department", "NOT EQUALS", "Sales"),)),
        ("none", (("department", "IS NULL", None),)),
    )
    both = scope_of(office, made)

    nothing_there = {each.person for each in filter_review(alone).left_out} - {
        each.person for each in filter_review(both).left_out
    }

    assert (
        nothing_there == {u["userPrincipalName"] for u in raw_people(office, made) if not u.get("department")} != set()
    )
    assert {each.clauses[0].has for each in filter_review(alone).left_out} == {EMPTY, "Sales"}
    assert by_code(alone)["scope.filter_negative_null"].status is Status.WARNING


def test_two_readings_of_a_pattern(office, made):
    """Where a part of the value matches but not the whole, the person is named and the mark is (unconfirmed)."""
    office.assign(made, GRACE, JOSE)
    plant(
        office,
        made,
        ("by name", (("userPrincipalName", "REGEX MATCH", "grace"),)),
        ("whole", (("userPrincipalName", "REGEX MATCH", "jose.*"),)),
    )
    record = scope_of(office, made)

    [doubt] = filter_review(record).doubtful

    assert (doubt.person, doubt.passes_when) == (GRACE, "anywhere")

    check = by_code(record)["scope.filters_pattern"]
    assert check.status is Status.WARNING
    assert "unconfirmed" in check.source
    assert GRACE in check.message
    assert by_code(record)["scope.filter_anchoring"].source == "(unconfirmed)"

    plant(office, made, ("not", (("userPrincipalName", "NOT REGEX MATCH", "grace"),)))
    assert [(d.person, d.passes_when) for d in filter_review(scope_of(office, made)).doubtful] == [(GRACE, "whole")]


@pytest.mark.parametrize(
    ("clause", "code", "status", "words"),
    [
        (("department", "EQUALS", "Nowhere"), "scope.filters", Status.FAILED, "1 of 1 people"),
        (("manager", "IS NOT NULL", None), "scope.filter_unsupported", Status.FAILED, "manager is not supported"),
        (
            ("Department", "EQUALS", "Sales"),
            "scope.filter_unknown_attribute",
            Status.FAILED,
            "Department is not in the source schema",
        ),
        (("department", "&", "Sales and more"), "scope.filter_ampersand", Status.WARNING, "not clearly documented"),
        (("originalUserPrincipalName", "ENDS_WITH", "contoso.example"), "scope.filters", Status.PASSED, "all 1 people"),
    ],
)
def test_what_the_checks_say(office, made, clause, *, code, status, words):
    """A filter nobody passes, one that is not supported, an attribute that is not there, an operator of open
    meaning."""
    office.assign(made, GRACE)
    plant(office, made, ("f", (clause,)))

    check = by_code(scope_of(office, made))[code]

    assert check.status is status
    assert words in check.message
    assert check.remedy or status is Status.PASSED


def test_what_cannot_be_judged_is_not_claimed(office, made):
    """An unsupported filter judges nobody, and nobody is said to pass or to be left out."""
    office.assign(made, GRACE)
    plant(office, made, ("f", (("manager", "IS NOT NULL", None),)))
    record = scope_of(office, made)

    review = filter_review(record)

    assert (review.judged, review.passing, review.left_out) == (0, 0, ())
    assert "manager" in review.problem
    assert by_code(record)["scope.filters"].status is Status.NOT_REACHED


def test_nobody_is_assigned_yet(office, made):
    """A filter over nobody is not observed, not passed."""
    plant(office, made, ("f", (("department", "EQUALS", "Sales"),)))
    assert by_code(scope_of(office, made))["scope.filters"].status is Status.NOT_OBSERVED


def test_an_attribute_of_the_schema_that_graph_does_not_give(office, made):
    """An attribute scimkit cannot read from Graph leaves the answer open instead of leaving everybody out."""
    filters = (ScopingFilter("f", (Clause("workerID", "EQUALS", "1"),)),)
    review = review_filters(
        "User", filters, {GRACE: {"department": "Sales"}}, known=frozenset(("workerID", "department"))
    )

    [check] = [check for check in check_filters_of(review) if check.code == "scope.filters"]

    assert check.status is Status.NOT_OBSERVED
    assert review.unread == "workerID"
    assert review.left_out == ()


DOTNET = (ScopingFilter("Vowels", (Clause("displayName", "REGEX MATCH", "^[a-z-[aeiou]]+$"),)),)
SALES = (ScopingFilter("Sales", (Clause("displayName", "EQUALS", "Sales"),)),)


@pytest.mark.parametrize("kind", ["User", "Group"])
def test_a_pattern_only_dotnet_runs_judges_nobody(kind):
    """Not observed with the construct in words, said once; nobody is in or out, also where another filter would let
    them pass."""
    review = review_filters(kind, (*DOTNET, *SALES), {GRACE: {"displayName": "Sales"}}, known=frozenset())
    assert (review.judged, review.passing, review.left_out, review.not_reproduced) == (0, 0, (), True)

    [check] = check_filters_of(review)
    assert check.status is Status.NOT_OBSERVED
    assert "class subtraction" in check.message
    assert "Microsoft may be able to run it" in check.remedy


@pytest.mark.parametrize(("tried", "today"), [(DOTNET, SALES), (SALES, DOTNET)])
def test_a_trial_with_a_pattern_only_dotnet_runs(tried, today):
    """Whichever of the two filters it is, the trial names nobody and says why."""
    trial = try_filters("User", tried, today, {GRACE: {"displayName": "Sales"}, JOSE: {}}, known=frozenset())

    assert (trial.staying, trial.leaving, trial.entering) == (0, (), ())
    assert trial.review.not_reproduced
    assert "no one was evaluated" in to_text(trial)
    assert "class subtraction" in to_text(trial)


def test_a_pilot_nobody_can_judge_is_not_called_out_of_scope(office, made):
    """The pilot people may go on: that the filter was not run stands beside them."""
    office.assign(made, GRACE)
    plant(office, made, ("f", (("department", "REGEX MATCH", "^[a-z-[aeiou]]+$"),)))
    pilot = choose_pilot(office.app, office.graph, made, pilot=GRACE, may_suggest=False)

    codes = by_code(read_scope(office.app, office.graph, made, pilot=pilot, limits=Limits()))

    assert codes["scope.filters"].status is Status.NOT_OBSERVED
    assert codes["scope.pilot"].status is Status.PASSED


def test_filters_of_the_group_mapping(office):
    """The group mapping's filters judge the groups assigned; switched off, they are not looked at."""
    template = {"id": NON_GALLERY_ID, "displayName": "Acme"}  # the profile's own app has no groups
    made = make_app(
        office.app, office.graph, AppCandidates(template, (), (), frozenset(), ()), display_name="Acme", adopt=""
    )
    assign_group(office, made, LEARNERS)
    assign_group(office, made, NEWSLETTER)
    plant(office, made, ("learning", (("displayName", "Includes", "Learn"),)), source_object="Group")
    record = scope_of(office, made)

    review = filter_review(record, "Group")

    assert [(each.person, each.group) for each in review.left_out] == [("", NEWSLETTER)]
    assert (
        review.judged,
        review.passing,
    ) == (2, 1)

    codes = by_code(record)
    assert codes["scope.group_filters"].status is Status.WARNING
    assert codes["scope.filters"].status is Status.PASSED

    plant(office, made, ("learning", (("displayName", "Includes", "Learn"),)), source_object="Group", enabled=False)
    assert filter_review(scope_of(office, made), "Group") is None


def test_the_scope_with_filters_survives_the_disk(office, made):
    """What was found is the same after it was kept and read back."""
    office.assign(made, GRACE, JOSE)
    plant(office, made, ("f", (("userPrincipalName", "REGEX MATCH", "grace"), ("department", "NOT EQUALS", "x"))))

    record = scope_of(office, made)

    assert load_record(dump_record(record, made_utc=office.now(), scimkit_version="0")) == record
    assert record.filter_reviews


def test_who_is_left_out_is_masked_in_a_report(office, made):
    """Name and identifying value go; the clause, a shared value and emptiness stay."""
    office.assign(made, GRACE, JOSE)
    plant(
        office,
        made,
        (
            "f",
            (("mailNickname", "EQUALS", "nobody"), ("department", "EQUALS", "Nowhere"), ("companyName", "EQUALS", "x")),
        ),
    )
    data = plain(scope_of(office, made))
    people = People(b"k" * 32)
    people.learn([data])

    masked = people.mask(data)

    assert not re.search(r"grace|jose|garc|neill", json.dumps(masked), re.IGNORECASE)

    [first, _] = masked["filter_reviews"][0]["left_out"]
    has = {clause["attribute"]: clause["has"] for clause in first["clauses"]}

    source = office.graph.user(GRACE, select=SELECT)

    assert first["person"].startswith("person-")
    assert has["department"] == source["department"]
    assert has["mailNickname"] != source["mailNickname"]


def test_the_scope_reads_as_a_screenful(office, made):
    """Clauses and counts, a dozen people by name, and how many more there are; an empty attribute is said as such."""
    assign_group(office, made, ALL)
    plant(office, made, ("sales", (("department", "EQUALS", "Sales"), ("jobTitle", "IS NOT NULL", None))))
    record = scope_of(office, made)
    shown = to_text(record)

    out = len(filter_review(record).left_out)

    assert f"Left out by filter: {out} of {record.people} people assigned" in shown
    assert "department EQUALS Sales" in shown
    assert "is empty" in shown
    assert f"{out - 12} more" in shown

    people = next(block for block in describe(record).blocks if getattr(block, "title", "") == "Each person left out")
    assert len(people.rows) == 12
    assert people.left_out == out - 12
    assert "none: everyone who is assigned passes" in to_text(replace(record, filters=(), filter_reviews=()))


# -- a filter that is only tried ----------------------------------------------


def test_a_filter_is_tried_and_not_written(office, made):
    """Who stays, who goes out with the clause, who comes in; the job's schema and the journal stay as they were."""
    office.assign(made, GRACE, JOSE)
    grace, jose = (office.graph.user(name, select=SELECT) for name in (GRACE, JOSE))

    assert grace["department"] != jose["department"]

    plant(office, made, ("today", (("department", "EQUALS", jose["department"]),)))
    before, writes = office.graph.schema(made.service_principal_id, made.job_id), office.writes()

    trial = review_filter(office.graph, made, f'department EQUALS "{grace["department"]}" AND jobTitle IS NOT NULL')

    assert (trial.staying, [each.person for each in trial.leaving], trial.entering) == (0, [JOSE], (GRACE,))
    assert trial.leaving[0].clauses[0].has == jose["department"]

    both = review_filter(office.graph, made, "department IS NOT NULL")
    assert (both.staying, both.leaving, both.entering) == (1, (), (GRACE,))
    assert office.graph.schema(made.service_principal_id, made.job_id) == before
    assert office.writes() == writes

    shown = to_html(trial)
    assert JOSE in shown
    assert "1 would leave it, 1 would enter it" in shown
    assert "Nothing was written" in shown


def test_no_filter_to_try_costs_no_request(made):
    """An empty text asks Graph nothing and says what could be tried."""
    trial = review_filter(None, made, " ")
    assert trial.text == ""
    assert "try_filter" in to_text(trial)


@pytest.mark.parametrize(
    ("text", "words"), [("department EQALS Sales", "no operator"), ("userType EQUALS Guest", "not supported")]
)
def test_a_filter_to_try_that_cannot_be(office, made, text, words):
    """What cannot be read or is not supported is refused in words, before Graph is asked."""
    with pytest.raises(MappingError, match=words):
        review_filter(None, made, text)


def test_a_misspelled_attribute_is_said(office, made):
    """A name that is not in the source schema judges nobody, and the likely one is named."""
    office.assign(made, GRACE)
    trial = review_filter(office.graph, made, "departmnt EQUALS Sales")

    assert trial.review.judged == 0
    assert "Did you mean department" in to_text(trial)


def test_a_filter_that_keeps_every_group_out_does_not_stop_the_line(office):
    """Without its group a person is provisioned all the same: a warning, where for people it would be the end."""
    filters = (ScopingFilter("f", (Clause("displayName", "EQUALS", "Nowhere"),)),)
    found = {
        kind: check_filters_of(review_filters(kind, filters, {"x": {"displayName": "X"}}, known=frozenset()))[0].status
        for kind in ("User", "Group")
    }
    assert found == {"User": Status.FAILED, "Group": Status.WARNING}
