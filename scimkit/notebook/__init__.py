"""A notebook as a file: the parameters its tagged cell declares, and where the shipped ones are."""
