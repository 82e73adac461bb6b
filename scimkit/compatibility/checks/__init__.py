"""The checks of a probe, one file a theme: each asks one thing and says which cause it would be."""
