"""The forecast against what the next cycle does, over random people, groups and managers; and the forecast after it."""

import random
from dataclasses import replace

import pytest

from scimkit.evidence.records import utc_text
from scimkit.journey.forecast import make_forecast
from scimkit.journey.monitor import compare_outcome
from scimkit.journey.pilot import PilotGroupResult, PilotPerson, PilotResult
from scimkit.journey.pilot_group import PilotGroup
from scimkit.journey.scope import Limits, person_of, pick_role
from scimkit.monitoring.log_lines import read_line
from scimkit.provisioning import Link

pytestmark = pytest.mark.slow

NEXT_CYCLE = 41 * 60
NAMES = (
    'R&D / "Skunk works"',
    "O'Brien's",
    "Vertrieb – Süd",
    "営業部",
    "back\\slash",
    "One name",
    "One name",
    " spaces ",
)
QUIET = ("nothing", "skip", "failure", "unknown")


class Scene:
    """One enterprise app, one directory, and chance."""

    def __init__(self, office, seed):
        self.office, self.made, self.dice = office, office.make(f"Scene {seed}"), random.Random(seed)
        self.role = pick_role(self.made)[0]
        self.people = [u for u in office.graph.users()]
        self.groups = [g for g in office.graph.groups()]
        self.started, self.links = False, {}
        values = {
            "BaseAddress": office.address.scim_urls[office.app.name] + self.dice.choice(["", "?aadOptscim062020"]),
            "SecretToken": office.scim_token,
            "SyncAll": "false",
        }
        office.graph.put_secrets(
            self.made.service_principal_id, {**values, "SkipOutOfScopeDeletions": str(self.dice.random() < 0.3)}
        )

    # -- chance ------------------------------------------------------------

    def assign(self):
        ids = [p["principalId"] for p in self.assignments()]
        one = self.dice.choice([self.dice.choice(self.people), self.dice.choice(self.groups)])
        if one["id"] not in ids and one["id"] in {
            o["id"] for o in (*self.office.graph.users(), *self.office.graph.groups())
        }:
            self.office.graph.assign(self.made.service_principal_id, one["id"], self.role)

    def unassign(self):
        if there := self.assignments():
            self.office.graph.unassign(self.made.service_principal_id, self.dice.choice(there)["id"])

    def assignments(self):
        return list(self.office.graph.assignments(self.made.service_principal_id))

    def person(self, **what):
        self._try("people", person=self.dice.choice(self.people)["id"], **what)

    def group(self, **what):
        self._try("groups", group=self.dice.choice(self.groups)["id"], **what)

    def _try(self, call, **what):
        try:
            self.office.tell(call, **what)
        except Exception as error:
            if "there is no" not in str(error):  # gone for good
                raise

    def change_something(self):
        number, someone = self.dice.randrange(10**6), self.dice.choice(self.people)["id"]
        self.dice.choice(
            [
                self.assign,
                self.assign,
                self.unassign,
                lambda: self.person(do="change", values={"display_name": f"New name {number}"}),
                lambda: self.person(do="change", values={"user_principal_name": f"renamed.{number}@contoso.example"}),
                lambda: self.person(do="change", values={"enabled": self.dice.random() < 0.5}),
                lambda: self.person(do="change", values={"manager": someone}),
                lambda: self.person(do="change", values={"manager": ""}),
                lambda: self.person(do="soft_delete"),
                lambda: self.person(do="restore"),
                lambda: self.person(do="hard_delete"),
                lambda: self.group(do="change", values={"display_name": self.dice.choice(NAMES)}),
                lambda: self.group(do="change", values={"security_enabled": self.dice.random() < 0.7}),
                lambda: self.group(add=[someone]),
                lambda: self.group(add=[self.dice.choice(self.groups)["id"]]),
                lambda: self.group(remove=[p["id"] for p in self.dice.sample(self.people, len(self.people) // 2)]),
                lambda: self.group(do="delete") if self.dice.random() < 0.3 else None,
            ]
        )()

    # -- looking -----------------------------------------------------------

    def forecast(self):
        pilot = None
        if self.links:
            pilot = self.pilot()
        return make_forecast(
            self.office.graph, self.office.scim, self.made, now=self.office.now(), limits=Limits(), pilot=pilot
        )

    def cycle(self):
        """Everybody is looked at by the next cycle; its events."""
        since = self.office.now()
        sp, job = self.made.service_principal_id, self.made.job_id
        if not self.started:
            self.office.graph.start_job(sp, job)
        else:
            self.office.graph.restart_job(sp, job, "Watermark")
        self.started = True
        status = self.office.graph.job(sp, job)["status"]
        assert status["quarantine"] is None, status["quarantine"]
        events = list(self.office.graph.provisioning_logs(job, since=since))
        for event in events:
            self.learn(event)
        return events

    def learn(self, event):
        """The service's link, as its log tells it: every link is known here, as after a pilot of everybody."""
        key, target = event["sourceIdentity"]["id"], event["targetIdentity"]["id"]
        done = event["provisioningStatusInfo"]["status"] == "success"
        if event["provisioningAction"] == "delete" and done:
            self.links.pop(key, None)
            for other, link in self.links.items():
                self.links[other] = replace(link, members={k: v for k, v in link.members.items() if k != key})
            return
        if not target or (event["provisioningStatusInfo"]["status"] == "failure" and key not in self.links):
            return
        scoping = next(s["details"] for s in event["provisioningSteps"] if s["provisioningStepType"] == "scoping")
        assigned = scoping["Assigned to the application"] == "True"
        here = (
            assigned
            and scoping["Active in the source system"] == "True"
            and scoping["Scoping filter evaluation passed"] == "True"
        )
        before = self.links.get(key, Link(key, target))
        sources = {link.target_id: other for other, link in self.links.items()}
        members = dict(before.members)
        for change in event["modifiedProperties"]:
            if change["displayName"] == "members" and change["newValue"]:
                members[sources[change["newValue"]]] = change["newValue"]
            elif change["displayName"] == "members":
                members = {k: v for k, v in members.items() if v != change["oldValue"]}
        self.links[key] = Link(key, target, here or (before.managed and assigned), members)

    def pilot(self):
        """A pilot of everybody who is linked."""
        names = {p["id"]: p for p in (*self.people, *self.groups)}
        people = tuple(
            PilotPerson(person_of(names[k]), "", "", {}, v.target_id, "", "proved")
            for k, v in self.links.items()
            if "userPrincipalName" in names[k]
        )
        groups = tuple(
            PilotGroupResult(PilotGroup(k, names[k]["displayName"], ()), "", "", (), (), v.target_id, "", "proved")
            for k, v in self.links.items()
            if "userPrincipalName" not in names[k]
        )
        now = utc_text(self.office.now())
        return PilotResult(self.made.job_id, now, now, people, (), groups)


def told(events):
    return [read_line(event) for event in sorted(events, key=lambda e: e["activityDateTime"])]


@pytest.fixture
def scene(tmp_path):
    from conftest import Office

    from scimkit.sandbox.process import ensure_sandbox, stop

    offices = []

    def begin(seed):
        address = ensure_sandbox(None, app="thrive-lxp", seed=seed)
        office = Office(address, tmp_path / str(seed), "thrive-lxp")
        offices.append(office)
        return Scene(office, seed)

    yield begin
    for office in offices:
        office.close()
        stop(office.address)


@pytest.mark.parametrize("seed", range(1, 13))
def test_the_cycle_does_what_was_forecast(scene, monkeypatch, seed):
    """A first cycle over a random tenant, changes by chance, and the next cycle, of which all links are known; in
    either dialect.

    After each of them nothing is left to do for anybody.
    """
    story = scene(seed)
    monkeypatch.setattr("scimkit.journey.forecast.links_of", lambda pilot: story.links)
    for _ in range(25):
        story.change_something()
    for _ in range(4):
        story.assign()

    first = story.forecast()

    assert compare_outcome(first, told(story.cycle())) == {}

    for _ in range(3):
        after = story.forecast()
        assert [
            (row.person.user_principal_name, row.action, row.reason) for row in after.rows if row.action not in QUIET
        ] == []
        assert [group for group in after.groups if group.action not in QUIET] == []
        for _ in range(8):
            story.change_something()
        predicted = story.forecast()
        assert compare_outcome(predicted, told(story.cycle())) == {}, replace(predicted, checks=())
