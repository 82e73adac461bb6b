"""References: where a secret comes from, and what is said when it does not."""

from __future__ import annotations

import os
import sys

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.errors
import pytest

from scimkit.credentials import (
    MASK,
    REDACTOR,
    Reference,
    Secret,
    check_privacy,
    parse_reference,
    resolve,
    store,
)
from scimkit.errors import CredentialError
from scimkit.evidence.checks import Status

VALUE = "Tok4711abcdefghijklmnopqrstuv"
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file modes")


class Drawer(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = -1  # type: ignore[assignment] # keyring knows every subclass, and must never choose this one

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


@pytest.fixture
def drawer():
    """The process uses a keyring in memory."""
    before = keyring.get_keyring()
    keyring.set_keyring(Drawer())
    yield keyring.get_keyring()
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("env:OREILLY_TOKEN", "env", "OREILLY_TOKEN"),
        (" ENV: X ", "env", "X"),
        ("keyring:oreilly", "keyring", "oreilly"),
        ("keyring:vault/someone@contoso.example", "keyring", "vault/someone@contoso.example"),
        ("file:C:\\Users\\A b\\token.txt", "file", "C:\\Users\\A b\\token.txt"),
        ("file:~/token", "file", "~/token"),
        ("file:/tmp/Abcdefgh1234567890abcdefgh/t", "file", "/tmp/Abcdefgh1234567890abcdefgh/t"),
        ("file:scimtokenoftheoreillyapp1.txt", "file", "scimtokenoftheoreillyapp1.txt"),
        ("keyring:scimkit-Contoso2-thrive_lxp-token", "keyring", "scimkit-Contoso2-thrive_lxp-token"),
        ("prompt", "prompt", ""),
        ("sandbox", "sandbox", ""),
    ],
)
def test_every_kind_is_read_and_written_back(text, kind, name):
    """The text of a reference reads back as the same reference."""
    assert parse_reference(text) == Reference(kind, name)
    assert parse_reference(str(parse_reference(text))) == Reference(kind, name)


@pytest.mark.parametrize(
    "text",
    [
        VALUE,
        f"Bearer {VALUE}",
        f"env:{VALUE}",
        f"env:{VALUE}-x",
        f"keyring:{VALUE}",
        f"file:{VALUE}",
        f"https://h/?t={VALUE}",
        f"prompt:{VALUE}",
        f"sandbox:{VALUE}",
        f"{VALUE}:x",
        "env:eyJhbGciOi",
        f"keyring:a/{VALUE}",
        f"file:{VALUE}/x+y==",
        "keyring:0b6b7a4e-93b6-4a54-9c55-Tok4711abcde".replace("Tok4711", "1234567"),
    ],
)
def test_a_value_in_place_of_a_reference_is_not_repeated(text):
    """The commonest mistake must not put the token into a message, a note or an attribute."""
    with pytest.raises(CredentialError) as caught:
        parse_reference(text)
    error = caught.value

    said = f"{error} {error.remedy} {error.reference} {error.__notes__} {error.args}"

    assert VALUE not in said
    assert "eyJ" not in said
    assert error.exit_code == 2
    assert error.__context__ is None
    assert error.__cause__ is None


@pytest.mark.parametrize("text", ["", "env:", "keyring: ", "file:", "vault:x"])
def test_an_incomplete_reference_says_what_there_is(text):
    """The remedy lists the kinds."""
    with pytest.raises(CredentialError) as caught:
        parse_reference(text)
    assert "env:NAME, keyring:NAME, file:PATH, prompt or sandbox" in caught.value.remedy


def test_env_is_read_cleaned_and_registered(monkeypatch):
    """A pasted slip in a variable is repaired; the redactor knows the value from then on."""
    monkeypatch.setenv("SCIM_TOKEN_T1", "  Bearer env-token-4711 \n")
    secret = resolve("env:SCIM_TOKEN_T1", label="the token")

    assert secret.reveal() == "env-token-4711"
    assert secret.label == "the token"
    assert REDACTOR.text("x env-token-4711") == f"x {MASK}"


def test_env_that_is_not_set(monkeypatch):
    """The variable is named."""
    monkeypatch.delenv("SCIM_TOKEN_T2", raising=False)
    with pytest.raises(CredentialError, match="SCIM_TOKEN_T2 is not set"):
        resolve("env:SCIM_TOKEN_T2")


def test_a_bad_value_names_the_reference_only(monkeypatch):
    """What is wrong, where it comes from, not what it is."""
    monkeypatch.setenv("SCIM_TOKEN_T3", "abc def ghi")
    with pytest.raises(CredentialError, match="env:SCIM_TOKEN_T3: there is a space") as caught:
        resolve("env:SCIM_TOKEN_T3")

    assert caught.value.reference == "env:SCIM_TOKEN_T3"
    assert "def" not in str(caught.value)

    monkeypatch.setenv("SCIM_TOKEN_T3", "ab1")
    with pytest.raises(CredentialError, match="too short"):
        resolve("env:SCIM_TOKEN_T3")


@pytest.mark.parametrize(
    "data", [b"file-token-1\r\n", b"\xef\xbb\xbffile-token-1", "file-token-1\r\n".encode("utf-16")]
)
def test_file_is_read_in_the_encodings_that_editors_and_shells_write(tmp_path, data):
    """UTF-8 with and without a mark, and PowerShell's UTF-16."""
    (tmp_path / "t").write_bytes(data)
    assert resolve(f"file:{tmp_path / 't'}").reveal() == "file-token-1"


def test_file_that_cannot_be_used(tmp_path):
    """Missing, a folder, too large, not text: each has its words."""
    with pytest.raises(CredentialError, match="does not exist"):
        resolve(f"file:{tmp_path / 'missing'}")
    with pytest.raises(CredentialError, match=r"cannot be read|Permission"):
        resolve(f"file:{tmp_path}")
    (tmp_path / "big").write_bytes(b"x" * 70_000)
    with pytest.raises(CredentialError, match="too large"):
        resolve(f"file:{tmp_path / 'big'}")
    (tmp_path / "binary").write_bytes(b"\x80\x81\x82\x83\x84\x85\x86")

    with pytest.raises(CredentialError, match="not text") as caught:
        resolve(f"file:{tmp_path / 'binary'}")

    assert caught.value.__context__ is None  # UnicodeDecodeError holds the bytes


def test_prompt_asks_and_cleans():
    """The person sees the label."""
    asked = []
    secret = resolve("prompt", ask=lambda label: asked.append(label) or "“typed-token-1”", label="the O'Reilly token")

    assert secret.reveal() == "typed-token-1"
    assert asked == ["the O'Reilly token: "]


def test_prompt_without_anybody_to_ask():
    """A headless run ends with exit code 2 and is told what to use instead."""
    with pytest.raises(CredentialError, match="this run is not interactive") as caught:
        resolve("prompt", label="the token")
    assert caught.value.exit_code == 2
    assert "env:NAME" in caught.value.remedy


def test_sandbox_only_in_the_sandbox():
    """Its token is registered like any other; elsewhere it is refused."""
    assert resolve("sandbox", sandbox=lambda: Secret("sandbox-token-77")).reveal() == "sandbox-token-77"
    assert REDACTOR.text("sandbox-token-77") == MASK
    with pytest.raises(CredentialError, match="only in the sandbox"):
        resolve("sandbox")


def test_another_kind_of_secret_may_hold_line_breaks(tmp_path):
    """A private key is read with `clean=str.strip`."""
    (tmp_path / "key.pem").write_text("-----BEGIN KEY-----\nabcd\n-----END KEY-----\n", encoding="utf-8")
    assert resolve(f"file:{tmp_path / 'key.pem'}", clean=str.strip).reveal().count("\n") == 2


def test_keyring_keeps_and_gives(drawer):
    """A bare name goes under scimkit; SERVICE/USER names another program's entry."""
    store("keyring:oreilly", Secret("ring-token-1"))
    store("keyring:vault/me", Secret("ring-token-2"))

    assert drawer.kept == {("scimkit", "oreilly"): "ring-token-1", ("vault", "me"): "ring-token-2"}
    assert resolve("keyring:oreilly").reveal() == "ring-token-1"

    with pytest.raises(CredentialError, match="no entry for keyring:other"):
        resolve("keyring:other")


def test_no_keyring_has_clear_words():
    """On a server there is often none."""
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())

    try:
        with pytest.raises(CredentialError, match="this machine has no keyring") as caught:
            resolve("keyring:oreilly")
    finally:
        keyring.set_keyring(before)

    assert "env:NAME" in caught.value.remedy


@pytest.mark.parametrize(
    ("error", "words"),
    [(keyring.errors.KeyringLocked("x"), "locked"), (OSError("dbus says " + VALUE), "does not respond \\(OSError\\)")],
)
def test_a_keyring_that_fails(drawer, monkeypatch, error, words):
    """A backend's own words are not repeated: nobody knows what stands in them."""

    def fail(service, username):
        raise error

    monkeypatch.setattr(drawer, "get_password", fail)
    with pytest.raises(CredentialError, match=words) as caught:
        resolve("keyring:oreilly")
    assert VALUE not in str(caught.value)


def test_a_stored_file_is_replaced_whole(tmp_path):
    """And leaves no half-written one beside it."""
    path = tmp_path / "t"
    store(f"file:{path}", Secret("first-token"))

    store(f"file:{path}", Secret("second-token"))

    assert resolve(f"file:{path}").reveal() == "second-token"
    assert [item.name for item in tmp_path.iterdir()] == ["t"]

    store(f"file:{tmp_path / 'new' / 'folder' / 't'}", Secret("third-token"))
    assert resolve(f"file:{tmp_path / 'new' / 'folder' / 't'}").reveal() == "third-token"

    with pytest.raises(CredentialError, match="cannot be written"):
        store(f"file:{path / 't'}", Secret("first-token"))


@pytest.mark.parametrize("place", ["env:X", "prompt", "sandbox"])
def test_places_that_keep_nothing(place):
    """Only the keyring and files take a secret."""
    with pytest.raises(CredentialError, match="cannot be stored"):
        store(place, Secret("some-token"))


@posix
def test_a_stored_file_is_private(tmp_path):
    """0600, whatever the umask says."""
    old = os.umask(0)
    try:
        store(f"file:{tmp_path / 't'}", Secret("private-token"))
    finally:
        os.umask(old)

    assert (tmp_path / "t").stat().st_mode & 0o777 == 0o600
    assert check_privacy(f"file:{tmp_path / 't'}").status is Status.PASSED


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o606])
def test_a_file_others_can_read_is_a_warning(tmp_path, mode):
    """Not a refusal: resolve still gives it."""
    path = tmp_path / "t"
    path.write_text("open-token", encoding="utf-8")
    path.chmod(mode)

    check = check_privacy(f"file:{path}")

    assert check.status is Status.WARNING
    assert "chmod 600" in check.remedy
    assert resolve(f"file:{path}").reveal() == "open-token"


def test_privacy_of_what_is_not_there(tmp_path):
    """Not observed, not passed; other kinds are no files."""
    if sys.platform != "win32":
        assert check_privacy(f"file:{tmp_path / 'x'}").status is Status.NOT_OBSERVED
    assert check_privacy("env:X").status is Status.PASSED


def test_importing_credentials_is_cheap():
    """Neither keyring nor httpx nor msal come along."""
    import subprocess

    code = (
        "import sys, scimkit.credentials; print([m for m in ('keyring', 'httpx', 'msal', 'pandas') if m in"
        " sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
