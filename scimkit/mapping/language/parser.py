"""Reading and printing expressions: text -> nodes -> canonical text.

    mapping    := expression
    expression := operand [ cmp operand ]        cmp only in the condition of IIF and in CBool
    operand    := Name "(" [ arg { "," arg } ] ")" | "[" name "]" | string | number | word
    arg        := expression | (nothing)         nothing = argument omitted

Source: "Reference for writing expressions for attribute mappings".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from scimkit.mapping.language.functions.table import FUNCTIONS
from scimkit.mapping.language.problems import ExpressionError, suggest
from scimkit.mapping.language.signatures import Function
from scimkit.mapping.language.syntax import Attribute, Call, Comparison, Expression, Number, Text, Word
from scimkit.mapping.language.values import MAX_INTEGER
from scimkit.mapping.language.words import CONNECT_SYNC_ONLY, INSTEAD, REFUSED_WORDS, WORDS

MAX_LENGTH = 10_000  # characters, documented (known issues for provisioning)
MAX_DEPTH = 100  # nested calls; our own limit, so that a bomb is refused instead of exhausting the stack

TOKEN = re.compile(
    r"""(?P<blank>\s+)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | \[(?P<attribute>[^\]]*)\]
      | (?P<hex>&[Hh][0-9A-Fa-f]+)
      | (?P<number>-?[0-9]+)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<cmp><>|<=|>=|=|<|>)
      | (?P<mark>[(),])""",
    re.VERBOSE | re.DOTALL,
)
ESCAPE = re.compile(r'\\([\\"])')
WRONG_CHARACTERS = {
    "&": '& does not join strings; write Join("", a, b) or Append(a, b).',
    "+": '+ neither adds nor joins; write Join("", a, b).',
    "-": "There is no arithmetic. For dates use DateAdd.",
    "'": 'Write strings in double quotes: "text".',
    "“": 'Use straight double quotes: "text".',
    "”": 'Use straight double quotes: "text".',
    "‘": 'Use straight double quotes: "text".',
    "’": 'Use straight double quotes: "text".',
    "{": "Write attributes in square brackets: [mail].",
    ";": "Separate arguments by commas.",
    "!": 'Write <> for "not equal", or Not(...).',
    "|": "There is no OR. Nest a second IIF in the third argument.",
}


class Token(NamedTuple):
    """kind: string attribute number hex name cmp mark end; position from 0."""

    kind: str
    text: str
    position: int


def read_tokens(text: str) -> list[Token]:
    """The tokens of `text` without whitespace, ending with an `end` token. Raises ExpressionError."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        kind = str(match.lastgroup)
        if kind == "number" and text[position - 1 : position].isalnum():
            raise _unreadable(text, position)  # 12-3: no arithmetic
        if kind != "blank":
            tokens.append(Token(kind, match[kind], position))
        position = match.end()
    tokens.append(Token("end", "", len(text)))
    return tokens


def _unreadable(text: str, position: int) -> ExpressionError:
    character = text[position]
    if character == '"':
        return ExpressionError(
            "a string starts here and is never closed",
            'Close it with ". Inside a string, write a quotation mark as \\" and a backslash as \\\\.',
            text=text,
            position=position,
        )
    if character == "[":
        return ExpressionError(
            "an attribute starts here and is never closed", "Close it with ].", text=text, position=position
        )
    remedy = WRONG_CHARACTERS.get(character, "Remove it, or put it into a string in double quotes.")
    return ExpressionError(f"{character!r} has no meaning here", remedy, text=text, position=position)


class Parser:
    """One pass over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = read_tokens(text)
        self.index = 0

    def error(self, message: str, remedy: str, position: int) -> ExpressionError:
        return ExpressionError(message, remedy, text=self.text, position=position)

    def whole(self) -> Expression:
        """The expression that makes up the whole text."""
        if self.tokens[0].kind == "end":
            raise self.error("the expression is empty", "Write a function call or an attribute such as [mail].", 0)
        node = self.expression(0)
        token = self.tokens[self.index]
        if token.kind != "end":
            raise self.unexpected(token, "the end of the expression")
        if isinstance(node, Comparison):
            raise self.misplaced(node)
        if isinstance(node, Word) and node.name.startswith("vb"):
            raise self.error(f"{node.name} has a meaning only in InStr", "Remove it.", node.position)
        return node

    def unexpected(self, token: Token, wanted: str) -> ExpressionError:
        if token.kind == "end":
            return self.error(f"the expression ends where {wanted} is expected", "Close every bracket.", token.position)
        if token.kind == "name" and token.text.lower() in ("and", "or"):
            remedy = "There is no AND and no OR. Nest a second IIF in the second argument for AND, in the third for OR."
        elif token.kind == "cmp":
            remedy = "A condition can contain only one comparison. Nest IIF for more."
        elif token.kind in ("number", "hex"):
            remedy = "There is no arithmetic. Separate arguments by commas."
        else:
            remedy = "Check commas, quotes and brackets before this place."
        if token.kind == "attribute":
            text = f"[{token.text}]"
        else:
            text = token.text
        if len(text) <= 40:
            shown = text
        else:
            shown = text[:40] + "…"
        return self.error(f"{shown} was found where {wanted} is expected", remedy, token.position)

    def misplaced(self, node: Comparison) -> ExpressionError:
        return self.error(
            f"a comparison ({node.operator}) is allowed only in the condition of IIF and in CBool",
            'Write IIF(a = b, "True", "False"), or CBool(a = b).',
            node.position,
        )

    def expression(self, depth: int) -> Expression:
        left = self.operand(depth)
        token = self.tokens[self.index]
        if token.kind != "cmp":
            return left
        self.index += 1
        return Comparison(token.text, left, self.operand(depth), token.position)

    def operand(self, depth: int) -> Expression:
        token = self.tokens[self.index]
        self.index += 1
        if token.kind == "name":
            if self.tokens[self.index].text == "(" and self.tokens[self.index].kind == "mark":
                return self.call(token, depth + 1)
            return self.word(token)
        if token.kind == "attribute":
            if not token.text.strip():
                raise self.error("an attribute without a name", "Write its name between the brackets.", token.position)
            return Attribute(token.text, token.position)
        if token.kind == "string":
            return Text(ESCAPE.sub(r"\1", token.text[1:-1]), token.position)
        if token.kind in ("number", "hex"):
            return self.number(token)
        raise self.unexpected(token, "a function, an attribute, a string or a number")

    def number(self, token: Token) -> Number:
        too_large = self.error("the number does not fit in 64 bits", "Put it in quotes as a string.", token.position)
        if token.kind == "hex":
            if len(token.text.lstrip("&Hh0")) > 16:
                raise too_large
            value = int("0x" + token.text[2:], 0)
            return Number(value if value <= MAX_INTEGER else value - 2**64, True, token.position)
        if len(token.text) > 400:
            raise too_large
        value = int(token.text)
        if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            raise too_large
        return Number(value, False, token.position)

    def word(self, token: Token) -> Word:
        lower = token.text.lower()
        if lower in WORDS:
            return Word(WORDS[lower], token.position, token.text)
        if lower in REFUSED_WORDS:
            message = f"{token.text} is not described in Microsoft's pages (unconfirmed)"
            remedy = (
                'As a result, use IgnoreAttributeFlow or leave the argument out. To test for null, use the key "" of'
                " Switch."
            )
        elif lower in FUNCTIONS:
            message = f"{FUNCTIONS[lower].name} is a function and needs brackets"
            remedy = f"Write {FUNCTIONS[lower].signature}."
        elif lower in ("true", "false"):
            message, remedy = (
                f"{token.text} is not a word of the language",
                f'Write it as a string: "{token.text.title()}".',
            )
        else:
            message = f"{token.text[:60]} is not a function call, an attribute or a string"
            near = suggest(token.text, WORDS.values())
            if near:
                remedy = f"Did you mean {near}?"
            else:
                remedy = f'Write [{token.text[:60]}] for an attribute, "..." for a string.'
        raise self.error(message, remedy, token.position)

    def call(self, name: Token, depth: int) -> Call:
        function = FUNCTIONS.get(name.text.lower())
        if function is None:
            raise self.unknown(name)
        if depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} nested functions", "Simplify it.", name.position)
        self.index += 1
        arguments: list[Expression | None] = []
        places: list[int] = []
        while True:
            token = self.tokens[self.index]
            places.append(token.position)
            if token.kind == "mark" and token.text in ",)":
                arguments.append(None)
            else:
                arguments.append(self.expression(depth))
                token = self.tokens[self.index]
            if token.kind != "mark" or token.text == "(":
                raise self.unexpected(token, f"a comma or the closing bracket of {function.name}")
            self.index += 1
            if token.text == ")":
                break
        while arguments and arguments[-1] is None:
            arguments.pop()
        made = Call(function.name, tuple(arguments), name.position, name.text)
        self.check(made, function, places, token.position)
        return made

    def unknown(self, name: Token) -> ExpressionError:
        lower = name.text.lower()
        if lower in CONNECT_SYNC_ONLY:
            message = f"{name.text} exists in Entra Connect Sync, not in provisioning to apps"
            return self.error(
                message, INSTEAD.get(lower, "Express it with the functions of provisioning."), name.position
            )
        near = suggest(name.text, [each.name for each in FUNCTIONS.values()])
        remedy = INSTEAD.get(lower) or (
            f"Did you mean {FUNCTIONS[near.lower()].signature}?" if near else "Check the spelling."
        )
        return self.error(f"there is no function {name.text[:60]}", remedy, name.position)

    def check(self, call: Call, function: Function, places: list[int], end: int) -> None:
        """Number and placement of the arguments of one call."""
        count = len(call.arguments)
        if function.most is not None and count > function.most:
            message = f"{function.name} takes at most {function.most} arguments, and {count} are given"
            if function.most == 0:
                message = f"{function.name} takes no arguments"
            raise self.error(message, f"Write {function.signature}.", places[function.most])
        if function.name == "Switch" and count > 2 and count % 2:
            message = "Switch needs an even number of arguments: source, default, then pairs of key and value"
            raise self.error(message, "Add the missing value, or a comma for the omitted default.", end)
        if count < function.fewest:
            missing = function.parameters[count].name
            raise self.error(f"{function.name} needs {missing}", f"Write {function.signature}.", end)
        for index, argument in enumerate(call.arguments):
            parameter = function.parameter(index)
            if argument is None:
                if parameter.required and not (parameter.repeats and index >= len(function.parameters)):
                    raise self.error(
                        f"{function.name} needs {parameter.name}", f"Write {function.signature}.", places[index]
                    )
            elif isinstance(argument, Comparison):
                if parameter.name != "condition":
                    raise self.misplaced(argument)
            elif isinstance(argument, Word) and argument.name.startswith("vb") and parameter.name != "compareType":
                raise self.error(f"{argument.name} has a meaning only in InStr", "Remove it.", argument.position)


def parse(text: str) -> Expression:
    """The parsed form of an expression.

    Function names are read without regard to case (unconfirmed); unknown names,
    wrong numbers of arguments and misplaced comparisons are refused here.

    text  at most 10,000 characters

    Raises ExpressionError (a MappingError) with the position and a suggestion.

    >>> parse('Append([mail], ".test")').name
    'Append'
    """
    if not isinstance(text, str):
        raise ExpressionError(
            f"an expression is a string, not {type(text).__name__}", "Give a text.", text="", position=0
        )
    try:
        return _parse(text)
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply", "Simplify it.", text=text, position=0) from None


# review, findings and explanations read the same expressions
@lru_cache(maxsize=512)
def _parse(text: str) -> Expression:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"the expression has {len(text):,} characters; {MAX_LENGTH:,} are allowed",
            "Shorten it, or compute the value in the source directory.",
            text=text,
            position=MAX_LENGTH,
        )
    return Parser(text).whole()


def print_expression(node: Expression) -> str:
    """Canonical text of a parsed expression; `parse` turns it into the same expression again.

    One space follows each comma, names have their documented spelling, omitted
    arguments at the end are left out.

    >>> print_expression(parse('switch([a],,"x" ,  "y")'))
    'Switch([a], , "x", "y")'
    """
    if isinstance(node, Call):
        return f"{node.name}({', '.join('' if each is None else print_expression(each) for each in node.arguments)})"
    if isinstance(node, Comparison):
        return f"{print_expression(node.left)} {node.operator} {print_expression(node.right)}"
    if isinstance(node, Attribute):
        return f"[{node.name}]"
    if isinstance(node, Text):
        return '"' + node.value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(node, Number):
        if node.hexadecimal:
            return f"&H{node.value & (2**64 - 1):X}"
        return str(node.value)
    return node.name
