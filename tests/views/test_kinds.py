"""Every kind of record has a description of its own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

from scimkit.evidence import checks
from scimkit.mapping import explain
from scimkit.views import describe, describe_kind, render_text
from scimkit.views.document import CheckList, Table
from scimkit.views.kinds import DESCRIPTIONS
from scimkit.views.tables import MOST_ROWS


def _tables(kind: str, data: dict[str, Any]) -> dict[str, Table]:
    return {block.title: block for block in describe_kind(kind, data).blocks if isinstance(block, Table)}


def test_every_kind_shows_its_checks(kind_and_data: tuple[str, dict[str, Any]]) -> None:
    """The checks of a record stand below it, all of them."""
    kind, data = kind_and_data
    lists = [block for block in describe_kind(kind, data).blocks if isinstance(block, CheckList)]

    assert sum(len(block.rows) for block in lists) == len(data.get("checks", []))
    assert len(lists) <= (3 if kind == "MappingReview" else 1), "only the review groups them"


def test_every_kind_survives_missing_fields(kind_and_data: tuple[str, dict[str, Any]]) -> None:
    """A record of another version, with fields missing, is shown as far as it goes."""
    kind, _ = kind_and_data
    assert describe_kind(kind, {}).title


def test_the_journey_has_no_kind_without_a_description() -> None:
    """What a step leaves is described on purpose, not by the fallback."""
    from scimkit.journey.steps import STEPS

    left = set(chain.from_iterable(step.records for step in STEPS)) | {"ChangePlan"}
    assert left <= set(DESCRIPTIONS)


def test_predicted_reported_and_observed_are_columns(records: dict[str, dict[str, Any]]) -> None:
    """The three words are never mixed, and what was not read is not observed."""
    table = _tables("PilotResult", records["PilotResult"])["Predicted, reported, observed"]
    assert table.columns[1:4] == ("predicted", "reported", "observed")
    assert [value.text for value in table.rows[1][1:4]] == ["create", "not observed", "not observed"]


def test_an_account_count_that_was_not_read_is_not_zero(records: dict[str, dict[str, Any]]) -> None:
    """None accounts observed reads `not observed`."""
    assert "accounts observed in the app  not observed" in render_text(describe_kind("Forecast", records["Forecast"]))


def test_unconfirmed_facts_are_marked(records: dict[str, dict[str, Any]]) -> None:
    """The administrator sees which facts nobody has confirmed."""
    assert "per user (unconfirmed)" in render_text(describe_kind("Readiness", records["Readiness"]))


def test_an_empty_plan_says_so() -> None:
    """A plan without changes has no fingerprint to confirm."""
    text = render_text(
        describe_kind("ChangePlan", {"changes": [], "fingerprint": "123456", "summary": "All is there."})
    )
    assert "Changes: nothing to do" in text
    assert "123456" not in text


def test_a_plan_shows_no_clock(records: dict[str, dict[str, Any]]) -> None:
    """When a plan was made or confirmed differs at every run, so outputs leave it out."""
    data = {**records["ChangePlan"], "made_utc": "2026-01-01T00:00:00Z", "confirmed_utc": "2026-01-01T00:00:00Z"}
    text = render_text(describe_kind("ChangePlan", data))

    assert "2026-01-01" not in text
    assert "confirmed    yes" in text


def test_thousands_of_rows_are_counted_and_cut(records: dict[str, dict[str, Any]]) -> None:
    """A large forecast stays readable and says how many rows are left out."""
    row = records["Forecast"]["rows"][0]
    table = _tables("Forecast", {"rows": [row] * 5000, "counts": {}})["Who, and why"]
    assert (len(table.rows), table.left_out) == (MOST_ROWS, 5000 - MOST_ROWS)


def test_the_same_source_in_brackets_is_as_expected(records: dict[str, dict[str, Any]]) -> None:
    """`[mail]` and `mail` name the same attribute."""
    rows = _tables("MappingReview", records["MappingReview"])["Rows"].rows
    assert [row[2].text for row in rows] == ["as expected", "[accountEnabled]", "(no such row)"]


def test_forecast_and_outcome_stand_side_by_side(records: dict[str, dict[str, Any]]) -> None:
    """`create; create failure` is a prediction and a report, in columns of their own."""
    table = _tables("LogSummary", records["LogSummary"])["Forecast compared with outcome, where they differ"]
    assert table.columns[1:] == ("predicted", "reported")
    assert [value.text for value in table.rows[0]] == ["wei.wang@contoso.example", "create", "create failure"]


@dataclass(frozen=True)
class Unheard:
    name: str
    items: tuple[Unheard, ...] = ()


def test_any_dataclass_is_shown_field_by_field() -> None:
    """A kind nobody described: single values as pairs, lists of things as a table."""
    text = render_text(describe(Unheard("outer", (Unheard("inner"),))))
    assert text == "Unheard\n\n  name  outer\n\nItems (1)\n  name   items\n  -----  -----\n  inner  —"


def test_a_tuple_of_checks() -> None:
    """Checks alone are a view too."""
    view = describe((checks.passed("a.b", "fine"), checks.failed("a.c", "bad", "mend it")))
    assert render_text(view).split("\n") == [
        "Checks: 1 failed, 1 passed",
        "  ✓ passed        a.b: fine",
        "  ✗ failed        a.c: bad",
        "                  What to do: mend it",
    ]


def test_the_shipped_profiles_have_views() -> None:
    """A profile shows its facts with their sources and the contradictions."""
    from scimkit.apps import load, names

    for name in names():
        profile = load(name)
        text = render_text(describe(profile))
        assert profile.title in text
        assert "Facts (" in text
        assert "Where the sources disagree" in text


def test_the_review_groups_its_findings_by_what_they_ask_for(records: dict[str, dict[str, Any]]) -> None:
    """What must be mended first, then what should be known, then what is fine; the type and when a row applies in
    words."""
    data = {**records["MappingReview"], "overruled": [{"target": "userName", "values": {"ada@contoso.example": "ADA"}}]}
    data["rows"] = [{**row, "kind": "Direct", "default": "x"} for row in data["rows"]]
    view = describe_kind("MappingReview", data)

    lists = [block for block in view.blocks if isinstance(block, CheckList)]

    assert [block.title for block in lists] == ["Must be fixed", "Should be known", "Fine"]
    assert {row.status for row in lists[0].rows} <= {"failed", "not_reached"}

    rows = _tables("MappingReview", data)["Rows"]
    assert rows.columns == ("target", "expected", "live", "type", "default", "applies", "matching")
    assert [row[5].text for row in rows.rows] == ["always", "always", "—"]
    assert _tables("MappingReview", data)["Where Microsoft's result replaces ours"].rows[0][2].text == "ADA"


def test_an_expression_is_a_tree_table() -> None:
    """Inner parts are indented, branches not taken say so, and what was empty is named."""
    told = explain('IIF([a] = "x", Join("-", [a], [b]), "no")', {"a": "x"})
    table = describe(told).blocks[0]

    assert isinstance(table, Table)
    assert table.columns == ("part", "is", "gives", "why")

    parts = {row[0].text: row for row in table.rows}
    assert parts["all of it"][3].text == "condition True"
    assert parts["· · source 2"][3].text == "empty in the source"
    assert parts["· valueIfFalse"][2].text == "not taken"
    assert "Empty for this person: b" in describe(told).sentence
