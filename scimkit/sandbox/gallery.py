"""The application gallery of the sandbox.

No public source gives the template ids of the five apps, so their ids are generated
from the seed. The non-gallery template has a public id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scimkit.apps.profile import AppProfile
from scimkit.sandbox.identity import Ids

NON_GALLERY_ID = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
NON_GALLERY_JOB_TEMPLATE = "scim"


@dataclass(frozen=True)
class Template:
    """One gallery entry. `job_template` is the string id of its connector; "" if it has none."""

    id: str
    display_name: str
    publisher: str
    app: str
    job_template: str

    def graph(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "displayName": self.display_name,
            "homePageUrl": None,
            "supportedSingleSignOnModes": ["saml"],
            "supportedProvisioningTypes": ["sync"] if self.job_template else [],
            "logoUrl": None,
            "categories": ["collaboration"],
            "publisher": self.publisher,
            "description": None,
            "endpoints": [],
            "deprecationDate": None,
            "isEntraIntegrated": True,
            "lastModifiedDateTime": "2026-01-05T00:00:00Z",
        }


def make_gallery(ids: Ids, apps: tuple[AppProfile, ...]) -> dict[str, Template]:
    """The templates by id: one for each gallery name of each app, one without a connector, and the non-gallery one."""
    templates = []
    for app in apps:
        for name in _gallery_names(app):
            id = ids.named("template", name)
            templates.append(Template(id, name, app.title, app.name, app.sandbox.template_id))
    templates.append(Template(ids.named("template", "Contoso Intranet"), "Contoso Intranet", "Contoso", "", ""))
    templates.append(Template(NON_GALLERY_ID, "Custom", "", "", NON_GALLERY_JOB_TEMPLATE))
    return {template.id: template for template in templates}


def _gallery_names(app: AppProfile) -> tuple[str, ...]:
    """If the sources give several names for an app, this gallery has one: the name in `[sandbox]`, else the first."""
    named = (app.sandbox.gallery_name,) if app.sandbox.gallery_name else app.gallery_names[:1]
    if app.gallery.added_by != "custom":
        return named
    return ()
