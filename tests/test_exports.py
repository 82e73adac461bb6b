"""The public API is one page, and the README shows all of it."""

import subprocess
import sys
from pathlib import Path

import pytest

import scimkit

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", scimkit.__all__)
def test_each_name_is_there_and_described(name):
    """Each exported verb can be imported, says in a docstring what it answers, and stands in the README."""
    assert getattr(scimkit, name).__doc__
    assert f"`{name}`" in README


def test_unknown_name():
    """What is not exported is an AttributeError, as for any module."""
    with pytest.raises(AttributeError, match="no attribute 'provision_everybody'"):
        scimkit.provision_everybody


@pytest.mark.parametrize(
    "heavy", ["httpx", "pydantic", "pandas", "msal", "IPython", "scim2_models", "nbformat", "click"]
)
def test_importing_costs_nothing(heavy):
    """`import scimkit` loads none of the heavy packages."""
    code = f"import sys, scimkit; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
