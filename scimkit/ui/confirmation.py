"""The confirmation under a plan, when the run is interactive."""

from __future__ import annotations

from collections.abc import Callable

from scimkit.evidence.change_plan import ChangePlan


def offer_confirmation(plan: ChangePlan, keep: Callable[[str], None]) -> None:
    """Show a button that confirms exactly `plan`.

    keep  receives the fingerprint; afterwards the cell that confirms the plan is run again
    """
    import ipywidgets
    from IPython.display import display

    changes = f"these {len(plan.changes)} changes"
    if len(plan.changes) == 1:
        changes = "this change"
    words = f"Yes: make {changes} in {plan.tenant}"
    button = ipywidgets.Button(description=words, tooltip=words, layout=ipywidgets.Layout(width="auto"))
    message = ipywidgets.Label(f"Fingerprint {plan.fingerprint}. Nothing has been written.")

    def confirmed(_: object) -> None:
        keep(plan.fingerprint)
        button.disabled = True
        message.value = "Confirmed. Now run this cell again, and those below it."

    button.on_click(confirmed)
    display(ipywidgets.VBox([button, message]))
