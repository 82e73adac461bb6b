"""Removing what crashed probes left at an endpoint, using the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scimkit.clients.scim import ScimClient
from scimkit.compatibility.ledger import Entry, Ledger, Page
from scimkit.compatibility.test_people import is_ours
from scimkit.errors import Rejected
from scimkit.provisioning.targets import read_target

REMOVED, NOT_THERE, LEFT, RUNNING = "removed", "not there", "left", "running"
SECOND_LOOK_SECONDS = 2.0
LOOKS = (0.0, 0.5, 2.0)  # seconds before each look for what was deleted: some endpoints show it a moment longer


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The outcome for one object of the ledger.

    state  removed | not there | left (could not be removed) | running (its probe still runs: not touched)
    said   why it is left, in the endpoint's words
    """

    resource_type: str
    name: str
    state: str
    id: str = ""
    said: str = ""


def clean_up(
    scim: ScimClient, ledger: Ledger, *, tell: Callable[[Cleaned], None] = lambda _: None
) -> tuple[Cleaned, ...]:
    """Remove the objects that the ledger has for this endpoint, groups before people.

    By id if it is known, and always by the exact name too: a lost answer
    contains no id, and some endpoints change it. Objects with another name are never touched.
    A page is removed from the ledger when nothing on it is left.

    tell  called with each outcome as soon as it is known

    Raises Unreachable and Denied; completed removals stay, the ledger keeps the rest.
    """
    outcomes: list[Cleaned] = []
    for page in ledger.pages(scim.base_url):
        with ledger.alone(page) as ours:
            if ours:
                outcomes += _page(scim, ledger, page, tell)
            else:
                outcomes.append(Cleaned("", page.made_utc, RUNNING))
                tell(outcomes[-1])
    return tuple(outcomes)


def _page(scim: ScimClient, ledger: Ledger, page: Page, tell: Callable[[Cleaned], None]) -> list[Cleaned]:
    outcomes: list[Cleaned] = []
    again: list[Entry] = []
    for entry in sorted(reversed(page.entries), key=lambda entry: entry.resource_type):  # Groups, then Users
        cleaned = _entry(scim, entry, page.matching)
        if cleaned.state == NOT_THERE and not entry.id:
            again.append(entry)  # its answer was lost: it may be on its way still, or be shown late
        else:
            outcomes.append(_noted(cleaned, entry, ledger, page, tell))
    if again:
        scim.pause(SECOND_LOOK_SECONDS)
    outcomes += [_noted(_entry(scim, entry, page.matching), entry, ledger, page, tell) for entry in again]
    if not page.entries:
        ledger.forget(page)
    return outcomes


def _noted(cleaned: Cleaned, entry: Entry, ledger: Ledger, page: Page, tell: Callable[[Cleaned], None]) -> Cleaned:
    if cleaned.state != LEFT:
        page.entries.remove(entry)
        ledger.keep(page)
    tell(cleaned)
    return cleaned


def _entry(scim: ScimClient, entry: Entry, matching: str) -> Cleaned:
    name = entry.names[-1]
    if not all(map(is_ours, entry.names)):
        return Cleaned(
            entry.resource_type,
            name,
            LEFT,
            entry.id,
            "the ledger names an object that no probe creates; it is not touched",
        )
    ids: list[str] = [entry.id] if entry.id else []
    problem = ""
    for each in entry.names:
        try:
            ids += [id for id in _ids_named(scim, entry, each, matching) if id not in ids]
        except Rejected as refused:
            problem = str(refused)
    ends = {id: _delete(scim, entry.resource_type, id) for id in ids}
    for id, end in ends.items():
        if end not in (REMOVED, NOT_THERE):
            return Cleaned(entry.resource_type, name, LEFT, id, end)
    if not ids and problem:
        return Cleaned(entry.resource_type, name, LEFT, "", f"it cannot be searched for: {problem}")
    end = NOT_THERE
    if REMOVED in ends.values():
        end = REMOVED
    return Cleaned(entry.resource_type, name, end, next(iter(ids), ""))


def _ids_named(scim: ScimClient, entry: Entry, name: str, matching: str) -> list[str]:
    """The ids of people found by `name` who have a name of `entry`. Raises Rejected if no
    attribute can be used in a search."""
    resource_type, last = entry.resource_type, None
    for attribute in dict.fromkeys(
        [matching, "userName", "externalId"] if resource_type == "Users" else ["displayName"]
    ):
        if attribute == "externalId":
            value = name.partition("@")[0]
        else:
            value = name
        try:
            found = scim.find(resource_type, attribute, value)
        except Rejected as refused:
            if refused.status == 404:  # so answers an endpoint that takes “none” for an error
                return []
            last = refused
            continue
        return [str(item["id"]) for item in found if item.get("id") and _is_named(item, entry)]
    assert last is not None
    raise last


def _is_named(resource: dict[str, Any], entry: Entry) -> bool:
    """Whether the endpoint itself confirms the object: some ignore the filter, some find by a former name."""
    value = read_target(resource, "userName" if entry.resource_type == "Users" else "displayName")
    return isinstance(value, str) and value.casefold() in {name.casefold() for name in entry.names}


def _delete(scim: ScimClient, resource_type: str, id: str) -> str:
    """REMOVED, NOT_THERE, or why it still exists."""
    try:
        was_there = scim.delete(resource_type, id)
        for seconds in LOOKS:
            if seconds:
                scim.pause(seconds)
            if scim.read(resource_type, id) is None:
                if was_there:
                    return REMOVED
                return NOT_THERE
    except Rejected as refused:
        return str(refused)
    return "it is still shown after its deletion"
