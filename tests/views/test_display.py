"""What IPython shows for records."""

from __future__ import annotations

import subprocess
import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell

from scimkit.evidence import checks
from scimkit.views.display import SHOWN, register


@pytest.fixture
def shell() -> InteractiveShell:
    """A shell of its own, without history on disk."""
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell(config=config)
    register(shell)
    return shell


def _bundle(shell: InteractiveShell, value: object) -> dict[str, str]:
    bundle: dict[str, str] = shell.display_formatter.format(value)[0]
    return bundle


def test_a_check_is_shown_in_both_forms(shell: InteractiveShell) -> None:
    """HTML for JupyterLab, text for terminals and nbval."""
    bundle = _bundle(shell, checks.failed("a.b", "bad", "mend it"))
    assert bundle["text/plain"].endswith("What to do: mend it")
    assert bundle["text/html"].startswith('<div class="scimkit">')


def test_a_tuple_of_checks_is_shown_as_one_table(shell: InteractiveShell) -> None:
    """Sequences of one class of ours read as a table."""
    assert "Checks: 2 passed" in _bundle(shell, (checks.passed("a.b", "x"), checks.passed("a.c", "y")))["text/plain"]


@pytest.mark.parametrize(
    "value", [(1, 2), (), [3], ("a",), (checks.passed("a.b", "x"), 1), {"a": (checks.passed("a.b", "x"),)}]
)
def test_other_sequences_stay_as_they_are(shell: InteractiveShell, value: object) -> None:
    """Nobody's own tuples change, also after a second registration."""
    register(shell)
    bundle = _bundle(shell, value)

    assert set(bundle) == {"text/plain"}
    assert " ".join(bundle["text/plain"].split()) == repr(value)


def test_a_record_is_shown_by_name(shell: InteractiveShell) -> None:
    """A class is found by where it lives."""
    from scimkit.evidence.change_plan import ChangePlan

    plan = ChangePlan("3_app", "sandbox", "sandbox", "", "Make it.", (), "0")
    assert _bundle(shell, plan)["text/plain"].startswith("Change plan\nMake it.\n\nChanges: nothing to do")


def test_every_name_is_a_class_there() -> None:
    """The table of names is true: each names a class that says it lives there."""
    from importlib import import_module

    for module, names in SHOWN.items():
        for name in names:
            assert getattr(import_module(module), name).__module__ == module


def test_registering_imports_nothing_heavy() -> None:
    """A notebook pays for views only when it shows one."""
    code = (
        "import sys, scimkit.views.display\n"
        "heavy = {'jinja2', 'pandas', 'pydantic', 'httpx', 'IPython', 'scimkit.journey.scope'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
