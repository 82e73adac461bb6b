"""The synchronization schema of a job: one rule, its mappings, and the directories.

Built from a profile's attribute table with the shapes of the Graph reference;
the mapping of the non-gallery template is the published default.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.mapping import parse, print_expression
from scimkit.mapping.language.functions.table import FUNCTIONS
from scimkit.mapping.language.syntax import Attribute, Call, Expression, Text
from scimkit.provisioning.default_mapping import DEFAULT_GROUP_MAPPING, DEFAULT_MAPPING
from scimkit.provisioning.targets import CORE_GROUP, ENTERPRISE_USER, MANAGER
from scimkit.sandbox.identity import Ids

RULE_ID = "03f7d90d-bf71-41b1-bda6-aaf0ddbee5d8"  # public: many SCIM connectors have it
SOURCE_NAME = "Azure Active Directory"
CUSTOM_TARGET_NAME = "customappsso"

# source attributes of people: name -> type; what is not a plain text
SOURCE_TYPES = {"IsSoftDeleted": "Boolean", "accountEnabled": "Boolean", "manager": "Reference", "otherMails": "String"}
SOURCE_ATTRIBUTES = (
    "objectId",
    "IsSoftDeleted",
    "accountEnabled",
    "userPrincipalName",
    "originalUserPrincipalName",
    "displayName",
    "givenName",
    "surname",
    "mail",
    "mailNickname",
    "otherMails",
    "jobTitle",
    "department",
    "companyName",
    "employeeId",
    "employeeType",
    "preferredLanguage",
    "usageLocation",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "telephoneNumber",
    "mobile",
    "facsimileTelephoneNumber",
    "physicalDeliveryOfficeName",
    *(f"extensionAttribute{n}" for n in range(1, 16)),
    "manager",
    "appRoleAssignments",
)
SOURCE_GROUP_ATTRIBUTES = (
    ("objectId", "String"),
    ("displayName", "String"),
    ("description", "String"),
    ("mail", "String"),
    ("mailNickname", "String"),
    ("mailEnabled", "Boolean"),
    ("securityEnabled", "Boolean"),
    ("members", "Reference"),
)
"""What `group_attributes` translates, each with its type."""


def source_tree(node: Expression) -> dict[str, Any]:
    """Graph's attributeMappingSource of an expression; omitted arguments have no entry."""
    text = print_expression(node)
    if isinstance(node, Attribute):
        return {"expression": text, "name": node.name, "type": "Attribute", "parameters": []}
    if isinstance(node, Call):
        function = FUNCTIONS[node.name.lower()]
        parameters = [
            {"key": function.parameter(index).key, "value": source_tree(argument)}
            for index, argument in enumerate(node.arguments)
            if argument is not None
        ]
        return {"expression": text, "name": node.name, "type": "Function", "parameters": parameters}
    if isinstance(node, Text):
        value = node.value
    else:
        value = text
    return {
        "expression": text if isinstance(node, Text) else f'"{text}"',
        "name": value,
        "type": "Constant",
        "parameters": [],
    }


def attribute_mapping(target: str, expression: str, *, matching: int = 0) -> dict[str, Any]:
    """One attributeMapping; "" for `expression` leaves the target without a source."""
    source = None
    if expression:
        source = source_tree(parse(expression))
    if source is not None:
        source["expression"] = expression
    return {
        "defaultValue": None,
        "exportMissingReferences": False,
        "flowBehavior": "FlowWhenChanged",
        "flowType": "Always",
        "matchingPriority": matching,
        "targetAttributeName": target,
        "source": source,
    }


def attribute_definition(name: str, kind: str = "String", **more: Any) -> dict[str, Any]:
    return {
        "anchor": False,
        "caseExact": False,
        "defaultValue": None,
        "flowNullValues": False,
        "multivalued": False,
        "mutability": "ReadWrite",
        "name": name,
        "required": False,
        "type": kind,
        "apiExpressions": [],
        "metadata": [],
        "referencedObjects": [],
        **more,
    }


def _object_mapping(
    name: str, source: str, target: str, joining: str, rows: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    metadata = {
        "IsCustomerDefined": "false",
        "DisableMonitoringForChanges": "false",
        "Disposition": '"Normal"',
        "ExcludeFromReporting": "false",
        "EscrowBehavior": '"Default"',
        "Unsynchronized": "false",
        "OriginalJoiningProperty": joining,
    }
    return {
        "enabled": True,
        "flowTypes": "Add,Update,Delete",
        "name": name,
        "scope": None,
        "sourceObjectName": source,
        "targetObjectName": target,
        "metadata": [{"key": key, "value": value} for key, value in metadata.items()],
        "attributeMappings": list(rows),
    }


def _source_directory(ids: Ids) -> dict[str, Any]:
    people = [
        attribute_definition(
            name,
            SOURCE_TYPES.get(name, "String"),
            anchor=name == "objectId",
            required=name in ("objectId", "IsSoftDeleted", "accountEnabled"),
            multivalued=name in ("appRoleAssignments", "otherMails"),
            referencedObjects=(
                [{"referencedObjectName": "User", "referencedProperty": None}] if name == "manager" else []
            ),
        )
        for name in SOURCE_ATTRIBUTES
    ]
    groups = [
        attribute_definition(
            name, kind, anchor=name == "objectId", required=name == "objectId", multivalued=name == "members"
        )
        for name, kind in SOURCE_GROUP_ATTRIBUTES
    ]
    return _directory(ids.named("directory", "source"), SOURCE_NAME, {"User": people, "Group": groups})


def _directory(key: str, name: str, objects: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "id": key,
        "name": name,
        "discoverabilities": "None",
        "discoveryDateTime": None,
        "readOnly": False,
        "version": None,
        "objects": [
            {"name": item, "metadata": [], "supportedApis": [], "attributes": attributes}
            for item, attributes in objects.items()
        ],
    }


def _targets(rows: Iterable[tuple[str, str, bool]]) -> list[dict[str, Any]]:
    """Target attributes: name, type, required; the anchor `id` first."""
    made = [attribute_definition("id", anchor=True, mutability="ReadOnly")]
    for name, kind, required in rows:
        reference = name == MANAGER or name == "members"
        objects = (ENTERPRISE_USER,) if name == MANAGER else (ENTERPRISE_USER, CORE_GROUP)
        referenced = []
        if reference:
            kind = "Reference"
            referenced = [{"referencedObjectName": item, "referencedProperty": None} for item in objects]
        made.append(
            attribute_definition(
                name, kind, required=required, multivalued=name == "members", referencedObjects=referenced
            )
        )
    return made


def make_schema(ids: Ids, key: str, profile: AppProfile | None) -> dict[str, Any]:
    """The default schema of a connector.

    key      id of the template or job it belongs to
    profile  None, or one without a published attribute table: the non-gallery default
    """
    if profile and profile.attributes:
        people = [(row.target, row.suggested_source, row.type, bool(row.required)) for row in profile.attributes]
        matching = profile.matching
    else:
        if profile:
            invented = profile.sandbox.targets
        else:
            invented = ()
        people = [
            (target, source, "Boolean" if target == "active" else "String", target == "userName")
            for target, source in DEFAULT_MAPPING
            if not invented or target in invented
        ]
        if profile and profile.matching:
            matching = profile.matching
        else:
            matching = ("userName",)
    groups: list[tuple[str, str, str, bool]] = []
    if profile is None or (profile.capabilities.groups.value is True and not profile.group_attributes):
        groups = [(target, source, "String", target == "displayName") for target, source in DEFAULT_GROUP_MAPPING]
    elif profile.group_attributes:
        sources = dict(DEFAULT_GROUP_MAPPING)
        groups = [
            (r.target, r.suggested_source or sources.get(r.target, ""), r.type, bool(r.required))
            for r in profile.group_attributes
        ]
    rank = {target: number for number, target in enumerate(matching, start=1)}
    mappings = []
    objects = {ENTERPRISE_USER: _targets((t, k, required) for t, _, k, required in people)}
    if groups:
        rows = [attribute_mapping(t, source, matching=1 if t == "displayName" else 0) for t, source, _, _ in groups]
        mappings.append(
            _object_mapping("Provision Azure Active Directory Groups", "Group", CORE_GROUP, "displayName", rows)
        )
        objects[CORE_GROUP] = _targets((t, k, required) for t, _, k, required in groups)
    rows = [attribute_mapping(t, source, matching=rank.get(t, 0)) for t, source, _, _ in people if source]
    mappings.append(
        _object_mapping("Provision Azure Active Directory Users", "User", ENTERPRISE_USER, matching[0], rows)
    )
    if profile:
        target_name = profile.title
    else:
        target_name = CUSTOM_TARGET_NAME
    rule = {
        "containerFilter": None,
        "editable": True,
        "groupFilter": None,
        "id": RULE_ID,
        "name": "USERGROUP_OUTBOUND_USERGROUP",
        "priority": 1,
        "sourceDirectoryName": SOURCE_NAME,
        "targetDirectoryName": target_name,
        "metadata": [{"key": "supportsProvisionOnDemand", "value": "true"}],
        "objectMappings": mappings,
    }
    directories = [_source_directory(ids), _directory(ids.named("directory", key), target_name, objects)]
    return {"id": key, "version": "v1.0", "synchronizationRules": [rule], "directories": directories}
