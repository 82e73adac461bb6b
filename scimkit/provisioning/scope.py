"""Is this person or this group in scope, and why (How application provisioning works).

    in scope = active AND (sync all OR assigned) AND entitled AND filters pass     (inferred)

A group must be assigned itself: one inside an assigned group is not. And it must
be security enabled.

Everything here is pure: the input is assignments, memberships and filter verdicts,
the result is a decision with reasons in words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from scimkit.provisioning.kinds import GROUP, USER, Kind

if TYPE_CHECKING:
    from scimkit.mapping.scoping.filters import ClauseVerdict, Verdict

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The role id of "Default Access"."""

DEFAULT_ACCESS_IS_ENTITLED = True
"""Since July 2020 "Default Access" is a role like any other ("Users aren't being provisioned");
only older services skipped its holders as not effectively entitled."""

SYNC_ALL_NEEDS_SECURITY = True
"""Whether "sync all" also leaves out groups that are not security enabled. The condition is documented for
assigned groups; for all groups (unconfirmed)."""

ACTIVE_NEEDS_SIGN_IN = True
"""`IsActive` = neither soft-deleted nor blocked from signing in; the exact composition is (unconfirmed)."""


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """An assigned group as far as scope needs it.

    members  object ids of the DIRECT members; members of nested groups do not count
    """

    security_enabled: bool
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class ScopeFacts:
    """The facts that decide scope.

    active    not soft-deleted and not blocked (`is_active`)
    assigned  directly or as a direct member of an assigned group; a group only directly
    entitled  one of the roles held allows provisioning
    filters   verdict of the scoping filters; None: there are none
    sync_all  the job's setting `SyncAll`
    kind      people or groups
    secure    a group is security enabled; for a person always True
    gone      permanently deleted in Entra: only the id is known
    """

    active: bool
    assigned: bool
    entitled: bool = True
    filters: Verdict | None = None
    sync_all: bool = False
    kind: Kind = USER
    secure: bool = True
    gone: bool = False

    @property
    def filters_pass(self) -> bool:
        return self.filters is None or self.filters.passed


@dataclass(frozen=True, slots=True)
class ScopeDecision:
    """In scope or not, and the reasons in words.

    reasons  why not, one sentence each; one sentence why if in scope
    facts    the facts it was decided from
    """

    in_scope: bool
    reasons: tuple[str, ...]
    facts: ScopeFacts = field(repr=False)

    @property
    def details(self) -> dict[str, str]:
        """The same in the form of the log's scoping step: its field names, all values as strings."""
        facts = self.facts
        return {
            "Active in the source system": str(facts.active),
            "Assigned to the application": str(facts.assigned),
            "User has the required role": str(is_entitled_now(facts)),
            "Scoping filter evaluation passed": str(facts.filters_pass),
            "ScopeEvaluationResult": evaluation_text(facts.filters),
        }

    @property
    def named_details(self) -> dict[str, str]:
        """The same in the other documented vocabulary, that of on-demand answers."""
        facts = self.facts
        return {
            "IsActive": str(facts.active),
            "Assigned": str(facts.assigned),
            "IsEffectivelyEntitledForProvisioning": str(is_entitled_now(facts)),
            "IsInProvisioningScopeDisplayName": str(facts.sync_all or facts.assigned),
            "ScopeEvaluationResult": evaluation_text(facts.filters),
        }


def group_scope_facts(
    graph_group: Mapping[str, Any],
    assignments: Iterable[Mapping[str, Any]],
    app_roles: Iterable[Mapping[str, Any]],
    *,
    filters: Verdict | None = None,
    sync_all: bool = False,
    soft_deleted: bool = False,
) -> ScopeFacts:
    """The facts that decide the scope of one group; see `judge_scope`.

    graph_group  a Graph group with `id` and `securityEnabled`
    assignments  Graph's appRoleAssignment objects of the enterprise app
    app_roles    the service principal's `appRoles`
    filters      verdict of the group mapping's scoping filters

    Only an assignment of the group itself counts, not that of a group that contains it.

    >>> judge_scope(group_scope_facts({"id": "g", "securityEnabled": False}, [], [], sync_all=True)).in_scope
    False
    """
    held = roles_held(str(graph_group.get("id")), assignments)
    secure = graph_group.get("securityEnabled") is not False
    return ScopeFacts(
        active=not soft_deleted,
        assigned=bool(held),
        entitled=is_entitled(held, app_roles),
        filters=filters,
        sync_all=sync_all,
        kind=GROUP,
        secure=secure or (sync_all and not SYNC_ALL_NEEDS_SECURITY),
    )


def is_active(graph_user: Mapping[str, Any], *, soft_deleted: bool = False) -> bool:
    """Whether the person is active in Entra: existing, and not blocked from signing in."""
    blocked = ACTIVE_NEEDS_SIGN_IN and graph_user.get("accountEnabled") is False
    return not soft_deleted and not blocked


def roles_held(
    person_id: str, assignments: Iterable[Mapping[str, Any]], groups: Mapping[str, GroupFacts] | None = None
) -> tuple[str, ...]:
    """The role ids by which a person is assigned; empty: not assigned.

    assignments  Graph's appRoleAssignment objects of the enterprise app
    groups       assigned groups by object id; one that is missing here or not
                 security enabled assigns no one ("How application provisioning works")

    >>> roles_held("ann", [{"principalId": "ann", "appRoleId": "r1"}])
    ('r1',)
    """
    held = []
    for assignment in assignments:
        principal = assignment["principalId"]
        group = (groups or {}).get(principal)
        if principal == person_id or (group and group.security_enabled and person_id in group.members):
            held.append(assignment.get("appRoleId") or DEFAULT_ACCESS)
    return tuple(dict.fromkeys(held))


def is_entitled(role_ids: Iterable[str], app_roles: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the roles held allows provisioning.

    app_roles  the service principal's `appRoles`

    A role that the app does not know, or that is disabled, does not (the damaged
    assignment of "Users aren't being provisioned": unassign and assign again).
    """
    enabled = {role["id"] for role in app_roles if role.get("isEnabled", True)}
    if DEFAULT_ACCESS_IS_ENTITLED:
        enabled.add(DEFAULT_ACCESS)
    return any(role_id in enabled for role_id in role_ids)


def is_entitled_now(facts: ScopeFacts) -> bool:
    """With "sync all" no one needs a role (inferred)."""
    return facts.sync_all or (facts.assigned and facts.entitled)


def judge_scope(facts: ScopeFacts) -> ScopeDecision:
    """Whether a person or group with these `facts` is in scope, and every reason why not.

    >>> judge_scope(ScopeFacts(active=True, assigned=False)).reasons
    ('not assigned to the application',)
    """
    against = []
    if not facts.active:
        why = "deleted"
        if facts.kind.can_disable:
            why = "blocked from signing in, or deleted"
        against.append(f"not active in Entra: {why}")
    if not facts.secure:
        against.append("not security enabled, so it cannot be provisioned")
    if not facts.sync_all and not facts.assigned:
        against.append("not assigned to the application")
    elif not is_entitled_now(facts):
        against.append(
            "not effectively entitled: the assigned role does not allow provisioning; unassign and assign again"
        )
    if facts.filters is not None and not facts.filters.passed:
        against.append(f"fails the scoping filters: {facts.filters.reason}")
    return ScopeDecision(not against, tuple(against) or (_why_in_scope(facts),), facts)


def _why_in_scope(facts: ScopeFacts) -> str:
    if not facts.sync_all:
        return "in scope: assigned to the application"
    return f"in scope: {'everybody' if facts.kind is USER else 'every group'} is"


class Entitlements:
    """Who is assigned to the app, with which roles, directly or through a group: read once, for many people.

    assignments  Graph's appRoleAssignment objects of the enterprise app
    groups       assigned groups by object id
    app_roles    the service principal's `appRoles`
    """

    def __init__(
        self,
        assignments: Iterable[Mapping[str, Any]],
        groups: Mapping[str, GroupFacts],
        app_roles: Iterable[Mapping[str, Any]],
    ) -> None:
        app_roles = tuple(app_roles)
        self._names = {role["id"]: role["displayName"] for role in app_roles}
        self._entitles = {role: is_entitled((role,), app_roles) for role in (*self._names, DEFAULT_ACCESS)}
        self._roles: dict[str, tuple[str, ...]] = {}
        self._alone: dict[str, tuple[str]] = {}
        roles, alone = self._roles, self._alone
        for assignment in assignments:
            principal, role = assignment["principalId"], assignment.get("appRoleId") or DEFAULT_ACCESS
            if principal not in roles:  # most have one role
                roles[principal] = alone.get(role) or alone.setdefault(role, (role,))
            else:
                self._add(principal, role)
            if principal in groups and groups[principal].security_enabled:
                for member in groups[principal].members:
                    self._add(member, role)
        self._decisions: dict[tuple[bool, bool], dict[tuple[str, ...], ScopeDecision]] = {
            kind: {} for kind in product((True, False), (True, False))
        }

    def _add(self, principal: str, role: str) -> None:
        """Note a role; people with the same roles share one tuple."""
        held = self._roles.get(principal)
        if held is None:
            self._roles[principal] = self._alone.setdefault(role, (role,))
        elif role not in held:
            self._roles[principal] = (*held, role)

    def names_of(self, person_id: str) -> tuple[str, ...]:
        """Names of the app roles that a person has, in the app's order."""
        held = self._roles.get(person_id)
        if held:
            return tuple([name for role, name in self._names.items() if role in held])
        return ()

    def scope_of(
        self, person_id: str, *, active: bool, filters: Verdict | None = None, sync_all: bool = False
    ) -> ScopeDecision:
        """`judge_scope` for one person."""
        held = self._roles.get(person_id, ())
        known = self._decisions[active, sync_all]  # a few cases, and many people in each
        if filters is None and held in known:
            return known[held]
        entitled = any(self._entitles.get(role, False) for role in held)
        decision = judge_scope(ScopeFacts(active, bool(held), entitled, filters, sync_all))
        if filters is None:
            known[held] = decision
        return decision


def evaluation_text(verdict: Verdict | None) -> str:
    """`ScopeEvaluationResult`: JSON of `{title}.{attribute} {operator} '{value}'` to a boolean, for each clause."""
    clauses = () if verdict is None else verdict.clauses
    return json.dumps({_clause_text(each): each.true for each in clauses}, ensure_ascii=False)


def _clause_text(judged: ClauseVerdict) -> str:
    clause = judged.clause
    value = ""
    if clause.value is not None:
        value = f" '{clause.value}'"
    return f"{judged.filter}.{clause.attribute} {clause.operator}{value}"
