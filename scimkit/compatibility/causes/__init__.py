"""Every root cause the probe can name, as data: one file per theme, with everything about a cause in its entry.

One cause is one thing to fix, however many checks it affects.
"""

from __future__ import annotations

from scimkit.compatibility.causes.cause import Cause
from scimkit.compatibility.causes.connection import CONNECTION
from scimkit.compatibility.causes.creation import CREATION
from scimkit.compatibility.causes.delete import DELETE
from scimkit.compatibility.causes.disable import DISABLE
from scimkit.compatibility.causes.discovery import DISCOVERY
from scimkit.compatibility.causes.groups import GROUPS
from scimkit.compatibility.causes.manager import MANAGER
from scimkit.compatibility.causes.members import MEMBERS
from scimkit.compatibility.causes.patch import PATCH
from scimkit.compatibility.causes.queries import QUERIES

CAUSES: dict[str, Cause] = {
    cause.code: cause
    for cause in (*CONNECTION, *QUERIES, *DISCOVERY, *CREATION, *PATCH, *MANAGER, *DISABLE, *DELETE, *GROUPS, *MEMBERS)
}
"""By code, in the order in which they are reported."""

__all__ = ["CAUSES", "Cause"]
