"""`Session`: what a notebook works with, from `begin` on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scimkit.credentials import Secret
from scimkit.errors import CredentialError, ScimkitError, Waiting
from scimkit.evidence.change_plan import ChangePlan, PlannedChange, complete_plan, confirm_plan, make_plan
from scimkit.evidence.checks import Status, first_failed, require_passed
from scimkit.evidence.counting import count
from scimkit.evidence.journal import Journal
from scimkit.evidence.records import checks_of, utc_text
from scimkit.evidence.runs import RunStore
from scimkit.journey.guide import StepGuide, make_guide
from scimkit.journey.steps import in_order, is_operation, record_step
from scimkit.notebook.parameters import Parameter
from scimkit.tenant import Access, Config, Tenant

if TYPE_CHECKING:
    from scimkit.journey.connection import ProvisioningSettings
    from scimkit.journey.enterprise_app import EnterpriseApp
    from scimkit.journey.scope import Limits
    from scimkit.mapping.review import Expectations
    from scimkit.ui.sentence import Said
    from scimkit.ui.token_entry import WaitingToken

OWN = ("app", "tenant", "run")  # parameters that `begin` itself understands


class Session:
    """What a notebook works with: `here = begin("5a_connection")`.

    Records are read with `here.record("Scope")` and stored with `here.keep(scope)`;
    `here.form` contains the parameters; `here.graph` and `here.scim(token)` are handles.
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
        from scimkit.ui.forms import Dress, Form

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
            dress=Dress(choices, words, rules=rules),
            interactive=False if self.quiet else None,
        )

    def _for_this_app(self, parameter: Parameter) -> Parameter:
        """`parameter` with the app's own questions in its sentence, if it accepts the answers to them."""
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
                else f"nothing: {self.app.title} has no further questions"
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
        """What to do between two readings of a job: wait; in the sandbox time passes automatically."""
        if self.tenant.is_sandbox:
            return None
        return lambda: time.sleep(self.tenant.poll_seconds)

    def scim(self, token: Secret, url: str = "") -> Any:
        return self.access.scim(token, url)

    def tenant_url(self, chosen: str = "") -> str:
        """The app's address here; says so where the sandbox uses an address other than the one entered."""
        url = self.access.tenant_url(chosen)
        if self.tenant.is_sandbox and chosen not in ("", url) and not self.quiet:
            print("The sandbox uses its own vendor, not the Tenant URL that was entered.")
        return url

    def shown(self, text: str) -> str:
        return self.access.shown(text)

    def now(self) -> datetime:
        return self.access.now()

    def token(self, reference: str = "") -> Secret:
        """The app's secret: from `reference`, else from the place that step 2 has noted.

        Requested at most once per notebook when the reference is `prompt`.
        """
        reference = reference or self.record("TokenNote").reference
        if reference not in self._secrets:
            waiting = self._waiting_token()
            if waiting:
                waiting.wait_for_entry(reference)
            ask = None
            if not self.quiet:
                ask = find_prompt()
            try:
                self._secrets[reference] = self.access.token(reference, ask=ask)
            except CredentialError as error:
                if waiting:
                    waiting.wait_for_vendor(error, reference)
                raise
        return self._secrets[reference]

    def _waiting_token(self) -> WaitingToken | None:
        """In step 2 in a live tenant: the token that has not been entered or sent yet."""
        from scimkit.ui.token_entry import WaitingToken

        if self.step != "2_token" or self.tenant.is_sandbox:
            return None
        url = self.values.tenant_url or self.run.choices("5a_connection").get("tenant_url")
        return WaitingToken(self.app, self.run, quiet=self.quiet, url_known=bool(url))

    def token_form(self, reference: str) -> Any:
        """A masked field to enter the token, where there is a front end; otherwise a line that
        says where it comes from. The entry is kept where the administrator says."""
        from scimkit.ui.token_entry import TokenEntry

        return TokenEntry(
            self.app.token.label,
            reference,
            name=f"scimkit-{self.tenant.name}-{self.app.name}",
            use=self._use_from_now_on,
            interactive=False if self.quiet else None,
        )

    def _use_from_now_on(self, reference: str, token: Secret) -> None:
        """Use `token` for `reference` here, and let the next notebooks search for it there."""
        self.hold(reference, token)
        self.run.save_choices(self.step, {"token_ref": reference})
        self.form.change("token_ref", reference)  # so that the cell of this field may be run again, too

    def hold(self, reference: str, token: Secret) -> None:
        """Use `token` for `reference` in this notebook, instead of asking again."""
        self._secrets[reference] = token

    def record(self, kind: str) -> Any:
        """The record of `kind` that an earlier step has left; stops if one of its checks failed."""
        value = self.run.get(record_step(kind), kind)
        require_passed(checks_of(value))
        return value

    @cached_property
    def enterprise_app(self) -> EnterpriseApp:
        """The app an operation works on: the one this run has set up, else the existing one named
        by `adopt` (or scimkit.toml)."""
        if self.run.has(record_step("EnterpriseApp"), "EnterpriseApp"):
            return self.record("EnterpriseApp")  # type: ignore[no-any-return]
        from scimkit.operations.existing_app import open_app

        return open_app(self.app, self.graph, self.journal, adopt=str(self._values.get("adopt") or ""))

    @property
    def limits(self) -> Limits:
        """Seats and deletion threshold, as recorded by the earlier steps."""
        from scimkit.journey.scope import Limits

        seats = self.record("Readiness").seats or self.values.seats
        if not self.run.has(record_step("ConnectionReport"), "ConnectionReport"):
            return Limits(seats)
        return Limits(seats, self.record("ConnectionReport").deletion_threshold)

    @property
    def decided(self) -> Expectations:
        """What the profile and step 1 say about the job as a whole."""
        from scimkit.journey.expectations import expect_of_job

        sign_in_identifier = ""
        if "sign_in_identifier" in self._values:
            sign_in_identifier = self.form.sign_in_identifier
        return expect_of_job(
            self.app,
            self.record("Readiness"),
            everybody=self.record("Scope").mode == "all",
            offered=self._offered(),
            sign_in_identifier=sign_in_identifier,
        )

    def _offered(self) -> frozenset[str] | None:
        """Names of the attributes in the app's own /Schemas; None if they cannot be read.
        Where the app has published its table, no token is requested only for this."""
        from scimkit.journey.expectations import read_offered_names

        if self.app.attributes and self.record("TokenNote").reference == "prompt":
            return None
        try:
            return read_offered_names(self.scim(self.token(), self.record("ConnectionReport").tenant_url))
        except ScimkitError:
            return None

    def provisioning_settings(self, url: str) -> ProvisioningSettings:
        """What 5a stores besides the token, from the form, scimkit.toml and step 1."""
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
        """Stop here unless every check passed: the checks of a record, or one check."""
        require_passed(checks_of(value) or (value,))

    # -- what the notebook leaves ------------------------------------------

    def plan(self, changes: Iterable[PlannedChange], *, summary: str, job_id: str = "") -> ChangePlan:
        """The one change plan of this notebook: what it will write once it is confirmed."""
        return make_plan(self.step, self.tenant, summary=summary, changes=tuple(changes), job_id=job_id)

    def confirm(self, plan: ChangePlan) -> Said:
        """Continue only when this exact plan is confirmed, and say so. Otherwise raise Waiting;
        in JupyterLab with a button that confirms it."""
        from scimkit.ui.sentence import Said

        if not plan.changes:
            return Said("Nothing to write: everything exists already.")
        try:
            confirm_plan(plan, self.form.confirm, tenant=self.tenant, run=self.run, now=datetime.now(UTC))
        except Waiting:
            self._offer(plan)
            raise
        return Said(f"Confirmed: {count(len(plan.changes), 'change')}, fingerprint {plan.fingerprint}.")

    def _offer(self, plan: ChangePlan) -> None:
        from scimkit.ui.forms import has_front_end

        if self.tenant.writes == "ask" and not self.quiet and has_front_end():
            from scimkit.ui.confirmation import offer_confirmation

            offer_confirmation(plan, lambda fingerprint: self.form.change("confirm", fingerprint))

    def keep(self, value: Any) -> Any:
        """Store the record this notebook produces, note the status of the step, and show it."""
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
            said += ", with 1 point to check"
        elif warnings:
            said += f", with {warnings} points to check"
        if is_operation(self.step):
            return Said(f"{said}.")
        names = [step.name for step in in_order(self.app.journey_order)]
        after = names[names.index(self.step) + 1 :]
        if not after:
            return Said(f"{said}. That was the last step.")
        return Said(f"{said}. Next: {after[0]}.ipynb", notebook=f"{after[0]}.ipynb")

    def __repr__(self) -> str:
        return f"{self.step}: {self.app.title} in {self.tenant.name}"


def find_prompt() -> Callable[[str], str] | None:
    """How to ask for a secret here: JupyterLab's own masked prompt, or not at all."""
    from scimkit.ui.forms import has_front_end

    if not has_front_end():
        return None
    from getpass import getpass

    return getpass
