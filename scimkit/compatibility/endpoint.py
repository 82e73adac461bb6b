"""Requests to the endpoint: each one counted, limited in time, and remembered with what it left there.

One connection, one request after the other, as each is sent over the wire. Every
response is an `Answer`, with any status. If the endpoint fails to respond too
often, or the time is up, `Ended` ends the probe: the rest is not reached.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from scimkit.clients.scim import SCIM_MEDIA_TYPE, Answer, ScimClient
from scimkit.clients.transport import retry_after
from scimkit.compatibility.record import LeftBehind
from scimkit.errors import Unreachable
from scimkit.journey.connection.exchange import printable, summarize
from scimkit.provisioning.dialect import match_filter, patch_body
from scimkit.provisioning.targets import Change, read_target

REQUEST_SECONDS = 15.0  # for one answer; Entra's own limit is (unconfirmed)
DEADLINE_SECONDS = 300.0  # for the whole probe
CLEANUP_SECONDS = 60.0  # on top of it, to remove what was made
MOST_SILENCES = 3  # requests in a row without an answer before the probe ends
LONGEST_WAIT_SECONDS = 30.0  # a server that asks for more is taken at its word: 429
MOST_ATTEMPTS = (
    3  # of one request that is put off (429, 503 with the time to come back); one that is cut off is sent twice
)
THROTTLE_SECONDS = 1.0  # waited after 429 where the server does not say how long
REPEATABLE = ("GET", "PATCH")  # where the answer is cut off: the changes of the probe end the same when made twice
LONGEST_SHOWN = 600  # characters of a body as a row shows it

Keep = Callable[[str, str, str], None]
"""Called with resource type, id ("" before it is known) and name: before each creation, and after it with the id."""


class Ended(Exception):
    """The probe cannot continue. cause: the root cause; sent: the request that showed it, if it was one."""

    def __init__(self, cause: str, said: str, sent: str = "") -> None:
        super().__init__(said)
        self.cause, self.said, self.sent = cause, said, sent


@dataclass(frozen=True, slots=True)
class Reply:
    """The response to one request, and how it is shown.

    answer  None: there was none; `said` says why
    """

    sent: str
    said: str
    answer: Answer | None

    @property
    def status(self) -> int:
        """0 if there was no answer."""
        if self.answer:
            return self.answer.status
        return 0

    @property
    def json(self) -> Any:
        if self.answer:
            return self.answer.json
        return None

    @property
    def done(self) -> bool:
        """Whether the endpoint reports that it did what was requested."""
        return 200 <= self.status < 300

    @property
    def id(self) -> str:
        """The id of the resource in the answer, "" if there is none."""
        found = None
        if isinstance(self.json, dict):
            found = self.json.get("id")
        if isinstance(found, (str, int)) and not isinstance(found, bool):
            return str(found)
        return ""


@dataclass(slots=True)
class _Made:
    """An object the probe created. keys: values of its matching attribute, by which it can be found, latest last."""

    resource_type: str
    name: str
    keys: list[str]
    id: str = ""
    gone: bool = False
    hidden: bool = False


@dataclass(slots=True)
class Endpoint:
    """The endpoint under test.

    keep      see `Keep`; None: there is no ledger
    matching  attribute by which created people are looked up if the response to their creation was lost
    keeps_deleted  resource types for which it was seen to accept DELETE and keep the object
    get_headers, percent  what it needs to understand a GET: further headers, `%20` for a space
    throttled  for each 429: the request, and how many were sent in the second before it
    """

    scim: ScimClient
    deadline_seconds: float = DEADLINE_SECONDS
    request_seconds: float = REQUEST_SECONDS
    keep: Keep | None = None
    matching: str = "userName"
    requests: int = 0
    silences: int = 0
    made: list[_Made] = field(default_factory=list)
    keeps_deleted: set[str] = field(default_factory=set)
    get_headers: dict[str, str] = field(default_factory=dict)
    percent: bool = False
    sent_at: list[float] = field(default_factory=list)
    throttled: list[tuple[str, int]] = field(default_factory=list)
    ends: float = 0.0

    def __post_init__(self) -> None:
        self.ends = time.monotonic() + self.deadline_seconds

    # -- asking --------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: Any = None,
        media_type: str = SCIM_MEDIA_TYPE,
        headers: Mapping[str, str] | None = None,
        anonymous: bool = False,
    ) -> Reply:
        """One request, repeated if that is safe: a read or a change that was cut off, and 429 after a short wait.

        Raises Ended if the time is up or the endpoint has failed to respond too often.
        """
        if method == "GET":
            headers = {**self.get_headers, **(headers or {})}
        elif body is not None:
            headers = {"Content-Type": media_type, **(headers or {})}
        shown = show_request(method, path, query, body)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            left = self.ends - time.monotonic()
            if left <= 0:
                raise Ended("compat.too_slow", f"the time limit of the probe was reached before {method} {path}")
            self.requests += 1
            self.sent_at.append(time.monotonic())
            try:
                answer = self.scim.send(
                    method,
                    path,
                    query=query,
                    body=body,
                    headers=headers,
                    anonymous=anonymous,
                    seconds=min(self.request_seconds, left),
                )
            except Unreachable as error:
                if error.cause == "timeout" and left < self.request_seconds:
                    raise Ended(
                        "compat.too_slow", f"the time limit of the probe was reached during {method} {path}"
                    ) from None
                self.silences += 1
                if self.silences >= MOST_SILENCES:
                    raise Ended("compat.no_answer", str(error)) from None
                if method in REPEATABLE and error.cause == "reset" and attempt == 1:
                    continue
                return Reply(shown, f"no answer: {error}", None)
            self.silences = 0
            if answer.status == 429:
                recent = self.sent_at[-1] - 1.0
                self.throttled.append((shown, sum(moment > recent for moment in self.sent_at)))
            wish = _wished_wait(answer)
            room = min(LONGEST_WAIT_SECONDS, self.ends - time.monotonic())
            if wish is None or wish > room or attempt == MOST_ATTEMPTS:
                break
            self.scim.pause(wish)
        return Reply(shown, tell(answer), answer)

    def get(self, path: str, *, params: Mapping[str, str] | None = None, query: str = "", **how: Any) -> Reply:
        """A reading. query as it goes over the wire, or else params, encoded as the endpoint understands them."""
        return self.send("GET", path, query=query or encode_query(params or {}, percent=self.percent), **how)

    def find(self, resource_type: str, attribute: str, value: str, **more: str) -> Reply:
        """The query by which Entra matches."""
        if resource_type == "Groups":
            params = {"excludedAttributes": "members"}
        else:
            params = {}
        return self.get(resource_type, params={**params, "filter": match_filter(attribute, value), **more})

    def find_as(
        self, resource_type: str, attribute: str, value: str, headers: Mapping[str, str], *, anonymous: bool = False
    ) -> Reply:
        """The same with other headers; `anonymous` without the token."""
        return self.get(
            resource_type, params={"filter": match_filter(attribute, value)}, headers=headers, anonymous=anonymous
        )

    def read(self, resource_type: str, id: str, **params: str) -> Reply:
        """One resource by its id, groups without members unless `params` say otherwise."""
        return self.get(one(resource_type, id), params=params)

    def create(self, resource_type: str, body: Mapping[str, Any], *, name: str, key: str = "", **how: Any) -> Reply:
        """Create a resource; it is remembered before it is sent, so that it can be removed in any case.

        name  for the ledger: userName or displayName; key  the matching value, if it is another
        """
        entry = _Made(resource_type, name, [key or name])
        self.made.append(entry)
        if self.keep is not None:
            self.keep(resource_type, "", name)
        reply = self.send("POST", resource_type, body=body, **how)
        entry.id = reply.id if reply.done else ""
        if reply.status and not reply.done and (reply.status < 500 or reply.status == 501):
            entry.gone = True  # it says that it made nothing
        if entry.id and self.keep is not None:
            self.keep(resource_type, entry.id, name)
        return reply

    def patch(self, resource_type: str, id: str, body: Mapping[str, Any], **how: Any) -> Reply:
        return self.send("PATCH", one(resource_type, id), body=body, **how)

    def delete(self, resource_type: str, id: str) -> Reply:
        reply = self.send("DELETE", one(resource_type, id))
        if reply.done or reply.status == 404:
            for entry in self.made:
                if (entry.resource_type, entry.id) == (resource_type, id):
                    entry.gone = True
        return reply

    def disown_last(self) -> None:
        """The last creation created nothing new."""
        self.made.pop()

    def hide(self, id: str, hidden: bool) -> None:
        """Remember that a test person is disabled and cannot be reached, or can be again."""
        for entry in self.made:
            if entry.id == id:
                entry.hidden = hidden

    def is_hidden(self, id: str) -> bool:
        return any(entry.hidden for entry in self.made if entry.id == id)

    def renamed(self, id: str, name: str, key: str = "") -> None:
        """Remember, also in the ledger, that a test object has, or may have, another name now."""
        for entry in self.made:
            if entry.id == id:
                entry.name = name
                entry.keys.append(key or name)
                if self.keep is not None:
                    self.keep(entry.resource_type, id, name)

    # -- removing ------------------------------------------------------------

    def clean_up(self) -> tuple[LeftBehind, ...]:
        """Remove everything that was created, groups first, newest first; returns what could not be removed."""
        self.ends, self.silences = time.monotonic() + CLEANUP_SECONDS, 0
        waiting = [entry for entry in reversed(self.made) if not entry.gone]
        waiting.sort(key=lambda entry: entry.resource_type)  # Groups, then Users
        kept = [entry for entry in self.made if entry.gone and entry.id and entry.resource_type in self.keeps_deleted]
        left = [LeftBehind(entry.resource_type, entry.id, entry.name) for entry in kept]
        again: list[_Made] = []
        for number, entry in enumerate(waiting):
            try:
                if entry.resource_type in self.keeps_deleted:
                    self._remove(entry)
                    left.append(LeftBehind(entry.resource_type, entry.id, entry.name))
                elif not self._remove(entry):
                    again.append(entry)
            except Ended:
                again += waiting[number:]
                break
        return (*left, *self._try_again(again))

    def _try_again(self, entries: list[_Made]) -> list[LeftBehind]:
        """What is left after more tries: a manager, for example, can often be deleted only after their reports."""
        for _ in range(MOST_ATTEMPTS):
            entries = [entry for entry in entries if not self._remove_quietly(entry)]
            if not self.silences:  # what was refused will be refused again
                break
        return [LeftBehind(entry.resource_type, entry.id, entry.name) for entry in entries]

    def _remove_quietly(self, entry: _Made) -> bool:
        try:
            return self._remove(entry)
        except Ended:
            return False

    def _remove(self, entry: _Made) -> bool:
        """Whether nothing of `entry` is left."""
        if entry.id:
            if entry.hidden:
                self.patch(entry.resource_type, entry.id, patch_body([Change("active", False, True)]))
            reply = self.delete(entry.resource_type, entry.id)
            if reply.status not in (404, 410):
                return reply.done
            if entry.hidden:
                return False
        attribute = "displayName"
        if entry.resource_type == "Users":
            attribute = self.matching
        return all([self._remove_found(entry, attribute, key) for key in dict.fromkeys(reversed(entry.keys))])

    def _remove_found(self, entry: _Made, attribute: str, key: str) -> bool:
        """Delete objects found by `key` that have a name of `entry`; here a bare array is read as a list."""
        reply = self.find(entry.resource_type, attribute, key)
        if isinstance(reply.json, dict):
            items = reply.json.get("Resources") or ()
        else:
            items = reply.json
        if reply.status != 200 or not isinstance(items, (list, tuple)):
            return bool(entry.id)
        keys = {one.casefold() for one in entry.keys}
        ours = [
            item
            for item in items
            if isinstance(item, dict) and item.get("id") and str(read_target(item, attribute)).casefold() in keys
        ]
        return all([self._delete_surely(entry.resource_type, str(item["id"])) for item in ours])

    def _delete_surely(self, resource_type: str, id: str) -> bool:
        reply = self.delete(resource_type, id)
        return reply.done or reply.status in (404, 410)


def _wished_wait(answer: Answer) -> float | None:
    """Seconds after which the server wants the request again (429, 503); None: it does not."""
    if answer.status not in (429, 503):
        return None
    wish = retry_after(answer.headers.get("retry-after"))
    if wish is None and answer.status == 429:
        return THROTTLE_SECONDS
    return wish


def one(resource_type: str, id: str) -> str:
    """The path of one resource."""
    if id in ("", ".", ".."):
        raise ValueError("an empty id would address all resources")
    return f"{resource_type}/{quote(id, safe='')}"


def encode_query(params: Mapping[str, str], *, percent: bool = False) -> str:
    """A query as the service was seen to write it: spaces as `+`, quotes as `%22`. percent: spaces as `%20`.

    >>> encode_query({"filter": 'userName eq "ada"'})
    'filter=userName+eq+%22ada%22'
    """
    if percent:
        encode = quote
    else:
        encode = quote_plus
    return "&".join(f"{name}={encode(value, safe='')}" for name, value in params.items())


def show_request(method: str, path: str, query: str, body: Any) -> str:
    """A request in the form shown in a row."""
    text = ""
    if body is not None:
        text = " " + json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if not (len(text) <= LONGEST_SHOWN):
        text = text[:LONGEST_SHOWN] + "…"
    return printable(f"{method} /{path}" + (f"?{query}" if query else "") + text)


def tell(answer: Answer) -> str:
    """The response in a few words: other people's data is counted, not quoted."""
    code = None
    if isinstance(answer.json, dict):
        code = answer.json.get("scimType")
    return (
        f"{answer.status} {answer.media_type}".rstrip()
        + (f" {printable(str(code))}" if code else "")
        + f": {summarize(answer)}"
    )
