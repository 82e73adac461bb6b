"""How the scope reads: assignments, people, and what scoping filters do to them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from scimkit.evidence.counting import count
from scimkit.views.document import Block, Cell, Table
from scimkit.views.tables import Data, field, table
from scimkit.views.values import cell, phrase

MOST_PEOPLE = 12  # a screenful; the record names everybody
OBJECTS = {"User": ("person", "people"), "Group": ("group", "groups")}
MODES = {"assigned": "everyone who is assigned", "all": "everyone in the directory"}


def describe_scope(data: Data) -> tuple[str, str, tuple[Block, ...]]:
    """The scope: who is assigned, how the filters change this, who goes first."""
    columns = {
        "name": field("name"),
        "kind": field("kind"),
        "role": field("role"),
        "direct members": field("direct_members"),
        "nested members": field("nested_members"),
        "created by this run": field("made_here"),
    }
    assigned = table("Assignments", columns, data.get("assignments") or [])
    reviews = data.get("filter_reviews") or []
    filters = list(chain.from_iterable(_review(review) for review in reviews))
    if not any(review.get("object") == "User" for review in reviews):
        filters.insert(0, _filter_table([{"filter": text} for text in data.get("filters") or []]))
    how = ""
    if reviews:
        how = " by assignment"
    mode = MODES.get(str(data.get("mode")), data.get("mode"))
    sentence = f"{count(data.get('people', 0), *OBJECTS['User'])} in scope{how}; the job provisions {mode}."
    return "Scope", sentence, (assigned, *filters, people_table("Pilot people", data.get("pilot") or []))


def describe_trial(data: Data) -> tuple[str, str, tuple[Block, ...]]:
    """A filter that was only tried: who stays in scope, who leaves it, who enters it."""
    review = data.get("review") or {}
    if not data.get("text"):
        return "A filter to try", "None was given: set try_filter to see what one would do.", ()
    if review["problem"]:
        return (
            "A filter, tried",
            f"{data['text']}: no one was evaluated, because {review['problem']}.",
            (_remarks(review),),
        )
    leaving, entering = data.get("leaving") or [], data.get("entering") or []
    out = review["judged"] - data["staying"] - len(leaving) - len(entering)
    said = (
        f"of {review['judged']} people assigned, {data['staying']} would stay in scope, {len(leaving)} would leave it,"
        f" {len(entering)} would enter it, {out} would stay out"
    )
    remarks = []
    if review["remarks"]:
        remarks = [_remarks(review)]
    blocks = (
        _people("Who would leave the scope", leaving, empty="none"),
        table(
            "Who would enter the scope",
            {"person": field("person")},
            [{"person": name} for name in entering],
            most=MOST_PEOPLE,
            empty="none",
        ),
        *_doubts(review),
        *remarks,
    )
    return "A filter, tried", f"{data['text']}: {said}. Nothing was written.", blocks


def people_table(title: str, people: Sequence[Data]) -> Table:
    """People as a record names them."""
    columns = {
        "name": field("display_name"),
        "user name": field("user_principal_name"),
        "mail": field("mail"),
        "kind": field("kind"),
        "enabled": field("enabled"),
        "synchronised": field("synced"),
    }
    return table(title, columns, people)


def _review(review: Data) -> list[Block]:
    """The filters of one mapping: what they say, who each clause leaves out, and who depends on an open rule."""
    what = " of the group mapping"
    if review["object"] == "User":
        what = ""
    blocks: list[Block] = [_filter_table([{"filter": text} for text in review["filters"]], what)]
    if review["judged"]:
        one, many = OBJECTS[review["object"]]
        counts = {
            "clause that is false": field("clause", code=True),
            many: field("people"),
            "of them empty there": field("empty"),
        }
        title = f"Left out by filter: {len(review['left_out'])} of {review['judged']} {many} assigned"
        blocks += [
            table(title, counts, review["counts"], most=MOST_PEOPLE, empty="none"),
            _people(f"Each {one} left out", review["left_out"], empty="none"),
        ]
        blocks += _doubts(review)
    return blocks


def _filter_table(filters: Sequence[Data], what: str = "") -> Table:
    none = "none: everyone who is assigned passes"
    return table(f"Scoping filters{what}", {"filter": field("filter", code=True)}, filters, empty=none)


def _people(title: str, left_out: Sequence[Data], *, empty: str) -> Table:
    return table(title, {"who": _who, "does not pass": _clauses}, left_out, most=MOST_PEOPLE, empty=empty)


def _who(item: Data) -> Cell:
    return cell(item.get("person") or item.get("group"))


def _clauses(left_out: Data) -> Cell:
    """One line for each clause that is false for someone, and the value they have there."""
    lines = []
    for clause in left_out["clauses"]:
        wanted = " ".join(part for part in (clause["operator"], clause["value"]) if part)
        has = "is empty"
        if clause["has"] != "(empty)":
            has = f"is {phrase(clause['has'])}"
        lines.append(f"{phrase(clause['filter'])}: {phrase(clause['attribute'])} {phrase(wanted)}, but {has}")
    return Cell("\n".join(lines))


def _doubts(review: Data) -> list[Block]:
    if not review["doubtful"]:
        return []
    columns = {"who": _who, "passes when a pattern may match": field("passes_when")}
    words = {"anywhere": "anywhere in the value"}
    rows = [
        {**each, "passes_when": words.get(each["passes_when"], "the whole value only")} for each in review["doubtful"]
    ]
    return [table("Who passes under only one reading of patterns (unconfirmed)", columns, rows, most=MOST_PEOPLE)]


def _remarks(review: Data) -> Table:
    """What is among the checks of a scope; a trial has none."""
    columns = {"what": field("message"), "what to do": field("remedy"), "known from": _mark}
    return table("Remarks on the filters", columns, review["remarks"], most=MOST_PEOPLE)


def _mark(remark: Data) -> Cell:
    return Cell(
        {"documented": "documented", "seen": "seen in the field"}.get(remark["mark"], "not documented"),
        unconfirmed=remark["mark"] == "unconfirmed",
    )
