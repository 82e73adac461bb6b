"""Scoping filters: what they say about a person, and how a person writes one."""
