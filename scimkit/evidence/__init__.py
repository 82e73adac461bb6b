"""What a run leaves behind, for the next notebook to read and for an auditor to keep.

`checks` are findings with a code and a remedy, `records` are passed from step to step, `change_plan` has the changes
that a person confirms before they are made, `journal` has every write with the state before it, and `runs` is
the folder
that contains all of it. `version` is the scimkit version that each of them names.
"""
