"""How a mapping that was stored, compared or restored reads."""

from __future__ import annotations

from collections.abc import Callable

from scimkit.evidence.counting import count
from scimkit.views.document import Block, Pairs
from scimkit.views.tables import Data, field, table
from scimkit.views.values import NOTHING, cell, phrase

Description = tuple[str, str, tuple[Block, ...]]
_FILES = {
    "file": "to read and review",
    "schema_file": "everything, as Graph returned it",
    "version": "version of the schema",
    "read_utc": "read (UTC)",
}


def describe_backup(data: Data) -> Description:
    """What the mapping was when it was stored, and where it is."""
    objects = data.get("objects") or []
    columns = {
        "object": field("source_object"),
        "provisioned": field("enabled"),
        "actions": field("actions"),
        "rows": field("rows"),
        "matched by": field("matching"),
        "scoping filters": field("filters"),
    }
    pairs = Pairs(
        tuple((words, cell(data[name], code=name.endswith("file"))) for name, words in _FILES.items() if name in data)
    )
    told = " and ".join(str(each.get("source_object")) for each in objects) or "nothing"
    return "Mapping kept", f"Mapped: {told}.", (table("Objects", columns, objects), pairs)


def describe_comparison(data: Data) -> Description:
    """What differs, content first; the order of rows separately."""
    before, after = str(data.get("before") or "one side"), str(data.get("after") or "the other")
    changes, order = data.get("changes") or [], data.get("order") or []
    if data.get("same"):
        sentence = f"{before} and {after} have the same content."
        if order:
            sentence = f"{before} and {after} have the same content, in another order."
    elif not changes:
        sentence = f"{before} and {after} could not be compared."
    else:
        sentence = f"From {before} to {after}: {count(len(changes), 'difference')}."
    columns = {
        "object": field("object"),
        "attribute": field("target", code=True),
        "what": _what,
        before: field("before", code=True),
        after: field("after", code=True),
    }
    blocks: list[Block] = [table("Differences", columns, changes)]
    if order:
        places = {
            "object": field("object"),
            "attribute": field("target", code=True),
            before: field("before"),
            after: field("after"),
        }
        blocks.append(table("In another order, which changes nothing", places, order))
    return "Mapping compared", sentence, tuple(blocks)


def _what(change: Data) -> str:
    """`changed: source` of a member, `row added` of a whole row."""
    member = str(change.get("member") or "")
    if member:
        return f"{change.get('kind')}: {member}"
    return str(change.get("kind") or "")


def describe_prediction(data: Data) -> Description:
    """Who would lose their access, and why."""
    if not data.get("made"):
        return "Prediction of the restore", "There was nothing to check in the directory.", ()
    people = table(
        "No longer in scope, or disabled",
        {"person": field("person"), "why": field("reason")},
        data.get("leavers") or [],
        empty="none",
    )
    groups: tuple[Pairs, ...] = ()
    if data.get("groups"):
        groups = (Pairs((("groups that fall out of scope", cell(data["groups"])),)),)
    return "Prediction of the restore", "", (people, *groups)


def describe_restore(data: Data) -> Description:
    """What was restored, and who was in scope before and no longer is."""
    changes = data.get("changes") or []
    if not data.get("title"):
        return "Mapping restored", "Nothing had to be restored.", ()
    columns = {
        "where": field("place", code=True),
        "before": field("before", code=True),
        "after": field("after", code=True),
    }
    versions = f"{data.get('from_version') or NOTHING} to {data.get('to_version') or NOTHING}"
    facts = (
        ("version of the schema", cell(versions)),
        ("as it was before", cell(data.get("before_file"), code=True)),
        ("started again", cell(data.get("started"))),
    )
    people = table(
        "No longer in scope, according to the prediction",
        {"person": phrase},
        data.get("left_scope") or [],
        empty="none",
    )
    written = table("Written", columns, changes, empty="nothing: everything was already there")
    return (
        "Mapping restored",
        f"{data['title']}: {count(len(changes), 'difference')} written.",
        (written, people, Pairs(facts)),
    )


DESCRIPTIONS: dict[str, Callable[[Data], Description]] = {
    "MappingBackup": describe_backup,
    "MappingComparison": describe_comparison,
    "RestoreForecast": describe_prediction,
    "MappingRestore": describe_restore,
}
