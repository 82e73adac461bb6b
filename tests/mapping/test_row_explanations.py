"""One row for one person: which row and person are taken, and what is said where there is none."""

import pytest

from scimkit.errors import MappingError
from scimkit.mapping.row_explanations import explain_row
from scimkit.mapping.rows import MappingRow, ObjectMapping

PEOPLE = {"ann@x": {"givenName": "Ann", "mail": "ann@x"}, "bo@x": {"givenName": "Bo"}}
ROWS = (
    MappingRow("userName", "[mail]", "Direct", matching=1),
    MappingRow("title", None, "None"),
    MappingRow("nickName", "ToUpper([givenName])", "Expression"),
)
LIVE = (ObjectMapping("Users", "User", "User", True, frozenset(), (), ROWS),)


@pytest.mark.parametrize(
    ("target", "person", "value"),
    [("", "", "ANN"), ("nickName", "bo@x", "BO"), ("userName", "ann@x", "ann@x"), ("userName", "bo@x", None)],
)
def test_the_row_and_the_person(target, person, value):
    """Without a choice the first expression, for the first person."""
    assert explain_row(LIVE, PEOPLE, target, person).value == value


@pytest.mark.parametrize(
    ("target", "person", "words"),
    [("nickname", "", "nickName"), ("title", "", "Give one of"), ("", "cy@x", "ann@x, bo@x")],
)
def test_what_is_not_there_is_named(target, person, words):
    with pytest.raises(MappingError) as caught:
        explain_row(LIVE, PEOPLE, target, person)
    assert words in caught.value.remedy


def test_without_people_or_rows():
    """Nobody chosen, nothing mapped: a sentence each."""
    with pytest.raises(MappingError, match="no name"):
        explain_row(LIVE, {})
    with pytest.raises(MappingError, match="no row with a source"):
        explain_row((), PEOPLE)
