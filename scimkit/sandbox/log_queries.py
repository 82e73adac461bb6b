"""Graph: the provisioning log."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scimkit.sandbox.applications import world_of
from scimkit.sandbox.envelope import bad_request
from scimkit.sandbox.odata import options, page, read_filter

TEXT = ("eq", "contains")
FILTERS: dict[str, tuple[str, ...]] = {
    "activityDateTime": ("eq", "gt", "lt", "ge", "le"),
    **{name: TEXT for name in ("id", "changeId", "cycleId", "jobId", "tenantId", "provisioningAction")},
    **{f"servicePrincipal/{name}": TEXT for name in ("id", "displayName")},
    **{f"sourceIdentity/{name}": TEXT for name in ("id", "displayName", "identityType")},
    **{f"targetIdentity/{name}": TEXT for name in ("id", "displayName", "identityType")},
    **{f"{end}System/displayName": TEXT for end in ("source", "target")},
}


OPEN = {"id", "jobId", "activityDateTime"}  # what can be told without unpacking an entry


async def provisioning(request: Request) -> Response:
    """Filters are case-sensitive; newest first only on request."""
    world = world_of(request)
    query = options(request, ("$filter", "$orderby", "$top", "$skiptoken"))
    entries = list(world.logs.entries)
    if "$filter" in query:
        test = read_filter(query["$filter"], FILTERS, fold=False)
        inside = not OPEN.issuperset(name for name in FILTERS if re.search(rf"\b{name}\b", query["$filter"]))
        entries = [entry for entry in entries if test(entry.graph() if inside else entry.outline())]
    order = query.get("$orderby", "activityDateTime")
    if order not in ("activityDateTime", "activityDateTime asc", "activityDateTime desc"):
        raise bad_request(f"Sorting not supported for property '{order}'.", "BadRequest")
    if order.endswith("desc"):
        entries.reverse()
    answer = page(request, world.origin, "auditLogs/provisioning", entries, query, most=1000)
    return JSONResponse(answer | {"value": [entry.graph() for entry in answer["value"]]})


def routes() -> list[Route]:
    return [Route("/auditLogs/provisioning", provisioning)]
