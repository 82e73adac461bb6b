from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from scimkit.errors import ConfigError
from scimkit.sandbox.faults import Faults, parse_fault

EXTRA = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "x@contoso.example",
    "externalId": "x",
    "name": {"givenName": "X", "familyName": "Y"},
    "emails": [{"type": "work", "value": "x@contoso.example"}],
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("throttle", ("vendors", "throttle", 3)),
        ("graph:latency=0.2", ("graph", "latency", 0.2)),
        ("oreilly:html=502", ("oreilly", "html", 502)),
        ("clock-skew=-60", ("vendors", "clock_skew", -60)),
        ("slow_assignments", ("graph", "slow_assignments", 120)),
    ],
)
def test_a_fault_is_read(text: str, found: tuple[str, str, float]) -> None:
    """Place, name and value, each with its default."""
    fault = parse_fault(text, ("oreilly",))
    assert (fault.where, fault.name, fault.value) == found


@pytest.mark.parametrize("text", ["nonsense", "nowhere:html", "latency=soon", "graph:html", "latency=-1"])
def test_a_wrong_fault_is_refused(text: str) -> None:
    """With words that say what is known."""
    with pytest.raises(ConfigError) as caught:
        parse_fault(text, ("oreilly",))
    assert caught.value.remedy


def test_a_fault_of_one_app_beats_the_one_for_all() -> None:
    """And leaves the other apps with the general one."""
    faults = Faults(("a", "b"))
    faults.add("latency=1")

    faults.add("a:latency=2")

    assert [f.value if (f := faults.at(place, "latency")) else None for place in ("a", "b", "graph")] == [2, 1, None]


def test_latency(open_desk: Callable[..., Any]) -> None:
    """Answers take longer, at the vendor only."""
    desk = open_desk(faults=["latency=0.3"])
    begun = time.monotonic()

    desk.scim.get("Users")

    assert time.monotonic() - begun >= 0.3


def test_throttling(open_desk: Callable[..., Any]) -> None:
    """Each third request is a 429 with a fractional Retry-After, as SCIM or as Graph."""
    desk = open_desk(faults=["throttle=3", "graph:throttle=2"])
    answers = [desk.scim.get("Users") for _ in range(6)]

    assert [a.status_code for a in answers] == [200, 200, 429] * 2
    assert answers[2].headers["retry-after"] == "0.25"
    assert answers[2].json()["status"] == "429"

    answers = [desk.graph.get("me") for _ in range(2)]
    assert answers[1].status_code == 429
    assert answers[1].json()["error"]["code"] == "TooManyRequests"


def test_a_burst_of_errors(open_desk: Callable[..., Any]) -> None:
    """Two 503, then all is well."""
    desk = open_desk(faults=["errors=2"])
    assert [desk.scim.get("Users").status_code for _ in range(4)] == [503, 503, 200, 200]


def test_reset_before_acting(open_desk: Callable[..., Any]) -> None:
    """The connection is lost and nothing was done."""
    desk = open_desk(faults=["reset_before=1"])
    with pytest.raises(httpx.TransportError):
        desk.scim.post("Users", json=EXTRA)
    assert desk.scim.get("Users").json()["totalResults"] == 0


def test_reset_after_acting(open_desk: Callable[..., Any]) -> None:
    """The connection is lost although it was done."""
    desk = open_desk(faults=["reset_after=1", "graph:reset_after=1"])
    with pytest.raises(httpx.TransportError):
        desk.scim.post("Users", json=EXTRA)

    assert desk.scim.get("Users").json()["totalResults"] == 1

    template = desk.get("applicationTemplates", filter="contains(displayName,'Reilly')")["value"][0]["id"]
    with pytest.raises(httpx.TransportError):
        desk.graph.post(f"applicationTemplates/{template}/instantiate", json={"displayName": "lost"})

    desk.tell("wait", seconds=5)

    assert desk.get("servicePrincipals", filter="displayName eq 'lost'")["value"]


def test_html_pages(open_desk: Callable[..., Any]) -> None:
    """A sign-in page with the status chosen instead of SCIM."""
    desk = open_desk(faults=["html=403"])
    answer = desk.scim.get("Users")

    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert "<html" in answer.text


def test_ignored_paging_and_filter(open_desk: Callable[..., Any]) -> None:
    """Each page is the whole list; each search finds everybody."""
    desk = open_desk()
    for number in range(3):
        desk.scim.post("Users", json=EXTRA | {"userName": f"{number}@contoso.example", "externalId": str(number)})

    pages = {"startIndex": 3, "count": 1}

    assert len(desk.scim.get("Users", params=pages).json()["Resources"]) == 1

    desk.tell("faults", set="ignore_paging")
    assert len(desk.scim.get("Users", params=pages).json()["Resources"]) == 3

    nobody = {"filter": 'userName eq "nobody"'}
    assert desk.scim.get("Users", params=nobody).json()["totalResults"] == 0

    desk.tell("faults", set="ignore_filter")
    assert desk.scim.get("Users", params=nobody).json()["totalResults"] == 3

    desk.tell("faults", clear=True)
    assert desk.scim.get("Users", params=nobody).json()["totalResults"] == 0


def test_tokens_expire(open_desk: Callable[..., Any]) -> None:
    """Good until the virtual minute is over, then 401, at both ends."""
    desk = open_desk(faults=["token_expires=60", "graph:token_expires=60"])
    assert desk.scim.get("Users").status_code == desk.graph.get("me").status_code == 200

    desk.tell("wait", seconds=60)
    assert desk.scim.get("Users").status_code == desk.graph.get("me").status_code == 401


def test_clocks_differ(open_desk: Callable[..., Any]) -> None:
    """The vendor's Date is an hour ahead of Graph's."""
    desk = open_desk(faults=["clock_skew=3600"])
    assert desk.scim.get("Users").headers["date"][17:19] == "10"
    assert desk.graph.get("me").headers["date"][17:19] == "09"


def test_slow_assignments(open_desk: Callable[..., Any]) -> None:
    """Who was just assigned is "not assigned" for a while."""
    desk = open_desk(faults=["slow_assignments=100"]).make_app()
    grace = desk.person("grace.oneill")["id"]

    desk.assign(grace)

    assert desk.result(grace)[0] == "Skipped"

    desk.tell("wait", seconds=100)
    assert desk.result(grace)[0] == "Success"
