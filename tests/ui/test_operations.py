"""Operations: notebooks in runbooks/ that work on an app which is set up, in a run of their own or in the journey's."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scimkit.errors import ConfigError, NotReady, PlanRefused
from scimkit.evidence import checks
from scimkit.evidence.runs import RunStore
from scimkit.headless.lab import prepare_lab
from scimkit.headless.runbook import names, read_runbook
from scimkit.journey.steps import LAST_PLAYED, STEPS, is_operation
from scimkit.notebook.shipped import shipped
from scimkit.operations.mapping_backup.restore import MappingRestore
from scimkit.sandbox.process import stop

NOW = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)
OPERATIONS = sorted(path.stem for path in shipped("runbooks").glob("*.ipynb"))


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A working folder that belongs to no run, and no configuration but its own."""
    monkeypatch.chdir(tmp_path)
    for name in ("SCIMKIT_RUN", "SCIMKIT_CONFIG", "SCIMKIT_FRONT_END"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))


def begin(step: str, **parameters: Any) -> Any:
    """What the second cell of a notebook does, its parameters cell having set `parameters`."""
    space: dict[str, Any] = dict(parameters)
    exec(f"from scimkit import begin\nhere = begin({step!r})", space)
    return space["here"]


def make_run(folder: Path, runbook: str, tenant: str = "sandbox") -> RunStore:
    return RunStore.create(folder, app="oreilly", tenant=tenant, runbook=runbook, steps=("mapping_backup",), now=NOW)


def restored() -> MappingRestore:
    return MappingRestore("j", "", "", "", (), (), "", False, (checks.passed("mapping_backup.read_only", "nothing"),))


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_is_a_runbook(name: str) -> None:
    """It is found by its name, is one step of that name, and no step of the journey."""
    assert name in names()
    assert is_operation(name)
    assert [step.name for step in read_runbook(name).steps] == [name]


@pytest.mark.slow
def test_a_run_of_its_own_is_set_up_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the sandbox the journey is played into the run, up to the running job, once; interrupted, the rest follows."""
    run = make_run(tmp_path, "mapping_backup")
    here = begin("mapping_backup", run=str(run.folder))
    try:
        assert "the journey was run quietly first" in capsys.readouterr().out
        names = [step.name for step in STEPS]
        played = names[: names.index(LAST_PLAYED) + 1]
        assert [name for name, step in run.state()["steps"].items() if step["state"] == "passed"] == played
        assert here.enterprise_app.created
        assert (
            here.graph.job(here.enterprise_app.service_principal_id, here.enterprise_app.job_id)["schedule"]["state"]
            == "Active"
        )
        writes = len(run.list("journal"))
        run.set_step(LAST_PLAYED, "interrupted")
        begin("mapping_backup", run=str(run.folder))
        assert run.state()["steps"][LAST_PLAYED]["state"] == "passed", "the job runs already"
        assert len(run.list("journal")) == writes, "the job runs already"
        begin("mapping_backup", run=str(run.folder))
        assert "quietly" not in capsys.readouterr().out.split("quietly", 1)[1]
        assert str(here.close(restored())) == "mapping_backup is done."
    finally:
        here.access.close()
        stop(here.access.sandbox)


@pytest.mark.slow
def test_a_run_of_the_journey_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In an administrator's own run nothing is played: the app has to be set up, or named."""
    run = make_run(tmp_path, "onboard")
    here = begin("mapping_backup", run=str(run.folder))
    try:
        with pytest.raises(PlanRefused, match="has not set up O'Reilly learning platform") as caught:
            _ = here.enterprise_app
        assert "1_plan" in caught.value.remedy
        assert run.list("journal") == ()
        assert "quietly" not in capsys.readouterr().out
    finally:
        here.access.close()
        stop(here.access.sandbox)


def test_live_without_a_run(tmp_path: Path) -> None:
    """Live nothing is played, and the command that makes a run is named."""
    Path("scimkit.toml").write_text(
        '[tenants.contoso]\ntenant_id = "contoso.example"\nenvironment = "test"\n', encoding="utf-8"
    )
    with pytest.raises(NotReady, match="needs a run") as caught:
        begin("mapping_backup", app="oreilly", tenant="contoso")
    assert "scimkit run mapping_backup --app oreilly --tenant contoso" in caught.value.remedy


def test_what_does_not_exist() -> None:
    """A name that is neither a step nor an operation is said to be no notebook."""
    with pytest.raises(ConfigError, match=r"nonsense\.ipynb is not a notebook"):
        begin("nonsense")


def test_a_lab_has_them_too(tmp_path: Path) -> None:
    """A lab's folder has a working copy of every operation beside the journey."""
    run = prepare_lab(None, None, runs=tmp_path / "runs", resume=None, config=None)
    assert {f"{name}.ipynb" for name in OPERATIONS} <= set(run.list())
