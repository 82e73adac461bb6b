"""Causes in disabling and enabling people."""

from __future__ import annotations

from scimkit.compatibility.causes.cause import BOTH, CONDITIONAL, KNOW, VENDOR, Cause
from scimkit.compatibility.record import FAILS

DISABLE = (
    Cause(
        code="compat.boolean_text_refused",
        title='`"False"` as a string is refused for active',
        who=VENDOR,
        breaks=FAILS,
        means="Without the flag, Entra disables people with a string: people who have left keep their access.",
        remedy='Read "True" and "False" in any case as booleans.',
        meanwhile="Add the flag aadOptscim062020 to the Tenant URL (not for gallery connectors).",
        certainty="documented",
        source="AzureAD/SCIMReferenceCode#21; CMP",
        explains=("compat.text_boolean_on_create",),
        needs_rows=True,
    ),
    Cause(
        code="compat.boolean_text_taken_as_true",
        title='`"False"` as a string is read as true',
        who=VENDOR,
        breaks=FAILS,
        means=(
            "Without the flag, people are disabled with a string: the endpoint accepts it, and people who have left"
            " keep their access."
        ),
        remedy='Read "True" and "False" in any case as booleans.',
        meanwhile="Add the flag aadOptscim062020 to the Tenant URL (not for gallery connectors).",
        certainty="documented",
        source="CMP",
        explains=("compat.text_boolean_on_create",),
        needs_rows=True,
    ),
    Cause(
        code="compat.boolean_stored_as_text",
        title="`active` is returned as a string",
        who=VENDOR,
        breaks=CONDITIONAL,
        means='How Entra compares a string with a boolean is (unconfirmed); the app itself may read "False" as true.',
        remedy="Store and return a JSON boolean.",
        meanwhile="Check in the app that a disabled person cannot sign in.",
        way=KNOW,
        certainty="unconfirmed",
        source="TUT",
        needs_rows=True,
        counts_when_met=True,
    ),
    Cause(
        code="compat.boolean_json_refused",
        title="`false` as a JSON boolean is refused for active",
        who=VENDOR,
        breaks=FAILS,
        means="With the flag, Entra disables people with a real boolean: people who have left keep their access.",
        remedy="Accept JSON booleans.",
        meanwhile="Remove the flag aadOptscim062020 from the Tenant URL.",
        certainty="documented",
        source="CMP",
        needs_rows=True,
    ),
    Cause(
        code="compat.disable_not_stored",
        title="Disabling is accepted but people stay active",
        who=VENDOR,
        breaks=FAILS,
        means="Entra assumes that people who have left are disabled, but they are not.",
        remedy="Store active false.",
        meanwhile="Nothing in Entra helps: leave provisioning off, or disable people who have left manually.",
        certainty="documented",
        source="TUT",
        needs_rows=True,
    ),
    Cause(
        code="compat.inactive_hidden",
        title="A disabled person can no longer be found or read",
        who=VENDOR,
        breaks=FAILS,
        means=(
            "When assigned again, the person is not found: the result is a second account, or a conflict in every"
            " cycle."
        ),
        remedy="Keep inactive people readable and findable. Only deleted people may disappear.",
        meanwhile="No setting in Entra helps.",
        certainty="documented",
        source="TUT",
        needs_rows=True,
        any_dialect=True,
    ),
    Cause(
        code="compat.restore_refused",
        title="A disabled person cannot be enabled again",
        who=VENDOR,
        breaks=FAILS,
        means="A person who returns stays locked out.",
        remedy="Accept active true for an inactive person.",
        meanwhile="No setting in Entra helps.",
        certainty="documented",
        source="HOW",
        needs_rows=True,
    ),
    Cause(
        code="compat.active_hidden",
        title="`active` is not returned",
        who=BOTH,
        breaks=CONDITIONAL,
        means="Entra cannot see who is disabled and sends active again in every cycle.",
        remedy="Return active with every person.",
        meanwhile="Check in the app that a disabled person cannot sign in.",
        way=KNOW,
        certainty="documented",
        source="TUT",
        needs_rows=True,
        counts_when_met=True,
    ),
)
