"""The scimkit version, as named in every record and every run."""

VERSION = "0.1.0"
