"""The changes a sandbox has accepted, stored in the run folder so that a new process becomes the same sandbox.

One JSON line each: a request that changed something, a cycle, a change in the
directory, a fault, or only the time. No secrets: a sandbox token is written as
a placeholder and put back at replay. Any other secret is written as a placeholder
that only says so. The emulator's own requests to vendors are not included, as they
happen again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scimkit.errors import RunError
from scimkit.sandbox.service_principals import SENSITIVE

NAME = "sandbox.jsonl"
OTHER = "[some other secret]"
OTHER_TOKEN = "not-the-right-token"  # what a replayed vendor is offered instead; as wrong as the first one


def mark(audience: str) -> str:
    return f"[sandbox token {audience}]"


class Veil:
    """Removes secrets from a body, and puts the sandbox's own back."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self.tokens = dict(tokens)

    def hide(self, value: Any, key: str = "") -> Any:
        """`value` with tokens as placeholders; the values of keys that contain secrets are never stored."""
        if isinstance(value, dict):
            secret = ""
            if "value" in value:
                secret = str(value.get("key", ""))
            return {k: self.hide(v, secret if secret and k == "value" else k) for k, v in value.items()}
        if isinstance(value, list):
            return [self.hide(item, key) for item in value]
        if not isinstance(value, str):
            return value
        for audience, token in self.tokens.items():
            if value == token:
                return mark(audience)
        if value and (key in SENSITIVE or key.lower() in ("password", "secrettoken", "secret", "token")):
            return OTHER
        for audience, token in self.tokens.items():
            value = value.replace(token, mark(audience))
        return value

    def show(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: self.show(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.show(item) for item in value]
        if not isinstance(value, str):
            return value
        if value == OTHER:
            return OTHER_TOKEN
        for audience, token in self.tokens.items():
            value = value.replace(mark(audience), token)
        return value


class ChangeLog:
    """The file. With `None` as folder, nothing is stored.

    settings  what must be the same each time; `more` is only recorded

    Raises RunError when the file belongs to a sandbox with other settings.
    """

    def __init__(self, folder: Path | None, settings: dict[str, Any], **more: Any) -> None:
        self.path = Path(folder) / NAME if folder is not None else None
        self.settings, self.more = settings, more
        self.quiet = False  # during a replay nothing is written
        self._file: Any = None

    def read(self) -> Iterator[dict[str, Any]]:
        """The entries so far. A last line cut off by a crash is omitted."""
        if self.path is None or not self.path.is_file():
            return
        lines = self.path.read_text(encoding="utf-8").split("\n")
        for number, line in enumerate(lines):
            if not line:
                continue
            try:
                entry = json.loads(line)
            except ValueError:
                if number >= len(lines) - 1:
                    return
                raise RunError(
                    f"{self.path.name} is damaged in line {number + 1}", "Start a new run.", path=str(self.path)
                ) from None
            if "settings" in entry:
                self._compare(entry["settings"])
                continue
            yield entry

    def _compare(self, settings: dict[str, Any]) -> None:
        for name, value in self.settings.items():
            if settings.get(name) != value:
                raise RunError(
                    f"the sandbox of this run was started with {name} = {settings.get(name)}, now with {value}",
                    f"Start it with {name} = {settings.get(name)} again, or start a new run.",
                    path=str(self.path),
                )

    def open(self, entries: list[dict[str, Any]]) -> None:
        """Start writing, with the `entries` so far; times that only led to the next entry are dropped."""
        if self.path is None:
            return
        kept = [
            e
            for e, following in zip(entries, [*entries[1:], None], strict=False)
            if set(e) != {"clock"} or following is None
        ]
        temporary = self.path.with_name(f".{self.path.name}.part")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            for entry in [{"settings": self.settings | self.more}, *kept]:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
        temporary.replace(self.path)
        self._file = self.path.open("a", encoding="utf-8", newline="\n")

    def add(self, entry: dict[str, Any]) -> None:
        if self._file is not None and not self.quiet:
            self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
