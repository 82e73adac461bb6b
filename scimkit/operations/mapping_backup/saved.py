"""Which two mappings are compared, and which one is restored: files, earlier runs, the profile, the live one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scimkit.apps import load
from scimkit.apps.profile import AppProfile
from scimkit.errors import ConfigError, MappingError, PlanRefused, ScimkitError
from scimkit.evidence.runs import RunStore
from scimkit.mapping.changes import MappingSide, expected_side
from scimkit.mapping.files import read_mapping_text
from scimkit.mapping.rows import ObjectMapping, read_schema
from scimkit.mapping.schema import half_character
from scimkit.operations.mapping_backup.backup import HALF_WORDS, NAME, SCHEMA_ENDING

LIVE, PROFILE = "live", "profile"
BACKUP, COMPARE, RESTORE = "backup", "compare", "restore"
PLACES_WORDS = "Give the path of a mapping file (.toml), of a saved schema (.json) or of a run folder."


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """A mapping from a file.

    title   its name in comparisons
    app     name of the profile it was written for, "" if unknown
    schema  the schema saved with it, which has the trees and what the file cannot express; None: there is none
    """

    title: str
    app: str
    objects: tuple[ObjectMapping, ...]
    schema: Mapping[str, Any] | None


def read_mapping(place: str, *, run: RunStore | None = None) -> SavedMapping:
    """The mapping at `place`: a TOML file, a saved schema, or the folder of a run that has made a backup.

    run  where a relative path is searched, too

    Raises ConfigError if nothing is there, MappingError if it is not a valid mapping.
    """
    path = _find(place, run)
    if path.is_dir():
        return _read_run(path)
    if path.suffix == ".json":
        schema = _read_json(path)
        return SavedMapping(path.name, "", read_schema(schema), schema)
    if path.suffix != ".toml":
        raise ConfigError(f"{path.name} is neither a mapping file nor a saved schema", PLACES_WORDS)
    beside = path.with_name(path.name.removesuffix(".toml") + SCHEMA_ENDING)
    saved = None
    if beside.is_file():
        saved = _read_json(beside)
    read = read_mapping_text(_read_text(path), file=path.name, saved=read_schema(saved) if saved is not None else ())
    return SavedMapping(path.name, read.app, read.objects, saved)


def _find(place: str, run: RunStore | None) -> Path:
    given = Path(place).expanduser()
    for path in (given, *((run.folder / given,) if run is not None else ())):
        if path.exists():
            found: Path = path
            return found
    raise ConfigError(f"there is no mapping at {place}", PLACES_WORDS)


def _read_run(folder: Path) -> SavedMapping:
    store = RunStore.open(folder)
    name = f"{NAME}{SCHEMA_ENDING}"
    if not store.exists(name):
        name = next((each for each in store.list() if each.endswith("_schema.json")), "")  # what 5b_mapping keeps
    if not name:
        raise ConfigError(
            f"the run {store.name} contains no mapping",
            "Name a run of mapping_backup, or one that reached 5b_mapping.",
        )
    schema = _parsed(store.read(name), f"{store.name}/{name}")
    return SavedMapping(f"run {store.name}", _app_of(store), read_schema(schema), schema)


def _app_of(store: RunStore) -> str:
    """Name of the app of a run; "" if its profile can no longer be read."""
    try:
        return load(store.app).name
    except ScimkitError:
        return ""


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # some editors leave a mark at the beginning
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path.name} cannot be read: {error}", "Save it as UTF-8, in a place where this user may read it."
        ) from None


def _read_json(path: Path) -> dict[str, Any]:
    return _parsed(_read_text(path), path.name)


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MappingError(f"{name} is no JSON: {error}", "Use the schema of another backup.") from None
    if not isinstance(value, dict):
        raise MappingError(
            f"{name} is not a synchronizationSchema: it contains a {type(value).__name__}",
            "Use the schema of another backup.",
        )
    if place := half_character(value):
        raise MappingError(f"{name}: {HALF_WORDS.format(place=place)}", "Use the schema of another backup.")
    return value


def choose_sides(
    live: Mapping[str, Any], app: AppProfile, *, what: str, file: str, against: str, backup: str, run: RunStore
) -> tuple[MappingSide, MappingSide]:
    """The two sides of the comparison; the second may replace the first.

    what     backup: the live mapping with the file just written from it (`backup`); compare: `against`
             with `file`, or with the live mapping if no file is named; restore: the live
             mapping with `file`
    against  live, profile, or what `read_mapping` accepts

    Raises ConfigError if one of the two is not named.
    """
    if what != COMPARE and against != LIVE:
        raise ConfigError(f"against is {against}, but what is {what}", "Leave out against, or set what to compare.")
    now = MappingSide(LIVE, read_schema(live))
    if what == BACKUP:
        if file:
            raise ConfigError(
                f"file is {file}, but a backup is written to the run folder",
                "Leave out file, or set what to compare or restore.",
            )
        return now, _side(read_mapping(backup, run=run))
    if what == RESTORE:
        return now, _side(wanted_mapping(app, what=what, file=file, run=run))
    if file:
        after = _side(read_mapping(file, run=run))
    else:
        after = now
    if against == LIVE:
        before = now
    elif against == PROFILE:
        before = _profile_side(app)
    else:
        before = _side(read_mapping(against, run=run))
    if before is after:
        raise ConfigError(
            "the live mapping would be compared with itself",
            "Set file to a mapping file, or against to profile or a run folder.",
        )
    return before, after


def wanted_mapping(app: AppProfile, *, what: str, file: str, run: RunStore) -> SavedMapping | None:
    """The mapping to restore; None if there is none.

    Raises ConfigError if no file is named, PlanRefused for the mapping of another app.
    """
    if what != RESTORE:
        return None
    if not file:
        raise ConfigError("what is restore, but no file is named", f"Set file. {PLACES_WORDS}")
    wanted = read_mapping(file, run=run)
    if wanted.app and wanted.app != app.name:
        raise PlanRefused(
            f"{wanted.title} is a mapping of {wanted.app}, and this is {app.name}", "Give a mapping of this app."
        )
    return wanted


def _side(saved: SavedMapping | None) -> MappingSide:
    assert saved is not None
    return MappingSide(saved.title, saved.objects)


def _profile_side(app: AppProfile) -> MappingSide:
    return expected_side(
        app.attributes, _known(app.matching, app), app.group_attributes, title=f"profile of {app.title}"
    )


def _known(matching: Sequence[str], app: AppProfile) -> Sequence[str]:
    if app.attributes:
        return matching
    return ()
