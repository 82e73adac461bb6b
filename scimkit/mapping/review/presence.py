"""Which rows exist: missing, extra, mapped twice, on the anchor, unknown to the app."""

from __future__ import annotations

from collections.abc import Iterator

from scimkit.evidence.checks import Check, failed, not_observed, passed, warning
from scimkit.mapping.review.certainty import CUSTOMIZE, TUTORIAL, documented, seen
from scimkit.mapping.review.expected import ExpectedRow
from scimkit.mapping.review.subject import Subject, attribute_of
from scimkit.mapping.review.texts import listed

ANCHOR = "id"
ALWAYS_OFFERED = frozenset({"externalid", "id", "meta", "schemas"})  # every resource has them without naming them
OWN_SCHEMAS = seen("the app's own /Schemas: discovered, not documented")
LIVE_SCHEMA = seen("the live schema: discovered, not documented")


def check_presence(subject: Subject) -> Iterator[Check]:
    if subject.expected:
        faults = [*_missing(subject), *_extra(subject)]
    else:
        faults = [_not_published()]
    yield from faults or [
        passed(
            "mapping.rows", f"all {len(subject.expected)} rows of the tutorial's table are mapped", documented(TUTORIAL)
        )
    ]
    yield from _twice(subject)
    yield from _anchor(subject)
    yield from _offered(subject) if subject.expected else _discovered(subject)


def _not_published() -> Check:
    text = "the app has published no attribute table: what you see is discovered, not documented"
    return warning("mapping.not_published", text, "Confirm the rows with the vendor.", LIVE_SCHEMA)


def _missing(subject: Subject) -> Iterator[Check]:
    for target, row in subject.expected.items():
        if target not in subject.live:
            yield _missing_row(target, row)


def _missing_row(target: str, row: ExpectedRow) -> Check:
    text = f"there is no row for {target}"
    remedy = f"Add it under Attribute Mapping in the portal, from {row.suggested_source or 'a source of your choice'}."
    if not row.suggested_source and row.note is not None:
        text, remedy = (
            f"{text}: {row.note}",
            "Add it under Attribute Mapping in the portal, or leave it out; the app then gets no value.",
        )
    if row.required:
        return failed("mapping.row_missing", f"{text}, which the app requires", remedy, documented(TUTORIAL))
    return warning("mapping.row_missing", text, remedy, documented(TUTORIAL))


def _extra(subject: Subject) -> Iterator[Check]:
    extra = [target for target in subject.live if target not in subject.expected and not _is_anchor(subject, target)]
    if extra:
        text = f"not in the app's published table: {', '.join(extra)}"
        yield warning(
            "mapping.row_extra",
            text,
            "Delete the row under Attribute Mapping if the app refuses or drops it.",
            documented(TUTORIAL),
        )


def _twice(subject: Subject) -> Iterator[Check]:
    """The service keeps both rows, and it is left open which of them wins."""
    seen_before: dict[str, int] = {}
    for row in subject.users.rows:
        seen_before[row.target.casefold()] = seen_before.get(row.target.casefold(), 0) + 1
    for target in subject.live:
        if seen_before[target.casefold()] > 1:
            sources = listed(
                row.expression or "no source"
                for row in subject.users.rows
                if row.target.casefold() == target.casefold()
            )
            text = f"{target} is mapped more than once, from {sources}: it is not settled which one the app gets"
            seen_before[target.casefold()] = 0  # said once
            yield failed(
                "mapping.row_twice",
                text,
                "Delete all but one of these rows under Attribute Mapping.",
                documented("How to programmatically configure cloud sync using MS Graph API"),
            )


def _anchor(subject: Subject) -> Iterator[Check]:
    for target, row in subject.live.items():
        if _is_anchor(subject, target):
            text = (
                f"{target} is mapped from {row.expression or 'nothing'}, but the app itself assigns it to an account:"
                " the row is refused or makes every account fail"
            )
            yield failed(
                "mapping.anchor_mapped",
                text,
                f"Delete the row for {target} under Attribute Mapping; use externalId for an identifier of your own.",
                documented(CUSTOMIZE),
            )


def _is_anchor(subject: Subject, target: str) -> bool:
    return target.casefold() == ANCHOR or (target in subject.targets and subject.targets[target].anchor)


def _unknown(subject: Subject, offered: frozenset[str]) -> list[str]:
    names = {name.casefold() for name in offered}
    return [target for target in subject.live if not _is_offered(target, names)]


def _is_offered(target: str, names: set[str]) -> bool:
    """Whether /Schemas contains the target: with its schema and its sub-attribute, as far as these were read."""
    plain = target.partition("[")[0]
    urn, name = plain.rpartition(":")[0].casefold(), attribute_of(target)
    if name in ALWAYS_OFFERED:
        return True
    if urn and any(known.startswith("urn:") for known in names) and f"{urn}:{name}" not in names:
        return False
    if "[" in target:
        sub = target.rpartition("]")[2]
    else:
        sub = plain.rpartition(":")[2].partition(".")[2]
    known_subs = {known for known in names if known.startswith(f"{name}.")}
    return name in names and (not sub or not known_subs or f"{name}.{sub.removeprefix('.').casefold()}" in known_subs)


def _offered(subject: Subject) -> Iterator[Check]:
    """A published table, together with /Schemas if it has been read."""
    if subject.decided.offered is not None and (unknown := _unknown(subject, subject.decided.offered)):
        text = f"mapped, but not in the app's own /Schemas: {', '.join(unknown)}"
        yield warning(
            "mapping.not_in_schemas",
            text,
            "Ask the vendor whether the app keeps them. If it does not, delete the rows under Attribute Mapping.",
            OWN_SCHEMAS,
        )


def _discovered(subject: Subject) -> Iterator[Check]:
    """If nothing is published: the live rows compared with the names in the app's own /Schemas."""
    if subject.decided.offered is None:
        text = (
            "the app's own /Schemas could not be read, so there is no information on which of these attributes it knows"
        )
        yield not_observed("mapping.discovered", text, "Ask the vendor for the list of attributes.", LIVE_SCHEMA)
    elif unknown := _unknown(subject, subject.decided.offered):
        text = f"mapped, but not in the app's own /Schemas: {', '.join(unknown)}"
        yield warning(
            "mapping.discovered",
            text,
            "Ask the vendor whether the app keeps them. If it does not, delete the rows under Attribute Mapping.",
            OWN_SCHEMAS,
        )
    else:
        yield passed(
            "mapping.discovered",
            f"all {len(subject.live)} mapped attributes are in the app's own /Schemas",
            OWN_SCHEMAS,
        )
