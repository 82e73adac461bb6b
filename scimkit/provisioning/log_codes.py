"""The codes of the provisioning log that do not come from a target's answer, and when the service writes each.

From "How to download and analyze the provisioning logs". `refusals` has the codes for a target's answers.
"""

from __future__ import annotations

from typing import Final

IMPORT_SKIPPED: Final = "ImportSkipped"
"""No matching attribute has a value."""

ENTRY_SKIPPED: Final = "EntrySynchronizationSkipped"
"""Out of scope, or the settings allow no such write."""

REDUNDANT_EXPORT: Final = "RedundantExport"
"""The account already has every value."""

INVALID_ANCHOR: Final = "InvalidAnchor"
"""The linked account no longer exists in the target."""

DUPLICATE_SOURCE: Final = "DuplicateSourceEntries"
"""Another person in Entra has the same matching value."""

DUPLICATE_TARGET: Final = "DuplicateTargetEntries"
"""Several accounts in the target have the matching value."""

MISSING_REQUIRED: Final = "MandatoryFieldsMissing"
"""A required attribute has no value."""

SINGLE_VALUE_ONLY: Final = "SchemaPropertyCanOnlyAcceptValue"
"""An expression returns several values for an attribute that can have only one."""

INTERNAL_ERROR: Final = "InternalError"
"""The provisioning service itself failed."""

UNRESOLVED_REFERENCE: Final = "UnableToResolveReferenceAttributeValue"
"""A manager or member has no linked account in scope."""

SKIP_CODES = frozenset({IMPORT_SKIPPED, ENTRY_SKIPPED})
"""The codes of objects the service passes over before it compares any value."""
