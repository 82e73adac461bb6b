"""The clients: the one transport, SCIM as Entra speaks it, Microsoft Graph, and signing in to it.

Import what you need from its module; httpx and msal are loaded only then.
"""
