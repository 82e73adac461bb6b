"""Talking to servers: Microsoft Graph, signing in to it, and an app's SCIM service.

`graph` and `scim` are the handles that the journey is given; both send through `transport`, which has the rules for
TLS, redirects and trying again, and write down what they changed. `unreachable` and `graph_errors` turn what went
wrong into one of scimkit's errors with a remedy.

Import what you need from its module; httpx and msal are loaded only then.
"""
