"""The Microsoft Graph client: the calls of the journey, each a method.

Each method documents where Graph behaves unexpectedly. Three rules apply to all: a service
principal is named by its object id; every write is journalled before
it is sent; a POST whose answer was lost is searched instead of being repeated.
"""

from __future__ import annotations

import json as jsonlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar, Unpack
from urllib.parse import quote

import httpx

from scimkit.clients.graph_errors import is_token_refused, place_of, read_error
from scimkit.clients.noting import noted_write
from scimkit.clients.on_demand import OnDemand, read_on_demand
from scimkit.clients.transport import RETRY, Options, Token, open_client, origin
from scimkit.clients.unreachable import NOT_SENT
from scimkit.credentials import MASK, REDACTOR, Secret
from scimkit.errors import ApiError, Denied, Rejected, Unreachable, Waiting
from scimkit.evidence.journal import Journal
from scimkit.evidence.records import utc_text

JSON = dict[str, Any]
T = TypeVar("T")

USER_FIELDS = (
    "id", "accountEnabled", "userPrincipalName", "displayName", "givenName", "surname", "mail", "mailNickname",
    "otherMails", "proxyAddresses", "jobTitle", "department", "companyName", "employeeId", "employeeType",
    "employeeOrgData", "userType", "preferredLanguage", "usageLocation", "streetAddress", "city", "state",
    "postalCode", "country", "businessPhones", "mobilePhone", "faxNumber", "officeLocation",
    "onPremisesExtensionAttributes", "onPremisesSyncEnabled", "createdDateTime",
)  # fmt: skip
_WITH_MANAGER = {"$expand": "manager($select=id,userPrincipalName)"}
GROUP_FIELDS = (
    "id", "displayName", "description", "mailNickname", "mail", "mailEnabled", "securityEnabled", "groupTypes",
    "membershipRule",
)  # fmt: skip
PRINCIPAL_FIELDS = (
    "id", "appId", "displayName", "applicationTemplateId", "appRoles", "appRoleAssignmentRequired",
    "accountEnabled", "tags",
)  # fmt: skip

SECRET_KEYS = frozenset(
    {"secrettoken", "password", "clientsecret", "appkey", "consumersecret", "tokenkey", "oauth2accesstoken",
     "oauth2refreshtoken", "oauth2clientsecret", "oauth2authorizationcode", "connectionstring"}
)  # fmt: skip
ON_DEMAND_SECONDS = 120.0  # the service itself takes up to 30
LOOK_SECONDS = 30.0  # for a thing that may have been made although the answer was lost
LARGEST_LOG = 20_000  # entries of one query
LAGGING = frozenset(
    {401, 403, 404, 409}
)  # what a fresh service principal is answered with (observed by public tooling)


GRAPH_SECONDS = 60.0
"""How long Graph may take; the synchronization service is slow to answer."""


class Noted(NamedTuple):
    """What the journal notes of a write: the state before it, and the written value, without secrets."""

    before: Any = None
    after: Any = None


PAGE = "100"  # people and groups of one page


def _query(select: Sequence[str], *, filter: str = "", top: str = "", manager: bool = False) -> dict[str, str]:
    query = {"$select": ",".join(select), "$top": top, "$filter": filter}
    if manager:
        query |= _WITH_MANAGER
    return {name: value for name, value in query.items() if value}


class GraphClient:
    """Microsoft Graph, or the sandbox's emulator.

    base_url  with the version: `https://graph.microsoft.com/v1.0`
    token     an access token, or a function called for each request
    journal   notes every write, secrets masked; None notes nothing
    options   see `transport.Options`; timeout_seconds is 60 here, and the sandbox's `wait` moves its clock

    Every call raises Unreachable (no answer), Denied (401, 403), Throttled (429)
    or Rejected (any other refusal); `code` is Graph's, taken out of the envelope
    the synchronization service wraps it in.
    """

    def __init__(
        self,
        base_url: str,
        token: Token,
        *,
        journal: Journal | None = None,
        **options: Unpack[Options],
    ) -> None:
        self.journal = journal
        self._wait = options.get("wait") or time.sleep
        options.setdefault("timeout_seconds", GRAPH_SECONDS)
        self.server_time: datetime | None = None  # Graph's own clock, as of its last answer; logs and cycles go by it
        self._http = open_client(
            base_url,
            token=token,
            headers={"Accept": "application/json", "User-Agent": "scimkit"},
            **options,
        )

    def __repr__(self) -> str:
        return f"<GraphClient {self._http.base_url.host}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # -- who is signed in ------------------------------------------------------

    def me(self) -> JSON | None:
        """The signed-in person; None for an application's token, or if the person may not be read."""
        return self._maybe("/me", {400, 403, 404})

    def directory_roles(self) -> tuple[str, ...] | None:
        """Names of the signed-in person's directory roles; None when they cannot be read, which is not "none"."""
        try:
            return tuple(
                str(role.get("displayName", "")) for role in self._pages("/me/memberOf/microsoft.graph.directoryRole")
            )
        except (Denied, Rejected):
            return None

    # -- the gallery -----------------------------------------------------------

    def find_templates(self, display_name: str) -> list[JSON]:
        """Gallery entries of exactly this name."""
        return list(self._pages("/applicationTemplates", {"$filter": f"displayName eq {quote_text(display_name)}"}))

    def instantiate(self, template_id: str, display_name: str) -> JSON:
        """Create an app from a gallery entry: {"application": …, "servicePrincipal": …}, both with `id`.

        Not idempotent: each call creates another app of the same name, so search for
        one first (`find_service_principals`). After a lost answer this searches for
        one that did not exist before.
        """
        there = {item["id"] for item in self.find_service_principals(template_id=template_id)}

        def look() -> JSON | None:
            found = [item for item in self.find_service_principals(template_id=template_id) if item["id"] not in there]
            if len(found) == 1:
                return self._with_application(found[0])
            return None

        answer = self._post_once(
            f"/applicationTemplates/{_segment(template_id)}/instantiate", {"displayName": display_name}, look
        )
        made = {part: _with_id(answer.get(part) or {}) for part in ("application", "servicePrincipal")}
        if not made["servicePrincipal"].get("id"):
            raise Rejected(
                "Graph created an app without returning its id",
                "Search for it by its name, then run this step again to adopt it.",
            )
        return made

    def _with_application(self, principal: JSON) -> JSON:
        return {"application": self.application(str(principal.get("appId", ""))) or {}, "servicePrincipal": principal}

    def application(self, app_id: str) -> JSON | None:
        """The app registration behind an enterprise app, by its appId; None if there is none or no permission."""
        try:
            found = list(self._pages("/applications", {"$filter": f"appId eq {quote_text(app_id)}"}))
        except (Denied, Rejected):
            return None
        if found:
            return _with_id(found[0])
        return None

    # -- service principals, assignments ----------------------------------------

    def find_service_principals(self, *, template_id: str = "", display_name: str = "") -> list[JSON]:
        """Enterprise apps created from a gallery entry, or with a name, or both."""
        clauses = [
            f"{name} eq {quote_text(value)}"
            for name, value in (("applicationTemplateId", template_id), ("displayName", display_name))
            if value
        ]
        if not clauses:
            raise ValueError("neither a template nor a name")
        return [
            _with_id(item)
            for item in self._pages(
                "/servicePrincipals", {"$filter": " and ".join(clauses), "$select": ",".join(PRINCIPAL_FIELDS)}
            )
        ]

    def service_principal(self, sp: str) -> JSON | None:
        """The enterprise app with that object id; None if there is none (yet)."""
        found = self._maybe(f"/servicePrincipals/{_segment(sp)}", {404}, {"$select": ",".join(PRINCIPAL_FIELDS)})
        if found:
            return _with_id(found)
        return None

    def assignments(self, sp: str) -> list[JSON]:
        """Who is assigned: people and groups, not the members of those groups."""
        return list(self._pages(f"/servicePrincipals/{_segment(sp)}/appRoleAssignedTo"))

    def assign(self, sp: str, principal_id: str, role_id: str) -> JSON:
        """Assign a person or group; returns the assignment, also if it already existed."""

        def look() -> JSON | None:
            same = [
                a
                for a in self.assignments(sp)
                if a.get("principalId") == principal_id and a.get("appRoleId") == role_id
            ]
            if same:
                return same[0]
            return None

        body = {"principalId": principal_id, "resourceId": sp, "appRoleId": role_id}
        return self._post_once(
            f"/servicePrincipals/{_segment(sp)}/appRoleAssignedTo", body, look, exists="already exists"
        )

    def unassign(self, sp: str, assignment_id: str) -> None:
        """Remove an assignment; one that is already gone is no error."""
        self._write(
            "DELETE", f"/servicePrincipals/{_segment(sp)}/appRoleAssignedTo/{_segment(assignment_id)}", accepted=(404,)
        )

    # -- synchronization ---------------------------------------------------------

    def sync_templates(self, sp: str) -> list[JSON]:
        """The connectors this app offers; empty for some minutes after it was created."""
        return list(self._pages(f"{_sync(sp)}/templates"))

    def jobs(self, sp: str) -> list[JSON]:
        return list(self._pages(f"{_sync(sp)}/jobs"))

    def create_job(self, sp: str, template_id: str) -> JSON:
        """Create the provisioning job. List first: a second job from the same template is not documented."""

        def look() -> JSON | None:
            found = [job for job in self.jobs(sp) if str(job.get("templateId", "")).lower() == template_id.lower()]
            if found:
                return found[0]
            return None

        return self._post_once(f"{_sync(sp)}/jobs", {"templateId": template_id}, look)

    def job(self, sp: str, job: str) -> JSON | None:
        return self._maybe(_job(sp, job), {404})

    def schema(self, sp: str, job: str) -> JSON:
        """The job's mappings and directories."""
        return self._get(f"{_job(sp, job)}/schema")

    def schema_directories(self, sp: str, job: str) -> list[JSON]:
        """The directories of the job's schema, for a schema that was returned without them."""
        return list(self._pages(f"{_job(sp, job)}/schema/directories"))

    def put_schema(
        self, sp: str, job: str, schema: Mapping[str, Any], *, before: Mapping[str, Any] | None = None
    ) -> None:
        """Replace the job's whole schema; its version changes, and the next cycle evaluates everyone again.

        before  as it was read, for the journal; anything missing in `schema` is removed
        """
        body = {name: value for name, value in schema.items() if not name.startswith("@odata")}
        self._write("PUT", f"{_job(sp, job)}/schema", body=body, noted=Noted(before, body))

    def parse_expression(self, sp: str, job: str, expression: str, test_input: Mapping[str, Any] | None = None) -> JSON:
        """How the service reads `expression`, and its value for one person (parseExpressionResponse).

        test_input  source attributes by the schema's names; None: only read it. Null
                    ones are left out, several values are sent as a collection of strings

        Returns `parsingSucceeded`, `parsedExpression` (an attributeMappingSource, the
        tree to put into a schema), `evaluationSucceeded`, `evaluationResult` (a list
        of strings), `error`. An expression that cannot be read is not a refusal. Changes
        nothing, so it is sent again if the answer is lost, and is not journalled;
        Graph nevertheless requires Synchronization.ReadWrite.All.
        """
        tested = None
        if test_input is not None:
            tested = {"definition": None, "properties": _properties(test_input)}
        body = {"expression": expression, "targetAttributeDefinition": None, "testInputObject": tested}
        return self._checked(self._send("POST", f"{_job(sp, job)}/schema/parseExpression", body=body, again=True))

    def validate_credentials(
        self, sp: str, *, base_address: str, token: Secret, job: str = "", template_id: str = ""
    ) -> None:
        """Have the service test address and token as it will use them; nothing is stored.

        With a `job` its own call, otherwise the collection's with `template_id`. Raises
        Rejected with the inner code, such as
        SystemForCrossDomainIdentityManagementCredentialValidationUnavailable.
        """
        REDACTOR.register(token)
        body: JSON = {
            "useSavedCredentials": False,
            "credentials": _pairs({"BaseAddress": base_address, "SecretToken": token}),
        }
        if template_id:
            body["templateId"] = template_id
        if job:
            place = _job(sp, job)
        else:
            place = f"{_sync(sp)}/jobs"
        # changes nothing, so it may be repeated, and needs no journal
        self._checked(
            self._send("POST", f"{place}/validateCredentials", body=body, again=True, seconds=ON_DEMAND_SECONDS)
        )

    def secrets(self, sp: str) -> dict[str, str]:
        """The provisioning settings by key. A secret is returned as asterisks: never write one back."""
        body = self._get(f"{_sync(sp)}/secrets")
        return {str(pair.get("key")): str(pair.get("value") or "") for pair in body.get("value") or ()}

    def put_secrets(self, sp: str, values: Mapping[str, str | Secret]) -> None:
        """Write all provisioning settings at once; a key left out may be lost (sources disagree).

        Raises ValueError for a value of asterisks: it would overwrite the token.
        """
        for key, value in values.items():
            if isinstance(value, Secret):
                REDACTOR.register(value)
            elif value and not value.strip("*"):
                raise ValueError(f"{key} would be overwritten by its mask")
        shown = {
            "value": [{"key": key, "value": MASK if _is_secret(key, value) else value} for key, value in values.items()]
        }
        self._write("PUT", f"{_sync(sp)}/secrets", body={"value": _pairs(values)}, noted=Noted(after=shown))

    def provision_on_demand(
        self, sp: str, job: str, rule_id: str, object_id: str, object_type: str = "User", *, members: Sequence[str] = ()
    ) -> OnDemand:
        """Provision one person, or one group with up to five `members`, now, and return the result.

        Obeys the scope like a cycle. Sent once: a lost answer raises
        Unreachable, because only the log shows what happened.
        """
        if len(members) > 5:
            raise ValueError("at most five members can be provisioned with a group (on-demand provisioning)")
        subject: JSON = {"objectId": object_id, "objectTypeName": object_type}
        if members:
            subject["links"] = {"members": [{"objectId": member, "objectTypeName": "User"} for member in members]}
        body = {"parameters": [{"ruleId": rule_id, "subjects": [subject]}]}
        answer = self._write("POST", f"{_job(sp, job)}/provisionOnDemand", body=body, seconds=ON_DEMAND_SECONDS)
        return read_on_demand(answer)

    def start_job(self, sp: str, job: str) -> None:
        """Start, or continue after a pause; ends quarantine. Do not call it in a loop."""
        self._write("POST", f"{_job(sp, job)}/start", again=True)

    def pause_job(self, sp: str, job: str) -> None:
        """Hold back later cycles; a running one ends on its own. The portal's Stop does this."""
        self._write("POST", f"{_job(sp, job)}/pause", again=True)

    def restart_job(self, sp: str, job: str, reset_scope: str = "") -> None:
        """Restart; "" is the portal's choice: quarantine, watermark and escrows (Graph:
        synchronizationJobRestartCriteria)."""
        self._write("POST", f"{_job(sp, job)}/restart", body={"criteria": {"resetScope": reset_scope}}, again=True)

    def provisioning_logs(self, job_id: str, *, since: datetime, until: datetime | None = None) -> Iterator[JSON]:
        """The job's log lines after `since`, oldest first.

        Raises Rejected beyond 20,000 of them: a part must not pass for the whole.
        """
        clauses = [f"jobId eq {quote_text(job_id)}", f"activityDateTime gt {utc_text(since)}"]
        if until is not None:
            clauses.append(f"activityDateTime lt {utc_text(until)}")
        query = {"$filter": " and ".join(clauses), "$orderby": "activityDateTime asc", "$top": "100"}
        for number, entry in enumerate(self._pages("/auditLogs/provisioning", query), 1):
            if number > LARGEST_LOG:
                raise Rejected(
                    f"the provisioning log has more than {LARGEST_LOG} lines since {utc_text(since)}",
                    "Request a shorter period.",
                )
            yield entry

    def wait_until(self, fetch: Callable[[], T | None], *, seconds: float = 180.0) -> T:
        """Call `fetch` until it returns something that was just created.

        None and an empty answer count as "not yet", and so do 401, 403, 404 and
        409, which the synchronization service returns until it knows a new
        service principal; pauses grow from 3 to 30 seconds. A 401 that is about
        the access token is raised at once, because waiting does not help.
        After `seconds` of pauses the last refusal is raised, or Waiting if
        there was none.
        """
        pause, waited = 3.0, 0.0
        while True:
            refusal: ApiError | None = None
            try:
                answer = fetch()
                if answer:
                    return answer
            except ApiError as error:
                if error.status not in LAGGING:
                    raise
                if isinstance(error, Denied) and error.status == 401 and is_token_refused(error.path, error.code):
                    raise
                refusal = error
            if waited + pause > seconds:
                if refusal is not None:
                    raise refusal
                raise Waiting(
                    f"Graph does not show the new object yet; waited {waited:.0f} seconds",
                    "It can take some minutes until a new object is known everywhere. Run this step again then.",
                )
            self._wait(pause)
            waited, pause = waited + pause, min(pause * 1.5, 30.0)

    # -- the directory -----------------------------------------------------------

    def users(self, select: Sequence[str] = USER_FIELDS, filter: str = "", *, manager: bool = False) -> Iterator[JSON]:
        """People, page by page, each with `manager` (id, name) if requested. Quote filter values with `quote_text`."""
        return self._pages("/users", _query(select, filter=filter, top=PAGE, manager=manager))

    def user(self, id_or_upn: str, select: Sequence[str] = USER_FIELDS, *, manager: bool = False) -> JSON | None:
        return self._maybe(f"/users/{_segment(id_or_upn)}", {404}, _query(select, manager=manager))

    def manager(self, user_id: str) -> JSON | None:
        """Id and name of a person's manager; None if there is none."""
        return self._maybe(f"/users/{_segment(user_id)}/manager", {404}, {"$select": "id,userPrincipalName"})

    def groups(self, filter: str = "") -> Iterator[JSON]:
        """Groups, page after page. Quote values in `filter` with `quote_text`."""
        return self._pages("/groups", _query(GROUP_FIELDS, filter=filter, top=PAGE))

    def group(self, id: str) -> JSON | None:
        return self._maybe(f"/groups/{_segment(id)}", {404}, {"$select": ",".join(GROUP_FIELDS)})

    def members(self, group_id: str) -> list[JSON]:
        """Direct members: people and groups."""
        return list(self._pages(f"/groups/{_segment(group_id)}/members"))

    def transitive_members(self, group_id: str) -> list[JSON]:
        """Everyone below, through nested groups, which provisioning does not follow."""
        return list(self._pages(f"/groups/{_segment(group_id)}/transitiveMembers"))

    # -- requests ------------------------------------------------------------------

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        again: bool | None = None,
        seconds: float = 0,
    ) -> httpx.Response:
        usual = self._http.timeout
        timeout = httpx.Timeout(connect=usual.connect, read=seconds or usual.read, write=usual.write, pool=usual.pool)
        headers = {"client-request-id": str(uuid.uuid4())}
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = jsonlib.dumps(body, ensure_ascii=False).encode("utf-8")
        extensions = {}
        if again is not None:
            extensions[RETRY] = again
        request = self._http.build_request(
            method,
            path,
            params=dict(query or {}) or None,
            content=content,
            headers=headers,
            timeout=timeout,
            extensions=extensions,
        )
        response = self._http.send(request)
        self.server_time = read_server_time(response) or self.server_time
        return response

    def _checked(self, response: httpx.Response, accepted: tuple[int, ...] = ()) -> JSON:
        """The body of a successful answer, {} when empty."""
        if not response.is_success:
            if response.status_code in accepted:
                return {}
            raise read_error(response)
        if not response.content:
            return {}
        try:
            body = response.json()
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise Rejected(
                "Graph returned something that is not a JSON object",
                "Check graph_url in scimkit.toml. A proxy's page can cause this.",
                **place_of(response),
            )
        return body

    def _get(self, path: str, query: Mapping[str, str] | None = None) -> JSON:
        return self._checked(self._send("GET", path, query=query))

    def _maybe(self, path: str, nothing: set[int], query: Mapping[str, str] | None = None) -> JSON | None:
        response = self._send("GET", path, query=query)
        if response.status_code in nothing:
            return None
        return self._checked(response)

    def _pages(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[JSON]:
        """All items of a collection, following nextLink as returned, but only to the same origin."""
        seen: set[str] = set()
        link = ""
        while True:
            if link:
                body = self._get(link)
            else:
                body = self._get(path, query)
            items = body.get("value")
            if not isinstance(items, list):
                raise Rejected(
                    f"GET {path}: Graph's answer is not a collection",
                    "Check graph_url in scimkit.toml.",
                    method="GET",
                    path=path,
                )
            yield from (item for item in items if isinstance(item, dict))
            link = str(body.get("@odata.nextLink") or "")
            if not link:
                return
            if origin(self._http.base_url.join(link)) != origin(self._http.base_url) or link in seen:
                raise Rejected(
                    f"GET {path}: the next page is at another address, to which the token must not be sent",
                    "Check graph_url in scimkit.toml, and any proxy between this machine and Graph.",
                    method="GET",
                    path=path,
                )
            seen.add(link)

    def _write(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        noted: Noted | None = None,
        again: bool | None = None,
        seconds: float = 0,
        accepted: tuple[int, ...] = (),
    ) -> JSON:
        noted = noted or Noted(after=body)
        with noted_write(self.journal, "graph", method, path, before=noted.before, after=noted.after) as settle:
            response = self._send(method, path, body=body, again=again, seconds=seconds)
            answer = self._checked(response, accepted)
            settled = {"status": response.status_code}
            if answer.get("id"):
                settled["id"] = answer["id"]
            settle(settled)
            return answer

    def _look_for(self, look: Callable[[], JSON | None]) -> JSON | None:
        """The result of `look` within half a minute: a new object is not in every list at once."""
        pause, waited = 3.0, 0.0
        while True:
            found = _looked(look)
            if found is not None or waited + pause > LOOK_SECONDS:
                return found
            self._wait(pause)
            waited, pause = waited + pause, pause * 1.5

    def _post_once(self, path: str, body: JSON, look: Callable[[], JSON | None], *, exists: str = "") -> JSON:
        """POST something that must not be created twice.

        look    finds it after a lost answer, or when it is reported to exist
        exists  words of the refusal that means "already exists"
        """
        with noted_write(self.journal, "graph", "POST", path, after=body) as settle:
            try:
                response = self._send("POST", path, body=body)
                answer = self._checked(response)
            except Unreachable as lost:
                found = None
                if lost.cause not in NOT_SENT:
                    found = self._look_for(look)
                if found is None:
                    raise
                settle({"status": None, "id": _made_id(found), "message": "the answer was lost; found by a search"})
                return found
            except Rejected as refusal:
                found = None
                if exists and exists in refusal.message.lower():
                    found = _looked(look)
                if found is None:
                    raise
                settle({"status": refusal.status, "id": _made_id(found), "message": "existed already"})
                return found
            settle({"status": response.status_code, "id": _made_id(answer)})
            return answer


def quote_text(value: str) -> str:
    """`value` as a string in an OData filter.

    >>> quote_text("O'Reilly")
    "'O''Reilly'"
    """
    return "'" + value.replace("'", "''") + "'"


def _looked(look: Callable[[], JSON | None]) -> JSON | None:
    """The result of `look`; None also if it fails, because then the first error counts."""
    try:
        return look()
    except ApiError:
        return None


def _segment(value: str) -> str:
    """`value` as one segment of a path. Raises ValueError for a value that would address another resource."""
    if value in ("", ".", ".."):
        raise ValueError("an empty id")
    return quote(value, safe="")


def _sync(sp: str) -> str:
    return f"/servicePrincipals/{_segment(sp)}/synchronization"


def _job(sp: str, job: str) -> str:
    return f"{_sync(sp)}/jobs/{_segment(job)}"


def _with_id(item: Mapping[str, Any]) -> JSON:
    """With `id`, which some answers call `objectId`."""
    if "id" not in item and "objectId" in item:
        return {**item, "id": item["objectId"]}
    return dict(item)


def _made_id(answer: Mapping[str, Any]) -> str:
    made = answer.get("servicePrincipal") or answer
    return str(made.get("id") or made.get("objectId") or "")


def _is_secret(key: str, value: str | Secret) -> bool:
    return isinstance(value, Secret) or key.lower() in SECRET_KEYS


def _pairs(values: Mapping[str, str | Secret]) -> list[dict[str, str]]:
    return [
        {"key": key, "value": value.reveal() if isinstance(value, Secret) else value} for key, value in values.items()
    ]


def _properties(source: Mapping[str, Any]) -> list[JSON]:
    """Source attributes as the members of an expressionInputObject.

    Several values need their type beside them, because members of another type are
    refused. That a boolean is sent as one, and not as a string, is (unconfirmed).
    """
    made: list[JSON] = []
    for name, value in source.items():
        if isinstance(value, (list, tuple)):
            made.append(
                {"key": name, "value@odata.type": "#Collection(String)", "value": [_as_text(each) for each in value]}
            )
        elif value is not None:
            made.append({"key": name, "value": value if isinstance(value, (bool, int)) else _as_text(value)})
    return made


def _as_text(value: Any) -> str:
    """One value as a string; a role, which is an object here, by its value (or its name if it has none)."""
    if isinstance(value, Mapping):
        value = value.get("value") or value.get("displayName") or ""
    if isinstance(value, datetime):
        return utc_text(value)
    return str(value)


def read_server_time(response: httpx.Response) -> datetime | None:
    """The server's clock by the answer's `Date` header; None if it is missing or makes no sense."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None
