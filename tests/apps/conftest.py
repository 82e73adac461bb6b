"""A small app that exists only as text, for tests that break or bend it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MINIMAL = """\
name = "acme"
title = "Acme Wiki"
description = "A wiki."
default_source = "seed"
generic_mark = "general"
attributes_status = "published"
matching = ["userName"]
interval_minutes = 40
admin_roles = ["Cloud Application Administrator"]
help_contact = "not stated"
failure_hint = "Check the token."

[sources]
seed = "the tutorial"
general = "Microsoft's general documentation"

[tutorial]
title = "Configure Acme"
date = 2024-01-31

[protocol]
value = "SCIM 2.0"

[gallery]
names = ["Acme Wiki"]

[tenant_url]
kind = "fixed"
values = ["https://scim.acme.example/v2"]

[token]
label = "API key"
made_by = "admin"
steps = ["Choose **Save**."]
expires = "not stated"

[capabilities]
create = true
update = true
disable = true
delete = "unclear"
groups = false
single_sign_on = true

[roles]
rule = "any"

[single_sign_on]
recommended = true
required_first = "not stated"

[seats]
counted = false

[[attribute]]
target = "userName"
type = "String"
filterable = true
required = true
suggested_source = "[userPrincipalName]"

[[attribute]]
target = "active"
type = "Boolean"
filterable = false

[[decision]]
key = "edition"
question = "Which edition?"
default = "team"
[[decision.choice]]
value = "team"
label = "Team"
[[decision.choice]]
value = "free"
label = "Free"

[[note]]
step = "4_scope"
kind = "warning"
value = "Start small."

[[contradiction]]
number = 1
where = "Step 1"
fault = "Two addresses."
kit = "Asks."
"""


@pytest.fixture
def minimal() -> str:
    """The text of a profile with little more than what is required."""
    return MINIMAL


@pytest.fixture
def write_profile(tmp_path: Path) -> Callable[..., Path]:
    """Write the small app with `old` replaced by `new`, pairwise; the file's path."""

    def write(*changes: tuple[str, str]) -> Path:
        text = MINIMAL
        for old, new in changes:
            assert text.count(old) >= 1, f"{old!r} is not in the small app"
            text = text.replace(old, new, 1)
        path = tmp_path / "acme.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
