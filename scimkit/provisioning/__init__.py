"""What Entra does with one object, in what words, and why.

    compile_job                                              once: everything that the mapping alone decides
    source_attributes | group_attributes -> judge_scope      per object: what it is, and whether it is in scope
        -> desired -> look -> decide -> act                  `job.provision` is all of it, `job.predict` stops at
        decide

The same for people and groups; a job's mapping says which of them it is about.
`decide` is pure; `act` uses an `Endpoint`, such as a SCIM client. `dialect` has
the messages.
"""

from scimkit.provisioning.action import Outcome, Writing, act
from scimkit.provisioning.decision import Decision, Link, Observed, Policy, decide
from scimkit.provisioning.desired import Desired, MatchKey
from scimkit.provisioning.dialect import (
    FLAG,
    MEMBERS_PER_REQUEST,
    create_body,
    match_filter,
    patch_body,
    reference_query,
)
from scimkit.provisioning.differences import differences
from scimkit.provisioning.endpoint import Endpoint
from scimkit.provisioning.failures import judge_failures
from scimkit.provisioning.job import CompiledJob, JobSettings, compile_job
from scimkit.provisioning.kinds import GROUP, NESTED_GROUPS_ARE_MEMBERS, USER, Kind, kind_of
from scimkit.provisioning.log_codes import UNRESOLVED_REFERENCE
from scimkit.provisioning.log_steps import ProvisioningStep
from scimkit.provisioning.matching import TakenValues, look
from scimkit.provisioning.members import Member, Membership, MemberWrite
from scimkit.provisioning.refusals import error_code, puts_in_quarantine
from scimkit.provisioning.scope import (
    DEFAULT_ACCESS,
    Entitlements,
    GroupFacts,
    ScopeDecision,
    ScopeFacts,
    group_scope_facts,
    is_active,
    is_entitled,
    judge_scope,
    roles_held,
)
from scimkit.provisioning.source import group_attributes, plain_principal_name, source_attributes
from scimkit.provisioning.targets import Change, TargetFacts, read_target, read_target_facts

__all__ = [
    "DEFAULT_ACCESS", "FLAG", "GROUP", "MEMBERS_PER_REQUEST", "NESTED_GROUPS_ARE_MEMBERS",
    "UNRESOLVED_REFERENCE", "USER",
    "Change", "CompiledJob", "Decision", "Desired", "Endpoint", "Entitlements", "GroupFacts", "JobSettings",
    "Kind", "Link", "MatchKey", "Member", "MemberWrite", "Membership", "Observed", "Outcome", "Policy",
    "ProvisioningStep", "ScopeDecision", "ScopeFacts", "TakenValues", "TargetFacts", "Writing",
    "act", "compile_job", "create_body", "decide", "differences", "error_code", "group_attributes",
    "group_scope_facts", "is_active", "is_entitled", "judge_failures", "judge_scope", "kind_of", "look",
    "match_filter", "patch_body", "plain_principal_name", "puts_in_quarantine", "read_target",
    "read_target_facts", "reference_query", "roles_held", "source_attributes",
]  # fmt: skip
