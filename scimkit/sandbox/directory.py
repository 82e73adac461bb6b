"""The contents of the tenant: people, groups, and the order in which they changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from scimkit.sandbox.groups import Group, make_groups
from scimkit.sandbox.identity import Ids
from scimkit.sandbox.people import ADMINISTRATOR, Person, make_people


class Directory:
    """People and groups by id.

    changes  ids of people and groups in the order in which something about them changed
             (themselves, a person's groups, a group's members); a cycle remembers how far it has read
    """

    def __init__(self, ids: Ids, count: int) -> None:
        people = make_people(ids, count)
        self.people: dict[str, Person] = {person.id: person for person in people}
        self.groups: dict[str, Group] = {group.id: group for group in make_groups(ids, people)}
        self.changes: list[str] = []
        self._by_name = {person.user_principal_name.lower(): person.id for person in people}

    # -- reading -----------------------------------------------------------

    def person(self, id_or_name: str) -> Person | None:
        """The person with that id or sign-in name, also from the recycle bin."""
        return self.people.get(self._by_name.get(id_or_name.lower(), id_or_name))

    def users(self) -> Iterator[Person]:
        """Everyone that `/users` lists, without the recycle bin."""
        return (person for person in list(self.people.values()) if person.deleted_utc is None)

    def deleted(self) -> Iterator[Person]:
        return (person for person in list(self.people.values()) if person.deleted_utc is not None)

    def administrator(self) -> Person:
        person = self.person(ADMINISTRATOR)
        return person or next(iter(self.people.values()))

    def direct_people(self, group: Group) -> list[Person]:
        return [self.people[m] for m in group.members if m in self.people and self.people[m].deleted_utc is None]

    def nested_members(self, group: Group) -> tuple[list[Person], list[Group]]:
        """Everyone and every group below `group`, each once; circular groups end."""
        people: dict[str, Person] = {}
        groups: dict[str, Group] = {}
        waiting = [group]
        while waiting:
            here = waiting.pop(0)
            people |= {person.id: person for person in self.direct_people(here)}
            inner = [self.groups[m] for m in here.members if m in self.groups and m not in groups and m != group.id]
            groups |= {item.id: item for item in inner}
            waiting += inner
        return list(people.values()), list(groups.values())

    # -- changing ----------------------------------------------------------

    def mark(self, *ids: str) -> None:
        """Mark these people and groups as changed."""
        self.changes.extend(ids)

    def change(self, person_id: str, **values: Any) -> Person:
        """Set fields of a person. Raises KeyError for an unknown person, TypeError for an unknown field."""
        before = self.people[person_id]
        person = replace(before, **values)
        self.people[person_id] = person
        self._by_name.pop(before.user_principal_name.lower(), None)
        self._by_name[person.user_principal_name.lower()] = person_id
        self.mark(person_id)
        return person

    def soft_delete(self, person_id: str, now: datetime) -> Person:
        return self.change(person_id, deleted_utc=now)

    def restore(self, person_id: str) -> Person:
        return self.change(person_id, deleted_utc=None)

    def hard_delete(self, person_id: str) -> None:
        person = self.people.pop(person_id)
        self._by_name.pop(person.user_principal_name.lower(), None)
        self.mark(person_id)
        self._leave_groups(person_id)

    def _leave_groups(self, gone: str) -> None:
        """Remove permanently deleted objects from every group."""
        for group in list(self.groups.values()):
            if gone in group.members:
                self.groups[group.id] = replace(group, members=tuple(m for m in group.members if m != gone))
                self.mark(group.id)

    def set_members(self, group_id: str, members: tuple[str, ...]) -> Group:
        """Set the direct members of a group. Members added or removed count as changed, and so does the group."""
        before = self.groups[group_id]
        self.groups[group_id] = replace(before, members=members)
        self.mark(
            *(m for m in (*before.members, *members) if m in self.people and (m in before.members) != (m in members))
        )
        if set(before.members) != set(members):
            self.mark(group_id)
        return self.groups[group_id]

    def change_group(self, group_id: str, **values: Any) -> Group:
        """Set fields of a group; its members count as changed if that changes their scope.
        Raises KeyError for an unknown group, TypeError for an unknown field."""
        before = self.groups[group_id]
        group = replace(before, **values)
        self.groups[group_id] = group
        self.mark(group_id)
        if group.security_enabled != before.security_enabled:
            self.mark(*(member for member in group.members if member in self.people))
        return group

    def delete_group(self, group_id: str) -> None:
        """Delete a security group permanently at once. Its members count as changed, as it may have assigned them."""
        group = self.groups.pop(group_id)
        self.mark(group_id, *(member for member in group.members if member in self.people))
        self._leave_groups(group_id)
