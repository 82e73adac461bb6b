"""Refusals as log codes."""

from __future__ import annotations

from typing import Any

import pytest

from scimkit.errors import Denied, Rejected, Throttled, Unreachable
from scimkit.provisioning import error_code, judge_failures, puts_in_quarantine


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "SystemForCrossDomainIdentityManagementBadRequest"),
        (402, "SystemForCrossDomainIdentityManagementBadRequest"),
        (404, "InvalidAnchor"),
        (405, "MethodNotAllowed"),
        (409, "EntryConflict"),
        (422, "UnprocessableEntity"),
        (500, "InternalServerError"),
        (503, "InternalServerError"),
        (501, "NotImplemented"),
        (504, "Timeout"),
        (200, "SystemForCrossDomainIdentityManagementServiceIncompatible"),
        (None, "SystemForCrossDomainIdentityManagementServiceIncompatible"),
    ],
)
def test_status_to_code(status: int | None, code: str) -> None:
    """The log article's codes; an answer without sense is an incompatible service."""
    assert error_code(Rejected("no", status=status)) == code


def test_no_answer_and_throttling() -> None:
    """Time out, connection and 429 have codes of their own."""
    assert error_code(Unreachable("no", cause="timeout")) == "Timeout"
    assert error_code(Unreachable("no", cause="tls")) == "WebExceptionProtocolError"
    assert error_code(Throttled("no", status=429)) == "TooManyRequests"


@pytest.mark.parametrize(
    ("error", "asking", "quarantine"),
    [
        (Denied("no", status=401), False, True),
        (Denied("no", status=403), True, True),
        (Denied("no", status=403), False, False),
        (Rejected("no", status=404), True, True),
        (Rejected("no", status=404), False, False),
        (Rejected("no", status=500), True, False),
    ],
)
def test_what_quarantines_a_job(error: Any, asking: bool, quarantine: bool) -> None:
    """Credentials refused, or a query answered with 404; not what concerns a single object."""
    assert puts_in_quarantine(error, asking=asking) is quarantine


@pytest.mark.parametrize(
    ("failed", "of", "references", "reason"),
    [
        (4_999, 4_999, 0, ""),
        (5_000, 12_500, 0, ""),
        (5_001, 12_500, 0, "EncounteredEscrowProportionThreshold"),
        (40_000, 200_000, 0, ""),
        (40_001, 200_000, 0, "EncounteredBaseEscrowThreshold"),
        (100, 100, 59_900, ""),
        (100, 100_000, 59_901, "EncounteredTotalEscrowThreshold"),
    ],
)
def test_so_many_failures_quarantine_a_job(failed: int, of: int, references: int, reason: str) -> None:
    """From 5,000 on, by their share or number; references count for the last limit alone."""
    assert judge_failures(failed, of=of, references=references) == reason
