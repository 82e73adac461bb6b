"""Clients for Microsoft Graph, for signing in to it, and for an app's SCIM service.

`graph` and `scim` are the handles that the journey uses. Both send through `transport`, which has the rules for
TLS, redirects and retries, and both journal their changes. `unreachable` and `graph_errors` turn a failure
into one of scimkit's errors with a remedy.

Import what you need from its module; httpx and msal are loaded only then.
"""
