"""Step 2 where the vendor acts: the mail to send, and the pause until it is answered.

scimkit sends no mail. It writes one that asks for everything at once, and ends a
run with "waiting" until what was asked for is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from scimkit.apps.profile import AppProfile
from scimkit.errors import ScimkitError, Waiting

FILE = "2_mail.txt"  # in the run folder: the mail, to be copied from


@dataclass(frozen=True, slots=True)
class MailDraft:
    """A mail for the administrator to send.

    to, subject, body  "" where the app's vendor need not be asked for anything
    source             marks of the profile's `[sources]` behind the address
    """

    app: str
    to: str
    subject: str
    body: str
    source: str

    @property
    def text(self) -> str:
        """The whole mail as plain text, "" where there is none."""
        if self.to:
            return f"To: {self.to}\nSubject: {self.subject}\n\n{self.body}"
        return ""


def write_mail(app: AppProfile, *, sender: str = "") -> MailDraft:
    """The mail that asks the vendor of `app` for all of it at once. Nothing is sent.

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
    """What the vendor may want to know of us: the match, the attributes, groups."""
    if not app.attributes:
        return []
    if app.matching:
        found = [f"Existing accounts are to be found by {', then '.join(app.matching)}."]
    else:
        found = []
    found += [
        "We send these attributes of people, as far as we have values for them:",
        *(f"- {row.target}" for row in app.attributes),
    ]
    if app.capabilities.groups.value is True:
        found += ["and of groups:", *(f"- {row.target}" for row in app.group_attributes)]
    return ["So that you know what to expect:", *found, ""]


def wait_for_vendor(app: AppProfile, problem: ScimkitError, reference: str, *, url_known: bool) -> Waiting:
    """What a run ends with while the vendor's answer is not there.

    problem    why there is no token: the answer may be here, and only its place be wrong
    reference  where the token was looked for; `sandbox`, the default, stands for nowhere
    url_known  whether the Tenant URL has been noted already
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
        f"Send the mail that lies in the run folder as {FILE} to {to}. When the answer is here, put the token where"
        f" {place} says"
    ]
    if app.tenant_url.kind == "support" and not url_known:
        remedy.append(
            f"and the Tenant URL into scimkit.toml, as tenant_url under [apps.{app.name}] (or add --set"
            " 5a.tenant_url=…)"
        )
    why = "nobody has said yet where it is"
    if reference not in ("", "sandbox"):
        why = str(problem)
    return Waiting(
        f"waiting for {app.title}, whose support makes the {app.token.label}: {why}",
        f"{' '.join(remedy)}; then go on.",
        settings={"2_token": {"token_ref": place}},
    )
