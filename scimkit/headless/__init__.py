"""Running notebooks without interaction.

`runbook` reads a runbook, `runner` runs its notebooks one after the other and ends with an exit code,
papermill runs each of them with `engine`, and `kernels` starts their kernels. `lab` opens the same notebooks
for a person.

papermill is imported here, before any module of this package. While it is being imported it loads the
engines registered with it, including ours, and would find our module half initialised if that module
had imported papermill.
"""

import sys

# jsonschema imports rfc3987_syntax when it is there, which compiles its grammar for longer than the rest of papermill
# takes, to check a kind of URL that no notebook schema contains. If the import fails, jsonschema works without it.
if "rfc3987_syntax" not in sys.modules:
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

import papermill  # noqa: F401 - see above
