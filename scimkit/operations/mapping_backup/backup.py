"""A stored mapping: the TOML file for people, the saved schema for everything else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.clients.graph import GraphClient
from scimkit.errors import MappingError, RunError
from scimkit.evidence.checks import Check, failed, passed
from scimkit.evidence.records import record, utc_text
from scimkit.evidence.runs import RunStore
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.mapping.changes import MappingSide, compare_mapping, filters_text
from scimkit.mapping.files import print_mapping, read_mapping_text
from scimkit.mapping.rows import ObjectMapping, read_schema
from scimkit.mapping.schema import ACTIONS, half_character, write_schema
from scimkit.tenant import Tenant

NAME = "mapping"  # mapping.toml, mapping.schema.json
BEFORE = "mapping.before"  # the same, of the moment before a restore wrote
SCHEMA_ENDING = ".schema.json"
HALF_WORDS = "{place} of the schema contains half a character, which no file can contain"


@dataclass(frozen=True, slots=True)
class BackedUpObject:
    """One object mapping in a backup. filters: as one line; matching: targets in order."""

    source_object: str
    target_object: str
    enabled: bool
    actions: tuple[str, ...]
    rows: int
    matching: tuple[str, ...]
    filters: str


@record("MappingBackup")
@dataclass(frozen=True)
class MappingBackup:
    """The live mapping as it was stored in the run folder.

    version      of the schema; it changes with every save
    file         the TOML file;  schema_file: the schema as Graph returned it
    """

    job_id: str
    version: str
    read_utc: str
    file: str
    schema_file: str
    objects: tuple[BackedUpObject, ...]
    checks: tuple[Check, ...]


def read_live_schema(graph: GraphClient, enterprise_app: EnterpriseApp) -> dict[str, Any]:
    """The job's complete schema, including its directories, which a response may lack."""
    sp, job_id = enterprise_app.service_principal_id, enterprise_app.job_id
    schema = graph.schema(sp, job_id)
    if schema.get("directories"):
        return schema
    return {**schema, "directories": graph.schema_directories(sp, job_id)}


def back_up_mapping(
    schema: Mapping[str, Any], *, app: AppProfile, tenant: Tenant, run: RunStore, now: datetime, name: str = NAME
) -> MappingBackup:
    """Store `schema` in the run folder, as a file to review and as it is.

    name  of the files; if they exist and say something else, or were changed by hand,
          `mapping-2.toml` and so on are written instead

    Raises MappingError if it is not a schema, or has something that no file can contain;
    then nothing is stored.
    """
    objects = read_schema(schema)
    if place := half_character(schema):
        raise MappingError(
            f"{HALF_WORDS.format(place=place)}: no backup was written",
            "Type that text again in the portal, then run this step again.",
        )
    text = print_mapping(objects, app=app.name, title=app.title, about=_about(schema, tenant, now))
    checks = (_check_lossless(schema, objects), _check_readable(text, objects))
    name = _free_name(run, name, schema, objects)
    run.write(f"{name}{SCHEMA_ENDING}", json.dumps(schema, ensure_ascii=False, indent=2) + "\n")
    run.write(f"{name}.toml", text)
    told = tuple(_told(each) for each in objects)
    return MappingBackup(
        str(schema.get("id") or ""),
        str(schema.get("version") or ""),
        utc_text(now),
        f"{name}.toml",
        f"{name}{SCHEMA_ENDING}",
        told,
        checks,
    )


def _free_name(run: RunStore, name: str, schema: Mapping[str, Any], objects: Sequence[ObjectMapping]) -> str:
    """`name`, or `name` with a number: no file with different content is overwritten."""
    for number in count(1):
        if number == 1:
            free = name
        else:
            free = f"{name}-{number}"
        if not run.exists(f"{free}.toml") or _holds(run, free, schema, objects):
            return free
    raise AssertionError("there is always another number")


def _holds(run: RunStore, name: str, schema: Mapping[str, Any], objects: Sequence[ObjectMapping]) -> bool:
    """Whether the files named `name` say what `schema` says, including the order of rows."""
    try:
        read = read_mapping_text(run.read(f"{name}.toml"), saved=objects).objects
        return json.loads(run.read(f"{name}{SCHEMA_ENDING}")) == schema and read == tuple(objects)
    except (MappingError, RunError, ValueError):
        return False


def _about(schema: Mapping[str, Any], tenant: Tenant, now: datetime) -> dict[str, str]:
    return {
        "tenant": tenant.name,
        "job": str(schema.get("id") or ""),
        "schema": f"{schema.get('version') or 'without a version'}, read {utc_text(now)}",
    }


def _told(each: ObjectMapping) -> BackedUpObject:
    actions = tuple(name for name in ACTIONS if name in each.actions)
    matching = tuple(row.target for row in each.matching_rows)
    return BackedUpObject(
        each.source_object,
        each.target_object,
        each.enabled,
        actions,
        len(each.rows),
        matching,
        filters_text(each.filters),
    )


def _check_lossless(schema: Mapping[str, Any], objects: Sequence[ObjectMapping]) -> Check:
    """The schema is the same, text for text, after it is read into rows and written again."""
    if json.dumps(write_schema(schema, objects)) == json.dumps(schema):
        return passed("mapping_backup.whole", "the schema can be written back without losing anything")
    return failed(
        "mapping_backup.whole",
        "the schema would not be written back unchanged",
        "Keep the saved schema, and report this as a defect.",
    )


def _check_readable(text: str, objects: Sequence[ObjectMapping]) -> Check:
    """The file, when read again, says what the schema says."""
    try:
        read = read_mapping_text(text, saved=objects).objects
    except MappingError as error:
        return failed(
            "mapping_backup.readable",
            f"the file cannot be read again: {error}",
            "Keep the saved schema, and report this as a defect.",
        )
    if compare_mapping(MappingSide("live", tuple(objects)), MappingSide("file", read)).same:
        return passed("mapping_backup.readable", "the file, when read again, says what the live mapping says")
    return failed(
        "mapping_backup.readable",
        "the file does not say what the live mapping says",
        "Keep the saved schema, and report this as a defect.",
    )
