"""The mapping review: what is mapped, what should be, and what the pilot people get."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scimkit.checks import Check, failed, not_observed, passed, warning
from scimkit.mapping.rows import MappingRow, ObjectMapping, evaluate_rows
from scimkit.records import record

MISSING = "(no such row)"
NO_VALUE = "(no value)"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


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
    @property
    def note(self) -> object | None: ...


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
    group_targets  the attributes of the app's group table, none where it has published none
    offered        where no table of people is published: the attributes in the app's own
                   /Schemas; None: not read
    """

    groups: bool | None = None
    deletes: bool = False
    group_targets: tuple[str, ...] = ()
    offered: frozenset[str] | None = None


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
        *_check_offered(rows_expected, rows_live, decided.offered),
        *_check_matching(rows_expected, users),
        _check_active(rows_expected, rows_live),
        *_check_values(rows_expected, results),
        *_check_user_name(rows_expected, people, results),
        *_check_renaming(rows_expected, users),
        *_check_groups(mappings, decided),
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
        if not row.suggested_source and row.note is not None:
            text, remedy = f"{text}: {row.note}", "Add it in the portal's attribute mapping, or leave it out: then the app gets no value."
        found.append(failed("mapping.row_missing", f"{text}, which the app requires", remedy, "tutorial step 5") if row.required else warning("mapping.row_missing", text, remedy, "tutorial step 5"))
    extra = [target for target in live if target not in expected]
    if extra:
        found.append(warning("mapping.row_extra", f"not in the app's published table: {', '.join(extra)}", "Remove the row if the app refuses or drops it."))
    return tuple(found) or (passed("mapping.rows", f"all {len(expected)} rows of the tutorial's table are mapped", "tutorial step 5"),)


def _check_offered(expected: Mapping[str, ExpectedRow], live: Mapping[str, MappingRow], offered: frozenset[str] | None) -> tuple[Check, ...]:
    """Where nothing is published: the live rows beside what the app's own /Schemas names."""
    source = "the app's /Schemas: discovered, not documented"
    if expected:
        return ()
    if offered is None:
        text = "the app's own /Schemas could not be read, so nothing says which of these attributes it knows"
        return (not_observed("mapping.discovered", text, "Ask the vendor for the list of attributes.", source),)
    names = {name.casefold() for name in offered} | {"externalid"}  # which every resource has without naming it
    unknown = [target for target in live if _attribute_of(target) not in names]
    if unknown:
        text = f"mapped, but not in the app's own /Schemas: {', '.join(unknown)}"
        return (warning("mapping.discovered", text, "Ask the vendor whether it keeps them; take the rows out if it does not.", source),)
    return (passed("mapping.discovered", f"all {len(live)} mapped attributes are in the app's own /Schemas", source),)


def _attribute_of(target: str) -> str:
    """The attribute a target lies in, without schema, filter and sub-attribute, in lower case.

    >>> _attribute_of('emails[type eq "work"].value'), _attribute_of("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager")
    ('emails', 'manager')
    """
    plain = target.partition("[")[0]
    return plain.rpartition(":")[2].partition(".")[0].casefold()


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
    source = "tutorial step 5" if expected else "the live schema: discovered, not documented"
    return tuple(found) or (passed("mapping.matching", f"people are matched by {', then '.join(row.target for row in matching)}", source),)


def _check_active(expected: Mapping[str, ExpectedRow], live: Mapping[str, MappingRow]) -> Check:
    row = live.get("active")
    source = "Customize attribute mappings"
    if row is None and expected and "active" not in expected:  # the app's own table has none
        by = [target for target, other in live.items() if "IsSoftDeleted" in (other.expression or "")]
        if by:
            return passed("mapping.active", f"the app has no active; IsSoftDeleted is behind {', '.join(by)}", source)
        text = "the app's table has no active, and nothing is derived from IsSoftDeleted: people who leave keep their access, and a licence where they have one"
        return warning("mapping.active_missing", text, "Try a row for active from IsSoftDeleted with one person, or ask the vendor how a leaver is told; until then take leavers out in the app.", source)
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


def _check_user_name(expected: Mapping[str, ExpectedRow], people: Mapping[str, Mapping[str, Any]], results: Mapping[str, Any]) -> tuple[Check, ...]:
    """An app without an e-mail attribute knows no other address than the user name."""
    if "userName" not in expected or any(target.lower().startswith("emails") for target in expected):
        return ()
    found = []
    for name, result in results.items():
        value, mail = str(result.values.get("userName") or ""), str(people[name].get("mail") or "")
        if not _ADDRESS.fullmatch(value):
            text = f"userName of {name} would be {value or NO_VALUE}, which is not an e-mail address, and the app has no attribute for one"
            found.append(warning("mapping.user_name_no_address", text, "Map userName from [mail] or [userPrincipalName], whichever is an address here.", "the app's attribute table"))
        elif mail.casefold() != value.casefold():
            text = f"userName of {name} would be {value}, while their mail is {mail or NO_VALUE}; the app has no attribute for an e-mail address"
            found.append(warning("mapping.user_name_not_mail", text, "Ask the vendor which of the two it writes to; map userName from that one.", "the app's attribute table"))
    return tuple(found) or (passed("mapping.user_name", f"userName is the e-mail address of {', '.join(results) or 'nobody yet'}", "the app's attribute table"),)


def _check_renaming(expected: Mapping[str, ExpectedRow], users: ObjectMapping) -> tuple[Check, ...]:
    """Without an externalId a changed name leaves nothing to find a person by."""
    by_name = [row for row in users.rows if row.matching and row.target.lower() == "username"]
    if not expected or not by_name or any(target.lower() == "externalid" for target in expected):
        return ()
    text = f"people are found by userName ({by_name[0].expression}) alone, as the app has no externalId for them: after a rename a restarted job makes second accounts"
    return (warning("mapping.renaming", text, "Before user names are renamed in Entra, plan it with the vendor, and do not restart the job meanwhile.", "the app's attribute table"),)


def _check_groups(mappings: Iterable[ObjectMapping], decided: Expectations) -> tuple[Check, ...]:
    on = [m for m in mappings if m.source_object == "Group" and m.enabled]
    supported = decided.groups
    if on and supported is False:
        text = f"{on[0].name} is switched on, but the app has no groups: the job would go into quarantine"
        return (failed("mapping.groups_on", text, "Switch that mapping off in the portal's Mappings.", "field reports"),)
    if not supported:
        return ()
    if not on:
        return (warning("mapping.groups_off", "the app takes groups, but the mapping of groups is switched off", "Switch it on in the portal's Mappings, unless people are all you want.", "tutorial step 5"),)
    there = {row.target for row in on[0].rows}
    matching = ", ".join(row.target for row in on[0].rows if row.matching) or "nothing"
    text = f"groups are provisioned too, matched by {matching}; pilot and forecast look at people only"
    return (
        *(warning("mapping.group_row_missing", f"there is no row for {target} of groups", "Add it in the portal's mapping of groups.", "tutorial step 5") for target in decided.group_targets if target not in there),
        not_observed("mapping.groups", text, "Look for the groups in the provisioning log after the first cycle.", "tutorial step 5"),
    )


def _check_deletes(users: ObjectMapping, wanted: bool) -> Check:
    allowed = "Delete" in users.actions
    if allowed and not wanted:
        text = "the job may delete accounts of people purged in Entra, although step 1 did not decide so"
        return warning("mapping.delete_allowed", text, "Clear Delete under Target Object Actions in the portal, or change the decision.", "How application provisioning works")
    if not allowed and wanted:
        return warning("mapping.delete_not_allowed", "step 1 wants deletes, but the job may not delete", "Tick Delete under Target Object Actions in the portal.", "How application provisioning works")
    return passed("mapping.deletes", "Delete is " + ("allowed, as decided" if allowed else "not allowed, as decided"), "How application provisioning works")
