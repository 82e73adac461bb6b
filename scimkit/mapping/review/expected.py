"""What the review compares the live mapping with: the profile's rows and the decisions of step 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scimkit.mapping.rows import objects_in


class ExpectedRow(Protocol):
    """What an app's profile says about one target attribute. None: its sources do not say.

    A row may also have `type`, `generic` (the suggestion is Microsoft's general
    default), `max_length` and `single_valued`.
    """

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


def offered_names(schema: Mapping[str, Any]) -> Iterator[str]:
    """The attributes in a schema of the app's /Schemas: plain, with the schema's URN, and with each sub-attribute.

    >>> list(offered_names({"id": "urn:x", "attributes": [{"name": "name", "subAttributes": [{"name": "givenName"}]}]}))
    ['name', 'urn:x:name', 'name.givenName']
    """
    for attribute in objects_in(schema.get("attributes")):
        name = str(attribute.get("name"))
        yield from (name, f"{schema.get('id')}:{name}")
        yield from (f"{name}.{sub.get('name')}" for sub in objects_in(attribute.get("subAttributes")))


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the plan says about the job as a whole.

    groups             whether the app has groups; None: its sources do not say
    deletes            whether it was decided in step 1 that accounts may be deleted
    group_targets      the attributes of the app's group table, none if it has published none
    offered            the names in the app's own /Schemas (`offered_names`); None: not read
    group_filterable   the `group_targets` that the app can be searched by; None: not stated
    single_sign_on     where it is set up, as stated in step 1: "none", "same_app" …; "": not stated
    sign_in_identifier the expression that single sign-on identifies people by; "": not known
    everybody          all users and groups are in scope ("sync all"), not only assigned ones
    """

    groups: bool | None = None
    deletes: bool = False
    group_targets: tuple[str, ...] = ()
    offered: frozenset[str] | None = None
    group_filterable: tuple[str, ...] | None = None
    single_sign_on: str = ""
    sign_in_identifier: str = ""
    everybody: bool = False
