"""Step 2: the app's secret. Where it is stored and when it expires; never its value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from scimkit.apps.facts import NOT_STATED
from scimkit.apps.profile import AppProfile
from scimkit.credentials import REMIND_DAYS, Secret, days_left, jwt_expiry, remind_on
from scimkit.errors import ConfigError
from scimkit.evidence.checks import Check, failed, passed, warning
from scimkit.evidence.records import record

_LIFETIMES = {
    "chosen": "it was chosen when the token was created",
    "fixed": "the token expires after a fixed time",
    "never": "the profile says that the token does not expire, so make sure",
    NOT_STATED: "no source says how long the token is valid",
}


@record("TokenNote")
@dataclass(frozen=True)
class TokenNote:
    """Where the secret is stored and when it expires.

    reference      env:NAME, keyring:NAME, file:PATH, prompt or sandbox: where it comes from
    expires        YYYY-MM-DD; "" if unknown
    overlap_hours  how long an old key works after a new one is created; None: not stated
    remind_on      YYYY-MM-DD on which to start renewing; "" without an expiry date
    """

    app: str
    label: str
    reference: str
    made_by: str
    expires: str
    overlap_hours: int | None
    remind_on: str
    checks: tuple[Check, ...]


def note_token(app: AppProfile, reference: str, token: Secret, *, expires: str, now: datetime) -> TokenNote:
    """What is known about the secret of `reference`.

    token    checked for its own expiry date (a JWT), not stored
    expires  the date the administrator noted at the vendor, YYYY-MM-DD, or ""

    Raises ConfigError if `expires` is not a date.
    """
    noted = _read_date(expires)
    own = jwt_expiry(token)
    end = noted or (own.date() if own else None)
    checks = [passed("token.present", f"{_article(app.token.label)} {app.token.label} was found under {reference}")]
    checks.append(_check_end(app, end, now))
    if noted and own and noted != own.date():
        text = f"the noted date ({noted}) differs from the one in the token itself ({own.date()})"
        checks.append(warning("token.dates_differ", text, "Note the date in the token."))
        end = min(noted, own.date())
    remind = None
    if end:
        remind = remind_on(end, now)
    return TokenNote(
        app.name,
        app.token.label,
        reference,
        app.token.made_by,
        _day(end),
        app.token.overlap_hours,
        _day(remind),
        tuple(checks),
    )


def _article(word: str) -> str:
    if word[:1].lower() in "aeio":
        return "an"
    return "a"


def _read_date(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(
            f"expires is {text!r}, which is not a date",
            "Write it as YYYY-MM-DD, such as 2026-12-31, or leave it empty.",
        ) from None


def _check_end(app: AppProfile, end: date | None, now: datetime) -> Check:
    if end is None:
        text = f"the expiry date of the {app.token.label} has not been noted"
        remedy = (
            f"Look up the date at the vendor and enter it under expires: {_LIFETIMES[str(app.token.expires)]}. A"
            " forgotten expiry date stops provisioning for everyone."
        )
        return warning("token.expiry_unknown", text, remedy, "field reports")
    days = days_left(end, now)
    if days < 0:
        remedy = f"Have a new {app.token.label} created at the vendor, and run this step with it."
        return failed("token.expired", f"the {app.token.label} ended on {end}", remedy, "field reports")
    if days <= REMIND_DAYS:
        return warning(
            "token.expires_soon",
            f"the {app.token.label} expires on {end}, in {days} days",
            "Renew it before you go live.",
            "field reports",
        )
    return passed("token.expiry", f"it expires on {end}, in {days} days", "field reports")


def _day(day: date | None) -> str:
    """`day` as in 2026-03-02; "" for none."""
    if day is None:
        return ""
    return day.isoformat()
