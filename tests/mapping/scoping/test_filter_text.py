"""Scoping filters typed as one line: read, printed back, and refused with the place."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimkit.errors import MappingError
from scimkit.mapping import Clause, ExpressionError, ScopingFilter, UnfilterableAttribute
from scimkit.mapping.scoping.filter_text import print_filters, read_filter_text
from scimkit.mapping.scoping.filters import OPERATORS, UNARY


def groups(text):
    found = []
    for each in read_filter_text(text):
        found.append([(clause.attribute, clause.operator, clause.value) for clause in each.clauses])
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "department EQUALS Engineering AND jobTitle IS NOT NULL",
            [[("department", "EQUALS", "Engineering"), ("jobTitle", "IS NOT NULL", None)]],
        ),
        (
            "department NOT EQUALS Sales OR department IS NULL",
            [[("department", "NOT EQUALS", "Sales")], [("department", "IS NULL", None)]],
        ),
        (
            "a EQUALS x AND b EQUALS y OR c IS TRUE",
            [[("a", "EQUALS", "x"), ("b", "EQUALS", "y")], [("c", "IS TRUE", None)]],
        ),
        ('department EQUALS "R AND D"', [[("department", "EQUALS", "R AND D")]]),
        ('displayName Includes "say ""hello"""', [[("displayName", "Includes", 'say "hello"')]]),
        ("  department   equals   New York  ", [[("department", "EQUALS", "New York")]]),
        ("department EQUALS Research and Development", [[("department", "EQUALS", "Research and Development")]]),
        (
            r"userPrincipalName REGEX MATCH ^.*\@contoso\.example$",
            [[("userPrincipalName", "REGEX MATCH", r"^.*\@contoso\.example$")]],
        ),
        ("employeeId greater than or equals 7", [[("employeeId", "Greater_Than_OR_EQUALS", "7")]]),
        ("department & Sales and more", [[("department", "&", "Sales and more")]]),
        ("department !& Sales", [[("department", "!&", "Sales")]]),
        ("", []),
        (" \n ", []),
    ],
)
def test_what_is_read(text, expected):
    """AND joins clauses, OR joins filters; quotes keep a value together; operators in any case."""
    assert groups(text) == expected


@pytest.mark.parametrize(
    ("text", "position", "message", "remedy"),
    [
        ("department", 10, "an operator is missing", "EQUALS"),
        ("department EQAULS Sales", 11, "no operator 'EQAULS'", "Did you mean EQUALS"),
        ("department NOT EQUAL Sales", 11, "no operator 'NOT'", "Did you mean NOT EQUALS"),
        ("department = Sales", 11, "no operator '='", "Did you mean EQUALS"),
        ("department starts with S", 11, "no operator 'starts'", "Did you mean REGEX MATCH"),
        ("department EQUALS", 17, "EQUALS has no value", "value to compare"),
        ("department EQUALS AND jobTitle IS NULL", 18, "no value", "value to compare"),
        ("department IS NULL Sales", 19, "'Sales' was found where", "capitals"),
        ('department EQUALS "Sales', 18, "not closed", "double"),
        ('department EQUALS "Sales" please', 26, "'please' was found where", "capitals"),
        ("department EQUALS Sales and jobTitle IS NULL", 24, "'and' could either join", "AND in capitals"),
        ("department IS NULL OR", 21, "an attribute is missing", "A clause is"),
        ("AND", 3, "operator is missing", "EQUALS"),
        ("(department IS NULL)", 0, "cannot contain brackets", "OR between"),
        ("[department] IS NULL", 0, "cannot contain brackets", "only the attribute's name"),
    ],
)
def test_what_cannot_be_read(text, position, message, remedy):
    """The place, what is wrong there, and how to write it."""
    with pytest.raises(ExpressionError, match=message) as caught:
        read_filter_text(text)

    assert caught.value.position == position
    assert remedy in caught.value.remedy
    assert caught.value.pointer().endswith("^")


@pytest.mark.parametrize("text", ["manager IS NOT NULL", "userType EQUALS Guest", "otherMails Includes x"])
def test_what_the_service_does_not_support(text):
    """Attributes that cannot be filtered on are refused while typing."""
    with pytest.raises(UnfilterableAttribute):
        read_filter_text(text)


def test_a_bad_pattern_or_number_is_refused():
    """The clause is checked as one in Entra is."""
    with pytest.raises(MappingError, match="whole number"):
        read_filter_text("employeeId Greater_Than many")
    with pytest.raises(MappingError):
        read_filter_text("department REGEX MATCH (")


def test_a_pattern_only_dotnet_runs_can_be_read():
    """It is no mistake of the filter: whoever judges by it says what is not known."""
    [found] = read_filter_text("department REGEX MATCH ^[a-z-[aeiou]]+$")
    assert found.clauses[0].value == "^[a-z-[aeiou]]+$"


NAMES = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12).filter(
    lambda n: n.lower() not in ("and", "or", "manager", "members", "usertype")
)
VALUES = st.text(string.printable + "äß漢", max_size=20)


@st.composite
def clauses(draw):
    operator = draw(st.sampled_from([o for o in OPERATORS if "REGEX" not in o and "Greater" not in o]))
    return Clause(draw(NAMES), operator, None if operator in UNARY else draw(VALUES))


@given(st.lists(st.lists(clauses(), min_size=1, max_size=3), min_size=1, max_size=3))
def test_print_and_read_are_inverse(made):
    """What is printed reads as the same clauses, whatever stands in a value."""
    filters = [ScopingFilter("any", tuple(each)) for each in made]
    try:
        read = read_filter_text(print_filters(filters))
    except UnfilterableAttribute:
        return
    assert [each.clauses for each in read] == [each.clauses for each in filters]


@given(st.text(string.ascii_letters + ' "()&!_', max_size=60))
def test_any_text_is_read_or_refused(text):
    """Nothing but a MappingError comes out of nonsense."""
    try:
        read_filter_text(text)
    except MappingError as error:
        assert error.remedy
