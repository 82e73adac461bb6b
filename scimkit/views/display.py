"""How IPython learns to show records: by name, so that nothing heavy is imported for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scimkit.views.kinds import describe
from scimkit.views.markup import render_html
from scimkit.views.plain_text import render_text

# Where each class lives. A class that is never imported costs nothing here.
SHOWN = {
    "scimkit.evidence.checks": ("Check",),
    "scimkit.journey.readiness": ("Readiness", "KnownFact", "Note"),
    "scimkit.journey.token_note": ("TokenNote",),
    "scimkit.journey.vendor_mail": ("MailDraft",),
    "scimkit.journey.enterprise_app": ("EnterpriseApp", "AppCandidates", "Role"),
    "scimkit.journey.scope": ("Scope", "Assignment", "Person"),
    "scimkit.journey.filter_review": ("FilterTrial",),
    "scimkit.journey.connection.exchange": ("Exchange",),
    "scimkit.journey.connection.probe": ("Probe",),
    "scimkit.journey.connection.verdict": ("ConnectionReport",),
    "scimkit.compatibility.record": ("Compatibility",),
    "scimkit.mapping.review.record": ("MappingReview", "ReviewRow"),
    "scimkit.mapping.language.explanations": ("Explanation",),
    "scimkit.mapping.review.opinion": ("Opinion",),
    "scimkit.mapping.changes": ("MappingComparison", "MappingChange"),
    "scimkit.operations.mapping_backup.backup": ("MappingBackup",),
    "scimkit.operations.mapping_backup.prediction": ("RestorePrediction",),
    "scimkit.operations.mapping_backup.restore": ("MappingRestore",),
    "scimkit.evidence.change_plan": ("ChangePlan", "PlannedChange"),
    "scimkit.journey.pilot": ("PilotResult", "PilotPerson", "Prediction", "Predictions"),
    "scimkit.journey.pilot_group": ("PilotGroup",),
    "scimkit.journey.forecast": ("Forecast", "ForecastRow"),
    "scimkit.journey.enablement": ("Enablement",),
    "scimkit.journey.guide": ("StepGuide", "GuideLine"),
    "scimkit.monitoring.job_status": ("JobStatus",),
    "scimkit.monitoring.log_lines": ("LogLine",),
    "scimkit.journey.monitor": ("LogSummary",),
    "scimkit.apps.profile": ("AppProfile",),
}


def to_html(value: Any) -> str:
    return render_html(describe(value))


def to_text(value: Any) -> str:
    return render_text(describe(value))


def register(shell: Any) -> None:
    """Teach an IPython shell to show every kind of record, and sequences of them.

    shell  what `get_ipython()` returns; doing it twice changes nothing
    """
    formatters = shell.display_formatter.formatters
    html, text = formatters["text/html"], formatters["text/plain"]
    for module, names in SHOWN.items():
        for name in names:
            html.for_type_by_name(module, name, to_html)
            text.for_type_by_name(module, name, _print_text)
    for sequence in (tuple, list):
        html.for_type(sequence, lambda value: to_html(value) if _is_shown(value) else None)
        earlier = text.for_type(sequence)
        if not getattr(earlier, "from_scimkit", False):
            text.for_type(sequence, _print_sequence(earlier))


def _print_text(value: Any, printer: Any, cycle: bool) -> None:
    """IPython's pretty printer passes itself in instead of taking text back.

    Inside a dict or a mixed list, a whole page would break up what is around it.
    """
    printer.text(repr(value) if len(printer.stack) > 1 else to_text(value))


def _print_sequence(earlier: Callable[[Any, Any, bool], None]) -> Callable[[Any, Any, bool], None]:
    def print_sequence(value: Any, printer: Any, cycle: bool) -> None:
        if _is_shown(value) and len(printer.stack) == 1:
            printer.text(to_text(value))
        else:
            earlier(value, printer, cycle)

    print_sequence.from_scimkit = True  # type: ignore[attr-defined]
    return print_sequence


def _is_shown(value: Any) -> bool:
    """Whether `value` is a plain tuple or list of one of our classes."""
    if type(value) not in (tuple, list) or not value:
        return False
    classes = {type(item) for item in value}
    return len(classes) == 1 and (cls := classes.pop()).__name__ in SHOWN.get(cls.__module__, ())
