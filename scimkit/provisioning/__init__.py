"""What Entra does with one object, in what words, and why.

    source_attributes -> judge_scope -> look -> decide -> act          (`provision` is all of it)

`decide` is pure; `act` takes an `Endpoint`, which a SCIM client is. `dialect`
holds the messages. `forecast` is `provision` without writing.
"""

from scimkit.provisioning.action import Endpoint, Outcome, act
from scimkit.provisioning.codes import error_code, puts_in_quarantine
from scimkit.provisioning.decision import Decision, Desired, Link, MatchKey, Observed, Policy, decide
from scimkit.provisioning.dialect import FLAG, create_body, match_filter, patch_body
from scimkit.provisioning.differences import differences
from scimkit.provisioning.scope import (
    DEFAULT_ACCESS,
    GroupFacts,
    ScopeDecision,
    ScopeFacts,
    is_active,
    is_entitled,
    is_soft_deleted,
    judge_scope,
    roles_held,
)
from scimkit.provisioning.service import desired_of, forecast, look, provision
from scimkit.provisioning.source import plain_principal_name, source_attributes
from scimkit.provisioning.steps import ProvisioningStep
from scimkit.provisioning.targets import Change, TargetFacts, read_target, read_target_facts

__all__ = [
    "DEFAULT_ACCESS", "FLAG", "Change", "Decision", "Desired", "Endpoint", "GroupFacts", "Link", "MatchKey",
    "Observed", "Outcome", "Policy", "ProvisioningStep", "ScopeDecision", "ScopeFacts", "TargetFacts",
    "act", "create_body", "decide", "desired_of", "differences", "error_code", "forecast", "is_active",
    "is_entitled", "is_soft_deleted", "judge_scope", "look", "match_filter", "patch_body", "plain_principal_name",
    "provision", "puts_in_quarantine", "read_target", "read_target_facts", "roles_held", "source_attributes",
]  # fmt: skip
