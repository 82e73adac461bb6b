"""Entering the app's token in a notebook, and keeping it where the administrator says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scimkit.credentials import Secret, store
from scimkit.credentials.places import has_keyring, private_file
from scimkit.ui.forms import TokenForm


class TokenEntry:
    """The masked field of `2_token`; `reference` says where the token is to be had afterwards.

    label   what the vendor calls the token
    name    under which it is kept, in a keyring or a file
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
        return f"{said} Now run the cells below once more."

    def __repr__(self) -> str:
        return repr(self._form)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self._form._repr_mimebundle_(include, exclude)


def keep_choices(name: str) -> tuple[tuple[str, str], ...]:
    """Where a token may be kept on this machine, the safest first. A file lies in the
    user's own folder, outside every run folder and notebook."""
    file = private_file(name)
    if has_keyring():
        choices = [(f"in the keyring of this machine, as {name}", f"keyring:{name}")]
    else:
        choices = []
    return (
        *choices,
        ("in this notebook only; the next ones will ask", "prompt"),
        (f"in a file of yours: {file}", f"file:{file}"),
    )
