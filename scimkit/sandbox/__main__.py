"""`python -m scimkit.sandbox`: a sandbox as a process of its own, for `process.ensure_sandbox`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scimkit.errors import ScimkitError
from scimkit.sandbox.identity import DEFAULT_PEOPLE, DEFAULT_SEED


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="scimkit.sandbox", description="A directory, a Graph emulator and SCIM vendors on one port.")
    parser.add_argument("--app", action="append", default=[], help="a profile's name or file; may be repeated")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--people", type=int, default=DEFAULT_PEOPLE)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", action="append", default=[], metavar="[WHERE:]NAME[=VALUE]")
    parser.add_argument("--folder", type=Path, default=None, help="where changes are kept and read again")
    parser.add_argument("--owned", action="store_true", help="end when standard input ends")
    options = parser.parse_args(arguments)
    try:
        run(options)
    except ScimkitError as error:
        print(f"{error} {error.remedy}".strip(), file=sys.stderr)
        return error.exit_code
    return 0


def run(options: argparse.Namespace) -> None:
    from scimkit.apps import load
    from scimkit.sandbox.serving import serve

    serve(
        [load(name) for name in options.app or ["oreilly"]],
        seed=options.seed,
        people=options.people,
        port=options.port,
        faults=options.fault,
        folder=options.folder,
        owned=options.owned,
    )


if __name__ == "__main__":
    sys.exit(main())
