"""The forecast of 100,000 people, against streaming the mapping over them.

Ours goes from Graph's JSON to the row with its changes and its reason: scope, whose a
matching value is, the search in the app, managers before whom they lead, the decision. The
other evaluates the same mapping for the same people, their source attributes made beforehand.
Every action occurs but delete, which nobody gets whom Graph still lists.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain, islice
from random import Random
from typing import Any

from scimkit.journey.forecast import make_row
from scimkit.journey.prediction import Foreseen, GroupRead, JobFacts, Sight, manager_of, predict_people
from scimkit.mapping.rows import CompiledMapping, user_mapping
from scimkit.provisioning.decision import Link
from scimkit.provisioning.dialect import create_body
from scimkit.provisioning.source import source_attributes
from scimkit.provisioning.targets import MANAGER, place, read_target_facts
from scimkit.sandbox.identity import DEFAULT_SEED, Ids
from scimkit.sandbox.people import make_people
from scimkit.sandbox.schema import make_schema
from tests.bench.measure import Measure
from tests.bench.stream import PEOPLE, SLICE

LIMIT = 4.0
MEMORY_LIMIT_KB = 1.0
FLAT_LIMIT = 1.2
TIMES = 3
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROLE, GROUP = "role-of-the-app", "group-that-is-assigned"
PAGE = 999  # people of one answer of Graph, and accounts of one of the app

# Who is who, by the number of the person modulo 200; everybody else is assigned, with or without an account.
UNASSIGNED = range(12)  # 6 in 100; the first three are linked, so their accounts are disabled
LINKED_LEAVERS = range(3)
TAKES_A_VALUE = 14  # has the sign-in name of the person before, in capitals
HAS_TWO_ACCOUNTS = 16
HAS_NO_NAME = 18  # no value to match by
LINKED = range(20, 30)  # 5 in 100, still assigned
LINK_IS_STALE = 30  # the linked account is gone
IN_GROUP = range(100, 140)  # 20 in 100 are assigned by the group, not directly
LED = 8  # people who report to one, in a tree of all


@dataclass
class Accounts:
    """The app's accounts in memory, found as the app would find them; nothing is copied, nothing kept."""

    by_id: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_name: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, account: dict[str, Any]) -> None:
        self.by_id[account["id"]] = account
        self.by_name.setdefault(account["userName"].casefold(), []).append(account)

    def find(self, resource_type: str, attribute: str, value: str, /) -> list[dict[str, Any]]:
        if attribute != "userName":
            raise AssertionError(f"the default mapping does not match by {attribute}")
        return self.by_name.get(value.casefold(), [])

    def read(self, resource_type: str, id: str, /) -> dict[str, Any] | None:
        return self.by_id.get(id)

    def create(self, resource_type: str, body: Mapping[str, Any], /) -> dict[str, Any]:
        raise AssertionError("a forecast writes nothing")

    def patch(self, resource_type: str, id: str, body: Mapping[str, Any], /) -> dict[str, Any] | None:
        raise AssertionError("a forecast writes nothing")

    def delete(self, resource_type: str, id: str, /) -> bool:
        raise AssertionError("a forecast writes nothing")


@dataclass(frozen=True)
class Directory:
    """People as Graph tells them, the job they are assigned to, and what the app has of them."""

    users: list[dict[str, Any]]
    job: JobFacts
    accounts: Accounts
    links: dict[str, Link]

    def fresh_job(self) -> JobFacts:
        """The job as if it had just been read: compiling it counts."""
        return replace(self.job)

    def foresee(self) -> Iterator[Foreseen]:
        """The forecast of everybody, one at a time."""
        return predict_people(self.users, self.fresh_job(), Sight(self.accounts), now=NOW, links=self.links)


def make_directory(count: int) -> Directory:
    """`count` people of the sandbox, half of them with accounts."""
    users = [person.graph() for person in make_people(Ids(DEFAULT_SEED), count)]
    for number, user in enumerate(users):
        if number % 200 == TAKES_A_VALUE:
            user["userPrincipalName"] = users[number - 1]["userPrincipalName"].upper()
        if number % 1000 == HAS_NO_NAME:
            user["userPrincipalName"] = None
    ranks = _give_managers(users)
    users = _as_received(users)
    schema = make_schema(Ids(DEFAULT_SEED), "bench", None)
    mapping = user_mapping(schema)
    assignments, group = _assign(users)
    roles = ({"id": ROLE, "displayName": "User", "isEnabled": True},)
    job = JobFacts(mapping, read_target_facts(schema, mapping.target_object), assignments, {GROUP: group}, roles)
    linked = {
        user["id"]: Link(user["id"], _account_id(number))
        for number, user in enumerate(users)
        if number % 200 in (*LINKED_LEAVERS, *LINKED, LINK_IS_STALE)
    }
    return Directory(users, job, _make_accounts(users, ranks, job), linked)


def _give_managers(users: list[dict[str, Any]]) -> list[int]:
    """Two thirds report to somebody, in a tree that is not in Graph's order; the first two to each other. Their ranks
    in it."""
    by_rank = list(range(len(users)))
    Random(DEFAULT_SEED).shuffle(by_rank)
    ranks = [0] * len(users)
    for rank, number in enumerate(by_rank):
        ranks[number] = rank
        if rank < 2 or number % 3:
            above = by_rank[rank // LED if rank else 1]
            users[number]["manager"] = {"id": users[above]["id"]}
    return ranks


def _as_received(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same out of JSON, page by page: no text is the very object that stands elsewhere."""
    pages = (objects[start : start + PAGE] for start in range(0, len(objects), PAGE))
    return list(chain.from_iterable(json.loads(json.dumps(page)) for page in pages))


def _assign(users: list[dict[str, Any]]) -> tuple[tuple[dict[str, Any], ...], GroupRead]:
    places = [(number % 200, user["id"]) for number, user in enumerate(users)]
    directly = [id for place, id in places if place not in UNASSIGNED and place not in IN_GROUP]
    by_group = tuple(id for place, id in places if place in IN_GROUP)
    assignments = [{"principalId": id, "principalType": "User", "appRoleId": ROLE} for id in directly]
    assignments.append({"principalId": GROUP, "principalType": "Group", "appRoleId": ROLE})
    return tuple(assignments), GroupRead({"id": GROUP, "securityEnabled": True}, by_group)


def _account_id(number: int) -> str:
    return f"account-{number:06}"


def _make_accounts(users: list[dict[str, Any]], ranks: list[int], job: JobFacts) -> Accounts:
    """Accounts of half the people, the higher ranks first of all; of a quarter of them one to three attributes
    differ."""
    numbers = {user["id"]: number for number, user in enumerate(users)}

    def has_account(number: int) -> bool:
        return number % 200 in (*LINKED_LEAVERS, *LINKED) or ranks[number] < len(users) // 8 or ranks[number] % 100 < 39

    bodies = []
    for number, user in enumerate(users):
        if not has_account(number) or number % 200 == LINK_IS_STALE or not user["userPrincipalName"]:
            continue
        body = create_body(job.people.desired(source_attributes(user, soft_deleted=False), now=NOW).create)
        manager = numbers.get(manager_of(user) or "")
        if manager is not None and has_account(manager):
            place(body, MANAGER, {"value": _account_id(manager)})
        if number % 4 == 1:
            for name in ("title", "displayName", "preferredLanguage")[: 1 + number % 3]:
                body[name] = "as it was before"
        bodies.append({"id": _account_id(number), **body})
        if number % 200 == HAS_TWO_ACCOUNTS:
            bodies.append({**body, "id": f"{_account_id(number)}-again"})
    accounts = Accounts()
    for account in _as_received(bodies):
        accounts.add(account)
    return accounts


def count_actions(directory: Directory) -> Counter[str]:
    """How often each action is foreseen."""
    return Counter(make_row(one).action for one in directory.foresee())


def forecast_seconds(foreseen: Iterator[Foreseen]) -> float:
    """Everybody of `foreseen` made into a row with changes and reason, which are not kept."""
    began = time.perf_counter()
    for one in foreseen:
        row = make_row(one)
        _ = row.action, row.reason, one.outcome.decision.changes
    return time.perf_counter() - began


def _stream_seconds(compiled: CompiledMapping, sources: list[dict[str, Any]]) -> float:
    began = time.perf_counter()
    for _ in compiled.stream(sources, now=NOW):
        pass
    return time.perf_counter() - began


def measure_forecast() -> Measure:
    """Forecasting everybody in times of streaming them. One value for each run over all of them,
    as whose the matching values are is found out before the first."""
    directory = make_directory(PEOPLE)
    compiled = CompiledMapping(directory.job.mapping)
    runs = [_one_run(directory, compiled) for _ in range(TIMES)]
    ours, other = min(a for a, _ in runs), min(b for _, b in runs)
    notes = {
        "people": len(directory.users),
        "accounts": len(directory.accounts.by_id),
        "ours_us": round(ours / PEOPLE * 1e6, 2),
        "other_us": round(other / PEOPLE * 1e6, 2),
    }
    counts = {action: float(count) for action, count in sorted(count_actions(directory).items())}
    return Measure("forecast", tuple(round(a / b, 3) for a, b in runs), LIMIT, notes=notes | counts)


def _one_run(directory: Directory, compiled: CompiledMapping) -> tuple[float, float]:
    """Seconds of both, slice by slice in turn."""
    ours = other = 0.0
    foreseen = directory.foresee()
    for start in range(0, len(directory.users), SLICE):
        ours += forecast_seconds(islice(foreseen, SLICE))
        sources = [
            source_attributes(user, soft_deleted=False, manager_id=manager_of(user))
            for user in directory.users[start : start + SLICE]
        ]
        other += _stream_seconds(compiled, sources)
    if next(foreseen, None) is not None:
        raise AssertionError("somebody was foreseen twice")
    return ours, other


def measure_forecast_memory() -> Measure:
    """The most that a forecast holds beyond people and accounts, in kilobytes a person."""
    directory = make_directory(PEOPLE)
    forecast_seconds(islice(make_directory(100).foresee(), 100))  # what is made once a process is not counted
    tracemalloc.start()
    try:
        forecast_seconds(directory.foresee())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    notes = {"people": PEOPLE, "peak_mb": round(peak / 1e6, 1)}
    return Measure("forecast-memory", (round(peak / PEOPLE / 1000, 3),), MEMORY_LIMIT_KB, "KB", notes)


def measure_forecast_flat() -> Measure:
    """What one person of 100,000 takes, in times of one of 10,000; a run over few after each slice of the many."""
    few, many = make_directory(SLICE), make_directory(PEOPLE)
    pairs = [_few_and_many(few, many) for _ in range(TIMES)]
    notes = {
        "few_us": round(min(a for a, _ in pairs) / PEOPLE * 1e6, 2),
        "many_us": round(min(b for _, b in pairs) / PEOPLE * 1e6, 2),
    }
    return Measure("forecast-flat", tuple(round(b / a, 3) for a, b in pairs), FLAT_LIMIT, notes=notes)


def _few_and_many(few: Directory, many: Directory) -> tuple[float, float]:
    """Seconds of as many people in runs of 10,000, and in one run."""
    of_few = of_many = 0.0
    foreseen = many.foresee()
    for _ in range(PEOPLE // SLICE):
        of_many += forecast_seconds(islice(foreseen, SLICE))
        of_few += forecast_seconds(few.foresee())
    return of_few, of_many
