"""The command line: usage is exit 2 with words, an accident is exit 4 without a secret, and nothing is silently
ignored."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from scimkit import __version__
from scimkit.cli import main
from scimkit.credentials import REDACTOR, Secret
from scimkit.errors import ConfigError
from scimkit.headless.lab import prepare_lab
from scimkit.notebook.parameters import declared_parameters

SECRET = "planted-secret-0123456789"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCIMKIT_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))


def call(*arguments):
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nonsense"], "there is no runbook nonsense"),
        (["run", "--app", "nonsense"], "no app called 'nonsense'"),
        (["run", "--app", "nowhere/x.toml"], "x.toml"),
        (["run", "--tenant", "nonsense"], "no tenant 'nonsense'"),
        (["run", "--tenant", "contoso", "--people", "5"], "for the sandbox only"),
        (["run", "--tenant", "contoso", "--fault", "html"], "for the sandbox only"),
        (["run", "--set", "nonsense=1"], "no parameter nonsense"),
        (["run", "--set", "9z.seats=1"], "no step 9z"),
        (["run", "--set", "seats=many"], "wants a whole number"),
        (["run", "--set", f"token_ref={SECRET}"], "not a reference"),
        (["run", "--resume", "nowhere"], "is not a run"),
        (["run", "--config", "nowhere.toml"], "does not exist"),
        (["check", "https://scim.example.com"], "which token?"),
        (["check", "oreilly", "--ca-file", "x.pem"], "is for a URL"),
        (["check", "nonsense", "--token", "env:X"], "no app called"),
        (["report", "."], "is not a run"),
        (["sandbox", "--fault", "nonsense"], "no fault 'nonsense'"),
        (["apps", "show", "nonsense"], "no app called"),
        (["lab", "--app", "nonsense"], "no app called"),
        (["lab", "--resume", "nowhere"], "is not a run"),
        (["nonsense"], "No such command"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_wrong_usage(arguments, words):
    """Each slip is exit 2 with its sentence; no traceback, no secret, and no run folder."""
    done = call(*arguments)

    assert done.exit_code == 2, done.output
    assert words in done.output, done.output
    assert "Traceback" not in done.output
    assert SECRET not in done.output
    assert not list(Path.cwd().glob("runs/*"))


def test_an_accident_is_exit_4(monkeypatch):
    """What scimkit did not foresee is not taken for a failed check, and what it shows has passed the redactor."""
    REDACTOR.register(Secret(SECRET))

    def broken():
        raise ZeroDivisionError(f"with {SECRET}")

    monkeypatch.setattr("scimkit.doctor.examine", broken)
    done = call("doctor")
    assert done.exit_code == 4
    assert "ZeroDivisionError" in done.output
    assert "did not foresee" in done.output
    assert SECRET not in done.output


def test_interrupted_is_130(monkeypatch):
    """Ctrl-C is said, not shown as a traceback."""

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("scimkit.doctor.examine", interrupted)
    done = call("doctor")
    assert done.exit_code == 130
    assert "Interrupted" in done.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--version"], __version__),
        (["--help"], "onboard"),
        (["apps"], "oreilly"),
        (["apps", "--json"], '"oreilly"'),
        (["apps", "show", "oreilly"], "O'Reilly"),
        (["apps", "show", "oreilly", "--json"], '"name"'),
    ],
)
def test_what_can_be_read(arguments, words):
    """Help, version and profiles answer at once."""
    done = call(*arguments)
    assert done.exit_code == 0
    assert words in done.output or arguments == ["--help"]


def test_doctor_on_this_machine():
    """The machine the tests run on is fit, and a scimkit.toml that is not is found."""
    assert call("doctor").exit_code == 0
    assert {"code", "status", "message", "remedy", "source"} == set(
        json.loads(call("doctor", "--json").output)["checks"][0]
    )

    Path("scimkit.toml").write_text("[tenants.contoso", encoding="utf-8")
    done = call("doctor")

    assert done.exit_code == 2
    assert "doctor.config" in done.output


def test_a_lab_s_notebooks_say_where_they_work(tmp_path):
    """A working copy has the run's own app and tenant in its parameters, and no output of the shipped example."""
    run = prepare_lab("thrive-lxp", None, runs=tmp_path / "runs", resume=None, config=None)
    for name in ("1_plan.ipynb", "mapping_backup.ipynb"):
        cells = json.loads(run.read(name))["cells"]
        (source,) = ("".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", []))
        assert 'app = "thrive-lxp"  # the app: ' in source
        assert 'tenant = "sandbox"  # ' in source
        assert [parameter.name for parameter in declared_parameters(run.folder / name)][:3] == ["app", "tenant", "run"]
        assert not any(cell["outputs"] or cell["execution_count"] for cell in cells if cell["cell_type"] == "code")


def test_a_lab_is_a_working_copy(tmp_path):
    """A lab is a run with a copy of every notebook; opened again it keeps what was changed, and refuses another app
    or tenant."""
    run = prepare_lab(None, None, runs=tmp_path / "runs", resume=None, config=None)
    assert len(run.list()) >= 10
    assert run.state()["app"] == "oreilly"

    run.write("1_plan.ipynb", "mine")
    assert prepare_lab(None, None, runs=tmp_path, resume=run.folder, config=None).read("1_plan.ipynb") == "mine"

    for app, tenant in (("thrive-lxp", None), (None, "contoso")):
        with pytest.raises(ConfigError, match="is a run of"):
            prepare_lab(app, tenant, runs=tmp_path, resume=run.folder, config=None)
