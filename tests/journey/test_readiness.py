"""Step 1: rights, decisions, seats, and what nobody has confirmed."""

import pytest

from scimkit.errors import ConfigError, Denied, Throttled, Unreachable
from scimkit.evidence.checks import Status
from scimkit.journey.readiness import check_readiness


class SomebodysGraph:
    """Graph's two answers to who is signed in; an exception where it does not answer."""

    def __init__(self, me, roles):
        self._me, self._roles = me, roles

    def me(self):
        if isinstance(self._me, Exception):
            raise self._me
        return self._me

    def directory_roles(self):
        return self._roles


ME = {"userPrincipalName": "me@contoso.example"}


def readiness(office, graph=None, answers=None, **more):
    return check_readiness(office.app, office.tenant, graph or office.graph, answers or {}, **more)


def by_code(record):
    return {check.code: check for check in record.checks}


def test_the_sandbox_administrator_is_ready(office):
    """With nothing answered the profile's defaults hold, and nothing fails."""
    record = readiness(office)

    assert record.administrator == "admin@contoso.example"
    assert not record.deletes_wanted
    assert not [check for check in record.checks if check.status is Status.FAILED]
    assert by_code(record)["plan.rights"].status is Status.PASSED
    assert record.contradictions
    assert record.facts


@pytest.mark.parametrize(
    ("me", "roles", "status", "words"),
    [
        (ME, ("Cloud Application Administrator", "Global Administrator"), Status.PASSED, "has Cloud"),
        (ME, ("Application Administrator",), Status.PASSED, "has Application"),
        (ME, ("Global Administrator",), Status.WARNING, "more than needed"),
        (ME, ("Teams Administrator",), Status.FAILED, "has none of"),
        (ME, (), Status.FAILED, "has none of"),
        (ME, None, Status.NOT_OBSERVED, "could not be read"),
        (None, None, Status.NOT_OBSERVED, "could not be read"),
        (Unreachable("no route", cause="dns"), None, Status.NOT_OBSERVED, "could not be read"),
        (Throttled("later", retry_after_seconds=5.0), None, Status.NOT_OBSERVED, "could not be read"),
    ],
)
def test_rights(office, me, roles, status, words):
    """Least privilege passes, too much warns, too little fails, and what cannot be read is not called missing."""
    check = by_code(readiness(office, SomebodysGraph(me, roles)))["plan.rights"]
    assert check.status is status
    assert words in check.message


def test_a_refused_sign_in_fails(office):
    """A token that Graph does not accept stops the journey with a remedy."""
    check = by_code(readiness(office, SomebodysGraph(Denied("401", status=401), ())))["plan.sign_in"]
    assert check.status is Status.FAILED
    assert "scimkit.toml" in check.remedy


@pytest.mark.parametrize(("seats", "status"), [(0, Status.WARNING), (200, Status.PASSED)])
def test_seats(office, seats, status):
    """Seats that nobody has noted are a warning, as O'Reilly counts them."""
    record = readiness(office, seats=seats)
    assert by_code(record)["plan.seats"].status is status
    assert record.seats == seats


def test_seats_below_zero_are_refused(office):
    """A number of seats that cannot be is a slip, not a limit."""
    with pytest.raises(ConfigError, match="seats is -5"):
        readiness(office, seats=-5)


def test_decisions_have_consequences(office):
    """Each decision that was answered is one finding; a wanted delete is noted for the mapping review."""
    record = readiness(office, answers={"deletes_wanted": "yes", "single_sign_on": "same_app"})

    assert record.deletes_wanted
    assert {"plan.deletes_wanted", "plan.single_sign_on"} <= set(by_code(record))
    assert all(check.remedy for check in record.checks if check.status is Status.WARNING)


def test_an_answer_that_is_no_choice(office):
    """An answer the profile does not know is refused with those it knows."""
    with pytest.raises(ConfigError, match="deletes_wanted is 'perhaps'") as caught:
        readiness(office, answers={"deletes_wanted": "perhaps"})
    assert "yes" in caught.value.remedy
