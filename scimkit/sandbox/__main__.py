"""`python -m scimkit.sandbox`: a sandbox in its own process, for `process.ensure_sandbox`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scimkit.errors import ConfigError, ScimkitError
from scimkit.sandbox.identity import DEFAULT_PEOPLE, DEFAULT_SEED

if TYPE_CHECKING:
    from scimkit.apps.profile import AppProfile


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="scimkit.sandbox", description="A directory, a Graph emulator and SCIM vendors on one port."
    )
    parser.add_argument("--app", action="append", default=[], help="a profile's name or file; may be repeated")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--people", type=int, default=DEFAULT_PEOPLE)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", action="append", default=[], metavar="[WHERE:]NAME[=VALUE]")
    parser.add_argument("--folder", type=Path, default=None, help="where changes are stored and read again")
    parser.add_argument("--owned", action="store_true", help="end when standard input ends")
    parser.add_argument(
        "--temporary", action="store_true", help="the folder's parent was created for it, and is removed at the end"
    )
    options = parser.parse_args(arguments)
    try:
        run(options)
    except ScimkitError as error:
        told = {"error": type(error).__name__, "message": error.message, "remedy": error.remedy}
        sys.stderr.write((json.dumps(told) if options.owned else f"{error} {error.remedy}".strip()) + "\n")
        return error.exit_code
    finally:
        if options.temporary and options.folder is not None and options.folder.parent.name.startswith("scimkit-"):
            # a kernel may be killed and leave its temporary run behind; this process outlives it
            shutil.rmtree(options.folder.parent, ignore_errors=True)
    return 0


def read_profiles(options: argparse.Namespace) -> list[AppProfile]:
    """By name or file; an owner sends them instead, as the first line of standard input."""
    from scimkit.apps import load

    if options.app or not options.owned:
        return [load(name) for name in options.app or ["oreilly"]]
    from scimkit.apps.profile import AppProfile

    raw = b""
    while not raw.endswith(b"\n"):  # by its number: what `sys.stdin` reads ahead would be missed later
        part = os.read(0, 65536)
        if not part:
            raise ConfigError("the owner sent no profiles", "Name them with --app.")
        raw += part
    return [AppProfile.model_validate(item) for item in json.loads(raw)]


def run(options: argparse.Namespace) -> None:
    from scimkit.sandbox.server import make_sandbox
    from scimkit.sandbox.serving import serve

    sandbox = make_sandbox(
        read_profiles(options),
        seed=options.seed,
        people=options.people,
        faults=options.fault,
        folder=options.folder,
    )
    serve(sandbox, port=options.port, folder=options.folder, owned=options.owned)


if __name__ == "__main__":
    sys.exit(main())
