"""The default mapping of a SCIM app over a directory, against a function written by hand.

Both compute the same dictionary for each of 100,000 people of the sandbox, and
neither keeps one.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import cycle, islice
from typing import Any

from scimkit.mapping.rows import CompiledMapping, user_mapping
from scimkit.provisioning.source import source_attributes
from scimkit.provisioning.targets import ENTERPRISE_USER, MANAGER
from scimkit.sandbox.identity import DEFAULT_SEED, Ids
from scimkit.sandbox.people import make_people
from scimkit.sandbox.schema import make_schema
from tests.bench.measure import Measure

PEOPLE = 100_000
SLICE = 10_000  # ours and the other take turns at so many, so that a busy spell meets both
LIMIT = 3.0
FLAT_LIMIT = 1.2
DIRECT = {
    "userName": "userPrincipalName",
    "displayName": "displayName",
    "title": "jobTitle",
    'emails[type eq "work"].value': "mail",
    "preferredLanguage": "preferredLanguage",
    "name.givenName": "givenName",
    "name.familyName": "surname",
    'addresses[type eq "work"].formatted': "physicalDeliveryOfficeName",
    'addresses[type eq "work"].streetAddress': "streetAddress",
    'addresses[type eq "work"].locality': "city",
    'addresses[type eq "work"].region': "state",
    'addresses[type eq "work"].postalCode': "postalCode",
    'addresses[type eq "work"].country': "country",
    'phoneNumbers[type eq "work"].value': "telephoneNumber",
    'phoneNumbers[type eq "mobile"].value': "mobile",
    'phoneNumbers[type eq "fax"].value': "facsimileTelephoneNumber",
    "externalId": "mailNickname",
    f"{ENTERPRISE_USER}:employeeNumber": "employeeId",
    f"{ENTERPRISE_USER}:department": "department",
    MANAGER: "manager",
}

Source = Mapping[str, Any]


def by_hand(person: Source) -> dict[str, Any]:
    """What the default mapping gives one person, as one would write it."""
    values: dict[str, Any] = {}
    for target, name in DIRECT.items():
        value = person.get(name)
        if value:
            values[target] = value
    if person.get("IsSoftDeleted") in (True, False):
        values["active"] = "False" if person["IsSoftDeleted"] else "True"
    values["name.formatted"] = " ".join(name for name in (person.get("givenName"), person.get("surname")) if name)
    return values


def default_mapping() -> CompiledMapping:
    """The published default of an app without a gallery entry, compiled for streaming."""
    return CompiledMapping(user_mapping(make_schema(Ids(DEFAULT_SEED), "bench", None)))


def people(count: int) -> Iterator[dict[str, Any]]:
    """Source attributes of sandbox people, one in a hundred soft-deleted."""
    for number, person in enumerate(make_people(Ids(DEFAULT_SEED), count)):
        yield source_attributes(
            person.graph(), soft_deleted=number % 100 == 0, manager_id=person.id if number % 3 else None
        )


def seconds_for(run: Callable[[Source], Any], sources: Iterable[Source]) -> float:
    started = time.perf_counter()
    for source in sources:
        run(source)
    return time.perf_counter() - started


def measure_stream() -> Measure:
    """Streaming the default mapping in times of the hand-written function."""
    compiled, everybody = default_mapping(), people(PEOPLE)
    pairs = []
    while sources := list(islice(everybody, SLICE)):
        differing = [source for source in sources[:: SLICE // 100] if compiled(source).values != by_hand(source)]
        if differing:
            raise RuntimeError(f"the two give different values for {differing[0]['userPrincipalName']}")
        pairs.append((_stream_seconds(compiled, sources), seconds_for(by_hand, sources)))
    notes = {
        "people": PEOPLE,
        "rows": len(compiled.mapping.rows),
        "ours_seconds": round(sum(a for a, _ in pairs), 3),
        "other_seconds": round(sum(b for _, b in pairs), 3),
    }
    return Measure("stream", tuple(round(a / b, 3) for a, b in pairs), LIMIT, notes=notes)


def _stream_seconds(compiled: CompiledMapping, sources: Iterable[Source]) -> float:
    started = time.perf_counter()
    for _ in compiled.stream(sources):
        pass
    return time.perf_counter() - started


def measure_flat() -> Measure:
    """The most memory that streaming 100,000 people holds, in times of what 10,000 take."""
    compiled, sources = default_mapping(), list(people(1_000))
    few, many = (_peak_bytes(compiled, islice(cycle(sources), count)) for count in (SLICE, PEOPLE))
    return Measure(
        "flat", (round(many / few, 3),), FLAT_LIMIT, notes={"peak_kb": round(many / 1000, 1), "people": PEOPLE}
    )


def _peak_bytes(compiled: CompiledMapping, sources: Iterable[Source]) -> int:
    _stream_seconds(compiled, ())  # what is made once is not counted
    tracemalloc.start()
    try:
        _stream_seconds(compiled, sources)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
