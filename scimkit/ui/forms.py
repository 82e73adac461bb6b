"""Forms: fields where there is a front end, the same values as a table where there is none.

A cell reads `form.app` and never checks which of the two it has. Forms only fill
parameters: nothing later depends on a click. Every field saves itself to the run
as soon as it has a valid value, and shows a message next to it when it does not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from itertools import chain
from typing import Any, Protocol

from scimkit.credentials import REDACTOR, Secret, clean_token
from scimkit.errors import ConfigError, CredentialError, MappingError, ScimkitError
from scimkit.notebook.parameters import check_bounds, label_of
from scimkit.views.document import Cell, Pairs, Table, View
from scimkit.views.markup import render_html
from scimkit.views.plain_text import render_text
from scimkit.views.values import cell, visible

FRONT_END_VARIABLE = "SCIMKIT_FRONT_END"
_LABEL_WIDTH, _SHORT = "16em", 30  # letters of a list's words that fit into a field of the usual width
_TYPES: dict[str, type] = {"str": str, "bool": bool, "int": int, "float": float}


class DeclaredParameter(Protocol):
    """What a form needs to know about a parameter (`notebook.parameters.Parameter`)."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> Any: ...
    @property
    def default(self) -> Any: ...
    @property
    def help(self) -> str: ...


class ChoiceStore(Protocol):
    """Where choices are stored (`evidence.runs.RunStore`)."""

    def save_choices(self, step: str, values: Mapping[str, Any]) -> None: ...


def has_front_end() -> bool:
    """Whether the run is interactive: the kernel may ask for input, as JupyterLab's can
    and papermill's cannot. SCIMKIT_FRONT_END=0 or 1 overrides this."""
    told = os.environ.get(FRONT_END_VARIABLE, "")
    if told in ("0", "1"):
        return told == "1"
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", False))


@dataclass(frozen=True, slots=True)
class Dress:
    """How the fields of a form differ from plain ones, by parameter.

    choices  the values it can have: a drop-down list
    words    by value, the text that the list shows in its place
    labels   text to show instead of the one from `notebook.parameters.label_of`
    rules    a function that raises ScimkitError for an invalid value
    """

    choices: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    words: Mapping[str, Mapping[Any, str]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, Callable[[Any], object]] = field(default_factory=dict)


PLAIN = Dress()


class Form:
    """The parameters of one notebook, as fields or as a table.

    parameters   declared ones, in the order they are shown
    values       their current values; a missing one has its default
    step, store  where a change is stored: `store.save_choices(step, {...})`; not stored without a store
    dress        what is known about the parameters beyond their declaration
    interactive  None: detect it

    Raises ConfigError when a value does not fit its parameter.
    """

    def __init__(
        self,
        parameters: Iterable[DeclaredParameter],
        values: Mapping[str, Any],
        *,
        step: str,
        store: ChoiceStore | None,
        dress: Dress = PLAIN,
        interactive: bool | None = None,
    ) -> None:
        self._parameters = {parameter.name: parameter for parameter in parameters}
        if reserved := [name for name in self._parameters if hasattr(type(self), name)]:
            raise ValueError(f"a parameter cannot be called {reserved[0]}: forms use that name themselves")
        self._choices, self._labels, self._rules = dress.choices, dress.labels, dress.rules
        self._words = dress.words
        self._step, self._store = step, store
        self._values: dict[str, Any] = {}
        for name, parameter in self._parameters.items():
            self._values[name] = self.checked(name, values.get(name, parameter.default))
        if interactive is None:
            interactive = has_front_end()
        self._interactive = interactive
        self._fields = _Fields(self) if self._interactive else None

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"this form has no {name}; it has {', '.join(values) or 'nothing'}")

    def __dir__(self) -> list[str]:
        return [*self._values, "values", "change", "checked", "label", "options", "help"]

    @property
    def values(self) -> dict[str, Any]:
        """All values by name; a copy."""
        return dict(self._values)

    def label(self, name: str) -> str:
        return self._labels.get(name) or label_of(name)

    def options(self, name: str) -> tuple[tuple[str, Any], ...]:
        """The entries of a drop-down list: a text, and the value it stands for. Empty: no list."""
        words = self._words.get(name, {})
        return tuple((visible(str(words.get(value, value))), value) for value in self._choices.get(name, ()))

    def help(self, name: str) -> str:
        """The sentence beside a field. Values it starts with are omitted where the list has a text for them."""
        text = self._parameters[name].help
        if self._words.get(name) and "|" in text.partition(":")[0]:
            return text.partition(":")[2].strip()
        return text

    def checked(self, name: str, value: Any) -> Any:
        """`value` as parameter `name` accepts it: text without spaces around it, numbers as numbers.

        Raises ConfigError saying what is wrong with it.
        """
        parameter = self._parameters[name]
        if isinstance(parameter.type, str):
            kind = _TYPES.get(parameter.type, str)
        else:
            kind = parameter.type
        if isinstance(value, str):
            value = value.strip()
        if kind is str and not isinstance(value, str):
            raise ConfigError(f"{name} is not text", f"{name}: {parameter.help or 'give it in quotes'}.")
        if kind is not str and (not isinstance(value, (kind, int)) or (isinstance(value, bool) is not (kind is bool))):
            words = {bool: "yes or no", int: "a whole number"}.get(kind, "a number")
            raise ConfigError(f"{name} wants {words}", f"{name}: {parameter.help or words}.")
        if isinstance(value, str) and visible(value) != value:
            raise ConfigError(
                f"{name} contains an invisible character: {visible(value)}", "Type it instead of pasting it."
            )
        allowed = self._choices.get(name)
        if allowed and value not in allowed:
            raise ConfigError(f"{name} is {value!r}", f"It may be: {', '.join(str(choice) for choice in allowed)}.")
        check_bounds(name, value)
        if name in self._rules:
            self._follow(name, value)
        return value

    def _follow(self, name: str, value: Any) -> None:
        """Apply the rule of `name`: an expression or filter that cannot be read is an invalid value like any other."""
        try:
            self._rules[name](value)
        except MappingError as error:
            place = ""
            if error.position is not None:
                place = f", at character {error.position + 1}"
            raise ConfigError(f"{name}: {error.message}{place}", error.remedy) from None

    def change(self, name: str, value: Any) -> None:
        """Set one value and store it in the run. Raises ConfigError and changes nothing when the value does not fit."""
        value = self.checked(name, value)
        if value == self._values[name]:
            return
        if self._store is not None:
            self._store.save_choices(self._step, {name: value})
        self._values[name] = value
        if self._fields is not None:
            self._fields.widgets[name].value = value  # where it was not changed there

    # -- what is shown -----------------------------------------------------

    def view(self) -> View:
        """The values as a table, as shown in a notebook that ran without a front end. Below each
        label is the name to set it by."""
        rows = tuple(
            (Cell(f"{visible(self.label(name))}\n{visible(name)}"), cell(self._values[name]), cell(parameter.help))
            for name, parameter in self._parameters.items()
        )
        return View("Parameters", "", (Table("", ("name", "value", "what it is"), rows, empty="none"),))

    def __repr__(self) -> str:
        return render_text(self.view())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if self._fields is not None:
            return _widget_bundle(self._fields.box, repr(self))
        return {"text/plain": repr(self), "text/html": render_html(self.view())}


class _Fields:
    """The widgets of a form."""

    def __init__(self, form: Form) -> None:
        import ipywidgets

        self.form = form
        self.widgets: dict[str, Any] = {}
        self.messages: dict[str, Any] = {}
        rows = []
        options = chain.from_iterable(form.options(name) for name in form._parameters)
        longest = max((len(words) for words, _ in options), default=0)
        # one for all, so that they stand in one column
        width = "46em"
        if longest <= _SHORT:
            width = "36em"
        for name, parameter in form._parameters.items():
            field = _make_field(
                form.label(name), form.values[name], form.options(name), help=f"{name}: {parameter.help}", width=width
            )
            message = _make_message(form.help(name))
            field.observe(self._changed(name), names="value")
            self.widgets[name], self.messages[name] = field, message
            rows.append(ipywidgets.HBox([field, message]))
        self.box = ipywidgets.VBox(rows)

    def _changed(self, name: str) -> Callable[[Any], None]:
        def changed(event: Any) -> None:
            message = self.messages[name]
            try:
                self.form.change(name, event["new"])
            except ScimkitError as error:
                kept = visible(str(self.form.values[name]))
                _say(message, f"{error}. {error.remedy} Still in use: {kept or 'nothing'}", wrong=True)
            else:
                _say(message, self.form.help(name))

        return changed


def _make_field(description: str, value: Any, options: Sequence[tuple[str, Any]], *, help: str, width: str) -> Any:
    """One plain field: list, checkbox, number or text. Its description is its label,
    also for screen readers."""
    import ipywidgets

    common = {
        "description": visible(description),
        "tooltip": visible(help),
        "style": {"description_width": _LABEL_WIDTH},
    }
    wide = ipywidgets.Layout(width=width, flex="0 0 auto")
    if options:
        return ipywidgets.Dropdown(options=list(options), value=value, layout=wide, **common)
    if isinstance(value, bool):
        return ipywidgets.Checkbox(value=value, indent=True, layout=wide, **common)
    # continuous_update off: a value is read when the field is left, not at every key
    kind = {int: ipywidgets.IntText, float: ipywidgets.FloatText}.get(type(value), ipywidgets.Text)
    return kind(value=value, continuous_update=False, layout=wide, **common)


def _make_message(text: str, *, indent: str = "1em") -> Any:
    import ipywidgets

    message = ipywidgets.HTML(layout=ipywidgets.Layout(margin=f"0 0 0 {indent}"))
    _say(message, text)
    return message


def _say(message: Any, text: str, *, wrong: bool = False) -> None:
    """Put `text` beside a field. The HTML widget does not escape, so it is done here. An
    error is announced to screen readers and begins with a symbol, not only with a colour."""
    shown = escape(visible(text))
    lines = (  # two lines are one text, and the first stands level with the field
        "display:inline-block;line-height:1.4;padding:5px 0"
    )
    message.value = f'<span role="status" style="{lines}">{shown}</span>'
    if wrong:
        message.value = f'<span role="alert" style="{lines};color:var(--jp-error-color1,#b3261e)">✗ {shown}</span>'


def _widget_bundle(box: Any, text: str) -> dict[str, Any]:
    """The box for the front end, and the text for a file that is read without one."""
    bundle = dict(box._repr_mimebundle_() or {})
    return {**bundle, "text/plain": text}


class TokenForm:
    """Asks for a token: masked, cleaned, and removed from the field at once.

    label         what the vendor calls it, such as "SCIM token"
    keep_choices  where it may be stored, as references: ("keyring:scimkit-oreilly", "file:…");
                  or pairs of description and reference
    on_token      called with the Secret and the chosen reference when "Keep this token" is
                  pressed; stores it and returns a sentence, or raises ScimkitError
    reference     where the token comes from without a front end

    The field clears itself as soon as the kernel has its value, even when the user only
    leaves it with Tab. The front end never gets the value back (no echo), so that a notebook
    saved with its widget state contains nothing of it.
    """

    def __init__(
        self,
        label: str,
        keep_choices: Sequence[str | tuple[str, str]],
        on_token: Callable[[Secret, str], str],
        *,
        reference: str = "",
        interactive: bool | None = None,
    ) -> None:
        self.label, self.reference = label, reference
        self._on_token = on_token
        self._token: Secret | None = None
        if interactive is None:
            interactive = has_front_end()
        self._interactive = interactive
        self.box: Any = self._make_box(keep_choices) if self._interactive else None

    def _make_box(self, keep_choices: Sequence[str | tuple[str, str]]) -> Any:
        import ipywidgets

        style, indent = {"description_width": _LABEL_WIDTH}, f"calc({_LABEL_WIDTH} + 10px)"
        wide = ipywidgets.Layout(width="64em", max_width="100%")  # a path must be readable
        self.field = _password_class()(
            description=visible(self.label),
            placeholder="paste it here",
            continuous_update=False,
            style=style,
            layout=wide,
        )
        options = [
            (visible(choice), choice) if isinstance(choice, str) else (visible(choice[0]), choice[1])
            for choice in keep_choices
        ]
        self.where = ipywidgets.Dropdown(description="Where to keep it", options=options, style=style, layout=wide)
        self.button = ipywidgets.Button(
            description="Keep this token",
            tooltip="Keep this token",
            layout=ipywidgets.Layout(width="16em", margin=f"2px 0 2px {indent}"),
        )
        self.message = _make_message("Nothing has been entered yet.", indent=indent)
        self.field.observe(self._entered, names="value")
        self.button.on_click(self._kept)
        return ipywidgets.VBox([self.field, self.where, self.button, self.message])

    def _entered(self, event: Any) -> None:
        pasted = event["new"]
        if not pasted:
            return  # the field's own blanking
        self.field.value = ""
        self._token = None
        _register(pasted)
        try:
            cleaned = clean_token(pasted)
            secret = Secret(cleaned, label=self.label)
            REDACTOR.register(secret)
        except CredentialError as error:
            _say(self.message, f"{error}. {error.remedy}", wrong=True)
            return
        self._token = secret
        repaired = _list_repairs(pasted, cleaned)
        received = "Received"
        if repaired:
            received = f"Received ({repaired})"
        _say(self.message, f"{received}, and no longer in the field. Now press “Keep this token”.")

    def _kept(self, _button: Any) -> None:
        if self._token is None:
            _say(self.message, "There is no token to keep: enter it first.", wrong=True)
            return
        try:
            said = self._on_token(self._token, str(self.where.value))
        except ScimkitError as error:
            _say(self.message, f"{error}. {error.remedy}", wrong=True)
            return
        self._token = None
        _say(self.message, said)

    def view(self) -> View:
        source = cell(self.reference, code=True, nothing="the reference in the parameters above")
        return View(self.label, "", (Pairs((("comes from", source),)),))

    def __repr__(self) -> str:
        return render_text(self.view())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        if self.box is not None:
            return _widget_bundle(self.box, repr(self))
        return {"text/plain": repr(self), "text/html": render_html(self.view())}


def _password_class() -> type:
    """A password field whose value the kernel does not send back.

    ipywidgets echoes each change to every front end of the kernel, before any handler
    has run; a token must not be sent this way.
    """
    import ipywidgets
    from traitlets import Unicode

    return type("TokenField", (ipywidgets.Password,), {"value": Unicode("").tag(sync=True, echo_update=False)})


def _register(pasted: str) -> None:
    """Keep what was pasted out of all outputs, even when it is refused as a token."""
    with suppress(CredentialError):  # too short to be looked for is too short to be a token
        REDACTOR.register(pasted.strip())


def _list_repairs(pasted: str, cleaned: str) -> str:
    """What `clean_token` has fixed, in words that reveal nothing of the value."""
    rest = pasted
    if cleaned in rest:
        rest = rest.replace(cleaned, "", 1)
    said = []
    if "bearer" in rest.lower() or "authorization" in rest.lower():
        said.append("the word before it removed")
    if any(letter in rest for letter in "\r\n"):
        said.append("line breaks removed")
    elif any(letter.isspace() for letter in pasted[:1] + pasted[-1:]):
        said.append("spaces around it removed")
    if any(letter in rest for letter in "\"'`“”„‟‘’‚«»"):
        said.append("quotation marks removed")
    if not said and pasted != cleaned:
        said.append("invisible characters removed")
    return ", ".join(said)
