"""What an error code of the provisioning log means, and what to do about it.

In our words, after Microsoft's "How to download and analyze the provisioning
logs"; codes seen only in the field are marked so. Connectors put their own
name before a code (`BoxEntryConflict`), so codes are compared by their ending.
"""

from __future__ import annotations

from dataclasses import dataclass

SCIM_PREFIX = "SystemForCrossDomainIdentityManagement"


@dataclass(frozen=True, slots=True)
class Explanation:
    """meaning: what happened; remedy: what to do, "" where nothing is owed."""

    meaning: str
    remedy: str = ""


NEXT_CYCLE = "Nothing: the service tries again in the next cycle, about 40 minutes later."
EXPLANATIONS: dict[str, Explanation] = {
    "EntryConflict": Explanation(
        "a value belongs to another account in the app already",
        "Correct the value; or mend the matching if that account should have been taken over.",
    ),
    "Conflict": Explanation(
        "a value belongs to another object already",
        "Correct the value; or mend the matching if that account should have been taken over.",
    ),
    "TooManyRequests": Explanation(
        "the app asks for fewer requests", f"{NEXT_CYCLE} If it happens daily, ask the vendor for a higher limit."
    ),
    "InternalServerError": Explanation(
        "the app failed with an error of its own", f"{NEXT_CYCLE} If it stays so, tell the vendor."
    ),
    "InsufficientRights": Explanation(
        "the token works, but may not do this", "Have the rights of the token widened at the vendor."
    ),
    "MethodNotAllowed": Explanation(
        "the app does not allow this kind of request", "Ask the vendor whether SCIM writing is switched on."
    ),
    "NotPermitted": Explanation(
        "the token works, but may not do this", "Have the rights of the token widened at the vendor."
    ),
    "Unauthorized": Explanation("the app does not accept the token", "Renew the token (runbook rotate_token)."),
    "UnprocessableEntity": Explanation(
        "the app refused the content", "Look at the values of the last export step; mend the mapping."
    ),
    "WebExceptionProtocolError": Explanation("the connection to the app failed on the way", NEXT_CYCLE),
    "InvalidAnchor": Explanation(
        "the account this person was linked to is gone",
        "Restore it in the app, or restart provisioning so that the person is matched anew.",
    ),
    "NotImplemented": Explanation(
        "the app does not offer this operation", "Remove the mapping row or the action that asks for it."
    ),
    "MandatoryFieldsMissing": Explanation(
        "a required value is empty", "Fill the source in Entra, or map another source."
    ),
    "MissingValues": Explanation("a required value is empty", "Fill the source in Entra, or map another source."),
    "SchemaAttributeNotFound": Explanation("a mapped target does not exist in the app", "Remove that mapping row."),
    "InternalError": Explanation("the provisioning service itself failed", NEXT_CYCLE),
    "InvalidDomain": Explanation(
        "a value holds a domain that the app refuses", "Change the value, or have the domain allowed in the app."
    ),
    "Timeout": Explanation("the app was too slow", NEXT_CYCLE),
    "LicenseLimitExceeded": Explanation("the app has no licence left", "Buy some, or narrow the assignment."),
    "DuplicateTargetEntries": Explanation(
        "more than one account in the app fits this person", "Remove the duplicate there, or match by something unique."
    ),
    "DuplicateSourceEntries": Explanation(
        "another person in Entra has the same matching value", "Make the value unique in Entra."
    ),
    "ImportSkipped": Explanation(
        "this person has no value to be matched by", "Fill the matching attribute's source in Entra."
    ),
    "EntrySynchronizationSkipped": Explanation("nothing to do: out of scope, or equal already"),
    "MultipleEntriesInResponse": Explanation(
        "several accounts came back where one was expected", "The vendor must honour the filter."
    ),
    "ServiceIncompatible": Explanation(
        "the app's answer could not be understood", "The vendor must answer as SCIM 2.0 wants it."
    ),
    "BadRequest": Explanation(
        "the app refused the request (400; seen in the field)",
        "Look at the app's words in the reason; usually a value has the wrong form.",
    ),
    "SchemaPropertyCanOnlyAcceptValue": Explanation(
        "several values for an attribute that takes one", "Map a source with one value, or pick one by an expression."
    ),
    "RedundantExport": Explanation("source and app are equal already"),
    "UnableToResolveReferenceAttributeValue": Explanation(
        "the manager or member has no account in the app yet", "Bring them into scope; then restart provisioning once."
    ),
    "NotEffectivelyEntitled": Explanation(
        "the assignment does not count: not assigned, or switched off",
        "Look at the scoping step; unassign and assign again if it says assigned.",
    ),
}


def explain(code: str) -> Explanation:
    """What `code` means. An unknown code is said to be unknown, not guessed.

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
