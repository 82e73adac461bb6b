"""Carry a decision out at an endpoint, and report the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scimkit.errors import ApiError, Rejected
from scimkit.mapping.language.explanations import REDACTED
from scimkit.provisioning.decision import Decision, Link
from scimkit.provisioning.dialect import DEFAULT, MEMBERS_PER_REQUEST, Dialect, create_body, patch_body
from scimkit.provisioning.endpoint import Counted, Endpoint, Writer
from scimkit.provisioning.kinds import USER, Kind
from scimkit.provisioning.log_codes import UNRESOLVED_REFERENCE
from scimkit.provisioning.log_steps import ProvisioningStep, text_of
from scimkit.provisioning.members import MemberWrite, write_members, written_after
from scimkit.provisioning.refusals import error_code, puts_in_quarantine
from scimkit.provisioning.targets import MEMBERS, NOTHING_KNOWN, TargetFacts

LINK_SURVIVES_FAILED_UPDATE = True
"""Whether the matched account stays linked after a first update that fails: (unconfirmed)."""


@dataclass(frozen=True, slots=True)
class Writing:
    """How a job writes, the same for every object.

    dialect  the form of its changes
    facts    what the schema says about the target's attributes
    kind     people or groups
    at_once  how many members of a group one PATCH adds or removes
    """

    dialect: Dialect = DEFAULT
    facts: TargetFacts = NOTHING_KNOWN
    kind: Kind = USER
    at_once: int = MEMBERS_PER_REQUEST


USUAL = Writing()


@dataclass(slots=True)
class Outcome:
    """The outcome of one decision. Not frozen, because a forecast creates one per person; nothing changes it.

    target_id       the account now concerned, "" for none
    link            the link to store; None: no link any more, or none yet
    resource        the account as last seen: the answer to a create, otherwise as it was read before
    error_code      the log's code; "" if the target accepted it and the decision had none
    error_text      the target's words, or the decision's reason
    reference_code  the same for the later requests with the manager or the members; not a failure of the object
    quarantine      this answer puts the whole job into quarantine
    requests        how many were sent, reading included
    steps           the recorded steps, in order
    redacted        targets whose values `modified` does not show (function `Redact`)
    members         the result for each member to add or remove; empty before acting
    error           the exception raised by the endpoint, None if there was none
    """

    decision: Decision
    target_id: str = ""
    link: Link | None = None
    resource: Mapping[str, Any] | None = None
    error_code: str = ""
    error_text: str = ""
    reference_code: str = ""
    quarantine: bool = False
    requests: int = 0
    steps: tuple[ProvisioningStep, ...] = ()
    redacted: frozenset[str] = frozenset()
    members: tuple[MemberWrite, ...] = ()
    error: ApiError | None = field(default=None, compare=False)

    @property
    def result(self) -> str:
        """Success | Skipped | Failure."""
        if self.error is not None:
            return "Failure"
        return self.decision.result

    @property
    def action(self) -> str:
        """The log's `provisioningAction`: create, update, disable, delete or other."""
        return self.decision.log_action

    @property
    def modified(self) -> list[dict[str, str | None]]:
        """The log's `modifiedProperties`, each member separately; a reference that could not be written is left out."""
        changes = tuple(self.decision.changes)
        if not self.reference_code:
            changes += tuple(self.decision.references)
        decided = [MemberWrite(member, "add") for member in self.decision.add]
        decided += [MemberWrite(member, "remove") for member in self.decision.remove]
        shown: list[dict[str, str | None]] = [
            {
                "displayName": change.target,
                "oldValue": None if change.old is None else self._shown(change.target, change.old),
                "newValue": self._shown(change.target, change.new),
            }
            for change in changes
        ]
        for write in self.members or (() if self.error is not None else decided):
            target_id, added = write.member.target_id, write.op == "add"
            if not write.code:
                if added:
                    old, new = (None, target_id)
                else:
                    old, new = (target_id, None)
                shown.append({"displayName": MEMBERS, "oldValue": old, "newValue": new})
        return shown

    def _shown(self, target: str, value: Any) -> str:
        if target in self.redacted:
            return REDACTED
        return text_of(value)


def act(
    decision: Decision,
    endpoint: Endpoint,
    *,
    source_id: str,
    link: Link | None = None,
    resource: Mapping[str, Any] | None = None,
    managed: bool = True,
    writing: Writing = USUAL,
) -> Outcome:
    """Send what `decision` says; references and members follow in later, separate requests.

    source_id  the object's id in Entra, for the new link
    link       the stored link, which a refusal leaves unchanged
    resource   the account as it was read, None if it was not
    managed    for the link to store: False after the person was unassigned

    Refusals by the endpoint are returned as an Outcome with the log's code; anything
    but an ApiError is raised. A DELETE that finds nothing has achieved its purpose.
    """
    target_id = decision.target_id
    if decision.action == "refuse":
        return Outcome(decision, target_id, link, resource, decision.code, decision.reason)
    written = decision.written or (link.members if link is not None else {})
    kept = Link(source_id, target_id, managed, written) if target_id else link
    if not decision.writes:
        unresolved = ""
        if decision.unresolved or decision.left_out:
            unresolved = UNRESOLVED_REFERENCE
        return Outcome(decision, target_id, kept, resource, decision.code, decision.reason, unresolved)
    sending = Counted(endpoint)
    try:
        if decision.action == "delete":
            sending.delete(writing.kind.resource_type, target_id)
            return Outcome(decision, target_id, None, resource, requests=sending.requests)
        resource = _write_object(decision, sending, resource, writing)
        if decision.action == "create":
            target_id = _id_of(resource or {}, writing.kind)
            kept = Link(source_id, target_id, managed)
    except ApiError as error:
        quarantine, sent = puts_in_quarantine(error), sending.requests
        # a matched account is linked even if this update fails (inferred): the match itself was found
        stays = link or (kept if LINK_SURVIVES_FAILED_UPDATE else None)
        return Outcome(
            decision, target_id, stays, resource, error_code(error), str(error), "", quarantine, sent, error=error
        )
    reference_code, reference_text = _write_references(decision, sending, target_id, writing)
    members = tuple(
        write_members(
            sending, target_id, decision.add, decision.remove, dialect=writing.dialect, at_once=writing.at_once
        )
    )
    refused = next((write for write in members if write.code), None)
    if refused is not None:
        reference_code, reference_text = refused.code, refused.text
    if members and kept is not None:
        kept = replace(kept, members=written_after(kept.members, members))
    return Outcome(
        decision, target_id, kept, resource, "", reference_text, reference_code,
        quarantine=any(write.quarantine for write in members), requests=sending.requests, members=members,
    )  # fmt: skip


def _write_object(
    decision: Decision, endpoint: Writer, resource: Mapping[str, Any] | None, writing: Writing
) -> Mapping[str, Any] | None:
    """The POST or PATCH of the object itself; returns the account as known afterwards. Raises ApiError."""
    address, facts = writing.kind.resource_type, writing.facts
    if decision.action == "create":
        return endpoint.create(address, create_body(_values(decision), address, facts=facts))
    if decision.changes:
        body = patch_body(decision.changes, writing.dialect, facts=facts)
        return endpoint.patch(address, decision.target_id, body) or resource
    return resource


def _values(decision: Decision) -> dict[str, Any]:
    return {change.target: change.new for change in decision.changes}


def _id_of(resource: Mapping[str, Any], kind: Kind) -> str:
    """The id of the created resource. Raises Rejected: without an id no link can be stored (inferred)."""
    identifier = resource.get("id")
    if not isinstance(identifier, str) or not identifier:
        created = "an account"
        if kind.account == "group":
            created = "a group"
        raise Rejected(
            f"the endpoint created {created} and answered without its id",
            "The vendor must return `id` in the answer to POST.",
            method="POST",
            path=kind.resource_type,
            status=201,
        )
    return identifier


def _write_references(decision: Decision, endpoint: Writer, target_id: str, writing: Writing) -> tuple[str, str]:
    """The later request; its failure does not undo the person's success."""
    if not decision.references:
        if decision.unresolved or decision.left_out:
            return (UNRESOLVED_REFERENCE, "")
        return ("", "")
    try:
        body = patch_body(decision.references, writing.dialect, facts=writing.facts)
        endpoint.patch(writing.kind.resource_type, target_id, body)
    except ApiError as error:
        return error_code(error), str(error)
    return "", ""
