"""What a run leaves behind: checks, records, change plans, the journal of its writes, and the folder they lie in."""
