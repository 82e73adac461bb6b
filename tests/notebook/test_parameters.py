"""Parameters: the tagged cell is the one declaration, and a value that does not fit is an error before a kernel
starts."""

import json
from itertools import chain
from pathlib import Path

import pytest

from scimkit.errors import ConfigError
from scimkit.notebook.parameters import LABELS, check_values, declared_parameters, label_of, parse_parameters

CELL = """app = "oreilly"  # the app
people: int = 40  # how many
share: float = 1  # of them
strict = True  # or not
kept = "prompt"  # prompt | file: where to keep it
empty = ""
"""


@pytest.fixture(scope="module")
def declared():
    return parse_parameters(CELL, where="x.ipynb")


def test_what_a_cell_declares(declared):
    """Names, types, defaults, comments and choices are read from the cell as it stands."""
    assert [(p.name, p.type, p.default) for p in declared] == [
        ("app", str, "oreilly"),
        ("people", int, 40),
        ("share", float, 1),
        ("strict", bool, True),
        ("kept", str, "prompt"),
        ("empty", str, ""),
    ]
    assert declared[4].choices == ("prompt", "file")
    assert declared[0].choices == ()
    assert declared[5].help == ""


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "a = open('x')",
        "a = b",
        "a, b = 1, 2",
        "a = [1]",
        "a = None",
        "a: list = []",
        "a: int",
        "def",
        "print(1)",
        "a = 'x",
        "a['b'] = 1",
    ],
)
def test_only_literals_may_stand_there(source):
    """Anything but an assignment of a plain literal is refused, never run."""
    with pytest.raises(ConfigError, match=r"x\.ipynb"):
        parse_parameters(source, where="x.ipynb")


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("app", "00123", "00123"),
        ("app", "", ""),
        ("people", " 7 ", 7),
        ("people", 7, 7),
        ("share", 2, 2.0),
        ("share", "0.5", 0.5),
        ("strict", "no", False),
        ("strict", "1", True),
        ("kept", "file", "file"),
    ],
)
def test_values_that_fit(declared, name, value, result):
    """Text stays text; text for another type is read for what it says."""
    got = check_values(declared, {name: value}, where="1_plan")[name]
    assert got == result
    assert type(got) is type(result)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("people", "many"),
        ("people", True),
        ("people", 1.5),
        ("people", "1.5"),
        ("people", None),
        ("strict", "maybe"),
        ("strict", 1),
        ("app", 5),
        ("app", None),
        ("app", True),
        ("share", "half"),
        ("kept", "elsewhere"),
        ("kept", ""),
    ],
)
def test_values_that_do_not_fit(declared, name, value):
    """A wrong type or choice names step and parameter, and says what is wanted."""
    with pytest.raises(ConfigError, match=f"1_plan: parameter {name}") as caught:
        check_values(declared, {name: value}, where="1_plan")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("name", "value", "fits"),
    [
        ("deletion_threshold", "0", False),
        ("deletion_threshold", -3, False),
        ("deletion_threshold", 1, True),
        ("seats", -1, False),
        ("seats", 0, True),
    ],
)
def test_a_number_out_of_bounds_is_refused(name, value, fits):
    """A threshold of nobody would stop every cycle, fewer than no seats mean nothing: both end before a kernel
    starts."""
    number = parse_parameters(f"{name} = 20", where="x")
    if fits:
        assert check_values(number, {name: value}, where="5a")[name] == int(value)
        return

    with pytest.raises(ConfigError, match=f"5a: parameter {name} is {value}") as caught:
        check_values(number, {name: value}, where="5a")

    assert "at least" in caught.value.remedy


def test_an_unknown_name_is_guessed(declared):
    """A slip of the key is answered with the nearest name, and all there are."""
    with pytest.raises(ConfigError, match="no parameter peple") as caught:
        check_values(declared, {"peple": 1}, where="1_plan")
    assert caught.value.remedy.startswith("Did you mean people?")
    assert "kept" in caught.value.remedy


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"cells": 5}', '{"cells": [5]}', "no json"])
def test_what_is_no_notebook(tmp_path, content):
    """A file that is no notebook is refused by name."""
    (tmp_path / "x.ipynb").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match="not a notebook"):
        declared_parameters(tmp_path / "x.ipynb")


def test_a_notebook_without_parameters(tmp_path):
    """No tagged cell means no parameters."""
    (tmp_path / "x.ipynb").write_text(
        json.dumps({"cells": [{"cell_type": "code", "metadata": {}, "source": ["a = 1"]}]}), encoding="utf-8"
    )
    assert declared_parameters(tmp_path / "x.ipynb") == ()


def test_every_shipped_parameter_has_a_readable_label():
    """A label is words, none stands for two parameters of a notebook, and none is left of a parameter that is gone."""
    root = Path(__file__).parents[2]
    names = {}
    for path in [*sorted((root / "notebooks").glob("*.ipynb")), *sorted((root / "runbooks").glob("*.ipynb"))]:
        names[path.stem] = [parameter.name for parameter in declared_parameters(path)]

    for declared_names in names.values():
        labels = [label_of(name) for name in declared_names]
        assert len(set(labels)) == len(labels)
        assert not [text for text in labels if "_" in text or not text[:1].isupper()]

    assert set(LABELS) <= set(chain.from_iterable(names.values()))
