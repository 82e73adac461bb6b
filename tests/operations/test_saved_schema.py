"""A saved schema that is not one of this app, or that no file can hold."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scimkit.apps import load
from scimkit.errors import MappingError, PlanRefused, RunError
from scimkit.evidence.runs import RunStore
from scimkit.mapping import read_schema
from scimkit.mapping.schema import half_character
from scimkit.operations.mapping_backup import SavedMapping, back_up_mapping, read_mapping
from scimkit.operations.mapping_backup.directories import refuse_other_app
from scimkit.tenant import Config

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "synchronization-schema.json").read_text(encoding="utf-8")
)
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def run(tmp_path):
    return RunStore.create(
        tmp_path / "run", app="oreilly", tenant="sandbox", runbook="mapping_backup", steps=(), now=NOW
    )


def schema_of(directory: str, id: str = "") -> dict[str, Any]:
    """The documented schema, writing to a directory called so."""
    made = copy.deepcopy(SCHEMA)
    before = made["synchronizationRules"][0]["targetDirectoryName"]
    made["synchronizationRules"][0]["targetDirectoryName"] = directory
    for each in made["directories"]:
        if each["name"] == before:
            each.update(name=directory, id=id)
    return made


def saved(schema: dict[str, Any], app: str = "") -> SavedMapping:
    return SavedMapping("old.schema.json", app, read_schema(schema), schema)


@pytest.mark.parametrize(
    ("live", "wanted"),
    [
        (schema_of("customappsso"), saved(schema_of("customappsso", "another"))),  # two custom apps have one name
        (schema_of("LinkedIn Learning", "1"), saved(schema_of("linkedin learning ", "2"))),
        (schema_of("LinkedIn Learning", "1"), saved(schema_of("LinkedIn Elevate", "1"))),  # renamed by Microsoft
        (schema_of("LinkedIn Learning", "1"), saved(schema_of("", "2"))),  # nothing is said
        (schema_of("", "1"), saved(schema_of("LinkedIn Learning", "2"))),
        (
            schema_of("LinkedIn Learning", "1"),
            saved(schema_of("customappsso", "2"), app="linkedin-learning"),
        ),  # the file names its app
        (schema_of("LinkedIn Learning", "1"), SavedMapping("old.toml", "", read_schema(SCHEMA), None)),
    ],
)
def test_what_may_be_one_app_is_not_refused(live, wanted):
    """One name, one id, or nothing to compare: no refusal is made of a doubt."""
    refuse_other_app(live, wanted)


@pytest.mark.parametrize(
    ("live", "other"),
    [("LinkedIn Learning", "customappsso"), ("customappsso", "LinkedIn Learning"), ("Thrive LXP", "LinkedIn Learning")],
)
def test_another_apps_schema_is_refused(live, other):
    """The file, both directories, and what to give instead."""
    with pytest.raises(PlanRefused) as caught:
        refuse_other_app(schema_of(live), saved(schema_of(other)))
    assert caught.value.message == f"old.schema.json is the mapping of {other}, but this job writes to {live}"
    assert "mapping.toml" in caught.value.remedy


# -- half a character --------------------------------------------------------------


def broken() -> dict[str, Any]:
    made = copy.deepcopy(SCHEMA)
    made["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][1]["defaultValue"] = json.loads(
        '"Sales \\ud800"'
    )
    return made


def test_a_schema_with_half_a_character_is_not_kept(run):
    """It says where, and neither of the two files is there, nor a part of one."""
    before = sorted(path.name for path in run.folder.iterdir())
    with pytest.raises(
        MappingError,
        match=(
            r"synchronizationRules\[0\]\.objectMappings\[0\]\.attributeMappings\[1\]\.defaultValue of the schema"
            r" contains"
            r" half a character"
        ),
    ) as caught:
        back_up_mapping(broken(), app=load("oreilly"), tenant=Config().tenant("sandbox"), run=run, now=NOW)

    assert caught.value.remedy
    assert "\ud800" not in caught.value.message
    assert sorted(path.name for path in run.folder.iterdir()) == before


def test_a_saved_schema_with_half_a_character_is_not_read(run):
    """JSON can spell one, Graph's request could not carry it."""
    run.write("old.schema.json", json.dumps(broken()))
    with pytest.raises(MappingError, match=r"old\.schema\.json: .*half a character"):
        read_mapping("old.schema.json", run=run)


def test_no_file_of_a_run_holds_half_a_character(run):
    """Whatever else is written, too: words, and the file stays as it was."""
    run.write("5b_schema.json", "{}")
    before = sorted(path.name for path in run.folder.iterdir())

    with pytest.raises(RunError, match=r"5b_schema\.json cannot be written: a string contains half a character"):
        run.write("5b_schema.json", json.dumps(broken(), ensure_ascii=False))

    assert run.read("5b_schema.json") == "{}"
    assert sorted(path.name for path in run.folder.iterdir()) == before


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"a\udfff": 1}, "the whole"),
        ({"a": [{"b\ud800": 1}]}, "a[0]"),
        ({"a": ["x", "\udc00"]}, "a[1]"),
        (json.loads('{"a": "\\ud83d\\ude00"}'), ""),
    ],
)
def test_where_half_a_character_is(schema, place):
    """In a name, in a list; a whole pair is one character."""
    assert half_character(schema) == place
