"""The ledger of what a probe creates at an endpoint, on disk before it is sent, for removal after a crash.

`probes/<time>-<4 hex>.json` in the user's own folder, one file per probe: the endpoint without query, and for each
object its type, every name it may have and its id as soon as that is known. No token, no address of a real person.
The file is removed when nothing of the probe is left; a running probe holds a lock on it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scimkit.compatibility.record import LeftBehind
from scimkit.credentials import REDACTOR
from scimkit.credentials.places import own_folder
from scimkit.errors import RunError
from scimkit.evidence.records import utc_text
from scimkit.evidence.runs import RunStore

FOLDER = "probes"


@dataclass(slots=True)
class Entry:
    """One object that a probe intended to create.

    names  the one it was created with first; a rename adds to them
    id     "" until an answer contains it
    """

    resource_type: str
    names: list[str]
    id: str = ""


@dataclass(slots=True)
class Page:
    """The file of one probe."""

    name: str
    endpoint: str
    matching: str
    made_utc: str
    entries: list[Entry] = field(default_factory=list)


def endpoint_of(base_url: str) -> str:
    """Origin and path of a Tenant URL, as in a ledger.

    >>> endpoint_of("https://SCIM.example.com/v2/?aadOptscim062020")
    'https://scim.example.com/v2'
    """
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}{parts.path.rstrip('/')}"


class Ledger:
    """The pages of all probes of this user.

    folder  None: `probes` in the user's own folder
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.store = RunStore(folder or own_folder() / FOLDER, redact=REDACTOR.text)

    # -- writing ---------------------------------------------------------------

    @contextmanager
    def open(self, base_url: str, *, matching: str, now: datetime) -> Iterator[Writer]:
        """A new page for a probe of `base_url`, locked until the probe ends.

        Raises RunError if it cannot be written: then nothing may be sent.
        """
        stamp = utc_text(now).replace("-", "").replace(":", "")
        page = Page(f"{stamp}-{secrets.token_hex(2)}.json", endpoint_of(base_url), matching, utc_text(now))
        self.keep(page)
        with self.store.alone(_lock(page.name), wait_seconds=0):
            yield Writer(self, page)
        if not self.store.exists(page.name):
            self._forget_lock(page.name)

    def keep(self, page: Page) -> None:
        """Write `page`, or delete it if nothing is left on it."""
        self.store.write(page.name, json.dumps(asdict(page), ensure_ascii=False, indent=1) + "\n")

    def forget(self, page: Page) -> None:
        self.store.path(page.name).unlink(missing_ok=True)

    def _forget_lock(self, name: str) -> None:
        with suppress(OSError):  # Windows does not remove a file that another program has open
            self.store.path(_lock(name)).unlink(missing_ok=True)

    # -- reading ---------------------------------------------------------------

    def pages(self, base_url: str) -> tuple[Page, ...]:
        """What probes of this endpoint left, oldest first. Raises RunError for a page that cannot be read."""
        wanted = endpoint_of(base_url)
        found = [self._page(name) for name in self.store.list() if name.endswith(".json")]
        return tuple(page for page in found if page.endpoint == wanted)

    def _page(self, name: str) -> Page:
        try:
            plain: dict[str, Any] = json.loads(self.store.read(name))
            return Page(**{**plain, "name": name, "entries": [Entry(**entry) for entry in plain["entries"]]})
        except (ValueError, TypeError, KeyError) as error:
            path = self.store.path(name)
            raise RunError(
                f"the ledger {path} is damaged ({error})",
                "Check the file for names to remove by hand in the app, then delete it.",
                path=str(path),
            ) from None

    @contextmanager
    def alone(self, page: Page) -> Iterator[bool]:
        """Lock `page` to clean it up; False while the probe that writes it is running."""
        with ExitStack() as held:
            try:
                held.enter_context(self.store.alone(_lock(page.name), wait_seconds=0))
                ours = True
            except RunError:
                ours = False
            yield ours
        if ours and not self.store.exists(page.name):
            self._forget_lock(page.name)


def _lock(name: str) -> str:
    return f".{name.removesuffix('.json')}.lock"


class Writer:
    """The page of a running probe. `keep` is called by the probe before each creation and after it."""

    def __init__(self, ledger: Ledger, page: Page) -> None:
        self.ledger, self.page = ledger, page

    def keep(self, resource_type: str, id: str, name: str) -> None:
        """Note an intent (`id` ""), the id from an answer, or another name of a known id. On disk when it returns."""
        known = self._entry(resource_type, id, name)
        if known is None or (not id and known.id):  # a second creation under the name of a first one is another object
            self.page.entries.append(Entry(resource_type, [name], id))
        else:
            known.id = id or known.id
            if name not in known.names:
                known.names.append(name)
        self.ledger.keep(self.page)

    def _entry(self, resource_type: str, id: str, name: str) -> Entry | None:
        same = [entry for entry in reversed(self.page.entries) if entry.resource_type == resource_type]
        by_id = next((entry for entry in same if id and entry.id == id), None)
        return by_id or next((entry for entry in same if not (id and entry.id) and name in entry.names), None)

    def settle(self, left: Iterable[LeftBehind]) -> None:
        """The probe has cleaned up: only what it reports as left stays on the page."""
        self.page.entries = [Entry(item.resource_type, self._names(item), item.id) for item in left]
        if self.page.entries:
            self.ledger.keep(self.page)
        else:
            self.ledger.forget(self.page)

    def _names(self, item: LeftBehind) -> list[str]:
        known = self._entry(item.resource_type, item.id, item.name)
        return list(dict.fromkeys([*(known.names if known else ()), item.name]))
