"""Carry a decision out at an endpoint, and say what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from scimkit.errors import ApiError, Rejected
from scimkit.provisioning.codes import error_code, puts_in_quarantine
from scimkit.provisioning.decision import Decision, Link
from scimkit.provisioning.dialect import create_body, patch_body
from scimkit.provisioning.steps import ProvisioningStep, text_of
from scimkit.provisioning.targets import NOTHING_KNOWN, TargetFacts

USERS = "Users"
REDACTED = "[Redact]"
"""What logs show in place of a value that went through `Redact`."""

LINK_SURVIVES_FAILED_UPDATE = True
"""Whether a first update that fails leaves the matched account linked: (unconfirmed)."""


class Endpoint(Protocol):
    """What acting needs of a SCIM client; `clients.scim.ScimClient` is one.

    All of it raises scimkit's ApiError for a refusal or no answer. `read` gives
    None and `delete` gives False where the endpoint answers 404.
    """

    def find(self, resource_type: str, attribute: str, value: str, /) -> list[dict[str, Any]]: ...
    def read(self, resource_type: str, id: str, /) -> dict[str, Any] | None: ...
    def create(self, resource_type: str, body: Mapping[str, Any], /) -> dict[str, Any]: ...
    def patch(self, resource_type: str, id: str, body: Mapping[str, Any], /) -> dict[str, Any] | None: ...
    def delete(self, resource_type: str, id: str, /) -> bool: ...


@dataclass
class Counted:
    """An endpoint that counts the requests sent through it."""

    endpoint: Endpoint
    requests: int = 0

    def find(self, resource_type: str, attribute: str, value: str, /) -> list[dict[str, Any]]:
        self.requests += 1
        return self.endpoint.find(resource_type, attribute, value)

    def read(self, resource_type: str, id: str, /) -> dict[str, Any] | None:
        self.requests += 1
        return self.endpoint.read(resource_type, id)

    def create(self, resource_type: str, body: Mapping[str, Any], /) -> dict[str, Any]:
        self.requests += 1
        return self.endpoint.create(resource_type, body)

    def patch(self, resource_type: str, id: str, body: Mapping[str, Any], /) -> dict[str, Any] | None:
        self.requests += 1
        return self.endpoint.patch(resource_type, id, body)

    def delete(self, resource_type: str, id: str, /) -> bool:
        self.requests += 1
        return self.endpoint.delete(resource_type, id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one decision.

    target_id       the account now concerned, "" for none
    link            the link to store; None: no link any more, or none yet
    resource        the account as last seen: the answer to a create, else as it was read before
    error_code      the log's code; "" when the target did its part and the decision had none
    error_text      the target's words, or the decision's reason
    reference_code  the same for the later request with the manager; not a failure of the person
    quarantine      this answer puts the whole job into quarantine
    requests        how many were sent, reading included
    steps           the recorded steps, in order
    redacted        targets whose values `modified` does not show (function `Redact`)
    error           what the endpoint raised, None when nothing
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
    error: ApiError | None = field(default=None, compare=False)

    @property
    def result(self) -> str:
        """Success | Skipped | Failure."""
        return "Failure" if self.error is not None else self.decision.result

    @property
    def action(self) -> str:
        """The log's `provisioningAction`: create, update, disable, delete or other."""
        return self.decision.log_action

    @property
    def modified(self) -> list[dict[str, str | None]]:
        """The log's `modifiedProperties`; a reference that could not be written is left out."""
        changes = self.decision.changes + (() if self.reference_code else self.decision.references)
        return [
            {
                "displayName": change.target,
                "oldValue": None if change.old is None else self._shown(change.target, change.old),
                "newValue": self._shown(change.target, change.new),
            }
            for change in changes
        ]

    def _shown(self, target: str, value: Any) -> str:
        return REDACTED if target in self.redacted else text_of(value)


def act(
    decision: Decision,
    endpoint: Endpoint,
    *,
    source_id: str,
    link: Link | None = None,
    resource: Mapping[str, Any] | None = None,
    managed: bool = True,
    flag: bool = False,
    facts: TargetFacts = NOTHING_KNOWN,
) -> Outcome:
    """Send what `decision` says; references go in a later request of their own.

    source_id  the person's object id, for the new link
    link       the stored link; what a refusal leaves
    resource   the account as it was read, None when it was not
    managed    what the link to store is to say: False after the person was unassigned
    flag       speak the dialect of `aadOptscim062020`

    Refusals by the endpoint come back as an Outcome with the log's code; anything
    but an ApiError goes through. A DELETE that finds nothing has reached its aim.
    """
    target_id = decision.target_id
    if decision.action == "refuse":
        return Outcome(decision, target_id, link, resource, decision.code, decision.reason)
    kept = Link(source_id, target_id, managed) if target_id else link
    if not decision.writes:
        return Outcome(decision, target_id, kept, resource, decision.code, decision.reason)
    sending = Counted(endpoint)
    try:
        if decision.action == "create":
            resource = sending.create(USERS, create_body(dict(_values(decision)), facts=facts))
            target_id = _id_of(resource)
            kept = Link(source_id, target_id, managed)
        elif decision.action == "delete":
            sending.delete(USERS, target_id)
            return Outcome(decision, target_id, None, resource, requests=sending.requests)
        elif decision.changes:
            resource = sending.patch(USERS, target_id, patch_body(decision.changes, flag, facts=facts)) or resource
    except ApiError as error:
        quarantine, sent = puts_in_quarantine(error), sending.requests
        # a matched account is linked even if this update fails (inferred): the match itself was found
        stays = link or (kept if LINK_SURVIVES_FAILED_UPDATE else None)
        return Outcome(
            decision, target_id, stays, resource, error_code(error), str(error), "", quarantine, sent, error=error
        )
    reference_code, reference_text = _write_references(decision, sending, target_id, flag, facts)
    return Outcome(decision, target_id, kept, resource, "", reference_text, reference_code, requests=sending.requests)


def _values(decision: Decision) -> dict[str, Any]:
    return {change.target: change.new for change in decision.changes}


def _id_of(resource: Mapping[str, Any]) -> str:
    """The id of what was created. Raises Rejected: without one no link can be stored (inferred)."""
    identifier = resource.get("id")
    if not isinstance(identifier, str) or not identifier:
        raise Rejected(
            "the endpoint created an account and answered without its id",
            "The vendor must return `id` in the answer to POST.",
            method="POST",
            path=USERS,
            status=201,
        )
    return identifier


def _write_references(
    decision: Decision, endpoint: Endpoint, target_id: str, flag: bool, facts: TargetFacts
) -> tuple[str, str]:
    """The later request; its failure does not undo the person's success."""
    if not decision.references:
        return ("UnableToResolveReferenceAttributeValue", "") if decision.unresolved else ("", "")
    try:
        endpoint.patch(USERS, target_id, patch_body(decision.references, flag, facts=facts))
    except ApiError as error:
        return error_code(error), str(error)
    return "", ""
