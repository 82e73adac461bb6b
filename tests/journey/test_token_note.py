"""Step 2: when the secret ends, and from when to renew it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from scimkit.apps import load
from scimkit.credentials import REMIND_DAYS, Secret, remind_on
from scimkit.errors import ConfigError
from scimkit.evidence.checks import Status
from scimkit.journey.token_note import note_token

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def note(expires):
    return note_token(load("oreilly"), "env:X", Secret("opaque-token-1234567890"), expires=expires, now=NOW)


@pytest.mark.parametrize(
    ("days", "code", "status"),
    [
        (-1, "token.expired", Status.FAILED),
        (0, "token.expires_soon", Status.WARNING),
        (REMIND_DAYS, "token.expires_soon", Status.WARNING),
        (REMIND_DAYS + 1, "token.expiry", Status.PASSED),
        (365, "token.expiry", Status.PASSED),
    ],
)
def test_one_lead_time_for_the_check_and_the_reminder(days, code, status):
    """The day to renew from is that of `credentials.remind_on`, and the check warns by the same lead time."""
    end = NOW.date() + timedelta(days=days)
    noted = note(end.isoformat())

    check = {check.code: check for check in noted.checks}[code]

    assert check.status is status
    assert str(end) in check.message
    assert noted.remind_on == remind_on(end, NOW).isoformat()


def test_a_reminder_is_never_in_the_past():
    """Of a token that ends in ten days half the time is left to begin with a new one."""
    assert note("2026-03-12").remind_on == "2026-03-07"


def test_an_unknown_end_has_no_reminder():
    """Unknown is not zero: no date is invented."""
    noted = note("")
    assert (noted.expires, noted.remind_on) == ("", "")
    assert {check.code: check.status for check in noted.checks}["token.expiry_unknown"] is Status.WARNING


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("chosen", "chosen when the token was created"),
        ("fixed", "after a fixed time"),
        ("never", "does not expire"),
        ("not stated", "no source says"),
    ],
)
def test_an_unknown_end_says_what_the_profile_knows(stated, words):
    """Whatever a profile may state about the lifetime, the remedy says it in a sentence."""
    app = load("oreilly")
    fact = app.token.expires.model_copy(update={"value": stated})
    token = app.token.model_copy(update={"expires": fact})

    noted = note_token(
        app.model_copy(update={"token": token}), "env:X", Secret("opaque-token-1234567890"), expires="", now=NOW
    )

    assert words in noted.checks[-1].remedy


def test_what_is_no_date_is_refused():
    """A date in another form is refused in words."""
    with pytest.raises(ConfigError, match="not a date"):
        note("12/31/2026")
    assert note(date(2026, 12, 31).isoformat()).expires == "2026-12-31"
