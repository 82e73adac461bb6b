"""Step 5b: Microsoft's own result for every expression of the mapping, of people and of the pilot group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from scimkit.clients.graph import GraphClient
from scimkit.errors import ApiError, Denied, MappingError, NotReady
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.journey.pilot_group import PilotGroup
from scimkit.mapping.language.explanations import REDACTED
from scimkit.mapping.language.parser import parse
from scimkit.mapping.language.syntax import attribute_names
from scimkit.mapping.review import Answer, Opinion
from scimkit.mapping.review.opinion import GROUP, expression_rows, group_mapping
from scimkit.mapping.rows import MappingRow, ObjectMapping, choose_mapping, redacts
from scimkit.provisioning.source import group_attributes

RIGHT = "Synchronization.ReadWrite.All"


def ask_microsoft(
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    live: Iterable[ObjectMapping],
    people: Mapping[str, Mapping[str, Any]],
    groups: Mapping[str, Mapping[str, Any]] | None = None,
) -> Opinion:
    """The value the provisioning service itself computes for each expression and each person or group (Graph:
    parseExpression).

    live    the object mappings of the job's schema; only rows with expressions are sent
    people  source attributes by user principal name
    groups  source attributes by the group's name (`read_group_sources`); None: no pilot group

    Changes nothing. Only the attributes an expression names are sent, and the same
    expression with the same values only once. If Graph refuses or does not answer,
    the opinion says what was not requested, and nothing is raised.
    """
    live, groups = tuple(live), groups or {}
    users = choose_mapping(live)
    asked = []
    if users:
        asked += [("User", row, *person) for row, person in product(expression_rows(users), people.items())]
    asked += [(GROUP, row, *group) for row, group in product(expression_rows(group_mapping(live)), groups.items())]
    known: dict[tuple[str, str], dict[str, Any]] = {}
    answers: list[Answer] = []
    try:
        for kind, row, name, source in asked:
            answers.append(_masked(row, _read(kind, row, name, _ask(graph, enterprise_app, row, source, known))))
    except Denied as error:
        return Opinion(tuple(answers), *_not_allowed(error), groups)
    except ApiError as error:
        text = f"Microsoft returned {len(answers)} of {len(asked)} values, then: {error}"
        return Opinion(tuple(answers), text, "Run this step again. Until then the values are scimkit's own.", groups)
    return Opinion(tuple(answers), groups=groups)


def read_group_sources(
    graph: GraphClient, group: PilotGroup | None, live: Iterable[ObjectMapping]
) -> dict[str, dict[str, Any]]:
    """The source attributes of the pilot group as the mapping sees them, by its name.

    live  the object mappings of the job's schema; if the group mapping is off, or has no
          expression to try, no request is sent to Graph and the result is empty

    Raises NotReady for a group that is no longer in the directory.
    """
    if not group or not expression_rows(group_mapping(live)):
        return {}
    found = graph.group(group.id)
    if found is None:
        raise NotReady(
            f"the group {group.name} is no longer in the directory", "Choose the pilot group again (4_scope)."
        )
    members = tuple(member["id"] for member in graph.members(group.id))
    return {group.name: group_attributes(found, members=members, in_scope=True)}


def _masked(row: MappingRow, answer: Answer) -> Answer:
    """The answer as people may see it: values passed through Redact are masked, also in Microsoft's explanations."""
    if not redacts(row):
        return answer
    if answer.read and answer.error:
        error = REDACTED
    else:
        error = answer.error
    return replace(answer, values=(REDACTED,) if answer.values else (), error=error)


def _not_allowed(error: Denied) -> tuple[str, str]:
    text = (
        f"Microsoft could not check the expressions: {error}. The request changes nothing, but Graph requires {RIGHT}"
        " for it"
    )
    remedy = (
        f'Grant {RIGHT}, or try the expressions in the portal\'s expression builder. A tenant with writes = "never"'
        " signs in without that permission."
    )
    return text, remedy


def _ask(
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    row: MappingRow,
    given: Mapping[str, Any],
    known: dict[tuple[str, str], dict[str, Any]],
) -> dict[str, Any]:
    expression = row.expression or ""
    source = _needed(expression, given)
    key = expression, repr(sorted(source.items()))
    if key not in known:
        known[key] = graph.parse_expression(
            enterprise_app.service_principal_id, enterprise_app.job_id, expression, source
        )
    return known[key]


def _needed(expression: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes the expression names; all of them if scimkit cannot read it."""
    try:
        names = attribute_names(parse(expression))
    except MappingError:
        return dict(given)
    return {name: given[name] for name in names if given.get(name) is not None}


def _read(kind: str, row: MappingRow, name: str, answer: Mapping[str, Any]) -> Answer:
    """Graph's parseExpressionResponse. A result is always a list of strings; how null appears in it is
    (unconfirmed)."""
    error = answer.get("error") or {}
    if isinstance(error, Mapping):
        told = str(error.get("message") or error.get("code") or "")
    else:
        told = str(error)
    if answer.get("parsingSucceeded") is not True:
        return Answer(row.target, name, read=False, error=told or "no reason given", object=kind)
    if answer.get("evaluationSucceeded") is not True:
        return Answer(row.target, name, read=True, error=told or "no reason given", object=kind)
    values = answer.get("evaluationResult") or ()
    if isinstance(values, str):
        values = [values]
    return Answer(
        row.target, name, read=True, values=tuple(str(each) for each in values if each not in (None, "")), object=kind
    )
