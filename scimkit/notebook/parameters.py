"""The tagged parameters cell of a notebook: the one declaration of what may be set.

    app = "oreilly"      # a profile's name, or the path of a TOML file
    people: int = 40     # how many
    kept = "prompt"      # prompt | file | keyring: where to keep it

The form, the `--set` options and the check before a kernel starts are derived from it.
It is read with the standard library alone, because a kernel pays for every import here.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scimkit.errors import ConfigError

TAG = "parameters"
TYPES: dict[str, type] = {"str": str, "bool": bool, "int": int, "float": float}
LEAST: dict[str, int] = {"deletion_threshold": 1, "seats": 0}  # a smaller number would stop everything, or mean nothing
# What forms call a parameter whose name does not read well by itself.
LABELS = {
    "run": "Run folder",
    "single_sign_on": "Single sign-on today",
    "just_in_time": "Accounts created at sign-in today",
    "maintained_by": "Accounts maintained by",
    "separate_app": "Separate app for the test",
    "decisions": "Further decisions",
    "token_ref": "Token reference",
    "expires": "Token expires on",
    "display_name": "Name of a new app",
    "adopt": "Existing app to adopt",
    "confirm": "Fingerprint of the plan",
    "pilot": "Pilot people",
    "try_filter": "Filter to try",
    "tenant_url": "Tenant URL",
    "notification_email": "Notification e-mail",
    "deletion_threshold": "Accidental deletion threshold",
    "sign_in_identifier": "Single sign-on identifier",
    "explain_target": "Row to explain",
    "explain_person": "Person to explain it for",
}
_TRUE, _FALSE = {"true", "yes", "1", "on"}, {"false", "no", "0", "off"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter: its name, the Python type of its values, its default
    and the sentence that explains it."""

    name: str
    type: type
    default: Any
    help: str = ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed values, if the sentence starts with them: `a | b | c: what it means`."""
        head, colon, _ = self.help.partition(":")
        if colon and "|" in head:
            return tuple(word.strip() for word in head.split("|"))
        return ()

    def convert(self, value: Any, *, where: str) -> Any:
        """`value` in this parameter's type, within its bounds.

        Raises ConfigError naming `where` and the parameter.
        """
        converted = self._typed(value, where=where)
        check_bounds(self.name, converted, where=where)
        return converted

    def _typed(self, value: Any, *, where: str) -> Any:
        """`value` in this parameter's type. Text from a command line is interpreted
        (`yes`, `40`); for a string parameter it stays as it is (`00123`).

        Raises ConfigError naming `where` and the parameter.
        """
        if isinstance(value, self.type) and not (self.type is int and isinstance(value, bool)):
            if self.choices and value not in self.choices:
                raise ConfigError(
                    f"{where}: parameter {self.name} is {value!r}", f"Allowed: {', '.join(self.choices)}."
                )
            return value
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str) and self.type is not str:
            text = value.strip().lower()
            if self.type is bool and text in _TRUE | _FALSE:
                return text in _TRUE
            try:
                if self.type in (int, float):
                    return self.type(text)
            except ValueError:
                pass
        wanted = {str: "text", bool: "yes or no", int: "a whole number", float: "a number"}[self.type]
        raise ConfigError(
            f"{where}: parameter {self.name} wants {wanted}, not {value!r}",
            f"{self.name}: {self.help or 'see the notebook'}.",
        )


def label_of(name: str) -> str:
    """The label of the parameter `name` in a form.

    >>> label_of("tenant_url"), label_of("deletes_wanted")
    ('Tenant URL', 'Deletes wanted')
    """
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def check_bounds(name: str, value: Any, *, where: str = "") -> None:
    """Reject an invalid number for parameter `name`. Raises ConfigError naming `where` and the parameter.

    >>> check_bounds("deletion_threshold", 20)
    """
    least = LEAST.get(name)
    if least is not None and isinstance(value, (int, float)) and value < least:
        raise ConfigError(
            f"{where}: parameter {name} is {value}" if where else f"{name} is {value}",
            f"Enter a whole number of at least {least}.",
        )


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ").rstrip() for t in tokens if t.type == tokenize.COMMENT}


def parse_parameters(source: str, *, where: str) -> tuple[Parameter, ...]:
    """The parameters declared in the text of a tagged cell.

    Raises ConfigError if the cell contains anything other than assignments of literals.
    """
    try:
        tree, comments = ast.parse(source), _comments(source)
    except (SyntaxError, tokenize.TokenError) as error:
        raise ConfigError(
            f"{where}: the parameters cell is not Python ({error})", "Restore the notebook as it was shipped."
        ) from None
    found = []
    for node in tree.body:
        target = _assigned_by(node)
        try:
            if not isinstance(target, ast.Name) or node.value is None:  # type: ignore[attr-defined]
                raise ValueError("not an assignment")
            default = ast.literal_eval(node.value)  # type: ignore[attr-defined]
            if isinstance(node, ast.AnnAssign) and isinstance(node.annotation, ast.Name):
                hint = node.annotation.id
            else:
                hint = type(default).__name__
            kind = TYPES[hint]
        except (ValueError, KeyError):
            raise ConfigError(
                f"{where}: line {node.lineno} of the parameters cell is not `name = literal`",
                f"Only {', '.join(TYPES)} literals are allowed there.",
            ) from None
        found.append(Parameter(target.id, kind, default, comments.get(node.lineno, "")))
    return tuple(found)


def _assigned_by(node: ast.stmt) -> ast.expr | None:
    """The target of one assignment; None for any other statement, and for `a = b = 1`."""
    if isinstance(node, ast.AnnAssign):
        return node.target
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return node.targets[0]
    return None


def declared_parameters(notebook: Path) -> tuple[Parameter, ...]:
    """The parameters of a notebook file; none if it has no tagged cell.

    Raises ConfigError if the file is not a notebook.
    """
    try:
        cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
        tagged = [cell for cell in cells if TAG in cell.get("metadata", {}).get("tags", [])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{notebook} is not a notebook ({error})", "Restore the notebook as it was shipped."
        ) from None
    source = ""
    if tagged:
        source = "".join(tagged[0]["source"])
    return parse_parameters(source, where=Path(notebook).name)


def check_names(declared: Iterable[Parameter], names: Iterable[str], *, where: str) -> None:
    """Reject a name that no parameter has. Raises ConfigError with the nearest existing name."""
    known = [parameter.name for parameter in declared]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = ""
            if near:
                hint = f"Did you mean {near[0]}? "
            raise ConfigError(f"{where} has no parameter {name}", f"{hint}It has: {', '.join(known) or 'none'}.")


def check_values(declared: Iterable[Parameter], values: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """`values` in their declared types. Raises ConfigError for an unknown name or a wrong type."""
    known = {parameter.name: parameter for parameter in declared}
    check_names(known.values(), values, where=where)
    return {name: known[name].convert(value, where=where) for name, value in values.items()}
