"""The vendor: what the profile documents, and what it invents, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from scimkit.apps import load
from scimkit.sandbox.clock import Clock
from scimkit.sandbox.faults import Faults
from scimkit.sandbox.identity import Ids
from scimkit.sandbox.vendor import Vendor

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def person(name: str = "ann", **more: Any) -> dict[str, Any]:
    body = {
        "schemas": [CORE, ENTERPRISE],
        "userName": f"{name}@contoso.example",
        "externalId": name,
        "active": True,
        "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [{"type": "work", "value": f"{name}@contoso.example", "primary": True}],
        "meta": {"resourceType": "User"},
        "roles": [],
    }
    return body | more


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


@pytest.mark.parametrize("token", [None, "wrong", "sandbox-oreilly-wrong"])
def test_the_vendor_wants_its_token(desk: Any, token: str | None) -> None:
    """No or a wrong token is a SCIM 401 with a challenge, also at an unknown path."""
    if token:
        headers = {"Authorization": f"Bearer {token}"}
    else:
        headers = {}
    for path in ("/Users", "/nonsense"):
        answer = httpx.get(desk.address.scim_urls["oreilly"] + path, headers=headers, trust_env=False)
        assert answer.status_code == 401
        assert answer.json()["status"] == "401"
        assert "Bearer" in answer.headers["www-authenticate"]


def test_the_test_connection_passes(desk: Any) -> None:
    """A user who cannot exist: 200, an empty ListResponse, with any Accept."""
    answer = desk.scim.get("Users", params={"filter": 'userName eq "0d9c"'}, headers={"Accept": "*/*"})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/scim+json"
    assert answer.json()["totalResults"] == 0
    assert answer.json()["Resources"] == []


def test_only_what_the_table_says_can_be_filtered(desk: Any) -> None:
    """userName in any case of the name; externalId and mails are refused with invalidFilter."""
    assert desk.scim.get("Users", params={"filter": 'USERNAME eq "x"'}).status_code == 200
    for text in ('externalId eq "x"', 'emails[type eq "work"].value eq "x"', 'userName eq "x" and title eq "y"'):
        answer = desk.scim.get("Users", params={"filter": text})
        assert answer.status_code == 400, text
        assert answer.json()["scimType"] == "invalidFilter", text


def test_there_are_no_groups(desk: Any) -> None:
    """404 with a SCIM error, and no Group among the schemas."""
    assert desk.scim.get("Groups").status_code == 404
    assert [s["name"] for s in desk.scim.get("Schemas").json()["Resources"]] == ["User"]


def test_other_addresses_are_a_web_site(desk: Any) -> None:
    """Below another path the vendor's site answers 404 in HTML."""
    answer = desk.scim.get(desk.address.origin + "/apps/oreilly/scim/Users")
    assert answer.status_code == 404
    assert "html" in answer.headers["content-type"]


@pytest.mark.parametrize("missing", ["externalId", "emails", "name"])
def test_required_values_are_insisted_on(desk: Any, missing: str) -> None:
    """A creation without one of them is a 400 that names it."""
    answer = desk.scim.post("Users", json={k: v for k, v in person("missing").items() if k != missing})

    assert answer.status_code == 400
    assert answer.json()["scimType"] == "invalidValue"
    assert missing in answer.json()["detail"]


def test_entra_s_dialect_is_taken(desk: Any) -> None:
    """Capitalised operations, booleans as text, typed paths that create their element."""
    made = desk.scim.post("Users", json=person("dialect")).json()
    body = patch(
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": 'emails[type eq "home"].value', "value": "home@contoso.example"},
    )

    assert desk.scim.patch(f"Users/{made['id']}", json=body).status_code == 204

    seen = desk.scim.get(f"Users/{made['id']}").json()
    assert seen["active"] is False
    assert {"type": "home", "value": "home@contoso.example"} in seen["emails"]


def test_values_are_unique_and_ids_are_the_sandbox_s(open_desk: Callable[..., Any]) -> None:
    """The same userName or externalId is 409, takes no id away, and is free again after a delete."""
    one, two = open_desk(), open_desk()
    first = one.scim.post("Users", json=person("a")).json()

    assert one.scim.post("Users", json=person("A", externalId="other")).status_code == 409
    assert one.scim.post("Users", json=person("b", externalId="a")).status_code == 409

    second = one.scim.post("Users", json=person("c")).json()
    same = [two.scim.post("Users", json=person(name)).json()["id"] for name in ("a", "c")]

    assert [first["id"], second["id"]] == same
    assert one.scim.delete(f"Users/{first['id']}").status_code == 204
    assert one.scim.delete(f"Users/{first['id']}").status_code == 404
    assert one.scim.post("Users", json=person("a")).status_code == 201


def changed(**values: Any) -> Any:
    profile = load("oreilly")
    return profile.model_copy(update={"sandbox": profile.sandbox.model_copy(update={"existing_people": 0, **values})})


def test_seats_run_out(open_desk: Callable[..., Any]) -> None:
    """With two seats the third active account is refused; an inactive one takes none."""
    desk = open_desk(app=changed(seats=2))
    answers = [desk.scim.post("Users", json=person(n)).status_code for n in ("a", "b", "c")]

    assert answers == [201, 201, 403]
    assert desk.scim.post("Users", json=person("d", active=False)).status_code == 201


def test_a_strict_vendor_refuses_the_dialect(open_desk: Callable[..., Any]) -> None:
    """The same typed path on a missing element is a 400."""
    desk = open_desk(app=changed(tolerant=False))
    strict = {k: v for k, v in person("s", schemas=[CORE]).items() if k != "roles"}

    made = desk.scim.post("Users", json=strict)

    assert made.status_code == 201, made.text

    operation = {"op": "Add", "path": 'emails[type eq "home"].value', "value": "home@contoso.example"}
    assert desk.scim.patch(f"Users/{made.json()['id']}", json=patch(operation)).status_code == 400


@pytest.mark.parametrize(("rule", "status", "active"), [("disable", 204, False), ("refuse", 403, True)])
def test_a_delete_may_not_delete(open_desk: Callable[..., Any], rule: str, status: int, active: bool) -> None:
    """The vendor switches the account off, or refuses."""
    desk = open_desk(app=changed(on_delete=rule))
    made = desk.scim.post("Users", json=person("a")).json()

    assert desk.scim.delete(f"Users/{made['id']}").status_code == status
    assert desk.scim.get(f"Users/{made['id']}").json()["active"] is active


def test_a_vendor_without_a_table_has_everything(open_desk: Callable[..., Any]) -> None:
    """Default schemas with groups, any filter, and the manager as Entra sends it."""
    profile = load("oreilly")
    yes = profile.capabilities.groups.model_copy(update={"value": True})
    whole = profile.model_copy(
        update={
            "attributes": (),
            "attributes_status": "not published",
            "matching": (),
            "capabilities": profile.capabilities.model_copy(update={"groups": yes}),
            "sandbox": profile.sandbox.model_copy(update={"unique": ("userName",)}),
        }
    )

    desk = open_desk(app=whole)

    assert desk.scim.get("Groups").status_code == 200

    boss, made = (desk.scim.post("Users", json=person(n)).json()["id"] for n in ("boss", "report"))
    for value in (boss, {"value": boss}, [{"value": boss}]):
        operation = {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": value}
        assert desk.scim.patch(f"Users/{made}", json=patch(operation)).status_code == 204, value

    assert desk.scim.get(f"Users/{made}").json()[ENTERPRISE]["manager"]["value"] == boss
    assert desk.scim.get("Users", params={"filter": 'externalId eq "boss"'}).json()["totalResults"] == 1


def test_members_come_and_go_and_a_request_that_fails_half_way_changes_nothing() -> None:
    """Groups are copied in a quick way of our own, and yet no copy shares what an operation changes in place."""
    vendor = Vendor(load("thrive-lxp"), Ids(7), Clock(), Faults(("thrive-lxp",)), ())

    def member(op: str, *ids: str) -> dict[str, Any]:
        return {"op": op, "path": "members", "value": [{"$ref": None, "value": one} for one in ids]}

    async def talk(client: httpx.AsyncClient) -> None:
        made = await client.post(
            "/Groups", json={"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Large"}
        )
        address = f"/Groups/{made.json()['id']}"

        async def after(*operations: dict[str, Any]) -> tuple[int, list[str]]:
            answer = await client.patch(address, json=patch(*operations))
            group = (await client.get(address)).json()
            return answer.status_code, [one["value"] for one in group["members"]]

        assert await after(member("Add", "a", "b", "c")) == (204, ["a", "b", "c"])
        in_place = {"op": "Replace", "path": 'members[value eq "b"].value', "value": "x"}
        wrong = {"op": "Replace", "path": "displayName", "value": {"no": "text"}}
        assert await after(member("Remove", "a"), member("Add", "d"), in_place, wrong) == (400, ["a", "b", "c"])
        assert await after(member("Remove", "b")) == (204, ["a", "c"])
        assert "members" not in (await client.get(f"{address}?excludedAttributes=members")).json()

    async def run() -> None:
        headers = {"Authorization": f"Bearer {vendor.token}", "Content-Type": "application/scim+json"}
        transport = httpx.ASGITransport(app=vendor.application)
        async with httpx.AsyncClient(transport=transport, base_url="http://vendor.example", headers=headers) as client:
            await talk(client)

    asyncio.run(run())
