"""The page of an executed notebook, beside the pages of the other steps."""

from __future__ import annotations

from nbformat.v4 import new_code_cell, new_notebook, new_output

from scimkit.headless.html_page import render_page
from scimkit.ui.sentence import Said


def test_the_next_step_is_the_next_page() -> None:
    """What opens the next notebook in JupyterLab opens the next page here; a browser would show a notebook as JSON."""
    said = Said("2_token is done. Next: 3_app.ipynb", notebook="3_app.ipynb")
    shown = new_output("execute_result", {"text/plain": repr(said), "text/html": said._repr_html_()})

    page = render_page(new_notebook(cells=[new_code_cell("here.close(note)", outputs=[shown])]), "2_token")

    assert '<a href="3_app.html">3_app</a>' in page
    assert "3_app.ipynb<" not in page
