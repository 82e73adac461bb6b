"""Whatever a schema or a directory holds, the review answers with findings and nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scimkit.apps import load
from scimkit.evidence.checks import Status
from scimkit.evidence.records import dump_record, load_record, read_utc
from scimkit.mapping.review import Answer, Expectations, Opinion, review_mapping
from scimkit.mapping.rows import read_schema

TARGETS = (
    "userName",
    "active",
    'emails[type eq "work"].value',
    "preferredLanguage",
    "id",
    "urn:acme:2.0:User:level",
    "",
    "manager",
    "[",
    "timezone",
)
EXPRESSIONS = (
    "[mail]",
    "[manager]",
    "[otherMails]",
    "[IsSoftDeleted]",
    "Not([IsSoftDeleted])",
    'Switch([a], "", "x", "y")',
    "Now()",
    "Guid()",
    '"x"',
    'IIF([a] = "", "", [b])',
    'Split([a], ",")',
    "Item([otherMails], 9)",
    'Replace([a], , "(", , "x", , )',
    "IgnoreFlowIfNullOrEmpty([a])",
    "CDate([a])",
    "Redact([mail])",
    "Trim([a])",
)
ATTRIBUTES = ("mail", "manager", "otherMails", "IsSoftDeleted", "accountEnabled", "a", "b", "userPrincipalName")
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=8),
    st.lists(st.text(max_size=4), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)
PEOPLE = st.dictionaries(
    st.sampled_from(["ann@x", "bo@x", ""]), st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES), max_size=3
)
SOURCES = st.one_of(
    st.none(),
    st.one_of(st.sampled_from(EXPRESSIONS), st.text(max_size=30).filter(str.strip)).map(
        lambda text: {"type": "Function", "name": "x", "expression": text, "parameters": []}
    ),
)
ROWS = st.fixed_dictionaries(
    {
        "targetAttributeName": st.sampled_from(TARGETS),
        "source": SOURCES,
        "matchingPriority": st.integers(0, 3),
        "defaultValue": st.one_of(st.none(), st.text(max_size=5)),
        "flowType": st.sampled_from(["Always", "ObjectAddOnly", "ValueAddOnly", "Whatever"]),
    }
)
DEFINITIONS = st.lists(
    st.one_of(
        st.none(),
        st.fixed_dictionaries(
            {
                "name": st.sampled_from([*TARGETS, *ATTRIBUTES]),
                "type": st.sampled_from(["String", "Boolean", "Integer", "DateTime", "Reference", "Binary", "Odd"]),
                "caseExact": st.booleans(),
                "multivalued": st.booleans(),
            }
        ),
    ),
    max_size=6,
)


def schema_of(rows: list[dict[str, Any]], actions: Any, attributes: list[Any]) -> dict[str, Any]:
    mapping = {
        "name": "Users",
        "sourceObjectName": "User",
        "targetObjectName": "T",
        "flowTypes": actions,
        "attributeMappings": rows,
        "scope": None,
    }
    directories = [
        {"name": name, "objects": [{"name": object_name, "attributes": attributes}]}
        for name, object_name in (("S", "User"), ("D", "T"))
    ]
    return {
        "synchronizationRules": [{"sourceDirectoryName": "S", "targetDirectoryName": "D", "objectMappings": [mapping]}],
        "directories": directories,
    }


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(ROWS, max_size=6),
    actions=st.sampled_from([None, "Add", "Add,Update,Delete", 0]),
    attributes=DEFINITIONS,
    people=PEOPLE,
    app=st.sampled_from(["oreilly", "linkedin-learning", "theorgwiki"]),
    offered=st.one_of(st.none(), st.frozensets(st.sampled_from(["userName", "name.givenName", "urn:x:level"]))),
    said=st.lists(
        st.builds(
            Answer,
            st.sampled_from(TARGETS),
            st.sampled_from(["ann@x", "cy@x"]),
            st.booleans(),
            st.tuples(st.text(max_size=4)),
            st.sampled_from(["", "it fails"]),
        ),
        max_size=3,
    ),
)
def test_anything_is_reviewed(rows, actions, attributes, *, people, app, offered, said):
    """Every failed check has a remedy, every check a source, and the record can be kept and read again."""
    decided = Expectations(True, offered=offered, group_targets=("displayName",), single_sign_on="same_app")
    review = review_mapping(
        load(app).attributes,
        read_schema(schema_of(rows, actions, attributes)),
        people,
        decided=decided,
        now=read_utc("2026-03-02T08:00:00Z"),
        opinion=Opinion(tuple(said)),
    )

    assert all(check.source for check in review.checks)
    assert all((check.remedy or check.status is Status.PASSED) for check in review.checks)
    assert load_record(dump_record(review, made_utc=read_utc("2026-03-02T08:00:00Z"), scimkit_version="0")) == review
