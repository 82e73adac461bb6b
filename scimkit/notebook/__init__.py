"""A notebook as a file: the parameters its tagged cell declares, and where the shipped notebooks are.

Both the kernel (`ui`) and the runner (`headless`) read a notebook's parameters from here, so that a form, a command
line option and the check before a run know the same names, types and defaults.
"""
