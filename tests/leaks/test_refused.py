"""What cannot be kept in once it is written is refused before it is, and not repeated."""

from __future__ import annotations

import pytest
from leaks.channels import THE_END
from leaks.probe import write_probe
from leaks.search import is_in, read_below

TOKEN = "sk0Live4f9QzT81xWm7pLr2VbN0cYh"


@pytest.mark.slow
@pytest.mark.parametrize("value", [TOKEN, f"env:{TOKEN}", f"keyring:{TOKEN}", f"file:{TOKEN}", f"Bearer {TOKEN}"])
def test_a_value_instead_of_a_reference(value: str, scimkit, tmp_path) -> None:
    """`--set token_ref=<the token>`: exit code 2, no run, the token neither said nor written."""
    probe = tmp_path / "probe.ipynb"
    write_probe(probe, [THE_END])

    done = scimkit("run", probe, "--set", f"token_ref={value}")

    assert (done.returncode, list(tmp_path.glob("runs/*"))) == (2, [])
    assert "not repeated" in done.stdout + done.stderr
    assert not is_in((done.stdout + done.stderr).encode(), TOKEN)
    assert [name for name, data in read_below(tmp_path).items() if is_in(data, TOKEN)] == []
