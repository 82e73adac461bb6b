"""The leak matrix: no planted secret is found anywhere after a run, whichever channel would let it out.

Every row leaks under papermill's own engine where its data says so: the search sees what it should.
Run with -s to see the table.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from leaks.channels import OUT_OF_SCOPE, PAST_IPYTHON, THE_END, WIDGETS
from leaks.drivers import ALL, CONSOLE, EXCEPTION, Desk, run_api, run_command_line, run_scimkit, run_stock
from leaks.matrix import Trace, table

import scimkit.headless  # noqa: F401 - papermill, with the slow import switched off
from scimkit.credentials import REDACTOR

pytestmark = pytest.mark.slow
SHOWN = [
    channel for channel in ALL if channel.leaks and channel not in (*WIDGETS, *PAST_IPYTHON)
]  # what leaks of the others is not in the cell's outputs
ROWS, LEAKING = (82, 75) if os.name == "posix" else (81, 74)
DRIVERS = {"scimkit run": run_scimkit, "papermill API": run_api, "papermill CLI": run_command_line}
PLACES = {  # what is left after the run: name of the row -> how the place is called
    "papermill's own exception text": EXCEPTION,
    "the console, or papermill's log at DEBUG": CONSOLE,
    "the executed notebook": ".ipynb",
    "nbconvert's page of it": "nbconvert page",
    "HTML export of the run": ".html",
    "run.log": "run.log",
    "names of files": "names of files",
}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """The probe under papermill's own engine."""
    return run_stock(Desk(tmp_path_factory.mktemp("leaks"), "stock"))


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Trace]]:
    """The probe under each driver of the kit."""
    parent, traces = tmp_path_factory.mktemp("leaks"), {}
    for name, run in DRIVERS.items():
        desk = Desk(parent, name.replace(" ", "_"))
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in desk.environment.items():
                patch.setenv(variable, value)
            traces[name] = run(desk)
        REDACTOR.clear()
    yield traces


def of_places(before: Trace, after: dict[str, Trace]) -> dict[str, tuple[bool, dict[str, bool]]]:
    """The rows of what is left after a run."""
    found = {}
    for row, place in PLACES.items():
        now = {}
        for driver, trace in after.items():
            if any(name.endswith(place) for name in trace.places):
                now[driver] = bool(trace.leaking_places(place))
        found[row] = (bool(before.leaking_places(place)), now)
    return found


def test_the_probes_leak(before: Trace) -> None:
    """Under papermill's own engine every channel leaks that is said to, and no other."""
    assert before.ran == set(ALL)

    expected = {channel.name for channel in ALL if channel.leaks}
    assert {channel.name for channel in before.leaking} == expected
    assert THE_END.name in before.leaking_places(EXCEPTION)
    assert all(before.leaking_places(place) for place in (EXCEPTION, CONSOLE, ".ipynb", "nbconvert page"))


@pytest.mark.parametrize("driver", DRIVERS)
def test_nothing_leaks(driver: str, after: dict[str, Trace]) -> None:
    """No secret is in any file, page, log or exception text; every cell has run, and says that something was taken
    out."""
    trace = after[driver]

    assert {channel.name: places for channel, places in trace.found.items() if places} == {}
    assert trace.ran == set(ALL)
    assert {channel.name for channel in SHOWN} <= {channel.name for channel in trace.masked}
    assert any(b"[secret]" in data for place, data in trace.places.items() if not place.endswith(".ipynb"))


def test_the_matrix(before: Trace, after: dict[str, Trace]) -> None:
    """Rows probed, rows leaking before, rows leaking after: 0."""
    places = of_places(before, after)
    print(table(ALL, before, after, places))

    print("\nout of scope:", *(f"  {what}: {why}" for what, why in OUT_OF_SCOPE), sep="\n")

    assert (len(ALL), len({channel.slug for channel in ALL})) == (ROWS, ROWS)
    assert len(before.leaking) == LEAKING
    assert [row for row, (_, now) in places.items() if any(now.values())] == []
    assert [len(trace.leaking) for trace in after.values()] == [0, 0, 0]
