"""Checks of paged lists."""

from __future__ import annotations

from scimkit.compatibility.answers import ids_of, resources_of, total_of
from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.results import Result, met, need_not_met, tolerated, unknown
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status

PAGE = 2  # people requested per page: enough to distinguish a page from a whole list


class Pages:
    """Two pages of people and one past the end (R18, E17)."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.pages: list[Reply] = []

    def _page(self, start: int) -> Reply:
        reply = self.trial.endpoint.get("Users", params={"startIndex": str(start), "count": str(PAGE)})
        self.pages.append(reply)
        return reply

    def count(self) -> Result:
        reply = self._page(1)
        items = resources_of(reply)
        if items is None:
            return tolerated("compat.paging", reply)
        if len(items) <= PAGE:
            return met(reply)
        return tolerated("compat.paging", reply, f"{len(items)} people on a page of {PAGE}")

    def total(self) -> Result:
        self._page(1 + PAGE)
        first, second = (total_of(reply) for reply in self.pages[:2])
        if first is None or first < len(ids_of(self.pages[0])):
            return tolerated("compat.paging", self.pages[0], "totalResults is missing or smaller than the page")
        if first == second:
            return met(self.pages[1])
        return tolerated("compat.paging", self.pages[1], f"totalResults {first}, then {second}")

    def start_index(self) -> Result:
        second = self.pages[1]
        there = None
        if isinstance(second.json, dict):
            there = second.json.get("startIndex")
        if not ids_of(second):
            return unknown("there are too few people for a second page", second)
        if there == 1 + PAGE:
            return met(second)
        return tolerated("compat.paging_echo", second, f"startIndex {there!r} instead of {1 + PAGE}")

    def no_repeats(self) -> Result:
        first, second = self.pages[:2]
        again = set(ids_of(first)) & set(ids_of(second))
        if not ids_of(second) and (total_of(first) or 0) <= PAGE:
            return unknown("there are too few people for a second page", second)
        if again or not ids_of(second):
            return tolerated(
                "compat.paging",
                second,
                f"{len(again)} people of the first page are repeated" if again else "the second page is empty",
            )
        return met(second)

    def past_the_end(self) -> Result:
        reply = self._page(1_000_000)
        if resources_of(reply) == []:
            return met(reply)
        return tolerated("compat.paging", reply)


def check_paging(trial: Trial) -> None:
    """Whether lists are returned in pages."""
    pages = Pages(trial)
    trial.check("paging.count", pages.count)
    row = trial.results.row("paging.count")
    for code, ask in (
        ("paging.total", pages.total),
        ("paging.start_index", pages.start_index),
        ("paging.no_repeats", pages.no_repeats),
    ):
        if row.outcome == Status.WARNING:  # there are no pages to look at
            trial.results.note(code, need_not_met("paging.count", "compat.paging"))
        else:
            trial.check(code, ask)
    trial.check("paging.past_the_end", pages.past_the_end)
