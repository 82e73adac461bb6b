"""How a `Compatibility` reads as a page: the verdict, each root cause with what to do, every check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scimkit.evidence.counting import count
from scimkit.views.document import Block, Cell, Pairs
from scimkit.views.tables import field, table
from scimkit.views.values import cell, visible

Data = Mapping[str, Any]
BREAKS = {"fails": "breaks", "conditional": "works under a condition", "advice": "advice"}
DIALECTS = {"default": "default", "aadOptscim062020": "with the flag", "both": "both"}
OUTCOMES = {"accepted_not_stored": "accepted, not stored", "not_reached": "not reached", "not_observed": "not observed"}
WHO = {"vendor": "the vendor", "administrator": "you", "both": "the vendor, or you"}


def describe_compatibility_record(data: Data) -> tuple[str, str, tuple[Block, ...]]:
    """The verdict first; then what it is based on, the worst first; the single checks last.

    The record on disk has every check. Here those that were not met are named, the others counted.
    """
    findings, rows = data.get("findings") or [], data.get("rows") or []
    blocks: list[Block] = [_head(data, rows)]
    blocks += [
        _finding(number, finding)
        for number, finding in enumerate(findings, start=1)
        if finding.get("breaks") != "advice"
    ]
    advice = [finding for finding in findings if finding.get("breaks") == "advice"]
    if advice:
        columns = {"what was seen": field("title"), "dialect": _dialects, "for the vendor": field("remedy")}
        blocks.append(table("Advice: nothing that affects this mapping", columns, advice))
    if data.get("left_behind"):
        left = {"what": field("resource_type"), "name": field("name"), "id": field("id", code=True)}
        blocks.append(table("Could not be removed from the app", left, data["left_behind"]))
    unmet = [row for row in rows if row.get("outcome") != "passed"]
    columns = {
        "check": field("code", code=True),
        "dialect": _dialect,
        "people": field("people"),
        "outcome": _outcome,
        "cause": field("cause", code=True),
    }
    blocks.append(table("Checks that were not met, or not run", columns, unmet))
    counts = {"of": field("theme"), "checks": field("checks"), "met": field("met")}
    blocks.append(table("All checks", counts, _themes(rows), empty="none was made"))
    conditional = data.get("verdict") == "works_if" and data.get(
        "conditions"
    )  # its sentence would say all of them a second time
    said = "Entra will work if the points listed below are done, or known, first."
    if not conditional:
        said = str(data.get("sentence") or "")
    return "Will Entra work with this endpoint?", said, tuple(blocks)


def _themes(rows: Sequence[Data]) -> list[Data]:
    themes = dict.fromkeys(str(row.get("theme")) for row in rows)
    counts: list[Data] = []
    for theme in themes:
        of_theme = [row for row in rows if row.get("theme") == theme]
        if of_theme:
            counts.append({"theme": theme, "checks": len(of_theme), "met": sum(map(_is_met, of_theme))})
    return counts


def _is_met(row: Data) -> bool:
    return row.get("outcome") in ("passed", "warning")


def _dialect(row: Data) -> Cell:
    return cell(DIALECTS.get(str(row.get("dialect")), row.get("dialect")))


def _outcome(row: Data) -> Cell:
    return cell(OUTCOMES.get(str(row.get("outcome")), row.get("outcome")))


def _head(data: Data, rows: Sequence[Data]) -> Pairs:
    met = sum(map(_is_met, rows))
    asked = "reading only"
    if data.get("written"):
        asked = "reading and writing"
    flag = "none"
    if data.get("flag"):
        flag = "aadOptscim062020"
    made = count(data.get("requests", 0), "request")
    return Pairs(
        (
            ("endpoint", cell(data.get("address"), code=True)),
            ("app", cell(data.get("app"), nothing="none: the default mapping")),
            ("people are matched by", cell(data.get("matching"))),
            ("group mapping", Cell("on" if data.get("mapped_groups") else "off")),
            ("flag in the Tenant URL", Cell(flag)),
            ("asked by", Cell(f"{asked}; {met} of {len(rows)} checks met; {made}")),
            (
                "to be done or known first",
                Cell("\n".join(visible(text) for text in data.get("conditions") or ()) or "nothing"),
            ),
            ("note", cell(data.get("note"))),
        )
    )


def _dialects(finding: Data) -> Cell:
    return Cell(", ".join(DIALECTS.get(one, visible(str(one))) for one in finding.get("dialects") or ()))


def _finding(number: int, finding: Data) -> Pairs:
    """One root cause and what to do about it."""
    unconfirmed = finding.get("evidence") == "unconfirmed"
    return Pairs(
        (
            (f"{number}. root cause", Cell(visible(str(finding.get("title"))), unconfirmed=unconfirmed)),
            ("weight", cell(BREAKS.get(str(finding.get("breaks")), finding.get("breaks")))),
            ("dialect", _dialects(finding)),
            ("sent", cell(finding.get("sent"), code=True)),
            ("came back", cell(finding.get("got"))),
            ("rows of the mapping", cell(finding.get("rows"), nothing="none")),
            ("what it means", cell(finding.get("means"))),
            ("who can fix it", cell(WHO.get(str(finding.get("who")), finding.get("who")))),
            ("for the vendor", cell(finding.get("remedy"))),
            ("in Entra meanwhile", cell(finding.get("meanwhile"))),
            ("checks it affects", cell(finding.get("explains"))),
            ("source", cell(f"{finding.get('source')} ({finding.get('evidence')})")),
        )
    )
