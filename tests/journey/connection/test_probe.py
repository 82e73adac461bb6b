"""Where the questions go, what they carry, and what Entra's own word changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from clients.loopback import RESET, reply
from journey.connection.failures import FAILURES, TOKEN, World, app_with, found, not_there, scim_at
from sandbox.conftest import open_desk  # noqa: F401

from scimkit.apps import load
from scimkit.clients.graph import GraphClient
from scimkit.clients.scim import ScimClient
from scimkit.credentials import Secret
from scimkit.errors import ConfigError, Unreachable
from scimkit.evidence.checks import Status, failed, first_failed, passed
from scimkit.journey.connection import probe_endpoint, read_tenant_url, validate_through_graph
from scimkit.journey.connection.addresses import alternatives, neighbours
from scimkit.journey.connection.questions import Purpose, follow_ups
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.sandbox import sandbox_token

ACCEPTED = passed("connection.entra_accepted", "passed")


def ask(url: str, app: Any = None, **options: Any) -> Any:
    with ScimClient(url, Secret(TOKEN), timeout_seconds=2, **options) as scim:
        return probe_endpoint(app, scim)


# -- where the token goes --------------------------------------------------------------


def test_a_redirect_is_not_followed(world: World) -> None:
    """Nobody at the other place hears of us."""
    other = world.answer(found())
    here = world.answer(reply(302, headers={"Location": other.url + "/login"}))

    assert first_failed(ask(here.url + "/scim").checks).code == "connection.redirect"
    assert other.seen == []


def test_the_other_scheme_is_asked_without_a_token(world: World) -> None:
    """https beside http is another origin: even where its certificate is trusted, no token goes there."""
    stub = world.answer(found(), tls=world.tls())
    probe = ask(stub.url.replace("https:", "http:") + "/scim", ca_file=world.ca_file)

    assert first_failed(probe.checks).code == "connection.not_https"
    assert stub.seen
    assert all("authorization" not in seen.headers for seen in stub.seen)


def test_a_known_address_gets_the_token_and_no_other(world: World) -> None:
    """The profile vouches for its own addresses: they are asked with the token; nothing else is asked elsewhere."""
    here, there, stranger = (
        world.answer(lambda seen: not_there()),
        world.answer(scim_at("/scim")),
        world.answer(found()),
    )
    probe = ask(here.url + "/scim", app_with(here.url + "/scim", there.url + "/scim"))

    assert first_failed(probe.checks).code == "connection.other_address"
    assert [seen.headers["authorization"] for seen in there.seen] == [f"Bearer {TOKEN}"]
    assert stranger.seen == []
    assert probe.exchanges[-1].sent.startswith(f"GET {there.url}/scim/Users?filter=")


def test_the_sandbox_leaves_the_world_alone() -> None:
    """From a loopback address no real one is tried; elsewhere all but the one entered."""
    app = app_with("https://api.contoso.example/scim", "http://127.0.0.1:2/scim")

    assert alternatives(app, "http://127.0.0.1:1/scim") == ("http://127.0.0.1:2/scim",)
    assert alternatives(app, "https://other.example/scim")[0] == "https://api.contoso.example/scim"
    assert "https://api.contoso.example/scim" not in alternatives(
        app, "https://API.contoso.example/scim/?aadOptscim062020"
    )
    assert alternatives(load("theorgwiki"), "https://test1.theorgwiki.com/scim") == (), (
        "a template is no address to ask"
    )


def test_without_a_profile_nothing_else_is_asked(world: World) -> None:
    """The neighbours of an address are on its own server."""
    here, there = world.answer(lambda seen: not_there()), world.answer(found())
    ask(here.url + "/scim")

    assert there.seen == []
    assert 1 < len(here.seen) <= 7


def test_the_search_ends_with_the_first_that_answers(world: World) -> None:
    """/scim is there: /scim/v2 is not asked for."""
    stub = world.answer(scim_at("/scim"))
    ask(stub.url)
    assert [seen.path for seen in stub.seen] == ["/Users", "/Users", "/ServiceProviderConfig", "/scim/Users"]


def test_a_good_answer_needs_one_question(world: World) -> None:
    """And gives four passed checks."""
    stub = world.answer(found())
    probe = ask(stub.url + "/scim")

    assert [c.status for c in probe.checks] == [Status.PASSED] * 4
    assert len(stub.seen) == 1
    assert stub.seen[0].headers["accept"] == "*/*"
    assert "content-type" not in stub.seen[0].headers


def test_waiting_is_the_clients_own(world: World) -> None:
    """A short Retry-After is waited for once, in the tenant's own time; a long one is not."""
    waits: list[float] = []
    stub = world.answer(reply(503, headers={"Retry-After": "7"}))

    assert first_failed(ask(stub.url, wait=waits.append).checks).code == "connection.server_error"
    assert waits == [7.0]
    assert len(stub.seen) == 2


def test_what_a_vendor_says_is_data(world: World) -> None:
    """Control characters do not reach a terminal."""
    stub = world.answer(reply(500, {"detail": "boom \x1b[31m\u202ered"}))
    assert "\x1b" not in str(ask(stub.url))
    assert "\u202e" not in str(ask(stub.url))


@pytest.mark.parametrize("schemas", [5, [5, None], {"a": 1}, "text"])
def test_odd_schemas_are_no_list(world: World, schemas: Any) -> None:
    """Whatever a vendor puts there."""
    stub = world.answer(reply(200, {"schemas": schemas, "totalResults": 0, "Resources": []}))
    assert first_failed(ask(stub.url).checks).code == "connection.not_a_list"


def test_the_tutorials_own_remedy_is_given(world: World) -> None:
    """The app's failure hint ends the remedy; an app that states none says nothing."""
    stub = world.answer(reply(401))
    assert "platform-integration@oreilly.com" in first_failed(ask(stub.url, load("oreilly")).checks).remedy

    nothing = load("oreilly").failure_hint.model_copy(update={"value": "not stated"})
    silent = load("oreilly").model_copy(update={"failure_hint": nothing, "help_contact": nothing})

    assert "not stated" not in first_failed(ask(stub.url, silent).checks).remedy


# -- deciding, without asking ----------------------------------------------------------


def test_what_to_ask_next_is_decided_without_asking() -> None:
    """A name that is unknown leaves nothing to ask; http that gets no answer is worth a question over https."""
    assert follow_ups("https://h.example/scim", Unreachable("x", cause="dns"), ()) == ()
    (question,) = follow_ups("http://127.0.0.1:1/scim?flag", Unreachable("x", cause="reset"), ())
    assert (question.purpose, question.base) == (Purpose.HTTPS, "https://127.0.0.1:1/scim")


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("", ("/scim", "/scim/v2", "/v2")),
        ("/scim", ("/scim/v2",)),
        ("/scim/", ("/scim/v2/",)),
        ("/scim/scim", ("/scim",)),
        ("/SCIM/scim/v2", ("/scim/v2",)),
        ("/api/v2/scim/v2/", ()),
        ("/a/a", ("/a", "/a/a/scim", "/a/a/scim/v2", "/a/a/v2")),
    ],
)
def test_neighbours(path: str, near: tuple[str, ...]) -> None:
    """At most four, none the address itself."""
    found = tuple(address.removeprefix("https://h.example") for address in neighbours("https://h.example" + path))

    assert found[: len(near)] == near
    assert len(found) <= 4
    assert path not in found
    assert near or not found


@pytest.mark.parametrize(
    "url",
    [
        "",
        "scim.example",
        "https://",
        "https://[x",
        "https://<sub>.h.example/",
        "https://u:p@h.example",
        "http://h.example",
    ],
)
def test_slips_in_a_tenant_url(url: str) -> None:
    """A sentence and a remedy; a password in it is not repeated."""
    with pytest.raises(ConfigError) as caught:
        read_tenant_url(url)
    assert caught.value.remedy
    assert "u:p" not in str(caught.value)


# -- Entra's own word ------------------------------------------------------------------

LOCAL = (
    "refused",
    "TLS: private root",
    "proxy refuses the connection",
    "timeout",
    "403",
    "HTML",
    "redirect to a login page",
)


@pytest.mark.parametrize("name", LOCAL)
def test_not_reachable_from_here(name: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entra's test passed: nothing has failed, the vendor is not observed, and advice says what that means."""
    setup = next(f for f in FAILURES if f.name == name).start(world)
    for variable, value in setup.env.items():
        monkeypatch.setenv(variable, value)

    with ScimClient(setup.url, Secret(TOKEN), timeout_seconds=0.5) as scim:
        probe = probe_endpoint(None, scim)

    assert first_failed(probe.certain.checks) is None, (
        "this machine's own trouble must not stop the notebook before Entra has spoken"
    )

    weighed = probe.weigh(ACCEPTED)
    assert first_failed(weighed.checks) is None

    unknown = next(c for c in weighed.checks if c.code == "connection.not_reachable_from_here")
    assert unknown.status is Status.NOT_OBSERVED
    assert "remains unknown from here" in unknown.remedy
    assert first_failed(probe.checks).code in unknown.message
    assert probe.weigh(failed("connection.entra_refused", "no", "mend")) == probe


@pytest.mark.parametrize(
    "name", ["401", "404 on the base", "filter ignored: everybody returned", "not a ListResponse: one user"]
)
def test_what_entra_would_meet_too_stays_failed(name: str, world: World) -> None:
    """Whatever Entra's own test says."""
    setup = next(f for f in FAILURES if f.name == name).start(world)
    probe = ask(setup.url)
    assert (
        first_failed(probe.certain.checks)
        == first_failed(probe.weigh(ACCEPTED).checks)
        == first_failed(probe.checks)
        is not None
    )


def test_from_here_closed_from_there_open(
    world: World,
    open_desk: Callable[..., Any],  # noqa: F811
    request: Any,
) -> None:
    """Graph's emulator reaches a vendor that drops our own connection: not observed, and no fault."""
    desk = open_desk().make_app()
    vendor = world.answer(found())
    vendor.replies = [RESET]
    app = EnterpriseApp("Learning", desk.sp, "", "", "", "", desk.job, True, (), ())

    probe = ask(vendor.url + "/scim", load("oreilly"))

    assert first_failed(probe.checks).code == "connection.reset"

    with GraphClient(desk.address.graph_url, Secret(sandbox_token(desk.address.seed, "graph"))) as graph:
        verdict = validate_through_graph(
            load("oreilly"), graph, app, base_address=vendor.url + "/scim", token=Secret(TOKEN)
        )
        unknown = probe.weigh(verdict).checks[0]
        assert unknown.code == "connection.not_reachable_from_here"
        assert first_failed(probe.weigh(verdict).checks) is None
        request.node.user_properties.append(
            (
                "row",
                (
                    "not reachable from here, Entra's own test passed",
                    unknown.code,
                    str(unknown.status),
                    unknown.remedy,
                    0,
                ),
            )
        )

        vendor.answer = lambda seen: found({"id": "1"})
        refused = validate_through_graph(
            load("oreilly"), graph, app, base_address=vendor.url + "/scim", token=Secret(TOKEN)
        )
        assert refused.code == "connection.entra_refused"
        assert "filtering by the matching attribute" in refused.remedy
        vendor.answer = lambda seen: reply(401)
        refused = validate_through_graph(
            load("oreilly"), graph, app, base_address=vendor.url + "/scim", token=Secret(TOKEN)
        )
        assert "refuses: the token has expired" in refused.remedy
        assert TOKEN not in str(refused)
