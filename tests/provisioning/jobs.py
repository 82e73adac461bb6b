"""One object through a job of its own, compiled for it alone: how the tests say `predict` and `provision`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scimkit.mapping.rows import ObjectMapping
from scimkit.provisioning import (
    CompiledJob,
    Endpoint,
    JobSettings,
    Link,
    Outcome,
    ScopeDecision,
    TargetFacts,
    compile_job,
)
from scimkit.provisioning.dialect import dialect_of

PER_OBJECT = ("now", "peers", "references")


def provision(
    source: Mapping[str, Any],
    scope: ScopeDecision,
    mapping: ObjectMapping,
    link: Link | None,
    endpoint: Endpoint,
    **more: Any,
) -> Outcome:
    """`CompiledJob.provision` with its steps. more: arguments of it, `facts`, `hard_deleted`, `flag`, and settings of
    the job."""
    job, scope, each = _job(mapping, scope, more)
    return job.provision(source, scope, link, endpoint, **each)


def predict(
    source: Mapping[str, Any],
    scope: ScopeDecision,
    mapping: ObjectMapping,
    link: Link | None,
    endpoint: Endpoint,
    **more: Any,
) -> Outcome:
    """`CompiledJob.predict` with its steps; arguments as of `provision`."""
    job, scope, each = _job(mapping, scope, more)
    return job.predict(source, scope, link, endpoint, **each)


def _job(
    mapping: ObjectMapping, scope: ScopeDecision, more: Mapping[str, Any]
) -> tuple[CompiledJob, ScopeDecision, dict[str, Any]]:
    settings = dict(more)
    facts = settings.pop("facts", TargetFacts())
    settings["dialect"] = dialect_of(settings.pop("flag", False))
    gone = settings.pop("hard_deleted", False)
    each = {name: settings.pop(name) for name in PER_OBJECT if name in settings}
    job = compile_job(mapping, facts, JobSettings(records_steps=True, **settings))
    return job, replace(scope, facts=replace(scope.facts, gone=gone)), each
