"""SCIM servers that nobody here wrote, each in a process of its own on loopback, with nothing kept on disk.

    strict, tolerant       scim2-server, as RFC 7644 has it and with the leniences it offers; installed with the kit
    django_scim2           PyPI: django-scim2 on Django, SQLite in memory
    django_scim2_server    PyPI: django-scim2-server, an unrelated project; its user adapter made to delete
    canaille               PyPI: canaille, an identity server of its own, in memory
    scimmy                 npm: scimmy with scimmy-routers on express
    scim_patch             npm: scim-patch and scim2-parse-filter on express, as many apps have built theirs
    polis                  npm: @boxyhq/saml-jackson, directory synchronisation as a product, in memory

Those of a registry are installed on first use, in pinned versions, into a folder of the system's temporary one that
later runs find again. What stands in the scripts below is what each project's own documentation tells to write.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

TOKEN = "third-party-server-token-0123456789"

# -- scim2-server --------------------------------------------------------------------

SCIM2 = """
import json, sys
from wsgiref.simple_server import WSGIRequestHandler, make_server
from scim2_models import ScimPolicy, ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import load_default_resource_types, load_default_schemas, load_default_service_provider_config

port, token, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3]
policy = ScimPolicy()
if kind == "tolerant":
    policy = ScimPolicy(
        unknown=ScimPolicy.Unknown.ignore, remove_value_as_filter=ScimPolicy.RemoveValue.apply,
        unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    )
config = load_default_service_provider_config()
config.authentication_schemes = [BEARER_TOKEN_SCHEME]
provider = ScimProvider.from_discovery(load_default_schemas().values(), load_default_resource_types().values(),
    config=config, policy=policy)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


make_server("127.0.0.1", port, BearerTokenApplication(InMemoryStorage(), provider, bearer_tokens=[token]),
    server_class=ThreadingWSGIServer, handler_class=Quiet).serve_forever()
"""

# -- Django --------------------------------------------------------------------------

DJANGO = """
import os, sys, threading
from pathlib import Path
port, token, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3]
os.environ["SCIM_TOKEN"] = token
sys.path.insert(0, str(Path(__file__).parent))
import django
from django.conf import settings
apps = ["django.contrib.contenttypes", "django.contrib.auth"]
middleware = ["site_of_" + kind + ".Bearer"]
extra = {}
if kind == "django_scim2":
    apps += ["django_scim", "site_of_django_scim2"]
    middleware += ["django_scim.middleware.SCIMAuthCheckMiddleware"]
    extra = {
        "AUTH_USER_MODEL": "site_of_django_scim2.User",
        "SCIM_SERVICE_PROVIDER": {
            "NETLOC": f"127.0.0.1:{port}", "SCHEME": "http", "GROUP_MODEL": "site_of_django_scim2.models.Group",
            "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "Bearer", "description": "a bearer token"}],
        },
    }
else:
    apps += ["django_scim2_server"]
    extra = {"SCIM2_SERVER_USER_ADAPTER": "site_of_django_scim2_server.Deleting",
        "SCIM2_SERVER_AUTH_CHECK": "site_of_django_scim2_server.has_token"}
settings.configure(
    DEBUG=False, SECRET_KEY="not-a-secret-0123456789", ALLOWED_HOSTS=["127.0.0.1"], INSTALLED_APPS=apps,
        MIDDLEWARE=middleware, USE_TZ=True,
    ROOT_URLCONF="site_of_" + kind + ".urls", DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:scim?mode=memory&cache=shared"}},
    LOGGING={"version": 1, "root": {"level": "CRITICAL"}}, **extra,
)
django.setup()
from django.core.management import call_command
call_command("migrate", run_syncdb=True, verbosity=0)
from wsgiref.simple_server import WSGIRequestHandler, make_server
from django.core.wsgi import get_wsgi_application

class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass

make_server("127.0.0.1", port, get_wsgi_application(), handler_class=Quiet).serve_forever()
"""

DJANGO_SITES = {
    "site_of_django_scim2/__init__.py": (
        """
import os
class Bearer:
    def __init__(self, get_response):
        self.get_response = get_response
    def __call__(self, request):
        class Somebody:
            is_authenticated = is_anonymous = False
        request.user = Somebody()
        request.user.is_authenticated = request.headers.get("Authorization") == "Bearer " + os.environ["SCIM_TOKEN"]
        request.user.is_anonymous = not request.user.is_authenticated
        return self.get_response(request)
"""
    ),
    "site_of_django_scim2/models.py": (
        """
from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin
class User(AbstractSCIMUserMixin, AbstractUser):
    scim_groups = models.ManyToManyField("site_of_django_scim2.Group", related_name="user_set", blank=True)
class Group(AbstractSCIMGroupMixin, models.Model):
    name = models.CharField(max_length=80, unique=True)
"""
    ),
    "site_of_django_scim2/urls.py": (
        """
from django.urls import include, path
urlpatterns = [path("scim/v2/", include("django_scim.urls"))]
"""
    ),
    "site_of_django_scim2_server/__init__.py": (
        """
import os
class Bearer:
    def __init__(self, get_response):
        self.get_response = get_response
    def __call__(self, request):
        return self.get_response(request)
def has_token(request):
    return request.headers.get("Authorization") == "Bearer " + os.environ["SCIM_TOKEN"]
def __getattr__(name):
    if name != "Deleting":
        raise AttributeError(name)
    from django_scim2_server.adapters import DefaultUserAdapter
    class Deleting(DefaultUserAdapter):
        def delete(self, scim_obj):
            scim_obj.user.delete()
    return Deleting
"""
    ),
    "site_of_django_scim2_server/urls.py": (
        """
from django.urls import include, path
urlpatterns = [path("scim/v2/", include("django_scim2_server.urls"))]
"""
    ),
}

# -- scimmy --------------------------------------------------------------------------

SCIMMY = """
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";
import {randomUUID} from "node:crypto";
const [port, token] = process.argv.slice(2);
const kept = {User: new Map(), Group: new Map()};
function resource(kind, unique) {
    SCIMMY.Resources.declare(SCIMMY.Resources[kind])
        .ingress((resource, data) => {
            const held = kept[kind];
            if (resource.id && !held.has(resource.id))
                throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
            const id = resource.id ?? randomUUID();
            const same = [...held.values()].find((one) =>
                one.id !== id && one[unique]?.toLowerCase() === data[unique]?.toLowerCase());
            if (same) throw new SCIMMY.Types.Error(409, "uniqueness", `${unique} is taken`);
            const plain = JSON.parse(JSON.stringify(data));
            held.set(id, {...plain, id, meta: {created: held.get(id)?.meta?.created ?? new Date().toISOString(),
                lastModified: new Date().toISOString()}});
            return held.get(id);
        })
        .egress((resource) => {
            if (resource.id) {
                if (!kept[kind].has(resource.id))
                    throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
                return kept[kind].get(resource.id);
            }
            const all = [...kept[kind].values()];
            return resource.filter ? resource.filter.match(all) : all;
        })
        .degress((resource) => {
            if (!kept[kind].delete(resource.id))
                throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
        });
}
resource("User", "userName");
resource("Group", "displayName");
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
const app = express();
app.use("/scim/v2", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("Authorization not detected!");
        return "somebody";
    },
}));
app.listen(Number(port), "127.0.0.1");
"""


# -- scim-patch ----------------------------------------------------------------------

SCIM_PATCH = """
import express from "express";
import {patchBodyValidation, scimPatch} from "scim-patch";
import {filter as matcher, parse} from "scim2-parse-filter";
import {randomUUID} from "node:crypto";
const [port, token] = process.argv.slice(2);
const app = express();
app.use(express.json({type: ["application/json", "application/scim+json"]}));
const send = (answer, status, body) => answer.status(status).type("application/scim+json").send(JSON.stringify(body));
const refuse = (answer, status, detail, scimType) =>
    send(answer, status, {schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: String(status), detail,
        scimType});
app.use("/scim/v2", (query, answer, next) =>
    query.header("Authorization") === `Bearer ${token}` ? next() : refuse(answer, 401, "no token"));
for (const [kind, name] of [["Users", "userName"], ["Groups", "displayName"]]) {
    const held = new Map(), path = `/scim/v2/${kind}`;
    const taken = (value, id) => [...held.values()].some((one) =>
        one.id !== id && one[name]?.toLowerCase() === value?.toLowerCase());
    const shown = (query, one) => {
        const {members, ...rest} = one;
        return members && !String(query.query.excludedAttributes ?? "").split(",").includes("members") ? one : rest;
    };
    app.get(path, (query, answer) => {
        let all = [...held.values()];
        try {
            if (query.query.filter) all = all.filter(matcher(parse(query.query.filter)));
        } catch (error) {
            return refuse(answer, 400, error.message, "invalidFilter");
        }
        const start = Math.max(1, Number(query.query.startIndex ?? 1)), page = all.slice(start - 1,
            start - 1 + Number(query.query.count ?? 100));
        send(answer, 200, {
            schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], totalResults: all.length,
                startIndex: start, itemsPerPage: page.length,
            Resources: page.map((one) => shown(query, one)),
        });
    });
    app.post(path, (query, answer) => {
        if (taken(query.body[name])) return refuse(answer, 409, `${name} is taken`, "uniqueness");
        const one = {...query.body, id: randomUUID(), meta: {resourceType: kind.slice(0, -1)}};
        held.set(one.id, one);
        send(answer, 201, one);
    });
    app.use(`${path}/:id`, (query, answer, next) => held.has(query.params.id) ? next() : refuse(answer, 404,
        "not found"));
    app.get(`${path}/:id`, (query, answer) => send(answer, 200, shown(query, held.get(query.params.id))));
    app.patch(`${path}/:id`, (query, answer) => {
        try {
            patchBodyValidation(query.body);
            const one = scimPatch(structuredClone(held.get(query.params.id)), query.body.Operations,
                {mutateDocument: false, treatMissingAsAdd: true});
            if (taken(one[name], one.id)) return refuse(answer, 409, `${name} is taken`, "uniqueness");
            held.set(one.id, one);
            kind === "Users" ? send(answer, 200, one) : answer.status(204).end();
        } catch (error) {
            refuse(answer, error.status ?? 400, error.message, error.scimCode);
        }
    });
    app.delete(`${path}/:id`, (query, answer) => { held.delete(query.params.id); answer.status(204).end(); });
}
app.listen(Number(port), "127.0.0.1");
"""

# -- polis ---------------------------------------------------------------------------

POLIS = """
import express from "express";
import jackson from "@boxyhq/saml-jackson";
const [port, token] = process.argv.slice(2);
const quiet = {info() {}, error() {}, warn() {}, debug() {}};
const made = await jackson.default({
    externalUrl: `http://127.0.0.1:${port}`, samlPath: "/saml", scimPath: "/scim/v2",
        samlAudience: "https://example.com", db: {engine: "mem"}, noAnalytics: true, openid: {}, logger: quiet,
});
const sync = made.directorySyncController;
const {data: directory} = await sync.directories.create({tenant: "one", product: "two", type: "azure-scim-v2",
    name: "three", webhook_url: ""});
const number = (text) => text ? Number(text) : undefined;
const app = express();
app.use(express.json({type: ["application/json", "application/scim+json"]}));
app.all(/^[/]scim[/]v2[/]([^/]+)(?:[/]([^/]+))?$/, async (query, answer) => {
    const said = await sync.requests.handle({
        method: query.method, body: query.body, directoryId: directory.id, resourceType: query.params[0],
            resourceId: query.params[1],
        apiSecret: query.header("Authorization") === `Bearer ${token}` ? directory.scim.secret : "",
        query: {count: number(query.query.count), startIndex: number(query.query.startIndex),
            filter: query.query.filter},
    });
    answer.status(said.status).json(said.data);
});
app.listen(Number(port), "127.0.0.1");
"""

# -- canaille ------------------------------------------------------------------------

CANAILLE = """
import datetime, sys
from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
port, token = int(sys.argv[1]), sys.argv[2]
app = create_app({
    "SECRET_KEY": "not-a-secret-0123456789-0123456789", "TESTING": True, "WTF_CSRF_ENABLED": False,
    "CANAILLE": {"DATABASE": "memory", "SMTP": None, "LOGGING": {"version": 1, "disable_existing_loggers": True}},
    "CANAILLE_OIDC": {}, "CANAILLE_SCIM": {"ENABLE_SERVER": True},
})
with app.app_context():
    client = models.Client(client_id="c", client_name="c", client_uri="http://127.0.0.1", scope=["openid"],
        client_secret="s")
    Backend.instance.save(client)
    now = datetime.datetime.now(datetime.timezone.utc)
    Backend.instance.save(models.Token(token_id="t", access_token=token, client=client, subject=None,
        type="access_token", scope=["openid"], issue_date=now, lifetime=360000))
from wsgiref.simple_server import WSGIRequestHandler, make_server

class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass

make_server("127.0.0.1", port, app, handler_class=Quiet).serve_forever()
"""


@dataclass(frozen=True)
class Server:
    """One that runs. `residue()` lists what it holds."""

    name: str
    url: str
    token: str

    def residue(self):
        headers = {"Authorization": f"Bearer {self.token}"}
        found = []
        with httpx.Client(headers=headers, timeout=30) as client:
            for kind, name in (("Users", "userName"), ("Groups", "displayName")):
                # canaille answers 500 where a count is asked for
                answer = client.get(
                    f"{self.url}/{kind}", params={} if self.name == "canaille" else {"startIndex": 1, "count": 500}
                )
                assert answer.status_code == 200, (kind, answer.status_code, answer.text[:200])
                found += [(kind, item.get(name)) for item in answer.json().get("Resources") or ()]
        return found


def cache(name):
    folder = Path(tempfile.gettempdir()) / "scimkit-third-party-servers" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def python_with(name, *packages):
    """A Python of its own that has these packages."""
    folder = cache(name)
    python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / "venv"], check=True, timeout=300)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
            check=True,
            timeout=500,
        )
        (folder / "ready").touch()
    return folder, python


def django(kind, *packages):
    folder, python = python_with(kind, *packages)
    for path, text in {"serve.py": DJANGO, **DJANGO_SITES}.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return lambda port: [python, folder / "serve.py", str(port), TOKEN, kind]


def canaille():
    folder, python = python_with(
        "canaille", "canaille[oidc,scim,server]==0.3.6", "scim2-models==0.7.0", "scim2-client==0.7.5"
    )
    (folder / "serve.py").write_text(CANAILLE, encoding="utf-8")
    return lambda port: [python, folder / "serve.py", str(port), TOKEN]


def node(name, script, *packages):
    """A script for Node with these packages of npm."""

    def command():
        folder = cache(name)
        if not (folder / "ready").exists():
            install = [
                shutil.which("npm"),
                "install",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--silent",
                "--prefix",
                folder,
                *packages,
            ]
            subprocess.run(install, check=True, timeout=500, cwd=folder)
            (folder / "ready").touch()
        (folder / "serve.mjs").write_text(script, encoding="utf-8")
        return lambda port: [shutil.which("node"), folder / "serve.mjs", str(port), TOKEN]

    return command


def scim2(kind):
    return lambda port: [sys.executable, "-c", SCIM2, str(port), TOKEN, kind]


COMMANDS = {
    "strict": (lambda: scim2("strict"), "/v2"),
    "tolerant": (lambda: scim2("tolerant"), "/v2"),
    "django_scim2": (lambda: django("django_scim2", "django==5.2.19", "django-scim2==0.23.0"), "/scim/v2"),
    "django_scim2_server": (
        lambda: django("django_scim2_server", "django==5.2.19", "django-scim2-server==1.1.0", "scim2-models==0.12.3"),
        "/scim/v2",
    ),
    "canaille": (canaille, "/scim/v2"),
    "scimmy": (node("scimmy", SCIMMY, "scimmy@1.3.5", "scimmy-routers@1.3.2", "express@5.3.0"), "/scim/v2"),
    "scim_patch": (
        node("scim_patch", SCIM_PATCH, "scim-patch@0.8.3", "scim2-parse-filter@0.2.10", "express@5.3.0"),
        "/scim/v2",
    ),
    "polis": (node("polis", POLIS, "@boxyhq/saml-jackson@26.2.0", "express@5.3.0"), "/scim/v2"),
}
FROM_A_REGISTRY = ("django_scim2", "django_scim2_server", "canaille", "scimmy", "scim_patch", "polis")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running(name, wait_seconds=60):
    """The server `name`, up while the block runs."""
    command, path = COMMANDS[name]
    port = free_port()
    process = subprocess.Popen(
        list(map(str, command()(port))), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        ends = time.monotonic() + wait_seconds
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, f"{name} ended with {process.returncode}"
            assert time.monotonic() < ends, f"{name} did not start"
            time.sleep(0.05)
        yield Server(name, f"http://127.0.0.1:{port}{path}", TOKEN)
    finally:
        process.terminate()
        process.wait(timeout=20)
