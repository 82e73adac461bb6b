"""Entra's own test: what its refusal means where the job asks for more than the app has."""

import httpx
import pytest

from scimkit.evidence.checks import Status
from scimkit.journey.connection import validate_through_graph
from scimkit.journey.connection.probe import ENTRA_ACCEPTED
from scimkit.journey.enterprise_app import NON_GALLERY_ID, AppCandidates, make_app
from scimkit.sandbox import sandbox_token


@pytest.fixture
def custom(office):
    """An enterprise app of the template for apps without a gallery entry, for an app without groups."""
    template = {"id": NON_GALLERY_ID, "displayName": "Acme"}
    return make_app(
        office.app, office.graph, AppCandidates(template, (), (), frozenset(), ()), display_name="Acme", adopt=""
    )


def ask(office, made, token=None):
    return validate_through_graph(
        office.app,
        office.graph,
        made,
        base_address=office.address.scim_urls["oreilly"],
        token=token or office.scim_token,
    )


def switch_groups_off(office, made):
    schema = office.graph.schema(made.service_principal_id, made.job_id)
    [mapping] = [
        each for each in schema["synchronizationRules"][0]["objectMappings"] if each["sourceObjectName"] == "Group"
    ]
    mapping["enabled"] = False
    app = f"{office.address.graph_url}/servicePrincipals/{made.service_principal_id}"
    url = f"{app}/synchronization/jobs/{made.job_id}/schema"
    answer = httpx.put(
        url, json=schema, headers={"Authorization": f"Bearer {sandbox_token(office.address.seed, 'graph')}"}
    )
    assert answer.status_code == 204, answer.text
    return mapping["name"]


def test_a_mapping_of_groups_for_an_app_without_any(office, custom):
    """The template's mapping of groups asks /Groups: the remedy says what to switch off and where, and then it
    passes."""
    assert office.app.capabilities.groups.value is False

    check = ask(office, custom)
    assert (check.code, check.status) == ("connection.groups_asked", Status.FAILED)
    assert "404" in check.message

    name = switch_groups_off(office, custom)
    assert f"Mappings open {name}, set Enabled to No" in check.remedy
    assert ask(office, custom).code == ENTRA_ACCEPTED


def test_a_gallery_app_without_groups_maps_none(office):
    """The connector of an app that takes people only has no mapping of groups; another refusal keeps its own remedy."""
    made = office.make()
    assert ask(office, made).code == ENTRA_ACCEPTED

    wrong = type(office.scim_token)("another-token-0123456789abcdef")
    check = ask(office, made, wrong)

    assert check.code == "connection.entra_refused"
    assert "groups" not in check.remedy
