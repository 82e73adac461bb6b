"""How a failed command ends: a sentence, a remedy and an exit code."""

from __future__ import annotations

from typing import Any

import click

UNFORESEEN = "Error: something went wrong that scimkit did not foresee"
REPORT_IT = "Please report the lines above; nothing of a run is lost."


class ForgivingGroup(click.Group):
    """Shows errors that scimkit raises on purpose as a sentence and a remedy, with their exit code."""

    def invoke(self, context: click.Context) -> Any:
        from scimkit.errors import ScimkitError, lines_of

        try:
            return super().invoke(context)
        except ScimkitError as error:
            from scimkit.credentials import REDACTOR

            for line in lines_of(f"Error: {error.message}", error.remedy):
                click.echo(REDACTOR.text(line), err=True)
            context.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            context.exit(130)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception:
            import traceback

            from scimkit.credentials import REDACTOR

            click.echo(REDACTOR.text(traceback.format_exc()), err=True)
            for line in lines_of(UNFORESEEN, REPORT_IT):
                click.echo(line, err=True)
            context.exit(4)
