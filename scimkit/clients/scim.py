"""The SCIM client: the requests Entra's provisioning service sends, and no others.

Numbers such as R4 are from the request catalogue in Entra's SCIM dialect
(tutorial "Develop and plan provisioning for a SCIM endpoint").
"""

from __future__ import annotations

import json as jsonlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self, Unpack
from urllib.parse import quote, unquote_plus

import httpx

from scimkit.clients.deadline import Deadline
from scimkit.clients.noting import noted_write
from scimkit.clients.transport import RETRY, TIMEOUT_SECONDS, Options, Token, open_client, wished_wait
from scimkit.clients.unreachable import NOT_SENT, explain
from scimkit.credentials import REDACTOR, jwt_expiry
from scimkit.errors import ApiError, Denied, Rejected, Throttled, Unreachable
from scimkit.evidence.journal import Journal
from scimkit.provisioning.dialect import FLAG

JSON = dict[str, Any]
SCIM_MEDIA_TYPE = "application/scim+json"
LONGEST_TEXT = 20_000  # characters kept of a raw answer
LONGEST_DETAIL = 300  # characters of a server's own words in our message
LARGEST_ANSWER = 8_000_000  # bytes read of a raw answer: a server that ignores paging must not fill the memory


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to a probe, unchanged but redacted.

    sent        method, path and decoded query, without the host
    media_type  of Content-Type, lower case, without parameters; "" when missing
    headers     names in lower case, no cookies
    text        at most 20,000 characters
    seconds     from sending to the end of the answer
    json        the body if it is JSON, else None
    """

    sent: str
    status: int
    media_type: str
    headers: dict[str, str]
    text: str
    seconds: float
    json: Any


class ScimClient:
    """A SCIM endpoint, with the requests that Entra sends.

    base_url  the tenant URL, including behaviour flags (`https://host/scim?aadOptscim062020`)
    token     the secret token; None sends none
    matching  target attribute people are matched by; groups are matched by displayName
    journal   notes every write; None notes nothing
    options   see `transport.Options`

    Every call raises Unreachable (no answer), Denied (401, 403), Throttled (429)
    or Rejected (any other refusal, or an answer that is not SCIM).
    """

    def __init__(
        self,
        base_url: str,
        token: Token,
        *,
        matching: str = "userName",
        journal: Journal | None = None,
        **options: Unpack[Options],
    ) -> None:
        address, _, query = base_url.strip().partition("?")
        self.matching, self.journal = matching, journal
        self.base_url, self._token = base_url.strip(), token
        self._options = options
        self.flags: tuple[str, ...] = tuple(
            part.partition("=")[0] for part in query.partition("#")[0].split("&") if part
        )
        self._http = open_client(
            address.partition("#")[0],
            token=token,
            headers={"Accept": f"{SCIM_MEDIA_TYPE}, application/json;q=0.9, */*;q=0.1", "User-Agent": "scimkit"},
            **options,
        )
        self._deadline = Deadline()

    def __repr__(self) -> str:
        return f"<ScimClient {self._http.base_url.host}{self._http.base_url.path}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def at(self, base_url: str) -> ScimClient:
        """The same client, token included, for another address. The caller is responsible for that address."""
        return ScimClient(base_url, self._token, matching=self.matching, journal=self.journal, **self._options)

    def pause(self, seconds: float) -> None:
        """Wait in the same way as retries of this client."""
        (self._options.get("wait") or time.sleep)(seconds)

    @property
    def token_expires(self) -> datetime | None:
        """The expiry time in the token itself (JWT); None if it has none."""
        token = self._token() if callable(self._token) else self._token
        if token is not None:
            return jwt_expiry(token)
        return None

    @property
    def flag(self) -> bool:
        """Whether the tenant URL asks for the standard form of PATCH."""
        return any(name.lower() == FLAG.lower() for name in self.flags)

    # -- reading -------------------------------------------------------------

    def probe(
        self,
        attribute: str = "",
        *,
        resource_type: str = "Users",
        value: str = "",
        base: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Search for a person who cannot exist, as Test Connection does (R1, R2), and return the raw answer.

        attribute  the matching attribute; "" uses the client's own
        value      the value to search for; "" creates a new GUID
        base, headers  as for `ask`

        Sent once, without SCIM media types, as Entra sends it. No status raises;
        raises Unreachable if there is no answer.
        """
        attribute = attribute or (self.matching if resource_type == "Users" else "displayName")
        query = _query(resource_type, attribute, value or str(uuid.uuid4()))
        return self.ask(resource_type, query, base=base, headers=headers)

    def ask(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        base: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One GET below the base address, or below `base`, sent once; the raw answer.

        base     another whole address; a request to another origin goes without the token
        headers  more than `Accept: */*`

        No status raises; raises Unreachable if there is no answer.
        """
        request = self._http.build_request(
            "GET",
            f"{base.rstrip('/')}/{path}" if base else path,
            params=dict(params or {}),
            headers={"Accept": "*/*", **(headers or {})},
            extensions={RETRY: False},
        )
        return self._send_raw(
            request, 2 * self._options.get("timeout_seconds", TIMEOUT_SECONDS), anonymous=False
        )  # however it trickles

    def find(self, resource_type: str, attribute: str, value: str) -> list[JSON]:
        """The resources whose `attribute` equals `value` (R4; groups without members, R11)."""
        response = self._http.get(resource_type, params=_query(resource_type, attribute, value))
        return read_list(self._accepted(response, {200}), response)

    def read(self, resource_type: str, id: str, *, members: bool = False) -> JSON | None:
        """The resource with that id (R5, R12); None if the endpoint returns 404.

        members  read a group with its members, which the service itself never does
        """
        params = None
        if resource_type == "Groups" and not members:
            params = {"excludedAttributes": "members"}
        response = self._http.get(_one(resource_type, id), params=params)
        if response.status_code == 404:
            return None
        return _resource(self._accepted(response, {200}), response)

    def list_all(self, resource_type: str = "Users", page: int = 100) -> Iterator[JSON]:
        """Every resource, page after page (R18).

        Raises Rejected if the endpoint repeats itself before the end: an incomplete
        list must not pass for a complete one.
        """
        seen: set[str] = set()
        start = 1
        while True:
            params: dict[str, str | int] = {"startIndex": start, "count": page}
            if resource_type == "Groups":
                params["excludedAttributes"] = "members"
            response = self._http.get(resource_type, params=params)
            body = self._accepted(response, {200})
            items = read_list(body, response)
            fresh = [item for item in items if str(item.get("id")) not in seen]
            seen.update(str(item.get("id")) for item in fresh)
            yield from fresh
            total = None
            if isinstance(body, dict):
                total = body.get("totalResults")
            if not items or (isinstance(total, int) and len(seen) >= total):
                if isinstance(total, int) and len(seen) < total:
                    raise _nonsense(response, f"the list ends after {len(seen)} of {total}")
                return
            if not fresh:
                raise _nonsense(
                    response, f"startIndex {start} gives the same people as before: paging is not supported"
                )
            start += len(items)

    # -- writing -------------------------------------------------------------

    def create(self, resource_type: str, body: Mapping[str, Any]) -> JSON:
        """Create a resource (R7, R13); the endpoint's answer, which has an `id`.

        If the answer is lost, the resource is searched by its matching attribute
        instead of being sent twice; Unreachable if it is not found.
        """
        with self._noted("POST", resource_type, after=body) as settle:
            try:
                response = self._http.post(
                    resource_type, content=_encode(body), headers={"Content-Type": SCIM_MEDIA_TYPE}
                )
            except Unreachable as lost:
                found = None
                if lost.cause not in NOT_SENT:
                    found = self._find_created(resource_type, body)
                if found is None:
                    raise
                settle(
                    {
                        "status": None,
                        "id": found.get("id"),
                        "message": "the answer was lost; the resource was found by its matching attribute",
                    }
                )
                return found
            created = _resource(self._accepted(response, {200, 201}), response)
            settle({"status": response.status_code, "id": created["id"]})
            return created

    def _find_created(self, resource_type: str, body: Mapping[str, Any]) -> JSON | None:
        from scimkit.provisioning.targets import read_target

        attribute = "displayName"
        if resource_type == "Users":
            attribute = self.matching
        value = read_target(dict(body), attribute)
        if not isinstance(value, str) or not value:
            return None
        try:
            found = self.find(resource_type, attribute, value)
        except ApiError:  # then the lost answer is what counts
            return None
        if len(found) == 1 and found[0].get("id"):
            return found[0]
        return None

    def patch(self, resource_type: str, id: str, body: Mapping[str, Any], *, before: Any = None) -> JSON | None:
        """Change a resource (R8, R14, R15); its new state if the endpoint sends it (200), None for 204."""
        path = _one(resource_type, id)
        with self._noted("PATCH", path, before=before, after=body) as settle:
            response = self._http.patch(path, content=_encode(body), headers={"Content-Type": SCIM_MEDIA_TYPE})
            answer = self._accepted(response, {200, 204})
            settle({"status": response.status_code, "id": id})
            if isinstance(answer, dict) and answer:
                return answer
            return None

    def delete(self, resource_type: str, id: str, *, before: Any = None) -> bool:
        """Delete a resource (R10, R16). False if there was none (404), also after a lost answer that had succeeded."""
        path = _one(resource_type, id)
        with self._noted("DELETE", path, before=before) as settle:
            response = self._http.delete(path)
            if response.status_code != 404:
                self._accepted(response, {200, 204})
            settle({"status": response.status_code, "id": id})
            return response.status_code != 404

    def _noted(
        self, method: str, path: str, *, before: Any = None, after: Any = None
    ) -> AbstractContextManager[Callable[[Any], None]]:
        shown = f"{self._http.base_url.path.rstrip('/')}/{path}"
        return noted_write(self.journal, "scim", method, shown, before=before, after=after)

    # -- as it stands --------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        anonymous: bool = False,
        seconds: float | None = None,
    ) -> Answer:
        """One request below the base address, sent once; the raw answer.

        query      as it is sent over the wire: `filter=userName+eq+%22ada%22`
        body       sent as JSON, application/scim+json unless `headers` name another; None sends neither
        headers    in addition to `Accept: */*`
        anonymous  without the token; `headers` may then contain another Authorization
        seconds    for the whole answer; None uses the client's own limit, between two pieces of it

        A write is noted in the journal. No status raises; raises Unreachable if there is no
        answer in time, and for an answer of more than 8 MB.
        """
        given: dict[str, Any] = {}
        typed: dict[str, str] = {}
        if body is not None:
            given["content"] = _encode_any(body)
            typed["Content-Type"] = SCIM_MEDIA_TYPE
        if query:
            path = f"{path}?{query}"
        limit = self._options.get("timeout_seconds", TIMEOUT_SECONDS)
        if seconds is not None:
            limit = max(seconds, 0.05)
        request = self._http.build_request(
            method, path, headers={"Accept": "*/*", **typed, **(headers or {})}, extensions={RETRY: False}, **given
        )
        request.extensions["timeout"] = httpx.Timeout(limit).as_dict()  # `extensions` above would replace a `timeout`
        if method == "GET":
            return self._send_raw(request, seconds, anonymous)
        answers: list[Answer] = []
        with suppress(Rejected), self._noted(method, path, after=body) as settle:
            answers.append(self._send_raw(request, seconds, anonymous))
            if answers[0].status >= 400:  # noted as refused; who asked gets the answer as it is
                raise Rejected(f"{method} {path} was answered with {answers[0].status}", status=answers[0].status)
            made = None
            if isinstance(answers[0].json, dict):
                made = answers[0].json.get("id")
            settle({"status": answers[0].status, "id": made})
        return answers[0]

    def _send_raw(self, request: httpx.Request, seconds: float | None, anonymous: bool) -> Answer:
        started = time.monotonic()
        try:
            with self._deadline.within(seconds, request):
                whole = self._read_whole(request, {"auth": None} if anonymous else {})
        except httpx.HTTPError as error:
            raise explain(error, request) from None
        return read_answer(whole, time.monotonic() - started)

    def _read_whole(self, request: httpx.Request, options: dict[str, Any]) -> httpx.Response:
        """The answer with its body. Raises Unreachable if the body is too large."""
        response = self._http.send(request, stream=True, **options)
        try:
            pieces, size = [], 0
            for piece in response.iter_raw():
                pieces.append(piece)
                size += len(piece)
                if size > LARGEST_ANSWER:
                    raise Unreachable(
                        f"{request.method} {request.url.path}: the answer is larger than 8 MB",
                        "The endpoint ignores the parameters of the request.",
                        method=request.method,
                        path=request.url.path,
                    )
        finally:
            response.close()
        return httpx.Response(response.status_code, headers=response.headers, content=b"".join(pieces), request=request)

    # -- answers -------------------------------------------------------------

    def _accepted(self, response: httpx.Response, statuses: set[int]) -> Any:
        """The JSON body of an expected answer, None when empty. Raises for any other status."""
        if response.status_code not in statuses:
            raise read_error(response)
        if response.status_code == 204 or not response.content:
            return None
        return read_json(response)


def read_answer(response: httpx.Response, seconds: float) -> Answer:
    """A response as a record, redacted."""
    request = response.request
    query = unquote_plus(request.url.query.decode("ascii"))
    text = REDACTOR.text(response.text)
    try:
        body = response.json()
        if text != response.text or not _is_plain(
            response.content
        ):  # else no secret is in the whole, and so none in its parts
            body = REDACTOR.plain(body)
    except (ValueError, RecursionError):
        body = None
    headers = {name.lower(): value for name, value in response.headers.items() if "cookie" not in name.lower()}
    return Answer(
        sent=REDACTOR.text(f"{request.method} {request.url.path}" + (f"?{query}" if query else "")),
        status=response.status_code,
        media_type=_media_type(response),
        headers=REDACTOR.plain(headers),
        text=text[:LONGEST_TEXT],
        seconds=seconds,
        json=body,
    )


def _is_plain(content: bytes) -> bool:
    """Whether the parts of a JSON text appear in it letter by letter: ASCII without escapes."""
    return content.isascii() and b"\\" not in content and b"\0" not in content


def read_json(response: httpx.Response) -> Any:
    """The body as JSON. Raises Rejected naming what came instead."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        pass
    raise _nonsense(response, f"the answer is {_media_type(response) or 'of no stated type'}, not SCIM (JSON)")


def read_list(body: Any, response: httpx.Response) -> list[JSON]:
    """The resources of a ListResponse; one without `Resources` is empty when it says totalResults 0."""
    if not isinstance(body, dict) or ("Resources" not in body and body.get("totalResults") != 0):
        raise _nonsense(response, "the answer to a query is not a ListResponse")
    items = body.get("Resources") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _nonsense(response, "the Resources of the ListResponse are not a list of objects")
    return items


def _resource(body: Any, response: httpx.Response) -> JSON:
    if not isinstance(body, dict) or not body.get("id"):
        raise _nonsense(response, "the answer is not a resource with an id")
    return body


def read_error(response: httpx.Response) -> ApiError:
    """The error for a refused request, with the endpoint's own words, redacted and shortened."""
    status, path, method = response.status_code, response.request.url.path, response.request.method
    code, detail = _detail(response)
    said = ""
    if detail:
        said = f": {detail}"
    where: dict[str, Any] = {
        "method": method,
        "path": path,
        "status": status,
        "request_id": response.headers.get("request-id", ""),
    }
    what = f"{method} {path} was answered with {status}"
    if status in (401, 403):
        remedy = (
            "The token is known but has no permission for this. Ask the vendor to grant it the permissions for"
            " provisioning."
        )
        if status == 401:
            remedy = (
                "Check that the token is complete, has not expired, belongs to this endpoint and was entered without"
                " the word Bearer."
            )
        return Denied(f"{what}{said}", remedy, **where)
    if status == 429:
        seconds = wished_wait(response)
        return Throttled(
            f"{what}: too many requests{said}",
            "Wait, then continue. Ask the vendor about the rate limit.",
            retry_after_seconds=seconds,
            **where,
        )
    if 300 <= status < 400:
        target = httpx.URL(response.headers.get("Location", "") or "/")
        place = ""
        if target.host:
            place = f" to {target.host}"
        return Rejected(
            f"{what}: a redirect{place}, which Entra does not follow",
            "If the redirect leads to the vendor, enter its address as the tenant URL.",
            **where,
        )
    remedies = {
        404: "Check the path of the tenant URL: /Users is appended to it.",
        405: "The endpoint does not offer this operation. Ask the vendor.",
        409: (
            "A person with these values already exists. Match that person instead, or change the value that must be"
            " unique."
        ),
    }
    fallback = "Correct the attribute that the endpoint names, or ask the vendor what it expects."
    if status >= 500:
        fallback = "The vendor's server failed. Try again later, and send the vendor the time and this message."
    return Rejected(f"{what}{f' ({code})' if code else ''}{said}", remedies.get(status, fallback), code=code, **where)


def _detail(response: httpx.Response) -> tuple[str, str]:
    """scimType and detail of a SCIM error body (RFC 7644, 3.12), "" if there is none."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return "", ""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return "", ""
    detail = body.get("detail") or body.get("message") or body.get("error_description") or ""
    if isinstance(detail, str):
        text = detail
    else:
        text = jsonlib.dumps(detail)
    return REDACTOR.text(str(body.get("scimType") or "")), REDACTOR.text(" ".join(text.split()))[:LONGEST_DETAIL]


def _nonsense(response: httpx.Response, sentence: str) -> Rejected:
    return Rejected(
        f"{response.request.method} {response.request.url.path}: {sentence}",
        "Check that the tenant URL is the SCIM address. Sign-in and error pages answer like this.",
        method=response.request.method,
        path=response.request.url.path,
        status=response.status_code,
    )


def _query(resource_type: str, attribute: str, value: str) -> dict[str, str]:
    params = {"filter": f"{attribute} eq {quote_value(value)}"}
    if resource_type == "Groups":
        return {"excludedAttributes": "members", **params}
    return params


def quote_value(value: str) -> str:
    r"""`value` as a string in a SCIM filter: quoted, escaped as in JSON (RFC 7644, 3.4.2.2).

    >>> quote_value('O"Neil')
    '"O\\"Neil"'
    """
    return jsonlib.dumps(value, ensure_ascii=False)


def _one(resource_type: str, id: str) -> str:
    if id in ("", ".", ".."):
        raise ValueError("an empty id would address all resources")
    return f"{resource_type}/{quote(id, safe='')}"


def _encode(body: Mapping[str, Any]) -> bytes:
    return jsonlib.dumps(dict(body), ensure_ascii=False).encode("utf-8")


def _encode_any(body: Any) -> bytes:
    return jsonlib.dumps(body, ensure_ascii=False).encode("utf-8")


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
