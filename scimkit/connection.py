"""Step 5a: does the endpoint answer Entra's question, and are the credentials stored?

The question is the one Entra's Test Connection asks: a user that cannot exist, by
the matching attribute; wanted is 200 and an empty ListResponse. It is asked from
here, which tells token trouble from network trouble, and through Graph, whose
answer is the one that counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from scimkit.apps.profile import AppProfile
from scimkit.change_plan import PlannedChange
from scimkit.checks import Check, failed, not_reached, passed, warning
from scimkit.clients.graph import GraphClient
from scimkit.clients.scim import Answer, ScimClient
from scimkit.credentials import Secret
from scimkit.enterprise_app import EnterpriseApp
from scimkit.errors import ConfigError, Rejected, Unreachable
from scimkit.records import record

LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SCIM_TYPE = "application/scim+json"
ASKED = "Develop and plan provisioning for a SCIM endpoint"
MASK = "set (not shown)"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question and its answer. `found` says in words what came back."""

    sent: str
    status: int | None
    media_type: str
    found: str


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


@dataclass(frozen=True, slots=True)
class Probe:
    """The outcome of asking directly: by which attribute, what was exchanged, what it means."""

    matching: str
    exchanges: tuple[Exchange, ...]
    checks: tuple[Check, ...]


def probe_endpoint(app: AppProfile | None, scim: ScimClient, *, matching: str = "") -> Probe:
    """Ask the endpoint what Entra asks, and judge the answer with one finding.

    app       gives the matching attribute and whom to ask; None: an endpoint without a
              profile, asked by userName
    matching  ask by this attribute instead
    """
    matching = matching or (app.matching[0] if app and app.matching else "userName")
    try:
        answer = scim.probe(matching)
    except Unreachable as error:
        exchange = Exchange(f"GET …/Users?filter={matching} eq …", None, "", str(error))
        return Probe(matching, (exchange,), (_unreachable(error), *_rest()))
    exchange = Exchange(_GUID.sub("<random id>", answer.sent), answer.status, answer.media_type, _summary(answer))
    finding = _judge(answer, matching=matching, ask=_whom(app))
    if finding is not None:
        return Probe(matching, (exchange,), (passed("connection.reached", "the server answers"), finding, *_rest()[1:]))
    return Probe(matching, (exchange,), _all_well(answer, matching))


def _rest() -> tuple[Check, ...]:
    return (
        not_reached("connection.token", "not looked at: nothing answered"),
        not_reached("connection.list_response", "not looked at"),
    )


def _whom(app: AppProfile | None) -> str:
    """The tutorial's own remedy when the test fails, else whom to ask."""
    if app is None:
        return ""
    if app.failure_hint:
        return str(app.failure_hint)
    return f"Help: {app.help_contact}." if app.help_contact else ""


def _unreachable(error: Unreachable) -> Check:
    told = {
        "refused": ("connection.refused", "nothing listens at this address", "Check host and port of the Tenant URL, and whether the server runs."),
        "dns": ("connection.name_unknown", "the host name of the Tenant URL is not known", "Check the spelling of the Tenant URL; a placeholder may be left in it."),
        "tls": ("connection.tls", f"no trusted TLS connection: {error}", "The certificate must be valid, for this name, from a public root. For a private root on this machine set ca_file."),
        "timeout": ("connection.timeout", "no answer in time", "Try again; if it stays so, ask the vendor whether the service is up."),
        "proxy": ("connection.proxy", f"the proxy did not let it through: {error}", "Check HTTPS_PROXY and NO_PROXY of this machine."),
        "reset": ("connection.reset", "the connection was closed without an answer", "Try again; if it stays so, ask the vendor."),
    }
    code, text, remedy = told.get(error.cause, ("connection.unreachable", str(error), "Check the network of this machine."))
    return failed(code, text, remedy, ASKED)


def _judge(answer: Answer, *, matching: str, ask: str) -> Check | None:
    """The one thing wrong with the answer, or None."""
    if answer.status == 401:
        return failed("connection.token_refused", "the endpoint does not accept the token (401)", f"Make sure that the token is whole, current and entered without the word Bearer. {ask}".strip(), ASKED)
    if answer.status == 403:
        return failed("connection.token_not_allowed", "the token is known but not allowed to read users (403)", f"Have the token's rights widened to SCIM. {ask}".strip(), ASKED)
    if answer.status == 404:
        return failed("connection.not_found", "the address is answered with 404", f"The Tenant URL must be the SCIM base address: nothing after it, such as /Users, and its own last part not missing or doubled. {ask}".strip(), ASKED)
    if 300 <= answer.status < 400:
        return failed("connection.redirect", f"the address redirects elsewhere ({answer.status}); a token is never sent after a redirect", f"Use the address of the SCIM service itself as Tenant URL. {ask}".strip(), ASKED)
    if answer.json is None and ("html" in answer.media_type or answer.text.lstrip()[:1] == "<"):
        return failed("connection.html", f"a web page came back instead of JSON ({answer.status})", f"The Tenant URL leads to a site for people, or to a sign-in page: use the SCIM base address. {ask}".strip(), ASKED)
    if answer.status != 200:
        return failed("connection.status", f"the endpoint answered {answer.status} where 200 is wanted", f"Read what it says below; then ask. {ask}".strip(), ASKED)
    if answer.json is None:
        return failed("connection.not_json", "the answer is not JSON", f"The Tenant URL does not lead to a SCIM service. {ask}".strip(), ASKED)
    body = answer.json
    total = body.get("totalResults") if isinstance(body, dict) else None
    if not isinstance(body, dict) or LIST_RESPONSE not in body.get("schemas", ()) or not isinstance(total, int):
        return failed("connection.not_a_list", "the answer is JSON, but not a SCIM ListResponse", f"Entra stops here: the vendor must answer a query with a ListResponse. {ask}".strip(), ASKED)
    if total or body.get("Resources"):
        return failed("connection.filter_ignored", f"a user that cannot exist was 'found' ({total} results): the filter on {matching} is ignored", f"Do not go on: every person would be matched with the wrong account. The vendor must support filtering by {matching}. {ask}".strip(), ASKED)
    return None


def _all_well(answer: Answer, matching: str) -> tuple[Check, ...]:
    media = passed("connection.media_type", "it answers as SCIM", ASKED)
    if not answer.media_type.startswith(SCIM_TYPE):
        media = warning("connection.media_type", f"it answers as {answer.media_type or 'nothing'}; {SCIM_TYPE} is asked for", "Tell the vendor; usually it works all the same.", ASKED)
    return (
        passed("connection.reached", "the server answers"),
        passed("connection.token", "the token is accepted"),
        passed("connection.list_response", f"a person that cannot exist is answered with an empty list, by {matching}", ASKED),
        media,
    )


def _summary(answer: Answer) -> str:
    if isinstance(answer.json, dict) and "totalResults" in answer.json:
        return f"ListResponse, totalResults {answer.json['totalResults']}"
    if isinstance(answer.json, dict) and answer.json.get("detail"):
        return f"error: {str(answer.json['detail'])[:200]}"
    text = " ".join(answer.text.split())[:120]
    return text or "an empty body"


def read_tenant_url(url: str) -> str:
    """`url` as it may be used. Raises ConfigError with words for the usual slips."""
    text = url.strip()
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{text!r} is not an address", "A Tenant URL starts with https:// and a host name.")
    if parts.username or parts.password:
        raise ConfigError("the Tenant URL holds a user name or password", "Leave it out; the token is entered on its own.")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ConfigError(f"{text} is not https", "A token is sent over https only. Use the https address.")
    if parts.path.rstrip("/").endswith(("/Users", "/Groups", "/Schemas")):
        raise ConfigError(f"{text} ends in {parts.path.rstrip('/').rsplit('/', 1)[1]}", "Leave that part out: Entra appends it itself.")
    return text


def notification_settings(email: str, threshold: int) -> str:
    """The JSON text of SyncNotificationSettings; all members, as the value is one opaque text."""
    return json.dumps({"Enabled": bool(email), "Recipients": email, "DeleteThresholdEnabled": True, "DeleteThresholdValue": threshold})


@dataclass(frozen=True, slots=True)
class ProvisioningSettings:
    """What is stored beside the token, all in one write.

    base_address  the real Tenant URL; shown_url as a record may hold it
    """

    base_address: str
    shown_url: str
    notification_email: str
    deletion_threshold: int

    def __post_init__(self) -> None:
        if self.deletion_threshold < 1:
            raise ConfigError(
                f"deletion_threshold is {self.deletion_threshold}", "Give the number of people from which a cycle stops instead of switching them off; at least 1."
            )
        if self.notification_email and not re.fullmatch(r"[^@\s]+@[^@\s]+", self.notification_email):
            raise ConfigError(f"notification_email is {self.notification_email!r}, which is not an e-mail address", "Give one address.")


def plan_credentials(graph: GraphClient, enterprise_app: EnterpriseApp, settings: ProvisioningSettings) -> tuple[PlannedChange, ...]:
    """The one write of all provisioning settings. Values that are there are shown, secrets are not."""
    there = graph.secrets(enterprise_app.service_principal_id)
    notice = f"e-mail to {settings.notification_email or 'nobody'}, stop before {settings.deletion_threshold} people are switched off in one cycle"
    wanted = {"BaseAddress": settings.shown_url, "SecretToken": MASK, "SyncAll": "false (assigned people only)", "SyncNotificationSettings": notice}
    return tuple(PlannedChange("set", key, _before(key, there), value) for key, value in wanted.items())


def _before(key: str, there: Mapping[str, str]) -> str:
    if key not in there:
        return "not set"
    return there[key] if key in ("BaseAddress", "SyncAll") else MASK


def validate_through_graph(app: AppProfile, graph: GraphClient, enterprise_app: EnterpriseApp, *, base_address: str, token: Secret) -> Check:
    """Microsoft's own test of URL and token, nothing stored."""
    try:
        graph.validate_credentials(enterprise_app.service_principal_id, job=enterprise_app.job_id, template_id=enterprise_app.template_id, base_address=base_address, token=token)
    except Rejected as error:
        remedy = f"Mend what the direct test above shows; if that one passes, the app is not reachable from Microsoft's network. {app.failure_hint or ''}".strip()
        return failed("connection.entra_refused", f"Entra's own test was not passed: {error}", remedy, "Graph: validateCredentials")
    return passed("connection.entra_accepted", "Entra's own test of address and token was passed", "Graph: validateCredentials")


def save_credentials(graph: GraphClient, enterprise_app: EnterpriseApp, settings: ProvisioningSettings, *, token: Secret) -> tuple[str, ...]:
    """Write all provisioning settings at once, keeping what else is stored; names of the keys written.

    All keys travel together because it is undefined what a missing one means
    (Graph: PUT secrets). A masked value is never sent back.
    """
    there = {k: v for k, v in graph.secrets(enterprise_app.service_principal_id).items() if "*" not in v}
    values: dict[str, Any] = {
        **there,
        "BaseAddress": settings.base_address,
        "SecretToken": token,
        "SyncAll": "false",
        "SyncNotificationSettings": notification_settings(settings.notification_email, settings.deletion_threshold),
    }
    graph.put_secrets(enterprise_app.service_principal_id, values)
    return tuple(values)


def report_connection(
    graph: GraphClient, enterprise_app: EnterpriseApp, settings: ProvisioningSettings, *, probe: Probe, verdict: Check, written: tuple[str, ...]
) -> ConnectionReport:
    """The record of step 5a, with the stored settings read back."""
    stored = graph.secrets(enterprise_app.service_principal_id)
    missing = [key for key in written if key not in stored]
    if not written:
        kept = not_reached("connection.stored", "nothing was stored")
    elif missing:
        kept = failed("connection.stored", f"not there when read back: {', '.join(missing)}", "Run this step again; if it stays so, enter them in the portal.")
    else:
        kept = passed("connection.stored", "address, token, scope, notification and deletion threshold are stored", "Graph: secrets")
    notice = (
        passed("connection.notification", f"failures are reported to {settings.notification_email}", "tutorial step 5")
        if settings.notification_email
        else warning("connection.notification", "nobody is told when provisioning fails", "Set notification_email.", "tutorial step 5")
    )
    graph_verdict = "accepted" if verdict.code == "connection.entra_accepted" else f"refused: {verdict.message}"
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
