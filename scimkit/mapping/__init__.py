"""The attribute-mapping language: expressions, functions, scoping filters, rows.

Names are loaded when first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scimkit.mapping.findings import Finding, lint, lint_filters
    from scimkit.mapping.language.compiled import CompiledExpression, compile_expression, evaluate
    from scimkit.mapping.language.explanations import Explanation, explain
    from scimkit.mapping.language.parser import parse, print_expression
    from scimkit.mapping.language.problems import ExpressionError, UnfilterableAttribute, UnknownOperator
    from scimkit.mapping.language.settings import LENIENT, STRICT, Settings
    from scimkit.mapping.language.syntax import (
        Attribute,
        Call,
        Comparison,
        Expression,
        Number,
        Text,
        Word,
        attribute_names,
        walk,
    )
    from scimkit.mapping.language.values import IGNORE_ATTRIBUTE, IGNORE_OBJECT, IgnoreMark, show_value
    from scimkit.mapping.rows import (
        CompiledMapping,
        MappingRow,
        ObjectMapping,
        Values,
        compile_mapping,
        evaluate_rows,
        mapping_of,
        read_schema,
        redacts,
        rule_id,
        user_mapping,
    )
    from scimkit.mapping.scoping.filters import Clause, ScopingFilter, Verdict, in_scope, judge, read_filters

HOMES = {
    "language.compiled": ("CompiledExpression", "compile_expression", "evaluate"),
    "language.explanations": ("Explanation", "explain"),
    "language.parser": ("parse", "print_expression"),
    "scoping.filters": ("Clause", "ScopingFilter", "Verdict", "in_scope", "judge", "read_filters"),
    "findings": ("Finding", "lint", "lint_filters"),
    "language.problems": ("ExpressionError", "UnfilterableAttribute", "UnknownOperator"),
    "rows": (
        "CompiledMapping",
        "MappingRow",
        "ObjectMapping",
        "Values",
        "compile_mapping",
        "evaluate_rows",
        "mapping_of",
        "read_schema",
        "redacts",
        "rule_id",
        "user_mapping",
    ),
    "language.settings": ("LENIENT", "STRICT", "Settings"),
    "language.syntax": (
        "Attribute",
        "Call",
        "Comparison",
        "Expression",
        "Number",
        "Text",
        "Word",
        "attribute_names",
        "walk",
    ),
    "language.values": ("IGNORE_ATTRIBUTE", "IGNORE_OBJECT", "IgnoreMark", "show_value"),
}

__all__ = [
    "IGNORE_ATTRIBUTE",
    "IGNORE_OBJECT",
    "LENIENT",
    "STRICT",
    "Attribute",
    "Call",
    "Clause",
    "Comparison",
    "CompiledExpression",
    "CompiledMapping",
    "Explanation",
    "Expression",
    "ExpressionError",
    "Finding",
    "IgnoreMark",
    "MappingRow",
    "Number",
    "ObjectMapping",
    "ScopingFilter",
    "Settings",
    "Text",
    "UnfilterableAttribute",
    "UnknownOperator",
    "Values",
    "Verdict",
    "Word",
    "attribute_names",
    "compile_expression",
    "compile_mapping",
    "evaluate",
    "evaluate_rows",
    "explain",
    "in_scope",
    "judge",
    "lint",
    "lint_filters",
    "mapping_of",
    "parse",
    "print_expression",
    "read_filters",
    "read_schema",
    "redacts",
    "rule_id",
    "show_value",
    "user_mapping",
    "walk",
]


def __getattr__(name: str) -> Any:
    module = next((module for module, names in HOMES.items() if name in names), "")
    if module:
        return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
