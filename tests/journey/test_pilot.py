"""Step 5c: predicted, reported and observed are three things; only the last is proof."""

from dataclasses import replace

import pytest

from scimkit.clients.on_demand import OnDemand
from scimkit.errors import Waiting
from scimkit.evidence.checks import Status
from scimkit.journey.forecast import make_forecast
from scimkit.journey.pilot import Predictions, _short, _shown, plan_pilot, predict_pilot, run_pilot
from scimkit.journey.prediction import read_job
from scimkit.journey.scope import Limits, read_scope
from scimkit.mapping.review import MappingReview, Overruled, ReviewRow
from scimkit.mapping.rows import MappingRow
from scimkit.provisioning import create_body
from scimkit.views import to_text

pytestmark = pytest.mark.slow  # an app of its own in the emulator for each test
# people of this file alone: the vendor's accounts are shared by all tests
PEOPLE = iter(
    [
        "soren.oester@contoso.example",
        "wang.xiaoming@contoso.example",
        "sato.hanako@contoso.example",
        "zoe.young-smith@contoso.example",
        "plus+tag@contoso.example",
        "ivan.ivanov@contoso.example",
        "maria.dlt@contoso.example",
        "Max.Mustermann@contoso.example",
    ]
)


@pytest.fixture
def made(office):
    return office.make()


def predict(office, made, *names):
    scope = read_scope(office.app, office.graph, made, pilot=office.assign(made, *names), limits=Limits())
    return predict_pilot(office.graph, office.scim, made, scope, now=office.now()).people


def run(office, made, people):
    return run_pilot(office.app, office.graph, office.scim, made, Predictions(tuple(people)), now=office.now)


def plan(people, made):
    return plan_pilot(Predictions(tuple(people)), made)


def by_code(result):
    return {check.code: check for check in result.checks}


def test_two_people_are_proved(office, made):
    """Created as predicted, read back with every value, found in the log; a second run is planned as idle and changes
    nothing."""
    names = next(PEOPLE), next(PEOPLE)
    predictions = predict(office, made, *names)
    assert [p.action for p in predictions] == ["create", "create"]
    changes = plan(predictions, made)
    assert not any(change.idle for change in changes)
    assert names[0] in changes[0].object
    result = run(office, made, predictions)
    assert [(p.reported, p.verdict) for p in result.people] == [("create Success", "proved")] * 2
    assert all(p.log_id for p in result.people)
    assert all(p.target_id for p in result.people)
    assert all(p.observed["userName"] == p.person.user_principal_name for p in result.people)
    assert {check.status for check in result.checks} == {Status.PASSED}

    again = predict(office, made, *names)
    assert [p.action for p in again] == ["nothing", "nothing"]
    assert all(change.idle for change in plan(again, made))
    repeated = run(office, made, again)
    assert [p.target_id for p in repeated.people] == [p.target_id for p in result.people]
    assert {check.status for check in repeated.checks} == {Status.PASSED}


def test_what_microsoft_has_overruled_is_said(office, made):
    """In the prediction, before anything is confirmed, and in the record: the row, both values, and that matching
    hangs on it."""
    name = next(PEOPLE)
    rows = (
        ReviewRow("userName", "", "", "Always", 1, {name: "theirs@contoso.example"}),
        ReviewRow("title", "", "", "Always", 0, {name: "Boss"}),
    )
    review = MappingReview(
        rows, (name,), (), (Overruled("userName", {name: "ours@contoso.example"}), Overruled("title", {name: "boss"}))
    )
    scope = read_scope(office.app, office.graph, made, pilot=office.assign(made, name), limits=Limits())
    predictions = predict_pilot(office.graph, office.scim, made, scope, now=office.now(), review=review)

    user_name, title = predictions.checks

    assert f"title: for {name} Microsoft returns Boss, scimkit boss" == title.message
    assert title.status is Status.WARNING
    assert "theirs@contoso.example" in user_name.message
    assert "used for matching" in user_name.message
    assert title.message in " ".join(to_text(predictions).split())

    result = run_pilot(office.app, office.graph, office.scim, made, predictions, now=office.now)
    assert result.checks[:2] == (user_name, title)
    assert make_forecast(office.graph, office.scim, made, now=office.now(), limits=Limits(), pilot=result).checks[
        -2:
    ] == (user_name, title)


def test_what_is_redacted_is_masked(office, made):
    """A value that goes through Redact is neither shown as predicted nor as observed; nothing is still nothing."""
    job = read_job(office.graph, made)
    job = replace(
        job,
        mapping=replace(
            job.mapping,
            rows=(
                MappingRow("title", "Redact([jobTitle])", "Expression"),
                MappingRow("nickName", "[displayName]", "Direct"),
            ),
        ),
    )

    assert _shown({"title": "Boss", "nickName": "Bo"}, job) == {"title": "[Redact]", "nickName": "Bo"}
    assert _shown({"title": None}, job) == {"title": "(no value)"}


def test_a_changed_person_is_an_update(office, made):
    """What differs in the app is predicted and reported as an update."""
    name = next(PEOPLE)
    run(office, made, predict(office, made, name))
    office.tell("people", person=name, do="change", values={"given_name": "Other"})

    [prediction] = predict(office, made, name)

    assert prediction.action == "update"
    assert prediction.values["name.givenName"] == "Other"

    result = run(office, made, (prediction,))
    assert result.people[0].verdict == "proved"
    assert result.people[0].observed["name.givenName"] == "Other"


def test_an_account_that_is_taken_over_is_held_only_to_what_flows_into_it(office, made):
    """A row for creation only and a default stay out of the plan and of the comparison: no cycle would write them."""
    sp, job = made.service_principal_id, made.job_id
    schema = office.graph.schema(sp, job)
    users = next(m for m in schema["synchronizationRules"][0]["objectMappings"] if m["sourceObjectName"] == "User")
    next(row for row in users["attributeMappings"] if row["targetAttributeName"] == "name.givenName")["flowType"] = (
        "ObjectAddOnly"
    )
    office.graph.put_schema(sp, job, schema)
    name = next(PEOPLE)
    user = office.graph.user(name)
    values = {
        "userName": name,
        "externalId": user["mailNickname"],
        "active": True,
        "name.givenName": "Nickname",
        "name.familyName": "Other",
        'emails[type eq "work"].value': user["mail"],
    }
    office.scim.create("Users", create_body(values))

    [prediction] = predict(office, made, name)

    assert prediction.action == "update"
    assert "name.givenName" not in prediction.values

    [person] = run(office, made, [prediction]).people
    assert (person.reported, person.verdict) == ("update Success", "proved")
    assert "name.givenName" not in person.observed
    assert person.observed["name.familyName"] == user["surname"]
    assert office.scim.read("Users", person.target_id)["name"]["givenName"] == "Nickname"


def test_a_refusal_is_a_failed_check(office, made):
    """An app that refuses is a failed check in plain words, and nobody is called proved."""
    predictions = predict(office, made, next(PEOPLE))
    office.tell("faults", set="oreilly:html=500")

    try:
        result = run(office, made, predictions)
    finally:
        office.tell("faults", clear=True)

    assert by_code(result)["pilot.reported"].status is Status.FAILED
    assert by_code(result)["pilot.reported"].remedy
    assert result.people[0].verdict == "failed"
    assert by_code(result)["pilot.observed"].status in (Status.NOT_OBSERVED, Status.FAILED)


def test_an_assignment_that_is_not_seen_yet_is_waited_for(office, made):
    """Graph has the assignment, the service not yet: waiting (3), not failed (1), and proved once it is seen."""
    predictions = predict(office, made, next(PEOPLE))
    office.tell("faults", set="slow_assignments=600")
    try:
        with pytest.raises(Waiting, match="does not see the assignment yet") as caught:
            run(office, made, predictions)
        assert caught.value.exit_code == 3
        assert caught.value.remedy
        office.tell("wait", seconds=600)
        assert run(office, made, predictions).people[0].verdict == "proved"
    finally:
        office.tell("faults", clear=True)


def test_somebody_who_is_not_assigned(office, made):
    """Whoever lost the assignment since is predicted and reported as skipped, with a remedy."""
    name = next(PEOPLE)
    [before] = predict(office, made, name)
    [assignment] = office.graph.assignments(made.service_principal_id)
    office.graph.unassign(made.service_principal_id, assignment["id"])

    result = run(office, made, (before,))

    assert by_code(result)["pilot.reported"].status is Status.FAILED
    assert "skipped" in by_code(result)["pilot.reported"].message
    assert by_code(result)["pilot.prediction"].status is Status.WARNING


@pytest.mark.parametrize(
    ("action", "result", "code", "word"),
    [
        ("Create", "Success", "", "create"),
        ("Update", "Success", "", "update"),
        ("Other", "Skipped", "RedundantExport", "nothing"),
        ("Other", "Skipped", "NotEffectivelyEntitled", "skip"),
        ("Create", "Failure", "EntryConflict", "failure"),
        ("Other", "Success", "", "nothing"),
    ],
)
def test_a_report_in_a_forecast_s_words(action, result, code, word):
    """What the service reports is compared in the words of the prediction."""
    assert (
        _short(
            OnDemand(
                action=action, result=result, error_code=code, message="", target_id="", steps=(), modified=(), raw=None
            )
        )
        == word
    )
