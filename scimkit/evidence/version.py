"""Which scimkit this is, as every record and every run says it."""

VERSION = "0.1.0"
