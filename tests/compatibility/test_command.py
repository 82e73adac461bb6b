"""`scimkit check`: what it refuses to write, what it prints, how it ends, and what it leaves on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
TOML = """
[tenants.contoso]
environment = "production"
writes = "ask"
[tenants.contoso-test]
environment = "test"
writes = "ask"
[tenants.contoso-read]
environment = "test"
"""


@pytest.fixture
def check(scimkit):
    """Run `scimkit check` against a world; (exit code, stdout, stderr). The token shows nowhere."""

    def run(place, *options, token=None, **more):
        token = token or place.token
        done = scimkit("check", place.url, "--token", "env:APP_TOKEN", *options, env={"APP_TOKEN": token}, **more)
        assert "Traceback" not in done.stdout + done.stderr
        assert token not in done.stdout + done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


def probes(tmp_path):
    """Files of the ledger."""
    return sorted(path.name for path in tmp_path.rglob("probes/*"))


# -- reading -------------------------------------------------------------------------


def test_without_write_nothing_is_written(world, check, tmp_path):
    """The connection test and what can be found out by reading; exit 0, and it says what was not asked."""
    place = world()
    code, out, _ = check(place)

    assert code == 0
    assert {entry["method"] for entry in place.state()["log"]} == {"GET"}
    assert "--write" in out
    assert "nothing was written" in out
    assert not probes(tmp_path)


def test_reading_alone_finds_what_reading_can(world, check):
    """A search without a match that is answered 404 fails in both parts, with exit 1."""
    code, out, _ = check(world("empty_search_404"))

    assert code == 1
    assert "connection.filter_not_found" in out
    assert "A search without a match" in out


def test_json_is_one_object(world, check):
    """Exchanges, checks of the connection, and the whole record."""
    code, out, _ = check(world(), "--json")
    found = json.loads(out)

    assert code == 0
    assert {"exchanges", "checks", "compatibility"} == set(found)
    assert found["compatibility"]["verdict"] == "unknown"
    assert found["compatibility"]["rows"]


def test_where_the_connection_fails_it_comes_first(world, check):
    """With a wrong token nothing more is asked."""
    place = world()
    code, out, _ = check(place, "--write", "--test-tenant", token="another-token-0123456789")

    assert code == 1
    assert "fix connection.token_refused first" in out
    assert {entry["method"] for entry in place.state()["log"]} == {"GET"}


# -- writing -------------------------------------------------------------------------


def test_with_write_a_right_server_works(world, check, tmp_path):
    """Verdict on the last lines, exit 0, nothing left at the app or on the ledger."""
    place = world()
    code, out, err = check(place, "--write", "--test-tenant")

    assert code == 0, out + err
    assert "created and removed" in out.splitlines()[-1]
    assert place.residue() == []
    assert not probes(tmp_path)


def test_a_defect_is_told_with_what_to_do(world, check):
    """The cause, what was sent and came back, what it means, and the way until it is mended; exit 1."""
    code, out, _ = check(world("remove_member_clears_all"), "--write", "--test-tenant")

    assert code == 1
    for words in (
        "Removing one member removes all members",
        "sent",
        "got",
        "means",
        "meanwhile",
        "to fix",
        "Switch the group mapping off",
    ):
        assert words in out
    assert max(map(len, out.splitlines())) <= 100 or all(
        len(line) <= 100 for line in out.split("What Entra will send", 1)[1].splitlines()
    )


def test_what_cannot_be_removed_is_named_with_the_way_out(world, check, tmp_path):
    """An endpoint that refuses DELETE: exit 1, the names, and the ledger keeps them for --cleanup."""
    place = world("delete_405")
    code, out, _ = check(place, "--write", "--test-tenant")

    assert code == 1
    assert "LEFT IN THE APP" in out
    assert "--cleanup" in out
    assert place.residue()
    assert all(name in out for _, name in place.residue())
    assert [name for name in probes(tmp_path) if name.endswith(".json")]

    code, out, _ = check(place, "--cleanup")
    assert code == 1
    assert "LEFT" in out
    assert "could not be removed" in out


def test_a_deadline_ends_it(world, check):
    """Slow answers: it ends in time and says that it could not finish."""
    place = world("slow")
    code, out, _ = check(place, "--write", "--test-tenant", "--deadline", "6", timeout=120)

    assert code in (1, 4)
    assert "time" in out
    assert place.residue() == []


# -- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--write"], "--test-tenant"),
        (["--write", "--test-tenant", "--tenant", "contoso"], "production"),
        (["--write", "--tenant", "contoso-read"], "never"),
        (["--write", "--cleanup"], "one of them"),
        (["--write", "--tenant", "sandbox"], "used as it is"),
        (["--write", "--tenant", "nobody"], "there is no tenant"),
    ],
)
def test_refused_before_a_token_travels(world, check, tmp_path, options, words):
    """Exit 2, a sentence that names option or key, and not one request."""
    (tmp_path / "scimkit.toml").write_text(TOML, encoding="utf-8")
    place = world()

    code, out, err = check(place, *options)

    assert code == 2, out + err
    assert words in err, out + err
    assert place.state()["requests"] == 0
    assert not probes(tmp_path)


def test_a_tenant_declared_as_test_is_enough(world, check, tmp_path):
    """scimkit.toml says so: no option is needed."""
    (tmp_path / "scimkit.toml").write_text(TOML, encoding="utf-8")
    code, out, err = check(world(), "--write", "--tenant", "contoso-test")
    assert code == 0, out + err


@pytest.mark.parametrize("app", ["linkedin-learning", "thrive-lxp"])
def test_an_app_that_does_not_delete_is_refused_in_the_sandbox_too(scimkit, app):
    """What its imitation would keep is not made."""
    done = scimkit("check", app, "--write")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "on_delete" in done.stderr, done.stdout + done.stderr


def test_a_shipped_apps_own_address_is_refused(scimkit):
    """Given as an address it is the same app; refused before its name is even looked up."""
    done = scimkit(
        "check",
        "https://api.oreilly.com/api/scim/v2",
        "--token",
        "env:APP_TOKEN",
        "--write",
        "--test-tenant",
        env={"APP_TOKEN": "x" * 20},
    )
    assert done.returncode == 2
    assert "capabilities.delete" in done.stderr


def test_an_app_in_the_sandbox(scimkit, tmp_path):
    """The sandbox is a test tenant; its gallery app is probed whole, and no ledger is left."""
    done = scimkit("check", "oreilly", "--write", "--json")
    found = json.loads(done.stdout)["compatibility"]

    assert done.returncode == 0, done.stdout + done.stderr
    assert found["written"]
    assert found["verdict"] == "works"
    assert not found["left_behind"]
    assert found["note"]
    assert not probes(tmp_path)


def test_onboard_never_writes_so():
    """No notebook and no runbook calls the writing probe."""
    from pathlib import Path

    root = Path(__file__).parents[2]
    for path in [*root.glob("notebooks/*.ipynb"), *root.glob("runbooks/*")]:
        assert "probe_compatibility" not in path.read_text(encoding="utf-8"), path


# -- after a crash -------------------------------------------------------------------


def test_after_kill_9_the_command_cleans_up(world, check, tmp_path):
    """Killed in the middle, what is there is removed by --cleanup and named; a second one finds nothing; no token on
    disk."""
    place = world()
    place.tell("hold", write=20, when="after")
    environment = {
        **os.environ,
        "APP_TOKEN": place.token,
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    command = [
        sys.executable,
        "-m",
        "scimkit.cli",
        "check",
        place.url,
        "--token",
        "env:APP_TOKEN",
        "--write",
        "--test-tenant",
    ]
    process = subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        assert place.held()
        code, out, _ = check(place, "--cleanup")
        assert code == 1
        assert "still running" in out
    finally:
        process.kill()
        process.wait(timeout=20)
        place.tell("release")

    residue = place.residue()

    assert residue
    assert [name for name in probes(tmp_path) if name.endswith(".json")]
    assert place.token not in "".join(
        path.read_text(encoding="utf-8", errors="replace") for path in tmp_path.rglob("probes/*.json")
    )

    code, out, _ = check(place, "--cleanup")
    assert code == 0
    assert all(name in out for _, name in residue)
    assert place.residue() == []

    code, out, _ = check(place, "--cleanup")
    assert code == 0
    assert "Nothing to remove" in out


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGINT for one process")
def test_interrupted_it_removes_what_it_made_and_points_to_cleanup(world, tmp_path):
    """Ctrl-C: exit 130, nothing left, and a word on --cleanup all the same."""
    place = world()
    place.tell("hold", write=25, when="after")
    environment = {
        **os.environ,
        "APP_TOKEN": place.token,
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    command = [
        sys.executable,
        "-m",
        "scimkit.cli",
        "check",
        place.url,
        "--token",
        "env:APP_TOKEN",
        "--write",
        "--test-tenant",
    ]

    process = subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )

    assert place.held()

    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]

    place.tell("release")

    assert process.returncode == 130
    assert "--cleanup" in said
    assert "Traceback" not in said
    assert place.residue() == []


def test_cleanup_without_an_answer_is_4(world, check, tmp_path):
    """What cannot be reached is not done, and stays on the ledger."""
    place = world("delete_405")
    check(place, "--write", "--test-tenant")
    before = probes(tmp_path)
    place.url = "http://127.0.0.1:9/scim/v2"
    for page in tmp_path.rglob("probes/*.json"):
        page.write_text(page.read_text(encoding="utf-8").replace(place.root + "/scim/v2", place.url), encoding="utf-8")

    code, _, err = check(place, "--cleanup")

    assert code == 4
    assert err
    assert before == probes(tmp_path)
