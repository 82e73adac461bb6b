"""The token, typed by hand: entered in 2_token, used in 5a_connection, found in no file.

The worst case: JupyterLab saves the widgets' state, and IPython writes its history.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sqlite3

import pytest
from playwright.sync_api import expect

from scimkit.apps import load
from scimkit.sandbox.identity import DEFAULT_SEED, sandbox_token

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TOKEN = sandbox_token(DEFAULT_SEED, "oreilly")
FIELD = load("oreilly").token.label
ENDS = "2031-07-29"  # typed into an ordinary field beside it: this one must be found


def play(lab, page, *steps):
    """Run notebooks that ask for nothing."""
    for step in steps:
        notebook = lab.open(page, step)
        notebook.run_all()
        notebook.check_done()
        notebook.save()
        notebook.close()


def enter(lab, page, folder, where, *, again):
    """Type the token into 2_token as it was copied from an example, choose where to keep it,
    press the button, run what follows from the cell with `again` in it; what the button said."""
    notebook = lab.open(page, "2_token")
    notebook.run_all()
    notebook.check_done()
    notebook.panel.get_by_label("Expires").press_sequentially(ENDS)
    notebook.panel.get_by_label("Expires").press("Tab")
    notebook.show(notebook.number("token_form"))
    field = notebook.panel.get_by_label(FIELD)
    assert field.get_attribute("type") == "password"
    field.press_sequentially(f"Bearer {TOKEN}")
    expect(field).to_have_value(f"Bearer {TOKEN}")
    notebook.shoot(folder, "token_typed")
    field.press("Tab")
    expect(notebook.panel.get_by_text("the word before it removed), and no longer in the field")).to_be_visible()
    expect(field).to_have_value("")
    select = notebook.panel.get_by_label("Where to keep it")
    options = [option.replace("\xa0", " ") for option in select.locator("option").all_inner_texts()]
    select.select_option(index=next(n for n, option in enumerate(options) if where in option))
    notebook.panel.get_by_role("button", name="Keep this token").click()
    kept = notebook.panel.get_by_text("Now run the cells below again")
    expect(kept).to_be_visible()
    said = kept.inner_text()
    expect(notebook.panel.get_by_label("Token ref")).not_to_have_value("sandbox")
    notebook.shoot(folder, f"token_kept_{again[:-1]}")
    notebook.run_below(notebook.number(again))
    notebook.check_done()
    assert TOKEN not in page.content()
    notebook.save()
    notebook.close()
    return said


def reference(lab):
    """Where the token is to be had, by the record that 2_token has left."""
    (note,) = (lab.run / "records").glob("*token_note*.json")
    return json.loads(note.read_text(encoding="utf-8"))["data"]["reference"]


def search(lab, leaks, *, but=()):
    """Look for the token in all that is left, having seen that what must be found is found."""
    widgets = json.loads((lab.run / "2_token.ipynb").read_text(encoding="utf-8"))["metadata"]["widgets"]
    states = [widget["state"] for widget in widgets["application/vnd.jupyter.widget-state+json"]["state"].values()]
    assert "" in [state.get("value", "") for state in states if state.get("placeholder") == "paste it here"]
    assert any("2_token.ipynb" in place for place in leaks(lab.folder, ENDS)), "widgets were not saved"
    with contextlib.closing(sqlite3.connect(lab.folder / "ipython/profile_default/history.sqlite")) as history:
        assert history.execute("SELECT count(*) FROM history WHERE source LIKE '%probe_endpoint%'").fetchone()[0], (
            "no history was kept"
        )
    plant = lab.run / "planted"
    plant.write_bytes(base64.b64encode(b"x" + TOKEN.encode()))
    assert any("planted" in place for place in leaks(lab.folder, TOKEN, but=but))
    plant.unlink()
    assert leaks(lab.folder, TOKEN, but=but) == []


def test_typed_and_kept_nowhere(start_lab, page, tmp_path, leaks):
    with start_lab() as lab:
        play(lab, page, "1_plan")
        assert enter(lab, page, tmp_path, "in this notebook only", again="note_token(").startswith(
            "Held in this notebook only"
        )
        assert reference(lab) == "prompt"

        play(lab, page, "3_app", "4_scope")
        notebook = lab.open(page, "5a_connection")
        notebook.start()
        asked = notebook.panel.locator("input.jp-Stdin-input")
        expect(asked).to_be_focused()  # which also brings it into sight

        expect(asked).to_be_in_viewport()

        assert asked.get_attribute("type") == "password"

        asked.press_sequentially(TOKEN)
        notebook.shoot(tmp_path, "asked_5a_connection")
        asked.press("Enter")
        notebook.wait()
        notebook.check_done()
        notebook.shoot(tmp_path, "entered_5a_connection")
        notebook.save()
        notebook.close()
    search(lab, leaks)


@pytest.mark.acceptance
def test_typed_and_kept_in_a_file(start_lab, page, tmp_path, leaks):
    with start_lab() as lab:
        play(lab, page, "1_plan")
        # the cell of the field itself is run again, too: what was kept stays in use
        assert enter(lab, page, tmp_path, "in your own file", again="token_form(").startswith("Kept as file:")
        play(lab, page, "3_app", "4_scope", "5a_connection")
    (file,) = (lab.folder / "data").rglob("*.token")

    assert reference(lab) == f"file:{file}"
    assert file.read_text(encoding="utf-8").strip() == TOKEN
    assert os.name == "nt" or file.stat().st_mode & 0o077 == 0

    search(lab, leaks, but=(file.name,))  # the one place where it is wanted
