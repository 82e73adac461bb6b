"""Where apps go other ways than from the gallery, by userName, with a published table: the decisions behind it."""

from types import SimpleNamespace

import pytest

from scimkit.apps import load
from scimkit.errors import ConfigError, PlanRefused, Waiting
from scimkit.evidence.checks import Status
from scimkit.journey.connection.addresses import alternatives
from scimkit.journey.enterprise_app import find_app, plan_app
from scimkit.journey.readiness import _assumed, _own_answers
from scimkit.journey.scope import Assignment, _check_roles
from scimkit.journey.steps import in_order
from scimkit.mapping.review import Expectations, review_mapping
from scimkit.mapping.rows import read_schema
from scimkit.sandbox.identity import Ids
from scimkit.sandbox.schema import make_schema
from scimkit.tenant import Access, AppValues, Config, Tenant

LIVE = Tenant("contoso", "contoso.example")
WIKI, LINKEDIN = load("theorgwiki"), load("linkedin-learning")


class Directory:
    """A tenant with these enterprise apps; it offers no way to make one."""

    def __init__(self, *principals):
        self.principals = [{"id": str(number), "displayName": name} for number, name in enumerate(principals, start=1)]

    def find_templates(self, name):
        return [{"id": "t", "displayName": name}]

    def find_service_principals(self, *, template_id="", display_name=""):
        return [sp for sp in self.principals if template_id or sp["displayName"] == display_name]

    def jobs(self, sp):
        return []


def plan(directory, adopt=""):
    found = find_app(WIKI, directory, SimpleNamespace(entries=lambda: ()))
    return found, plan_app(WIKI, directory, found, display_name="", adopt=adopt)


def test_nobody_has_signed_up_yet():
    """The run waits, and says how to sign up and where the app is to be found afterwards."""
    with pytest.raises(Waiting, match="signing up at the vendor") as caught:
        plan(Directory())
    assert "sign-up button" in caught.value.remedy
    assert "Object ID" in caught.value.remedy


def test_the_signed_up_app_is_adopted_by_name_only():
    """Found, it is still left alone until it is named; then only its job is missing, and never an app."""
    with pytest.raises(Waiting, match="does not change it until you adopt it") as caught:
        plan(Directory("TheOrgWiki"))
    assert caught.value.settings == {"3_app": {"adopt": "TheOrgWiki"}}
    for name in ("TheOrgWiki", "1"):
        found, changes = plan(Directory("TheOrgWiki"), adopt=name)
        assert [change.object for change in changes] == ["provisioning job of TheOrgWiki"]
        assert found.template == {}
        assert found.ours == frozenset()


def test_two_apps_of_that_name_are_told_apart_by_their_id():
    """The name alone does not do then; a name that nobody has is refused."""
    with pytest.raises(Waiting) as caught:
        plan(Directory("TheOrgWiki", "TheOrgWiki"), adopt="TheOrgWiki")
    assert caught.value.settings == {"3_app": {"adopt": "1"}}
    assert "(2)" in caught.value.message
    assert plan(Directory("TheOrgWiki", "TheOrgWiki"), adopt="2")[1]

    with pytest.raises(PlanRefused, match="is called Wiki"):
        plan(Directory("TheOrgWiki"), adopt="Wiki")


def access(app, **values):
    return Access(LIVE, app, None, step="5a_connection", values=AppValues(**values))


@pytest.mark.parametrize(
    ("values", "entered", "url"),
    [
        ({"subdomain": "test1"}, "", "https://test1.theorgwiki.com/api/v2/scim/v2/"),
        ({"subdomain": " Test1 "}, "", "https://test1.theorgwiki.com/api/v2/scim/v2/"),
        ({}, "test1", "https://test1.theorgwiki.com/api/v2/scim/v2/"),
        ({"subdomain": "other"}, "test1", "https://test1.theorgwiki.com/api/v2/scim/v2/"),
        ({}, "https://test1.theorgwiki.com/api/v2/scim/v2", "https://test1.theorgwiki.com/api/v2/scim/v2/"),
        ({}, "https://test1.theorgwiki.com/api/v2/scim/v2/", "https://test1.theorgwiki.com/api/v2/scim/v2/"),
        ({}, "https://scim.contoso.example/wiki", "https://scim.contoso.example/wiki"),
    ],
)
def test_the_subdomain_is_filled_in(values, entered, url):
    """From scimkit.toml or as entered, alone or in a whole address; the slash at the end is kept, or completed."""
    assert access(WIKI, **values).tenant_url(entered) == url


@pytest.mark.parametrize(
    "entered",
    [
        "test 1",
        "-test",
        "te_st",
        "<subdomain>",
        "https://<subdomain>.theorgwiki.com/api/v2/scim/v2/",
        "https://<TheOrgWiki Subdomain \t\tvalue>.theorgwiki.com/",
    ],
)
def test_no_placeholder_and_no_blank_is_left(entered):
    """What is no subdomain, and an address that is not filled in, is refused with an example."""
    with pytest.raises(ConfigError) as caught:
        access(WIKI).tenant_url(entered)
    assert "test1" in caught.value.remedy


def test_an_unknown_subdomain_is_asked_for():
    """Nothing is made up; and LinkedIn's newer address is taken where none is chosen."""
    with pytest.raises(ConfigError, match="part of it is specific to you") as caught:
        access(WIKI).tenant_url()

    assert "subdomain" in caught.value.remedy
    assert access(LINKEDIN).tenant_url() == "https://api.linkedin.com/scim"
    assert access(LINKEDIN).tenant_url("https://api.linkedin.com") == "https://api.linkedin.com"


def test_each_of_linkedins_addresses_suggests_the_other():
    """Tried where the one in use answers 404."""
    newer, older = "https://api.linkedin.com/scim", "https://api.linkedin.com"
    assert (alternatives(LINKEDIN, newer), alternatives(LINKEDIN, older)) == ((older,), (newer,))
    assert alternatives(WIKI, "https://test1.theorgwiki.com/api/v2/scim/v2/") == ()


def test_whom_to_adopt_without_asking():
    """Live only what scimkit.toml names; in the sandbox what the sign-up has added; never for an app of the gallery."""
    sandbox = Config().tenant("sandbox")

    assert access(WIKI).to_adopt() == ""
    assert access(WIKI, service_principal="Wiki").to_adopt() == "Wiki"
    assert Access(sandbox, WIKI, None, step="3_app").to_adopt() == "TheOrgWiki"
    assert Access(sandbox, LINKEDIN, None, step="3_app").to_adopt() == ""


def review(app, offered=None, drop=()):
    schema = make_schema(Ids(1), "job", app)
    for mapping in schema["synchronizationRules"][0]["objectMappings"]:
        mapping["attributeMappings"] = [
            row for row in mapping["attributeMappings"] if row["targetAttributeName"] not in drop
        ]
    found = review_mapping(app.attributes, read_schema(schema), {}, decided=Expectations(offered=offered))
    return {check.code: check for check in found.checks}


def test_no_active_in_the_apps_own_table_is_a_warning():
    """LinkedIn's table has none; of an app that has one, or that publishes no table, it is asked for."""
    found = review(LINKEDIN)

    assert found["mapping.active_missing"].status is Status.WARNING
    assert "licence" in found["mapping.active_missing"].message
    for app in (load("oreilly"), WIKI):
        assert review(app, drop=("active",))["mapping.active_missing"].status is Status.FAILED


def test_something_else_may_come_from_is_soft_deleted():
    """Then leavers are told to LinkedIn by that row."""
    schema = make_schema(Ids(1), "job", LINKEDIN)
    rows = schema["synchronizationRules"][0]["objectMappings"][-1]["attributeMappings"]
    row = next(row for row in rows if row["targetAttributeName"] == "title")
    row["source"] = {
        "expression": 'IIF([IsSoftDeleted], "left", [jobTitle])',
        "name": "IIF",
        "type": "Function",
        "parameters": [],
    }
    found = review_mapping(LINKEDIN.attributes, read_schema(schema), {}, decided=Expectations())

    (active,) = [check for check in found.checks if check.code == "mapping.active"]

    assert active.status is Status.PASSED
    assert "title" in active.message


@pytest.mark.parametrize(
    ("offered", "status", "words"),
    [
        (None, Status.NOT_OBSERVED, "could not be read"),
        (
            frozenset({"userName", "active", "displayName", "title", "emails", "name", "department", "manager"}),
            Status.PASSED,
            "all 9",
        ),
        (frozenset({"userName", "active", "emails", "name"}), Status.WARNING, "displayName, title, urn:"),
    ],
)
def test_unpublished_rows_are_held_against_schemas(offered, status, words):
    """Discovered, not documented: known to the app, unknown to it, or not read."""
    found = review(WIKI, offered)

    assert found["mapping.not_published"].status is Status.WARNING
    assert found["mapping.discovered"].status is status
    assert words in found["mapping.discovered"].message
    assert "not documented" in found["mapping.matching"].source
    assert "mapping.discovered" not in review(LINKEDIN, offered)


@pytest.mark.parametrize(
    ("app", "role", "code", "status"),
    [
        (LINKEDIN, "User", "scope.role", Status.PASSED),
        (LINKEDIN, "msiam_access", "scope.role", Status.WARNING),
        (LINKEDIN, "Default Access", "scope.default_access", Status.WARNING),
        (WIKI, "Default Access", "scope.default_access", Status.WARNING),
    ],
)
def test_roles_are_recommended_and_block_nobody(app, role, code, status):
    """The named role where there is one; Default Access is a warning that leaves it to the pilot."""
    (check,) = _check_roles(app, [Assignment("1", "Ann", "User", role)])
    assert (check.code, check.status) == (code, status)
    assert status is Status.PASSED or "pilot's scoping step" in check.remedy


def test_wiki_with_a_role_of_its_own():
    """Any role but Default Access will do."""
    assert _check_roles(WIKI, [Assignment("1", "Ann", "User", "Member")]) == ()


def test_own_decisions_of_an_app():
    """Given as key=answer; a key the app does not ask is refused; an unanswered one says what is assumed and what
    follows."""
    assert _own_answers(LINKEDIN, "auto_assign=off, licence_type=Premium") == {
        "auto_assign": "off",
        "licence_type": "Premium",
    }
    assert _own_answers(LINKEDIN, "") == {}

    with pytest.raises(ConfigError, match="does not answer a question about LinkedIn Learning"):
        _own_answers(LINKEDIN, "colour=red")
    question = next(decision for decision in LINKEDIN.decisions if decision.key == "auto_assign")

    check = _assumed(question, "on")

    assert "assumed: Yes" in check.message
    assert "auto_assign=on | off" in check.remedy
    assert "licence type" in check.remedy


def test_the_order_of_the_steps():
    """As the profile wants it, each step whole."""
    assert [step.name for step in in_order(WIKI.journey_order)][:3] == ["1_plan", "3_app", "2_token"]
    assert [step.records for step in in_order(WIKI.journey_order)][1] == ("EnterpriseApp",)


def test_the_next_notebook_is_the_apps_own_next():
    """What the last cell says."""
    from scimkit.ui.session import Session

    session = object.__new__(Session)
    session.step, session.app = "3_app", WIKI
    session.run = SimpleNamespace(set_step=lambda *_, **__: None, has=lambda *_: False)
    session.access = SimpleNamespace(close=lambda: None)
    assert str(session.close(SimpleNamespace(checks=()))) == "3_app is done. Next: 2_token.ipynb"
