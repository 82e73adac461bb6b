"""Entering the app's token in a notebook, and keeping it where the administrator says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scimkit.credentials import Secret, store
from scimkit.credentials.places import has_keyring, private_file
from scimkit.ui.forms import TokenForm

if TYPE_CHECKING:
    from scimkit.ui.session import Session


class TokenEntry:
    """The masked field of `2_token`; `reference` says where the token is to be had afterwards."""

    def __init__(self, session: Session, reference: str, *, interactive: bool | None) -> None:
        self._session, self.reference = session, reference
        self._form = TokenForm(
            session.app.token.label, keep_choices(session), self._keep, reference=reference, interactive=interactive
        )

    def _keep(self, token: Secret, reference: str) -> str:
        session = self._session
        if reference == "prompt":
            said = "Held in this notebook only; the next notebooks will ask for it."
        else:
            store(reference, token)
            said = f"Kept as {reference}."
        session.hold(reference, token)
        session.run.save_choices(session.step, {"token_ref": reference})
        session.form.change("token_ref", reference)  # so that the cell of this field may be run again, too
        self.reference = reference
        return f"{said} Now run the cells below once more."

    def __repr__(self) -> str:
        return repr(self._form)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self._form._repr_mimebundle_(include, exclude)


def keep_choices(session: Session) -> tuple[tuple[str, str], ...]:
    """Where a token may be kept on this machine, the safest first. A file lies in the
    user's own folder, outside every run folder and notebook."""
    name = f"scimkit-{session.tenant.name}-{session.app.name}"
    file = private_file(name)
    choices = [(f"in the keyring of this machine, as {name}", f"keyring:{name}")] if has_keyring() else []
    return (
        *choices,
        ("in this notebook only; the next ones will ask", "prompt"),
        (f"in a file of yours: {file}", f"file:{file}"),
    )
