"""What the job may do to accounts: create, update and delete, as decided in step 1."""

from __future__ import annotations

from collections.abc import Iterator

from scimkit.evidence.checks import Check, failed, passed, warning
from scimkit.mapping.review.certainty import CUSTOMIZE, HOW, documented, unconfirmed
from scimkit.mapping.review.subject import Subject

PLACE = "under Target Object Actions of the user mapping in the portal"


def check_actions(subject: Subject) -> Iterator[Check]:
    users = subject.users
    if not users.enabled:
        text = f"{users.name} is switched off: no one is provisioned"
        yield failed(
            "mapping.users_off",
            text,
            f"Open {users.name} under Mappings in the portal and set Enabled to Yes.",
            documented(CUSTOMIZE),
        )
    if "Add" not in users.actions:
        text = "the job is not allowed to create accounts: people without one are skipped"
        yield warning(
            "mapping.create_not_allowed",
            text,
            f"Select Create {PLACE}, unless you want existing accounts only.",
            documented(HOW),
        )
    if "Update" not in users.actions:
        text = "the job is not allowed to update accounts: changes never arrive, and leavers are not disabled either"
        yield warning(
            "mapping.update_not_allowed",
            text,
            f"Tick Update {PLACE}.",
            unconfirmed("it follows that leavers stay active, because they are disabled by an update"),
        )
    yield _deletes("Delete" in users.actions, subject.decided.deletes)


def _deletes(allowed: bool, wanted: bool) -> Check:
    if allowed and not wanted:
        text = (
            "the job is allowed to delete accounts of people purged in Entra, although this was not decided in step 1"
        )
        return warning(
            "mapping.delete_allowed", text, f"Clear Delete {PLACE}, or change the decision.", documented(HOW)
        )
    if wanted and not allowed:
        return warning(
            "mapping.delete_not_allowed",
            "deletion was decided in step 1, but the job is not allowed to delete",
            f"Tick Delete {PLACE}.",
            documented(HOW),
        )
    return passed(
        "mapping.deletes", f"Delete is {'allowed' if allowed else 'not allowed'}, as decided", documented(HOW)
    )
