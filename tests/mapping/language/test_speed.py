"""Streaming a directory through the default mapping, against a function written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scimkit.mapping import MappingRow, ObjectMapping, compile_mapping
from scimkit.provisioning.targets import ENTERPRISE_USER
from tests.bench.stream import DIRECT as DEFAULT
from tests.bench.stream import seconds_for

DIRECT = {
    **DEFAULT,
    f"{ENTERPRISE_USER}:organization": "companyName",
    "nickName": "mailNickname",
    "userType": "userType",
}
ROWS = (
    *(MappingRow(target, f"[{name}]", "Direct") for target, name in DIRECT.items()),
    MappingRow("active", 'Switch([IsSoftDeleted], , "False", "True", "True", "False")', "Expression"),
    MappingRow("name.formatted", 'Join(" ", [givenName], [surname])', "Expression"),
)
PEOPLE = 100_000


def by_hand(person: dict[str, Any]) -> dict[str, Any]:
    """The same dictionary, as one would write it."""
    values = {}
    for target, name in DIRECT.items():
        value = person.get(name)
        if value:
            values[target] = value
    if person.get("IsSoftDeleted") in ("True", "False"):
        values["active"] = "True" if person["IsSoftDeleted"] == "False" else "False"
    values["name.formatted"] = " ".join(name for name in (person.get("givenName"), person.get("surname")) if name)
    return values


def people(count: int) -> Iterator[dict[str, Any]]:
    """People of whom every fifth attribute is absent."""
    names = sorted(set(DIRECT.values()))
    made = []
    for n in range(500):
        values = {name: f"{name} {n}" if (n + i) % 5 else None for i, name in enumerate(names)}
        made.append({"IsSoftDeleted": str(n % 7 == 0), **values})
    for number in range(count):
        yield made[number % len(made)]


def test_the_compiled_mapping_gives_what_the_function_gives() -> None:
    """Both ways compute the same values."""
    compiled = compile_mapping(ObjectMapping("users", "User", "", True, frozenset(), (), ROWS))
    for person in people(500):
        assert compiled(person).values == by_hand(person)


@pytest.mark.slow
def test_streaming_takes_at_most_three_times_as_long_as_the_function() -> None:
    """100,000 people, in ten rounds; the best round of each counts, as the machine is shared."""
    compiled = compile_mapping(ObjectMapping("users", "User", "", True, frozenset(), (), ROWS))
    rounds = [
        (seconds_for(by_hand, people(PEOPLE // 10)), seconds_for(compiled, people(PEOPLE // 10))) for _ in range(10)
    ]

    hand, ours = min(hand for hand, _ in rounds), min(ours for _, ours in rounds)

    assert ours <= 3 * hand, f"{ours / hand:.2f} times"
