"""A view as HTML: semantic, escaped, without script, random id or outside request.

Every text goes through jinja2's autoescape and through `visible`. In JupyterLab
the colours are the theme's own (`--jp-…`), elsewhere the fallbacks; the words
say everything that the colours say.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from scimkit.views.document import STATUS_SYMBOLS, CheckList, Pairs, Table, View, count_statuses, status_words
from scimkit.views.values import visible

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    """The one place where templates are read; escaping is on for all of them."""
    import jinja2

    env = jinja2.Environment(
        loader=jinja2.PackageLoader("scimkit.views"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    env.filters.update(
        visible=lambda text: visible(str(text)), status_words=status_words, count_statuses=count_statuses
    )
    env.globals.update(symbols=STATUS_SYMBOLS, kind_of=_kind_of)
    return env


def _kind_of(block: Any) -> str:
    return {Pairs: "pairs", Table: "table", CheckList: "checks"}[type(block)]


def render_html(view: View) -> str:
    """The view as one `<div class="scimkit">` with its own few styles."""
    return environment().get_template("view.html").render(view=view, style=style("view.css")).strip()


def style(name: str) -> str:
    """The text of a style sheet that goes into a page."""
    env = environment()
    assert env.loader is not None
    return env.loader.get_source(env, name)[0].strip()
