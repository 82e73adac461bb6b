"""What one evaluation can see, and the two ways in which it can end early."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random, SystemRandom
from typing import Any, TypeAlias

from scimkit.mapping.language.settings import STRICT, Settings
from scimkit.mapping.language.values import IgnoreMark, Instant, plain_text

# `value.__class__ is str` is asked of every value of every person; isinstance takes up to twice as long.

SYSTEM_RANDOM = SystemRandom()


class Evaluation:
    """What one evaluation can see: the person, the time, the random source, the settings."""

    __slots__ = ("now", "random", "settings", "source", "warnings")

    def __init__(
        self,
        source: Mapping[str, Any],
        now: datetime | None = None,
        random: Random | None = None,
        settings: Settings = STRICT,
        warnings: list[str] | None = None,
    ) -> None:
        self.source, self.now, self.settings, self.warnings = source, now, settings, warnings
        self.random = random or SYSTEM_RANDOM

    def instant(self) -> Instant:
        """The time of this evaluation; the clock is read only if no `now` was given."""
        if self.now is None:
            self.now = datetime.now(UTC)
        return Instant.of(self.now)

    def warn(self, message: str) -> None:
        if self.warnings is not None and message not in self.warnings:
            self.warnings.append(message)

    def text(self, value: Any) -> str | None:
        """A string argument: null stays None, a list is refused or replaced by its only element."""
        if value is None or value.__class__ is str:
            return value
        if isinstance(value, list) and len(value) == 1 and self.settings.list_as_text == "single":
            return self.text(value[0])
        return plain_text(value)


Run: TypeAlias = Callable[[Evaluation], Any]


class Ignored(Exception):
    """Ends the evaluation of a mapping: the attribute or the object is left out."""

    def __init__(self, mark: IgnoreMark) -> None:
        super().__init__(mark.value)
        self.mark = mark


class NullRead(Exception):
    """A condition read a null attribute (strict mode)."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
