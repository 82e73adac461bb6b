"""What the server says of itself."""

from __future__ import annotations

from tests.compatibility.crooked.defects import CORE, ENTERPRISE, ENTERPRISE_NAMES, EXACT, GROUP, MESSAGES, MULTI, USER

SUBS = {
    "name": "formatted familyName givenName middleName honorificPrefix honorificSuffix",
    "addresses": "formatted streetAddress locality region postalCode country type primary",
    "members": "value $ref type display",
    "manager": "value $ref displayName",
}


def discovery(world, path):
    """ServiceProviderConfig, ResourceTypes and Schemas (RFC 7643, 5 to 7), names and types only."""
    off = {"supported": False}
    if path == "ServiceProviderConfig":
        scheme = {"type": "oauthbearertoken", "name": "Bearer token", "description": "a bearer token"}
        return {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": {"supported": not world.has("patch_405")},
            "bulk": {**off, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {"supported": True, "maxResults": 1000},
            "changePassword": off,
            "sort": off,
            "etag": off,
            "authenticationSchemes": [scheme],
            "meta": {"resourceType": "ServiceProviderConfig", "location": f"{world.base}/ServiceProviderConfig"},
        }
    kinds = ["Users"] + ["Groups"] * (not world.has("no_groups"))
    if path == "ResourceTypes":
        items = [
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
                "id": kind[:-1],
                "name": kind[:-1],
                "endpoint": f"/{kind}",
                "schema": CORE[kind],
                **({"schemaExtensions": [{"schema": ENTERPRISE, "required": False}]} if kind == "Users" else {}),
            }
            for kind in kinds
        ]
    else:
        items = [schema(CORE["Users"], "User", USER), schema(ENTERPRISE, "EnterpriseUser", ENTERPRISE_NAMES)]
        items += [schema(CORE["Groups"], "Group", GROUP)] * ("Groups" in kinds)
    return {
        "schemas": [MESSAGES + "ListResponse"],
        "totalResults": len(items),
        "startIndex": 1,
        "itemsPerPage": len(items),
        "Resources": items,
    }


def schema(urn, name, attributes):
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": urn,
        "name": name,
        "attributes": [attribute(one) for one in attributes],
    }


def attribute(name, inner=False):
    subs = SUBS.get(name, "value display type primary" if name.lower() in MULTI else "")
    kind, unique = "string", "none"
    if subs and not inner:
        kind = "complex"
    elif name in ("active", "primary"):
        kind = "boolean"
    if name == "userName":
        unique = "server"
    described = {
        "name": name,
        "type": kind,
        "multiValued": name.lower() in MULTI and not inner,
        "required": name == "userName",
        "caseExact": name.lower() in EXACT,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": unique,
    }
    if kind == "complex":
        described["subAttributes"] = [attribute(sub, True) for sub in subs.split()]
    return described
