"""The emulator's PUT of a schema: it keeps what it does not know, and refuses what the service could not use."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from scimkit.errors import Rejected

pytestmark = pytest.mark.slow  # a sandbox of its own


@pytest.fixture
def job(office: Any) -> Any:
    return office.make()


def test_unknown_members_are_kept(office: Any, job: Any) -> None:
    """Members nobody knows come back from the next GET; id and version are the service's own. The journal has both
    sides."""
    before = office.graph.schema(job.service_principal_id, job.job_id)
    sent = copy.deepcopy(before) | {"id": "another", "version": "v9", "unknown": {"x": None}}
    sent["directories"][0]["objects"][0]["attributes"][0]["unknown"] = [1]
    sent["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][0]["source"]["unknown"] = "x"
    office.graph.put_schema(job.service_principal_id, job.job_id, sent, before=before)

    after = office.graph.schema(job.service_principal_id, job.job_id)

    assert after["id"] == before["id"]
    assert after["version"] not in (before["version"], "v9")
    assert {**after, "id": "", "version": ""} == {**sent, "id": "", "version": ""}

    entry = office.journal.entries()[-1]
    assert (entry.method, entry.state, entry.before) == ("PUT", "done", before)
    assert "@odata.context" not in entry.after
    assert office.graph.schema_directories(job.service_principal_id, job.job_id) == after["directories"]


def _rows(schema: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = schema["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"]
    return found


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda s: s.pop("directories"), "no directories"),
        (lambda s: s.update(synchronizationRules=[]), "no synchronizationRules"),
        (lambda s: _rows(s)[0].update(matchingPriority=0), "no attribute for matching"),
        (lambda s: _rows(s)[1].update(targetAttributeName="nickName"), "'nickName' does not exist"),
        (lambda s: _rows(s)[1]["source"].update(expression="Jion([a])"), "no function Jion"),
        (lambda s: _rows(s)[1].pop("targetAttributeName"), "not whole"),
        (
            lambda s: s["synchronizationRules"][0]["objectMappings"][0].update(scope={"groups": [{"name": "x"}]}),
            "no list of clauses",
        ),
    ],
)
def test_what_could_not_be_used_is_refused(office: Any, job: Any, damage: Any, words: str) -> None:
    """A refused schema leaves the job as it was."""
    before = office.graph.schema(job.service_principal_id, job.job_id)
    sent = copy.deepcopy(before)
    damage(sent)

    with pytest.raises(Rejected, match=words):
        office.graph.put_schema(job.service_principal_id, job.job_id, sent)

    assert office.graph.schema(job.service_principal_id, job.job_id) == before
