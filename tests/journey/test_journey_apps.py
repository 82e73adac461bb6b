"""The journey of the apps whose ways differ from O'Reilly's: another order, an app that is adopted, another
matching."""

import json
import re
import shlex
import subprocess
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from scimkit.apps import load

pytestmark = pytest.mark.slow


def run_folder(tmp_path, text):
    return tmp_path / re.search(r"run folder (.+)", text)[1].strip()


def record(folder, name):
    return json.loads((folder / "records" / f"{name}.json").read_text(encoding="utf-8"))


def checks(folder, name):
    return {check["code"]: check["status"] for check in record(folder, name)["checks"]}


@pytest.mark.parametrize("app", ["linkedin-learning", "theorgwiki"])
def test_onboard(scimkit, tmp_path, app):
    """All nine notebooks pass in the app's own order, and each names the next one in it."""
    done = scimkit("run", "onboard", "--app", app)
    assert done.returncode == 0, done.stdout + done.stderr

    folder = run_folder(tmp_path, done.stdout)
    steps = json.loads((folder / "run.json").read_text(encoding="utf-8"))["steps"]

    order = load(app).journey_order

    assert tuple(steps) == order
    assert {step["state"] for step in steps.values()} == {"passed"}
    for step, following in pairwise(order):
        assert f"Next: {following}.ipynb" in (folder / f"{step}.ipynb").read_text(encoding="utf-8")


def test_linkedin_warns_of_leavers_and_asks_about_licences(scimkit, tmp_path):
    """No row for active is a warning, not the end; matching is by externalId; what nobody answered is said to be
    assumed."""
    done = scimkit("run", "onboard", "--app", "linkedin-learning")
    folder = run_folder(tmp_path, done.stdout)

    assert checks(folder, "5b_mapping_review")["mapping.active_missing"] == "warning"
    assert record(folder, "5a_connection_report")["data"]["matching"] == "externalId"
    assert checks(folder, "4_scope")["scope.role"] == "passed"

    plan = checks(folder, "1_readiness")
    assert {plan[f"plan.{key}"] for key in ("approved", "auto_assign", "application_instance", "licence_type")} == {
        "warning"
    }


def test_theorgwiki_is_adopted_and_its_rows_are_discovered(scimkit, tmp_path):
    """The app of the sign-up is used, none is made; rows come from the live schema and /Schemas."""
    done = scimkit("run", "onboard", "--app", "theorgwiki")
    folder = run_folder(tmp_path, done.stdout)

    app = record(folder, "3_enterprise_app")["data"]

    assert (app["created"], app["gallery_template_id"], app["application_id"]) == (False, "", "")

    paths = [json.loads(path.read_text(encoding="utf-8"))["path"] for path in (folder / "journal").iterdir()]
    assert not [path for path in paths if path.endswith("/instantiate")]

    found = checks(folder, "5b_mapping_review")
    assert (found["mapping.not_published"], found["mapping.discovered"]) == ("warning", "passed")
    assert record(folder, "5a_connection_report")["data"]["tenant_url"].endswith("/api/v2/scim/v2/")


def test_a_notebook_alone_plays_the_earlier_ones_in_the_apps_order(tmp_path):
    """2_token of TheOrgWiki comes after 3_app, so that has been done when it is opened alone."""
    import sys

    code = """
from scimkit.tenant import load_config
from scimkit.ui.replay import temporary_run
given = {"app": "theorgwiki", "tenant": "sandbox"}
run = temporary_run("2_token", given, load_config())
passed = [name for name, step in run.state()["steps"].items() if step["state"] == "passed"]
print(*passed, run.get("3_app", "EnterpriseApp").display_name)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", timeout=300
    )
    assert done.stdout.split() == ["1_plan", "3_app", "TheOrgWiki"], done.stdout + done.stderr


@pytest.fixture
def orgwiki_tenant(tmp_path):
    """A sandbox in a process of its own, which scimkit.toml takes for a live tenant."""
    import sys

    server = subprocess.Popen(
        [sys.executable, "-m", "scimkit.cli", "sandbox", "--apps", "theorgwiki"],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
    )
    ready = json.loads(server.stdout.readline())
    (tmp_path / "scimkit.toml").write_text(
        '[tenants.contoso]\ntenant_id = "contoso.example"\nenvironment = "test"\nwrites = "ask"\nsign_in ='
        f' "access_token"\nsecret_ref = "env:GRAPH_TOKEN"\ngraph_url = "{ready["graph"]["base_url"]}"\npoll_seconds ='
        f' 1\n[apps.theorgwiki]\ntenant_url = "{ready["apps"]["theorgwiki"]["scim_url"]}"\n',
        encoding="utf-8",
    )
    yield ready
    server.terminate()
    server.wait(timeout=20)
    server.stdout.close()


def test_live_waits_for_the_sign_up_and_for_the_adoption(scimkit, tmp_path, orgwiki_tenant):
    """Without a sign-up the run waits and says how; after it, it asks to adopt the app by name; nothing was made."""
    origin = orgwiki_tenant["graph"]["base_url"].removesuffix("/v1.0")
    env = {"GRAPH_TOKEN": orgwiki_tenant["graph"]["token"], "APP_TOKEN": orgwiki_tenant["apps"]["theorgwiki"]["token"]}
    options = ["--tenant", "contoso", "--set", "token_ref=env:APP_TOKEN", "--set", "pilot=grace.oneill@contoso.example"]
    waiting = scimkit("run", "onboard", "--app", "theorgwiki", *options, env=env)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    assert "Sign up: open TheOrgWiki in the portal's gallery" in waiting.stdout
    command = waiting.stdout.strip().splitlines()[-1]

    assert httpx.post(f"{origin}/sandbox/sign_up", json={"app": "theorgwiki"}, trust_env=False).status_code == 200
    asked = scimkit(*shlex.split(command)[1:], env=env)
    command = asked.stdout.strip().splitlines()[-1]
    assert asked.returncode == 3, asked.stdout
    assert command.endswith("--set 3.adopt=TheOrgWiki"), asked.stdout
    folder = run_folder(tmp_path, asked.stdout)
    assert not list(Path(folder).glob("journal/*"))

    confirmed = []
    for _ in range(8):
        step = scimkit(*shlex.split(command)[1:], env=env)
        if step.returncode != 3:
            break
        command = step.stdout.strip().splitlines()[-1]
        confirmed.append(re.search(r"--set (\w+)\.confirm=", command)[1])
    assert step.returncode == 0, step.stdout + step.stderr
    assert confirmed == ["3", "4", "5a", "5c", "5d"]
