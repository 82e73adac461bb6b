"""What a probe makes is on disk before it is sent, and after a crash it is found and removed: nothing else is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from scimkit.compatibility.cleanup import LEFT, NOT_THERE, REMOVED, RUNNING, clean_up
from scimkit.compatibility.ledger import Ledger, endpoint_of
from scimkit.compatibility.record import LeftBehind
from scimkit.compatibility.test_people import Names
from scimkit.errors import Denied, RunError, Unreachable

pytestmark = pytest.mark.slow  # processes are killed and servers are waited for
NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
NAMES = Names("0a1b2c3d")
ANN, BOB, CREW = NAMES.user_name(1), NAMES.user_name(2), NAMES.group_name(1)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "probes")


def left(ledger, world, *objects):
    """A page as a crashed probe leaves it: (resource type, id, name) in the order in which they were noted."""
    with ledger.open(f"{world.url}?aadOptscim062020", matching="userName", now=NOW) as page:
        for noted in objects:
            page.keep(*noted)


def states(outcomes):
    return {item.name: item.state for item in outcomes}


# -- the ledger ----------------------------------------------------------------------


def test_an_intent_is_on_disk_when_keep_returns(ledger):
    """Whole, readable by another process, and free of whatever stands behind the path of the address."""
    with ledger.open("https://SCIM.example.com/v2/?aadOptscim062020&key=secret", matching="userName", now=NOW) as page:
        page.keep("Users", "", ANN)
        (path,) = ledger.store.folder.glob("*.json")

        kept = json.loads(path.read_text(encoding="utf-8"))

        assert kept["endpoint"] == "https://scim.example.com/v2"
        assert kept["entries"] == [{"resource_type": "Users", "names": [ANN], "id": ""}]

        page.keep("Users", "4711", ANN)
        assert json.loads(path.read_text(encoding="utf-8"))["entries"] == [
            {"resource_type": "Users", "names": [ANN], "id": "4711"}
        ]
    assert "secret" not in "".join(path.read_text(encoding="utf-8") for path in ledger.store.folder.iterdir())


def test_a_rename_adds_a_name_and_a_second_creation_an_object(ledger):
    """Both names are looked for afterwards; a duplicate that went through is an object of its own."""
    with ledger.open("https://scim.example.com", matching="userName", now=NOW) as page:
        for noted in (
            ("Users", "", ANN),
            ("Users", "1", ANN),
            ("Users", "1", BOB),
            ("Users", "", ANN),
            ("Groups", "", CREW),
        ):
            page.keep(*noted)
    (page,) = ledger.pages("https://scim.example.com/")
    assert [(e.resource_type, e.id, e.names) for e in page.entries] == [
        ("Users", "1", [ANN, BOB]),
        ("Users", "", [ANN]),
        ("Groups", "", [CREW]),
    ]


def test_a_page_goes_when_nothing_is_left(ledger):
    """A probe that has cleaned up leaves no file; one that could not leaves what it says."""
    with ledger.open("https://scim.example.com", matching="userName", now=NOW) as page:
        page.keep("Users", "", ANN)
        page.keep("Users", "1", ANN)
        page.settle(())
    assert not list(ledger.store.folder.iterdir())

    with ledger.open("https://scim.example.com", matching="userName", now=NOW) as page:
        page.keep("Users", "", ANN)
        page.keep("Users", "", BOB)
        page.settle([LeftBehind("Users", "", BOB)])
    (page,) = ledger.pages("https://scim.example.com")

    assert [entry.names for entry in page.entries] == [[BOB]]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"endpoint": 1}', '{"entries": [{"x": 1}]}'])
def test_a_damaged_page_is_named(ledger, text):
    """With its path, and what to do; nothing is guessed."""
    ledger.store.folder.mkdir()
    (ledger.store.folder / "20260302T091500Z-1a2b.json").write_text(text, encoding="utf-8")

    with pytest.raises(RunError, match="is damaged") as damaged:
        ledger.pages("https://scim.example.com")

    assert damaged.value.remedy


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://scim.example.com/v2", "https://SCIM.example.com/v2/?aadOptscim062020", True),
        ("https://scim.example.com/v2", "https://scim.example.com/V2", False),
        ("https://scim.example.com/v2", "https://scim.example.com:8443/v2", False),
        ("https://scim.example.com/v2", "http://scim.example.com/v2", False),
    ],
)
def test_an_endpoint_is_origin_and_path(one, other, same):
    """A flag makes no other endpoint; another port or path does."""
    assert (endpoint_of(one) == endpoint_of(other)) is same


# -- removing ------------------------------------------------------------------------


@pytest.mark.parametrize("with_ids", [True, False])
def test_what_is_left_is_removed_and_nothing_else(world, ledger, with_ids):
    """By id or by exact name, groups before people; a neighbour whose name only begins like it stays."""
    place = world()
    ids = {ANN: place.make(userName=ANN), BOB: place.make(userName=BOB), CREW: place.make("Groups", displayName=CREW)}
    place.make(userName=f"x{ANN}"), place.make("Groups", displayName=f"{CREW} of somebody else")
    kinds = {ANN: "Users", BOB: "Users", CREW: "Groups"}
    left(ledger, place, *((kinds[name], ids[name] if with_ids else "", name) for name in ids))

    with place.scim() as scim:
        outcomes = clean_up(scim, ledger)

        assert states(outcomes) == {ANN: REMOVED, BOB: REMOVED, CREW: REMOVED}
        assert outcomes[0].resource_type == "Groups"
        assert clean_up(scim, ledger) == ()

    assert place.residue() == [("Groups", f"{CREW} of somebody else"), ("Users", f"x{ANN}")]
    assert not list(ledger.store.folder.iterdir())


def test_what_never_arrived_is_no_residue(world, ledger):
    """An intent whose request was lost: looked for, not there, off the ledger."""
    place = world()
    left(ledger, place, ("Users", "", ANN), ("Groups", "gone", CREW))

    with place.scim() as scim:
        assert states(clean_up(scim, ledger)) == {ANN: NOT_THERE, CREW: NOT_THERE}

    assert not list(ledger.store.folder.iterdir())


def test_both_of_a_pair_of_doubles_go(world, ledger):
    """An endpoint that takes the same person twice holds two of that name."""
    place = world("duplicates_accepted")
    place.make(userName=ANN), place.make(userName=ANN)
    left(ledger, place, ("Users", "", ANN))

    with place.scim() as scim:
        assert states(clean_up(scim, ledger)) == {ANN: REMOVED}

    assert place.residue() == []


def test_an_id_that_has_changed_is_found_by_either_name(world, ledger):
    """Some endpoints give a new id with a new name."""
    place = world()
    place.make(userName=BOB)
    left(ledger, place, ("Users", "", ANN), ("Users", "old-id", ANN), ("Users", "old-id", BOB))

    with place.scim() as scim:
        assert states(clean_up(scim, ledger)) == {BOB: REMOVED}

    assert place.residue() == []


def test_where_the_filter_is_ignored_strangers_stay(world, ledger):
    """The answer to a search is everybody: only who carries the name is removed."""
    place = world("filter_ignored")
    place.make(userName="somebody@contoso.example"), place.make(userName=ANN)
    left(ledger, place, ("Users", "", ANN))

    with place.scim() as scim:
        assert states(clean_up(scim, ledger)) == {ANN: REMOVED}

    assert place.residue() == [("Users", "somebody@contoso.example")]


@pytest.mark.parametrize(
    "defect",
    ["empty_search_404", "lag", "closes_connections", "throttles", "typed_filter_unsupported", "plus_not_decoded"],
)
def test_on_crooked_endpoints(world, ledger, defect):
    """404 for nobody, a moment's delay, a connection that closes, a limit: nothing is left all the same."""
    place = world(defect)
    place.make(userName=ANN), place.make("Groups", displayName=CREW)
    left(ledger, place, ("Users", "", BOB), ("Users", "", ANN), ("Groups", "", CREW))

    with place.scim(wait=lambda seconds: time.sleep(min(seconds, 0.7))) as scim:
        for _ in range(3):  # what the connection cost is done by the next call
            try:
                outcomes = clean_up(scim, ledger)
            except Unreachable:
                continue
            if not any(item.state == LEFT for item in outcomes):
                break

    assert place.residue() == [] or defect == "plus_not_decoded"  # that one cannot be searched at all
    assert bool(place.residue()) == bool(ledger.pages(place.url))


@pytest.mark.parametrize("defect", ["delete_405", "delete_is_soft"])
def test_what_cannot_be_removed_is_said_and_stays_on_the_ledger(world, ledger, defect):
    """In the endpoint's own words, for the administrator to remove by hand."""
    place = world(defect)
    place.make(userName=ANN)
    left(ledger, place, ("Users", "", ANN), ("Users", "", BOB))

    with place.scim(wait=lambda seconds: None) as scim:
        outcomes = clean_up(scim, ledger)

    assert states(outcomes) == {ANN: LEFT, BOB: NOT_THERE}
    assert all(item.said for item in outcomes if item.state == LEFT)
    assert [entry.names for entry in ledger.pages(place.url)[0].entries] == [[ANN]]


def test_a_name_no_probe_gives_is_not_touched(world, ledger):
    """A ledger is a file: whoever writes a stranger into it has no stranger removed."""
    place = world()
    id = place.make(userName="ceo@contoso.example")
    left(ledger, place, ("Users", id, "ceo@contoso.example"))

    with place.scim() as scim:
        assert states(clean_up(scim, ledger)) == {"ceo@contoso.example": LEFT}

    assert place.residue() == [("Users", "ceo@contoso.example")]


def test_a_running_probe_is_left_alone(world, ledger):
    """Its page is locked while it lives; another endpoint's page is not even looked at."""
    place, other = world(), world()
    place.make(userName=ANN), other.make(userName=BOB)
    left(ledger, other, ("Users", "", BOB))

    with ledger.open(place.url, matching="userName", now=NOW) as page, place.scim() as scim:
        page.keep("Users", "", ANN)
        assert [item.state for item in clean_up(scim, ledger)] == [RUNNING]

    assert place.residue() == [("Users", ANN)]
    assert other.residue() == [("Users", BOB)]


def test_a_refused_token_ends_it_and_keeps_the_ledger(world, ledger):
    """Nothing is taken off the page that was not settled."""
    place = world()
    place.make(userName=ANN)
    left(ledger, place, ("Users", "", ANN))
    place.token = "another-token-0123456789"

    with place.scim() as scim, pytest.raises(Denied):
        clean_up(scim, ledger)

    assert [entry.names for entry in ledger.pages(place.url)[0].entries] == [[ANN]]


def test_without_a_ledger_nothing_is_sent(world, tmp_path):
    """A full disk or missing rights: the probe ends before its first creation."""
    from scimkit.compatibility import Terms, probe_compatibility

    place = world()
    ledger = Ledger(tmp_path / "probes")
    with ledger.open(place.url, matching="userName", now=NOW) as page, place.scim() as scim:
        page.ledger = Ledger(tmp_path / "file" / "probes")
        (tmp_path / "file").write_text("in the way", encoding="utf-8")
        with pytest.raises(RunError):
            probe_compatibility(scim, write=True, now=NOW, terms=Terms(keep=page.keep))
    assert place.residue() == []
    assert "POST" not in {entry["method"] for entry in place.state()["log"]}


# -- after kill -9 -------------------------------------------------------------------

PROBE = """
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from scimkit.clients.scim import ScimClient
from scimkit.compatibility import Terms, probe_compatibility
from scimkit.compatibility.ledger import Ledger
from scimkit.credentials import Secret
url, token, folder = sys.argv[1:]
now = datetime.now(UTC)
with ScimClient(url, Secret(token)) as scim, Ledger(Path(folder)).open(url, matching="userName", now=now) as page:
    found = probe_compatibility(scim, write=True, now=now, terms=Terms(keep=page.keep))
    page.settle(found.left_behind)
"""


def crash(place, folder, number, when):
    """Run a probe, kill it while its write `number` hangs, before or after the endpoint did it; whether it got
    there."""
    place.tell("reset")
    place.tell("hold", write=number, when=when)
    probe = subprocess.Popen(
        [sys.executable, "-c", PROBE, place.url, place.token, str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        held = place.held()
    finally:
        os.kill(probe.pid, signal.SIGKILL) if hasattr(signal, "SIGKILL") else probe.kill()
        probe.wait(timeout=20)
        probe.stderr.close()
        place.tell("release")
    return held


def crash_and_clean_up(world, ledger, numbers):
    place = world()
    for number in numbers:
        for when in ("before", "after"):
            assert crash(place, ledger.store.folder, number, when), f"write {number} never came"
            with place.scim(wait=lambda seconds: None) as scim:  # nothing is on its way here: no need to wait for it
                outcomes = clean_up(scim, ledger)
            assert not [item for item in outcomes if item.state == LEFT], (number, when)
            assert place.residue() == [], (number, when)
            assert not list(ledger.store.folder.iterdir()), (number, when)


def count_writes(place, ledger):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, place.url, place.token, str(ledger.store.folder)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert place.residue() == []
    assert not list(ledger.store.folder.iterdir())
    return place.state()["writes"]


@pytest.mark.slow
def test_killed_at_some_writes(world, ledger):
    """At the first creation, early, in the middle and near the end: one clean-up and nothing is left."""
    writes = count_writes(world(), ledger)
    assert writes > 40
    crash_and_clean_up(world, ledger, [1, 2, writes // 2, writes - 3])


@pytest.mark.acceptance
@pytest.mark.parametrize("part", range(8))
def test_killed_at_every_write(world, ledger, part):
    """Wherever it is killed, whether the endpoint had acted or not; every eighth write here."""
    crash_and_clean_up(world, ledger, range(1 + part, count_writes(world(), ledger) + 1, 8))
