"""The mapping review: what is mapped, what should be, and what the pilot people get."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scimkit.checks import Check, failed, passed, warning
from scimkit.mapping.rows import MappingRow, ObjectMapping, evaluate_rows
from scimkit.records import record

MISSING = "(no such row)"
NO_VALUE = "(no value)"


class ExpectedRow(Protocol):
    """What an app's profile says of one target attribute. None: its sources do not say."""

    @property
    def target(self) -> str: ...
    @property
    def suggested_source(self) -> str: ...
    @property
    def filterable(self) -> bool | None: ...
    @property
    def required(self) -> bool | None: ...


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """One target attribute.

    expected  the suggested source, "" where the profile has no such row
    live      the expression in the job's schema, or MISSING
    apply     Always | ObjectAddOnly …
    matching  precedence, 0: not used for matching
    values    what each pilot person would get, by user principal name
    """

    target: str
    expected: str
    live: str
    apply: str
    matching: int
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the plan says of the job as a whole.

    groups   whether the app has groups; None: its sources do not say
    deletes  whether step 1 decided that accounts may be deleted
    """

    groups: bool | None = None
    deletes: bool = False


@record("MappingReview")
@dataclass(frozen=True)
class MappingReview:
    """The live mapping beside the expected one, evaluated for the pilot people."""

    rows: tuple[ReviewRow, ...]
    pilot: tuple[str, ...]
    checks: tuple[Check, ...]


def review_mapping(
    expected: Iterable[ExpectedRow],
    live: Iterable[ObjectMapping],
    people: Mapping[str, Mapping[str, Any]],
    *,
    decided: Expectations,
) -> MappingReview:
    """Compare the job's user mapping with what the app's profile expects.

    expected  the profile's rows; none where the app has published no table
    live      the object mappings of the job's schema
    people    source attributes of each pilot person, by user principal name
    """
    rows_expected = {row.target: row for row in expected}
    mappings = tuple(live)
    users = next(mapping for mapping in mappings if mapping.source_object == "User")
    rows_live = {row.target: row for row in users.rows}
    results = {name: evaluate_rows(users, source, creating=True) for name, source in people.items()}
    rows = tuple(_row(target, rows_expected.get(target), rows_live.get(target), results) for target in dict.fromkeys((*rows_live, *rows_expected)))
    checks = (
        *_check_rows(rows_expected, rows_live),
        *_check_matching(rows_expected, users),
        _check_active(rows_live),
        *_check_values(rows_expected, results),
        *_check_groups(mappings, decided.groups),
        _check_deletes(users, decided.deletes),
    )
    return MappingReview(rows, tuple(people), checks)


def _row(target: str, expected: ExpectedRow | None, live: MappingRow | None, results: Mapping[str, Any]) -> ReviewRow:
    values = {name: _shown(result, target) for name, result in results.items()} if live else {}
    if live is None:
        return ReviewRow(target, expected.suggested_source if expected else "", MISSING, "", 0, values)
    return ReviewRow(target, expected.suggested_source if expected else "", live.expression or "", live.apply, live.matching, values)


def _shown(result: Any, target: str) -> str:
    if target in result.errors:
        return f"error: {result.errors[target]}"
    value = result.values.get(target)
    return NO_VALUE if value is None else str(value)


def _check_rows(expected: Mapping[str, ExpectedRow], live: Mapping[str, MappingRow]) -> tuple[Check, ...]:
    if not expected:
        return (warning("mapping.not_published", "the app has published no attribute table: what you see is discovered, not documented", "Confirm the rows with the vendor."),)
    found = []
    for target, row in expected.items():
        if target in live:
            continue
        text = f"there is no row for {target}"
        remedy = f"Add it in the portal's attribute mapping, from {row.suggested_source or 'a source of your choice'}."
        found.append(failed("mapping.row_missing", f"{text}, which the app requires", remedy, "tutorial step 5") if row.required else warning("mapping.row_missing", text, remedy, "tutorial step 5"))
    extra = [target for target in live if target not in expected]
    if extra:
        found.append(warning("mapping.row_extra", f"not in the app's published table: {', '.join(extra)}", "Remove the row if the app refuses or drops it."))
    return tuple(found) or (passed("mapping.rows", f"all {len(expected)} rows of the tutorial's table are mapped", "tutorial step 5"),)


def _check_matching(expected: Mapping[str, ExpectedRow], users: ObjectMapping) -> tuple[Check, ...]:
    matching = sorted((row for row in users.rows if row.matching), key=lambda row: row.matching)
    if not matching:
        return (failed("mapping.no_matching", "no row is used for matching", "Mark the matching attribute in the portal; without one nobody can be found again.", "How application provisioning works"),)
    found = []
    for row in matching:
        known = expected.get(row.target)
        if known is not None and known.filterable is False:
            text = f"{row.target} is used for matching, but the app cannot filter by it"
            good = ", ".join(target for target, r in expected.items() if r.filterable) or "one the vendor names"
            found.append(failed("mapping.matching_not_filterable", text, f"Match by {good} instead.", "tutorial step 5"))
    return tuple(found) or (passed("mapping.matching", f"people are matched by {', then '.join(row.target for row in matching)}", "tutorial step 5"),)


def _check_active(live: Mapping[str, MappingRow]) -> Check:
    row = live.get("active")
    source = "Customize attribute mappings"
    if row is None:
        return failed("mapping.active_missing", "nothing is mapped to active: leavers keep their access", "Map active from IsSoftDeleted.", source)
    if "IsSoftDeleted" not in (row.expression or ""):
        text = f"active comes from {row.expression}, not from IsSoftDeleted: whoever is unassigned keeps their access"
        return failed("mapping.active_source", text, 'Use Switch([IsSoftDeleted], , "False", "True", "True", "False").', source)
    return passed("mapping.active", "leavers are switched off: active comes from IsSoftDeleted", source)


def _check_values(expected: Mapping[str, ExpectedRow], results: Mapping[str, Any]) -> tuple[Check, ...]:
    found = []
    for name, result in results.items():
        for target, error in result.errors.items():
            found.append(failed("mapping.error", f"{target} cannot be worked out for {name}: {error}", "Mend the expression in the portal's attribute mapping."))
        for target, row in expected.items():
            if row.required and target not in result.errors and result.values.get(target) in (None, ""):
                remedy = "Fill the source in Entra, or map another one: an attribute without a value is not sent at all."
                found.append(failed("mapping.value_missing", f"{name} gets no {target}, which the app requires", remedy, "tutorial step 5"))
    return tuple(found) or (passed("mapping.values", f"every required attribute has a value for {', '.join(results) or 'nobody yet'}"),)


def _check_groups(mappings: Iterable[ObjectMapping], supported: bool | None) -> tuple[Check, ...]:
    on = [m for m in mappings if m.source_object == "Group" and m.enabled]
    if on and supported is False:
        text = f"{on[0].name} is switched on, but the app has no groups: the job would go into quarantine"
        return (failed("mapping.groups_on", text, "Switch that mapping off in the portal's Mappings.", "field reports"),)
    return ()


def _check_deletes(users: ObjectMapping, wanted: bool) -> Check:
    allowed = "Delete" in users.actions
    if allowed and not wanted:
        text = "the job may delete accounts of people purged in Entra, although step 1 did not decide so"
        return warning("mapping.delete_allowed", text, "Clear Delete under Target Object Actions in the portal, or change the decision.", "How application provisioning works")
    if not allowed and wanted:
        return warning("mapping.delete_not_allowed", "step 1 wants deletes, but the job may not delete", "Tick Delete under Target Object Actions in the portal.", "How application provisioning works")
    return passed("mapping.deletes", "Delete is " + ("allowed, as decided" if allowed else "not allowed, as decided"), "How application provisioning works")
