"""ARCHITECTURE.md, CONTRIBUTING.md, CHANGELOG.md and README.md name only what exists."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

from scimkit.evidence.version import VERSION
from tests.test_layers import LAYERS

ROOT = Path(__file__).parents[1]
PAGES = ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md")
ABOUT_THE_CODE = PAGES[:2]  # README also names folders of a run, and paths of Microsoft's and of vendors
MOST_LINES = 59  # of ARCHITECTURE.md
MOST_STATIONS = 7  # on one person's way


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


# -- what a page names ---------------------------------------------------------------------


def prose_of(text: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def paths_in(text: str) -> list[str]:
    """What stands in backticks and has a slash; commands and other words with spaces are no paths."""
    return re.findall(r"`([^`\s]*/[^`\s]*)`", prose_of(text))


def targets_in(text: str) -> set[str]:
    """The make targets that a page names, in prose as in its blocks of code."""
    return set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))


def make_targets(makefile: str) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def newest_release(changelog: str) -> str:
    """The version of the first heading below [Unreleased]."""
    releases = re.findall(r"^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    if releases:
        return releases[0]
    return ""


def exists(path: str) -> bool:
    """Whether `path` is a file or folder of the clone, or of the package, with or without `.py`."""
    places = product((ROOT, ROOT / "scimkit"), (path, f"{path}.py"))
    return any((folder / name).exists() for folder, name in places)


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]


def block_of(text: str) -> str:
    """The first block of code without a language."""
    found = re.search(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def layers_of(lines: list[str]) -> list[set[str]]:
    """The rooms of each layer, without the package itself, which stands above all of them."""
    layers = [set(map(str.strip, line.split("|"))) for line in lines]
    return [rooms for rooms in layers if rooms != {"scimkit"}]


# -- the pages keep it ---------------------------------------------------------------------


def test_the_architecture_stays_a_page() -> None:
    """ARCHITECTURE.md is under 60 lines."""
    assert len(read("ARCHITECTURE.md").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("page", ABOUT_THE_CODE)
def test_every_path_exists(page: str) -> None:
    """Every file, folder or module that a page names in backticks is there."""
    named = paths_in(read(page))
    assert len(named) > 10
    assert not [path for path in named if not exists(path)]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file(page: str) -> None:
    """A link to another page of the clone leads there."""
    links = re.findall(r"\]\(([^)#:\s]+)\)", read(page))
    assert links
    assert not [link for link in links if not (ROOT / link).is_file()]


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_is_in_the_makefile(page: str) -> None:
    """A page sends nobody to a target that make does not know."""
    assert targets_in(read(page)) <= make_targets(read("Makefile"))


@pytest.mark.parametrize("target", ["check", "test", "notebooks", "bench", "acceptance"])
def test_contributing_explains_each_check(target: str) -> None:
    """Each target that proves something, or writes what is committed, stands in CONTRIBUTING.md."""
    assert target in targets_in(read("CONTRIBUTING.md"))


def test_both_drawings_are_that_of_the_layer_test() -> None:
    """ARCHITECTURE.md draws the rooms from the ground up, README.md from the top down, both as LAYERS has them."""
    wanted = layers_of(LAYERS.strip().splitlines())
    upwards = block_of(section(read("ARCHITECTURE.md"), "The rooms"))

    assert layers_of([re.split(r" {2,}", line)[0] for line in upwards.splitlines()]) == wanted

    downwards = block_of(section(read("README.md"), "The house"))
    assert layers_of(downwards.split("->"))[::-1] == wanted


def test_one_persons_way_is_that_of_the_code() -> None:
    """At most seven stations, and the module of each has the names that the page gives for it."""
    stations = re.findall(r"^\d\. (.*?)(?=^\d\. |\Z)", section(read("ARCHITECTURE.md"), "One person"), re.M | re.S)
    assert 0 < len(stations) <= MOST_STATIONS

    first = (ROOT / "scimkit" / paths_in(stations[0])[0]).read_text(encoding="utf-8")
    for station in stations:
        source = first + (ROOT / "scimkit" / paths_in(station)[0]).read_text(encoding="utf-8")
        names = re.findall(r"`(\w+)`", station)
        assert names, station
        assert not [name for name in names if not re.search(rf"\b{name}\b", source)], station


def test_the_newest_release_is_the_version() -> None:
    """The changelog begins with what is not released yet; its newest release is the package's version."""
    changelog = read("CHANGELOG.md")
    assert re.findall(r"^## (.*)$", changelog, re.MULTILINE)[0] == "[Unreleased]"
    assert newest_release(changelog) == VERSION


# -- and a wrong page would be found -------------------------------------------------------


@pytest.mark.parametrize(
    "text, paths",
    [
        ("see `scimkit/gone.py` and `journey/`", ["scimkit/gone.py", "journey/"]),
        ("`git config a/b c` and `plain`", []),
        ("```\n`in/code`\n```\n`after/it`", ["after/it"]),
    ],
)
def test_paths_are_read(text: str, paths: list[str]) -> None:
    """Paths are found in prose, and not among commands or in code."""
    assert paths_in(text) == paths


def test_what_is_gone_is_missed() -> None:
    """A module that has moved, a target that is gone and a release without a date are noticed."""
    assert exists("journey/forecast")
    assert exists("tests/data")
    assert not exists("journey/gone.py")
    assert targets_in("`make chek`\nmake lab   # x\nthey make coffee") == {"chek", "lab"}
    assert newest_release("## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n## [0.1.0] - 2026-11-21") == "0.2.0"
    assert newest_release("## [0.2.0]") == ""
