"""The runbook `mapping_backup` through the command line: kept, compared, reviewed as a file, put back."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from scimkit.clients.graph import GraphClient
from scimkit.credentials import Secret
from scimkit.journey.enterprise_app import AppCandidates, make_app
from scimkit.mapping.rows import user_mapping
from scimkit.sandbox.identity import DEFAULT_SEED, sandbox_token

pytestmark = pytest.mark.slow
Run = Callable[..., subprocess.CompletedProcess[str]]
LOWER = "ToLower([userPrincipalName])"


def folder_of(done: subprocess.CompletedProcess[str], start: Path) -> Path:
    found = re.search(r"run folder (.+)", done.stdout)
    assert found, done.stdout + done.stderr
    return start / found[1].strip()


def record(folder: Path, kind: str) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads((folder / "records" / f"mapping_{kind}.json").read_text(encoding="utf-8"))
    return {**envelope["data"], "checks": envelope["checks"]}


def writes(folder: Path) -> list[str]:
    entries = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / "journal").glob("*.json"))]
    return [entry["path"].rsplit("/", 1)[1] for entry in entries if entry["step"] == "mapping_backup"]


def differences(folder: Path) -> list[tuple[str, str, str, str]]:
    return [
        (c["target"], c["member"], c["before"], c["after"]) for c in record(folder, "mapping_comparison")["changes"]
    ]


def test_in_the_sandbox_without_an_earlier_run(scimkit: Run, tmp_path: Path, leaks: Any) -> None:
    """Backup, a change in the file, compare, restore of the running job, and the same run compared again: one command
    each."""
    kept = scimkit("run", "mapping_backup")
    assert kept.returncode == 0, kept.stdout + kept.stderr
    first = folder_of(kept, tmp_path)
    assert "1 of 1 steps passed" in kept.stdout
    assert writes(first) == []
    assert record(first, "mapping_comparison")["same"]
    assert record(first, "mapping_backup")["file"] == "mapping.toml"
    text = (first / "mapping.toml").read_text(encoding="utf-8")
    wanted = tmp_path / "wanted.toml"
    wanted.write_text(
        text.replace('"[userPrincipalName]"', f'"{LOWER}"').replace('type = "Direct"', "", 1), encoding="utf-8"
    )

    compared = scimkit("run", "mapping_backup", "--set", "what=compare", "--set", "file=wanted.toml")
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert differences(folder_of(compared, tmp_path)) == [("userName", "source", "[userPrincipalName]", LOWER)]

    restored = scimkit("run", "mapping_backup", "--set", "what=restore", "--set", "file=wanted.toml")
    assert restored.returncode == 0, restored.stdout + restored.stderr
    folder = folder_of(restored, tmp_path)
    assert writes(folder) == ["pause", "schema", "start"]
    assert [change["action"] for change in record(folder, "change_plan")["changes"]] == ["pause", "set", "start"]
    assert record(folder, "mapping_restore")["started"]
    assert record(folder, "change_plan")["completed_utc"]
    assert "[userPrincipalName]" in (folder / "mapping.before.toml").read_text(encoding="utf-8")
    assert leaks(tmp_path, sandbox_token(DEFAULT_SEED, "oreilly"), sandbox_token(DEFAULT_SEED, "graph")) == []

    again = scimkit(
        "run",
        "mapping_backup",
        "--resume",
        folder,
        "--set",
        "what=compare",
        "--set",
        f"against={first}",
        "--set",
        "file=",
    )
    assert again.returncode == 0, again.stdout + again.stderr
    assert differences(folder) == [("userName", "source", "[userPrincipalName]", LOWER)], (
        "two dates, in a sandbox started anew"
    )
    assert writes(folder) == ["pause", "schema", "start"]


@pytest.mark.parametrize(
    ("settings", "code", "words"),
    [
        (["what=restore"], 2, "no file is named"),
        (["what=restore", "file=broken.toml"], 1, "object 1 (User), row 1 (x), source: there is no function Jion"),
        (["what=compare", "file=nowhere.toml"], 2, "there is no mapping at nowhere.toml"),
        (["what=everything"], 2, "parameter what is 'everything'"),
    ],
)
def test_slips_end_with_a_sentence(scimkit: Run, tmp_path: Path, settings: list[str], code: int, words: str) -> None:
    """A slip in a setting or a file is a sentence and a remedy on the last lines; nothing is written."""
    (tmp_path / "broken.toml").write_text(
        'format = 1\n[[object]]\nsource_object = "User"\ntarget_object = "x"\n[[object.row]]\ntarget = "x"\nsource ='
        ' "Jion([a])"\n',
        encoding="utf-8",
    )
    done = scimkit("run", "mapping_backup", *chain.from_iterable(("--set", each) for each in settings))

    assert done.returncode == code, done.stdout + done.stderr

    said = done.stdout + done.stderr
    assert words in said
    assert "What to do:" in said
    assert "Traceback" not in said
    assert not list(chain.from_iterable(writes(folder) for folder in tmp_path.glob("runs/*")))


class LiveLike:
    """A sandbox in a process of its own that a scimkit.toml takes for a live tenant, with an app somebody else has
    made."""

    def __init__(self, folder: Path, ready: dict[str, Any]) -> None:
        from scimkit.apps import load

        self.folder, self.ready = folder, ready
        self.env = {"GRAPH_TOKEN": ready["graph"]["token"]}
        self.graph = GraphClient(ready["graph"]["base_url"], Secret(self.env["GRAPH_TOKEN"]), wait=lambda seconds: None)
        app = load("oreilly")
        template = self.graph.find_templates(app.gallery_names[0])[0]
        self.made = make_app(
            app, self.graph, AppCandidates(template, (), (), frozenset(), ()), display_name="Learning", adopt=""
        )
        token = Secret(ready["apps"]["oreilly"]["token"])
        self.graph.put_secrets(
            self.made.service_principal_id,
            {"BaseAddress": ready["apps"]["oreilly"]["scim_url"], "SecretToken": token, "SyncAll": "false"},
        )

    def configure(self, writing: str) -> None:
        (self.folder / "scimkit.toml").write_text(
            f'[tenants.contoso]\ntenant_id = "contoso.example"\nenvironment = "test"\nwrites = "{writing}"\nsign_in ='
            ' "access_token"\nsecret_ref = "env:GRAPH_TOKEN"\ngraph_url ='
            f' "{self.ready["graph"]["base_url"]}"\npoll_seconds = 1\n[apps.oreilly]\nservice_principal = "Learning"\n',
            encoding="utf-8",
        )

    @property
    def schema(self) -> dict[str, Any]:
        return self.graph.schema(self.made.service_principal_id, self.made.job_id)

    def plant(self, target: str, expression: str) -> None:
        """What somebody does in the portal: another source for one row."""
        schema = self.schema
        tree = self.graph.parse_expression(self.made.service_principal_id, self.made.job_id, expression)[
            "parsedExpression"
        ]
        for mapping in schema["synchronizationRules"][0]["objectMappings"]:
            for row in mapping["attributeMappings"]:
                if row["targetAttributeName"] == target:
                    row["source"] = tree
        self.graph.put_schema(self.made.service_principal_id, self.made.job_id, schema)

    def source_of(self, target: str) -> str | None:
        return next(row.expression for row in user_mapping(self.schema).rows if row.target == target)


@pytest.fixture
def live_like(tmp_path: Path) -> Iterator[LiveLike]:
    command = [sys.executable, "-m", "scimkit.cli", "sandbox", "--apps", "oreilly"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=tmp_path)
    assert server.stdout is not None
    office = LiveLike(tmp_path, json.loads(server.stdout.readline()))
    office.configure("never")
    yield office
    office.graph.close()
    server.terminate()
    server.wait(timeout=20)
    server.stdout.close()


def test_a_live_tenant_is_written_to_only_as_confirmed(
    scimkit: Run, tmp_path: Path, live_like: LiveLike, leaks: Any
) -> None:
    """A planted change is found exactly; "never" stops with 3 and writes nothing; "ask" writes what the printed
    command confirms; then there is nothing left to do."""
    options = ["run", "mapping_backup", "--tenant", "contoso", "--runs", "runs"]
    kept = scimkit(*options, env=live_like.env)
    assert kept.returncode == 0, kept.stdout + kept.stderr
    file = folder_of(kept, tmp_path) / "mapping.toml"
    live_like.plant("externalId", "ToUpper([employeeId])")
    before = live_like.schema

    compared = scimkit(*options, "--set", "what=compare", "--set", f"file={file}", env=live_like.env)
    assert compared.returncode == 0
    assert differences(folder_of(compared, tmp_path)) == [
        ("externalId", "source", "ToUpper([employeeId])", "[mailNickname]")
    ]

    restore = [*options, "--set", "what=restore", "--set", f"file={file}"]
    stopped = scimkit(*restore, env=live_like.env)
    assert stopped.returncode == 3, stopped.stdout + stopped.stderr
    assert 'writes = "never"' in stopped.stdout
    assert "nothing was written" in stopped.stdout
    assert live_like.schema == before
    assert writes(folder_of(stopped, tmp_path)) == []

    live_like.configure("ask")
    command = stopped.stdout.strip().splitlines()[-1]
    assert command.startswith("scimkit run mapping_backup --resume ")
    assert "mapping_backup.confirm=" in command
    done = scimkit(*shlex.split(command)[1:], env=live_like.env)
    for _ in range(2):  # what a tenant that may not be written to has shown is confirmed once it may
        if done.returncode == 3:
            done = scimkit(*shlex.split(done.stdout.strip().splitlines()[-1])[1:], env=live_like.env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert live_like.source_of("externalId") == "[mailNickname]"
    assert writes(folder_of(done, tmp_path)) == ["schema"]
    assert (
        live_like.graph.job(live_like.made.service_principal_id, live_like.made.job_id)["schedule"]["state"]
        == "Disabled"
    )  # type: ignore[index]

    empty = scimkit(*restore, env=live_like.env)
    assert empty.returncode == 0, empty.stdout
    assert writes(folder_of(empty, tmp_path)) == [], empty.stdout
    assert record(folder_of(empty, tmp_path), "mapping_restore")["changes"] == []
    assert leaks(tmp_path, *live_like.env.values(), live_like.ready["apps"]["oreilly"]["token"]) == []


def test_an_app_nobody_named_is_left_alone(scimkit: Run, tmp_path: Path, live_like: LiveLike) -> None:
    """Without a name in scimkit.toml or in adopt the run stops, and lists what is there."""
    live_like.configure("never")
    path = tmp_path / "scimkit.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace('service_principal = "Learning"', "seats = 5"), encoding="utf-8"
    )

    done = scimkit("run", "mapping_backup", "--tenant", "contoso", "--runs", "runs", env=live_like.env)

    assert done.returncode == 1
    assert "no app is named" in done.stdout
    assert "Learning (" in done.stdout

    named = scimkit(
        "run", "mapping_backup", "--tenant", "contoso", "--runs", "runs", "--set", "adopt=Learning", env=live_like.env
    )
    assert named.returncode == 0, named.stdout + named.stderr
