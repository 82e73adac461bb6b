"""`begin()`: the second cell of every notebook.

It finds the run, checks the parameters, keeps secrets from leaving the kernel,
and says where one is and what may be written. In the sandbox a notebook needs
no run: the earlier notebooks are played quietly into a temporary one, so that
each can be opened alone. Live it stops and names the notebook to run first.
"""

from __future__ import annotations

import ast
import atexit
import io
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scimkit.credentials import REDACTOR, Secret
from scimkit.errors import ConfigError, CredentialError, NotReady, ScimkitError, Waiting
from scimkit.evidence.change_plan import ChangePlan, PlannedChange, complete_plan, confirm_plan, make_plan
from scimkit.evidence.checks import Status, first_failed, require_passed
from scimkit.evidence.journal import Journal
from scimkit.evidence.records import checks_of, utc_text
from scimkit.evidence.runs import RunStore
from scimkit.journey.guide import StepGuide, make_guide
from scimkit.journey.steps import LAST_PLAYED, STEPS, in_order, is_operation, record_step
from scimkit.notebook.parameters import Parameter, check_names, check_values, declared_parameters
from scimkit.notebook.shipped import shipped
from scimkit.tenant import Access, Config, Tenant, load_config

if TYPE_CHECKING:
    from scimkit.journey.connection import ProvisioningSettings
    from scimkit.journey.enterprise_app import EnterpriseApp
    from scimkit.journey.scope import Limits
    from scimkit.mapping.review import Expectations
    from scimkit.ui.sentence import Said

RUN_VARIABLE = "SCIMKIT_RUN"
_REPLAY = "__scimkit_replay__"  # in the namespace of a notebook that is played quietly
_INJECTED = "# Parameters\n"  # how papermill's injected cell begins
OWN = ("app", "tenant", "run")  # parameters that `begin` itself understands


class Session:
    """What a notebook works with: `here = begin("5a_connection")`.

    Records are read with `here.record("Scope")` and left with `here.keep(scope)`;
    `here.form` holds the parameters; `here.graph` and `here.scim(token)` are handles.
    """

    def __init__(
        self,
        step: str,
        run: RunStore,
        *,
        config: Config,
        values: Mapping[str, Any],
        declared: tuple[Parameter, ...],
        quiet: bool,
    ) -> None:
        from scimkit.apps import load

        self.step, self.run, self.config, self.quiet = step, run, config, quiet
        self._declared, self._values = declared, dict(values)
        state = run.state()
        self.tenant: Tenant = config.tenant(state["tenant"])
        self.app = load(run.app)
        config.check_apps(self.app.name)
        self.values = config.app(self.app.name)
        self.access = Access(self.tenant, self.app, run, step=step, values=self.values)
        if "adopt" in self._values:
            self._values["adopt"] = self._values["adopt"] or self.access.to_adopt()
        self._secrets: dict[str, Secret] = {}

    # -- what the notebook reads -------------------------------------------

    @cached_property
    def form(self) -> Any:
        """The parameters of this notebook: fields in JupyterLab, a table elsewhere."""
        from scimkit.mapping.language.parser import parse
        from scimkit.mapping.scoping.filter_text import read_filter_text
        from scimkit.ui.forms import Form

        shown = tuple(self._for_this_app(p) for p in self._declared if p.name not in OWN)
        choices = {p.name: p.choices for p in self._declared if p.name not in OWN and p.choices}
        words = {}
        for question in self.app.decisions:
            words[question.key] = {choice.value: choice.label for choice in question.choices}
        if self.app.tenant_url.kind == "choice" and "tenant_url" in self._values:
            known = ("", *(str(value) for value in self.app.tenant_url.values), self._values["tenant_url"])
            choices["tenant_url"] = tuple(dict.fromkeys(known))
            words["tenant_url"] = {"": "what the profile or scimkit.toml says"}
        known_rules = {"try_filter": read_filter_text, "sign_in_identifier": lambda text: text and parse(text)}
        rules = {name: rule for name, rule in known_rules.items() if name in self._values}
        return Form(
            shown,
            self._values,
            step=self.step,
            store=self.run,
            choices=choices,
            words=words,
            rules=rules,
            interactive=False if self.quiet else None,
        )

    def _for_this_app(self, parameter: Parameter) -> Parameter:
        """`parameter` with the app's own questions in its sentence, where it takes their answers."""
        if parameter.name != "decisions":
            return parameter
        fields = {declared.name for declared in self._declared}
        asked = [question for question in self.app.decisions if question.key not in fields]
        answers = {}
        for question in asked:
            answers[question.key] = " or ".join(choice.value for choice in question.choices) or "…"
        own = "; ".join(f"{question.key}={answers[question.key]} ({question.question})" for question in asked)
        return replace(
            parameter,
            help=(
                f"key=answer, separated by commas. {own}"
                if own
                else f"nothing: {self.app.title} raises no further question"
            ),
        )

    @property
    def guide(self) -> StepGuide:
        """What the tutorial and the vendor say about this step."""
        return make_guide(self.app, self.step)

    @property
    def graph(self) -> Any:
        return self.access.graph

    @property
    def journal(self) -> Journal:
        return self.access.journal()

    @property
    def pause(self) -> Callable[[], None] | None:
        """What to do between two readings of a job: wait; in the sandbox time passes by itself."""
        if self.tenant.is_sandbox:
            return None
        return lambda: time.sleep(self.tenant.poll_seconds)

    def scim(self, token: Secret, url: str = "") -> Any:
        return self.access.scim(token, url)

    def tenant_url(self, chosen: str = "") -> str:
        """The app's address here; says so where the sandbox asks another one than was entered."""
        url = self.access.tenant_url(chosen)
        if self.tenant.is_sandbox and chosen not in ("", url) and not self.quiet:
            print("In the sandbox its own vendor is asked, whatever Tenant URL is entered.")
        return url

    def shown(self, text: str) -> str:
        return self.access.shown(text)

    def now(self) -> datetime:
        return self.access.now()

    def token(self, reference: str = "") -> Secret:
        """The app's secret: from `reference`, else from where step 2 has noted it.

        Asked for at most once a notebook, where the reference is `prompt`.
        """
        reference = reference or self.record("TokenNote").reference
        if reference not in self._secrets:
            self._wait_for_entry(reference)
            try:
                self._secrets[reference] = self.access.token(reference, ask=_ask() if not self.quiet else None)
            except CredentialError as error:
                self._wait_for_vendor(error, reference)
                raise
        return self._secrets[reference]

    def _wait_for_entry(self, reference: str) -> None:
        """In step 2, live, with somebody in front of the empty field: raise Waiting, and point at the field."""
        from scimkit.ui.forms import has_front_end

        nowhere = reference == "sandbox" and not self.tenant.is_sandbox  # the default, which is good there only
        if self.step != "2_token" or not nowhere or self.quiet or not has_front_end():
            return
        ask = "Paste"
        if self.app.token.made_by == "vendor":
            ask = "Send the mail above, and wait for the answer. Then paste"
        raise Waiting(
            f"no {self.app.token.label} has been entered yet",
            f"{ask} it into the masked field above, press “Keep this token”, and run this cell again and those"
            " below it.",
        )

    def _wait_for_vendor(self, problem: CredentialError, reference: str) -> None:
        """In step 2, where the vendor makes the token: raise Waiting, and leave the mail to send in the run."""
        if (
            self.step != "2_token"
            or self.tenant.is_sandbox
            or self.app.token.made_by != "vendor"
            or reference == "prompt"
        ):
            return
        from scimkit.journey.vendor_mail import FILE, wait_for_vendor, write_mail

        self.run.write(FILE, write_mail(self.app, sender=self.record("Readiness").administrator).text)
        url = self.values.tenant_url or self.run.choices("5a_connection").get("tenant_url")
        raise wait_for_vendor(self.app, problem, reference, url_known=bool(url)) from None

    def token_form(self, reference: str) -> Any:
        """A masked field to enter the token in, where there is a front end; else a line
        saying where it comes from. What is entered is kept where the administrator says."""
        from scimkit.ui.token_entry import TokenEntry

        return TokenEntry(
            self.app.token.label,
            reference,
            name=f"scimkit-{self.tenant.name}-{self.app.name}",
            use=self._use_from_now_on,
            interactive=False if self.quiet else None,
        )

    def _use_from_now_on(self, reference: str, token: Secret) -> None:
        """Take `token` for `reference` here, and let the next notebooks look for it there."""
        self.hold(reference, token)
        self.run.save_choices(self.step, {"token_ref": reference})
        self.form.change("token_ref", reference)  # so that the cell of this field may be run again, too

    def hold(self, reference: str, token: Secret) -> None:
        """Use `token` for `reference` in this notebook, instead of asking again."""
        self._secrets[reference] = token

    def record(self, kind: str) -> Any:
        """The record of `kind` that an earlier step has left; stops where a check in it failed."""
        value = self.run.get(record_step(kind), kind)
        require_passed(checks_of(value))
        return value

    @cached_property
    def enterprise_app(self) -> EnterpriseApp:
        """The app an operation works on: the one this run has set up, else the existing one that
        `adopt` (or scimkit.toml) names."""
        if self.run.has(record_step("EnterpriseApp"), "EnterpriseApp"):
            return self.record("EnterpriseApp")  # type: ignore[no-any-return]
        from scimkit.operations.existing_app import open_app

        return open_app(self.app, self.graph, self.journal, adopt=str(self._values.get("adopt") or ""))

    @property
    def limits(self) -> Limits:
        """Seats and deletion threshold, as the earlier steps have noted them."""
        from scimkit.journey.scope import Limits

        seats = self.record("Readiness").seats or self.values.seats
        if not self.run.has(record_step("ConnectionReport"), "ConnectionReport"):
            return Limits(seats)
        return Limits(seats, self.record("ConnectionReport").deletion_threshold)

    @property
    def decided(self) -> Expectations:
        """What the profile and step 1 say of the job as a whole."""
        from scimkit.mapping.review import Expectations

        stated, rows = self.app.capabilities.groups.value, self.app.group_attributes
        groups = None
        if isinstance(stated, bool):
            groups = stated
        readiness = self.record("Readiness")
        sign_on = next((question.question for question in self.app.decisions if question.key == "single_sign_on"), "")
        sign_in_identifier = ""
        if "sign_in_identifier" in self._values:
            sign_in_identifier = self.form.sign_in_identifier
        return Expectations(
            groups=groups,
            deletes=readiness.deletes_wanted,
            group_targets=tuple(row.target for row in rows),
            group_filterable=tuple(row.target for row in rows if row.filterable) or None,
            offered=self._offered(),
            single_sign_on=readiness.decisions.get(sign_on, ""),
            sign_in_identifier=sign_in_identifier,
            everybody=self.record("Scope").mode == "all",
        )

    def _offered(self) -> frozenset[str] | None:
        """Names of the attributes in the app's own /Schemas; None where they cannot be read.
        Nobody is asked for a token only for that where the app has published its table."""
        if self.app.attributes and self.record("TokenNote").reference == "prompt":
            return None
        from scimkit.mapping.review import offered_names

        try:
            schemas = list(self.scim(self.token(), self.record("ConnectionReport").tenant_url).list_all("Schemas"))
        except ScimkitError:
            return None
        return frozenset(chain.from_iterable(offered_names(schema) for schema in schemas))

    def provisioning_settings(self, url: str) -> ProvisioningSettings:
        """What 5a stores beside the token, from the form, scimkit.toml and step 1."""
        from scimkit.journey.connection import ProvisioningSettings

        email = self.form.notification_email or self.values.notification_email or self.record("Readiness").administrator
        return ProvisioningSettings(url, self.shown(url), email, self.form.deletion_threshold)

    def keep_schema(self, enterprise_app: EnterpriseApp) -> dict[str, Any]:
        """The job's schema as it is now; a copy stays in the run folder."""
        schema: dict[str, Any] = self.graph.schema(enterprise_app.service_principal_id, enterprise_app.job_id)
        self.run.write(
            f"{self.step.partition('_')[0]}_schema.json", json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        )
        return schema

    def require(self, value: Any) -> None:
        """Stop here unless every check passed: those of a record, or one check."""
        require_passed(checks_of(value) or (value,))

    # -- what the notebook leaves ------------------------------------------

    def plan(self, changes: Iterable[PlannedChange], *, summary: str, job_id: str = "") -> ChangePlan:
        """The one change plan of this notebook: what it will write once it is confirmed."""
        return make_plan(self.step, self.tenant, summary=summary, changes=tuple(changes), job_id=job_id)

    def confirm(self, plan: ChangePlan) -> Said:
        """Go on only when this very plan is confirmed, and say so. Raises Waiting otherwise;
        in JupyterLab with a button that confirms it."""
        from scimkit.ui.sentence import Said

        if not plan.changes:
            return Said("Nothing to write: everything is there already.")
        try:
            confirm_plan(plan, self.form.confirm, tenant=self.tenant, run=self.run, now=datetime.now(UTC))
        except Waiting:
            self._offer(plan)
            raise
        return Said(
            f"Confirmed: {len(plan.changes)} change{'s' if len(plan.changes) > 1 else ''}, fingerprint"
            f" {plan.fingerprint}."
        )

    def _offer(self, plan: ChangePlan) -> None:
        from scimkit.ui.forms import has_front_end

        if self.tenant.writes == "ask" and not self.quiet and has_front_end():
            from scimkit.ui.confirmation import offer_confirmation

            offer_confirmation(plan, lambda fingerprint: self.form.change("confirm", fingerprint))

    def keep(self, value: Any) -> Any:
        """Keep the record this notebook leaves, note how the step stands, and show it."""
        self.run.keep(self.step, value, now=datetime.now(UTC))
        bad = first_failed(checks_of(value))
        if bad is not None:
            self.run.set_step(
                self.step,
                "failed",
                message=f"{bad.code}: {bad.message}",
                remedy=bad.remedy,
                ended_utc=utc_text(datetime.now(UTC)),
            )
        return value

    def close(self, value: Any) -> Said:
        """The last cell: stop at a failed check, else say that the step is done."""
        from scimkit.ui.sentence import Said

        require_passed(checks_of(value))
        complete_plan(self.step, run=self.run, now=datetime.now(UTC))
        self.run.set_step(self.step, "passed", message="", remedy="", ended_utc=utc_text(datetime.now(UTC)))
        self.access.close()
        warnings = sum(check.status in (Status.WARNING, Status.NOT_OBSERVED) for check in checks_of(value))
        said = f"{self.step} is done"
        if warnings == 1:
            said += ", with 1 point to look at"
        elif warnings:
            said += f", with {warnings} points to look at"
        if is_operation(self.step):
            return Said(f"{said}.")
        names = [step.name for step in in_order(self.app.journey_order)]
        after = names[names.index(self.step) + 1 :]
        if not after:
            return Said(f"{said}. That was the last step.")
        return Said(f"{said}. Next: {after[0]}.ipynb", notebook=f"{after[0]}.ipynb")

    def __repr__(self) -> str:
        return f"{self.step}: {self.app.title} in {self.tenant.name}"


def begin(step: str) -> Session:
    """Start a notebook: find its run, check its parameters, keep its secrets.

    step  the notebook's name, such as "5a_connection"; the parameters are the
          variables of the tagged cell above

    Raises ConfigError (an unknown or conflicting parameter), NotReady (live, without
    a run).
    """
    space = sys._getframe(1).f_globals
    replay: RunStore | None = space.get(_REPLAY)
    declared = declared_parameters(_notebook(step))
    check_names(declared, _injected_names(space), where=step)
    given = check_values(declared, {p.name: space[p.name] for p in declared if p.name in space}, where=step)
    if replay is None:
        _prepare_kernel()
    config = load_config()
    run = replay or _find_run(given, step)
    alone = run is None
    if run is None:
        run = _temporary_run(step, given, config)
    elif replay is None and is_operation(step):
        alone = _play_missing(run)
    values = _merge(given, declared, run, step)
    session = Session(step, run, config=config, values=values, declared=declared, quiet=replay is not None)
    if replay is None:
        _say(session, alone)
    if step == "3_app" and session.access.sign_up() and replay is None:
        print(f"Sandbox: somebody has signed up at {session.app.title}, and that has added the app to the tenant.")
    if run.state()["steps"].get(step, {}).get("state") != "running":
        run.set_step(step, "running", started_utc=utc_text(datetime.now(UTC)))
    return session


def _injected_names(space: Mapping[str, Any]) -> tuple[str, ...]:
    """What papermill's own cell has set in this kernel: a name that no parameter has is refused
    there by nobody else, and the notebook would run with the default."""
    cells = [text for text in space.get("In", ()) if isinstance(text, str) and text.startswith(_INJECTED)]
    if cells:
        nodes = ast.parse(cells[-1]).body
    else:
        nodes = []
    targets = chain.from_iterable(node.targets for node in nodes if isinstance(node, ast.Assign))
    return tuple(target.id for target in targets if isinstance(target, ast.Name))


def _say(session: Session, alone: bool) -> None:
    """Where one is: the kit, the app, the tenant, what may be written."""
    from scimkit.evidence.version import VERSION

    print(f"scimkit {VERSION} · {session.app.title} · {session.tenant.banner()}")
    if alone and is_operation(session.step):
        print("No app is set up in this run: the journey was done quietly first, up to the running job.")
    elif alone and session.step != STEPS[0].name:
        print("No run here: the earlier steps were done quietly in a temporary one.")


def _prepare_kernel() -> None:
    """Redactor and views, where there is an IPython kernel; nothing elsewhere."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is None:
        return
    from scimkit.ui.kernel import install_redactor
    from scimkit.views.display import register

    if hasattr(shell, "kernel"):
        install_redactor(shell)
    register(shell)


def _ask() -> Callable[[str], str] | None:
    """How to ask for a secret here: JupyterLab's own masked prompt, or not at all."""
    from scimkit.ui.forms import has_front_end

    if not has_front_end():
        return None
    from getpass import getpass

    return getpass


def _find_run(given: Mapping[str, Any], step: str) -> RunStore | None:
    named = given.get("run") or os.environ.get(RUN_VARIABLE, "")
    run = RunStore.open(Path(named), redact=REDACTOR.text) if named else RunStore.find(Path.cwd(), redact=REDACTOR.text)
    if run is None and given.get("tenant", "sandbox") != "sandbox":
        if is_operation(step):
            raise NotReady(
                f"{step} works in the tenant {given['tenant']} and needs a run to work in",
                f"Type `scimkit run {step} --app {given.get('app', 'oreilly')} --tenant {given['tenant']}`, or open it"
                " in a `scimkit lab` of that tenant.",
            )
        raise NotReady(
            f"{step} works in the tenant {given['tenant']} and needs a run to work in",
            f"Start with 1_plan: `scimkit lab --app {given.get('app', 'oreilly')} --tenant {given['tenant']}` makes a"
            " run and opens it.",
        )
    return run


def _temporary_run(step: str, given: Mapping[str, Any], config: Config) -> RunStore:
    """A run in the sandbox that lasts as long as this process, with the earlier steps done."""
    from scimkit.apps import load

    app = str(given.get("app", "oreilly"))
    names = tuple(s.name for s in in_order(load(app).journey_order))
    parent = Path(tempfile.mkdtemp(prefix="scimkit-"))  # readable by its owner alone
    run = RunStore.create(
        parent, app=app, tenant="sandbox", runbook="onboard", steps=names, now=datetime.now(UTC), redact=REDACTOR.text
    )
    run.change_state(lambda state: state.update(temporary=True))
    atexit.register(shutil.rmtree, parent, ignore_errors=True)  # a killed kernel leaves that to the sandbox's process
    if is_operation(step):
        _play_missing(run)
        return run
    for earlier in names[: names.index(step)]:
        _play(earlier, run)
    return run


def _notebook(step: str) -> Path:
    """The shipped notebook of a step of the journey, or of an operation."""
    return shipped("runbooks" if is_operation(step) else "notebooks") / f"{step}.ipynb"


def _play_missing(run: RunStore) -> bool:
    """In the sandbox, set the app up in a run of an operation that has none: the journey up to the
    running job. Whether that was done; what an interruption has left over is done when it is resumed.

    A run of the journey itself stays as its administrator has left it.
    """
    from scimkit.apps import load

    state = run.state()
    own = state.get("runbook") != "onboard" or state.get("temporary")
    begun = state.get("played")
    if (
        state["tenant"] != "sandbox"
        or not own
        or (run.has(record_step("EnterpriseApp"), "EnterpriseApp") and not begun)
    ):
        return False
    run.change_state(lambda state: state.update(played=True))
    names = [step.name for step in in_order(load(run.app).journey_order)]
    missing = [
        name for name in names[: names.index(LAST_PLAYED) + 1] if state["steps"].get(name, {}).get("state") != "passed"
    ]
    for name in missing:
        _play(name, run)
    return bool(missing)


def _play(step: str, run: RunStore) -> None:
    """Do what the shipped notebook `step` does, without its outputs."""
    cells = json.loads((shipped("notebooks") / f"{step}.ipynb").read_text(encoding="utf-8"))["cells"]
    space: dict[str, Any] = {"__name__": "__main__", _REPLAY: run}
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        with redirect_stdout(io.StringIO()):
            exec(compile("".join(cell["source"]), f"{step} cell {number}", "exec"), space)


def _merge(given: Mapping[str, Any], declared: tuple[Parameter, ...], run: RunStore, step: str) -> dict[str, Any]:
    """Explicit parameter, then the run's choice, then the default; two that disagree are an error."""
    state, choices = run.state(), run.choices(step)
    known = {"app": state["app"], "tenant": state["tenant"], "run": "", **choices}
    merged = {}
    for parameter in declared:
        name, value = parameter.name, given.get(parameter.name, parameter.default)
        if name == "run" or name not in known:
            merged[name] = value
        elif value in (parameter.default, known[name]):
            merged[name] = parameter.convert(known[name], where=f"{run.name}/run.json")
        else:
            raise ConfigError(
                f"{step}: {name} is {value!r} here, but this run says {known[name]!r}",
                "Take it out of the notebook, or start another run. `scimkit run --resume … --set` changes a choice of"
                " a run.",
            )
    return merged
