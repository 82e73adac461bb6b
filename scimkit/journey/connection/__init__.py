"""Step 5a: does the endpoint answer Entra's request, and are the credentials stored?

The request is the one of Entra's Test Connection: a search for a user who cannot exist, by
the matching attribute; the expected answer is 200 and an empty ListResponse. It is sent from
here, which distinguishes token problems from network problems, and through Graph, whose
answer is the one that counts.

    addresses   what an address may look like, and similar addresses
    questions   what to request next, given an answer (decides, sends nothing)
    findings    what the answers mean (decides, sends nothing)
    probe       sending the requests, and weighing Graph's result against ours
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
