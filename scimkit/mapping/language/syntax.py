"""The parsed form of an expression: six frozen kinds of node.

Two nodes are equal when they mean the same; `position` (offset in the text,
from 0) and the spelling of names do not count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string, unescaped."""

    value: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A 64-bit whole number; `hexadecimal` when written as `&H1F`."""

    value: int
    hexadecimal: bool = False
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Attribute:
    """A source attribute, written `[name]`."""

    name: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word, such as IgnoreAttributeFlow."""

    name: str
    position: int = field(default=0, compare=False)
    spelled: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`, only in a condition. operator: = <> < > <= >="""

    operator: str
    left: Expression
    right: Expression
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function call. An omitted argument is None; trailing omitted arguments are not kept."""

    name: str
    arguments: tuple[Expression | None, ...] = ()
    position: int = field(default=0, compare=False)
    spelled: str = field(default="", compare=False)


Expression: TypeAlias = Text | Number | Attribute | Word | Comparison | Call


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct child nodes, without omitted arguments."""
    if isinstance(node, Call):
        return tuple(argument for argument in node.arguments if argument is not None)
    if isinstance(node, Comparison):
        return (node.left, node.right)
    return ()


def walk(node: Expression) -> Iterator[Expression]:
    """The node and everything below it, in text order."""
    yield node
    for child in children(node):
        yield from walk(child)


def attribute_names(node: Expression) -> tuple[str, ...]:
    """The source attributes that an expression mentions, each once, in text order."""
    return tuple(dict.fromkeys(each.name for each in walk(node) if isinstance(each, Attribute)))
