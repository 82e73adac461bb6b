"""The mapping review: what is mapped, what should be, and what the pilot people get.

One theme a module, each a list of checks over the same `Subject`:

    presence     rows that are missing, extra, mapped twice, unknown to the app
    sources      rows that come from something else than expected
    matching     by what an account is found again
    leavers      whether whoever leaves is switched off
    expressions  what is wrong with an expression before anybody is evaluated
    results      what people get: nothing, an error, the wrong type or shape
    flow         what changes too often, or never
    names        user name and address, renaming, single sign-on
    roles        app roles as values
    groups       the mapping of groups
    actions      what the job may do to accounts
    opinion      what Microsoft says of the expressions

A failed check must be mended before the pilot, a warning should be known. The
`source` of each says whether its rule is documented, was seen in the field, or
is (unconfirmed).
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

    expected  the profile's rows; none where the app has published no table
    live      the object mappings of the job's schema (`read_schema`)
    people    source attributes of each pilot person, by user principal name
    now       the time that Now() gives, aware; None: the clock's
    opinion   Microsoft's answers (`ask_microsoft`), which stand where they differ from ours; None: not asked

    Raises MappingError where no mapping is one of people, and for a
    `sign_in_identifier` that is no expression.
    """
    subject = make_subject(expected, live, people, decided, now=now, opinion=opinion)
    checks = list(chain.from_iterable(theme(subject) for theme in THEMES))
    if opinion is not None:
        checks += check_answers(opinion, (*subject.disputes, *subject.group_disputes), subject.parsed_by_name)
    return MappingReview(make_rows(subject), tuple(people), tuple(checks), overruled(subject.disputes))
