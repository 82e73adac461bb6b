"""The worlds over HTTP."""

from __future__ import annotations

import http.server
import json
import socket
import sys
import threading
import time
import urllib.parse

from tests.compatibility.crooked.defects import CORE, EVERY, MESSAGES, SCIM, SLOW_SECONDS, TOKEN, Refused
from tests.compatibility.crooked.discovery import discovery
from tests.compatibility.crooked.patching import Anything
from tests.compatibility.crooked.world import World

KNOWN_PARAMETERS = {"filter", "startindex", "count", "attributes", "excludedattributes", "sortby", "sortorder"}


class Closed(Exception):
    """The connection goes, without an answer."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", -1, True

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.content = self.rfile.read(length) if length else b""
        try:
            status, body = self.answer()
        except Closed:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        except Refused as error:
            status = error.status
            body = {"schemas": [MESSAGES + "Error"], "status": str(error.status), "detail": error.detail}
            if error.scim_type:
                body["scimType"] = error.scim_type
        self.send(status, body)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def answer(self):
        parts = urllib.parse.urlsplit(self.path)
        first, _, rest = parts.path.lstrip("/").partition("/")
        world = self.world = self.server.world(first)
        if rest.startswith("-/"):
            return self.control(world, rest)
        with world.lock:
            world.requests += 1
            turn = world.requests
            sent = {
                name: self.headers[name] for name in ("Authorization", "Accept", "Content-Type") if name in self.headers
            }
            world.log.append(
                {
                    "method": self.command,
                    "path": self.path,
                    "headers": sent,
                    "body": self.content.decode("utf-8", "replace"),
                }
            )
        if world.has("slow"):
            time.sleep(SLOW_SECONDS)
        if world.has("closes_connections") and turn % EVERY == 0:
            raise Closed
        if world.has("throttles") and turn % 24 == 0 and turn <= 100:
            raise Refused(429, "too many requests")
        when = self.turn_to_hold(world)
        if when == "before":
            self.hang(world)
        try:
            with world.lock:
                self.check_way(world)
                result = self.dispatch(world, rest, parts.query)
        finally:
            if when == "after":
                self.hang(world)
        if world.has("closes_after_acting") and turn % EVERY == 0:
            raise Closed
        return result

    def turn_to_hold(self, world):
        """`before`, `after`, or None: this is not the write that is to hang."""
        if self.command == "GET":
            return None
        with world.lock:
            world.writes += 1
            if world.hold and world.hold[0] == world.writes:
                return world.hold[1]
            return None

    @staticmethod
    def hang(world):
        world.held.set()
        world.released.wait(60)
        raise Closed

    def control(self, world, rest):
        if rest == "-/held":
            return 200, {"held": world.held.wait(30)}
        with world.lock:
            if rest in ("-/reset", "-/release", "-/hold"):
                world.released.set()
                if rest == "-/reset":
                    world.reset()
                if rest == "-/hold":
                    world.hold, world.writes = (self.body()["write"], self.body()["when"]), 0
                    world.held.clear()
                    world.released.clear()
                return 204, None
            told = {"requests": world.requests, "writes": world.writes, "log": world.log}
            return 200, {kind: list(items.values()) for kind, items in world.kept.items()} | told

    def check_way(self, world):
        if not world.has("token_not_checked") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(401, "the bearer token is missing or wrong")
        accept = self.headers.get("Accept") or "*/*"
        if self.command == "GET" and world.has("plain_get_406") and SCIM not in accept:
            raise Refused(406, f"Accept must name {SCIM}")
        if self.command == "GET" and world.has("plain_get_415") and not self.headers.get("Content-Type"):
            raise Refused(415, "Content-Type is required")
        media = (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if self.command in ("POST", "PATCH", "PUT") and media not in (SCIM, "application/json"):
            raise Refused(415, "Content-Type must be application/scim+json")

    def dispatch(self, world, rest, raw_query):
        if not rest.startswith("scim/v2/"):
            raise Refused(404, "there is nothing here")
        kind, _, id = rest[len("scim/v2/") :].strip("/").partition("/")
        id = urllib.parse.unquote(id)
        if world.has("plus_not_decoded"):
            raw_query = raw_query.replace("+", "%2B")
        query = {name: value for name, value in urllib.parse.parse_qsl(raw_query, keep_blank_values=True)}
        if world.has("refuses_unknown_parameters") and set(map(str.lower, query)) - KNOWN_PARAMETERS:
            raise Refused(400, "unknown query parameter", "invalidSyntax")
        if kind in ("ServiceProviderConfig", "ResourceTypes", "Schemas") and self.command == "GET":
            return self.discover(world, kind, id)
        if kind not in CORE or (kind == "Groups" and world.has("no_groups")):
            raise Refused(404, f"there is no {kind}")
        return self.act(world, kind, id, query)

    def discover(self, world, kind, id):
        body = discovery(world, kind)
        if not id:
            return 200, body
        found = next((item for item in body.get("Resources", ()) if item["id"] == id), None)
        if found is None:
            raise Refused(404, f"there is no {id}")
        return 200, found

    def act(self, world, kind, id, query):
        if self.command == "GET":
            if id:
                return (200, world.shown(kind, world.find(kind, id, world.seen()), **world.wanted(query)))
            return world.search(kind, query)
        if self.command == "DELETE" and id:
            return world.delete(kind, id)
        if self.command == "POST" and not id:
            return world.create(kind, self.body())
        if self.command == "PATCH" and id:
            return world.patch(kind, id, self.body())
        if self.command == "PUT" and id:
            return world.replace(kind, id, self.body())
        raise Refused(405, f"{self.command} is not allowed here")

    def body(self):
        try:
            body = json.loads(self.content)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused(400, "the body is not a JSON object", "invalidSyntax")
        return body

    def send(self, status, body):
        world = getattr(self, "world", None) or Anything
        content, media = (b"" if body is None else json.dumps(body).encode()), SCIM
        if world.has("json_media_type"):
            media = "application/json"
        if world.has("text_media_type"):
            media = "text/plain"
        if status >= 400 and world.has("html_errors"):
            content, media = (
                f"<!doctype html><title>{status}</title><h1>Something went wrong</h1>".encode(),
                "text/html",
            )
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        if status == 429:
            self.send_header("Retry-After", "1")
        if content:
            self.send_header("Content-Type", media)
        if status == 201 and isinstance(body, dict):
            self.send_header("Location", body["meta"]["location"])
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 204:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.worlds, self.lock = {}, threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def server_bind(self):
        socketserver_bind(self)

    def world(self, name):
        with self.lock:
            if name not in self.worlds:
                self.worlds[name] = World(name, f"{self.url}/{name}/scim/v2")
            return self.worlds[name]

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)  # a client that has gone is no news; a defect of ours is


def socketserver_bind(server):
    """Bind without looking up the host's name, which may take seconds."""
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.socket.bind(server.server_address)
    server.server_address = server.socket.getsockname()
    server.server_name, server.server_port = server.server_address[:2]


def main():
    server = Server(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": server.url, "token": TOKEN}), flush=True)
    sys.stdin.read()  # ends with who started it, however that ends
