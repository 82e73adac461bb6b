"""11,000 random people and groups, and what comes of each: the same before and after a change.

    python -m tests.provisioning.outcomes           says whether the outcomes are those of the digest
    python -m tests.provisioning.outcomes --write   makes the digest anew; only on the state before a change

A scene is one object in one state: mapping, facts, source, scope, link, target and settings. All of it comes
from a number, so the same number is the same scene everywhere. `run_forecast` and `run_provision` are the only
functions that know how the package is called.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

from scimkit import provisioning
from scimkit.errors import ApiError, Denied, Rejected, Throttled, Unreachable
from scimkit.mapping import Clause, ScopingFilter, judge
from scimkit.mapping.rows import MappingRow, ObjectMapping, evaluate_rows
from scimkit.provisioning import Link, Outcome, ScopeDecision, ScopeFacts, TargetFacts, judge_scope
from scimkit.provisioning.default_mapping import DEFAULT_GROUP_MAPPING, DEFAULT_MAPPING
from scimkit.provisioning.kinds import GROUP, USER

DIGEST = Path(__file__).parents[1] / "data" / "outcomes-digest.json"
PEOPLE, GROUPS = 10_000, 1_000
BLOCK = 100
SCENES_OF_A_SETUP = 25
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CUSTOM = "urn:ietf:params:scim:schemas:extension:Contoso:1.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"


@dataclass(frozen=True, eq=False, slots=True)
class Setup:
    """One job: what is the same for some scenes."""

    mapping: ObjectMapping
    facts: TargetFacts


@dataclass(frozen=True, slots=True)
class Scene:
    """One object in one state.

    settings  of the job, by the names of the keyword arguments
    accounts  what the target holds; matches: indexes of those that a query for a matching attribute finds
    faults    method and number of the call, 0 for each, to what is raised
    answers   id that a create gives (None: none), and what a PATCH answers
    """

    setup: Setup
    source: dict[str, Any]
    scope: ScopeDecision
    hard_deleted: bool
    link: Link | None
    peers: frozenset[str]
    references: dict[str, str] | None
    settings: dict[str, Any]
    accounts: tuple[dict[str, Any], ...]
    matches: dict[str, tuple[int, ...]]
    faults: dict[tuple[str, int], ApiError]
    answers: tuple[Any, Any]


# -- the package is called here and nowhere else --------------------------------


def run_forecast(scene: Scene, endpoint: Any, *, steps: bool = True) -> Outcome:
    """What the package foresees for the scene; steps: with those of the log."""
    if hasattr(provisioning, "compile_job"):
        return _job(scene, steps=steps).predict(*_arguments(scene, endpoint), **_keywords(scene))
    rest = {name: value for name, value in scene.settings.items() if name != "members_per_request"}
    return provisioning.forecast(*_old_arguments(scene, endpoint), **_old_keywords(scene), **rest)


def run_provision(scene: Scene, endpoint: Any) -> Outcome:
    """What the package does for the scene."""
    if hasattr(provisioning, "compile_job"):
        return _job(scene).provision(*_arguments(scene, endpoint), **_keywords(scene))
    return provisioning.provision(*_old_arguments(scene, endpoint), **_old_keywords(scene), **scene.settings)


@lru_cache(maxsize=4)
def _compiled(setup: Setup) -> Any:
    return provisioning.compile_job(setup.mapping, setup.facts)


def _job(scene: Scene, *, steps: bool = True) -> Any:
    settings = {name: value for name, value in scene.settings.items() if name != "flag"}
    dialect = provisioning.dialect.dialect_of(scene.settings["flag"])
    return _compiled(scene.setup).under(provisioning.JobSettings(records_steps=steps, dialect=dialect, **settings))


def _arguments(scene: Scene, endpoint: Any) -> tuple[Any, ...]:
    scope = scene.scope
    if scene.hard_deleted:
        scope = replace(scope, facts=replace(scope.facts, gone=True))
    return scene.source, scope, scene.link, endpoint


def _keywords(scene: Scene) -> dict[str, Any]:
    return {"now": NOW, "peers": scene.peers, "references": scene.references}


def _old_arguments(scene: Scene, endpoint: Any) -> tuple[Any, ...]:
    return scene.source, scene.scope, scene.setup.mapping, scene.link, endpoint


def _old_keywords(scene: Scene) -> dict[str, Any]:
    return {**_keywords(scene), "facts": scene.setup.facts, "hard_deleted": scene.hard_deleted}


# -- the target -----------------------------------------------------------------


class Target:
    """An endpoint that answers as the scene says and writes down what it is asked."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.asked = scene, []
        self._calls: Counter[str] = Counter()

    def _hear(self, method: str, *what: Any) -> None:
        self.asked.append(json.loads(canonical([method, *what])))  # as it is now, whatever becomes of it later
        self._calls[method] += 1
        fault = self.scene.faults.get((method, self._calls[method])) or self.scene.faults.get((method, 0))
        if fault is not None:
            raise fault

    def find(self, address: str, attribute: str, value: str, /) -> list[dict[str, Any]]:
        self._hear("find", address, attribute, value)
        return [self.scene.accounts[index] for index in self.scene.matches.get(attribute, ())]

    def read(self, address: str, id: str, /) -> dict[str, Any] | None:
        self._hear("read", address, id)
        return next((account for account in self.scene.accounts if account.get("id") == id), None)

    def create(self, address: str, body: Mapping[str, Any], /) -> dict[str, Any]:
        self._hear("create", address, body)
        identifier = self.scene.answers[0]
        if identifier is None:
            return dict(body)
        return {**body, "id": identifier}

    def patch(self, address: str, id: str, body: Mapping[str, Any], /) -> dict[str, Any] | None:
        self._hear("patch", address, id, body)
        return self.scene.answers[1]

    def delete(self, address: str, id: str, /) -> bool:
        self._hear("delete", address, id)
        return any(account.get("id") == id for account in self.scene.accounts)


# -- fingerprints ---------------------------------------------------------------

DECISION = ("action", "result", "code", "reason", "unresolved", "target_id", "attempted", "left_out", "written")
OUTCOME = ("target_id", "resource", "error_code", "error_text", "reference_code", "quarantine", "requests")
STEP = ("type", "name", "status", "description", "details")


def canonical(value: Any) -> str:
    """JSON whose objects have no order, its lists theirs."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=lambda one: f"{type(one).__name__} {one}")


def _fields(value: Any, names: Iterable[str]) -> list[Any]:
    return [getattr(value, name) for name in names]


def _members(members: Iterable[Any]) -> list[Any]:
    return [[one.source_id, one.target_id] for one in members]


def told(outcome: Outcome) -> dict[str, Any]:
    """Everything an outcome says, by the names its fields had when the digest was made."""
    decision, link, error = outcome.decision, outcome.link, outcome.error
    return {
        "decision": [*_fields(decision, DECISION), decision.log_action, decision.writes],
        "changes": [_fields(one, ("target", "old", "new", "adds")) for one in decision.changes],
        "references": [_fields(one, ("target", "old", "new", "adds")) for one in decision.references],
        "add": _members(decision.add),
        "remove": _members(decision.remove),
        "outcome": [*_fields(outcome, OUTCOME), outcome.result, outcome.action, outcome.modified],
        "link": link and [*_fields(link, ("source_id", "target_id", "managed")), dict(link.members)],
        "steps": [_fields(step, STEP) for step in outcome.steps],
        "redacted": sorted(outcome.redacted),
        "members": [
            [*_members([w.member]), *_fields(w, ("op", "code", "text", "quarantine"))] for w in outcome.members
        ],
        "error": error and [type(error).__name__, str(error), error.status],
    }


def play(scene: Scene) -> tuple[Outcome, str]:
    """The outcome of provisioning, and the text of all that the forecast and it say and ask."""
    texts = []
    for run in (run_forecast, run_provision):
        target = Target(scene)
        outcome = run(scene, target)
        texts.append({**told(outcome), "asked": target.asked})
    return outcome, canonical(texts)


# -- rows -----------------------------------------------------------------------

HOW_TO_APPLY = ("Always",) * 8 + ("ObjectAddOnly", "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly")

USUAL_ROWS = (
    *DEFAULT_MAPPING[1:],
    ("nickName", "[mailNickname]"),
    ("title", 'Coalesce([jobTitle], "none")'),
    ("title", None),
    ("userType", '"Employee"'),
    ("locale", '""'),
    ("timezone", None),
    ("profileUrl", 'Append("https://contoso.example/", [mailNickname])'),
    ("displayName", "PCase([displayName])"),
    ("displayName", "NormalizeDiacritics([displayName])"),
    ("name.honorificPrefix", 'IIF(IsPresent([jobTitle]), "Dr.", "")'),
    ("name.middleName", "Mid([givenName], 2, 3)"),
    ("active", "Not([IsSoftDeleted])"),
    ("active", "[accountEnabled]"),
    ("active", 'IIF([ issoftdeleted ], "False", "True")'),
    ("password", "Redact([employeeId])"),
    (f"{CUSTOM}:secret", 'Redact(Join("-", [employeeId], [surname]))'),
    (f"{CUSTOM}:costCenter", "[extension_abc_cost]"),
    (f"{CUSTOM}:level", "[level]"),
    (f"{CUSTOM}:tags", "[otherMails]"),
    (f"{CUSTOM}:leaving", 'Switch([IsSoftDeleted], "?", "True", "yes", "False", "")'),
    (f"{CORE}:userType", "[employeeType]"),
    (f"{ENTERPRISE}:costCenter", '"4711"'),
    (f"{ENTERPRISE}:division", "IgnoreFlowIfNullOrEmpty([division])"),
    (f"{ENTERPRISE}:organization", 'IIF([department] = "Sales", IgnoreAttributeFlow, [companyName])'),
    ("manager", "[manager]"),
    ("secretary", "[assistant]"),
    ("roles", "AppRoleAssignmentsComplex([appRoleAssignments])"),
    ("roles", "AssertiveAppRoleAssignmentsComplex([appRoleAssignments])"),
    ("roles", "AppRoleAssignments([appRoleAssignments])"),
    ('roles[primary eq "True"].value', "SingleAppRoleAssignment([appRoleAssignments])"),
    ('roles[primary eq "True"].primary', '"True"'),
    ("entitlements", "[otherMails]"),
    ("photos", 'Split([proxyAddresses], ";")'),
    ("groups", "[otherMails]"),
    ("nickNames", "[otherMails]"),
    ('emails[type eq "home"].value', "[otherMails]"),
    ('emails[type eq "other"].value', "Item([otherMails], 1)"),
    ('emails[type eq "work"].primary', '"true"'),
    ('ims[type eq "teams"]', "[mail]"),
    ('x509Certificates[primary eq true].value', "[employeeId]"),
    ("hired", 'FormatDateTime([employeeHireDate], , "yyyy-MM-dd", "dd.MM.yyyy")'),
    ("today", "Now()"),
    ("days", 'DateDiff("d", Now(), CDate([employeeHireDate]))'),
    ("count", "Count([otherMails])"),
    ("raw", "[detail]"),
    ("externalId", "[objectId]"),
    ("EXTERNALID", "ToUpper([objectId])"),
)  # fmt: skip
RARE_ROWS = (
    ("title", 'IIF([department] = "Bots", IgnoreObjectFlow, [jobTitle])'),
    ("nickName", 'Switch([department], IgnoreObjectFlow, "Sales", "s", "Zoë", "z", "", "n")'),
    ("title", "NoSuchFunction([jobTitle])"),
    ("title", "Left([jobTitle"),
    ("nickName", 'Left([displayName], "x")'),
    ("nickName", 'SelectUniqueValue([mail], "b")'),
    ("nickName", "DefaultDomain()"),
    ("active", "CBool([jobTitle])"),
    ("active", 'CBool(Append([IsSoftDeleted], "?"))'),
    ("not readable!", "[mail]"),
    ('emails[type eq "work"', "[mail]"),
    ("name..given", None),
    ("members", "[otherMails]"),
)
PEOPLE_KEYS = ("[userPrincipalName]", "ToLower([userPrincipalName])", "[mail]", "[employeeId]", "[otherMails]")
GROUP_ROWS = (
    *DEFAULT_GROUP_MAPPING[1:],
    ("members", "[members]"),
    ("members", "[members]"),
    ("Members", "[members]"),
    ("members", 'Split([memberText], ";")'),
    ("members", "[description]"),
    ("members", "Left([members], 3)"),
    ("description", "[description]"),
    ("urn:ietf:params:scim:schemas:extension:Contoso:1.0:Group:mail", "[mail]"),
    ("active", "Not([IsSoftDeleted])"),
    ("secret", "Redact([mailNickname])"),
    ("owner", "[owner]"),
    ("tags", "[members]"),
    ("kind", '"Group"'),
    ("kind", None),
    ("hidden", "[mailEnabled]"),
)
RARE_GROUP_ROWS = (
    ("description", "Left([displayName"),
    ("description", 'IIF([mail] = "bots", IgnoreObjectFlow, [description])'),
    ("bad target", "[mail]"),
    ("members", "NoSuchFunction([members])"),
)


def _row(random: Random, target: str, expression: str | None, matching: int = 0) -> MappingRow:
    if expression is None:
        kind = "None"
    elif expression[0] == '"':
        kind = "Constant"
    else:
        kind = "Expression"
    if expression and re.fullmatch(r"\[[^\]]*\]", expression):
        kind = "Direct"
    default = None
    if random.random() < (0.7 if kind == "None" else 0.2):
        default = random.choice(("Default", "", "True", "7"))
    return MappingRow(target, expression, kind, matching, default, random.choice(HOW_TO_APPLY))


def _rows(random: Random, kind: str) -> tuple[MappingRow, ...]:
    """Rows of one mapping, matching ones among them; a target is mapped once, but for very few."""
    people = kind == "people"
    if people:
        usual, rare = (USUAL_ROWS, RARE_ROWS)
    else:
        usual, rare = (GROUP_ROWS, RARE_GROUP_ROWS)
    picked = random.sample(usual, random.randint(1, min(24, len(usual))))
    if people and random.random() < 0.25:
        picked = [*DEFAULT_MAPPING[1:]]
    if not people and random.random() < 0.6:
        picked.insert(0, ("members", "[members]"))
    if random.random() < 0.16:
        picked.insert(random.randrange(len(picked)), random.choice(rare))
    if people:
        first = ("userName", random.choice(PEOPLE_KEYS[:2]))
    else:
        first = ("displayName", "[displayName]")
    rows = [_row(random, *first, matching=random.choice((1, 1, 1, 2)))]
    rows[0] = replace(rows[0], default=None, apply=random.choice(("Always", "Always", "Always", "ObjectAddOnly")))
    if random.random() < 0.4:
        if people:
            second = ('emails[type eq "work"].value', random.choice(PEOPLE_KEYS))
        else:
            second = ("externalId", "[objectId]")
        rows.append(_row(random, *second, matching=random.choice((1, 2, 3))))
    if random.random() < 0.5:
        rows.insert(0, _row(random, *random.choice((USUAL_ROWS[0], ("active", "Not([IsSoftDeleted])")))))
    for target, expression in picked:
        row = _row(random, target, expression)
        once = (target, expression) in rare and random.random() < 0.3
        rows.append(replace(row, apply="ObjectAddOnly") if once else row)
    if random.random() < 0.02:
        return tuple(rows)
    return tuple({row.target.casefold(): row for row in reversed(rows)}.values())[::-1]


def _facts(random: Random, rows: tuple[MappingRow, ...]) -> TargetFacts:
    """What the schema knows of some of the targets."""
    targets = [row.target for row in rows if row.matching == 0 and not row.target.startswith(("not", "name..", "bad"))]
    if not targets or random.random() < 0.4:
        return TargetFacts()
    references = {target: "Reference" for target in targets if target in ("secretary", "owner")}
    types = {target: random.choice(("String", "boolean", "Integer", "DateTime")) for target in targets[::4]}

    def some(share: float) -> frozenset[str]:
        return frozenset(row.target for row in rows if random.random() < share)

    required = some(0.05) | ({"nowhere"} if random.random() < 0.3 else set())
    return TargetFacts(types | references, some(0.3), required, some(0.15))


@lru_cache(maxsize=4)
def setup_of(kind: str, number: int) -> Setup:
    """The job with this number; 0 is the mapping every app begins with."""
    random = Random(f"{kind} setup {number}")
    actions = random.choice(
        (("Add", "Update", "Delete"),) * 16 + (("Add", "Update"), ("Add",), ("Update", "Delete"), ())
    )
    if number == 0:
        if kind == "people":
            named = DEFAULT_MAPPING
        else:
            named = DEFAULT_GROUP_MAPPING
        rows = tuple(MappingRow(target, text, "Expression", int(n == 0)) for n, (target, text) in enumerate(named))
        facts, actions = TargetFacts(), ("Add", "Update", "Delete")
    else:
        rows = _rows(random, kind)
        facts = _facts(random, rows)
    if kind == "people":
        source = random.choice(("User", "User", "user"))
    else:
        source = random.choice(("Group", "group"))
    enabled = number == 0 or random.random() > 0.02
    return Setup(ObjectMapping(kind, source, "", enabled, frozenset(actions), (), rows), facts)


# -- objects --------------------------------------------------------------------

TEXTS = (
    "Ann",
    "ann",
    "O'Neil",
    "Zoë",
    "李雷",
    " ",
    "von der Heide",
    'Say "hi"',
    "a\\b",
    "ÜNAL",
    "True",
    "false",
    "12",
    "x" * 60,
)
MANY = ("a@contoso.example", "B@contoso.example", "ö@fabrikam.example")
ROLES = (
    {"value": "25", "displayName": "Admin"},
    {"value": "26", "displayName": "Zoë's role"},
    {"displayName": "Reader"},
    "Plain",
)
DATES = ("2026-03-09", "2026-03-02T23:30:00Z", "2020-03-16-07:00", "12/24/2025 8:15:00 AM", "never")
SIMPLE = (
    "displayName",
    "jobTitle",
    "mail",
    "preferredLanguage",
    "givenName",
    "surname",
    "physicalDeliveryOfficeName",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "telephoneNumber",
    "mobile",
    "mailNickname",
    "employeeId",
    "division",
    "companyName",
    "employeeType",
    "extension_abc_cost",
    "facsimileTelephoneNumber",
)
DEPARTMENTS = ("Sales", "Sales", "IT", "Bots", "Zoë")
IDS = tuple(f"p{number}" for number in range(8))


def _some(random: Random, values: tuple[Any, ...]) -> list[Any]:
    return random.sample(values, random.randint(0, len(values)))


def _awkward(random: Random) -> Any:
    return random.choice((None, "", [], ["Only"], ["one", "two"], 7, True, {"part": "x"}, 1.5))


def person(random: Random, number: int) -> dict[str, Any]:
    """The source attributes of one person, some of them awkward."""
    name = f"{random.choice(('ann', 'Bob', 'zoë', 'o’hara', 'x'))}.{number}@contoso.example"
    source: dict[str, Any] = {"objectId": f"u{number}", "userPrincipalName": name}
    source |= {key: random.choice(TEXTS) for key in SIMPLE if random.random() < 0.75}
    source |= {key: _awkward(random) for key in SIMPLE if random.random() < 0.02}
    source |= {
        "department": random.choice(DEPARTMENTS),
        "manager": random.choice(IDS),
        "assistant": random.choice(IDS),
        "otherMails": _some(random, MANY),
        "proxyAddresses": random.choice(("smtp:a", "smtp:a;SMTP:b", "")),
        "appRoleAssignments": random.choice(
            (_some(random, ROLES), _some(random, ROLES)[:1], random.choice(ROLES), None)
        ),
        "employeeHireDate": random.choice(DATES[: 4 if random.random() < 0.9 else 5]),
        "accountEnabled": random.random() < 0.8,
        "level": random.choice((1, 2, "3", 4.5)),
        "detail": random.choice(("text", None, 3, False)),
    }
    return _spoiled(random, source, "userPrincipalName")


def group(random: Random, number: int) -> dict[str, Any]:
    """The source attributes of one group."""
    members = random.choice(
        (_some(random, IDS), _some(random, IDS), _some(random, IDS[:3]), [*IDS[:2], IDS[0]], IDS[1])
    )
    source: dict[str, Any] = {
        "objectId": f"g{number}",
        "displayName": f"{random.choice(('Sales', 'Zoë’s', 'IT'))} {number}",
        "description": random.choice(TEXTS),
        "mailNickname": random.choice(TEXTS),
        "mail": random.choice(("bots", "sales", None)),
        "memberText": ";".join(_some(random, IDS)),
        "mailEnabled": random.random() < 0.5,
        "owner": random.choice(IDS),
        "members": members,
    }
    return _spoiled(random, source, "displayName")


def _spoiled(random: Random, source: dict[str, Any], key: str) -> dict[str, Any]:
    """The source with attributes missing or odd, and with or without the computed one."""
    kept = {name: value for name, value in source.items() if name in (key, "objectId") or random.random() < 0.88}
    if random.random() < 0.04:
        kept[key] = random.choice((None, "", [], ["a", "b"], 5))
    if random.random() < 0.02:
        del kept["objectId"]
    soft = random.choice(("absent",) * 8 + (True, False) * 8 + (None, "False"))
    if soft == "absent":
        return kept
    return {"IsSoftDeleted": soft, **kept}


# -- states ---------------------------------------------------------------------

FILTERS = (
    ScopingFilter("Sales", (Clause("department", "EQUALS", "Sales"), Clause("mail", "IS NOT NULL"))),
    ScopingFilter("Named", (Clause("displayName", "REGEX MATCH", "[A-Zä]"),)),
)
FAULTS = (
    *((Rejected, status) for status in (400, 404, 405, 408, 409, 412, 413, 422, 500, 501, 503, 504, 200, None)),
    (Denied, 401), (Denied, 403), (Denied, 401), (Throttled, 429), (Rejected, 400), (Rejected, 404), (Rejected, 409),
    *((Unreachable, cause) for cause in ("timeout", "refused", "tls")),
)  # fmt: skip
METHODS = ("find", "read", "create", "patch", "patch", "delete")
PATH = re.compile(r'(?:(urn:.*):)?([A-Za-z$]\w*)(?:\[(\w+) eq ("?.*?"?)\])?(?:\.(\w+))?')


def _fault(random: Random) -> ApiError:
    kind, what = random.choice(FAULTS)
    if kind is Unreachable:
        return Unreachable(f"no answer: {what}", cause=what)
    return kind(f"the target said {what}, «no»", status=what)  # type: ignore[call-arg]


def _put(account: dict[str, Any], path: str, value: Any) -> None:
    """Write one value of a resource; a path that no connector reads is passed over."""
    found = PATH.fullmatch(path)
    if found is None:
        return
    urn, name, key, wanted, sub = found.groups()
    if urn is None or urn == CORE:
        holder = account
    else:
        holder = account.setdefault(urn, {})
    if key:
        text = json.loads(wanted)
        element = {key: True if text == "True" else text}
        there = holder.get(name)
        element = next(
            (one for one in there or () if isinstance(one, dict) and element.items() <= one.items()), element
        )
        holder[name] = [*(one for one in (there if isinstance(there, list) else ()) if one is not element), element]
        element[sub or "value"] = value
    elif sub:
        holder[name] = {**(holder[name] if isinstance(holder.get(name), dict) else {}), sub: value}
    else:
        holder[name] = value


def _changed(random: Random, value: Any) -> Any:
    """The value as another system may show it: the same, or nearly, or another."""
    other = random.choice(("same", "case", "other", "none", "list", "text", "empty", "fewer", "objects"))
    if other == "case":
        if isinstance(value, str):
            return value.swapcase()
        return value
    if other == "list":
        if isinstance(value, (list, tuple)):
            return value[::-1]
        return [value]
    if other == "fewer":
        if isinstance(value, (list, tuple)):
            return value[1:]
        return value
    if other == "objects" and isinstance(value, (list, tuple)):
        return [{"value": json.dumps(one) if isinstance(one, dict) else one} for one in value] + ["{no json"]
    return {"other": "Other", "none": None, "text": str(value), "empty": ""}.get(other, value)


def account_of(random: Random, wanted: Mapping[str, Any], references: Mapping[str, str], number: int) -> dict[str, Any]:
    """An account in the target, near to what the mapping wants."""
    account: dict[str, Any] = {"schemas": [CORE]}
    share = random.choice((0.0, 0.0, 0.1, 0.4))
    for target, value in wanted.items():
        if target.casefold().endswith("manager") or target in ("secretary", "owner"):
            value = references.get(str(value), "t-else")
            value = random.choice((value, {"value": value}, [{"value": value}]))
        if isinstance(value, list) and len(value) == 1 and random.random() < 0.7:
            if not isinstance(value[0], dict):
                value = value[0]
        if value in ("True", "False") and random.random() < 0.7:
            value = value == "True"
        if random.random() < share / 2:
            continue
        _put(account, target, _changed(random, value) if random.random() < share else value)
    if random.random() < 0.96:
        identifier = f"t{number}"
    else:
        identifier = random.choice((None, "", 7))
    if identifier is None:
        return account
    return {**account, "id": identifier}


def _scope_of(random: Random, source: Mapping[str, Any], kind: str) -> ScopeDecision:
    """In scope for two of three."""
    good = random.random() < 0.7
    texts = {name: value for name, value in source.items() if isinstance(value, str)}
    verdict = None
    if random.random() < 0.2:
        verdict = judge(FILTERS, texts)
    flags = [good or random.random() < 0.6 for _ in range(3)]
    secure = kind == "people" or good or random.random() < 0.7
    if kind == "people":
        object_kind = USER
    else:
        object_kind = GROUP
    facts = ScopeFacts(*flags, filters=verdict, sync_all=random.random() < 0.15, kind=object_kind, secure=secure)
    return judge_scope(facts)


def _settings_of(random: Random, kind: str) -> dict[str, Any]:
    """The job's settings; most are the usual ones."""

    def rarely(share: float) -> bool:
        return random.random() < share

    only = None
    if kind == "groups" and rarely(0.25):
        only = frozenset(_some(random, IDS))
    actions = None
    if rarely(0.1):
        actions = frozenset(_some(random, ("Add", "Update", "Delete")))
    return {
        "actions": actions,
        "skip_out_of_scope": rarely(0.12),
        "soft_deletes": not rarely(0.15),
        "flag": rarely(0.4),
        "on_demand": rarely(0.1),
        "target_system": _target_system(rarely(0.2)),
        "memberships": not rarely(0.15),
        "only_members": only,
        "members_per_request": random.choice((1, 1, 1, 2, 3, 100, 0)),
    }


def _references_of(random: Random) -> dict[str, str] | None:
    """Who is linked and in scope; sometimes two share an account."""
    if random.random() < 0.05:
        return None
    linked = {source_id: f"t-{source_id}" for source_id in IDS if random.random() < 0.7}
    return linked | ({"p3": "t-p2"} if random.random() < 0.3 else {})


def _link_of(random: Random, source: Mapping[str, Any], kind: str) -> Link | None:
    """No link, or one to an account that is there or is not; a group's with the members written so far."""
    if random.random() < 0.46:
        return None
    target_id = "t-gone"
    if random.random() < 0.92:
        target_id = "t0"
    written = {}
    if kind == "groups":
        written = {
            one: f"t-{one}" if random.random() < 0.8 else random.choice(("t-old", "t-p1", "t-p2"))
            for one in IDS
            if random.random() < 0.5
        }
    return Link(str(source.get("objectId") or ""), target_id, random.random() < 0.9, written)


def _matches_of(random: Random, mapping: ObjectMapping) -> dict[str, tuple[int, ...]]:
    """What a query for each matching attribute finds."""
    found: dict[str, tuple[int, ...]] = {}
    for row in mapping.rows:
        if row.matching:
            found[row.target] = random.choice(((),) * 6 + ((0,),) * 4 + ((0, 1),)) if random.random() < 0.9 else (1,)
    return found


def _target_system(other: bool) -> str:
    if other:
        return "Contoso"
    return "customappsso"


def scene_of(kind: str, number: int) -> Scene:
    """The scene with this number."""
    random, setup = Random(f"{kind} {number}"), setup_of(kind, number // SCENES_OF_A_SETUP)
    if kind == "people":
        source = person(random, number)
    else:
        source = group(random, number)
    scope = _scope_of(random, source, kind)
    references = _references_of(random)
    shown = {**source, "IsSoftDeleted": random.random() < 0.35}
    wanted = evaluate_rows(setup.mapping, shown, now=NOW, creating=random.random() < 0.5).values
    accounts = tuple(account_of(random, wanted, references or {}, n) for n in range(2))
    faults = {}
    if random.random() < (0.2 if kind == "people" else 0.35):
        if random.random() < 0.5:
            methods = METHODS
        else:
            methods = ("patch",)
        faults = {(random.choice(methods), random.choice((0, 0, 1, 1, 2, 3))): _fault(random) for _ in range(2)}
    if kind == "groups" and random.random() < 0.08:
        faults["patch", random.choice((1, 2))] = Denied("the token is over", status=401)
    keys = [str(value).swapcase() for row in setup.mapping.rows if row.matching and (value := wanted.get(row.target))]
    peers = frozenset(random.choice((keys[:1], keys[1:])) if random.random() < 0.06 else ["nobody"])
    return Scene(
        setup,
        source,
        scope,
        random.random() < 0.06,
        _link_of(random, source, kind),
        peers,
        references,
        _settings_of(random, kind),
        accounts,
        _matches_of(random, setup.mapping),
        faults,
        (random.choice(("new",) * 30 + (None, "", 7)), random.choice((None, None, {"id": "t0", "patched": True}, {}))),
    )


# -- the digest -----------------------------------------------------------------


@dataclass
class Digest:
    """Of many scenes: a hash of everything, four digits of each scene in blocks, and how often each ending came:
    action, result and code, and apart from them the codes of managers and members."""

    sha256: str
    blocks: list[str]
    endings: dict[str, int]


def numbers(every: int = 1) -> Iterator[tuple[str, int]]:
    """The scenes; `every` leaves all blocks out but each so-many-th."""
    for kind, count in (("people", PEOPLE), ("groups", GROUPS)):
        for number in range(count):
            if number // BLOCK % every == 0:
                yield kind, number


def digest_of(scenes: Iterable[tuple[str, int]]) -> Digest:
    """Play the scenes."""
    whole, blocks, endings = hashlib.sha256(), {}, Counter()
    for kind, number in scenes:
        outcome, text = play(scene_of(kind, number))
        data = text.encode()
        whole.update(data + b"\n")
        name = f"{kind} {number // BLOCK * BLOCK:5}"
        blocks[name] = blocks.get(name, "") + hashlib.sha256(data).hexdigest()[:4]
        endings[f"{outcome.decision.action} {outcome.result} {outcome.error_code or '-'}"] += 1
        if outcome.reference_code:
            endings[f"references {outcome.reference_code}"] += 1
    return Digest(
        whole.hexdigest(), [f"{name}: {text}" for name, text in blocks.items()], dict(sorted(endings.items()))
    )


def kept() -> dict[str, Any]:
    """The digest that stands in the tests' data."""
    return json.loads(DIGEST.read_text(encoding="utf-8"))


def differing(found: Iterable[str], expected: Iterable[str]) -> list[str]:
    """The scenes whose outcome is another, as `people 4711`."""
    there = dict(block.split(": ") for block in expected)
    scenes = []
    for block in found:
        name, digits = block.split(": ")
        kind, first = name.split()
        old = there.get(name, "")
        scenes += [
            f"{kind} {int(first) + at // 4}"
            for at in range(0, len(digits), 4)
            if digits[at : at + 4] != old[at : at + 4]
        ]
    return scenes


def main() -> None:
    """Write the digest, or say which scenes end otherwise."""
    found = digest_of(numbers())
    if "--write" not in sys.argv:
        scenes = differing(found.blocks, kept()["blocks"])
        print(f"{len(scenes)} of {PEOPLE + GROUPS} end otherwise", *scenes[:20])
        return
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    made_with = f"commit {commit}: python -m tests.provisioning.outcomes --write"
    DIGEST.write_text(json.dumps({"made_with": made_with, **asdict(found)}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
