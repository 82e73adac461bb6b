"""When a token ends, and when to be reminded."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from scimkit.credentials import Secret, days_left, jwt_expiry, remind_on

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def jwt(claims: object) -> Secret:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return Secret(f"{part({'alg': 'none'})}.{part(claims)}.c2ln")


def test_days_left_counts_days_in_utc():
    """A time of another zone is that day in UTC; past days are negative; a time without a zone is refused."""
    assert days_left(date(2026, 3, 2), NOW) == 0
    assert days_left(date(2026, 3, 1), NOW) == -1
    assert days_left(date(2026, 3, 2), datetime(2026, 3, 3, 1, tzinfo=timezone(timedelta(hours=2)))) == 0

    with pytest.raises(ValueError, match="zone"):
        days_left(date(2026, 3, 1), datetime(2026, 3, 2))


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        (date(2027, 3, 2), date(2027, 1, 31)),
        (date(2026, 3, 22), date(2026, 3, 12)),
        (date(2026, 3, 3), date(2026, 3, 3)),
        (date(2026, 3, 2), NOW.date()),
        (date(2020, 1, 1), NOW.date()),
    ],
)
def test_reminder_is_a_month_before_or_half_of_what_is_left(expires, expected):
    """Never in the past, never after the end."""
    assert remind_on(expires, NOW) == expected


def test_a_jwt_says_its_end():
    """Its exp claim is seconds since 1970."""
    assert jwt_expiry(jwt({"exp": 1772442000})) == NOW


@pytest.mark.parametrize(
    "secret",
    [
        Secret("opaque-token"),
        Secret("a.b.c"),
        Secret("ä.ö.ü"),
        jwt({}),
        jwt([1]),
        jwt({"exp": "soon"}),
        jwt({"exp": 1e30}),
        jwt({"exp": None}),
    ],
)
def test_anything_else_says_nothing(secret):
    """No exception for what is no JWT, or one without a usable end."""
    assert jwt_expiry(secret) is None
