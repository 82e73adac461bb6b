"""Asking Microsoft about the expressions: what is sent, how often, and what becomes of the answers."""

from __future__ import annotations

from typing import Any

import pytest
from clients.loopback import Stub, reply

from scimkit.clients.graph import GraphClient
from scimkit.credentials import Secret
from scimkit.errors import NotReady
from scimkit.evidence.checks import Status
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.journey.mapping_opinion import ask_microsoft, read_group_sources
from scimkit.journey.pilot_group import PilotGroup
from scimkit.mapping.review import Expectations, review_mapping
from scimkit.mapping.rows import MappingRow, ObjectMapping
from scimkit.views import to_text

APP = EnterpriseApp("Learning", "sp-1", "", "", "", "scim", "scim.1.2", True, (), ())
PEOPLE = {
    "ann@contoso.example": {
        "givenName": "Ann",
        "surname": "Lee",
        "department": "IT",
        "mail": "ann@contoso.example",
        "userPrincipalName": "ann@contoso.example",
        "IsSoftDeleted": False,
    },
    "bo@contoso.example": {
        "givenName": "Bo",
        "surname": "Ray",
        "department": "IT",
        "mail": "bo@contoso.example",
        "userPrincipalName": "bo@contoso.example",
        "IsSoftDeleted": False,
    },
}


def users(*rows: tuple[str, str, str]) -> tuple[ObjectMapping, ...]:
    made = [
        MappingRow("userName", "[userPrincipalName]", "Direct", matching=1),
        *(MappingRow(t, e, k) for t, e, k in rows),
    ]  # type: ignore[arg-type]
    return (ObjectMapping("Users", "User", "User", True, frozenset({"Add", "Update"}), (), tuple(made)),)


LIVE = users(
    ("active", "Not([IsSoftDeleted])", "Expression"),
    ("title", "ToUpper([surname])", "Expression"),
    ("locale", '"en-US"', "Constant"),
)


@pytest.fixture
def microsoft():
    """A Graph on loopback that knows parseExpression; `says` decides what it gives."""
    stub = Stub()
    with GraphClient(stub.url + "/v1.0", Secret("graph-token-0815"), wait=lambda seconds: None) as graph:
        yield stub, graph
    stub.stop()


def result(*values: Any, **more: Any) -> dict[str, Any]:
    return {
        "parsingSucceeded": True,
        "parsedExpression": {},
        "evaluationSucceeded": True,
        "evaluationResult": list(values),
        "error": None,
        **more,
    }


def source_of(seen: Any) -> dict[str, Any]:
    return {each["key"]: each["value"] for each in seen.json["testInputObject"]["properties"]}


def honest(seen: Any) -> Any:
    """What Microsoft would say of LIVE."""
    source = source_of(seen)
    return reply(200, result("True") if "IsSoftDeleted" in source else result(source["surname"].upper()))


def review(opinion: Any, live: Any = LIVE) -> Any:
    return review_mapping([], live, PEOPLE, decided=Expectations(), opinion=opinion)


def told(found: Any, code: str) -> Any:
    return next(check for check in found.checks if check.code == code)


def test_each_expression_with_each_value_once(microsoft):
    """Direct rows and constants are not asked about, the same question only once, and only what an expression names
    is sent."""
    stub, graph = microsoft
    stub.answer = honest
    opinion = ask_microsoft(graph, APP, LIVE, PEOPLE)

    asked = [(seen.json["expression"], source_of(seen)) for seen in stub.seen]

    assert asked == [
        ("Not([IsSoftDeleted])", {"IsSoftDeleted": False}),
        ("ToUpper([surname])", {"surname": "Lee"}),
        ("ToUpper([surname])", {"surname": "Ray"}),
    ]
    assert len(opinion.answers) == 4
    assert not opinion.unasked
    assert told(review(opinion), "mapping.microsoft_agrees").status is Status.PASSED


def test_a_disagreement_shows_both_and_microsoft_wins(microsoft):
    """The finding names person, both values and the row; the row shows Microsoft's."""
    stub, graph = microsoft
    stub.answer = lambda seen: reply(200, result("L.")) if source_of(seen).get("surname") == "Lee" else honest(seen)
    found = review(ask_microsoft(graph, APP, LIVE, PEOPLE))

    check = told(found, "mapping.microsoft_disagrees")

    assert check.status is Status.WARNING
    assert check.message == "title: for ann@contoso.example Microsoft returns L., scimkit LEE"

    row = next(row for row in found.rows if row.target == "title")
    assert (row.values["ann@contoso.example"], row.values["bo@contoso.example"]) == ("L.", "RAY")
    assert [(each.target, dict(each.values)) for each in found.overruled] == [("title", {"ann@contoso.example": "LEE"})]


@pytest.mark.parametrize(
    ("answer", "code", "status", "word"),
    [
        (
            {"parsingSucceeded": False, "error": {"code": "ParseError", "message": "unexpected token"}},
            "mapping.microsoft_refuses",
            "failed",
            "unexpected token",
        ),
        (
            {"parsingSucceeded": True, "evaluationSucceeded": False, "error": {"code": "EvaluationFailed"}},
            "mapping.microsoft_disagrees",
            "warning",
            "an error (EvaluationFailed)",
        ),
        (result(), "mapping.microsoft_disagrees", "warning", "Microsoft returns (no value)"),
        (result(None), "mapping.microsoft_disagrees", "warning", "Microsoft returns (no value)"),
    ],
)
def test_what_microsoft_may_answer(microsoft, answer, code, status, word):
    """It cannot read it, cannot work it out, or gives nothing."""
    stub, graph = microsoft
    stub.answer = lambda seen: reply(200, answer)

    check = told(review(ask_microsoft(graph, APP, LIVE, PEOPLE)), code)

    assert check.status == status
    assert word in check.message
    assert check.remedy


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges"}}),
        (401, {"error": {"code": "UnknownError", "message": ""}}),
    ],
)
def test_without_the_right_nothing_is_claimed(microsoft, status, body):
    """Not observed, with the right it takes; everything else of the review goes on."""
    stub, graph = microsoft
    stub.answer = lambda seen: reply(status, body)
    found = review(ask_microsoft(graph, APP, LIVE, PEOPLE))

    check = told(found, "mapping.microsoft")

    assert check.status is Status.NOT_OBSERVED
    assert "Synchronization.ReadWrite.All" in check.message + check.remedy
    assert len(stub.seen) == 1
    assert told(found, "mapping.active").status is Status.PASSED


def test_what_was_answered_before_an_outage_counts(microsoft):
    """One answer, then nothing: the rest is not observed, the one disagreement is still told."""
    stub, graph = microsoft
    stub.replies = [reply(200, result("False"))]
    stub.answer = lambda seen: reply(400, {"error": {"code": "BadRequest", "message": "no"}})

    found = review(ask_microsoft(graph, APP, LIVE, PEOPLE))

    assert "2 of 4" in told(found, "mapping.microsoft").message
    assert "Microsoft returns False" in told(found, "mapping.microsoft_disagrees").message


@pytest.mark.parametrize(
    "answer", [result("Lee"), result(evaluationSucceeded=False, error={"code": "Failed", "message": "Lee is no date"})]
)
def test_what_is_redacted_is_masked_in_the_answers(microsoft, answer):
    """Neither the value nor an error that quotes it is shown or kept; it counts as no disagreement."""
    stub, graph = microsoft
    stub.answer = lambda seen: reply(200, answer)
    live = users(("title", "Redact([surname])", "Expression"))
    opinion = ask_microsoft(graph, APP, live, PEOPLE)

    found = review(opinion, live)

    assert "Lee" not in to_text(opinion) + to_text(found)
    assert "[Redact]" in to_text(opinion)
    assert not found.overruled


def test_an_expression_only_microsoft_can_read(microsoft):
    """Where we cannot tell what it names, all source attributes go along."""
    stub, graph = microsoft
    stub.answer = lambda seen: reply(200, result("x"))

    ask_microsoft(graph, APP, users(("title", "Brandnew([surname])", "Expression")), PEOPLE)

    assert set(source_of(stub.seen[0])) == set(PEOPLE["ann@contoso.example"])


GROUPS = {"Learners": {"displayName": "Learners", "members": ["1", "2"], "mailEnabled": False, "IsSoftDeleted": False}}


def with_groups(*rows: tuple[str, str, str], enabled: bool = True) -> tuple[ObjectMapping, ...]:
    made = [
        MappingRow("displayName", "[displayName]", "Direct", matching=1),
        *(MappingRow(t, e, k) for t, e, k in rows),
    ]  # type: ignore[arg-type]
    return (
        *users(("active", "Not([IsSoftDeleted])", "Expression")),
        ObjectMapping("Groups", "Group", "Group", enabled, frozenset({"Add", "Update"}), (), tuple(made)),
    )


def test_expressions_of_groups_are_asked_with_the_groups_values(microsoft):
    """A disagreement is the same finding, says that it is of groups, and leaves the rows of people alone."""
    stub, graph = microsoft
    stub.answer = lambda seen: reply(200, result("True") if "IsSoftDeleted" in source_of(seen) else result("learners"))
    live = with_groups(("title", "ToUpper([displayName])", "Expression"), ("members", "[members]", "Direct"))

    opinion = ask_microsoft(graph, APP, live, PEOPLE, GROUPS)

    assert [(seen.json["expression"], source_of(seen)) for seen in stub.seen][1:] == [
        ("ToUpper([displayName])", {"displayName": "Learners"})
    ]

    found = review(opinion, live)
    check = told(found, "mapping.microsoft_disagrees")

    assert check.status is Status.WARNING
    assert check.message == "title of groups: for Learners Microsoft returns learners, scimkit LEARNERS"
    assert not found.overruled
    assert "title of groups" not in [row.target for row in found.rows]
    assert "person or group" in to_text(opinion)


@pytest.mark.parametrize(("enabled", "groups"), [(False, GROUPS), (True, {})])
def test_groups_that_are_not_provisioned_or_not_known_are_not_asked_about(microsoft, enabled, groups):
    """A mapping that is off, or no group that goes first: only people are asked about."""
    stub, graph = microsoft
    stub.answer = honest

    opinion = ask_microsoft(
        graph, APP, with_groups(("title", "ToUpper([displayName])", "Expression"), enabled=enabled), PEOPLE, groups
    )

    assert {answer.object for answer in opinion.answers} == {"User"}
    assert len(stub.seen) == 1


@pytest.mark.parametrize(
    "live", [with_groups(("title", "ToUpper([displayName])", "Expression"), enabled=False), with_groups(), LIVE]
)
def test_a_group_with_nothing_to_try_costs_no_request(microsoft, live):
    stub, graph = microsoft
    assert (
        read_group_sources(graph, PilotGroup("g-1", "Learners", ()), live)
        == read_group_sources(graph, None, live)
        == {}
    )
    assert not stub.seen


def test_a_group_that_is_gone_is_said(microsoft):
    stub, graph = microsoft
    stub.answer = lambda seen: reply(404, {"error": {"code": "Request_ResourceNotFound", "message": "gone"}})
    with pytest.raises(NotReady, match="Learners is no longer in the directory"):
        read_group_sources(
            graph, PilotGroup("g-1", "Learners", ()), with_groups(("title", "ToUpper([displayName])", "Expression"))
        )


def test_nothing_to_ask(microsoft):
    """A mapping of direct rows asks nothing and says so."""
    stub, graph = microsoft
    found = review(ask_microsoft(graph, APP, users(), PEOPLE), users())

    assert not stub.seen
    assert "no row has an expression" in told(found, "mapping.microsoft_agrees").message
