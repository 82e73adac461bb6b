"""Checks of deleting: it works, leaves nothing to be found, and frees the name (E12)."""

from __future__ import annotations

from scimkit.compatibility.endpoint import Ended, Reply
from scimkit.compatibility.making import basic_values, forget, matching_value, post, sparse_values
from scimkit.compatibility.reading import is_empty, resources_of
from scimkit.compatibility.record import BOTH_DIALECTS, DEFAULT_DIALECT, FLAG_DIALECT, NOBODY, SPARSE
from scimkit.compatibility.trial import Result, Subject, Trial, met, tolerated, unknown, unmet


def try_deletion(trial: Trial) -> None:
    """Make the least of a person and delete it, before anybody else is made.

    Where that is refused the probe ends here: what it makes it must be able to remove.
    """
    if trial.blocked("create.person", BOTH_DIALECTS, NOBODY) is not None:
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
        said = f"{reply.said}; nothing more was made, as it could not be removed"
        trial.ended = Ended("compat.delete_refused", said, reply.sent)


def check_deletions(trial: Trial) -> None:
    """Delete one of the test people, and one of the groups."""
    subject = trial.subjects.get((FLAG_DIALECT, SPARSE)) or trial.subjects.get((DEFAULT_DIALECT, SPARSE)) or next(iter(trial.subjects.values()), None)
    _check_person(trial, subject)
    if trial.mapped.groups:
        _check_group(trial)


def _check_person(trial: Trial, subject: Subject | None) -> None:
    endpoint, attribute = trial.endpoint, trial.mapped.matching[0]
    replies: list[Reply] = []
    value = str(subject.value(attribute) or subject.user_name) if subject else ""

    def person() -> Result:
        if subject is None:
            return unknown("nobody was created")
        replies.append(endpoint.delete("Users", subject.id))
        return met(replies[0]) if replies[0].done else unmet("compat.delete_refused", replies[0])

    def gone_read() -> Result:
        assert subject is not None
        reply = trial.until("gone", lambda: endpoint.read("Users", subject.id), lambda r: r.status in (404, 410))
        if reply.status in (404, 410):
            return met(reply)
        if reply.status == 200:
            endpoint.keeps_deleted.add("Users")
        return unmet("compat.deleted_still_there" if reply.status == 200 else "compat.missing_not_404", reply)

    def gone_query() -> Result:
        reply = trial.until("find deleted", lambda: endpoint.find("Users", attribute, value), is_empty)
        if is_empty(reply):
            return met(reply)
        return unmet("compat.deleted_still_there" if resources_of(reply) else "compat.no_match_not_empty_list", reply, targets=(attribute,))

    def again() -> Result:
        assert subject is not None
        reply = endpoint.delete("Users", subject.id)
        return met(reply) if reply.status in (404, 410) else tolerated("compat.missing_not_404", reply)

    def name_free() -> Result:
        assert subject is not None
        values = sparse_values(trial, subject.number)
        reply = post(trial, {**values, **({attribute: value} if value else {})})
        assert matching_value(trial, values) is not None
        forget(trial, reply)
        if reply.done and reply.id == subject.id:
            return tolerated("compat.id_reused", reply)
        return met(reply) if reply.done else unmet("compat.name_not_free", reply)

    trial.check("delete.person", person)
    trial.check("delete.status", lambda: met(replies[0]) if replies[0].status == 204 else tolerated("compat.delete_status", replies[0]))
    for code, ask in (("delete.gone_read", gone_read), ("delete.gone_query", gone_query), ("delete.again", again), ("delete.name_free", name_free)):
        trial.check(code, ask)


def _check_group(trial: Trial) -> None:
    group = trial.groups.get(DEFAULT_DIALECT) or trial.groups.get(FLAG_DIALECT)

    def delete() -> Result:
        if group is None:
            return unknown("no group was created")
        reply = trial.endpoint.delete("Groups", group)
        return met(reply) if reply.done else unmet("compat.group_delete", reply, targets=trial.member_rows)

    def gone() -> Result:
        assert group is not None
        reply = trial.until("gone", lambda: trial.endpoint.read("Groups", group, excludedAttributes="members"), lambda r: r.status in (404, 410))
        if reply.status in (404, 410):
            return met(reply)
        trial.endpoint.keeps_deleted.add("Groups")
        return unmet("compat.group_delete", reply, targets=trial.member_rows)

    trial.check("delete.group", delete)
    trial.check("delete.group_gone", gone)
