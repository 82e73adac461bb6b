"""The recorded steps of provisioning one person or group, in the words of the log.

Names, descriptions and detail fields follow the documented samples of
`provisioningObjectSummary` and of on-demand answers. Readers should go by
`type`: the order of scoping and matching, and the names, differ between pages.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scimkit.provisioning.decision import Decision, Link
from scimkit.provisioning.kinds import USER, Kind
from scimkit.provisioning.log_codes import ENTRY_SKIPPED, UNRESOLVED_REFERENCE
from scimkit.provisioning.members import MemberWrite
from scimkit.provisioning.scope import ScopeDecision, is_entitled_now

SOURCE_SYSTEM = "Azure Active Directory"
CUSTOM_TARGET_SYSTEM = "customappsso"
"""How logs still name the target of a non-gallery app; a gallery app has its connector's name."""

IMPORT_UPDATE = "EntryImportUpdate"
"""Name of the import step of a linked person; by analogy with `EntryImportAdd` (unconfirmed)."""

EXPORT_DELETE = "EntryExportDelete"
"""By analogy with `EntryExportUpdate` (unconfirmed)."""

REFERENCE_STEP = "EntryExportUpdateReference"
"""Name of the step that writes or leaves out references (unconfirmed); its type is documented."""

FILTERED_SKIP_REASON = "NotEffectivelyEntitled"
"""SkipReason of a person excluded only by a filter. Documented for unassigned people; for filters (unconfirmed)."""


@dataclass(frozen=True, slots=True)
class ProvisioningStep:
    """One step.

    type    import | scoping | matching | processing | referenceResolution | export
    status  success | skipped | failure | warning
    """

    type: str
    name: str
    status: str
    description: str
    details: dict[str, str] = field(default_factory=dict)


def text_of(value: Any) -> str:
    """A value as logs show it: booleans capitalised, lists joined, objects as JSON.

    >>> text_of(False), text_of(["User", "Admin"])
    ('False', 'User, Admin')
    """
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return ", ".join(text_of(item) for item in value)
    return str(value)


def import_step(
    name: str, source: Mapping[str, Any], link: Link | None, *, in_scope: bool, on_demand: bool, kind: Kind = USER
) -> ProvisioningStep:
    """The person or group was read from Entra; details are the source attributes."""
    details = {key: text_of(value) for key, value in source.items() if value is not None}
    if on_demand or (link is None and not in_scope):
        return ProvisioningStep(
            "import", "EntryImport", "success", f"Retrieved {kind.name} '{name}' from {SOURCE_SYSTEM}", details
        )
    if link is None:
        step_name, change = ("EntryImportAdd", "Add")
    else:
        step_name, change = (IMPORT_UPDATE, "Update")
    description = f"Received {kind.name} '{name}' change of type ({change}) from {SOURCE_SYSTEM}"
    return ProvisioningStep("import", step_name, "success", description, details)


def scoping_step(scope: ScopeDecision, on_demand: bool, kind: Kind = USER) -> ProvisioningStep:
    """Scope was evaluated; on-demand answers use the other vocabulary."""
    description = f"Determine if {kind.name} in scope by evaluating against each scoping filter"
    if on_demand:
        details = scope.named_details
    else:
        details = scope.details
    status = "skipped"
    if scope.in_scope:
        status = "success"
    return ProvisioningStep("scoping", "EntrySynchronizationScoping", status, description, dict(details))


def matching_step(
    name: str,
    decision: Decision,
    resource: Mapping[str, Any] | None,
    *,
    target_system: str,
    redacted: Collection[str] = (),
    kind: Kind = USER,
) -> ProvisioningStep:
    """The target was searched, or the linked account read; `redacted` targets are not shown."""
    if decision.action == "create":
        description = (
            f"{kind.name} '{name}' will be created in {target_system} ({kind.name} is active and assigned in "
            f"{SOURCE_SYSTEM}, but no matching {kind.name} was found in {target_system})"
        )
        return ProvisioningStep("matching", "EntrySynchronizationAdd", "success", description)
    if resource is not None:
        simple = {key: value for key, value in resource.items() if isinstance(value, (str, bool)) and value != ""}
        details = {key: text_of(value) for key, value in simple.items() if key not in redacted}
        description = f"Retrieved {kind.name} '{name}' from {target_system}"
        return ProvisioningStep("matching", "EntryImport", "success", description, details)
    status = "skipped"
    if decision.result == "Failure":
        status = "failure"
    description = f"{kind.name} '{name}' in {target_system}: {decision.reason}"
    return ProvisioningStep("matching", "EntryImport", status, description)


_EXPORTS = {
    "create": ("EntryExportAdd", "created", "create"),
    "update": ("EntryExportUpdate", "updated", "update"),
    "disable": ("EntryExportUpdate", "disabled", "disable"),
    "delete": (EXPORT_DELETE, "deleted", "delete"),
}


def export_step(
    name: str, decision: Decision, scope: ScopeDecision, *, error_code: str, target_system: str, kind: Kind = USER
) -> ProvisioningStep | None:
    """The write, or why there was none; None when a refusal ended things before the export."""
    identifier = {"ReportableIdentifier": name}
    if decision.writes:
        step_name, done, verb = _EXPORTS[decision.action]
        if error_code:
            description = f"Failed to {verb} {kind.name} '{name}' in {target_system}"
            return ProvisioningStep("export", step_name, "failure", description, identifier)
        description = f"{kind.name} '{name}' was {done} in {target_system}"
        return ProvisioningStep("export", step_name, "success", description, identifier)
    if decision.result == "Failure":
        return None
    description = f"The {kind.name} '{name}' will be skipped"
    return ProvisioningStep(
        "export", "EntrySynchronizationSkip", "skipped", description, {"SkipReason": skip_reason(decision, scope)}
    )


def skip_reason(decision: Decision, scope: ScopeDecision) -> str:
    """`SkipReason`: `NotEffectivelyEntitled` out of scope, otherwise the decision's code, such as `RedundantExport`."""
    if decision.code != ENTRY_SKIPPED or scope.in_scope:
        return decision.code
    entitled = scope.facts.active and is_entitled_now(scope.facts)
    if entitled:
        return FILTERED_SKIP_REASON
    return "NotEffectivelyEntitled"


def reference_step(name: str, decision: Decision, error_code: str, kind: Kind = USER) -> ProvisioningStep | None:
    """The later request for the manager: written, failed, or left out because there is no linked object."""
    written = ", ".join(change.target for change in decision.references)
    if error_code and decision.references:
        description = f"References of {kind.name} '{name}' were not written: {written}"
        return ProvisioningStep(
            "referenceResolution", REFERENCE_STEP, "failure", description, {"ErrorCode": error_code}
        )
    if decision.unresolved:
        description = (
            f"{kind.name} '{name}' goes without {', '.join(decision.unresolved)}: "
            "the object referred to has no linked account"
        )
        details = {"ErrorCode": UNRESOLVED_REFERENCE}
        return ProvisioningStep("referenceResolution", REFERENCE_STEP, "warning", description, details)
    if written:
        return ProvisioningStep(
            "referenceResolution",
            REFERENCE_STEP,
            "success",
            f"References of {kind.name} '{name}' were written: {written}",
        )
    return None


def member_steps(name: str, decision: Decision, writes: Sequence[MemberWrite]) -> list[ProvisioningStep]:
    """The result for a group's members: one step for those written, one for those refused, one for each left out.

    The sentence and the code of the last are those that the sample query for groups with skipped
    members searches for ("Understand how provisioning integrates with Azure Monitor logs"); the other
    sentences are ours (unconfirmed).
    """
    steps = []
    added = [write.member.target_id for write in writes if write.op == "add" and not write.code]
    removed = [write.member.target_id for write in writes if write.op == "remove" and not write.code]
    refused = [write for write in writes if write.code]
    if added or removed:
        details = {"Added": ", ".join(added), "Removed": ", ".join(removed)}
        description = f"Members of Group '{name}' were written: {len(added)} added, {len(removed)} removed"
        told = {key: value for key, value in details.items() if value}
        steps.append(ProvisioningStep("referenceResolution", REFERENCE_STEP, "success", description, told))
    if refused:
        description = f"Members of Group '{name}' were not written: {refused[0].text}"
        details = {"ErrorCode": refused[0].code, "Members": ", ".join(write.member.target_id for write in refused)}
        steps.append(ProvisioningStep("referenceResolution", REFERENCE_STEP, "failure", description, details))
    for source_id in decision.left_out:
        description = f"We were unable to assign {source_id} as the members of {name}."
        details = {"ErrorCode": UNRESOLVED_REFERENCE, "Member": source_id}
        steps.append(ProvisioningStep("referenceResolution", REFERENCE_STEP, "warning", description, details))
    return steps
