"""Checks of odd messages: Entra does not send them so, or only when something is wrong. Each is sent once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimkit.compatibility.answers import nobody
from scimkit.compatibility.checks.changes import cause_of_loss, judge, other_value
from scimkit.compatibility.checks.creation_variants import CHARSET
from scimkit.compatibility.checks.patch_messages import usable
from scimkit.compatibility.objects import DIALECTS
from scimkit.compatibility.read_back import Changed, Subject, exactly
from scimkit.compatibility.record import FULL
from scimkit.compatibility.results import Result, met, tolerated, unknown
from scimkit.compatibility.trial import Trial
from scimkit.provisioning.dialect import DEFAULT, patch_body, patch_message
from scimkit.provisioning.targets import Change, parse_target

UNKNOWN_NAME = "scimkitProbeUnknown"


class OddMessages:
    """Messages that Entra does not send like this, or only when something is wrong; in the dialect that works."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.dialect = next((one for one in DIALECTS if trial.results.met("patch.simple", one, FULL)), DEFAULT)
        subject = trial.created.people.get((self.dialect, FULL))
        self.subject = subject or Subject("none", "", FULL, "0")
        if subject:
            targets = usable(trial, self.subject, self.dialect, present=True)
        else:
            targets = []
        self.target = targets[0] if targets else ""

    @property
    def value(self) -> Any:
        return other_value(self.trial, self.subject, self.target)

    def _send(self, wanted: Mapping[str, Any], operations: list[dict[str, Any]]) -> Changed:
        return self.trial.read_back.change(self.subject, wanted, self.dialect, body=patch_message(operations))

    def op_spelling(self) -> Result:
        return self._spelt("rEPLACE", self.target, "compat.op_spelling")

    def attribute_case(self) -> Result:
        return self._spelt(self.dialect.replace, _other_case(self.target), "compat.attribute_case")

    def _spelt(self, op: str, path: str, cause: str) -> Result:
        if not self.target:
            return NOTHING
        value = self.value
        changed = self._send({self.target: value}, [{"op": op, "path": path, "value": value}])
        if changed.good:
            return met(changed.reply, changed.words)
        return tolerated(cause, changed.reply, changed.words)

    def charset(self) -> Result:
        if not self.target:
            return NOTHING
        changed = self.trial.read_back.change(self.subject, {self.target: self.value}, self.dialect, media_type=CHARSET)
        return judge(changed, "compat.charset_refused", ())

    def atomic(self) -> Result:
        if not self.target:
            return NOTHING
        value, before = self.value, self.subject.value(self.target)
        good = {"op": self.dialect.replace, "path": self.target, "value": value}
        changed = self._send({self.target: value}, [good, {"op": "scimkit", "path": self.target, "value": "x"}])
        if changed.reply.done:
            return unknown("the bad operation was not refused", changed.reply)
        self.trial.read_back.refresh(self.subject)
        if not exactly(self.subject.value(self.target), before):
            return tolerated("compat.not_atomic", changed.reply, f"{self.target} was changed anyway")
        return met(changed.reply, "nothing was changed")

    def unknown_path(self) -> Result:
        return self._harmless([{"op": self.dialect.replace, "path": UNKNOWN_NAME, "value": "x"}])

    def empty_operations(self) -> Result:
        return self._harmless([])

    def _harmless(self, operations: list[dict[str, Any]]) -> Result:
        changed = self._send({}, operations)
        if changed.lost:
            return tolerated(cause_of_loss(changed), changed.reply, changed.words)
        bad = changed.reply.status >= 500 and changed.reply.status != 501
        if bad or not changed.reply.status:
            return tolerated("compat.bad_message_fails_server", changed.reply)
        return met(changed.reply)

    def unknown_id(self) -> Result:
        body = patch_body([Change(self.target or "displayName", "x", "y")], self.dialect)
        reply = self.trial.endpoint.patch("Users", nobody(), body)
        if reply.status in (404, 410):
            return met(reply)
        return tolerated("compat.missing_not_404", reply)


NOTHING = unknown("nothing can be changed")


def check_messages(trial: Trial) -> None:
    """The odd messages, each sent once."""
    odd = OddMessages(trial)
    for code, ask in (
        ("patch.op_spelling", odd.op_spelling),
        ("patch.attribute_case", odd.attribute_case),
        ("patch.atomic", odd.atomic),
        ("patch.unknown_path", odd.unknown_path),
        ("patch.empty_operations", odd.empty_operations),
        ("patch.unknown_id", odd.unknown_id),
        ("media.charset_patch", odd.charset),
    ):
        trial.check(code, ask)


def _other_case(target: str) -> str:
    parsed = None
    if target:
        parsed = parse_target(target)
    if parsed and not parsed.urn and not parsed.typed:
        return target.upper()
    return target
