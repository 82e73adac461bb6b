"""What the mapping review of an app expects, according to the profile and the earlier steps."""

from __future__ import annotations

from itertools import chain
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.journey.readiness import Readiness
from scimkit.mapping.review import Expectations, offered_names


def expect_of_job(
    app: AppProfile,
    readiness: Readiness,
    *,
    everybody: bool,
    offered: frozenset[str] | None,
    sign_in_identifier: str = "",
) -> Expectations:
    """What the profile and step 1 say about the job as a whole.

    everybody           the job provisions everyone, not only the people assigned
    offered             names of the attributes in the app's own /Schemas; None: they could not be read
    sign_in_identifier  an expression: the value people use to sign in to the app
    """
    stated, rows = app.capabilities.groups.value, app.group_attributes
    groups = None
    if isinstance(stated, bool):
        groups = stated
    sign_on = next((question.question for question in app.decisions if question.key == "single_sign_on"), "")
    return Expectations(
        groups=groups,
        deletes=readiness.deletes_wanted,
        group_targets=tuple(row.target for row in rows),
        group_filterable=tuple(row.target for row in rows if row.filterable) or None,
        offered=offered,
        single_sign_on=readiness.decisions.get(sign_on, ""),
        sign_in_identifier=sign_in_identifier,
        everybody=everybody,
    )


def read_offered_names(scim: Any) -> frozenset[str]:
    """Names of the attributes in the app's own /Schemas. Raises the client's error if they cannot be read."""
    schemas = list(scim.list_all("Schemas"))
    return frozenset(chain.from_iterable(offered_names(schema) for schema in schemas))
