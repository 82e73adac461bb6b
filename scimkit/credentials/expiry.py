"""When a token expires, as far as is known, and when to be reminded of it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta

from scimkit.credentials.secret import Secret

REMIND_DAYS = 30  # a vendor's ticket for a new token may take weeks


def days_left(expires: date, now: datetime) -> int:
    """Whole days from `now` (aware) to the day `expires`; negative when it is past.

    >>> days_left(date(2026, 3, 5), datetime(2026, 3, 2, 9, tzinfo=UTC))
    3
    """
    if now.tzinfo is None:
        raise ValueError("a time without a zone")
    return (expires - now.astimezone(UTC).date()).days


def remind_on(expires: date, now: datetime, *, days_before: int = REMIND_DAYS) -> date:
    """The day on which to start replacing a token, never in the past.

    `days_before` its end; if less than twice that is left, half of the remaining time.

    >>> remind_on(date(2026, 12, 31), datetime(2026, 3, 2, 9, tzinfo=UTC)).isoformat()
    '2026-12-01'
    """
    left = days_left(expires, now)
    if left <= 0:
        return now.astimezone(UTC).date()
    return expires - timedelta(days=min(days_before, left // 2))


def jwt_expiry(secret: Secret) -> datetime | None:
    """The expiry time in the token itself, aware UTC; None if it is not a JWT or has none.

    Only the `exp` claim is read (RFC 7519, 4.1.4). The signature is for the vendor
    to verify, so this is a hint, not proof.
    """
    parts = secret.reveal().split(".")
    if len(parts) not in (3, 5):
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        moment = datetime.fromtimestamp(float(claims["exp"]), tz=UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
    return moment
