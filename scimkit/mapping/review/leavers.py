"""Whether people who leave are disabled: what `active` comes from, and whether its value is correct."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from scimkit.errors import MappingError
from scimkit.evidence.checks import Check, failed, passed, warning
from scimkit.mapping.language.compiled import evaluate
from scimkit.mapping.language.syntax import attribute_names
from scimkit.mapping.review.certainty import CUSTOMIZE, documented
from scimkit.mapping.review.subject import Subject
from scimkit.mapping.review.texts import listed, value_text
from scimkit.mapping.rows import ON_CREATE_ONLY, MappingRow

LEFT = "IsSoftDeleted"
DEFAULT = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'
REMEDY = f"Open the row of active under Attribute Mapping, choose the type Expression and enter {DEFAULT}."
SOURCE = documented(CUSTOMIZE)
# unassigned or filtered out, and blocked or deleted: only the latter shows in accountEnabled too
WAYS_TO_LEAVE: tuple[Mapping[str, Any], ...] = (
    {LEFT: True, "accountEnabled": True},
    {LEFT: True, "accountEnabled": False},
)


def check_leavers(subject: Subject) -> Iterator[Check]:
    row = subject.live.get("active")
    if row is not None:
        yield from _active(subject, row)
    elif subject.expected and "active" not in subject.expected:  # the app's own table has none
        yield _without_active(subject)
    else:
        yield failed(
            "mapping.active_missing",
            "nothing is mapped to active: leavers keep their access",
            f"Add a row for active under Attribute Mapping: type Expression, {DEFAULT}.",
            SOURCE,
        )


def _without_active(subject: Subject) -> Check:
    by = [target for target, node in subject.parsed.items() if LEFT in attribute_names(node)]
    if by:
        return passed("mapping.active", f"the app has no active; derived from {LEFT}: {', '.join(by)}", SOURCE)
    text = (
        f"the app's table has no active, and nothing is derived from {LEFT}: people who leave keep their access, and"
        " their licence if they have one"
    )
    remedy = (
        f"Try a row for active from {LEFT} with one person, or ask the vendor how the app is informed that someone has"
        " left. Until then, remove leavers in the app."
    )
    return warning("mapping.active_missing", text, remedy, SOURCE)


def _active(subject: Subject, row: MappingRow) -> Iterator[Check]:
    node = subject.parsed.get("active")
    if node is None and row.expression is not None:
        return  # unreadable, which is said elsewhere
    if node is not None:
        names = attribute_names(node)
    else:
        names = ()
    if LEFT not in names and "accountEnabled" in names:
        text = (
            f"active comes from {row.expression}: only a blocked sign-in disables a person; anyone who is"
            " unassigned, filtered out or deleted keeps their access"
        )
        yield failed("mapping.account_enabled", text, REMEDY, SOURCE)
    elif LEFT not in names:
        text = (
            f"active comes from {row.expression or 'no source'}, not from {LEFT}: anyone who is unassigned keeps their"
            " access"
        )
        yield failed("mapping.active_source", text, REMEDY, SOURCE)
    elif wrong := _wrong_way_round(subject, row.expression or ""):
        yield failed("mapping.active_reversed", f"active comes from {row.expression}: {wrong}", REMEDY, SOURCE)
    elif row.apply == ON_CREATE_ONLY:
        remedy = 'Open the row of active under Attribute Mapping and set "Apply this mapping" to Always.'
        yield failed(
            "mapping.active_create_only", "active is set at creation only: leavers keep their access", remedy, SOURCE
        )
    else:
        yield passed("mapping.active", f"leavers are disabled: active comes from {LEFT}", SOURCE)


def _wrong_way_round(subject: Subject, expression: str) -> str:
    """The wrong value that active would have, in words; "" when the value is correct."""
    people: Mapping[str, Mapping[str, Any]] = subject.people or {"": {"accountEnabled": True}}
    staying = [_told(subject, expression, {**person, LEFT: False}) for person in people.values()]
    leaving = {}
    for name, person in people.items():
        leaving[name] = [_told(subject, expression, {**person, **way}) for way in WAYS_TO_LEAVE]
    if "error" in (*staying, *chain.from_iterable(leaving.values())):
        return ""  # said elsewhere
    kept = [name for name, told in leaving.items() if set(told) != {"false"}]
    if kept:
        return f"a leaver would not get False{f' ({listed(kept)})' if len(kept) < len(people) else ''}"
    if "true" in staying:
        return ""
    return "no one would ever be active"


def _told(subject: Subject, expression: str, source: Mapping[str, Any]) -> str:
    try:
        value = evaluate(expression, source, now=subject.now)
    except MappingError:
        return "error"
    if value is None:
        return ""
    return value_text(value).casefold()
