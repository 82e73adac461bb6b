"""A view as HTML: semantic, escaped, without script, random id or outside request.

Every string goes through jinja2's autoescape and through `visible`. In JupyterLab
the colours are the theme's own (`--jp-…`), elsewhere the fallbacks; the words
say everything that the colours say.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from scimkit.credentials import REDACTOR
from scimkit.views.document import (
    STATUS_SYMBOLS,
    CheckList,
    Pairs,
    Table,
    View,
    count_statuses,
    first_checks,
    status_words,
)
from scimkit.views.values import visible

if TYPE_CHECKING:
    from jinja2 import Environment

_LONG, _UNBROKEN = 24, 48  # letters: longer words end a line at a joint; what has none in that many, anywhere
_WORD, _UNJOINED = re.compile(rf"\S{{{_LONG + 1},}}"), re.compile(rf"\S{{{_UNBROKEN + 1},}}")
_JOINT = re.compile(r"(?<=\w[:/,;?&=(])(?=\w)")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


@cache
def environment() -> Environment:
    """The only place where templates are read; escaping is on for all of them."""
    import jinja2

    env = jinja2.Environment(
        loader=jinja2.PackageLoader("scimkit.views"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    env.filters.update(
        visible=lambda text: visible(str(text)),
        status_words=status_words,
        count_statuses=count_statuses,
        first_checks=first_checks,
        parts=_parts,
        line_class=_line_class,
    )
    env.globals.update(symbols=STATUS_SYMBOLS, kind_of=_kind_of)
    return env


def _parts(text: str) -> list[str]:
    """A string in the parts between which a line may break: `urn:…:User:` and then `manager`,
    rather than in the middle of a word or nowhere at all.

    text  without control characters (`visible`)

    >>> _parts("userName eq a"), _parts("/apps/oreilly/v2/Users?filter=active")
    (['userName eq a'], ['/apps/', 'oreilly/', 'v2/', 'Users?', 'filter=', 'active'])
    """
    whole = REDACTOR.text(text)  # before it is broken: a secret in pieces cannot be found
    return _WORD.sub(lambda word: _JOINT.sub("\0", word[0]), whole).split("\0")


def _line_class(parts: list[str]) -> str:
    """How a line may break where this is unusual: nowhere in a time, anywhere in an endless word."""
    if len(parts) == 1 and _TIME.fullmatch(parts[0]):
        return "sk-time"
    if any(_UNJOINED.search(part) for part in parts):
        return "sk-anywhere"
    return ""


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
