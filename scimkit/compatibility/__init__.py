"""Does this endpoint understand what Entra will send?

`scimkit check` asks it: by reading, and with `--write` by creating test people and groups, changing them as Entra
would, reading each change back and removing them. What does not work is traced to a root cause, with what it breaks
and whom to ask.

causes      every root cause, as data
probed_mapping    the mapping it is asked for
test_people       the test people, made by that mapping
endpoint    asking, counted and limited; removing what was made
catalogue   every check, and what it needs first
trial       making checks, and what is known so far
making, narrowing    the people and groups of a probe, and what of them is refused
reading, creating, matching, changing, messages, managing, grouping,
membership, renaming, switching, deleting            the checks
verdict     findings by root cause, and the word on the whole
probe       all of it
"""

from scimkit.compatibility.causes import CAUSES, Cause
from scimkit.compatibility.probe import probe_compatibility
from scimkit.compatibility.probed_mapping import Mapped, default_mapped, mapped_for, mapped_of
from scimkit.compatibility.record import Compatibility, CompatibilityRow, Finding, LeftBehind

__all__ = [
    "CAUSES", "Cause", "Compatibility", "CompatibilityRow", "Finding", "LeftBehind", "Mapped",
    "default_mapped", "mapped_for", "mapped_of", "probe_compatibility",
]  # fmt: skip
