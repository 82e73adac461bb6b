"""A mapping kept, compared and put back, against Graph's emulator over loopback."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from scimkit.errors import (
    ConfigError,
    Denied,
    MappingError,
    NotReady,
    PlanRefused,
    Rejected,
    RunError,
    Unreachable,
    Waiting,
)
from scimkit.evidence.change_plan import confirm_plan, make_plan
from scimkit.evidence.checks import Status
from scimkit.evidence.runs import RunStore
from scimkit.journey.scope import pick_role
from scimkit.mapping import Clause, MappingRow, ObjectMapping, ScopingFilter, read_schema, user_mapping
from scimkit.mapping.changes import compare_mapping
from scimkit.mapping.files import print_mapping
from scimkit.mapping.schema import saved_sources, write_schema
from scimkit.operations.existing_app import open_app
from scimkit.operations.mapping_backup import (
    back_up_mapping,
    choose_sides,
    plan_restore,
    predict_restore,
    read_live_schema,
    read_mapping,
    restore_mapping,
    wanted_mapping,
)
from scimkit.operations.mapping_backup.leavers import DisablingRules, find_leaving_groups
from scimkit.operations.mapping_backup.prediction import make_restore_prediction, refuse_leavers
from scimkit.operations.mapping_backup.restore import is_in_cycle
from scimkit.operations.mapping_backup.saved import SavedMapping

pytestmark = pytest.mark.slow  # an app of its own in the emulator for each test
GRACE, JOSE = "grace.oneill@contoso.example", "jose.garcia@contoso.example"
ENGINEERS = ScopingFilter("Engineers", (Clause("department", "EQUALS", "Nobody works here"),))


@pytest.fixture
def made(office):
    """An app with its job, never started; the journal of this notebook."""
    office.journal.step = "mapping_backup"
    return office.make()


class Desk:
    """What the notebook does with one mapping, step by step, in the emulator of `office`."""

    def __init__(self, office):
        self.office = office

    def live(self, made):
        return read_live_schema(self.office.graph, made)

    def kept(self, made, **more):
        """The record of a backup of what is live."""
        office = self.office
        return back_up_mapping(
            self.live(made), app=office.app, tenant=office.tenant, run=office.run, now=office.now(), **more
        )

    def predicted(self, made, wanted):
        """The record of whom a restore would shut out."""
        office = self.office
        return predict_restore(office.graph, made, wanted, journal=office.journal, now=office.now())

    def planned(self, made, wanted):
        """The changes of a restore's plan."""
        office = self.office
        return plan_restore(office.graph, made, wanted, self.predicted(made, wanted), journal=office.journal)

    def restored(self, made, wanted, changes, *, pause=None, **more):
        """The record of a restore that was carried out."""
        office = self.office
        here = SimpleNamespace(
            app=office.app,
            graph=office.graph,
            tenant=office.tenant,
            run=office.run,
            journal=office.journal,
            now=office.now,
            pause=pause,
        )
        return restore_mapping(here, made, wanted, changes, **more)

    def put_back(self, made, objects, **more):
        """Plan and carry out; the planned changes and the record."""
        wanted = saved_as(objects, **more)
        changes = self.planned(made, wanted)
        return changes, self.restored(made, wanted, changes)


@pytest.fixture
def desk(office):
    """The steps of the notebook, for the app that each of them is given."""
    return Desk(office)


def saved_as(objects, title="wanted.toml", schema=None):
    return SavedMapping(title, "oreilly", tuple(objects), schema)


def with_rows(objects, **sources):
    """The objects with user rows changed to other sources, or added: target -> expression, `_` for a dot."""

    def one(each):
        if each.source_object != "User":
            return each
        rows = {row.target: row for row in each.rows}
        for name, expression in sources.items():
            target = name.replace("_", ".")
            rows[target] = replace(
                rows.get(target, MappingRow(target, None, "None")), expression=expression, kind="Expression"
            )
        return replace(each, rows=tuple(rows.values()))

    return tuple(one(each) for each in objects)


def with_user(objects, **members):
    return tuple(replace(each, **members) if each.source_object == "User" else each for each in objects)


def words(changes):
    return [(change.action, change.object) for change in changes]


def state_of(office, made):
    return office.graph.job(made.service_principal_id, made.job_id)["schedule"]["state"]


def status(record, code):
    return next(check.status for check in record.checks if check.code == f"mapping_backup.{code}")


def planted(schema):
    """The schema with members nobody knows, as a tenant has them."""
    made = copy.deepcopy(schema)
    made["futureMember"] = {"a": [1, None]}
    rule = made["synchronizationRules"][0]
    rule["unknown"] = "kept"
    rule["objectMappings"][0]["attributeMappings"][0]["unknown"] = {"x": 1.5}
    made["directories"][1]["objects"][0]["attributes"][1]["unknown"] = True
    return made


# -- keeping -------------------------------------------------------------------


def test_a_backup_is_two_files_that_say_the_same(office, desk, made, leaks):
    """mapping.toml for people, mapping.schema.json whole; read again both say what is live, and no secret is
    in them."""
    record = desk.kept(made)
    assert [check.status for check in record.checks] == [Status.PASSED, Status.PASSED]
    assert json.loads(office.run.read("mapping.schema.json")) == desk.live(made)
    assert record.objects[0].matching == ("userName",)
    assert record.objects[0].rows == 6

    for name in ("mapping.toml", "mapping.schema.json"):
        read = read_mapping(name, run=office.run)
        assert read.objects == read_schema(desk.live(made))
    assert leaks(office.run.folder, office.scim_token.reveal()) == []


def test_a_backup_overwrites_nothing(office, desk, made):
    """The same mapping is kept once; an edited file stays, and the backup gets a number."""
    assert desk.kept(made).file == desk.kept(made).file == "mapping.toml"

    edited = office.run.read("mapping.toml").replace("[mail]", "ToLower([mail])")
    office.run.write("mapping.toml", edited)

    assert desk.kept(made).file == "mapping-2.toml"
    assert office.run.read("mapping.toml") == edited
    assert desk.kept(made).file == "mapping-2.toml"


def test_a_schema_without_directories_is_completed(office, made):
    """An answer that lacks them is completed before it could be written back."""

    class Short:
        def schema(self, sp, job):
            return {name: value for name, value in office.graph.schema(sp, job).items() if name != "directories"}

        def schema_directories(self, sp, job):
            return office.graph.schema_directories(sp, job)

    assert (
        read_live_schema(Short(), made)["directories"]
        == office.graph.schema(made.service_principal_id, made.job_id)["directories"]
    )


def test_what_is_no_schema_is_not_kept(office):
    """Nothing is written for what cannot be read."""
    with pytest.raises(MappingError, match="not a synchronizationSchema"):
        back_up_mapping({"value": []}, app=office.app, tenant=office.tenant, run=office.run, now=office.now())
    assert not [name for name in office.run.list() if name.startswith("mapping")]


# -- comparing -----------------------------------------------------------------


def sides(office, schema, **chosen):
    given = {"what": "compare", "file": "", "against": "live", "backup": "mapping.toml", **chosen}
    return choose_sides(schema, office.app, run=office.run, **given)


def test_live_file_profile_and_an_earlier_run(office, desk, made, tmp_path):
    """Each pair of sides is compared in its direction, and says the same where nothing differs."""
    schema = desk.live(made)
    desk.kept(made)
    other = RunStore.create(
        tmp_path / "other", app="oreilly", tenant="sandbox", runbook="mapping_backup", steps=(), now=office.now()
    )
    changed = write_schema(
        schema,
        with_rows(read_schema(schema), externalId="[employeeId]"),
        sources=saved_sources(schema)
        | {"[employeeId]": {"type": "Attribute", "name": "employeeId", "expression": "[employeeId]", "parameters": []}},
    )

    back_up_mapping(changed, app=office.app, tenant=office.tenant, run=other, now=office.now())

    assert compare_mapping(*sides(office, schema, what="backup")).same
    assert compare_mapping(*sides(office, schema, against="profile")).same
    assert compare_mapping(*sides(office, schema, file="mapping.toml")).same

    earlier = compare_mapping(*sides(office, schema, against=str(other.folder)))
    assert [(c.target, c.member, c.before, c.after) for c in earlier.changes] == [
        ("externalId", "source", "[employeeId]", "[mailNickname]")
    ]
    assert compare_mapping(*sides(office, changed, against="profile")).changes[0].after == "[employeeId]"


def test_a_run_of_the_journey_has_a_schema_too(office, desk, made, tmp_path):
    """What 5b_mapping has kept is good for a comparison; a file with a mark at its beginning is read; a run without
    any is said."""
    other = RunStore.create(
        tmp_path / "other", app="oreilly", tenant="sandbox", runbook="onboard", steps=(), now=office.now()
    )
    with pytest.raises(ConfigError, match="contains no mapping"):
        read_mapping(str(other.folder))
    other.write("5b_schema.json", "\ufeff" + json.dumps(desk.live(made)))
    with pytest.raises(MappingError, match="is no JSON"):
        read_mapping(str(other.folder))

    other.write("5b_schema.json", json.dumps(desk.live(made)))

    assert (read_mapping(str(other.folder)).title, read_mapping(str(other.folder)).app) == (
        f"run {other.name}",
        "oreilly",
    )

    other.change_state(lambda state: state.update(app="linkedin-learning"))
    with pytest.raises(PlanRefused, match="a mapping of linkedin-learning"):
        wanted_mapping(office.app, what="restore", file=str(other.folder), run=office.run)

    other.change_state(lambda state: state.update(app="gone"))

    assert read_mapping(str(other.folder)).app == ""

    desk.kept(made)
    office.run.write("marked.toml", "\ufeff" + office.run.read("mapping.toml"))

    assert read_mapping("marked.toml", run=office.run).objects == read_schema(desk.live(made))


@pytest.mark.parametrize(
    ("chosen", "error", "words"),
    [
        ({}, ConfigError, "compared with itself"),
        ({"what": "backup", "file": "mapping.toml"}, ConfigError, "written to the run folder"),
        ({"what": "backup", "against": "profile"}, ConfigError, "against is profile, but what is backup"),
        (
            {"what": "restore", "file": "mapping.toml", "against": "profile"},
            ConfigError,
            "against is profile, but what is restore",
        ),
        ({"what": "restore"}, ConfigError, "no file is named"),
        ({"file": "nowhere.toml"}, ConfigError, "no mapping at nowhere.toml"),
        ({"against": "last month"}, ConfigError, "no mapping at last month"),
        ({"file": "run.json"}, MappingError, "synchronizationRules is missing"),
        ({"file": "run.log"}, ConfigError, "neither a mapping file nor a saved schema"),
        ({"file": "."}, RunError, "is not a run"),
        ({"what": "restore", "file": "other.toml"}, PlanRefused, "mapping of linkedin-learning, and this is oreilly"),
    ],
)
def test_what_cannot_be_compared(office, desk, made, *, chosen, error, words):
    """What is missing, unreadable or of another app is said, with what to give instead."""
    desk.kept(made)
    office.run.append("run.log", "a line")
    office.run.write("other.toml", office.run.read("mapping.toml").replace('"oreilly"', '"linkedin-learning"'))

    with pytest.raises(error, match=words) as caught:
        sides(office, desk.live(made), **chosen)

    assert caught.value.remedy


# -- putting back: a job that was never started -----------------------------------


def test_a_file_is_put_back(office, desk, made):
    """Changed, added and removed rows, defaults and filters are written; everything else stays; a second plan is
    empty."""
    before = planted(desk.live(made))
    office.graph.put_schema(made.service_principal_id, made.job_id, before)
    before = desk.live(made)
    objects = with_rows(
        read_schema(before), externalId='Join("-", [employeeId], "x")', userName="ToLower([userPrincipalName])"
    )
    objects = with_user(
        objects,
        filters=(ScopingFilter("Pilot", (Clause("department", "EQUALS", "Sales"),)),),
        actions=frozenset({"Add", "Update"}),
    )
    objects = with_user(
        objects, rows=tuple(row for row in user_mapping_of(objects).rows if row.target != "name.givenName")
    )

    changes, record = desk.put_back(made, objects)

    assert words(changes) == [
        ("set", "User: actions"),
        ("set", "User: filters"),
        ("set", "User userName: source"),
        ("remove", "User name.givenName"),
        ("set", "User externalId: source"),
    ]
    assert (changes[2].before, changes[2].after) == ("[userPrincipalName]", "ToLower([userPrincipalName])")
    assert {check.code: check.status for check in record.checks} == {
        "mapping_backup.written": Status.PASSED,
        "mapping_backup.kept": Status.PASSED,
        "mapping_backup.job": Status.PASSED,
    }

    after = desk.live(made)
    wanted = write_schema(before, after_objects(after), sources=saved_sources(after))

    assert {k: v for k, v in after.items() if k not in ("version", "@odata.context")} == {
        k: v for k, v in wanted.items() if k not in ("version", "@odata.context")
    }

    row = next(
        raw
        for raw in after["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
        if raw["targetAttributeName"] == "userName"
    )
    assert row["unknown"] == {"x": 1.5}
    assert row["source"]["type"] == "Function"
    assert row["source"]["parameters"][0]["value"]["name"] == "userPrincipalName"
    assert after["futureMember"] == {"a": [1, None]}
    assert after["version"] != before["version"]
    assert desk.planned(made, saved_as(objects)) == ()
    assert (record.from_version, record.to_version, record.before_file) == (
        before["version"],
        after["version"],
        "mapping.before.toml",
    )
    assert json.loads(office.run.read("mapping.before.schema.json")) == before
    assert state_of(office, made) == "Disabled"


def user_mapping_of(objects):
    return next(each for each in objects if each.source_object == "User")


def after_objects(schema):
    return read_schema(schema)


def test_back_to_what_was_saved(office, desk, made):
    """The whole way: keep, change, put the file back; the schema is again what it was, but for its version."""
    before = desk.live(made)
    desk.kept(made)

    desk.put_back(made, with_rows(with_user(read_schema(before), enabled=False), active='"True"'))

    assert desk.live(made) != before

    for name in ("mapping.toml", "mapping.schema.json"):
        wanted = read_mapping(name, run=office.run)
        changes = desk.planned(made, wanted)
        if name == "mapping.toml":
            assert words(changes) == [("set", "User: enabled"), ("set", "User active: source")]
            asked = len(office.journal.entries())
            desk.restored(made, wanted, changes)
            assert [entry.method for entry in office.journal.entries()[asked:]] == ["PUT"]
        assert {**desk.live(made), "version": before["version"]} == before
        assert desk.planned(made, wanted) == ()


def test_a_tree_that_was_tampered_with_is_not_used(desk, made):
    """The file that was reviewed says one thing, the tree beside it another: Graph's own reading of the text is
    written."""
    before = desk.live(made)
    without = with_user(
        read_schema(before), rows=tuple(row for row in user_mapping(before).rows if row.target != "active")
    )
    desk.put_back(made, without)
    forged = copy.deepcopy(before)
    row = next(
        raw
        for raw in forged["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
        if raw["targetAttributeName"] == "active"
    )
    row["source"]["parameters"][0]["value"]["name"] = "accountEnabled"
    desk.put_back(made, read_schema(forged), schema=forged)
    rows = desk.live(made)["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]

    written = next(raw for raw in rows if raw["targetAttributeName"] == "active")["source"]

    assert written["parameters"][0]["value"]["name"] == "IsSoftDeleted"
    assert written["expression"] == row["source"]["expression"]


def test_only_the_order_differs(office, desk, made):
    """The order of rows means nothing to the service: nothing is planned, nothing written."""
    objects = with_user(read_schema(desk.live(made)), rows=tuple(reversed(user_mapping(desk.live(made)).rows)))
    writes = len(office.writes())

    changes, record = desk.put_back(made, objects)

    assert changes == ()
    assert status(record, "written") is Status.PASSED
    assert len(office.writes()) == writes


def test_what_the_service_would_not_take_is_refused(office, desk, made):
    """Refused with words before anything is written."""
    objects = read_schema(desk.live(made))
    rows = user_mapping(desk.live(made)).rows
    cases = {
        "no attribute nickName": with_rows(objects, nickName="[mail]"),
        "no source attribute mial": with_rows(objects, externalId="ToLower([mial])"),
        "id is created by the app": with_rows(objects, id="[mail]"),
        "no row of User is used for matching": with_user(objects, rows=tuple(replace(row, matching=0) for row in rows)),
        "more than 10,000 characters": with_rows(objects, externalId='Join("", "' + "x" * 10_000 + '")'),
    }
    for said, wanted in cases.items():
        with pytest.raises(PlanRefused, match=said) as caught:
            desk.planned(made, saved_as(wanted))
        assert caught.value.remedy

    with pytest.raises(MappingError, match="no mapping of Device"):
        desk.planned(made, saved_as([replace(objects[0], source_object="Device")]))

    assert not [write for write in office.writes() if write[1:] == ("PUT", "schema")]


def test_another_apps_saved_schema_is_refused(office, desk, made):
    """A schema names no app, but the directory it writes to; nothing is planned or written."""
    other = json.loads(
        json.dumps(desk.live(made)).replace(
            json.dumps(desk.live(made)["synchronizationRules"][0]["targetDirectoryName"]), '"LinkedIn Learning"'
        )
    )
    other["directories"][1]["id"] = "another"
    office.run.write("other.schema.json", json.dumps(other))
    writes = len(office.writes())

    for ask in (desk.predicted, desk.planned):
        with pytest.raises(
            PlanRefused, match=r"other\.schema\.json is the mapping of LinkedIn Learning, but this job writes to"
        ):
            ask(made, read_mapping("other.schema.json", run=office.run))

    assert len(office.writes()) == writes


def test_a_rule_that_may_not_be_edited(office, desk, made):
    """A rule Microsoft has closed is left alone."""
    schema = desk.live(made)
    schema["synchronizationRules"][0]["editable"] = False
    office.graph.put_schema(made.service_principal_id, made.job_id, schema)
    with pytest.raises(PlanRefused, match="may not be edited"):
        desk.planned(made, saved_as(with_rows(read_schema(schema), externalId="[mail]")))


class Otherwise:
    """A Graph client that does one thing otherwise; all else is the real one's."""

    def __init__(self, graph, answer=None):
        self._graph, self._answer = graph, answer

    def __getattr__(self, name):
        return getattr(self._graph, name)


class Refusing(Otherwise):
    """Its parseExpression does not answer as hoped."""

    def parse_expression(self, *arguments):
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (
            {"parsingSucceeded": False, "parsedExpression": None, "error": {"message": "Unknown function"}},
            MappingError,
            "externalId: Unknown function",
        ),
        ({}, MappingError, "it gives no reason"),
        ({"parsingSucceeded": True, "parsedExpression": None}, MappingError, "it gives no reason"),
        (Rejected("nothing is here", status=404), PlanRefused, "did not read the expression"),
        (Denied("no", status=403), Denied, "no permission"),
        (Unreachable("away"), Unreachable, "away"),
    ],
)
def test_without_a_tree_nothing_is_written(office, desk, made, *, answer, error, said):
    """parseExpression that refuses, fails or says nothing stops the restore with words; a sign-in that may only read
    may still plan."""
    wanted = saved_as(with_rows(read_schema(desk.live(made)), externalId='Append([mail], ".x")'))
    changes = desk.planned(made, wanted)
    real, office.graph = office.graph, Refusing(office.graph, answer)

    try:
        if error is Denied:
            assert desk.planned(made, wanted) == changes
        with pytest.raises(error, match=said):
            desk.restored(made, wanted, changes)
    finally:
        office.graph = real

    assert not [write for write in office.writes() if write[1:] == ("PUT", "schema")]


def test_what_the_plan_rests_on_is_read_again(desk, made):
    """Somebody else's change between plan and restore stops it; nothing is written over it."""
    wanted = saved_as(with_rows(read_schema(desk.live(made)), externalId="[mail]"))
    changes = desk.planned(made, wanted)
    desk.put_back(made, with_rows(read_schema(desk.live(made)), externalId="[employeeId]"))

    with pytest.raises(NotReady, match="has changed since") as caught:
        desk.restored(made, wanted, changes)

    assert caught.value.remedy
    assert (
        next(row for row in user_mapping(desk.live(made)).rows if row.target == "externalId").expression
        == "[employeeId]"
    )


def test_a_change_while_the_cycle_ends_stops_it(office, desk, made):
    """Waiting for a cycle may take an hour: what somebody changes meanwhile is not written over."""
    wanted = saved_as(with_rows(read_schema(desk.live(made)), externalId="[mail]"))
    changes = desk.planned(made, wanted)

    class Meanwhile(Otherwise):
        def job(self, sp, job):
            schema = self._graph.schema(sp, job)
            if self._answer.pop():
                self._graph.put_schema(sp, job, {**schema, "unknown": 1})
            return self._graph.job(sp, job)

    real, office.graph = office.graph, Meanwhile(office.graph, [False, True, False])
    try:
        with pytest.raises(NotReady, match="while the running cycle ended"):
            desk.restored(made, wanted, changes)
    finally:
        office.graph = real
    assert desk.live(made)["unknown"] == 1
    assert user_mapping(desk.live(made)).rows[-1].expression == "[mailNickname]"


def test_each_restore_keeps_what_was_before_it(office, desk, made):
    """Two restores in one run leave two mappings from before; nothing is overwritten."""
    first = desk.put_back(made, with_rows(read_schema(desk.live(made)), externalId="[mail]"))[1]
    second = desk.put_back(made, with_rows(read_schema(desk.live(made)), externalId="[employeeId]"))[1]

    assert (first.before_file, second.before_file) == ("mapping.before.toml", "mapping.before-2.toml")
    assert "[mailNickname]" in office.run.read(first.before_file)
    assert "[mail]" in office.run.read(second.before_file)


def test_what_is_read_back_counts(office, desk, made):
    """A write that Graph takes and does not keep is a failed check, and the job is not started over it."""
    objects = with_rows(read_schema(desk.live(made)), externalId="[mail]")

    class Forgetful(Otherwise):
        def put_schema(self, sp, job, schema, **more):
            return None

    wanted = saved_as(objects)
    changes = desk.planned(made, wanted)
    real, office.graph = office.graph, Forgetful(office.graph)
    try:
        record = desk.restored(made, wanted, changes)
    finally:
        office.graph = real
    assert status(record, "written") is Status.FAILED
    assert record.checks[0].remedy


# -- putting back: a job that runs --------------------------------------------------


@pytest.fixture
def running(office, made):
    """The job runs: two people are assigned and have their accounts, and a threshold is stored."""
    office.assign(made, GRACE, JOSE)
    store_threshold(office, made, 5)
    office.graph.start_job(made.service_principal_id, made.job_id)
    while not office.graph.job(made.service_principal_id, made.job_id)["status"][
        "steadyStateFirstAchievedTime"
    ].startswith("2"):
        pass
    yield made
    office.graph.pause_job(made.service_principal_id, made.job_id)


def store_threshold(office, made, threshold):
    notice = json.dumps({"Enabled": False, "DeleteThresholdEnabled": True, "DeleteThresholdValue": threshold})
    office.graph.put_secrets(
        made.service_principal_id,
        {
            "BaseAddress": office.address.scim_urls["oreilly"],
            "SecretToken": office.scim_token,
            "SyncAll": "false",
            "SyncNotificationSettings": notice,
        },
    )


def actions(office, since):
    return [entry.path.rsplit("/", 1)[1] for entry in office.journal.entries()[since:]]


def test_a_running_job_is_paused_and_started_again(office, desk, running):
    """Pause, write, start, in this order and each once; the plan says so and warns that everybody is looked at
    again."""
    since = len(office.journal.entries())
    changes, record = desk.put_back(running, with_rows(read_schema(desk.live(running)), externalId="[employeeId]"))

    assert words(changes) == [
        ("pause", "provisioning of Learning"),
        ("set", "User externalId: source"),
        ("start", "provisioning of Learning"),
    ]
    assert "checks everyone" in changes[-1].after
    assert actions(office, since) == ["pause", "schema", "start"]
    assert state_of(office, running) == "Active"
    assert record.started
    assert status(record, "job") is Status.WARNING
    assert status(record, "written") is Status.PASSED
    assert desk.planned(running, saved_as(read_schema(desk.live(running)))) == ()


def test_leavers_are_named(office, desk, running):
    """Who is in scope now and would not be afterwards stands in the plan with the reason, and they are what the cycle
    switches off."""
    objects = with_user(
        read_schema(desk.live(running)),
        filters=(ScopingFilter("Grace", (Clause("userPrincipalName", "EQUALS", GRACE),)),),
    )
    changes, record = desk.put_back(running, objects)

    [leaver] = [change for change in changes if change.action == "disable"]

    assert leaver.object == JOSE
    assert "fails the scoping filters" in leaver.after
    assert [person.user_principal_name for person in record.left_scope] == [JOSE]
    assert status(record, "leavers") is Status.WARNING
    assert accounts(office, running) == {GRACE: True, JOSE: False}


def accounts(office, made):
    """After the next cycle: who is active at the vendor."""
    sp, job = made.service_principal_id, made.job_id
    before = office.graph.job(sp, job)["status"]["lastExecution"]["activityIdentifier"]
    while office.graph.job(sp, job)["status"]["lastExecution"]["activityIdentifier"] == before:
        pass
    return {name: office.scim.find("Users", "userName", name)[0]["active"] for name in (GRACE, JOSE)}


@pytest.mark.slow
def test_a_row_that_switches_people_off(desk, running):
    """Not filters alone take access away: a changed row for active names them, too."""
    objects = with_rows(
        read_schema(desk.live(running)),
        active='IIF([userPrincipalName] = "'
        + JOSE
        + '", "False", Switch([IsSoftDeleted], , "False", "True", "True", "False"))',
    )
    changes = desk.planned(running, saved_as(objects))
    assert [
        (change.object, "active returns False" in change.after) for change in changes if change.action == "disable"
    ] == [(JOSE, True)]


def test_as_many_as_the_threshold_are_refused(office, desk, running):
    """Two would be switched off and the job stops at two: refused, with their names, and nothing is written."""
    store_threshold(office, running, 2)
    since = len(office.journal.entries())
    wanted = saved_as(with_user(read_schema(desk.live(running)), filters=(ENGINEERS,)))

    prediction = desk.predicted(running, wanted)

    assert {each.person.user_principal_name for each in prediction.leavers} == {GRACE, JOSE}
    assert prediction.checks[0].status is Status.FAILED

    with pytest.raises(
        PlanRefused, match=f"2 people would be disabled or deleted, and the job stops at 2: .*{JOSE}"
    ) as caught:
        desk.planned(running, wanted)
    assert caught.value.remedy
    assert actions(office, since) == []


@pytest.mark.slow
def test_who_may_keep_the_account_is_not_refused(office, desk, running):
    """SkipOutOfScopeDeletions keeps the accounts of leavers: they are named, not counted."""
    secrets = {
        "BaseAddress": office.address.scim_urls["oreilly"],
        "SecretToken": office.scim_token,
        "SyncAll": "false",
        "SkipOutOfScopeDeletions": "True",
    }
    office.graph.put_secrets(running.service_principal_id, secrets)

    changes = desk.planned(running, saved_as(with_user(read_schema(desk.live(running)), filters=(ENGINEERS,))))

    assert ["stays as it is" in change.after for change in changes if change.action == "disable"] == [True, True]

    by_row = with_rows(read_schema(desk.live(running)), active='"False"')
    leavers = desk.predicted(running, saved_as(by_row)).leavers

    assert [each.keeps_account for each in leavers] == [False, False], "a row that gives False is obeyed all the same"


@pytest.mark.slow
def test_settings_that_may_not_be_read(office, desk, running):
    """Unknown is not none: the forecast says that the settings were not read, and by what it went instead."""

    class Closed(Otherwise):
        def secrets(self, sp):
            raise Denied("no", status=403)

    wanted = saved_as(with_user(read_schema(desk.live(running)), filters=(ENGINEERS,)))
    real, office.graph = office.graph, Closed(office.graph)
    try:
        prediction = desk.predicted(running, wanted)
    finally:
        office.graph = real
    assert len(prediction.leavers) == 2
    assert prediction.threshold == 20
    assert [check.status for check in prediction.checks] == [Status.WARNING, Status.NOT_OBSERVED]


@pytest.mark.slow
@pytest.mark.parametrize(
    "clause", [Clause("appRoleAssignments", "IS NOT NULL"), Clause("department", "REGEX MATCH", "^[a-z-[aeiou]]+$")]
)
def test_a_filter_that_cannot_be_judged_here(desk, running, clause):
    """Unknown is not nobody: a filter on what scimkit cannot read, or with a pattern it cannot run, is refused for a
    job that runs."""
    with pytest.raises(PlanRefused, match="it is unknown who would fall out of scope"):
        desk.planned(
            running,
            saved_as(with_user(read_schema(desk.live(running)), filters=(ScopingFilter("f", (clause,)),))),
        )


@pytest.mark.slow
def test_everybody_is_looked_at_where_everybody_is_provisioned(office, desk, running):
    """With SyncAll nobody need be assigned, so the whole directory counts."""
    secrets = {"BaseAddress": office.address.scim_urls["oreilly"], "SecretToken": office.scim_token, "SyncAll": "true"}
    office.graph.put_secrets(running.service_principal_id, secrets)
    with pytest.raises(
        PlanRefused,
        match=(
            r"\d\d people would be disabled or deleted, and the job has no deletion threshold,"
            r" so scimkit stops at 20: .* and others"
        ),
    ):
        desk.planned(running, saved_as(with_user(read_schema(desk.live(running)), filters=(ENGINEERS,))))


def test_groups_that_fall_out_of_scope_are_named(office, desk, made):
    """A filter of the group mapping takes groups away as one of people takes people; they count towards the
    threshold, too."""
    learners = next(group for group in office.graph.groups() if group["displayName"] == "Learners")
    office.graph.assign(made.service_principal_id, learners["id"], pick_role(made)[0])
    users = user_mapping(desk.live(made))
    before = ObjectMapping("Groups", "Group", "urn:g", True, users.actions, (), ())

    after = replace(before, filters=(ScopingFilter("f", (Clause("displayName", "EQUALS", "Others"),)),))

    assert find_leaving_groups(office.graph, made, before, after) == ("Learners",)
    assert (
        find_leaving_groups(office.graph, made, after, before)
        == find_leaving_groups(office.graph, made, after, after)
        == ()
    )

    with pytest.raises(PlanRefused, match="it is unknown who would fall out"):
        find_leaving_groups(
            office.graph,
            made,
            before,
            replace(before, filters=(ScopingFilter("f", (Clause("visibility", "IS NULL"),)),)),
        )
    rules = DisablingRules(1, True, False, False)

    assert make_restore_prediction((), ("Learners",), rules).checks[0].status is Status.FAILED

    with pytest.raises(PlanRefused, match="1 group would be disabled or deleted, and the job stops at 1: Learners"):
        refuse_leavers(make_restore_prediction((), ("Learners",), rules))


@pytest.mark.slow
def test_a_job_paused_by_somebody_else_stays_paused(office, desk, running):
    """Paused with accounts made before: leavers are named, the job is left off."""
    office.journal.step = "stop"
    office.graph.pause_job(running.service_principal_id, running.job_id)
    office.journal.step = "mapping_backup"
    objects = with_user(
        read_schema(desk.live(running)),
        filters=(ScopingFilter("Grace", (Clause("userPrincipalName", "EQUALS", GRACE),)),),
    )

    changes, record = desk.put_back(running, objects)

    assert [change.action for change in changes] == ["set", "disable"]
    assert not record.started
    assert state_of(office, running) == "Paused"
    assert status(record, "job") is Status.WARNING


class Crash(RuntimeError):
    pass


@pytest.mark.slow
@pytest.mark.parametrize("method", ["pause_job", "put_schema", "start_job"])
@pytest.mark.parametrize("arrived", [False, True], ids=["before", "after"])
def test_interrupted_anywhere_it_is_completed(office, desk, running, method, arrived):
    """Killed before or after any write: the resumed run needs no new confirmation, ends with the mapping written and
    the job on, once."""
    objects = with_user(
        with_rows(read_schema(desk.live(running)), externalId="[employeeId]"),
        filters=(ScopingFilter("Grace", (Clause("userPrincipalName", "EQUALS", GRACE),)),),
    )
    wanted, before = saved_as(objects), desk.live(running)

    class Dying(Otherwise):
        pass

    def die(self, *arguments, **more):
        if arrived:
            getattr(office_graph, method)(*arguments, **more)
        raise Crash

    office_graph = office.graph
    setattr(Dying, method, die)

    def confirmed():
        changes = desk.planned(running, wanted)
        made_plan = make_plan("mapping_backup", office.tenant, summary="", changes=changes, job_id=running.job_id)
        return changes, confirm_plan(made_plan, "sandbox", tenant=office.tenant, run=office.run, now=office.now())

    changes, first = confirmed()
    office.graph = Dying(office_graph)
    try:
        with pytest.raises(Crash):
            desk.restored(running, wanted, changes)
    finally:
        office.graph = office_graph
    left, second = confirmed()
    if left:
        assert second == first, "what is left is a part of what was confirmed"
    record = desk.restored(running, wanted, left)
    assert state_of(office, running) == "Active"
    assert status(record, "written") is Status.PASSED
    assert desk.planned(running, wanted) == ()
    assert json.loads(office.run.read("mapping.before.schema.json")) == before
    puts = [entry for entry in office.journal.entries() if entry.method == "PUT" and entry.path.endswith("/schema")]
    assert [entry.state for entry in puts] == ["done"]


@pytest.mark.slow
def test_a_cycle_that_does_not_end(office, desk, running):
    """While the paused job's cycle runs nothing is written: it waits, and says how to go on."""

    class Busy(Otherwise):
        def job(self, sp, job):
            found = self._graph.job(sp, job)
            found["status"]["progress"] = [
                {
                    "completedUnits": 1,
                    "totalUnits": 2,
                    "units": "pages",
                    "progressObservationDateTime": "2999-01-01T00:00:00Z",
                }
            ]
            return found

    wanted = saved_as(with_rows(read_schema(desk.live(running)), externalId="[employeeId]"))
    changes, before = desk.planned(running, wanted), desk.live(running)
    real, office.graph = office.graph, Busy(office.graph)
    waited = []
    try:
        with pytest.raises(Waiting, match="has not ended yet; the job is paused") as caught:
            desk.restored(running, wanted, changes, pause=lambda: waited.append(1), polls=3)
    finally:
        office.graph = real
    assert caught.value.settings == {"mapping_backup": {}}
    assert len(waited) == 3
    assert desk.live(running) == before
    left = desk.planned(running, wanted)
    assert left[0].idle
    assert words(left) == words(changes)
    assert status(desk.restored(running, wanted, left), "written") is Status.PASSED
    assert state_of(office, running) == "Active"


@pytest.mark.parametrize(
    ("progress", "ended", "runs"),
    [
        ([], "2026-03-02T09:00:00Z", False),
        (
            [{"completedUnits": 2, "totalUnits": 2, "progressObservationDateTime": "2026-03-02T10:00:00Z"}],
            "2026-03-02T09:00:00Z",
            False,
        ),
        (
            [{"completedUnits": 1, "totalUnits": 2, "progressObservationDateTime": "2026-03-02T10:00:00.1234567Z"}],
            "2026-03-02T09:00:00Z",
            True,
        ),
        (
            [{"completedUnits": 1, "totalUnits": 2, "progressObservationDateTime": "2026-03-02T09:00:00Z"}],
            "2026-03-02T09:00:00Z",
            False,
        ),
        ([{"completedUnits": 0, "totalUnits": 2, "progressObservationDateTime": ""}], "0001-01-01T00:00:00Z", True),
    ],
)
def test_whether_a_cycle_runs(progress, ended, runs):
    """Progress that is complete, or older than the last end, is of a cycle that is over."""
    assert is_in_cycle({"status": {"progress": progress, "lastExecution": {"timeEnded": ended}}}) is runs


# -- the app of another run -----------------------------------------------------------


def test_an_app_set_up_elsewhere_is_named(office):
    """By its name or object id; without one, or with a wrong one, those there are are listed."""
    made = office.make(name="Backup me")
    for adopt in ("Backup me", made.service_principal_id):
        found = open_app(office.app, office.graph, office.journal, adopt=adopt)
        assert (found.service_principal_id, found.job_id, found.app_id) == (
            made.service_principal_id,
            made.job_id,
            made.app_id,
        )
        assert not found.created
        assert found.roles == made.roles
    for adopt, said in (("", "no app is named"), ("Nobody", "0 enterprise apps .* are called Nobody")):
        with pytest.raises(PlanRefused, match=said) as caught:
            open_app(office.app, office.graph, office.journal, adopt=adopt)
        assert "Backup me" in caught.value.remedy


def test_a_file_for_another_path_of_the_same_app(office, desk, made):
    """The file of a profile that is a TOML file itself is known by the name in it."""
    office.run.write("wanted.toml", print_mapping(read_schema(desk.live(made)), app="oreilly", title="x", about={}))
    assert wanted_mapping(office.app, what="restore", file="wanted.toml", run=office.run).objects == read_schema(
        desk.live(made)
    )
    assert wanted_mapping(office.app, what="compare", file="wanted.toml", run=office.run) is None
