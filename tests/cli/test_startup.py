"""The command line answers at once: what it must not have imported by then."""

import subprocess
import sys

import pytest

HEAVY = {
    "httpx",
    "msal",
    "pydantic",
    "papermill",
    "IPython",
    "jinja2",
    "keyring",
    "scimkit.apps.profile",
    "scimkit.tenant",
}


@pytest.mark.parametrize("words", [[], ["check"], ["run"], ["apps"]], ids=lambda words: " ".join(words) or "scimkit")
def test_help_imports_nothing_heavy(words):
    """Help is printed from the commands' own files; what they use is imported when they run."""
    code = (
        "import sys\nfrom scimkit.cli import main\n"
        f"main([*{words!r}, '--help'], standalone_mode=False)\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)

    assert ended.stdout.startswith("Usage:")
    assert not HEAVY & set(ended.stderr.split())


def test_every_file_of_a_command_is_a_command():
    """The tree is the command list: a file that is named like a command has it, and no command is anywhere else."""
    from scimkit.cli import main

    for name, command in main.commands.items():
        assert command.callback is not None
        assert command.callback.__module__ == f"scimkit.cli.{name}"
