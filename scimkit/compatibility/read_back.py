"""Changing a test person as Entra would, and judging the change by reading it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from scimkit.compatibility.endpoint import Endpoint, Reply
from scimkit.compatibility.learned import Learned
from scimkit.provisioning.dialect import Dialect, patch_body
from scimkit.provisioning.targets import Change, as_boolean, parse_target, read_target

LAG_WAITS_SECONDS = (0.1, 0.3, 0.6, 1.0)  # how long a first writing may take to be seen
DERIVED = {"name.formatted": "name", "displayName": "name"}  # an endpoint may make these from the parts of the name


@dataclass(slots=True)
class Subject:
    """A created person, as last read.

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
    wrong  targets whose value is not the wanted one, with the value found
    lost   other targets whose value is not the same as before, with the value found
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


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Changes of people at one endpoint, read back with the delay it is known to have."""

    endpoint: Endpoint
    learned: Learned

    def until(self, kind: str, ask: Callable[[], Reply], good: Callable[[Reply], bool]) -> Reply:
        """The answer to `ask`, requested again while the endpoint is known to be late, or may be.

        kind  such as `read`, `find`, `change`: the first of each kind that is not good shows how late the endpoint is
        """
        reply = ask()
        if good(reply):
            self.learned.lag_seconds.setdefault(kind, 0.0)
            return reply
        late = min(max(self.learned.lag_seconds.values(), default=0.0), sum(LAG_WAITS_SECONDS))
        waits: tuple[float, ...] = ()
        if late:
            waits = (late, late)
        elif kind not in self.learned.lag_seconds:
            waits = LAG_WAITS_SECONDS
        waited = 0.0
        for wait in waits:
            self.endpoint.scim.pause(wait)
            waited += wait
            reply = ask()
            if good(reply):
                self.learned.lag_seconds[kind] = max(self.learned.lag_seconds.get(kind, 0.0), waited)
                return reply
        self.learned.lag_seconds.setdefault(kind, 0.0)
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
        self, subject: Subject, wanted: Mapping[str, Any], dialect: Dialect, *, body: Any = None, media_type: str = ""
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
            message = patch_body(changes, dialect)
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
        """Targets whose value in `resource` is not the wanted one; case and known normalisation are ignored."""
        return {
            target: read_target(resource, target)
            for target, value in wanted.items()
            if not same(read_target(resource, target), value)
            and not (target in self.learned.changed_on_arrival and read_target(resource, target) is not None)
        }

    def losses(self, subject: Subject, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Stored values that a change did not name and that no longer exist.

        A value the endpoint derives from another, as name.formatted from displayName, follows that one and is no loss.
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
        """Whether the endpoint derived this value: it differed before, or it is the value sent for another target."""
        if not isinstance(there, str) or not there:
            return False
        return target in self.learned.changed_on_arrival or any(
            isinstance(value, str) and same(there, value) for value in wanted.values()
        )


def same(there: Any, wanted: Any) -> bool:
    """Whether a value is the wanted one, without regard to case; a boolean also as its string."""
    if isinstance(wanted, bool):
        return as_boolean(there) is wanted
    if isinstance(there, str) and isinstance(wanted, str):
        return there.casefold() == wanted.casefold()
    if isinstance(there, (int, float)) and isinstance(wanted, str):
        return str(there) == wanted
    return bool(there == wanted)


def exactly(there: Any, wanted: Any) -> bool:
    return type(there) is type(wanted) and bool(there == wanted)
