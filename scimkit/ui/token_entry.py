"""Entering the app's token in a notebook, and keeping it where the administrator says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.credentials import Secret, store
from scimkit.credentials.places import has_keyring, private_file
from scimkit.errors import CredentialError, Waiting
from scimkit.evidence.runs import RunStore
from scimkit.journey.steps import record_step
from scimkit.ui.forms import TokenForm, has_front_end


class TokenEntry:
    """The masked field of `2_token`; `reference` says where the token is found afterwards.

    label   what the vendor calls the token
    name    the name it is kept under, in a keyring or a file
    use     called with the reference and the token once it is kept
    """

    def __init__(
        self, label: str, reference: str, *, name: str, use: Callable[[str, Secret], None], interactive: bool | None
    ) -> None:
        self._use, self.reference = use, reference
        self._form = TokenForm(label, keep_choices(name), self._keep, reference=reference, interactive=interactive)

    def _keep(self, token: Secret, reference: str) -> str:
        if reference == "prompt":
            said = "Held in this notebook only; the next notebooks will ask for it."
        else:
            store(reference, token)
            said = f"Kept as {reference}."
        self._use(reference, token)
        self.reference = reference
        return f"{said} Now run the cells below again."

    def __repr__(self) -> str:
        return repr(self._form)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self._form._repr_mimebundle_(include, exclude)


@dataclass(frozen=True, slots=True)
class WaitingToken:
    """The app's token in a live tenant, before it exists: each `wait_for…` raises Waiting if that is why there is none.

    quiet      the notebook runs without output, to prepare a later one
    url_known  the Tenant URL was entered or noted before
    """

    app: AppProfile
    run: RunStore
    quiet: bool
    url_known: bool

    def wait_for_entry(self, reference: str) -> None:
        """In an interactive run with the field still empty: raise Waiting, and point to the field."""
        nowhere = reference == "sandbox"  # the default, which works only there
        if not nowhere or self.quiet or not has_front_end():
            return
        ask = "Paste"
        if self.app.token.made_by == "vendor":
            ask = "Send the mail above, and wait for the reply. Then paste"
        raise Waiting(
            f"no {self.app.token.label} has been entered yet",
            f"{ask} it into the masked field above, press “Keep this token”, and run this cell and the cells below it"
            " again.",
        )

    def wait_for_vendor(self, problem: CredentialError, reference: str) -> None:
        """If the vendor creates the token: raise Waiting, and store the mail to send in the run."""
        if self.app.token.made_by != "vendor" or reference == "prompt":
            return
        from scimkit.journey.vendor_mail import FILE, wait_for_vendor, write_mail

        administrator = self.run.get(record_step("Readiness"), "Readiness").administrator
        self.run.write(FILE, write_mail(self.app, sender=administrator).text)
        raise wait_for_vendor(self.app, problem, reference, url_known=self.url_known) from None


def keep_choices(name: str) -> tuple[tuple[str, str], ...]:
    """Where a token may be kept on this machine, the safest place first. A file is in the
    user's own folder, outside every run folder and notebook."""
    file = private_file(name)
    if has_keyring():
        choices = [(f"in the keyring of this machine, as {name}", f"keyring:{name}")]
    else:
        choices = []
    return (
        *choices,
        ("in this notebook only; the next ones will ask", "prompt"),
        (f"in your own file: {file}", f"file:{file}"),
    )
