"""Job status and provisioning logs, in plain words."""
