"""Whether a saved schema belongs to this app, based on the directories its rules write to.

A saved schema does not name an app. Each of its rules names the directory it writes to: the
connector's own name for a gallery app, and one common name for all apps that are not in the
gallery (Graph reference, synchronizationRule). So another gallery app is recognized by it, but
another custom app is not. The name of the enterprise app in the tenant plays no part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimkit.errors import PlanRefused
from scimkit.mapping.rows import objects_in, read_schema
from scimkit.operations.mapping_backup.saved import SavedMapping

SAME_ID_IS_SAME_DIRECTORY = True
"""Whether a directory is recognized by its id after Microsoft has renamed its connector (unconfirmed); if it
is, it is not
refused."""


def refuse_other_app(live: Mapping[str, Any], wanted: SavedMapping) -> None:
    """Raises PlanRefused if the schema of `wanted` writes to a different directory than the live schema.

    Anything that names its app itself has already been checked for this. If one of the two
    schemas says nothing, nothing is refused.
    """
    if wanted.app or wanted.schema is None:
        return
    there, saved = target_directories(live), target_directories(wanted.schema)
    same_name = {_plain(name) for name in there} & {_plain(name) for name in saved}
    if SAME_ID_IS_SAME_DIRECTORY:
        same_id = {id for id in there.values() if id} & set(saved.values())
    else:
        same_id = set()
    if there and saved and not same_name and not same_id:
        raise PlanRefused(
            f"{wanted.title} is the mapping of {_named(saved)}, but this job writes to {_named(there)}",
            "Provide a saved schema of this app. If the two are one app under different names, restore the mapping.toml"
            " of the same backup instead: it says which app it was created for.",
        )


def target_directories(schema: Mapping[str, Any]) -> dict[str, str]:
    """The directories that the rules of `schema` write to: name -> id, "" if a directory has no id. Raises
    MappingError if `schema` is not a schema."""
    read_schema(schema)
    names = (rule.get("targetDirectoryName") for rule in schema["synchronizationRules"])
    ids = {str(each.get("name")): str(each.get("id") or "") for each in objects_in(schema.get("directories"))}
    return {name: ids.get(name, "") for name in names if isinstance(name, str) and name.strip()}


def _plain(name: str) -> str:
    return name.strip().casefold()


def _named(directories: Mapping[str, str]) -> str:
    return " and ".join(directories)
