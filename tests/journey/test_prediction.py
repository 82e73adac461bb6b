"""The forecast of people one by one, against the plain way: everybody without references, then everybody with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimkit.errors import Rejected, Unreachable
from scimkit.journey.prediction import (
    GroupRead,
    JobFacts,
    Sight,
    manager_of,
    predict_people,
    predict_person,
    scope_of,
    source_of,
)
from scimkit.mapping.rows import MappingRow, ObjectMapping
from scimkit.provisioning import Link, TakenValues, TargetFacts
from scimkit.provisioning.targets import MANAGER

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROWS = (
    MappingRow("userName", "[userPrincipalName]", "Direct", matching=1),
    MappingRow("displayName", "[displayName]", "Direct"),
    MappingRow("active", 'Switch([IsSoftDeleted], , "False", "True", "True", "False")', "Expression"),
    MappingRow(MANAGER, "[manager]", "Direct"),
)
COMPUTED = (MappingRow("userName", "ToLower([userPrincipalName], )", "Expression", matching=1), *ROWS[1:])
OTHER_REFERENCE = (*ROWS[:3], MappingRow(MANAGER, "Coalesce([extensionAttribute1], [manager])", "Expression"))


class App:
    """Accounts by name; some names are answered with an error, and each question is written down."""

    def __init__(self, accounts: dict[str, dict[str, Any]], wrong: dict[str, Exception]) -> None:
        self.accounts, self.wrong, self.asked = accounts, wrong, Counter[str]()

    def find(self, resource_type: str, attribute: str, value: str, /) -> list[dict[str, Any]]:
        self.asked[value.casefold()] += 1
        if value.casefold() in self.wrong:
            raise self.wrong[value.casefold()]
        account = self.accounts.get(value.casefold())
        if account:
            return [account]
        return []

    def read(self, resource_type: str, id: str, /) -> dict[str, Any] | None:
        self.asked[id] += 1
        return next((one for one in self.accounts.values() if one["id"] == id), None)


def job_of(rows: tuple[MappingRow, ...], ids: list[str]) -> JobFacts:
    mapping = ObjectMapping("m", "User", "User", True, frozenset({"Add", "Update", "Delete"}), (), rows)
    role = {"id": "r", "displayName": "User", "isEnabled": True}
    assignments = tuple({"principalId": id, "principalType": "User", "appRoleId": "r"} for id in ids)
    return JobFacts(mapping, TargetFacts(), assignments, {"g": GroupRead({"id": "g"}, ())}, (role,))


def in_two_rounds(
    users: list[dict[str, Any]], job: JobFacts, app: App, links: dict[str, Link]
) -> dict[str, tuple[Any, ...]]:
    """As a cycle does it: people first and references after them; nothing is saved on the way."""
    taken_values, peers = TakenValues(job.mapping), {}
    for user in users:
        if user["id"] in links:
            taken_values.others(source_of(user, job), now=NOW)
    for user in users:
        if user["id"] not in links and scope_of(user, job).in_scope:
            peers[user["id"]] = taken_values.others(source_of(user, job), now=NOW)

    def predict(user: dict[str, Any], references: dict[str, str] | None) -> Any:
        id = user["id"]
        taken = peers.get(id, frozenset())
        return predict_person(user, job, Sight(app), now=NOW, link=links.get(id), peers=taken, references=references)

    first = [predict(user, None) for user in users]
    accounts = {one.id: one.account for one in first if one.account}
    again = [
        predict(one.raw, accounts) if manager_of(one.raw) in accounts and one.outcome.error is None else one
        for one in first
    ]
    return {one.id: told(one) for one in again}


def told(one: Any) -> tuple[Any, ...]:
    decision = one.outcome.decision
    return one.word, decision.code, decision.reason, decision.changes, decision.references, one.account


@st.composite
def directories(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[str], set[int]]:
    count = draw(st.integers(1, 9))
    users = []
    for number in range(count):
        manager = draw(st.one_of(st.none(), st.integers(0, count)))  # the last is nobody here
        name = draw(st.sampled_from([f"p{number}", f"P{number - 1}", f"p{number}_x#EXT#", None]))
        principal_name, chief = None, None
        if name is not None:
            principal_name = f"{name}@contoso.example"
        if manager is not None:
            chief = {"id": f"id{manager}"}
        users.append(
            {
                "id": f"id{number}",
                "userPrincipalName": principal_name,
                "displayName": draw(st.sampled_from(["Ann", "Bo"])),
                "accountEnabled": draw(st.sampled_from([True, True, False])),
                "manager": chief,
                "onPremisesExtensionAttributes": {"extensionAttribute1": draw(st.sampled_from([None, "id0", "id1"]))},
            }
        )
    assigned = [user["id"] for user in users if draw(st.booleans()) or draw(st.booleans())]
    return users, assigned, draw(st.sets(st.integers(0, count - 1)))


@pytest.mark.parametrize("rows", [ROWS, COMPUTED, OTHER_REFERENCE], ids=["direct", "computed", "other reference"])
@given(given_directory=directories(), linked=st.sets(st.integers(0, 8)), refused=st.sets(st.integers(0, 8), max_size=2))
def test_one_by_one_is_the_same_as_in_two_rounds(
    rows: tuple[MappingRow, ...],
    given_directory: tuple[list[dict[str, Any]], list[str], set[int]],
    linked: set[int],
    refused: set[int],
) -> None:
    """Whoever leads whom, also themselves or each other in a ring; with values taken, links and refusals."""
    users, assigned, there = given_directory
    accounts = {
        f"p{n}@contoso.example": {"id": f"a{n}", "userName": f"p{n}@contoso.example", "displayName": "Ann"}
        for n in there
    }
    wrong: dict[str, Exception] = {f"p{n}@contoso.example": Rejected("no", status=400) for n in refused}
    links = {f"id{n}": Link(f"id{n}", f"a{n}") for n in linked if n < len(users)}
    job = job_of(rows, assigned)

    found = list(predict_people(users, job, Sight(App(accounts, wrong)), now=NOW, links=links))

    assert len(found) == len(users)
    assert {one.id: told(one) for one in found} == in_two_rounds(users, replace(job), App(accounts, wrong), links)


RING = [
    {
        "id": f"id{n}",
        "userPrincipalName": f"p{n}@contoso.example",
        "displayName": "Ann",
        "manager": {"id": f"id{above}"},
    }
    for n, above in enumerate((1, 2, 0, 3, 4))
]


def test_nobody_is_asked_about_twice() -> None:
    """A ring of three, one who leads themselves, and one below: each is searched once, and gets a manager."""
    app = App({}, {})
    RING[4]["manager"] = {"id": "id3"}

    found = list(predict_people(RING, job_of(ROWS, [user["id"] for user in RING]), Sight(app), now=NOW))

    assert set(app.asked.values()) == {1}
    assert all(one.outcome.decision.references for one in found)


def test_an_app_that_does_not_answer_is_asked_once() -> None:
    """Also in a ring, and for everybody after it."""
    app = App({}, {"p0@contoso.example": Unreachable("gone", cause="reset")})
    sight = Sight(app)

    found = list(predict_people(RING, job_of(ROWS, [user["id"] for user in RING]), sight, now=NOW))

    assert sight.lost is not None
    assert sum(app.asked.values()) <= 2
    assert [one.word for one in found].count("unknown") >= 4
