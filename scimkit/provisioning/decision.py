"""What Entra does with one person or one group, and why: the pure decision.

    read object -> in scope? -> linked, or matched? -> create | link | update | disable | delete | nothing | refuse

Everything that decides is an argument: the evaluated mapping (`Desired`), the
scope, the stored link, what was seen in the target (`Observed`), and the
settings of the job (`Policy`). Nothing here reads a clock or a socket, so the
same function serves the pilot, the forecast and the sandbox's cycles. Where people
and groups differ, `Desired.kind` says how. The table
it follows is built from "How application provisioning works" and "How to
download and analyze the provisioning logs".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scimkit.provisioning.codes import INCOMPATIBLE
from scimkit.provisioning.differences import CREATE_ONLY, differences
from scimkit.provisioning.kinds import SKIP_SETTING_COVERS_GROUPS, UNASSIGNED_GROUP_IS_DELETED, USER, Kind
from scimkit.provisioning.members import Member, Membership, found_members, left_out_of, member_changes
from scimkit.provisioning.scope import ScopeDecision
from scimkit.provisioning.targets import NOTHING_KNOWN, Change, TargetFacts, parse_target

ALL_ACTIONS = frozenset({"Add", "Update", "Delete"})

REQUIRED_IS_CHECKED_HERE = True
"""Whether the service itself refuses a create without a required value, or leaves that to the app: (unconfirmed)."""

STALE_LINK_WHEN_LEAVING = "InvalidAnchor"
"""Code when a person leaves scope whose linked account is gone. The code is
documented for people in scope; for leaving (unconfirmed)."""

EVALUATION_ERROR = "InternalError"
"""Code when an expression cannot be evaluated. That the whole object then fails, and with which code: (unconfirmed)."""

SKIP_SETTING_COVERS_BLOCKED = True
"""Whether SkipOutOfScopeDeletions also spares people who are blocked or soft-deleted
in Entra, or only the unassigned and filtered: (unconfirmed)."""


@dataclass(frozen=True, slots=True)
class Link:
    """The stored connection of a person in Entra to an account in the target, or of a group to a group.

    members  of a group: Entra id to target id of the members provisioning has written
             and not removed since; the target is never asked for them
    managed  False after the person was unassigned: the service then sends
             nothing more for it until it is in scope again (known limitation,
             "How application provisioning works")
    """

    source_id: str
    target_id: str
    managed: bool = True
    members: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class MatchKey:
    """One matching attribute of the target and this object's value for it."""

    target: str
    value: str


@dataclass(frozen=True, slots=True)
class Desired:
    """What the mapping wants for one person or one group.

    name        how the log calls it: the principal name, a group's display name
    keys        matching values in order of precedence; attributes without a value are left out
    create      values of a creation: defaults included, references left out
    update      values of an update: no defaults, no create-only rows, references left out
    leaving     values of the rows that use `IsSoftDeleted`: all that is exported to disable
    leaving_rows  targets of those rows
    references  target attribute to the linked target id, for a later request
    unresolved  reference attributes whose object has no link
    missing     required targets without a value on create
    overfull    single-valued targets for which several values came
    errors      target attribute to what is wrong with its expression
    flow_types  target attribute to the row's "apply" setting
    ignored     an expression said IgnoreObjectFlow: leave the object alone
    redacted    targets whose values logs must not show
    kind        people or groups
    membership  of a group: its members; None: no row maps them, or they come in a later call
    """

    name: str
    keys: tuple[MatchKey, ...] = ()
    create: Mapping[str, Any] = field(default_factory=dict)
    update: Mapping[str, Any] = field(default_factory=dict)
    leaving: Mapping[str, Any] = field(default_factory=dict)
    leaving_rows: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    unresolved: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    overfull: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    flow_types: Mapping[str, str] = field(default_factory=dict)
    ignored: bool = False
    redacted: frozenset[str] = frozenset()
    kind: Kind = USER
    membership: Membership | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen in the target.

    resource  the linked account, or the only match; None: there is none
    count     how many accounts the matching query found
    key       the matching attribute that found something
    taken     the matching value is another person's already, so nothing was searched
    """

    resource: Mapping[str, Any] | None = None
    count: int = 0
    key: MatchKey | None = None
    taken: MatchKey | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that decide.

    actions            of `Add`, `Update`, `Delete`: the mapping's target object actions
    skip_out_of_scope  the secret SkipOutOfScopeDeletions
    soft_deletes       False: the gallery app knows no disabled accounts and gets DELETE instead
    """

    actions: frozenset[str] = ALL_ACTIONS
    skip_out_of_scope: bool = False
    soft_deletes: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with one person or one group.

    action      create | link | update | disable | delete | nothing | refuse
    result      Success | Skipped | Failure: what the log will say if the target does its part
    code        the log's error or skip code, "" without one
    reason      why, a sentence
    changes     what is written, references excepted
    references  what is written in a later request: the manager
    add         members that are added to a group, each in a later request
    remove      members that are removed from it
    left_out    Entra ids of members who go without, for want of a linked account in scope
    written     members that count as written before, Entra id to target id
    unresolved  references left out because their object has no link
    target_id   the account concerned, "" while there is none
    attempted   the log action a refusal stands for; "" for `other`
    """

    action: str
    result: str
    code: str
    reason: str
    changes: tuple[Change, ...] = ()
    references: tuple[Change, ...] = ()
    unresolved: tuple[str, ...] = ()
    target_id: str = ""
    attempted: str = ""
    add: tuple[Member, ...] = ()
    remove: tuple[Member, ...] = ()
    left_out: tuple[str, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def log_action(self) -> str:
        """The log's `provisioningAction`; linking without a change is logged as `other`."""
        return self.action if self.action in ("create", "update", "disable", "delete") else self.attempted or "other"

    @property
    def writes(self) -> bool:
        """Whether anything is sent to the target."""
        return self.action in ("create", "update", "disable", "delete")


def nothing(code: str, reason: str, target_id: str = "") -> Decision:
    return Decision("nothing", "Skipped", code, reason, target_id=target_id)


def refuse(code: str, reason: str, target_id: str = "", attempted: str = "") -> Decision:
    return Decision("refuse", "Failure", code, reason, target_id=target_id, attempted=attempted)


def decide(
    desired: Desired,
    scope: ScopeDecision,
    link: Link | None,
    observed: Observed,
    *,
    policy: Policy = Policy(),
    facts: TargetFacts = NOTHING_KNOWN,
    hard_deleted: bool = False,
) -> Decision:
    """What the service does with one person or one group in this state.

    desired       the evaluated mapping
    scope         `judge_scope` of now
    link          the stored link, None before the first match or create
    observed      what was read or found in the target; not looked at when out of scope without a link
    facts         what the schema says about target attributes
    hard_deleted  gone from Entra for good

    >>> from scimkit.provisioning.scope import ScopeFacts, judge_scope
    >>> decide(Desired("ann"), judge_scope(ScopeFacts(True, True)), None, Observed()).code
    'ImportSkipped'
    """
    if hard_deleted:
        return _hard_deleted(link, policy, desired.kind)
    if not desired.keys:
        target_id = link.target_id if link else ""
        noun = desired.kind.noun
        return nothing("ImportSkipped", f"no matching attribute has a value, so the {noun} is not processed", target_id)
    if not scope.in_scope:
        return _leaving(desired, scope, link, observed, policy, facts)
    if link is not None:
        if observed.resource is None:
            return refuse(
                "InvalidAnchor",
                f"the linked {desired.kind.account} {link.target_id} is not in the target any more",
                link.target_id,
                "update",
            )
        return _update(desired, observed.resource, link.target_id, policy, facts, link)
    return _first_time(desired, observed, policy, facts)


def _hard_deleted(link: Link | None, policy: Policy, kind: Kind) -> Decision:
    if link is None:
        never = f"deleted in Entra and never linked to {_a(kind.account)}"
        return nothing("EntrySynchronizationSkipped", never)
    if not link.managed:
        return nothing(
            "EntrySynchronizationSkipped",
            "deleted in Entra, but no longer managed since it was unassigned",
            link.target_id,
        )
    if "Delete" not in policy.actions:
        return nothing(
            "EntrySynchronizationSkipped", "deleted in Entra; the mapping does not allow Delete", link.target_id
        )
    return Decision("delete", "Success", "", "deleted in Entra for good", target_id=link.target_id)


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _leaving(
    desired: Desired, scope: ScopeDecision, link: Link | None, observed: Observed, policy: Policy, facts: TargetFacts
) -> Decision:
    """Out of scope: disable what is linked (delete a group), never search or touch anything else."""
    why = "; ".join(scope.reasons)
    if link is None:
        return nothing("EntrySynchronizationSkipped", f"not in scope: {why}")
    target_id = link.target_id
    if not link.managed:
        return nothing("EntrySynchronizationSkipped", f"not in scope and no longer managed: {why}", target_id)
    account = desired.kind.account
    covered = SKIP_SETTING_COVERS_BLOCKED if desired.kind.can_disable else SKIP_SETTING_COVERS_GROUPS
    if policy.skip_out_of_scope and (covered or (desired.kind.can_disable and scope.facts.active)):
        return nothing(
            "EntrySynchronizationSkipped", f"left scope ({why}); SkipOutOfScopeDeletions keeps the {account}", target_id
        )
    if not desired.kind.can_disable:
        return _group_leaving(why, target_id, policy)
    if observed.resource is None:
        return refuse(
            STALE_LINK_WHEN_LEAVING,
            f"left scope ({why}), and the linked account {target_id} is gone",
            target_id,
            "disable",
        )
    return _person_leaving(desired, why, target_id, observed.resource, policy, facts)


def _person_leaving(
    desired: Desired, why: str, target_id: str, resource: Mapping[str, Any], policy: Policy, facts: TargetFacts
) -> Decision:
    """Disable by the rows that use `IsSoftDeleted`; delete where the app knows no disabled accounts."""
    if not policy.soft_deletes:
        if "Delete" not in policy.actions:
            return nothing(
                "EntrySynchronizationSkipped", f"left scope ({why}); the mapping does not allow Delete", target_id
            )
        return Decision(
            "delete", "Success", "", f"left scope ({why}); this app cannot disable accounts", target_id=target_id
        )
    if "Update" not in policy.actions:
        return nothing(
            "EntrySynchronizationSkipped", f"left scope ({why}); the mapping does not allow Update", target_id
        )
    if not desired.leaving_rows:
        return nothing(
            "RedundantExport", f"left scope ({why}); no mapping uses IsSoftDeleted, so nothing changes", target_id
        )
    broken = _cannot_export(desired, desired.leaving, "disable", target_id)
    if broken:
        return broken
    changes = differences(desired.leaving, resource, facts=facts, flow_types=desired.flow_types)
    if not changes:
        return nothing("RedundantExport", f"left scope ({why}); the account is disabled already", target_id)
    return Decision("disable", "Success", "", f"left scope: {why}", changes, target_id=target_id)


def _group_leaving(why: str, target_id: str, policy: Policy) -> Decision:
    """A group knows no disabling (`UNASSIGNED_GROUP_IS_DELETED`). One that is gone already has reached that aim."""
    if not UNASSIGNED_GROUP_IS_DELETED:
        return nothing("EntrySynchronizationSkipped", f"left scope ({why}); a group cannot be disabled", target_id)
    if "Delete" not in policy.actions:
        return nothing(
            "EntrySynchronizationSkipped", f"left scope ({why}); the mapping does not allow Delete", target_id
        )
    return Decision("delete", "Success", "", f"left scope ({why}); a group cannot be disabled", target_id=target_id)


def _first_time(desired: Desired, observed: Observed, policy: Policy, facts: TargetFacts) -> Decision:
    """In scope without a link: match, else create."""
    if observed.taken is not None:
        taken = observed.taken
        reason = f"another {desired.kind.noun} has the same value {taken.value!r} for {taken.target}"
        return refuse("DuplicateSourceEntries", reason)
    if observed.count > 1:
        key = observed.key
        what = f"{key.target} {key.value!r}" if key else "the matching value"
        return refuse("DuplicateTargetEntries", f"{observed.count} {desired.kind.account}s in the target have {what}")
    if observed.resource is not None:
        target_id = observed.resource.get("id")
        if not isinstance(target_id, str) or not target_id:
            return refuse(INCOMPATIBLE, f"the target answered with {_a(desired.kind.account)} that has no id")
        return _update(desired, observed.resource, target_id, policy, facts, None)
    if "Add" not in policy.actions:
        return nothing(
            "EntrySynchronizationSkipped", f"no {desired.kind.account} matches, and the mapping does not allow Create"
        )
    if desired.missing and REQUIRED_IS_CHECKED_HERE:
        return refuse(
            "MandatoryFieldsMissing", f"no value for the required {', '.join(desired.missing)}", attempted="create"
        )
    broken = _cannot_export(desired, desired.create, "create")
    if broken:
        return broken
    changes = tuple(Change(target, None, value) for target, value in desired.create.items())
    references = tuple(Change(target, None, value) for target, value in desired.references.items() if value)
    reason = f"in scope, and no {desired.kind.account} in the target matches{_goes_without(desired)}"
    decision = Decision("create", "Success", "", reason, changes, references, desired.unresolved)
    return _with_members(decision, desired, {}, creating=True)


def _update(
    desired: Desired,
    resource: Mapping[str, Any],
    target_id: str,
    policy: Policy,
    facts: TargetFacts,
    link: Link | None,
) -> Decision:
    """In scope with an account: write what differs; without a `link`, it was matched just now."""
    linked = link is not None
    found = f"{'linked' if linked else 'matched'} to {desired.kind.account} {target_id}"
    if "Update" not in policy.actions:
        reason = f"{found}; the mapping does not allow Update"
        return Decision(
            "nothing" if linked else "link", "Skipped", "EntrySynchronizationSkipped", reason, target_id=target_id
        )
    broken = _cannot_export(desired, desired.update, "update", target_id)
    if broken:
        return broken
    changes = differences(desired.update, resource, facts=facts, flow_types=desired.flow_types)
    references = differences(desired.references, resource, facts=facts, flow_types=desired.flow_types)
    if changes or references:
        names = ", ".join(change.target for change in (*changes, *references))
        reason = f"{found}; different: {names}{_goes_without(desired)}"
        decision = Decision("update", "Success", "", reason, changes, references, desired.unresolved, target_id)
    else:
        reason = f"{found}, which already has every value{_goes_without(desired)}"
        decision = Decision(
            "nothing" if linked else "link",
            "Skipped",
            "RedundantExport",
            reason,
            unresolved=desired.unresolved,
            target_id=target_id,
        )
    if desired.membership is None:
        return decision
    written = link.members if link is not None else found_members(resource, desired.membership)
    decision = _with_members(decision, desired, written)
    if not decision.writes and (decision.add or decision.remove):
        return replace(decision, action="update", result="Success", code="", reason=f"{found}; members differ")
    return decision


def _goes_without(desired: Desired) -> str:
    """The end of a reason that tells which references are left out: a manager who is not linked and in scope."""
    names = ", ".join(parse_target(target).attribute for target in desired.unresolved)
    return f"; left out: {names}, who has no linked account in scope" if names else ""


def _with_members(
    decision: Decision, desired: Desired, written: Mapping[str, str], *, creating: bool = False
) -> Decision:
    """The decision with whom to add and remove; `written` are the members that count as there."""
    if desired.membership is None:
        return decision
    add, remove = member_changes(desired.membership, written, creating=creating)
    left_out = left_out_of(desired.membership, written)
    return replace(decision, add=add, remove=remove, left_out=left_out, written=written)


def _cannot_export(desired: Desired, values: Mapping[str, Any], attempted: str, target_id: str = "") -> Decision | None:
    """The refusal when a value cannot be had or does not fit; None when all is well."""
    for target, problem in desired.errors.items():
        create_only = desired.flow_types.get(target) == CREATE_ONLY and attempted != "create"
        if not create_only and (attempted != "disable" or target in desired.leaving_rows):
            return refuse(
                EVALUATION_ERROR, f"the mapping of {target} cannot be evaluated: {problem}", target_id, attempted
            )
    for target in desired.overfull:
        if target in values:
            reason = f"several values came for {target}, which takes one"
            return refuse("SchemaPropertyCanOnlyAcceptValue", reason, target_id, attempted)
    return None
