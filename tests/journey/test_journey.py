"""The nine notebooks through the command line, as a service provider runs them."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from scimkit.journey.steps import STEPS
from scimkit.sandbox.identity import DEFAULT_SEED, sandbox_token

pytestmark = pytest.mark.slow
TOKEN = sandbox_token(DEFAULT_SEED, "oreilly")
GRAPH_TOKEN = sandbox_token(DEFAULT_SEED, "graph")
NAMES = [step.name for step in STEPS]


def run_folder(text):
    return re.search(r"run folder (.+)", text)[1].strip()


def state(folder):
    return json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))


def test_onboard_leaves_whole_evidence(scimkit, tmp_path, leaks):
    """One command onboards O'Reilly: nine notebooks with their pages, every record, the journal, a report, and no
    token."""
    done = scimkit("run", "onboard")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr

    folder = tmp_path / run_folder(done.stdout)
    for step in STEPS:
        notebook = json.loads((folder / f"{step.name}.ipynb").read_text(encoding="utf-8"))
        assert all(cell.get("execution_count") for cell in notebook["cells"] if cell["cell_type"] == "code")
        assert (folder / f"{step.name}.html").stat().st_size > 10_000
        for kind in step.records:
            snake = re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()
            record = json.loads(
                (folder / "records" / f"{step.name.split('_')[0]}_{snake}.json").read_text(encoding="utf-8")
            )
            assert record["kind"] == kind
            assert record["made_utc"].endswith("Z")

    journal = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "journal").iterdir())]

    assert {entry["state"] for entry in journal} == {"done"}
    assert [entry["number"] for entry in journal] == list(range(1, len(journal) + 1))
    assert [entry["step"] for entry in journal if entry["path"].endswith("/provisionOnDemand")] == ["5c_pilot"] * 2
    assert (folder / "report.html").exists()
    assert [step["state"] for step in state(folder)["steps"].values()] == ["passed"] * 9
    assert leaks(tmp_path, TOKEN, GRAPH_TOKEN) == []


def test_wrong_token_then_resume(scimkit, tmp_path, leaks):
    """A wrong token ends with 1 and its remedy; corrected, the run goes on where it stopped, in a sandbox started
    anew."""
    wrong = "not-the-token-of-this-app-0123456789"
    failed = scimkit("run", "onboard", "--set", "token_ref=env:APP_TOKEN", env={"APP_TOKEN": wrong})
    assert failed.returncode == 1
    lines = failed.stdout.strip().splitlines()
    assert lines[-3].startswith("5a_connection: connection.token_refused")
    assert lines[-2].startswith("What to do:")
    assert "Traceback" not in failed.stdout + failed.stderr
    folder = tmp_path / run_folder(failed.stdout)
    before = state(folder)["steps"]
    assert [before[name]["state"] for name in NAMES[:5]] == ["passed"] * 4 + ["failed"]

    again = subprocess.run(
        [sys.executable, "-m", "scimkit.cli", *shlex.split(lines[-1].split("scimkit ", 1)[1])],
        cwd=tmp_path,
        env={**__import__("os").environ, "APP_TOKEN": TOKEN, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert again.returncode == 0, again.stdout + again.stderr
    after = state(folder)["steps"]
    assert [after[name] for name in NAMES[:4]] == [before[name] for name in NAMES[:4]], "what passed was done again"
    made = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "journal").iterdir()]
    assert sum(entry["path"].endswith("/instantiate") for entry in made) == 1
    assert leaks(tmp_path, wrong, TOKEN, GRAPH_TOKEN) == []


@pytest.fixture
def live_like(tmp_path):
    """A sandbox in a process of its own, and a scimkit.toml that takes it for a live tenant."""
    server = subprocess.Popen(
        [sys.executable, "-m", "scimkit.cli", "sandbox", "--apps", "oreilly"],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
    )
    ready = json.loads(server.stdout.readline())

    def configure(writes):
        (tmp_path / "scimkit.toml").write_text(
            f'[tenants.contoso]\ntenant_id = "contoso.example"\nenvironment = "test"\nwrites = "{writes}"\nsign_in ='
            f' "access_token"\nsecret_ref = "env:GRAPH_TOKEN"\ngraph_url = "{ready["graph"]["base_url"]}"\npoll_seconds'
            f' = 1\n[apps.oreilly]\ntenant_url = "{ready["apps"]["oreilly"]["scim_url"]}"\nseats = 10\n',
            encoding="utf-8",
        )

    configure("never")
    yield ready, configure
    server.terminate()
    server.wait(timeout=20)
    server.stdout.close()


def test_live_tenant_is_written_to_only_as_confirmed(scimkit, tmp_path, live_like, leaks):
    """writes = "never" stops at the first write with 3; with "ask", following the printed commands goes to the end,
    one confirmation a writing notebook."""
    ready, configure = live_like
    env = {"GRAPH_TOKEN": ready["graph"]["token"], "APP_TOKEN": ready["apps"]["oreilly"]["token"]}
    options = [
        "--tenant",
        "contoso",
        "--set",
        "token_ref=env:APP_TOKEN",
        "--set",
        "pilot=grace.oneill@contoso.example",
        "--runs",
        "runs",
    ]
    stopped = scimkit("run", "onboard", *options, env=env)
    assert stopped.returncode == 3, stopped.stdout + stopped.stderr
    command = stopped.stdout.strip().splitlines()[-1]
    assert command.startswith("scimkit run onboard --resume ")
    assert "3.confirm=" in command
    (page,) = re.findall(r"The plan, with names: (\S+)", stopped.stdout)
    assert "provisioning job of" in (tmp_path / page).read_text(encoding="utf-8")
    assert 'writes = "never"' in stopped.stdout
    assert "nothing was written" in stopped.stdout
    headers = {"Authorization": f"Bearer {ready['graph']['token']}"}
    found = httpx.get(f"{ready['graph']['base_url']}/servicePrincipals", headers=headers, trust_env=False).json()[
        "value"
    ]
    assert [sp for sp in found if sp["displayName"] == "O'Reilly learning platform"] == []
    assert not list((tmp_path / run_folder(stopped.stdout)).glob("journal/*"))

    configure("ask")
    confirmed = []
    for _ in range(8):
        step = scimkit(*shlex.split(command)[1:], env=env)
        if step.returncode != 3:
            break
        confirmed.append(re.search(r"--set (\w+)\.confirm=", command)[1])
        command = step.stdout.strip().splitlines()[-1]
    assert step.returncode == 0, step.stdout + step.stderr
    confirmed.append(re.search(r"--set (\w+)\.confirm=", command)[1])
    assert confirmed == ["3", "4", "5a", "5c", "5d"]
    folder = tmp_path / run_folder(step.stdout)
    assert [s["state"] for s in state(folder)["steps"].values()] == ["passed"] * 9
    assert leaks(tmp_path, *env.values()) == []
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "grace.oneill" not in text, "the report masks people"


def test_an_assignment_seen_late_is_waited_for(scimkit, tmp_path):
    """The service sees an assignment minutes later: exit 3 with the command, and the command ends the journey."""
    waiting = scimkit("run", "onboard", "--fault", "slow_assignments=300")
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert "does not see the assignment yet" in waiting.stdout

    command = waiting.stdout.strip().splitlines()[-1]
    assert command.startswith("scimkit run onboard --resume ")

    done = scimkit(*shlex.split(command)[1:])
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_filter_to_try_changes_nothing(scimkit, tmp_path):
    """One that cannot be read ends before anything is assigned; a good one is judged, shown in the notebook, and not
    written."""
    wrong = scimkit("run", "onboard", "--set", "4.try_filter=department EQALS Sales")
    assert wrong.returncode == 2, wrong.stdout + wrong.stderr
    assert "try_filter" in wrong.stdout, wrong.stdout + wrong.stderr
    assert "Did you mean EQUALS" in wrong.stdout, wrong.stdout + wrong.stderr

    [folder] = (tmp_path / "runs").iterdir()
    assert not [
        path for path in (folder / "journal").iterdir() if "appRoleAssignedTo" in path.read_text(encoding="utf-8")
    ]

    done = scimkit("run", "onboard", "--resume", folder, "--set", "4.try_filter=department EQUALS Engineering")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing was written" in (folder / "4_scope.ipynb").read_text(encoding="utf-8")
    assert not [path for path in (folder / "journal").iterdir() if "EQUALS" in path.read_text(encoding="utf-8")]
