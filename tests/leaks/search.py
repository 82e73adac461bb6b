"""The search for a planted secret, in spellings made independently of the redactor's."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

FRAGMENT = 24  # what a display leaves of a long value


def _spellings(token: str) -> Iterator[bytes]:
    raw = token.encode()
    yield raw
    yield token[:FRAGMENT].encode()
    yield token[-FRAGMENT:].encode()
    yield token[(len(token) - FRAGMENT) // 2 :][:FRAGMENT].encode()
    texts = [
        token,
        json.dumps(token)[1:-1],
        repr(token)[1:-1],
        urllib.parse.quote(token),
        urllib.parse.quote(token, safe=""),
        urllib.parse.quote_plus(token),
        html.escape(token),
    ]
    texts += [html.escape(text) for text in texts] + [json.dumps(json.dumps(token))[1:-1]]
    for text in texts:
        yield text.encode()
        yield json.dumps(text)[1:-1].encode()
    yield raw.hex().encode()
    for encoding in ("utf-16-le", "utf-16-be"):
        wide = token.encode(encoding)
        yield wide
        yield wide.hex().encode()
        yield wide.hex().upper().encode()
        yield repr(wide)[2:-1].encode()
        yield json.dumps(repr(wide)[2:-1])[1:-1].encode()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        core = encoded[-(-shift * 8 // 6) : (shift + len(raw)) * 8 // 6]
        yield core
        yield core.replace(b"+", b"-").replace(b"/", b"_")


@cache
def spellings(token: str) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(_spellings(token)))


def is_in(data: bytes, token: str) -> bool:
    return any(form in data for form in spellings(token))


def content_of(path: Path) -> bytes:
    """What stands in a file; of a notebook also every text as it is read, the pieces of a stream joined."""
    data = path.read_bytes()
    if path.suffix != ".ipynb":
        return data
    document = json.loads(data)
    texts = list(_texts(document))
    for cell in document["cells"]:
        for name in ("stdout", "stderr"):
            texts.append(
                "".join(joined(output["text"]) for output in cell.get("outputs", []) if output.get("name") == name)
            )
    return data + "\0".join(texts).encode("utf-8", "surrogatepass")


def joined(lines: str | list[str]) -> str:
    if isinstance(lines, str):
        return lines
    return "".join(lines)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        if value and all(isinstance(item, str) for item in value):
            yield "".join(value)
        for item in value:
            yield from _texts(item)


def read_below(folder: Path) -> dict[str, bytes]:
    """The content of every file below `folder` by its path there; its names are a place too."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    found = {path.relative_to(folder).as_posix(): content_of(path) for path in files}
    return {**found, "names of files": "\n".join(found).encode("utf-8", "surrogatepass")}
