"""The journal: every write, noted before it is sent and again when it is answered.

`journal/000001.json` … in the run folder, one file per write. From an entry that was
intended but never settled, a resumed run knows what to search for instead of
sending it twice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from scimkit.errors import ApiError, RunError
from scimkit.evidence.records import utc_text
from scimkit.evidence.runs import RunStore

_NUMBERED = re.compile(r"journal/(\d{6,})\.json")


@dataclass(frozen=True, slots=True)
class Entry:
    """One write.

    state   intended | done | refused (by the server) | unknown (there was no answer)
    target  graph | scim
    before  the previous state, as far as it was read; None: not read
    after   the body that was sent, secrets masked; None: no body
    answer  {"status": 201, "id": "…"} or {"message": "…"}
    """

    number: int
    step: str
    state: str
    target: str
    method: str
    path: str
    before: Any
    after: Any
    intended_utc: str
    settled_utc: str = ""
    answer: Any = None


class Journal:
    """The journal of one run. `now` gives the time; `step` is the notebook that writes."""

    def __init__(self, run: RunStore, *, step: str, now: Callable[[], datetime]) -> None:
        self.run, self.step, self.now = run, step, now

    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entry(name) for name in self.run.list("journal") if _NUMBERED.fullmatch(name))

    def _entry(self, name: str) -> Entry:
        try:
            return Entry(**json.loads(self.run.read(name)))
        except (ValueError, TypeError) as error:
            raise RunError(
                f"{self.run.name}/{name} is damaged ({error})",
                "Start a new run. This one stays as evidence.",
                path=name,
            ) from None

    def unsettled(self) -> tuple[Entry, ...]:
        """Writes for which it is unknown whether they arrived."""
        return tuple(entry for entry in self.entries() if entry.state in ("intended", "unknown"))

    def _keep(self, entry: Entry) -> None:
        self.run.write(
            f"journal/{entry.number:06}.json", json.dumps(asdict(entry), ensure_ascii=False, indent=2) + "\n"
        )

    def _next_number(self) -> int:
        numbers = [int(found[1]) for name in self.run.list("journal") if (found := _NUMBERED.fullmatch(name))]
        return max(numbers, default=0) + 1

    @contextmanager
    def writing(
        self, target: str, method: str, path: str, *, before: Any = None, after: Any = None
    ) -> Iterator[Callable[[Any], None]]:
        """Note the write, let it happen, note the outcome.

        Yields a function that takes the answer. An ApiError with a status settles
        the entry as refused, without one as unknown; both are passed on to the caller.
        """
        with self.run.alone(".journal.lock"):  # two notebooks of one run may write at the same time
            entry = Entry(
                self._next_number(), self.step, "intended", target, method, path, before, after, utc_text(self.now())
            )
            self._keep(entry)
        answers: list[Any] = []
        try:
            yield answers.append
        except ApiError as error:
            state = "refused"
            if error.status is None:
                state = "unknown"
            self._keep(
                replace(
                    entry,
                    state=state,
                    settled_utc=utc_text(self.now()),
                    answer={"status": error.status, "message": str(error)},
                )
            )
            raise
        self._keep(
            replace(entry, state="done", settled_utc=utc_text(self.now()), answer=answers[0] if answers else None)
        )
