"""One person or one group from import to export, as one cycle or one on-demand run does it.

`forecast` and `provision` take people and groups alike: the mapping says which,
by its source object. For a group

    source      is made by `group_attributes`, members included
    scope       `judge_scope(group_scope_facts(...))`
    link        carries the members written so far; None for a group met for the first time
    references  has the target id of every member in scope and linked; of inner groups too,
                where `NESTED_GROUPS_ARE_MEMBERS`
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from scimkit.errors import ApiError, MappingError
from scimkit.mapping.rows import ON_CREATE_ONLY, MappingRow, ObjectMapping, Values, evaluate_rows, redacts
from scimkit.provisioning import steps as recorded
from scimkit.provisioning.action import Counted, Endpoint, Outcome, act
from scimkit.provisioning.codes import error_code, puts_in_quarantine
from scimkit.provisioning.decision import Decision, Desired, Link, MatchKey, Observed, Policy, decide, nothing, refuse
from scimkit.provisioning.dialect import MEMBERS_PER_REQUEST
from scimkit.provisioning.differences import ADD_VALUES, WHEN_EMPTY
from scimkit.provisioning.kinds import GROUP, kind_of
from scimkit.provisioning.members import Member, Membership
from scimkit.provisioning.scope import ScopeDecision
from scimkit.provisioning.targets import (
    MEMBERS,
    NOTHING_KNOWN,
    TargetFacts,
    is_reference,
    parse_target,
    takes_several,
)

REMOVED_MANAGER_IS_SENT = False
"""Whether a manager who was removed in Entra is removed in the target, by a `Replace` with empty text.
Null never flows, and a report saw nothing sent; the test overview of Microsoft's SCIM validation
expects the replacement: (unconfirmed)."""

_USES_SOFT_DELETED = re.compile(r"\[\s*IsSoftDeleted\s*\]", re.IGNORECASE)


def desired_of(
    mapping: ObjectMapping,
    source: Mapping[str, Any],
    *,
    now: datetime | None = None,
    references: Mapping[str, str] | None = None,
    facts: TargetFacts = NOTHING_KNOWN,
    memberships: bool = True,
    only_members: Collection[str] | None = None,
) -> Desired:
    """The mapping evaluated for one person or one group.

    source      attributes by schema name (`source_attributes`, `group_attributes`)
    now         clock of date functions; None reads the machine's
    references  object id in Entra to id in the target, for people in scope and
                linked; a manager or member who is not among them is left out
    facts       which targets are required, single-valued, references
    memberships, only_members  as for `forecast`

    Null never flows; defaults count on create only, but for a row without a source (None), whose
    default fills the target whenever it is empty; create-only rows are missing from `update`
    (attribute-mapping tutorial).
    """
    creating = evaluate_rows(mapping, source, now=now, creating=True)
    updating = evaluate_rows(mapping, source, now=now, creating=False)
    rows = {row.target: row for row in mapping.rows}
    kind = kind_of(mapping.source_object)
    members = {target for target in rows if kind is GROUP and target.casefold() == MEMBERS}
    unreadable = _unreadable(rows)
    pointing = {target for target in rows if is_reference(target, facts)} - members
    linked, unresolved = _resolved(creating, pointing, references or {})
    left_out = pointing | members | unreadable.keys()
    create, overfull = _fitting(creating, left_out, facts)
    update, also_overfull = _fitting(updating, left_out, facts)
    filling = {
        target: row.default
        for target, row in rows.items()
        if row.expression is None and row.default and row.apply != ON_CREATE_ONLY
    }
    update = {target: value for target, value in filling.items() if target not in left_out} | update
    leaving_rows = tuple(target for target, row in rows.items() if _USES_SOFT_DELETED.search(row.expression or ""))
    return Desired(
        name=name_of(source),
        keys=_keys(mapping.rows, updating, creating),
        create=create,
        update=update,
        leaving={target: update[target] for target in leaving_rows if target in update},
        leaving_rows=leaving_rows,
        references=linked,
        unresolved=unresolved,
        missing=tuple(
            sorted(t for t in facts.required if t in rows and t not in members and create.get(t) in (None, ""))
        ),
        overfull=tuple(dict.fromkeys((*overfull, *also_overfull))),
        errors={target: str(error) for target, error in (creating.errors | updating.errors | unreadable).items()},
        flow_types={target: WHEN_EMPTY if target in filling else row.apply for target, row in rows.items()},
        redacted=frozenset(row.target for row in mapping.rows if redacts(row)),
        ignored=creating.object_ignored or updating.object_ignored,
        kind=kind,
        membership=_membership(rows, members, creating, references or {}, only_members) if memberships else None,
    )


def _membership(
    rows: Mapping[str, MappingRow],
    members: Collection[str],
    values: Values,
    links: Mapping[str, str],
    only: Collection[str] | None,
) -> Membership | None:
    """The members the mapping gives; None without a row for them, or when it cannot be evaluated."""
    target = next(iter(members), None)
    if target is None or target in values.errors:
        return None
    value = values.values.get(target) or ()
    wanted = dict.fromkeys(str(one) for one in (value if isinstance(value, (list, tuple)) else [value]))
    return Membership(
        linked=tuple(Member(one, links[one]) for one in wanted if one in links),
        left_out=tuple(one for one in wanted if one not in links),
        only=None if only is None else frozenset(only),
        only_adds=rows[target].apply in ADD_VALUES,
        on_create=rows[target].apply == ON_CREATE_ONLY,
    )


def _unreadable(targets: Iterable[str]) -> dict[str, MappingError]:
    """The targets whose names a SCIM connector cannot read, and why; such a row fails the person, not the run."""
    wrong: dict[str, MappingError] = {}
    for target in targets:
        try:
            parse_target(target)
        except MappingError as error:
            wrong[target] = error
    return wrong


def name_of(source: Mapping[str, Any]) -> str:
    """How the log calls a person or a group: the principal name, else what there is."""
    return str(source.get("userPrincipalName") or source.get("displayName") or source.get("objectId") or "")


def _keys(rows: Collection[MappingRow], updating: Values, creating: Values) -> tuple[MatchKey, ...]:
    """Matching values by precedence, lowest number first; a create-only row matches too."""
    matching = sorted((row for row in rows if row.matching), key=lambda row: row.matching)
    values = [(row.target, updating.values.get(row.target, creating.values.get(row.target))) for row in matching]
    return tuple(MatchKey(target, str(value)) for target, value in values if value not in (None, "", []))


def _resolved(values: Values, pointing: set[str], links: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    wanted = {
        target: str(value) for target, value in values.values.items() if target in pointing and value not in (None, "")
    }
    found = {target: links[source_id] for target, source_id in wanted.items() if source_id in links}
    if REMOVED_MANAGER_IS_SENT:
        found |= dict.fromkeys(pointing - wanted.keys(), "")
    return found, tuple(target for target in wanted if target not in found)


def _fitting(values: Values, left_out: set[str], facts: TargetFacts) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values to write, lists of one unpacked where one value fits, and the targets that got too many."""
    fitting: dict[str, Any] = {}
    overfull = []
    for target, value in values.values.items():
        if target in left_out or value is None:
            continue
        if isinstance(value, (list, tuple)) and not takes_several(target, facts):
            if len(value) > 1:
                overfull.append(target)
            if not value:
                continue
            value = value[0]
        fitting[target] = value
    return fitting, tuple(overfull)


def look(
    desired: Desired,
    scope: ScopeDecision,
    link: Link | None,
    endpoint: Endpoint,
    *,
    peers: Collection[str] = frozenset(),
) -> Observed:
    """What is in the target for this person or group: the linked account by id, else a match by precedence.

    peers  matching values that others of their kind have already; compared without case

    The first attribute that finds an account ends the search. Objects that are out
    of scope and not linked are never searched for.
    """
    address = desired.kind.resource_type
    if not desired.keys:
        return Observed()
    if link is not None:
        return Observed(resource=endpoint.read(address, link.target_id) if link.managed or scope.in_scope else None)
    if not scope.in_scope:
        return Observed()
    taken = {value.casefold() for value in peers}
    for key in desired.keys:
        if key.value.casefold() in taken:
            return Observed(taken=key)
        found = endpoint.find(address, key.target, key.value)
        if found:
            return Observed(found[0] if len(found) == 1 else None, len(found), key)
    return Observed()


def forecast(
    source: Mapping[str, Any],
    scope: ScopeDecision,
    mapping: ObjectMapping,
    link: Link | None,
    endpoint: Endpoint,
    *,
    now: datetime | None = None,
    actions: Collection[str] | None = None,
    skip_out_of_scope: bool = False,
    peers: Collection[str] = frozenset(),
    references: Mapping[str, str] | None = None,
    hard_deleted: bool = False,
    soft_deletes: bool = True,
    facts: TargetFacts = NOTHING_KNOWN,
    flag: bool = False,
    on_demand: bool = False,
    target_system: str = recorded.CUSTOM_TARGET_SYSTEM,
    memberships: bool = True,
    only_members: Collection[str] | None = None,
) -> Outcome:
    """What `provision` would do with the same arguments: import, scope, match and decide, with reads only.

    source         attributes of a person or a group by schema name; `IsSoftDeleted` is
                   set from `scope` here, so that the two cannot disagree
    mapping        of users or of groups: which it is says its source object
    now            clock of date functions; None reads the machine's
    actions        of Add, Update, Delete; None: the mapping's own
    peers          matching values others of their kind have already
    references     object id in Entra to target id of everybody linked and in scope: for managers and members
    soft_deletes   False: the app knows no disabled accounts
    flag           tenant URL carries `aadOptscim062020`; nothing depends on it before writing
    on_demand      an on-demand run: other words, and people blocked or deleted in Entra are not found
    target_system  how the log calls the target
    memberships    False: a group without its members, which a cycle writes last
    only_members   Entra ids: nobody else is added to or removed from the group (on demand); None: all

    The outcome's `link` is the one given, as nothing was stored. Never raises for
    what the endpoint answers: that is an Outcome with `error`.
    """
    person = dict(source) | {"IsSoftDeleted": not scope.in_scope}
    desired = desired_of(
        mapping, person, now=now, references=references, facts=facts, memberships=memberships, only_members=only_members
    )
    steps = [
        recorded.import_step(desired.name, person, link, scope.in_scope, on_demand, desired.kind),
        recorded.scoping_step(scope, on_demand, desired.kind),
    ]
    unheard = _never_looked_at(mapping, scope, desired, on_demand, hard_deleted)
    if unheard:
        decision = nothing("EntrySynchronizationSkipped", unheard, link.target_id if link else "")
        return _foreseen(decision, desired, link, Observed(), steps)
    asking = Counted(endpoint)
    try:
        observed = Observed() if hard_deleted else look(desired, scope, link, asking, peers=peers)
    except ApiError as error:
        return _not_seen(error, desired, link, steps, asking.requests, target_system)
    policy = Policy(frozenset(mapping.actions if actions is None else actions), skip_out_of_scope, soft_deletes)
    decision = decide(desired, scope, link, observed, policy=policy, facts=facts, hard_deleted=hard_deleted)
    if not hard_deleted and desired.keys and (scope.in_scope or link is not None):
        step = recorded.matching_step(
            desired.name, decision, observed.resource, target_system, desired.redacted, desired.kind
        )
        steps.append(step)
    return _foreseen(decision, desired, link, observed, steps, asking.requests)


def provision(
    source: Mapping[str, Any],
    scope: ScopeDecision,
    mapping: ObjectMapping,
    link: Link | None,
    endpoint: Endpoint,
    *,
    now: datetime | None = None,
    actions: Collection[str] | None = None,
    skip_out_of_scope: bool = False,
    peers: Collection[str] = frozenset(),
    references: Mapping[str, str] | None = None,
    hard_deleted: bool = False,
    soft_deletes: bool = True,
    facts: TargetFacts = NOTHING_KNOWN,
    flag: bool = False,
    on_demand: bool = False,
    target_system: str = recorded.CUSTOM_TARGET_SYSTEM,
    memberships: bool = True,
    only_members: Collection[str] | None = None,
    members_per_request: int = MEMBERS_PER_REQUEST,
) -> Outcome:
    """Import, scope, match, decide and act for one person or one group; arguments as of `forecast`.

    members_per_request  how many members of a group one PATCH adds or removes

    A group is created without members; they follow one request each. A member that
    the target refuses does not fail the group: `Outcome.members` tells of each, and
    `reference_code` has the first refusal, else the code of those left out. The
    outcome's `link` is the one to store. On-demand runs speak the default dialect
    whatever the flag. Never raises for what the endpoint answers: that is an Outcome
    with `error`.
    """
    foreseen = forecast(
        source, scope, mapping, link, endpoint, now=now, actions=actions, skip_out_of_scope=skip_out_of_scope,
        peers=peers, references=references, hard_deleted=hard_deleted, soft_deletes=soft_deletes, facts=facts,
        on_demand=on_demand, target_system=target_system, memberships=memberships, only_members=only_members,
    )  # fmt: skip
    if foreseen.error is not None:
        return foreseen
    decision, kind = foreseen.decision, kind_of(mapping.source_object)
    outcome = act(
        decision,
        endpoint,
        source_id=str(source.get("objectId") or ""),
        link=link,
        resource=foreseen.resource,
        managed=stays_managed(scope, link, hard_deleted=hard_deleted),
        flag=flag and not on_demand,
        facts=facts,
        kind=kind,
        members_per_request=members_per_request,
    )
    name = name_of(source)
    failed = outcome.error_code if outcome.error is not None else ""
    after = [recorded.export_step(name, decision, scope, failed, target_system, kind)]
    if not failed:
        after.append(recorded.reference_step(name, decision, outcome.reference_code, kind))
        after += recorded.member_steps(name, decision, outcome.members)
    return replace(
        outcome,
        steps=(*foreseen.steps, *(step for step in after if step is not None)),
        requests=foreseen.requests + outcome.requests,
        redacted=foreseen.redacted,
    )


def _foreseen(
    decision: Decision,
    desired: Desired,
    link: Link | None,
    observed: Observed,
    steps: Sequence[recorded.ProvisioningStep],
    requests: int = 0,
) -> Outcome:
    """A decision before anything was written."""
    return Outcome(
        decision,
        decision.target_id,
        link,
        observed.resource,
        error_code=decision.code,
        error_text=decision.reason,
        requests=requests,
        steps=tuple(steps),
        redacted=desired.redacted,
    )


def _never_looked_at(
    mapping: ObjectMapping, scope: ScopeDecision, desired: Desired, on_demand: bool, hard_deleted: bool
) -> str:
    """Why this person ends before the target is looked at; "" when not."""
    if not mapping.enabled:
        return "this object mapping is switched off"
    if desired.ignored:
        return "an expression says IgnoreObjectFlow"
    if on_demand and (hard_deleted or not scope.facts.active):
        found = "people who are blocked or deleted" if desired.kind.can_disable else "groups that are deleted"
        return f"on-demand provisioning does not find {found} in Entra"
    return ""


def stays_managed(scope: ScopeDecision, link: Link | None, *, hard_deleted: bool = False) -> bool:
    """Whether the service goes on managing the account: unassigned, it does not until
    the person is in scope again ("How application provisioning works", known limitation)."""
    if hard_deleted:
        return link is not None and link.managed
    if scope.in_scope:
        return True
    return link is not None and link.managed and (scope.facts.assigned or scope.facts.sync_all)


def _not_seen(
    error: ApiError,
    desired: Desired,
    link: Link | None,
    steps: list[recorded.ProvisioningStep],
    requests: int,
    target_system: str,
) -> Outcome:
    """The target could not be read: a failure of this person, sometimes the quarantine of the job."""
    asking = link is None
    code = error_code(error, asking=asking)
    decision = refuse(code, f"the target could not be read: {error}", link.target_id if link else "")
    steps.append(recorded.matching_step(desired.name, decision, None, target_system, kind=desired.kind))
    failed = _foreseen(decision, desired, link, Observed(), steps, requests)
    return replace(failed, error_text=str(error), quarantine=puts_in_quarantine(error, asking=asking), error=error)
