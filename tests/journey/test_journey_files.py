"""The journey of the apps where another one acts: a vendor by mail, hosts to choose from, an app that is only
a file."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).parents[1] / "data" / "example-app.toml"


def run_folder(tmp_path, text):
    return tmp_path / re.search(r"run folder (.+)", text)[1].strip()


def record(folder, name):
    return json.loads((folder / "records" / f"{name}.json").read_text(encoding="utf-8"))


def checks(folder, name):
    return {check["code"]: check for check in record(folder, name)["checks"]}


def states(folder):
    return {step["state"] for step in json.loads((folder / "run.json").read_text(encoding="utf-8"))["steps"].values()}


def test_cloud_academy(scimkit, tmp_path):
    """Found under its new name, users only, eight hours of overlap, and userName looked at as the address it has to
    be."""
    done = scimkit("run", "onboard", "--app", "cloud-academy")
    assert done.returncode == 0, done.stdout + done.stderr

    folder = run_folder(tmp_path, done.stdout)
    assert states(folder) == {"passed"}
    assert record(folder, "3_enterprise_app")["data"]["display_name"] == "QA"
    assert record(folder, "2_token_note")["data"]["overlap_hours"] == 8
    assert record(folder, "5a_connection_report")["data"]["tenant_url"].endswith("/webhooks/ad/v1/scim")

    found = checks(folder, "5b_mapping_review")
    assert found["mapping.user_name"]["status"] == "passed"
    assert "mapping.groups" not in found
    assert "(unconfirmed)" in (folder / "1_plan.html").read_text(encoding="utf-8")

    page = (folder / "5a_connection.ipynb").read_text(encoding="utf-8").replace("<wbr>", "")
    assert (
        "https://app.qa.com/webhooks/ad/v1/scim (your company signs in at app.qa.com); used if none is chosen" in page
    )


def test_cloud_academy_warns_where_the_user_name_is_not_the_mail(scimkit, tmp_path):
    """Anna's mail is another one than her user name, and the app has no attribute for it: a warning, not the end."""
    done = scimkit("run", "onboard", "--app", "cloud-academy", "--set", "pilot=anna.schmidt@contoso.example")
    assert done.returncode == 0, done.stdout + done.stderr

    found = checks(run_folder(tmp_path, done.stdout), "5b_mapping_review")["mapping.user_name_not_mail"]
    assert found["status"] == "warning"
    assert "a.schmidt@contoso.example" in found["message"]
    assert found["remedy"]


def test_thrive(scimkit, tmp_path):
    """In the sandbox the vendor has answered; groups are on and matched, timezone invents no source, managers are
    looked at."""
    done = scimkit("run", "onboard", "--app", "thrive-lxp")
    assert done.returncode == 0, done.stdout + done.stderr

    folder = run_folder(tmp_path, done.stdout)
    assert states(folder) == {"passed"}
    assert not (folder / "2_mail.txt").exists()

    found = checks(folder, "5b_mapping_review")
    assert "timezone: needs a constant or an extension attribute" in found["mapping.row_missing"]["message"]
    assert found["mapping.groups"]["status"] == "passed"
    assert "matched by displayName" in found["mapping.groups"]["message"]
    assert found["mapping.renaming"]["status"] == "warning"

    manager = checks(folder, "4_scope")["scope.manager"]
    assert manager["status"] == "warning", "a manager who can never be in scope"
    assert "diego.blocked" in manager["message"], "a manager who can never be in scope"


@pytest.fixture
def thrive_tenant(tmp_path):
    """A sandbox in a process of its own, which scimkit.toml takes for a live tenant; no Tenant URL is noted."""
    server = subprocess.Popen(
        [sys.executable, "-m", "scimkit.cli", "sandbox", "--apps", "thrive-lxp"],
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
    )
    ready = json.loads(server.stdout.readline())
    (tmp_path / "scimkit.toml").write_text(
        '[tenants.contoso]\ntenant_id = "contoso.example"\nenvironment = "test"\nwrites = "ask"\nsign_in ='
        f' "access_token"\nsecret_ref = "env:GRAPH_TOKEN"\ngraph_url = "{ready["graph"]["base_url"]}"\npoll_seconds'
        " = 1\n",
        encoding="utf-8",
    )
    yield ready
    server.terminate()
    server.wait(timeout=20)
    server.stdout.close()


def test_live_waits_for_the_vendors_answer(scimkit, tmp_path, thrive_tenant, leaks):
    """Without a token: exit 3, the mail, the command; with it the run goes on, asks for the Tenant URL in words, and
    ends."""
    vendor = thrive_tenant["apps"]["thrive-lxp"]
    env = {"GRAPH_TOKEN": thrive_tenant["graph"]["token"]}
    options = ["--tenant", "contoso", "--set", "pilot=grace.oneill@contoso.example", "--runs", "runs"]
    waiting = scimkit("run", "onboard", "--app", "thrive-lxp", *options, env=env)
    assert waiting.returncode == 3, waiting.stdout + waiting.stderr
    folder = run_folder(tmp_path, waiting.stdout)
    mail = (folder / "2_mail.txt").read_text(encoding="utf-8")
    assert mail.startswith("To: support@thrivelearning.com\nSubject: ")
    assert "Tenant URL" in mail
    assert "SCIM token" in mail
    assert "waiting for Thrive LXP" in waiting.stdout
    assert "support@thrivelearning.com" in waiting.stdout
    assert "[apps.thrive-lxp]" in waiting.stdout
    command = waiting.stdout.strip().splitlines()[-1]
    assert command.startswith("scimkit run onboard --resume ")
    assert command.endswith("--set 2.token_ref=env:THRIVE_LXP_TOKEN")

    again = scimkit(*shlex.split(command)[1:], env=env)
    assert again.returncode == 3, "the answer is not there yet"
    assert again.stdout.strip().splitlines()[-1] == command, "the answer is not there yet"

    env["THRIVE_LXP_TOKEN"] = vendor["token"]
    asked_for_url = False
    for _ in range(9):
        step = scimkit(*shlex.split(command)[1:], env=env)
        if step.returncode == 2:
            asked_for_url = True
            assert "support gives it to each customer" in step.stdout
            assert "Ask support@thrivelearning.com" in step.stdout
            command = (
                f"scimkit run onboard --resume {shlex.quote(str(folder))} --set 5a.tenant_url={vendor['scim_url']}"
            )
        elif step.returncode == 3:
            command = step.stdout.strip().splitlines()[-1]
        else:
            break
    assert asked_for_url, step.stdout + step.stderr
    assert step.returncode == 0, step.stdout + step.stderr
    assert leaks(tmp_path, *env.values()) == []


def test_a_new_app_is_a_file(scimkit, tmp_path):
    """The example that README explains, copied into a folder of its own, goes through the whole journey."""
    own = tmp_path / "of my own"
    own.mkdir()
    shutil.copy(EXAMPLE, own / "my-app.toml")

    done = scimkit("run", "onboard", "--app", str(own / "my-app.toml"))

    assert done.returncode == 0, done.stdout + done.stderr

    folder = run_folder(tmp_path, done.stdout)
    assert states(folder) == {"passed"}
    assert record(folder, "1_readiness")["data"]["app"] == "northwind-campus"
    assert {row["target"] for row in record(folder, "5b_mapping_review")["data"]["rows"]} >= {"userName", "displayName"}
    assert {person["verdict"] for person in record(folder, "5c_pilot_result")["data"]["people"]} == {"proved"}
    assert "Northwind Campus" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_run_goes_on_without_its_apps_file(scimkit, tmp_path):
    """Between two calls the file changes and goes: the run goes on with its own copy and says so, in the report as
    well."""
    file = shutil.copy(EXAMPLE, tmp_path / "my-app.toml")
    refused = scimkit("run", "onboard", "--app", "my-app.toml", "--set", "pilot=diego.blocked@contoso.example")

    assert refused.returncode == 1, refused.stdout + refused.stderr

    folder = run_folder(tmp_path, refused.stdout)
    assert "Note:" not in refused.stdout

    file.write_text("name = 5", encoding="utf-8")
    again = scimkit("run", "onboard", "--resume", folder)

    assert again.returncode == 1, again.stdout + again.stderr
    assert "my-app.toml has changed" in again.stdout, again.stdout + again.stderr

    file.unlink()
    done = scimkit("run", "onboard", "--resume", folder, "--set", "4.pilot=grace.oneill@contoso.example")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Note: my-app.toml is gone" in done.stdout
    assert states(folder) == {"passed"}

    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "my-app.toml is gone" in page
    assert "Northwind Campus" in page


def test_a_new_app_without_gallery_entry(scimkit, tmp_path):
    """`added_by = "custom"`: made from Microsoft's template for such apps, whose many more rows are named as not in
    the app's table."""
    text = (
        EXAMPLE.read_text(encoding="utf-8")
        .replace('names = ["Northwind Campus"]', 'added_by = "custom"\nnames = ["Northwind Campus"]')
        .replace("groups = false", 'groups = "unclear"')
    )
    (tmp_path / "my-app.toml").write_text(text, encoding="utf-8")

    done = scimkit("run", "onboard", "--app", "my-app.toml")

    assert done.returncode == 0, done.stdout + done.stderr

    folder = run_folder(tmp_path, done.stdout)
    app = record(folder, "3_enterprise_app")["data"]

    assert (app["display_name"], app["template_id"], app["created"]) == ("Northwind Campus", "scim", True)
    assert app["gallery_template_id"] == "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
    assert "name.formatted" in checks(folder, "5b_mapping_review")["mapping.row_extra"]["message"]


def test_a_new_app_is_checked_and_described_by_its_file(scimkit, tmp_path):
    """`check` and `apps show` take the path as well, relative to where one is."""
    shutil.copy(EXAMPLE, tmp_path / "my-app.toml")
    asked = scimkit("check", "my-app.toml")

    assert asked.returncode == 0, asked.stdout + asked.stderr

    shown = scimkit("apps", "show", "my-app.toml")
    assert shown.returncode == 0
    assert "Northwind Campus (northwind-campus)" in shown.stdout
