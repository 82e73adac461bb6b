"""A sentence in a notebook's output, displayed as text and not as a Python string in quotes."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True, repr=False)
class Said:
    """text, and the notebook in the same folder named by its last words: one click in JupyterLab."""

    text: str
    notebook: str = ""

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        text, name = escape(self.text), escape(self.notebook)
        if name and text.endswith(name):
            text = f'{text.removesuffix(name)}<a href="{name}">{name}</a>'
        return f"<p><strong>{text}</strong></p>"
