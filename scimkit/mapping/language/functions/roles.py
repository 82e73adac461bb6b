"""Functions that need more than the person's own attributes: app roles, uniqueness, the tenant's domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimkit.mapping.language.evaluation import Evaluation
from scimkit.mapping.language.problems import EvaluationFault, OurLimit
from scimkit.mapping.language.signatures import function


def _roles(value: Any) -> list[tuple[str, str]]:
    """(value, display name) of each assigned role; for a role given as a string both are the same."""
    if value is None:
        return []
    roles = []
    for role in value if isinstance(value, list) else [value]:
        if isinstance(role, Mapping):
            name = str(role.get("displayName") or role.get("display") or "")
            roles.append((str(role.get("value") or name), name or str(role.get("value") or "")))
        elif role is not None:
            roles.append((str(role), str(role)))
    return roles


@function("SingleAppRoleAssignment", "source")
def _single_role(evaluation: Evaluation, source: Any) -> str | None:
    """One role of the person, the first given; which of several Entra uses is undefined."""
    roles = _roles(source)
    if not roles:
        return None
    value, name = roles[0]
    if evaluation.settings.single_role == "value":
        return value
    return name


@function("AppRoleAssignmentsComplex", "source")
def _complex_roles(evaluation: Evaluation, source: Any) -> list[dict[str, Any]] | None:
    """Role objects with displayName and value, as in a POST ("Customize attribute mappings", roles)."""
    made = [{"primary": False, "displayName": name, "value": value} for value, name in _roles(source)]
    return made or None


@function("AssertiveAppRoleAssignmentsComplex", "source")
def _assertive_roles(evaluation: Evaluation, source: Any) -> list[dict[str, Any]] | None:
    """Role objects with display and value ("Customize attribute mappings", roles)."""
    made = [{"primary": False, "display": name, "value": value} for value, name in _roles(source)]
    return made or None


@function("AppRoleAssignments", "source", support="unknown")
def _role_texts(evaluation: Evaluation, source: Any) -> list[str] | None:
    """Graph's old list only: the roles as strings (unconfirmed)."""
    return [value for value, _ in _roles(source)] or None


@function("DefaultDomain", support="unknown")
def _default_domain(evaluation: Evaluation) -> str:
    """Graph's old list only: the tenant's default domain, which must be given in the settings (unconfirmed)."""
    if evaluation.settings.default_domain is None:
        raise OurLimit("the tenant's default domain is not known here", "Write the domain as a string.")
    return evaluation.settings.default_domain


@function("SelectUniqueValue", "rule1", "rule2", "more*?", support="hr_only")
def _select_unique_value(evaluation: Evaluation, *rules: Any) -> str:
    """Refused: it is available only for HR-driven provisioning to on-premises AD."""
    raise EvaluationFault(
        "it is supported for Workday, SuccessFactors and API-driven provisioning to on-premises AD, not for SCIM apps",
        "Use a source attribute that is already unique.",
    )


FUNCTIONS = (
    _single_role,
    _complex_roles,
    _assertive_roles,
    _role_texts,
    _default_domain,
    _select_unique_value,
)
