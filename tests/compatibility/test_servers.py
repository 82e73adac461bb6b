"""The probe against servers that nobody here wrote, each in its own process: the verdict, and nothing left behind.

What each finding stands on was looked at with curl; the expected sets below are what these versions do.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import httpx
import pytest

from scimkit.clients.scim import ScimClient
from scimkit.compatibility import Terms, probe_compatibility
from scimkit.credentials import Secret
from tests.compatibility.servers import FROM_A_REGISTRY, running

# Seen by hand, message after message, before the probe was tried on them.
EXPECTED = {
    # Microsoft's schema URN in a group: 400; a typed path without element: noTarget; manager as text: 400; members
    # removed by value: 400
    "strict": (
        "works_if",
        {"group_schema_refused", "typed_path_needs_element", "manager_text_refused", "member_remove_refused"},
    ),
    # manager as text: 400
    "tolerant": ("works_if", {"manager_text_refused"}),
    # "False": 400; userName searched with case; typed path without element: noTarget; manager as text: 400; a member
    # twice is there twice
    "scimmy": (
        "works_if",
        {
            "boolean_text_refused",
            "match_case_sensitive",
            "typed_path_needs_element",
            "manager_text_refused",
            "member_twice",
        },
    ),
    # "False": 400; Add is 501; title, addresses and more dropped, displayName made from the name; displayName,
    # manager and a group's
    # name cannot be changed: 501; a group is never found; members are shown though excluded; members[value eq …]: 501
    "django_scim2": (
        "works_if",
        {
            "add_refused",
            "attribute_not_stored",
            "boolean_text_refused",
            "group_rename",
            "groups_not_searchable",
            "manager_text_refused",
            "member_path_remove_refused",
            "members_not_excluded",
            "row_not_changed",
            "values_normalised",
        },
    ),
    # the filter is not looked at; a type beside an address or number: 400; name.formatted is demanded; userName
    # cannot be changed: 500
    "canaille": (
        "fails",
        {
            "attribute_not_stored",
            "attribute_refused",
            "duplicate_accepted",
            "filter_ignored",
            "group_create_refused",
            "manager_text_refused",
            "rename",
            "requires_values",
        },
    ),
    # userName searched with case; the manager is stored and answered as it came; "False" is stored as text
    "scim_patch": ("works_if", {"match_case_sensitive", "manager_answered_bare", "boolean_stored_as_text"}),
    # searched by mail whatever the filter names, with case, apostrophes taken away; URN paths are cut at the dot of
    # 2.0; `Add` in
    # groups does nothing, `add` does; members are never shown, externalId of groups is not kept
    "polis": (
        "works_if",
        {
            "boolean_stored_as_text",
            "extension_path",
            "filter_special_characters",
            "group_not_stored",
            "group_op_case",
            "match_case_sensitive",
            "match_reads_mail",
            "members_not_shown",
        },
    ),
    # the enterprise extension: 400; title, addresses and more dropped; members are shown though excluded
    "django_scim2_server": ("works_if", {"attribute_refused", "attribute_not_stored", "members_not_excluded"}),
}
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def probe(server):
    """What the probe says of a server that already holds somebody; checks that this one alone is there afterwards."""
    headers = {"Authorization": f"Bearer {server.token}", "Content-Type": "application/scim+json"}
    somebody = {
        "schemas": [USER],
        "userName": "somebody@example.org",
        "active": True,
        "name": {"formatted": "Some Body", "givenName": "Some", "familyName": "Body"},
    }
    httpx.post(f"{server.url}/Users", json=somebody, headers=headers, timeout=30).raise_for_status()
    before = server.residue()
    assert before == [("Users", "somebody@example.org")]
    started = time.monotonic()
    with ScimClient(server.url, Secret(server.token)) as scim:
        found = probe_compatibility(scim, write=True, now=NOW, terms=Terms(deadline_seconds=200))
    assert time.monotonic() - started < 260
    assert server.residue() == before
    assert not found.left_behind
    return found


def breaking(found):
    return {finding.cause.removeprefix("compat.") for finding in found.findings if finding.breaks != "advice"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["strict", "tolerant"])
def test_scim2_server(name):
    """As RFC 7644 has it, and with the leniences it offers."""
    with running(name) as server:
        found = probe(server)
    assert (found.verdict, breaking(found)) == EXPECTED[name]


@pytest.mark.acceptance
@pytest.mark.parametrize("name", FROM_A_REGISTRY)
def test_servers_from_a_registry(name):
    """Installed on first use; their own defects are told, and nothing is left."""
    with running(name) as server:
        found = probe(server)
    assert (found.verdict, breaking(found)) == EXPECTED[name]
