"""How certain a finding is: documented, seen in the field, or (unconfirmed). Part of the `source` of its check."""

from __future__ import annotations

from scimkit.mapping.findings import Mark

# Microsoft's pages, by their titles.
CUSTOMIZE = "Customize attribute mappings"
HOW = "How application provisioning works"
KNOWN = "Known issues for provisioning"
LOGS = "How to analyze the provisioning logs"
REFERENCE = "Reference for writing expressions for attribute mappings"
GRAPH_MAPPING = "Graph reference, attributeMapping"
TUTORIAL = "the app's tutorial, step 5"

MARKS = {"documented": "documented", "seen": "seen", "unconfirmed": "(unconfirmed)"}


def marked(mark: Mark, where: str) -> str:
    """The source of a check.

    >>> marked("seen", "snipe-it issue 11913")
    'seen: snipe-it issue 11913'
    """
    return f"{MARKS[mark]}: {where}"


def documented(where: str) -> str:
    return marked("documented", where)


def seen(where: str) -> str:
    return marked("seen", where)


def unconfirmed(where: str) -> str:
    return marked("unconfirmed", where)
