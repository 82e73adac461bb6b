"""A person or a group as the provisioning service sees it: Graph's object in the schema's old names.

Mappings and scoping filters are written in the names of the provisioning
schema (`objectId`, `telephoneNumber`, `mobile`), which are older than Graph's
(`id`, `businessPhones`, `mobilePhone`). This module is the one translation
between the two (by correspondence of name, line by line (unconfirmed)).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

SAME_NAME = (
    "accountEnabled", "displayName", "givenName", "surname", "mail", "mailNickname", "otherMails", "proxyAddresses",
    "jobTitle", "department", "companyName", "employeeId", "employeeType", "preferredLanguage", "usageLocation",
    "streetAddress", "city", "state", "postalCode", "country",
)  # fmt: skip
"""Source attributes that Graph spells as the schema does. `userType` and
`samAccountName` are missing on purpose: the service does not offer them as sources."""

OTHER_NAME = {
    "objectId": "id",
    "mobile": "mobilePhone",
    "facsimileTelephoneNumber": "faxNumber",
    "physicalDeliveryOfficeName": "officeLocation",
}
"""Schema name to Graph name."""

LISTS = frozenset({"otherMails", "proxyAddresses"})
"""Those of them that hold several values."""

GROUP_SAME_NAME = ("displayName", "description", "mail", "mailNickname", "mailEnabled", "securityEnabled")
"""Source attributes of a group that Graph spells as the schema does."""

GUEST_MARK = "#EXT#"


def source_attributes(
    graph_user: Mapping[str, Any], *, soft_deleted: bool, manager_id: str | None = None, app_roles: Sequence[Any] = ()
) -> dict[str, Any]:
    """The source attributes of one person, by schema name; absent ones are left out.

    graph_user    properties of a Graph user, as selected; only what is there is translated
    soft_deleted  the computed `IsSoftDeleted`: any reason to leave scope holds (attribute-mapping tutorial);
                  no property of the user
    manager_id    object id of the manager in Entra, None without one
    app_roles     the app roles this person holds: texts, or Graph's objects with `value` and `displayName`

    A guest's `userPrincipalName` becomes the plain outside address, and
    `originalUserPrincipalName` keeps the full one ("How application provisioning works").

    >>> source_attributes({"id": "1", "businessPhones": ["+1 5"], "faxNumber": None}, soft_deleted=False)
    {'objectId': '1', 'telephoneNumber': '+1 5', 'IsSoftDeleted': False}
    """
    return read_everything(graph_user, soft_deleted=soft_deleted, manager_id=manager_id, app_roles=app_roles)


class SourceReader:
    """`source_attributes`, prepared once for many people.

    used  read only these source attributes; None: all there are
    """

    def __init__(self, used: Collection[str] | None = None) -> None:
        def wanted(*names: str) -> bool:
            return used is None or not {name.casefold() for name in used}.isdisjoint(map(str.casefold, names))

        pairs = [*OTHER_NAME.items(), *((name, name) for name in SAME_NAME)]
        self._texts = tuple(pair for pair in pairs if wanted(pair[0]) and pair[0] not in LISTS)
        self._lists = tuple(name for name in SAME_NAME if wanted(name) and name in LISTS)
        self._phone = wanted("telephoneNumber")
        self._principal = wanted("userPrincipalName", "originalUserPrincipalName")
        self._extensions = used is None or any(name.lower().startswith("extension") for name in used)

    def __call__(
        self,
        graph_user: Mapping[str, Any],
        *,
        soft_deleted: bool,
        manager_id: str | None = None,
        app_roles: Sequence[Any] = (),
    ) -> dict[str, Any]:
        """The source attributes of one person; parameters as of `source_attributes`."""
        get = graph_user.get
        source = {name: value for name, graph in self._texts if (value := get(graph)) is not None}
        for name in self._lists:
            if value := get(name):
                source[name] = value
        if self._phone and (phones := get("businessPhones")):
            source["telephoneNumber"] = phones[0]
        if self._extensions:
            extensions = dict(get("onPremisesExtensionAttributes") or {})
            extensions |= {name: value for name, value in graph_user.items() if name.startswith("extension_")}
            source |= {name: value for name, value in extensions.items() if _is_there(value)}
        if self._principal and (principal := get("userPrincipalName")) is not None:
            source["userPrincipalName"] = plain_principal_name(principal)
            source["originalUserPrincipalName"] = principal
        if manager_id is not None:
            source["manager"] = manager_id
        if app_roles:
            source["appRoleAssignments"] = list(app_roles)
        source["IsSoftDeleted"] = soft_deleted
        return source


def graph_name(source: str) -> str:
    """The property of a Graph user that is this source attribute, one text for one; "" where there is none.

    >>> graph_name("mobile"), graph_name("mail"), graph_name("manager")
    ('mobilePhone', 'mail', '')
    """
    if source == "userPrincipalName" or source.startswith("extension_"):
        return source
    if source in SAME_NAME and source not in LISTS:
        return source
    return OTHER_NAME.get(source, "")


def _is_there(value: Any) -> bool:
    return value is not None and value != []


read_everything = SourceReader()


def group_attributes(graph_group: Mapping[str, Any], *, members: Iterable[str], in_scope: bool) -> dict[str, Any]:
    """The source attributes of one group, by schema name; absent ones are left out.

    graph_group  properties of a Graph group, as selected
    members      object ids of its DIRECT members, people and groups; those of inner groups do not
                 count ("Known issues for provisioning")
    in_scope     `judge_scope` of now; makes the computed `IsSoftDeleted`

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
    """How the log calls a person or a group: the principal name, else what there is."""
    return str(source.get("userPrincipalName") or source.get("displayName") or source.get("objectId") or "")


NAMES = frozenset({"objectId", "displayName", "userPrincipalName"})
"""What `name_of` reads."""


def plain_principal_name(name: str) -> str:
    """A guest's outside address; any other principal name as it is.

    Entra writes `alias@theirs` as `alias_theirs#EXT#@ours`. A domain has no
    underscore, so the last one stood for the `@` (inferred).

    >>> plain_principal_name("ann_lee_fabrikam.example#EXT#@contoso.example")
    'ann_lee@fabrikam.example'
    """
    if "#" not in name:
        return name
    position = name.upper().find(GUEST_MARK)
    if position < 0:
        return name
    alias, underscore, domain = name[:position].rpartition("_")
    return f"{alias}@{domain}" if underscore else name[:position]
