"""The review inside the journey: what the administrator adds in 5b, and what becomes of it."""

import json
import re

import pytest

pytestmark = pytest.mark.slow
ANNA = "pilot=anna.schmidt@contoso.example"


def checks(tmp_path, text):
    folder = tmp_path / re.search(r"run folder (.+)", text)[1].strip()
    record = json.loads((folder / "records" / "5b_mapping_review.json").read_text(encoding="utf-8"))
    return {check["code"]: check for check in record["checks"]}


def test_single_sign_on_by_another_name_is_a_warning(scimkit, tmp_path):
    """Anna signs in by her mail and is matched by her user name, which are not the same; Microsoft has been asked."""
    done = scimkit(
        "run", "onboard", "--set", ANNA, "--set", "5b.sign_in_identifier=[mail]", "--set", "5b.explain_target=userName"
    )
    assert done.returncode == 0, done.stdout + done.stderr

    found = checks(tmp_path, done.stdout)
    assert found["mapping.sign_in_differs"]["status"] == "warning"
    assert "anna.schmidt@contoso.example" in found["mapping.sign_in_differs"]["message"]
    assert found["mapping.microsoft_agrees"]["status"] == "passed"
    assert "mapping.not_in_schemas" not in found, "the sandbox's vendor names every attribute of the table"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("5b.explain_target=usrName", "Did you mean userName"),
        ("5b.sign_in_identifier=Join([mail]", "Close every bracket"),
    ],
)
def test_a_wrong_choice_is_one_sentence(scimkit, setting, words):
    """A row that is not there, an expression that cannot be read: the sentence and its remedy, no traceback."""
    done = scimkit("run", "onboard", "--set", setting)

    assert done.returncode in (1, 2)
    assert words in done.stdout
    assert "Traceback" not in done.stdout
