"""scimkit: set up, prove and operate SCIM provisioning from Microsoft Entra ID.

The verbs of the journey in their order: the whole public API on one page. Each
takes earlier records and a handle, and gives the next record. Nothing is
imported until it is used, so that `import scimkit` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    # every notebook
    "begin": "scimkit.ui.session",
    "require_passed": "scimkit.checks",
    # 1_plan
    "check_readiness": "scimkit.readiness",
    # 2_token
    "write_mail": "scimkit.vendor_mail",
    "note_token": "scimkit.token_note",
    # 3_app
    "find_app": "scimkit.enterprise_app",
    "plan_app": "scimkit.enterprise_app",
    "make_app": "scimkit.enterprise_app",
    # 4_scope
    "choose_pilot_group": "scimkit.pilot_group",
    "choose_pilot": "scimkit.scope",
    "plan_assignments": "scimkit.scope",
    "assign_pilot": "scimkit.scope",
    "read_scope": "scimkit.scope",
    "review_filter": "scimkit.scope",
    "read_sources": "scimkit.scope",
    # 5a_connection
    "probe_endpoint": "scimkit.connection",
    "validate_through_graph": "scimkit.connection",
    "plan_credentials": "scimkit.connection",
    "save_credentials": "scimkit.connection",
    "report_connection": "scimkit.connection",
    # 5b_mapping
    "read_schema": "scimkit.mapping.rows",
    "read_group_sources": "scimkit.mapping_opinion",
    "ask_microsoft": "scimkit.mapping_opinion",
    "review_mapping": "scimkit.mapping.review",
    "explain_row": "scimkit.mapping.row_explanations",
    # 5c_pilot
    "predict_pilot": "scimkit.pilot",
    "plan_pilot": "scimkit.pilot",
    "run_pilot": "scimkit.pilot",
    # 5d_enable
    "make_forecast": "scimkit.forecast",
    "plan_start": "scimkit.enablement",
    "start_provisioning": "scimkit.enablement",
    # 6_monitor
    "wait_for_cycle": "scimkit.monitoring.summary",
    "summarize_logs": "scimkit.monitoring.summary",
    # mapping_backup
    "read_live_schema": "scimkit.mapping_backup",
    "back_up_mapping": "scimkit.mapping_backup",
    "choose_sides": "scimkit.mapping_backup",
    "compare_mapping": "scimkit.mapping.changes",
    "wanted_mapping": "scimkit.mapping_backup",
    "forecast_restore": "scimkit.mapping_backup",
    "plan_restore": "scimkit.mapping_backup",
    "restore_mapping": "scimkit.mapping_backup",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'scimkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
