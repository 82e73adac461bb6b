"""Who must be a member of a group in the target, and the requests that bring this about.

The service reads groups without their members ("Tutorial: Develop and plan
provisioning for a SCIM endpoint": `excludedAttributes=members`), so it cannot
compare them with the target. It stores what it wrote itself (`Link.members`)
and sends only the differences, one member per request.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scimkit.errors import ApiError, Rejected
from scimkit.provisioning.dialect import DEFAULT, MEMBERS_PER_REQUEST, Dialect, add_members, remove_members
from scimkit.provisioning.endpoint import Writer
from scimkit.provisioning.kinds import GROUP
from scimkit.provisioning.refusals import error_code, puts_in_quarantine
from scimkit.provisioning.targets import MEMBERS

TAKEN_OVER_MEMBERS_STAY = True
"""What happens to the members that a group had in the target before it was matched, if they are
not its members in Entra: (unconfirmed). The service did not write them and does not see them, so
they stay here; it only ever removes members that provisioning added. False: members
that the target showed although they were excluded count as written."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member: object id in Entra, and id of the linked account (or group) in the target."""

    source_id: str
    target_id: str


@dataclass(frozen=True, slots=True)
class Membership:
    """The members that a group must have.

    linked      those in scope and linked, in the order of Entra
    left_out    Entra ids of the others: not in scope, or without a linked account
    only        only these Entra ids are added or removed (provisioning on demand); None: all
    only_adds   the row's "apply" setting: no one is removed
    on_create   the row's "apply" setting: members are written when the group is created, and never again
    """

    linked: tuple[Member, ...] = ()
    left_out: tuple[str, ...] = ()
    only: frozenset[str] | None = None
    only_adds: bool = False
    on_create: bool = False


@dataclass(frozen=True, slots=True)
class MemberWrite:
    """The result for one member. op is `add` or `remove`; code is "" if the target accepted it."""

    member: Member
    op: str
    code: str = ""
    text: str = ""
    quarantine: bool = field(default=False, compare=False)


def member_changes(
    wanted: Membership, written: Mapping[str, str], *, creating: bool = False
) -> tuple[tuple[Member, ...], tuple[Member, ...]]:
    """Who to add and who to remove.

    written   Entra id to target id of the members that provisioning wrote before

    A person who is still a member in Entra but left scope is neither added nor
    removed: that person's account is disabled and keeps its groups, because they are
    not written again when the person comes back ("How application provisioning works").

    >>> member_changes(Membership((Member("ann", "a1"),)), {"bob": "b1"})
    ((Member(source_id='ann', target_id='a1'),), (Member(source_id='bob', target_id='b1'),))
    """
    if wanted.on_create and not creating:
        return (), ()

    def considered(source_id: str) -> bool:
        return wanted.only is None or source_id in wanted.only

    linked = {member.source_id: member.target_id for member in wanted.linked}
    add = tuple(m for m in wanted.linked if considered(m.source_id) and written.get(m.source_id) != m.target_id)
    stays = linked.keys() | set(wanted.left_out)
    gone = tuple(
        Member(source_id, target_id)
        for source_id, target_id in written.items()
        if considered(source_id)
        and (source_id not in stays or linked.get(source_id, target_id) != target_id)
        and target_id not in linked.values()
    )
    return add, () if wanted.only_adds else gone


def left_out_of(wanted: Membership, written: Mapping[str, str]) -> tuple[str, ...]:
    """The Entra ids to report as unresolved: not yet members in the target, and on demand only of those named."""
    return tuple(one for one in wanted.left_out if one not in written and (wanted.only is None or one in wanted.only))


def write_members(
    endpoint: Writer,
    group_id: str,
    add: Sequence[Member],
    remove: Sequence[Member],
    *,
    dialect: Dialect = DEFAULT,
    at_once: int = MEMBERS_PER_REQUEST,
) -> Iterator[MemberWrite]:
    """Send the PATCHes, and report the result for each member.

    at_once  members per request

    A refusal loses only the members of its own request; if there are several in one
    request, each is then tried alone. A refused token ends everything, because nothing
    more could be written: members not reached are not reported.
    """
    for op, members in (("add", add), ("remove", remove)):
        for number in range(0, len(members), max(1, at_once)):
            for write in _sent(endpoint, group_id, op, members[number : number + max(1, at_once)], dialect):
                yield write
                if write.quarantine:
                    return


def _sent(
    endpoint: Writer, group_id: str, op: str, members: Sequence[Member], dialect: Dialect
) -> Iterator[MemberWrite]:
    ids = [member.target_id for member in members]
    if op == "add":
        body = add_members(ids, dialect)
    else:
        body = remove_members(ids, dialect)
    try:
        endpoint.patch(GROUP.resource_type, group_id, body)
    except ApiError as error:
        if isinstance(error, Rejected) and len(members) > 1:
            for member in members:
                yield from _sent(endpoint, group_id, op, [member], dialect)
            return
        code, quarantine = error_code(error), puts_in_quarantine(error)
        yield from (MemberWrite(member, op, code, str(error), quarantine) for member in members)
    else:
        yield from (MemberWrite(member, op) for member in members)


def written_after(written: Mapping[str, str], writes: Collection[MemberWrite]) -> dict[str, str]:
    """`Link.members` after these writes, without what the target refused."""
    after = dict(written)
    for write in (write for write in writes if write.op == "remove" and not write.code):
        if after.get(write.member.source_id) == write.member.target_id:
            del after[write.member.source_id]
    return after | {w.member.source_id: w.member.target_id for w in writes if w.op == "add" and not w.code}


def found_members(resource: Mapping[str, Any] | None, wanted: Membership) -> dict[str, str]:
    """What counts as written for a group that was just matched (`TAKEN_OVER_MEMBERS_STAY`);
    unknown members are listed under their own target id."""
    if TAKEN_OVER_MEMBERS_STAY or resource is None:
        return {}
    ids = [str(one["value"]) for one in resource.get(MEMBERS) or () if isinstance(one, Mapping) and one.get("value")]
    known = {member.target_id: member.source_id for member in wanted.linked}
    return {known.get(identifier, identifier): identifier for identifier in ids}
