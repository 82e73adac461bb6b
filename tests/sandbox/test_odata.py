from __future__ import annotations

import pytest

from scimkit.sandbox.envelope import GraphError
from scimkit.sandbox.odata import read_filter

ITEMS = [
    {"displayName": "O'Reilly", "enabled": True, "servicePrincipal": {"id": "1"}, "time": "2026-03-02T09:00:00Z"},
    {"displayName": "Thrive", "enabled": False, "servicePrincipal": {"id": "2"}, "time": "2026-03-02T10:00:00Z"},
]
ALLOWED = {
    "displayName": ("eq", "startswith", "contains"),
    "enabled": ("eq",),
    "servicePrincipal/id": ("eq", "contains"),
    "time": ("gt", "lt"),
}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("displayName eq 'O''Reilly'", ["O'Reilly"]),
        ("displayName eq 'o''reilly'", ["O'Reilly"]),
        ("startswith(displayName,'Th') or enabled eq true", ["O'Reilly", "Thrive"]),
        ("enabled eq false and time gt 2026-03-02T09:30:00Z", ["Thrive"]),
        ("contains(tolower(servicePrincipal/id),'2')", ["Thrive"]),
        ("(displayName eq 'x' or enabled eq true) and time lt 2026-03-02T09:30:00Z", ["O'Reilly"]),
    ],
)
def test_filters_find_what_graph_would(text: str, names: list[str]) -> None:
    """Comparisons, functions, and, or and parentheses, with doubled quotes."""
    test = read_filter(text, ALLOWED)
    assert [item["displayName"] for item in ITEMS if test(item)] == names


@pytest.mark.parametrize(
    "text",
    [
        "displayName ne 'x'",
        "unknown eq 'x'",
        "displayName eq",
        "displayName eq 'x",
        "displayName eq 'x' and",
        "endswith(displayName,'x')",
        "displayName has 'x'",
        ")",
    ],
)
def test_other_filters_are_refused_with_400(text: str) -> None:
    """What is not supported is refused, never ignored."""
    with pytest.raises(GraphError) as caught:
        read_filter(text, ALLOWED)
    assert caught.value.status == 400


def test_logs_are_filtered_with_case() -> None:
    """The provisioning log compares texts as they are."""
    assert not any(read_filter("displayName eq 'thrive'", ALLOWED, fold=False)(item) for item in ITEMS)
