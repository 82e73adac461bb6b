"""What people get: no value where the app requires one, an error, several values for one, wrong type or shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from scimkit.evidence.checks import Check, failed, not_observed, passed, warning
from scimkit.mapping.findings import LIST_MAKERS
from scimkit.mapping.language.problems import NotReproduced
from scimkit.mapping.language.syntax import Attribute, Call, Expression, attribute_names
from scimkit.mapping.language.values import as_integer
from scimkit.mapping.review.certainty import CUSTOMIZE, LOGS, REFERENCE, TUTORIAL, documented, unconfirmed
from scimkit.mapping.review.subject import Subject, attribute_of, origins, results_of
from scimkit.mapping.review.texts import example, is_blank, listed, value_text
from scimkit.mapping.rows import MappingRow

ADDRESS = re.compile(
    r'[^@\s<>()\[\]:;,"\\]+@[^@\s<>()\[\]:;,"\\]+\.[^@\s<>()\[\]:;,"\\]+'
)  # the specials of RFC 5322 3.2.3 left out
# one language, or several with weights as in Accept-Language (RFC 7643 4.1.1; RFC 5646 for each)
LANGUAGE = re.compile(
    r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*(;q=[0-9.]+)?(\s*,\s*([A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*|\*)(;q=[0-9.]+)?)*"
)
COUNTRY = re.compile(r"[A-Z]{2}")  # a language is written in lower case, so this is likely a country
TIME_ZONE = re.compile(r"[A-Za-z]+(/[A-Za-z0-9_+-]+)+|UTC|GMT")  # as in the tz database (RFC 7643 4.1.1)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")  # RFC 7643 2.3.5
SEVERAL = frozenset(
    {"members", "roles", "entitlements", "emails", "phonenumbers", "addresses", "groups", "ims", "photos"}
)
IN_THE_ROW = "Open the row of {target} under Attribute Mapping and {what}."


def check_results(subject: Subject) -> Iterator[Check]:
    faults = [*_errors(subject), *_missing(subject)]
    yield from faults or [_all_there(subject)]
    yield from _ignored(subject)
    for row in subject.live.values():
        checks = (_several, _reference, _type, _shape, _length)
        yield from (found for check in checks if (found := check(subject, row)) is not None)


def _all_there(subject: Subject) -> Check:
    required = [target for target in subject.live if subject.is_required(target)]
    if not required:
        return passed(
            "mapping.values",
            "every expression can be evaluated; which attributes the app requires is not published",
            _rule(subject),
        )
    has = "have a value"
    if len(required) == 1:
        has = "has a value"
    return passed(
        "mapping.values",
        f"{listed(required)}, required, {has} for {listed(subject.results) if subject.results else 'no one yet'}",
        _rule(subject),
    )


def _rule(subject: Subject) -> str:
    """Where the requirement is stated: in the app's table, or only in the job's schema."""
    return documented(TUTORIAL if subject.expected else LOGS)


def _errors(subject: Subject) -> Iterator[Check]:
    """An expression that can be read but fails for some people or for everyone."""
    for target, node in subject.parsed.items():
        failing = {name: result.errors[target] for name, result in subject.results.items() if target in result.errors}
        if not failing:
            continue
        first = next(iter(failing.values()))
        if all(isinstance(error, NotReproduced) for error in failing.values()):
            text = f"{target} cannot be evaluated here for {listed(failing)}: {first}"
            remedy = (
                "Microsoft may be able to evaluate it: try the expression in the portal's expression builder."
                f" {first.remedy}"
            )
            yield not_observed("mapping.not_reproduced", text, remedy, unconfirmed("what Microsoft returns for it"))
            continue
        alone = len(subject.results) == 1 and attribute_names(node)
        if len(failing) == len(subject.results) and not alone:
            text, code = f"{target} fails for everybody: {first}", "mapping.always_fails"
        else:
            text, code = f"{target} cannot be evaluated for {listed(failing)}: {first}", "mapping.error"
        remedy = IN_THE_ROW.format(
            target=target, what=f"correct the expression. {first.remedy}".rstrip(" ").removesuffix(".")
        )
        yield failed(code, text, remedy, unconfirmed("whether Entra leaves out the attribute or the whole person"))


def _missing(subject: Subject) -> Iterator[Check]:
    for target in dict.fromkeys((*subject.expected, *subject.live)):
        if not subject.is_required(target) or target not in subject.live:
            continue
        without = [
            name
            for name, result in subject.results.items()
            if target not in result.errors and is_blank(result.values.get(target))
        ]
        if without:
            by_table = subject.expected.get(target) is not None and subject.expected[target].required is True
            gets, who = "get", "the job's schema"
            if len(without) == 1:
                gets = "gets"
            if by_table:
                who = "the app"
            text = f"{listed(without)} {gets} no {target}, which {who} requires"
            remedy = "Fill the source in Entra, or map another source: an attribute without a value is not sent at all."
            yield failed("mapping.value_missing", text, remedy, documented(TUTORIAL if by_table else LOGS))


def _ignored(subject: Subject) -> Iterator[Check]:
    names = [name for name, result in subject.results.items() if result.object_ignored]
    if names:
        text = f"{listed(names)} would not be processed at all: an expression returns IgnoreObjectFlow"
        yield warning(
            "mapping.object_ignored",
            text,
            "Use a scoping filter to leave people out; IgnoreObjectFlow is intended for inbound provisioning.",
            unconfirmed("what it does for a SCIM app"),
        )


def _values(subject: Subject, row: MappingRow) -> dict[str, Any]:
    """The values that people get for this row, if they get any."""
    found = {name: result.values.get(row.target) for name, result in subject.results.items()}
    return {name: value for name, value in found.items() if value not in (None, "", [])}


# -- one value for one attribute ---------------------------------------------------------


def _takes_several(subject: Subject, target: str) -> bool:
    if getattr(subject.expected.get(target), "single_valued", None) is True:
        return False
    if attribute_of(target) in SEVERAL and "[" not in target and "." not in target.rpartition(":")[2]:
        return True  # by its schema (RFC 7643 4.1.2), regardless of the job's attribute list
    return target in subject.targets and subject.targets[target].multivalued


def _several(subject: Subject, row: MappingRow) -> Check | None:
    if _takes_several(subject, row.target):
        return None
    fed = {name: value for name, value in _values(subject, row).items() if isinstance(value, list)}
    always = {_makes_list(subject, each) for each in results_of(subject.parsed.get(row.target))}
    if not fed and True not in always:
        return None
    who = " for some people"
    if always == {True}:
        who = ""
    if fed:
        who = f" ({listed(fed)})"
    text = f"{row.target} accepts one value, but {row.expression} returns a list{who}: the account is refused"
    remedy = IN_THE_ROW.format(
        target=row.target,
        what="choose a source with one value, or use Item to get one value or Join to get all values as one string",
    )
    return failed("mapping.list_value", text, remedy, documented(LOGS))


def _makes_list(subject: Subject, node: Expression) -> bool:
    if isinstance(node, Attribute):
        return node.name in subject.sources and subject.sources[node.name].multivalued
    return isinstance(node, Call) and node.name in LIST_MAKERS


# -- types ------------------------------------------------------------------------------


def _reference(subject: Subject, row: MappingRow) -> Check | None:
    """A reference must come from a reference alone; nothing else can be looked up in the app."""
    wanted = subject.type_of(row.target) == "Reference"
    node = subject.parsed.get(row.target)
    if node is None:
        return None
    names = [name for name in attribute_names(node) if _is_reference(subject, name)]
    if wanted and names and not isinstance(node, Attribute):
        text = (
            f"{row.target} is a reference to another account, but {row.expression} changes the person's reference: it"
            " is not documented whether the result is still looked up in the app"
        )
        source = unconfirmed(f"a reference inside a function; {REFERENCE} forbids it for Switch")
        return warning(
            "mapping.wrong_type",
            text,
            IN_THE_ROW.format(target=row.target, what="choose the type Direct and the source manager"),
            source,
        )
    if wanted and not names:
        text = (
            f"{row.target} is a reference to another account, but {row.expression} is not a reference: the app cannot"
            " resolve it"
        )
        remedy = IN_THE_ROW.format(target=row.target, what="choose the type Direct and the source manager")
        return failed("mapping.wrong_type", text, remedy, documented(CUSTOMIZE))
    if names and not wanted:
        text = (
            f"{row.target} is a {subject.type_of(row.target)}, but {row.expression} is a reference to another account:"
            " the app would get an id, or nothing"
        )
        return failed(
            "mapping.wrong_type",
            text,
            IN_THE_ROW.format(target=row.target, what="choose a source that is a string"),
            documented(CUSTOMIZE),
        )
    return None


def _is_reference(subject: Subject, name: str) -> bool:
    return name == "manager" or (name in subject.sources and subject.sources[name].type == "Reference")


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.casefold() in ("true", "false"))


def _is_decimal(value: Any) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", value_text(value)) is not None


TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "Boolean": (_is_boolean, "neither True nor False"),
    "Integer": (lambda value: as_integer(value) is not None, "no whole number"),
    "Decimal": (_is_decimal, "no number"),
    "DateTime": (
        lambda value: MOMENT.fullmatch(value_text(value)) is not None,
        "not a date and time such as 2026-03-02T08:00:00Z",
    ),
}


def _type(subject: Subject, row: MappingRow) -> Check | None:
    kind = "Boolean"
    if row.target != "active":
        kind = subject.type_of(row.target)
    if kind not in TYPES:
        return None
    is_right, words = TYPES[kind]
    wrong = {
        name: value
        for name, value in _values(subject, row).items()
        if not isinstance(value, list) and not is_right(value)
    }
    if not wrong:
        return None
    text = (
        f"{row.target} is {'an' if kind == 'Integer' else 'a'} {kind}, and {listed(wrong)} would get"
        f" {example(row, next(iter(wrong.values())))}, which is {words}"
    )
    remedy = IN_THE_ROW.format(target=row.target, what="choose a source or an expression that returns one")
    return failed("mapping.wrong_type", text, remedy, documented("RFC 7643, section 2.3"))


# -- shapes -----------------------------------------------------------------------------


def _is_address(value: Any) -> bool:
    return ADDRESS.fullmatch(value_text(value)) is not None


def _is_language(value: Any) -> bool:
    text = value_text(value)
    return LANGUAGE.fullmatch(text) is not None and COUNTRY.fullmatch(text) is None


def _is_time_zone(value: Any) -> bool:
    return TIME_ZONE.fullmatch(value_text(value)) is not None


def _shape_of(target: str) -> tuple[Callable[[Any], bool], str] | None:
    name = attribute_of(target)
    if name == "emails" and target.casefold().endswith(("value", "emails", "]")):
        return _is_address, "not an e-mail address"
    if name in ("preferredlanguage", "locale"):
        return _is_language, "not a language such as en-US"
    if name == "timezone":
        return _is_time_zone, "not a time zone such as Europe/Berlin"
    return None


def _shape(subject: Subject, row: MappingRow) -> Check | None:
    shape = _shape_of(row.target)
    if shape is None:
        return None
    is_right, words = shape
    wrong = {
        name: value
        for name, value in _values(subject, row).items()
        if not isinstance(value, list) and not is_right(value)
    }
    if not wrong:
        return None
    text = f"{row.target} of {listed(wrong)} would be {example(row, next(iter(wrong.values())))}, which is {words}"
    remedy = IN_THE_ROW.format(
        target=row.target,
        what=f"choose another source, or correct {origins(subject.parsed.get(row.target)) or 'the value'} in Entra",
    )
    return warning("mapping.wrong_shape", text, remedy, documented("RFC 7643, section 4.1"))


def _length(subject: Subject, row: MappingRow) -> Check | None:
    most = getattr(subject.expected.get(row.target), "max_length", None)
    if not most:
        return None
    longer = {name: value for name, value in _values(subject, row).items() if len(value_text(value)) > most}
    if not longer:
        return None
    text = f"{row.target} can have at most {most} characters, but is longer for {listed(longer)}"
    return failed(
        "mapping.value_too_long",
        text,
        IN_THE_ROW.format(target=row.target, what=f"shorten it, for example with Left({row.expression}, {most})"),
        documented(TUTORIAL),
    )
