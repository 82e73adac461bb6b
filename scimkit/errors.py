"""Everything scimkit raises on purpose.

    ScimkitError                 message: what happened; remedy: what to do next
      ConfigError                a parameter, an option or scimkit.toml is wrong
      ProfileError               an app profile is wrong: file, key
      CredentialError            a secret is not available: the reference, never the value
      MappingError               an expression or a filter is wrong: text, position
      RunError                   a run folder or record cannot be used: path
      ApiError                   a server did not do what was requested: method, path, status, request id
        Unreachable              no answer at all
        Denied                   401 or 403
        Throttled                429 until we gave up
        Rejected                 any other refusal, and an answer that makes no sense
      NotReady                   an earlier step failed, or the basis of a plan has changed
      Waiting                    for a confirmation, a person, a vendor or a cycle
      PlanRefused                over a limit, wrong tenant, not adopted

A foreseeable situation is one of these, and is shown as its sentence and its
remedy, never as a traceback. Anything else that escapes is a defect.
"""

from __future__ import annotations

from typing import ClassVar, Protocol


def lines_of(message: str, remedy: str) -> list[str]:
    """A finding as a person reads it: the sentence, then the remedy. The words between them appear only here.

    >>> lines_of("the token is refused", "Enter a new one.")
    ['the token is refused', 'What to do: Enter a new one.']
    """
    if not remedy:
        return [message]
    return [message, f"What to do: {remedy}"]


class ScimkitError(Exception):
    """Something foreseeable went wrong; `remedy` says what to do next.

    exit_code  how a headless run ends: 1 a check failed,
               2 usage or configuration, 3 waiting, 4 could not finish
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        if remedy:
            self.add_note(remedy)

    def __str__(self) -> str:
        return self.message

    def _render_traceback_(self) -> list[str]:
        """Called by IPython instead of printing a traceback."""
        first, *rest = self.lines()
        return [f"{type(self).__name__}: {first}", *rest]

    def lines(self) -> list[str]:
        """The message, and on a separate line what to do, if there is something to do."""
        return lines_of(self.message, self.remedy)


class ConfigError(ScimkitError):
    """A parameter, a command line option or a line of scimkit.toml is wrong."""

    exit_code = 2


class ProfileError(ScimkitError):
    """An app profile is wrong. `file` and `key` say where."""

    exit_code = 2

    def __init__(self, message: str, remedy: str = "", *, file: str = "", key: str = "") -> None:
        super().__init__(message, remedy)
        self.file, self.key = file, key


class CredentialError(ScimkitError):
    """A secret is not available. Names the reference, never the value."""

    exit_code = 2

    def __init__(self, message: str, remedy: str = "", *, reference: str = "") -> None:
        super().__init__(message, remedy)
        self.reference = reference


class MappingError(ScimkitError):
    """An expression or a scoping filter is wrong.

    text      the whole expression, or the clause
    position  offset of the wrong character in `text`, from 0; None if no
              single place is wrong
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "", *, text: str = "", position: int | None = None) -> None:
        super().__init__(message, remedy)
        self.text, self.position = text, position


class RunError(ScimkitError):
    """A run folder, a record or the journal cannot be used."""

    exit_code = 2

    def __init__(self, message: str, remedy: str = "", *, path: str = "") -> None:
        super().__init__(message, remedy)
        self.path = path


class ApiError(ScimkitError):
    """A server did not do what was requested.

    path is without host and query values; status is None when no answer came.
    """

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        method: str = "",
        path: str = "",
        status: int | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message, remedy)
        self.method, self.path, self.status, self.request_id = method, path, status, request_id


class Unreachable(ApiError):
    """No answer: refused, name not found, TLS, time out.

    cause   one of `dns`, `refused`, `tls`, `proxy`, `timeout`, `reset`, `other`
    detail  of `tls`: `expired`, `wrong_name`, `unknown_root`, `not_tls`; else ""
    """

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        cause: str = "other",
        detail: str = "",
        method: str = "",
        path: str = "",
    ) -> None:
        super().__init__(message, remedy, method=method, path=path)
        self.cause, self.detail = cause, detail


class Denied(ApiError):
    """401 or 403: the token is not accepted, or not for this request. code is Graph's, if there is one."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "", *, code: str = "", **where: object) -> None:
        super().__init__(message, remedy, **where)  # type: ignore[arg-type]
        self.code = code


class Throttled(ApiError):
    """429 repeatedly. `retry_after_seconds` is the last wait the server asked for, if any."""

    def __init__(
        self, message: str, remedy: str = "", *, retry_after_seconds: float | None = None, **where: object
    ) -> None:
        super().__init__(message, remedy, **where)  # type: ignore[arg-type]
        self.retry_after_seconds = retry_after_seconds


class Rejected(ApiError):
    """Refused because of its content, or answered with something that makes no sense.

    code is Graph's error code or SCIM's `scimType`, if there is one.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "", *, code: str = "", **where: object) -> None:
        super().__init__(message, remedy, **where)  # type: ignore[arg-type]
        self.code = code


class FailedCheck(Protocol):
    """What an error can say about the check it carries; `evidence.checks.Check` is one.

    Errors are below everything else, so they name no class of the rooms above.
    """

    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...
    @property
    def remedy(self) -> str: ...


class NotReady(ScimkitError):
    """An earlier step failed, or the basis of a plan has changed. Carries the check, if there is one."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "", *, check: FailedCheck | None = None) -> None:
        super().__init__(message, remedy)
        self.check = check


class Waiting(ScimkitError):
    """For a confirmation, a person, a vendor or a cycle.

    command  the command that continues; the runner prints it as its last line.
             A notebook does not know how its run was started, so it leaves
             `settings` ({"3_app": {"confirm": "1a2b…"}}) from which the runner
             builds the command.
    """

    exit_code = 3

    def __init__(
        self, message: str, remedy: str = "", *, command: str = "", settings: dict[str, dict[str, str]] | None = None
    ) -> None:
        super().__init__(message, remedy)
        self.command, self.settings = command, settings or {}


class PlanRefused(ScimkitError):
    """A plan exceeds a limit, is for another tenant, or changes an app that was not adopted."""

    exit_code = 1
