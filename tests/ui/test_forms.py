"""Forms: fields with a front end, a table without, the same values in both."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest

from scimkit.credentials import REDACTOR, Secret
from scimkit.errors import ConfigError, RunError
from scimkit.mapping.scoping.filter_text import read_filter_text
from scimkit.ui.forms import Dress, Form, TokenForm, has_front_end

TOKEN = "tok-4f9a2c7e81b35d60"  # not a real one


@dataclass(frozen=True)
class Declared:
    name: str
    type: Any
    default: Any
    help: str = ""


PARAMETERS = (
    Declared("app", str, "oreilly", "a profile's <name>"),
    Declared("tenant", "str", "sandbox"),
    Declared("deletes_wanted", bool, False, "delete purged people"),
    Declared("people", int, 40, "how many"),
    Declared("share", float, 0.5),
    Declared("token_ref", str, "env:SCIM_TOKEN"),
)


class Store:
    """Keeps choices as a run does."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, dict[str, Any]]] = []
        self.full = False

    def save_choices(self, step: str, values: Mapping[str, Any]) -> None:
        if self.full:
            raise RunError("the disk is full", "Free some space")
        self.kept.append((step, dict(values)))


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    REDACTOR.clear()


def _form(store: Store | None, *, interactive: bool, **more: Any) -> Form:
    values = more.pop("values", {"people": 7})
    return Form(
        PARAMETERS,
        values,
        step="1_plan",
        store=store,
        dress=Dress({"tenant": ("sandbox", "contoso")}, **more),
        interactive=interactive,
    )


@pytest.mark.parametrize("interactive", [True, False])
def test_cells_read_values_and_never_ask_which(store: Store, interactive: bool) -> None:
    """Given values, else defaults, by attribute."""
    form = _form(store, interactive=interactive)
    assert (form.app, form.people, form.deletes_wanted, form.share) == ("oreilly", 7, False, 0.5)
    with pytest.raises(AttributeError, match="this form has no apps; it has app, tenant"):
        form.apps


def test_without_a_front_end_it_is_a_table(store: Store) -> None:
    """Labels above the names, values, what they are: fixed text and escaped HTML, no widget."""
    bundle = _form(store, interactive=False)._repr_mimebundle_()

    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == (
        "Parameters\n\n"
        "  name             value           what it is\n"
        "  ---------------  --------------  --------------------\n"
        "  App              oreilly         a profile's <name>\n"
        "  app\n"
        "  Tenant           sandbox         —\n"
        "  tenant\n"
        "  Deletes wanted   no              delete purged people\n"
        "  deletes_wanted\n"
        "  People           7               how many\n"
        "  people\n"
        "  Share            0.5             —\n"
        "  share\n"
        "  Token reference  env:SCIM_TOKEN  —\n"
        "  token_ref"
    )
    assert "&lt;name&gt;" in bundle["text/html"]


def test_with_a_front_end_every_field_has_its_label(store: Store) -> None:
    """Lists for choices, boxes for yes or no, numbers, text; the description is the label."""
    form = _form(store, interactive=True, labels={"app": "Which app"})
    widgets = form._fields.widgets  # type: ignore[union-attr]

    assert {name: (type(w).__name__, w.description) for name, w in widgets.items()} == {
        "app": ("Text", "Which app"),
        "tenant": ("Dropdown", "Tenant"),
        "deletes_wanted": ("Checkbox", "Deletes wanted"),
        "people": ("IntText", "People"),
        "share": ("FloatText", "Share"),
        "token_ref": ("Text", "Token reference"),
    }
    assert widgets["people"].tooltip == "people: how many"

    bundle = form._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == repr(form)


def test_a_list_speaks_words(store: Store) -> None:
    """It shows what each value means and holds the value; what it shows is not said again beside it."""
    where = Declared("single_sign_on", str, "none", "none | same_app: where single sign-on lives")
    words = {"single_sign_on": {"none": "Nowhere", "same_app": "In the <enterprise> app"}}
    form = Form(
        (where,),
        {},
        step="1_plan",
        store=store,
        dress=Dress({"single_sign_on": ("none", "same_app", "new")}, words),
        interactive=True,
    )
    fields = form._fields
    assert fields is not None

    widget, message = fields.widgets["single_sign_on"], fields.messages["single_sign_on"]

    assert widget.options == (("Nowhere", "none"), ("In the <enterprise> app", "same_app"), ("new", "new"))
    assert "none |" not in message.value
    assert ">where single sign-on lives<" in message.value

    widget.value = "same_app"
    assert form.single_sign_on == "same_app"
    assert store.kept == [("1_plan", {"single_sign_on": "same_app"})]


def test_a_text_that_cannot_be_read_is_a_wrong_value(store: Store) -> None:
    """What a rule of the mapping language refuses is a matter of configuration, with the place; nothing is kept."""
    form = _form(store, interactive=False, rules={"app": lambda text: read_filter_text(text) if " " in text else None})
    with pytest.raises(ConfigError, match=r"app: .*'EQALS', at character 12") as caught:
        form.change("app", "department EQALS Sales")

    assert "Did you mean EQUALS" in caught.value.remedy
    assert caught.value.exit_code == 2
    assert store.kept == []
    assert form.app == "oreilly"

    form.change("app", "department EQUALS Sales")


def test_a_change_is_kept_at_once(store: Store) -> None:
    """What is entered is the value from then on, and stands in the run."""
    form = _form(store, interactive=True)
    widgets = form._fields.widgets  # type: ignore[union-attr]
    widgets["app"].value = "  mine.toml "
    widgets["tenant"].value = "contoso"

    widgets["deletes_wanted"].value = True

    assert (form.app, form.tenant, form.deletes_wanted) == ("mine.toml", "contoso", True)
    assert store.kept == [
        ("1_plan", {"app": "mine.toml"}),
        ("1_plan", {"tenant": "contoso"}),
        ("1_plan", {"deletes_wanted": True}),
    ]


def test_a_wrong_value_is_refused_beside_its_field(store: Store) -> None:
    """The message says what is wrong and what is still in use; nothing is kept."""

    def refuse(value: str) -> None:
        if "x" in value:
            raise ConfigError("<x> is not allowed", "Remove it")

    form = _form(store, interactive=True, rules={"app": refuse})
    fields = form._fields
    assert fields is not None
    fields.widgets["app"].value = "axb"
    message = unescape(fields.messages["app"].value)
    assert "✗ <x> is not allowed. Remove it Still in use: oreilly" in message
    assert "&lt;x&gt;" in fields.messages["app"].value
    fields.widgets["app"].value = "a\u202eb"
    assert "invisible character" in fields.messages["app"].value
    assert (form.app, store.kept) == ("oreilly", [])
    fields.widgets["app"].value = "ab"
    assert "✗" not in fields.messages["app"].value
    assert form.app == "ab"


def test_a_value_that_cannot_be_kept_is_not_in_use(store: Store) -> None:
    """Form and run never disagree."""
    form = _form(store, interactive=True)
    store.full = True

    form._fields.widgets["people"].value = 9  # type: ignore[union-attr]

    assert form.people == 7
    assert "the disk is full" in form._fields.messages["people"].value


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"people": "7"}, "people wants a whole number"),
        ({"people": True}, "people wants a whole number"),
        ({"people": 1.5}, "people wants a whole number"),
        ({"deletes_wanted": 1}, "deletes_wanted wants yes or no"),
        ({"app": 5}, "app is not text"),
        ({"tenant": "other"}, "tenant is 'other'"),
    ],
)
def test_values_that_do_not_fit_are_refused_at_once(store: Store, values: dict[str, Any], words: str) -> None:
    """Text stays text, and nothing is converted in silence."""
    with pytest.raises(ConfigError, match=words):
        _form(store, interactive=False, values=values)


def test_a_parameter_cannot_hide_a_method() -> None:
    """A notebook's author learns it at once."""
    with pytest.raises(ValueError, match="cannot be called values"):
        Form([Declared("values", str, "")], {}, step="x", store=None, interactive=False)


@pytest.mark.parametrize(("told", "answer"), [("0", False), ("1", True), ("", False)])
def test_an_environment_variable_decides(monkeypatch: pytest.MonkeyPatch, told: str, answer: bool) -> None:
    """SCIMKIT_FRONT_END overrides; without it, and without a kernel, nobody can answer."""
    monkeypatch.setenv("SCIMKIT_FRONT_END", told)
    assert has_front_end() is answer


def test_widgets_are_imported_for_a_front_end_only() -> None:
    """A headless kernel does not pay for them."""
    code = (
        "import sys\n"
        "from scimkit.ui.forms import Form, TokenForm\n"
        "repr(Form([], {}, step='x', store=None)), repr(TokenForm('t', (), print))\n"
        "sys.exit('ipywidgets' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# -- the token ---------------------------------------------------------------


class Keeper:
    """Takes a token as the token step does."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []

    def __call__(self, token: Secret, where: str) -> str:
        if where == "env:X":
            raise ConfigError("an environment variable cannot be set from here", "Choose another place")
        self.taken.append((token.reveal(), where))
        return f"Kept under {where}."


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


def _token_form(keeper: Keeper) -> TokenForm:
    return TokenForm(
        "SCIM token", ("keyring:scimkit-oreilly", ("in a file", "file:token"), "env:X"), keeper, interactive=True
    )


def _state(form: TokenForm) -> str:
    """All widget state, as a notebook would save it."""
    return json.dumps(
        [widget.get_state() for widget in (form.field, form.where, form.button, form.message)], default=str
    )


def test_a_token_is_taken_cleaned_and_gone_from_the_field(keeper: Keeper) -> None:
    """Leaving the field is enough: nothing of it stays in any widget."""
    form = _token_form(keeper)
    form.field.value = f' "Bearer {TOKEN}"\n'

    assert form.field.value == ""
    assert TOKEN not in _state(form)
    assert REDACTOR.text(TOKEN) == "[secret]"
    assert "word before it removed" in form.message.value
    assert "quotation marks removed" in form.message.value

    form.where.value = "file:token"
    form.button.click()

    assert keeper.taken == [(TOKEN, "file:token")]
    assert "Kept under file:token." in form.message.value

    form.button.click()
    assert len(keeper.taken) == 1
    assert "no token to keep" in form.message.value


def test_a_token_without_fault_is_taken_without_a_word(keeper: Keeper) -> None:
    """Nothing was repaired, so nothing is said of it."""
    form = _token_form(keeper)
    form.field.value = TOKEN
    assert "Received, and no longer in the field" in form.message.value


@pytest.mark.parametrize("pasted", ["two words-of-a-token", "••••••••••", "zq9", "with“quote-inside", "   "])
def test_what_is_no_token_is_refused_without_repeating_it(keeper: Keeper, pasted: str) -> None:
    """Refused with words; an earlier token is forgotten, so that none is kept by mistake."""
    form = _token_form(keeper)
    form.field.value = TOKEN

    form.field.value = pasted

    assert form.field.value == ""
    assert "✗" in form.message.value
    assert not pasted.strip() or pasted not in _state(form)

    form.button.click()
    assert keeper.taken == []


def test_a_place_that_refuses_leaves_the_token_for_another(keeper: Keeper) -> None:
    """Nobody has to go back to the vendor for a second choice."""
    form = _token_form(keeper)
    form.field.value = TOKEN
    form.where.value = "env:X"

    form.button.click()

    assert "Choose another place" in form.message.value

    form.where.value = "keyring:scimkit-oreilly"
    form.button.click()

    assert keeper.taken == [(TOKEN, "keyring:scimkit-oreilly")]


def test_the_kernel_does_not_echo_the_token(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a front end sends is not sent back to it and to all others."""
    form = _token_form(keeper)
    sent: list[Any] = []
    monkeypatch.setattr(type(form.field), "_send", lambda self, message, buffers=None: sent.append(message))

    form.field.set_state({"value": TOKEN})

    assert TOKEN not in json.dumps(sent)
    assert TOKEN not in _state(form)
    assert {"method": "update", "state": {"value": ""}, "buffer_paths": []} in sent  # the field is told to blank itself

    form.button.click()
    assert keeper.taken == [(TOKEN, "keyring:scimkit-oreilly")]


def test_no_form_repeats_the_token(keeper: Keeper) -> None:
    """repr, text and HTML name the place only."""
    form = TokenForm("SCIM token", ("prompt",), keeper, reference="env:SCIM_TOKEN", interactive=False)
    bundle = form._repr_mimebundle_()

    assert bundle["text/plain"] == "SCIM token\n\n  comes from  env:SCIM_TOKEN"
    assert "<code>env:SCIM_TOKEN</code>" in bundle["text/html"]
