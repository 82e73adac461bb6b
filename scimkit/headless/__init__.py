"""Notebooks run without a person at the keyboard.

`runbook` reads what is to be run, `runner` runs its notebooks one after the other and ends with an exit code,
`engine` is what papermill runs each of them with, and `kernels` starts their kernels. `lab` opens the same notebooks
for a person.

papermill is imported here, before any module of this package: it loads the
engines that are registered with it, ours among them, while it is itself being
imported, and finds our module half made if that was what asked for papermill.
"""

import sys

# jsonschema imports rfc3987_syntax when it is there, which compiles its grammar for longer than the rest of papermill
# takes, to check a kind of URL that no notebook schema holds. jsonschema does without where the import fails.
if "rfc3987_syntax" not in sys.modules:
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

import papermill  # noqa: F401 - see above
