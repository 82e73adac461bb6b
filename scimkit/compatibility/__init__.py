"""Does this endpoint understand what Entra will send?

`scimkit check` tests it: by reading, and with `--write` by creating test people and groups, changing them as Entra
would, reading each change back and removing them. Every failure is traced to a root cause, with its consequences and
who can fix it.

probe       the whole probe, in its order
catalogue   every check, and what it needs first
checks/     the checks themselves, one file per theme
causes/     every root cause, one file per theme
trial       one probe in progress: results, learned facts, and created objects
read_back   changing a person, and judging the change by reading it back
endpoint    requests, counted and limited; removing what was created
findings    the rows of a probe by root cause
verdict     the overall verdict
objects, test_people, probed_mapping    the test people and groups, created by the mapping under test
"""

from scimkit.compatibility.causes import CAUSES, Cause
from scimkit.compatibility.probe import Terms, probe_compatibility
from scimkit.compatibility.probed_mapping import Mapped, default_mapped, mapped_for, mapped_of
from scimkit.compatibility.record import Compatibility, CompatibilityRow, Finding, LeftBehind

__all__ = [
    "CAUSES", "Cause", "Compatibility", "CompatibilityRow", "Finding", "LeftBehind", "Mapped", "Terms",
    "default_mapped", "mapped_for", "mapped_of", "probe_compatibility",
]  # fmt: skip
