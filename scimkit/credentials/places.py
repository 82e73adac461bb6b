"""Where a secret can be kept on this machine."""

from __future__ import annotations

from pathlib import Path


def has_keyring() -> bool:
    """Whether Python finds a keyring here that it may write to; servers often have none."""
    try:
        import keyring
        from keyring.backends import fail
    except ImportError:
        return False
    return not isinstance(keyring.get_keyring(), fail.Keyring)


def private_file(name: str) -> Path:
    """A file for a secret in the user's own folder, outside every run folder and notebook.
    The folder is made when it is not there."""
    from platformdirs import user_data_path

    folder = user_data_path("scimkit") / "tokens"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{name}.token"
