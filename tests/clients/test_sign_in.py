"""Signing in with msal against a loopback authority that speaks TLS."""

from __future__ import annotations

import base64
import json
import sys
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

from scimkit.clients import sign_in as module
from scimkit.clients.sign_in import (
    CLOUDS,
    SignIn,
    TokenSource,
    cloud,
    graph_url,
    open_cache,
    ready_token,
    sign_in,
    sign_in_by,
)
from scimkit.credentials import MASK, REDACTOR, Secret
from scimkit.errors import ConfigError, CredentialError, Denied, Unreachable

TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa"


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


class Authority:
    """What an Entra tenant answers: discovery, device codes, tokens. `token` is a queue of (status, body)."""

    def __init__(self, stub):
        self.stub, self.forms, self.tokens, self.count = stub, [], [], 0
        stub.host = "localhost"
        stub.answer = self.answer

    def answer(self, seen):
        base = f"{self.stub.url}/{TENANT}"
        status, body = 404, {}
        if seen.path.endswith("/.well-known/openid-configuration"):
            status, body = (
                200,
                {
                    "issuer": base + "/v2.0",
                    "authorization_endpoint": base + "/oauth2/v2.0/authorize",
                    "token_endpoint": base + "/oauth2/v2.0/token",
                    "device_authorization_endpoint": base + "/oauth2/v2.0/devicecode",
                },
            )
        elif seen.path.endswith("/devicecode"):
            status, body = (
                200,
                {
                    "user_code": "ABC123",
                    "device_code": "device-code-4711",
                    "verification_uri": "https://login.example/device",
                    "expires_in": 900,
                    "interval": 0,
                    "message": "Open the page and enter ABC123.",
                },
            )
        elif seen.path.endswith("/token"):
            self.forms.append({name: values[0] for name, values in parse_qs(seen.body.decode()).items()})
            status, body = self.tokens.pop(0)
        return SimpleNamespace(status=status, body=body, headers={}, media_type="application/json", drop=False)

    def grant(self, *, expires_in=3600, person=False):
        """Queue a token; its value."""
        self.count += 1
        value = f"access-token-{self.count}-4711"
        body = {"token_type": "Bearer", "access_token": value, "expires_in": expires_in}
        if person:
            claims = {
                "iss": "x",
                "sub": "s",
                "aud": CLIENT,
                "exp": 4102444800,
                "iat": 1,
                "oid": "o",
                "tid": TENANT,
                "preferred_username": "admin@contoso.example",
            }
            body |= {
                "refresh_token": f"refresh-token-{self.count}-4711",
                "id_token": f"{part({'alg': 'none'})}.{part(claims)}.c2ln",
                "client_info": part({"uid": "o", "utid": TENANT}),
                "scope": "User.Read.All",
            }
        self.tokens.append((200, body))
        return value


@pytest.fixture
def entra(serve, tls):
    return Authority(serve(tls()))


@pytest.fixture
def enter(entra, ca_file):
    """sign_in_by at that authority."""

    def call(way, **options):
        options = {
            "tenant_id": TENANT,
            "client_id": CLIENT,
            "authority_url": entra.stub.url,
            "ca_file": ca_file,
            "show": lambda text: None,
            **options,
        }
        return sign_in_by(SignIn(way, **options))

    return call


def test_client_secret(entra, enter):
    """The credential goes to the token endpoint, the token comes out, both are known to the redactor."""
    value = entra.grant()
    token = enter("client_secret", credential=Secret("client-secret-4711"), graph_url="https://graph.contoso.example")

    assert token().reveal() == value

    form = entra.forms[0]
    assert form["client_secret"] == "client-secret-4711"
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == "https://graph.contoso.example/.default"
    assert REDACTOR.text(f"{value} client-secret-4711") == f"{MASK} {MASK}"
    assert value not in repr(token)


def test_a_token_is_kept_until_shortly_before_its_end(entra, enter):
    """Three requests, one sign-in; a token at its end is renewed."""
    entra.grant()
    token = enter("client_secret", credential=Secret("client-secret-4711"))

    assert [token() for _ in range(3)]
    assert len(entra.forms) == 1

    entra.grant(expires_in=60)
    second = entra.grant()

    short = enter("client_secret", credential=Secret("client-secret-4711"))

    assert short().reveal() == second
    assert len(entra.forms) == 3


def test_certificate(entra, enter):
    """A PEM of key and certificate signs an assertion; the key never travels."""
    import trustme

    issued = trustme.CA().issue_cert("app.contoso.example", key_type=trustme.KeyType.RSA)
    pem = (issued.private_key_pem.bytes() + issued.cert_chain_pems[0].bytes()).decode()
    value = entra.grant()
    assert enter("certificate", credential=Secret(pem))().reveal() == value
    assert entra.forms[0]["client_assertion"].count(".") == 2
    assert "PRIVATE" not in str(entra.forms)


def test_a_certificate_that_cannot_be_read(enter):
    """A sentence, not the key."""
    with pytest.raises(ConfigError, match="private key cannot be used") as caught:
        enter("certificate", credential=Secret("not-a-private-key-4711"), thumbprint="00" * 20)()
    assert "4711" not in str(caught.value)
    assert caught.value.__context__ is None


def test_device_code(entra, enter):
    """The instruction is shown, the token comes; the renewal is silent."""
    shown = []
    entra.grant(person=True, expires_in=60)
    second = entra.grant(person=True)

    token = enter("device_code", show=shown.append)

    assert shown == ["Open the page and enter ABC123."]
    assert token().reveal() == second
    assert len(shown) == 1
    assert entra.forms[0]["grant_type"].endswith("device_code")
    assert entra.forms[1]["grant_type"] == "refresh_token"
    assert REDACTOR.text("refresh-token-1-4711") == MASK, "msal's own tokens are secrets too"


def test_device_code_declined(entra, enter):
    """msal gives refusals as values; here they are errors with a remedy."""
    entra.tokens = [
        (
            400,
            {"error": "authorization_declined", "error_description": "AADSTS70018: declined", "correlation_id": "c-1"},
        )
    ]
    with pytest.raises(Denied, match="AADSTS70018: declined") as caught:
        enter("device_code")

    assert "declined" in caught.value.remedy
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AADSTS7000215: Invalid client secret provided", "not its id"),
        ("AADSTS700016: not found", "client_id"),
        ("AADSTS7000222: expired", "expired"),
        ("AADSTS99999: new one", "Read Entra's words"),
    ],
)
def test_refusals_have_remedies(entra, enter, code, words):
    """By Entra's own number; Entra's words stay, the secret it repeats does not."""
    entra.tokens = [(401, {"error": "invalid_client", "error_description": f"{code} client-secret-4712"})]
    with pytest.raises(Denied) as caught:
        enter("client_secret", credential=Secret("client-secret-4712"))

    assert words in caught.value.remedy
    assert "client-secret-4712" not in str(caught.value)


def test_an_unknown_tenant(entra, enter):
    """Discovery fails before anything is sent."""
    entra.stub.answer = lambda seen: SimpleNamespace(
        status=400, body={"error": "invalid_tenant"}, headers={}, media_type="application/json", drop=False
    )
    with pytest.raises(ConfigError, match="tenant"):
        enter("client_secret", credential=Secret("client-secret-4711"))


def test_an_authority_that_cannot_prove_who_it_is(entra, enter):
    """The kit's own certificate rules hold for msal as well."""
    with pytest.raises(Unreachable) as caught:
        enter("client_secret", credential=Secret("client-secret-4711"), ca_file=None)
    assert caught.value.cause == "tls"
    assert entra.forms == []


def test_an_authority_that_is_not_there(enter, unknown_names):
    """As for every client."""
    with pytest.raises(Unreachable):
        enter("client_secret", credential=Secret("client-secret-4711"), authority_url="https://nobody.invalid")


def test_scopes_get_the_host_outside_the_global_cloud():
    """Each cloud has its own authority and Graph."""
    assert module._scopes(CLOUDS["global"], ["User.Read.All"]) == ["User.Read.All"]
    assert module._scopes(CLOUDS["china"], ["User.Read.All"]) == [
        "https://microsoftgraph.chinacloudapi.cn/User.Read.All"
    ]


def test_clouds():
    """Every cloud is https; an unknown one lists those there are."""
    assert cloud("usgov_dod").graph_url == "https://dod-graph.microsoft.us"
    assert all(place.authority_url.startswith("https://") for place in CLOUDS.values())

    with pytest.raises(ConfigError, match="'moon'") as caught:
        cloud("moon")
    assert "global" in caught.value.remedy


@pytest.mark.parametrize(
    ("way", "options", "error"),
    [
        ("magic", {}, ConfigError),
        ("client_secret", {"credential": None}, CredentialError),
        ("access_token", {}, CredentialError),
        ("device_code", {"tenant_id": ""}, ConfigError),
        ("device_code", {"client_id": ""}, ConfigError),
    ],
)
def test_wrong_settings(enter, way, options, error):
    """Each is a foreseeable error with a remedy, before the network is touched."""
    with pytest.raises(error) as caught:
        enter(way, **options)
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_a_ready_token():
    """Fetched by another tool, given by reference; known to the redactor."""
    assert sign_in_by(SignIn("access_token", credential=Secret("ready-token-4711")))().reveal() == "ready-token-4711"
    assert ready_token(Secret("ready-token-4712"))().reveal() == "ready-token-4712"
    assert REDACTOR.text("ready-token-4711 ready-token-4712") == f"{MASK} {MASK}"


def test_a_source_is_asked_once_by_many_threads():
    """The lock keeps eight workers from signing in eight times."""
    from concurrent.futures import ThreadPoolExecutor

    asked = []
    source = TokenSource(lambda: (asked.append(1), ("source-token-4711", 3600.0))[1], "a token")
    with ThreadPoolExecutor(8) as pool:
        assert len({secret.reveal() for secret in pool.map(lambda _: source(), range(40))}) == 1
    assert len(asked) == 1
    assert repr(source) == "<TokenSource a token>"


def test_tokens_are_never_kept_in_clear_on_disk(entra, enter, tmp_path):
    """Where the system cannot encrypt, nothing is written; where it can, nothing readable."""
    file = tmp_path / "cache" / "tokens.bin"
    value = entra.grant()

    enter("client_secret", credential=Secret("client-secret-4711"), cache_file=file)

    for found in tmp_path.rglob("*"):
        assert not found.is_file() or value.encode() not in found.read_bytes()
    assert open_cache(None) is not None


def test_importing_it_does_not_import_msal():
    """msal costs half a second, and most runs are in the sandbox."""
    import subprocess

    code = "import sys, scimkit.clients.sign_in; print('msal' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )


def tenant_of(entra, ca_file, **settings):
    """A tenant as scimkit.toml describes it."""
    names = {
        "name": "test",
        "tenant_id": TENANT,
        "cloud": "global",
        "sign_in": "client_secret",
        "writes": "ask",
        "client_id": CLIENT,
        "secret_ref": "",
        "certificate_file": "",
        "authority": entra.stub.url,
        "graph_url": "",
        "ca_file": ca_file,
    }
    return SimpleNamespace(**(names | settings))


def test_a_tenant_of_the_settings_signs_in(entra, ca_file, monkeypatch):
    """Its secret comes by reference."""
    monkeypatch.setenv("SCIMKIT_TEST_CLIENT_SECRET", "client-secret-4715")
    value = entra.grant()

    assert sign_in(tenant_of(entra, ca_file, secret_ref="env:SCIMKIT_TEST_CLIENT_SECRET"))().reveal() == value
    assert entra.forms[0]["client_secret"] == "client-secret-4715"


@pytest.mark.parametrize(("writes", "scope"), [("never", "Application.Read.All"), ("ask", "Application.ReadWrite.All")])
def test_a_tenant_that_is_only_read_asks_for_reading(entra, ca_file, monkeypatch, *, tmp_path, writes, scope):
    """And a person needs no app registration of their own."""
    monkeypatch.setattr(module, "own_folder", lambda: tmp_path)
    entra.grant(person=True)
    asked = []
    answer = entra.stub.answer
    entra.stub.answer = lambda seen: asked.append(seen) or answer(seen)
    sign_in(tenant_of(entra, ca_file, sign_in="device_code", writes=writes, client_id=""), show=lambda text: None)

    form = next(parse_qs(seen.body.decode()) for seen in asked if seen.path.endswith("/devicecode"))

    assert scope in form["scope"][0].split()
    assert form["client_id"] == [module.COMMAND_LINE_TOOLS]


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"secret_ref": ""}, ConfigError, "secret_ref"),
        ({"secret_ref": "env:SCIMKIT_TEST_UNSET"}, CredentialError, "before the program"),
        ({"sign_in": "certificate"}, ConfigError, "certificate_file"),
        ({"sign_in": "certificate", "certificate_file": "missing.pem"}, CredentialError, "file"),
        ({"sign_in": "access_token", "secret_ref": "prompt"}, CredentialError, "env:NAME"),
    ],
)
def test_what_a_tenant_may_lack(entra, ca_file, settings, error, words):
    """The remedy names the setting."""
    with pytest.raises(error) as caught:
        sign_in(tenant_of(entra, ca_file, **settings))
    assert words in caught.value.remedy


def test_the_address_of_a_tenants_graph(entra, ca_file):
    """Of its cloud, or as the settings say, with the version once."""
    assert graph_url(tenant_of(entra, ca_file)) == "https://graph.microsoft.com/v1.0"
    assert graph_url(tenant_of(entra, ca_file, cloud="usgov")) == "https://graph.microsoft.us/v1.0"
    assert graph_url(tenant_of(entra, ca_file, graph_url="http://127.0.0.1:1/v1.0/")) == "http://127.0.0.1:1/v1.0"


def test_msals_requests_go_through_the_kits_transport(entra, ca_file):
    """The few methods it calls; what is None is left out, as requests does it."""
    http = module.MsalHttp(entra.stub.url, ca_file)
    seen = []
    entra.stub.answer = lambda request: (
        seen.append(request)
        or SimpleNamespace(status=200, body={}, headers={}, media_type="application/json", drop=False)
    )
    http.post(f"{entra.stub.url}/x", data={"a": "1", "b": None}, headers={"X": None, "Y": "2"}, timeout=None)
    http.post(f"{entra.stub.url}/x", data="<soap/>")
    http.get(f"{entra.stub.url}/x", params={"q": "1"})

    http.close()

    assert [request.body for request in seen] == [b"a=1", b"<soap/>", b""]
    assert seen[2].query == {"q": "1"}
    assert "x" not in seen[0].headers
    assert seen[0].headers["y"] == "2"
    assert "authorization" not in seen[0].headers


def test_a_device_code_that_cannot_be_had(entra, enter):
    """Public client flows are not allowed: Entra says so at once."""
    answer = entra.stub.answer
    refusal = {"error": "invalid_client", "error_description": "AADSTS7000218: needs client_secret"}
    entra.stub.answer = lambda seen: (
        SimpleNamespace(status=400, body=refusal, headers={}, media_type="application/json", drop=False)
        if seen.path.endswith("/devicecode")
        else answer(seen)
    )

    with pytest.raises(Denied, match="AADSTS7000218") as caught:
        enter("device_code")

    assert "public client flows" in caught.value.remedy


def test_interactive_without_a_browser(entra, enter, monkeypatch):
    """msal's own exception becomes a sentence; the way out is named."""
    import msal

    def fail(*arguments, **named):
        raise RuntimeError("no browser")

    monkeypatch.setattr(msal.PublicClientApplication, "acquire_token_interactive", fail)
    with pytest.raises(Unreachable, match="interrupted") as caught:
        enter("interactive")
    assert "device_code" in caught.value.remedy
