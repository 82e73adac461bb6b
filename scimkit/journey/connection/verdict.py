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
    """How the endpoint answered, and what was stored for the provisioning service.

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
                f"Entra's own test was not passed, and it asks for groups too, which {app.title} does not have:"
                f" {error}",
                groups,
                MAPPING,
            )
        hint = ""
        if app.failure_hint.stated:
            hint = f" {app.failure_hint}"
        return failed(
            "connection.entra_refused",
            f"Entra's own test was not passed: {error}",
            _remedy(error) + hint,
            "Graph: validateCredentials",
        )
    return passed(ENTRA_ACCEPTED, "Entra's own test of address and token was passed", "Graph: validateCredentials")


def _needless_groups(app: AppProfile, graph: GraphClient, enterprise_app: EnterpriseApp) -> str:
    """What to do where the job maps groups and the app has none; "" elsewhere.

    Microsoft's template for apps without a gallery entry comes with the mapping of groups
    switched on; only the one of users cannot be switched off ("Customize attribute mappings").
    """
    if app.capabilities.groups.value is not False:
        return ""
    schema = graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)
    on = [mapping.name for mapping in read_schema(schema) if mapping.source_object == "Group" and mapping.enabled]
    if not on:
        return ""
    return (
        f"Switch the mapping of groups off: in the portal under Provisioning > Mappings open {on[0]}, set Enabled to No"
        " and save; then run this step again. If it is refused still, mend what the direct test above shows."
    )


# End of the service's error code -> what to do. There is no official table: collected from articles and field reports.
REMEDIES = {
    "CredentialValidationUnavailable": (
        "Microsoft's service does not reach the endpoint, or gets an answer it does not expect. Mend what the direct"
        " test above shows; if that one passes, have the vendor admit Microsoft's addresses (service tag"
        " AzureActiveDirectory) and check the certificate's chain."
    ),
    "CredentialValidationFailure": (
        "The endpoint answers and refuses: a token that has expired, or an attribute it cannot be searched by. Mend"
        " what the direct test above shows."
    ),
    "InvalidCredentials": "Enter the Tenant URL and the token again: one of them is missing or malformed.",
    "ServiceIncompatible": (
        "The endpoint's answer cannot be read as SCIM: the vendor must answer a query with a ListResponse."
    ),
    "MultipleEntriesInResponse": (
        "A person that cannot exist was 'found': the vendor must support filtering by the matching attribute."
    ),
}


def _remedy(error: Rejected) -> str:
    said = f"{error.code} {error}"
    other = (
        "Mend what the direct test above shows; if that one passes, the app is not reachable from Microsoft's network."
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
            f"not there when read back: {', '.join(missing)}",
            "Run this step again; if it stays so, enter them in the portal.",
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
            "nobody is told when provisioning fails",
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
