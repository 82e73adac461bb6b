"""The table that opens `scimkit.journey` is true: steps, modules, verbs and records are what the code has."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import pytest

import scimkit
from scimkit import journey
from scimkit.evidence.records import KINDS
from scimkit.journey.steps import _HOME, STEPS, record_step


@dataclass(frozen=True)
class Line:
    """One line of the table; `module` as the table has it, `record` "" where the line leaves none."""

    step: str
    module: str
    verb: str
    record: str

    @property
    def home(self) -> str:
        """Where the module stands: in the journey, unless the table names another room."""
        if "." in self.module:
            return f"scimkit.{self.module}"
        return f"scimkit.journey.{self.module}"


HEADING = ["step", "module", "verb", "record"]


def read_table(text: str) -> list[Line]:
    """The lines below the heading, up to the first that is empty; a step is written once and holds on."""
    rows = [row.split() for row in text.splitlines()]
    lines: list[Line] = []
    for words in rows[rows.index(HEADING) + 1 :]:
        if not words:
            break
        if not words[0][0].isdigit():
            words.insert(0, lines[-1].step)
        step, module, verb, *record = words
        lines.append(Line(step, module, verb, *(record or [""])))
    return lines


TABLE = read_table(journey.__doc__ or "")


def test_every_step_stands_in_the_table_in_order() -> None:
    """Nothing of STEPS is missing, nothing is added, and the order is the journey's."""
    assert list(dict.fromkeys(line.step for line in TABLE)) == [step.name for step in STEPS]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_record_of_a_step_stands_there(step) -> None:
    """A step leaves just the records that its lines name, the closing one last."""
    assert tuple(line.record for line in TABLE if line.step == step.name and line.record) == step.records


@pytest.mark.parametrize("line", TABLE, ids=lambda line: line.verb)
def test_each_verb_is_where_the_table_says(line: Line) -> None:
    """The module has the verb, and `scimkit` offers that very function from that place."""
    assert callable(getattr(import_module(line.home), line.verb))
    assert scimkit._HOME[line.verb] == line.home


@pytest.mark.parametrize("line", [line for line in TABLE if line.record], ids=lambda line: line.record)
def test_each_record_is_registered_by_its_step(line: Line) -> None:
    """The kind can be read from a run, its class is found beside the verb, and its step is this one."""
    assert record_step(line.record) == line.step
    assert KINDS[line.record] is getattr(import_module(line.home), line.record)
    assert _HOME[line.record] == line.home


def test_the_journeys_verbs_are_in_the_order_of_the_table() -> None:
    """The public page names the verbs in the order of the steps, too."""
    order = list(scimkit._HOME)
    assert [line.verb for line in TABLE] == sorted((line.verb for line in TABLE), key=order.index)


def test_a_table_is_read_as_it_is_written() -> None:
    """The reader itself: a step goes on below itself, a record may be absent, an empty line ends it."""
    text = "step module verb record\n  1_plan readiness check Readiness\n   guide tell\n\nBeside them: more"
    assert read_table(text) == [
        Line("1_plan", "readiness", "check", "Readiness"),
        Line("1_plan", "guide", "tell", ""),
    ]
