"""The redactor in a kernel, without scimkit's engine: as JupyterLab and nbval run a notebook."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
TOKEN = "sk-Kernel/4f9QzT+81xWm7pLr2"
SOURCE = Path(__file__).parents[2]
INSTALL = (
    "from scimkit.ui.kernel import install_redactor\ninstall_redactor(get_ipython())\ninstall_redactor(get_ipython())"
)
REGISTER = (
    "import os\nfrom scimkit.credentials import REDACTOR\ntoken = os.environ['KERNEL_TOKEN']\nREDACTOR.register(token)"
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Runs cells by nbclient alone and gives the executed document's cells; errors do not stop it."""
    import nbformat
    from nbclient import NotebookClient

    import scimkit.headless  # noqa: F401 - switches a slow import off

    monkeypatch.setenv("KERNEL_TOKEN", TOKEN)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]))

    def execute(*sources: str, **options: Any) -> list[dict[str, Any]]:
        document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        NotebookClient(document, kernel_name="python3", allow_errors=True, timeout=30, **options).execute()
        (tmp_path / "out.ipynb").write_text(nbformat.writes(document), encoding="utf-8")
        return json.loads(nbformat.writes(document))["cells"]  # type: ignore[no-any-return]

    yield execute


def leaks(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


def test_every_message_is_redacted(run: Callable[..., Any], tmp_path: Path) -> None:
    """Outputs, tracebacks, threads, widget state and its binary parts hold a mask, from registration on."""
    cells = run(
        INSTALL,
        REGISTER,
        "print(token)",
        "raise ValueError(token)",
        "import threading\nthread = threading.Thread(target=print, args=(token,))\nthread.start()\nthread.join()",
        "import ipywidgets\nipywidgets.Text(value=token)",
        "ipywidgets.Image(value=token.encode())",
    )

    assert leaks(tmp_path) == []
    assert cells[2]["outputs"][0]["text"] == ["[secret]\n"]
    assert cells[3]["outputs"][0]["evalue"] == "[secret]"
    assert cells[4]["outputs"][0]["text"] == ["[secret]\n"]
    assert (tmp_path / "out.ipynb").read_text(encoding="utf-8").count("scimkit.engine") == 0


def printed(cell: Any) -> str:
    """Everything that a cell wrote to stdout."""
    texts = (output["text"] for output in cell["outputs"] if output.get("name") == "stdout")
    return "".join(chain.from_iterable(texts))


@pytest.mark.parametrize(
    "between",
    ["time.sleep(0.3)", "time.sleep(0.3); display('between')", "time.sleep(0.3); print('x', end='', file=sys.stderr)"],
)
def test_printed_in_pieces(run: Callable[..., Any], between: str) -> None:
    """A secret printed in pieces is one when it leaves; an end that only looks like its beginning comes with the end
    of the cell."""
    pieces = "print('a', token[:9], sep='', end='', flush=True); " + between + "; print(token[9:] + 'b')"
    cells = run(
        INSTALL,
        REGISTER,
        f"import sys, time\n{pieces}",
        "print('abc', token[:2], end='', flush=True)",
        "print(token[:2], end='')\nfrom IPython.display import clear_output\nclear_output()\nprint('x')",
    )

    said = [printed(cell) for cell in cells]

    assert said[2:] == ["a[secret]b\n", f"abc {TOKEN[:2]}", "x\n"]


def test_a_long_one_letter_by_letter(run: Callable[..., Any]) -> None:
    """Both ends of a long secret are looked for alone, too: not even then does its middle leave."""
    long = "long = ''.join(chr(97 + i % 26) + str(i) for i in range(60))\nREDACTOR.register(long)"
    cells = run(
        INSTALL,
        REGISTER,
        long,
        "for letter in long:\n    print(letter, end='', flush=True)",
        "print(long[:40], end='', flush=True)\nprint(long[40:])",
    )
    assert [printed(cell) for cell in cells[3:]] == [
        "[secret]",
        "[secret]\n",
    ]


def test_repeated_on_the_console(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """What is written below Python is in the notebook and where the kernel was started, in both without the secret."""
    monkeypatch.delenv("PYTEST_CURRENT_TEST")  # with it, ipykernel leaves the process's own streams alone
    run(
        INSTALL,
        REGISTER,
        "import time\nos.write(1, f'out {token}\\n'.encode())\nos.write(2, f'err"
        " {token}\\n'.encode())\ntime.sleep(0.3)",
    )

    said = capfd.readouterr()

    assert TOKEN not in said.out + said.err

    if os.name == "posix":
        assert ("out [secret]" in said.out, "err [secret]" in said.err) == (True, True)


def test_the_channels_leak_without_it(run: Callable[..., Any], tmp_path: Path) -> None:
    """Without the redactor the same cells leak: the test above can fail."""
    run(REGISTER, "print(token)", "import ipywidgets\nipywidgets.Text(value=token)")
    assert leaks(tmp_path) == ["out.ipynb"]


def test_foreseeable_errors(run: Callable[..., Any]) -> None:
    """A ScimkitError is its sentence and its remedy; any other error keeps its traceback."""
    cells = run(INSTALL, "from scimkit.errors import PlanRefused\nraise PlanRefused('too many', 'take fewer')", "1 / 0")
    error, defect = cells[1]["outputs"][0], cells[2]["outputs"][0]

    assert (error["ename"], error["evalue"]) == ("PlanRefused", "too many")
    assert error["traceback"] == ["PlanRefused: too many", "What to do: take fewer"]
    assert len(defect["traceback"]) > 2


def test_in_an_async_cell(run: Callable[..., Any]) -> None:
    """A cell that awaits is redacted, and its foreseeable error is a sentence too."""
    cells = run(
        INSTALL,
        REGISTER,
        "import asyncio\nawait asyncio.sleep(0)\nprint(token)",
        "from scimkit.errors import ConfigError\nawait asyncio.sleep(0)\nraise ConfigError('wrong', 'mend it')",
    )
    assert cells[2]["outputs"][0]["text"] == ["[secret]\n"]
    assert cells[3]["outputs"][0]["traceback"] == ["ConfigError: wrong", "What to do: mend it"]


def test_history(run: Callable[..., Any], tmp_path: Path) -> None:
    """A secret typed into a cell is not in IPython's history: neither the cell that registers it, nor later ones."""
    history = tmp_path / "history.sqlite"
    cells = run(
        INSTALL,
        f"from scimkit.credentials import REDACTOR\nREDACTOR.register('{TOKEN}')",
        f"value = '{TOKEN}'",
        "print(In[2], _i3)",
        "import time\nget_ipython().history_manager.writeout_cache()\ntime.sleep(0.5)",
        ipython_hist_file=str(history),
    )

    assert "REDACTOR.register('[secret]')" in cells[3]["outputs"][0]["text"][1]

    written = b"".join(path.read_bytes() for path in tmp_path.glob("history*"))
    assert TOKEN.encode() not in written
    assert b"[secret]" in written
