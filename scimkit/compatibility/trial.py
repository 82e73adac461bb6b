"""Making the checks: what is known so far, what a check needs, and how a change is judged by reading it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scimkit.compatibility.catalogue import CHECKS
from scimkit.compatibility.endpoint import Ended, Endpoint, Reply
from scimkit.compatibility.probed_mapping import Mapped
from scimkit.compatibility.record import (
    BOTH_DIALECTS,
    DEFAULT_DIALECT,
    FAILED,
    FLAG_DIALECT,
    NOBODY,
    NOT_OBSERVED,
    NOT_REACHED,
    NOT_STORED,
    PASSED,
    WARNING,
    CompatibilityRow,
)
from scimkit.compatibility.test_people import Names, full_source, values_of
from scimkit.credentials import REDACTOR
from scimkit.provisioning.dialect import patch_body
from scimkit.provisioning.targets import Change, as_boolean, parse_target, read_target

MET = (PASSED, WARNING)
LAG_WAITS_SECONDS = (0.1, 0.3, 0.6, 1.0)  # how long a first writing may take to be seen
DERIVED = {"name.formatted": "name", "displayName": "name"}  # an endpoint may make these from the parts of the name


@dataclass(frozen=True, slots=True)
class Result:
    """How one check ended. targets: mapped attributes that are hit."""

    outcome: str
    cause: str = ""
    sent: str = ""
    got: str = ""
    targets: tuple[str, ...] = ()


def met(reply: Reply, more: str = "") -> Result:
    return Result(PASSED, "", reply.sent, _said(reply, more))


def unmet(cause: str, reply: Reply, more: str = "", *, outcome: str = FAILED, targets: Iterable[str] = ()) -> Result:
    """The check failed. Throttling and silence are causes of their own, whatever was asked."""
    if reply.status == 429:
        cause = "compat.throttled"
    elif reply.answer is None:
        cause = "compat.no_answer"
    return Result(outcome, cause, reply.sent, _said(reply, more), tuple(targets))


def tolerated(cause: str, reply: Reply, more: str = "", *, targets: Iterable[str] = ()) -> Result:
    """Not as wished, yet no harm in itself."""
    return unmet(cause, reply, more, outcome=WARNING, targets=targets)


def unknown(why: str, reply: Reply | None = None) -> Result:
    if reply:
        return Result(NOT_OBSERVED, "", reply.sent, f"{reply.said}; {why}")
    return Result(NOT_OBSERVED, "", "", why)


def _said(reply: Reply, more: str) -> str:
    if more:
        return f"{reply.said}; {more}"
    return reply.said


@dataclass(slots=True)
class Subject:
    """Somebody who was made, as last read.

    stored  mapped values that were read back as sent, by target
    """

    id: str
    user_name: str
    people: str
    number: str
    resource: Mapping[str, Any] = field(default_factory=dict)
    stored: dict[str, Any] = field(default_factory=dict)

    def value(self, target: str) -> Any:
        return read_target(self.resource, target)


@dataclass(frozen=True, slots=True)
class Changed:
    """A change and what was read afterwards.

    wanted the new values by target
    wrong  targets whose value is not the wanted one, with what is there
    lost   other targets whose value is not the same as before, with what is there
    """

    reply: Reply
    wanted: Mapping[str, Any]
    wrong: Mapping[str, Any]
    lost: Mapping[str, Any]

    @property
    def good(self) -> bool:
        return self.reply.done and not self.wrong and not self.lost

    @property
    def words(self) -> str:
        """What reading back showed."""
        parts = [f"{target} is {_short(value)}" for target, value in self.wrong.items()]
        parts += [f"{target}, which was not named, is now {_short(value)}" for target, value in self.lost.items()]
        if not self.reply.done:
            return ""
        return "read back: " + ("; ".join(parts) if parts else "as sent")


def _short(value: Any) -> str:
    text = "missing"
    if value is not None:
        text = repr(value)
    if len(text) <= 120:
        return text
    return text[:120] + "…"


@dataclass(slots=True)
class Trial:
    """One probe under way.

    changed_on_arrival  targets whose values the endpoint normalises: a difference there is known and not told again
    not_stored          targets that are accepted and dropped
    refused             targets with which a creation is refused
    unchangeable        targets whose change was refused where another one's was made, with that change
    extended            a new person's `schemas` lists the enterprise URN always
    required            targets a person must have; documented: those the app's profile names
    also                causes seen beside the one a row names, by cause
    groups, members     by dialect: the test group's id, and who was last seen in it
    members_shown       a group's members can be read; members_on_request: only when asked for by name
    lag_seconds         how long it takes until a writing is read, found, changed, gone
    bosses              ids of people who can be somebody's manager and are nothing else
    """

    endpoint: Endpoint
    mapped: Mapped
    names: Names
    now: datetime
    rows: list[CompatibilityRow] = field(default_factory=list)
    subjects: dict[tuple[str, str], Subject] = field(default_factory=dict)
    changed_on_arrival: set[str] = field(default_factory=set)
    not_stored: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unchangeable: dict[str, Changed] = field(default_factory=dict)
    extended: bool = True
    required: tuple[str, ...] = ()
    documented: tuple[str, ...] = ()
    also: dict[str, Result] = field(default_factory=dict)
    lag_seconds: dict[str, float] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    members_shown: bool = False
    members_on_request: bool = False
    group_not_stored: set[str] = field(default_factory=set)
    made_values: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)
    bosses: list[str] = field(default_factory=list)
    ended: Ended | None = None
    index: dict[tuple[str, str, str], CompatibilityRow] = field(default_factory=dict)

    @property
    def member_rows(self) -> tuple[str, ...]:
        """Rows of the group mapping that are hit where groups do not work as such."""
        return self.mapped.group_targets

    def both_values(self, number: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """What the mapping gives for a person after a change of everything, and before."""
        if number not in self.made_values:
            changed, first = (
                values_of(self.mapped, full_source(self.names, number, changed=one), now=self.now)
                for one in (True, False)
            )
            self.made_values[number] = changed, first
        return self.made_values[number]

    # -- checks and what they need -------------------------------------------

    def check(
        self, code: str, ask: Callable[..., Result], *args: Any, dialect: str = BOTH_DIALECTS, people: str = NOBODY
    ) -> bool:
        """Make a check unless something it needs failed; whether it was met."""
        reason = self.blocked(code, dialect, people)
        if reason is not None:
            return self.note(code, reason, dialect, people)
        try:
            result = ask(*args)
        except Ended as end:
            self.ended = end
            result = Result(NOT_REACHED, end.cause, "", end.said)
        return self.note(code, result, dialect, people)

    def blocked(self, code: str, dialect: str, people: str) -> Result | None:
        """Why a check is not made; None where nothing stands in its way."""
        if self.ended is not None:
            return Result(NOT_REACHED, self.ended.cause, self.ended.sent, self.ended.said)
        for need in CHECKS[code].needs:
            row = self.found(need, dialect, people)
            if row is not None and row.outcome not in MET:
                if row.outcome == NOT_OBSERVED:
                    outcome = NOT_OBSERVED
                else:
                    outcome = NOT_REACHED
                return Result(outcome, row.cause, "", f"not asked: {need} was not met")
        return None

    def found(self, code: str, dialect: str, people: str) -> CompatibilityRow | None:
        """The row of a check, in this dialect and for these people before the more general one."""
        keys = (
            (code, dialect, people),
            (code, dialect, NOBODY),
            (code, BOTH_DIALECTS, people),
            (code, BOTH_DIALECTS, NOBODY),
        )
        row = next((self.index[key] for key in keys if key in self.index), None)
        if row is None and dialect == BOTH_DIALECTS:  # asked once for both: the first of the two that was met will do
            rows = [r for (c, _, p), r in self.index.items() if c == code and p in (people, NOBODY)] or [
                r for (c, _, _), r in self.index.items() if c == code
            ]
            row = next((r for r in rows if r.outcome in MET), rows[0] if rows else None)
        return row

    def met(self, code: str, dialect: str = BOTH_DIALECTS, people: str = NOBODY) -> bool:
        row = self.found(code, dialect, people)
        return row is not None and row.outcome in MET

    def note(self, code: str, result: Result, dialect: str = BOTH_DIALECTS, people: str = NOBODY) -> bool:
        """Put down how a check ended; whether it was met."""
        spec = CHECKS[code]
        row = CompatibilityRow(
            code, spec.title, spec.theme, dialect, people, result.outcome,
            REDACTOR.text(result.sent), REDACTOR.text(result.got), result.cause, result.targets,
        )  # fmt: skip
        self.rows.append(row)
        self.index[(code, dialect, people)] = row
        return row.outcome in MET

    # -- reading back ---------------------------------------------------------

    def until(self, kind: str, ask: Callable[[], Reply], good: Callable[[Reply], bool]) -> Reply:
        """The answer to `ask`, asked again while the endpoint is known, or may be, late with it.

        kind  such as `read`, `find`, `change`: the first of each kind that is not good shows how late the endpoint is
        """
        reply = ask()
        if good(reply):
            self.lag_seconds.setdefault(kind, 0.0)
            return reply
        late = min(max(self.lag_seconds.values(), default=0.0), sum(LAG_WAITS_SECONDS))
        waits: tuple[float, ...] = ()
        if late:
            waits = (late, late)
        elif kind not in self.lag_seconds:
            waits = LAG_WAITS_SECONDS
        waited = 0.0
        for wait in waits:
            self.endpoint.scim.pause(wait)
            waited += wait
            reply = ask()
            if good(reply):
                self.lag_seconds[kind] = max(self.lag_seconds.get(kind, 0.0), waited)
                return reply
        self.lag_seconds.setdefault(kind, 0.0)
        return reply

    def refresh(
        self, subject: Subject, good: Callable[[Reply], bool] = lambda reply: reply.status == 200, *, kind: str = "read"
    ) -> Reply:
        """Read the person again."""
        reply = self.until(kind, lambda: self.endpoint.read("Users", subject.id), good)
        if reply.status == 200 and isinstance(reply.json, dict):
            subject.resource = reply.json
        return reply

    def change(
        self, subject: Subject, wanted: Mapping[str, Any], dialect: str, *, body: Any = None, media_type: str = ""
    ) -> Changed:
        """Send a change as Entra would, read the person again and compare.

        wanted  new values by target
        body    the message; None: the dialect's own for `wanted`
        """
        before = subject.resource
        changes = [Change(target, read_target(before, target), value) for target, value in wanted.items()]
        if body is not None:
            message = body
        else:
            message = patch_body(changes, dialect == FLAG_DIALECT)
        if media_type:
            how = {"media_type": media_type}
        else:
            how = {}
        reply = self.endpoint.patch("Users", subject.id, message, **how)
        if reply.done:
            self.refresh(
                subject,
                lambda r: r.status == 200 and isinstance(r.json, dict) and not self.differences(r.json, wanted),
                kind="change",
            )
        elif reply.answer is None or reply.status >= 500:
            self.refresh(subject)  # who knows what it did
        wrong = self.differences(subject.resource, wanted)
        if reply.done:
            lost = self.losses(subject, before, wanted)
        else:
            lost = {}
        if reply.done:
            subject.stored.update({target: subject.value(target) for target in wanted if target not in wrong})
        return Changed(reply, wanted, wrong if reply.done else dict.fromkeys(wanted), lost)

    def differences(self, resource: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Targets whose value in `resource` is not the wanted one; case and known normalising are passed over."""
        return {
            target: read_target(resource, target)
            for target, value in wanted.items()
            if not same(read_target(resource, target), value)
            and not (target in self.changed_on_arrival and read_target(resource, target) is not None)
        }

    def losses(self, subject: Subject, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Stored values that a change did not name and that are not there any more.

        One that the endpoint makes of another, as name.formatted of displayName, follows that one and is no loss.
        """
        touched = {parse_target(target).attribute.casefold() for target in wanted}
        return {
            target: subject.value(target)
            for target in subject.stored
            if target not in wanted
            and DERIVED.get(target) not in touched
            and not self._is_made(subject.value(target), target, wanted)
            and not same(subject.value(target), read_target(before, target))
        }

    def _is_made(self, there: Any, target: str, wanted: Mapping[str, Any]) -> bool:
        """Whether the endpoint made this value: it differed from what was sent before, or is what was sent for
        another target."""
        if not isinstance(there, str) or not there:
            return False
        return target in self.changed_on_arrival or any(
            isinstance(value, str) and same(there, value) for value in wanted.values()
        )


def same(there: Any, wanted: Any) -> bool:
    """Whether a value is the wanted one, case not regarded; a boolean also as its text."""
    if isinstance(wanted, bool):
        return as_boolean(there) is wanted
    if isinstance(there, str) and isinstance(wanted, str):
        return there.casefold() == wanted.casefold()
    if isinstance(there, (int, float)) and isinstance(wanted, str):
        return str(there) == wanted
    return bool(there == wanted)


def exactly(there: Any, wanted: Any) -> bool:
    return type(there) is type(wanted) and bool(there == wanted)


__all__ = [
    "BOTH_DIALECTS", "DEFAULT_DIALECT", "FLAG_DIALECT", "MET", "NOT_STORED", "Changed", "Result", "Subject", "Trial",
    "exactly", "met", "same", "tolerated", "unknown", "unmet",
]  # fmt: skip
