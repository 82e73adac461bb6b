"""The checks of a probe, one file per theme: each tests one thing, and names the cause if it fails."""
