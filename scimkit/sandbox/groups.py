"""The groups of the sandbox: one of each kind that behaves differently when it is assigned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scimkit.sandbox.identity import Ids
from scimkit.sandbox.people import Person


@dataclass(frozen=True, slots=True)
class Group:
    """One group. `members` are the direct members: ids of people and of groups, in order."""

    id: str
    display_name: str
    description: str
    members: tuple[str, ...]
    security_enabled: bool = True
    mail_nickname: str = ""
    mail: str | None = None
    group_types: tuple[str, ...] = ()
    membership_rule: str | None = None

    def graph(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "displayName": self.display_name,
            "description": self.description,
            "mailNickname": self.mail_nickname,
            "mail": self.mail,
            "mailEnabled": self.mail is not None,
            "securityEnabled": self.security_enabled,
            "groupTypes": list(self.group_types),
            "membershipRule": self.membership_rule,
            "membershipRuleProcessingState": "On" if self.membership_rule else None,
            "onPremisesSyncEnabled": None,
            "createdDateTime": "2025-01-06T08:00:00Z",
            "deletedDateTime": None,
        }


def make_groups(ids: Ids, people: Sequence[Person]) -> tuple[Group, ...]:
    """All employees, a pilot group, a nested, a dynamic and an empty group, and one that provisioning cannot use."""
    here = [person for person in people if person.deleted_utc is None]
    by_key = {person.key: person.id for person in people}

    def group(key: str, name: str, description: str, members: Sequence[str], **more: Any) -> Group:
        return Group(ids.named("group", key), name, description, tuple(members), mail_nickname=key, **more)

    def pick(*keys: str) -> list[str]:
        return [by_key[key] for key in keys if key in by_key]

    contractors = group(
        "contractors",
        "Contractors",
        "External people on a contract",
        pick("lena.huber_fabrikam.example#EXT#", "plus+tag"),
    )
    learners = [p.id for p in here if p.kind == "member" and p.enabled][:12]
    engineers = [p.id for p in here if p.department == "Engineering"]
    return (
        group(
            "all-employees",
            "All employees",
            "Everyone with an account, including those who are blocked",
            [p.id for p in here],
        ),
        group("learning-pilot", "Learning pilot", "First ring", pick("grace.oneill", "jose.garcia")),
        group(
            "learners", "Learners", "People with a learning licence, and a nested group", [*learners, contractors.id]
        ),
        contractors,
        group(
            "engineering",
            "Engineering (dynamic)",
            "Maintained by rule",
            engineers,
            group_types=("DynamicMembership",),
            membership_rule='(user.department -eq "Engineering")',
        ),
        group(
            "newsletter",
            "Newsletter",
            "A distribution list: not security enabled",
            learners[:5],
            security_enabled=False,
            mail="newsletter@contoso.example",
        ),
        group("empty", "R&D / \"Skunk works\" – O'Brien's", "No members, and a name that needs careful handling", []),
    )
