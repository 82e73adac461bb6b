"""The runbook `mapping_backup`: keep a mapping as a file, compare it, restore it.

    schema = read_live_schema(graph, enterprise_app)
    back_up_mapping(schema, app=app, tenant=tenant, run=run, now=now)      mapping.toml, mapping.schema.json
    before, after = choose_sides(...)                                      what is compared with what
    prediction = predict_restore(graph, enterprise_app, wanted, ...)        who would lose their access
    changes = plan_restore(graph, enterprise_app, wanted, prediction, ...)   nothing is written yet
    restore_mapping(here, enterprise_app, wanted, changes)

Only the last call writes to the tenant, and it writes only what `plan_restore` has shown.
"""

from scimkit.operations.mapping_backup.backup import MappingBackup, back_up_mapping, read_live_schema
from scimkit.operations.mapping_backup.leavers import Leaver, find_leavers
from scimkit.operations.mapping_backup.plan import plan_restore, predict_restore
from scimkit.operations.mapping_backup.prediction import RestorePrediction
from scimkit.operations.mapping_backup.restore import MappingRestore, restore_mapping
from scimkit.operations.mapping_backup.saved import SavedMapping, choose_sides, read_mapping, wanted_mapping

__all__ = [
    "Leaver",
    "MappingBackup",
    "MappingRestore",
    "RestorePrediction",
    "SavedMapping",
    "back_up_mapping",
    "choose_sides",
    "find_leavers",
    "predict_restore",
    "plan_restore",
    "read_live_schema",
    "read_mapping",
    "restore_mapping",
    "wanted_mapping",
]
