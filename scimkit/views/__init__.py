"""Records as HTML and as text, from one description; no widgets, no scripts.

A record is described once (`kinds`, and a module for each large one) in the words of `document`: headings, tables,
checks, lines. `markup` and `plain_text` write that description as HTML and as text, and `display` tells IPython which
classes to show this way. Records themselves do not know about it.
"""

from __future__ import annotations

from scimkit.views.display import register, to_html, to_text
from scimkit.views.kinds import describe, describe_kind
from scimkit.views.markup import render_html
from scimkit.views.plain_text import render_text

__all__ = ["describe", "describe_kind", "register", "render_html", "render_text", "to_html", "to_text"]
