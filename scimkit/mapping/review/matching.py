"""What an account is found by: whether filterable, unique and filled, how compared, and which characters."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from scimkit.evidence.checks import Check, failed, passed, warning
from scimkit.mapping.review.certainty import CUSTOMIZE, HOW, KNOWN, LOGS, TUTORIAL, documented, seen, unconfirmed
from scimkit.mapping.review.subject import Subject, origins
from scimkit.mapping.review.texts import example, is_blank, listed, value_text
from scimkit.mapping.rows import MappingRow

# Which characters break the query is not published, only that some do (unconfirmed): these never should.
HARMLESS = re.compile(r"[A-Za-z0-9._@-]*")


def check_matching(subject: Subject) -> Iterator[Check]:
    rows = subject.users.matching_rows
    if not rows:
        text = "no row is used for matching"
        remedy = (
            'Open the row of the matching attribute under Attribute Mapping and set "Match objects using this'
            ' attribute" to Yes. Without a matching attribute no one can be found again.'
        )
        yield failed("mapping.no_matching", text, remedy, documented(HOW))
        return
    faults = [
        *_not_filterable(subject, rows),
        *_same_precedence(rows),
        *_not_unique(subject, rows),
        *_without_value(subject, rows),
    ]
    if not any(fault.code == "mapping.matching_not_filterable" for fault in faults):
        if subject.expected:
            source = documented(TUTORIAL)
        else:
            source = seen("the live schema: discovered, not documented")
        yield passed("mapping.matching", f"people are matched by {', then '.join(row.target for row in rows)}", source)
    yield from faults
    yield from _case(subject, rows)
    yield from _characters(subject, rows)


def _not_filterable(subject: Subject, rows: tuple[MappingRow, ...]) -> Iterator[Check]:
    """Only what a table says; an app without a table is checked by the connection test."""
    good = (
        ", ".join(target for target, row in subject.expected.items() if row.filterable)
        or "an attribute that the vendor names"
    )
    remedy = (
        f"Match by {good} instead: set its matching precedence to 1 under Attribute Mapping and remove this one from"
        " matching."
    )
    for row in rows if subject.expected else ():
        known = subject.expected.get(row.target)
        if known is not None and known.filterable is False:
            text = f"{row.target} is used for matching, but the app cannot filter by it"
            yield failed("mapping.matching_not_filterable", text, remedy, documented(TUTORIAL))
        elif known is None or (
            known.filterable is None and any(other.filterable for other in subject.expected.values())
        ):
            text = f"{row.target} is used for matching, but it is not stated that the app can filter by it"
            yield warning(
                "mapping.matching_not_stated", text, remedy, unconfirmed("the app's attribute table does not say")
            )


def _same_precedence(rows: tuple[MappingRow, ...]) -> Iterator[Check]:
    by_rank = defaultdict(list)
    for row in rows:
        by_rank[row.matching].append(row.target)
    for rank, targets in by_rank.items():
        if len(targets) > 1:
            text = (
                f"{listed(targets)} all have the matching precedence {rank}: it is not settled which one is tried first"
            )
            remedy = "Give each row its own matching precedence, with 1 for the one to try first."
            yield warning(
                "mapping.matching_twice",
                text,
                remedy,
                unconfirmed(f"two rows with the same precedence; {CUSTOMIZE} has one row for each precedence"),
            )


def _not_unique(subject: Subject, rows: tuple[MappingRow, ...]) -> Iterator[Check]:
    """Two people with the same value: the second is left out, or both end up in the same account."""
    for row in rows:
        exact = row.target in subject.targets and subject.targets[row.target].case_exact
        holders = defaultdict(list)
        for name, result in subject.results.items():
            if not is_blank(value := result.values.get(row.target)):
                text = value_text(value)
                holders[text if exact else text.casefold()].append((name, text))
        for found in holders.values():
            if len(found) > 1:
                when = ""
                if row is not rows[0]:
                    when = f" wherever {rows[0].target} finds no one"
                text = (
                    f"{listed(name for name, _ in found)} have the same {row.target}, {example(row, found[0][1])},"
                    f" which is used for matching: they would be treated as one account{when}"
                )
                sources = origins(subject.parsed.get(row.target))
                remedy = "Match by an attribute that is unique" + (
                    f", or correct {sources} in Entra for all but one of them." if sources else "."
                )
                yield failed("mapping.matching_not_unique", text, remedy, documented(LOGS))


def _without_value(subject: Subject, rows: tuple[MappingRow, ...]) -> Iterator[Check]:
    """People without a value for at least one matching attribute are not processed."""
    without = []
    for name, result in subject.results.items():
        if all(is_blank(result.values.get(row.target)) for row in rows):
            without.append(name)
    if without:
        names = listed((row.target for row in rows), most=9)
        text = (
            f"{listed(without)} would be skipped: no value for {names}, and without one no account is searched for or"
            " created"
        )
        sources = listed(dict.fromkeys(origins(subject.parsed.get(row.target)) or row.target for row in rows))
        yield failed(
            "mapping.matching_no_value",
            text,
            f"Fill {sources} in Entra for them, or match by another attribute.",
            documented(CUSTOMIZE),
        )


def _case(subject: Subject, rows: tuple[MappingRow, ...]) -> Iterator[Check]:
    for row in rows:
        if row.target not in subject.targets or not subject.targets[row.target].case_exact:
            continue
        capitals = [
            name
            for name, result in subject.results.items()
            if value_text(value := result.values.get(row.target) or "") != value_text(value).lower()
        ]
        told = ""
        if capitals:
            told = f"; the value has capital letters for {listed(capitals)}"
        text = (
            f'{row.target} is used for matching and has "Exact case?" selected: an account whose value differs only in'
            f" case might not be found, and a second one might be created{told}"
        )
        remedy = (
            'Clear "Exact case?" in the target attribute list (Show advanced options), or convert both sides to the'
            " same case with ToLower."
        )
        source = unconfirmed(
            f"whether the search respects it; it is documented that the comparison of values does ({CUSTOMIZE})"
        )
        yield warning("mapping.matching_case", text, remedy, source)


def _characters(subject: Subject, rows: tuple[MappingRow, ...]) -> Iterator[Check]:
    for row in rows:
        odd = {
            name: value_text(value)
            for name, result in subject.results.items()
            if (value := result.values.get(row.target)) is not None
        }
        odd = {name: text for name, text in odd.items() if not HARMLESS.fullmatch(text)}
        if odd:
            letters = set(chain.from_iterable(HARMLESS.sub("", text) for text in odd.values()))
            marks = " ".join(sorted(letters)).strip() or "a space"
            text = (
                f"{row.target} is used for matching and has special characters ({marks}) for {listed(odd)}: some"
                " special characters make the app's search fail"
            )
            remedy = (
                "Include these people in the pilot first. If they are not found, match by an attribute without such"
                f" characters, or correct {origins(subject.parsed.get(row.target)) or 'the value'} in Entra."
            )
            yield warning(
                "mapping.matching_special",
                text,
                remedy,
                unconfirmed(f"which characters; it is documented that some do ({KNOWN})"),
            )
