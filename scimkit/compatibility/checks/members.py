"""Checks of a group's members: added, added again, removed, and the others unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scimkit.compatibility.answers import ids_of, nobody, resources_of
from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.objects import forget_group, group_values, post_group
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.provisioning.dialect import (
    COMPLIANT,
    DEFAULT,
    Dialect,
    add_members,
    patch_message,
    reference_query,
    remove_members,
)


def member_list(trial: Trial, group: str) -> tuple[Reply, list[str] | None]:
    """The ids as the endpoint lists them, duplicates included; None if the group cannot be read."""
    if trial.learned.members_on_request:
        params = {"attributes": "displayName,members"}
    else:
        params = {}
    reply = trial.endpoint.read("Groups", group, **params)
    if reply.status != 200 or not isinstance(reply.json, dict):
        return reply, None
    return reply, _values_of(reply.json)


def members_of(trial: Trial, group: str) -> tuple[Reply, set[str] | None]:
    """The ids of a group's members. A group without `members` has none."""
    reply, there = member_list(trial, group)
    return reply, None if there is None else set(there)


def _values_of(resource: Any) -> list[str]:
    members = next((value for key, value in resource.items() if key.casefold() == "members"), None)
    if isinstance(members, list):
        return [str(item.get("value")) for item in members if isinstance(item, dict)]
    return []


def shows_members(trial: Trial, one: str) -> bool | None:
    """Whether a group shows a member that it was created with; None if such a creation is refused."""
    made = post_group(trial, group_values(trial, "5"), more={"members": [{"value": one}]})
    if not made.done or not made.id:
        return None
    reply = trial.endpoint.read("Groups", made.id, attributes="displayName,members")
    there = (made.json, reply.json, trial.endpoint.read("Groups", made.id).json)
    forget_group(trial, made)
    return any(one in _values_of(resource) for resource in there if isinstance(resource, dict))


class MemberChecks:
    """The members of one group, in one dialect. ids: people who can be members, starting with the one added first."""

    def __init__(self, trial: Trial, dialect: Dialect, group: str, ids: list[str]) -> None:
        self.trial, self.dialect, self.group, self.ids = trial, dialect, group, ids
        self.rows = trial.mapped.group_targets
        self.first: Reply | None = None

    def _patch(self, body: Any) -> Reply:
        return self.trial.endpoint.patch("Groups", self.group, body)

    def _now(self, want: Callable[[set[str]], bool] = lambda there: True) -> set[str]:
        """The current members; requested again if the endpoint is late."""
        holder: list[set[str]] = [set()]

        def ask() -> Reply:
            reply, there = members_of(self.trial, self.group)
            holder[0] = there or set()
            return reply

        self.trial.read_back.until("members", ask, lambda reply: want(holder[0]))
        self.trial.created.members[self.dialect] = holder[0]
        return holder[0]

    def add_one(self) -> Result:
        if not self.group or not self.ids:
            return unknown("there is no group, or no one to add to it")
        one = self.ids[0]
        reply = self.first = self._patch(add_members([one], self.dialect))
        if not reply.done:
            return self._blame_add(reply, one)
        if one in self._now(lambda there: one in there):
            self.trial.learned.members_shown = True
            return met(reply, "read back: a member")
        self.trial.learned.members_on_request = True
        if one in self._now():
            self.trial.learned.members_shown = True
            return met(reply, "read back with attributes=members: a member")
        self.trial.learned.members_on_request = False
        return self._blame_silence(reply, one)

    def _blame_silence(self, reply: Reply, one: str) -> Result:
        """Accepted, but no member appears: `Add` was not understood, members are never shown, or it is not stored."""
        if self.dialect is DEFAULT and self._patch(add_members([one], dialect=COMPLIANT)).done and one in self._now():
            return unmet(
                "compat.group_op_case",
                reply,
                "read back: no member; with lower-case op: a member",
                outcome=Status.NOT_STORED,
                targets=self.rows,
            )
        shown = shows_members(self.trial, one)
        cause = "compat.member_add_refused"
        if shown is False:
            cause = "compat.members_not_shown"
        return unmet(cause, reply, "read back: no member", outcome=Status.NOT_STORED, targets=self.rows)

    def _blame_add(self, reply: Reply, one: str) -> Result:
        body = patch_message([{"op": self.dialect.add, "path": "members", "value": [{"value": one}]}])
        plain = self._patch(body)
        if plain.done and one in self._now():
            return unmet("compat.member_null_ref", reply, f"without $ref: {plain.said}", targets=self.rows)
        if self.dialect is DEFAULT:
            lower = self._patch(add_members([one], dialect=COMPLIANT))
            if lower.done and one in self._now():
                return unmet("compat.group_op_case", reply, f"with lower-case op: {lower.said}", targets=self.rows)
        return unmet("compat.member_add_refused", reply, targets=self.rows)

    def add_several(self) -> Result:
        more = self.ids[1:3]
        if len(more) < 2:
            return unknown("there are too few people")
        reply = self._patch(add_members(more, self.dialect))
        if reply.done and set(more) <= self._now(lambda there: set(more) <= there):
            return met(reply, "read back: members")
        for one in more:  # the checks that follow need them
            self._patch(add_members([one], self.dialect))
        told, outcome = "", Status.FAILED
        if reply.done:
            told, outcome = "read back: not all are members", Status.NOT_STORED
        return unmet("compat.member_add_several", reply, told, targets=self.rows, outcome=outcome)

    def add_keeps(self) -> Result:
        there = self._now(lambda there: self.ids[0] in there)
        sent, got = f"GET /Groups/{self.group}", f"{len(there)} members"
        if self.ids[0] in there:
            return Result(Status.PASSED, "", sent, got)
        self._patch(add_members([self.ids[0]], self.dialect))
        return Result(Status.FAILED, "compat.member_add_replaces", sent, f"{got}; the first is gone", self.rows)

    def twice(self) -> Result:
        reply = self._patch(add_members([self.ids[0]], self.dialect))
        _, listed = member_list(self.trial, self.group)
        if not reply.done:
            return unmet("compat.member_twice", reply, targets=self.rows)
        if listed is not None and listed.count(self.ids[0]) > 1:
            return unmet(
                "compat.member_twice", reply, f"read back: {listed.count(self.ids[0])} times", targets=self.rows
            )
        return met(reply, "read back: once")

    def remove_one(self) -> Result:
        before = self._now()
        leaver = next((one for one in self.ids[1:] if one in before), "")
        stay = before - {leaver}
        if not leaver or not stay:
            return unknown("the group has too few members")
        reply = self._patch(remove_members([leaver], self.dialect))
        cause = "compat.member_remove_refused"
        if self.dialect is COMPLIANT:
            cause = "compat.member_path_remove_refused"
        if not reply.done:
            return unmet(cause, reply, targets=self.rows)
        there = self._now(lambda there: leaver not in there)
        if not stay <= there:
            for one in self.ids[:1]:  # the checks that follow need one
                self._patch(add_members([one], self.dialect))
            self._now()
            return unmet(
                "compat.member_remove_clears_all",
                reply,
                f"read back: {len(there)} of {len(stay)} others are left",
                targets=self.rows,
            )
        if leaver in there:
            return unmet(cause, reply, "read back: still a member", outcome=Status.NOT_STORED, targets=self.rows)
        return met(reply, f"read back: gone, {len(stay)} others are left")

    def remove_absent(self) -> Result:
        before = self._now()
        absent = next((one for one in self.ids if one not in before), nobody())
        reply = self._patch(remove_members([absent], self.dialect))
        if reply.done and not before <= self._now(lambda there: before <= there):
            return unmet(
                "compat.member_remove_clears_all", reply, "members that were not named are gone", targets=self.rows
            )
        if reply.done:
            return met(reply)
        return tolerated("compat.absent_member_remove", reply, targets=self.rows)

    def excluded_read(self) -> Result:
        reply = self.trial.endpoint.read("Groups", self.group, excludedAttributes="members")
        if not (isinstance(reply.json, dict) and _values_of(reply.json)):
            return met(reply)
        return unmet("compat.members_not_excluded", reply, targets=self.rows)

    def excluded_query(self) -> Result:
        read = self.trial.endpoint.read("Groups", self.group, excludedAttributes="members")
        name = ""
        if isinstance(read.json, dict):
            name = str(read.json.get("displayName"))
        reply = self.trial.endpoint.find("Groups", "displayName", name)
        shown = any(_values_of(item) for item in resources_of(reply) or ())
        if not shown:
            return met(reply)
        return unmet("compat.members_not_excluded", reply, targets=self.rows)

    def reference(self) -> Result:
        reply = self.trial.endpoint.get("Groups", params=reference_query(self.group, "members", self.ids[0]))
        if ids_of(reply) == [self.group]:
            return met(reply)
        return tolerated("compat.reference_filter", reply)

    def patch_answer(self) -> Result:
        assert self.first is not None
        if isinstance(self.first.json, dict):
            body = self.first.json
        else:
            body = {}
        if _values_of(body):
            return tolerated("compat.group_patch_answer", self.first, targets=self.rows)
        return met(self.first)


def check_members(trial: Trial, dialect: Dialect, group: str, ids: list[str]) -> None:
    """All member checks, in the order in which each finds what it needs."""
    checks = MemberChecks(trial, dialect, group, ids)
    for code, ask in (
        ("member.add_one", checks.add_one),
        ("group.patch_answer", checks.patch_answer),
        ("member.add_several", checks.add_several),
        ("member.add_keeps", checks.add_keeps),
        ("member.twice", checks.twice),
        ("member.excluded_read", checks.excluded_read),
        ("member.excluded_query", checks.excluded_query),
        ("member.reference", checks.reference),
        ("member.remove_one", checks.remove_one),
        ("member.remove_absent", checks.remove_absent),
    ):
        trial.check(code, ask, dialect=dialect)
