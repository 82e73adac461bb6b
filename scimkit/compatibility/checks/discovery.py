"""Checks of /Schemas and the other discovery endpoints, and of error messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scimkit.compatibility.answers import nobody, resources_of
from scimkit.compatibility.endpoint import Reply
from scimkit.compatibility.results import Result, met, need_not_met, tolerated, unmet
from scimkit.compatibility.trial import Trial
from scimkit.evidence.checks import Status
from scimkit.mapping.rows import objects_in
from scimkit.provisioning.targets import parse_target

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

WORDS = {  # RFC 7643, 7: the only values there are
    "mutability": {"readOnly", "readWrite", "immutable", "writeOnly"},
    "returned": {"always", "never", "default", "request"},
    "uniqueness": {"none", "server", "global"},
}


def check_discovery(trial: Trial) -> None:
    """The three discovery endpoints (R17). Advice only: a non-gallery job requests none of them."""
    replies: dict[str, Reply] = {}

    def ask(path: str) -> Result:
        reply = replies[path] = trial.endpoint.get(path)
        if path == "ServiceProviderConfig":
            good = reply.status == 200 and isinstance(reply.json, dict)
        else:
            good = bool(resources_of(reply)) or (path == "ResourceTypes" and isinstance(reply.json, list))
        if good:
            return met(reply)
        return tolerated("compat.schemas_missing" if path == "Schemas" else "compat.discovery_missing", reply)

    trial.check("discovery.schemas", ask, "Schemas")
    if trial.results.row("discovery.schemas").outcome == Status.WARNING:  # there is nothing to look into
        for code in ("nulls", "words", "targets"):
            trial.results.note(
                f"discovery.schemas_{code}",
                need_not_met("discovery.schemas", "compat.schemas_missing"),
            )
    else:
        trial.check("discovery.schemas_nulls", lambda: _judge_nulls(replies["Schemas"]))
        trial.check("discovery.schemas_words", lambda: _judge_words(replies["Schemas"]))
        trial.check("discovery.schemas_targets", lambda: _judge_targets(trial, replies["Schemas"]))
    trial.check("discovery.provider_config", ask, "ServiceProviderConfig")
    trial.check("discovery.resource_types", ask, "ResourceTypes")


def _walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, path)


def _judge_nulls(reply: Reply) -> Result:
    nulls = sorted({path for path, value in _walk(reply.json) if value is None})
    if not nulls:
        return met(reply)
    return tolerated("compat.schemas_shape", reply, f"null: {', '.join(nulls[:5])}")


def _judge_words(reply: Reply) -> Result:
    odd = {
        f"{name} {value}" for path, value in _walk(reply.json)
        if (name := path.rpartition(".")[2]) in WORDS and isinstance(value, str) and value not in WORDS[name]
    }  # fmt: skip
    if not odd:
        return met(reply)
    return tolerated("compat.schemas_shape", reply, f"misspelt: {', '.join(sorted(odd)[:5])}")


def _judge_targets(trial: Trial, reply: Reply) -> Result:
    known = _schema_names(reply)
    lacking = [target for target in trial.mapped.targets if not _is_listed(target, known)]
    if not lacking:
        return met(reply)
    return tolerated("compat.target_not_in_schema", reply, f"not listed: {', '.join(lacking)}", targets=lacking)


def _schema_names(reply: Reply) -> dict[str, set[str]]:
    """Lower-case schema URN to the lower-case names of its attributes and `attribute.part`s."""
    known: dict[str, set[str]] = {}
    for schema in resources_of(reply) or ():
        names = known.setdefault(str(schema.get("id")).casefold(), set())
        for attribute in objects_in(schema.get("attributes")):
            name = str(attribute.get("name")).casefold()
            names.add(name)
            names |= {f"{name}.{str(sub.get('name')).casefold()}" for sub in objects_in(attribute.get("subAttributes"))}
    return known


def _is_listed(target: str, known: Mapping[str, set[str]]) -> bool:
    parsed = parse_target(target)
    name = parsed.attribute.casefold() + (f".{parsed.sub.casefold()}" if parsed.sub else "")
    if name in ("externalid", "id", "schemas") and not parsed.urn:
        return True  # common attributes are in no schema (RFC 7643, 3.1)
    if parsed.urn:
        return name in known.get(parsed.urn.casefold(), set())
    return any(name in names for names in known.values())


def check_errors(trial: Trial) -> None:
    replies: list[Reply] = []

    def ask() -> Result:
        reply = trial.endpoint.read("Users", nobody())
        replies.append(reply)
        if reply.status in (404, 410):
            return met(reply)
        return unmet("compat.missing_not_404", reply)

    def body() -> Result:
        reply = replies[0]
        if isinstance(reply.json, dict):
            found = reply.json
        else:
            found = {}
        schemas = found.get("schemas")
        named = isinstance(schemas, list) and ERROR.casefold() in [str(item).casefold() for item in schemas]
        good = named and isinstance(found.get("status"), str)
        if good:
            return met(reply)
        return tolerated("compat.error_body", reply)

    trial.check("errors.unknown_id", ask)
    trial.check("errors.body", body)
