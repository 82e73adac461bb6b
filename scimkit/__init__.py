"""scimkit: set up, prove and operate SCIM provisioning from Microsoft Entra ID.

The verbs of the journey in order: the whole public API on one page. Each
uses earlier records and a handle, and returns the next record. Nothing is
imported until it is used, so that `import scimkit` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from scimkit.evidence.version import VERSION

__version__ = VERSION

_HOME = {
    # every notebook
    "begin": "scimkit.ui.beginning",
    "require_passed": "scimkit.evidence.checks",
    # 1_plan
    "check_readiness": "scimkit.journey.readiness",
    # 2_token
    "write_mail": "scimkit.journey.vendor_mail",
    "note_token": "scimkit.journey.token_note",
    # 3_app
    "find_app": "scimkit.journey.enterprise_app",
    "plan_app": "scimkit.journey.enterprise_app",
    "make_app": "scimkit.journey.enterprise_app",
    # 4_scope
    "choose_pilot_group": "scimkit.journey.pilot_group",
    "choose_pilot": "scimkit.journey.scope",
    "plan_assignments": "scimkit.journey.scope",
    "assign_pilot": "scimkit.journey.scope",
    "read_scope": "scimkit.journey.scope",
    "review_filter": "scimkit.journey.scope",
    "read_sources": "scimkit.journey.scope",
    # 5a_connection
    "probe_endpoint": "scimkit.journey.connection",
    "validate_through_graph": "scimkit.journey.connection",
    "plan_credentials": "scimkit.journey.connection",
    "save_credentials": "scimkit.journey.connection",
    "report_connection": "scimkit.journey.connection",
    # 5b_mapping
    "read_schema": "scimkit.mapping.rows",
    "read_group_sources": "scimkit.journey.mapping_opinion",
    "ask_microsoft": "scimkit.journey.mapping_opinion",
    "review_mapping": "scimkit.mapping.review",
    "explain_row": "scimkit.mapping.row_explanations",
    # 5c_pilot
    "predict_pilot": "scimkit.journey.pilot",
    "plan_pilot": "scimkit.journey.pilot",
    "run_pilot": "scimkit.journey.pilot",
    # 5d_enable
    "make_forecast": "scimkit.journey.forecast",
    "plan_start": "scimkit.journey.enablement",
    "start_provisioning": "scimkit.journey.enablement",
    # 6_monitor
    "wait_for_cycle": "scimkit.journey.monitor",
    "summarize_logs": "scimkit.journey.monitor",
    # mapping_backup
    "read_live_schema": "scimkit.operations.mapping_backup",
    "back_up_mapping": "scimkit.operations.mapping_backup",
    "choose_sides": "scimkit.operations.mapping_backup",
    "compare_mapping": "scimkit.mapping.changes",
    "wanted_mapping": "scimkit.operations.mapping_backup",
    "predict_restore": "scimkit.operations.mapping_backup",
    "plan_restore": "scimkit.operations.mapping_backup",
    "restore_mapping": "scimkit.operations.mapping_backup",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'scimkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
