"""What an error code of the provisioning log means, and what to do about it.

In our own words, based on Microsoft's "How to download and analyze the provisioning
logs"; codes seen only in the field are marked as such. Connectors put their own
name before a code (`BoxEntryConflict`), so codes are compared by their ending.
"""

from __future__ import annotations

from dataclasses import dataclass

SCIM_PREFIX = "SystemForCrossDomainIdentityManagement"


@dataclass(frozen=True, slots=True)
class Explanation:
    """meaning: what happened; remedy: what to do, "" if no action is needed."""

    meaning: str
    remedy: str = ""


NEXT_CYCLE = "No action is needed: the service tries again in the next cycle, about 40 minutes later."
EXPLANATIONS: dict[str, Explanation] = {
    "EntryConflict": Explanation(
        "a value already belongs to another account in the app",
        "Correct the value, or fix the matching if that account should have been taken over.",
    ),
    "Conflict": Explanation(
        "a value already belongs to another object",
        "Correct the value, or fix the matching if that account should have been taken over.",
    ),
    "TooManyRequests": Explanation(
        "the app's rate limit was reached", f"{NEXT_CYCLE} If it happens daily, ask the vendor for a higher limit."
    ),
    "InternalServerError": Explanation(
        "the app failed with an internal error", f"{NEXT_CYCLE} If the error continues, report it to the vendor."
    ),
    "InsufficientRights": Explanation(
        "the token works, but it has no permission for this", "Have the vendor extend the token's permissions."
    ),
    "MethodNotAllowed": Explanation(
        "the app does not allow this kind of request", "Ask the vendor whether writing through SCIM is switched on."
    ),
    "NotPermitted": Explanation(
        "the token works, but it has no permission for this", "Have the vendor extend the token's permissions."
    ),
    "Unauthorized": Explanation("the app does not accept the token", "Renew the token (runbook rotate_token)."),
    "UnprocessableEntity": Explanation(
        "the app refused the content", "Check the values of the last export step and fix the mapping."
    ),
    "WebExceptionProtocolError": Explanation("the network connection to the app failed", NEXT_CYCLE),
    "InvalidAnchor": Explanation(
        "the account that this person was linked to no longer exists",
        "Restore it in the app, or restart provisioning so that the person is matched again.",
    ),
    "NotImplemented": Explanation(
        "the app does not offer this operation", "Remove the mapping row or the action that requests it."
    ),
    "MandatoryFieldsMissing": Explanation(
        "a required value is empty", "Fill the source in Entra, or map another source."
    ),
    "MissingValues": Explanation("a required value is empty", "Fill the source in Entra, or map another source."),
    "SchemaAttributeNotFound": Explanation("a mapped target does not exist in the app", "Remove that mapping row."),
    "InternalError": Explanation("the provisioning service itself failed", NEXT_CYCLE),
    "InvalidDomain": Explanation(
        "a value contains a domain that the app refuses", "Change the value, or have the domain allowed in the app."
    ),
    "Timeout": Explanation("the app responded too slowly", NEXT_CYCLE),
    "LicenseLimitExceeded": Explanation("the app has no licences left", "Buy more licences, or narrow the assignment."),
    "DuplicateTargetEntries": Explanation(
        "more than one account in the app matches this person",
        "Remove the duplicate in the app, or match by a unique attribute.",
    ),
    "DuplicateSourceEntries": Explanation(
        "another person in Entra has the same matching value", "Make the value unique in Entra."
    ),
    "ImportSkipped": Explanation(
        "this person has no value to match by", "Fill the matching attribute's source in Entra."
    ),
    "EntrySynchronizationSkipped": Explanation("nothing to do: out of scope, or already equal"),
    "MultipleEntriesInResponse": Explanation(
        "several accounts were returned where one was expected", "Ask the vendor to make the app honour the filter."
    ),
    "ServiceIncompatible": Explanation(
        "the app's answer could not be understood", "Ask the vendor to make the app respond as SCIM 2.0 requires."
    ),
    "BadRequest": Explanation(
        "the app refused the request (400; seen in the field)",
        "Check the app's message in the reason; usually a value has the wrong form.",
    ),
    "SchemaPropertyCanOnlyAcceptValue": Explanation(
        "several values for an attribute that accepts one",
        "Map a source with one value, or pick one with an expression.",
    ),
    "RedundantExport": Explanation("source and app are already equal"),
    "UnableToResolveReferenceAttributeValue": Explanation(
        "the manager or member has no account in the app yet", "Bring them into scope; then restart provisioning once."
    ),
    "NotEffectivelyEntitled": Explanation(
        "the assignment does not count: not assigned, or disabled",
        "Check the scoping step. If it says assigned, remove the assignment and assign again.",
    ),
}


def explain(code: str) -> Explanation:
    """What `code` means. An unknown code is reported as unknown, not guessed.

    >>> explain("SystemForCrossDomainIdentityManagementServiceIncompatible").meaning
    "the app's answer could not be understood"
    """
    if not code:
        return Explanation("")
    bare = code.removeprefix(SCIM_PREFIX)
    if bare in EXPLANATIONS:
        return EXPLANATIONS[bare]
    fit = [known for known in EXPLANATIONS if bare.endswith(known)]
    if fit:
        return EXPLANATIONS[max(fit, key=len)]
    return Explanation(
        f"{code}: no public page explains this code",
        "Read the reason given with it; ask the vendor or Microsoft support with the change id.",
    )
