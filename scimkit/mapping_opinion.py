"""Step 5b: Microsoft's own word on every expression of the mapping."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from scimkit.clients.graph import GraphClient
from scimkit.enterprise_app import EnterpriseApp
from scimkit.errors import ApiError, Denied, MappingError
from scimkit.mapping.explanations import REDACTED
from scimkit.mapping.expressions import parse
from scimkit.mapping.review import Answer, Opinion
from scimkit.mapping.rows import MappingRow, ObjectMapping, choose_mapping, redacts
from scimkit.mapping.syntax import attribute_names

RIGHT = "Synchronization.ReadWrite.All"


def ask_microsoft(
    graph: GraphClient, enterprise_app: EnterpriseApp, live: Iterable[ObjectMapping], people: Mapping[str, Mapping[str, Any]]
) -> Opinion:
    """What the provisioning service itself gives for each expression and each person (Graph: parseExpression).

    live    the object mappings of the job's schema; only rows of people that are expressions are asked about
    people  source attributes by user principal name

    Changes nothing. Only the attributes an expression names are sent, and the same
    expression with the same values once. Where Graph refuses or does not answer,
    what was not asked is said in the opinion, and nothing is raised.
    """
    users = choose_mapping(live)
    rows = [row for row in (users.rows if users else ()) if row.kind == "Expression" and row.expression]
    known: dict[tuple[str, str], dict[str, Any]] = {}
    answers: list[Answer] = []
    try:
        for row in rows:
            for name, person in people.items():
                answers.append(_masked(row, _read(row, name, _ask(graph, enterprise_app, row, person, known))))
    except Denied as error:
        return Opinion(tuple(answers), *_not_allowed(error))
    except ApiError as error:
        text = f"Microsoft gave an answer for {len(answers)} of {len(rows) * len(people)} values, then: {error}"
        return Opinion(tuple(answers), text, "Run this step again; until then the values are scimkit's own.")
    return Opinion(tuple(answers))


def _masked(row: MappingRow, answer: Answer) -> Answer:
    """The answer as people may see it: what goes through Redact is masked, also in Microsoft's words on why it failed."""
    if not redacts(row):
        return answer
    error = REDACTED if answer.read and answer.error else answer.error
    return replace(answer, values=(REDACTED,) if answer.values else (), error=error)


def _not_allowed(error: Denied) -> tuple[str, str]:
    text = f"Microsoft was not asked about the expressions: {error}. It changes nothing, and yet Graph wants {RIGHT} for it"
    remedy = f'Grant {RIGHT}, or try the expressions in the portal\'s expression builder; a tenant with writes = "never" signs in without that right.'
    return text, remedy


def _ask(
    graph: GraphClient, enterprise_app: EnterpriseApp, row: MappingRow, person: Mapping[str, Any], known: dict[tuple[str, str], dict[str, Any]]
) -> dict[str, Any]:
    expression = row.expression or ""
    source = _needed(expression, person)
    key = expression, repr(sorted(source.items()))
    if key not in known:
        known[key] = graph.parse_expression(enterprise_app.service_principal_id, enterprise_app.job_id, expression, source)
    return known[key]


def _needed(expression: str, person: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes the expression names; all of them where we cannot read it ourselves."""
    try:
        names = attribute_names(parse(expression))
    except MappingError:
        return dict(person)
    return {name: person[name] for name in names if person.get(name) is not None}


def _read(row: MappingRow, name: str, answer: Mapping[str, Any]) -> Answer:
    """Graph's parseExpressionResponse. A result is always a list of texts; how null looks in it is (unconfirmed)."""
    error = answer.get("error") or {}
    told = str(error.get("message") or error.get("code") or "") if isinstance(error, Mapping) else str(error)
    if answer.get("parsingSucceeded") is not True:
        return Answer(row.target, name, read=False, error=told or "no reason given")
    if answer.get("evaluationSucceeded") is not True:
        return Answer(row.target, name, read=True, error=told or "no reason given")
    values = answer.get("evaluationResult") or ()
    values = [values] if isinstance(values, str) else values
    return Answer(row.target, name, read=True, values=tuple(str(each) for each in values if each not in (None, "")))
