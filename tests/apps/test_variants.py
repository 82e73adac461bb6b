"""The form holds what other apps need: each variant seen in public tutorials, bent from the small app."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scimkit.apps import describe, load
from scimkit.apps.description import UNCONFIRMED
from scimkit.apps.facts import Fact
from scimkit.apps.parts import STEPS

Write = Callable[..., Path]
URL = 'kind = "fixed"\nvalues = ["https://scim.acme.example/v2"]'
TOKEN = 'made_by = "admin"\nsteps = ["Choose **Save**."]\nexpires = "not stated"'
SIGN_ON = "single_sign_on = true\n"
END = "[[contradiction]]"

VARIANTS = {
    "two candidates for one address": (
        URL,
        """kind = "choice"
values = [
  { value = "https://api.acme.example/scim", source = "general", when = "newer edition" },
  { value = "https://api.acme.example", when = "the tutorial's own" },
]""",
    ),
    "address with the customer's subdomain": (
        URL,
        """kind = "template"
values = ["https://<subdomain>.acme.example/api/v2/scim/v2/"]
example = "https://test1.acme.example/api/v2/scim/v2/"
[[tenant_url.placeholder]]
name = "subdomain"
label = "the subdomain chosen at sign-up"
note = "Can only be set at the first sign-up." """,
    ),
    "address with several placeholders": (
        URL,
        """kind = "template"
values = ["https://<region>.acme.example/<team>/scim"]
placeholder = [{ name = "region", label = "region" }, { name = "team", label = "team" }]""",
    ),
    "address copied from the app, prefilled": (URL, 'kind = "console"\nprefilled = true'),
    "no address at all": (URL, 'kind = "none"\noptional = true'),
    "vendor gives address and token": (
        URL + '\n\n[token]\nlabel = "API key"\n' + TOKEN,
        """kind = "support"
[token]
label = "SCIM token"
made_by = "vendor"
expires = "not stated"
[token.mail]
to = "support@acme.example"
subject = "SCIM for us"
asks = ["The Tenant URL.", "The Secret Token."]""",
    ),
    "old key lives on": (TOKEN, TOKEN + '\noverlap_hours = { value = 8, source = "seed, general" }'),
    "fixed life": (TOKEN, TOKEN.replace("not stated", "fixed") + "\nlifetime_days = 180"),
    "signing in with a window": (
        TOKEN,
        TOKEN + '\nmethod = "oauth_code"\n[[token.other_method]]\nmethod = "bearer token"\nwithdrawn = true',
    ),
    "token with a named scope": (TOKEN, TOKEN + '\npermission = "scim:write"\nshown_once = true'),
    "made by a statement": (TOKEN, TOKEN.replace("admin", "system")),
    "three generations of clicks": (
        TOKEN,
        TOKEN + '\n[[token.other_edition]]\ntitle = "2023"\nsource = "general"\nsteps = ["Choose **Add SCIM**."]',
    ),
    "one named role": ('rule = "any"', 'rule = "named"\nnames = ["User"]\none_per_user = true'),
    "any role but Default Access": ('rule = "any"', 'rule = "not_default"\nnote = "Excluded, the tutorial says."'),
    "licences assigned automatically": (
        "counted = false",
        'counted = true\nauto_assign = "On: first come, first served."',
    ),
    "groups, matched by displayName": (
        f"groups = false\n{SIGN_ON}",
        f"""groups = true
{SIGN_ON}
[[group_attribute]]
target = "displayName"
type = "String"
filterable = true
suggested_source = "[displayName]"
[[group_attribute]]
target = "members"
type = "Reference" """,
    ),
    "groups unclear": ("groups = false", 'groups = { value = "unclear", confirmed = false }'),
    "interval not given": ("interval_minutes = 40", 'interval_minutes = "not stated"'),
    "rules for a value": (
        'type = "Boolean"',
        'type = "Boolean"\nmax_length = 40\nforbidden = "blanks"\nsingle_valued = true\nnote = "Case matters."',
    ),
    "vendor attribute": ('target = "active"', 'target = "urn:acme:scim:2.0:User:costCenter"'),
    "enterprise manager": (
        'target = "active"\ntype = "Boolean"',
        'target = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"\ntype = "Reference"',
    ),
    "role as an object": ('target = "active"', "target = 'roles[primary eq \"True\"].value'"),
    "filtering not stated": ('type = "Boolean"\nfilterable = false', 'type = "Integer"'),
    "sign-up before the token": (
        'names = ["Acme Wiki"]',
        'names = ["Acme Wiki", { value = "Acme", source = "general" }]\nadded_by = "sign_up"',
    ),
    "sign-on must exist first": ('required_first = "not stated"', "required_first = true"),
    "only some plans": ("admin_roles", 'plans = ["Enterprise only."]\nlimits = ["At most 5,000 people."]\nadmin_roles'),
    "old protocol": ('value = "SCIM 2.0"', 'value = "SCIM 1.1"\nconfirmed = false'),
    "error codes and a change log": (
        END,
        f"""[[vendor_error]]
code = "LIMIT"
meaning = "No seat left."
remedy = "Free one."
[[change]]
day = 2024-02-01
text = "Groups were added."
{END}""",
    ),
    "awkward imitation": (
        END,
        f"""[sandbox]
scim_path = "webhooks/ad/v1/scim"
requires = ["active"]
on_delete = "refuse"
tolerant = false
seats = 10
existing_people = 3
token_days = 90
{END}""",
    ),
    "answer as text": (
        END,
        f'[[decision]]\nkey = "subdomain"\nkind = "text"\nquestion = "Which subdomain?"\n{END}',
    ),
}


@pytest.mark.parametrize("change", VARIANTS.values(), ids=VARIANTS.keys())
def test_a_variant_can_be_said(write_profile: Write, change: tuple[str, str]) -> None:
    """Each loads, and its description shows all of its facts."""
    profile = load(write_profile(change))
    text = "".join(describe(profile).split())
    for place, fact in profile.statements():
        if isinstance(fact, Fact) and place != "token.expires":
            assert "".join(str(fact).replace("**", '"').split()) in text, place


def test_nothing_published_is_said_to_be_discovered(write_profile: Write, minimal: str) -> None:
    """An app without an attribute table has no matching either, and says where rows come from."""
    rows = minimal[minimal.index("[[attribute]]") : minimal.index("[[decision]]")]
    profile = load(write_profile((rows, ""), ('= ["userName"]', "= []"), ('"published"', '"not published"')))

    assert profile.attributes == () == profile.matching
    assert "discovered, not documented" in describe(profile)


def test_the_journey_may_be_reordered(write_profile: Write) -> None:
    """Where sign-up comes first, the app is added before the token is made."""
    order = ["1_plan", "3_app", "2_token", *STEPS[3:]]
    profile = load(write_profile(('name = "acme"', f'name = "acme"\njourney_order = {order!r}')))
    assert profile.journey_order == tuple(order)


def test_a_doubtful_fact_is_marked_everywhere(write_profile: Write) -> None:
    """`confirmed = false` shows in the text and lands among the facts to check."""
    doubtful = '{ value = "At most ten.", confirmed = false }'
    profile = load(
        write_profile(
            ("admin_roles", f"limits = [{doubtful}]\nadmin_roles"), ('"Start small."', '"Big."\nconfirmed = false')
        )
    )

    assert f"At most ten. [seed] {UNCONFIRMED}" in describe(profile)
    assert f"Big. [seed] {UNCONFIRMED}" in describe(profile)
    assert [(label, str(fact)) for label, fact in profile.facts() if not fact.confirmed] == [
        ("limit", "At most ten."),
        ("note[1]", "Big."),
    ]


def test_labels_keep_their_asterisks_for_html(write_profile: Write) -> None:
    """The profile keeps `**Save**` for whoever renders it; plain text shows quotes."""
    profile = load(write_profile())
    assert profile.token.steps == ("Choose **Save**.",)
    assert 'Choose "Save".' in describe(profile)
