"""The review of each app on the sandbox's awkward people: every planted defect, and nothing that is not there.

A plant changes the app's own live schema (or the people, or a decision) and names
the codes that come with it and those that go. What is left over without a plant
stands in BASE with its reason, so a false finding has nowhere to hide.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from scimkit.apps import load
from scimkit.evidence.checks import Status
from scimkit.mapping import parse
from scimkit.mapping.review import Answer, Expectations, MappingReview, Opinion, review_mapping
from scimkit.mapping.rows import read_schema
from scimkit.provisioning.source import source_attributes
from scimkit.sandbox.identity import Ids
from scimkit.sandbox.people import make_people
from scimkit.sandbox.schema import attribute_definition, make_schema, source_tree

APPS = ("oreilly", "linkedin-learning", "cloud-academy", "thrive-lxp", "theorgwiki")
EMAIL = 'emails[type eq "work"].value'
MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"
DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
IDS = Ids(1)
ADA = "admin@contoso.example"

# Without a plant. Reasons: petra's plus sign and lena's #EXT# may break a search; Microsoft's default for
# active is a Switch; the templates allow deletes and nobody wants them; somebody has no job title, mail
# or surname.
BASE: dict[str, set[str]] = {
    # Nora has no mail, Madhuri no surname, the training room neither name: the tutorial requires all three
    "oreilly": {"matching_special", "switch_incremental", "value_missing", "delete_allowed"},
    # the table of LinkedIn has no active, and so no Switch
    "linkedin-learning": {"matching_special", "active_missing", "null_stays", "delete_allowed"},
    # both Annas and Nora have another mail than their user name, and there is no attribute for one
    "cloud-academy": {"matching_special", "switch_incremental", "null_stays", "user_name_not_mail", "delete_allowed"},
    # no source for timezone; no externalId beside the user name
    "thrive-lxp": {"row_missing", "matching_special", "switch_incremental", "null_stays", "renaming", "delete_allowed"},
    # no published table, and /Schemas is not read here
    "theorgwiki": {
        "not_published",
        "discovered",
        "matching_special",
        "switch_incremental",
        "null_stays",
        "delete_allowed",
    },
}
FINE: dict[str, set[str]] = {
    "oreilly": {"rows", "matching", "active"},
    "linkedin-learning": {"rows", "matching", "values", "groups"},
    "cloud-academy": {"rows", "matching", "active", "values"},
    "thrive-lxp": {"matching", "active", "values", "groups"},
    "theorgwiki": {"matching", "active", "values"},
}


def awkward() -> dict[str, dict[str, Any]]:
    """Everybody a job would see, as Graph gives them."""
    everybody = [person for person in make_people(IDS, 20) if person.deleted_utc is None]
    return {
        p.user_principal_name: source_attributes(p.graph(), soft_deleted=False, manager_id=p.manager or None)
        for p in everybody
    }


@dataclass
class Case:
    """One app's review, to be spoilt."""

    app: Any
    schema: dict[str, Any]
    people: dict[str, dict[str, Any]]
    decided: Expectations
    attributes: list[Any]
    opinion: Opinion | None = None
    notes: list[str] = field(default_factory=list)

    def mapping(self, kind: str = "User") -> dict[str, Any]:
        mappings = self.schema["synchronizationRules"][0]["objectMappings"]
        return next(each for each in mappings if each["sourceObjectName"] == kind)

    def row(self, target: str, kind: str = "User") -> dict[str, Any]:
        return next(row for row in self.mapping(kind)["attributeMappings"] if row["targetAttributeName"] == target)

    def described(self) -> dict[str, Any]:
        """The target object of the users' mapping, with its attributes."""
        objects = chain.from_iterable(directory["objects"] for directory in self.schema["directories"])
        name = self.mapping()["targetObjectName"]
        return next(each for each in objects if each["name"] == name)

    def definition(self, target: str) -> dict[str, Any]:
        described = self.described()
        return next(each for each in described["attributes"] if each["name"] == target)

    def source_definition(self, name: str, **more: Any) -> None:
        described = next(o for o in self.schema["directories"][0]["objects"] if o["name"] == "User")
        described["attributes"].append(attribute_definition(name, **more))

    def come_from(self, target: str, expression: str) -> None:
        self.row(target)["source"] = source_of(expression)

    def add(self, target: str, expression: str, kind: str = "String", **more: Any) -> None:
        """A row for a target that neither the table nor the live schema has yet."""
        if target not in [row["targetAttributeName"] for row in self.mapping()["attributeMappings"]]:
            described = self.described()
            if target not in [each["name"] for each in described["attributes"]]:
                described["attributes"].append(attribute_definition(target, kind))
        self.mapping()["attributeMappings"].append(
            {
                "targetAttributeName": target,
                "source": source_of(expression),
                "flowType": "Always",
                "matchingPriority": 0,
                "defaultValue": None,
                **more,
            }
        )

    def drop(self, target: str, kind: str = "User") -> None:
        self.mapping(kind)["attributeMappings"] = [
            row for row in self.mapping(kind)["attributeMappings"] if row["targetAttributeName"] != target
        ]

    def decide(self, **decisions: Any) -> None:
        self.decided = replace(self.decided, **decisions)

    def review(self) -> MappingReview:
        return review_mapping(
            self.attributes, read_schema(self.schema), self.people, decided=self.decided, opinion=self.opinion
        )


def source_of(expression: str) -> dict[str, Any]:
    """As Graph gives it; an expression that cannot be read keeps its text alone."""
    try:
        return source_tree(parse(expression)) | {"expression": expression}
    except Exception:
        return {"type": "Function", "name": "", "expression": expression, "parameters": []}


def case_of(name: str) -> Case:
    app = load(name)
    groups = app.capabilities.groups.value
    decided = Expectations(
        groups if isinstance(groups, bool) else None, False, tuple(row.target for row in app.group_attributes)
    )
    return Case(app, deepcopy(make_schema(IDS, "job", app)), awkward(), decided, list(app.attributes))


def codes(review: MappingReview, *statuses: Status) -> set[str]:
    return {check.code.removeprefix("mapping.") for check in review.checks if check.status in statuses}


def findings(review: MappingReview) -> set[str]:
    return codes(review, Status.FAILED, Status.WARNING, Status.NOT_OBSERVED)


# -- the plants ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Plant:
    """What is spoilt, the one code it is about, what else comes with it, and what no longer shows."""

    code: str
    spoil: Callable[[Case], Any]
    apps: tuple[str, ...] = APPS
    also: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    status: str = "warning"

    def __str__(self) -> str:
        return self.code


WITH_ACTIVE = tuple(app for app in APPS if app != "linkedin-learning")
PUBLISHED = tuple(app for app in APPS if app != "theorgwiki")
BY_USER_NAME = WITH_ACTIVE
WITH_GROUPS = ("linkedin-learning", "thrive-lxp")
WITH_TITLE = ("linkedin-learning", "thrive-lxp", "theorgwiki")
UNTOLD = {"unreadable": 'Join(" ", [givenName', "spelling": "tolower([jobTitle])"}


def give_twin(case: Case) -> None:
    """Ada's twin: another person with the same matching value."""
    case.people["twin@contoso.example"] = {**case.people[ADA], "objectId": "twin"}


def only_ada(case: Case, **values: Any) -> None:
    """Nobody but Ada, so that a plant about values is about hers alone."""
    case.people = {ADA: {**case.people[ADA], **values}}


def roles(case: Case, *held: str) -> None:
    """Everybody with one role of the app, Ada with these."""
    for name, person in case.people.items():
        person["appRoleAssignments"] = list(held) if name == ADA else ["User"]


def title(expression: str) -> Callable[[Case], None]:
    return lambda case: case.come_from("title", expression)


def title_row(**members: Any) -> Callable[[Case], None]:
    return lambda case: case.row("title").update(members)


def answers(*given: tuple[str, tuple[str, ...], str]) -> Opinion:
    return Opinion(
        tuple(
            Answer(target, ADA, read=error != "unread", values=values, error=error) for target, values, error in given
        )
    )


PLANTS = (
    # which rows there are
    Plant(
        "row_missing",
        lambda c: c.drop("name.givenName"),
        ("oreilly",),
        words=("name.givenName", "requires"),
        status="failed",
    ),
    Plant(
        "row_missing",
        lambda c: c.drop("name.givenName"),
        ("cloud-academy", "linkedin-learning"),
        words=("name.givenName",),
    ),
    Plant("row_extra", lambda c: c.add("nickName", "[displayName]"), PUBLISHED, words=("nickName",)),
    Plant(
        "row_twice",
        lambda c: c.add("userName", "[userPrincipalName]"),
        words=("userName is mapped more than once",),
        status="failed",
    ),
    Plant(
        "row_twice",
        lambda c: c.add("title", "[department]"),
        ("theorgwiki",),
        words=("[jobTitle] and [department]",),
        status="failed",
    ),
    Plant("anchor_mapped", lambda c: c.add("id", "[objectId]"), words=("id is mapped",), status="failed"),
    Plant(
        "not_in_schemas",
        lambda c: c.decide(offered=frozenset({"userName", "name", "emails", "active"})),
        ("oreilly",),
        status="ok",
    ),
    Plant(
        "not_in_schemas",
        lambda c: c.decide(offered=frozenset({"userName", "name", "emails"})),
        ("oreilly",),
        words=("active",),
    ),
    Plant("discovered", lambda c: c.decide(offered=frozenset({"userName"})), ("theorgwiki",), words=("displayName",)),
    Plant("not_published", lambda c: None, ("theorgwiki",), words=("no attribute table",)),
    Plant(
        "row_different",
        title("[department]"),
        ("linkedin-learning", "thrive-lxp"),
        words=("[department]", "[jobTitle]", "values differ for admin@"),
    ),
    Plant(
        "row_different", title('Replace([jobTitle], "@@", , , "", , )'), ("thrive-lxp",), words=("values are the same",)
    ),
    Plant(
        "row_different",
        lambda c: c.come_from(
            "active", 'Switch([IsSoftDeleted], , "False", Switch([department], "False", "IT", "True"), "True", "False")'
        ),
        ("oreilly", "thrive-lxp"),
        words=("active comes from", "values differ for grace.oneill@"),
    ),
    Plant(
        "row_different",
        lambda c: c.come_from("active", 'IIF([IsSoftDeleted] = "True", "False", "True")'),
        ("oreilly",),
        gone=("switch_incremental",),
        status="ok",
    ),
    Plant(
        "not_in_schemas",
        lambda c: [
            c.add("name.middleName", "[displayName]"),
            c.decide(
                offered=frozenset(
                    {"userName", "name", "name.givenName", "name.familyName", "emails", "emails.value", "active"}
                )
            ),
        ],
        ("oreilly",),
        ("row_extra",),
        words=("name.middleName",),
    ),
    Plant(
        "not_in_schemas",
        lambda c: [
            c.add("urn:acme:2.0:User:department", "[displayName]"),
            c.decide(offered=frozenset({"userName", "name", "emails", "active", "department", "urn:other:department"})),
        ],
        ("oreilly",),
        ("row_extra",),
        words=("urn:acme:2.0:User:department",),
    ),
    # matching
    Plant(
        "no_matching",
        lambda c: [row.update(matchingPriority=0) for row in c.mapping()["attributeMappings"]],
        gone=("matching_special", "renaming"),
        words=("no row",),
        status="failed",
    ),
    Plant(
        "matching_not_filterable",
        lambda c: c.row("name.givenName").update(matchingPriority=2),
        ("oreilly", "cloud-academy"),
        ("matching_not_unique",),
        words=("name.givenName", "cannot filter"),
        status="failed",
    ),
    Plant(
        "matching_not_stated",
        lambda c: c.add("nickName", "[objectId]", matchingPriority=2),
        ("cloud-academy",),
        ("row_extra",),
        words=("nickName",),
    ),
    Plant(
        "matching_twice",
        lambda c: c.row(EMAIL).update(matchingPriority=1),
        ("theorgwiki",),
        ("matching_not_unique",),
        words=("userName and emails", "precedence 1"),
    ),
    Plant("matching_not_unique", give_twin, words=("admin@contoso.example and twin@contoso.example",), status="failed"),
    Plant(
        "matching_not_unique",
        lambda c: [
            c.come_from("userName", "[mail]"),
            c.people["no.mail@contoso.example"].update(mail="nora@contoso.example"),
        ],
        ("theorgwiki",),
        gone=(),
        words=("anna.schmidt@contoso.example and anna.schmidt2@",),
        status="failed",
    ),
    Plant(
        "matching_no_value",
        lambda c: c.people[ADA].pop("userPrincipalName"),
        ("thrive-lxp",),
        ("null_stays",),
        words=("admin@contoso.example would be skipped",),
        status="failed",
    ),
    Plant(
        "matching_case",
        lambda c: c.definition("userName").update(caseExact=True),
        BY_USER_NAME,
        words=("userName", "Max.Mustermann@"),
    ),
    Plant(
        "matching_special",
        lambda c: c.people[ADA].update(userPrincipalName="ada'lind@contoso.example"),
        ("theorgwiki", "oreilly"),
        words=("('", "admin@"),
    ),
    # leavers
    Plant(
        "active_missing",
        lambda c: c.drop("active"),
        ("oreilly", "cloud-academy", "thrive-lxp"),
        ("row_missing",),
        ("switch_incremental",),
        ("nothing is mapped to active",),
        "failed",
    ),
    Plant(
        "active_missing",
        lambda c: c.drop("active"),
        ("theorgwiki",),
        gone=("switch_incremental",),
        words=("leavers keep their access",),
        status="failed",
    ),
    Plant(
        "active_source",
        lambda c: c.come_from("active", '"True"'),
        WITH_ACTIVE,
        gone=("switch_incremental",),
        words=("IsSoftDeleted",),
        status="failed",
    ),
    Plant(
        "account_enabled",
        lambda c: c.come_from("active", "[accountEnabled]"),
        WITH_ACTIVE,
        gone=("switch_incremental",),
        words=("unassigned",),
        status="failed",
    ),
    Plant(
        "active_reversed",
        lambda c: c.come_from("active", "[IsSoftDeleted]"),
        WITH_ACTIVE,
        gone=("switch_incremental",),
        words=("a leaver would not get False",),
        status="failed",
    ),
    Plant(
        "active_create_only",
        lambda c: c.row("active").update(flowType="ObjectAddOnly"),
        WITH_ACTIVE,
        words=("at creation only",),
        status="failed",
    ),
    # expressions
    Plant(
        "expression_too_long",
        title(f'Join("", [jobTitle], "{"x" * 10_000}")'),
        WITH_TITLE,
        words=("title", "10,0"),
        status="failed",
    ),
    Plant("unreadable", title(UNTOLD["unreadable"]), WITH_TITLE, words=("title",), status="failed"),
    Plant(
        "unknown_attribute",
        title("[jobtitle]"),
        ("theorgwiki",),
        words=("[jobtitle]", "source schema"),
        status="failed",
    ),
    Plant(
        "not_for_scim",
        lambda c: c.add("nickName", "SelectUniqueValue([mailNickname], [displayName])"),
        ("theorgwiki",),
        ("always_fails",),
        words=("SelectUniqueValue",),
        status="failed",
    ),
    Plant("old_function", title('Prepend("x", [jobTitle])'), ("theorgwiki",), gone=(), words=("Prepend",)),
    Plant("spelling", title(UNTOLD["spelling"]), ("theorgwiki",), words=("tolower",)),
    Plant(
        "roles_direct",
        title("[appRoleAssignments]"),
        ("theorgwiki",),
        ("list_value",),
        words=("appRoleAssignments",),
        status="failed",
    ),
    Plant("roles", title("Count([appRoleAssignments])"), ("theorgwiki",), gone=(), words=("appRoleAssignments",)),
    Plant(
        "list_as_text", title('ToLower(Split([jobTitle], " "))'), ("theorgwiki",), ("always_fails",), words=("Split",)
    ),
    Plant(
        "random_matching",
        lambda c: c.come_from("userName", "Guid()"),
        ("theorgwiki",),
        gone=("matching_special",),
        words=("Guid",),
        status="failed",
    ),
    Plant(
        "random_matching",
        lambda c: c.come_from(
            "userName", 'Join("", FormatDateTime(Now(), , "M/d/yyyy h:mm:ss tt", "HHmm"), [userPrincipalName])'
        ),
        ("theorgwiki",),
        words=("no one is ever found again",),
        status="failed",
    ),
    Plant(
        "ignore_nested",
        title("ToLower(IgnoreFlowIfNullOrEmpty([jobTitle]))"),
        ("theorgwiki",),
        gone=(),
        words=("IgnoreFlowIfNullOrEmpty",),
    ),
    Plant(
        "interval",
        title('DateAdd("month", 1, CDate("2026-01-01"))'),
        ("theorgwiki",),
        ("always_fails",),
        words=("month",),
        status="failed",
    ),
    Plant(
        "null_condition", title('IIF(IsPresent([jobTitle]), [jobTitle], "none")'), ("theorgwiki",), words=("condition",)
    ),
    Plant(
        "switch_incremental",
        title('Switch([department], "other", "IT", "i", "Sales", "s")'),
        ("linkedin-learning",),
        ("row_different",),
        words=("title",),
    ),
    Plant(
        "switch_test",
        title('Switch(IsPresent([jobTitle]), "none", "True", "x", "False", "y")'),
        ("theorgwiki",),
        words=("IsPresent",),
    ),
    Plant(
        "switch_reference",
        title('Switch([manager], "a", "b", "c")'),
        ("theorgwiki",),
        ("wrong_type",),
        words=("reference",),
        status="failed",
    ),
    Plant(
        "switch_duplicate",
        title('Switch([department], "a", "IT", "b", "IT", "c")'),
        ("theorgwiki",),
        words=("IT",),
        status="failed",
    ),
    Plant("switch_case", title('Switch([department], "a", "IT", "b", "it", "c")'), ("theorgwiki",), words=("IT", "it")),
    Plant(
        "replace_mode",
        title('Replace([jobTitle], "a", , , , , )'),
        ("theorgwiki",),
        ("always_fails",),
        words=("mode",),
        status="failed",
    ),
    Plant("replace_modes", title('Replace([jobTitle], "a", "b", , "c", , )'), ("theorgwiki",), words=("two modes",)),
    Plant(
        "pattern",
        title('Replace([jobTitle], , "(", , "x", , )'),
        ("theorgwiki",),
        ("always_fails",),
        words=("title",),
        status="failed",
    ),
    Plant(
        "pattern_not_reproduced",
        title('Replace([jobTitle], , "[a-z-[aeiou]]", , "x", , )'),
        ("theorgwiki",),
        ("not_reproduced",),
        words=("class subtraction",),
    ),
    Plant(
        "not_reproduced",
        title('Append("x@", DefaultDomain())'),
        ("theorgwiki",),
        ("old_function",),
        words=("cannot be evaluated here",),
        status="not_observed",
    ),
    Plant("pattern_empty", title('Replace([jobTitle], , "z*", , "x", , )'), ("theorgwiki",), words=("empty string",)),
    Plant(
        "split_delimiter",
        title('Join("-", Split([jobTitle], ", "))'),
        ("theorgwiki",),
        ("empty_text",),
        words=("one character",),
    ),
    # results
    Plant(
        "error",
        title('FormatDateTime([employeeId], , "yyyyMMdd", "yyyy")'),
        ("theorgwiki",),
        words=("title", "admin@"),
        status="failed",
    ),
    Plant(
        "always_fails",
        title('CDate("no date")'),
        ("theorgwiki",),
        words=("title fails for everybody",),
        status="failed",
    ),
    Plant(
        "value_missing",
        lambda c: c.people[ADA].update(mail=None),
        ("oreilly",),
        words=("admin@contoso.example", EMAIL),
        status="failed",
    ),
    Plant(
        "value_missing",
        lambda c: c.people[ADA].pop("userPrincipalName"),
        ("theorgwiki",),
        ("matching_no_value",),
        words=("userName",),
        status="failed",
    ),
    Plant(
        "object_ignored",
        title('IIF([department] = "IT", IgnoreObjectFlow, [jobTitle])'),
        ("theorgwiki",),
        words=("admin@",),
    ),
    Plant("list_value", title("[otherMails]"), ("theorgwiki",), words=("title", "[otherMails]"), status="failed"),
    Plant(
        "list_value",
        title('Split([jobTitle], " ")'),
        ("thrive-lxp", "linkedin-learning"),
        ("row_different",),
        words=("list",),
        status="failed",
    ),
    Plant(
        "list_value",
        lambda c: [only_ada(c, jobTitle=None), c.come_from("title", 'Split([jobTitle], " ")')],
        ("theorgwiki",),
        gone=("matching_special",),
        words=("list",),
        status="failed",
    ),
    Plant(
        "wrong_type",
        lambda c: c.come_from("active", 'Switch([IsSoftDeleted], , "False", "yes", "True", "False")'),
        ("oreilly",),
        ("active_reversed",),
        words=("active is a Boolean", "yes"),
        status="failed",
    ),
    Plant(
        "wrong_type",
        lambda c: c.add("urn:acme:2.0:User:level", "[employeeId]", "Integer"),
        ("theorgwiki",),
        ("null_stays",),
        status="ok",
    ),
    Plant(
        "wrong_type",
        lambda c: c.add("urn:acme:2.0:User:level", "[department]", "Integer"),
        ("theorgwiki",),
        words=("Integer", "whole number"),
        status="failed",
    ),
    Plant(
        "wrong_type",
        lambda c: c.add("urn:acme:2.0:User:share", "[department]", "Decimal"),
        ("theorgwiki",),
        words=("no number",),
        status="failed",
    ),
    Plant(
        "wrong_type",
        lambda c: c.add("urn:acme:2.0:User:since", 'CDate("2026-01-01")', "DateTime"),
        ("theorgwiki",),
        words=("date and time",),
        status="failed",
    ),
    Plant(
        "wrong_type",
        lambda c: c.come_from(MANAGER, "[department]"),
        ("thrive-lxp", "linkedin-learning"),
        ("row_different",),
        words=("reference",),
        status="failed",
    ),
    Plant("wrong_type", title("[manager]"), ("theorgwiki",), words=("reference to another account",), status="failed"),
    Plant(
        "wrong_shape",
        lambda c: c.come_from(EMAIL, "[mailNickname]"),
        ("linkedin-learning", "thrive-lxp"),
        ("row_different",),
        words=(EMAIL, "not an e-mail address"),
    ),
    Plant(
        "wrong_shape",
        lambda c: c.people[ADA].update(preferredLanguage="English"),
        ("thrive-lxp",),
        words=("preferredLanguage", "English"),
    ),
    Plant("wrong_shape", lambda c: c.people[ADA].update(preferredLanguage="en_US"), ("thrive-lxp",), words=("en_US",)),
    Plant(
        "wrong_shape",
        lambda c: c.come_from("preferredLanguage", "[usageLocation]"),
        ("thrive-lxp",),
        ("row_different",),
        words=("preferredLanguage", "DE"),
    ),
    Plant(
        "wrong_shape",
        lambda c: c.add("timezone", '"W. Europe Standard Time"'),
        ("thrive-lxp",),
        gone=("row_missing",),
        words=("timezone", "W. Europe"),
    ),
    Plant(
        "wrong_shape",
        lambda c: c.add("timezone", '"Europe/Berlin"'),
        ("thrive-lxp",),
        gone=("row_missing",),
        status="ok",
    ),
    Plant(
        "value_too_long",
        lambda c: c.attributes.__setitem__(3, c.attributes[3].model_copy(update={"max_length": 3})),
        ("oreilly",),
        words=("3 characters",),
        status="failed",
    ),
    # flow
    Plant("unstable", title("Guid()"), ("theorgwiki",), words=("every cycle",)),
    Plant("unstable", title('Join("", "seen ", Now())'), ("theorgwiki",), words=("every cycle",)),
    Plant("empty_text", title('IIF([department] = "IT", "", [department])'), ("theorgwiki",), words=("empty string",)),
    Plant("default_on_create", title_row(defaultValue="none"), WITH_TITLE, words=("title", "creation only")),
    Plant("create_only", title_row(flowType="ObjectAddOnly"), WITH_TITLE, words=("title", "creation only")),
    Plant("add_only", title_row(flowType="ValueAddOnly"), WITH_TITLE, words=("only adds",)),
    Plant("null_stays", lambda c: c.people[ADA].pop("jobTitle"), WITH_TITLE, words=("title", "admin@")),
    # names
    Plant(
        "user_name_not_mail",
        lambda c: c.people[ADA].update(mail="ada@contoso.example"),
        ("cloud-academy",),
        words=("ada@contoso.example",),
    ),
    Plant(
        "user_name_no_address",
        lambda c: c.come_from("userName", "[mailNickname]"),
        ("cloud-academy",),
        ("row_different",),
        ("user_name_not_mail",),
        ("not an e-mail address",),
    ),
    Plant("renaming", lambda c: None, ("thrive-lxp",), words=("userName",)),
    Plant("sign_in", lambda c: c.decide(single_sign_on="same_app"), words=("not known",), status="not_observed"),
    Plant("sign_in", lambda c: c.decide(single_sign_on="none"), status="ok"),
    Plant(
        "sign_in_differs",
        lambda c: c.decide(single_sign_on="same_app", sign_in_identifier="[mail]"),
        BY_USER_NAME,
        words=("anna.schmidt@", "[mail]"),
    ),
    Plant(
        "sign_in_differs",
        lambda c: c.decide(single_sign_on="same_app", sign_in_identifier="[userPrincipalName]"),
        BY_USER_NAME,
        status="ok",
    ),
    # app roles
    Plant(
        "one_of_several_roles",
        lambda c: [roles(c, "User", "Auditor"), c.come_from("title", "SingleAppRoleAssignment([appRoleAssignments])")],
        ("theorgwiki",),
        words=("title", "admin@contoso.example has several", "not defined"),
    ),
    Plant(
        "one_of_several_roles",
        lambda c: [roles(c, "User"), c.come_from("title", "SingleAppRoleAssignment([appRoleAssignments])")],
        ("theorgwiki",),
        status="ok",
    ),
    Plant(
        "roles_for_everybody",
        lambda c: [
            roles(c, "User"),
            c.decide(everybody=True),
            c.come_from("title", "SingleAppRoleAssignment([appRoleAssignments])"),
        ],
        ("theorgwiki",),
        words=("title", "all users and groups"),
        status="failed",
    ),
    Plant(
        "roles_for_everybody_open",
        lambda c: [
            roles(c, "User"),
            c.decide(everybody=True),
            c.add("roles", "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])"),
        ],
        ("theorgwiki",),
        words=("roles", "not settled"),
    ),
    # groups
    Plant(
        "groups_on",
        lambda c: c.schema["synchronizationRules"][0]["objectMappings"].append(
            deepcopy(case_of("thrive-lxp").mapping("Group"))
        ),
        ("oreilly", "cloud-academy"),
        words=("quarantine",),
        status="failed",
    ),
    Plant(
        "groups_not_stated",
        lambda c: c.schema["synchronizationRules"][0]["objectMappings"].append(
            deepcopy(case_of("thrive-lxp").mapping("Group"))
        ),
        ("theorgwiki",),
        words=("not stated",),
        status="not_observed",
    ),
    Plant("groups_off", lambda c: c.mapping("Group").update(enabled=False), WITH_GROUPS, words=("switched off",)),
    Plant(
        "group_row_missing",
        lambda c: c.drop("members", "Group"),
        WITH_GROUPS,
        words=("group mapping has no row for members",),
    ),
    Plant(
        "groups_no_matching",
        lambda c: [row.update(matchingPriority=0) for row in c.mapping("Group")["attributeMappings"]],
        WITH_GROUPS,
        status="failed",
    ),
    Plant(
        "groups_not_filterable",
        lambda c: [
            c.row("displayName", "Group").update(matchingPriority=0),
            c.row("externalId", "Group").update(matchingPriority=1),
            c.decide(group_filterable=("displayName",)),
        ],
        WITH_GROUPS,
        words=("only by displayName",),
        status="failed",
    ),
    Plant(
        "switch_duplicate",
        lambda c: c.row("externalId", "Group").update(
            source=source_of('Switch([displayName], "a", "b", "c", "b", "d")')
        ),
        WITH_GROUPS,
        ("switch_incremental",),
        words=("externalId of groups",),
        status="failed",
    ),
    # actions
    Plant("users_off", lambda c: c.mapping().update(enabled=False), words=("no one is provisioned",), status="failed"),
    Plant("create_not_allowed", lambda c: c.mapping().update(flowTypes="Update,Delete"), words=("create",)),
    Plant("update_not_allowed", lambda c: c.mapping().update(flowTypes="Add,Delete"), words=("leavers",)),
    Plant("delete_allowed", lambda c: None, words=("step 1",)),
    Plant(
        "delete_allowed", lambda c: c.mapping().update(flowTypes="Add, Update"), gone=("delete_allowed",), status="ok"
    ),
    Plant(
        "delete_not_allowed",
        lambda c: [c.mapping().update(flowTypes="Add, Update"), c.decide(deletes=True)],
        gone=("delete_allowed",),
        words=("not allowed to delete",),
    ),
    # Microsoft's word
    Plant(
        "microsoft_disagrees",
        lambda c: setattr(c, "opinion", answers(("active", ("False",), ""))),
        WITH_ACTIVE,
        words=("Microsoft returns False, scimkit True",),
    ),
    Plant(
        "microsoft_refuses",
        lambda c: setattr(c, "opinion", answers(("active", (), "unread"))),
        WITH_ACTIVE,
        ("error",),
        words=("cannot read the expression of active",),
        status="failed",
    ),
    Plant(
        "microsoft",
        lambda c: setattr(c, "opinion", Opinion((), "Graph refused", "Grant it.")),
        words=("Graph refused",),
        status="not_observed",
    ),
)
PLANTED = list(chain.from_iterable(zip(plant.apps, repeat(plant)) for plant in PLANTS))


@pytest.mark.parametrize("app", APPS)
def test_nothing_false_without_a_plant(app: str) -> None:
    """Only what these awkward people and the app's own table give, each with its reason in BASE."""
    review = case_of(app).review()
    assert findings(review) == BASE[app]
    assert codes(review, Status.PASSED) >= FINE[app]


@pytest.mark.parametrize("app", APPS)
def test_ordinary_people_leave_what_the_schema_leaves(app: str) -> None:
    """For Ada, who has everything, no finding is about a person."""
    case = case_of(app)
    only_ada(case)

    about_people = {"matching_special", "value_missing", "null_stays", "user_name_not_mail"}

    assert findings(case.review()) == BASE[app] - about_people


@pytest.mark.parametrize(("app", "plant"), PLANTED, ids=[f"{app}-{plant}" for app, plant in PLANTED])
def test_every_plant_is_found(app: str, plant: Plant) -> None:
    """Its code with its words, what comes with it, and nothing else."""
    case = case_of(app)
    plant.spoil(case)
    review = case.review()
    base = (BASE[app] | set(plant.also)) - set(plant.gone)

    if plant.status == "ok":
        assert findings(review) == base
        return

    assert findings(review) == base | {plant.code}

    told = [check for check in review.checks if check.code == f"mapping.{plant.code}" and check.status == plant.status]
    saying = told

    for word in plant.words:
        saying = [check for check in saying if word in check.message]

    assert saying, [str(check) for check in told]
    assert all(check.remedy for check in told)


def test_every_code_is_planted() -> None:
    """The table covers all the codes there are: those written in the review, and those of `lint`."""
    from scimkit.mapping import review

    folder = Path(review.__file__).parent
    written = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    own = set(re.findall(r'(?:failed|warning|not_observed)\(\s*"mapping\.(\w+)"', written)) | set(
        re.findall(r'code = [^\n]*"mapping\.(\w+)"', written)
    )
    lint = (folder.parent / "findings.py").read_text(encoding="utf-8")
    of_lint = set(re.findall(r'Finding\(\s*"expression\.(\w+)"', lint))
    of_lint -= {"random_always"}  # `flow` evaluates twice instead
    assert len(own) > 40
    assert len(of_lint) > 15
    assert own | of_lint == {plant.code for plant in PLANTS}


@pytest.mark.parametrize("app", APPS)
def test_each_finding_says_how_sure_it_is(app: str) -> None:
    """Documented, seen in the field, or (unconfirmed), and where."""
    for plant in PLANTS:
        if app in plant.apps:
            case = case_of(app)
            plant.spoil(case)
            for check in case.review().checks:
                assert re.match(r"(documented|seen|\(unconfirmed\)): \S", check.source), check


# -- equivalence, and what the rows show -------------------------------------------------


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        ("[jobTitle]", "[jobTitle]"),
        (' mid( [jobTitle] ,1,"5") ', 'Mid([jobTitle], "1", 5)'),
        ('Replace([jobTitle], "-", , , "_")', 'Replace([jobTitle], "-", , , "_", , )'),
        ("Not([accountEnabled])", 'Switch([accountEnabled], , "True", "False", "False", "True")'),
    ],
)
def test_an_equivalent_expression_is_not_different(live: str, expected: str) -> None:
    """Spelling, blanks, quoted numbers and trailing commas mean nothing; booleans are compared by all their values."""
    case = case_of("thrive-lxp")
    place = next(n for n, row in enumerate(case.attributes) if row.target == "title")
    case.attributes[place] = case.attributes[place].model_copy(update={"suggested_source": expected})

    case.come_from("title", live)

    assert "row_different" not in findings(case.review())


def test_the_rows_carry_type_default_and_masked_values() -> None:
    """Direct, Constant and Expression; a value that goes through Redact is shown to nobody."""
    case = case_of("thrive-lxp")
    case.come_from("title", "Redact([jobTitle])")
    case.come_from("preferredLanguage", '"en-US"')
    case.row("preferredLanguage")["defaultValue"] = "de-DE"

    rows = {row.target: row for row in case.review().rows}

    assert [rows[t].kind for t in ("userName", "preferredLanguage", "active", "timezone")] == [
        "Direct",
        "Constant",
        "Expression",
        "",
    ]
    assert rows["title"].values[ADA] == "[Redact]"
    assert rows["preferredLanguage"].default == "de-DE"


@pytest.mark.parametrize("app", ["theorgwiki", "cloud-academy"])
def test_what_is_redacted_is_in_no_finding(app: str) -> None:
    """The two Annas have one address: that they do is said, the address is not."""
    case = case_of(app)
    case.come_from("userName", "Redact([mail])")

    review = case.review()

    assert "matching_not_unique" in findings(review)

    told = [check.message.partition("their mail is")[0] for check in review.checks]  # their mail is a row of its own
    assert not [text for text in told if " a.schmidt@" in text]


def test_microsofts_answer_stands() -> None:
    """It is what the row shows and what every other finding goes by; ours is kept beside it."""
    case = case_of("oreilly")
    only_ada(case)

    case.come_from("name.familyName", 'IIF(IsPresent([otherMails]), [surname], "")')

    assert "value_missing" in findings(case.review())

    case.opinion = answers(("name.familyName", ("Lind",), ""), ("active", ("True",), ""))
    review = case.review()

    assert "value_missing" not in findings(review)
    assert "microsoft_disagrees" in findings(review)

    row = next(row for row in review.rows if row.target == "name.familyName")
    assert row.values[ADA] == "Lind"

    (replaced,) = review.overruled
    assert (replaced.target, replaced.values[ADA]) == ("name.familyName", "(no value)")


@pytest.mark.parametrize(
    ("theirs", "codes_of_microsoft"), [((), {"microsoft_agrees"}), (("Boss",), {"microsoft_disagrees"})]
)
def test_a_default_is_no_other_answer(theirs: tuple[str, ...], codes_of_microsoft: set[str]) -> None:
    """An expression that gives nothing gives nothing to both sides, also where the row has a default for it."""
    case = case_of("theorgwiki")
    only_ada(case, jobTitle=None)
    case.come_from("title", "ToUpper([jobTitle])")
    case.row("title")["defaultValue"] = "none"
    case.opinion = answers(("title", theirs, ""))

    review = case.review()

    assert {
        check.code.removeprefix("mapping.") for check in review.checks if "microsoft" in check.code
    } == codes_of_microsoft
    assert next(row for row in review.rows if row.target == "title").values[ADA] == (theirs or ("none",))[0]


@pytest.mark.parametrize(
    ("expression", "values", "agrees"),
    [
        ("Not([IsSoftDeleted])", ("true",), True),
        ("Join(\"\", [state])", (), True),
        ("Split([displayName], \" \")", ("Ada", "Lind"), True),
        ("Split([displayName], \" \")", ("Ada Lind",), False),
        ("Now()", ("whenever",), True),
        ("Redact([surname])", ("[Redact]",), True),
        ("ToLower([surname])", ("LIND",), False),
    ],
)  # fmt: skip
def test_what_counts_as_the_same_answer(expression: str, values: tuple[str, ...], agrees: bool) -> None:
    """Booleans without case, null and empty alike, lists item by item; what cannot be compared is not held against
    anybody."""
    case = case_of("theorgwiki")
    case.come_from("title", expression)

    case.opinion = answers(("title", values, ""))

    assert ("microsoft_disagrees" not in findings(case.review())) is agrees
    assert ("microsoft_agrees" in codes(case.review(), Status.PASSED)) is agrees
