"""The sandbox: a directory of people, a Microsoft Graph emulator and SCIM vendors, in one process on one port.

    http://127.0.0.1:PORT/v1.0          Graph
    http://127.0.0.1:PORT/apps/<name>/… the vendor of the app profile <name>
    http://127.0.0.1:PORT/sandbox       control: state, waiting in virtual time, faults, changes in the directory

Importing this package is cheap; the servers are imported only when they are started.
"""

from scimkit.sandbox.identity import DEFAULT_PEOPLE, DEFAULT_SEED, START_UTC, sandbox_token

__all__ = ["DEFAULT_PEOPLE", "DEFAULT_SEED", "START_UTC", "sandbox_token"]
