"""The change plan: what is confirmed is what is done, in time, in the right tenant, once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scimkit.errors import Waiting
from scimkit.evidence.change_plan import PlannedChange, complete_plan, confirm_plan, make_plan
from scimkit.evidence.records import utc_text
from scimkit.evidence.runs import RunStore
from scimkit.tenant import Tenant

NOW = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
LIVE = Tenant("contoso", tenant_id="contoso.example", environment="test", writes="ask")
SANDBOX = Tenant("sandbox", environment="sandbox", writes="sandbox")
ANN = PlannedChange("assign", "ann@contoso.example to App", "not assigned", "role User")
BEN = PlannedChange("assign", "ben@contoso.example to App", "not assigned", "role User")


@pytest.fixture
def run(tmp_path):
    return RunStore.create(tmp_path, app="oreilly", tenant="contoso", runbook="onboard", steps=("4_scope",), now=NOW)


def plan(*changes, tenant=LIVE, job_id=""):
    return make_plan("4_scope", tenant, summary="Assign.", changes=changes or (ANN, BEN), job_id=job_id)


def ask(run, given, confirm, *, tenant=LIVE, minutes=0):
    return confirm_plan(given, confirm, tenant=tenant, run=run, now=NOW + timedelta(minutes=minutes))


def refused(run, given, confirm, words, *, tenant=LIVE, minutes=0):
    with pytest.raises(Waiting, match=words) as caught:
        ask(run, given, confirm, tenant=tenant, minutes=minutes)
    assert caught.value.settings == {"4_scope": {"confirm": given.fingerprint}}


@pytest.mark.parametrize(
    "other",
    [
        plan(ANN),
        plan(BEN, ANN),
        plan(replace(ANN, after="role Admin"), BEN),
        plan(job_id="job"),
        plan(tenant=replace(LIVE, tenant_id="fabrikam.example")),
        plan(tenant=replace(LIVE, name="fabrikam")),
    ],
    ids=["fewer", "order", "value", "job", "tenant id", "tenant name"],
)
def test_the_fingerprint_covers_what_is_done_where(other):
    """Another change, job or tenant has another fingerprint; the same plan has the same one at any time."""
    assert plan().fingerprint == plan().fingerprint != other.fingerprint


def test_nothing_to_do_needs_no_confirmation(run):
    """An empty plan, as after an apply, writes nothing and keeps nothing."""
    empty = make_plan("4_scope", LIVE, summary="Assign.", changes=())
    assert ask(run, empty, "") == empty
    assert not run.has("4_scope", "ChangePlan")


@pytest.mark.parametrize("confirm", ["", "sandbox", "000000000000"])
def test_live_wants_the_fingerprint(run, confirm):
    """The sandbox's default, nothing, or another plan's fingerprint confirm nothing in a live tenant."""
    refused(run, plan(), confirm, "nothing was written")
    assert run.get("4_scope", "ChangePlan").confirmed_utc == ""


def test_the_sandbox_confirms_itself(run):
    """In the sandbox the default is enough, another plan's fingerprint is not."""
    refused(run, plan(tenant=SANDBOX), "000000000000", "another plan", tenant=SANDBOX)
    assert ask(run, plan(tenant=SANDBOX), "sandbox", tenant=SANDBOX).confirmed_utc == utc_text(NOW)


def test_a_confirmation_is_good_for_an_hour(run):
    """Shown, then confirmed within 60 minutes: kept before anything is written; later: shown anew."""
    refused(run, plan(), "", "not been confirmed")
    refused(run, plan(), plan().fingerprint, "older than 60 minutes", minutes=61)

    assert ask(run, plan(), plan().fingerprint, minutes=62).confirmed_utc
    assert run.get("4_scope", "ChangePlan").confirmed_utc == utc_text(NOW + timedelta(minutes=62))


@pytest.mark.parametrize("made_utc", ["2030-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "", "yesterday"])
def test_a_time_that_was_tampered_with_proves_nothing(run, made_utc):
    """A plan shown in the future, long ago or at no time at all is not fresh."""
    run.keep("4_scope", replace(plan(), made_utc=made_utc), now=NOW)
    refused(run, plan(), plan().fingerprint, "older than 60 minutes")


def test_an_interrupted_plan_is_completed(run):
    """What is left of a confirmed plan goes on without a second question, also much later."""
    refused(run, plan(), "", "not been confirmed")
    ask(run, plan(), plan().fingerprint)
    assert ask(run, plan(BEN), "", minutes=600).changes == (ANN, BEN)


def test_what_was_done_may_come_again_as_idle(run):
    """A pilot person who was provisioned before the interruption is run again, as that writes nothing."""
    first = PlannedChange("provision", "ann to App", "no account", "create: userName = ann")
    second = PlannedChange("provision", "ben to App", "no account", "create: userName = ben")
    again = PlannedChange("provision", "ann to App", "matched", "nothing: userName = ann", idle=True)
    refused(run, plan(first, second), "", "not been confirmed")

    ask(run, plan(first, second), plan(first, second).fingerprint)

    assert ask(run, plan(again, second), "", minutes=5).confirmed_utc

    refused(run, plan(replace(again, idle=False), second), "", "nothing was written", minutes=5)


@pytest.mark.parametrize(
    ("other", "tenant"),
    [
        (plan(ANN, BEN, replace(ANN, object="cleo to App")), LIVE),
        (plan(replace(ANN, after="role Admin")), LIVE),
        (plan(ANN, job_id="another job"), LIVE),
        (plan(ANN, tenant=replace(LIVE, tenant_id="fabrikam.example")), replace(LIVE, tenant_id="fabrikam.example")),
    ],
    ids=["one more", "another value", "another job", "same name, another tenant"],
)
def test_what_was_not_confirmed_is_asked_for(run, other, tenant):
    """A plan that is more than the rest of the confirmed one, or for another place, needs its own confirmation."""
    refused(run, plan(), "", "not been confirmed")
    ask(run, plan(), plan().fingerprint)
    refused(run, other, "", "nothing was written", tenant=tenant)


def test_never_is_never(run):
    """A tenant set back to writes = "never" is not written to, whatever was confirmed before."""
    refused(run, plan(), "", "not been confirmed")
    ask(run, plan(), plan().fingerprint)
    never = replace(LIVE, writes="never")
    refused(run, plan(BEN), plan().fingerprint, 'writes = "never"', tenant=never)
    refused(run, plan(), plan().fingerprint, 'writes = "never"', tenant=never)


def test_a_completed_plan_confirms_nothing_more(run):
    """Once its step is done, the same changes must be confirmed again."""
    refused(run, plan(), "", "not been confirmed")
    ask(run, plan(), plan().fingerprint)
    complete_plan("4_scope", run=run, now=NOW)
    refused(run, plan(), "", "nothing was written", minutes=90)


def test_a_refused_confirmation_is_used_up(run):
    """An expired or foreign fingerprint that the run has noted is forgotten: repeating the command without it writes
    nothing."""
    refused(run, plan(), "", "not been confirmed")
    run.save_choices("4_scope", {"confirm": plan().fingerprint, "pilot": "ann@contoso.example"})

    refused(run, plan(), run.choices("4_scope")["confirm"], "older than 60 minutes", minutes=61)

    assert run.choices("4_scope") == {"confirm": "", "pilot": "ann@contoso.example"}

    refused(run, plan(), run.choices("4_scope")["confirm"], "not been confirmed", minutes=62)


def test_what_this_run_has_not_shown_cannot_be_confirmed(run):
    """A fingerprint kept from an earlier run, however right, first has the plan shown again."""
    refused(run, plan(), plan().fingerprint, "before this run showed it")
    assert ask(run, plan(), plan().fingerprint, minutes=1).confirmed_utc
