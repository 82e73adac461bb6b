"""What is done to an app whose provisioning runs already: a room for each runbook of `runbooks/`.

An operation works with the app that its run has set up, or with an existing one, which `existing_app` finds and opens.
"""
