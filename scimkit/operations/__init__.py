"""What is done to an app whose provisioning runs: a room for each runbook."""
