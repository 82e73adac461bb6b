"""`AppProfile`: one app, and the rules between the parts of its file.

`facts` defines statements, `parts` the tables. Nothing in a profile
changes after it is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from scimkit.apps.facts import Fact, Key, Line, Number, Sourced, Table, refuse, repeated, shown
from scimkit.apps.parts import (
    STEPS,
    AttributeRow,
    Capabilities,
    Change,
    Contradiction,
    Decision,
    Gallery,
    Link,
    Note,
    Prerequisite,
    Roles,
    SandboxTable,
    Seats,
    SingleSignOn,
    Step,
    TenantUrl,
    TokenGuide,
    Tutorial,
    TutorialStep,
    VendorError,
    Wording,
)


def _check_sources(value: Any) -> Any:
    for mark in value if isinstance(value, dict) else ():
        if mark != mark.strip() or "," in mark or not mark:
            raise refuse(mark, "is not a mark", "a short name without commas")
    return value


CAPABILITY_WORDS = {
    "create": "creates accounts",
    "update": "updates accounts",
    "disable": "disables accounts",
    "delete": "deletes accounts",
    "groups": "takes groups",
    "single_sign_on": "single sign-on",
}


class AppProfile(Table):
    """One app: everything the journey must know before it changes anything.

    Attributes are named as the steps use them; tables that a file repeats
    (`[[note]]`) are tuples with plural names here (`notes`).
    """

    name: Annotated[Key, StringConstraints(max_length=40)]
    title: Line
    description: Line
    default_source: Line = Field(description="the mark of [sources] for every bare value")
    generic_mark: Line | None = None
    sources: Annotated[dict[str, Line], BeforeValidator(_check_sources)]
    attributes_status: Literal["published", "not published"]
    matching: tuple[Line, ...] = Field(description="target attributes in order of precedence; [] if not published")
    matching_note: Fact | None = None

    tutorial: Tutorial
    protocol: Fact
    gallery: Gallery
    tenant_url: TenantUrl
    token: TokenGuide
    capabilities: Capabilities
    admin_roles: tuple[Fact, ...] = Field(min_length=1)
    prerequisites: tuple[Prerequisite, ...] = Field(default=(), alias="prerequisite")
    attributes: tuple[AttributeRow, ...] = Field(default=(), alias="attribute")
    group_attributes: tuple[AttributeRow, ...] = Field(default=(), alias="group_attribute")
    roles: Roles
    single_sign_on: SingleSignOn
    seats: Seats
    interval_minutes: Number
    notification_recipient: Fact | None = None
    help_contact: Fact = Field(description='the contact, or "not stated"')
    failure_hint: Fact = Field(description='what the tutorial advises when Test Connection fails, or "not stated"')
    plans: tuple[Fact, ...] = ()
    limits: tuple[Fact, ...] = ()

    decisions: tuple[Decision, ...] = Field(default=(), alias="decision")
    notes: tuple[Note, ...] = Field(default=(), alias="note")
    contradictions: tuple[Contradiction, ...] = Field(default=(), alias="contradiction")
    tutorial_steps: tuple[TutorialStep, ...] = Field(default=(), alias="tutorial_step")
    wordings: tuple[Wording, ...] = Field(default=(), alias="wording")
    links: tuple[Link, ...] = Field(default=(), alias="link")
    vendor_errors: tuple[VendorError, ...] = Field(default=(), alias="vendor_error")
    changes: tuple[Change, ...] = Field(default=(), alias="change")
    journey_order: tuple[Step, ...] = STEPS
    sandbox: SandboxTable = SandboxTable()

    # -- what steps ask for -----------------------------------------------------

    @property
    def gallery_names(self) -> tuple[str, ...]:
        """Names to search for in the gallery, best first."""
        return tuple(str(fact.value) for fact in self.gallery.names)

    @property
    def interval(self) -> Fact:
        """The approximate minutes between two cycles; the job's own schedule wins."""
        return self.interval_minutes

    @property
    def follow_ups(self) -> tuple[Note, ...]:
        """What remains to do after the journey."""
        return tuple(note for note in self.notes if note.kind == "follow_up")

    @property
    def required_targets(self) -> tuple[str, ...]:
        """User attributes the app's documentation calls required."""
        return tuple(row.target for row in self.attributes if row.required)

    @property
    def filterable_targets(self) -> tuple[str, ...]:
        """User attributes by which the app can be searched, according to its documentation."""
        return tuple(row.target for row in self.attributes if row.filterable)

    def row(self, target: str) -> AttributeRow | None:
        """The row of a user attribute, or None if the app's table has none."""
        return next((row for row in self.attributes if row.target.lower() == target.lower()), None)

    def notes_for(self, step: str) -> tuple[Note, ...]:
        """The notes for the administrator at that step, in the file's order."""
        return tuple(note for note in self.notes if note.step == step)

    def wordings_for(self, step: str) -> tuple[Wording, ...]:
        return tuple(wording for wording in self.wordings if wording.step == step)

    def links_for(self, step: str) -> tuple[Link, ...]:
        return tuple(link for link in self.links if link.step == step)

    def tutorial_step(self, step: str) -> TutorialStep | None:
        return next((item for item in self.tutorial_steps if item.notebook == step), None)

    @property
    def uses_seats(self) -> bool:
        """Whether an account is known to cost a licence."""
        return self.seats.counted.value is True

    def facts(self) -> tuple[tuple[str, Fact], ...]:
        """The facts an administrator decides by, with a label each, in the order in which
        they are needed. Every unconfirmed fact of the profile is among them.
        """
        named = [(label, fact) for label, fact in _named_facts(self) if fact is not None]
        seen = {id(fact) for _, fact in named}
        doubtful = [(place, fact) for place, fact in self.statements() if isinstance(fact, Fact) and not fact.confirmed]
        return tuple(named + [(place, fact) for place, fact in doubtful if id(fact) not in seen])

    def statements(self) -> Iterator[tuple[str, Sourced]]:
        """Everything that has a source mark, with its dotted place in the file."""
        yield from _walk(self, "")

    # -- what must agree between the parts ---------------------------------------

    @model_validator(mode="after")
    def _check_whole(self) -> AppProfile:
        for key in ("default_source", "generic_mark"):
            mark = getattr(self, key)
            if mark and mark not in self.sources:
                raise refuse(key, f"{shown(mark)} is not declared", ", ".join(self.sources))
        self._check_attributes()
        self._check_unique()
        self._check_order()
        return self

    def _check_attributes(self) -> None:
        targets = [row.target for row in self.attributes]
        if self.attributes_status == "published" and not targets:
            raise refuse("attribute", "is missing", '[[attribute]] rows, or attributes_status = "not published"')
        if self.attributes_status == "not published" and targets:
            raise refuse("attributes_status", "does not fit", '"published", because there are [[attribute]] rows')
        for target in self.matching:
            row = self.row(target)
            if targets and row is None:
                raise refuse("matching", f"{shown(target)} has no [[attribute]] row", ", ".join(targets))
            if row is not None and row.filterable is False:
                raise refuse("matching", f"{shown(target)} cannot be filtered", ", ".join(self.filterable_targets))
        if targets and not self.matching:
            raise refuse("matching", "is empty", ", ".join(self.filterable_targets or targets))
        if any(row.suggested_source and row.generic for row in self._all_rows()) and not self.generic_mark:
            raise refuse("generic_mark", "is missing", "the mark of [sources] for the generic suggestions")
        if targets and self.sandbox.targets:
            raise refuse("sandbox.targets", "does not fit", "none, because there are [[attribute]] rows")
        if self.group_attributes and self.capabilities.groups.value is False:
            raise refuse("group_attribute", "does not fit", "none, because capabilities.groups is false")

    def _all_rows(self) -> tuple[AttributeRow, ...]:
        return self.attributes + self.group_attributes

    def _check_unique(self) -> None:
        lists: dict[str, list[str]] = {
            "attribute": [row.target.lower() for row in self.attributes],
            "group_attribute": [row.target.lower() for row in self.group_attributes],
            "decision": [decision.key for decision in self.decisions],
            "prerequisite": [prerequisite.key for prerequisite in self.prerequisites],
            "tutorial_step": [step.notebook for step in self.tutorial_steps],
            "contradiction": [str(item.number) for item in self.contradictions if item.number],
            "matching": list(self.matching),
        }
        for key, values in lists.items():
            if twice := repeated(values):
                raise refuse(key, f'has "{twice}" twice', "each once")

    def _check_order(self) -> None:
        if sorted(self.journey_order) != sorted(STEPS):
            raise refuse("journey_order", "does not name each step once", ", ".join(STEPS))
        places: dict[str, int] = {step: self.journey_order.index(step) for step in STEPS}
        fixed = ("1_plan", "3_app", "4_scope", "5a_connection", "5b_mapping", "5c_pilot", "5d_enable", "6_monitor")
        for earlier, later in pairwise(fixed):
            if places[earlier] > places[later]:
                raise refuse("journey_order", f"has {later} before {earlier}", ", ".join(STEPS))
        if places["2_token"] > places["5a_connection"]:
            raise refuse("journey_order", "has 5a_connection before 2_token", ", ".join(STEPS))


def _walk(value: Any, place: str) -> Iterator[tuple[str, Sourced]]:
    if isinstance(value, Sourced):
        yield place, value
    if isinstance(value, Table):
        for key, field in type(value).keys().items():
            name = next(name for name, known in type(value).model_fields.items() if known is field)
            yield from _walk(getattr(value, name), f"{place}.{key}" if place else key)
    elif isinstance(value, tuple):
        for number, item in enumerate(value, start=1):
            yield from _walk(item, f"{place}[{number}]")


def _named_facts(profile: AppProfile) -> Iterator[tuple[str, Fact | None]]:
    for name in profile.gallery.names:
        yield "name in the gallery", name
    yield "protocol", profile.protocol
    for url in profile.tenant_url.values:
        yield "Tenant URL", url
    yield "Tenant URL, note", profile.tenant_url.note
    yield "token page", profile.token.page
    yield "token expires", profile.token.expires
    yield "token is valid for, days", profile.token.lifetime_days
    yield "old token stays valid, hours", profile.token.overlap
    for part, words in CAPABILITY_WORDS.items():
        yield words, getattr(profile.capabilities, part)
    for prerequisite in profile.prerequisites:
        yield "prerequisite", prerequisite
    for role in profile.admin_roles:
        yield "administrator's role", role
    yield "matching", profile.matching_note
    yield "app role needed", profile.roles.rule
    yield "app roles, note", profile.roles.note
    yield "single sign-on required first", profile.single_sign_on.required_first
    yield "accounts created at sign-in", profile.single_sign_on.just_in_time
    yield "an account takes a seat", profile.seats.counted
    yield "seats, rule", profile.seats.rule
    yield "seats, to align", profile.seats.align
    yield "licences assigned automatically", profile.seats.auto_assign
    yield "approximate minutes between two cycles", profile.interval_minutes
    yield "error mails go to", profile.notification_recipient
    yield "when Test Connection fails", profile.failure_hint
    yield "help", profile.help_contact
    for fact in profile.plans:
        yield "plan or edition", fact
    for fact in profile.limits:
        yield "limit", fact
