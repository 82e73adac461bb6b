"""What Entra does with one person, and why: the pure decision.

    read person -> in scope? -> linked, or matched? -> create | link | update | disable | delete | nothing | refuse

Everything that decides is an argument: the evaluated mapping (`Desired`), the
scope, the stored link, what was seen in the target (`Observed`), and the
settings of the job (`Policy`). Nothing here reads a clock or a socket, so the
same function serves the pilot, the forecast and the sandbox's cycles. The table
it follows is built from "How application provisioning works" and "How to
download and analyze the provisioning logs".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scimkit.provisioning.codes import INCOMPATIBLE
from scimkit.provisioning.differences import CREATE_ONLY, differences
from scimkit.provisioning.scope import ScopeDecision
from scimkit.provisioning.targets import NOTHING_KNOWN, Change, TargetFacts

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
    """The stored connection of a person in Entra to an account in the target.

    managed  False after the person was unassigned: the service then sends
             nothing more for it until it is in scope again (known limitation,
             "How application provisioning works")
    """

    source_id: str
    target_id: str
    managed: bool = True


@dataclass(frozen=True, slots=True)
class MatchKey:
    """One matching attribute of the target and this person's value for it."""

    target: str
    value: str


@dataclass(frozen=True, slots=True)
class Desired:
    """What the mapping wants for one person.

    name        how the log calls the person: the principal name
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
    ignored     an expression said IgnoreObjectFlow: leave the person alone
    redacted    targets whose values logs must not show
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
    """What is to be done with one person.

    action      create | link | update | disable | delete | nothing | refuse
    result      Success | Skipped | Failure: what the log will say if the target does its part
    code        the log's error or skip code, "" without one
    reason      why, a sentence
    changes     what is written, references excepted
    references  what is written in a later request: the manager
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
    """What the service does with one person in this state.

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
        return _hard_deleted(link, policy)
    if not desired.keys:
        target_id = link.target_id if link else ""
        return nothing("ImportSkipped", "no matching attribute has a value, so the person is not processed", target_id)
    if not scope.in_scope:
        return _leaving(desired, scope, link, observed, policy, facts)
    if link is not None:
        if observed.resource is None:
            return refuse(
                "InvalidAnchor",
                f"the linked account {link.target_id} is not in the target any more",
                link.target_id,
                "update",
            )
        return _update(desired, observed.resource, link.target_id, policy, facts, linked=True)
    return _first_time(desired, observed, policy, facts)


def _hard_deleted(link: Link | None, policy: Policy) -> Decision:
    if link is None:
        return nothing("EntrySynchronizationSkipped", "deleted in Entra and never linked to an account")
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


def _leaving(
    desired: Desired, scope: ScopeDecision, link: Link | None, observed: Observed, policy: Policy, facts: TargetFacts
) -> Decision:
    """Out of scope: disable what is linked, never search or touch anything else."""
    why = "; ".join(scope.reasons)
    if link is None:
        return nothing("EntrySynchronizationSkipped", f"not in scope: {why}")
    target_id = link.target_id
    if not link.managed:
        return nothing("EntrySynchronizationSkipped", f"not in scope and no longer managed: {why}", target_id)
    if policy.skip_out_of_scope and (SKIP_SETTING_COVERS_BLOCKED or scope.facts.active):
        return nothing(
            "EntrySynchronizationSkipped", f"left scope ({why}); SkipOutOfScopeDeletions keeps the account", target_id
        )
    if observed.resource is None:
        return refuse(
            STALE_LINK_WHEN_LEAVING,
            f"left scope ({why}), and the linked account {target_id} is gone",
            target_id,
            "disable",
        )
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
    changes = differences(desired.leaving, observed.resource, facts=facts, flow_types=desired.flow_types)
    if not changes:
        return nothing("RedundantExport", f"left scope ({why}); the account is disabled already", target_id)
    return Decision("disable", "Success", "", f"left scope: {why}", changes, target_id=target_id)


def _first_time(desired: Desired, observed: Observed, policy: Policy, facts: TargetFacts) -> Decision:
    """In scope without a link: match, else create."""
    if observed.taken is not None:
        taken = observed.taken
        return refuse("DuplicateSourceEntries", f"another person has the same value {taken.value!r} for {taken.target}")
    if observed.count > 1:
        key = observed.key
        what = f"{key.target} {key.value!r}" if key else "the matching value"
        return refuse("DuplicateTargetEntries", f"{observed.count} accounts in the target have {what}")
    if observed.resource is not None:
        target_id = observed.resource.get("id")
        if not isinstance(target_id, str) or not target_id:
            return refuse(INCOMPATIBLE, "the target answered with an account that has no id")
        return _update(desired, observed.resource, target_id, policy, facts, linked=False)
    if "Add" not in policy.actions:
        return nothing("EntrySynchronizationSkipped", "no account matches, and the mapping does not allow Create")
    if desired.missing and REQUIRED_IS_CHECKED_HERE:
        return refuse(
            "MandatoryFieldsMissing", f"no value for the required {', '.join(desired.missing)}", attempted="create"
        )
    broken = _cannot_export(desired, desired.create, "create")
    if broken:
        return broken
    changes = tuple(Change(target, None, value) for target, value in desired.create.items())
    references = tuple(Change(target, None, value) for target, value in desired.references.items())
    reason = "in scope, and no account in the target matches"
    return Decision("create", "Success", "", reason, changes, references, desired.unresolved)


def _update(
    desired: Desired, resource: Mapping[str, Any], target_id: str, policy: Policy, facts: TargetFacts, *, linked: bool
) -> Decision:
    """In scope with an account: write what differs."""
    found = "linked" if linked else "matched"
    if "Update" not in policy.actions:
        reason = f"{found} to account {target_id}; the mapping does not allow Update"
        return Decision(
            "nothing" if linked else "link", "Skipped", "EntrySynchronizationSkipped", reason, target_id=target_id
        )
    broken = _cannot_export(desired, desired.update, "update", target_id)
    if broken:
        return broken
    changes = differences(desired.update, resource, facts=facts, flow_types=desired.flow_types)
    references = differences(desired.references, resource, facts=facts, flow_types=desired.flow_types)
    if not changes and not references:
        reason = f"{found} to account {target_id}, which already has every value"
        action = "nothing" if linked else "link"
        return Decision(
            action, "Skipped", "RedundantExport", reason, unresolved=desired.unresolved, target_id=target_id
        )
    names = ", ".join(change.target for change in (*changes, *references))
    reason = f"{found} to account {target_id}; different: {names}"
    return Decision("update", "Success", "", reason, changes, references, desired.unresolved, target_id)


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
