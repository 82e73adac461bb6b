"""App roles as values: one of several, and no role at all when everyone is in scope."""

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
"""It is (unconfirmed) whether "sync all" rules this one out, as it does the other two."""
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
            f"{target} gets one role of the app, but {listed(several)} {'has' if len(several) == 1 else 'have'}"
            " several: it is not defined which of them it gets"
        )
        remedy = (
            "Leave each person only one role under Users and groups, counting roles that come through a group; or send"
            f" all roles with AssertiveAppRoleAssignmentsComplex([{ROLES}]), if the app accepts several."
        )
        yield warning("mapping.one_of_several_roles", text, remedy, documented(REFERENCE))


def _for_everybody(target: str, node: Expression) -> Iterator[Check]:
    remedy = (
        f"Set Scope under Settings to assigned users and groups only, or remove the row of {target} under Attribute"
        " Mapping."
    )
    if uses(node, NOT_FOR_EVERYBODY):
        text = f"{target} comes from app roles, which are not provisioned while all users and groups are in scope"
        yield failed("mapping.roles_for_everybody", text, remedy, documented(CUSTOMIZE))
    elif uses(node, PERHAPS_NOT_FOR_EVERYBODY):
        text = (
            f"{target} comes from app roles, and it is not settled whether they are provisioned while all users and"
            " groups are in scope"
        )
        yield warning(
            "mapping.roles_for_everybody_open", text, remedy, unconfirmed("the other functions for app roles are not")
        )
