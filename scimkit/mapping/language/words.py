"""The bare words of the language; also names that people write but it does not have, with replacements."""

from __future__ import annotations

WORDS = {word.lower(): word for word in ("vbTextCompare", "vbBinaryCompare", "IgnoreAttributeFlow", "IgnoreObjectFlow")}
REFUSED_WORDS = {"null", "authoritativenull", "authorizednull"}

CONNECT_SYNC_ONLY = {
    name.lower(): name
    for name in (
        "BitOr",
        "CGuid",
        "CNum",
        "Contains",
        "ConvertFromBase64",
        "ConvertFromUTF8Hex",
        "CRef",
        "DNComponent",
        "DNComponentRev",
        "Error",
        "EscapeDNComponent",
        "InStrRev",
        "IsBitSet",
        "IsDate",
        "IsEmpty",
        "IsGuid",
        "IsNumeric",
        "ItemOrNull",
        "LCase",
        "Len",
        "LTrim",
        "PadLeft",
        "PadRight",
        "RandomNum",
        "ReplaceChars",
        "Right",
        "RTrim",
        "Select",
        "StringFromGuid",
        "StringFromSid",
        "Trim",
        "UCase",
        "Where",
        "With",
    )
}
INSTEAD = {
    "lcase": "Use ToLower.",
    "ucase": "Use ToUpper.",
    "trim": 'Use Replace([x], , "^\\\\s+|\\\\s+$", , "", , ).',
    "ltrim": 'Use Replace([x], , "^\\\\s+", , "", , ).',
    "rtrim": 'Use Replace([x], , "\\\\s+$", , "", , ).',
    "right": 'Use Replace([x], , "^.*(?<tail>.{4})$", , "${tail}", , ) with the number you want in place of 4.',
    "len": "There is no length function; a pattern with {n} in Replace can depend on a length.",
    "contains": 'Use InStr([x], "text") and compare with 0.',
    "isempty": "Use IsNullOrEmpty.",
    "itemornull": "Use Item.",
    "padleft": 'Use Replace(Join("", "00000000", [x]), , "(.*?)(?<id>.{0,8})$", , "${id}", , ).',
    "replacechars": "Use Replace or NormalizeDiacritics.",
    "cnum": "Numbers and quoted numbers are interchangeable; leave it out.",
    # of other languages
    "and": "There is no AND; nest a second IIF in the second argument of the first.",
    "or": "There is no OR; nest a second IIF in the third argument of the first.",
    "concat": 'Use Append(a, b), or Join("", a, b, c).',
    "concatenate": 'Use Append(a, b), or Join("", a, b, c).',
    "indexof": "Use InStr.",
    "substring": "Use Mid(source, start, length); the first character is number 1.",
    "tostring": "Use CStr.",
}
