"""Secrets: held in memory, read by reference, and kept out of every output.

    token = resolve("env:OREILLY_TOKEN", label="the O'Reilly token")
    REDACTOR.text(whatever_leaves_the_process)

A `Secret` shows itself as a mask, and only `reveal()` gives its value. Only a reference is ever written down: it
names the place of a secret. The redactor knows every secret that was read from one.
"""

from scimkit.credentials.expiry import REMIND_DAYS, days_left, jwt_expiry, remind_on
from scimkit.credentials.places import has_keyring, own_folder, private_file
from scimkit.credentials.redactor import REDACTOR, RedactingFilter, Redactor
from scimkit.credentials.references import (
    Reference,
    check_privacy,
    parse_reference,
    resolve,
    store,
)
from scimkit.credentials.secret import MASK, Secret, clean_token

__all__ = [
    "MASK",
    "REDACTOR",
    "REMIND_DAYS",
    "RedactingFilter",
    "Redactor",
    "Reference",
    "Secret",
    "check_privacy",
    "clean_token",
    "days_left",
    "has_keyring",
    "jwt_expiry",
    "own_folder",
    "parse_reference",
    "private_file",
    "remind_on",
    "resolve",
    "store",
]
