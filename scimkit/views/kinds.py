"""How each kind of record reads: its title, its sentence, its tables.

Everything here works on plain data (`values.plain`), the same data that is in a
run folder: a notebook shows a live record and the report shows a stored one in
the same words. A kind without its own description is shown field by field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from scimkit.evidence.counting import count
from scimkit.monitoring.job_status import interval_words
from scimkit.views import mapping_files
from scimkit.views.compatibility_record import describe_compatibility_record
from scimkit.views.document import Block, Cell, CheckList, Pairs, Table, View, check_row
from scimkit.views.mapping_review import describe_explanation, describe_mapping_review, describe_opinion
from scimkit.views.predictions import describe_forecast, describe_pilot, describe_predictions, prediction_table
from scimkit.views.scope import MODES, describe_scope, describe_trial, people_table
from scimkit.views.tables import field, table
from scimkit.views.values import cell, is_fact, is_person, label, phrase, plain, visible

Data = Mapping[str, Any]


def describe(value: Any) -> View:
    """A record, a check, a sequence of either, a profile or any dataclass as a view."""
    if isinstance(value, (list, tuple)):
        return _describe_sequence(value)
    kind = getattr(value, "kind", None)
    if isinstance(kind, str) and kind in DESCRIPTIONS:
        name = kind
    else:
        name = type(value).__name__
    return describe_kind(name, plain(value))


def describe_kind(kind: str, data: Data) -> View:
    """The plain `data` of a record of `kind`; its checks are in `data["checks"]`."""
    if kind == "Check":
        return View("", "", (CheckList((check_row(dict(data)),), title="Check"),))
    title, sentence, blocks = DESCRIPTIONS.get(kind, _anything)(data)
    checks = data.get("checks")
    told = any(isinstance(block, CheckList) for block in blocks)  # a kind that groups its checks itself
    if isinstance(checks, Sequence) and not isinstance(checks, str) and checks and not told:
        blocks = (*blocks, check_list(checks))
    return View(title or _spaced(kind), sentence, tuple(block for block in blocks if _has_content(block)))


def check_list(checks: Sequence[Any], *, title: str = "Checks") -> CheckList:
    return CheckList(tuple(check_row(check) for check in checks), title=title)


def _describe_sequence(values: Sequence[Any]) -> View:
    names = {type(value).__name__ for value in values}
    if names == {"Check"}:
        return View("", "", (check_list(values),))
    items = [plain(value) for value in values]
    name = "Values"
    if len(names) == 1:
        name = names.pop()
    if name in SEQUENCES:
        table = SEQUENCES[name](items)
    else:
        table = _any_table(_spaced(name), items)
    return View("", "", (table,))


def _has_content(block: Block) -> bool:
    return not isinstance(block, Pairs) or bool(block.rows)


def _spaced(name: str) -> str:
    """`PlannedChange` as `Planned change`."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return words[:1].upper() + words[1:]


def _pairs(data: Data, *names: str, code: tuple[str, ...] = (), **labels: str) -> Pairs:
    """The named fields that `data` has; `labels` can give a field another label."""
    return Pairs(
        tuple((labels.get(name, label(name)), cell(data[name], code=name in code)) for name in names if name in data)
    )


# -- the kinds, in the order of the journey ----------------------------------

Description = tuple[str, str, tuple[Block, ...]]


def _place(data: Data) -> str:
    """The tenant, and its environment where that says more than the name."""
    tenant, environment = str(data.get("tenant") or ""), str(data.get("environment") or "")
    if environment and environment != tenant:
        return f"{tenant} ({environment})"
    return tenant


def _readiness(data: Data) -> Description:
    what, where = data.get("title") or data.get("app"), _place(data)
    sentence = f"{what} in {where}, signed in as {data.get('administrator') or 'someone Graph does not name'}."
    decisions = [{"question": question, "answer": answer} for question, answer in (data.get("decisions") or {}).items()]
    facts = table(
        "What is known",
        {
            "fact": field("label"),
            "value": lambda f: Cell(phrase(f.get("value")), unconfirmed=not f.get("confirmed", True)),
            "source": field("source"),
        },
        data.get("facts") or [],
    )
    return (
        "Readiness",
        sentence,
        (
            table(
                "What has been decided",
                {"question": field("question"), "answer": field("answer")},
                decisions,
                empty="nothing",
            ),
            facts,
            contradiction_table(data.get("contradictions") or []),
        ),
    )


def contradiction_table(contradictions: Sequence[Data]) -> Table:
    """Where the sources disagree, and what scimkit does about it."""
    columns = {"where": field("where"), "what is wrong there": field("fault"), "what scimkit does": field("kit")}
    return table("Where the sources disagree", columns, contradictions, empty="no known place")


_MAKERS = {"admin": "an administrator, in the app", "vendor": "the vendor", "system": "a system account"}


def _token_note(data: Data) -> Description:
    overlap = data.get("overlap_hours")
    if overlap is None:
        hours = Cell("not stated")
    else:
        hours = Cell(count(overlap, "hour"))
    maker = _MAKERS.get(str(data.get("made_by")), data.get("made_by"))
    pairs = _pairs(
        {**data, "made_by": maker}, "reference", "made_by", code=("reference",), reference="where it is kept"
    )
    rows = (
        ("expires", cell(data.get("expires"), nothing="no one has recorded when")),
        ("an old one works alongside a new one for", hours),
        ("renew from", cell(data.get("remind_on"))),
    )
    return (
        f"Token: {data.get('label')}",
        "Only the place where it is kept is recorded here, never its value.",
        (Pairs((*pairs.rows, *rows)),),
    )


def _mail_draft(data: Data) -> Description:
    title = f"Mail to {data.get('app')}"
    if not data.get("to"):
        return title, f"None is needed: nothing must be requested from {data.get('app')} for the token.", ()
    body = Cell("\n".join(visible(line) for line in str(data.get("body") or "").rstrip().split("\n")))
    rows = (
        ("to", cell(data["to"])),
        ("subject", cell(data.get("subject"))),
        ("text", body),
        ("source of the address", cell(data.get("source"))),
    )
    return title, "Send this yourself: scimkit sends no mail.", (Pairs(rows),)


def _enterprise_app(data: Data) -> Description:
    made = "existed before and has been adopted"
    if data.get("created"):
        made = "created by this run"
    ids = ("service_principal_id", "application_id", "app_id", "gallery_template_id", "template_id", "job_id")
    roles = table(
        "Roles",
        {"role": field("name"), "enabled": field("enabled"), "id": field("id", code=True)},
        data.get("roles") or [],
    )
    return (
        "Enterprise app",
        f"{data.get('display_name')}: {made}.",
        (_pairs(data, *ids, code=ids, app_id="application (client) id"), roles),
    )


def _candidates(data: Data) -> Description:
    template = data.get("template") or {}
    found = template.get("displayName") or "nothing"
    existing = [
        {"name": sp.get("displayName"), "id": sp.get("id"), "ours": sp.get("id") in (data.get("ours") or [])}
        for sp in data.get("existing") or []
    ]
    columns = {"enterprise app": field("name"), "id": field("id", code=True), "created by this run": field("ours")}
    sentence = f"Searched for {phrase(data.get('searched'))} in the gallery and found {found}."
    if any(check.get("code") == "app.signed_up" for check in data.get("checks") or []):
        sentence = (
            f"Searched for {phrase(data.get('searched'))} among the enterprise apps: signing up at the vendor adds it,"
            " nothing is created here."
        )
        return "Enterprise apps of that name", sentence, (table("There already", columns, existing, empty="none"),)
    return "Enterprise apps created from this gallery entry", sentence, (table("There already", columns, existing),)


# Graph's names of the provisioning settings, by what the portal calls them
_SETTINGS = {
    "BaseAddress": "Tenant URL (BaseAddress)",
    "SecretToken": "secret token (SecretToken)",
    "SyncAll": "scope (SyncAll)",
    "SyncNotificationSettings": "notification and deletion threshold (SyncNotificationSettings)",
}


def _setting(name: Any) -> Any:
    return _SETTINGS.get(str(name), name)


def _connection(data: Data) -> Description:
    data = {**data, "secrets_written": [_setting(name) for name in data.get("secrets_written") or []]}
    names = ("matching", "graph_verdict", "secrets_written", "notification_email", "deletion_threshold")
    pairs = _pairs(
        data,
        *names,
        graph_verdict="Microsoft Graph's verdict",
        secrets_written="settings written",
        matching="matched by",
    )
    return "Connection", f"{data.get('tenant_url')}, with requests as Entra sends them.", (pairs, exchange_table(data))


def exchange_table(data: Data) -> Table:
    """The requests of a connection test and their responses."""
    columns = {
        "sent": field("sent", code=True),
        "status": field("status"),
        "content type": field("media_type"),
        "found": field("found"),
    }
    return table("What was requested and what was returned", columns, data.get("exchanges") or [])


def _change_plan(data: Data) -> Description:
    changes = data.get("changes") or []
    columns = {
        "action": field("action"),
        "on": lambda change: cell(_setting(change.get("object"))),
        "before": field("before"),
        "after": field("after"),
    }
    where = _place(data)
    pairs = [("step", cell(data.get("step"))), ("tenant", cell(where))]
    if data.get("job_id"):
        pairs.append(("job", cell(data["job_id"], code=True)))
    if changes:
        pairs.append(("fingerprint", cell(data.get("fingerprint"), code=True)))
    if data.get("confirmed_utc"):  # when, is for the report: a notebook's output shows no clock of this machine
        pairs.append(("confirmed", cell("yes")))
    return (
        "Change plan",
        str(data.get("summary") or ""),
        (table("Changes", columns, changes, empty="nothing to do"), Pairs(tuple(pairs))),
    )


def _pilot_group(data: Data) -> Description:
    if not data.get("id"):
        return "", f"People only: {data.get('why')}.", ()
    return (
        "The pilot group",
        f"{data.get('name')}, {count(len(data.get('member_ids') or ()), 'person', 'people')} in it.",
        (),
    )


def _enablement(data: Data) -> Description:
    data = {**data, "interval": interval_words(str(data.get("interval") or ""))}
    data["mode"] = MODES.get(str(data.get("mode")), data.get("mode"))
    names = ("started_utc", "interval", "mode", "deletion_threshold")
    return (
        "Provisioning is on",
        "Entra provisions automatically from now on, cycle after cycle.",
        (_pairs(data, *names, mode="in scope"),),
    )


def _job_status(data: Data) -> Description:
    data = {
        **data,
        "interval": interval_words(str(data.get("interval") or "")),
        "quarantine": data.get("quarantine") or "no",
        "accounts": sum((data.get("accounts") or {}).values()),
    }
    names = ("state", "last_cycle_utc", "last_result", "interval", "quarantine", "accounts")
    return "The job", "", (_pairs(data, *names, accounts="accounts it keeps"),)


def _log_summary(data: Data) -> Description:
    lines = table(
        "Log lines",
        {
            "time (UTC)": field("time_utc"),
            "person": field("person"),
            "action": field("action"),
            "reported": field("status"),
            "code": field("code", code=True),
            "meaning": field("meaning"),
            "what to do": field("remedy"),
        },
        data.get("lines") or [],
    )
    counts = table(
        "Counted", {"what": field("what"), "how many": field("count")}, _items(data.get("counts"), "what", "count")
    )
    pairs = _pairs(
        {**data, "quarantine": data.get("quarantine") or "no"},
        "job_id",
        "job_status",
        "quarantine",
        code=("job_id",),
        job_id="job",
    )
    return "Provisioning log", _window(data), (pairs, counts, lines, outcome_table(data))


def outcome_table(data: Data) -> Table:
    """Where the log reports something other than the forecast: `{person: "create; skipped"}`."""
    items = []
    for who, said in (data.get("forecast_against_outcome") or {}).items():
        predicted, _, reported = str(said).partition("; ")
        items.append({"who": who, "predicted": predicted, "reported": reported})
    columns = {"person": field("who"), "predicted": field("predicted"), "reported": field("reported")}
    return table("Forecast compared with outcome, where they differ", columns, items, empty="no difference was found")


def _items(value: Any, first: str, second: str) -> list[dict[str, Any]]:
    if isinstance(value, Mapping):
        return [{first: key, second: item} for key, item in value.items()]
    return []


def _window(data: Data) -> str:
    return f"From {data.get('from_utc') or '?'} to {data.get('to_utc') or '?'}."


def _said(line: Data) -> Cell:
    doubt = " (unconfirmed: check this in your tenant)"
    if line.get("confirmed", True):
        doubt = ""
    return Cell("\n".join(visible(part) for part in f"{line['text']}{doubt}".split("\n")), link=True)


def _step_guide(data: Data) -> Description:
    columns = {"": field("kind"), "what the sources say": _said, "source": field("source")}
    url = str(data.get("url") or "")
    tutorial: tuple[tuple[str, Cell], ...] = ()
    if url:
        tutorial = (("tutorial", Cell(phrase(url), link=url.startswith("https://"))),)
    lines = table("", columns, data.get("lines") or [], empty="The sources say nothing about this step.")
    return (
        str(data.get("heading") or data.get("step") or ""),
        str(data.get("app") or ""),
        (Pairs(tutorial), lines, _legend(data.get("sources") or {})),
    )


def _legend(sources: Mapping[str, str]) -> Pairs:
    """What the abbreviations of sources mean."""
    return Pairs(tuple((mark, cell(meaning)) for mark, meaning in sources.items()))


def _probe(data: Data) -> Description:
    return "Connection, asked directly", "", (_pairs(data, "matching", matching="matched by"), exchange_table(data))


def _app_profile(data: Data) -> Description:
    """The profile's facts, each with its mark; the rest field by field."""
    contradictions = data.get("contradictions") or []
    left = {
        name: value
        for name, value in data.items()
        if name not in ("name", "title", "description", "contradictions", "attributes", "sandbox")
    }
    facts, others = _flatten(left)
    blocks: tuple[Block, ...] = (
        table(
            "Facts",
            {
                "fact": field("name"),
                "value": lambda f: cell(f["fact"]),
                "source": lambda f: cell(f["fact"].get("source")),
            },
            facts,
        ),
        Pairs(tuple((name, cell(value)) for name, value in others)),
        _any_table("Attributes", list(data.get("attributes") or [])),
        contradiction_table(contradictions),
    )
    return str(data.get("title") or data.get("name")), str(data.get("description") or ""), blocks


def _flatten(data: Data, prefix: str = "") -> tuple[list[dict[str, Any]], list[tuple[str, Any]]]:
    """All facts in `data` with the path of their names, and the plain values beside them."""
    facts: list[dict[str, Any]] = []
    others: list[tuple[str, Any]] = []
    for name, value in data.items():
        path = f"{prefix}{label(str(name))}"
        if isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):
            entries = value
        else:
            entries = [value]
        for entry in entries:
            if is_fact(entry):
                facts.append({"name": path, "fact": entry})
            elif isinstance(entry, Mapping):
                inner_facts, inner_others = _flatten(entry, f"{path}: ")
                facts, others = facts + inner_facts, others + inner_others
            elif entry not in (None, "", []):
                others.append((path, entry))
    return facts, others


def _any_table(title: str, items: Sequence[Any]) -> Table:
    """A table of the fields the items have in common."""
    rows = [
        item if isinstance(item, Mapping) and not is_person(item) and not is_fact(item) else {"value": item}
        for item in items
    ]
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    return table(title, {label(name): field(name) for name in names}, rows)


def _anything(data: Data) -> Description:
    """Any other dataclass: single values as pairs, lists of things as tables."""
    tables = {name: value for name, value in data.items() if _is_table(value)}
    pairs = Pairs(
        tuple((label(name), cell(value)) for name, value in data.items() if name not in tables and name != "checks")
    )
    blocks = [_any_table(label(name).capitalize(), items) for name, items in tables.items() if name != "checks"]
    return "", "", (pairs, *blocks)


def _is_table(value: Any) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, Mapping) for item in value)


DESCRIPTIONS: dict[str, Callable[[Data], Description]] = {
    "Readiness": _readiness,
    "TokenNote": _token_note,
    "MailDraft": _mail_draft,
    "AppCandidates": _candidates,
    "EnterpriseApp": _enterprise_app,
    "Scope": describe_scope,
    "FilterTrial": describe_trial,
    "ConnectionReport": _connection,
    "MappingReview": describe_mapping_review,
    "MappingExplanation": describe_explanation,
    "Opinion": describe_opinion,
    "ChangePlan": _change_plan,
    "PilotGroup": _pilot_group,
    "Predictions": describe_predictions,
    "PilotResult": describe_pilot,
    "Forecast": describe_forecast,
    "Enablement": _enablement,
    "LogSummary": _log_summary,
    "AppProfile": _app_profile,
    "StepGuide": _step_guide,
    "Probe": _probe,
    "JobStatus": _job_status,
    "Compatibility": describe_compatibility_record,
    **mapping_files.DESCRIPTIONS,
}

SEQUENCES: dict[str, Callable[[Sequence[Data]], Table]] = {
    "Person": lambda people: people_table("People", people),
    "Prediction": prediction_table,
}
