"""pytest plugin, loaded with -p before all others: one import less.

`import jsonschema` imports rfc3987_syntax where it is installed, which compiles
a grammar for a second; it is guarded there, so it may be absent. nbformat,
papermill and nbval all pay for it in every process.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
