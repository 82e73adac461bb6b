"""A SCIM vendor: one scim2-server provider per app profile.

What the profile documents (attributes, filters, required values) and what it
invents in `[sandbox]` becomes the provider's schemas, its policy and the few
overridden steps below. Nothing else is imitated.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from http import HTTPStatus
from itertools import product
from typing import Any, Union, get_args

from scim2_models import (
    ForbiddenException,
    InvalidFilterException,
    InvalidValueException,
    ListResponse,
    NotFoundException,
    Resource,
    ResourceType,
    ResponseParameters,
    Schema,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    UnauthorizedException,
    UniquenessException,
)
from scim2_models.path import FilterVisitor
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage, InMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME
from scim2_server.utils import load_default_resource_types, load_default_schemas, load_default_service_provider_config

from scimkit.apps.profile import AppProfile
from scimkit.provisioning.targets import CORE_USER, ENTERPRISE_USER, MANAGER, parse_target, place, read_target
from scimkit.sandbox.clock import Clock
from scimkit.sandbox.faults import Faults
from scimkit.sandbox.identity import Ids, sandbox_token
from scimkit.sandbox.people import DOMAIN, Person

logging.getLogger("scim2_server").setLevel(logging.CRITICAL)  # a refused request is an answer, not news

TOLERANT = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
STRICT = ScimPolicy()
COMMON = ("id", "externalid", "schemas", "meta")  # attributes every resource has without declaring them


class UsedAttributes(FilterVisitor):
    """The attributes a filter compares, including those inside value paths: `emails.type`, `username`.

    Written against scim2-models 0.12.3, whose visitor leaves each kind of node to its subclass.
    """

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.found: set[str] = set()

    def _name(self, path: Any) -> str:
        return str(self.prefix + path.attr + (f".{path.sub_attr}" if path.sub_attr else "")).lower()

    def visit_comparison(self, node: Any) -> None:
        self.found.add(self._name(node.attr_path))

    def visit_present(self, node: Any) -> None:
        self.found.add(self._name(node.attr_path))

    def visit_not(self, node: Any) -> None:
        self.visit(node.expr)

    def visit_logical_expr(self, node: Any) -> None:
        for term in node.terms:
            self.visit(term)

    def visit_value_path(self, node: Any) -> None:
        inner = UsedAttributes(self._name(node.attr_path) + ".")
        inner.visit(node.val_filter)
        self.found |= inner.found


# -- what the profile says, as schemas ----------------------------------------------


def make_provider(profile: AppProfile) -> ScimProvider:
    """The provider with the attributes of the profile's table, and no others.

    If no table is published, it has the attributes invented under [sandbox]; without these,
    the complete default schemas.
    """
    schemas = load_default_schemas()
    targets = [row.target for row in profile.attributes] or list(profile.sandbox.targets)
    required = {*profile.required_targets, *profile.sandbox.requires}
    if targets:
        for urn in (CORE_USER, ENTERPRISE_USER):
            _keep_only(schemas[urn], urn, [*targets, *profile.matching, "active"])
    for target in required:
        _require(schemas, target)
    types = load_default_resource_types()
    if profile.capabilities.groups.value is False:
        types.pop("Group")
        schemas = {urn: schema for urn, schema in schemas.items() if schema.name != "Group"}
    if not schemas[ENTERPRISE_USER].attributes:
        del schemas[ENTERPRISE_USER]
        types["User"].schema_extensions = None
    config = load_default_service_provider_config()
    config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    for name in ("bulk", "change_password", "sort", "etag"):
        getattr(config, name).supported = False
    return ScimProvider.from_discovery(
        schemas.values(), types.values(), config=config, policy=TOLERANT if profile.sandbox.tolerant else STRICT
    )


def _keep_only(schema: Schema, urn: str, targets: Iterable[str]) -> None:
    parsed = [parse_target(target) for target in targets]
    names = {t.attribute.lower() for t in parsed if (t.urn or CORE_USER).lower() == urn.lower()}
    schema.attributes = [a for a in schema.attributes or [] if str(a.name).lower() in names]


def _require(schemas: dict[str, Schema], target: str) -> None:
    """Mark `target` and the attribute that contains it as required; `/Schemas` then says so too."""
    parsed = parse_target(target)
    schema = schemas.get(parsed.urn or CORE_USER)
    for attribute in (schema.attributes if schema else None) or []:
        if str(attribute.name).lower() != parsed.attribute.lower():
            continue
        attribute.required = True
        for sub in attribute.sub_attributes or []:
            if str(sub.name).lower() == parsed.sub.lower():
                sub.required = True


def filterable_names(profile: AppProfile) -> frozenset[str] | None:
    """The names a filter may use, lower case; None: all of them, as the profile says nothing about its attributes."""
    if not profile.attributes and not profile.sandbox.targets:
        return None
    names = {"id"}
    for target in (*profile.filterable_targets, *profile.sandbox.filterable, *profile.matching):
        parsed = parse_target(target)
        name = parsed.attribute.lower()
        names.add(name)
        names.update(f"{name}.{part}".lower() for part in (parsed.sub, parsed.key) if part)
    return frozenset(names)


# -- the steps that differ -----------------------------------------------------------


class VendorService(ScimService):
    """The protocol with the profile's restrictions.

    Written against scim2-server 0.8.3, whose service has no required values beyond the schema, no filter that is
    refused, and no limit of seats.
    """

    def __init__(self, provider: ScimProvider, vendor: Vendor) -> None:
        super().__init__(provider)
        self.vendor = vendor
        # these classes are cached weakly by pydantic and take 7 ms to build again after each garbage collection
        models = self.get_models()
        either = Union[tuple(models)]  # type: ignore[valid-type]  # noqa: UP007
        parts = (SearchRequest, ListResponse, ResponseParameters)
        self.keep = [part[model] for model, part in product((either, *models), parts)]  # type: ignore[index]
        for model in models:
            _copy_members_flat(model)

    def read_body(self, model: Any, body: bytes, content_type: str | None, scim_ctx: Any) -> Any:
        if self.vendor.profile.sandbox.tolerant and b"manager" in body:
            body = _manager_as_object(self.decode_body(body, content_type))
        return super().read_body(model, body, content_type, scim_ctx)

    def read_creation(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> Resource[Any]:
        if resource_type.name == "User":
            self.vendor.check_required(self.decode_body(body, content_type))
        return super().read_creation(resource_type, body, content_type)

    def patch_response(
        self, base_url: str, resource: Resource[Any], response_parameters: ResponseParameters[Any]
    ) -> ScimResponse:
        """204 at once if nothing is requested: the server would copy the whole group for an empty response."""
        if response_parameters.attributes or response_parameters.excluded_attributes:
            return super().patch_response(base_url, resource, response_parameters)
        return ScimResponse(HTTPStatus.NO_CONTENT, None, {})

    def read_search(self, resource_types: list[ResourceType], payload: Any) -> tuple[SearchRequest[Any], Any]:
        if isinstance(payload, dict):
            if self.vendor.fault("ignore_paging"):
                payload = {k: v for k, v in payload.items() if k not in ("startIndex", "count")}
            if self.vendor.fault("ignore_filter"):
                payload = {k: v for k, v in payload.items() if k != "filter"}
        request, position = super().read_search(resource_types, payload)
        allowed = self.vendor.filterable
        if request.filter is not None and allowed is not None and all(t.name == "User" for t in resource_types):
            used = UsedAttributes()
            used.visit(request.filter.ast)
            refused = sorted(used.found - allowed)
            if refused:
                raise InvalidFilterException(detail=f"Filtering by {', '.join(refused)} is not supported")
        return request, position


def _copy_members_flat(model: type[Resource[Any]]) -> None:
    """Copy the members of a group only one level deep: their values are strings, and are replaced, not changed.

    The storage and the server copy the whole group several times for each member that is added or
    removed. With pydantic's copy, which visits every value, building a group of a thousand takes one
    and a half times as long.
    """
    field = model.model_fields.get("members")
    for item in _models_in(field.annotation) if field else ():
        item.__deepcopy__ = lambda self, memo=None: self.__copy__()


def _models_in(annotation: Any) -> Iterator[Any]:
    """The models that an annotation such as `list[GroupMember] | None` consists of."""
    if isinstance(annotation, type) and hasattr(annotation, "model_fields"):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _manager_as_object(body: Any) -> bytes:
    """Entra sends the manager as a bare id or as a list of one; the models need an object."""

    def repaired(value: Any) -> Any:
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str):
            return {"value": value}
        return value

    if isinstance(body, dict):
        for operation in body.get("Operations") or ():
            if str(operation.get("path", "")).lower() in ("manager", MANAGER.lower()) and "value" in operation:
                operation["value"] = repaired(operation["value"])
        extension = body.get(ENTERPRISE_USER)
        if isinstance(extension, dict) and "manager" in extension:
            extension["manager"] = repaired(extension["manager"])
    return json.dumps(body).encode()


class VendorStorage(InMemoryStorage):
    """Predictable ids, seats, and a deletion that may only disable the account.

    Written against scim2-server 0.8.3, whose storage uses random ids and deletes permanently.
    """

    def __init__(self, vendor: Vendor, clock: Callable[[], datetime]) -> None:
        super().__init__(clock=clock)
        self.vendor = vendor
        self.claims: dict[tuple[str, str], str] = {}
        self.claimed: dict[str, list[tuple[str, str]]] = {}

    def generate_id(self, resource_type: ResourceType, resource: Resource[Any]) -> str:
        return self.vendor.ids.next(f"{self.vendor.name} {resource_type.name}")

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        if resource_type.name == "User":
            self.vendor.check_seat(resource)
            self._check_claims(resource)
        kind = f"{self.vendor.name} {resource_type.name}"
        before = self.vendor.ids.counters[kind]
        try:
            created = super().create(resource_type, resource)
        except Exception:
            self.vendor.ids.counters[kind] = before
            raise
        self._claim(created)
        return created

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        if resource_type.name == "User":
            self._check_claims(resource)
        updated = super().update(resource_type, resource, expected_version=expected_version)
        self._release(str(updated.id))
        self._claim(updated)
        return updated

    # values no two accounts may share, beyond those the schemas call unique
    def _claims_of(self, resource: Any) -> list[tuple[str, str]]:
        values = [(name, getattr(resource, name, None)) for name in self.vendor.unique]
        return [(name, str(value).casefold()) for name, value in values if value is not None]

    def _check_claims(self, resource: Any) -> None:
        for claim in self._claims_of(resource):
            if self.claims.get(claim, resource.id) != resource.id:
                raise UniquenessException(detail=f"{claim[0]} is taken")

    def _claim(self, resource: Any) -> None:
        if resource.meta.resource_type == "User":
            self.claimed[resource.id] = self._claims_of(resource)
            self.claims |= dict.fromkeys(self.claimed[resource.id], resource.id)

    def _release(self, resource_id: str) -> None:
        for claim in self.claimed.pop(resource_id, ()):
            self.claims.pop(claim, None)

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        rule = self.vendor.profile.sandbox.on_delete
        if rule == "remove" or resource_type.name != "User":
            super().delete(resource_type, resource_id, expected_version=expected_version)
            self._release(resource_id)
            return None
        if rule == "refuse":
            raise ForbiddenException(detail="Accounts cannot be deleted here")
        user: Any = self.get(resource_type, resource_id)
        user.active = False
        self.update(resource_type, user)
        return None


class VendorApplication(ASGIApplication):
    """The provider at its address below `/apps/<name>/`, with its bearer token.

    Written against scim2-server 0.8.3: its application serves one provider at the root of a server, accepts any of
    its own tokens, and reports an unknown path before it checks the token.
    """

    def __init__(self, vendor: Vendor, storage: VendorStorage, provider: ScimProvider) -> None:
        super().__init__(AsyncInMemoryStorage(storage), provider, VendorService(provider, vendor))
        self.vendor = vendor

    @staticmethod
    def get_base_url(scope: Any) -> str:
        host = dict(scope["headers"]).get(b"host", b"").decode()
        return f"{scope['scheme']}://{host}{scope.get('root_path', '')}"

    @staticmethod
    def split_path(path: str) -> str:
        return path

    def check_auth(self, request: ScimRequest) -> None:
        scheme, _, token = (request.header("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or token != self.vendor.token or self.vendor.token_expired():
            raise UnauthorizedException(detail="The bearer token is missing, wrong or expired")

    def needs_auth(self, request: ScimRequest) -> bool:
        """An unknown path returns 404 if the token is accepted, otherwise 401."""
        try:
            return bool(super().needs_auth(request))
        except NotFoundException:
            return True

    def finalize_response(self, request: ScimRequest, response: ScimResponse) -> ScimResponse:
        response.headers.setdefault("Cache-Control", "no-cache")
        if response.status in (HTTPStatus.CREATED, HTTPStatus.OK):
            response.headers.setdefault("Location", request.url)
        return response


# -- the vendor ----------------------------------------------------------------------


class Vendor:
    """One app's SCIM service with its accounts."""

    def __init__(self, profile: AppProfile, ids: Ids, clock: Clock, faults: Faults, people: Iterable[Person]) -> None:
        self.profile, self.name, self.ids, self.clock, self.faults = profile, profile.name, ids, clock, faults
        self.token = sandbox_token(ids.seed, profile.name)
        self.started = clock.now
        self.filterable = filterable_names(profile)
        provider = make_provider(profile)
        self.storage = VendorStorage(self, lambda: self.clock.now)
        self.application = VendorApplication(self, self.storage, provider)
        self.required = (*profile.required_targets, *profile.sandbox.requires)
        self.unique = [_snake(parse_target(t).attribute) for t in profile.sandbox.unique if t.lower() != "username"]
        self._seed_accounts(list(people))

    @property
    def path(self) -> str:
        """Where the SCIM endpoints are on the sandbox's port."""
        return f"/apps/{self.name}/{self.profile.sandbox.scim_path}"

    @property
    def address(self) -> str:
        """`path` as the Tenant URL is written: with a trailing slash where the documented one has it."""
        slash = any(str(value.value).endswith("/") for value in self.profile.tenant_url.values)
        return self.path + ("/" if slash else "")

    def fault(self, name: str) -> bool:
        return bool(self.faults.at(self.name, name))

    def token_expired(self) -> bool:
        fault = self.faults.at(self.name, "token_expires")
        age = (self.clock.now - self.started).total_seconds()
        days = self.profile.sandbox.token_days
        return bool((fault is not None and age >= fault.value) or (days is not None and age >= days * 86400))

    def accounts(self) -> list[Any]:
        return [r for r in self.storage.resources if r.meta and r.meta.resource_type == "User"]

    def check_required(self, body: Any) -> None:
        """Refuse to create an object that lacks a required value; name the value as the table does."""
        for target in self.required:
            if isinstance(body, dict) and read_target(body, target) in (None, ""):
                raise InvalidValueException(detail=f"Required attribute {target} is missing or empty")

    def check_seat(self, resource: Any) -> None:
        seats = self.profile.sandbox.seats
        if (
            seats is not None
            and resource.active is not False
            and sum(a.active is not False for a in self.accounts()) >= seats
        ):
            raise ForbiddenException(detail=f"No licence is left: all {seats} seats are taken")

    def _seed_accounts(self, people: list[Person]) -> None:
        """Existing accounts: one as in Entra, one of a person who left long ago, one in upper case."""
        by_key = {person.key: person for person in people}
        known = [by_key.get("jose.garcia"), None, by_key.get("zoe.young-smith")]
        for number in range(self.profile.sandbox.existing_people):
            person = None
            if number < len(known):
                person = known[number]
            if person:
                name = person.user_principal_name
            else:
                name = f"former.colleague{number}@{DOMAIN}"
            if person and number == 2:
                spelt = name.upper()
            else:
                spelt = name
            self._add_account(spelt, person, active=True)

    def _add_account(self, user_name: str, person: Person | None, *, active: bool) -> None:
        values = {
            "userName": user_name,
            "externalId": user_name.partition("@")[0],
            "active": active,
            "displayName": "Former Colleague",
            "name.givenName": "Former",
            "name.familyName": "Colleague",
            'emails[type eq "work"].value': user_name,
        }
        if person:
            values |= {
                "externalId": person.key,
                "displayName": person.display_name,
                "name.givenName": person.given_name,
                "name.familyName": person.surname,
                'emails[type eq "work"].value': person.mail or user_name,
            }
        body: dict[str, Any] = {"schemas": [CORE_USER]}
        for target, value in values.items():
            place(body, target, value)
        service = self.application.service
        kind = service.get_resource_type("User")
        with TOLERANT:
            self.storage.create(kind, service.get_model(kind).model_validate(body))


def _snake(attribute: str) -> str:
    """`externalId` as the models name it: `external_id`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", attribute).lower()
