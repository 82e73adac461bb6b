"""Checks of renaming: the matching value changes, the id does not, and the person is found by the new value."""

from __future__ import annotations

from scimkit.compatibility.answers import ids_of, is_empty, resources_of
from scimkit.compatibility.checks.changes import judge
from scimkit.compatibility.objects import DIALECTS
from scimkit.compatibility.read_back import Subject
from scimkit.compatibility.record import FULL
from scimkit.compatibility.results import Result, met, unmet
from scimkit.compatibility.trial import Trial
from scimkit.provisioning.dialect import Dialect


def check_renames(trial: Trial) -> None:
    """A new value of the matching attribute, as after a marriage."""
    for dialect in DIALECTS:
        subject = trial.created.people.get((dialect, FULL))
        if subject is not None:
            _check_rename(trial, subject, dialect)


def _check_rename(trial: Trial, subject: Subject, dialect: Dialect) -> None:
    target = trial.mapped.matching[0]
    old = str(subject.value(target) or "")
    user_name = trial.names.user_name(f"{subject.number}-renamed")
    new = user_name if "@" in old else user_name.partition("@")[0]

    def rename() -> Result:
        trial.endpoint.renamed(subject.id, new if target.casefold() == "username" else subject.user_name, new)
        changed = trial.read_back.change(subject, {target: new}, dialect)
        if changed.reply.done and changed.wrong and trial.endpoint.read("Users", subject.id).status in (404, 410):
            return met(changed.reply, "the person can no longer be read by the id")
        return judge(changed, "compat.rename", (target,))

    def same_id() -> Result:
        reply = trial.read_back.refresh(subject)
        if reply.status == 200 and reply.id == subject.id:
            return met(reply)
        elsewhere = ids_of(trial.endpoint.find("Users", target, new))
        if len(elsewhere) == 1:  # go on with the same person under the new id
            subject.id = elsewhere[0]
            trial.read_back.refresh(subject)
        elif reply.status in (404, 410):  # lost: what would be asked of that id says nothing
            del trial.created.people[(dialect, FULL)]
        return unmet(
            "compat.id_changes", reply, f"found under the id {subject.id}" if elsewhere else "", targets=(target,)
        )

    def found() -> Result:
        now = str(subject.value(target) or new)
        reply = trial.read_back.until(
            "find renamed", lambda: trial.endpoint.find("Users", target, now), lambda r: ids_of(r) == [subject.id]
        )
        before = trial.endpoint.find("Users", target, old)
        if resources_of(reply) and ids_of(reply) != [subject.id]:
            return unmet("compat.id_changes", reply, targets=(target,))
        if ids_of(reply) != [subject.id]:
            return unmet("compat.renamed_not_found", reply, targets=(target,))
        if is_empty(before):
            return met(reply)
        return unmet("compat.filter_ignored", before, "found by the old value", targets=(target,))

    for code, ask in (("rename.value", rename), ("rename.id", same_id), ("rename.found", found)):
        trial.check(code, ask, dialect=dialect, people=FULL)
