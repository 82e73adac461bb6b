"""One probe in progress: its checks, and what each of them needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scimkit.compatibility.catalogue import CHECKS
from scimkit.compatibility.endpoint import Ended, Endpoint
from scimkit.compatibility.learned import Learned
from scimkit.compatibility.probed_mapping import Mapped
from scimkit.compatibility.read_back import Changed, ReadBack, Subject
from scimkit.compatibility.record import NOBODY
from scimkit.compatibility.results import MET, Result, Results, need_not_met
from scimkit.compatibility.test_people import Names, full_source, values_of
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import Dialect


@dataclass(slots=True)
class Created:
    """The objects this probe created at the endpoint, and their state.

    people        the test people, by dialect and kind
    managers      ids of people who can be a person's manager and are nothing else
    groups        the test group's id, by dialect
    members       its members as last seen, by dialect
    unchangeable  targets whose change was refused while another target's was made, with that change
    """

    people: dict[tuple[Dialect, str], Subject] = field(default_factory=dict)
    managers: list[str] = field(default_factory=list)
    groups: dict[Dialect, str] = field(default_factory=dict)
    members: dict[Dialect, set[str]] = field(default_factory=dict)
    unchangeable: dict[str, Changed] = field(default_factory=dict)


@dataclass(slots=True)
class Trial:
    """One probe in progress. ended: why no more checks are made; None while it continues."""

    endpoint: Endpoint
    mapped: Mapped
    names: Names
    now: datetime
    learned: Learned = field(default_factory=Learned)
    results: Results = field(default_factory=Results)
    created: Created = field(default_factory=Created)
    ended: Ended | None = None
    made_values: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)

    @property
    def read_back(self) -> ReadBack:
        """Access to changing a person and reading the change back."""
        return ReadBack(self.endpoint, self.learned)

    def both_values(self, number: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """What the mapping gives for a person after a change of everything, and before."""
        if number not in self.made_values:
            changed, first = (
                values_of(self.mapped, full_source(self.names, number, changed=one), now=self.now)
                for one in (True, False)
            )
            self.made_values[number] = changed, first
        return self.made_values[number]

    def check(
        self, code: str, ask: Callable[..., Result], *args: Any, dialect: Dialect | None = None, people: str = NOBODY
    ) -> bool:
        """Make a check unless a check it needs failed; returns whether it passed."""
        reason = self.blocked(code, dialect, people)
        if reason is not None:
            return self.results.note(code, reason, dialect, people)
        try:
            result = ask(*args)
        except Ended as end:
            self.ended = end
            result = Result(Status.NOT_REACHED, end.cause, "", end.said)
        return self.results.note(code, result, dialect, people)

    def blocked(self, code: str, dialect: Dialect | None = None, people: str = NOBODY) -> Result | None:
        """Why a check is not made; None if nothing prevents it."""
        if self.ended is not None:
            return Result(Status.NOT_REACHED, self.ended.cause, self.ended.sent, self.ended.said)
        for need in CHECKS[code].needs:
            row = self.results.found(need, dialect, people)
            if row is not None and row.outcome not in MET:
                outcome = Status.NOT_REACHED
                if row.outcome == Status.NOT_OBSERVED:
                    outcome = Status.NOT_OBSERVED
                return need_not_met(need, row.cause, outcome=outcome)
        return None
