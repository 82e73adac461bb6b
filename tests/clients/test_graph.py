"""The Graph client: paths, paging, errors and the rule that nothing is made twice."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest
from clients.loopback import RESET, reply

from scimkit.clients.graph import GraphClient, quote_text
from scimkit.clients.graph_errors import read_envelope
from scimkit.credentials import Secret
from scimkit.errors import Denied, Rejected, Throttled, Unreachable, Waiting
from scimkit.evidence.records import read_utc

TOKEN = Secret("graph-client-token-4711")
SP, JOB = "0f1e-sp", "scim.11112222.3333"
SYNC = f"/v1.0/servicePrincipals/{SP}/synchronization"


def values(*items, **more):
    return reply(200, {"value": list(items), **more})


def error(status, code, message, **inner):
    return reply(status, {"error": {"code": code, "message": message, "innerError": inner}})


@pytest.fixture
def graph(stub, journal):
    with GraphClient(stub.url + "/v1.0", TOKEN, journal=journal, wait=lambda seconds: None) as client:
        yield client


# -- reading ---------------------------------------------------------------------


def test_every_call_has_its_own_request_id_and_the_token(stub, graph):
    """Support asks for it."""
    stub.answer = lambda seen: reply(200, {"id": "me"})
    graph.me(), graph.me()

    ids = {seen.headers["client-request-id"] for seen in stub.seen}

    assert len(ids) == 2
    assert all(len(id) == 36 for id in ids)
    assert stub.seen[0].headers["authorization"] == f"Bearer {TOKEN.reveal()}"
    assert stub.seen[0].path == "/v1.0/me"


@pytest.mark.parametrize("status", [400, 403, 404])
def test_nobody_is_signed_in(stub, graph, status):
    """An application's token has no /me; its roles are unknown, which is not "none"."""
    stub.answer = lambda seen: error(
        status, "BadRequest", "/me request is only valid with delegated authentication flow."
    )
    assert graph.me() is None
    assert graph.directory_roles() is None


def test_roles_by_name(stub, graph):
    """Of the signed-in person."""
    stub.answer = lambda seen: values(
        {"displayName": "Cloud Application Administrator"}, {"displayName": "Global Reader"}
    )
    assert graph.directory_roles() == ("Cloud Application Administrator", "Global Reader")
    assert stub.seen[0].path == "/v1.0/me/memberOf/microsoft.graph.directoryRole"


def test_quotes_in_names_are_doubled(stub, graph):
    """O'Reilly is the first app of this kit."""
    stub.answer = lambda seen: values({"id": "t"})
    assert graph.find_templates("O'Reilly learning platform") == [{"id": "t"}]
    assert stub.seen[0].query["$filter"] == "displayName eq 'O''Reilly learning platform'"

    graph.find_service_principals(template_id="g", display_name="O'R")
    assert stub.seen[1].query["$filter"] == "applicationTemplateId eq 'g' and displayName eq 'O''R'"

    with pytest.raises(ValueError, match="neither"):
        graph.find_service_principals()


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda g: g.sync_templates(SP), f"{SYNC}/templates"),
        (lambda g: g.jobs(SP), f"{SYNC}/jobs"),
        (lambda g: g.assignments(SP), f"/v1.0/servicePrincipals/{SP}/appRoleAssignedTo"),
        (lambda g: g.members("g1"), "/v1.0/groups/g1/members"),
        (lambda g: g.transitive_members("g1"), "/v1.0/groups/g1/transitiveMembers"),
        (lambda g: list(g.groups()), "/v1.0/groups"),
        (lambda g: list(g.users()), "/v1.0/users"),
    ],
)
def test_collections(stub, graph, call, path):
    """Each at its path; pages are followed as given."""
    stub.answer = lambda seen: (
        values({"id": "2"})
        if "skip" in seen.raw_query
        else values({"id": "1"}, **{"@odata.nextLink": f"{stub.url}{path}?$skiptoken=a%2Bb"})
    )

    assert call(graph) == [{"id": "1"}, {"id": "2"}]
    assert [seen.path for seen in stub.seen] == [path, path]
    assert stub.seen[1].raw_query == "$skiptoken=a%2Bb"


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda g: g.service_principal(SP), f"/v1.0/servicePrincipals/{SP}"),
        (lambda g: g.job(SP, JOB), f"{SYNC}/jobs/{JOB}"),
        (lambda g: g.user("a#b@contoso.example"), "/v1.0/users/a%23b%40contoso.example"),
        (lambda g: g.manager("u1"), "/v1.0/users/u1/manager"),
        (lambda g: g.group("g1"), "/v1.0/groups/g1"),
    ],
)
def test_single_objects(stub, graph, call, path):
    """Found, or None for 404; any other refusal raises."""
    stub.replies = [
        reply(200, {"id": "x"}),
        error(404, "Request_ResourceNotFound", "gone"),
        error(403, "Authorization_RequestDenied", "no"),
    ]
    assert call(graph) == {"id": "x"}
    assert call(graph) is None

    with pytest.raises(Denied):
        call(graph)
    assert {unquote(seen.path) for seen in stub.seen} == {unquote(path)}


def test_users_are_selected_and_filtered(stub, graph):
    """Most properties come only when asked for."""
    stub.answer = lambda seen: values()
    list(graph.users(filter=f"department eq {quote_text('Sales')}"))

    query = stub.seen[0].query

    assert "accountEnabled" in query["$select"].split(",")
    assert query["$filter"] == "department eq 'Sales'"


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:{other}/v1.0/users",
        "https://127.0.0.1:{port}/v1.0/users",
        "https://graph.evil.example/v1.0",
        "//graph.evil.example/v1.0/users",
    ],
)
def test_a_next_page_elsewhere_is_refused(serve, graph, stub, link):
    """Another port, scheme or host gets neither token nor request."""
    other = serve()
    address = link.format(other=other.server_port, port=stub.server_port)
    stub.answer = lambda seen: values({"id": "1"}, **{"@odata.nextLink": address})

    with pytest.raises(Rejected, match="another address"):
        list(graph.users())

    assert other.seen == []
    assert len(stub.seen) == 1


def test_pages_in_a_circle_end(stub, graph):
    """A link that was there before would go on for ever."""
    stub.answer = lambda seen: values({"id": "1"}, **{"@odata.nextLink": f"{stub.url}/v1.0/users?page=1"})
    with pytest.raises(Rejected):
        list(graph.users())
    assert len(stub.seen) == 2


def test_logs_are_bounded_in_time_and_number(stub, graph, monkeypatch):
    """Oldest first; more than the limit is an error, not a part."""
    stub.answer = lambda seen: values(*[{"id": str(n)} for n in range(5)])
    since, until = read_utc("2026-03-02T09:00:00Z"), read_utc("2026-03-02T10:00:00Z")

    assert len(list(graph.provisioning_logs(JOB, since=since, until=until))) == 5

    query = stub.seen[0].query
    assert (
        query["$filter"]
        == f"jobId eq '{JOB}' and activityDateTime gt 2026-03-02T09:00:00Z and activityDateTime lt 2026-03-02T10:00:00Z"
    )
    assert query["$orderby"] == "activityDateTime asc"

    monkeypatch.setattr("scimkit.clients.graph.LARGEST_LOG", 4)
    with pytest.raises(Rejected, match="more than 4"):
        list(graph.provisioning_logs(JOB, since=since))


# -- errors -----------------------------------------------------------------------


def test_denied_names_code_words_and_request_id(stub, graph):
    """Everything that support wants, nothing of the token."""
    stub.answer = lambda seen: error(
        403, "Authorization_RequestDenied", "Insufficient privileges", **{"request-id": "r-77"}
    )
    with pytest.raises(Denied, match=r"403 \(Authorization_RequestDenied\): Insufficient privileges") as caught:
        graph.jobs(SP)

    assert caught.value.request_id == "r-77"
    assert caught.value.status == 403
    assert caught.value.path == f"{SYNC}/jobs"
    assert "Application Administrator" in caught.value.remedy


@pytest.mark.parametrize(
    ("status", "message", "code", "words"),
    [
        (
            400,
            (
                '{\r\n  "error": {\r\n    "code": "InvalidNotificationSettings",\r\n    "message": null,\r\n "details":'
                " [] }\r\n}"
            ),
            "InvalidNotificationSettings",
            "InvalidNotificationSettings",
        ),
        (
            404,
            '{"Message":"No HTTP resource was found that matches the request URI"}',
            "UnknownError",
            "No HTTP resource was found",
        ),
        (
            400,
            json.dumps(
                {
                    "error": {
                        "code": "UnknownError",
                        "message": json.dumps({"error": {"code": "Inner", "message": "deep"}}),
                    }
                }
            ),
            "Inner",
            "deep",
        ),
        (400, "{not json", "UnknownError", "{not json"),
        (500, "", "UnknownError", "500"),
    ],
)
def test_the_synchronization_services_own_error_is_unwrapped(stub, graph, status, *, message, code, words):
    """UnknownError is never all that is shown."""
    stub.answer = lambda seen: error(status, "UnknownError", message)
    with pytest.raises(Rejected) as caught:
        graph.schema(SP, JOB)

    assert caught.value.code == code
    assert words in str(caught.value)
    assert "UnknownError" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"error":"text"}',
        b'{"error":null}',
        b'{"Message":"x"}',
        b'{"error":{"innerError":"x"}}',
    ],
)
def test_any_error_body_can_be_read(body):
    """Proxies have their own."""
    import httpx

    code, _message, request_id = read_envelope(httpx.Response(500, content=body))
    assert code == ""
    assert request_id == ""


def test_throttled_after_patience(stub, graph):
    """With the fraction Graph sends."""
    stub.answer = lambda seen: reply(
        429, {"error": {"code": "TooManyRequests", "message": "x"}}, {"Retry-After": "2.128"}
    )
    with pytest.raises(Throttled) as caught:
        graph.jobs(SP)
    assert caught.value.retry_after_seconds == 2.128


@pytest.mark.parametrize(
    ("status", "code", "path", "words"),
    [
        (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "logs", "P1 or P2"),
        (403, "Authorization_RequestDenied", "logs", "lacks a role"),
        (401, "InvalidAuthenticationToken", "logs", "Sign in again"),
        (401, "UnknownError", "jobs", "some minutes after the app was created"),
        (302, "", "jobs", "does not redirect"),
        (409, "Conflict", "jobs", "Wait a minute"),
        (500, "", "jobs", "Try again later"),
    ],
)
def test_each_refusal_has_its_remedy(stub, graph, status, *, code, path, words):
    """What to do depends on who refuses, and when."""
    stub.answer = lambda seen: error(status, code, "no")
    with pytest.raises((Denied, Rejected)) as caught:
        graph.jobs(SP) if path == "jobs" else list(graph.provisioning_logs(JOB, since=read_utc("2026-03-02T09:00:00Z")))
    assert words in caught.value.remedy


def test_a_proxys_page_is_not_graph(stub, graph):
    """200 with HTML."""
    stub.answer = lambda seen: reply(200, b"<html>", media_type="text/html")
    with pytest.raises(Rejected, match="not a JSON object"):
        graph.jobs(SP)
    stub.answer = lambda seen: reply(200, {"values": []})
    with pytest.raises(Rejected, match="not a collection"):
        graph.jobs(SP)


def test_the_application_behind_an_enterprise_app(stub, graph):
    """By its appId; unknown when it may not be read."""
    stub.replies = [values({"objectId": "a1", "appId": "x"}), values(), error(403, "Authorization_RequestDenied", "no")]

    assert graph.application("x") == {"objectId": "a1", "appId": "x", "id": "a1"}
    assert graph.application("x") is None
    assert graph.application("x") is None
    assert stub.seen[0].path == "/v1.0/applications"
    assert stub.seen[0].query == {"$filter": "appId eq 'x'"}


# -- writes: nothing is made twice ----------------------------------------------------


def test_instantiate_gives_both_objects(stub, graph, journal):
    """Older samples write objectId for id."""
    stub.replies = [
        values(),
        reply(201, {"application": {"objectId": "a1", "appId": "x"}, "servicePrincipal": {"id": "s1"}}),
    ]
    made = graph.instantiate("tpl", "O'Reilly")

    assert made["application"]["id"] == "a1"
    assert made["servicePrincipal"]["id"] == "s1"
    assert stub.seen[1].path == "/v1.0/applicationTemplates/tpl/instantiate"
    assert stub.seen[1].json == {"displayName": "O'Reilly"}

    (entry,) = journal.entries()
    assert (entry.state, entry.target, entry.answer) == ("done", "graph", {"status": 201, "id": "s1"})


def test_a_lost_instantiate_is_looked_up(stub, graph, journal):
    """The one that was not there before is ours."""
    stub.replies = [
        values({"id": "old"}),
        RESET,
        values({"id": "old"}, {"id": "new", "appId": "x"}),
        values({"id": "a1"}),
    ]
    made = graph.instantiate("tpl", "App")

    assert made == {"application": {"id": "a1"}, "servicePrincipal": {"id": "new", "appId": "x"}}
    assert [seen.method for seen in stub.seen].count("POST") == 1
    assert journal.entries()[0].state == "done"


def test_a_lost_instantiate_is_looked_for_until_lists_show_it(stub, journal):
    """A new app is not in every list at once."""
    waits = []
    new = [{"id": "old"}, {"id": "new", "appId": "x"}]
    stub.replies = [
        values({"id": "old"}),
        RESET,
        values({"id": "old"}),
        values({"id": "old"}),
        values(*new),
        values({"id": "a1"}),
    ]

    with GraphClient(stub.url + "/v1.0", TOKEN, journal=journal, wait=waits.append) as graph:
        assert graph.instantiate("tpl", "App")["servicePrincipal"]["id"] == "new"

    assert waits == [3.0, 4.5]
    assert [seen.method for seen in stub.seen].count("POST") == 1


@pytest.mark.parametrize("found", [[{"id": "old"}], [{"id": "old"}, {"id": "n1"}, {"id": "n2"}]])
def test_a_lost_instantiate_that_cannot_be_told_is_unknown(stub, graph, journal, found):
    """None new, or two new ones: a person has to look."""
    stub.replies = [values({"id": "old"}), RESET, values(*found)]
    with pytest.raises(Unreachable):
        graph.instantiate("tpl", "App")

    assert journal.entries()[0].state == "unknown"
    assert [seen.method for seen in stub.seen].count("POST") == 1


def test_an_app_without_an_id(stub, graph, journal):
    """It was made: the journal says done, the caller is told to look."""
    stub.replies = [values(), reply(201, {})]
    with pytest.raises(Rejected, match="without returning its id"):
        graph.instantiate("tpl", "App")
    assert journal.entries()[0].state == "done"


def test_create_job_and_its_lost_answer(stub, graph, journal):
    """Looked up among the jobs of the same template."""
    stub.replies = [
        reply(201, {"id": JOB}),
        RESET,
        values({"id": "x", "templateId": "other"}, {"id": JOB, "templateId": "SCIM"}),
    ]

    assert graph.create_job(SP, "scim") == {"id": JOB}
    assert graph.create_job(SP, "scim")["id"] == JOB
    assert stub.seen[0].json == {"templateId": "scim"}
    assert [entry.state for entry in journal.entries()] == [
        "done",
        "done",
    ]


def test_assign(stub, graph, journal):
    """Made, already there, lost and found, lost and not there, refused for another reason."""
    there = {"id": "as1", "principalId": "u1", "appRoleId": "r1"}
    stub.replies = [
        reply(201, there),
        error(400, "Request_BadRequest", "Permission being assigned already exists on the object"),
        values({"id": "z", "principalId": "u2", "appRoleId": "r1"}, there),
        RESET,
        values(there),
        RESET,
        *[values()] * 5,
        error(400, "Request_BadRequest", "Permission not found on application"),
    ]

    assert [graph.assign(SP, "u1", "r1") for _ in range(3)] == [there] * 3

    with pytest.raises(Unreachable):
        graph.assign(SP, "u1", "r1")
    with pytest.raises(Rejected, match="not found on application"):
        graph.assign(SP, "u1", "r1")

    assert stub.seen[0].json == {"principalId": "u1", "resourceId": SP, "appRoleId": "r1"}
    assert [entry.state for entry in journal.entries()] == ["done", "done", "done", "unknown", "refused"]


def test_a_refused_connection_is_not_looked_up(stub, journal):
    """Nothing was sent."""
    stub.stop()
    with (
        GraphClient(stub.url + "/v1.0", TOKEN, journal=journal, wait=lambda s: None) as graph,
        pytest.raises(Unreachable) as caught,
    ):
        graph.create_job(SP, "scim")

    assert caught.value.cause == "refused"
    assert journal.entries()[0].state == "unknown"


def test_unassign_takes_gone_for_done(stub, graph):
    """Deleting twice ends in the same state."""
    stub.replies = [reply(204), error(404, "Request_ResourceNotFound", "gone")]
    graph.unassign(SP, "a/b")

    graph.unassign(SP, "a/b")

    assert stub.seen[0].path.endswith("/appRoleAssignedTo/a%2Fb")


@pytest.mark.parametrize(
    ("call", "path", "body"),
    [
        (lambda g: g.start_job(SP, JOB), f"{SYNC}/jobs/{JOB}/start", None),
        (lambda g: g.pause_job(SP, JOB), f"{SYNC}/jobs/{JOB}/pause", None),
        (lambda g: g.restart_job(SP, JOB), f"{SYNC}/jobs/{JOB}/restart", {"criteria": {"resetScope": ""}}),
        (lambda g: g.restart_job(SP, JOB, "Full"), f"{SYNC}/jobs/{JOB}/restart", {"criteria": {"resetScope": "Full"}}),
    ],
)
def test_state_actions_may_be_repeated_and_are_noted(stub, graph, journal, *, call, path, body):
    """They end in the same state."""
    stub.replies = [reply(503), RESET]
    stub.answer = lambda seen: reply(204)

    call(graph)

    assert len(stub.seen) == 3
    assert stub.seen[0].path == path
    assert (stub.seen[0].json if stub.seen[0].body else None) == body
    assert [entry.state for entry in journal.entries()] == ["done"]


# -- credentials ----------------------------------------------------------------------


def test_validate_credentials_before_and_with_a_job(stub, graph, journal):
    """The token goes to the service, is repeated after 503, and nothing is noted as it changes nothing."""
    stub.replies = [reply(503), reply(204), reply(204)]
    token = Secret("vendor-token-4711")
    graph.validate_credentials(SP, template_id="scim", base_address="https://api.contoso.example/scim", token=token)

    graph.validate_credentials(SP, job=JOB, base_address="https://api.contoso.example/scim", token=token)

    assert [seen.path for seen in stub.seen] == [f"{SYNC}/jobs/validateCredentials"] * 2 + [
        f"{SYNC}/jobs/{JOB}/validateCredentials"
    ]
    assert stub.seen[0].json == {
        "useSavedCredentials": False,
        "templateId": "scim",
        "credentials": [
            {"key": "BaseAddress", "value": "https://api.contoso.example/scim"},
            {"key": "SecretToken", "value": "vendor-token-4711"},
        ],
    }
    assert journal.entries() == ()


def test_a_failed_validation_has_the_inner_code(stub, graph):
    """And not the token that the service repeats."""
    code = "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable"
    inner = json.dumps({"error": {"code": code, "message": "Response to Bearer vendor-token-4712: 404"}})
    stub.answer = lambda seen: error(400, "UnknownError", inner)

    with pytest.raises(Rejected, match=r"Bearer \[secret\]: 404") as caught:
        graph.validate_credentials(
            SP, template_id="scim", base_address="https://api.contoso.example", token=Secret("vendor-token-4712")
        )

    assert caught.value.code == code


def test_secrets_are_written_together_and_noted_masked(stub, graph, journal):
    """Masked as Secret and by its key, so that a text in the wrong place is masked too."""
    stub.answer = lambda seen: reply(204)
    graph.put_secrets(
        SP,
        {
            "BaseAddress": "https://h.example",
            "SecretToken": Secret("vendor-token-4713"),
            "ClientSecret": "plain-by-mistake",
            "SyncAll": "false",
        },
    )

    assert {pair["key"]: pair["value"] for pair in stub.seen[0].json["value"]} == {
        "BaseAddress": "https://h.example",
        "SecretToken": "vendor-token-4713",
        "ClientSecret": "plain-by-mistake",
        "SyncAll": "false",
    }

    (entry,) = journal.entries()
    assert {pair["key"]: pair["value"] for pair in entry.after["value"]} == {
        "BaseAddress": "https://h.example", "SecretToken": "[secret]", "ClientSecret": "[secret]", "SyncAll": "false",
    }  # fmt: skip
    assert entry.method == "PUT"
    assert entry.path == f"/servicePrincipals/{SP}/synchronization/secrets"


def test_a_mask_is_never_written_back(stub, graph):
    """It might overwrite the token."""
    with pytest.raises(ValueError, match="SecretToken would be overwritten"):
        graph.put_secrets(SP, {"SecretToken": "******"})
    assert stub.seen == []


def test_secrets_are_read_by_key(stub, graph):
    """As the service gives them."""
    stub.answer = lambda seen: values(
        {"key": "SecretToken", "value": "*"}, {"key": "SyncAll", "value": "false"}, {"key": "X", "value": None}
    )
    assert graph.secrets(SP) == {"SecretToken": "*", "SyncAll": "false", "X": ""}


# -- on demand, waiting ------------------------------------------------------------------


def test_on_demand_for_a_person_and_a_group(stub, graph, journal):
    """The body as documented; the answer in one shape; noted."""
    stub.answer = lambda seen: reply(200, {"key": '{"result":"Success","details":{}}', "value": "{}"})
    assert graph.provision_on_demand(SP, JOB, "rule", "u1").result == "Success"

    graph.provision_on_demand(SP, JOB, "rule", "g1", "Group", members=["u1", "u2"])
    assert stub.seen[0].json == {
        "parameters": [{"ruleId": "rule", "subjects": [{"objectId": "u1", "objectTypeName": "User"}]}]
    }
    assert stub.seen[1].json["parameters"][0]["subjects"][0]["links"]["members"][1] == {
        "objectId": "u2",
        "objectTypeName": "User",
    }
    assert [entry.state for entry in journal.entries()] == ["done", "done"]

    with pytest.raises(ValueError, match="five"):
        graph.provision_on_demand(SP, JOB, "rule", "g1", "Group", members=list("abcdef"))


def test_on_demand_is_sent_once(stub, graph, journal):
    """Only the log can tell what a lost one has done."""
    stub.answer = lambda seen: RESET
    with pytest.raises(Unreachable):
        graph.provision_on_demand(SP, JOB, "rule", "u1")

    assert len(stub.seen) == 1
    assert journal.entries()[0].state == "unknown"


def test_wait_until_a_new_app_is_known(stub):
    """404, 401, 403, 409 and an empty list mean "not yet"; pauses grow."""
    waits = []
    stub.replies = [
        error(404, "x", ""),
        error(401, "UnknownError", ""),
        error(403, "UnknownError", ""),
        error(409, "x", ""),
        values(),
        values({"id": "scim"}),
    ]

    with GraphClient(stub.url + "/v1.0", TOKEN, wait=waits.append) as graph:
        assert graph.wait_until(lambda: graph.sync_templates(SP), seconds=180) == [{"id": "scim"}]

    assert waits[0] == 3.0
    assert waits == sorted(waits)
    assert len(waits) == 5


def test_wait_until_patience_is_over(stub):
    """The last refusal, else Waiting; bounded by the seconds given."""
    waits = []
    with GraphClient(stub.url + "/v1.0", TOKEN, wait=waits.append) as graph:
        stub.answer = lambda seen: error(403, "UnknownError", "")
        with pytest.raises(Denied):
            graph.wait_until(lambda: graph.jobs(SP), seconds=20)

        assert sum(waits) <= 20

        stub.answer = lambda seen: values()
        with pytest.raises(Waiting, match="waited 3 seconds"):
            graph.wait_until(lambda: graph.jobs(SP), seconds=5)
        stub.answer = lambda seen: error(404, "x", "")

        with pytest.raises(Waiting) as caught:
            graph.wait_until(lambda: graph.job(SP, JOB), seconds=5)

        assert caught.value.exit_code == 3


def test_wait_until_does_not_hide_other_errors(stub, graph):
    """500 is no sign of being new."""
    stub.answer = lambda seen: error(500, "x", "")
    with pytest.raises(Rejected):
        graph.wait_until(lambda: graph.jobs(SP), seconds=60)
    assert len(stub.seen) == 1


@pytest.mark.parametrize(
    ("fetch", "code"),
    [
        (lambda graph: graph.jobs(SP), "InvalidAuthenticationToken"),
        (lambda graph: graph.service_principal(SP), "InvalidAuthenticationToken"),
        (lambda graph: graph.service_principal(SP), "UnknownError"),
    ],
)
def test_wait_until_ends_where_the_token_is_refused(stub, fetch, code):
    """A token that is over is not waited for: the first answer ends it, with the way to sign in."""
    waits = []
    stub.answer = lambda seen: error(401, code, "Lifetime validation failed, the token is expired.")

    with GraphClient(stub.url + "/v1.0", TOKEN, wait=waits.append) as graph, pytest.raises(Denied) as caught:
        graph.wait_until(lambda: fetch(graph), seconds=600)

    assert waits == []
    assert len(stub.seen) == 1
    assert caught.value.remedy.startswith("Sign in again")
    assert caught.value.code == code


def test_without_a_journal_writes_work(stub):
    """For runbooks that only look, and tests."""
    stub.answer = lambda seen: reply(204)
    with GraphClient(stub.url + "/v1.0", TOKEN) as graph:
        graph.start_job(SP, JOB)
    assert repr(graph) == "<GraphClient 127.0.0.1>"


@pytest.mark.parametrize("id", ["", ".", ".."])
def test_an_empty_id_is_refused(graph, stub, id):
    """It would name all of them."""
    with pytest.raises(ValueError, match="empty id"):
        graph.job(SP, id)
    assert stub.seen == []


# -- parseExpression ---------------------------------------------------------------


def test_an_expression_is_parsed_with_the_person_as_test_input(stub, graph, journal):
    """The documented body: nulls left out, several values typed beside them; nothing in the journal."""
    answer = {
        "parsingSucceeded": True,
        "evaluationSucceeded": True,
        "evaluationResult": ["EN_US"],
        "parsedExpression": {},
        "error": None,
    }
    stub.answer = lambda seen: reply(200, answer)

    source = {
        "preferredLanguage": "EN-US",
        "IsSoftDeleted": False,
        "mail": None,
        "appRoleAssignments": ["User", {"value": "admin"}],
    }

    assert graph.parse_expression(SP, JOB, '"x"', source) == answer
    assert (stub.seen[0].method, stub.seen[0].path) == ("POST", f"{SYNC}/jobs/{JOB}/schema/parseExpression")
    assert stub.seen[0].json == {
        "expression": '"x"',
        "targetAttributeDefinition": None,
        "testInputObject": {
            "definition": None,
            "properties": [
                {"key": "preferredLanguage", "value": "EN-US"},
                {"key": "IsSoftDeleted", "value": False},
                {"key": "appRoleAssignments", "value@odata.type": "#Collection(String)", "value": ["User", "admin"]},
            ],
        },
    }
    assert not journal.entries()


def test_an_expression_alone_has_no_test_input_and_is_asked_again(stub, graph):
    """It changes nothing: a lost answer is no reason to look for anything."""
    stub.replies = [RESET, reply(200, {"parsingSucceeded": False})]

    assert graph.parse_expression(SP, JOB, "[mail]") == {"parsingSucceeded": False}
    assert len(stub.seen) == 2
    assert stub.seen[1].json["testInputObject"] is None
