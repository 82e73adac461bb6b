"""The HTML form: escaped, without script, random id or outside request."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from scimkit.credentials import REDACTOR, Secret
from scimkit.views import describe_kind, render_html
from scimkit.views.plain_text import render_text

HOSTILE = "<script>alert('x')</script> & \"quoted\" {{ 7*7 }} \u202eevil\x07 </style>"


class Tags(HTMLParser):
    """Collects tags, attributes and text, and checks that what opens also closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("br", "meta", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _poisoned(value: Any) -> Any:
    if isinstance(value, dict):
        # the words a view looks up by name stay, everything a server could have said is replaced
        return {key: item if key in ("status", "kind") else _poisoned(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_poisoned(item) for item in value]
    if isinstance(value, str):
        return HOSTILE
    return value


def test_html_is_well_formed_and_quiet(kind_and_data: tuple[str, dict[str, Any]]) -> None:
    """Only tables, paragraphs and marks: no script, link, image, id or handler."""
    page = Tags(render_html(describe_kind(*kind_and_data)))
    drawn = "div style p table caption thead tbody tr th td span code br wbr em b a"

    assert page.tags <= set(drawn.split())
    assert page.attributes <= {"class", "scope", "aria-hidden", "href", "target", "rel"}


def test_hostile_values_are_only_text(kind_and_data: tuple[str, dict[str, Any]]) -> None:
    """Markup, quotes, templates and control characters from outside arrive as text."""
    kind, data = kind_and_data
    html = render_html(describe_kind(kind, _poisoned(data)))

    page = Tags(html)

    assert "script" not in page.tags
    assert "49" not in page.text
    assert "\u202e" not in html
    assert "\x07" not in html
    assert "\\u202eevil\\u0007" in page.text
    assert "<script>alert('x')</script> & \"quoted\"" in page.text


def test_hostile_names_of_fields_are_only_text() -> None:
    """The keys of a dict come from outside as well."""
    page = Tags(render_html(describe_kind("Scope", {"checks": [], "filters": [{HOSTILE: HOSTILE}]})))
    assert "script" not in page.tags
    assert "<script>" in page.text


@pytest.mark.parametrize("status", ["passed", "warning", "failed", "not_reached", "not_observed"])
def test_a_status_has_a_symbol_and_a_word(status: str) -> None:
    """Nobody needs to see colours to read a check."""
    html = render_html(describe_kind("Check", {"code": "a.b", "status": status, "message": "m", "remedy": "r"}))
    text = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    assert re.search(rf'aria-hidden="true" class="sk-symbol">[✓!✗·?]</span> {status.replace("_", " ")}</span>', text)


def test_html_asks_nothing_of_the_network(kind_and_data: tuple[str, dict[str, Any]]) -> None:
    """No import, no url() and no attribute that loads anything."""
    html = render_html(describe_kind(*kind_and_data))
    assert not re.search(r"@import|url\(|src=", html)


def test_only_an_https_address_of_a_profile_is_a_link(records: dict[str, dict[str, Any]]) -> None:
    """A click leads to the tutorial, never where a server wants; no other scheme becomes a link."""
    guide = records["StepGuide"]
    assert 'href="https://learn.example/tutorial#step-5"' in render_html(describe_kind("StepGuide", guide))
    for url in ("javascript:alert(1)", "data:text/html,x", "http://x.example", '"onclick="x'):
        assert "href" not in render_html(describe_kind("StepGuide", {**guide, "url": url}))

    said = {
        "kind": "address",
        "text": "https://app.example/scim (for some); used if none is chosen",
        "source": "kit",
    }
    assert "href" not in render_html(describe_kind("StepGuide", {**guide, "url": "", "lines": [said]}))
    assert not any(
        "href" in render_html(describe_kind(kind, data)) for kind, data in records.items() if kind != "StepGuide"
    )


def test_a_page_does_not_grow_with_the_directory() -> None:
    """Of thousands of findings the worst are drawn, all are counted; a message names no thousands of people."""
    many = [{"code": "a.b", "status": "warning", "message": f"person {n}"} for n in range(5000)]
    people = ", ".join(f"person{n}@contoso.example" for n in range(5000))
    checks = [*many, {"code": "a.worst", "status": "failed", "message": f"taken over: {people}"}]

    html = render_html(describe_kind("Scope", {"checks": checks}))

    assert len(html) < 60_000
    assert "1 failed, 5000 warnings" in html
    assert "… and 4801 more" in html
    assert html.index("a.worst") < html.index("person 0<")
    assert "more characters are in the record" in html

    text = render_text(describe_kind("Scope", {"checks": checks}))
    assert len(text) < 30_000
    assert "… and 4801 more" in text


@pytest.mark.parametrize("kind", ["Scope", "ChangePlan"])
def test_a_secret_is_not_hidden_by_where_a_line_breaks(kind: str) -> None:
    """A token with joints in it, sent back by a server: cleaned as a whole, before it is broken into parts."""
    token = "tok:en/" + "x9/y8=z7:" * 12
    REDACTOR.register(Secret(token, label="planted"))
    try:
        said = f"{'long ' * 200}the server said {token} and more {token}"
        data: dict[str, dict[str, Any]] = {
            "Scope": {"checks": [{"code": "a.b", "status": "failed", "message": said[980:], "remedy": said}]},
            "ChangePlan": {
                "summary": said,
                "changes": [{"action": token, "object": said, "before": token, "after": said}],
            },
        }
        for shown in (render_html(describe_kind(kind, data[kind])), render_text(describe_kind(kind, data[kind]))):
            joined = re.sub(r"<[^>]*>|\s", "", REDACTOR.text(shown))  # as the kernel cleans what it sends
            assert "x9/y8=z7:x9/y8" not in joined.replace("&#x2F;", "/").replace("&#61;", "="), shown[-400:]
            assert "the server said" in shown or "theserversaid" in joined
    finally:
        REDACTOR.clear()


def test_an_endless_word_in_a_sentence_stays_in_its_column() -> None:
    """What is confirmed must not run out of sight: a plan's texts break where a code would."""
    after = "create: urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department = Sales"
    html = render_html(
        describe_kind(
            "ChangePlan", {"changes": [{"action": "provision", "object": "x" * 90, "before": "", "after": after}]}
        )
    )

    assert ">create: urn:<wbr>ietf:<wbr>params:" in html
    assert "User:<wbr>department = Sales</td>" in html
    assert f'<span class="sk-anywhere">{"x" * 90}</span>' in html


@pytest.mark.parametrize(
    ("code", "drawn"),
    [
        ("userName", "<code>userName</code>"),
        ("[extensionAttribute15]", "<code>[extensionAttribute15]</code>"),
        ("urn:ietf:params:scim:schemas:extension:User:manager", "schemas:<wbr>extension:<wbr>User:<wbr>manager</code>"),
        (
            'Switch([IsSoftDeleted], , "False", "True")',
            "<code>Switch([IsSoftDeleted], , &#34;False&#34;, &#34;True&#34;)</code>",
        ),
        ("x" * 60, '<code class="sk-anywhere">' + "x" * 60),
        ("a:<wbr>" * 6, "a:&lt;wbr&gt;a:"),
        ("2026-03-02T09:06:36Z", '<code class="sk-time">2026-03-02T09:06:36Z</code>'),
    ],
)
def test_a_code_breaks_where_its_parts_join(code: str, drawn: str) -> None:
    """Never in the middle of a word, unless the word is longer than any column."""
    ids = {"service_principal_id": code}
    assert drawn in render_html(describe_kind("EnterpriseApp", ids))


def test_html_is_deterministic(kind_and_data: tuple[str, dict[str, Any]]) -> None:
    """Strict nbval can compare it."""
    assert render_html(describe_kind(*kind_and_data)) == render_html(describe_kind(*kind_and_data))


def test_both_themes_are_followed(records: dict[str, dict[str, Any]]) -> None:
    """Every colour is JupyterLab's own, with a fallback for other places."""
    style = render_html(describe_kind("Scope", records["Scope"])).split("</style>")[0]
    assert all(f"var(--jp-{name}, " in style for name in ("content-font-color1", "border-color2", "error-color1"))
