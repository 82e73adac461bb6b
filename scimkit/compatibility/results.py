"""The results of a probe: of one check, and of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scimkit.compatibility.catalogue import CHECKS
from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.record import BOTH_DIALECTS, NOBODY, CompatibilityRow
from scimkit.credentials import REDACTOR
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import Dialect

MET = (Status.PASSED, Status.WARNING)
NOT_ASKED = "not asked: "
"""How `got` begins for a check that was left out because of another one; silence and errors read otherwise."""


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one check. targets: mapped attributes that are affected."""

    outcome: Status
    cause: str = ""
    sent: str = ""
    got: str = ""
    targets: tuple[str, ...] = ()


def met(reply: Reply, more: str = "") -> Result:
    return Result(Status.PASSED, "", reply.sent, _said(reply, more))


def unmet(
    cause: str, reply: Reply, more: str = "", *, outcome: Status = Status.FAILED, targets: Iterable[str] = ()
) -> Result:
    """The check failed. Throttling and silence are separate causes, regardless of the request."""
    if reply.status == 429:
        cause = "compat.throttled"
    elif reply.answer is None:
        cause = "compat.no_answer"
    return Result(outcome, cause, reply.sent, _said(reply, more), tuple(targets))


def tolerated(cause: str, reply: Reply, more: str = "", *, targets: Iterable[str] = ()) -> Result:
    """Not as expected, but harmless in itself."""
    return unmet(cause, reply, more, outcome=Status.WARNING, targets=targets)


def unknown(why: str, reply: Reply | None = None) -> Result:
    if reply:
        return Result(Status.NOT_OBSERVED, "", reply.sent, f"{reply.said}; {why}")
    return Result(Status.NOT_OBSERVED, "", "", why)


def not_asked(why: str, cause: str = "", *, outcome: Status = Status.NOT_REACHED) -> Result:
    """The check is left out, because of what another one has shown."""
    return Result(outcome, cause, "", NOT_ASKED + why)


def need_not_met(need: str, cause: str = "", *, outcome: Status = Status.NOT_REACHED) -> Result:
    """The check is left out, because the check `need` did not pass."""
    return not_asked(f"{need} did not pass", cause, outcome=outcome)


def _said(reply: Reply, more: str) -> str:
    if more:
        return f"{reply.said}; {more}"
    return reply.said


@dataclass(slots=True)
class Results:
    """Every check made so far.

    rows   in the order in which they were made
    index  the same by code, dialect (None: the message is the same in both) and people
    also   causes seen in addition to the one a row names, by cause
    """

    rows: list[CompatibilityRow] = field(default_factory=list)
    index: dict[tuple[str, Dialect | None, str], CompatibilityRow] = field(default_factory=dict)
    also: dict[str, Result] = field(default_factory=dict)

    def row(self, code: str) -> CompatibilityRow:
        """The row of a check that is made once for all dialects and people."""
        return self.index[(code, None, NOBODY)]

    def found(self, code: str, dialect: Dialect | None, people: str) -> CompatibilityRow | None:
        """The row of a check, in this dialect and for these people before the more general one."""
        for key in ((code, dialect, people), (code, dialect, NOBODY), (code, None, people), (code, None, NOBODY)):
            if key in self.index:
                return self.index[key]
        if dialect is None:
            return self._best(code, people)
        return None

    def _best(self, code: str, people: str) -> CompatibilityRow | None:
        """Of a check made in each dialect, the first row that passed: for a check that is made once for both."""
        made = {key: row for key, row in self.index.items() if key[0] == code}
        rows = [row for (_, _, whom), row in made.items() if whom in (people, NOBODY)] or list(made.values())
        first = next(iter(rows), None)
        return next((row for row in rows if row.outcome in MET), first)

    def met(self, code: str, dialect: Dialect | None = None, people: str = NOBODY) -> bool:
        row = self.found(code, dialect, people)
        return row is not None and row.outcome in MET

    def note(self, code: str, result: Result, dialect: Dialect | None = None, people: str = NOBODY) -> bool:
        """Record the result of a check; returns whether it passed."""
        spec = CHECKS[code]
        row = CompatibilityRow(
            code,
            spec.title,
            spec.theme,
            dialect.name if dialect else BOTH_DIALECTS,
            people,
            result.outcome,
            REDACTOR.text(result.sent),
            REDACTOR.text(result.got),
            result.cause,
            result.targets,
        )
        self.rows.append(row)
        self.index[(code, dialect, people)] = row
        return row.outcome in MET
