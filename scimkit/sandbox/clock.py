"""Virtual time: it moves with requests and injected waits, never on its own."""

from __future__ import annotations

from datetime import datetime, timedelta

from scimkit.evidence.records import utc_text
from scimkit.sandbox.identity import START_UTC

REQUEST_SECONDS = 1
JOB_STATUS_SECONDS = 60  # who polls a job waits between two polls
NEVER = "0001-01-01T00:00:00Z"  # Graph's word for "no such time"


class Clock:
    """The sandbox's time. `still` stops it while a cycle runs."""

    def __init__(self, now: datetime = START_UTC) -> None:
        self.now = now
        self.still = False

    def set(self, moment: datetime) -> None:
        """Go to `moment`. A clock does not go back: earlier moments are ignored."""
        self.now = max(self.now, moment)

    def after(self, seconds: float) -> datetime:
        return self.now + timedelta(seconds=seconds)

    @property
    def text(self) -> str:
        return utc_text(self.now)
