"""Put a sandbox on a port and keep it there until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn

from scimkit.errors import ConfigError
from scimkit.sandbox.identity import sandbox_token
from scimkit.sandbox.server import Sandbox

HOST = "127.0.0.1"
ADDRESS_FILE = "sandbox.json"  # in the run folder: where the living sandbox is; no token


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: ending by a signal is a clean exit here.

    Written against uvicorn 0.54.0, where `capture_signals` raises the signal again when the server has ended.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(port: int, *, wish: int = 0) -> socket.socket:
    """A listening socket on loopback. `wish` is tried first; `port` is mandatory, 0 means any port.

    Raises ConfigError when `port` is taken.
    """
    for number in ([wish] if wish and not port else []) + [port]:
        # with the protocol named, asyncio sends small answers at once; without, each waits 40 ms for the other side
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name != "nt":  # there it would let two processes share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, number))
            listener.listen(128)
            return listener
        except OSError as error:
            listener.close()
            if number == port:
                raise ConfigError(
                    f"port {port} cannot be used ({error.strerror})", "Choose another with --port, or leave it out."
                ) from None
    raise AssertionError("one of the ports was tried")


def ready_line(sandbox: Sandbox) -> str:
    """The one line of JSON that tells a program where everything is."""
    world = sandbox.world
    made = {app.app: app.id for app in reversed(world.service_principals.values())}
    apps = {
        name: {
            "scim_url": world.origin + vendor.address,
            "token": vendor.token,
            "service_principal": made.get(name),
        }
        for name, vendor in world.vendors.items()
    }
    graph = {"base_url": f"{world.origin}/v1.0", "token": sandbox_token(world.seed, "graph")}
    return json.dumps({"graph": graph, "apps": apps})


def wished_port(folder: Path | None) -> int:
    """The port that the last sandbox of this folder used, so that addresses in notebooks remain valid; 0: none."""
    try:
        if folder:
            return int(json.loads((Path(folder or "") / ADDRESS_FILE).read_text(encoding="utf-8"))["port"])
        return 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def write_address(folder: Path, sandbox: Sandbox, port: int) -> None:
    world = sandbox.world
    address = {
        "port": port,
        "pid": os.getpid(),
        "seed": world.seed,
        "people": world.people,
        "apps": sorted(world.apps),
        "run": sandbox.run,
    }
    temporary = folder / f".{ADDRESS_FILE}.part"
    temporary.write_text(json.dumps(address, indent=2) + "\n", encoding="utf-8")
    temporary.replace(folder / ADDRESS_FILE)


def serve(
    sandbox: Sandbox,
    *,
    port: int = 0,
    folder: Path | None = None,
    owned: bool = False,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, or, when `owned`, until standard input ends.

    folder    where `make_sandbox` keeps the changes, too
    owned     our parent holds the other end of our standard input: when it is gone,
              we end too; interrupts meant for the parent are not for us
    announce  receives the ready line; None prints it

    Raises ConfigError (port).
    """
    listener = bind(port, wish=wished_port(folder))
    with listener:
        asyncio.run(_serve(sandbox, listener, folder, owned, announce or _print))


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _serve(
    sandbox: Sandbox, listener: socket.socket, folder: Path | None, owned: bool, announce: Callable[[str], None]
) -> None:
    port = listener.getsockname()[1]
    sandbox.world.origin = f"http://{HOST}:{port}"
    config = uvicorn.Config(
        sandbox,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
    )
    server = Server(config)
    _end_when_told(server, owned)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.002)
    try:
        await sandbox.replay()
        if folder is not None:
            write_address(Path(folder), sandbox, port)
        announce(ready_line(sandbox))
        await serving
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        sandbox.changes.close()


def _end_when_told(server: Server, owned: bool) -> None:
    def end(*_: Any) -> None:
        server.should_exit = True

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, signal.SIG_IGN if owned else end)
        if hasattr(signal, "SIGBREAK"):
            signal.signal(signal.SIGBREAK, end)
    if owned:
        threading.Thread(target=_end_with_owner, args=(end,), name="sandbox-owner", daemon=True).start()


def _end_with_owner(end: Callable[[], None]) -> None:
    """Read standard input to its end, which comes when the parent is gone.

    Uses its number, because a thread inside `sys.stdin` would stop the interpreter from ending.
    """
    with contextlib.suppress(OSError, ValueError):
        while os.read(0, 1024):
            pass
    end()
