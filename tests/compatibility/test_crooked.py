"""The probe against a server that is right, and against one with each known defect: one cause told, the right
verdict."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from scimkit.compatibility import Terms, default_mapped, probe_compatibility
from tests.compatibility.crooked.defects import DEFECTS, HARMLESS
from tests.compatibility.expected import EXPECTED, FAILS, TIMELY, WORKS, WORKS_IF

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
UNREMOVABLE = ("delete_405", "delete_is_soft", "inactive_hidden")  # who is hidden cannot be deleted either
FLAG = "?aadOptscim062020"


def probe(place, flag="", write=True, **options):
    with place.scim(flag) as scim:
        return probe_compatibility(scim, write=write, now=NOW, **options)


def causes(found):
    return {finding.cause.removeprefix("compat.") for finding in found.findings}


def breaking(found):
    """Causes that count for the dialect in force."""
    own = ("both", "aadOptscim062020" if found.flag else "default")
    return {
        finding.cause.removeprefix("compat.")
        for finding in found.findings
        if finding.breaks != "advice" and set(own) & set(finding.dialects)
    }


def told(found):
    return "\n".join(
        [found.sentence, *(f"{f.breaks} {f.cause}: {f.sent} -> {f.got}; explains {f.explains}" for f in found.findings)]
    )


@pytest.fixture(scope="module")
def plain(world):
    """What the probe says of the server that is right, and what it left there."""
    place = world()
    stranger = place.make(userName="somebody@contoso.example")
    found = probe(place)
    return found, place, stranger


# -- the server that is right --------------------------------------------------------


def test_a_right_server_works(plain):
    """No finding at all; at least sixty checks, all of them reached and met, in both dialects and for both kinds of
    people."""
    found, _, _ = plain

    assert found.verdict == WORKS, told(found)
    assert not found.findings, told(found)
    assert len({row.code for row in found.rows}) >= 60
    assert {row.dialect for row in found.rows} == {"default", "aadOptscim062020", "both"}
    assert {"full", "sparse"} <= {row.people for row in found.rows}
    assert not [row for row in found.rows if row.outcome not in ("passed", "not_observed")], told(found)


def test_who_was_there_is_there_unchanged(plain):
    """Nothing but the probe's own people and groups is touched, and none of these is left."""
    found, place, stranger = plain
    assert place.residue() == [("Users", "somebody@contoso.example")]
    assert not found.left_behind

    written = [entry for entry in place.state()["log"] if entry["method"] not in ("GET", "POST")]
    assert written
    assert not [entry for entry in written if stranger in entry["path"]]


def test_what_it_makes_is_recognisable(plain):
    """Names say what they are, and addresses are in example.com."""
    _, place, _ = plain
    made = [
        entry["body"]
        for entry in place.state()["log"]
        if entry["method"] == "POST" and "somebody@contoso" not in entry["body"]
    ]

    assert made
    assert all("scimkit" in body for body in made)
    assert all("contoso" not in body for body in made)


def test_without_write_only_reading(world):
    """GET and nothing else; nothing speaks against it, and what was not asked is not claimed."""
    place = world()
    found = probe(place, write=False)

    assert {entry["method"] for entry in place.state()["log"]} == {"GET"}
    assert found.verdict == "unknown", told(found)
    assert not found.written, told(found)
    assert not breaking(found), told(found)
    assert {row.outcome for row in found.rows} == {"passed", "not_observed"}


# -- each defect ---------------------------------------------------------------------


def test_the_table_is_whole():
    """Every defect has its row, and there are many."""
    assert set(DEFECTS) == set(EXPECTED) | set(TIMELY)
    assert len(DEFECTS) >= 35


@pytest.mark.slow
@pytest.mark.parametrize("defect", EXPECTED)
def test_each_defect_is_its_cause_and_nothing_else(world, defect):
    """Exactly the causes of the table, the verdict of the table, within its time, and nothing left."""
    place = world(defect)
    started = time.monotonic()

    found = probe(place, terms=Terms(deadline_seconds=120))

    assert time.monotonic() - started < 130

    verdict, expected = EXPECTED[defect]
    assert (found.verdict, causes(found)) == (verdict, expected), told(found)
    assert sorted((item.resource_type, item.name) for item in found.left_behind) == place.residue(), told(found)
    assert bool(place.residue()) == (defect in UNREMOVABLE)
    for (
        finding
    ) in found.findings:  # what was sent and came back, what it means, who mends it, and what to do until then
        assert finding.sent, finding
        assert finding.got, finding
        assert finding.means, finding
        assert finding.remedy, finding
        assert finding.meanwhile, finding
        assert finding.source, finding
        assert finding.who in ("vendor", "administrator", "both")
        assert "{rows}" not in finding.means + finding.remedy + finding.meanwhile


def test_harmless_is_harmless():
    """Not as wished, and still no reason to wait."""
    assert all(EXPECTED[defect][0] == WORKS for defect in HARMLESS)


@pytest.mark.slow
def test_where_deleting_is_refused_nothing_more_is_made(world):
    """One test person, the one it was tried on; everything else is not reached."""
    place = world("delete_405")
    found = probe(place)

    assert len(place.residue()) == len(found.left_behind) == 1
    assert place.state()["writes"] <= 4
    assert not [
        row
        for row in found.rows
        if row.theme in ("create", "patch", "group", "member")
        and row.outcome in ("passed", "failed")
        and row.code != "group.no_match"
    ]


# -- the same defect for another mapping or flag -------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defect", "verdict", "cause"),
    [
        ("op_exact", WORKS, "op_case"),
        ("string_boolean_refused", WORKS, "boolean_text_refused"),
        ("remove_by_value_refused", WORKS, "member_remove_refused"),
        ("pathless_refused", WORKS_IF, "pathless"),
        ("dotted_keys_literal", WORKS_IF, "pathless_keys"),
        ("remove_by_filter_refused", WORKS_IF, "member_path_remove_refused"),
    ],
)
def test_with_the_flag_the_other_dialect_counts(world, defect, verdict, cause):
    """What only the default dialect meets is advice then, and the other way round."""
    found = probe(world(defect), FLAG)
    assert found.flag, told(found)
    assert (found.verdict, cause in causes(found), cause in breaking(found)) == (
        verdict,
        True,
        verdict != WORKS,
    ), told(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defect", "matching"),
    [("external_id_filter_unsupported", "externalId"), ("typed_filter_unsupported", 'emails[type eq "work"].value')],
)
def test_the_matching_attribute_must_be_searchable(world, defect, matching):
    """What is advice for a mapping that matches by userName fails one that matches by this."""
    found = probe(world(defect), mapping=default_mapped().matched_by(matching))
    assert found.verdict == FAILS, told(found)
    assert breaking(found) == {"matching_not_filterable"}, told(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defect", "dropped"),
    [
        ("manager_string_refused", "manager"),
        ("manager_answered_bare", "manager"),
        ("title_dropped", "title"),
        ("phone_reformatted", "phoneNumbers"),
    ],
)
def test_a_row_that_is_not_mapped_does_not_count(world, defect, dropped):
    """The same endpoint works for a mapping without that row."""
    from dataclasses import replace

    mapped = default_mapped()
    fewer = replace(mapped, users=tuple(row for row in mapped.users if dropped not in row.target))
    found = probe(world(defect), mapping=fewer)
    assert found.verdict == WORKS, told(found)
    assert not breaking(found), told(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "defect", ["no_groups", "remove_member_clears_all", "group_name_filter_unsupported", "group_patch_405"]
)
def test_with_the_group_mapping_off_groups_do_not_count(world, defect):
    """An app without groups is no app that fails."""
    from dataclasses import replace

    found = probe(world(defect), mapping=replace(default_mapped(), groups=()))
    assert found.verdict == WORKS, told(found)


@pytest.mark.slow
def test_two_defects_are_two_findings(world):
    """Neither hides the other."""
    found = probe(world("manager_answered_bare", "remove_member_clears_all"))
    assert breaking(found) == {"manager_answered_bare", "member_remove_clears_all"}, told(found)


# -- it ends -------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("defect", TIMELY)
def test_it_ends_and_cleans_up(world, defect):
    """Slow answers and connections that close: it ends in time, says so, and leaves nothing."""
    place = world(defect)
    started = time.monotonic()

    found = probe(place, terms=Terms(deadline_seconds=8))

    assert time.monotonic() - started < 8 + 60 + 5
    assert found.verdict != WORKS, told(found)
    assert breaking(found), told(found)

    left = {(item.resource_type, item.name) for item in found.left_behind}
    assert set(place.residue()) <= left


@pytest.mark.slow
def test_endless_paging_ends(world):
    """A million results, always the same page."""
    place = world("paging_endless")
    started = time.monotonic()

    found = probe(place)

    assert time.monotonic() - started < 60
    assert place.state()["requests"] < 1000
    assert found.verdict == WORKS
    assert not place.residue()
