"""What Microsoft's service reports about a job, in plain words.

`job_status` reads the state of a job, `log_lines` reads an entry of the provisioning log, and
`explanations` says what an error code means and what to do about it. This package reads and
explains; step 6 of the journey compares a log with the forecast.
"""
