"""A forecast glances at most values of an account; what it takes for equal, the careful comparison does too."""

from __future__ import annotations

from itertools import chain
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scimkit.provisioning import TargetFacts, differences
from scimkit.provisioning.differences import Differences
from scimkit.provisioning.targets import CORE_USER, ENTERPRISE_USER, MANAGER

CUSTOM = "urn:custom:2.0:User"
PATHS = (
    "userName",
    "active",
    "title",
    "name.givenName",
    'emails[type eq "work"].value',
    'emails[type eq "home"].primary',
    'roles[primary eq "True"].value',
    "emails",
    f"{CORE_USER}:nickName",
    f"{ENTERPRISE_USER}:department",
    f"{CUSTOM}:level",
    f"{CUSTOM}:name.part",
    f"{CUSTOM}:lead",
    MANAGER,
)
FACTS = TargetFacts(
    types={f"{CUSTOM}:level": "Integer", "title": "Boolean", f"{CUSTOM}:lead": "Reference"},
    exact=frozenset({"userName"}),
)
TEXTS = st.sampled_from(["", "a", "A", "True", "true", "False", "7", "07"])
PLAIN = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(0, 7), st.just([]), st.lists(TEXTS, max_size=2))
WANTED = st.one_of(TEXTS, st.none(), st.booleans(), st.integers(0, 7), st.lists(TEXTS, max_size=2))


def objects(*names: str) -> Any:
    """Objects with some of these names, in either case, and any plain value."""
    either = list(chain.from_iterable((name, name.upper()) for name in names))
    return st.dictionaries(st.sampled_from(either), PLAIN, max_size=4)


ELEMENTS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {},
            optional={
                "type": st.sampled_from(["work", "WORK", "home", 5]),
                "TYPE": st.sampled_from(["work", "home"]),
                "primary": st.sampled_from([True, False, "True", "false"]),
                "value": PLAIN,
                "VALUE": TEXTS,
            },
        ),
        TEXTS,
    ),
    max_size=3,
)
PARTS = {
    "name": st.one_of(objects("givenName"), TEXTS),
    "NAME": objects("givenName"),
    "emails": st.one_of(ELEMENTS, TEXTS),
    "roles": ELEMENTS,
    ENTERPRISE_USER: st.one_of(
        objects("department", "manager"),
        st.fixed_dictionaries({"manager": st.one_of(objects("value"), st.lists(objects("value"), max_size=1))}),
    ),
    CUSTOM: st.one_of(objects("level", "lead"), st.fixed_dictionaries({"name": objects("part")})),
    CUSTOM.upper(): objects("level"),
}
PLAINS = dict.fromkeys(("userName", "USERNAME", "active", "ACTIVE", "title", "nickName"), PLAIN)
ACCOUNTS = st.fixed_dictionaries({}, optional={**PLAINS, **PARTS})


@settings(max_examples=200)
@given(account=ACCOUNTS, values=st.dictionaries(st.sampled_from(PATHS), WANTED))
def test_a_glance_overlooks_nothing(account: dict[str, Any], values: dict[str, Any]) -> None:
    """The same changes in the same order, as where nothing is known of the targets beforehand."""
    compiled = Differences(dict.fromkeys(PATHS, "Always"), FACTS)
    assert compiled.between(values, account) == differences(values, account, facts=FACTS)


TYPED = ('emails[type eq "work"].value', 'emails[type eq "Work"].value', 'emails[primary eq "True"].value')
USUAL = st.fixed_dictionaries({"type": st.sampled_from(["work", "Work", "home"]), "value": st.sampled_from(["a", "b"])})
ODD = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["work", "Work", "WORK", "home", 5]),
        "TYPE": st.just("work"),
        "primary": st.sampled_from([True, False, "True", "true", 1]),
        "value": st.sampled_from(["a", "b"]),
    },
)


@settings(max_examples=300)
@given(items=st.lists(st.one_of(USUAL, ODD), max_size=3), value=st.sampled_from(["a", "b"]))
def test_a_glance_finds_the_element_that_is_meant(items: list[dict[str, Any]], value: str) -> None:
    """The first that matches in any case, as the careful reading does."""
    compiled, account = Differences(dict.fromkeys(TYPED, "Always")), {"emails": items}
    for path in TYPED:
        assert compiled.between({path: value}, account) == differences({path: value}, account)


def test_most_of_an_account_needs_a_glance_only() -> None:
    """Every form of target is known at sight, but for numbers and what stands deeper than two names."""
    account = {
        "userName": "a",
        "active": True,
        "name": {"givenName": "a"},
        "emails": [{"type": "home", "primary": False}, {"type": "work", "value": "a"}],
        "roles": [{"primary": True, "value": "a"}],
        "nickName": "a",
        ENTERPRISE_USER: {"department": "a", "manager": {"value": "a"}},
        CUSTOM: {"level": 7, "name": {"part": "a"}, "lead": "a"},
    }
    seen = {path: FACTS.rule(path).glance(account) for path in PATHS if path != "emails"}
    blind = dict.fromkeys(("title", f"{CUSTOM}:level", f"{CUSTOM}:name.part"))

    texts = {"active": "True", 'emails[type eq "home"].primary': "False"}

    assert seen == dict.fromkeys(seen, "a") | texts | blind
