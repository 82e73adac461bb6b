"""How predictions read, and what came of them: the pilot and the forecast, people and groups."""

from __future__ import annotations

from collections.abc import Sequence

from scimkit.evidence.counting import count
from scimkit.views.document import Block, Cell, Pairs, Table
from scimkit.views.tables import Data, field, table
from scimkit.views.values import cell

NOT_OBSERVED = "not observed"
ACTION_WORDS = {"nothing": "no change"}  # what a forecast's key reads like
Description = tuple[str, str, tuple[Block, ...]]


def describe_predictions(data: Data) -> Description:
    """The whole pilot as predicted."""
    group = data.get("group")
    blocks: tuple[Block, ...] = (prediction_table(data.get("people") or []),)
    if group:
        columns = {
            "group": _group_name,
            "predicted": _action,
            "reason": field("reason"),
            "members": field("members", nothing="none"),
        }
        blocks = (*blocks, table("The group", columns, [group]))
    return "What the pilot would do", "", blocks


def prediction_table(predictions: Sequence[Data]) -> Table:
    """What would happen to each person, and the values they would get."""
    columns = {
        "person": field("person"),
        "predicted": field("action"),
        "reason": field("reason"),
        "values": field("values"),
    }
    return table("Predicted", columns, predictions)


def describe_pilot(data: Data) -> Description:
    """The pilot in three versions."""
    people, groups = data.get("people") or [], data.get("groups") or []
    blocks: list[Block] = [pilot_table("Predicted, reported, observed", people)]
    if groups:
        blocks.append(pilot_group_table("The group", groups))
    job: tuple[tuple[str, Cell], ...] = ()
    if "job_id" in data:
        job = (("job", cell(data.get("job_id"), code=True)),)
    blocks.append(Pairs(job))
    return "Pilot", f"From {data.get('from_utc') or '?'} to {data.get('to_utc') or '?'}.", tuple(blocks)


def pilot_table(title: str, people: Sequence[Data]) -> Table:
    """One row per person: what scimkit predicted, what Entra reported, and the values observed in the app."""
    columns = {
        "person": field("person"),
        "predicted": field("predicted"),
        "reported": field("reported", nothing=NOT_OBSERVED),
        "observed": field("observed", nothing=NOT_OBSERVED),
        "verdict": field("verdict"),
        "id in the app": field("target_id", code=True),
    }
    return table(title, columns, people)


def pilot_group_table(title: str, groups: Sequence[Data]) -> Table:
    """The same for the pilot group; the observed members are the pilot people who are in it."""
    columns = {
        "group": _group_name,
        "predicted": _predicted,
        "reported": field("reported", nothing=NOT_OBSERVED),
        "members in the app": field("observed", nothing="none"),
        "missing": field("missing", nothing="none"),
        "verdict": field("verdict"),
        "id in the app": field("target_id", code=True),
    }
    return table(title, columns, groups)


def describe_forecast(data: Data) -> Description:
    """Who, and why; then the groups, where groups are provisioned."""
    rows, groups, counts = data.get("rows") or [], data.get("groups") or [], data.get("counts") or {}
    columns = {"person": field("person"), "predicted": _action, "reason": field("reason")}
    said = ", ".join(f"{number} {ACTION_WORDS.get(action, action)}" for action, number in counts.items())
    accounts = cell(data.get("observed_accounts"), nothing=NOT_OBSERVED)
    sentence = f"Predicted for {count(len(rows), 'person', 'people')}: {said or 'nothing'}."
    blocks: list[Block] = [table("Who, and why", columns, rows)]
    if groups:
        blocks.append(group_forecast_table(groups))
    blocks.append(Pairs((("accounts observed in the app", accounts),)))
    return "Forecast", sentence, tuple(blocks)


def group_forecast_table(groups: Sequence[Data]) -> Table:
    """One row per group, with the number of its members that come with it."""
    columns = {
        "group": field("name"),
        "predicted": _action,
        "reason": field("reason"),
        "members added": field("members"),
        "removed": field("removed"),
        "left out": field("left_out"),
    }
    return table("Groups", columns, groups)


def _group_name(item: Data) -> Cell:
    return cell((item.get("group") or {}).get("name"))


def _action(item: Data) -> str:
    action = str(item.get("action") or "")
    return ACTION_WORDS.get(action, action)


def _predicted(item: Data) -> str:
    predicted = str(item.get("predicted") or "")
    return ACTION_WORDS.get(predicted, predicted)
