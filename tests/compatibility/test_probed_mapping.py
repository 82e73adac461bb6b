"""The mapping a probe is made for: that of a job's own schema."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from scimkit.compatibility import mapped_of
from scimkit.errors import MappingError

SCHEMA: dict[str, Any] = json.loads(
    Path(__file__).parents[1].joinpath("data", "synchronization-schema.json").read_text(encoding="utf-8")
)


def changed(source_object: str, **members: Any) -> dict[str, Any]:
    """The sample schema with other members of one object mapping."""
    schema = copy.deepcopy(SCHEMA)
    for each in schema["synchronizationRules"][0]["objectMappings"]:
        if each["sourceObjectName"] == source_object:
            each.update(members)
    return schema


def test_the_rows_of_a_job_are_what_is_asked_for() -> None:
    mapped = mapped_of(SCHEMA)

    assert mapped.matching == ("userName",)
    assert {"userName", "active", "displayName"} <= set(mapped.targets)
    assert mapped.group_targets == ("displayName", "externalId", "members")


def test_a_group_mapping_that_is_off_is_not_asked_for() -> None:
    assert mapped_of(changed("Group", enabled=False)).group_targets == ()


def test_a_row_without_a_source_is_not_asked_for() -> None:
    row = {"targetAttributeName": "title", "source": None, "matchingPriority": 0}
    assert mapped_of(changed("User", attributeMappings=[row])).targets == ()


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(MappingError, match="synchronizationRules is missing"):
        mapped_of({})
