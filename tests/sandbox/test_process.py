"""The process: its ready line, who owns it, what it keeps, and that it becomes the same again."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from scimkit.errors import ConfigError, RunError, Unreachable
from scimkit.sandbox import process, sandbox_token

ROOT = Path(__file__).parents[2]


def start_plainly(*options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scimkit.sandbox", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def close(child: subprocess.Popen[str]) -> None:
    for stream in (child.stdin, child.stdout, child.stderr):
        if stream is not None and not stream.closed:
            stream.close()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_ready_line_and_a_clean_end(number: signal.Signals) -> None:
    """One JSON line of the promised shape; a signal ends it with 0 and without words."""
    child = start_plainly("--app", "oreilly")
    try:
        assert child.stdout is not None
        assert child.stderr is not None
        ready = json.loads(child.stdout.readline())
        assert set(ready) == {"graph", "apps"}
        assert set(ready["graph"]) == {"base_url", "token"}
        assert set(ready["apps"]["oreilly"]) == {"scim_url", "token", "service_principal"}
        assert ready["apps"]["oreilly"]["service_principal"] is None
        answer = httpx.get(
            ready["graph"]["base_url"] + "/me",
            headers={"Authorization": f"Bearer {ready['graph']['token']}"},
            trust_env=False,
        )
        assert answer.status_code == 200
        child.send_signal(number)
        assert child.wait(timeout=10) == 0
        assert child.stdout.read() == ""
        assert child.stderr.read() == ""
    finally:
        child.kill()
        child.wait()
        close(child)


def test_it_ends_with_its_owner(open_desk: Callable[..., Any]) -> None:
    """When the other end of standard input closes, and not by an interrupt meant for the owner."""
    desk = open_desk("run")
    child = next(c.process for c in process._children.values() if c.address == desk.address)
    child.send_signal(signal.SIGINT)

    time.sleep(0.3)

    assert child.poll() is None
    assert desk.get("me")

    process.stop(desk.address)
    assert child.poll() == 0

    with pytest.raises(Unreachable):
        process.control(desk.address)


def test_wrong_options_are_told(tmp_path: Path) -> None:
    """An unknown fault is a ConfigError that lists the known ones."""
    with pytest.raises(ConfigError, match="there is no fault 'nonsense'"):
        process.ensure_sandbox(tmp_path / "run", app="oreilly", faults=["nonsense"])


def test_the_living_one_is_found(open_desk: Callable[..., Any], tmp_path: Path) -> None:
    """A second asker in another process gets the same address and does not own it."""
    desk = open_desk("run")
    code = (
        "from scimkit.sandbox import process; import sys;"
        "a = process.ensure_sandbox(sys.argv[1], app='oreilly'); print(a.port, a.owned, a.scim_urls)"
    )

    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=True,
    ).stdout

    assert told.startswith(f"{desk.address.port} False {{'oreilly'")

    with pytest.raises(RunError, match="runs with the seed 7"):
        process.find_sandbox(tmp_path / "run", seed=8)


def test_two_sandboxes_do_not_know_each_other(open_desk: Callable[..., Any]) -> None:
    """Side by side, each with its own state; the tokens of another seed open nothing."""
    one, two = open_desk("one"), open_desk("two", seed=8)
    one.make_app()

    assert two.get("servicePrincipals")["value"] == []
    assert one.get("servicePrincipals")["value"]

    stranger = httpx.get(
        two.address.graph_url + "/me", headers={"Authorization": f"Bearer {sandbox_token(7, 'graph')}"}, trust_env=False
    )
    assert stranger.status_code == 401
    assert process.control(two.address)["seed"] == 8


def everything(desk: Any) -> dict[str, Any]:
    """All that a client can see of a sandbox."""
    return {
        "accounts": desk.scim.get("Users").json(),
        "apps": desk.get("servicePrincipals"),
        "assignments": desk.get(f"servicePrincipals/{desk.sp}/appRoleAssignedTo"),
        "secrets": desk.get(f"{desk.base}/secrets"),
        "jobs": desk.get(f"{desk.base}/jobs"),
        "logs": desk.get("auditLogs/provisioning", top="1000"),
        "users": desk.get("users", top="999"),
    }


def plain(seen: dict[str, Any], port: int) -> str:
    return json.dumps(seen).replace(f"127.0.0.1:{port}", "sandbox")


@pytest.mark.parametrize("fault", [None, "errors=2"])
def test_a_killed_sandbox_comes_back_as_it_was(
    open_desk: Callable[..., Any], tmp_path: Path, fault: str | None
) -> None:
    """Same ids, accounts, logs, job and time after a kill, also when a fault had spoiled some requests."""
    desk = open_desk("run").make_app()
    if fault:
        desk.tell("faults", set=fault)
    group = desk.get("groups", filter="displayName eq 'Learning pilot'")["value"][0]["id"]
    desk.assign(group)
    desk.on_demand(desk.person("grace.oneill")["id"])
    desk.start()
    desk.status()
    desk.tell("people", person="grace.oneill@contoso.example", do="change", values={"given_name": "Gráinne"})
    if fault:
        desk.tell("faults", clear=True)
    desk.tell("wait", seconds=3 * 3600)
    desk.scim.post("Users", json=account("extra@contoso.example"))

    refused = desk.scim.post("Users", json=account("extra@contoso.example"))

    assert refused.status_code == 409

    before, at = plain(everything(desk), desk.address.port), desk.tell("wait", seconds=0)["clock_utc"]
    child = next(c.process for c in process._children.values() if c.address == desk.address)
    child.kill()
    child.wait()
    again = open_desk("run")

    again.sp, again.job = desk.sp, desk.job

    assert process.control(again.address)["clock_utc"] == at

    after = json.loads(plain(everything(again), again.address.port))
    for part, seen in json.loads(before).items():
        assert after[part] == seen, part

    again.scim.post("Users", json=account("later@contoso.example"))
    assert json.loads(before)["accounts"]["totalResults"] + 1 == again.scim.get("Users").json()["totalResults"]


def account(name: str) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "externalId": name,
        "active": True,
        "name": {"givenName": "Ex", "familyName": "Tra"},
        "emails": [{"type": "work", "value": name}],
    }


def test_it_comes_back_on_another_port(open_desk: Callable[..., Any], tmp_path: Path) -> None:
    """When the old port is taken, saved addresses lead to the new one."""
    desk = open_desk("run").make_app()
    desk.assign(desk.person("grace.oneill")["id"])
    process.stop(desk.address)
    file = tmp_path / "run" / "sandbox.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(told | {"port": 1}), encoding="utf-8")
    again = open_desk("run")

    again.sp, again.job = desk.sp, desk.job

    assert again.result(again.person("grace.oneill")["id"])[0] == "Success"

    secrets = {i["key"]: i["value"] for i in again.get(f"{again.base}/secrets")["value"]}
    assert secrets["BaseAddress"] == again.address.scim_urls["oreilly"]


def test_no_token_is_kept(open_desk: Callable[..., Any], tmp_path: Path) -> None:
    """Neither the sandbox's tokens nor a foreign secret stand in any file, in no encoding."""
    foreign = "planted-Secret/+=42"
    desk = open_desk("run").make_app()
    desk.save(SecretToken=foreign)
    desk.save(SecretToken="Bearer " + sandbox_token(7, "oreilly"))
    desk.save()
    process.stop(desk.address)
    secrets = [foreign, sandbox_token(7, "oreilly"), sandbox_token(7, "graph")]
    for file in (tmp_path / "run").iterdir():
        content = file.read_bytes()
        for secret in secrets:
            assert secret.encode() not in content, file.name
            assert base64.b64encode(secret.encode()) not in content, file.name

    lines = (tmp_path / "run" / "sandbox.jsonl").read_text(encoding="utf-8")

    assert "[sandbox token oreilly]" in lines
    assert "[some other secret]" in lines


def test_other_settings_are_refused(open_desk: Callable[..., Any], tmp_path: Path) -> None:
    """A folder that began with one seed is not continued with another; left out, it is remembered."""
    desk = open_desk("run", seed=9, people=30)
    process.stop(desk.address)
    with pytest.raises(RunError, match="seed = 9"):
        process.ensure_sandbox(tmp_path / "run", app="oreilly", seed=7)

    again = open_desk("run")

    assert (again.address.seed, process.control(again.address)["people"]) == (9, 30)


def test_a_profile_object_needs_no_file(open_desk: Callable[..., Any], old_accounts: Any) -> None:
    """A changed profile travels to the child as it is."""
    other = old_accounts.model_copy(update={"name": "my-app"})
    desk = open_desk(app=other)

    assert list(desk.address.scim_urls) == ["my-app"]
    assert len(desk.accounts()) == 3


def test_time_is_virtual(open_desk: Callable[..., Any]) -> None:
    """A request takes a second, looking at a job a minute, a control call nothing, a wait its length."""
    desk = open_desk().make_app()

    def clock() -> str:
        return str(process.control(desk.address)["clock_utc"])

    begun = clock()
    assert clock() == begun
    desk.get("me")
    desk.get(f"{desk.base}/jobs/{desk.job}")
    after = process.wait(desk.address, 100)["clock_utc"]
    seconds = [int(t[11:13]) * 3600 + int(t[14:16]) * 60 + int(t[17:19]) for t in (begun, after)]
    assert seconds[1] - seconds[0] == 161


@pytest.mark.slow
def test_five_thousand_people_fit(open_desk: Callable[..., Any]) -> None:
    """Everybody of a directory of 5,000 provisioned into one vendor: under 250 MB, at some 100 people a second."""
    desk = open_desk(people=5000).make_app(SyncAll="true", start=True)
    child = next(c.process for c in process._children.values() if c.address == desk.address)
    begun = time.monotonic()
    desk.graph.timeout = 300
    process.wait(desk.address, 60)
    seconds = time.monotonic() - begun
    done = desk.status()["lastExecution"]

    megabytes = psutil.Process(child.pid).memory_info().rss / 1e6

    assert done["countExported"] > 4700
    assert megabytes < 250, megabytes
    assert done["countImported"] / seconds > 30, seconds  # 190 on an idle machine; others may be at work


def test_reading_the_module_starts_nothing() -> None:
    """Importing the package and its process control loads no server."""
    code = (
        "import sys, scimkit.sandbox, scimkit.sandbox.process; print([m for m in"
        " ('uvicorn','starlette','scim2_models','httpx') if m in sys.modules])"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ},
        timeout=60,
        check=True,
    ).stdout
    assert told.strip() == "[]"
