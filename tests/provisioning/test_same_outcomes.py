"""The same outcomes as before: 11,000 random people and groups against the digest in tests/data."""

from __future__ import annotations

import pytest

from scimkit.provisioning.refusals import BY_STATUS
from tests.provisioning.outcomes import Target, differing, digest_of, kept, numbers, run_forecast, scene_of
from tests.provisioning.outcomes import told as outcome_told

ACTIONS = ("create", "link", "update", "disable", "delete", "nothing", "refuse")
DECIDED = (
    "DuplicateSourceEntries",
    "DuplicateTargetEntries",
    "EntrySynchronizationSkipped",
    "ImportSkipped",
    "InternalError",
    "InvalidAnchor",
    "MandatoryFieldsMissing",
    "RedundantExport",
    "SchemaPropertyCanOnlyAcceptValue",
    "SystemForCrossDomainIdentityManagementServiceIncompatible",
)
"""The codes of decisions; those of refused requests stand in `BY_STATUS`."""


def told(scenes: list[str]) -> str:
    return f"{len(scenes)} scenes end otherwise, the first: {', '.join(scenes[:10])}; see play(scene_of(kind, number))"


def test_every_tenth_block_ends_as_before() -> None:
    """1,100 of the scenes, quickly."""
    scenes = differing(digest_of(numbers(every=10)).blocks, kept()["blocks"])
    assert not scenes, told(scenes)


@pytest.mark.slow
def test_every_scene_ends_as_before() -> None:
    """All of them, and the one hash of everything."""
    found, expected = digest_of(numbers()), kept()
    scenes = differing(found.blocks, expected["blocks"])

    assert not scenes, told(scenes)
    assert (found.sha256, found.endings) == (expected["sha256"], expected["endings"])


def test_the_same_is_foreseen_without_the_steps_of_the_log() -> None:
    """As a forecast does, which evaluates less of whoever is out of scope and was never linked."""
    strangers = 0
    for kind, number in numbers(every=10):
        scene = scene_of(kind, number)
        seen, glimpsed = Target(scene), Target(scene)
        whole = outcome_told(run_forecast(scene, seen)) | {"steps": []}
        assert outcome_told(run_forecast(scene, glimpsed, steps=False)) == whole, (kind, number)
        assert glimpsed.asked == seen.asked, (kind, number)
        strangers += scene.link is None and not scene.scope.in_scope
    assert strangers > 50


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_occurs(action: str) -> None:
    """A digest of scenes in which nothing happens would say nothing."""
    assert sum(count for ending, count in kept()["endings"].items() if ending.split()[0] == action) >= 20


@pytest.mark.parametrize("code", [*DECIDED, *sorted(set(BY_STATUS.values())), "InternalServerError"])
def test_every_code_occurs(code: str) -> None:
    """Codes of decisions and of refusals."""
    assert any(ending.split()[2] == code for ending in kept()["endings"] if not ending.startswith("references"))


def test_a_difference_is_found_and_named() -> None:
    """The watch itself: of two blocks, the scene with other digits."""
    assert differing(["people   100: aaaabbbbcccc"], ["people   100: aaaabbbdcccc"]) == ["people 101"]
