"""A `Compatibility` on a terminal: what an administrator decides by, in one screen when all is well.

The checks first, as counts; then each root cause, the worst first; one line for each piece of
advice; the verdict last, where the reader looks when the command has ended.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scimkit.views.values import visible

if TYPE_CHECKING:
    from scimkit.compatibility import Compatibility, CompatibilityRow, Finding

Line = tuple[str, str]
"""A line and how it is shown: good | doubt | bad | strong | quiet | ""."""

WIDTH = 100  # if the width of the terminal is unknown
LONGEST_MESSAGE = 300  # characters of what was sent or came back; `--json` has more
AREAS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("connection", ("auth", "media", "errors")),
    ("discovery", ("discovery",)),
    ("searching, paging", ("query", "paging")),
    ("creating, reading", ("create", "read")),
    ("changing", ("patch", "rename")),
    ("manager", ("manager",)),
    ("disabling and enabling", ("disable", "inactive", "restore")),
    ("groups and members", ("group", "member")),
    ("deleting", ("delete",)),
)
DIALECTS = (("default", "without flag"), ("aadOptscim062020", "aadOptscim062020"))
VERDICTS = {
    "works": ("Entra will work", "good"),
    "works_if": ("Entra will work if …", "doubt"),
    "fails": ("Entra will fail", "bad"),
    "unknown": ("Nothing found against it so far", "doubt"),
}
GRADES = {"fails": ("BREAKS", "bad"), "conditional": ("CONDITION", "doubt"), "advice": ("ADVICE", "strong")}
FIXERS = {"vendor": "the vendor", "administrator": "you", "both": "the vendor, or you"}
_PATCH_HEAD = '{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],'  # the same in each: left out
MOST_ROWS, MOST_CODES = 2, 6  # attributes, and checks, that are named where they are one part of a sentence
MET, OPEN = ("passed", "warning"), ("not_reached", "not_observed")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text that is wrapped to the width of the terminal. more: the indentation of the second and later lines."""

    text: str
    indent: str
    tone: str
    more: str

    def lines(self, width: int) -> Iterator[Line]:
        wrapped = textwrap.wrap(
            visible(self.text), width, initial_indent=self.indent, subsequent_indent=self.more, break_on_hyphens=False
        )
        for line in wrapped or [self.indent.rstrip()]:
            yield line, self.tone


Part = Line | Paragraph


def describe_compatibility(found: Compatibility, width: int = WIDTH) -> Iterator[Line]:
    """The whole view, line by line, none wider than `width`."""
    for part in _parts(found):
        yield from part.lines(width) if isinstance(part, Paragraph) else (part,)


def _parts(found: Compatibility) -> Iterator[Part]:
    telling = sorted(
        (finding for finding in found.findings if finding.breaks != "advice" and _counts(found, finding)),
        key=lambda finding: finding.breaks != "fails",
    )
    yield from _head(found)
    yield from _table(found.rows, written=found.written)
    for number, finding in enumerate(telling, start=1):
        yield from _finding(number, finding)
    yield from _advice([finding for finding in found.findings if finding not in telling])
    yield from _left_behind(found)
    yield from _verdict(found, telling)


def _counts(found: Compatibility, finding: Finding) -> bool:
    """Whether it is met in the dialect that will be used: the one in force, or the one that the verdict advises."""
    if any(condition.startswith(("Add the flag ", "Remove the flag ")) for condition in found.conditions):
        return True
    spoken = "default"
    if found.flag:
        spoken = "aadOptscim062020"
    return not {"both", spoken}.isdisjoint(finding.dialects)


def _head(found: Compatibility) -> Iterator[Part]:
    parts = urlsplit(found.address)
    yield f"What Entra will send to {visible(parts.netloc + parts.path)}", "strong"
    groups = "group mapping off"
    if found.mapped_groups:
        groups = f"groups by {', '.join(found.mapped_groups)}"
    whose = "default mapping of a non-gallery app"
    if found.app:
        whose = f"mapping of {found.app}"
    flag = "no flag in the Tenant URL"
    if found.flag:
        flag = "aadOptscim062020 in the Tenant URL"
    yield from _wrapped(
        f"{whose}: {len(found.mapped)} attributes, people matched by {', then '.join(found.matching)}; {groups};"
        f" {flag}",
        "  ",
        "quiet",
    )


# -- the checks, counted -----------------------------------------------------


def _table(rows: Iterable[CompatibilityRow], *, written: bool) -> Iterator[Part]:
    known = set(chain.from_iterable(themes for _, themes in AREAS))
    every = list(rows)
    other = tuple(dict.fromkeys(row.theme for row in every if row.theme not in known))
    yield "", ""
    yield f"  {'checks met':<22}" + "".join(f"{title:<24}" for _, title in DIALECTS).rstrip(), "quiet"
    areas = AREAS
    if other:
        areas = (*AREAS, ("other", other))
    for name, themes in areas:
        of_theme = [row for row in every if row.theme in themes]
        cells = [_cell_for(of_theme, dialect) for dialect, _ in DIALECTS]
        if any(text for text, _ in cells):
            tone = next((tone for tone in ("bad", "doubt") if tone in (cells[0][1], cells[1][1])), "")
            yield f"  {name:<22}" + "".join(f"{text:<24}" for text, _ in cells).rstrip(), tone
    if not written:
        yield "  – was not asked: it requires writing, which --write does in a test tenant", "quiet"


def _cell_for(rows: Iterable[CompatibilityRow], dialect: str) -> Line:
    return _cell([row for row in rows if row.dialect in (dialect, "both")])


def _cell(rows: list[CompatibilityRow]) -> Line:
    """`11 of 12`; what could not be asked is shown separately."""
    if not rows:
        return "", ""
    asked = [row for row in rows if row.outcome not in OPEN]
    if not asked:
        return "–", ""
    met = sum(row.outcome in MET for row in asked)
    left = len(rows) - len(asked)
    text, tone = f"{met} of {len(asked)}", ""
    if left and any(row.outcome == "not_reached" for row in rows):
        text += f", {left} not asked"
    if met < len(asked):
        tone = "doubt"
    return text, tone


# -- findings ----------------------------------------------------------------


def _finding(number: int, finding: Finding) -> Iterator[Part]:
    word, tone = GRADES[finding.breaks]
    yield "", ""
    unsure = ""
    if finding.certainty == "unconfirmed":
        unsure = " (unconfirmed)"
    only = _only_dialect(finding)
    if only:
        only = f" · {only} only"
    yield from _wrapped(f"{number}  {word}  {finding.title}{unsure}{only}", "", tone, more="    ")
    yield from _labelled("sent", _short(finding.sent.replace(_PATCH_HEAD, "{")))
    yield from _labelled("got", _short(finding.got))
    if _without_rows(finding.means + finding.meanwhile, finding, "") != finding.means + finding.meanwhile:
        yield from _labelled("rows", ", ".join(map(short_target, finding.rows)))
    yield from _labelled("means", _without_rows(finding.means, finding, "these rows"))
    yield from _labelled("meanwhile", _without_rows(finding.meanwhile, finding, "these"))
    yield from _labelled(
        "to fix", f"{FIXERS.get(finding.who, finding.who)}: {_without_rows(finding.remedy, finding, 'them')}"
    )
    if len(finding.explains) > 1:
        more = ""
        if len(finding.explains) > MOST_CODES:
            more = f" and {len(finding.explains) - MOST_CODES} more"
        yield from _labelled("affects", ", ".join(finding.explains[:MOST_CODES]) + more, tone="quiet")


def _only_dialect(finding: Finding) -> str:
    """The only dialect it was seen in, in words; "" if it was seen in both."""
    if len(finding.dialects) != 1:
        return ""
    return {"default": "without the flag", "aadOptscim062020": "with the flag"}.get(finding.dialects[0], "")


def _without_rows(text: str, finding: Finding, word: str) -> str:
    """`text` with a long list of attributes, which is already shown once, replaced by a word."""
    if len(finding.rows) <= MOST_ROWS:
        return text
    for order in (finding.rows, tuple(sorted(finding.rows))):
        text = text.replace(": " + ", ".join(order), "").replace(", ".join(order), word)
    return text


def short_target(target: str) -> str:
    """A target attribute in short form.

    >>> enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    >>> short_target('emails[type eq "work"].value'), short_target(f"{enterprise}:manager")
    ('emails[work].value', 'enterprise:manager')
    """
    text = re.sub(r'\[type eq "([^"]*)"\]', r"[\1]", target)
    return re.sub(r"^urn:ietf:params:scim:schemas:extension:([^:]+):[^:]+:User:", r"\1:", text)


def _advice(findings: list[Finding]) -> Iterator[Part]:
    if findings:
        yield "", ""
        yield "ADVICE  does not affect this mapping, or Entra tolerates it", "strong"
    for finding in findings:
        only = _only_dialect(finding)
        if only:
            only = f" ({only})"
        yield from _wrapped(
            f"· {finding.title}{only}. {_without_rows(finding.remedy, finding, 'them')}", "    ", "", more="      "
        )


def _labelled(label: str, text: str, *, tone: str = "") -> Iterator[Part]:
    if text:
        yield from _wrapped(text, f"    {label:<10} ", tone, more=" " * 15)


def _short(text: str) -> str:
    if len(text) <= LONGEST_MESSAGE:
        return text
    return text[:LONGEST_MESSAGE] + "…"


# -- the end -----------------------------------------------------------------


def _left_behind(found: Compatibility) -> Iterator[Part]:
    if not found.left_behind:
        return
    yield "", ""
    yield f"LEFT IN THE APP  {len(found.left_behind)} of the objects that the probe created could not be removed", "bad"
    for item in found.left_behind:
        yield f"    {item.resource_type:<7}{visible(item.name)}  {visible(item.id)}".rstrip(), ""
    yield from _wrapped(
        "Run the same command with --cleanup instead of --write, or remove them in the app manually.", "    ", ""
    )


def _verdict(found: Compatibility, telling: list[Finding]) -> Iterator[Part]:
    word, tone = VERDICTS.get(found.verdict, (found.verdict, "doubt"))
    yield "", ""
    if found.verdict == "works_if" and found.conditions:
        yield word, tone
    else:
        yield from _wrapped(found.sentence or word, "", tone)
        if found.conditions and found.verdict == "fails":
            yield "and also, where that is fixed:", ""
    for condition in found.conditions:
        yield from _wrapped(f"· {_pointed(condition, telling)}", "  ", "", more="    ")
    if found.note:
        yield from _wrapped(found.note, "", "quiet")
    met = found.outcomes
    counts = f"{sum(met.get(one, 0) for one in MET)} of {len(found.rows)} checks met, {found.requests} requests"
    made = "; nothing was written"
    if found.written:
        made = "; test people and groups were created"
        if not found.left_behind:
            made += " and removed"
    yield counts + made, "quiet"


def _pointed(condition: str, telling: list[Finding]) -> str:
    """A condition with the numbers of the findings it comes from; a long list of rows is already shown there."""
    asked = condition.rstrip(".").casefold()
    numbers = [str(number) for number, finding in enumerate(telling, start=1) if asked in finding.meanwhile.casefold()]
    for finding in telling:
        condition = _without_rows(condition, finding, "these")
    if numbers:
        return f"{condition} ({', '.join(numbers)})"
    return condition


def _wrapped(text: str, indent: str, tone: str, *, more: str | None = None) -> Iterator[Paragraph]:
    if more is None:
        more = indent
    yield Paragraph(text, indent, tone, more)
