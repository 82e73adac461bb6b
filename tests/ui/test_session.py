"""`begin()`: which run a notebook works in, with which values, and what it leaves."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scimkit.errors import ConfigError, NotReady, RunError, ScimkitError, Waiting
from scimkit.evidence import checks
from scimkit.evidence.change_plan import PlannedChange
from scimkit.evidence.runs import RunStore
from scimkit.journey.steps import STEPS
from scimkit.journey.token_note import TokenNote
from scimkit.sandbox.process import stop

NOW = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
LIVE = '[tenants.contoso]\ntenant_id = "contoso.example"\nenvironment = "test"\n'


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """A working folder that belongs to no run, and no configuration but its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("SCIMKIT_RUN", "SCIMKIT_CONFIG", "SCIMKIT_FRONT_END"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))


def begin(step, **parameters):
    """What the second cell of a notebook does, its parameters cell having set `parameters`."""
    space = dict(parameters)
    exec(f"from scimkit import begin\nhere = begin({step!r})", space)
    return space["here"]


def make_run(folder, tenant="sandbox", app="oreilly"):
    return RunStore.create(
        Path(folder), app=app, tenant=tenant, runbook="onboard", steps=tuple(step.name for step in STEPS), now=NOW
    )


@dataclass(frozen=True)
class Outcome:
    """Stands for a record where only its checks count."""

    checks: tuple[checks.Check, ...]


def note(*findings):
    return TokenNote("oreilly", "Token", "sandbox", "you", "", None, "", tuple(findings))


@pytest.mark.slow
def test_a_notebook_alone_plays_the_earlier_ones(capsys):
    """In the sandbox, without a run, the earlier steps are done quietly in a temporary one, and it is said."""
    here = begin("3_app", app="oreilly", tenant="sandbox", run="", display_name="", adopt="", confirm="sandbox")
    try:
        said = capsys.readouterr().out
        assert "No run here" in said
        assert "writes: only into the sandbox" in said
        assert said.count("\n") == 2
        states = [here.run.state()["steps"][step.name]["state"] for step in STEPS]
        assert states == ["passed", "passed", "running"] + ["pending"] * 6
        assert here.record("Readiness").title == "O'Reilly learning platform"
        assert here.run.state()["temporary"]
        assert here.token().label
        assert "token" not in repr(here).lower()
    finally:
        here.access.close()
        stop(here.access.sandbox)


def test_live_nothing_is_played():
    """In a live tenant a notebook without a run stops and says how to make one."""
    Path("scimkit.toml").write_text(LIVE, encoding="utf-8")
    with pytest.raises(NotReady, match="needs a run") as caught:
        begin("3_app", app="oreilly", tenant="contoso")
    assert "scimkit lab --app oreilly --tenant contoso" in caught.value.remedy


def test_which_run(tmp_path, monkeypatch):
    """The run parameter wins over SCIMKIT_RUN, which wins over the folder the notebook lies in."""
    named, told, around = (make_run(tmp_path / name) for name in ("a", "b", "c"))
    monkeypatch.chdir(around.folder)

    assert begin("1_plan", run="").run.name == around.name

    monkeypatch.setenv("SCIMKIT_RUN", str(told.folder))
    assert begin("1_plan", run="").run.name == told.name
    assert begin("1_plan", run=os.path.relpath(named.folder)).run.name == named.name


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_run_that_is_none(tmp_path, damage):
    """A folder that is no run, or whose state is damaged, is refused by name."""
    folder = tmp_path / "x"
    if damage == "damaged":
        folder = make_run(tmp_path).folder
        (folder / "run.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match="is not a run" if damage == "missing" else "is damaged"):
        begin("1_plan", run=str(folder))


@pytest.mark.parametrize(
    ("parameters", "error", "words"),
    [
        ({"seats": "many"}, ConfigError, "seats wants a whole number"),
        ({"single_sign_on": "sometimes"}, ConfigError, "single_sign_on is 'sometimes'"),
        ({"app": 5}, ConfigError, "app wants text"),
        ({"tenant": "contoso"}, ConfigError, "tenant is 'contoso' here, but this run says 'sandbox'"),
        ({"seats": 5}, ConfigError, "seats is 5 here, but this run says 7"),
    ],
)
def test_values_that_disagree(tmp_path, parameters, error, words):
    """A wrong type, and a value that is not what the run says, are errors instead of guesses."""
    run = make_run(tmp_path)
    run.save_choices("1_plan", {"seats": 7})
    with pytest.raises(error, match=words):
        begin("1_plan", run=str(run.folder), **parameters)


def test_a_name_that_papermill_was_given_by_mistake(tmp_path):
    """papermill only warns of it: the notebook would run with the default instead."""
    run = str(make_run(tmp_path).folder)
    injected = "# Parameters\npilot = \"grace.oneill@contoso.example\"\npiolt = [1, {'a': None}]\n"

    with pytest.raises(ConfigError, match="4_scope has no parameter piolt") as caught:
        begin("4_scope", run=run, In=["", "piolts = 1", injected])

    assert "Did you mean pilot?" in caught.value.remedy

    begin("1_plan", run=run, In=["", "# Parameters\nseats = 20\n", "anything = 1"])


@pytest.mark.parametrize("parameters", [{}, {"seats": 0}, {"seats": 7}, {"seats": "7"}])
def test_the_run_s_choice_counts(tmp_path, parameters):
    """What was chosen before holds where the notebook says nothing else, or the same."""
    run = make_run(tmp_path)
    run.save_choices("1_plan", {"seats": 7})
    assert begin("1_plan", run=str(run.folder), **parameters).form.seats == 7


def test_a_choice_of_another_type_is_an_error(tmp_path):
    """A run.json somebody has edited is checked like any other value."""
    run = make_run(tmp_path)
    run.save_choices("1_plan", {"seats": "seven"})
    with pytest.raises(ConfigError, match=r"run\.json: parameter seats"):
        begin("1_plan", run=str(run.folder))


def test_a_tenant_that_is_gone(tmp_path):
    """A run of a tenant that scimkit.toml does not have any more says so."""
    run = make_run(tmp_path, tenant="contoso")
    with pytest.raises(ConfigError, match="no tenant 'contoso'"):
        begin("1_plan", run=str(run.folder))


def test_records_stop_the_line(tmp_path):
    """A record that is missing names its notebook, one with a failed check its remedy; an unknown kind is said."""
    here = begin("3_app", run=str(make_run(tmp_path).folder))
    with pytest.raises(RunError, match="no TokenNote yet") as missing:
        here.record("TokenNote")

    assert "2_token" in missing.value.remedy

    here.run.keep("2_token", note(checks.failed("token.expired", "it ended", "Make a new one.")), now=NOW)
    with pytest.raises(NotReady, match=r"token\.expired") as stopped:
        here.record("TokenNote")

    assert stopped.value.remedy == "Make a new one."

    here.run.keep("2_token", note(checks.warning("token.expiry_unknown", "who knows")), now=NOW)
    assert here.record("TokenNote").reference == "sandbox"

    with pytest.raises(RunError, match="no step leaves a record called Nonsense"):
        here.record("Nonsense")


@pytest.mark.parametrize(
    ("app", "words"),
    [
        ("oreilly", "nothing: O'Reilly learning platform has no further questions"),
        ("thrive-lxp", "rename_planned=no or yes (Will user names (user principal names) be renamed soon?)"),
        ("linkedin-learning", "application_instance=… (Which application instance is the SCIM configuration for?)"),
    ],
)
def test_further_decisions_name_the_app_s_own_questions(tmp_path, app, words):
    """Nobody has to guess a key: the field says which there are, with their answers and their questions."""
    here = begin("1_plan", run=str(make_run(tmp_path, app=app).folder))
    assert words in here.form.help("decisions")


def test_how_a_step_ends(tmp_path):
    """Running at first; failed, with its remedy, when a kept record has a failed check; passed when it is closed."""
    here = begin("2_token", run=str(make_run(tmp_path).folder))

    def state():
        return here.run.state()["steps"]["2_token"]

    assert state()["state"] == "running"
    here.keep(note(checks.failed("token.expired", "it ended", "Make a new one.")))
    assert (state()["state"], state()["remedy"]) == ("failed", "Make a new one.")
    with pytest.raises(NotReady):
        here.close(here.run.get("2_token", "TokenNote"))
    assert state()["state"] == "failed"
    done = here.close(here.keep(note(checks.warning("token.x", "hm"))))
    assert "with 1 point to check. Next: 3_app" in str(done)
    assert '<a href="3_app.ipynb">3_app.ipynb</a>' in done._repr_html_()
    assert (state()["state"], state()["message"], state()["remedy"]) == ("passed", "", "")


def test_confirming(tmp_path):
    """An empty plan needs nothing; a plan is kept with its confirmation, and closing the step completes it."""
    here = begin("4_scope", run=str(make_run(tmp_path).folder))
    assert "Nothing to write" in str(here.confirm(here.plan((), summary="Assign.")))
    assert not here.run.has("4_scope", "ChangePlan")

    plan = here.plan((PlannedChange("assign", "ann to App"),), summary="Assign.")
    assert plan.fingerprint in str(here.confirm(plan))
    assert here.run.get("4_scope", "ChangePlan").confirmed_utc
    assert not here.run.get("4_scope", "ChangePlan").completed_utc

    here.close(Outcome(()))
    assert here.run.get("4_scope", "ChangePlan").completed_utc


@pytest.mark.parametrize(
    "value",
    [checks.failed("x.y", "no", "Do."), Outcome((checks.passed("a.b", "yes"), checks.failed("x.y", "no", "Do.")))],
)
def test_require(tmp_path, value):
    """One check or a record with checks: a failed one stops the notebook."""
    here = begin("5a_connection", run=str(make_run(tmp_path).folder))
    here.require(checks.passed("a.b", "yes"))
    with pytest.raises(NotReady, match=r"x\.y"):
        here.require(value)


def test_seats_come_from_the_file(tmp_path):
    """What scimkit.toml says of the app is what its values are."""
    Path("scimkit.toml").write_text("[apps.oreilly]\nseats = 12\n", encoding="utf-8")
    assert begin("1_plan", run=str(make_run(tmp_path).folder)).values.seats == 12


def test_headless_nobody_is_asked(tmp_path):
    """A token that must be typed cannot be had without anybody there: exit code 2, not a hanging prompt."""
    here = begin("2_token", run=str(make_run(tmp_path).folder))
    with pytest.raises(ScimkitError) as caught:
        here.token("prompt")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("app", "words"),
    [
        ("oreilly", "Paste it into the masked field above"),
        ("thrive-lxp", "Send the mail above, and wait for the reply. Then paste it"),
    ],
)
def test_live_the_empty_field_is_pointed_at(tmp_path, monkeypatch, app, words):
    """Whoever runs all cells before having entered a token is told where to enter it, and not of a reference."""
    Path("scimkit.toml").write_text(LIVE, encoding="utf-8")
    here = begin("2_token", run=str(make_run(tmp_path, tenant="contoso", app=app).folder))
    monkeypatch.setenv("SCIMKIT_FRONT_END", "1")

    with pytest.raises(Waiting, match="has been entered yet") as caught:
        here.token("sandbox")

    assert words in caught.value.remedy

    monkeypatch.setenv("SCIMKIT_FRONT_END", "0")
    with pytest.raises(ScimkitError) as caught:
        here.token("sandbox")

    assert "masked field" not in caught.value.remedy
