"""A write, noted in the journal if there is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from scimkit.credentials import REDACTOR
from scimkit.errors import ApiError
from scimkit.evidence.journal import Journal


@contextmanager
def noted_write(
    journal: Journal | None, target: str, method: str, path: str, *, before: Any = None, after: Any = None
) -> Iterator[Callable[[Any], None]]:
    """Note the write before it is sent and again when it is answered; secrets masked.

    Yields a function that takes the answer. A successful status with an answer that
    makes no sense is noted as done, because the server acted, and then raised.
    """
    if journal is None:
        yield lambda answer: None
        return
    strange: ApiError | None = None
    plain_before, plain_after = REDACTOR.plain(before), REDACTOR.plain(after)
    with journal.writing(target, method, path, before=plain_before, after=plain_after) as settle:
        try:
            yield lambda answer: settle(REDACTOR.plain(answer))
        except ApiError as error:
            if error.status is None or not 200 <= error.status < 300:
                raise
            settle({"status": error.status, "message": str(error)})
            strange = error
    if strange is not None:
        raise strange
