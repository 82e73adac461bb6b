"""The rules that Microsoft's pages leave open or contradict, each with a name and a default.

The defaults are the more likely reading of the public pages; every one of them is
(unconfirmed) there. Nothing else in this package decides an open rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True, slots=True)
class Settings:
    """How an expression or a filter is read where the documentation is open.

    null_conditions        strict: an IIF whose condition reads a null attribute yields null (reference page);
                           lenient: the condition is evaluated as written (Workday and SuccessFactors guides)
    guarded_conditions     a null caught by Switch or Coalesce inside a condition does not make it fail
    empty_is_null          an empty source attribute passed to a function counts as null (except in IsNull)
    mid_out_of_range       Mid with a start or length outside the string: input (Connect Sync) or empty
    append_null_is_empty   Append reads null as an empty string; otherwise the result is null
    split_trims            Split trims the spaces around each element
    split_delimiter        what Split uses when the delimiter is omitted
    pcase_apostrophe       joins: an apostrophe inside a word belongs to it (.NET); separates: it starts a new word
    item_out_of_range      Item beyond the list: error (Connect Sync) or null
    list_as_text           a list where a string is expected: error, or its only element
    case_of_instr          how InStr compares when compareType is omitted
    cbool_other_text       CBool of a string that is neither True nor a number: refuse or false
    single_role            what SingleAppRoleAssignment returns of a role: value or displayName
    default_domain         what DefaultDomain() returns; None refuses it
    send_empty_text        an expression that results in an empty string flows to the target
    regex_seconds          the longest one pattern may run on one value
    filter_anchoring       where a filter's pattern may match: anywhere (.NET IsMatch) or whole value
    filter_bad_number      Greater_Than on an attribute that is not a whole number: false or error
    """

    null_conditions: Literal["strict", "lenient"] = "strict"
    guarded_conditions: bool = True
    empty_is_null: bool = True
    mid_out_of_range: Literal["input", "empty"] = "input"
    append_null_is_empty: bool = True
    split_trims: bool = True
    split_delimiter: str = ","
    pcase_apostrophe: Literal["joins", "separates"] = "joins"
    item_out_of_range: Literal["error", "null"] = "error"
    list_as_text: Literal["error", "single"] = "error"
    case_of_instr: Literal["binary", "text"] = "binary"
    cbool_other_text: Literal["refuse", "false"] = "refuse"
    single_role: Literal["value", "displayName"] = "value"
    default_domain: str | None = None
    send_empty_text: bool = True
    regex_seconds: float = 0.5
    filter_anchoring: Literal["anywhere", "whole"] = "anywhere"
    filter_bad_number: Literal["false", "error"] = "false"


STRICT = Settings()
LENIENT = replace(STRICT, null_conditions="lenient")
