"""App roles as values: one of several, and none at all where everybody is in scope."""

from __future__ import annotations

from collections.abc import Iterator

from scimkit.evidence.checks import Check, failed, warning
from scimkit.mapping.language.syntax import Expression
from scimkit.mapping.review.certainty import CUSTOMIZE, REFERENCE, documented, unconfirmed
from scimkit.mapping.review.opinion import uses
from scimkit.mapping.review.subject import Subject
from scimkit.mapping.review.texts import listed

ONE_ROLE = frozenset({"SingleAppRoleAssignment"})
NOT_FOR_EVERYBODY = ONE_ROLE | {"AppRoleAssignmentsComplex"}
PERHAPS_NOT_FOR_EVERYBODY = frozenset({"AssertiveAppRoleAssignmentsComplex"})
"""Whether "sync all" rules this one out as it does the other two is (unconfirmed)."""
ROLES = "appRoleAssignments"


def check_roles(subject: Subject) -> Iterator[Check]:
    for target, node in subject.parsed.items():
        yield from _one_of_several(subject, target, node)
        if subject.decided.everybody:
            yield from _for_everybody(target, node)


def _one_of_several(subject: Subject, target: str, node: Expression) -> Iterator[Check]:
    if not uses(node, ONE_ROLE):
        return
    several = [
        name
        for name, source in subject.people.items()
        if isinstance(roles := source.get(ROLES), list) and len(roles) > 1
    ]
    if several:
        text = (
            f"{target} gets one role of the app, and {listed(several)} {'holds' if len(several) == 1 else 'hold'}"
            " several: which of them it gets is not defined"
        )
        remedy = (
            "Leave one role to each person under Users and groups, those that come by a group included; or send all of"
            f" them by AssertiveAppRoleAssignmentsComplex([{ROLES}]), if the app takes several."
        )
        yield warning("mapping.one_of_several_roles", text, remedy, documented(REFERENCE))


def _for_everybody(target: str, node: Expression) -> Iterator[Check]:
    remedy = (
        f"Set Scope under Settings to assigned users and groups only, or take the row of {target} out under Attribute"
        " Mapping."
    )
    if uses(node, NOT_FOR_EVERYBODY):
        text = f"{target} comes from app roles, which are not provisioned while all users and groups are in scope"
        yield failed("mapping.roles_for_everybody", text, remedy, documented(CUSTOMIZE))
    elif uses(node, PERHAPS_NOT_FOR_EVERYBODY):
        text = (
            f"{target} comes from app roles, and whether they are provisioned while all users and groups are in scope"
            " is not settled"
        )
        yield warning(
            "mapping.roles_for_everybody_open", text, remedy, unconfirmed("the other functions for app roles are not")
        )
