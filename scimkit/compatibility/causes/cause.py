"""One root cause, whole: what it means, who fixes it and how, and how it weighs.

What a cause means for an app depends on the app's mapping: `{rows}` in a text is replaced by the affected target
attributes. Sources:

    TUT, CMP, ... a document of Microsoft, see DOCUMENTS
    RFC           RFC 7643, RFC 7644
    a repository's name with a number: the public report it was seen in
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

DOCUMENTS = {
    "TUT": "Tutorial: Develop and plan provisioning for a SCIM endpoint",
    "CMP": "Known issues and resolutions with SCIM 2.0 protocol compliance",
    "HOW": "How application provisioning works",
    "KNO": "Known issues for provisioning",
    "QUA": "Application provisioning in quarantine status",
    "VAL": "SCIM Provisioning Validation, Test Overview",
}

VENDOR, ADMINISTRATOR, BOTH = "vendor", "administrator", "both"
FAILS, CONDITIONAL, ADVICE = "fails", "conditional", "advice"

# What the administrator can do until it is fixed (Cause.way).
NO_WAY = ""
DROP_ROWS = "drop_rows"  # take the rows out of the mapping
CREATE_ONLY = "create_only"  # let the rows apply during object creation only, or take them out
GROUPS_OFF = "groups_off"  # switch the group mapping off
KNOW = "know"  # nothing to change: a condition to know and keep


SEARCHING = (
    "compat.external_id_filter",
    "compat.filter_and",
    "compat.filter_special_characters",
    "compat.filter_typed_path",
    "compat.filter_words_case",
    "compat.groups_not_searchable",
    "compat.match_not_found",
    "compat.reference_filter",
)
"""Causes that cannot be distinguished if people cannot be searched."""

QUERYING = (*SEARCHING, "compat.paging")
"""The same if lists do not work either."""

PATCHING = (
    "compat.boolean_json_refused",
    "compat.boolean_text_refused",
    "compat.disable_not_stored",
    "compat.group_rename",
    "compat.member_add_refused",
    "compat.op_spelling",
    "compat.rename",
    "compat.restore_refused",
)
"""Causes that cannot be distinguished if PATCH does not work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One root cause.

    code       stable, `compat.<what>`
    who        who can fix it: vendor | administrator | both
    breaks     will Entra fail: fails | conditional | advice
    means      what Entra does about it; `{rows}` is replaced by the affected mapped attributes
    remedy     for the vendor: what the endpoint must do
    meanwhile  what to change in Entra until then; `{rows}` as above
    way        what kind of change that is, see above
    explains   causes that follow from it if both are seen in the same dialect
    needs_rows           it matters only if the mapping has a row for it
    any_dialect          it does not depend on the message, although it was seen in one dialect only
    counts_when_met      it is a condition even if every check passed
    ends_probe           if checks were not reached because of it, the probe ended early
    fatal_for_identity   it breaks everything if it affects `active`, or matching attributes that cannot be dropped
    """

    code: str
    title: str
    who: str
    breaks: str
    means: str
    remedy: str
    meanwhile: str
    certainty: Literal["documented", "seen", "unconfirmed"]
    source: str
    way: str = NO_WAY
    explains: tuple[str, ...] = ()
    needs_rows: bool = False
    any_dialect: bool = False
    counts_when_met: bool = False
    ends_probe: bool = False
    fatal_for_identity: bool = False

    @property
    def is_about_rows(self) -> bool:
        """Whether it matters only if the mapping has a row that it affects."""
        return self.needs_rows or self.way in (DROP_ROWS, CREATE_ONLY)


def name_source(text: str) -> str:
    """A cause's source with the full titles of the documents.

    >>> name_source("KNO; RFC 7644, 3.3")
    'Known issues for provisioning; RFC 7644, 3.3'
    """
    return re.sub(r"\b(" + "|".join(DOCUMENTS) + r")\b", lambda found: DOCUMENTS[found[1]], text)
