"""Scoping filters: what they say about a person, and how to write one."""
