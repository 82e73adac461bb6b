"""A person or a group as the provisioning service sees it: Graph's object under the schema's old names.

Mappings and scoping filters use the names of the provisioning
schema (`objectId`, `telephoneNumber`, `mobile`), which are older than Graph's
(`id`, `businessPhones`, `mobilePhone`). This module is the one translation
between the two (by correspondence of names, line by line (unconfirmed)).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

SAME_NAME = (
    "accountEnabled", "displayName", "givenName", "surname", "mail", "mailNickname", "otherMails", "proxyAddresses",
    "jobTitle", "department", "companyName", "employeeId", "employeeType", "preferredLanguage", "usageLocation",
    "streetAddress", "city", "state", "postalCode", "country",
)  # fmt: skip
"""Source attributes that have the same name in Graph and in the schema. `userType` and
`samAccountName` are missing on purpose: the service does not offer them as sources."""

OTHER_NAME = {
    "objectId": "id",
    "mobile": "mobilePhone",
    "facsimileTelephoneNumber": "faxNumber",
    "physicalDeliveryOfficeName": "officeLocation",
}
"""Schema name to Graph name."""

LISTS = frozenset({"otherMails", "proxyAddresses"})
"""Those that can have several values."""

ON_PREMISES_EXTENSIONS = "onPremisesExtensionAttributes"
"""The property of a Graph user that contains `extensionAttribute1` to `extensionAttribute15`."""

DIRECTORY_EXTENSION = "extension_"
"""How the names of directory extensions begin."""

GROUP_SAME_NAME = ("displayName", "description", "mail", "mailNickname", "mailEnabled", "securityEnabled")
"""Source attributes of a group that Graph spells as the schema does."""

GUEST_MARK = "#EXT#"


def source_attributes(
    graph_user: Mapping[str, Any], *, soft_deleted: bool, manager_id: str | None = None, app_roles: Sequence[Any] = ()
) -> dict[str, Any]:
    """The source attributes of one person, by schema name; absent ones are left out.

    graph_user    properties of a Graph user, as selected; only existing ones are translated
    soft_deleted  the computed `IsSoftDeleted`: there is any reason to leave scope (attribute-mapping tutorial);
                  not a property of the user
    manager_id    object id of the manager in Entra, None if there is none
    app_roles     the app roles of this person: strings, or Graph's objects with `value` and `displayName`

    A guest's `userPrincipalName` becomes the plain outside address, and
    `originalUserPrincipalName` keeps the full one ("How application provisioning works").

    >>> source_attributes({"id": "1", "businessPhones": ["+1 5"], "faxNumber": None}, soft_deleted=False)
    {'objectId': '1', 'telephoneNumber': '+1 5', 'IsSoftDeleted': False}
    """
    get = graph_user.get
    source = {name: get(graph) for name, graph in OTHER_NAME.items()}
    source |= {name: get(name) for name in sorted(SAME_NAME, key=LISTS.__contains__)}
    source["telephoneNumber"] = _first(get("businessPhones"))
    source |= get(ON_PREMISES_EXTENSIONS) or {}
    source |= {name: value for name, value in graph_user.items() if name.startswith(DIRECTORY_EXTENSION)}
    principal = get("userPrincipalName")
    if principal is not None:
        source["userPrincipalName"] = plain_principal_name(principal)
        source["originalUserPrincipalName"] = principal
    source["manager"] = manager_id
    source["appRoleAssignments"] = list(app_roles)
    source["IsSoftDeleted"] = soft_deleted
    return {name: value for name, value in source.items() if value is not None and value != []}


class SourceReader:
    """The result of `source_attributes` for the attributes in use, prepared once for many people.

    It starts with a copy of Graph's object, because most names are the same in both and a copy costs
    a tenth of reading one by one. So it may also contain unused attributes, and nulls.

    used  every source attribute that will be read
    """

    def __init__(self, used: Collection[str]) -> None:
        own = (*SAME_NAME, "userPrincipalName", "manager", "appRoleAssignments", "IsSoftDeleted")
        self._other = tuple((name, graph) for name, graph in OTHER_NAME.items() if name in used)
        self._phone = "telephoneNumber" in used
        self._original = "originalUserPrincipalName" in used
        self._on_premises = any(name.startswith("extensionAttribute") for name in used)
        extensions = {name for name in used if name.startswith(DIRECTORY_EXTENSION)}
        self._lists = tuple(extensions.union(LISTS.intersection(used)))
        self._hidden = dict.fromkeys(set(used).difference(own, extensions))

    def read(
        self,
        graph_user: Mapping[str, Any],
        *,
        soft_deleted: bool,
        manager_id: str | None = None,
        app_roles: Sequence[Any] = (),
    ) -> dict[str, Any]:
        """The source attributes of one person; parameters as in `source_attributes`."""
        source = dict(graph_user)
        if self._hidden:
            source.update(self._hidden)  # Graph has properties that are no source attributes
        get = graph_user.get
        for name, graph in self._other:
            source[name] = get(graph)
        if self._phone:
            phones = get("businessPhones")
            source["telephoneNumber"] = phones[0] if phones else None
        if self._on_premises:
            source |= get(ON_PREMISES_EXTENSIONS) or {}
        for name in self._lists:
            if source.get(name) == []:
                source[name] = None
        principal = get("userPrincipalName")
        if self._original:
            source["originalUserPrincipalName"] = principal
        if principal and "#" in principal:
            source["userPrincipalName"] = plain_principal_name(principal)
        source["manager"] = manager_id
        source["appRoleAssignments"] = list(app_roles) if app_roles else None
        source["IsSoftDeleted"] = soft_deleted
        return source


def _first(values: Sequence[Any] | None) -> Any:
    if values:
        return values[0]
    return None


def graph_name(source: str) -> str:
    """The property of a Graph user for this source attribute, one string for one; "" if there is none.

    >>> graph_name("mobile"), graph_name("mail"), graph_name("manager")
    ('mobilePhone', 'mail', '')
    """
    if source == "userPrincipalName" or source.startswith("extension_"):
        return source
    if source in SAME_NAME and source not in LISTS:
        return source
    return OTHER_NAME.get(source, "")


def group_attributes(graph_group: Mapping[str, Any], *, members: Iterable[str], in_scope: bool) -> dict[str, Any]:
    """The source attributes of one group, by schema name; absent ones are left out.

    graph_group  properties of a Graph group, as selected
    members      object ids of its DIRECT members, people and groups; those of inner groups do not
                 count ("Known issues for provisioning")
    in_scope     the current `judge_scope`; sets the computed `IsSoftDeleted`

    >>> group_attributes({"id": "g", "displayName": "Sales", "mail": None}, members=["ann"], in_scope=True)
    {'objectId': 'g', 'displayName': 'Sales', 'members': ['ann'], 'IsSoftDeleted': False}
    """
    source: dict[str, Any] = {"objectId": graph_group.get("id")}
    source |= {name: graph_group.get(name) for name in GROUP_SAME_NAME}
    source |= {name: value for name, value in graph_group.items() if name.startswith("extension_")}
    source["members"] = list(members)
    present = {name: value for name, value in source.items() if value is not None and value != []}
    return present | {"IsSoftDeleted": not in_scope}


def name_of(source: Mapping[str, Any]) -> str:
    """The name of a person or a group in the log: the principal name, otherwise the best available."""
    return str(source.get("userPrincipalName") or source.get("displayName") or source.get("objectId") or "")


NAMES = frozenset({"objectId", "displayName", "userPrincipalName"})
"""The attributes that `name_of` reads."""


def plain_principal_name(name: str) -> str:
    """A guest's outside address; any other principal name unchanged.

    Entra writes `alias@theirs` as `alias_theirs#EXT#@ours`. A domain has no
    underscore, so the last one replaced the `@` (inferred).

    >>> plain_principal_name("ann_lee_fabrikam.example#EXT#@contoso.example")
    'ann_lee@fabrikam.example'
    """
    if "#" not in name:
        return name
    position = name.upper().find(GUEST_MARK)
    if position < 0:
        return name
    alias, underscore, domain = name[:position].rpartition("_")
    if underscore:
        return f"{alias}@{domain}"
    return name[:position]
