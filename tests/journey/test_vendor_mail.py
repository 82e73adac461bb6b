"""The mail to a vendor who makes the token, and what a run ends with until it is answered."""

import pytest

from scimkit.apps import load
from scimkit.errors import CredentialError
from scimkit.journey.vendor_mail import wait_for_vendor, write_mail
from scimkit.views.display import to_html, to_text

THRIVE = load("thrive-lxp")
NOTHING = CredentialError("the environment variable X is not set")


def test_one_mail_asks_for_everything():
    """Every ask stands in it, numbered; so do the match, the attributes and who signs."""
    mail = write_mail(THRIVE, sender="admin@contoso.example")

    assert (mail.to, mail.source) == ("support@thrivelearning.com", "tutorial, vendor")
    for number, ask in enumerate(THRIVE.token.mail.asks, start=1):
        assert f"{number}. {ask}\n" in mail.body
    assert "by userName" in mail.body
    assert "- timezone\n" in mail.body
    assert "- members\n" in mail.body
    assert mail.body.endswith("admin@contoso.example\n")
    assert mail.text.startswith("To: support@thrivelearning.com\nSubject: ")
    assert "**" not in mail.text


def test_unsigned_it_says_who_has_to():
    assert write_mail(THRIVE).body.endswith("(your name and organisation)\n")


def test_no_mail_where_the_administrator_makes_the_token():
    """The same cell stands in every app's notebook; here it says that nothing is to be asked."""
    mail = write_mail(load("oreilly"), sender="a")
    assert (mail.to, mail.text) == ("", "")
    assert "None is needed" in to_text(mail)


def test_it_is_shown_line_by_line():
    """Lines stay lines in both forms, and what a directory may hold is escaped."""
    mail = write_mail(THRIVE, sender="<b>x</b>\u202e")

    assert "scimkit sends no mail" in to_text(mail)
    assert "2. The SCIM token" in to_text(mail)
    assert "\\n" not in to_text(mail)
    assert "&lt;b&gt;x" in to_html(mail)
    assert "<b>x" not in to_html(mail)
    assert "\u202e" not in to_html(mail)


@pytest.mark.parametrize(
    ("reference", "place"),
    [("sandbox", "env:THRIVE_LXP_TOKEN"), ("", "env:THRIVE_LXP_TOKEN"), ("keyring:thrive", "keyring:thrive")],
)
def test_waiting_leaves_the_setting_that_goes_on(reference, place):
    """Exit 3, with the place the token is looked for in: the one named, else a variable named after the app."""
    waiting = wait_for_vendor(THRIVE, NOTHING, reference, url_known=False)

    assert waiting.exit_code == 3
    assert waiting.settings == {"2_token": {"token_ref": place}}
    assert "support@thrivelearning.com" in waiting.remedy
    assert "2_mail.txt" in waiting.remedy
    assert place in waiting.remedy
    assert ("is not set" in waiting.message) == (reference == "keyring:thrive")


def test_the_address_is_asked_for_only_where_it_is_missing():
    assert "tenant_url" in wait_for_vendor(THRIVE, NOTHING, "", url_known=False).remedy
    assert "tenant_url" not in wait_for_vendor(THRIVE, NOTHING, "", url_known=True).remedy
