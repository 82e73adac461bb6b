"""What all tests share: a command line to run, and a search for planted secrets."""

import base64
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def scimkit(tmp_path):
    """Run the real command line in an empty folder of its own; the finished process."""

    def run(*arguments, env=None, cwd=tmp_path, timeout=300, **options):
        environment = {**os.environ, "PYTHONUTF8": "1", "XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config"), **(env or {})}
        command = [sys.executable, "-m", "scimkit.cli", *map(str, arguments)]
        return subprocess.run(command, env=environment, cwd=cwd, timeout=timeout, capture_output=True, text=True, encoding="utf-8", **options)

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
                found += [f"{path.relative_to(folder)}: {form[:12]!r}" for secret in secrets for form in encodings(secret) if form in content]
        return found

    return find
