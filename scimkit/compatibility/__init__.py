"""Does this endpoint understand what Entra will send?

`scimkit check` asks it: by reading, and with `--write` by creating test people and groups, changing them as Entra
would, reading each change back and removing them. What does not work is traced to a root cause, with what it breaks
and whom to ask.

probe       all of it, in its order
catalogue   every check, and what it needs first
checks/     the checks themselves, one file a theme
causes/     every root cause, one file a theme
trial       one probe under way: results, learned, and what was created
read_back   changing a person, and judging the change by reading it back
endpoint    asking, counted and limited; removing what was created
findings    the rows of a probe by root cause
verdict     the word on the whole
objects, test_people, probed_mapping    the test people and groups, made by the mapping that is asked for
"""

from scimkit.compatibility.causes import CAUSES, Cause
from scimkit.compatibility.probe import Terms, probe_compatibility
from scimkit.compatibility.probed_mapping import Mapped, default_mapped, mapped_for, mapped_of
from scimkit.compatibility.record import Compatibility, CompatibilityRow, Finding, LeftBehind

__all__ = [
    "CAUSES", "Cause", "Compatibility", "CompatibilityRow", "Finding", "LeftBehind", "Mapped", "Terms",
    "default_mapped", "mapped_for", "mapped_of", "probe_compatibility",
]  # fmt: skip
