"""Checks of groups and their members, made only where the group mapping is on."""

from __future__ import annotations

from typing import Any

from scimkit.compatibility.answers import ids_of, is_empty, nobody
from scimkit.compatibility.checks.members import check_members
from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.objects import DIALECTS, forget_group, group_values, post_group
from scimkit.compatibility.read_back import same
from scimkit.compatibility.record import FULL
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import COMPLIANT, DEFAULT, Dialect, patch_body
from scimkit.provisioning.targets import CORE_GROUP, Change, read_target

SPECIAL = "Zoë & O'Brien “Łódź” 山田 100%"


def check_group_question(trial: Trial) -> None:
    """R2: a group that cannot exist."""

    def ask() -> Result:
        reply = trial.endpoint.find("Groups", "displayName", nobody())
        if is_empty(reply):
            return met(reply)
        if reply.status in (404, 405, 501) and trial.endpoint.get(
            "Groups", params={"startIndex": "1", "count": "1"}
        ).status in (404, 405, 501):
            return unmet("compat.no_groups", reply, targets=trial.mapped.group_targets)
        return unmet("compat.groups_not_searchable", reply, targets=trial.mapped.group_targets)

    trial.check("group.no_match", ask)


def check_groups(trial: Trial) -> None:
    """A group for each dialect, its name, its members."""
    _check_creation(trial)
    for dialect in DIALECTS:
        if dialect not in trial.created.groups and trial.results.met("group.create") and trial.ended is None:
            trial.check("group.create", _create, trial, dialect, dialect=dialect)
        _check_rename(trial, dialect)
        _check_members(trial, dialect)


# -- the group itself ----------------------------------------------------------------


def _create(trial: Trial, dialect: Dialect) -> Result:
    number = "2"
    if dialect is DEFAULT:
        number = "1"
    reply = post_group(trial, group_values(trial, number))
    if not reply.done or not reply.id:
        return unmet(
            "compat.group_create_refused" if not reply.done else "compat.create_without_id",
            reply,
            targets=trial.mapped.group_targets,
        )
    trial.created.groups[dialect] = reply.id
    return met(reply)


class FirstGroup:
    """The first test group: created, read, found, and similar ones."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.rows = trial.mapped.group_targets
        self.values = group_values(trial, "1")
        self.made: Reply | None = None
        self.read_reply: Reply | None = None

    @property
    def id(self) -> str:
        return self.trial.created.groups.get(DEFAULT, "")

    def schema(self) -> Result:
        reply = self.made = post_group(self.trial, self.values)
        if reply.done:
            return met(reply)
        plain = post_group(self.trial, self.values, more={"schemas": [CORE_GROUP]})
        if plain.done:
            self.made = plain
            return unmet("compat.group_schema_refused", reply, f"without it: {plain.said}", targets=self.rows)
        return unmet("compat.group_create_refused", reply, targets=self.rows)

    def create(self) -> Result:
        assert self.made is not None
        if not self.made.done or not self.made.id:
            return unmet(
                "compat.create_without_id" if self.made.done else "compat.group_create_refused",
                self.made,
                targets=self.rows,
            )
        self.trial.created.groups[DEFAULT] = self.made.id
        return met(self.made)

    def read(self) -> Result:
        reply = self.trial.read_back.until(
            "read",
            lambda: self.trial.endpoint.read("Groups", self.id, excludedAttributes="members"),
            lambda r: r.status == 200,
        )
        self.read_reply = reply
        if reply.status == 200 and reply.id == self.id:
            return met(reply)
        return unmet("compat.group_read_lost", reply, targets=self.rows)

    def stored(self) -> Result:
        assert self.read_reply is not None
        there = self.read_reply.json
        wrong = {
            target: read_target(there, target)
            for target, value in self.values.items()
            if not same(read_target(there, target), value)
        }
        if not wrong:
            return met(self.read_reply, "every value is as sent")
        self.trial.learned.group_not_stored |= {target for target in wrong if target.casefold() != "displayname"}
        told = "; ".join(f"{target} is {value!r} instead of {self.values[target]!r}" for target, value in wrong.items())
        mapped = [target for target in wrong if target in self.trial.mapped.group_targets]
        return unmet("compat.group_not_stored", self.read_reply, told, outcome=Status.NOT_STORED, targets=mapped)

    def match(self) -> Result:
        reply, told = self._find(self.values["displayName"], self.id)
        if told:
            return unmet("compat.groups_not_searchable", reply, told, targets=self.rows)
        return met(reply)

    def other_case(self) -> Result:
        reply, told = self._find(self.values["displayName"].upper(), self.id)
        if told:
            return tolerated("compat.group_case_sensitive", reply, told, targets=("displayName",))
        return met(reply)

    def _find(self, name: str, id: str) -> tuple[Reply, str]:
        """The answer, and what is wrong with it; "" for nothing."""
        reply = self.trial.read_back.until(
            "find group", lambda: self.trial.endpoint.find("Groups", "displayName", name), lambda r: ids_of(r) == [id]
        )
        return reply, "" if ids_of(reply) == [id] else f"{len(ids_of(reply))} found, 1 wanted"

    def special(self) -> Result:
        name = f"{self.trial.names.group_name('3')} {SPECIAL}"
        made = post_group(self.trial, {**group_values(self.trial, "3"), "displayName": name})
        if not made.done or not made.id:
            return unmet("compat.special_characters_changed", made, targets=("displayName",))
        reply, told = self._find(name, made.id)
        forget_group(self.trial, made)
        if told:
            return unmet("compat.filter_special_characters", reply, told, targets=("displayName",))
        return met(reply)

    def empty_members(self) -> Result:
        reply = post_group(self.trial, group_values(self.trial, "4"), more={"members": []})
        forget_group(self.trial, reply)
        if reply.done:
            return met(reply)
        return tolerated("compat.nulls_refused", reply)

    def duplicate(self) -> Result:
        reply = post_group(self.trial, self.values)
        if reply.status == 409:
            return met(reply)
        if reply.done and reply.id == self.id:
            self.trial.endpoint.disown_last()
        else:
            forget_group(self.trial, reply)
        return tolerated("compat.group_duplicate_accepted" if reply.done else "compat.duplicate_not_409", reply)


def _check_creation(trial: Trial) -> None:
    group = FirstGroup(trial)
    for code, ask in (
        ("group.schema", group.schema),
        ("group.create", group.create),
        ("group.read", group.read),
        ("group.values", group.stored),
        ("group.match", group.match),
        ("group.other_case", group.other_case),
        ("group.special", group.special),
        ("group.empty_members", group.empty_members),
        ("group.duplicate", group.duplicate),
    ):
        trial.check(code, ask)


def _check_rename(trial: Trial, dialect: Dialect) -> None:
    group = trial.created.groups.get(dialect, "")
    number = "2"
    if dialect is DEFAULT:
        number = "1"

    def rename() -> Result:
        if not group:
            return unknown("no group was created")
        new = trial.names.group_name(f"{number} renamed")
        trial.endpoint.renamed(group, new)
        reply, there = send(new, dialect)
        if reply.done and same(there, new):
            return met(reply)
        if reply.done:
            told, outcome = (f"read back: displayName is {there!r}", Status.NOT_STORED)
        else:
            told, outcome = ("", Status.FAILED)
        if dialect is DEFAULT and reply.status not in (405, 501):
            lower, there = send(new, COMPLIANT)
            if lower.done and same(there, new):
                more = f"{told}; with lower-case op: {lower.said}".lstrip("; ")
                return unmet("compat.group_op_case", reply, more, outcome=outcome, targets=trial.mapped.group_targets)
        return unmet("compat.group_rename", reply, told, outcome=outcome, targets=("displayName",))

    def send(new: str, spoken: Dialect) -> tuple[Reply, Any]:
        """The answer, and the group's name afterwards."""
        reply = trial.endpoint.patch("Groups", group, patch_body([Change("displayName", "old", new)], spoken))
        if not reply.done:
            return reply, None
        read = trial.read_back.until(
            "read",
            lambda: trial.endpoint.read("Groups", group, excludedAttributes="members"),
            lambda r: same(read_target(r.json or {}, "displayName"), new),
        )
        return reply, read_target(read.json, "displayName") if isinstance(read.json, dict) else None

    trial.check("group.rename", rename, dialect=dialect)


# -- members -----------------------------------------------------------------------------


def _check_members(trial: Trial, dialect: Dialect) -> None:
    own = (dialect, FULL)
    keys = sorted(trial.created.people, key=lambda key: key != own)
    ids = [trial.created.people[key].id for key in keys]
    check_members(trial, dialect, trial.created.groups.get(dialect, ""), ids)
