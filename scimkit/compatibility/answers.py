"""What the answer to a query says."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from scimkit.compatibility.endpoint import Reply


def nobody() -> str:
    """A value that cannot exist."""
    return str(uuid.uuid4())


def resources_of(reply: Reply) -> list[Mapping[str, Any]] | None:
    """The resources of a list; None if the answer is not a list.

    `Resources` may be missing if nothing was found (RFC 7644, 3.4.2).
    """
    body = reply.json
    if reply.status != 200 or not isinstance(body, dict):
        return None
    items = body.get("Resources")
    if items is None:
        if body.get("totalResults") == 0:
            return []
        return None
    if isinstance(items, list):
        return [item for item in items if isinstance(item, dict)]
    return None


def ids_of(reply: Reply) -> list[str]:
    return [str(item.get("id")) for item in resources_of(reply) or ()]


def total_of(reply: Reply) -> int | None:
    total = None
    if isinstance(reply.json, dict):
        total = reply.json.get("totalResults")
    if isinstance(total, int) and not isinstance(total, bool):
        return total
    return None


def is_empty(reply: Reply) -> bool:
    """Whether the answer is the expected one for a search without a match: totalResults is present and 0 (E01)."""
    return resources_of(reply) == [] and total_of(reply) == 0
