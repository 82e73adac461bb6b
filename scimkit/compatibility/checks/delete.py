"""Checks of deleting: it works, the person is not found afterwards, and the name is free (E12)."""

from __future__ import annotations

from scimkit.compatibility.answers import is_empty, resources_of
from scimkit.compatibility.endpoint import Ended, Reply
from scimkit.compatibility.objects import basic_values, forget, post, sparse_values
from scimkit.compatibility.read_back import Subject
from scimkit.compatibility.record import SPARSE
from scimkit.compatibility.results import Result, met, tolerated, unknown, unmet
from scimkit.compatibility.trial import Trial
from scimkit.provisioning.dialect import COMPLIANT, DEFAULT


def try_deletion(trial: Trial) -> None:
    """Create a minimal person and delete it, before anyone else is created.

    If that is refused the probe ends here: it must be able to remove what it creates.
    """
    if trial.blocked("create.person") is not None:
        return
    try:
        made = post(trial, basic_values(trial, "0"))
        if not made.done or not made.id:
            return  # what is wrong with that the checks of creating say
        reply = trial.endpoint.delete("Users", made.id)
    except Ended as end:
        trial.ended = end
        return
    if reply.status == 501 or (400 <= reply.status < 500 and reply.status not in (404, 410, 429)):
        said = f"{reply.said}; nothing more was created, as it could not be removed"
        trial.ended = Ended("compat.delete_refused", said, reply.sent)


def check_deletions(trial: Trial) -> None:
    """Delete one of the test people, and one of the groups."""
    subject = (
        trial.created.people.get((COMPLIANT, SPARSE))
        or trial.created.people.get((DEFAULT, SPARSE))
        or next(iter(trial.created.people.values()), None)
    )
    _check_person(trial, subject)
    if trial.mapped.groups:
        _check_group(trial)


def _check_person(trial: Trial, subject: Subject | None) -> None:
    if subject is None:
        for code in (
            "delete.person",
            "delete.status",
            "delete.gone_read",
            "delete.gone_query",
            "delete.again",
            "delete.name_free",
        ):
            trial.check(code, lambda: unknown("no test person was created"))
        return
    checks = Deletion(trial, subject)
    for code, ask in (
        ("delete.person", checks.person),
        ("delete.status", checks.status),
        ("delete.gone_read", checks.gone_read),
        ("delete.gone_query", checks.gone_query),
        ("delete.again", checks.again),
        ("delete.name_free", checks.name_free),
    ):
        trial.check(code, ask)


class Deletion:
    """One of the test people: deleted, searched for, deleted again, and created again under the old name."""

    def __init__(self, trial: Trial, subject: Subject) -> None:
        self.trial, self.subject = trial, subject
        self.attribute = trial.mapped.matching[0]
        self.value = str(subject.value(self.attribute) or subject.user_name)
        self.first: Reply | None = None

    def person(self) -> Result:
        reply = self.first = self.trial.endpoint.delete("Users", self.subject.id)
        if reply.done:
            return met(reply)
        return unmet("compat.delete_refused", reply)

    def status(self) -> Result:
        assert self.first is not None
        if self.first.status == 204:
            return met(self.first)
        return tolerated("compat.delete_status", self.first)

    def gone_read(self) -> Result:
        endpoint = self.trial.endpoint
        reply = self.trial.read_back.until(
            "gone", lambda: endpoint.read("Users", self.subject.id), lambda r: r.status in (404, 410)
        )
        if reply.status in (404, 410):
            return met(reply)
        if reply.status == 200:
            endpoint.keeps_deleted.add("Users")
        return unmet("compat.deleted_still_there" if reply.status == 200 else "compat.missing_not_404", reply)

    def gone_query(self) -> Result:
        reply = self.trial.read_back.until(
            "find deleted", lambda: self.trial.endpoint.find("Users", self.attribute, self.value), is_empty
        )
        if is_empty(reply):
            return met(reply)
        return unmet(
            "compat.deleted_still_there" if resources_of(reply) else "compat.no_match_not_empty_list",
            reply,
            targets=(self.attribute,),
        )

    def again(self) -> Result:
        reply = self.trial.endpoint.delete("Users", self.subject.id)
        if reply.status in (404, 410):
            return met(reply)
        return tolerated("compat.missing_not_404", reply)

    def name_free(self) -> Result:
        reply = post(self.trial, {**sparse_values(self.trial, self.subject.number), self.attribute: self.value})
        forget(self.trial, reply)
        if reply.done and reply.id == self.subject.id:
            return tolerated("compat.id_reused", reply)
        if reply.done:
            return met(reply)
        return unmet("compat.name_not_free", reply)


def _check_group(trial: Trial) -> None:
    group = trial.created.groups.get(DEFAULT) or trial.created.groups.get(COMPLIANT)

    def delete() -> Result:
        if group is None:
            return unknown("no group was created")
        reply = trial.endpoint.delete("Groups", group)
        if reply.done:
            return met(reply)
        return unmet("compat.group_delete", reply, targets=trial.mapped.group_targets)

    def gone() -> Result:
        assert group is not None
        reply = trial.read_back.until(
            "gone",
            lambda: trial.endpoint.read("Groups", group, excludedAttributes="members"),
            lambda r: r.status in (404, 410),
        )
        if reply.status in (404, 410):
            return met(reply)
        trial.endpoint.keeps_deleted.add("Groups")
        return unmet("compat.group_delete", reply, targets=trial.mapped.group_targets)

    trial.check("delete.group", delete)
    trial.check("delete.group_gone", gone)
