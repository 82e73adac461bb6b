"""The initial mapping of a non-gallery SCIM app: target attribute and source expression.

As exported from Microsoft's template and as in the table of "Develop and plan
provisioning for a SCIM endpoint". People are matched by `userName`, groups
by `displayName`; for people that is customary, not a published value (unconfirmed).
"""

from __future__ import annotations

from scimkit.provisioning.targets import ENTERPRISE_USER, MANAGER

DEFAULT_MAPPING = (
    ("userName", "[userPrincipalName]"),
    ("active", 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'),
    ("displayName", "[displayName]"),
    ("title", "[jobTitle]"),
    ('emails[type eq "work"].value', "[mail]"),
    ("preferredLanguage", "[preferredLanguage]"),
    ("name.givenName", "[givenName]"),
    ("name.familyName", "[surname]"),
    ("name.formatted", 'Join(" ", [givenName], [surname])'),
    ('addresses[type eq "work"].formatted', "[physicalDeliveryOfficeName]"),
    ('addresses[type eq "work"].streetAddress', "[streetAddress]"),
    ('addresses[type eq "work"].locality', "[city]"),
    ('addresses[type eq "work"].region', "[state]"),
    ('addresses[type eq "work"].postalCode', "[postalCode]"),
    ('addresses[type eq "work"].country', "[country]"),
    ('phoneNumbers[type eq "work"].value', "[telephoneNumber]"),
    ('phoneNumbers[type eq "mobile"].value', "[mobile]"),
    ('phoneNumbers[type eq "fax"].value', "[facsimileTelephoneNumber]"),
    ("externalId", "[mailNickname]"),
    (f"{ENTERPRISE_USER}:employeeNumber", "[employeeId]"),
    (f"{ENTERPRISE_USER}:department", "[department]"),
    (MANAGER, "[manager]"),
)

DEFAULT_GROUP_MAPPING = (("displayName", "[displayName]"), ("externalId", "[objectId]"), ("members", "[members]"))
