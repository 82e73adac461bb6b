"""The papermill engine: nothing leaks, cells say what became of them, files are whole.

The channels are those of the leak experiments of the house's notebook notes; each
probe must leak under papermill's own engine, or the test could not fail.
"""

from __future__ import annotations

import base64
import html
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stock_engine  # noqa: F401 - papermill, whose own engine then does not stall
from jupyter_client.connect import LocalPortCache
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook

from scimkit.credentials import REDACTOR
from scimkit.errors import RunError
from scimkit.headless.engine import Watch

PORTS = ("shell", "iopub", "stdin", "heartbeat", "control")  # in the order in which jupyter_client chooses them
PROBES = ("leaks_in_outputs", "leaks_in_errors", "leaks_in_widgets", "leaks_below_the_kernel")


def run(notebook: Path, output: Path | None, engine: str = "scimkit", **options: Any) -> None:
    execute_notebook(
        str(notebook),
        str(output) if output else None,
        engine_name=engine,
        kernel_name="python3",
        progress_bar=False,
        **options,
    )


def forms(token: str) -> Iterator[bytes]:
    """The spellings of `token` to look for, made independently of the redactor's."""
    raw = token.encode()
    yield raw
    for text in (
        json.dumps(token)[1:-1],
        repr(token)[1:-1],
        urllib.parse.quote(token),
        urllib.parse.quote(token, safe=""),
        html.escape(token),
    ):
        yield text.encode()
        yield json.dumps(text)[1:-1].encode()
    yield raw.hex().encode()
    for encoding in ("utf-16-le", "utf-16-be"):
        yield token.encode(encoding)
        yield repr(token.encode(encoding))[2:-1].encode()
        yield json.dumps(repr(token.encode(encoding))[2:-1])[1:-1].encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        yield encoded[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
        yield encoded.replace(b"+", b"-").replace(b"/", b"_")[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]


def found_in(data: bytes, token: str) -> bool:
    return any(form in data for form in forms(token))


def leaky_files(folder: Path, token: str) -> list[str]:
    """Names of the files under `folder` that hold the token in any spelling."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and found_in(path.read_bytes(), token)
    ]


def code_cells(document: Path) -> list[dict[str, Any]]:
    cells = json.loads(document.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def statuses(document: Path) -> list[str]:
    return [cell["metadata"]["papermill"]["status"] for cell in code_cells(document)]


def joined(cell: dict[str, Any]) -> bytes:
    """The outputs of a cell, with the pieces of its streams put together as a reader would."""
    streams: dict[str, str] = {}
    others = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + "".join(output["text"])
        else:
            others.append(output)
    return (json.dumps(others, ensure_ascii=False) + "".join(streams.values())).encode()


@pytest.mark.slow
@pytest.mark.parametrize("probe", PROBES)
def test_nothing_leaks(probe: str, probes: Path, tmp_path: Path, token: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever a notebook does with a resolved secret, no file, console line or exception text holds it."""
    from scimkit.headless.html_page import render_page

    watch, said = Watch(), ""
    try:
        run(
            probes / f"{probe}.ipynb",
            tmp_path / "out" / "x.ipynb" if (tmp_path / "out").mkdir() is None else None,
            watch=watch,
            log_output=True,
        )
    except PapermillExecutionError as error:
        said = str(error) + repr(error.args)
        assert probe == "leaks_in_errors"
    captured = capfd.readouterr()
    assert watch.document is not None
    page = render_page(watch.document, probe)
    assert leaky_files(tmp_path, token) == []
    assert not found_in((said + captured.out + captured.err + page).encode(), token)
    text = (tmp_path / "out" / "x.ipynb").read_text(encoding="utf-8")
    if probe in ("leaks_in_outputs", "leaks_in_errors"):
        assert text.count("[secret]") >= 12, "the outputs are there, and redacted"
    assert "widget-state" not in text
    for cell in code_cells(tmp_path / "out" / "x.ipynb"):
        assert not found_in(joined(cell), token), cell["source"]


@pytest.mark.slow
@pytest.mark.parametrize(("probe", "clean_cells"), [("leaks_in_outputs", 1), ("leaks_in_errors", 1)])
def test_the_probes_do_leak(probe: str, clean_cells: int, probes: Path, tmp_path: Path, token: str) -> None:
    """Under papermill's own engine every probe cell but the first leaks: the search sees what it should."""
    try:
        run(probes / f"{probe}.ipynb", tmp_path / "x.ipynb", engine="nbclient")
    except PapermillExecutionError as error:
        assert token in str(error)
    clean = [cell["source"] for cell in code_cells(tmp_path / "x.ipynb") if not found_in(joined(cell), token)]
    assert len(clean) == clean_cells, clean


@pytest.mark.slow
def test_output_widgets_do_not_stall(notebook: Callable[..., Path], tmp_path: Path) -> None:
    """nbclient answers an Output widget past the event loop; a reply that comes at that moment is still seen."""
    cells = ["import ipywidgets", *["out = ipywidgets.Output()\nwith out:\n    print(1)\nout"] * 40]
    run(notebook("x", *cells), tmp_path / "out.ipynb", execution_timeout=20)
    assert set(statuses(tmp_path / "out.ipynb")) == {"completed"}


@pytest.mark.slow
def test_widget_state_does_leak(probes: Path, tmp_path: Path, token: str) -> None:
    """Under papermill's own engine the token is in the widget state of the saved notebook."""
    run(probes / "leaks_in_widgets.ipynb", tmp_path / "x.ipynb", engine="nbclient")
    state = json.loads((tmp_path / "x.ipynb").read_text(encoding="utf-8"))["metadata"]["widgets"]
    assert found_in(json.dumps(state, ensure_ascii=False).encode(), token)


@pytest.mark.slow
def test_command_line(probes: Path, tmp_path: Path, token: str) -> None:
    """`papermill --engine scimkit` exits 1 for a failing notebook, its log and traceback without the token."""
    command = [sys.executable, "-m", "papermill", "--engine", "scimkit", "--log-output", "--log-level", "DEBUG"]
    done = subprocess.run(
        [*command, str(probes / "leaks_in_errors.ipynb"), "out.ipynb"], capture_output=True, cwd=tmp_path, check=False
    )

    assert done.returncode == 1
    assert b"[secret]" in done.stderr
    assert not found_in(done.stdout + done.stderr, token)
    assert leaky_files(tmp_path, token) == []


@pytest.mark.slow
def test_foreseeable_error(notebook: Callable[..., Path], tmp_path: Path) -> None:
    """A ScimkitError is one sentence and its remedy in the notebook, and its details reach the watch."""
    path = notebook(
        "x",
        "from scimkit.evidence.checks import failed, require_passed\nrequire_passed([failed('a.b', 'it is bad', 'mend"
        " it')])",
        "1",
    )
    watch = Watch()
    with pytest.raises(PapermillExecutionError) as raised:
        run(path, tmp_path / "out.ipynb", watch=watch)

    error = code_cells(tmp_path / "out.ipynb")[0]["outputs"][0]

    assert (error["ename"], error["evalue"]) == ("NotReady", "a.b: it is bad")
    assert error["traceback"] == ["NotReady: a.b: it is bad", "What to do: mend it"]
    assert "Traceback" not in str(raised.value)
    assert watch.error is not None
    assert (watch.error["exit_code"], watch.error["check"]["code"], watch.error["remedy"]) == (1, "a.b", "mend it")
    assert statuses(tmp_path / "out.ipynb") == ["failed", "pending"]


@pytest.mark.slow
def test_foreseeable_error_inside_a_group(notebook: Callable[..., Path], tmp_path: Path) -> None:
    """A ScimkitError raised while an exception group was handled is still a sentence."""
    path = notebook(
        "x",
        "from scimkit.errors import ConfigError\ntry:\n    raise ExceptionGroup('g', [ValueError('inner')])\nexcept"
        " ExceptionGroup:\n    raise ConfigError('wrong', 'mend it')",
    )
    with pytest.raises(PapermillExecutionError):
        run(path, tmp_path / "out.ipynb")

    outputs = code_cells(tmp_path / "out.ipynb")[0]["outputs"]

    assert [output["output_type"] for output in outputs] == ["error"]
    assert outputs[0]["traceback"] == ["ConfigError: wrong", "What to do: mend it"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("probe", "error", "status", "words"),
    [
        ("takes_its_time", CellTimeoutError, "failed", "not finished after 1 seconds"),
        ("kills_its_kernel", DeadKernelError, "failed", "process ended"),
        ("exits_quietly", PapermillExecutionError, "failed", "sys.exit(0) in a notebook"),
    ],
)
def test_honest_states(
    probe: str, error: type[Exception], status: str, *, words: str, probes: Path, tmp_path: Path
) -> None:
    """After a timeout, a dead kernel or sys.exit the notebook says which cell it was, and that the rest did not run."""
    with pytest.raises(error):
        run(probes / f"{probe}.ipynb", tmp_path / "out.ipynb", execution_timeout=1 if probe == "takes_its_time" else 30)
    assert statuses(tmp_path / "out.ipynb") == ["completed", status, "pending"]

    document = json.loads((tmp_path / "out.ipynb").read_text(encoding="utf-8"))
    assert document["metadata"]["papermill"]["exception"] is True
    assert words in json.dumps(code_cells(tmp_path / "out.ipynb")[1]["outputs"])


@pytest.mark.slow
def test_file_is_whole_at_any_moment(notebook: Callable[..., Path], tmp_path: Path) -> None:
    """A run killed in the middle of a cell leaves a notebook that can be read and says `running`."""
    path = notebook("x", "print('x' * 100_000)", "import time\ntime.sleep(60)", "1")
    command = [sys.executable, "-m", "papermill", "--engine", "scimkit", str(path), "out.ipynb"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    out = tmp_path / "out.ipynb"

    try:
        deadline = time.monotonic() + 30
        while not (out.exists() and "running" in statuses(out)[1:]):  # every look must find a whole file
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()

    assert statuses(out) == ["completed", "running", "pending"]


@pytest.mark.slow
@pytest.mark.parametrize("fork", [False, True])
def test_kernel_environment(fork: bool, notebook: Callable[..., Path], tmp_path: Path) -> None:
    """Variables for a kernel reach it alone, its channel is encrypted, and nothing is imported into its namespace."""
    from scimkit.headless.kernels import Kernels

    code = (
        "import os\nprint(os.environ['SCIMKIT_RUN'], get_ipython().kernel.parent.curve_secretkey is not None, 'scimkit'"
        " in globals())"
    )
    with Kernels(environment={"SCIMKIT_RUN": "a-run"}, fork=fork) as kernels:
        kernels.begin()
        run(notebook("x", code), tmp_path / "out.ipynb", kernels=kernels)
    assert code_cells(tmp_path / "out.ipynb")[0]["outputs"][0]["text"] == ["a-run True False\n"]
    assert "SCIMKIT_RUN" not in os.environ


@pytest.mark.slow
@pytest.mark.parametrize("fork", [False, True])
def test_each_kernel_is_used_once(fork: bool, notebook: Callable[..., Path], tmp_path: Path) -> None:
    """A kernel started ahead, forked or not, is a new process that knows nothing of the notebook before."""
    from scimkit.headless.kernels import Kernels

    path = notebook("x", "import os, random\nprint(os.getpid(), 'before' in globals(), random.random())\nbefore = 1")
    with Kernels(expected=3, preload=("scimkit.errors", "no.such.module"), fork=fork) as kernels:
        kernels.begin()
        for name in "abc":
            run(path, tmp_path / f"{name}.ipynb", kernels=kernels)
    lines = [code_cells(tmp_path / f"{name}.ipynb")[0]["outputs"][0]["text"][0].split() for name in "abc"]
    assert len({process for process, _, _ in lines}) == 3
    assert {known for _, known, _ in lines} == {"False"}
    assert len({number for _, _, number in lines}) == 3, "no two start from the same random state"


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="kernels are forked on Linux only")
def test_forked_kernels_die_like_others(probes: Path, tmp_path: Path, token: str) -> None:
    """A forked kernel that ends or is interrupted is noticed; what it prints past IPython is kept off the console."""
    from scimkit.headless.kernels import Kernels

    lines: list[str] = []
    with Kernels(expected=3, fork=True, log=lines.append) as kernels:
        kernels.begin()
        with pytest.raises(DeadKernelError):
            run(probes / "kills_its_kernel.ipynb", tmp_path / "a.ipynb", kernels=kernels)
        with pytest.raises(CellTimeoutError):
            run(probes / "takes_its_time.ipynb", tmp_path / "b.ipynb", kernels=kernels, execution_timeout=1)
        run(probes / "leaks_below_the_kernel.ipynb", tmp_path / "c.ipynb", kernels=kernels)
    assert [statuses(tmp_path / f"{name}.ipynb")[1] for name in "ab"] == ["failed", "failed"]
    assert leaky_files(tmp_path, token) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("port", "taken", "runs"),
    [("shell", 1, True), ("iopub", 1, True), ("stdin", 1, True), ("control", 2, True), ("iopub", 3, False)],
)
def test_a_kernel_whose_port_was_taken_meanwhile_is_replaced(
    port: str, taken: int, runs: bool, *, notebook: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing has run in it, so the notebook goes on in another; after three it ends as for any dead kernel.
    Whichever of its ports it is (without a heartbeat it works): without some a kernel ends, without others it hangs."""
    path, free, asked = notebook("x", "print('ran')"), LocalPortCache.find_available_port, []
    with socket.socket() as quicker:
        quicker.bind(("127.0.0.1", 0))
        quicker.listen()

        def find(cache: LocalPortCache, ip: str) -> int:
            asked.append(ip)
            collides = PORTS[(len(asked) - 1) % 5] == port and len(asked) <= 5 * taken
            return int(quicker.getsockname()[1] if collides else free(cache, ip))

        monkeypatch.setattr(LocalPortCache, "find_available_port", find)
        if runs:
            run(path, tmp_path / "out.ipynb")
            assert code_cells(tmp_path / "out.ipynb")[0]["outputs"][0]["text"] == ["ran\n"]
        else:
            with pytest.raises(DeadKernelError):
                run(path, tmp_path / "out.ipynb")
    assert len(asked) == 5 * (taken + runs)


@pytest.mark.slow
@pytest.mark.parametrize("fork", [False, True])
def test_a_kernel_that_found_its_port_taken_while_it_waited_is_replaced(
    fork: bool, notebook: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said of it is long logged when it is taken; that it hangs is known all the same."""
    from scimkit.headless.kernels import Kernels

    path, free, asked = notebook("x", "import time\ntime.sleep(4)"), LocalPortCache.find_available_port, []
    with socket.socket() as quicker, Kernels(expected=2, fork=fork) as kernels:
        quicker.bind(("127.0.0.1", 0))
        quicker.listen()

        def find(cache: LocalPortCache, ip: str) -> int:
            asked.append(ip)
            return int(quicker.getsockname()[1] if len(asked) == 7 else free(cache, ip))  # iopub of the second

        monkeypatch.setattr(LocalPortCache, "find_available_port", find)
        kernels.begin()
        for name in "ab":
            run(path, tmp_path / f"{name}.ipynb", kernels=kernels, startup_timeout=20)
    assert len(asked) == 15
    assert not kernels.lacks_a_port


@pytest.mark.slow
@pytest.mark.parametrize("fork", [False, True])
def test_kernel_without_scimkit_is_refused(
    fork: bool, notebook: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel in which nobody could redact does not run a single cell."""
    shadow = tmp_path / "shadow" / "scimkit"
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(shadow.parent))
    from scimkit.headless.kernels import Kernels

    with Kernels(fork=fork) as kernels, pytest.raises(RunError, match="cannot keep secrets"):
        kernels.begin()
        run(notebook("x", "print('ran')"), tmp_path / "out.ipynb", kernels=kernels)
    assert statuses(tmp_path / "out.ipynb") == ["pending"]


@pytest.mark.slow
def test_secret_in_the_source_still_runs(notebook: Callable[..., Path], tmp_path: Path, token: str) -> None:
    """A cell whose source holds a known secret runs as written, and is saved without it."""
    REDACTOR.register(token)
    run(notebook("x", f"value = {token!r}\nprint(len(value))"), tmp_path / "out.ipynb")

    assert leaky_files(tmp_path / "work", token) == []

    text = (tmp_path / "out.ipynb").read_text(encoding="utf-8")
    assert not found_in(text.encode(), token)
    assert f"{len(token)}\\n" in text


def test_kernel_and_engine_agree() -> None:
    """Both ends of the channel between a kernel and its engine use the same names."""
    from scimkit.headless import engine, kernels
    from scimkit.ui import kernel

    assert (engine.ENGINE_TARGET, kernels.PRELOAD) == (kernel.ENGINE_TARGET, kernel.PRELOAD)
