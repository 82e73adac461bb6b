"""The two kinds of object that are provisioned: people and groups.

The differences between them are data here, so that scope, matching, deciding and
acting are written once. The source object of a mapping says which kind it is for.
"""

from __future__ import annotations

from dataclasses import dataclass

UNASSIGNED_GROUP_IS_DELETED = True
"""What happens to a group that leaves scope. A group cannot be disabled; the test overview of Microsoft's
SCIM validation expects DELETE when one is unassigned and assigned again: (unconfirmed).
False: it stays unchanged."""

SKIP_SETTING_COVERS_GROUPS = True
"""Whether SkipOutOfScopeDeletions also keeps groups that leave scope. Its page mentions only accounts
of users, so for groups (unconfirmed); scimkit uses the reading that destroys nothing."""

NESTED_GROUPS_ARE_MEMBERS = True
"""Whether a group inside a group becomes a member, by its own id in the target and without its
people, when it is provisioned itself. An old answer of Microsoft says so; "Known issues for
provisioning" only says that nested groups are not read: (unconfirmed)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    name           its name in the schema's source objects, in Graph and in the logs
    resource_type  the last part of its SCIM address
    noun           in our sentences, on Entra's side; account: on the target's side
    can_disable    leaving scope is reported by an attribute; otherwise by DELETE, or not at all
    """

    name: str
    resource_type: str
    noun: str
    account: str
    can_disable: bool


USER = Kind("User", "Users", "person", "account", can_disable=True)
GROUP = Kind("Group", "Groups", "group", "group", can_disable=False)


def kind_of(source_object: str) -> Kind:
    """The kind a mapping is for, by its source object's name; anything that is not a group counts as people.

    >>> kind_of("Group").resource_type
    'Groups'
    """
    if source_object.casefold() == "group":
        return GROUP
    return USER
