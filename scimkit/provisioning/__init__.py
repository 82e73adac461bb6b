"""What Entra does with one object, in what words, and why.

    source_attributes | group_attributes -> judge_scope -> look -> decide -> act     (`provision` is all of it)

People and groups go the same way; which of them a call is about says its mapping.
`decide` is pure; `act` takes an `Endpoint`, which a SCIM client is. `dialect` holds
the messages. `forecast` is `provision` without writing.
"""

from scimkit.provisioning.action import Endpoint, Outcome, act
from scimkit.provisioning.claims import Claims
from scimkit.provisioning.codes import error_code, puts_in_quarantine
from scimkit.provisioning.decision import Decision, Desired, Link, MatchKey, Observed, Policy, decide
from scimkit.provisioning.dialect import (
    FLAG,
    MEMBERS_PER_REQUEST,
    create_body,
    match_filter,
    patch_body,
    reference_query,
)
from scimkit.provisioning.differences import differences
from scimkit.provisioning.failures import judge_failures
from scimkit.provisioning.kinds import GROUP, NESTED_GROUPS_ARE_MEMBERS, USER, Kind, kind_of
from scimkit.provisioning.members import UNRESOLVED, Member, Membership, MemberWrite
from scimkit.provisioning.scope import (
    DEFAULT_ACCESS,
    GroupFacts,
    ScopeDecision,
    ScopeFacts,
    group_scope_facts,
    is_active,
    is_entitled,
    judge_scope,
    roles_held,
)
from scimkit.provisioning.service import desired_of, forecast, look, provision
from scimkit.provisioning.source import group_attributes, plain_principal_name, source_attributes
from scimkit.provisioning.steps import ProvisioningStep
from scimkit.provisioning.targets import Change, TargetFacts, read_target, read_target_facts

__all__ = [
    "DEFAULT_ACCESS", "FLAG", "GROUP", "MEMBERS_PER_REQUEST", "NESTED_GROUPS_ARE_MEMBERS", "UNRESOLVED", "USER",
    "Change", "Claims", "Decision", "Desired", "Endpoint", "GroupFacts", "Kind", "Link", "MatchKey", "Member", "MemberWrite",
    "Membership", "Observed", "Outcome", "Policy", "ProvisioningStep", "ScopeDecision", "ScopeFacts", "TargetFacts",
    "act", "create_body", "decide", "desired_of", "differences", "error_code", "forecast", "group_attributes",
    "group_scope_facts", "is_active", "is_entitled", "judge_failures", "judge_scope", "kind_of", "look",
    "match_filter", "patch_body", "plain_principal_name", "provision", "puts_in_quarantine", "read_target",
    "read_target_facts", "reference_query", "roles_held", "source_attributes",
]  # fmt: skip
