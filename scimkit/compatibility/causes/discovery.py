"""Causes in /Schemas and its like."""

from __future__ import annotations

from scimkit.compatibility.causes.cause import ADVICE, BOTH, DROP_ROWS, KNOW, VENDOR, Cause

DISCOVERY = (
    Cause(
        code="compat.schemas_missing",
        title="/Schemas is not answered with a list",
        who=VENDOR,
        breaks=ADVICE,
        means="Only certain gallery connectors ask for it; a non-gallery job does not.",
        remedy="Answer GET /Schemas with a ListResponse of the schemas.",
        meanwhile="Nothing to change.",
        way=KNOW,
        certainty="documented",
        source="TUT",
    ),
    Cause(
        code="compat.schemas_shape",
        title="/Schemas holds nulls or misspelt words",
        who=VENDOR,
        breaks=ADVICE,
        means="Connectors that read the schema may refuse to save the configuration.",
        remedy="Leave out what has no value, and write words like readWrite as RFC 7643 does.",
        meanwhile="Nothing to change.",
        way=KNOW,
        certainty="documented",
        source="TUT",
    ),
    Cause(
        code="compat.target_not_in_schema",
        title="A mapped attribute is not among the endpoint's schemas",
        who=BOTH,
        breaks=ADVICE,
        means="What the schema does not list may be dropped on arrival: {rows}.",
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
        means="No source says that the provisioning service asks for them; the gallery demands them.",
        remedy="Offer both.",
        meanwhile="Nothing to change.",
        way=KNOW,
        certainty="documented",
        source="App Gallery validation checklist",
    ),
)
