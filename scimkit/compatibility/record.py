"""The result of the probe: every check with request and response, findings by cause, a verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from scimkit.evidence.checks import Check, Status
from scimkit.evidence.records import record

# Used instead of a dialect's name if the message is the same in both.
BOTH_DIALECTS = "both"
FULL, SPARSE, NOBODY = "full", "sparse", ""

WORKS, WORKS_IF, FAILS, UNKNOWN = "works", "works_if", "fails", "unknown"


@dataclass(frozen=True, slots=True)
class CompatibilityRow:
    """One check, made once.

    code     stable, `<theme>.<what>`
    title    what is checked, a sentence
    dialect  default | aadOptscim062020 | both (the message is the same in both)
    people   full (has every value) | sparse (lacks the optional ones) | "" (no person concerned)
    outcome  a warning: not as expected, but harmless
    sent     method, path and the body if there is one; "" if nothing was sent
    got      the response, redacted, and what was read afterwards
    cause    code of the root cause, "" if there is none
    targets  mapped attributes that are affected, of this mapping
    """

    code: str
    title: str
    theme: str
    dialect: str
    people: str
    outcome: Status
    sent: str = ""
    got: str = ""
    cause: str = ""
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One root cause and everything it explains.

    breaks     fails | conditional | advice, for this mapping: a cause that affects no mapped row is advice
    dialects   in which of the two it was seen; both if the message is the same
    explains   codes of the checks that it affects, those not reached included
    rows       target attributes of this mapping that it affects
    who        who can fix it: vendor | administrator | both
    meanwhile  what to change in Entra until then
    certainty  documented | seen (in traffic or reports) | unconfirmed; `evidence` on disk
    """

    cause: str
    title: str
    breaks: str
    dialects: tuple[str, ...]
    explains: tuple[str, ...]
    rows: tuple[str, ...]
    sent: str
    got: str
    means: str
    who: str
    remedy: str
    meanwhile: str
    certainty: str = field(metadata={"key": "evidence"})
    source: str


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """An object of the probe that could not be removed. `id` is "" if no answer contained it."""

    resource_type: str
    id: str
    name: str


@record("Compatibility")
@dataclass(frozen=True)
class Compatibility:
    """Whether this endpoint understands what Entra will send.

    written      whether anything was written; without it only read requests were sent
    flag         whether the Tenant URL asks for aadOptscim062020
    matching     matching attributes of people, in order of precedence
    mapped       target attributes of people; mapped_groups those of groups, () with the group mapping off
    verdict      works | works_if | fails | unknown (there is no evidence against it, but not all checks were made)
    sentence     the verdict in words
    conditions   works_if: what must be changed or known first
    note         what the verdict does not cover; "" for nothing
    requests     how many were sent, cleaning up included
    """

    address: str
    app: str
    written: bool
    flag: bool
    matching: tuple[str, ...]
    mapped: tuple[str, ...]
    mapped_groups: tuple[str, ...]
    verdict: str
    sentence: str
    conditions: tuple[str, ...]
    note: str
    rows: tuple[CompatibilityRow, ...]
    findings: tuple[Finding, ...]
    requests: int
    left_behind: tuple[LeftBehind, ...]
    made_utc: datetime
    checks: tuple[Check, ...]

    @property
    def outcomes(self) -> dict[str, int]:
        """How many checks had each outcome."""
        counts: dict[str, int] = {}
        for row in self.rows:
            counts[row.outcome] = counts.get(row.outcome, 0) + 1
        return counts
