"""Step 2 if the vendor must act: the mail to send, and the wait for the answer.

scimkit sends no mail. It writes one that asks for everything at once, and ends a
run with "waiting" until the answer is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from scimkit.apps.profile import AppProfile
from scimkit.errors import ScimkitError, Waiting

FILE = "2_mail.txt"  # in the run folder: the mail, to be copied from


@dataclass(frozen=True, slots=True)
class MailDraft:
    """A mail for the administrator to send.

    to, subject, body  "" if nothing is needed from the app's vendor
    source             marks of the profile's `[sources]` for the address
    """

    app: str
    to: str
    subject: str
    body: str
    source: str

    @property
    def text(self) -> str:
        """The whole mail as plain text, "" if there is none."""
        if self.to:
            return f"To: {self.to}\nSubject: {self.subject}\n\n{self.body}"
        return ""


def write_mail(app: AppProfile, *, sender: str = "") -> MailDraft:
    """The mail that asks the vendor of `app` for everything at once. Nothing is sent.

    sender  who signs it; "" leaves the line to be filled in

    >>> from scimkit.apps import load
    >>> write_mail(load("oreilly")).to
    ''
    """
    mail = app.token.mail
    if mail is None:
        return MailDraft(app.title, "", "", "", "")
    asks = [f"{number}. {ask.replace('**', '')}" for number, ask in enumerate(mail.asks, start=1)]
    lines = [
        "Hello,",
        "",
        (
            f"we are setting up automatic user provisioning (SCIM) from Microsoft Entra ID to {app.title}, and ask you"
            " for:"
        ),
        "",
        *asks,
        "",
        *_about_us(app),
        "Thank you,",
        sender or "(your name and organisation)",
    ]
    return MailDraft(app.title, str(mail.to), mail.subject, "\n".join(lines) + "\n", mail.to.source)


def _about_us(app: AppProfile) -> list[str]:
    """Information the vendor may need: the match, the attributes, groups."""
    if not app.attributes:
        return []
    if app.matching:
        found = [f"Please find existing accounts by {', then '.join(app.matching)}."]
    else:
        found = []
    found += [
        "We send these attributes of people, if we have values for them:",
        *(f"- {row.target}" for row in app.attributes),
    ]
    if app.capabilities.groups.value is True:
        found += ["and of groups:", *(f"- {row.target}" for row in app.group_attributes)]
    return ["What to expect:", *found, ""]


def wait_for_vendor(app: AppProfile, problem: ScimkitError, reference: str, *, url_known: bool) -> Waiting:
    """How a run ends while the vendor's answer is missing.

    problem    why there is no token: the answer may have arrived, and only its place be wrong
    reference  where the token was searched; `sandbox`, the default, means nowhere
    url_known  whether the Tenant URL has already been noted
    """
    if reference not in ("", "sandbox"):
        place = reference
    else:
        place = f"env:{app.name.upper().replace('-', '_')}_TOKEN"
    if app.token.mail:
        to = str(app.token.mail.to)
    else:
        to = str(app.help_contact)
    remedy = [
        f"Send the mail in the run folder, {FILE}, to {to}. When the answer has arrived, store the token where {place}"
        " says"
    ]
    if app.tenant_url.kind == "support" and not url_known:
        remedy.append(
            f"and the Tenant URL into scimkit.toml, as tenant_url under [apps.{app.name}] (or add --set"
            " 5a.tenant_url=…)"
        )
    why = "its place has not been given yet"
    if reference not in ("", "sandbox"):
        why = str(problem)
    return Waiting(
        f"waiting for {app.title}, whose support creates the {app.token.label}: {why}",
        f"{' '.join(remedy)}; then go on.",
        settings={"2_token": {"token_ref": place}},
    )
