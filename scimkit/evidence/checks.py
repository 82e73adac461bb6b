"""The report of every step: checks with a stable code, a sentence and a remedy.

A finding is a value; an exception means "cannot continue" (`errors`). A record
carries its checks, and the next verb starts with `require_passed`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from scimkit.errors import NotReady


class Status(StrEnum):
    """The result of a check; the same words in every record, page and terminal.

    accepted_not_stored  a change was accepted, but reading it back does not show it
    not_reached          an earlier check failed
    not_observed         could not be read, so nothing is claimed
    """

    PASSED = "passed"
    WARNING = "warning"
    FAILED = "failed"
    NOT_STORED = "accepted_not_stored"
    NOT_REACHED = "not_reached"
    NOT_OBSERVED = "not_observed"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding.

    code     stable, `<step>.<what>`, such as `connection.token_refused`
    message  the finding, a sentence
    remedy   what to do; never empty on a failed check
    source   the source of the rule: a tutorial, a fact's mark, an RFC section
    """

    code: str
    status: Status
    message: str
    remedy: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if self.status is Status.FAILED and not self.remedy:
            raise ValueError(f"check {self.code} failed without a remedy")

    def __str__(self) -> str:
        text = f"{self.status.value:<12} {self.code}  {self.message}"
        if self.remedy and self.status is not Status.PASSED:
            text += f"\n{'':<13}-> {self.remedy}"
        return text


def passed(code: str, message: str, source: str = "") -> Check:
    return Check(code, Status.PASSED, message, "", source)


def warning(code: str, message: str, remedy: str = "", source: str = "") -> Check:
    return Check(code, Status.WARNING, message, remedy, source)


def failed(code: str, message: str, remedy: str, source: str = "") -> Check:
    return Check(code, Status.FAILED, message, remedy, source)


def not_reached(code: str, message: str, source: str = "") -> Check:
    return Check(code, Status.NOT_REACHED, message, "", source)


def not_observed(code: str, message: str, remedy: str = "", source: str = "") -> Check:
    return Check(code, Status.NOT_OBSERVED, message, remedy, source)


def first_failed(checks: Iterable[Check]) -> Check | None:
    """The first failed check, or None. A warning or an unknown result does not stop the run."""
    return next((check for check in checks if check.status is Status.FAILED), None)


def require_passed(checks: Iterable[Check]) -> None:
    """Stop here if a check failed.

    Raises NotReady carrying the first failed check, its message and remedy.

    >>> require_passed([passed("plan.rights", "the signed-in admin may do it")])
    """
    check = first_failed(checks)
    if check is not None:
        raise NotReady(f"{check.code}: {check.message}", check.remedy, check=check)
