"""The kit's own Graph client against the emulator: every call of the journey understands every answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from scimkit.clients.graph import GraphClient
from scimkit.credentials import Secret
from scimkit.errors import Denied, Rejected
from scimkit.sandbox import START_UTC, sandbox_token


def test_the_journey_s_calls(open_desk: Callable[..., Any]) -> None:
    """From the template to the log, without a raw request."""
    desk = open_desk()
    token, vendor = Secret(sandbox_token(7, "graph")), Secret(sandbox_token(7, "oreilly"))
    with GraphClient(desk.address.graph_url, token) as graph:
        me = graph.me()
        assert me is not None
        assert me["userPrincipalName"] == "admin@contoso.example"
        assert graph.directory_roles() == ("Cloud Application Administrator",)

        (template,) = graph.find_templates("O'Reilly learning platform")
        made = graph.instantiate(template["id"], "O'Reilly")
        sp = made["servicePrincipal"]["id"]

        desk.tell("wait", seconds=10)

        assert [app["id"] for app in graph.find_service_principals(template_id=template["id"])] == [sp]

        assert graph.service_principal(sp) is not None
        (kind,) = graph.sync_templates(sp)

        job = graph.create_job(sp, kind["id"])["id"]

        assert [j["id"] for j in graph.jobs(sp)] == [job]

        address = desk.address.scim_urls["oreilly"]
        graph.validate_credentials(sp, job=job, base_address=address, token=vendor)

        with pytest.raises(Rejected) as caught:
            graph.validate_credentials(sp, job=job, base_address=address, token=Secret("not-the-token"))

        assert caught.value.code.endswith("CredentialValidationFailure")

        graph.put_secrets(sp, {"BaseAddress": address, "SecretToken": vendor, "SyncAll": "false"})
        assert graph.secrets(sp)["SecretToken"] == "*"

        grace = graph.user("grace.oneill@contoso.example")
        assert grace is not None

        assert graph.manager(grace["id"]) is not None
        guest = next(u for u in graph.users() if "#EXT#" in u["userPrincipalName"])
        assert graph.user(guest["userPrincipalName"]) is not None

        pilot = next(g for g in graph.groups() if g["displayName"] == "Learning pilot")

        assert len(graph.members(pilot["id"])) == len(graph.transitive_members(pilot["id"])) == 2

        role = made["servicePrincipal"]["appRoles"][0]["id"]
        assert graph.assign(sp, grace["id"], role)["id"] == graph.assign(sp, grace["id"], role)["id"]

        rule = graph.schema(sp, job)["synchronizationRules"][0]["id"]
        run = graph.provision_on_demand(sp, job, rule, grace["id"])

        assert (run.result.lower(), run.action.lower()) == ("success", "create")
        assert run.target_id

        graph.start_job(sp, job)
        told = graph.job(sp, job)

        assert told is not None
        assert told["status"]["code"] == "Active"
        assert len(list(graph.provisioning_logs(job, since=START_UTC - timedelta(days=1)))) == 2

        graph.restart_job(sp, job)
        graph.pause_job(sp, job)
    with GraphClient(desk.address.graph_url, Secret("some-wrong-token")) as stranger, pytest.raises(Denied):
        list(stranger.users())
