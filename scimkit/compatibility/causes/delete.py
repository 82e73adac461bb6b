"""Causes in deleting people."""

from __future__ import annotations

from scimkit.compatibility.causes.cause import ADVICE, CONDITIONAL, KNOW, VENDOR, Cause

DELETE = (
    Cause(
        code="compat.delete_refused",
        title="Deleting is refused",
        who=VENDOR,
        breaks=CONDITIONAL,
        means="A person deleted permanently in Entra stays in the app, where the person was disabled earlier.",
        remedy="Return 204 for DELETE /Users/{id}.",
        meanwhile="Clear the Delete action of the mapping, and delete accounts in the app.",
        way=KNOW,
        certainty="documented",
        source="HOW",
        explains=("compat.group_delete",),
        ends_probe=True,
    ),
    Cause(
        code="compat.deleted_still_there",
        title="A deleted person can still be read or found",
        who=VENDOR,
        breaks=CONDITIONAL,
        means="A later person with the same name is linked to the deleted account.",
        remedy="After DELETE, return 404 for GET and no results for a search.",
        meanwhile="Clear the Delete action of the mapping.",
        way=KNOW,
        certainty="documented",
        source="TUT",
        explains=("compat.group_delete", "compat.missing_not_404", "compat.name_not_free"),
    ),
    Cause(
        code="compat.delete_status",
        title="A deletion returns a status other than 204",
        who=VENDOR,
        breaks=ADVICE,
        means="The account is gone, but Microsoft asks for 204.",
        remedy="Answer 204 without a body.",
        meanwhile="Nothing to change.",
        way=KNOW,
        certainty="documented",
        source="TUT",
    ),
    Cause(
        code="compat.name_not_free",
        title="The name of a deleted person cannot be used again",
        who=VENDOR,
        breaks=CONDITIONAL,
        means="A person who returns after being deleted permanently cannot be created.",
        remedy="Release the userName on DELETE.",
        meanwhile="Restore such people manually in the app.",
        way=KNOW,
        certainty="documented",
        source="HOW",
    ),
)
