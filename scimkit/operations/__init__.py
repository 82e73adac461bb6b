"""Operations on an app whose provisioning already runs: one package for each runbook of `runbooks/`.

An operation works with the app that its run has set up, or with an existing app, which
`existing_app` finds and opens.
"""
