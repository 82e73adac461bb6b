"""Every shipped profile: what must hold for each of them, picked up by name."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import scimkit.apps
from scimkit.apps import AppProfile, catalogue, describe, load, names
from scimkit.apps.description import UNCONFIRMED, WIDTH
from scimkit.apps.facts import Fact
from scimkit.apps.files import parse_profile
from scimkit.apps.parts import STEPS


@pytest.fixture(params=names())
def profile(request: pytest.FixtureRequest) -> AppProfile:
    return load(request.param)


def squeezed(text: str) -> str:
    """`text` without the line breaks and blanks that wrapping puts in."""
    return re.sub(r"\s+", "", text)


def test_its_file_is_named_like_the_app(profile: AppProfile) -> None:
    """The name by which a profile is loaded is the name it gives itself."""
    assert load(profile.name) is load(profile.name)
    assert profile.name in names()


def test_matching_attributes_can_be_filtered(profile: AppProfile) -> None:
    """Entra finds an account by a filter, so the matching attributes must be filterable."""
    assert set(profile.matching) <= set(profile.filterable_targets)
    assert bool(profile.matching) == (profile.attributes_status == "published")


def test_required_targets_are_among_the_attributes(profile: AppProfile) -> None:
    """What the sandbox or the documentation insists on has a row that says what to send."""
    targets = {row.target for row in profile.attributes}
    assert {*profile.required_targets, *profile.sandbox.requires, *profile.sandbox.unique} <= targets or not targets


def test_every_contradiction_has_an_action(profile: AppProfile) -> None:
    """A fault in a source is of use only with what the kit does about it."""
    assert all(item.kit.endswith(".") for item in profile.contradictions)
    assert all(item.fault for item in profile.contradictions)
    assert all(item.where for item in profile.contradictions)


def test_every_doubtful_fact_is_marked(profile: AppProfile) -> None:
    """What no public source confirms says so, in the text and in the list of facts."""
    text = squeezed(describe(profile))
    doubtful = [fact for _, fact in profile.statements() if isinstance(fact, Fact) and not fact.confirmed]

    for fact in doubtful:
        assert squeezed(f"{fact} [{fact.source}] {UNCONFIRMED}".replace("**", '"')) in text
    assert {id(fact) for fact in doubtful} <= {id(fact) for _, fact in profile.facts()}


def test_every_fact_is_described(profile: AppProfile) -> None:
    """The text leaves nothing out that carries a source, and explains each mark."""
    text = squeezed(describe(profile))
    for place, fact in profile.statements():
        if isinstance(fact, Fact) and place != "token.expires":
            assert squeezed(str(fact).replace("**", '"')) in text, place
        assert squeezed(f"[{fact.source}]") in text, place

    for item in profile.contradictions:
        assert squeezed(item.kit) in text
    for mark, words in profile.sources.items():
        assert squeezed(f"[{mark}]{words}") in text


def test_the_description_fits(profile: AppProfile) -> None:
    """No line is wider than 110 columns, none ends in a blank, nothing is invisible."""
    lines = describe(profile).splitlines()

    assert max(map(len, lines)) <= WIDTH
    assert not [line for line in lines if line != line.rstrip()]
    assert "".join(lines).isprintable()


def test_each_step_has_the_tutorials_heading(profile: AppProfile) -> None:
    """A notebook links the tutorial's own step, so each has its heading and anchor."""
    assert {step.notebook for step in profile.tutorial_steps} == set(STEPS)
    assert all(re.fullmatch(r"[a-z0-9-]+", step.anchor) for step in profile.tutorial_steps)


def test_nobody_is_asked_for_global_administrator(profile: AppProfile) -> None:
    """The kit never asks for more than an application administrator (contradiction 8)."""
    assert "Global Administrator" not in [str(role) for role in profile.admin_roles]


def test_suggestions_are_marked_generic(profile: AppProfile) -> None:
    """No tutorial names a source attribute, so each suggestion is Microsoft's general default."""
    assert all(row.generic for row in profile.attributes if row.suggested_source)


def test_active_does_not_come_from_account_enabled(profile: AppProfile) -> None:
    """With accountEnabled behind `active`, taking an assignment away would disable nobody."""
    row = profile.row("active")
    assert row is None or "[IsSoftDeleted]" in row.suggested_source


def test_it_is_frozen(profile: AppProfile) -> None:
    """Nothing changes a profile after it was read."""
    with pytest.raises(ValueError):
        profile.__setattr__("title", "other")


def test_the_catalogue_has_a_row_for_each() -> None:
    """The list of apps shows what there is to load."""
    assert tuple(row.name for row in catalogue()) == names()


def test_oreilly_says_what_its_tutorial_says() -> None:
    """Values of the tutorial of 2023-07-26, copied from it by hand."""
    app = load("oreilly")
    assert app.title == "O'Reilly learning platform" == app.gallery_names[0]
    assert str(app.tutorial.date) == "2023-07-26"
    assert [str(url) for url in app.tenant_url.values] == ["https://api.oreilly.com/api/scim/v2"]
    assert [(row.target, row.type, row.filterable, row.required) for row in app.attributes] == [
        ("userName", "String", True, True),
        ("active", "Boolean", False, False),
        ('emails[type eq "work"].value', "String", False, True),
        ("name.givenName", "String", False, True),
        ("name.familyName", "String", False, True),
        ("externalId", "String", False, True),
    ]
    assert app.matching == ("userName",)
    assert (app.interval.value, app.capabilities.groups.value, app.token.expires.value) == (40, False, "chosen")
    assert str(app.help_contact) == "platform-integration@oreilly.com"
    assert "platform-integration@oreilly.com" in str(app.failure_hint)
    assert app.token.overlap_hours is None
    assert app.uses_seats

    clicks = " ".join(app.token.steps)
    for label in ("Admin", "Integrations", "API tokens", "Create token", "SCIM API", "Continue"):
        assert f"**{label}**" in clicks
    assert {item.number for item in app.contradictions} == {8, 9, 10, 11, 12, 13, 18, 20, None}


def test_oreilly_has_the_labels_of_both_portals() -> None:
    """The mapping's name in the older portal holds the app's name; the newer one has its own."""
    (wording,) = load("oreilly").wordings_for("5b_mapping")
    assert "**Synchronize Microsoft Entra users to O'Reilly learning platform**" in str(wording.old)
    assert "**Attribute Mapping** > **users**" in str(wording.new)


def test_invented_behaviour_stands_in_the_sandbox_table_only(minimal: str) -> None:
    """A profile without [sandbox] loads; the imitation then has defaults."""
    assert parse_profile(minimal, file="acme.toml").sandbox.scim_path == "scim/v2"


def test_the_shipped_files_are_plain_text() -> None:
    """TOML files have no tabs, no trailing blanks, no lines that run out of sight."""
    for path in Path(scimkit.apps.__file__).parent.glob("*.toml"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            assert line == line.rstrip(), f"{path.name}:{number}"
            assert "\t" not in line, f"{path.name}:{number}"
            assert len(line) <= 120 or line.startswith("url = "), f"{path.name}:{number}"


def test_importing_costs_nothing() -> None:
    """`import scimkit.apps` loads no pydantic; the first profile does."""
    code = "import sys, scimkit.apps; scimkit.apps.names(); sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
