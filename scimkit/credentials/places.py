"""Where a secret can be kept on this machine."""

from __future__ import annotations

from pathlib import Path


def has_keyring() -> bool:
    """Whether Python finds a keyring here that can store something; servers often have none."""
    import keyring
    import keyring.backends.fail
    import keyring.backends.null

    try:
        backend = keyring.get_keyring()
    except Exception:
        return False
    return not isinstance(backend, keyring.backends.fail.Keyring | keyring.backends.null.Keyring)


def own_folder() -> Path:
    """The user's own folder for what scimkit stores outside runs; it may not exist yet."""
    from platformdirs import user_data_path

    return user_data_path("scimkit")


def private_file(name: str) -> Path:
    """A file for a secret in the user's own folder, outside every run folder and notebook.
    The folder is created if it does not exist."""
    folder = own_folder() / "tokens"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{name}.token"
