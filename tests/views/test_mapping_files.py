"""A mapping kept, compared and put back, as HTML and as text."""

from __future__ import annotations

from typing import Any

import pytest

from scimkit.mapping import MappingRow, ObjectMapping
from scimkit.mapping.changes import MappingSide, compare_mapping
from scimkit.mapping.rows import ALL_ACTIONS
from scimkit.views import describe, describe_kind, render_html, render_text

EVIL = "<img src=x onerror=alert(1)>\u202e"


def users(*rows: MappingRow) -> ObjectMapping:
    return ObjectMapping("Users", "User", "urn:x", True, ALL_ACTIONS, (), rows)


NAME, TITLE = MappingRow("userName", "[mail]", "Direct", matching=1), MappingRow("title", f'"{EVIL}"', "Constant")


def view(before: ObjectMapping, after: ObjectMapping) -> Any:
    return describe(compare_mapping(MappingSide("live", (before,)), MappingSide("wanted.toml", (after,))))


def test_differences_are_read_in_both_forms() -> None:
    """Object, attribute, what and both texts; what a tenant holds is escaped and its tricks spelled out."""
    shown = view(users(NAME), users(MappingRow("userName", "[userPrincipalName]", "Direct", matching=1), TITLE))
    text, html = render_text(shown), render_html(shown)

    assert "From live to wanted.toml: 2 differences." in text
    assert "changed: source" in text
    assert "[userPrincipalName]" in text
    assert "<img" not in html
    assert "&lt;img" in html
    assert "\u202e" not in html + text


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ((NAME, TITLE), "live and wanted.toml have the same content."),
        ((TITLE, NAME), "live and wanted.toml have the same content, in another order."),
    ],
)
def test_the_same_is_said(after: tuple[MappingRow, ...], words: str) -> None:
    """Nothing differs, or the order alone, which is told apart and changes nothing."""
    text = render_text(view(users(NAME, TITLE), users(*after)))

    assert words in text
    assert "Differences: none" in text
    assert ("In another order, which changes nothing" in text) == ("another order" in words)


@pytest.mark.parametrize("kind", ["MappingBackup", "MappingComparison", "RestoreForecast", "MappingRestore"])
def test_missing_fields_are_survived(kind: str) -> None:
    """A record of another version is shown as far as it goes."""
    assert describe_kind(kind, {}).title
    assert render_text(describe_kind(kind, {}))
    assert render_html(describe_kind(kind, {}))


def test_what_was_put_back() -> None:
    """What was written, who left the scope, and where the mapping from before lies."""
    person = {
        "id": "1",
        "user_principal_name": "jose@contoso.example",
        "display_name": "José",
        "mail": "",
        "enabled": True,
        "kind": "Member",
        "synced": False,
    }
    data = {
        "job_id": "j",
        "title": "wanted.toml",
        "from_version": "v1.0",
        "to_version": "v1.1",
        "before_file": "mapping.before.toml",
        "started": True,
        "changes": [{"place": "User title source", "before": "[a]", "after": "[b]"}],
        "left_scope": [person],
        "checks": [],
    }

    text = render_text(describe_kind("MappingRestore", data))

    for words in (
        "1 difference written",
        "User title source",
        "José <jose@contoso.example>",
        "v1.0 to v1.1",
        "mapping.before.toml",
    ):
        assert words in text


def test_who_would_leave() -> None:
    """Each person with the reason, groups by name; where nothing was looked at, that is said instead of nobody."""
    ada = {
        "id": "1",
        "user_principal_name": "ada@contoso.example",
        "display_name": "Ada",
        "mail": "",
        "enabled": True,
        "kind": "Member",
        "synced": False,
    }
    data = {
        "made": True,
        "leavers": [{"person": ada, "reason": "fails the scoping filters"}],
        "groups": ["Learners"],
        "threshold": 5,
        "keeps_leavers": False,
        "checks": [],
    }

    text = render_text(describe_kind("RestoreForecast", data))

    assert "Ada <ada@contoso.example>  fails the scoping filters" in text
    assert "Learners" in text
    assert "nothing to check" in render_text(describe_kind("RestoreForecast", {**data, "made": False}))
    assert "or disabled: none" in render_text(describe_kind("RestoreForecast", {**data, "leavers": []}))
