"""What Microsoft's service reports of a job, in plain words.

`job_status` reads the state of a job, `log_lines` an entry of the provisioning log, and `explanations` says what an
error code means and what to do about it. This room reads and explains; what compares a log with the forecast is step
6 of the journey.
"""
