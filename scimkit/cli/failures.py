"""How a command ends that did not work: a sentence, a remedy and an exit code."""

from __future__ import annotations

from typing import Any

import click


class ForgivingGroup(click.Group):
    """Shows what scimkit raises on purpose as a sentence and a remedy, with its exit code."""

    def invoke(self, context: click.Context) -> Any:
        from scimkit.errors import ScimkitError

        try:
            return super().invoke(context)
        except ScimkitError as error:
            from scimkit.credentials import REDACTOR

            click.echo(REDACTOR.text(f"Error: {error.message}"), err=True)
            if error.remedy:
                click.echo(REDACTOR.text(f"What to do: {error.remedy}"), err=True)
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
            click.echo(
                "Error: something went wrong that scimkit did not foresee\nWhat to do: Please report the lines above;"
                " nothing of a run is lost.",
                err=True,
            )
            context.exit(4)
