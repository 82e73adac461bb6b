"""Where a secret can be kept on this machine."""

from __future__ import annotations

import sys

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import platformdirs
import pytest

from scimkit.credentials import has_keyring, own_folder, private_file


class Drawer(keyring.backend.KeyringBackend):
    """A keyring that would keep something."""

    priority = -1  # type: ignore[assignment] # keyring knows every subclass, and must never choose this one

    def get_password(self, service, username):
        return None

    def set_password(self, service, username, password):
        pass


@pytest.mark.parametrize(
    ("backend", "there"),
    [(Drawer, True), (keyring.backends.fail.Keyring, False), (keyring.backends.null.Keyring, False)],
)
def test_a_keyring_is_offered_only_where_it_keeps_something(monkeypatch, backend, there):
    """On a server keyring's own stand-ins answer; they keep nothing."""
    monkeypatch.setattr(keyring, "get_keyring", backend)
    assert has_keyring() is there


def test_a_keyring_that_fails_to_load_is_none(monkeypatch):
    """Backends raise what their system gives them."""

    def fail():
        raise OSError("dbus")

    monkeypatch.setattr(keyring, "get_keyring", fail)
    assert not has_keyring()


def test_a_private_file_lies_in_the_users_own_folder(monkeypatch, tmp_path):
    """Its folder is made, for its owner alone; the file is not."""
    monkeypatch.setattr(platformdirs, "user_data_path", lambda name: tmp_path / name)
    file = private_file("scimkit-contoso-oreilly")

    assert file == tmp_path / "scimkit" / "tokens" / "scimkit-contoso-oreilly.token"
    assert not file.exists()
    assert own_folder() == tmp_path / "scimkit"

    if sys.platform != "win32":
        assert file.parent.stat().st_mode & 0o777 == 0o700
