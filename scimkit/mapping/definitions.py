"""The attributes a schema's directories define: a mapping or a filter may use only those.

Source: "Configure provisioning using Microsoft Graph APIs", synchronizationSchema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from scimkit.errors import MappingError
from scimkit.mapping.language.parser import parse
from scimkit.mapping.language.problems import suggest
from scimkit.mapping.language.syntax import attribute_names
from scimkit.mapping.rows import ObjectMapping, objects_in

NO_DIRECTORIES = "Read the schema again. It is written back as a whole, with its directories."


def defined_names(schema: Mapping[str, Any], directory: str, object_name: str) -> frozenset[str]:
    """Names of the attributes of one object in one directory. Raises MappingError if the schema does not have it."""
    for each in objects_in(schema.get("directories")):
        for described in objects_in(each.get("objects")) if each.get("name") == directory else ():
            if described.get("name") == object_name:
                return frozenset(str(attribute.get("name")) for attribute in objects_in(described.get("attributes")))
    raise MappingError(f"the schema does not describe {object_name} of the directory {directory}", NO_DIRECTORIES)


def rules_of(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The rule of each object mapping, in the order of `read_schema`."""
    for rule in schema["synchronizationRules"]:
        for _ in rule["objectMappings"]:
            yield rule


def used_sources(each: ObjectMapping) -> frozenset[str]:
    """The source attributes named by the rows and filters of an object mapping; none for an unreadable expression."""
    clauses = chain.from_iterable(one.clauses for one in each.filters)
    found = {clause.attribute for clause in clauses}
    for row in each.rows:
        if row.expression is None:
            continue
        try:
            found |= set(attribute_names(parse(row.expression)))
        except MappingError:
            continue
    return frozenset(found)


def used_extensions(each: ObjectMapping) -> tuple[str, ...]:
    """Directory extensions among `used_sources`: Graph returns them only when they are requested by name.

    One that the schema does not define is left out, because Graph would refuse the request.
    """
    known = {str(attribute.get("name")) for attribute in objects_in(each.source_definition.get("attributes"))}
    return tuple(
        sorted(name for name in used_sources(each) if name.startswith("extension_") and (not known or name in known))
    )


def undefined_names(
    schema: Mapping[str, Any], there: Sequence[ObjectMapping], wanted: Sequence[ObjectMapping]
) -> Iterator[tuple[str, str]]:
    """What `wanted` names and the directories do not define: a sentence and a remedy each.

    there, wanted  the object mappings of `schema`, and their replacements, in
                   the same order. Attributes in use today are not checked
    """
    for rule, before, after in zip(rules_of(schema), there, wanted, strict=True):
        targets = {row.target for row in after.rows} - {row.target for row in before.rows}
        sources = used_sources(after) - used_sources(before)
        if targets:
            known = defined_names(schema, str(rule.get("targetDirectoryName")), after.target_object)
            for name in sorted(targets - known):
                remedy = (
                    "Add it to the attribute list of the app in the portal (attribute mapping, advanced options), or"
                    " remove the row."
                )
                yield f"the app has no attribute {name} in this tenant", _near(name, known) + remedy
        if sources:
            known = defined_names(schema, str(rule.get("sourceDirectoryName")), after.source_object)
            for name in sorted(sources - known):
                yield (
                    f"{after.source_object} has no source attribute {name} in this tenant",
                    _near(name, known)
                    + "Add it to the list of source attributes in the portal, or use another attribute.",
                )


def _near(name: str, known: frozenset[str]) -> str:
    found = suggest(name, sorted(known))
    if found:
        return f"Did you mean {found}? "
    return ""
