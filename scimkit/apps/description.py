"""A profile as plain text, and one row of it for the list of apps."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from scimkit.apps.facts import Fact, Sourced
from scimkit.apps.parts import AttributeRow, Decision
from scimkit.apps.profile import CAPABILITY_WORDS, AppProfile

WIDTH = 110
UNCONFIRMED = "(unconfirmed: check this in your tenant)"
MAKERS = {"admin": "the app's administrator", "vendor": "the vendor", "system": "a statement or a system account"}
EXPIRES = {"chosen": "on a date chosen when it is created", "fixed": "after a fixed time"}
_LABEL = 24  # columns of the labels at the left


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One app in the list.

    tutorial_date  of the edition the profile starts from, YYYY-MM-DD
    tenant_url     the address, or how to obtain it
    matching       the attribute by which an existing account is found, "" if not published
    groups         yes, no, not stated or unclear
    """

    name: str
    title: str
    tutorial_date: str
    tenant_url: str
    matching: str
    groups: str


def make_row(profile: AppProfile) -> CatalogueRow:
    """One row of the list of apps."""
    url = profile.tenant_url
    return CatalogueRow(
        profile.name,
        profile.title,
        profile.tutorial.date.isoformat(),
        " or ".join(str(value) for value in url.values) or {"none": "none"}.get(url.kind, f"from the {url.kind}"),
        ", ".join(profile.matching),
        str(profile.capabilities.groups),
    )


def describe(profile: AppProfile) -> str:
    """Everything `profile` says, in sections, with marks; lines of at most 110 columns.

    A mark in brackets names the source, explained at the end. Statements without a public
    source are marked as such.
    """
    groups: Iterable[str] = ()
    if profile.group_attributes:
        groups = _attributes(profile, profile.group_attributes)
    blocks = (
        _head(profile),
        _section("Gallery and tutorial", _about(profile)),
        _section("Tenant URL and token", _access(profile)),
        _section("What the app can do", _abilities(profile)),
        _section("What it needs", _needs(profile)),
        _section("User attributes", _attributes(profile, profile.attributes)),
        _section("Group attributes", groups),
        _section("Decisions", _decisions(profile)),
        _section("Step by step", _steps(profile)),
        _section("Contradictions, and what the kit does", _contradictions(profile)),
        _section("Known errors and changes", _history(profile)),
        _section("Sources", chain.from_iterable(_pair(f"[{mark[0]}]", mark[1]) for mark in profile.sources.items())),
    )
    return "\n\n".join(block for block in blocks if block) + "\n"


# -- lines ----------------------------------------------------------------------


def quoted_labels(text: str) -> str:
    """`**Save**` in plain text: "Save".

    >>> quoted_labels("choose **Admin**, then **Integrations**")
    'choose "Admin", then "Integrations"'
    """
    return text.replace("**", '"')


def marked(text: str, statement: Sourced) -> str:
    """`text` followed by the mark of its source, and a warning if nothing confirms it."""
    doubt = ""
    if not statement.confirmed:
        doubt = f" {UNCONFIRMED}"
    return f"{quoted_labels(text)} [{statement.source}]{doubt}"


def _wrap(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=True, break_on_hyphens=False
    )


def _pair(label: str, text: str) -> list[str]:
    """`label` at the left, `text` wrapped beside it."""
    if len(label) >= _LABEL:
        return [*_wrap(label, "  ", "    "), *_wrap(text, " " * (_LABEL + 2), " " * (_LABEL + 2))]
    return _wrap(text, f"  {label:<{_LABEL}}", " " * (_LABEL + 2))


def _fact(label: str, fact: Fact | None) -> list[str]:
    if fact is None:
        return []
    return _pair(label, marked(str(fact), fact))


def _bullet(text: str, indent: int = 2) -> list[str]:
    return _wrap(text, " " * indent + "- ", " " * (indent + 2))


def _address(url: str) -> Iterator[str]:
    """`url` on a separate line; a long one is broken after a slash."""
    indent = " " * 6
    line = indent
    for piece in re.findall(r"[^/]*/*", url):
        if len(line) + len(piece) > WIDTH and line.strip():
            yield line
            line = indent
        line += piece
    yield from _wrap(line, "", indent)


def _section(title: str, lines: Iterable[str]) -> str:
    body = list(lines)
    if body:
        return "\n".join([title, "-" * len(title), *body])
    return ""


# -- sections -------------------------------------------------------------------


def _head(profile: AppProfile) -> str:
    title = f"{profile.title} ({profile.name})"
    return "\n".join([title, "=" * min(len(title), WIDTH), *_wrap(profile.description, "", "")])


def _about(profile: AppProfile) -> Iterator[str]:
    tutorial, gallery = profile.tutorial, profile.gallery
    yield from _pair("tutorial", f"{tutorial.title}, {tutorial.date.isoformat()}")
    if tutorial.url:
        yield from _address(tutorial.url)
    yield from _fact("newest edition known", tutorial.newest)
    yield from _fact("protocol", profile.protocol)
    for name in gallery.names:
        yield from _fact("name in the gallery", name)
    added = {
        "gallery": "from the gallery",
        "sign_up": "by signing up at the vendor, not from the gallery's template",
        "custom": "as a custom app: it has no gallery entry",
    }
    yield from _pair("added", added[gallery.added_by])
    yield from _fact("gallery template", gallery.template)
    yield from _fact("same app as sign-on", gallery.same_app)


def _access(profile: AppProfile) -> Iterator[str]:
    url, token = profile.tenant_url, profile.token
    extra = [word for word, said in (("prefilled", url.prefilled), ("optional", url.optional)) if said]
    yield from _pair("Tenant URL", ", ".join([url.kind, *extra]))
    for value in url.values:
        when = ""
        if value.when:
            when = f" ({value.when})"
        yield from _pair("", marked(f"{value}{when}", value))
    for placeholder in url.placeholders:
        yield from _pair(f"  <{placeholder.name}>", placeholder.label)
        yield from _fact("", placeholder.note)
    yield from _fact("  example", url.example)
    yield from _fact("  note", url.note)
    yield from _pair("token", f"{token.label} ({token.method}), made by {MAKERS[token.made_by]}")
    yield from _fact("  page", token.page)
    for number, step in enumerate(token.steps, start=1):
        yield from _pair(f"  step {number}", marked(step, token))
    for edition in token.other_editions:
        yield from _pair("  other wording", marked(edition.title, edition))
        for step in edition.steps:
            yield from _pair("", quoted_labels(step))
    for method in token.other_methods:
        state = ""
        if method.withdrawn:
            state = " (withdrawn)"
        note = ""
        if method.note:
            note = f": {method.note}"
        yield from _pair("  other method", marked(f"{method.method}{state}{note}", method))
    yield from _pair("  expires", marked(EXPIRES.get(str(token.expires), str(token.expires)), token.expires))
    yield from _fact("  valid for, days", token.lifetime_days)
    yield from _fact("  overlap, hours", token.overlap)
    yield from _fact("  shown only once", token.shown_once)
    yield from _fact("  permission", token.permission)
    if token.mail:
        yield from _fact("mail to the vendor", token.mail.to)
        yield from _pair("  subject", token.mail.subject)
        for ask in token.mail.asks:
            yield from _pair("  asks", ask)
    yield from _fact("if the test fails", profile.failure_hint)
    yield from _fact("help", profile.help_contact)
    yield from _fact("error mails go to", profile.notification_recipient)


def _abilities(profile: AppProfile) -> Iterator[str]:
    for part, words in CAPABILITY_WORDS.items():
        yield from _fact(words, getattr(profile.capabilities, part))
    yield from _fact("minutes between cycles", profile.interval_minutes)
    for fact in profile.plans:
        yield from _fact("plan or edition", fact)
    for fact in profile.limits:
        yield from _fact("limit", fact)


def _needs(profile: AppProfile) -> Iterator[str]:
    for prerequisite in profile.prerequisites:
        yield from _fact("to have first", prerequisite)
    for role in profile.admin_roles:
        yield from _fact("administrator's role", role)
    roles, sign_on, seats = profile.roles, profile.single_sign_on, profile.seats
    yield from _fact("app role", roles.rule)
    if roles.names:
        yield from _pair("  roles", ", ".join(roles.names))
    if roles.one_per_user:
        yield from _pair("", "at most one role for each person")
    if roles.imported:
        yield from _pair("", "the roles are imported from the app")
    yield from _fact("  note", roles.note)
    yield from _fact("sign-on recommended", sign_on.recommended)
    yield from _fact("sign-on required first", sign_on.required_first)
    yield from _fact("accounts at sign-in", sign_on.just_in_time)
    if sign_on.url:
        yield from _pair("sign-on article", "how single sign-on is set up:")
        yield from _address(sign_on.url)
    yield from _fact("takes a seat", seats.counted)
    yield from _fact("  rule", seats.rule)
    yield from _fact("  to align", seats.align)
    yield from _fact("  assigned automatically", seats.auto_assign)


def _properties(profile: AppProfile, row: AttributeRow) -> Iterator[str]:
    """What is known about an attribute, a few words each."""
    known = (
        (row.type, True),
        ("matching", row.target in profile.matching),
        ("can be filtered", row.filterable),
        ("required", row.required),
        ("filtering not stated", row.filterable is None),
        ("whether required not stated", row.required is None),
        (f"at most {row.max_length} characters", row.max_length),
        (f"without {row.forbidden}", row.forbidden),
        ("one value only", row.single_valued),
    )
    yield from (words for words, holds in known if holds)


def _attributes(profile: AppProfile, rows: tuple[AttributeRow, ...]) -> Iterator[str]:
    if not rows:
        yield from _wrap("Not published: what the live schema shows is discovered, not documented.", "  ", "  ")
    for row in rows:
        yield from _wrap(row.target, "  ", "    ")
        yield from _wrap(marked(", ".join(_properties(profile, row)), row), "      ", "      ")
        if row.suggested_source:
            mark = f"[{row.source}]"
            if row.generic:
                mark = f"[{profile.generic_mark}] generic, not this app's"
            yield from _wrap(f"suggested source: {row.suggested_source}  {mark}", "      ", "      ")
        else:
            yield from _wrap("suggested source: none known", "      ", "      ")
        if row.note:
            yield from _wrap(marked(str(row.note), row.note), "      ", "      ")
    if rows is profile.attributes:
        yield from _fact("matching", profile.matching_note)


def _decisions(profile: AppProfile) -> Iterator[str]:
    for decision in profile.decisions:
        yield from _bullet(marked(f"{decision.key}: {decision.question}", decision))
        if decision.why:
            yield from _wrap(decision.why, "    ", "    ")
        yield from _answers(decision)


def _answers(decision: Decision) -> Iterator[str]:
    if decision.kind != "choice":
        yield from _wrap(f"answer: a {decision.kind}", "    ", "    ")
    for choice in decision.choices:
        usual = ""
        if choice.value == decision.default:
            usual = ", usual"
        yield from _wrap(f"{choice.value}{usual}: {choice.label}", "      ", "        ")
        if choice.consequence:
            sign = ""
            if choice.warning:
                sign = "warning: "
            yield from _wrap(marked(f"{sign}{choice.consequence}", choice.consequence), "        ", "        ")


def _steps(profile: AppProfile) -> Iterator[str]:
    for step in profile.journey_order:
        heading = profile.tutorial_step(step)
        title = "(not in the tutorial)"
        if heading:
            title = heading.heading
        yield from _wrap(f"{step}  {title}", "  ", "      ")
        for wording in profile.wordings_for(step):
            yield from _wrap(f"{wording.what}:", "    ", "      ")
            for generation, fact in (("older portal", wording.old), ("newer portal", wording.new)):
                if fact:
                    yield from _wrap(f"{generation}: {marked(str(fact), fact)}", "      ", "        ")
        for note in profile.notes_for(step):
            yield from _bullet(marked(f"{note.kind.replace('_', ' ')}: {note}", note), 4)
        for link in profile.links_for(step):
            yield from _bullet(marked(f"read: {link.title}", link), 4)
            yield from _address(link.url)


def _contradictions(profile: AppProfile) -> Iterator[str]:
    for item in profile.contradictions:
        number = "-"
        if item.number:
            number = f"{item.number}"
        yield from _wrap(f"{item.where}: {item.fault}", f"  {number:>2}  ", "      ")
        yield from _wrap(f"Kit: {item.kit}", "      ", "      ")


def _history(profile: AppProfile) -> Iterator[str]:
    for error in profile.vendor_errors:
        yield from _pair(error.code, marked(f"{error.meaning} {error.remedy}".rstrip(), error))
    for change in profile.changes:
        yield from _pair(change.day.isoformat(), marked(change.text, change))
