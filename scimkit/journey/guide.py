"""What an app's sources say about one step: the tutorial's heading, clicks, warnings and links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain

from scimkit.apps.facts import split_marks
from scimkit.apps.profile import AppProfile

PORTAL_LABEL = re.compile(r"\*\*(.+?)\*\*")  # how a profile marks a label of a portal


@dataclass(frozen=True, slots=True)
class GuideLine:
    """One line. kind: do, know, careful, check, later, address, old portal, new portal, read.
    confirmed: false if no public source proves it."""

    kind: str
    text: str
    source: str
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class StepGuide:
    """Everything the sources of `app` say about `step`, in the order of use.

    sources  the meaning of each mark in `lines`
    """

    app: str
    step: str
    heading: str
    url: str
    lines: tuple[GuideLine, ...]
    sources: Mapping[str, str]


_KINDS = {"instruction": "do", "advice": "know", "warning": "careful", "check": "check", "follow_up": "later"}


def make_guide(app: AppProfile, step: str) -> StepGuide:
    """The guide to one step. Empty lines if the sources say nothing about it.

    >>> from scimkit.apps import load
    >>> make_guide(load("oreilly"), "4_scope").heading
    'Step 4: Define who will be in scope for provisioning'
    """
    own = app.tutorial_step(step)
    url = app.tutorial.url or ""
    lines = [GuideLine(_KINDS[note.kind], str(note), note.source, note.confirmed) for note in app.notes_for(step)]
    if step == "2_token":
        lines = [*(GuideLine("do", text, app.token.source) for text in app.token.steps), *lines]
        for edition in app.token.other_editions:
            lines += [GuideLine("do", f"{edition.title}: {text}", edition.source) for text in edition.steps]
    if step == "5a_connection" and app.tenant_url.kind != "fixed":
        lines = [*_addresses(app), *lines]
    if step == "5a_connection" and app.failure_hint.stated:
        hint = app.failure_hint
        lines.append(GuideLine("know", f"If “Test Connection” fails: {hint}", hint.source, hint.confirmed))
    for wording in app.wordings_for(step):
        if wording.new:
            lines += [GuideLine("new portal", f"{wording.what}: {wording.new}", wording.new.source)]
        if wording.old:
            lines += [GuideLine("old portal", f"{wording.what}: {wording.old}", wording.old.source)]
    lines += [GuideLine("read", f"{link.title}\n{link.url}", link.source) for link in app.links_for(step)]
    plain = tuple(replace(line, text=PORTAL_LABEL.sub(r"“\1”", line.text)) for line in lines)
    marks = dict.fromkeys(chain.from_iterable(split_marks(line.source) for line in plain))
    heading = ""
    if own:
        heading = own.heading
        url = url and f"{url}#{own.anchor}"
    return StepGuide(
        app.title,
        step,
        heading,
        url,
        plain,
        {mark: app.sources[mark] for mark in marks if mark in app.sources},
    )


def _addresses(app: AppProfile) -> list[GuideLine]:
    """Which Tenant URL is right, if that depends on the customer."""
    url = app.tenant_url
    usual = ""
    if url.kind == "choice":
        usual = "; used if none is chosen"
    lines = []
    for number, value in enumerate(url.values):
        when = ""
        if value.when:
            when = f" ({value.when})"
        lines.append(
            GuideLine("address", f"{value}{when}{usual if number == 0 else ''}", value.source, value.confirmed)
        )
    return lines + ([GuideLine("address", str(url.note), url.note.source, url.note.confirmed)] if url.note else [])
