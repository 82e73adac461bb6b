"""The app's SCIM endpoint as needed for provisioning: five requests, and a count of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class Writer(Protocol):
    """The writing half of an `Endpoint`."""

    def create(self, resource_type: str, body: Mapping[str, Any], /) -> dict[str, Any]: ...
    def patch(self, resource_type: str, id: str, body: Mapping[str, Any], /) -> dict[str, Any] | None: ...
    def delete(self, resource_type: str, id: str, /) -> bool: ...


class Endpoint(Writer, Protocol):
    """What provisioning needs from a SCIM client; `clients.scim.ScimClient` is one.

    Every request raises scimkit's ApiError for a refusal or no answer. Groups are found
    and read without their members. `read` returns
    None and `delete` returns False if the endpoint returns 404.
    """

    def find(self, resource_type: str, attribute: str, value: str, /) -> list[dict[str, Any]]: ...
    def read(self, resource_type: str, id: str, /) -> dict[str, Any] | None: ...


@dataclass
class Counted:
    """An endpoint that counts the writing requests sent through it."""

    endpoint: Writer
    requests: int = 0

    def create(self, resource_type: str, body: Mapping[str, Any], /) -> dict[str, Any]:
        self.requests += 1
        return self.endpoint.create(resource_type, body)

    def patch(self, resource_type: str, id: str, body: Mapping[str, Any], /) -> dict[str, Any] | None:
        self.requests += 1
        return self.endpoint.patch(resource_type, id, body)

    def delete(self, resource_type: str, id: str, /) -> bool:
        self.requests += 1
        return self.endpoint.delete(resource_type, id)
