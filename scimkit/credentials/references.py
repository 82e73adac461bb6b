"""Where a secret may come from: the reference is passed on, the value is not.

env:NAME       an environment variable
keyring:NAME   the system's keyring; `keyring:SERVICE/USER` for an entry another program created
file:PATH      a text file readable only by its owner
prompt         entered once by a person
sandbox        the sandbox's own token, valid only there
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scimkit.credentials.redactor import REDACTOR
from scimkit.credentials.secret import Secret, clean_token
from scimkit.errors import CredentialError
from scimkit.evidence.checks import Check, not_observed, passed, warning

KINDS = ("env", "keyring", "file", "prompt", "sandbox")
SERVICE = "scimkit"  # under which `keyring:NAME` is kept
LARGEST_FILE = 64 * 1024
_FORMS = "env:NAME, keyring:NAME, file:PATH, prompt or sandbox"


@dataclass(frozen=True, slots=True)
class Reference:
    """A place a secret may come from. name is "" for prompt and sandbox."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        if self.name:
            return f"{self.kind}:{self.name}"
        return self.kind


def parse_reference(text: str | Reference) -> Reference:
    """The reference in `text`.

    Raises CredentialError. As the most common mistake is to enter a token here, the
    message never repeats the input, nor a name that looks like a token.

    >>> parse_reference("env:OREILLY_TOKEN")
    Reference(kind='env', name='OREILLY_TOKEN')
    """
    if isinstance(text, Reference):
        return text
    kind, colon, name = str(text).strip().partition(":")
    kind, name = kind.strip().lower(), name.strip()
    if kind in ("prompt", "sandbox") and not colon:
        return Reference(kind)
    if kind not in KINDS or kind in ("prompt", "sandbox"):
        raise CredentialError(
            "the input is not a reference to a secret (it is not repeated here, as it may be the secret itself)",
            f"Give one of {_FORMS}: the place, never the value.",
        )
    if not name:
        raise CredentialError(f"the reference {kind}: names nothing", f"Write one of {_FORMS}.", reference=kind)
    wrong_name = kind == "env" and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_()]*", name)
    if wrong_name or _looks_like_a_token(kind, name):
        raise CredentialError(
            f"the part after {kind}: looks like a secret, not like the name of a place (it is not repeated here)",
            f"Store the secret in that place and give the place's name: one of {_FORMS}.",
            reference=kind,
        )
    return Reference(kind, name)


def _looks_like_a_token(kind: str, name: str) -> bool:
    """Whether `name` looks like a secret and not the name of a place: a JWT, a GUID, a long random string."""
    if kind == "file" and (re.match(r"[/~.\\]|[A-Za-z]:[/\\]", name) or "." in name[-8:]):
        return False
    runs = re.findall(r"[A-Za-z0-9]{20,}", name)
    mixed = any(re.search(r"\d", run) and re.search(r"[A-Za-z]", run) for run in runs)
    guid = re.search(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", name)
    return mixed or guid is not None or name.lower().startswith(("eyj", "bearer ")) or len(name) > 255


def resolve(
    reference: str | Reference,
    *,
    sandbox: Callable[[], Secret] | None = None,
    ask: Callable[[str], str] | None = None,
    label: str = "",
    clean: Callable[[str], str] = clean_token,
) -> Secret:
    """The secret that `reference` points to, registered with the redactor.

    sandbox  gives the sandbox's token; None outside it
    ask      asks a person, given the label; None if the run is not interactive
    label    what it is, for people and for messages
    clean    repairs the input; `str.strip` for something that is not a token

    Raises CredentialError (exit code 2) naming the reference, never the value.
    """
    place = parse_reference(reference)
    text = _READERS[place.kind](place, sandbox, ask, label)
    if isinstance(text, Secret):
        REDACTOR.register(text)
        return text
    try:
        secret = Secret(clean(text), label=label)
        REDACTOR.register(secret)
    except CredentialError as error:
        raise CredentialError(f"{place}: {error.message}", error.remedy, reference=str(place)) from None
    return secret


_Ask = Callable[[str], str] | None
_Sandbox = Callable[[], Secret] | None


def _from_env(place: Reference, sandbox: _Sandbox, ask: _Ask, label: str) -> str:
    text = os.environ.get(place.name)
    if text is None:
        raise CredentialError(
            f"the environment variable {place.name} is not set",
            f"Set {place.name} before the program (or JupyterLab) starts: a kernel sees only the variables that existed"
            " then.",
            reference=str(place),
        )
    return text


def _from_keyring(place: Reference, sandbox: _Sandbox, ask: _Ask, label: str) -> str:
    text = _with_keyring(place, lambda keyring, service, user: keyring.get_password(service, user))
    if text is None:
        raise CredentialError(
            f"the keyring has no entry for {place}",
            "Store it there first, in 2_token or with a tool of your system.",
            reference=str(place),
        )
    return str(text)


def _with_keyring(place: Reference, use: Callable[[Any, str, str], Any]) -> Any:
    """Call `use` with the keyring, the service and the user of `place`."""
    import keyring
    import keyring.errors

    service, _, user = place.name.rpartition("/")
    try:
        return use(keyring, service or SERVICE, user)
    except keyring.errors.NoKeyringError:
        problem = "this machine has no keyring that Python can use"
    except keyring.errors.KeyringLocked:
        problem = "the keyring is locked"
    except Exception as error:
        problem = f"the keyring does not respond ({type(error).__name__})"
    raise CredentialError(
        f"{place}: {problem}",
        "Unlock or install a keyring (servers often have none), or use env:NAME or file:PATH instead.",
        reference=str(place),
    )


def _from_file(place: Reference, sandbox: _Sandbox, ask: _Ask, label: str) -> str:
    path = Path(place.name).expanduser()
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        reason = "does not exist"
        if not isinstance(error, FileNotFoundError):
            reason = f"cannot be read ({error.strerror})"
        raise CredentialError(
            f"{place}: the file {reason}", "Put only the token into that file.", reference=str(place)
        ) from None
    if len(data) > LARGEST_FILE:
        raise CredentialError(
            f"{place}: the file is too large for a token",
            "Name the file that contains only the token.",
            reference=str(place),
        )
    try:
        # PowerShell 5 writes UTF-16 with a byte order mark when output is sent to a file with `>`
        return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        pass
    raise CredentialError(f"{place}: the file is not text", "Save it as plain UTF-8 text.", reference=str(place))


def _from_prompt(place: Reference, sandbox: _Sandbox, ask: _Ask, label: str) -> str:
    if ask is None:
        raise CredentialError(
            f"{label or 'the secret'} must be entered by a person (prompt), and this run is not interactive",
            "For a run that is not interactive, use env:NAME, keyring:NAME or file:PATH.",
            reference=str(place),
        )
    return ask(f"{label or 'The secret'}: ")


def _from_sandbox(place: Reference, sandbox: _Sandbox, ask: _Ask, label: str) -> Secret:
    if sandbox is None:
        raise CredentialError(
            "the reference sandbox is valid only in the sandbox",
            "Outside it, say where the token is: env:NAME, keyring:NAME, file:PATH or prompt.",
            reference=str(place),
        )
    return sandbox()


_READERS: dict[str, Callable[[Reference, _Sandbox, _Ask, str], str | Secret]] = {
    "env": _from_env,
    "keyring": _from_keyring,
    "file": _from_file,
    "prompt": _from_prompt,
    "sandbox": _from_sandbox,
}


def store(reference: str | Reference, secret: Secret) -> None:
    """Store `secret` where `reference` says: `keyring:NAME` or `file:PATH`.

    A file is replaced as a whole; where the system has file modes, only its owner may
    read it (0600). Raises CredentialError for the other kinds and if the place
    does not accept it.
    """
    place = parse_reference(reference)
    REDACTOR.register(secret)
    if place.kind == "keyring":
        _with_keyring(place, lambda keyring, service, user: keyring.set_password(service, user, secret.reveal()))
    elif place.kind == "file":
        _write_private(place, secret)
    else:
        raise CredentialError(
            f"a secret cannot be stored in {place}", "Store it in keyring:NAME or file:PATH.", reference=str(place)
        )


def _write_private(place: Reference, secret: Secret) -> None:
    path = Path(place.name).expanduser()
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(secret.reveal() + "\n")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise CredentialError(
            f"{place}: the file cannot be written ({error.strerror})",
            "Choose a folder in which you have write permission.",
            reference=str(place),
        ) from None


def check_privacy(reference: str | Reference) -> Check:
    """Whether others on this machine could read the secret of `reference`.

    A file that its group or everyone may read is a warning, not a refusal: on
    shared machines it is a leak, in a container it may be the only way.
    """
    place = parse_reference(reference)
    code = "token.place_private"
    if place.kind != "file":
        return passed(code, f"{place} is not a file that others could read")
    if sys.platform == "win32":
        return not_observed(code, f"Windows file modes do not show who may read {place}")
    path = Path(place.name).expanduser()
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return not_observed(code, f"the permissions of {place} cannot be read ({error.strerror})")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warning(
            code,
            f"{place} can be read or changed by others on this machine (mode {stat.S_IMODE(mode):03o})",
            f"Run: chmod 600 {path}",
        )
    return passed(code, f"only its owner can read {place}")
