"""Nothing that a tutorial says is lost: each of its sentences is found in a notebook, or is left out for a reason.

`data/tutorial_coverage.csv` has a row for each, in the tutorial's order and in our own words:

    where   markdown    `anchor` stands in that cell
            parameters  `anchor` stands in that notebook's parameters
            guide       in a line that `here.guide` shows for the app and the notebook
            facts       in a line that `check_readiness` shows: a fact, or where the sources disagree
            mapping     is a row that `review_mapping` looks for
            mail        in the mail to the vendor
    cell    is found by `anchor_source`, as ids shift when a cell is added before it:
            `python tests/test_tutorial_coverage.py` writes the ids of today
    reason  only where nothing in the kit says it
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from scimkit.apps import load, names
from scimkit.journey.guide import make_guide
from scimkit.journey.readiness import known_facts
from scimkit.journey.vendor_mail import write_mail
from scimkit.mapping.review import Expectations, review_mapping
from scimkit.mapping.rows import ObjectMapping

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "data" / "tutorial_coverage.csv"
COLUMNS = [
    "tutorial",
    "app",
    "number",
    "kind",
    "sentence",
    "notebook",
    "cell",
    "anchor_source",
    "where",
    "anchor",
    "reason",
]
KINDS = {"instruction", "warning", "prerequisite", "capability", "attribute", "follow_up", "note"}

# (found, listed) of each tutorial: a row that is lost, or no longer found, shows here
COUNTS = {
    ("000", "oreilly"): (85, 87),
    ("001", "linkedin-learning"): (58, 61),
    ("002", "cloud-academy"): (88, 90),
    ("003", "thrive-lxp"): (88, 91),
    ("004", "theorgwiki"): (65, 67),
}


def read_rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = read_rows()


@cache
def cells(notebook: str) -> list[dict]:
    return json.loads((ROOT / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]


def cell_of(row: dict[str, str]) -> dict:
    """The one cell of the row's notebook that holds its `anchor_source`."""
    found = [cell for cell in cells(row["notebook"]) if row["anchor_source"] in "".join(cell["source"])]
    assert len(found) == 1, f"{len(found)} cells of {row['notebook']} hold {row['anchor_source']!r}"
    return found[0]


@cache
def guide_lines(app: str, step: str) -> list[str]:
    guide = make_guide(load(app), step)
    return [guide.heading, *(line.text for line in guide.lines)]


@cache
def fact_lines(app: str) -> list[str]:
    profile = load(app)
    facts = [f"{fact.label}: {fact.value.replace('**', '')}" for fact in known_facts(profile)]
    return facts + [f"{item.where}: {item.fault} {item.kit}" for item in profile.contradictions]


@cache
def mapping_lines(app: str) -> list[str]:
    """What the review asks of a job that maps nothing, so all of the app's rows are missing."""
    profile = load(app)
    takes_groups = profile.capabilities.groups.value is True
    live = [
        ObjectMapping("", kind, kind, True, frozenset(), (), ())
        for kind in ("User", "Group")
        if kind == "User" or takes_groups
    ]
    decided = Expectations(takes_groups, group_targets=tuple(row.target for row in profile.group_attributes))
    review = review_mapping(profile.attributes, live, {}, decided=decided)
    messages = {check.message for check in review.checks}
    asked = {row.target for row in review.rows}
    lines = [words_of(row, row.target) for row in profile.attributes if row.target in asked]
    return lines + [
        words_of(row, f"{row.target} of groups")
        for row in profile.group_attributes
        if f"the group mapping has no row for {row.target}" in messages
    ]


def words_of(row, name: str) -> str:
    said = [row.type, *(word for word, yes in (("can be filtered", row.filterable), ("required", row.required)) if yes)]
    return f"{name}: {', '.join(said)}"


def lines_of(row: dict[str, str]) -> list[str]:
    """The text among which a row's anchor has to be, line by line."""
    if row["where"] == "mapping":
        return mapping_lines(row["app"])
    if row["where"] == "facts":
        return fact_lines(row["app"])
    if row["where"] == "guide":
        return guide_lines(row["app"], row["notebook"])
    if row["where"] == "mail":
        return write_mail(load(row["app"])).text.splitlines()
    return [" ".join("".join(cell_of(row)["source"]).split())]


# -- the table ----------------------------------------------------------------------------


def test_the_table_is_whole() -> None:
    """All five tutorials, each numbered without a gap; only known kinds; no empty sentence."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == COLUMNS
    assert all(None not in row for row in ROWS)
    assert all(None not in row.values() for row in ROWS)
    assert list(dict.fromkeys((row["tutorial"], row["app"]) for row in ROWS)) == list(COUNTS)
    assert {app for _, app in COUNTS} <= set(names())

    for tutorial, app in COUNTS:
        own = [row for row in ROWS if row["tutorial"] == tutorial]
        assert {row["app"] for row in own} == {app}
        assert [int(row["number"]) for row in own] == list(range(1, len(own) + 1))
    assert {row["kind"] for row in ROWS} == KINDS
    assert all(row["sentence"].strip() for row in ROWS)


def test_nothing_is_lost() -> None:
    """Each tutorial still has as many rows, and as many of them found, as were counted by hand."""
    listed = Counter((row["tutorial"], row["app"]) for row in ROWS)
    left_out = Counter((row["tutorial"], row["app"]) for row in ROWS if row["reason"])
    found = {tutorial: (listed[tutorial] - left_out[tutorial], listed[tutorial]) for tutorial in listed}

    for (number, app), (covered, all_of_them) in found.items():
        print(f"{number} {app}: {covered} of {all_of_them}")

    assert found == COUNTS


def test_attribute_tables_are_listed_whole() -> None:
    """A printed table of attributes has a row here for each of its own. LinkedIn's stands in a picture."""
    for _, app in COUNTS:
        listed = [row["anchor"] for row in ROWS if row["app"] == app and row["kind"] == "attribute"]
        assert listed == ([] if app == "linkedin-learning" else mapping_lines(app))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['tutorial']}-{row['number']}")
def test_it_is_found(row: dict[str, str]) -> None:
    """The cell is there, shows what `where` says, and the anchor stands in it; or the row says why it is left out."""
    place = [row[column] for column in ("notebook", "cell", "anchor_source", "where", "anchor")]
    if row["reason"]:
        assert not any(place)
        assert len(row["reason"].split()) > 5
        return

    assert all(place)

    cell = cell_of(row)
    assert row["cell"] in {other["id"] for other in cells(row["notebook"])}

    source = "".join(cell["source"])
    match row["where"]:
        case "markdown":
            assert cell["cell_type"] == "markdown"
        case "parameters":
            assert "parameters" in cell["metadata"].get("tags", ())
        case shown:
            verb = {
                "guide": "here.guide",
                "facts": "check_readiness(",
                "mapping": "review_mapping(",
                "mail": "write_mail(",
            }[shown]
            assert cell["cell_type"] == "code"
            assert verb in source
    lines = lines_of(row)
    if row["where"] == "mapping":
        assert row["anchor"] in lines
    else:
        assert any(row["anchor"] in line for line in lines), "\n".join(lines)


def renew() -> None:
    """Write the cells' ids of today into the table."""
    for row in ROWS:
        if row["notebook"]:
            row["cell"] = cell_of(row)["id"]
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(ROWS)


if __name__ == "__main__":
    renew()
