"""Graph's own test of address and token, and the record of step 5a."""

from __future__ import annotations

from dataclasses import dataclass

from scimkit.apps.profile import AppProfile
from scimkit.clients.graph import GraphClient
from scimkit.credentials import Secret
from scimkit.errors import Rejected
from scimkit.evidence.checks import Check, failed, not_reached, passed, warning
from scimkit.evidence.records import record
from scimkit.journey.connection.exchange import Exchange
from scimkit.journey.connection.probe import ENTRA_ACCEPTED, Probe
from scimkit.journey.connection.settings import ProvisioningSettings
from scimkit.journey.enterprise_app import EnterpriseApp
from scimkit.mapping.rows import read_schema

MAPPING = "Customize attribute mappings"


@record("ConnectionReport")
@dataclass(frozen=True)
class ConnectionReport:
    """The endpoint's answer, and what was stored for the provisioning service.

    graph_verdict    accepted | refused: … | not asked
    secrets_written  names of the keys, never their values
    """

    tenant_url: str
    matching: str
    exchanges: tuple[Exchange, ...]
    graph_verdict: str
    secrets_written: tuple[str, ...]
    notification_email: str
    deletion_threshold: int
    checks: tuple[Check, ...]


def validate_through_graph(
    app: AppProfile, graph: GraphClient, enterprise_app: EnterpriseApp, *, base_address: str, token: Secret
) -> Check:
    """Microsoft's own test of URL and token, nothing stored."""
    try:
        graph.validate_credentials(
            enterprise_app.service_principal_id,
            job=enterprise_app.job_id,
            template_id=enterprise_app.template_id,
            base_address=base_address,
            token=token,
        )
    except Rejected as error:
        if groups := _needless_groups(app, graph, enterprise_app):
            return failed(
                "connection.groups_asked",
                f"Entra's own test failed, and it requests groups too, which {app.title} does not have: {error}",
                groups,
                MAPPING,
            )
        hint = ""
        if app.failure_hint.stated:
            hint = f" {app.failure_hint}"
        return failed(
            "connection.entra_refused",
            f"Entra's own test failed: {error}",
            _remedy(error) + hint,
            "Graph: validateCredentials",
        )
    return passed(ENTRA_ACCEPTED, "Entra's own test of address and token passed", "Graph: validateCredentials")


def _needless_groups(app: AppProfile, graph: GraphClient, enterprise_app: EnterpriseApp) -> str:
    """What to do if the job maps groups and the app has none; "" otherwise.

    In Microsoft's template for apps without a gallery entry the group mapping
    is on; only the user mapping cannot be turned off ("Customize attribute mappings").
    """
    if app.capabilities.groups.value is not False:
        return ""
    schema = graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)
    on = [mapping.name for mapping in read_schema(schema) if mapping.source_object == "Group" and mapping.enabled]
    if not on:
        return ""
    return (
        f"Turn the group mapping off: in the portal under Provisioning > Mappings open {on[0]}, set Enabled to No and"
        " save. Then run this step again. If it is still refused, fix what the direct test above shows."
    )


# End of the service's error code -> what to do. There is no official table: collected from articles and field reports.
REMEDIES = {
    "CredentialValidationUnavailable": (
        "Microsoft's service does not reach the endpoint, or gets an answer it does not expect. Fix what the direct"
        " test above shows. If that test passes, have the vendor admit Microsoft's addresses (service tag"
        " AzureActiveDirectory) and check the certificate's chain."
    ),
    "CredentialValidationFailure": (
        "The endpoint answers and refuses: the token has expired, or an attribute cannot be used in a search. Fix what"
        " the direct test above shows."
    ),
    "InvalidCredentials": "Enter the Tenant URL and the token again. One of them is missing or malformed.",
    "ServiceIncompatible": (
        "The endpoint's answer cannot be read as SCIM. The vendor must answer a query with a ListResponse."
    ),
    "MultipleEntriesInResponse": (
        "A person who cannot exist was 'found'. The vendor must support filtering by the matching attribute."
    ),
}


def _remedy(error: Rejected) -> str:
    said = f"{error.code} {error}"
    other = (
        "Fix what the direct test above shows. If that test passes, the app is not reachable from Microsoft's network."
    )
    return next((remedy for ending, remedy in REMEDIES.items() if ending in said), other)


def report_connection(
    graph: GraphClient,
    enterprise_app: EnterpriseApp,
    settings: ProvisioningSettings,
    *,
    probe: Probe,
    verdict: Check,
    written: tuple[str, ...],
) -> ConnectionReport:
    """The record of step 5a, with the stored settings read back."""
    stored = graph.secrets(enterprise_app.service_principal_id)
    missing = [key for key in written if key not in stored]
    if not written:
        kept = not_reached("connection.stored", "nothing was stored")
    elif missing:
        kept = failed(
            "connection.stored",
            f"missing when read back: {', '.join(missing)}",
            "Run this step again. If the problem remains, enter them in the portal.",
        )
    else:
        kept = passed(
            "connection.stored",
            "address, token, scope, notification and deletion threshold are stored",
            "Graph: secrets",
        )
    if settings.notification_email:
        notice = passed(
            "connection.notification", f"failures are reported to {settings.notification_email}", "tutorial step 5"
        )
    else:
        notice = warning(
            "connection.notification",
            "no one is notified when provisioning fails",
            "Set notification_email.",
            "tutorial step 5",
        )
    graph_verdict = "accepted"
    if verdict.code != ENTRA_ACCEPTED:
        graph_verdict = f"refused: {verdict.message}"
    return ConnectionReport(
        settings.shown_url,
        probe.matching,
        probe.exchanges,
        graph_verdict,
        written,
        settings.notification_email,
        settings.deletion_threshold,
        (*probe.checks, verdict, kept, notice),
    )
