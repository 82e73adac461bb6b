"""Names and values as the server reads them."""

from __future__ import annotations

from tests.compatibility.crooked.defects import CORE, ENTERPRISE, MULTI, Refused


def key_of(holder, name):
    """The key of `holder` that is `name` in some case, else `name`."""
    return next((key for key in holder if key.lower() == name.lower()), name)


def get(holder, name):
    if isinstance(holder, dict):
        return holder.get(key_of(holder, name))
    return None


def split_urn(path):
    """(URN or "", rest): core URNs count as none; a URN of a whole extension has an empty rest."""
    if not path.lower().startswith("urn:"):
        return "", path
    for urn in (*CORE.values(), ENTERPRISE):
        if path.lower() == urn.lower():
            return ("" if urn in CORE.values() else urn), ""
        if path.lower().startswith(urn.lower() + ":"):
            return ("" if urn in CORE.values() else urn), path[len(urn) + 1 :]
    head, _, rest = path.partition("[")[0].rpartition(":")
    if rest.lower() in ("user", "group"):
        return path, ""
    return head, path[len(head) + 1 :]


def as_boolean(value, world):
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        if world.has("string_boolean_refused"):
            raise Refused(400, "expected a boolean and found a string", "invalidValue")
        if world.has("false_text_is_true"):
            return True
        return value.lower() == "true"
    raise Refused(400, "expected a boolean", "invalidValue")


def as_manager(value, world):
    """{"value": id} from a text, an object or a list of one; None clears."""
    if isinstance(value, str):
        if world.has("manager_string_refused"):
            raise Refused(400, "manager: cannot deserialise a string as an object", "invalidValue")
        if value:
            return {"value": value}
        return None
    if world.has("manager_object_refused"):
        raise Refused(400, "manager must be a string", "invalidValue")
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        raise Refused(400, "manager must be an id", "invalidValue")
    if value.get("value"):
        return {"value": value["value"]}
    return None


def normal(kind, name, value, world):
    """A value of the top-level attribute `name` as it is stored; None: no value."""
    if value is None:
        if world.has("null_refused"):
            raise Refused(400, f"{name} must not be null", "invalidValue")
        return None
    low = name.lower()
    if low == "active":
        return as_boolean(value, world)
    if low in MULTI:
        items = [normal_item(item, world) for item in (value if isinstance(value, list) else [value])]
        if items:
            return one_primary(items)
        return None
    if low == "name" and not isinstance(value, dict):
        raise Refused(400, "name must be an object", "invalidValue")
    if low in ("username", "displayname", "externalid", "title") and not isinstance(value, str):
        raise Refused(400, f"{name} must be text", "invalidValue")
    if low == "username" and world.has("username_lowered"):
        value = value.lower()
    if isinstance(value, dict):
        value = {key: inner for key, inner in value.items() if inner is not None}
    return value


def normal_item(item, world):
    if isinstance(item, str):
        item = {"value": item}
    if not isinstance(item, dict):
        raise Refused(400, "an element of a list must be an object", "invalidValue")
    kept = {key: value for key, value in item.items() if value is not None}
    if "primary" in kept:
        kept["primary"] = as_boolean(kept["primary"], world)
    return kept


def one_primary(items):
    """The last primary one stays so (RFC 7643, 2.4)."""
    primaries = [item for item in items if item.get("primary") is True]
    for item in primaries[:-1]:
        item["primary"] = False
    return items
