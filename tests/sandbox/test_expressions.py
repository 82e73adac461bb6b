"""The emulator's parseExpression: documented shapes, and that it is only our own language behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scimkit.apps import load
from scimkit.clients.graph import GraphClient
from scimkit.credentials import Secret
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.journey.mapping_opinion import ask_microsoft, read_group_sources
from scimkit.journey.pilot_group import PilotGroup
from scimkit.mapping.review import Expectations, review_mapping
from scimkit.mapping.rows import MappingRow, ObjectMapping, read_schema
from scimkit.provisioning.source import source_attributes
from scimkit.sandbox import sandbox_token
from scimkit.sandbox.identity import Ids
from scimkit.sandbox.people import make_people
from scimkit.sandbox.schema import make_schema

pytestmark = pytest.mark.slow  # a sandbox of its own

EXAMPLES = json.loads((Path(__file__).parents[1] / "data" / "expression-examples.json").read_text(encoding="utf-8"))

TREE = {
    "expression": 'Replace([preferredLanguage], "-", , , "_")',
    "name": "Replace",
    "type": "Function",
    "parameters": [
        {
            "key": "source",
            "value": {
                "expression": "[preferredLanguage]",
                "name": "preferredLanguage",
                "type": "Attribute",
                "parameters": [],
            },
        },
        {"key": "Find", "value": {"expression": '"-"', "name": "-", "type": "Constant", "parameters": []}},
        {"key": "Replacement", "value": {"expression": '"_"', "name": "_", "type": "Constant", "parameters": []}},
    ],
}


def ask(desk: Any, expression: Any, properties: Any = None) -> Any:
    body = {
        "expression": expression,
        "targetAttributeDefinition": None,
        "testInputObject": None if properties is None else {"definition": None, "properties": properties},
    }
    return desk.graph.post(f"{desk.base}/jobs/{desk.job}/schema/parseExpression", json=body)


def test_the_documented_example(desk: Any) -> None:
    """The reference's own call: tree and value of a Replace whose left-out arguments have no entry."""
    desk.make_app()
    answer = ask(
        desk, 'Replace([preferredLanguage], "-", , , "_", , )', [{"key": "preferredLanguage", "value": "EN-US"}]
    ).json()

    assert answer["parsingSucceeded"]
    assert answer["evaluationSucceeded"]
    assert answer["error"] is None
    assert answer["evaluationResult"] == ["EN_US"]
    assert {**answer["parsedExpression"], "expression": TREE["expression"]} == TREE


@pytest.mark.parametrize(
    ("expression", "properties", "result"),
    [
        ("[mail]", [], []),
        ("[IsSoftDeleted]", [{"key": "IsSoftDeleted", "value": False}], ["False"]),
        (
            "[otherMails]",
            [{"key": "otherMails", "value@odata.type": "#Collection(String)", "value": ["a@x", "b@x"]}],
            ["a@x", "b@x"],
        ),
        ("IgnoreFlowIfNullOrEmpty([mail])", [], []),
        ("Now()", [], ["3/2/2026"]),
    ],
)
def test_the_result_is_a_list_of_texts(
    desk: Any, expression: str, properties: list[dict[str, Any]], result: list[str]
) -> None:
    desk.make_app()
    given = ask(desk, expression, properties).json()["evaluationResult"]
    assert [each.split(" ")[0] for each in given] == result


@pytest.mark.parametrize(
    ("expression", "parsed"), [("Jion([a])", False), ('Join(" "', False), ('CDate("nonsense")', True)]
)
def test_a_bad_expression_is_a_200_that_says_so(desk: Any, expression: str, parsed: bool) -> None:
    """One that cannot be read has no tree; one that fails on this person has."""
    desk.make_app()
    answer = ask(desk, expression, [])

    told = answer.json()

    assert answer.status_code == 200
    assert not told["evaluationSucceeded"]
    assert told["parsingSucceeded"] is parsed
    assert (told["parsedExpression"] is not None) is parsed
    assert told["error"]["message"]


def test_without_test_input_it_is_only_read(desk: Any) -> None:
    desk.make_app()
    told = ask(desk, "[mail]").json()

    assert told["parsingSucceeded"]
    assert not told["evaluationSucceeded"]
    assert told["error"] is None


@pytest.mark.parametrize(
    ("expression", "properties"),
    [
        (None, []),
        ("[mail]", {}),
        ("[mail]", [{"key": "mail"}]),
        ("[otherMails]", [{"key": "otherMails", "value": ["a"]}]),
    ],
)
def test_a_bad_request_is_a_400(desk: Any, expression: Any, properties: Any) -> None:
    """Several values without the type beside them too."""
    desk.make_app()
    assert ask(desk, expression, properties).status_code == 400


# -- through the client ------------------------------------------------------------


def test_what_goes_over_the_wire_comes_back_as_it_was_meant(desk: Any) -> None:
    """Every published example whose result does not hang on the clock: texts, lists, booleans and nulls survive the
    call."""
    desk.make_app()
    examples = [
        each
        for each in EXAMPLES
        if each["check"] == "exact" and "now" not in each and not isinstance(each["expected"], dict)
    ]

    with GraphClient(desk.address.graph_url, Secret(sandbox_token(desk.address.seed, "graph"))) as graph:
        for each in examples:
            told = graph.parse_expression(desk.sp, desk.job, each["expression"], each["source attributes"])
            expected = each["expected"]
            texts = [
                str(item) for item in (expected if isinstance(expected, list) else [expected]) if item not in (None, "")
            ]
            assert [text for text in told["evaluationResult"] if text] == texts, each["expression"]

    assert len(examples) > 40


def test_ours_and_the_emulators_word_agree_on_a_group(desk: Any) -> None:
    """The pilot group as Graph lists it, its members a collection, through the same call."""
    desk.make_app()
    rows = [
        MappingRow("displayName", 'Join(" ", [displayName], [members])', "Expression", matching=1),
        MappingRow("title", "Not([mailEnabled])", "Expression"),
    ]
    groups = ObjectMapping("Groups", "Group", "Group", True, frozenset({"Add"}), (), tuple(rows))
    live = (*read_schema(make_schema(Ids(1), "job", load("oreilly"))), groups)
    with GraphClient(desk.address.graph_url, Secret(sandbox_token(desk.address.seed, "graph"))) as graph:
        pilot = learners(graph)
        sources = read_group_sources(graph, pilot, live)
        opinion = ask_microsoft(
            graph, EnterpriseApp("x", desk.sp, "", "", "", "", desk.job, True, (), ()), live, {}, sources
        )

    found = review_mapping(load("oreilly").attributes, live, {}, decided=Expectations(), opinion=opinion)

    assert len(sources[pilot.name]["members"]) > 1
    assert [each.values for each in opinion.answers if each.target == "title"] == [("True",)]

    [check] = [check for check in found.checks if check.code.startswith("mapping.microsoft")]
    assert check.code == "mapping.microsoft_agrees"
    assert "displayName of groups" in check.message


def learners(graph: GraphClient) -> PilotGroup:
    found = next(group for group in graph.groups() if group["displayName"] == "Learners")
    return PilotGroup(found["id"], found["displayName"], ())


@pytest.mark.parametrize("app", ["oreilly", "thrive-lxp"])
def test_ours_and_the_emulators_word_agree(desk: Any, app: str) -> None:
    """As they must, being the same code: the plumbing from schema to finding holds."""
    desk.make_app()
    people = [person for person in make_people(Ids(desk.address.seed), 12) if person.deleted_utc is None]
    sources = {p.user_principal_name: source_attributes(p.graph(), soft_deleted=not p.enabled) for p in people}
    live = read_schema(make_schema(Ids(1), "job", load(app)))
    with GraphClient(desk.address.graph_url, Secret(sandbox_token(desk.address.seed, "graph"))) as graph:
        opinion = ask_microsoft(
            graph, EnterpriseApp("x", desk.sp, "", "", "", "", desk.job, True, (), ()), live, sources
        )

    found = review_mapping(load(app).attributes, live, sources, decided=Expectations(), opinion=opinion)

    assert len(opinion.answers) == len(sources)
    assert not found.overruled
    assert "mapping.microsoft_agrees" in [check.code for check in found.checks]
