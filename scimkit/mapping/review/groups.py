"""The group mapping: switched on or off as the app needs it, with a matching attribute, with members."""

from __future__ import annotations

from collections.abc import Iterator

from scimkit.evidence.checks import Check, failed, not_observed, passed, warning
from scimkit.mapping.review.certainty import HOW, TUTORIAL, documented, seen
from scimkit.mapping.review.subject import Subject
from scimkit.mapping.review.texts import listed
from scimkit.mapping.rows import ObjectMapping

MEMBERS = "members"
NO_GROUPS = seen("jobs in quarantine although every person succeeded (snipe-it issue 11913, azure-docs issue 95437)")


def check_groups(subject: Subject) -> Iterator[Check]:
    on = [mapping for mapping in subject.mappings if mapping.source_object == "Group" and mapping.enabled]
    supported = subject.decided.groups
    if on and supported is False:
        text = f"{on[0].name} is switched on, but the app has no groups: the job would go into quarantine"
        yield failed(
            "mapping.groups_on",
            text,
            f"Open {on[0].name} under Mappings in the portal and set Enabled to No.",
            NO_GROUPS,
        )
    elif on and supported is None:
        text = (
            f"{on[0].name} is switched on, but it is not stated that the app has groups: a job for an app without"
            " groups goes into quarantine"
        )
        remedy = (
            f"Ask the vendor, or open {on[0].name} under Mappings in the portal and set Enabled to No until you know."
        )
        yield not_observed("mapping.groups_not_stated", text, remedy, NO_GROUPS)
    elif supported and not on:
        text = "the app accepts groups, but the group mapping is switched off"
        yield warning(
            "mapping.groups_off",
            text,
            "Switch it on under Mappings in the portal, unless you want to provision people only.",
            documented(TUTORIAL),
        )
    elif supported:
        yield from _rows(subject, on[0])


def _rows(subject: Subject, groups: ObjectMapping) -> Iterator[Check]:
    there = {row.target for row in groups.rows}
    for target in dict.fromkeys((*subject.decided.group_targets, MEMBERS)):
        if target not in there:
            yield warning(
                "mapping.group_row_missing",
                f"the group mapping has no row for {target}",
                "Add it under Mappings in the portal, in the group mapping.",
                documented(TUTORIAL),
            )
    matching = [row.target for row in groups.matching_rows]
    filterable = subject.decided.group_filterable
    if not matching:
        text = "no row of the group mapping is used for matching: no group can be found again"
        yield failed(
            "mapping.groups_no_matching",
            text,
            'In the group mapping, set "Match objects using this attribute" to Yes for displayName.',
            documented(HOW),
        )
    elif filterable and not set(matching) <= set(filterable):
        text = f"groups are matched by {listed(matching)}, but the app can filter groups only by {listed(filterable)}"
        yield failed(
            "mapping.groups_not_filterable",
            text,
            f"Match groups by {filterable[0]} instead, in the group mapping.",
            documented(TUTORIAL),
        )
    else:
        members = "their members are not mapped"
        if MEMBERS in there:
            members = "their members are mapped"
        yield passed(
            "mapping.groups",
            f"groups are provisioned too, matched by {', then '.join(matching)}; {members}",
            documented(TUTORIAL),
        )
