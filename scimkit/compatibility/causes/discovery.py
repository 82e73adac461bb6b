"""Causes in /Schemas and its like."""

from __future__ import annotations

from scimkit.compatibility.causes.cause import ADVICE, BOTH, DROP_ROWS, KNOW, VENDOR, Cause

DISCOVERY = (
    Cause(
        code="compat.schemas_missing",
        title="/Schemas does not return a list",
        who=VENDOR,
        breaks=ADVICE,
        means="Only certain gallery connectors request it; a non-gallery job does not.",
        remedy="Return a ListResponse of the schemas for GET /Schemas.",
        meanwhile="Nothing to change.",
        way=KNOW,
        certainty="documented",
        source="TUT",
    ),
    Cause(
        code="compat.schemas_shape",
        title="/Schemas contains nulls or misspelt words",
        who=VENDOR,
        breaks=ADVICE,
        means="Connectors that read the schema may refuse to save the configuration.",
        remedy="Leave out what has no value, and spell words such as readWrite as RFC 7643 does.",
        meanwhile="Nothing to change.",
        way=KNOW,
        certainty="documented",
        source="TUT",
    ),
    Cause(
        code="compat.target_not_in_schema",
        title="A mapped attribute is not in the endpoint's schemas",
        who=BOTH,
        breaks=ADVICE,
        means="Attributes that the schema does not list may be dropped on arrival: {rows}.",
        remedy="List every attribute that can be written.",
        meanwhile="Check the spelling of {rows} in the mapping.",
        way=DROP_ROWS,
        certainty="documented",
        source="TUT",
    ),
    Cause(
        code="compat.discovery_missing",
        title="/ServiceProviderConfig or /ResourceTypes is missing",
        who=VENDOR,
        breaks=ADVICE,
        means="No source says that the provisioning service requests them; the gallery requires them.",
        remedy="Offer both.",
        meanwhile="Nothing to change.",
        way=KNOW,
        certainty="documented",
        source="App Gallery validation checklist",
    ),
)
