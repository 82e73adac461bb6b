"""scimkit: set up, prove and operate SCIM provisioning from Microsoft Entra ID."""

__version__ = "0.1.0"
