"""The SCIM client: the requests as Entra sends them, and what becomes of every kind of answer."""

from __future__ import annotations

import re

import pytest
from clients.loopback import RESET, Reply

from scimkit.clients.scim import ScimClient, quote_value
from scimkit.credentials import REDACTOR, Secret
from scimkit.errors import ConfigError, Denied, Rejected, Throttled, Unreachable

TOKEN = Secret("scim-client-token-4711")


def reply(status=200, body=None, headers=None, media_type="application/scim+json"):
    return Reply(status, body, headers or {}, media_type)


EMAIL = 'emails[type eq "work"].value'


def listing(*items, total=None):
    return reply(
        200,
        {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": len(items) if total is None else total,
            "Resources": list(items),
        },
    )


@pytest.fixture
def scim(stub, journal):
    with ScimClient(stub.url + "/scim", TOKEN, journal=journal) as client:
        yield client


# -- requests -------------------------------------------------------------------


def test_probe_is_test_connection_to_the_letter(stub, scim):
    """R1: a GUID nobody has, blanks as +, quotes as %22, no SCIM media types, no body type."""
    stub.answer = lambda seen: listing()
    answer = scim.probe("userName")

    seen = stub.seen[0]

    assert (seen.method, seen.path) == ("GET", "/scim/Users")
    assert re.fullmatch(r"filter=userName\+eq\+%22[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}%22", seen.raw_query)
    assert seen.headers["accept"] == "*/*"
    assert "content-type" not in seen.headers
    assert seen.headers["authorization"] == f"Bearer {TOKEN.reveal()}"
    assert answer.status == 200
    assert answer.json["totalResults"] == 0
    assert answer.media_type == "application/scim+json"
    assert answer.sent == f"GET /scim/Users?{seen.decoded}"
    assert answer.seconds > 0
    assert answer.headers["content-type"]


def test_probe_takes_attribute_and_value(stub, scim):
    """For another matching attribute, for groups, and for outputs that must not change."""
    stub.answer = lambda seen: listing()
    assert scim.probe(EMAIL, value="nobody").sent == f'GET /scim/Users?filter={EMAIL} eq "nobody"'
    assert (
        scim.probe(resource_type="Groups", value="x").sent
        == 'GET /scim/Groups?excludedAttributes=members&filter=displayName eq "x"'
    )


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 429, 500, 503])
def test_probe_gives_any_status_as_it_is_and_asks_once(stub, scim, status):
    """A test shows what came; it does not insist."""
    stub.answer = lambda seen: reply(
        status,
        b"<html>Sign in</html>",
        {"Set-Cookie": "session=abcdef", "Location": "https://x.example"},
        "text/html; charset=utf-8",
    )
    answer = scim.probe()

    assert (answer.status, answer.media_type, answer.json, answer.text) == (
        status,
        "text/html",
        None,
        "<html>Sign in</html>",
    )
    assert len(stub.seen) == 1
    assert "set-cookie" not in answer.headers


def test_probe_of_an_endpoint_that_echoes_the_token(stub, scim):
    """Error pages repeat request headers: the record must not."""
    stub.answer = lambda seen: reply(
        500, {"detail": seen.headers["authorization"]}, {"X-Echo": seen.headers["authorization"]}
    )
    assert TOKEN.reveal() not in str(scim.probe())


def test_probe_without_an_answer(stub, scim):
    """The one thing a probe raises."""
    stub.answer = lambda seen: RESET
    with pytest.raises(Unreachable):
        scim.probe()
    assert len(stub.seen) == 1


@pytest.mark.parametrize("value", ["O'Reilly+test@contoso.example", 'a"b\\c', "Zoë & 名", "x%20y", ""])
def test_find_quotes_what_people_are_called(stub, scim, value):
    """R4: the value arrives as one text, whatever stands in it."""
    stub.answer = lambda seen: listing({"id": "1"})
    assert scim.find("Users", "userName", value) == [{"id": "1"}]
    assert stub.seen[0].query["filter"] == f"userName eq {quote_value(value)}"


def test_groups_are_asked_for_without_members(stub, scim):
    """R11 and R12."""
    stub.replies = [listing(), reply(200, {"id": "g"})]

    assert scim.find("Groups", "displayName", "Sales") == []
    assert scim.read("Groups", "g") == {"id": "g"}
    assert [seen.query["excludedAttributes"] for seen in stub.seen] == ["members", "members"]


@pytest.mark.parametrize(
    ("address", "flags", "standard"),
    [
        ("/scim", (), False),
        ("/scim/", (), False),
        ("/scim?aadOptscim062020", ("aadOptscim062020",), True),
        ("/scim/?AADoptscim062020=&x=1", ("AADoptscim062020", "x"), True),
    ],
)
def test_flags_are_split_off_the_tenant_url(stub, address, flags, standard):
    """They are no part of the path; paths are appended to the rest."""
    stub.answer = lambda seen: listing()
    with ScimClient(stub.url + address, TOKEN) as client:
        client.find("Users", "userName", "x")
        assert client.flags == flags
        assert client.flag is standard

    assert stub.seen[0].path == "/scim/Users"
    assert "aad" not in stub.seen[0].raw_query.lower()


def test_the_address_must_be_https_elsewhere():
    """As for every client."""
    with pytest.raises(ConfigError):
        ScimClient("http://api.contoso.example/scim", TOKEN)


@pytest.mark.parametrize("id", ["a/b", "a b", "ü", "%2e", "a?b#c"])
def test_ids_are_one_segment_of_the_path(stub, scim, id):
    """What a vendor calls an id is data."""
    from urllib.parse import unquote

    stub.answer = lambda seen: reply(200, {"id": id})
    scim.read("Users", id)
    assert unquote(stub.seen[0].path) == f"/scim/Users/{id}"
    assert stub.seen[0].path.count("/") == 3


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_empty_id_never_becomes_a_request(stub, scim, id):
    """DELETE /Users/ would be something else."""
    with pytest.raises(ValueError, match="empty id"):
        scim.delete("Users", id)
    assert stub.seen == []


# -- answers ---------------------------------------------------------------------


def test_read_gives_none_for_404(stub, scim):
    """R5: the object is gone."""
    assert scim.read("Users", "x") is None


def test_a_list_may_leave_resources_out_when_empty(stub, scim):
    """Some endpoints do."""
    stub.answer = lambda seen: reply(200, {"totalResults": 0})
    assert scim.find("Users", "userName", "x") == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(200, b"<html>", media_type="text/html"), "text/html, not SCIM"),
        (reply(200, [{"id": "1"}]), "not a ListResponse"),
        (reply(200, {"value": []}), "not a ListResponse"),
        (reply(200, {"totalResults": 1}), "not a ListResponse"),
        (reply(200, {"totalResults": 1, "Resources": "x"}), "not a list of objects"),
        (reply(200, {"totalResults": 1, "Resources": ["x"]}), "not a list of objects"),
        (reply(200), "not a ListResponse"),
        (reply(204), "answered with 204"),
        (reply(404, {"detail": "no such path"}), "404: no such path"),
        (reply(301, headers={"Location": "https://login.contoso.example/x"}), "a redirect to login.contoso.example"),
        (reply(400, {"scimType": "invalidFilter", "detail": "cannot filter"}), r"400 \(invalidFilter\): cannot filter"),
        (reply(501, b"no"), "501"),
    ],
)
def test_find_is_rejected_with_what_came_instead(stub, scim, answer, words):
    """A 404 to a query is a protocol fault too, not "nobody"."""
    stub.answer = lambda seen: answer
    with pytest.raises(Rejected, match=words) as caught:
        scim.find("Users", "userName", "x")

    error = caught.value

    assert error.remedy
    assert error.status == answer.status
    assert error.path == "/scim/Users"
    assert "127.0.0.1" not in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_denied(stub, scim, status):
    """With the endpoint's own words, without the token it may repeat in them."""
    stub.answer = lambda seen: reply(status, {"detail": f"bad {seen.headers['authorization']}"})
    with pytest.raises(Denied, match=r"bad Bearer \[secret\]") as caught:
        scim.find("Users", "userName", "x")

    assert caught.value.status == status
    assert caught.value.exit_code == 1
    assert TOKEN.reveal() not in str(caught.value.__dict__)


def test_throttled(stub, scim):
    """After our patience, with the last wish."""
    stub.answer = lambda seen: reply(429, headers={"Retry-After": "1.5"})
    with pytest.raises(Throttled) as caught:
        scim.find("Users", "userName", "x")

    assert caught.value.retry_after_seconds == 1.5
    assert len(stub.seen) > 1


def test_a_long_detail_is_cut(stub, scim):
    """A stack trace in a detail does not fill the screen."""
    stub.answer = lambda seen: reply(500, {"detail": "x" * 5000})
    with pytest.raises(Rejected) as caught:
        scim.create("Users", {"userName": "a"})
    assert len(str(caught.value)) < 500


# -- lists --------------------------------------------------------------------------


def paged(people, *, most=1000, honest=True):
    def answer(seen):
        start, count = int(seen.query["startIndex"]), min(int(seen.query["count"]), most)
        return listing(*(people[start - 1 : start - 1 + count] if honest else people[:count]), total=len(people))

    return answer


PEOPLE = [{"id": str(n)} for n in range(25)]


@pytest.mark.parametrize(("page", "most"), [(100, 1000), (10, 1000), (10, 3), (25, 1000)])
def test_list_all_follows_pages_of_any_size(stub, scim, page, most):
    """R18: an endpoint may give fewer than asked."""
    stub.answer = paged(PEOPLE, most=most)
    assert list(scim.list_all("Users", page)) == PEOPLE


def test_list_all_of_nobody(stub, scim):
    """One request."""
    stub.answer = paged([])
    assert list(scim.list_all()) == []
    assert len(stub.seen) == 1


def test_an_endpoint_without_paging_is_found_out(stub, scim):
    """Half a listing must not pass for a whole one."""
    stub.answer = paged(PEOPLE, honest=False)
    with pytest.raises(Rejected, match="paging is not supported"):
        list(scim.list_all("Users", 10))


def test_a_list_that_ends_too_early(stub, scim):
    """It said more than it gave."""
    stub.answer = lambda seen: listing(*(PEOPLE[:3] if seen.query["startIndex"] == "1" else []), total=9)
    with pytest.raises(Rejected, match="ends after 3 of 9"):
        list(scim.list_all())


def test_an_endpoint_that_gives_everything_at_once(stub, scim):
    """It ignores count, which is fine."""
    stub.answer = lambda seen: listing(*PEOPLE)
    assert list(scim.list_all("Users", 10)) == PEOPLE
    assert len(stub.seen) == 1


# -- writes --------------------------------------------------------------------------


def test_create_sends_json_and_is_noted(stub, scim, journal):
    """R7: before it is sent, and again with the id when it is answered."""
    states = []
    stub.answer = lambda seen: states.append(journal.entries()[0].state) or reply(201, {"id": "u1", **seen.json})

    assert scim.create("Users", {"userName": "zoë@contoso.example"})["id"] == "u1"
    assert stub.seen[0].headers["content-type"] == "application/scim+json"

    (entry,) = journal.entries()
    assert states == ["intended"]
    assert (entry.state, entry.target, entry.method, entry.path) == ("done", "scim", "POST", "/scim/Users")
    assert entry.after == {"userName": "zoë@contoso.example"}
    assert entry.answer == {"status": 201, "id": "u1"}


def test_secrets_in_a_body_are_masked_in_the_journal(stub, scim, journal):
    """A password that somebody mapped."""
    REDACTOR.register("hunter22-hunter22")
    stub.answer = lambda seen: reply(201, {"id": "u1"})

    scim.create("Users", {"password": "hunter22-hunter22"})

    assert stub.seen[0].json == {"password": "hunter22-hunter22"}
    assert journal.entries()[0].after == {"password": "[secret]"}


@pytest.mark.parametrize("status", [400, 401, 409, 429, 500])
def test_a_refused_create_is_noted_as_refused(stub, scim, journal, status):
    """And sent once."""
    stub.answer = lambda seen: reply(status, {"scimType": "uniqueness", "detail": "taken"})
    with pytest.raises((Rejected, Denied, Throttled)) as caught:
        scim.create("Users", {"userName": "a"})

    assert journal.entries()[0].state == "refused"
    assert len(stub.seen) == 1

    if status in (400, 409):
        assert caught.value.code == "uniqueness"


@pytest.mark.parametrize(
    "answer", [reply(201, {"userName": "a"}), reply(201), reply(200, b"<html>", media_type="text/html")]
)
def test_a_create_without_an_id_was_done_all_the_same(stub, scim, journal, answer):
    """The journal must not say that nothing was made."""
    stub.answer = lambda seen: answer
    with pytest.raises(Rejected):
        scim.create("Users", {"userName": "a"})
    assert journal.entries()[0].state == "done"


@pytest.mark.parametrize(
    ("matching", "body"),
    [
        ("userName", {"userName": "a@contoso.example"}),
        (EMAIL, {"emails": [{"type": "home", "value": "h"}, {"type": "work", "value": "a@contoso.example"}]}),
        ("externalId", {"externalId": "a@contoso.example"}),
    ],
)
def test_a_lost_create_is_looked_up_by_its_matching_attribute(stub, journal, matching, body):
    """The endpoint had acted: found, not made twice."""
    stub.replies = [RESET, listing({"id": "u1"})]
    with ScimClient(stub.url, TOKEN, matching=matching, journal=journal) as scim:
        assert scim.create("Users", body) == {"id": "u1"}

    assert [seen.method for seen in stub.seen] == ["POST", "GET"]
    assert stub.seen[1].query["filter"] == f'{matching} eq "a@contoso.example"'

    (entry,) = journal.entries()
    assert entry.state == "done"
    assert entry.answer["id"] == "u1"
    assert entry.answer["status"] is None


@pytest.mark.parametrize(
    "after", [[listing()], [listing({"id": "1"}, {"id": "2"})], [reply(400, {"detail": "no filter"})], []]
)
def test_a_lost_create_that_cannot_be_found_stays_unknown(stub, scim, journal, after):
    """Not there, ambiguous, or no way to ask: the first error counts, and it is not sent again."""
    stub.replies = [RESET, *after]
    stub.answer = lambda seen: RESET

    with pytest.raises(Unreachable):
        scim.create("Users", {"userName": "a"})

    assert [seen.method for seen in stub.seen].count("POST") == 1
    assert journal.unsettled()[0].state == "unknown"


def test_patch_gives_the_new_state_or_none(stub, scim, journal):
    """200 with a body, 204 without; what stood there before goes to the journal."""
    stub.replies = [reply(200, {"id": "u1", "active": False}), reply(204), reply(200, {})]
    body = {"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}

    assert scim.patch("Users", "u1", body, before={"active": True}) == {"id": "u1", "active": False}
    assert scim.patch("Users", "u1", body) is None
    assert scim.patch("Users", "u1", body) is None
    assert journal.entries()[0].before == {"active": True}
    assert stub.seen[0].json == body


def test_a_lost_patch_is_unknown(stub, scim, journal):
    """Sent once."""
    stub.answer = lambda seen: RESET
    with pytest.raises(Unreachable):
        scim.patch("Users", "u1", {})

    assert len(stub.seen) == 1
    assert journal.entries()[0].state == "unknown"


def test_delete(stub, scim, journal):
    """True when it went, False when there was nothing; other answers raise."""
    stub.replies = [reply(204), reply(404), RESET, reply(204), reply(501)]
    assert scim.delete("Users", "u1") is True
    assert scim.delete("Users", "u1") is False
    assert scim.delete("Users", "u1") is True, "deleting may be repeated"

    with pytest.raises(Rejected):
        scim.delete("Users", "u1")
    assert [entry.state for entry in journal.entries()] == ["done", "done", "done", "refused"]


def test_repr_shows_the_place_only(scim):
    """No token, no client inside."""
    assert repr(scim) == "<ScimClient 127.0.0.1/scim/>"
