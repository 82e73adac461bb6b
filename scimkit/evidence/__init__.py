"""What a run leaves behind, for the next notebook to read and for an auditor to keep.

`checks` are findings with a code and a remedy, `records` what a step hands to the next one, `change_plan` the changes
that a person confirms before they are made, `journal` every write with what stood there before, and `runs` the folder
in which all of it lies. `version` is the scimkit that each of them names.
"""
