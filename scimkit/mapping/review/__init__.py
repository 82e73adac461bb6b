"""The mapping review: what is mapped, what should be mapped, and what the pilot people get.

Each module covers one theme, as a list of checks on the same `Subject`:

    presence     rows that are missing, extra, mapped twice, or unknown to the app
    sources      rows with a source other than the expected one
    matching     what an existing account is found by
    leavers      whether people who leave are disabled
    expressions  errors in an expression, found before it is evaluated for anyone
    results      what people get: nothing, an error, the wrong type or shape
    flow         what changes too often, or never
    names        user name and address, renaming, single sign-on
    roles        app roles as values
    groups       the group mapping
    actions      what the job may do to accounts
    opinion      what Microsoft says about the expressions

A failed check must be fixed before the pilot; a warning should be known. The
`source` of each check says whether its rule is documented, was seen in the field,
or is (unconfirmed).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

from scimkit.mapping.review.actions import check_actions
from scimkit.mapping.review.expected import Expectations, ExpectedRow, offered_names
from scimkit.mapping.review.expressions import check_expressions
from scimkit.mapping.review.flow import check_flow
from scimkit.mapping.review.groups import check_groups
from scimkit.mapping.review.leavers import check_leavers
from scimkit.mapping.review.matching import check_matching
from scimkit.mapping.review.names import check_names
from scimkit.mapping.review.opinion import Answer, Opinion, check_answers, overruled
from scimkit.mapping.review.presence import check_presence
from scimkit.mapping.review.record import MISSING, NO_VALUE, MappingReview, Overruled, ReviewRow
from scimkit.mapping.review.results import check_results
from scimkit.mapping.review.roles import check_roles
from scimkit.mapping.review.sources import check_sources
from scimkit.mapping.review.subject import make_subject
from scimkit.mapping.review.table import make_rows
from scimkit.mapping.rows import ObjectMapping

__all__ = [
    "MISSING",
    "NO_VALUE",
    "Answer",
    "Expectations",
    "ExpectedRow",
    "MappingReview",
    "Opinion",
    "Overruled",
    "ReviewRow",
    "offered_names",
    "review_mapping",
]

THEMES = (
    check_presence,
    check_sources,
    check_matching,
    check_leavers,
    check_expressions,
    check_results,
    check_flow,
    check_names,
    check_roles,
    check_groups,
    check_actions,
)


def review_mapping(
    expected: Iterable[ExpectedRow],
    live: Iterable[ObjectMapping],
    people: Mapping[str, Mapping[str, Any]],
    *,
    decided: Expectations,
    now: datetime | None = None,
    opinion: Opinion | None = None,
) -> MappingReview:
    """Compare the job's user mapping with what the app's profile expects.

    expected  the profile's rows; none if the app has published no table
    live      the object mappings in the job's schema (`read_schema`)
    people    source attributes of each pilot person, by user principal name
    now       the time that Now() returns, timezone-aware; None: the system clock
    opinion   Microsoft's answers (`ask_microsoft`), used where they differ from ours; None: not asked

    Raises MappingError if there is no user mapping, or if `sign_in_identifier`
    is not an expression.
    """
    subject = make_subject(expected, live, people, decided, now=now, opinion=opinion)
    checks = list(chain.from_iterable(theme(subject) for theme in THEMES))
    if opinion is not None:
        checks += check_answers(opinion, (*subject.disputes, *subject.group_disputes), subject.parsed_by_name)
    return MappingReview(make_rows(subject), tuple(people), tuple(checks), overruled(subject.disputes))
