from __future__ import annotations

from scimkit.sandbox.directory import Directory
from scimkit.sandbox.identity import Ids
from scimkit.sandbox.people import make_people


def test_people_are_the_same_in_each_run() -> None:
    """The same seed gives the same people, another one other ids."""
    assert make_people(Ids(7), 60) == make_people(Ids(7), 60)
    assert {p.id for p in make_people(Ids(7), 60)}.isdisjoint(p.id for p in make_people(Ids(8), 60))


def test_more_people_are_the_same_and_others() -> None:
    """A larger directory begins with the smaller one."""
    assert [p.id for p in make_people(Ids(7), 90)][:40] == [p.id for p in make_people(Ids(7), 40)]


def test_the_awkward_ones_are_there() -> None:
    """A directory of the default size holds each difficulty at least once."""
    people = make_people(Ids(7), 40)
    mails = [p.mail for p in people if p.mail]

    assert any("'" in (p.surname or "") for p in people)
    assert any(not (p.display_name).isascii() for p in people)
    assert any("\u4e00" <= p.display_name[0] <= "\u9fff" for p in people)
    assert any(p.mail is None for p in people)
    assert [p for p in people if (p.surname is None and p.kind == "member")]
    assert [p for p in people if (p.kind == "guest" and "#EXT#" in p.user_principal_name)]
    assert [p for p in people if (not p.enabled and p.kind == "member")]
    assert any(p.deleted_utc for p in people)
    assert any(p.kind == "shared mailbox" for p in people)
    assert len(mails) > len(set(mails))


def test_managers_form_a_chain_and_a_circle() -> None:
    """Following managers from one person comes back to that person, from another it ends."""
    people = {p.id: p for p in make_people(Ids(7), 40)}
    grace = next(p for p in people.values() if p.key == "grace.oneill")
    soren = people[grace.manager]

    madhuri = people[soren.manager]

    assert people[madhuri.manager] is grace

    anna = next(p for p in people.values() if p.key == "anna.schmidt")
    assert people[people[anna.manager].manager].key == "admin"


def test_five_thousand_people_have_five_thousand_names() -> None:
    """Sign-in names, ids and numbers stay unique in a large directory."""
    people = make_people(Ids(7), 5000)
    assert len({p.user_principal_name.lower() for p in people}) == len({p.id for p in people}) == 5000


def test_groups_are_of_every_kind() -> None:
    """Dynamic, nested, empty, not security enabled, and one with an awkward name."""
    directory = Directory(Ids(7), 40)
    groups = {g.display_name: g for g in directory.groups.values()}

    assert [g for g in groups.values() if ("DynamicMembership" in g.group_types and g.membership_rule)]
    assert any(not g.security_enabled for g in groups.values())
    assert any(not g.members for g in groups.values())

    people, inner = directory.nested_members(groups["Learners"])
    assert [g.display_name for g in inner] == ["Contractors"]
    assert len(people) > len(directory.direct_people(groups["Learners"]))


def test_a_change_is_remembered_in_order() -> None:
    """Cycles read the list of changes, so each change of a person or a group adds to it."""
    directory = Directory(Ids(7), 40)
    person = directory.administrator()
    directory.change(person.id, department="Legal")
    group = next(g for g in directory.groups.values() if g.display_name == "Learning pilot")
    leaving = group.members[0]

    directory.set_members(group.id, group.members[1:])

    assert directory.changes == [person.id, leaving, group.id]
