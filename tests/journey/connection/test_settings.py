"""What is stored for the provisioning service: one plan, one write, never under a running job."""

import pytest

from scimkit.errors import ConfigError, PlanRefused
from scimkit.journey.connection import ProvisioningSettings, plan_credentials, save_credentials


def settings(office, **values):
    usual = {
        "base_address": office.address.scim_urls["oreilly"],
        "shown_url": "http://sandbox/scim",
        "notification_email": "it@contoso.example",
        "deletion_threshold": 20,
    }
    return ProvisioningSettings(**{**usual, **values})


def test_the_token_is_never_in_the_plan(office):
    """Each key is a planned change; the token stands there as a word."""
    changes = plan_credentials(office.graph, office.make(), settings(office))
    assert [change.object for change in changes] == [
        "BaseAddress",
        "SecretToken",
        "SyncAll",
        "SyncNotificationSettings",
    ]
    assert office.scim_token.reveal() not in repr(changes)


def test_all_keys_travel_together(office):
    """What is stored afterwards is scope, address and notification, with the token masked."""
    made = office.make()
    written = save_credentials(office.graph, made, settings(office), token=office.scim_token)

    stored = office.graph.secrets(made.service_principal_id)

    assert set(written) == set(stored)
    assert stored["SyncAll"] == "false"
    assert "*" in stored["SecretToken"]


def test_a_running_job_keeps_its_settings(office):
    """Scope and credentials are not changed under a cycle."""
    made = office.make()
    office.graph.start_job(made.service_principal_id, made.job_id)
    with pytest.raises(PlanRefused, match="is running"):
        plan_credentials(office.graph, made, settings(office))


@pytest.mark.parametrize("wrong", [{"deletion_threshold": 0}, {"notification_email": "nobody"}])
def test_wrong_settings_are_refused(office, wrong):
    """A threshold of nothing, and what is no address."""
    with pytest.raises(ConfigError):
        settings(office, **wrong)
