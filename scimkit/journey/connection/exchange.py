"""One request and its answer, in words that may be shown: no secret, no person, no control character."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

from scimkit.clients.scim import Answer
from scimkit.errors import Unreachable

Outcome = Answer | Unreachable
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SERVICE_PROVIDER_CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
SCIM_TYPE = "application/scim+json"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer. `found` describes the answer in words."""

    sent: str
    status: int | None
    media_type: str
    found: str

    @property
    def told(self) -> str:
        """Both in one clause, as quoted in a finding."""
        came = "got no answer"
        if self.status:
            came = f"got {self.status} {self.media_type}".rstrip()
        return f"sent {self.sent}, {came}: {self.found}"


def note_exchange(sent: str, outcome: Outcome) -> Exchange:
    """The exchange in a form that may be stored. `sent` may contain the random id of the search."""
    shown = printable(_GUID.sub("<random id>", sent))
    if isinstance(outcome, Unreachable):
        return Exchange(shown, None, "", printable(str(outcome)))
    return Exchange(shown, outcome.status, printable(outcome.media_type), summarize(outcome))


def summarize(answer: Answer) -> str:
    """The response in a few words. Other people's data is counted, not quoted."""
    body = answer.json
    if isinstance(body, dict) and "totalResults" in body:
        return printable(f"ListResponse, totalResults {body['totalResults']}")[:120]
    if isinstance(body, dict) and (said := _own_words(body)):
        return f"error: {said}"
    if isinstance(body, dict):
        return printable(f"a JSON object with {', '.join(map(str, body)) or 'nothing in it'}")[:120]
    if isinstance(body, list):
        return f"a JSON list of {len(body)}"
    if 300 <= answer.status < 400 and answer.headers.get("location"):
        return f"a redirect to {redirect_target(answer)}"
    if looks_like_html(answer):
        title = _TITLE.search(answer.text)
        words = ""
        if title:
            words = printable(html.unescape(title[1]))[:80]
        if words:
            return f"a web page, “{words}”"
        return "a web page"
    return printable(answer.text)[:120] or "an empty body"


def _own_words(body: dict[str, Any]) -> str:
    for key in ("detail", "error_description", "message", "error"):
        if isinstance(body.get(key), str):
            return printable(body[key])[:200]
    return ""


def printable(text: str) -> str:
    """`text` on one line, with unprintable characters marked."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)


def looks_like_html(answer: Answer) -> bool:
    return answer.json is None and ("html" in answer.media_type or answer.text.lstrip()[:1] == "<")


def redirect_target(answer: Answer) -> str:
    """The target of a redirect, without query and fragment, which may contain credentials."""
    place = re.split(r"[?#]", answer.headers.get("location", ""), maxsplit=1)[0]
    return printable(re.sub(r"//[^/@]*@", "//", place))[:200] or "an unnamed place"


def is_list(body: Any) -> bool:
    """Whether a body is a SCIM ListResponse with a number of results."""
    if not isinstance(body, dict) or isinstance(body.get("totalResults"), bool):
        return False
    return isinstance(body.get("totalResults"), int) and LIST_RESPONSE.lower() in _schemas(body)


def answers_as_scim(outcome: Outcome) -> bool:
    """Whether a SCIM service answers there."""
    if isinstance(outcome, Unreachable) or outcome.status != 200:
        return False
    return is_list(outcome.json) or (
        isinstance(outcome.json, dict) and SERVICE_PROVIDER_CONFIG.lower() in _schemas(outcome.json)
    )


def _schemas(body: dict[str, Any]) -> list[str]:
    schemas = body.get("schemas")
    if isinstance(schemas, list):
        return [item.lower() for item in schemas if isinstance(item, str)]
    return []
