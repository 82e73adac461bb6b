"""The tables of a profile: gallery, Tenant URL, token, attributes, decisions …

Each class is one table of the file; its docstring explains the keys. The
file's key is the field's alias if a table is repeated (`[[note]]`, `notes`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StringConstraints, model_validator

from scimkit.apps.facts import (
    NOT_STATED,
    Address,
    Fact,
    Key,
    Line,
    Number,
    Sourced,
    Table,
    YesNo,
    check_address,
    choose,
    read_line,
    refuse,
    repeated,
    shown,
)

Step = Literal[
    "1_plan", "2_token", "3_app", "4_scope", "5a_connection", "5b_mapping", "5c_pilot", "5d_enable", "6_monitor"
]
STEPS: tuple[Step, ...] = (
    "1_plan",
    "2_token",
    "3_app",
    "4_scope",
    "5a_connection",
    "5b_mapping",
    "5c_pilot",
    "5d_enable",
    "6_monitor",
)
"""The journey's notebooks in their usual order."""


class Tutorial(Table):
    """The tutorial this profile starts from, and the newest edition known."""

    title: Line
    date: date
    url: Address | None = None
    newest: Fact | None = None


class Gallery(Table):
    """How the app is added to the tenant.

    names     to search for in the gallery, best first
    added_by  gallery: from its template; sign_up: the vendor's sign-up adds it;
              custom: it has no gallery entry
    """

    names: tuple[Fact, ...] = Field(min_length=1)
    added_by: Literal["gallery", "sign_up", "custom"] = "gallery"
    template: Fact | None = None
    same_app: Fact | None = None


class TenantUrlValue(Fact):
    """One possible Tenant URL. `when` says for whom it is right."""

    when: Line | None = None

    @model_validator(mode="after")
    def _check_address(self) -> TenantUrlValue:
        text = str(self.value)
        check_address(text)
        if "?" in text or "#" in text:
            raise refuse("value", f"{shown(text)} has a query", "an address without ? and #")
        if text.rstrip("/").endswith(("/Users", "/Groups")):
            raise refuse("value", f"{shown(text)} names a resource", "the address above /Users")
        return self


class Placeholder(Table):
    """A part of the Tenant URL that each customer fills in; written `<name>` in the value."""

    name: Key
    label: Line
    note: Fact | None = None


class TenantUrl(Table):
    """The app's SCIM base address.

    kind      fixed: one for everyone; choice: one of several; template: with
              placeholders; console: copied from the app; support: given by the vendor;
              none: the app asks for none
    values    the default first; the others are suggested after a 404
    """

    kind: Literal["fixed", "choice", "template", "console", "support", "none"]
    values: tuple[TenantUrlValue, ...] = ()
    placeholders: tuple[Placeholder, ...] = Field(default=(), alias="placeholder")
    prefilled: StrictBool = False
    optional: StrictBool = False
    example: Fact | None = None
    note: Fact | None = None

    @property
    def placeholder(self) -> str:
        """The name of the first placeholder, "" if there is none."""
        if self.placeholders:
            return self.placeholders[0].name
        return ""

    @model_validator(mode="after")
    def _check_kind(self) -> TenantUrl:
        wanted = {"fixed": (1, 1), "choice": (2, 99), "template": (1, 99)}.get(self.kind, (0, 0))
        if not wanted[0] <= len(self.values) <= wanted[1]:
            words = {(1, 1): "exactly one", (2, 99): "at least two", (1, 99): "at least one", (0, 0): "none"}[wanted]
            raise refuse("values", f"has {len(self.values)} addresses", f'{words} where kind is "{self.kind}"')
        named = {placeholder.name for placeholder in self.placeholders}
        for value in self.values:
            used = set(_placeholders(str(value.value)))
            if used != named:
                raise refuse(
                    "placeholder",
                    f"{shown(value.value)} uses {_listed(used)}, but {_listed(named)} is described",
                    "each <name> of the address described once, and no other",
                )
        return self


def _placeholders(address: str) -> Iterator[str]:
    for part in address.split("<")[1:]:
        yield part.partition(">")[0]


def _listed(words: set[str]) -> str:
    return ", ".join(f"<{word}>" for word in sorted(words)) or "no placeholder"


def _whole(fact: Fact | None) -> int | None:
    if fact is not None and isinstance(fact.value, int):
        return fact.value
    return None


class VendorMail(Table):
    """The mail to a vendor who creates the token or enables SCIM.

    asks   what to ask for, one per line; all of it in one mail
    """

    to: Fact
    subject: Line
    asks: tuple[Line, ...] = Field(min_length=1)


class OtherEdition(Sourced):
    """The same clicks in the words of another edition or of the vendor."""

    title: Line
    steps: tuple[Line, ...] = Field(min_length=1)


class OtherMethod(Sourced):
    """Another way to sign in that the app offers, or has withdrawn."""

    method: Line
    withdrawn: StrictBool = False
    note: Line | None = None


class TokenGuide(Sourced):
    """How to obtain the secret. `source` is that of `steps`.

    label          the vendor's name for it; the portal calls it Secret Token
    method         bearer is what the kit can test; the others are described only
    made_by        admin: in the app; vendor: by its support; system: by a statement or a
                   system account
    expires        chosen: when it is created; fixed: after `lifetime_days`; never
    overlap_hours  how long the old one stays valid after a new one was created
    """

    label: Line
    made_by: Literal["admin", "vendor", "system"]
    steps: tuple[Line, ...] = ()
    method: Literal["bearer", "oauth_code", "oauth_client_credentials", "password"] = "bearer"
    page: Fact | None = None
    expires: Annotated[Fact, choose("chosen", "fixed", "never", NOT_STATED)]
    lifetime_days: Number | None = None
    overlap: Number | None = Field(default=None, alias="overlap_hours")
    shown_once: YesNo | None = None
    permission: Fact | None = None
    other_editions: tuple[OtherEdition, ...] = Field(default=(), alias="other_edition")
    other_methods: tuple[OtherMethod, ...] = Field(default=(), alias="other_method")
    mail: VendorMail | None = None

    @property
    def overlap_hours(self) -> int | None:
        """How many hours an old token stays valid after a new one is created; None if not stated."""
        return _whole(self.overlap)

    @model_validator(mode="after")
    def _check_maker(self) -> TokenGuide:
        if self.made_by == "vendor" and self.mail is None:
            raise refuse("mail", "is missing", 'a [token.mail] if made_by is "vendor"')
        if self.made_by != "vendor" and not self.steps:
            raise refuse("steps", "is missing", f'the clicks, one string each, if made_by is "{self.made_by}"')
        if self.expires.value == "fixed" and self.lifetime_days is None:
            raise refuse("lifetime_days", "is missing", 'the days a token is valid, if expires is "fixed"')
        return self


class Capabilities(Table):
    """What the app does with provisioning. `disable`: disables an account;
    `delete`: removes the record when Entra deletes."""

    create: YesNo
    update: YesNo
    disable: YesNo
    delete: YesNo
    groups: YesNo
    single_sign_on: YesNo


class Prerequisite(Fact):
    """A prerequisite.

    key    stable, used in the codes of checks
    check  role: Graph can tell; ask: only the administrator knows; vendor: the vendor must
           act first
    """

    key: Key
    check: Literal["role", "ask", "vendor"] = "ask"


class AttributeRow(Sourced):
    """One row of the app's attribute table. `source` is that of the table.

    target            SCIM path, as the portal writes it
    type              as in the table
    filterable        whether the app can search by it; None: not stated
    required          whether the app requires it; None: not stated
    suggested_source  an expression of the mapping language, "" if none is known
    generic           the suggestion is Microsoft's default for any SCIM app, not the
                      tutorial's; its mark is the profile's `generic_mark`
    """

    target: Line
    type: Literal["String", "Boolean", "Reference", "Integer", "Decimal", "DateTime", "Binary"]
    filterable: StrictBool | None = None
    required: StrictBool | None = None
    suggested_source: Annotated[str, BeforeValidator(lambda value: value if value == "" else read_line(value))] = ""
    generic: StrictBool = True
    max_length: StrictInt | None = Field(default=None, ge=1)
    forbidden: Line | None = None
    single_valued: StrictBool | None = None
    note: Fact | None = None


class Roles(Table):
    """Which app role an assignment needs.

    rule   any: Default Access is enough; not_default: any role of the app's own; named: one
           of `names`
    """

    rule: Annotated[Fact, choose("any", "not_default", "named", NOT_STATED)]
    names: tuple[Line, ...] = ()
    one_per_user: StrictBool = False
    imported: StrictBool = False
    note: Fact | None = None

    @model_validator(mode="after")
    def _check_names(self) -> Roles:
        if self.rule.value == "named" and not self.names:
            raise refuse("names", "is missing", 'the roles, if rule is "named"')
        return self


class SingleSignOn(Table):
    """Single sign-on beside provisioning. `just_in_time`: accounts are created at sign-in."""

    recommended: YesNo
    required_first: YesNo
    just_in_time: Fact | None = None
    url: Address | None = None


class Seats(Table):
    """Whether an account costs a licence, and what the administrator must do about it."""

    counted: YesNo
    rule: Fact | None = None
    align: Fact | None = None
    auto_assign: Fact | None = None


class Choice(Table):
    """One answer to a decision, and its consequence."""

    value: Key
    label: Line
    consequence: Fact | None = None
    warning: StrictBool = False


class Decision(Sourced):
    """A question `1_plan` asks.

    kind     choice: one of `choices`; number, text: free
    default  the answer in the sandbox, "" if there is none
    """

    key: Key
    question: Line
    kind: Literal["choice", "number", "text"] = "choice"
    why: Line | None = None
    choices: tuple[Choice, ...] = Field(default=(), alias="choice")
    default: Annotated[str, BeforeValidator(lambda value: value if value == "" else read_line(value))] = ""

    @model_validator(mode="after")
    def _check_choices(self) -> Decision:
        values = [choice.value for choice in self.choices]
        if self.kind == "choice" and len(values) < 2:
            raise refuse("choice", f"has {len(values)} answers", 'at least two, if kind is "choice"')
        if self.kind != "choice" and values:
            raise refuse("choice", "does not belong here", f'no answers if kind is "{self.kind}"')
        if twice := repeated(values):
            raise refuse("choice", f'has two answers "{twice}"', "each value once")
        if self.default and values and self.default not in values:
            raise refuse("default", f"{shown(self.default)} is not a possible answer", ", ".join(values))
        if self.kind == "number" and self.default and not self.default.isdecimal():
            raise refuse("default", f"{shown(self.default)} is not a number", 'digits in quotes, "40"')
        return self


class Note(Fact):
    """A note for the administrator at one step.

    kind  instruction: to do; advice: good to know; warning: may do harm; check: what the
          kit checks for this app; follow_up: to do later
    """

    step: Step
    kind: Literal["instruction", "advice", "warning", "check", "follow_up"]


class Contradiction(Table):
    """Where sources disagree or are wrong, and what the kit does about it.

    number  in the project's list of known faults; left out for one that is not in it
    """

    number: StrictInt | None = Field(default=None, ge=1)
    where: Line
    fault: Line
    kit: Line


class TutorialStep(Table):
    """The tutorial's own heading for a notebook. `anchor`: the part after # in its address."""

    notebook: Step
    heading: Line
    anchor: Line


class Wording(Table):
    """The app's own labels in the portal, in both of its generations."""

    step: Step
    what: Line
    old: Fact | None = None
    new: Fact | None = None

    @model_validator(mode="after")
    def _check_any(self) -> Wording:
        if self.old is None and self.new is None:
            raise refuse("old", "is missing", "the old wording, the new one, or both")
        return self


class Link(Sourced):
    """Further reading for a step."""

    step: Step
    title: Line
    url: Address


class VendorError(Sourced):
    """An error code of the app's own."""

    code: Line
    meaning: Line
    remedy: Line | None = None


class Change(Sourced):
    """A line in the change log of a tutorial or of the app's connector."""

    day: date
    text: Line


class SandboxTable(Table):
    """How the sandbox imitates this app. Everything here is invented; the documented
    attributes, filters and required values come from the attribute table.

    scim_path        below the vendor's address, without slashes at its ends
    template_id      of the synchronization template
    gallery_name     its name in the gallery there; left out: the first of `gallery.names`
    roles            app roles of a new enterprise app; Default Access needs no naming
    targets          the user attributes of the imitation if no table is published, of
                     Microsoft's default ones; left out: all of these
    requires         targets the imitation requires beyond the documented ones
    filterable       targets it can search by beyond the documented ones
    unique           targets no two accounts may share
    tolerant         accepts Entra's older dialect: operations with a capital
                     letter, "True" and "False" as strings
    on_delete        remove the record, disable it, or refuse
    seats            accounts that may be active at once; left out: no limit
    existing_people  accounts that exist before the first cycle
    token_days       how long a token is valid; left out: for ever
    """

    scim_path: Annotated[Line, StringConstraints(pattern=r"^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$")] = "scim/v2"
    template_id: Key = "scim"
    gallery_name: Line | None = None
    roles: tuple[Line, ...] = ("User", "msiam_access")
    targets: tuple[Line, ...] = ()
    requires: tuple[Line, ...] = ()
    filterable: tuple[Line, ...] = ()
    unique: tuple[Line, ...] = ("userName",)
    tolerant: StrictBool = True
    on_delete: Literal["remove", "disable", "refuse"] = "remove"
    seats: StrictInt | None = Field(default=None, ge=1)
    existing_people: StrictInt = Field(default=0, ge=0)
    token_days: StrictInt | None = Field(default=None, ge=1)
