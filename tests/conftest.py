"""What all tests share: a command line to run, and a search for planted secrets."""

import base64
import os
import subprocess
import sys
import urllib.parse
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def scimkit(tmp_path):
    """Run the real command line in an empty folder of its own; the finished process."""

    def run(*arguments, env=None, cwd=tmp_path, timeout=300, **options):
        environment = {
            **os.environ,
            "PYTHONUTF8": "1",
            "XDG_DATA_HOME": str(tmp_path / "data"),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            **(env or {}),
        }
        command = [sys.executable, "-m", "scimkit.cli", *map(str, arguments)]
        return subprocess.run(
            command,
            env=environment,
            cwd=cwd,
            timeout=timeout,
            capture_output=True,
            text=True,
            encoding="utf-8",
            **options,
        )

    return run


def encodings(secret):
    """The forms in which a secret could hide in a file."""
    raw = secret.encode("utf-8")
    padded = [base64.b64encode(b"\0" * shift + raw)[(0, 2, 3)[shift] : -4] for shift in range(3)]
    return [raw, urllib.parse.quote(secret, safe="").encode(), raw.hex().encode(), secret.encode("utf-16-le"), *padded]


@pytest.fixture
def leaks():
    """Names of the files below a folder that hold one of the secrets, in any encoding."""

    def find(folder, *secrets, but=()):
        found = []
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path.name not in but:
                content = path.read_bytes()
                forms = chain.from_iterable(map(encodings, secrets))
                found += [f"{path.relative_to(folder)}: {form[:12]!r}" for form in forms if form in content]
        return found

    return find


class Office:
    """One administrator's desk: an app of its own in a sandbox, a run with its journal, and the handles."""

    def __init__(self, address, folder, app="oreilly"):
        from scimkit.apps import load
        from scimkit.clients.graph import GraphClient
        from scimkit.clients.scim import ScimClient
        from scimkit.credentials import Secret
        from scimkit.evidence.journal import Journal
        from scimkit.evidence.records import read_utc
        from scimkit.evidence.runs import RunStore
        from scimkit.sandbox import sandbox_token
        from scimkit.sandbox.process import control, wait
        from scimkit.tenant import Config

        self.address, self.app, self.tenant = address, load(app), Config().tenant("sandbox")
        self.now = lambda: read_utc(control(address)["clock_utc"])
        self.run = RunStore.create(folder, app=app, tenant="sandbox", runbook="onboard", steps=(), now=self.now())
        self.journal = Journal(self.run, step="3_app", now=self.now)
        let_pass = lambda seconds: wait(address, seconds)  # noqa: E731
        self.graph = GraphClient(
            address.graph_url, Secret(sandbox_token(address.seed, "graph")), journal=self.journal, wait=let_pass
        )
        self.scim_token = Secret(sandbox_token(address.seed, app))
        self.scim = ScimClient(address.scim_urls[app], self.scim_token, journal=self.journal, wait=let_pass)

    def close(self):
        self.graph.close()
        self.scim.close()

    def tell(self, call, **body):
        """A control call of the sandbox."""
        from scimkit.sandbox.process import control

        return control(self.address, call, body)

    def writes(self):
        """What this run has written: (state, method, last part of the path)."""
        return [(entry.state, entry.method, entry.path.rsplit("/", 1)[1]) for entry in self.journal.entries()]

    def make(self, name="Learning"):
        """An enterprise app with its job, with credentials stored, made for this test alone."""
        from scimkit.journey.enterprise_app import AppCandidates, make_app

        template = self.graph.find_templates(self.app.gallery_names[0])[0]
        made = make_app(
            self.app, self.graph, AppCandidates(template, (), (), frozenset(), ()), display_name=name, adopt=""
        )
        values = {
            "BaseAddress": self.address.scim_urls[self.app.name],
            "SecretToken": self.scim_token,
            "SyncAll": "false",
        }
        self.graph.put_secrets(made.service_principal_id, values)
        return made

    def assign(self, made, *names):
        """Assign people by their sign-in names, or a group by its id; the people."""
        from scimkit.journey.scope import assign_pilot, person_of

        people = tuple(person_of(self.graph.user(name)) for name in names)
        assign_pilot(self.graph, made, people)
        return people


@pytest.fixture(scope="session")
def shared_sandbox():
    """One sandbox for all tests that bring their own enterprise app and people."""
    from scimkit.sandbox.process import ensure_sandbox, stop

    address = ensure_sandbox(None, app="oreilly")
    yield address
    stop(address)


@pytest.fixture
def office(shared_sandbox, tmp_path):
    """A desk in the shared sandbox."""
    desk = Office(shared_sandbox, tmp_path)
    yield desk
    desk.close()


@pytest.fixture(scope="session")
def group_sandbox():
    """One sandbox with an app that takes groups and managers."""
    from scimkit.sandbox.process import ensure_sandbox, stop

    address = ensure_sandbox(None, app="thrive-lxp")
    yield address
    stop(address)


@pytest.fixture
def group_office(group_sandbox, tmp_path):
    """A desk in the shared sandbox whose app takes groups and managers."""
    desk = Office(group_sandbox, tmp_path, "thrive-lxp")
    yield desk
    desk.close()


@pytest.fixture
def own_office(tmp_path):
    """A desk in a sandbox of its own, where nothing has happened yet."""
    from scimkit.sandbox.process import ensure_sandbox, stop

    desk = Office(ensure_sandbox(None, app="oreilly"), tmp_path)
    yield desk
    desk.close()
    stop(desk.address)
