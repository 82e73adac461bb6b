"""Step 5a: does the endpoint answer Entra's question, and are the credentials stored?

The question is the one Entra's Test Connection asks: a user that cannot exist, by
the matching attribute; wanted is 200 and an empty ListResponse. It is asked from
here, which tells token trouble from network trouble, and through Graph, whose
answer is the one that counts.

    addresses   what an address may look like, and which others lie near it
    questions   what to ask next, given an answer (decides, asks nothing)
    findings    what the answers mean (decides, asks nothing)
    probe       asking, and the weight of Graph's word against ours
    settings    what is stored, in one write
    verdict     Graph's own test, and the record
"""

from scimkit.journey.connection.addresses import read_tenant_url
from scimkit.journey.connection.exchange import Exchange
from scimkit.journey.connection.probe import Probe, probe_endpoint
from scimkit.journey.connection.settings import (
    ProvisioningSettings,
    notification_settings,
    plan_credentials,
    save_credentials,
)
from scimkit.journey.connection.verdict import ConnectionReport, report_connection, validate_through_graph

__all__ = [
    "ConnectionReport",
    "Exchange",
    "Probe",
    "ProvisioningSettings",
    "notification_settings",
    "plan_credentials",
    "probe_endpoint",
    "read_tenant_url",
    "report_connection",
    "save_credentials",
    "validate_through_graph",
]
