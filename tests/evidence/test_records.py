"""Records: each kind round-trips through its file, and a file that is not whole is refused with words."""

import dataclasses
import json
import types
import typing
from datetime import UTC, datetime

import pytest

from scimkit.credentials import Secret
from scimkit.errors import RunError
from scimkit.evidence.checks import Check, Status
from scimkit.evidence.records import KINDS, VERSION, dump_record, load_record, read_utc, to_plain, utc_text
from scimkit.journey import steps

NOW = datetime(2026, 3, 2, 9, 15, 42, tzinfo=UTC)
for _kind in ("Readiness", "LogSummary", *steps._LEAVES):
    steps.record_step(_kind)  # imports its home
KINDS_IN_USE = sorted({"ChangePlan", *steps._LEAVES})


def sample(hint):
    """Any value of a type hint, with something in every container."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return sample(arguments[0])
    if origin is tuple:
        return (sample(arguments[0]),)
    if origin is not None:
        return {"schlüssel": sample(arguments[1])}
    if hint is Status:
        return Status.WARNING
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        return hint(**{field.name: sample(hints[field.name]) for field in dataclasses.fields(hint)})
    return {str: "O'Neill · 王", int: 7, bool: True, float: 0.5}.get(hint, "anything")


def text(value):
    return dump_record(value, made_utc=NOW, scimkit_version="0.1.0")


@pytest.mark.parametrize("kind", KINDS_IN_USE)
def test_a_record_round_trips(kind):
    """What is read back is equal to what was kept, and has its envelope."""
    value = sample(KINDS[kind])
    envelope = json.loads(text(value))

    assert load_record(text(value)) == value
    assert (envelope["kind"], envelope["version"], envelope["made_utc"]) == (kind, VERSION, "2026-03-02T09:15:42Z")


@pytest.mark.parametrize("kind", KINDS_IN_USE)
def test_a_later_version_is_refused(kind):
    """A file of a later version is refused, naming who wrote it."""
    envelope = json.loads(text(sample(KINDS[kind]))) | {"version": VERSION + 1, "scimkit": "9.9.9"}
    with pytest.raises(RunError, match=r"version 2, written by scimkit 9\.9\.9"):
        load_record(json.dumps(envelope), path="records/x.json")


@pytest.mark.parametrize(
    "damage",
    [
        {"version": "1"},
        {"version": True},
        {"version": None},
        {"kind": 5},
        {"kind": ["Scope"]},
        {"kind": "Nonsense"},
        {"data": None},
        {"data": [1]},
        {"data": {}},
        {"checks": None},
        {"checks": "passed"},
        {"checks": [1]},
        {"checks": [{"code": "a", "status": "splendid", "message": ""}]},
    ],
    ids=str,
)
def test_a_damaged_record_is_refused(damage):
    """Whatever is wrong with a file is one RunError naming it, never another exception."""
    envelope = json.loads(text(sample(KINDS["Scope"]))) | damage
    with pytest.raises(RunError, match=r"records/x\.json") as caught:
        load_record(json.dumps(envelope), path="records/x.json")
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("field", "value"),
    [("people", "7"), ("people", True), ("mode", 5), ("filters", "abc"), ("pilot", [None]), ("assignments", {"a": 1})],
)
def test_a_value_of_another_type_is_refused(field, value):
    """A field that holds something else than its class says does not travel on."""
    envelope = json.loads(text(sample(KINDS["Scope"])))
    envelope["data"][field] = value
    with pytest.raises(RunError, match="complete Scope"):
        load_record(json.dumps(envelope))


@pytest.mark.parametrize("content", ["", "{", "[]", "5", "null", '"x"'])
def test_what_is_no_record_is_refused(content):
    """A file that is no JSON object is not a record."""
    with pytest.raises(RunError, match="not a scimkit record"):
        load_record(content)


@pytest.mark.parametrize("value", [Secret("planted-secret-0123456789"), object(), b"raw"])
def test_handles_and_secrets_do_not_belong_in_a_record(value):
    """A secret or a handle cannot be written by mistake."""
    with pytest.raises(TypeError, match="does not belong"):
        to_plain({"token": value})


@pytest.mark.parametrize(
    ("given", "micro"),
    [("2026-03-02T09:15:42Z", 0), ("2026-03-02T09:15:42.1234567Z", 123456), ("2026-03-02T09:15:42.5Z", 500000)],
)
def test_times_are_aware_utc(given, micro):
    """Times are read with Graph's seven digits and written in whole seconds with Z; one without a zone is refused."""
    assert read_utc(given) == NOW.replace(microsecond=micro)
    assert utc_text(read_utc(given)) == "2026-03-02T09:15:42Z"
    with pytest.raises(ValueError, match="zone"):
        utc_text(NOW.replace(tzinfo=None))


def test_a_failed_check_has_a_remedy():
    """A failed check without a remedy cannot be made."""
    with pytest.raises(ValueError, match="remedy"):
        Check("plan.rights", Status.FAILED, "no rights")
