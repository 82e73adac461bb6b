"""An executed notebook as one HTML page that makes no request to another server."""

from __future__ import annotations

import functools
import re
from typing import Any

from nbformat import NotebookNode

# scripts and fonts that nbconvert's page would fetch when it is opened
_REMOTE = (
    "require_js_url",
    "mathjax_url",
    "mermaid_js_url",
    "mermaid_layout_elk_js_url",
    "jquery_url",
    "widget_renderer_url",
)

# the link to the next step, as a notebook ends with it: beside a page lies the next page
_NEXT = re.compile(r'<a href="(\w+)\.ipynb">\1\.ipynb</a>')


@functools.cache
def _exporter() -> Any:
    """One for all pages of a process: compiling its templates takes half the time of a page."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    config = Config(
        {
            "HTMLExporter": {"exclude_input_prompt": True, "exclude_output_prompt": True},
            "TagRemovePreprocessor": {"enabled": True, "remove_input_tags": {"hide-input"}},
        }
    )
    return HTMLExporter(config=config, **dict.fromkeys(_REMOTE, ""))  # as arguments: some of them take no config


def render_page(notebook: NotebookNode, title: str) -> str:
    """The page for `notebook`, which no longer contains secrets or widget state. Cells tagged
    `hide-input` show only their output."""
    page, _ = _exporter().from_notebook_node(notebook, resources={"metadata": {"name": title}})
    return _NEXT.sub(r'<a href="\1.html">\1</a>', str(page))
