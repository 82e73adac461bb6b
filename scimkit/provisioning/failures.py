"""When so many objects fail that the whole job goes into quarantine.

From "Application provisioning in quarantine status", which calls its figures
approximate and subject to change.
"""

from __future__ import annotations

JUDGED_FROM = 5_000
LARGEST_SHARE = 0.4
MOST_FAILED = 40_000
MOST_WITH_REFERENCES = 60_000

TOO_LARGE_A_SHARE = "EncounteredEscrowProportionThreshold"
TOO_MANY = "EncounteredBaseEscrowThreshold"
"""That this reason belongs to 40,000 failures is inferred from its name (unconfirmed)."""
TOO_MANY_WITH_REFERENCES = "EncounteredTotalEscrowThreshold"
"""Inferred like the one before (unconfirmed)."""


def judge_failures(failed: int, *, of: int, references: int = 0) -> str:
    """Why a cycle with so many failures puts the job into quarantine: the reason as Graph names it; "" if it does not.

    failed      people and groups that could not be provisioned
    of          how many were processed
    references  more that only lack a manager or a member; they count for the last limit alone
    """
    if failed + references > MOST_WITH_REFERENCES:
        return TOO_MANY_WITH_REFERENCES
    if failed < JUDGED_FROM:
        return ""
    if failed > MOST_FAILED:
        return TOO_MANY
    if failed > LARGEST_SHARE * of:
        return TOO_LARGE_A_SHARE
    return ""
