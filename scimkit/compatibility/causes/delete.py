"""Causes in deleting people."""

from __future__ import annotations

from scimkit.compatibility.causes.cause import ADVICE, CONDITIONAL, KNOW, VENDOR, Cause

DELETE = (
    Cause(
        code="compat.delete_refused",
        title="Deleting is refused",
        who=VENDOR,
        breaks=CONDITIONAL,
        means="Whoever is deleted for good in Entra stays in the app, switched off before.",
        remedy="Answer DELETE /Users/{id} with 204.",
        meanwhile="Clear the Delete action of the mapping, and delete accounts in the app.",
        way=KNOW,
        certainty="documented",
        source="HOW",
        explains=("compat.group_delete",),
        ends_probe=True,
    ),
    Cause(
        code="compat.deleted_still_there",
        title="Whoever was deleted can still be read or found",
        who=VENDOR,
        breaks=CONDITIONAL,
        means="A later person of the same name is linked to the deleted account.",
        remedy="After DELETE answer 404 to GET, and find nothing.",
        meanwhile="Clear the Delete action of the mapping.",
        way=KNOW,
        certainty="documented",
        source="TUT",
        explains=("compat.group_delete", "compat.missing_not_404", "compat.name_not_free"),
    ),
    Cause(
        code="compat.delete_status",
        title="A deletion is answered with another status than 204",
        who=VENDOR,
        breaks=ADVICE,
        means="The account is gone; Microsoft asks for 204.",
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
        means="Somebody who comes back after being deleted for good cannot be created.",
        remedy="Free the userName on DELETE.",
        meanwhile="Restore such people in the app by hand.",
        way=KNOW,
        certainty="documented",
        source="HOW",
    ),
)
